//! What somebody was told, and is still to be told: so that a restart neither repeats nor forgets.
//!
//! State, not evidence. Which causes hold and what follows from it is the engine's to decide.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, Row};

use super::{
    LedgerError, Tx,
    run::RunId,
    sql::{self, Millis},
};
use crate::domain::{LeadId, RouteId};

/// What an alert is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Event {
    /// Leads were found without a webhook.
    MissedLeads,
    /// Leads failed, or are held, and wait for a person.
    FailedLeads,
    /// Deliveries that cannot be used as they are.
    Quarantined,
    /// A run could not read everything.
    PartialRun,
    /// A run should have started by now.
    LateRun,
    /// More is missing than a run may repair.
    MaxRepairs,
    /// Contacts enter a route, and no delivery comes.
    Silence,
    /// An API refuses its key.
    WrongKey,
    /// A record is in Ploomes twice.
    DuplicateFound,
    /// Webhook URLs that nobody configured are called.
    UnknownToken,
    /// The ledger's disk is nearly full.
    Disk,
    /// Our clock and an API's differ.
    Clock,
}

/// A message that is to go out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owed {
    /// The cause holds.
    Raised,
    /// It still does.
    Reminder,
    /// It is over.
    Resolved,
}

sql::word_columns! {
    Event {
        MissedLeads = "missed_leads",
        FailedLeads = "failed_leads",
        Quarantined = "quarantined",
        PartialRun = "partial_run",
        LateRun = "late_run",
        MaxRepairs = "max_repairs",
        Silence = "silence",
        WrongKey = "wrong_key",
        DuplicateFound = "duplicate_found",
        UnknownToken = "unknown_token",
        Disk = "disk",
        Clock = "clock",
    }
    Owed { Raised = "raised", Reminder = "reminder", Resolved = "resolved" }
}

/// Which cause: one message each.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// What it is about.
    pub event: Event,
    /// What tells causes of one event apart: a route, a kind of run, an API, or nothing.
    pub subject: String,
}

/// A cause that holds, or whose end is still to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alert {
    /// Which.
    pub key: Key,
    /// The route, where it is about one.
    pub route: Option<String>,
    /// Since when it holds.
    pub since: DateTime<Utc>,
    /// How many leads, deliveries, requests.
    pub count: i64,
    /// Keys of leads: some of them.
    pub leads: Vec<String>,
    /// The run that showed it.
    pub run: Option<RunId>,
    /// What is said; no personal data.
    pub text: String,
    /// It holds no more.
    pub is_over: bool,
    /// What is to go out next.
    pub owed: Option<Owed>,
    /// When the last message was taken.
    pub told_at: Option<DateTime<Utc>>,
    /// How often the message that is owed was not taken.
    pub attempts: u32,
    /// When it is tried next.
    pub due_at: DateTime<Utc>,
}

const ALL: &str = "
    SELECT event, subject, route, since, count, leads, run, text, is_over, owed, told_at, attempts,
           due_at
    FROM alert ORDER BY due_at, event, subject";

/// Returns all of them, those first that are due first.
pub fn all(conn: &Connection) -> Result<Vec<Alert>, LedgerError> {
    sql::all(conn, ALL, [], from_row)
}

/// Keeps an alert as it stands now.
pub fn put(tx: &Tx<'_>, alert: &Alert) -> Result<(), LedgerError> {
    sql::change_one(
        tx,
        "INSERT OR REPLACE INTO alert
            (event, subject, route, since, count, leads, run, text, is_over, owed, told_at,
             attempts, due_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
        (
            alert.key.event,
            &alert.key.subject,
            &alert.route,
            Millis(alert.since),
            alert.count,
            serde_json::Value::from(alert.leads.as_slice()).to_string(),
            alert.run.map(|run| run.0),
            &alert.text,
            alert.is_over,
            alert.owed,
            alert.told_at.map(Millis),
            alert.attempts,
            Millis(alert.due_at),
        ),
    )
}

/// Forgets an alert: all was told.
pub fn remove(tx: &Tx<'_>, key: &Key) -> Result<(), LedgerError> {
    let sql = "DELETE FROM alert WHERE event = ?1 AND subject = ?2";
    sql::change_one(tx, sql, (key.event, &key.subject))
}

/// Keeps up to which lead the missed leads of a route are no news.
pub fn move_cursor(tx: &Tx<'_>, route: RouteId, to: LeadId) -> Result<(), LedgerError> {
    let sql = "
        INSERT INTO alert_cursor (route_id, lead_id) VALUES (?1, ?2)
        ON CONFLICT (route_id) DO UPDATE SET lead_id = excluded.lead_id";
    sql::change_one(tx, sql, (route, to))
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<Alert> {
    let leads: String = row.get("leads")?;
    Ok(Alert {
        key: Key { event: row.get("event")?, subject: row.get("subject")? },
        route: row.get("route")?,
        since: sql::time_of(row, "since")?,
        count: row.get("count")?,
        leads: serde_json::from_str(&leads).unwrap_or_default(),
        run: row.get::<_, Option<i64>>("run")?.map(RunId),
        text: row.get("text")?,
        is_over: row.get("is_over")?,
        owed: row.get("owed")?,
        told_at: sql::time(row, "told_at")?,
        attempts: row.get("attempts")?,
        due_at: sql::time_of(row, "due_at")?,
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_to_do_is_written_down_for_each_event() {
        let page = include_str!("../../docs/alerts.md");
        let words = include_str!("alert.rs").split("    Event {\n").nth(1).unwrap();
        let words = words.split("    }\n").next().unwrap();
        let words: Vec<&str> = words.lines().filter_map(|it| it.split('"').nth(1)).collect();
        assert_eq!(words.len(), 12);
        for word in words {
            assert!(page.contains(&format!("\n## {word}\n")), "{word}");
        }
    }
}
