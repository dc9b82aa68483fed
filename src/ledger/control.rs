//! Contacts in Ploomes that are known to exist: an answer to a search that does not show the one
//! it was also asked for is no answer.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, named_params};

use super::{LedgerError, Tx, time::to_ms};
use crate::domain::RecordId;

/// Rows that are kept: a few, so that one that people delete does not matter.
const KEEP: i64 = 16;

/// Returns the records seen last, newest first.
pub fn recent(conn: &Connection, limit: i64) -> Result<Vec<RecordId>, LedgerError> {
    let sql = "SELECT record FROM control ORDER BY seen_at DESC, record DESC LIMIT :limit";
    let rows = conn
        .prepare_cached(sql)?
        .query_map(named_params! { ":limit": limit }, |row| row.get(0).map(RecordId))?
        .collect::<Result<_, _>>()?;
    Ok(rows)
}

/// Keeps that a record exists, and forgets what was seen long before others.
pub fn remember(tx: &Tx<'_>, record: RecordId, now: DateTime<Utc>) -> Result<(), LedgerError> {
    let sql = "
        INSERT INTO control (record, seen_at) VALUES (:record, :now)
        ON CONFLICT (record) DO UPDATE SET seen_at = max(seen_at, excluded.seen_at)";
    tx.prepare_cached(sql)?.execute(named_params! { ":record": record.0, ":now": to_ms(now) })?;
    let sql = "
        DELETE FROM control WHERE record NOT IN (
            SELECT record FROM control ORDER BY seen_at DESC, record DESC LIMIT :keep)";
    tx.prepare_cached(sql)?.execute(named_params! { ":keep": KEEP })?;
    Ok(())
}

/// Forgets a record: a search that asked for it did not show it.
pub fn forget(tx: &Tx<'_>, record: RecordId) -> Result<(), LedgerError> {
    let sql = "DELETE FROM control WHERE record = :record";
    tx.prepare_cached(sql)?.execute(named_params! { ":record": record.0 })?;
    Ok(())
}
