//! What the page shows beside the counts: why things wait for a person.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension, named_params};

use super::{LedgerError, time::from_ms};

/// Rows that are read to say why things wait for a person: the newest say enough.
const REASONS_OF: i64 = 1_000;
/// Reasons that are told.
const REASONS_MAX: i64 = 3;

/// When the newest delivery came.
pub fn last_delivery(conn: &Connection) -> Result<Option<DateTime<Utc>>, LedgerError> {
    let sql = "SELECT received_at FROM delivery ORDER BY id DESC LIMIT 1";
    let at: Option<i64> = conn.prepare_cached(sql)?.query_row([], |row| row.get(0)).optional()?;
    Ok(at.map(from_ms))
}

/// Why leads failed, the most frequent reasons first, and how many each.
pub fn failed_reasons(conn: &Connection) -> Result<Vec<(String, i64)>, LedgerError> {
    reasons(
        conn,
        "SELECT coalesce(reason, '') AS reason, count(*) AS rows FROM (
             SELECT reason FROM lead
             WHERE state = 'failed' AND state IN ('pending', 'in_doubt', 'failed')
             ORDER BY id DESC LIMIT :of)
         GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT :max",
    )
}

/// The same of quarantined deliveries.
pub fn quarantine_reasons(conn: &Connection) -> Result<Vec<(String, i64)>, LedgerError> {
    reasons(
        conn,
        "SELECT coalesce(reason, '') AS reason, count(*) AS rows FROM (
             SELECT reason FROM delivery INDEXED BY delivery_quarantined
             WHERE fate = 'quarantined' ORDER BY id DESC LIMIT :of)
         GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT :max",
    )
}

fn reasons(conn: &Connection, sql: &'static str) -> Result<Vec<(String, i64)>, LedgerError> {
    let arguments = named_params! { ":of": REASONS_OF, ":max": REASONS_MAX };
    let rows = conn
        .prepare_cached(sql)?
        .query_map(arguments, |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    Ok(rows)
}
