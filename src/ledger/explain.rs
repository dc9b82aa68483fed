//! Everything about one contact, in order: what came, what was decided and why, what was sent and
//! what came back.
//!
//! The only reader that hands out requests, answers and addresses: showing them is its purpose.

use std::fmt;

use chrono::{DateTime, Utc};
use rusqlite::{Connection, Row, named_params, types::ValueRef};
use serde_json::Value;

use super::{
    LedgerError, leads,
    leads::Listed,
    run::RunId,
    sql::{self, Millis},
};
use crate::domain::{ContactId, DeliveryId, Fate, Lane, RecordId};

/// Deliveries that are told; of more, the newest.
///
/// A person's story has a few. Whoever guesses a webhook's URL can name a contact a million times.
const DELIVERIES_MAX: i64 = 10_000;

/// All that the ledger has of a contact.
#[derive(Clone, PartialEq)]
pub struct Story {
    /// Whose it is.
    pub contact: ContactId,
    /// Its e-mail address, as AC showed it last; `None` where it was erased or never read.
    pub email: Option<String>,
    /// How often AC was seen to show something new of it.
    pub observations: i64,
    /// Deliveries that name it or belong to its leads, in order of arrival.
    pub deliveries: Vec<Delivered>,
    /// Older deliveries that are not among them.
    pub left_out: i64,
    /// Its leads, and those that its deliveries belong to, in the order in which they were found.
    pub leads: Vec<Told>,
    /// Routes on which it waits to be looked at.
    pub hints: Vec<Waits>,
    /// What runs found missing of it and nothing was made of, the newest first.
    pub missing: Vec<Missing>,
}

/// An enrollment that a reconciliation found without a lead, and that still has none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// Which run.
    pub run: RunId,
    /// On which route.
    pub route: String,
    /// When the contact entered.
    pub entered_at: Option<DateTime<Utc>>,
    /// When it was found.
    pub found_at: DateTime<Utc>,
}

/// A delivery and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivered {
    /// Its number, the receipt.
    pub id: DeliveryId,
    /// The route whose URL it came to.
    pub route: String,
    /// When it came.
    pub received_at: DateTime<Utc>,
    /// What became of it.
    pub fate: Fate,
    /// Why.
    pub reason: Option<String>,
    /// The name of its lead.
    pub lead: Option<String>,
}

/// A lead and all that was done for it.
#[derive(Clone, PartialEq)]
pub struct Told {
    /// The lead.
    pub lead: Listed,
    /// Its steps, in order.
    pub steps: Vec<Step>,
    /// What it waits for in the queue.
    pub waits: Option<Waits>,
}

/// A write, or the decision that none is needed.
#[derive(Clone, PartialEq)]
pub struct Step {
    /// `company`, `person`, `deal` or `note`.
    pub kind: String,
    /// `create`, `update`, `adopt` or `skip`.
    pub action: String,
    /// Why.
    pub reason: String,
    /// Where it stands: `sent`, `in_doubt`, `done`, `refused` or `lost`.
    pub state: String,
    /// What was sent; `None` where nothing was, or it was erased.
    pub request: Option<Value>,
    /// What came back, a text where it is no JSON; `None` where nothing did, or it was erased.
    pub answer: Option<Value>,
    /// The answer's HTTP status.
    pub status: Option<i64>,
    /// The record in Ploomes.
    pub record: Option<RecordId>,
    /// When it was sent or decided.
    pub at: Option<DateTime<Utc>>,
    /// When its answer came or was given up.
    pub ended_at: Option<DateTime<Utc>>,
    /// How often it was looked for in Ploomes.
    pub looks: i64,
}

/// A place in a queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waits {
    /// On which route.
    pub route: String,
    /// Its place in the order of work.
    pub lane: Lane,
    /// When it is its turn.
    pub due_at: DateTime<Utc>,
    /// How often it failed.
    pub attempts: i64,
    /// Why it waits.
    pub reason: Option<String>,
}

