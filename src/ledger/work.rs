//! The queue of leads that wait to be brought to, or refreshed in, Ploomes.

use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::{Connection, OptionalExtension, Row, named_params};

use super::{
    LedgerError, Tx,
    time::{from_ms, to_ms},
};
use crate::domain::{Lane, LeadId, RouteId};

/// A lead that waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Work {
    /// Which.
    pub lead: LeadId,
    /// Its route.
    pub route: RouteId,
    /// Its place in the order of work.
    pub lane: Lane,
    /// When it is due.
    pub due_at: DateTime<Utc>,
    /// Grows whenever it is asked for again.
    pub generation: i64,
    /// How often it failed.
    pub attempts: u32,
    /// Its first attempt.
    pub first_attempt: Option<DateTime<Utc>>,
    /// Its last attempt.
    pub attempted_at: Option<DateTime<Utc>>,
    /// The part of the time since its first attempt in which nothing could have worked.
    pub lost: TimeDelta,
    /// A person asked for all that today's configuration says of it, not only for a change.
    pub replay: bool,
}

impl Work {
    /// A lead that was just asked for.
    pub const fn asked(lead: LeadId, route: RouteId, lane: Lane, now: DateTime<Utc>) -> Self {
        Self {
            lead,
            route,
            lane,
            due_at: now,
            generation: 1,
            attempts: 0,
            first_attempt: None,
            attempted_at: None,
            lost: TimeDelta::zero(),
            replay: false,
        }
    }
}

const COLUMNS: &str = "work.lead_id, work.route_id, work.lane, work.due_at, work.generation, \
                       work.attempts, work.first_attempt, work.attempted_at, work.lost_ms, \
                       work.replay";

/// Asks for a lead: a new row, or the row that waits becomes due, more urgent, a generation newer.
pub fn ask(
    tx: &Tx<'_>,
    lead: LeadId,
    route: RouteId,
    lane: Lane,
    due: DateTime<Utc>,
) -> Result<(), LedgerError> {
    let sql = "
        INSERT INTO work (lead_id, route_id, lane, due_at)
        VALUES (:lead, :route, :lane, :due)
        ON CONFLICT (lead_id) DO UPDATE SET
            lane = min(lane, excluded.lane),
            due_at = min(due_at, excluded.due_at),
            generation = generation + 1";
    tx.prepare_cached(sql)?.execute(named_params! {
        ":lead": lead.0,
        ":route": route.0,
        ":lane": lane.rank(),
        ":due": to_ms(due),
    })?;
    Ok(())
}

/// Asks for a lead that is settled to be planned by today's configuration, its deal included.
///
/// It stays asked for until its row is settled, whoever asks for it meanwhile.
pub fn ask_replay(
    tx: &Tx<'_>,
    lead: LeadId,
    route: RouteId,
    lane: Lane,
    due: DateTime<Utc>,
) -> Result<(), LedgerError> {
    ask(tx, lead, route, lane, due)?;
    let sql = "UPDATE work SET replay = 1 WHERE lead_id = :lead";
    tx.prepare_cached(sql)?.execute(named_params! { ":lead": lead.0 })?;
    Ok(())
}

/// Returns leads of a route that are due, the oldest first, those after `after` only.
pub fn due(
    conn: &Connection,
    route: RouteId,
    lane: Lane,
    now: DateTime<Utc>,
    after: Option<(DateTime<Utc>, LeadId)>,
    limit: u32,
) -> Result<Vec<Work>, LedgerError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM work
         WHERE route_id = :route AND lane = :lane AND due_at <= :now
           AND (due_at, lead_id) > (:after_due, :after_lead)
         ORDER BY due_at, lead_id
         LIMIT :limit"
    );
    let (after_due, after_lead) = after.map_or((i64::MIN, 0), |(due, lead)| (to_ms(due), lead.0));
    let rows = conn
        .prepare_cached(&sql)?
        .query_map(
            named_params! {
                ":route": route.0,
                ":lane": lane.rank(),
                ":now": to_ms(now),
                ":after_due": after_due,
                ":after_lead": after_lead,
                ":limit": limit,
            },
            from_row,
        )?
        .collect::<Result<_, _>>()?;
    Ok(rows)
}

