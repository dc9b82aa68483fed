//! The journal of writes: `sent` is committed before each request, what came of it after.
//!
//! A step at `sent` or `in_doubt` is the only dangerous state. While a lead has one, its identity
//! keys stand in `step_key`, so that nothing that shares one is planned, across a crash too.

mod written;

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension, Row, named_params};
use serde_json::{Map, Value};

pub use self::written::{LastWritten, deals_made_since, emails_given_since, last_written, written};
use super::{
    LedgerError, PayloadKind, Subject, Tx, lead, payload,
    step::{StepEvent, StepState},
    time::{ensure_one, from_ms, to_ms},
    work,
};
use crate::{
    domain::{Lane, LeadId, LeadState, RecordId, RouteId},
    planner::StepKind,
};

/// A step's row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct StepId(pub i64);

/// A write that is about to be sent.
pub struct Sending<'a> {
    /// For which lead.
    pub lead: LeadId,
    /// Which record.
    pub kind: StepKind,
    /// The record that is updated; `None` for a create.
    pub record: Option<RecordId>,
    /// Why.
    pub reason: &'a str,
    /// The body.
    pub request: &'a Map<String, Value>,
    /// Names of the properties and `FieldKey`s that it sets.
    pub fields: &'a [String],
    /// Keyed hashes of the lead's identity keys.
    pub keys: &'a BTreeSet<[u8; 32]>,
}

/// Commits a write as `sent`. The request must not leave before this is on disk.
///
/// [`LedgerError::Erased`] where the lead's person was erased since it was claimed.
pub fn send(tx: &Tx<'_>, sending: &Sending<'_>, now: DateTime<Utc>) -> Result<StepId, LedgerError> {
    if lead::is_erased(tx, sending.lead)? {
        return Err(LedgerError::Erased { lead: sending.lead.0 });
    }
    let body = serde_json::to_vec(sending.request).unwrap_or_default();
    let fields = serde_json::to_string(sending.fields).unwrap_or_default();
    let request = tx.put_payload(PayloadKind::Request, now, &body)?;
    let sql = "
        INSERT INTO step
            (lead_id, kind, action, reason, state, request_id, record, sent_at, fields)
        VALUES (:lead, :kind, :action, :reason, 'sent', :request, :record, :now, :fields)";
    tx.prepare_cached(sql)?.execute(named_params! {
        ":lead": sending.lead.0,
        ":kind": sending.kind.as_str(),
        ":action": if sending.record.is_some() { "update" } else { "create" },
        ":reason": sending.reason,
        ":request": request,
        ":record": sending.record.map(|it| it.0),
        ":now": to_ms(now),
        ":fields": fields,
    })?;
    let step = StepId(tx.last_insert_rowid());
    let sql = "INSERT OR IGNORE INTO step_key (key, lead_id) VALUES (:key, :lead)";
    let mut statement = tx.prepare_cached(sql)?;
    for key in sending.keys {
        statement.execute(named_params! { ":key": key, ":lead": sending.lead.0 })?;
    }
    tx.record(Subject::Step, step.0, "sent", now)?;
    Ok(step)
}

/// Keeps a decision that needs no request: a record that was there, or nothing to write.
pub fn decide(
    tx: &Tx<'_>,
    lead: LeadId,
    kind: StepKind,
    record: Option<RecordId>,
    reason: &str,
    now: DateTime<Utc>,
) -> Result<(), LedgerError> {
    if lead::is_erased(tx, lead)? {
        return Err(LedgerError::Erased { lead: lead.0 });
    }
    let action = if record.is_some() { "adopt" } else { "skip" };
    let sql = "
        SELECT action = :action AND reason = :reason AND record IS :record
        FROM step WHERE lead_id = :lead AND kind = :kind
        ORDER BY id DESC LIMIT 1";
    // Planning again after a failure decides the same again; it is said once.
    let said = tx
        .prepare_cached(sql)?
        .query_row(
            named_params! {
                ":action": action,
                ":reason": reason,
                ":record": record.map(|it| it.0),
                ":lead": lead.0,
                ":kind": kind.as_str(),
            },
            |row| row.get::<_, bool>(0),
        )
        .optional()?;
    if said == Some(true) {
        return Ok(());
    }
    let sql = "
        INSERT INTO step (lead_id, kind, action, reason, state, record, sent_at, ended_at)
        VALUES (:lead, :kind, :action, :reason, 'done', :record, :now, :now)";
    tx.prepare_cached(sql)?.execute(named_params! {
        ":lead": lead.0,
        ":kind": kind.as_str(),
        ":action": action,
        ":reason": reason,
        ":record": record.map(|it| it.0),
        ":now": to_ms(now),
    })?;
    tx.record(Subject::Step, tx.last_insert_rowid(), "done", now)
}

