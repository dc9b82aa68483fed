//! What people did on the admin page: who asked for what, and when.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, Row};

use super::{
    LedgerError, Subject, Tx,
    sql::{self, Millis},
};

/// Something that a person did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Action {
    /// Its row.
    pub id: i64,
    /// When.
    pub at: DateTime<Utc>,
    /// The address that the socket had.
    pub peer: String,
    /// What was done, a word such as `retry`.
    pub what: String,
    /// To what: the name of a lead or a route, a contact's id, a count.
    pub subject: String,
}

/// Keeps that somebody did something; `subject` names no person but by a contact's id.
pub fn record(
    tx: &Tx<'_>,
    peer: &str,
    what: &str,
    subject: &str,
    now: DateTime<Utc>,
) -> Result<(), LedgerError> {
    let id = sql::insert(
        tx,
        "INSERT INTO action (at, peer, what, subject) VALUES (?1, ?2, ?3, ?4)",
        (Millis(now), peer, what, subject),
    )?;
    tx.record(Subject::Action, id, what, now)
}

/// Returns what was done last, newest first.
pub fn recent(conn: &Connection, limit: u32) -> Result<Vec<Action>, LedgerError> {
    sql::all(
        conn,
        "SELECT id, at, peer, what, subject FROM action ORDER BY id DESC LIMIT ?1",
        [limit],
        from_row,
    )
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<Action> {
    Ok(Action {
        id: row.get("id")?,
        at: sql::time_of(row, "at")?,
        peer: row.get("peer")?,
        what: row.get("what")?,
        subject: row.get("subject")?,
    })
}
