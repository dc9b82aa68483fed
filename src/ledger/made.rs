//! Records made lately, by the identity keys of their lead.
//!
//! A search by e-mail or name may lag behind a create; asking for the id as well does not.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::{Connection, named_params};

use super::{LedgerError, Tx, time::to_ms};
use crate::domain::RecordId;

/// How long a row is of use.
const KEEP: TimeDelta = TimeDelta::hours(2);

/// Keeps that a record was made for a lead with these keys, and forgets what is old.
pub fn keep(
    tx: &Tx<'_>,
    keys: &BTreeSet<[u8; 32]>,
    record: RecordId,
    now: DateTime<Utc>,
) -> Result<(), LedgerError> {
    tx.prepare_cached("DELETE FROM made WHERE at < :old")?
        .execute(named_params! { ":old": to_ms(now - KEEP) })?;
    let sql = "INSERT OR REPLACE INTO made (key, record, at) VALUES (:key, :record, :now)";
    let mut statement = tx.prepare_cached(sql)?;
    for key in keys {
        statement
            .execute(named_params! { ":key": key, ":record": record.0, ":now": to_ms(now) })?;
    }
    Ok(())
}

/// Returns the records made since `since` for leads that share one of these keys.
pub fn since(
    conn: &Connection,
    keys: &BTreeSet<[u8; 32]>,
    since: DateTime<Utc>,
) -> Result<BTreeSet<RecordId>, LedgerError> {
    let sql = "SELECT record FROM made WHERE key = :key AND at >= :since";
    let mut statement = conn.prepare_cached(sql)?;
    let mut records = BTreeSet::new();
    for key in keys {
        let found = statement
            .query_map(named_params! { ":key": key, ":since": to_ms(since) }, |row| row.get(0))?;
        for record in found {
            records.insert(RecordId(record?));
        }
    }
    Ok(records)
}
