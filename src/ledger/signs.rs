//! What an alert may be about, as the ledger shows it: counts, some names, since when.
//!
//! Promises no personal data, and to cost little on any ledger: each question has an index.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, Row, named_params};

use super::{
    LedgerError, lead,
    run::{CUT_OFF, Kind, Outcome, RunId},
    sql::{self, Millis},
};
use crate::domain::{ContactId, EnrollmentId, LeadId, RouteId};

/// Leads named: those that a message shows.
const NAMED: i64 = 20;

/// Leads, or deliveries, of one route that are alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// The route's name.
    pub route: String,
    /// How many.
    pub count: i64,
    /// Keys of the first leads.
    pub leads: Vec<String>,
    /// The oldest of them.
    pub since: DateTime<Utc>,
}

/// Leads of a route that were found without a webhook and are news.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missed {
    /// How many.
    pub count: i64,
    /// Those of them that entered before the route's first start.
    pub backfill: i64,
    /// Keys of the first ones.
    pub leads: Vec<String>,
    /// When the first was found.
    pub since: DateTime<Utc>,
    /// When the last was found.
    pub until: DateTime<Utc>,
    /// The last.
    pub newest: LeadId,
    /// The run before the first: it found it.
    pub run: Option<RunId>,
}

/// The newest run of a kind that began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Started {
    /// Which.
    pub run: RunId,
    /// When.
    pub at: DateTime<Utc>,
    /// It has not ended.
    pub is_running: bool,
}

/// The newest run of a kind that ended by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// Which.
    pub run: RunId,
    /// When.
    pub at: DateTime<Utc>,
    /// How.
    pub outcome: Outcome,
    /// `report` or `repair`, of a reconciliation.
    pub mode: Option<String>,
    /// What it kept, as JSON.
    pub detail: String,
}

/// Returns the leads that failed, by route.
pub fn failed(conn: &Connection) -> Result<Vec<Group>, LedgerError> {
    // The first condition is that of the partial index, without which it is not used.
    let sql = "
        SELECT route.id, route.name AS route, count(*) AS count, min(updated_at) AS since
        FROM lead INDEXED BY lead_open CROSS JOIN route ON route.id = route_id
        WHERE state IN ('pending', 'in_doubt', 'failed') AND state = 'failed'
        GROUP BY route.id ORDER BY route.id";
    let mut groups = sql::all(conn, sql, [], |row| Ok((row.get::<_, i64>("id")?, group(row)?)))?;
    let sql = "
        SELECT key FROM lead INDEXED BY lead_open
        WHERE state IN ('pending', 'in_doubt', 'failed') AND state = 'failed' AND route_id = ?1
        ORDER BY id LIMIT ?2";
    for (route, group) in &mut groups {
        group.leads = sql::all(conn, sql, (*route, NAMED), |row| row.get(0))?;
    }
    Ok(groups.into_iter().map(|(_, group)| group).collect())
}

/// Returns the deliveries that are quarantined, by route.
pub fn quarantined(conn: &Connection) -> Result<Vec<Group>, LedgerError> {
    let sql = "
        SELECT route.name AS route, count(*) AS count, min(received_at) AS since
        FROM delivery INDEXED BY delivery_quarantined CROSS JOIN route ON route.id = route_id
        WHERE fate = 'quarantined'
        GROUP BY route.id ORDER BY route.id";
    sql::all(conn, sql, [], group)
}

fn group(row: &Row<'_>) -> rusqlite::Result<Group> {
    Ok(Group {
        route: row.get("route")?,
        count: row.get("count")?,
        leads: Vec::new(),
        since: sql::time_of(row, "since")?,
    })
}

/// Returns the missed leads of a route that are news.
pub fn missed(conn: &Connection, route: RouteId) -> Result<Option<Missed>, LedgerError> {
    let sql = "SELECT coalesce(max(lead_id), 0) FROM alert_cursor WHERE route_id = ?1";
    let cursor: i64 = sql::one(conn, sql, [route], |row| row.get(0))?;
    let sql = "
        SELECT count(*) AS count, coalesce(sum(backfill), 0) AS backfill, min(found_at) AS since,
               max(found_at) AS until, max(id) AS newest
        FROM lead INDEXED BY lead_missed
        WHERE found_by <> 'webhook' AND route_id = ?1 AND id > ?2";
    let found = sql::one(conn, sql, (route, cursor), |row| {
        let (since, until) = (sql::time(row, "since")?, sql::time(row, "until")?);
        let newest: Option<LeadId> = row.get("newest")?;
        let Some(((since, until), newest)) = since.zip(until).zip(newest) else { return Ok(None) };
        let (count, backfill) = (row.get("count")?, row.get("backfill")?);
        Ok(Some(Missed { count, backfill, leads: Vec::new(), since, until, newest, run: None }))
    })?;
    let Some(mut found) = found else { return Ok(None) };
    let sql = "
        SELECT key FROM lead INDEXED BY lead_missed
        WHERE found_by <> 'webhook' AND route_id = ?1 AND id > ?2
        ORDER BY id LIMIT ?3";
    found.leads = sql::all(conn, sql, (route, cursor, NAMED), |row| row.get(0))?;
    let sql = "SELECT id FROM run WHERE started_at <= ?1 ORDER BY id DESC LIMIT 1";
    found.run = sql::maybe(conn, sql, [Millis(found.since)], |row| row.get(0))?.map(RunId);
    Ok(Some(found))
}

