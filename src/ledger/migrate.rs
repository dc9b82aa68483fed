//! Brings the schema of a ledger's file up to date.
//!
//! All missing steps run in one transaction: the file has the old schema or the new one. What was
//! there before is first copied beside it. Steps are added and never edited.

use std::{
    fs::OpenOptions,
    io,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use chrono::{DateTime, Utc};
use rand::RngCore;
use rusqlite::{Connection, TransactionBehavior};

use super::{LedgerError, lock::beside, meta};

/// The schema, step by step; a file's `user_version` is how many of them it has.
pub(super) const STEPS: &[&str] = &[
    include_str!("../../schema/0001_ledger.sql"),
    include_str!("../../schema/0002_sweeps.sql"),
    include_str!("../../schema/0003_drift.sql"),
    include_str!("../../schema/0004_alerts.sql"),
    include_str!("../../schema/0005_page.sql"),
];

/// Marks a file as a ledger: the bytes `pnte`.
const APPLICATION_ID: i64 = 0x706e_7465;

/// Brings `conn` up to all of `steps`; `before` is called first where that changes a ledger.
pub(super) fn migrate(
    conn: &mut Connection,
    path: &Path,
    steps: &[&str],
    (at, rng): (DateTime<Utc>, &mut impl RngCore),
    before: impl FnOnce(&Connection, i64) -> Result<(), LedgerError>,
) -> Result<(), LedgerError> {
    if version(conn, path, steps.len())? == steps.len() {
        return Ok(());
    }
    let found = version(conn, path, steps.len())?;
    if found > 0 {
        before(conn, found.try_into().unwrap_or(i64::MAX))?;
    }
    let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Another process may have been faster.
    let found = version(&tx, path, steps.len())?;
    for step in &steps[found..] {
        tx.execute_batch(step)?;
    }
    if found == 0 {
        meta::found(&tx, rng, at)?;
        tx.pragma_update(None, "application_id", APPLICATION_ID)?;
    }
    tx.pragma_update(None, "user_version", i64::try_from(steps.len()).unwrap_or(i64::MAX))?;
    Ok(tx.commit()?)
}

/// How many of the `known` steps the file has.
pub(super) fn version(conn: &Connection, path: &Path, known: usize) -> Result<usize, LedgerError> {
    let number = |pragma| conn.pragma_query_value(None, pragma, |row| row.get::<_, i64>(0));
    let (id, found) = (number("application_id")?, number("user_version")?);
    let is_empty = id == 0 && found == 0 && {
        let tables: i64 =
            conn.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
        tables == 0
    };
    if !is_empty && id != APPLICATION_ID {
        return Err(LedgerError::Foreign { path: path.to_owned() });
    }
    match usize::try_from(found) {
        Ok(found) if found <= known => Ok(found),
        _ => Err(LedgerError::Newer { found, known: i64::try_from(known).unwrap_or(i64::MAX) }),
    }
}

/// Copies the ledger to `<path>.before-<version>`, consistently, while others use it.
///
/// One that is there already stays: it is the older, and the true, state before.
pub(super) fn keep(conn: &Connection, path: &Path, version: i64) -> Result<(), LedgerError> {
    let copy = beside(path, &format!(".before-{version}"));
    if copy.exists() {
        return Ok(());
    }
    // The names too are on disk before the migration is: a copy that a loss of power takes back
    // under a ledger that stays would be none.
    super::copy::copy(conn, &copy)
}

/// Makes an empty file that only its owner can read; `SQLite` gives its companions the same mode.
///
/// Returns whether it was not there. It is never opened where it was: closing a second handle of
/// a database drops the locks on it.
pub(super) fn create_private(path: &Path) -> Result<bool, LedgerError> {
    match OpenOptions::new().create_new(true).write(true).mode(0o600).open(path) {
        Ok(_) => Ok(true),
        Err(source) if source.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(source) => Err(LedgerError::File { path: PathBuf::from(path), source }),
    }
}