/// Returns leads with a step in doubt that are due, on every route.
pub fn due_in_doubt(
    conn: &Connection,
    now: DateTime<Utc>,
    limit: u32,
) -> Result<Vec<Work>, LedgerError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM work
         WHERE lead_id IN (SELECT lead_id FROM step WHERE state IN ('sent', 'in_doubt'))
           AND due_at <= :now
         ORDER BY due_at, lead_id
         LIMIT :limit"
    );
    let rows = conn
        .prepare_cached(&sql)?
        .query_map(named_params! { ":now": to_ms(now), ":limit": limit }, from_row)?
        .collect::<Result<_, _>>()?;
    Ok(rows)
}

/// Returns the queue's row of a lead.
pub fn get(conn: &Connection, lead: LeadId) -> Result<Option<Work>, LedgerError> {
    let sql = format!("SELECT {COLUMNS} FROM work WHERE lead_id = :lead");
    Ok(conn
        .prepare_cached(&sql)?
        .query_row(named_params! { ":lead": lead.0 }, from_row)
        .optional()?)
}

/// Removes a row, unless the lead was asked for again meanwhile.
pub fn settle(tx: &Tx<'_>, work: &Work) -> Result<(), LedgerError> {
    let sql = "DELETE FROM work WHERE lead_id = :lead AND generation = :generation";
    tx.prepare_cached(sql)?
        .execute(named_params! { ":lead": work.lead.0, ":generation": work.generation })?;
    Ok(())
}

/// Takes a lead out of the queue.
pub fn remove(tx: &Tx<'_>, lead: LeadId) -> Result<(), LedgerError> {
    let sql = "DELETE FROM work WHERE lead_id = :lead";
    tx.prepare_cached(sql)?.execute(named_params! { ":lead": lead.0 })?;
    Ok(())
}

/// Puts a lead in the queue as if it had never been tried.
pub fn restart(
    tx: &Tx<'_>,
    lead: LeadId,
    route: RouteId,
    lane: Lane,
    due: DateTime<Utc>,
) -> Result<(), LedgerError> {
    ask(tx, lead, route, lane, due)?;
    let sql = "
        UPDATE work
        SET attempts = 0, first_attempt = NULL, attempted_at = NULL, lost_ms = 0, reason = NULL,
            due_at = :due
        WHERE lead_id = :lead";
    tx.prepare_cached(sql)?.execute(named_params! { ":due": to_ms(due), ":lead": lead.0 })?;
    Ok(())
}

/// Puts a lead off until `due` without calling it a failure.
pub fn postpone(
    tx: &Tx<'_>,
    lead: LeadId,
    due: DateTime<Utc>,
    reason: &str,
) -> Result<(), LedgerError> {
    let sql = "UPDATE work SET due_at = :due, reason = :reason WHERE lead_id = :lead";
    tx.prepare_cached(sql)?
        .execute(named_params! { ":due": to_ms(due), ":reason": reason, ":lead": lead.0 })?;
    Ok(())
}

/// Puts a lead off until a write of it is looked for, `due`; it is asked for where it no longer was: it
/// may have been settled while the write was on its way.
pub fn wait_for_look(
    tx: &Tx<'_>,
    (lead, route): (LeadId, RouteId),
    due: DateTime<Utc>,
) -> Result<(), LedgerError> {
    let sql = "
        INSERT INTO work (lead_id, route_id, lane, due_at, reason)
        VALUES (:lead, :route, :lane, :due, :reason)
        ON CONFLICT (lead_id) DO UPDATE SET due_at = excluded.due_at, reason = excluded.reason";
    tx.prepare_cached(sql)?.execute(named_params! {
        ":lead": lead.0,
        ":route": route.0,
        ":lane": Lane::Update.rank(),
        ":due": to_ms(due),
        ":reason": "waits for its look",
    })?;
    Ok(())
}

