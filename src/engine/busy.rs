//! What is in work now, and what waits for it.
//!
//! All of it is in memory: it is gone with the engine, and so is what was in work.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use crate::{
    domain::{Lane, LeadId},
    ledger::{Hash, journal::StepId, work::Work},
    mutation::{Protection, is_off},
};

/// Each so many claims a lower lane is asked first, each in its turn: together they get a tenth of
/// the places at least.
const FLOOR_EVERY: u64 = 10;
/// Passes that lower lanes have at most: the rest is for a fresh lead, which then need not wait for
/// one of them to end.
const LOWER_MAX: usize = 6;
/// How long it is kept that a record was in work: longer than an observation takes.
const RELEASED_KEPT: Duration = Duration::from_mins(5);
/// Leads of which it is kept what they wait for: two claims' worth, half a megabyte. Beyond it they are
/// read from the ledger at each claim.
const WAITING_MAX: usize = 1024;

/// What is in work now.
#[derive(Default)]
pub(super) struct Busy(Mutex<InWork>);

#[derive(Default)]
struct InWork {
    leads: BTreeMap<LeadId, BTreeSet<Hash>>,
    /// Those of lower lanes among them.
    lower: BTreeSet<LeadId>,
    /// Leads that somebody else held up when they were last looked at: their generation, and all
    /// their identities.
    waiting: BTreeMap<LeadId, (i64, BTreeSet<Hash>)>,
    /// When what was in work was let go.
    released: BTreeMap<Hash, Instant>,
    given_up: BTreeMap<StepId, Instant>,
    claims: u64,
}

impl InWork {
    /// Whether a lead other than `lead` that is in work has one of these keys.
    fn shares(&self, lead: LeadId, keys: &BTreeSet<Hash>) -> bool {
        !is_off(Protection::IdentityLock)
            && self.leads.iter().any(|(other, held)| *other != lead && !held.is_disjoint(keys))
    }
}

/// What is known of a lead before it is read.
pub(super) enum Outlook {
    /// It is in work, or waits for one that is.
    Waits,
    /// Nobody in work is known to share an identity with it. Where its identities are known from its
    /// last look, a step in doubt may still hold one.
    Free(Option<BTreeSet<Hash>>),
}

impl Busy {
    /// The answer of a step was given up, or it was looked for, just now.
    pub(super) fn given_up(&self, step: StepId) {
        self.lock().given_up.insert(step, Instant::now());
    }

    /// How long ago the answer of a step was given up; at least since the start, on the monotonic
    /// clock.
    pub(super) fn since_given_up(&self, step: StepId, started: Instant) -> Duration {
        self.lock().given_up.get(&step).copied().unwrap_or(started).elapsed()
    }

    /// A step is settled.
    pub(super) fn settled(&self, step: StepId) {
        self.lock().given_up.remove(&step);
    }

    /// Whether anything is in work.
    pub(super) fn is_idle(&self) -> bool {
        self.lock().leads.is_empty()
    }

    /// The lanes in the order in which they are asked now.
    pub(super) fn lanes(&self) -> Vec<Lane> {
        let mut busy = self.lock();
        busy.claims += 1;
        let mut lanes = Lane::ALL;
        if busy.claims.is_multiple_of(FLOOR_EVERY) {
            let turn = usize::try_from(busy.claims / FLOOR_EVERY % 3).unwrap_or_default();
            lanes[..=turn + 1].rotate_right(1);
        }
        let lower_full = busy.lower.len() >= LOWER_MAX;
        lanes.into_iter().filter(|lane| !lower_full || *lane == Lane::Fresh).collect()
    }

    /// What a lead that is due has to expect, by what was seen of it last.
    pub(super) fn outlook(&self, work: &Work) -> Outlook {
        let busy = self.lock();
        if busy.leads.contains_key(&work.lead) {
            return Outlook::Waits;
        }
        match busy.waiting.get(&work.lead) {
            Some((generation, keys)) if *generation == work.generation => {
                if busy.shares(work.lead, keys) {
                    Outlook::Waits
                } else {
                    Outlook::Free(Some(keys.clone()))
                }
            }
            _ => Outlook::Free(None),
        }
    }

    /// A lead cannot be worked on, as somebody else holds one of its keys.
    pub(super) fn waits(&self, work: &Work, keys: &BTreeSet<Hash>) {
        let mut busy = self.lock();
        if busy.waiting.len() >= WAITING_MAX {
            busy.waiting.clear();
        }
        busy.waiting.insert(work.lead, (work.generation, keys.clone()));
    }

