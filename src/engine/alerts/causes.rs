//! Which causes hold now. Pure: a snapshot in, causes out, with what is to be said of each.

mod leads;
mod runs;
mod world;

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::snapshot::Snapshot;
use crate::ledger::{
    alert::{Event, Key},
    run::RunId,
};

/// Leads named in a message: what a chat shows without folding it, and what the contract says.
pub(super) const LEADS_MAX: usize = 20;

/// A reason to tell somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cause {
    /// Which; one message each.
    pub(super) key: Key,
    /// The route, where it is about one.
    pub(super) route: Option<String>,
    /// How many leads, deliveries, requests.
    pub(super) count: i64,
    /// Keys of the first leads.
    pub(super) leads: Vec<String>,
    /// Since when, as far as is known.
    pub(super) since: DateTime<Utc>,
    /// The run that showed it.
    pub(super) run: Option<RunId>,
    /// In words, with what to do; no personal data.
    pub(super) text: String,
}

/// What holds, and of what nobody can say now whether it does.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Causes {
    /// Those that hold.
    pub(super) holding: Vec<Cause>,
    /// Those of which nothing is known, such as a key that was not used since the start: they stay
    /// as they are.
    pub(super) undecided: BTreeSet<Key>,
}

/// Decides which causes hold.
pub(super) fn causes(snapshot: &Snapshot) -> Causes {
    let mut causes = Causes::default();
    leads::add(snapshot, &mut causes);
    runs::add(snapshot, &mut causes);
    world::add(snapshot, &mut causes);
    causes
}

impl Causes {
    fn add(&mut self, cause: Cause) {
        self.holding.push(cause);
    }
}

impl Cause {
    /// A cause of one thing, known since `since`, without leads.
    fn new(event: Event, subject: &str, since: DateTime<Utc>, text: String) -> Self {
        Self {
            key: key(event, subject),
            route: None,
            count: 1,
            leads: Vec::new(),
            since,
            run: None,
            text,
        }
    }

    fn of_route(self, route: &str) -> Self {
        Self { route: Some(route.to_owned()), ..self }
    }

    fn counting(self, count: i64, leads: &[String]) -> Self {
        let leads = leads.iter().take(LEADS_MAX).cloned().collect();
        Self { count, leads, ..self }
    }

    fn found_by(self, run: Option<RunId>) -> Self {
        Self { run, ..self }
    }
}

fn key(event: Event, subject: &str) -> Key {
    Key { event, subject: subject.to_owned() }
}

/// `1 lead`, `3 leads`; the noun is regular.
fn counted(count: i64, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

impl Snapshot {
    /// A time as people read it, in the configured zone.
    fn clock_time(&self, at: DateTime<Utc>) -> String {
        at.with_timezone(&self.zone).format("%F %T").to_string()
    }
}

#[cfg(test)]
mod tests;
