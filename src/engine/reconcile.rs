//! Compares everybody in `ActiveCampaign` with the ledger, and repairs what never came.
//!
//! One sweep over all contacts by ascending id serves every route. Each page is compared in one
//! transaction, which also keeps how far the sweep has come, so that a run goes on after a crash. A
//! run that could not read everything is `partial`, never `complete`, and the next one goes on where
//! it stopped. Nothing is written to Ploomes here: what is missing becomes a hint, and the matcher
//! and the worker do the rest, as for a webhook.

pub(crate) mod counts;

mod compare;
mod repair;
mod sweep;

use std::{collections::BTreeSet, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use self::counts::Tally;
use super::{
    drift::{self, Drift},
    jobs,
    route::Route,
    scheduler::is_due,
    shared::Shared,
};
use crate::{
    domain::{ContactId, Lane},
    ledger::{
        LedgerError,
        run::{self, Kind, Outcome, RunId},
        sweep as progress,
    },
};

/// How old a sweep may be to be gone on with: what was compared before that is old news.
const RESUME_WITHIN: TimeDelta = TimeDelta::hours(36);
/// How long is waited for deliveries that came and are not matched yet.
const MATCH_WITHIN: Duration = Duration::from_secs(30);

/// How long a run waits for what it found where nobody says: an hour of the quota is 2,000 leads.
pub(super) const WAIT: Duration = Duration::from_hours(1);

/// What a run does about what it finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Finds and tells; writes nothing.
    Report,
    /// Brings it in.
    Repair,
}

impl Mode {
    /// The word in the configuration, the ledger and JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Report => "report",
            Self::Repair => "repair",
        }
    }
}

/// What is asked for.
#[derive(Debug, Clone)]
pub(super) struct Request {
    /// Only this route.
    pub(super) route: Option<String>,
    /// What to do about it.
    pub(super) mode: Mode,
    /// Also more than `max_repairs`.
    pub(super) all: bool,
    /// How long to wait until what was found is brought in.
    pub(super) wait: Duration,
    /// Only what the last run could not read, where it read the rest: its counts are of its start.
    pub(super) goes_on: bool,
}

impl Request {
    /// The request of a job's arguments.
    pub(super) fn of(arguments: &Value) -> Result<Self, String> {
        let mode = match arguments["mode"].as_str() {
            Some("report") => Mode::Report,
            Some("repair") => Mode::Repair,
            other => return Err(format!("a reconciliation has no mode {other:?}")),
        };
        Ok(Self {
            route: arguments["route"].as_str().map(str::to_owned),
            mode,
            all: arguments["all"].as_bool().unwrap_or(false),
            wait: arguments["wait_s"].as_u64().map_or(WAIT, Duration::from_secs),
            goes_on: arguments["goes_on"] == true,
        })
    }
}

/// A run that is under way.
struct Run<'a> {
    shared: &'a Shared,
    request: &'a Request,
    id: RunId,
    started: DateTime<Utc>,
    routes: Vec<Route>,
    tally: Tally,
    /// Contacts that were not listed and were asked for since this try began.
    asked: BTreeSet<ContactId>,
    cursor: ContactId,
    /// Leads that are out of date, and more than this run may refresh.
    not_refreshed: i64,
}

/// Makes one run, or goes on with the last one; returns its id. One at a time.
pub(super) async fn reconcile(shared: &Shared, request: &Request) -> Result<RunId, LedgerError> {
    let _one_at_a_time = shared.reconciling.lock().await;
    jobs::ending(shared, Kind::Reconcile, Box::pin(one(shared, request))).await
}

async fn one(shared: &Shared, request: &Request) -> Result<RunId, LedgerError> {
    let mut run = begin(shared, request).await?;
    run.await_matching().await?;
    run.sweep().await?;
    let witness = run.witness().await;
    let stale = run.count_stale().await?;
    let over = run.repair(stale).await?;
    let drift = run.drift().await?;
    run.finish(&witness, over, drift).await?;
    Ok(run.id)
}