/// Puts a lead off until `due` after a failed attempt, unless it was asked for again meanwhile;
/// `lost` is time in which nothing could work.
pub fn failed(
    tx: &Tx<'_>,
    work: &Work,
    due: DateTime<Utc>,
    reason: &str,
    lost: TimeDelta,
    now: DateTime<Utc>,
) -> Result<(), LedgerError> {
    let sql = "
        UPDATE work
        SET due_at = CASE generation WHEN :generation THEN :due ELSE due_at END,
            reason = :reason, attempts = attempts + 1,
            first_attempt = coalesce(first_attempt, :now), attempted_at = :now,
            lost_ms = lost_ms + :lost
        WHERE lead_id = :lead";
    tx.prepare_cached(sql)?.execute(named_params! {
        ":due": to_ms(due),
        ":reason": reason,
        ":now": to_ms(now),
        ":lost": lost.num_milliseconds(),
        ":generation": work.generation,
        ":lead": work.lead.0,
    })?;
    Ok(())
}

/// The leads of one route and lane that wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Queue {
    /// Their route.
    pub route: RouteId,
    /// Their lane.
    pub lane: Lane,
    /// Whether one is due on a route that nobody paused.
    pub is_due: bool,
    /// When the next one is due after now, on a paused route too.
    pub next: Option<DateTime<Utc>>,
}

/// The queues of all routes as they are `now`.
pub fn queues(conn: &Connection, now: DateTime<Utc>) -> Result<Vec<Queue>, LedgerError> {
    let sql = "
        SELECT route.id, lanes.value,
               paused = 0 AND EXISTS (SELECT 1 FROM work WHERE route_id = route.id
                                      AND lane = lanes.value AND due_at <= :now),
               (SELECT min(due_at) FROM work
                WHERE route_id = route.id AND lane = lanes.value AND due_at > :now)
        FROM route, json_each('[0, 1, 2, 3]') AS lanes";
    let queue = |row: &Row<'_>| {
        Ok(Queue {
            route: RouteId(row.get(0)?),
            lane: Lane::from_rank(row.get(1)?).unwrap_or(Lane::Backfill),
            is_due: row.get(2)?,
            next: row.get::<_, Option<i64>>(3)?.map(from_ms),
        })
    };
    let queues = conn
        .prepare_cached(sql)?
        .query_map(named_params! { ":now": to_ms(now) }, queue)?
        .collect::<Result<_, _>>()?;
    Ok(queues)
}

/// Whether anything on these routes can be done now, or soon without a failure in between:
/// unread deliveries, hints that are due, leads that never failed.
pub fn is_busy(
    conn: &Connection,
    routes: &[RouteId],
    now: DateTime<Utc>,
) -> Result<bool, LedgerError> {
    let sql = "
        SELECT EXISTS (SELECT 1 FROM work JOIN route ON route.id = route_id
                       WHERE route_id = :route AND attempts = 0 AND paused = 0)
            OR EXISTS (SELECT 1 FROM inbox
                       WHERE route_id = :route AND attempts = 0 AND due_at <= :now)
            OR EXISTS (SELECT 1 FROM delivery
                       WHERE route_id = :route AND fate = 'pending' AND contact IS NULL)";
    let mut statement = conn.prepare_cached(sql)?;
    for route in routes {
        let arguments = named_params! { ":route": route.0, ":now": to_ms(now) };
        if statement.query_row(arguments, |row| row.get(0))? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<Work> {
    Ok(Work {
        lead: LeadId(row.get("lead_id")?),
        route: RouteId(row.get("route_id")?),
        lane: Lane::from_rank(row.get("lane")?).unwrap_or(Lane::Backfill),
        due_at: from_ms(row.get("due_at")?),
        generation: row.get("generation")?,
        attempts: row.get("attempts")?,
        first_attempt: row.get::<_, Option<i64>>("first_attempt")?.map(from_ms),
        attempted_at: row.get::<_, Option<i64>>("attempted_at")?.map(from_ms),
        lost: TimeDelta::milliseconds(row.get("lost_ms")?),
        replay: row.get("replay")?,
    })
}
