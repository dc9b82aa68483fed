//! Whether anything moves: numbers that change whenever work is found, done or given up.

use rusqlite::Connection;

use super::{LedgerError, history::Head, sql};

/// What a ledger that is worked on does not show twice for long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pulse {
    /// The newest row of the chain.
    seq: i64,
    /// Leads and hints that wait.
    waiting: i64,
}

/// Takes the pulse; costs the same on any ledger.
pub fn read(conn: &Connection) -> Result<Pulse, LedgerError> {
    let sql = "SELECT coalesce(sum(rows), 0) FROM tally WHERE subject = 'lane'";
    let waiting = sql::one(conn, sql, [], |row| row.get(0))?;
    // A delivery that is read is a row of the chain.
    Ok(Pulse { seq: Head::read(conn)?.seq, waiting })
}
