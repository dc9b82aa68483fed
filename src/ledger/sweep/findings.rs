//! What a run found missing, and the leads that were made of it.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use rusqlite::{Connection, named_params};

use super::RunId;
use crate::{
    domain::{ContactId, EnrollmentId, LeadId, RouteId},
    ledger::{
        LedgerError, Subject, Tx, contact, sql,
        time::{from_ms, to_ms},
    },
};

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

/// Keeps what a run found missing, with the contact's address where AC showed it.
pub fn find(
    tx: &Tx<'_>,
    run: RunId,
    new: &NewFinding,
    email: Option<&str>,
    now: DateTime<Utc>,
) -> Result<(), LedgerError> {
    if let Some(email) = email {
        contact::show_email(tx, new.contact, email, now)?;
    }
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

/// Contacts that a run found missing on a route and whose address nobody showed, some of them.
pub fn without_email(
    conn: &Connection,
    run: RunId,
    route: RouteId,
    limit: i64,
) -> Result<BTreeSet<ContactId>, LedgerError> {
    let sql = "
        SELECT DISTINCT contact FROM finding
        WHERE run_id = ?1 AND route_id = ?2
          AND NOT EXISTS (SELECT 1 FROM found_contact
                          WHERE found_contact.contact = finding.contact)
          AND NOT EXISTS (SELECT 1 FROM observation
                          WHERE observation.contact = finding.contact)
        LIMIT ?3";
    sql::all(conn, sql, (run.0, route, limit), |row| row.get(0)).map(BTreeSet::from_iter)
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

/// How many of a run's findings are not brought in yet: somebody who waits to be looked at, or a lead
/// that is not settled. Those of routes that a person paused do not count: nobody brings them in. Nor
/// do those of whom nothing can be made any more: gone, erased or merged since their page was read.
pub fn open_findings(conn: &Connection, run: RunId) -> Result<i64, LedgerError> {
    let sql = "
        SELECT count(*)
        FROM finding JOIN route ON route.id = finding.route_id AND route.paused = 0
            LEFT JOIN lead ON lead.id = lead_id
        WHERE run_id = :run
          AND (lead.state IN ('pending', 'in_doubt')
               OR (lead.id IS NULL
                   AND EXISTS (SELECT 1 FROM inbox
                               WHERE inbox.route_id = finding.route_id
                                 AND inbox.contact = finding.contact)))";
    Ok(conn.prepare_cached(sql)?.query_row(named_params! { ":run": run.0 }, |row| row.get(0))?)
}

/// How many leads of these routes still wait beside a run's own findings: those that earlier runs and
/// polls found without a webhook, and those that this run found out of date.
pub fn left(conn: &Connection, run: RunId, routes: &[RouteId]) -> Result<i64, LedgerError> {
    let sql = "
        SELECT count(*)
        FROM work JOIN route ON route.id = work.route_id AND route.paused = 0
             JOIN lead ON lead.id = work.lead_id
        WHERE work.route_id IN (SELECT value FROM json_each(:routes))
          AND ((lead.found_by <> 'webhook' AND lead.state IN ('pending', 'in_doubt')
                AND NOT EXISTS (SELECT 1 FROM finding
                                WHERE finding.lead_id = lead.id AND finding.run_id = :run))
               OR (lead.state IN ('done', 'skipped')
                   AND EXISTS (SELECT 1 FROM suspect
                               WHERE suspect.run_id = :run AND suspect.lead_id = lead.id)))";
    let routes = serde_json::to_string(routes).unwrap_or_default();
    let work: i64 =
        sql::one(conn, sql, named_params! { ":run": run.0, ":routes": routes }, |row| row.get(0))?;
    let sql = "
        SELECT count(*)
        FROM suspect JOIN lead ON lead.id = suspect.lead_id
             JOIN inbox ON inbox.route_id = lead.route_id AND inbox.contact = lead.contact
             JOIN route ON route.id = lead.route_id AND route.paused = 0
        WHERE suspect.run_id = ?1 AND suspect.changed = 1";
    let hinted: i64 = sql::one(conn, sql, [run.0], |row| row.get(0))?;
    Ok(work + hinted)
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
