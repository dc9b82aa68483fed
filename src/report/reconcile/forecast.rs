//! What bringing in what a reconciliation found would take.

use chrono::TimeDelta;

use super::Reconciliation;

/// Calls to Ploomes that a lead costs at most: look, company, person, deal.
const CALLS_OF_A_LEAD: i64 = 4;

/// How much there is to do, and how long it takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Forecast {
    /// Leads that are missing.
    pub missed: i64,
    /// Leads that are out of date.
    pub stale: i64,
    /// Leads that wait in the queue already.
    pub waiting: i64,
    /// Calls to Ploomes, at most.
    pub calls: i64,
    /// Calls that are made in a minute.
    pub per_minute: i64,
    /// How long they take at that pace.
    pub seconds: i64,
    /// Whether everything was read; else there may be more.
    pub is_whole: bool,
}

impl Forecast {
    /// Whether there is nothing to bring in.
    pub const fn is_nothing(&self) -> bool {
        self.missed == 0 && self.stale == 0 && self.waiting == 0
    }

    /// The same as a span; `None` where no calendar has it.
    pub fn length(&self) -> Option<TimeDelta> {
        TimeDelta::try_seconds(self.seconds)
    }
}

impl Reconciliation {
    /// What it would take, where so many leads wait in the queue already.
    pub fn forecast(&self, waiting: i64, per_minute: u32) -> Forecast {
        let (missed, stale) = self.found();
        let leads = missed.saturating_add(stale).saturating_add(waiting);
        let calls = leads.saturating_mul(CALLS_OF_A_LEAD);
        let per_minute = i64::from(per_minute.max(1));
        let seconds = calls.saturating_mul(60).saturating_add(per_minute - 1) / per_minute;
        Forecast {
            missed,
            stale,
            waiting,
            calls,
            per_minute,
            seconds,
            is_whole: self.is_complete(),
        }
    }
}