    /// Holds a lead with its keys, unless somebody in work has one of them.
    pub(super) fn hold(&self, work: &Work, keys: &BTreeSet<Hash>) -> bool {
        let mut busy = self.lock();
        if busy.leads.contains_key(&work.lead) || busy.shares(work.lead, keys) {
            return false;
        }
        busy.waiting.remove(&work.lead);
        busy.leads.insert(work.lead, keys.clone());
        if work.lane != Lane::Fresh {
            busy.lower.insert(work.lead);
        }
        true
    }

    /// Adds records to what a lead in work holds, unless another in work has one of them, or had since
    /// `observed`; returns whether it did.
    pub(super) fn hold_records(
        &self,
        lead: LeadId,
        records: &BTreeSet<Hash>,
        observed: Instant,
    ) -> bool {
        let mut busy = self.lock();
        let since =
            records.iter().any(|key| busy.released.get(key).is_some_and(|at| *at > observed));
        if busy.shares(lead, records) || (since && !is_off(Protection::IdentityLock)) {
            return false;
        }
        busy.leads.entry(lead).or_default().extend(records.iter().copied());
        true
    }

    /// Whether a lead is in work.
    pub(super) fn has(&self, lead: LeadId) -> bool {
        self.lock().leads.contains_key(&lead)
    }

    /// All that a lead in work holds.
    pub(super) fn keys(&self, lead: LeadId) -> Option<BTreeSet<Hash>> {
        self.lock().leads.get(&lead).cloned()
    }

    /// A lead is not in work any more.
    pub(super) fn release(&self, lead: LeadId) {
        let now = Instant::now();
        let mut busy = self.lock();
        let keys = busy.leads.remove(&lead).unwrap_or_default();
        busy.lower.remove(&lead);
        busy.released.retain(|_, at| now.duration_since(*at) < RELEASED_KEPT);
        busy.released.extend(keys.into_iter().map(|key| (key, now)));
    }

    fn lock(&self) -> MutexGuard<'_, InWork> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::domain::RouteId;

    fn work(lead: i64) -> Work {
        Work::asked(LeadId(lead), RouteId(1), Lane::Fresh, DateTime::UNIX_EPOCH)
    }

    fn keys<const N: usize>(of: [u8; N]) -> BTreeSet<Hash> {
        of.into_iter().map(|it| [it; 32]).collect()
    }

    #[tokio::test]
    async fn a_lead_that_waits_is_not_read_again_before_who_holds_it_up_is_done() {
        let busy = Busy::default();
        let (first, mut second) = (work(1), work(2));
        assert!(busy.hold(&first, &keys([1, 2])));
        assert!(matches!(busy.outlook(&second), Outlook::Free(None)), "nothing is known of it yet");
        assert!(!busy.hold(&second, &keys([2, 3])), "they share an identity");
        busy.waits(&second, &keys([2, 3]));
        assert!(matches!(busy.outlook(&second), Outlook::Waits));
        busy.release(first.lead);
        let Outlook::Free(Some(seen)) = busy.outlook(&second) else { panic!("nobody is in work") };
        assert_eq!(seen, keys([2, 3]), "a step in doubt may have one");
        assert!(busy.hold(&first, &keys([1, 2])));
        second.generation += 1;
        assert!(matches!(busy.outlook(&second), Outlook::Free(None)), "it may be another's now");
    }

    #[tokio::test]
    async fn what_waits_for_whom_has_a_bound() {
        let busy = Busy::default();
        for lead in 0..i64::try_from(3 * WAITING_MAX).unwrap() {
            busy.waits(&work(lead), &keys([1]));
            assert!(busy.lock().waiting.len() <= WAITING_MAX);
        }
    }

    #[tokio::test]
    async fn while_lower_lanes_have_their_places_only_fresh_leads_are_asked_for() {
        let busy = Busy::default();
        assert_eq!(busy.lanes(), Lane::ALL);
        for lead in 0..i64::try_from(LOWER_MAX).unwrap() {
            assert!(busy.hold(&Work { lane: Lane::Backfill, ..work(lead) }, &keys([])));
        }
        assert_eq!(busy.lanes(), [Lane::Fresh]);
        busy.release(LeadId(0));
        assert_eq!(busy.lanes(), Lane::ALL);
    }
}