impl fmt::Debug for Story {
    /// Shows the id only: the rest is personal data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Story({})", self.contact)
    }
}

/// Reads the story of a contact; `None` where the ledger has nothing of it.
pub fn read(conn: &Connection, contact: ContactId) -> Result<Option<Story>, LedgerError> {
    let mut told = Vec::new();
    for (id, lead) in leads(conn, contact)? {
        let steps = sql::all(conn, STEPS, [id], step_from_row)?;
        let waits = sql::maybe(conn, WORK, [id], waits_from_row)?;
        told.push(Told { lead, steps, waits });
    }
    let count: i64 = sql::one(conn, DELIVERY_COUNT, [contact], |row| row.get(0))?;
    let arguments = named_params! { ":contact": contact, ":limit": DELIVERIES_MAX };
    let mut deliveries = sql::all(conn, DELIVERIES, arguments, delivered_from_row)?;
    deliveries.reverse();
    let story = Story {
        contact,
        email: email(conn, contact)?,
        observations: sql::one(conn, OBSERVATION_COUNT, [contact], |row| row.get(0))?,
        left_out: (count - DELIVERIES_MAX).max(0),
        deliveries,
        leads: told,
        hints: sql::all(conn, HINTS, [contact], waits_from_row)?,
        missing: sql::all(conn, MISSING, [contact], missing_from_row)?,
    };
    let is_empty = story.observations == 0
        && story.deliveries.is_empty()
        && story.leads.is_empty()
        && story.hints.is_empty()
        && story.missing.is_empty();
    Ok((!is_empty).then_some(story))
}

const STEPS: &str = "
    SELECT step.kind, action, reason, state, request.body AS request, answer.body AS answer,
           status, record, sent_at, ended_at, looks
    FROM step LEFT JOIN payload AS request ON request.id = request_id
              LEFT JOIN payload AS answer ON answer.id = answer_id
    WHERE lead_id = ?1
    ORDER BY step.id";

const WORK: &str = "
    SELECT route.name AS route, lane, due_at, attempts, reason
    FROM work JOIN route ON route.id = route_id
    WHERE lead_id = ?1";

const HINTS: &str = "
    SELECT route.name AS route, lane, due_at, attempts, reason
    FROM route JOIN inbox ON inbox.route_id = route.id AND inbox.contact = ?1
    ORDER BY route.id";

/// A nightly report finds the same people again: few are told.
const MISSING: &str = "
    SELECT run_id, route.name AS route, enrolled_at, found_at
    FROM finding CROSS JOIN route ON route.id = finding.route_id
    WHERE finding.contact = ?1 AND lead_id IS NULL
      AND NOT EXISTS (SELECT 1 FROM lead
                      WHERE lead.route_id = finding.route_id AND lead.contact = finding.contact
                        AND lead.enrollment IS finding.enrollment)
    ORDER BY finding.id DESC
    LIMIT 5";

const DELIVERIES: &str = "
    SELECT delivery.id, route.name AS route, received_at, fate, delivery.reason, lead.key AS lead
    FROM delivery CROSS JOIN route ON route.id = delivery.route_id
                  LEFT JOIN lead ON lead.id = lead_id
    WHERE delivery.id IN (SELECT id FROM delivery WHERE contact = :contact
                          UNION
                          SELECT delivery.id FROM lead CROSS JOIN delivery ON lead_id = lead.id
                          WHERE lead.contact = :contact)
    ORDER BY delivery.id DESC
    LIMIT :limit";

const DELIVERY_COUNT: &str = "
    SELECT count(*)
    FROM (SELECT id FROM delivery WHERE contact = ?1
          UNION
          SELECT delivery.id FROM lead CROSS JOIN delivery ON lead_id = lead.id
          WHERE lead.contact = ?1)";

