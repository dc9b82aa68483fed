//! What a reconciliation compares, page by page, and how far it has come.
//!
//! A page is a range of contact ids. What the ledger knows of that range is read in a few
//! statements, so that a million contacts take minutes and no memory.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension, named_params};

use super::{
    LedgerError, Subject, Tx,
    digest::Hash,
    run::RunId,
    time::{from_ms, to_ms},
};
use crate::domain::{ContactId, EnrollmentId, FoundBy, LeadId, LeadState, RouteId};

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

/// Returns the run that was not read to its end.
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

/// Forgets how far any run has read: it is finished, or too old to go on with.
pub fn forget(tx: &Tx<'_>) -> Result<(), LedgerError> {
    tx.prepare_cached("DELETE FROM sweep")?.execute([])?;
    Ok(())
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

/// An enrollment that a run found without a lead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewFinding {
    /// The route.
    pub route: RouteId,
    /// Whose.
    pub contact: ContactId,
    /// Which; `None` where the route has no automation.
    pub enrollment: Option<EnrollmentId>,
    /// When the contact entered.
    pub enrolled_at: Option<DateTime<Utc>>,
}

/// Keeps what a run found missing.
pub fn find(
    tx: &Tx<'_>,
    run: RunId,
    new: &NewFinding,
    now: DateTime<Utc>,
) -> Result<(), LedgerError> {
    let sql = "
        INSERT INTO finding (run_id, route_id, contact, enrollment, enrolled_at, found_at)
        VALUES (:run, :route, :contact, :enrollment, :enrolled_at, :now)";
    tx.prepare_cached(sql)?.execute(named_params! {
        ":run": run.0,
        ":route": new.route,
        ":contact": new.contact,
        ":enrollment": new.enrollment,
        ":enrolled_at": new.enrolled_at.map(to_ms),
        ":now": to_ms(now),
    })?;
    tx.record(Subject::Finding, tx.last_insert_rowid(), "found", now)
}
