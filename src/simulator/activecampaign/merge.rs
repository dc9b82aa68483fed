//! What ends a contact: deletion, merging, anonymising.

use std::collections::{BTreeSet, VecDeque};

use super::{
    input::Refused,
    model::{Contact, Due, Model},
    table::{insert_sorted, remove_sorted},
    time::Second,
};

impl Model {
    /// Removes a contact with all its rows; `entered` of its automations stays.
    pub(super) fn delete(&mut self, id: i64) -> Result<(), Refused> {
        let contact = self.take(id)?;
        for entry in contact.entries {
            self.remove_enrollment(entry);
        }
        Ok(())
    }

    /// Moves what `loser` has to `winner`, and removes `loser`. What both have is the winner's.
    pub(super) fn merge(&mut self, winner: i64, loser: i64, now: Second) -> Result<(), Refused> {
        if winner == loser {
            return Err(Refused::NotFound("Subscriber", loser));
        }
        let entered = self.automations_of(self.contact(winner)?);
        let gone = self.take(loser)?;
        for entry in &gone.entries {
            self.move_enrollment(*entry, winner, &entered);
        }
        let kept = self.contact_mut(winner)?;
        for value in gone.values {
            if kept.values.iter().all(|it| it.field != value.field) {
                kept.values.push(value);
            }
        }
        let mut tags = Vec::new();
        for tagging in gone.tags {
            if kept.tags.iter().all(|it| it.tag != tagging.tag) {
                tags.push(tagging.tag);
                kept.tags.push(tagging);
            }
        }
        let mut lists = Vec::new();
        for subscription in gone.lists {
            if kept.lists.iter().all(|it| it.list != subscription.list) {
                lists.push(subscription.list);
                kept.lists.push(subscription);
            }
        }
        let mut account = None;
        if kept.link.is_none() {
            kept.link = gone.link;
            account = kept.link.as_ref().map(|it| it.account);
        }
        if let Some(it) = account.and_then(|it| self.accounts.get_mut(it)) {
            it.contacts += 1;
        }
        self.index_rows(winner, &tags, &lists);
        self.touch(winner, now, self.switches.moves.merged);
        Ok(())
    }

    /// Blanks what identifies a person; the contact and its history stay.
    pub(super) fn anonymise(&mut self, id: i64, now: Second) -> Result<(), Refused> {
        let email = format!("anonymized-{id}@example.com");
        self.change_email(id, &email, now)?;
        let contact = self.contact_mut(id)?;
        contact.first_name = "".into();
        contact.last_name = "".into();
        contact.phone = "".into();
        contact.orgname = "".into();
        contact.values.clear();
        contact.anonymized = true;
        Ok(())
    }

    /// Takes a contact out of its table and of all indexes but those of its enrollments.
    fn take(&mut self, id: i64) -> Result<Box<Contact>, Refused> {
        let contact = self.contacts.remove(id).ok_or(Refused::NotFound("Subscriber", id))?;
        self.unindex_email(&contact.email, id);
        for tagging in &contact.tags {
            if let Some(tag) = self.tags.get_mut(tagging.tag) {
                remove_sorted(&mut tag.contacts, &id);
            }
        }
        for subscription in &contact.lists {
            if let Some(list) = self.lists.get_mut(subscription.list) {
                remove_sorted(&mut list.contacts, &id);
            }
        }
        if let Some(account) =
            contact.link.as_ref().and_then(|it| self.accounts.get_mut(it.account))
        {
            account.contacts -= 1;
        }
        for entry in &contact.entries {
            let automation = self.enrollments.get(*entry).map(|it| it.automation);
            if let Some(it) = automation.and_then(|it| self.automations.get_mut(it)) {
                remove_sorted(&mut it.contacts, &id);
            }
        }
        Ok(contact)
    }

    fn index_rows(&mut self, contact: i64, tags: &[i64], lists: &[i64]) {
        for tag in tags {
            if let Some(it) = self.tags.get_mut(*tag) {
                insert_sorted(&mut it.contacts, contact);
            }
        }
        for list in lists {
            if let Some(it) = self.lists.get_mut(*list) {
                insert_sorted(&mut it.contacts, contact);
            }
        }
    }

    fn automations_of(&self, contact: &Contact) -> BTreeSet<i64> {
        let rows = contact.entries.iter().filter_map(|&id| self.enrollments.get(id));
        rows.map(|it| it.automation).collect()
    }

    fn remove_enrollment(&mut self, id: i64) {
        let Some(gone) = self.enrollments.remove(id) else { return };
        if let Some(automation) = self.automations.get_mut(gone.automation) {
            remove_sorted(&mut automation.entries, &(gone.added, id));
        }
        for dues in self.agenda.values_mut() {
            dues.retain(|it| !matches!(it, Due::Continue { enrollment, .. } if *enrollment == id));
        }
    }

    /// Gives an enrollment to another contact, under its own id or a new one, or drops it.
    fn move_enrollment(&mut self, id: i64, winner: i64, entered: &BTreeSet<i64>) {
        let rules = self.switches.merge;
        let Some(row) = self.enrollments.get(id) else { return };
        let automation = row.automation;
        if rules.same_automation_vanishes && entered.contains(&automation) {
            self.remove_enrollment(id);
            return;
        }
        let id = if rules.new_ids { self.renumber_enrollment(id) } else { id };
        if let Some(row) = self.enrollments.get_mut(id) {
            row.contact = winner;
        }
        if let Some(it) = self.automations.get_mut(automation) {
            insert_sorted(&mut it.contacts, winner);
        }
        if let Some(contact) = self.contacts.get_mut(winner) {
            insert_sorted(&mut contact.entries, id);
        }
    }

    fn renumber_enrollment(&mut self, old: i64) -> i64 {
        let Some(mut row) = self.enrollments.remove(old) else { return old };
        let (automation, added) = (row.automation, row.added);
        let new = self.enrollments.add(|id| {
            row.id = id;
            row
        });
        if let Some(it) = self.automations.get_mut(automation) {
            remove_sorted(&mut it.entries, &(added, old));
            insert_sorted(&mut it.entries, (added, new));
        }
        for due in self.agenda.values_mut().flat_map(VecDeque::iter_mut) {
            if let Due::Continue { enrollment, .. } = due
                && *enrollment == old
            {
                *enrollment = new;
            }
        }
        self.moved.insert(old, new);
        new
    }
}
