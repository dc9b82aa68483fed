//! The counters, against the rows that they count.

use std::collections::BTreeMap;

use rusqlite::Connection;

use super::{Kind, Problems};
use crate::{
    domain::{Fate, Lane, LeadState},
    ledger::{LedgerError, sql},
};

/// How many rows there are.
pub(super) struct Counted {
    pub(super) deliveries: i64,
    pub(super) leads: i64,
}

type Counts = BTreeMap<(String, String), i64>;

pub(super) const DELIVERIES: &str = "SELECT fate FROM delivery";

pub(super) const LEADS: &str = "
    SELECT state, found_by <> 'webhook',
           found_by <> 'webhook' AND EXISTS (SELECT 1 FROM delivery WHERE lead_id = lead.id)
    FROM lead";

const LANES: &str = "SELECT lane FROM work UNION ALL SELECT lane FROM inbox";

/// Counts the rows one by one, and compares the counters with that.
pub(super) fn check(conn: &Connection, problems: &mut Problems) -> Result<Counted, LedgerError> {
    let mut counts = none();
    let mut counted = Counted { deliveries: 0, leads: 0 };
    each(conn, DELIVERIES, |row| {
        counted.deliveries += 1;
        add(&mut counts, "delivery", row.get(0)?);
        Ok(())
    })?;
    each(conn, LEADS, |row| {
        counted.leads += 1;
        let state: String = row.get(0)?;
        add(&mut counts, "lead", state.clone());
        if row.get(1)? {
            add(&mut counts, "missed", state);
        }
        if row.get(2)? {
            add(&mut counts, "missed", "late".to_owned());
        }
        Ok(())
    })?;
    each(conn, LANES, |row| {
        let lane: i64 = row.get(0)?;
        add(&mut counts, "lane", lane.to_string());
        Ok(())
    })?;
    compare(conn, &counts, problems)?;
    Ok(counted)
}

/// Every counter at 0.
fn none() -> Counts {
    let fates = Fate::ALL.iter().map(|it| ("delivery", it.as_str().to_owned()));
    let leads = LeadState::ALL.iter().map(|it| ("lead", it.as_str().to_owned()));
    let missed = LeadState::ALL.iter().map(|it| ("missed", it.as_str().to_owned()));
    let late = [("missed", "late".to_owned())];
    let lanes = Lane::ALL.iter().map(|it| ("lane", it.rank().to_string()));
    let all = fates.chain(leads).chain(missed).chain(late).chain(lanes);
    all.map(|(subject, value)| ((subject.to_owned(), value), 0)).collect()
}

fn add(counts: &mut Counts, subject: &str, value: String) {
    *counts.entry((subject.to_owned(), value)).or_default() += 1;
}

/// Calls `seen` with each row; nothing is held.
fn each(
    conn: &Connection,
    sql: &'static str,
    mut seen: impl FnMut(&rusqlite::Row<'_>) -> rusqlite::Result<()>,
) -> Result<(), LedgerError> {
    let mut statement = conn.prepare_cached(sql)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        seen(row)?;
    }
    Ok(())
}

fn compare(conn: &Connection, counts: &Counts, problems: &mut Problems) -> Result<(), LedgerError> {
    let kept: Counts = sql::all(conn, "SELECT subject, value, rows FROM tally", [], |row| {
        Ok(((row.get(0)?, row.get(1)?), row.get(2)?))
    })?
    .into_iter()
    .collect();
    for ((subject, value), rows) in counts {
        let message = match kept.get(&(subject.clone(), value.clone())) {
            Some(kept) if kept == rows => continue,
            Some(kept) => format!("the counter {subject}/{value} is {kept}, the rows are {rows}"),
            None => format!("the counter {subject}/{value} is gone, the rows are {rows}"),
        };
        problems.add(Kind::Tally, "tally", None, message);
    }
    for (subject, value) in kept.keys().filter(|it| !counts.contains_key(*it)) {
        let message = format!("the counter {subject}/{value} counts nothing that there is");
        problems.add(Kind::Tally, "tally", None, message);
    }
    Ok(())
}
