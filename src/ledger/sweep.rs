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
use crate::domain::{Contact, ContactId, EnrollmentId, FoundBy, LeadId, LeadState, RouteId};

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

/// Forgets how far a run has read: it is finished, or too old to go on with.
pub fn forget(tx: &Tx<'_>, run: RunId) -> Result<(), LedgerError> {
    tx.prepare_cached("DELETE FROM sweep WHERE run_id = :run")?
        .execute(named_params! { ":run": run.0 })?;
    tx.prepare_cached("DELETE FROM suspect")?.execute([])?;
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

/// A row of what a run found missing; the first is 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct FindingId(pub i64);

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
        SELECT EXISTS (SELECT 1 FROM finding
                       WHERE run_id = :run AND route_id = :route AND contact = :contact
                         AND enrollment IS :enrollment)";
    let known: bool = tx.prepare_cached(sql)?.query_row(
        named_params! {
            ":run": run.0,
            ":route": new.route,
            ":contact": new.contact,
            ":enrollment": new.enrollment,
        },
        |row| row.get(0),
    )?;
    if known {
        return Ok(());
    }
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

/// Returns what a run found missing and nothing was made of yet, after a finding, in the order in
/// which it was found; a few at a time: a first import may have a million of them.
pub fn findings(
    conn: &Connection,
    run: RunId,
    after: FindingId,
    limit: i64,
) -> Result<Vec<(FindingId, NewFinding)>, LedgerError> {
    let sql = "
        SELECT id, route_id, contact, enrollment, enrolled_at FROM finding
        WHERE run_id = :run AND id > :after AND lead_id IS NULL
        ORDER BY id LIMIT :limit";
    let rows = conn
        .prepare_cached(sql)?
        .query_map(named_params! { ":run": run.0, ":after": after.0, ":limit": limit }, |row| {
            let finding = NewFinding {
                route: row.get("route_id")?,
                contact: row.get("contact")?,
                enrollment: row.get("enrollment")?,
                enrolled_at: row.get::<_, Option<i64>>("enrolled_at")?.map(from_ms),
            };
            Ok((FindingId(row.get("id")?), finding))
        })?
        .collect::<Result<_, _>>()?;
    Ok(rows)
}

/// Returns what a run found missing and is not tied yet, with the leads that were made of it since.
pub fn untied(
    conn: &Connection,
    run: RunId,
    limit: i64,
) -> Result<Vec<(FindingId, LeadId)>, LedgerError> {
    let sql = "
        SELECT finding.id, lead.id
        FROM finding JOIN lead ON lead.route_id = finding.route_id
            AND (lead.enrollment = finding.enrollment
                 OR (finding.enrollment IS NULL AND lead.enrollment IS NULL
                     AND lead.contact = finding.contact))
        WHERE run_id = :run AND lead_id IS NULL
        ORDER BY finding.id LIMIT :limit";
    let rows = conn
        .prepare_cached(sql)?
        .query_map(named_params! { ":run": run.0, ":limit": limit }, |row| {
            Ok((FindingId(row.get(0)?), row.get(1)?))
        })?
        .collect::<Result<_, _>>()?;
    Ok(rows)
}

/// Ties findings to the leads that were made of them.
pub fn tie(
    tx: &Tx<'_>,
    made: &[(FindingId, LeadId)],
    now: DateTime<Utc>,
) -> Result<(), LedgerError> {
    for (finding, lead) in made {
        let sql = "UPDATE finding SET lead_id = :lead WHERE id = :id";
        tx.prepare_cached(sql)?.execute(named_params! { ":lead": lead.0, ":id": finding.0 })?;
        tx.record(Subject::Finding, finding.0, "tied", now)?;
    }
    Ok(())
}

/// How many of a run's findings are not brought in yet: no lead, or one that is not settled. Those
/// of routes that a person paused do not count: nobody brings them in.
pub fn open_findings(conn: &Connection, run: RunId) -> Result<i64, LedgerError> {
    let sql = "
        SELECT count(*)
        FROM finding JOIN route ON route.id = finding.route_id AND route.paused = 0
            LEFT JOIN lead ON lead.id = lead_id
        WHERE run_id = :run AND (lead.id IS NULL OR lead.state IN ('pending', 'in_doubt'))";
    Ok(conn.prepare_cached(sql)?.query_row(named_params! { ":run": run.0 }, |row| row.get(0))?)
}

/// How many of a run's findings on a route are brought in: done, skipped or erased.
pub fn recovered(conn: &Connection, run: RunId, route: RouteId) -> Result<i64, LedgerError> {
    let sql = "
        SELECT count(*)
        FROM finding JOIN lead ON lead.id = lead_id
        WHERE run_id = :run AND finding.route_id = :route
          AND lead.state IN ('done', 'skipped', 'erased')";
    Ok(conn
        .prepare_cached(sql)?
        .query_row(named_params! { ":run": run.0, ":route": route }, |row| row.get(0))?)
}

/// Notes a lead whose contact's values are not those that were written last; `changed` says whether
/// the contact itself is not as it was last seen.
pub fn suspect(tx: &Tx<'_>, lead: LeadId, changed: bool) -> Result<(), LedgerError> {
    let sql = "INSERT OR REPLACE INTO suspect (lead_id, changed) VALUES (:lead, :changed)";
    tx.prepare_cached(sql)?.execute(named_params! { ":lead": lead, ":changed": changed })?;
    Ok(())
}

/// Returns suspects after a lead, lowest first.
pub fn suspects(
    conn: &Connection,
    after: LeadId,
    limit: i64,
) -> Result<Vec<(LeadId, bool)>, LedgerError> {
    let sql =
        "SELECT lead_id, changed FROM suspect WHERE lead_id > :after ORDER BY lead_id LIMIT :limit";
    let rows = conn
        .prepare_cached(sql)?
        .query_map(named_params! { ":after": after, ":limit": limit }, |row| {
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
