//! Where everything stands: what `status`, the page and the metrics show.
//!
//! Promises to cost the same on any ledger, however large: counts come from `tally`, everything
//! else from the end of an index.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::{Connection, Row};

use super::{
    LedgerError,
    digest::Hash,
    history::Head,
    sql::{self, Millis},
};
use crate::domain::{Fate, Lane, LeadState};

/// The window of Ploomes' quota.
const QUOTA_WINDOW: TimeDelta = TimeDelta::seconds(60);

/// What there is, and how far it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counts {
    /// Deliveries ever accepted, from the chain.
    pub accepted: i64,
    /// Leads ever found, from the chain.
    pub total: i64,
    /// The end of the chain that both were read from.
    pub head: Hash,
    /// Deliveries by fate, from the rows; every fate is there.
    pub deliveries: BTreeMap<Fate, i64>,
    /// Leads by state, from the rows; every state is there.
    pub leads: BTreeMap<LeadState, i64>,
    /// Leads that were found without a webhook.
    pub missed: Missed,
    /// What waits, by lane; every lane is there.
    ///
    /// Leads to be written and contacts to be looked at are one each: a contact that is both, a
    /// lead in the queue and a newer hint about it, counts twice until it is looked at.
    pub lanes: BTreeMap<Lane, i64>,
    /// Requests sent to Ploomes in the last 60 s.
    pub used_last_60s: i64,
    /// The newest poll that ended.
    pub last_poll: Option<Run>,
    /// The newest reconciliation that ended.
    pub last_reconcile: Option<Run>,
    /// The newest reconciliation that did not read everything yet.
    pub reconciling: Option<Reconciling>,
    /// When the oldest delivery that still is pending came.
    pub oldest_delivery: Option<DateTime<Utc>>,
    /// When the oldest lead that still is pending was found.
    pub oldest_lead: Option<DateTime<Utc>>,
    /// Routes that a person paused, in the order in which they first started.
    pub paused: Vec<String>,
}

/// Leads found by a poll or a reconciliation, over the ledger's life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Missed {
    /// All of them.
    pub found: i64,
    /// Those that are done.
    pub recovered: i64,
    /// Those whose webhook came after all.
    pub late: i64,
}

/// A poll or reconciliation that ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// Its row.
    pub id: i64,
    /// `complete` or `partial`.
    pub outcome: String,
    /// Its start.
    pub started: DateTime<Utc>,
    /// Its end.
    pub finished: DateTime<Utc>,
    /// Why it is partial, or what else is to be said of it.
    pub reason: Option<String>,
}

/// A reconciliation that is under way, or goes on with the next one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reconciling {
    /// Its row.
    pub run: i64,
    /// `report` or `repair`.
    pub mode: String,
    /// Its start.
    pub started: DateTime<Utc>,
    /// When it ended without having read everything; `None` while it is under way, or where
    /// something cut it off.
    pub stopped: Option<DateTime<Utc>>,
    /// Contacts that it has read.
    pub contacts: i64,
    /// Leads that it found missing among them.
    pub missed: i64,
}

impl Reconciling {
    /// When a schedule of this mode goes on with it.
    pub fn goes_on_at(&self, mode: &str) -> Option<DateTime<Utc>> {
        let stopped = self.stopped.filter(|_| self.mode == mode)?;
        Some(stopped + RESUME_AFTER)
    }
}

/// How long after a run that could not read everything the schedule goes on with it: an outage of
/// minutes is over by then, and a long one does not become a run each minute.
pub const RESUME_AFTER: TimeDelta = TimeDelta::minutes(15);

impl Counts {
    /// The accounting identity of the contract: 0, always.
    pub fn balance(&self) -> i64 {
        let rows = self.deliveries.values().chain(self.leads.values());
        rows.fold(self.accepted.saturating_add(self.total), |rest, it| rest.saturating_sub(*it))
    }

    /// How many deliveries had this fate.
    pub fn deliveries(&self, fate: Fate) -> i64 {
        self.deliveries.get(&fate).copied().unwrap_or_default()
    }

    /// How many leads are in this state.
    pub fn leads(&self, state: LeadState) -> i64 {
        self.leads.get(&state).copied().unwrap_or_default()
    }

    /// How much waits, in all lanes.
    pub fn waiting(&self) -> i64 {
        self.lanes.values().sum()
    }
}

