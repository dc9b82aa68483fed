//! Work that a command asks of the engine that holds the ledger, and its answer.

use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::{Connection, OptionalExtension, named_params};
use serde_json::Value;

use super::{LedgerError, Tx, sql, time::to_ms};

/// How long an answer is kept for whoever asked: it may name people.
const KEEP: TimeDelta = TimeDelta::minutes(10);

/// A job's row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JobId(pub i64);

/// A job that was taken.
#[derive(Debug, Clone)]
pub struct Job {
    /// Which.
    pub id: JobId,
    /// What is asked; see `engine::jobs::kind`.
    pub kind: String,
    /// With what.
    pub arguments: Value,
}

/// Puts a job in the queue, and forgets answers that nobody came for.
pub fn queue(
    tx: &Tx<'_>,
    kind: &str,
    arguments: &str,
    now: DateTime<Utc>,
) -> Result<JobId, LedgerError> {
    let sql = "DELETE FROM job WHERE state IN ('done', 'failed') AND finished_at < :old";
    tx.prepare_cached(sql)?.execute(named_params! { ":old": to_ms(now - KEEP) })?;
    let sql = "INSERT INTO job (kind, arguments, requested_at) VALUES (:kind, :arguments, :now)";
    tx.prepare_cached(sql)?
        .execute(named_params! { ":kind": kind, ":arguments": arguments, ":now": to_ms(now) })?;
    Ok(JobId(tx.last_insert_rowid()))
}

/// Whether any job waits.
pub fn is_queued(conn: &Connection) -> Result<bool, LedgerError> {
    let sql = "SELECT EXISTS (SELECT 1 FROM job WHERE state = 'queued')";
    Ok(conn.prepare_cached(sql)?.query_row([], |row| row.get(0))?)
}

/// Takes the oldest job that waits.
pub fn take(tx: &Tx<'_>, now: DateTime<Utc>) -> Result<Option<Job>, LedgerError> {
    let sql = "
        UPDATE job SET state = 'running', started_at = :now
        WHERE id = (SELECT min(id) FROM job WHERE state = 'queued')
        RETURNING id, kind, arguments";
    let row = tx
        .prepare_cached(sql)?
        .query_row(named_params! { ":now": to_ms(now) }, |row| {
            Ok((row.get("id")?, row.get("kind")?, row.get::<_, String>("arguments")?))
        })
        .optional()?;
    Ok(row.map(|(id, kind, arguments)| Job {
        id: JobId(id),
        kind,
        arguments: serde_json::from_str(&arguments).unwrap_or_default(),
    }))
}

/// Keeps a job's answer, for whoever asked.
pub fn finish(
    tx: &Tx<'_>,
    job: JobId,
    done: bool,
    answer: &str,
    now: DateTime<Utc>,
) -> Result<(), LedgerError> {
    sql::change_one(
        tx,
        "UPDATE job SET state = ?1, answer = ?2, finished_at = ?3 WHERE id = ?4",
        (if done { "done" } else { "failed" }, answer, to_ms(now), job.0),
    )
}

/// Puts back what an engine that died had taken: a job may be done twice, it only asks.
pub fn restart(tx: &Tx<'_>) -> Result<usize, LedgerError> {
    sql::execute(tx, "UPDATE job SET state = 'queued' WHERE state = 'running'", [])
}

/// Returns whether a job is done, and its answer; `None` while it is not finished.
pub fn answer(conn: &Connection, job: JobId) -> Result<Option<(bool, String)>, LedgerError> {
    sql::maybe(
        conn,
        "SELECT state = 'done', coalesce(answer, '{}') FROM job
         WHERE id = ?1 AND state IN ('done', 'failed')",
        [job.0],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )
}

/// Forgets a job whose answer was read.
pub fn forget(tx: &Tx<'_>, job: JobId) -> Result<(), LedgerError> {
    sql::change_one(tx, "DELETE FROM job WHERE id = ?1", [job.0])
}
