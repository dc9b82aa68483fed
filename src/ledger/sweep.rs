//! What a reconciliation compares, page by page, and how far it has come.
//!
//! A page is a range of contact ids. What the ledger knows of that range is read in a few
//! statements, so that a million contacts take minutes and no memory.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension, named_params};

use super::{
    LedgerError, Tx,
    digest::Hash,
    run::RunId,
    time::{from_ms, to_ms},
};
use crate::domain::{Contact, ContactId, EnrollmentId, FoundBy, LeadId, LeadState, RouteId};

mod findings;

pub use findings::{
    FindingId, NewFinding, find, findings, left, open_findings, recovered, tie, untied,
    without_email,
};

/// A lead as a sweep sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SweptLead {
    /// Which.
    pub id: LeadId,
    /// Its route.
    pub route: RouteId,
    /// The contact it belongs to, as the ledger knows.
    pub contact: ContactId,
    /// Its enrollment, where the route has an automation.
    pub enrollment: Option<EnrollmentId>,
    /// How it was first noticed.
    pub found_by: FoundBy,
    /// Where it stands.
    pub state: LeadState,
    /// Whether any delivery belongs to it.
    pub delivered: bool,
}

/// Returns the leads of contacts after `after`, up to `to`, by contact.
pub fn leads(
    conn: &Connection,
    after: ContactId,
    to: ContactId,
) -> Result<Vec<SweptLead>, LedgerError> {
    let sql = "
        SELECT id, route_id, contact, enrollment, found_by, state,
               EXISTS (SELECT 1 FROM delivery WHERE lead_id = lead.id) AS delivered
        FROM lead
        WHERE contact > :after AND contact <= :to
        ORDER BY contact, id";
    let rows = conn
        .prepare_cached(sql)?
        .query_map(named_params! { ":after": after, ":to": to }, |row| {
            Ok(SweptLead {
                id: row.get("id")?,
                route: row.get("route_id")?,
                contact: row.get("contact")?,
                enrollment: row.get("enrollment")?,
                found_by: row.get("found_by")?,
                state: row.get("state")?,
                delivered: row.get("delivered")?,
            })
        })?
        .collect::<Result<_, _>>()?;
    Ok(rows)
}

/// Returns the fingerprints of derived values as last written, of contacts in the range.
pub fn derived(
    conn: &Connection,
    route: RouteId,
    after: ContactId,
    to: ContactId,
) -> Result<BTreeMap<ContactId, Hash>, LedgerError> {
    let sql = "
        SELECT contact, fingerprint FROM derived
        WHERE route_id = :route AND contact > :after AND contact <= :to";
    let rows = conn
        .prepare_cached(sql)?
        .query_map(named_params! { ":route": route, ":after": after, ":to": to }, |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?
        .collect::<Result<_, _>>()?;
    Ok(rows)
}

/// Returns contacts in the range as last seen on a route, without those that were erased.
pub fn seen(
    conn: &Connection,
    route: RouteId,
    after: ContactId,
    to: ContactId,
) -> Result<BTreeMap<ContactId, Contact>, LedgerError> {
    let sql = "
        SELECT newest.contact, body
        FROM (SELECT contact, max(id) AS id FROM observation
              WHERE contact > :after AND contact <= :to AND route_id = :route
              GROUP BY contact) AS newest
            CROSS JOIN observation ON observation.id = newest.id
            CROSS JOIN payload ON payload.id = payload_id
        WHERE body IS NOT NULL";
    let mut statement = conn.prepare_cached(sql)?;
    let mut rows =
        statement.query(named_params! { ":route": route, ":after": after, ":to": to })?;
    let mut seen = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let body = row.get_ref(1)?.as_bytes().unwrap_or_default();
        if let Ok(contact) = serde_json::from_slice(body) {
            seen.insert(row.get(0)?, contact);
        }
    }
    Ok(seen)
}

/// Returns who in the range has a delivery that waits to be matched, by route.
pub fn with_delivery(
    conn: &Connection,
    after: ContactId,
    to: ContactId,
) -> Result<BTreeSet<(RouteId, ContactId)>, LedgerError> {
    let sql = "
        SELECT DISTINCT route_id, contact FROM delivery
        WHERE fate = 'pending' AND contact > :after AND contact <= :to";
    let rows = conn
        .prepare_cached(sql)?
        .query_map(named_params! { ":after": after, ":to": to }, |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?
        .collect::<Result<_, _>>()?;
    Ok(rows)
}

/// Returns the highest contact after `after` up to which the ledger has leads of at most `limit`
/// contacts; `None` where there is none.
pub fn range_end(
    conn: &Connection,
    after: ContactId,
    limit: i64,
) -> Result<Option<ContactId>, LedgerError> {
    let sql = "
        SELECT max(contact) FROM (
            SELECT DISTINCT contact FROM lead WHERE contact > :after
            ORDER BY contact LIMIT :limit)";
    Ok(conn
        .prepare_cached(sql)?
        .query_row(named_params! { ":after": after, ":limit": limit }, |row| row.get(0))?)
}

/// How far a run has read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sweep {
    /// The run.
    pub run: RunId,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// `report` or `repair`.
    pub mode: String,
    /// The last contact whose page was compared.
    pub cursor: ContactId,
    /// What was counted so far, as JSON.
    pub counts: String,
}

