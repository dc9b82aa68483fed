//! What a reconciliation counts, route by route.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::domain::{ContactId, RouteId};

/// The classes of one route's enrollments that exist in `ActiveCampaign` now.
///
/// `expected = received + without_webhook + waiting + missed`; excluded ones stand apart, the others
/// overlap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Counts {
    /// Its lead has a delivery.
    pub(crate) received: i64,
    /// Its lead was found earlier, and no delivery ever came.
    pub(crate) without_webhook: i64,
    /// No lead, and its webhook may still come.
    pub(crate) waiting: i64,
    /// No lead, and its webhook is due.
    pub(crate) missed: i64,
    /// Older than `since`, or erased.
    pub(crate) excluded: i64,
    /// Its lead failed.
    pub(crate) failed: i64,
    /// Leads whose contact AC no longer has.
    pub(crate) gone: i64,
    /// Leads for which planning now would write at least one field.
    pub(crate) stale: i64,
    /// Rows of the automation that were read.
    pub(crate) read: i64,
}

impl Counts {
    /// What was to be expected.
    pub(crate) const fn expected(&self) -> i64 {
        self.received + self.without_webhook + self.waiting + self.missed
    }
}

/// All that a sweep has counted so far; kept with its cursor.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Tally {
    /// The names of the routes that it compares: a run of others cannot go on with it.
    #[serde(default)]
    pub(crate) of: Vec<String>,
    /// By route.
    pub(crate) routes: BTreeMap<i64, Counts>,
    /// Contacts read.
    pub(crate) contacts: u64,
    /// AC included no enrollments: they were read from the automations' own lists.
    pub(crate) without_include: bool,
    /// Contacts of leads that were not among the rows, and of which nobody knows yet whether they are
    /// gone. A run is not whole while there are any.
    #[serde(default)]
    pub(crate) absent: BTreeSet<ContactId>,
    /// More of those than are asked for.
    #[serde(default)]
    pub(crate) not_asked: usize,
    /// Routes of which AC did not show who belongs.
    #[serde(default)]
    pub(crate) not_shown: BTreeSet<String>,
    /// All contacts were read, and the run ended: what is left of it is what it could not be sure of.
    #[serde(default)]
    pub(crate) is_read: bool,
    /// Why not everything was read, if so: what only this run saw, and the next may not.
    pub(crate) doubts: Vec<String>,
}

impl Tally {
    /// Doubts that stay, however often this run is gone on with.
    pub(crate) fn standing_doubts(&self) -> Vec<String> {
        let not_asked = (self.not_asked > 0).then(|| {
            format!("{} contacts that were not listed were not asked for", self.not_asked)
        });
        let not_shown = self.not_shown.iter().map(|route| {
            format!("ActiveCampaign did not show who belongs to route {route}: it was not compared")
        });
        not_asked.into_iter().chain(not_shown).collect()
    }

    pub(crate) fn of(&mut self, route: RouteId) -> &mut Counts {
        self.routes.entry(route.0).or_default()
    }
}