/// Starts a run, or takes up the one that was cut off or could not read everything.
async fn begin<'a>(shared: &'a Shared, request: &'a Request) -> Result<Run<'a>, LedgerError> {
    let now = shared.now();
    let wanted = |route: &&Route| request.route.as_ref().is_none_or(|name| *name == route.name);
    let routes: Vec<Route> = shared.routes.iter().filter(wanted).cloned().collect();
    let unfinished = shared.ledger.read(progress::unfinished).await?;
    // Once the next night has come, a run begins anew.
    let (cron, zone) = (&shared.settings.reconcile, shared.settings.timezone);
    let old = unfinished.as_ref().filter(|sweep| {
        now - sweep.started_at >= RESUME_WITHIN || is_due(cron, zone, Some(sweep.started_at), now)
    });
    let old = old.map(|sweep| sweep.run);
    let of: Vec<String> = routes.iter().map(|route| route.name.clone()).collect();
    let unfinished = unfinished.and_then(|sweep| {
        let tally: Tally = serde_json::from_str(&sweep.counts).unwrap_or_default();
        // What it read of other routes says nothing about these.
        let is_same = sweep.mode == request.mode.as_str() && tally.of == of;
        let goes_on = is_same && (request.goes_on || !tally.is_read);
        (old.is_none() && goes_on).then_some((sweep, tally))
    });
    if let Some((sweep, mut tally)) = unfinished {
        tally.doubts.clear();
        tracing::info!(run.id = sweep.run.0, contacts = tally.contacts, "goes on with a run");
        let (id, started, cursor) = (sweep.run, sweep.started_at, sweep.cursor);
        return Ok(Run::of(shared, request, (id, started), routes, (tally, cursor)));
    }
    let (mode, whole) = (request.mode.as_str(), request.route.is_none());
    let (tally, cursor) = (Tally { of, ..Tally::default() }, ContactId(0));
    let counts = serde_json::to_string(&tally).unwrap_or_default();
    let id = shared
        .ledger
        .write(move |tx| {
            if let Some(old) = old {
                progress::forget(tx, old)?;
            }
            if whole {
                progress::forget_all(tx, mode)?;
            }
            run::end_unfinished(tx, Kind::Reconcile, run::CUT_OFF, now)?;
            let id = run::start(tx, Kind::Reconcile, Some(mode), now)?;
            // From here on: one whose first page cannot be read is gone on with as well.
            progress::keep(tx, id, cursor, &counts)?;
            Ok(id)
        })
        .await?;
    Ok(Run::of(shared, request, (id, now), routes, (tally, cursor)))
}

impl<'a> Run<'a> {
    fn of(
        shared: &'a Shared,
        request: &'a Request,
        (id, started): (RunId, DateTime<Utc>),
        routes: Vec<Route>,
        (tally, cursor): (Tally, ContactId),
    ) -> Self {
        let asked = BTreeSet::new();
        Self { shared, request, id, started, routes, tally, asked, cursor, not_refreshed: 0 }
    }

