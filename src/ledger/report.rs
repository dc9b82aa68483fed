//! A reconciliation as it is shown: what it counted and found, and what became of that since.
//!
//! Counts are those of the run's end and stay; leads, records and addresses are as they are now.
//! The addresses of contacts are handed out: the report's purpose is that somebody looks at them.

mod days;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use rusqlite::{Connection, Row, named_params};
use serde::Deserialize;
use serde_json::Value;

use super::{
    Hash, LedgerError, explain,
    history::Head,
    lead,
    run::{Outcome, RunId},
    sql::{self, Millis},
};
use crate::domain::{ContactId, EnrollmentId, FoundBy, LeadState, RecordId};

pub use days::{DAYS_MAX, Day, days};

/// A reconciliation.
#[derive(Debug, Clone, PartialEq)]
pub struct RunReport {
    /// Which.
    pub id: RunId,
    /// `report` or `repair`.
    pub mode: String,
    /// Whether it read everything; a run that goes on, or was cut off, did not.
    pub outcome: Outcome,
    /// Why it is partial.
    pub reason: Option<String>,
    /// Its start.
    pub started: DateTime<Utc>,
    /// Its end; `None` while it goes on.
    pub finished: Option<DateTime<Utc>>,
    /// What it counted.
    pub detail: Detail,
    /// What it found missing, in the order in which it did.
    pub missed: Vec<Missed>,
    /// What polls found without a webhook since the last complete run began, in that order.
    pub found_by_poll: Vec<Missed>,
    /// Webhooks and missed leads by day, up to the end of the run; days with neither are left out.
    pub days: Vec<Day>,
    /// The end of the chain, now.
    pub head: Hash,
}

/// What a run counted, as it wrote it down.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(default)]
pub struct Detail {
    /// By route, in the order of the configuration.
    pub routes: Vec<RouteCounts>,
    /// AC's own counts beside what was read.
    pub witness: Vec<Witness>,
    /// Records that no longer are what was written: `lead`, `record`, `id`, `kind`.
    pub drift: Vec<Value>,
    /// Contacts that were read.
    pub contacts: i64,
    /// Leads that still waited at its end beside what it found missing: found by earlier runs and
    /// polls, or out of date.
    pub left: i64,
    /// More was missing than a run may repair, so nothing was.
    pub over_max_repairs: bool,
}

/// The classes of a route's enrollments; the contract says what each means.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "the contract's words, in its order")]
pub struct RouteCounts {
    pub route: String,
    pub expected: i64,
    pub received: i64,
    pub without_webhook: i64,
    pub waiting: i64,
    pub missed: i64,
    pub recovered: i64,
    pub stale: i64,
    pub excluded: i64,
    pub failed: i64,
    pub gone: i64,
}

/// What AC counts of an automation beside what was read of it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default)]
pub struct Witness {
    /// The route.
    pub route: String,
    /// How many AC says ever entered.
    pub automation_entered: i64,
    /// How many entries were read.
    pub enrollments_read: i64,
}

/// A lead that should have had a webhook and had none when it was found.
#[derive(Clone, PartialEq, Eq)]
pub struct Missed {
    /// The name of its route.
    pub route: String,
    /// Its contact, as AC has it now.
    pub contact: ContactId,
    /// The contact's address as AC showed it last; `None` where it was erased or never read.
    pub email: Option<String>,
    /// Its enrollment, where the route has an automation.
    pub enrollment: Option<EnrollmentId>,
    /// When the contact entered.
    pub enrolled_at: Option<DateTime<Utc>>,
    /// When it was found.
    pub found_at: DateTime<Utc>,
    /// Who found it.
    pub found_by: FoundBy,
    /// The name that it has, or would have as a lead.
    pub lead: String,
    /// Where the lead stands; `None` where nothing was made of it yet.
    pub state: Option<LeadState>,
    /// Why it stands there.
    pub reason: Option<String>,
    /// When it first was settled: done, skipped or erased.
    pub recovered_at: Option<DateTime<Utc>>,
    /// When its first webhook came after all.
    pub webhook_at: Option<DateTime<Utc>>,
    /// Its company in Ploomes.
    pub company: Option<RecordId>,
    /// Its person in Ploomes.
    pub person: Option<RecordId>,
    /// Its deal in Ploomes.
    pub deal: Option<RecordId>,
}

impl fmt::Debug for Missed {
    /// Shows the lead only: the rest is personal data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Missed({})", self.lead)
    }
}