/// Returns the newest run that was not read to its end.
pub fn unfinished(conn: &Connection) -> Result<Option<Sweep>, LedgerError> {
    let sql = "
        SELECT run_id, started_at, coalesce(mode, 'report') AS mode, cursor, counts
        FROM sweep JOIN run ON run.id = run_id
        ORDER BY run_id DESC
        LIMIT 1";
    Ok(conn
        .prepare_cached(sql)?
        .query_row([], |row| {
            Ok(Sweep {
                run: RunId(row.get("run_id")?),
                started_at: from_ms(row.get("started_at")?),
                mode: row.get("mode")?,
                cursor: row.get("cursor")?,
                counts: row.get("counts")?,
            })
        })
        .optional()?)
}

/// Keeps how far a run has read; belongs into the transaction of the page.
pub fn keep(tx: &Tx<'_>, run: RunId, cursor: ContactId, counts: &str) -> Result<(), LedgerError> {
    let sql = "
        INSERT INTO sweep (run_id, cursor, counts) VALUES (:run, :cursor, :counts)
        ON CONFLICT (run_id) DO UPDATE SET cursor = excluded.cursor, counts = excluded.counts";
    tx.prepare_cached(sql)?
        .execute(named_params! { ":run": run.0, ":cursor": cursor, ":counts": counts })?;
    Ok(())
}

/// Forgets how far a run has read: it is finished, or too old to go on with.
pub fn forget(tx: &Tx<'_>, run: RunId) -> Result<(), LedgerError> {
    tx.prepare_cached("DELETE FROM sweep WHERE run_id = :run")?
        .execute(named_params! { ":run": run.0 })?;
    tx.prepare_cached("DELETE FROM suspect WHERE run_id = :run")?
        .execute(named_params! { ":run": run.0 })?;
    Ok(())
}

/// Forgets every unfinished run of a mode: a new one reads everything that they would have.
pub fn forget_all(tx: &Tx<'_>, mode: &str) -> Result<(), LedgerError> {
    let sql = "SELECT run_id FROM sweep JOIN run ON run.id = run_id WHERE mode = :mode";
    let runs: Vec<i64> = tx
        .prepare_cached(sql)?
        .query_map(named_params! { ":mode": mode }, |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    runs.into_iter().try_for_each(|run| forget(tx, RunId(run)))
}

/// Whether AC is known to have the contact no longer.
pub fn is_gone(conn: &Connection, contact: ContactId) -> Result<bool, LedgerError> {
    let sql = "SELECT EXISTS (SELECT 1 FROM gone WHERE contact = :contact)";
    Ok(conn
        .prepare_cached(sql)?
        .query_row(named_params! { ":contact": contact }, |row| row.get(0))?)
}

/// Keeps that AC has the contact no longer.
pub fn note_gone(tx: &Tx<'_>, contact: ContactId, now: DateTime<Utc>) -> Result<(), LedgerError> {
    let sql = "INSERT OR IGNORE INTO gone (contact, at) VALUES (:contact, :now)";
    tx.prepare_cached(sql)?.execute(named_params! { ":contact": contact, ":now": to_ms(now) })?;
    Ok(())
}

/// Notes a lead whose contact's values are not those that were written last; `changed` says whether
/// the contact itself is not as it was last seen.
pub fn suspect(tx: &Tx<'_>, run: RunId, lead: LeadId, changed: bool) -> Result<(), LedgerError> {
    let sql = "
        INSERT OR REPLACE INTO suspect (run_id, lead_id, changed) VALUES (:run, :lead, :changed)";
    tx.prepare_cached(sql)?
        .execute(named_params! { ":run": run.0, ":lead": lead, ":changed": changed })?;
    Ok(())
}

/// Returns a run's suspects after a lead, lowest first.
pub fn suspects(
    conn: &Connection,
    run: RunId,
    after: LeadId,
    limit: i64,
) -> Result<Vec<(LeadId, bool)>, LedgerError> {
    let sql = "
        SELECT lead_id, changed FROM suspect
        WHERE run_id = :run AND lead_id > :after ORDER BY lead_id LIMIT :limit";
    let rows = conn
        .prepare_cached(sql)?
        .query_map(named_params! { ":run": run.0, ":after": after, ":limit": limit }, |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?
        .collect::<Result<_, _>>()?;
    Ok(rows)
}

/// Whether anything is unread, or to be looked at now: deliveries that may explain what looks
/// missing.
pub fn is_matching(conn: &Connection, now: DateTime<Utc>) -> Result<bool, LedgerError> {
    let sql = "
        SELECT EXISTS (SELECT 1 FROM delivery INDEXED BY delivery_unread
                       WHERE fate = 'pending' AND contact IS NULL)
            OR EXISTS (SELECT 1 FROM inbox WHERE due_at <= :now AND attempts = 0)";
    Ok(conn
        .prepare_cached(sql)?
        .query_row(named_params! { ":now": to_ms(now) }, |row| row.get(0))?)
}