    /// Waits until deliveries that came are matched: what they explain is not missing.
    async fn await_matching(&self) -> Result<(), LedgerError> {
        if self.shared.stopping.get().is_none() {
            // Nobody matches: a command that only reports has no loops.
            return Ok(());
        }
        let deadline = tokio::time::Instant::now() + MATCH_WITHIN;
        self.shared.wake.intake.notify_one();
        while tokio::time::Instant::now() < deadline {
            let now = self.shared.now();
            if !self.shared.ledger.read(move |conn| progress::is_matching(conn, now)).await? {
                break;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Ok(())
    }

    /// The second witness: how many contacts AC says ever entered, beside the rows that were read.
    async fn witness(&mut self) -> Vec<Value> {
        let mut witness = Vec::new();
        for route in self.routes.clone() {
            let Some(automation) = route.automation() else { continue };
            let read = self.tally.of(route.id).read;
            match self.shared.activecampaign.automation(automation, Lane::Repair).await {
                Ok(Some(it)) => witness.push(json!({
                    "route": route.name,
                    "automation_entered": it.entered,
                    "enrollments_read": read,
                })),
                Ok(None) => self
                    .tally
                    .doubts
                    .push(format!("{}: ActiveCampaign has no automation {automation}", route.name)),
                Err(error) => {
                    self.tally.doubts.push(format!("{}: {}", route.name, error.plain()));
                }
            }
        }
        witness
    }

    /// Compares the records in Ploomes with what was written to them, where that is wanted.
    async fn drift(&mut self) -> Result<Drift, LedgerError> {
        let Some(mode) = self.shared.settings.drift else { return Ok(Drift::default()) };
        let since = self.shared.routes.iter().map(|route| route.since.min(route.first_start)).min();
        let scope = drift::Scope {
            run: self.id,
            started: self.started,
            route: self.request.route.as_ref().and(self.routes.first()).map(|route| route.id),
            since: since.unwrap_or(self.started),
            repair: mode == Mode::Repair && self.request.mode == Mode::Repair,
            all: self.request.all,
        };
        let drift = drift::look(self.shared, &scope).await?;
        self.tally.doubts.extend(drift.doubts.iter().cloned());
        Ok(drift)
    }

    /// The classes of each route, as the contract has them.
    async fn counted(&mut self) -> Result<Vec<Value>, LedgerError> {
        let mut routes = Vec::with_capacity(self.routes.len());
        for route in &self.routes {
            let (id, route_id) = (self.id, route.id);
            let recovered = self
                .shared
                .ledger
                .read(move |conn| progress::recovered(conn, id, route_id))
                .await?;
            let counts = *self.tally.of(route.id);
            routes.push(json!({
                "route": route.name,
                "expected": counts.expected(),
                "received": counts.received,
                "without_webhook": counts.without_webhook,
                "waiting": counts.waiting,
                "missed": counts.missed,
                "recovered": recovered,
                "stale": counts.stale,
                "excluded": counts.excluded + counts.gone,
                "failed": counts.failed,
                "gone": counts.gone,
            }));
        }
        Ok(routes)
    }

    /// Writes down how it ended.
    async fn finish(
        &mut self,
        witness: &[Value],
        over: bool,
        drift: Drift,
    ) -> Result<(), LedgerError> {
        let (id, now) = (self.id, self.shared.now());
        let outcome =
            if self.tally.doubts.is_empty() { Outcome::Complete } else { Outcome::Partial };
        let reason = (!self.tally.doubts.is_empty()).then(|| self.tally.doubts.join("; "));
        let read = self
            .tally
            .is_read
            .then(|| (self.cursor, serde_json::to_string(&self.tally).unwrap_or_default()));
        let detail = json!({
            "left": self.left().await? + self.not_refreshed,
            "routes": self.counted().await?,
            "witness": witness,
            "drift": drift.findings,
            "contacts": self.tally.contacts,
            "over_max_repairs": over || drift.over,
        })
        .to_string();
        self.shared
            .ledger
            .write(move |tx| {
                match read {
                    _ if outcome == Outcome::Complete => progress::forget(tx, id)?,
                    Some((cursor, counts)) => progress::keep(tx, id, cursor, &counts)?,
                    None => {}
                }
                drift.memory.keep(tx)?;
                run::finish(tx, id, outcome, reason.as_deref(), &detail, now)
            })
            .await?;
        self.shared.wake.alerts.notify_one();
        let missed: i64 = self.tally.routes.values().map(|it| it.missed).sum();
        tracing::info!(
            run.id = id.0,
            outcome = outcome.as_str(),
            missed,
            contacts = self.tally.contacts,
            seconds = (now - self.started).num_seconds(),
            "reconciled"
        );
        Ok(())
    }
}
