//! What the page, `/readyz` and `/metrics` show of the ledger, as plain values.

use std::{pin::Pin, sync::Arc};

use chrono::{DateTime, Utc};

use crate::{
    domain::{ContactId, FoundBy, LeadState, RecordId},
    ledger::{LedgerError, leads::Listed},
};

/// Reads the overview; the page does not know how.
pub type ReadOverview = Arc<
    dyn Fn() -> Pin<Box<dyn Future<Output = Result<Overview, LedgerError>> + Send>> + Send + Sync,
>;

/// The ledger, as it is at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Overview {
    /// Deliveries by fate.
    pub deliveries: Deliveries,
    /// Leads by state.
    pub leads: Leads,
    /// What the accounting identity gives; anything but 0 is a fault.
    pub balance: i64,
    /// Leads found without a webhook, over the ledger's life.
    pub missed: Missed,
    /// What waits, by lane.
    pub lanes: Lanes,
    /// Requests to Ploomes in the last 60 s.
    pub ploomes_used: i64,
    /// The oldest thing that waits, delivery or lead, since when.
    pub oldest_pending: Option<DateTime<Utc>>,
    /// When the last delivery came.
    pub last_delivery: Option<DateTime<Utc>>,
    /// Requests to unknown webhook URLs in the last 24 hours.
    pub unknown_tokens: i64,
    /// Why leads failed, the most frequent reasons first, and how many each: three are shown.
    pub failed_reasons: Vec<(String, i64)>,
    /// Why deliveries are quarantined, in the same way.
    pub quarantine_reasons: Vec<(String, i64)>,
    /// The last poll.
    pub last_poll: Option<Run>,
    /// The last reconciliation.
    pub last_reconcile: Option<Run>,
    /// The last runs that read everything.
    pub complete: Complete,
    /// Routes that a person paused.
    pub paused_routes: Vec<String>,
    /// The newest leads, newest first: twenty fill the page.
    pub recent: Vec<LeadRow>,
    /// The newest leads that a poll or reconciliation found without a webhook, newest first.
    pub found: Vec<LeadRow>,
}

/// Deliveries by fate.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Deliveries {
    /// Ever accepted.
    pub accepted: i64,
    /// Made a lead.
    pub applied: i64,
    /// Their lead was there already.
    pub merged: i64,
    /// Call for nothing.
    pub ignored: i64,
    /// Cannot be used as they are.
    pub quarantined: i64,
    /// Not yet matched.
    pub pending: i64,
}

/// Leads by state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Leads {
    /// Ever found.
    pub total: i64,
    /// Wait for their turn.
    pub pending: i64,
    /// Have a write without an answer.
    pub in_doubt: i64,
    /// Are in Ploomes.
    pub done: i64,
    /// Call for no deal.
    pub skipped: i64,
    /// Wait for a person.
    pub failed: i64,
    /// Were erased.
    pub erased: i64,
}

/// Leads found without a webhook.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Missed {
    /// Found by a poll or a reconciliation.
    pub found: i64,
    /// Those of them that are done.
    pub recovered: i64,
    /// Those whose webhook came after all.
    pub late: i64,
}

/// What waits, by lane.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Lanes {
    /// A webhook came.
    pub fresh: i64,
    /// The contact changed.
    pub update: i64,
    /// No webhook came.
    pub repair: i64,
    /// From before the route's first start.
    pub backfill: i64,
}

/// When the last runs that read everything started.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Complete {
    /// Of polls.
    pub poll: Option<DateTime<Utc>>,
    /// Of reconciliations.
    pub reconcile: Option<DateTime<Utc>>,
}

/// One poll or reconciliation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    /// When it started.
    pub started_at: DateTime<Utc>,
    /// How it ended, and when; `None` while it runs.
    pub ended: Option<(DateTime<Utc>, Outcome)>,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It read everything.
    Complete,
    /// It did not, and goes on.
    Partial,
}

/// One lead, without anything personal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeadRow {
    /// Its key, such as `site/51`.
    pub key: String,
    /// Its route.
    pub route: String,
    /// Its contact in AC.
    pub contact: ContactId,
    /// Where it stands.
    pub state: LeadState,
    /// Why, where there is something to say.
    pub reason: Option<String>,
    /// How it was first noticed.
    pub found_by: FoundBy,
    /// When it was first noticed.
    pub found_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// Its company in Ploomes.
    pub company: Option<RecordId>,
    /// Its person in Ploomes.
    pub person: Option<RecordId>,
    /// Its deal in Ploomes.
    pub deal: Option<RecordId>,
}

impl From<Listed> for LeadRow {
    fn from(lead: Listed) -> Self {
        Self {
            key: lead.key,
            route: lead.route,
            contact: lead.contact,
            state: lead.state,
            reason: lead.reason,
            found_by: lead.found_by,
            found_at: lead.found_at,
            updated_at: lead.updated_at,
            company: lead.company,
            person: lead.person,
            deal: lead.deal,
        }
    }
}