/// Counts everything, at `now`.
pub fn read(conn: &Connection, now: DateTime<Utc>) -> Result<Counts, LedgerError> {
    let head = Head::read(conn)?;
    let tally = Tally::read(conn)?;
    let missed = Missed {
        found: LeadState::ALL.iter().map(|state| tally.of("missed", state.as_str())).sum(),
        recovered: tally.of("missed", LeadState::Done.as_str()),
        late: tally.of("missed", "late"),
    };
    Ok(Counts {
        accepted: head.accepted,
        total: head.total,
        head: head.hash,
        deliveries: Fate::ALL
            .iter()
            .map(|fate| (*fate, tally.of("delivery", fate.as_str())))
            .collect(),
        leads: LeadState::ALL
            .iter()
            .map(|state| (*state, tally.of("lead", state.as_str())))
            .collect(),
        missed,
        lanes: Lane::ALL
            .into_iter()
            .map(|lane| (lane, tally.of("lane", &lane.rank().to_string())))
            .collect(),
        used_last_60s: sql::one(conn, USED, [Millis(now - QUOTA_WINDOW)], |row| row.get(0))?,
        last_poll: sql::maybe(conn, LAST_RUN, ["poll"], run_from_row)?,
        last_reconcile: sql::maybe(conn, LAST_RUN, ["reconcile"], run_from_row)?,
        reconciling: sql::maybe(conn, RECONCILING, [], reconciling_from_row)?,
        oldest_delivery: oldest(conn, OLDEST_DELIVERY)?,
        oldest_lead: oldest(conn, OLDEST_LEAD)?,
        paused: sql::all(conn, PAUSED, [], |row| row.get(0))?,
    })
}

/// The counters that triggers keep.
struct Tally(BTreeMap<(String, String), i64>);

impl Tally {
    fn read(conn: &Connection) -> Result<Self, LedgerError> {
        let rows = sql::all(conn, TALLY, [], |row| Ok(((row.get(0)?, row.get(1)?), row.get(2)?)))?;
        Ok(Self(rows.into_iter().collect()))
    }

    fn of(&self, subject: &str, value: &str) -> i64 {
        self.0.get(&(subject.to_owned(), value.to_owned())).copied().unwrap_or_default()
    }
}

const TALLY: &str = "SELECT subject, value, rows FROM tally ORDER BY subject, value";

/// The table has the last minutes only.
const USED: &str = "SELECT count(*) FROM request_time WHERE at > ?1";

const LAST_RUN: &str = "
    SELECT id, outcome, started_at, finished_at, reason
    FROM run
    WHERE kind = ?1 AND finished_at IS NOT NULL AND outcome IS NOT NULL
    ORDER BY id DESC
    LIMIT 1";

/// What it found is read from its own count: there may be a million rows of it.
const RECONCILING: &str = "
    SELECT run_id, coalesce(mode, 'report') AS mode, started_at, finished_at,
           coalesce(json_extract(counts, '$.contacts'), 0) AS contacts,
           (SELECT coalesce(sum(json_extract(value, '$.missed')), 0)
            FROM json_each(counts, '$.routes')) AS missed
    FROM sweep JOIN run ON run.id = run_id
    ORDER BY run_id DESC
    LIMIT 1";

/// Left alone, `SQLite` would look for the smallest id in the table itself, and pass all of it
/// where nothing is pending.
const OLDEST_DELIVERY: &str = "
    SELECT received_at
    FROM delivery
    WHERE id = (SELECT min(id) FROM (
        SELECT min(id) AS id FROM delivery INDEXED BY delivery_unread
        WHERE fate = 'pending' AND contact IS NULL
        UNION ALL
        SELECT min(id) FROM delivery INDEXED BY delivery_waiting
        WHERE fate = 'pending' AND contact IS NOT NULL))";

/// The first condition is that of the partial index, without which it is not used.
const OLDEST_LEAD: &str = "
    SELECT found_at
    FROM lead INDEXED BY lead_open
    WHERE state IN ('pending', 'in_doubt', 'failed') AND state = 'pending'
    ORDER BY id
    LIMIT 1";

const PAUSED: &str = "SELECT name FROM route WHERE paused = 1 ORDER BY id";

fn oldest(conn: &Connection, sql: &'static str) -> Result<Option<DateTime<Utc>>, LedgerError> {
    Ok(sql::maybe(conn, sql, [], |row| row.get::<_, Millis>(0))?.map(|at| at.0))
}

fn run_from_row(row: &Row<'_>) -> rusqlite::Result<Run> {
    Ok(Run {
        id: row.get("id")?,
        outcome: row.get("outcome")?,
        started: sql::time_of(row, "started_at")?,
        finished: sql::time_of(row, "finished_at")?,
        reason: row.get("reason")?,
    })
}

fn reconciling_from_row(row: &Row<'_>) -> rusqlite::Result<Reconciling> {
    Ok(Reconciling {
        run: row.get("run_id")?,
        mode: row.get("mode")?,
        started: sql::time_of(row, "started_at")?,
        stopped: sql::time(row, "finished_at")?,
        contacts: row.get("contacts")?,
        missed: row.get("missed")?,
    })
}

#[cfg(test)]
mod tests;