const OBSERVATION_COUNT: &str = "SELECT count(*) FROM observation WHERE contact = ?1";

const OBSERVED: &str = "
    SELECT body
    FROM observation JOIN payload ON payload.id = payload_id
    WHERE contact = ?1 AND body IS NOT NULL
    ORDER BY observation.id DESC
    LIMIT 1";

const FOUND: &str = "
    SELECT body FROM found_contact JOIN payload ON payload.id = payload_id WHERE contact = ?1";

/// Its leads, and those that its deliveries belong to: a merge in AC may have moved them.
fn leads(conn: &Connection, contact: ContactId) -> Result<Vec<(i64, Listed)>, LedgerError> {
    let sql = format!(
        "SELECT lead.id, {}
         FROM lead CROSS JOIN route ON route.id = lead.route_id
         WHERE lead.id IN (SELECT id FROM lead WHERE contact = ?1
                           UNION
                           SELECT lead_id FROM delivery
                           WHERE contact = ?1 AND lead_id IS NOT NULL)
         ORDER BY lead.id",
        leads::COLUMNS
    );
    let rows = conn
        .prepare_cached(&sql)?
        .query_map([contact], |row| Ok((row.get("id")?, leads::from_row(row)?)))?
        .collect::<Result<_, _>>()?;
    Ok(rows)
}

/// The address in the newest observation that was not erased, else that of one who was found missing.
pub(super) fn email(conn: &Connection, contact: ContactId) -> Result<Option<String>, LedgerError> {
    for sql in [OBSERVED, FOUND] {
        let body = sql::maybe(conn, sql, [contact], |row| json(row.get_ref("body")?))?.flatten();
        let email = body.as_ref().and_then(|it| it.get("email")).and_then(Value::as_str);
        if let Some(email) = email.filter(|it| !it.is_empty()) {
            return Ok(Some(email.to_owned()));
        }
    }
    Ok(None)
}

fn delivered_from_row(row: &Row<'_>) -> rusqlite::Result<Delivered> {
    Ok(Delivered {
        id: row.get("id")?,
        route: row.get("route")?,
        received_at: sql::time_of(row, "received_at")?,
        fate: row.get("fate")?,
        reason: row.get("reason")?,
        lead: row.get("lead")?,
    })
}

fn missing_from_row(row: &Row<'_>) -> rusqlite::Result<Missing> {
    Ok(Missing {
        run: RunId(row.get("run_id")?),
        route: row.get("route")?,
        entered_at: sql::time(row, "enrolled_at")?,
        found_at: sql::time_of(row, "found_at")?,
    })
}

fn step_from_row(row: &Row<'_>) -> rusqlite::Result<Step> {
    Ok(Step {
        kind: row.get("kind")?,
        action: row.get("action")?,
        reason: row.get("reason")?,
        state: row.get("state")?,
        request: json(row.get_ref("request")?)?,
        answer: json(row.get_ref("answer")?)?,
        status: row.get("status")?,
        record: row.get("record")?,
        at: sql::time(row, "sent_at")?,
        ended_at: sql::time(row, "ended_at")?,
        looks: row.get("looks")?,
    })
}

fn waits_from_row(row: &Row<'_>) -> rusqlite::Result<Waits> {
    Ok(Waits {
        route: row.get("route")?,
        lane: row.get("lane")?,
        due_at: row.get::<_, Millis>("due_at")?.0,
        attempts: row.get("attempts")?,
        reason: row.get("reason")?,
    })
}

/// A body as JSON; as a text where it is none.
fn json(body: ValueRef<'_>) -> rusqlite::Result<Option<Value>> {
    let Some(bytes) = body.as_blob_or_null()? else { return Ok(None) };
    let value = serde_json::from_slice(bytes);
    Ok(Some(value.unwrap_or_else(|_| String::from_utf8_lossy(bytes).into_owned().into())))
}

#[cfg(test)]
mod tests;
