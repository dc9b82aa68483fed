//! What the admin page shows, read from the ledger.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    clock::Clock,
    domain::{Fate, Lane, LeadState},
    ledger::{
        Connection, Ledger, LedgerError, leads, overview,
        run::{self, Kind},
        status::{self, Counts},
        unknown,
    },
    web::{
        Overview, ReadOverview,
        overview::{Complete, Deliveries, Lanes, LeadRow, Leads, Missed, Outcome, Run},
    },
};

/// Rows of each table on the page: they fill it.
const ROWS: u32 = 20;

/// How the page reads `ledger`.
pub fn of(ledger: &Ledger, clock: &Clock) -> ReadOverview {
    let (ledger, clock) = (ledger.clone(), clock.clone());
    Arc::new(move || {
        let (ledger, now) = (ledger.clone(), clock.now());
        Box::pin(async move { ledger.read(move |conn| read(conn, now)).await })
    })
}

fn read(conn: &Connection, now: DateTime<Utc>) -> Result<Overview, LedgerError> {
    let counts = status::read(conn, now)?;
    Ok(Overview {
        deliveries: deliveries(&counts),
        leads: leads_of(&counts),
        balance: counts.balance(),
        missed: Missed {
            found: counts.missed.found,
            recovered: counts.missed.recovered,
            late: counts.missed.late,
        },
        lanes: lanes(&counts),
        ploomes_used: counts.used_last_60s,
        oldest_pending: counts.oldest_delivery.into_iter().chain(counts.oldest_lead).min(),
        last_delivery: overview::last_delivery(conn)?,
        unknown_tokens: unknown::since(conn, now - TimeDelta::hours(24))?,
        failed_reasons: overview::failed_reasons(conn)?,
        quarantine_reasons: overview::quarantine_reasons(conn)?,
        last_poll: counts.last_poll.as_ref().map(run),
        last_reconcile: counts.last_reconcile.as_ref().map(run),
        complete: Complete {
            poll: run::last_complete(conn, Kind::Poll)?,
            reconcile: run::last_complete(conn, Kind::Reconcile)?,
        },
        paused_routes: counts.paused.clone(),
        recent: leads::list(conn, None, None, Some(ROWS))?.into_iter().map(LeadRow::from).collect(),
        found: leads::found(conn, i64::from(ROWS))?.into_iter().map(LeadRow::from).collect(),
    })
}

fn deliveries(counts: &Counts) -> Deliveries {
    Deliveries {
        accepted: counts.accepted,
        applied: counts.deliveries(Fate::Applied),
        merged: counts.deliveries(Fate::Merged),
        ignored: counts.deliveries(Fate::Ignored),
        quarantined: counts.deliveries(Fate::Quarantined),
        pending: counts.deliveries(Fate::Pending),
    }
}

fn leads_of(counts: &Counts) -> Leads {
    Leads {
        total: counts.total,
        pending: counts.leads(LeadState::Pending),
        in_doubt: counts.leads(LeadState::InDoubt),
        done: counts.leads(LeadState::Done),
        skipped: counts.leads(LeadState::Skipped),
        failed: counts.leads(LeadState::Failed),
        erased: counts.leads(LeadState::Erased),
    }
}

fn lanes(counts: &Counts) -> Lanes {
    let of = |lane| counts.lanes.get(&lane).copied().unwrap_or_default();
    Lanes {
        fresh: of(Lane::Fresh),
        update: of(Lane::Update),
        repair: of(Lane::Repair),
        backfill: of(Lane::Backfill),
    }
}

fn run(run: &status::Run) -> Run {
    let outcome = if run.outcome == "complete" { Outcome::Complete } else { Outcome::Partial };
    Run { started_at: run.started, ended: Some((run.finished, outcome)) }
}