/// What came back for a step.
#[derive(Debug, Clone, Copy, Default)]
pub struct Answer<'a> {
    /// The HTTP status, where one came.
    pub status: Option<u16>,
    /// The body or the server's words, where any came.
    pub body: Option<&'a [u8]>,
}

/// Moves a step on after an event, and keeps the answer.
///
/// A settled step releases the lead's identity keys. Of somebody who was erased meanwhile only the
/// record's id is kept, and a step that was given up with them stays as it is.
pub fn advance(
    tx: &Tx<'_>,
    step: StepId,
    event: StepEvent,
    record: Option<RecordId>,
    answer: Answer<'_>,
    now: DateTime<Utc>,
) -> Result<(), LedgerError> {
    let sql = "SELECT state, lead_id, answer_id FROM step WHERE id = :id";
    let (word, lead, answered): (String, i64, Option<i64>) =
        tx.prepare_cached(sql)?.query_row(named_params! { ":id": step.0 }, |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })?;
    let is_erased = lead::is_erased(tx, LeadId(lead))?;
    let state = StepState::from_word(&word).ok_or(LedgerError::Inconsistent {
        table: "step",
        row: step.0,
        column: "state",
    })?;
    if is_erased && state.after(event).is_err() {
        return Ok(());
    }
    let state = state.after(event).map_err(|illegal| {
        tracing::error!(step.id = step.0, "{illegal}");
        LedgerError::Inconsistent { table: "step", row: step.0, column: "state" }
    })?;
    let body = match answer.body {
        Some(body) if !body.is_empty() && !is_erased => {
            // Nothing points to an older answer any more, so that `erase` would not find it.
            answered.map_or(Ok(()), |older| payload::blank(tx, older))?;
            Some(tx.put_payload(PayloadKind::Answer, now, body)?)
        }
        _ => None,
    };
    let sql = "
        UPDATE step
        SET state = :state, record = coalesce(:record, record), status = coalesce(:status, status),
            answer_id = coalesce(:answer, answer_id), ended_at = :now
        WHERE id = :id";
    let changed = tx.prepare_cached(sql)?.execute(named_params! {
        ":state": state.as_str(),
        ":record": record.map(|it| it.0),
        ":status": answer.status,
        ":answer": body,
        ":now": to_ms(now),
        ":id": step.0,
    })?;
    ensure_one(changed)?;
    if state != StepState::InDoubt {
        let sql = "DELETE FROM step_key WHERE lead_id = :lead";
        tx.prepare_cached(sql)?.execute(named_params! { ":lead": lead })?;
    }
    tx.record(Subject::Step, step.0, state.as_str(), now)
}

/// A write whose outcome is not known.
#[derive(Debug, Clone)]
pub struct OpenStep {
    /// Which.
    pub id: StepId,
    /// Which record it is about.
    pub kind: StepKind,
    /// The record that was to be updated; `None` for a create.
    pub record: Option<RecordId>,
    /// Where it stands.
    pub state: StepState,
    /// The body that was sent.
    pub request: Map<String, Value>,
    /// When it was sent.
    pub sent_at: DateTime<Utc>,
    /// How often it was looked for.
    pub looks: u32,
}

/// Returns the open step of a lead; there is at most one, as steps are made one by one.
pub fn open_of(conn: &Connection, lead: LeadId) -> Result<Option<OpenStep>, LedgerError> {
    let sql = "
        SELECT step.id, step.kind, action, state, record, sent_at, looks, body
        FROM step LEFT JOIN payload ON payload.id = request_id
        WHERE lead_id = :lead AND state IN ('sent', 'in_doubt')
        ORDER BY step.id
        LIMIT 1";
    Ok(conn
        .prepare_cached(sql)?
        .query_row(named_params! { ":lead": lead.0 }, open_from_row)
        .optional()?)
}

pub(super) fn open_from_row(row: &Row<'_>) -> rusqlite::Result<OpenStep> {
    let body: Option<Vec<u8>> = row.get("body")?;
    Ok(OpenStep {
        id: StepId(row.get("id")?),
        kind: StepKind::from_word(&row.get::<_, String>("kind")?).unwrap_or(StepKind::Note),
        record: row.get::<_, Option<i64>>("record")?.map(RecordId),
        state: StepState::from_word(&row.get::<_, String>("state")?).unwrap_or(StepState::InDoubt),
        request: body.and_then(|body| serde_json::from_slice(&body).ok()).unwrap_or_default(),
        sent_at: from_ms(row.get::<_, Option<i64>>("sent_at")?.unwrap_or_default()),
        looks: row.get("looks")?,
    })
}