/// Reads a reconciliation: that one, else the newest that ended. Days are those of `zone`.
pub fn read(
    conn: &Connection,
    run: Option<RunId>,
    zone: Tz,
) -> Result<Option<RunReport>, LedgerError> {
    let found = match run {
        Some(run) => sql::maybe(conn, RUN, [run.0], from_row)?,
        None => sql::maybe(conn, NEWEST, [], from_row)?,
    };
    let Some((mut report, detail)) = found else { return Ok(None) };
    if let Some(detail) = detail {
        let row = report.id.0;
        report.detail = serde_json::from_str(&detail).map_err(|_| LedgerError::Inconsistent {
            table: "run",
            row,
            column: "detail",
        })?;
    }
    report.missed = missed(conn, report.id)?;
    report.found_by_poll = found_by_poll(conn, &report)?;
    let end = report.finished.unwrap_or(report.started);
    report.days = days(conn, end, zone, DAYS_MAX)?;
    report.head = Head::read(conn)?.hash;
    Ok(Some(report))
}

/// The columns of [`from_row`].
const RUN: &str = "
    SELECT id, coalesce(mode, 'report') AS mode, started_at, finished_at, outcome, reason, detail
    FROM run
    WHERE kind = 'reconcile' AND id = ?1";

const NEWEST: &str = "
    SELECT id, coalesce(mode, 'report') AS mode, started_at, finished_at, outcome, reason, detail
    FROM run
    WHERE kind = 'reconcile' AND finished_at IS NOT NULL AND outcome IS NOT NULL
    ORDER BY id DESC
    LIMIT 1";

fn from_row(row: &Row<'_>) -> rusqlite::Result<(RunReport, Option<String>)> {
    let report = RunReport {
        id: RunId(row.get("id")?),
        mode: row.get("mode")?,
        outcome: row.get::<_, Option<Outcome>>("outcome")?.unwrap_or(Outcome::Partial),
        reason: row.get("reason")?,
        started: sql::time_of(row, "started_at")?,
        finished: sql::time(row, "finished_at")?,
        detail: Detail::default(),
        missed: Vec::new(),
        found_by_poll: Vec::new(),
        days: Vec::new(),
        head: Hash::default(),
    };
    Ok((report, row.get("detail")?))
}

/// A finding is tied to its lead while its run waits for it. One that a later run, a poll or a late
/// webhook brought in is recognised here, in the way in which leads are told apart.
const MISSED: &str = "
    SELECT route.name AS route, lead.key, lead.state, lead.reason,
           lead.company, lead.person, lead.deal,
           coalesce(lead.contact, finding.contact) AS contact,
           coalesce(lead.enrollment, finding.enrollment) AS enrollment,
           finding.enrolled_at, finding.found_at, 'reconcile' AS found_by,
           (SELECT min(at) FROM history
            WHERE subject = 'lead' AND subject_id = lead.id
              AND event IN ('done', 'skipped', 'erased')) AS recovered_at,
           (SELECT min(received_at) FROM delivery WHERE lead_id = lead.id) AS webhook_at
    FROM finding CROSS JOIN route ON route.id = finding.route_id
         LEFT JOIN lead ON lead.id = coalesce(
             finding.lead_id,
             (SELECT id FROM lead AS made
              WHERE made.route_id = finding.route_id AND made.enrollment = finding.enrollment),
             (SELECT id FROM lead AS made
              WHERE made.route_id = finding.route_id AND made.contact = finding.contact
                AND made.enrollment IS NULL AND finding.enrollment IS NULL))
    WHERE finding.run_id = ?1
    ORDER BY finding.id";

fn missed(conn: &Connection, run: RunId) -> Result<Vec<Missed>, LedgerError> {
    let rows = sql::all(conn, MISSED, [run.0], missed_from_row)?;
    rows.into_iter().map(|row| with_email(conn, row)).collect()
}

/// When the last complete run before this one began in which the route was looked at: a run of one
/// route says nothing about the others.
const SINCE: &str = "
    SELECT route.name AS route,
           (SELECT run.started_at FROM run
            WHERE kind = 'reconcile' AND outcome = 'complete' AND run.id < :run
              AND EXISTS (SELECT 1 FROM json_each(run.detail, '$.routes')
                          WHERE json_extract(value, '$.route') = route.name)
            ORDER BY run.id DESC
            LIMIT 1) AS since
    FROM route
    WHERE NOT EXISTS (SELECT 1 FROM json_each(:routes))
       OR route.name IN (SELECT value FROM json_each(:routes))
    ORDER BY route.id";

