//! Hints: "look at this contact on this route". One row a contact and route, however many come.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension, Row, named_params};

use super::{
    LedgerError, Tx,
    time::{from_ms, to_ms},
};
use crate::domain::{ContactId, FoundBy, Lane, RouteId};

/// A hint as it waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hint {
    /// Where to look.
    pub route: RouteId,
    /// At whom.
    pub contact: ContactId,
    /// Its place in the order of work.
    pub lane: Lane,
    /// Who asked; a poll or reconciliation makes leads of enrollments without a delivery.
    pub source: FoundBy,
    /// Grows with each hint for the same contact.
    pub generation: i64,
    /// How often looking failed.
    pub attempts: u32,
}

/// Notes a hint: a new row, or the row that waits becomes due, more urgent, and a generation newer.
///
/// A poll's question outlives a webhook's: it asks for more.
pub fn note(
    tx: &Tx<'_>,
    route: RouteId,
    contact: ContactId,
    lane: Lane,
    source: FoundBy,
    due: DateTime<Utc>,
) -> Result<(), LedgerError> {
    let sql = "
        INSERT INTO inbox (route_id, contact, lane, source, due_at)
        VALUES (:route, :contact, :lane, :source, :due)
        ON CONFLICT (route_id, contact) DO UPDATE SET
            lane = min(lane, excluded.lane),
            source = CASE excluded.source WHEN 'webhook' THEN source ELSE excluded.source END,
            due_at = min(due_at, excluded.due_at),
            generation = generation + 1,
            attempts = 0";
    tx.prepare_cached(sql)?.execute(named_params! {
        ":route": route.0,
        ":contact": contact.0,
        ":lane": lane.rank(),
        ":source": source.as_str(),
        ":due": to_ms(due),
    })?;
    Ok(())
}

/// Returns hints of a lane and those below it that are due, the most urgent first.
pub fn due(
    conn: &Connection,
    from: Lane,
    now: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<Hint>, LedgerError> {
    let sql = "
        SELECT route_id, contact, lane, source, generation, attempts
        FROM inbox
        WHERE lane >= :from AND due_at <= :now
        ORDER BY lane, due_at, route_id, contact
        LIMIT :limit";
    let rows = conn
        .prepare_cached(sql)?
        .query_map(
            named_params! { ":from": from.rank(), ":now": to_ms(now), ":limit": limit },
            from_row,
        )?
        .collect::<Result<_, _>>()?;
    Ok(rows)
}

/// Returns when the next hint is due after `now`. A lane at a time: an import has a million hints.
pub fn next_due(
    conn: &Connection,
    now: DateTime<Utc>,
) -> Result<Option<DateTime<Utc>>, LedgerError> {
    let sql = "
        SELECT min(next) FROM (
            SELECT (SELECT min(due_at) FROM inbox
                    WHERE lane = lanes.value AND due_at > :now) AS next
            FROM json_each('[0, 1, 2, 3]') AS lanes)";
    let due: Option<i64> = conn
        .prepare_cached(sql)?
        .query_row(named_params! { ":now": to_ms(now) }, |row| row.get(0))?;
    Ok(due.map(from_ms))
}

/// Removes a hint, unless a newer one came in for the same contact.
pub fn settle(tx: &Tx<'_>, hint: &Hint) -> Result<(), LedgerError> {
    let sql = "
        DELETE FROM inbox
        WHERE route_id = :route AND contact = :contact AND generation = :generation";
    tx.prepare_cached(sql)?.execute(named_params! {
        ":route": hint.route.0,
        ":contact": hint.contact.0,
        ":generation": hint.generation,
    })?;
    Ok(())
}

/// Puts a hint off until `due`, unless a newer one came in for the same contact.
pub fn postpone(
    tx: &Tx<'_>,
    hint: &Hint,
    due: DateTime<Utc>,
    reason: &str,
    failed: Failed,
) -> Result<(), LedgerError> {
    let sql = "
        UPDATE inbox
        SET due_at = :due, reason = :reason, attempts = attempts + :failed
        WHERE route_id = :route AND contact = :contact AND generation = :generation";
    tx.prepare_cached(sql)?.execute(named_params! {
        ":due": to_ms(due),
        ":reason": reason,
        ":failed": i64::from(failed == Failed::Yes),
        ":route": hint.route.0,
        ":contact": hint.contact.0,
        ":generation": hint.generation,
    })?;
    Ok(())
}

/// Whether a postponement is a failure, after which the next wait is longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failed {
    /// It is.
    Yes,
    /// It only waits for its time.
    No,
}

/// Returns the hint for a contact on a route.
pub fn find(
    conn: &Connection,
    route: RouteId,
    contact: ContactId,
) -> Result<Option<Hint>, LedgerError> {
    let sql = "
        SELECT route_id, contact, lane, source, generation, attempts
        FROM inbox
        WHERE route_id = :route AND contact = :contact";
    Ok(conn
        .prepare_cached(sql)?
        .query_row(named_params! { ":route": route.0, ":contact": contact.0 }, from_row)
        .optional()?)
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<Hint> {
    Ok(Hint {
        route: RouteId(row.get("route_id")?),
        contact: ContactId(row.get("contact")?),
        lane: Lane::from_rank(row.get("lane")?).unwrap_or(Lane::Backfill),
        source: row.get::<_, String>("source")?.parse().unwrap_or(FoundBy::Webhook),
        generation: row.get("generation")?,
        attempts: row.get("attempts")?,
    })
}