/// Counts a look that showed nothing.
pub fn looked(tx: &Tx<'_>, step: StepId, now: DateTime<Utc>) -> Result<(), LedgerError> {
    let sql = "UPDATE step SET looks = looks + 1, ended_at = :now WHERE id = :id";
    let changed =
        tx.prepare_cached(sql)?.execute(named_params! { ":now": to_ms(now), ":id": step.0 })?;
    ensure_one(changed)?;
    tx.record(Subject::Step, step.0, "looked", now)
}

/// Notes that nobody knows whether a step that is `sent` happened; returns whether it is to be
/// looked for. A lead that was not brought in yet is `in_doubt` from now on; one that is only
/// refreshed stays what it is.
///
/// Only a created company, person or deal is. An update has absolute values and may be planned
/// again, and a note is at most once: both count as lost.
pub fn doubt(
    tx: &Tx<'_>,
    step: StepId,
    answer: Answer<'_>,
    reason: &str,
    now: DateTime<Utc>,
) -> Result<bool, LedgerError> {
    let sql = "SELECT lead_id, action = 'create' AND kind <> 'note' FROM step WHERE id = :id";
    let (lead, look): (i64, bool) = tx
        .prepare_cached(sql)?
        .query_row(named_params! { ":id": step.0 }, |row| Ok((row.get(0)?, row.get(1)?)))?;
    advance(tx, step, StepEvent::Doubt, None, answer, now)?;
    // Without its request nobody can look for it.
    let look = look && !lead::is_erased(tx, LeadId(lead))?;
    if look {
        let before = lead::get(tx, LeadId(lead))?.map(|it| it.state);
        if !matches!(before, Some(LeadState::Done | LeadState::Skipped)) {
            let standing = lead::Standing { reason: Some(reason), ..lead::Standing::default() };
            lead::set_state(tx, LeadId(lead), LeadState::InDoubt, &standing, now)?;
        }
    } else {
        advance(tx, step, StepEvent::ProveLost, None, Answer::default(), now)?;
    }
    Ok(look)
}

/// All open steps. Without an order: `SQLite` would rather walk every step by id than sort the few
/// of the partial index.
const OPEN: &str = "
    SELECT step.id, lead_id, route_id, step.state
    FROM step CROSS JOIN lead ON lead.id = lead_id
    WHERE step.state IN ('sent', 'in_doubt')";

/// Settles what a crash left at `sent`, and asks for the leads of everything that is in doubt.
/// Returns how many there were.
pub fn doubt_after_crash(tx: &Tx<'_>, now: DateTime<Utc>) -> Result<usize, LedgerError> {
    let mut open: Vec<(i64, i64, i64, String)> = tx
        .prepare_cached(OPEN)?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?
        .collect::<Result<_, _>>()?;
    open.sort_unstable();
    for (step, lead, route, state) in &open {
        if state == StepState::Sent.as_str() {
            let reason = "stopped while a write was on its way";
            doubt(tx, StepId(*step), Answer::default(), reason, now)?;
        }
        if !lead::is_erased(tx, LeadId(*lead))? {
            work::ask(tx, LeadId(*lead), RouteId(*route), Lane::Fresh, now)?;
        }
    }
    Ok(open.len())
}

/// Whether another lead with an open step holds one of these keys.
pub fn is_held(
    conn: &Connection,
    keys: &BTreeSet<[u8; 32]>,
    lead: LeadId,
) -> Result<bool, LedgerError> {
    let sql = "SELECT 1 FROM step_key WHERE key = :key AND lead_id <> :lead";
    let mut statement = conn.prepare_cached(sql)?;
    for key in keys {
        if statement.exists(named_params! { ":key": key, ":lead": lead.0 })? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The identity keys that a lead's open step holds.
pub fn keys_of(conn: &Connection, lead: LeadId) -> Result<BTreeSet<[u8; 32]>, LedgerError> {
    let sql = "SELECT key FROM step_key WHERE lead_id = :lead";
    let keys = conn
        .prepare_cached(sql)?
        .query_map(named_params! { ":lead": lead.0 }, |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    Ok(keys)
}

/// Whether the lead's note was written, or may have been.
pub fn is_noted(conn: &Connection, lead: LeadId) -> Result<bool, LedgerError> {
    let sql = "
        SELECT EXISTS (
            SELECT 1 FROM step
            WHERE lead_id = :lead AND kind = 'note' AND action = 'create' AND state <> 'refused')";
    Ok(conn.prepare_cached(sql)?.query_row(named_params! { ":lead": lead.0 }, |row| row.get(0))?)
}
#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::sample;

    #[tokio::test]
    async fn what_a_crash_left_is_found_without_a_walk_over_all_steps() {
        let ledger = sample::small().await;
        ledger
            .read(|conn| {
                sample::assert_is_short(conn, OPEN);
                Ok(())
            })
            .await
            .unwrap();
    }
}