/// Whether a contact that a poll or reconciliation asked about is still to be looked at.
pub fn is_looking(conn: &Connection, route: RouteId) -> Result<bool, LedgerError> {
    let sql = "
        SELECT EXISTS (SELECT 1 FROM inbox INDEXED BY inbox_due
                       WHERE lane IN (2, 3) AND route_id = ?1)";
    sql::one(conn, sql, [route], |row| row.get(0))
}

/// Returns when the newest complete run of any kind began.
pub fn last_complete(conn: &Connection) -> Result<Option<DateTime<Utc>>, LedgerError> {
    let sql = "
        SELECT started_at FROM run WHERE kind = ?1 AND outcome = 'complete'
        ORDER BY id DESC LIMIT 1";
    let mut newest = None;
    for kind in [Kind::Poll, Kind::Reconcile] {
        newest = newest.max(sql::maybe(conn, sql, [kind], |row| sql::time_of(row, "started_at"))?);
    }
    Ok(newest)
}

/// Returns when the last delivery came on a route.
pub fn last_delivery(
    conn: &Connection,
    route: RouteId,
) -> Result<Option<DateTime<Utc>>, LedgerError> {
    let sql = "SELECT last_delivery FROM route WHERE id = ?1";
    Ok(sql::maybe(conn, sql, [route], |row| sql::time(row, "last_delivery"))?.flatten())
}

/// Returns how many entered a route after `after` and were found without a webhook, and the first.
pub fn entered_unannounced(
    conn: &Connection,
    route: RouteId,
    after: DateTime<Utc>,
) -> Result<(i64, Vec<String>), LedgerError> {
    let sql = "
        SELECT count(*) FROM lead INDEXED BY lead_missed_entered
        WHERE found_by <> 'webhook' AND route_id = ?1 AND entered_at > ?2";
    let count = sql::one(conn, sql, (route, Millis(after)), |row| row.get(0))?;
    let sql = "
        SELECT key FROM lead INDEXED BY lead_missed_entered
        WHERE found_by <> 'webhook' AND route_id = ?1 AND entered_at > ?2
        ORDER BY entered_at LIMIT ?3";
    let leads = sql::all(conn, sql, (route, Millis(after), NAMED), |row| row.get(0))?;
    Ok((count, leads))
}

/// How many leads of a route wait to be written.
pub fn waiting(conn: &Connection, route: RouteId) -> Result<i64, LedgerError> {
    let sql = "SELECT count(*) FROM work WHERE route_id = ?1";
    sql::one(conn, sql, [route], |row| row.get(0))
}

/// Returns the newest run of a kind that began.
pub fn last_started(conn: &Connection, kind: Kind) -> Result<Option<Started>, LedgerError> {
    let sql = "
        SELECT id, started_at, finished_at IS NULL AS is_running
        FROM run WHERE kind = ?1 ORDER BY id DESC LIMIT 1";
    sql::maybe(conn, sql, [kind], |row| {
        Ok(Started {
            run: RunId(row.get("id")?),
            at: sql::time_of(row, "started_at")?,
            is_running: row.get("is_running")?,
        })
    })
}

/// Returns the newest run of a kind that ended by itself: one that a stop cut off is made again at
/// the next start.
pub fn last_ended(conn: &Connection, kind: Kind) -> Result<Option<Ended>, LedgerError> {
    let sql = "
        SELECT id, finished_at, outcome, mode, coalesce(detail, '{}') AS detail
        FROM run
        WHERE kind = ?1 AND finished_at IS NOT NULL AND outcome IS NOT NULL AND reason IS NOT ?2
        ORDER BY id DESC LIMIT 1";
    sql::maybe(conn, sql, (kind, CUT_OFF), |row| {
        Ok(Ended {
            run: RunId(row.get("id")?),
            at: sql::time_of(row, "finished_at")?,
            outcome: row.get("outcome")?,
            mode: row.get("mode")?,
            detail: row.get("detail")?,
        })
    })
}

/// Returns what a run found missing on a route and made no lead of: the names that those leads would
/// have, of the first ones.
pub fn reported(
    conn: &Connection,
    run: RunId,
    route: RouteId,
    name: &str,
) -> Result<Vec<String>, LedgerError> {
    let sql = "
        SELECT contact, enrollment FROM finding
        WHERE run_id = :run AND route_id = :route
        ORDER BY id LIMIT :limit";
    let arguments = named_params! { ":run": run.0, ":route": route, ":limit": NAMED };
    let names = sql::all(conn, sql, arguments, |row| {
        let contact: ContactId = row.get("contact")?;
        let enrollment: Option<EnrollmentId> = row.get("enrollment")?;
        Ok(lead::key_of(name, contact, enrollment))
    })?;
    Ok(names)
}

#[cfg(test)]
mod tests;
