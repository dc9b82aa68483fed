//! Bytes that may hold personal data: bodies, observations, requests, answers.
//!
//! Appended, and blanked by an update; never indexed, never moved. The salted hash stays when both
//! salt and body are blanked, so that the row that points here can still be proved.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, named_params};

use super::{LedgerError, Tx, digest::Hash, meta, sql, time::to_ms};

/// What the bytes are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PayloadKind {
    /// The body of a delivery.
    Delivery,
    /// What AC showed of a contact.
    Observation,
    /// What was sent to Ploomes.
    Request,
    /// What came back.
    Answer,
}

sql::word_columns! {
    PayloadKind {
        Delivery = "delivery",
        Observation = "observation",
        Request = "request",
        Answer = "answer",
    }
}

/// A payload that was just stored.
pub(super) struct Stored {
    pub(super) id: i64,
    pub(super) hash: Hash,
}

/// The bytes, where they were not blanked.
pub fn body(conn: &Connection, id: i64) -> Result<Option<Vec<u8>>, LedgerError> {
    sql::one(conn, "SELECT body FROM payload WHERE id = ?1", [id], |row| row.get(0))
}

/// Blanks one payload.
pub(super) fn blank(tx: &Tx<'_>, id: i64) -> Result<(), LedgerError> {
    let sql = "UPDATE payload SET body = NULL, salt = NULL WHERE id = ?1 AND body IS NOT NULL";
    sql::execute(tx, sql, [id]).map(drop)
}

/// Under which the newest payload that was looked at stands in `meta`.
const BLANKED_TO: &str = "blanked_to";

/// Blanks the bodies of deliveries that came before `before`, `limit` payloads at a time; returns
/// whether there may be more. Counts, fates and hashes stay, and so do deliveries that wait.
pub fn blank_deliveries(
    tx: &Tx<'_>,
    before: DateTime<Utc>,
    limit: i64,
) -> Result<bool, LedgerError> {
    let from = meta::number(tx, BLANKED_TO)?.unwrap_or_default();
    let sql = "
        SELECT count(*), coalesce(max(id), :from) FROM (
            SELECT id FROM payload WHERE id > :from AND at < :before ORDER BY id LIMIT :limit)";
    let arguments = named_params! { ":from": from, ":before": to_ms(before), ":limit": limit };
    let (count, to): (i64, i64) =
        tx.prepare_cached(sql)?.query_row(arguments, |row| Ok((row.get(0)?, row.get(1)?)))?;
    let sql = "
        UPDATE payload SET body = NULL, salt = NULL
        WHERE id > :from AND id <= :to AND kind = 'delivery' AND body IS NOT NULL
          AND NOT EXISTS (SELECT 1 FROM delivery WHERE payload_id = payload.id AND fate = 'pending')";
    tx.prepare_cached(sql)?.execute(named_params! { ":from": from, ":to": to })?;
    meta::set(tx, BLANKED_TO, to)?;
    Ok(count == limit)
}
