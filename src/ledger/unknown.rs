//! Requests to webhook URLs that nobody configured: a changed token loses webhooks.

use chrono::{DateTime, Utc};
use rusqlite::Connection;

use super::{LedgerError, Tx, sql, time::to_ms};

/// Hours that are kept.
const KEEP_HOURS: i64 = 24 * 90;

/// Adds `hits` to the hour of `at`.
pub fn count(tx: &Tx<'_>, hits: u64, at: DateTime<Utc>) -> Result<(), LedgerError> {
    let hour = to_ms(at).div_euclid(3_600_000);
    sql::execute(
        tx,
        "INSERT INTO unknown_token (hour, hits) VALUES (?1, ?2)
         ON CONFLICT (hour) DO UPDATE SET hits = hits + excluded.hits",
        (hour, i64::try_from(hits).unwrap_or(i64::MAX)),
    )?;
    sql::execute(tx, "DELETE FROM unknown_token WHERE hour < ?1", [hour - KEEP_HOURS])?;
    Ok(())
}

/// Returns how many there were since the hour of `since`.
pub fn since(conn: &Connection, since: DateTime<Utc>) -> Result<i64, LedgerError> {
    let hour = to_ms(since).div_euclid(3_600_000);
    sql::one(
        conn,
        "SELECT coalesce(sum(hits), 0) FROM unknown_token WHERE hour >= ?1",
        [hour],
        |row| row.get(0),
    )
}
