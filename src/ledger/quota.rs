//! When requests were sent to Ploomes, so that a restart cannot exceed the limit.

use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::Connection;

use super::{
    LedgerError, Tx, sql,
    time::{from_ms, to_ms},
};

/// How long a time is kept: the window is a minute, and clocks are stepped.
const KEEP: TimeDelta = TimeDelta::minutes(3);

/// Keeps the time of a request that is about to be sent, and forgets what is old.
pub fn record(tx: &Tx<'_>, at: DateTime<Utc>) -> Result<(), LedgerError> {
    sql::execute(tx, "INSERT INTO request_time (at) VALUES (?1)", [to_ms(at)])?;
    // By id, so that a clock that was stepped neither keeps a row for ever nor drops a fresh one
    // that stands behind it.
    sql::execute(
        tx,
        "DELETE FROM request_time
         WHERE id <= (SELECT max(id) FROM request_time) - 1000
            OR (at < ?1 AND id < (SELECT max(id) FROM request_time))",
        [to_ms(at - KEEP)],
    )?;
    Ok(())
}

/// Returns the times that are kept, oldest first.
pub fn times(conn: &Connection) -> Result<Vec<DateTime<Utc>>, LedgerError> {
    sql::all(conn, "SELECT at FROM request_time ORDER BY id", [], |row| row.get(0).map(from_ms))
}
