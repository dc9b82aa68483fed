//! Work that a command asks of the engine that holds the ledger, and its answer.

use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::{Connection, OptionalExtension, named_params};
use serde_json::{Value, json};

use super::{LedgerError, Tx, sql, time::to_ms};

/// How long an answer is kept for whoever asked: it may name people.
const KEEP: TimeDelta = TimeDelta::minutes(10);

/// Names of jobs.
pub mod kind {
    /// One poll now.
    pub const POLL: &str = "poll";
    /// One reconciliation now: `{"route", "mode", "all", "wait_s"}`; the answer names the run.
    pub const RECONCILE: &str = "reconcile";
    /// What today's configuration would do with the leads of a time: `{"since", "until", "route",
    /// "apply"}`.
    pub const REPLAY: &str = "replay";
    /// What would be done for a contact: `{"contact"}` or `{"email"}`, `"route"`, and as `"draft"` a
    /// route that is not saved yet, with the keys of the configuration.
    pub const PLAN: &str = "plan";
    /// The configuration against both accounts.
    pub const CHECK: &str = "check";
    /// What a map can name: `{"side"}`, `activecampaign`, `ploomes`, or `both` with all else that the
    /// form of a route offers.
    pub const FIELDS: &str = "fields";
    /// The custom field that carries lead keys, made where there is none: `{"key", "made"}`.
    pub const LEAD_KEY_FIELD: &str = "lead_key_field";
    /// What waits for a person, put back into the queue: `{"what"}`, `failed` or `quarantined`; the
    /// answer counts it.
    pub const RETRY: &str = "retry";
    /// Something in the ledger changed: look now.
    pub const WAKE: &str = "wake";
}

/// A job's row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JobId(pub i64);

/// A job that was taken.
#[derive(Debug, Clone)]
pub struct Job {
    /// Which.
    pub id: JobId,
    /// What is asked; see [`kind`].
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
    purge(tx, now)?;
    let sql = "INSERT INTO job (kind, arguments, requested_at) VALUES (:kind, :arguments, :now)";
    tx.prepare_cached(sql)?
        .execute(named_params! { ":kind": kind, ":arguments": arguments, ":now": to_ms(now) })?;
    Ok(JobId(tx.last_insert_rowid()))
}

/// Blanks what a job asked and was answered: it may name people. An update that makes a row shorter
/// leaves no copy, as a row that is deleted may.
pub(super) fn blank(tx: &Tx<'_>, job: JobId) -> Result<(), LedgerError> {
    sql::execute(tx, "UPDATE job SET arguments = '{}', answer = NULL WHERE id = ?1", [job.0])
        .map(drop)
}

/// Forgets answers that nobody came for in time.
pub fn purge(tx: &Tx<'_>, now: DateTime<Utc>) -> Result<usize, LedgerError> {
    sql::execute(
        tx,
        "UPDATE job SET arguments = '{}', answer = NULL
         WHERE state IN ('done', 'failed') AND finished_at < ?1",
        [to_ms(now - KEEP)],
    )?;
    sql::execute(
        tx,
        "DELETE FROM job WHERE state IN ('done', 'failed') AND finished_at < ?1",
        [to_ms(now - KEEP)],
    )
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

/// Keeps a job's answer, for whoever asked; who does not want it any more has withdrawn the job.
pub fn finish(
    tx: &Tx<'_>,
    job: JobId,
    done: bool,
    answer: &str,
    now: DateTime<Utc>,
) -> Result<(), LedgerError> {
    sql::execute(
        tx,
        "UPDATE job SET state = ?1, answer = ?2, finished_at = ?3 WHERE id = ?4",
        (if done { "done" } else { "failed" }, answer, to_ms(now), job.0),
    )
    .map(drop)
}

/// Ends what an engine that stopped had taken: one that ended with the job would end with it again.
/// Returns how many there were.
pub fn end_unfinished(tx: &Tx<'_>, now: DateTime<Utc>) -> Result<usize, LedgerError> {
    let answer = json!({ "error": "the engine stopped while it was at it" }).to_string();
    sql::execute(
        tx,
        "UPDATE job SET state = 'failed', answer = ?1, finished_at = ?2 WHERE state = 'running'",
        (answer, to_ms(now)),
    )
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

/// A job as somebody who waits for it sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    /// What was asked.
    pub kind: String,
    /// With what.
    pub arguments: Value,
    /// When.
    pub requested_at: DateTime<Utc>,
    /// Whether it is done, and the answer; `None` while it is not finished.
    pub answer: Option<(bool, Value)>,
}

/// Looks at a job; `None` where it is forgotten.
pub fn look(conn: &Connection, job: JobId) -> Result<Option<Seen>, LedgerError> {
    sql::maybe(
        conn,
        "SELECT kind, arguments, requested_at, state, coalesce(answer, '{}') AS answer
         FROM job WHERE id = ?1",
        [job.0],
        |row| {
            let json = |text: String| serde_json::from_str(&text).unwrap_or_default();
            let state: String = row.get("state")?;
            let is_finished = state == "done" || state == "failed";
            let answer = (state == "done", json(row.get("answer")?));
            Ok(Seen {
                kind: row.get("kind")?,
                arguments: json(row.get("arguments")?),
                requested_at: sql::time_of(row, "requested_at")?,
                answer: is_finished.then_some(answer),
            })
        },
    )
}

/// Forgets a job whose answer was read, or is not wanted any more; one that nobody came for in time
/// may be gone already.
pub fn forget(tx: &Tx<'_>, job: JobId) -> Result<(), LedgerError> {
    blank(tx, job)?;
    sql::execute(tx, "DELETE FROM job WHERE id = ?1", [job.0]).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::tests::{at, in_memory};

    #[tokio::test]
    async fn what_an_engine_was_at_when_it_stopped_has_failed_and_is_not_taken_again() {
        let ledger = in_memory();
        ledger
            .write(|tx| {
                let job = queue(tx, "poll", "{}", at(0))?;
                assert_eq!(take(tx, at(1))?.map(|it| it.id), Some(job));
                let waits = queue(tx, "plan", "{}", at(1))?;
                assert_eq!(end_unfinished(tx, at(2))?, 1);
                let (done, words) = answer(tx, job)?.expect("it is finished");
                assert!(!done && words.contains("the engine stopped"), "{words}");
                assert_eq!(take(tx, at(3))?.map(|it| it.id), Some(waits));
                Ok(())
            })
            .await
            .unwrap();
    }

    #[tokio::test]
    async fn answers_that_nobody_came_for_are_forgotten_and_what_is_not_finished_stays() {
        let ledger = in_memory();
        ledger
            .write(|tx| {
                let job = queue(tx, "plan", r#"{"email":"maria@example.com"}"#, at(0))?;
                take(tx, at(1))?;
                assert_eq!(purge(tx, at(1_000))?, 0);
                finish(tx, job, true, "{}", at(1_000))?;
                assert_eq!((purge(tx, at(1_500))?, purge(tx, at(1_601))?), (0, 1));
                Ok(())
            })
            .await
            .unwrap();
    }
}
