//! Whom `ActiveCampaign` showed after an enrollment was known to be there.
//!
//! A merge makes a row anew when it takes its contact away. So a contact that was asked for, and
//! shown, after a row was there is not the one whose row that was, and need not be asked for again.
//! Ids ascend: whoever saw a row knows that each with a lower id was there too. Without this, a
//! thousand who entered in one second and whose webhooks were lost would each have all others looked
//! up. What is forgotten here costs calls, and nothing else.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use crate::domain::{ContactId, EnrollmentId};

/// Rows and contacts that are remembered: those of a large import, in a few megabytes.
const REMEMBERED_MAX: usize = 50_000;

/// What was seen in which order.
#[derive(Default)]
pub(super) struct Alive {
    seen: Mutex<Seen>,
    /// Held by the lookup that asks for others' contacts: those that have the same question beside
    /// it find its answers, instead of asking for each of them as well.
    pub(super) turn: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Seen {
    moment: u64,
    /// Each row that was the highest when it was first seen, and when that was.
    rows: BTreeMap<EnrollmentId, u64>,
    contacts: BTreeMap<ContactId, Shown>,
}

/// When a contact was shown last.
#[derive(Clone, Copy)]
struct Shown {
    /// Not before this moment.
    asked: u64,
    /// The highest row that the same answer showed.
    row: Option<EnrollmentId>,
}

/// The moment at which a question was asked.
#[derive(Clone, Copy)]
pub(super) struct Asked(u64);

impl Alive {
    /// A row is there, at the latest now, and so is each with a lower id.
    pub(super) fn row(&self, row: EnrollmentId) {
        let mut seen = self.lock();
        let moment = seen.next();
        if seen.rows.last_key_value().is_some_and(|(highest, _)| *highest >= row) {
            return;
        }
        if seen.rows.len() >= REMEMBERED_MAX {
            seen.rows.clear();
        }
        seen.rows.insert(row, moment);
    }

    /// A contact is about to be asked for.
    pub(super) fn asking(&self) -> Asked {
        Asked(self.lock().next())
    }

    /// The answer showed the contact, and these rows of it.
    pub(super) fn contact(
        &self,
        contact: ContactId,
        asked: Asked,
        rows: impl IntoIterator<Item = EnrollmentId>,
    ) {
        let row = rows.into_iter().max();
        if let Some(row) = row {
            self.row(row);
        }
        let mut seen = self.lock();
        if seen.contacts.len() >= REMEMBERED_MAX {
            seen.contacts.clear();
        }
        seen.contacts.insert(contact, Shown { asked: asked.0, row });
    }

    /// Whether the contact was shown when the row was there already.
    pub(super) fn outlived(&self, contact: ContactId, row: EnrollmentId) -> bool {
        let seen = self.lock();
        let Some(shown) = seen.contacts.get(&contact) else { return false };
        let there = seen.rows.range(row..).next();
        shown.row >= Some(row) || there.is_some_and(|(_, moment)| *moment < shown.asked)
    }

    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seen {
    fn next(&mut self) -> u64 {
        self.moment += 1;
        self.moment
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_question_after_the_row_was_seen_says_that_a_contact_kept_its_own() {
        let (alive, row, contact) = (Alive::default(), EnrollmentId(7), ContactId(1));
        let before = alive.asking();
        alive.row(row);
        let after = alive.asking();
        assert!(!alive.outlived(contact, row), "nobody was asked for");
        alive.contact(contact, before, []);
        assert!(!alive.outlived(contact, row), "the merge may have come in between");
        alive.contact(contact, after, []);
        assert!(alive.outlived(contact, row));
        alive.row(row);
        assert!(alive.outlived(contact, row), "seeing the row again changes nothing");
        assert!(alive.outlived(contact, EnrollmentId(6)), "a lower one was there before");
        assert!(!alive.outlived(contact, EnrollmentId(8)));
    }

    #[test]
    fn a_contact_outlived_each_row_up_to_its_own_newest() {
        let (alive, contact) = (Alive::default(), ContactId(1));
        let asked = alive.asking();
        alive.contact(contact, asked, [EnrollmentId(9), EnrollmentId(4)]);
        assert!(alive.outlived(contact, EnrollmentId(8)));
        assert!(!alive.outlived(contact, EnrollmentId(10)));
    }
}
