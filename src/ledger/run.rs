//! Polls and reconciliations, and how far each question was answered.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension, named_params};

use super::{
    LedgerError, Subject, Tx, sql,
    time::{ensure_one, from_ms, to_ms},
};
use crate::domain::RouteId;

/// A run's row; its decimal form is its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct RunId(pub i64);

/// What a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Who entered, and who changed, lately?
    Poll,
    /// Everybody against the ledger.
    Reconcile,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Everything was read.
    Complete,
    /// Something could not be read.
    Partial,
}

/// What a watermark is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Question {
    /// Who entered?
    Entered,
    /// Who changed?
    Changed,
}

sql::word_columns! {
    Kind { Poll = "poll", Reconcile = "reconcile" }
    Outcome { Complete = "complete", Partial = "partial" }
    Question { Entered = "entered", Changed = "changed" }
}

/// Begins a run.
pub fn start(
    tx: &Tx<'_>,
    kind: Kind,
    mode: Option<&str>,
    now: DateTime<Utc>,
) -> Result<RunId, LedgerError> {
    let sql = "INSERT INTO run (kind, mode, started_at) VALUES (:kind, :mode, :now)";
    tx.prepare_cached(sql)?
        .execute(named_params! { ":kind": kind, ":mode": mode, ":now": to_ms(now) })?;
    let id = RunId(tx.last_insert_rowid());
    tx.record(Subject::Run, id.0, "started", now)?;
    Ok(id)
}

/// Ends a run; `reason` says why it is partial, `detail` is JSON.
pub fn finish(
    tx: &Tx<'_>,
    run: RunId,
    outcome: Outcome,
    reason: Option<&str>,
    detail: &str,
    now: DateTime<Utc>,
) -> Result<(), LedgerError> {
    let sql = "
        UPDATE run
        SET outcome = :outcome, reason = :reason, detail = :detail, finished_at = :now
        WHERE id = :id";
    let changed = tx.prepare_cached(sql)?.execute(named_params! {
        ":outcome": outcome,
        ":reason": reason,
        ":detail": detail,
        ":now": to_ms(now),
        ":id": run.0,
    })?;
    ensure_one(changed)?;
    tx.record(Subject::Run, run.0, outcome.as_str(), now)
}

/// Returns when the newest run of a kind began.
pub fn last_start(conn: &Connection, kind: Kind) -> Result<Option<DateTime<Utc>>, LedgerError> {
    let sql = "SELECT started_at FROM run WHERE kind = :kind ORDER BY id DESC LIMIT 1";
    let at: Option<i64> = conn
        .prepare_cached(sql)?
        .query_row(named_params! { ":kind": kind }, |row| row.get(0))
        .optional()?;
    Ok(at.map(from_ms))
}

/// Returns when the newest run of a kind that read everything began.
pub fn last_complete(conn: &Connection, kind: Kind) -> Result<Option<DateTime<Utc>>, LedgerError> {
    let sql = "
        SELECT started_at FROM run WHERE kind = :kind AND outcome = 'complete'
        ORDER BY id DESC LIMIT 1";
    let at: Option<i64> = conn
        .prepare_cached(sql)?
        .query_row(named_params! { ":kind": kind }, |row| row.get(0))
        .optional()?;
    Ok(at.map(from_ms))
}

/// Returns the start of the last run that answered a question of a route whole.
pub fn watermark(
    conn: &Connection,
    route: RouteId,
    question: Question,
) -> Result<Option<DateTime<Utc>>, LedgerError> {
    let sql = "SELECT at FROM watermark WHERE route_id = :route AND question = :question";
    let at: Option<i64> = conn
        .prepare_cached(sql)?
        .query_row(named_params! { ":route": route.0, ":question": question }, |row| row.get(0))
        .optional()?;
    Ok(at.map(from_ms))
}

/// Moves a watermark to the start of a run that read every page.
///
/// It never goes back, but for one that is later than `now`: a clock that was wrong set it.
pub fn set_watermark(
    tx: &Tx<'_>,
    route: RouteId,
    question: Question,
    at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<(), LedgerError> {
    let sql = "
        INSERT INTO watermark (route_id, question, at) VALUES (:route, :question, :at)
        ON CONFLICT (route_id, question) DO UPDATE
        SET at = CASE WHEN at > :now THEN excluded.at ELSE max(at, excluded.at) END";
    tx.prepare_cached(sql)?.execute(named_params! {
        ":route": route.0,
        ":question": question,
        ":at": to_ms(at),
        ":now": to_ms(now),
    })?;
    Ok(())
}

/// Why a run is partial that a stop cut off.
pub const CUT_OFF: &str = "cut off by a stop";

/// Why a run is partial that broke the program.
pub const BROKE_OFF: &str = "the work on it broke off; please report this as a bug";

/// Ends runs that did not come to their end, for this reason: one that did not read everything is
/// partial.
pub fn end_unfinished(
    tx: &Tx<'_>,
    kind: Kind,
    reason: &str,
    now: DateTime<Utc>,
) -> Result<(), LedgerError> {
    let sql = "SELECT id FROM run WHERE kind = :kind AND finished_at IS NULL ORDER BY id";
    let open: Vec<i64> = tx
        .prepare_cached(sql)?
        .query_map(named_params! { ":kind": kind }, |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    for run in open {
        finish(tx, RunId(run), Outcome::Partial, Some(reason), "{}", now)?;
    }
    Ok(())
}

/// Returns when a run ended, or was cut off.
pub fn finished_at(conn: &Connection, run: RunId) -> Result<Option<DateTime<Utc>>, LedgerError> {
    let sql = "SELECT finished_at FROM run WHERE id = :id";
    let at: Option<i64> =
        conn.prepare_cached(sql)?.query_row(named_params! { ":id": run.0 }, |row| row.get(0))?;
    Ok(at.map(from_ms))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::tests::{at, in_memory, site};

    #[tokio::test]
    async fn a_watermark_goes_back_only_from_the_future() {
        let ledger = in_memory();
        let marks = ledger
            .write(|tx| {
                let (route, question) = (site(tx)?.id, Question::Entered);
                let mut marks = Vec::new();
                // Set at a time, while the clock shows another.
                for (mark, now) in [(100, 101), (50, 102), (200, 201), (150, 160), (140, 190)] {
                    set_watermark(tx, route, question, at(mark), at(now))?;
                    marks.push(watermark(tx, route, question)?.expect("it was set"));
                }
                Ok(marks)
            })
            .await
            .unwrap();
        assert_eq!(marks, [100, 100, 200, 150, 150].map(at));
    }
}
