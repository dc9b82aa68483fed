//! Polls and reconciliations as a table, for the page.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, Row, named_params};

use super::{
    LedgerError,
    report::Detail,
    run::{Kind, Outcome, RunId},
    sql,
};

/// A run as a table shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct Listed {
    /// Which.
    pub id: RunId,
    /// What it is.
    pub kind: Kind,
    /// `report` or `repair`, of a reconciliation.
    pub mode: Option<String>,
    /// Its start.
    pub started: DateTime<Utc>,
    /// Its end; `None` while it goes on.
    pub finished: Option<DateTime<Utc>>,
    /// How it ended.
    pub outcome: Option<Outcome>,
    /// Why it is partial.
    pub reason: Option<String>,
    /// What it counted, of a reconciliation.
    pub detail: Detail,
}

/// Returns runs of a kind, the newest first: those before `before`, at most `limit` of them.
pub fn page(
    conn: &Connection,
    kind: Kind,
    before: Option<RunId>,
    limit: u32,
) -> Result<Vec<Listed>, LedgerError> {
    let sql = "
        SELECT id, kind, mode, started_at, finished_at, outcome, reason, detail
        FROM run
        WHERE kind = :kind AND id < :before
        ORDER BY id DESC
        LIMIT :limit";
    let before = before.map_or(i64::MAX, |it| it.0);
    let arguments = named_params! { ":kind": kind, ":before": before, ":limit": limit };
    sql::all(conn, sql, arguments, from_row)
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<Listed> {
    let detail: Option<String> = row.get("detail")?;
    Ok(Listed {
        id: RunId(row.get("id")?),
        kind: row.get("kind")?,
        mode: row.get("mode")?,
        started: sql::time_of(row, "started_at")?,
        finished: sql::time(row, "finished_at")?,
        outcome: row.get("outcome")?,
        reason: row.get("reason")?,
        // A poll's has other names.
        detail: detail.and_then(|it| serde_json::from_str(&it).ok()).unwrap_or_default(),
    })
}