const FOUND_BY_POLL: &str = "
    SELECT route.name AS route, lead.key, lead.state, lead.reason,
           lead.company, lead.person, lead.deal, lead.contact, lead.enrollment,
           lead.entered_at AS enrolled_at, lead.found_at, lead.found_by,
           (SELECT min(at) FROM history
            WHERE subject = 'lead' AND subject_id = lead.id
              AND event IN ('done', 'skipped', 'erased')) AS recovered_at,
           (SELECT min(received_at) FROM delivery WHERE lead_id = lead.id) AS webhook_at
    FROM lead INDEXED BY lead_found CROSS JOIN route ON route.id = lead.route_id
    WHERE lead.found_by <> 'webhook' AND lead.found_by = 'poll'
      AND lead.found_at BETWEEN :since AND :until
    ORDER BY lead.id";

fn found_by_poll(conn: &Connection, report: &RunReport) -> Result<Vec<Missed>, LedgerError> {
    let routes: Vec<&str> = report.detail.routes.iter().map(|it| it.route.as_str()).collect();
    let routes = Value::from(routes).to_string();
    let arguments = named_params! { ":run": report.id.0, ":routes": routes };
    let since: BTreeMap<String, DateTime<Utc>> = sql::all(conn, SINCE, arguments, |row| {
        Ok((row.get("route")?, sql::time(row, "since")?.unwrap_or(DateTime::UNIX_EPOCH)))
    })?
    .into_iter()
    .collect();
    let Some(earliest) = since.values().min() else { return Ok(Vec::new()) };
    let until = report.finished.map_or(i64::MAX, |at| at.timestamp_millis());
    let arguments = named_params! { ":since": Millis(*earliest), ":until": until };
    // A lead that this run found missing, and a poll made before the run could, is told once.
    let told: BTreeSet<&str> = report.missed.iter().map(|it| it.lead.as_str()).collect();
    sql::all(conn, FOUND_BY_POLL, arguments, missed_from_row)?
        .into_iter()
        .filter(|it| since.get(&it.route).is_some_and(|since| it.found_at >= *since))
        .filter(|it| !told.contains(it.lead.as_str()))
        .map(|it| with_email(conn, it))
        .collect()
}

fn missed_from_row(row: &Row<'_>) -> rusqlite::Result<Missed> {
    let route: String = row.get("route")?;
    let (contact, enrollment) = (row.get("contact")?, row.get("enrollment")?);
    let key: Option<String> = row.get("key")?;
    Ok(Missed {
        lead: key.unwrap_or_else(|| lead::key_of(&route, contact, enrollment)),
        route,
        contact,
        email: None,
        enrollment,
        enrolled_at: sql::time(row, "enrolled_at")?,
        found_at: sql::time_of(row, "found_at")?,
        found_by: row.get("found_by")?,
        state: row.get("state")?,
        reason: row.get("reason")?,
        recovered_at: sql::time(row, "recovered_at")?,
        webhook_at: sql::time(row, "webhook_at")?,
        company: row.get("company")?,
        person: row.get("person")?,
        deal: row.get("deal")?,
    })
}

fn with_email(conn: &Connection, mut row: Missed) -> Result<Missed, LedgerError> {
    row.email = explain::email(conn, row.contact)?;
    Ok(row)
}

/// How far the reconciliation that runs has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Which it is.
    pub run: RunId,
    /// Contacts that were read.
    pub contacts: i64,
    /// Leads that it found missing.
    pub found: i64,
    /// Those of them that still have to be brought in.
    pub open: i64,
}

/// Says how far the newest reconciliation that did not finish has come.
pub fn progress(conn: &Connection) -> Result<Option<Progress>, LedgerError> {
    let sql = "
        SELECT sweep.run_id,
               coalesce(json_extract(counts, '$.contacts'), 0) AS contacts,
               count(finding.id) AS found,
               count(CASE WHEN finding.id IS NOT NULL
                           AND coalesce(lead.state, 'pending') IN ('pending', 'in_doubt')
                          THEN 1 END) AS open
        FROM (SELECT run_id, counts FROM sweep ORDER BY run_id DESC LIMIT 1) AS sweep
             LEFT JOIN finding ON finding.run_id = sweep.run_id
             LEFT JOIN lead ON lead.id = finding.lead_id
        GROUP BY sweep.run_id";
    sql::maybe(conn, sql, [], |row| {
        Ok(Progress {
            run: RunId(row.get("run_id")?),
            contacts: row.get("contacts")?,
            found: row.get("found")?,
            open: row.get("open")?,
        })
    })
}

#[cfg(test)]
mod tests;
