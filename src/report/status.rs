//! `status`: where everything stands, when the queue will be empty, and what waits for a person.

use chrono::{DateTime, TimeDelta, Utc};
use croner::Cron;
use serde_json::{Map, Value, json};

use super::{
    count, list,
    locale::{Locale, lasting},
    plain, said, text,
};
use crate::{
    config::{Config, ReconcileMode},
    domain::{Fate, LeadState},
    ledger::{
        audit::hex,
        status::{Counts, Reconciling, Run},
    },
};

/// Calls to Ploomes that a new lead costs: look, person, deal.
const CALLS_OF_A_LEAD: i64 = 3;

/// One more on routes that create companies.
const CALLS_OF_A_COMPANY: i64 = 1;

/// Where everything stands.
#[derive(Debug, Clone)]
pub struct Status {
    counts: Counts,
    locale: Locale,
    now: DateTime<Utc>,
    activecampaign_limit: u32,
    ploomes_limit: u32,
    forecast: Option<Forecast>,
    next_poll: Option<DateTime<Utc>>,
    next_reconcile: Option<DateTime<Utc>>,
}

/// When the queue will be empty, if nothing more comes and nothing has to wait.
#[derive(Debug, Clone, Copy)]
struct Forecast {
    requests: i64,
    seconds: i64,
}

/// What comes next, as the schedule and the queue say.
#[derive(Debug, Clone, Copy)]
pub struct Next {
    /// When the next poll is due.
    pub poll: Option<DateTime<Utc>>,
    /// When the next reconciliation is due, or one that could not read everything goes on.
    pub reconcile: Option<DateTime<Utc>>,
    /// Requests to Ploomes that what waits takes at most.
    pub requests: i64,
}

impl Next {
    /// After what was counted at `now`.
    pub fn of(counts: &Counts, config: &Config, now: DateTime<Utc>) -> Self {
        let zone = config.schedule.timezone;
        let next = |cron: &Cron| {
            let next = cron.find_next_occurrence(&now.with_timezone(&zone), false).ok()?;
            Some(next.with_timezone(&Utc))
        };
        let mode = match config.reconcile.mode {
            ReconcileMode::Report => "report",
            ReconcileMode::Repair => "repair",
        };
        let goes_on = counts.reconciling.as_ref().and_then(|it| it.goes_on_at(mode));
        let has_company = config.routes.iter().any(|route| route.create.has_company());
        let calls = CALLS_OF_A_LEAD + if has_company { CALLS_OF_A_COMPANY } else { 0 };
        Self {
            poll: next(&config.schedule.poll),
            reconcile: next(&config.schedule.reconcile)
                .into_iter()
                .chain(goes_on.map(|at| at.max(now)))
                .min(),
            requests: counts.waiting().saturating_mul(calls),
        }
    }
}

impl Status {
    /// What was counted at `now`, with the limits and times of the configuration.
    pub fn new(counts: Counts, config: &Config, now: DateTime<Utc>) -> Self {
        let limit = config.ploomes.requests_per_minute;
        let next = Next::of(&counts, config, now);
        Self {
            forecast: Forecast::of(next.requests, limit),
            locale: Locale::of(config),
            now,
            activecampaign_limit: config.activecampaign.requests_per_second,
            ploomes_limit: limit,
            next_poll: next.poll,
            next_reconcile: next.reconcile,
            counts,
        }
    }

    /// The document of the contract.
    pub fn json(&self) -> Value {
        let Counts { missed, .. } = &self.counts;
        let mut deliveries = Map::from_iter([("accepted".to_owned(), self.counts.accepted.into())]);
        for (fate, rows) in &self.counts.deliveries {
            deliveries.insert(fate.as_str().to_owned(), (*rows).into());
        }
        let mut leads = Map::from_iter([("total".to_owned(), self.counts.total.into())]);
        for (state, rows) in &self.counts.leads {
            leads.insert(state.as_str().to_owned(), (*rows).into());
        }
        let lanes: Map<String, Value> = self
            .counts
            .lanes
            .iter()
            .map(|(lane, rows)| (lane.as_str().to_owned(), (*rows).into()))
            .collect();
        json!({
            "deliveries": deliveries,
            "leads": leads,
            "balance": self.counts.balance(),
            "missed": {
                "found": missed.found,
                "recovered": missed.recovered,
                "late": missed.late,
            },
            "lanes": lanes,
            "quota": {
                "activecampaign": { "limit": self.activecampaign_limit },
                "ploomes": {
                    "limit": self.ploomes_limit,
                    "used_last_60s": self.counts.used_last_60s,
                },
            },
            "last_poll": self.run_json(self.counts.last_poll.as_ref()),
            "last_reconcile": self.run_json(self.counts.last_reconcile.as_ref()),
            "reconciling": self.counts.reconciling.as_ref().map(|it| json!({
                "run": it.run.to_string(),
                "mode": it.mode,
                "started": self.locale.json(it.started),
                "stopped": self.locale.json_of(it.stopped),
                "contacts": it.contacts,
                "missed": it.missed,
            })),
            "next_poll": self.locale.json_of(self.next_poll),
            "next_reconcile": self.locale.json_of(self.next_reconcile),
            "forecast": self.forecast.map(|it| json!({
                "requests": it.requests,
                "seconds": it.seconds,
                "empty_at": self.locale.json_of(it.end(self.now)),
            })),
            "oldest": {
                "delivery": self.locale.json_of(self.counts.oldest_delivery),
                "lead": self.locale.json_of(self.counts.oldest_lead),
            },
            "paused": self.counts.paused,
            "head": hex(&self.counts.head),
        })
    }

    /// The same for people.
    pub fn text(&self) -> String {
        let counts = &self.counts;
        let fates: Vec<String> =
            counts.deliveries.iter().map(|(fate, rows)| format!("{rows} {fate}")).collect();
        let states: Vec<String> =
            counts.leads.iter().map(|(state, rows)| format!("{rows} {}", said(*state))).collect();
        let mut rows = vec![
            ("deliveries", format!("{} accepted: {}", counts.accepted, fates.join(", "))),
            ("leads", format!("{}: {}", counts.total, states.join(", "))),
            ("balance", self.balance()),
            ("missed", self.missed()),
            ("queue", self.queue()),
            ("quota", self.quota()),
            ("last poll", self.run(counts.last_poll.as_ref(), self.next_poll)),
            ("last reconcile", self.run(counts.last_reconcile.as_ref(), self.next_reconcile)),
        ];
        if let Some(it) = &counts.reconciling {
            rows.push(("reconciling", self.reconciling(it)));
        }
        if let Some(at) = counts.oldest_delivery {
            rows.push(("oldest delivery", format!("pending for {}", lasting(self.now - at))));
        }
        if let Some(at) = counts.oldest_lead {
            rows.push(("oldest lead", format!("pending for {}", lasting(self.now - at))));
        }
        let mut parts = vec![list(rows.into_iter().map(|(name, value)| (name.to_owned(), value)))];
        let wanted = self.wanted();
        if !wanted.is_empty() {
            parts.extend([String::new(), "Waits for a person:".to_owned()]);
            parts.extend(wanted.iter().map(|it| format!("* {it}")));
        }
        text(&parts)
    }

    fn balance(&self) -> String {
        match self.counts.balance() {
            0 => "0".to_owned(),
            balance => format!("{balance}, and it must be 0"),
        }
    }

    fn missed(&self) -> String {
        let missed = &self.counts.missed;
        if missed.found == 0 {
            return "none".to_owned();
        }
        let leads = count(missed.found, "lead", "leads");
        let (recovered, late) = (missed.recovered, missed.late);
        format!(
            "{leads} found without a webhook: {recovered} recovered; {late} came late after all"
        )
    }

    fn queue(&self) -> String {
        let Some(forecast) = self.forecast else { return "empty".to_owned() };
        let lanes: Vec<String> = self
            .counts
            .lanes
            .iter()
            .filter(|(_, rows)| **rows != 0)
            .map(|(lane, rows)| format!("{rows} {}", lane.as_str()))
            .collect();
        let end = match forecast.end(self.now) {
            Some(end) if forecast.seconds < 86_400 => {
                format!("about {}, at {}", forecast.length(), self.locale.text(end))
            }
            Some(end) => format!("{}, on {}", forecast.length(), self.locale.text(end)),
            None => "years".to_owned(),
        };
        let but = if self.counts.paused.is_empty() { "" } else { ", but for what is paused" };
        format!("{}; empty in {end}{but}", lanes.join(", "))
    }

    fn quota(&self) -> String {
        format!(
            "Ploomes {} of {} requests in the last 60 s; ActiveCampaign at most {} a second",
            self.counts.used_last_60s, self.ploomes_limit, self.activecampaign_limit
        )
    }

    fn run(&self, run: Option<&Run>, next: Option<DateTime<Utc>>) -> String {
        let last = match run {
            None => "none yet".to_owned(),
            Some(run) => {
                let why = run.reason.as_ref().map(|it| format!(" ({})", plain(it)));
                let (started, why) = (self.locale.text(run.started), why.unwrap_or_default());
                format!("{started}, {}{why}", run.outcome)
            }
        };
        match next {
            Some(next) => format!("{last}; next {}", self.locale.text(next)),
            None => last,
        }
    }

    fn reconciling(&self, it: &Reconciling) -> String {
        let read = count(it.contacts, "contact", "contacts");
        let missed = count(it.missed, "lead", "leads");
        let since = self.locale.text(it.started);
        let so_far = format!("run {} since {since}: {read} read, {missed} missed", it.run);
        match it.stopped {
            None => so_far,
            Some(_) => format!("{so_far}; it could not read everything, and is gone on with"),
        }
    }

    fn run_json(&self, run: Option<&Run>) -> Value {
        run.map_or(Value::Null, |run| {
            json!({
                "run": run.id.to_string(),
                "outcome": run.outcome,
                "started": self.locale.json(run.started),
                "finished": self.locale.json(run.finished),
                "reason": run.reason,
            })
        })
    }

    /// What only a person can go on with, and how.
    fn wanted(&self) -> Vec<String> {
        let mut wanted = Vec::new();
        if self.counts.balance() != 0 {
            wanted.push("the balance is not 0: `ponte audit` says what is wrong".to_owned());
        }
        let failed = self.counts.leads(LeadState::Failed);
        if failed != 0 {
            let leads = count(failed, "lead failed", "leads failed");
            wanted.push(format!(
                "{leads}: `ponte leads --state failed` says why, `ponte retry --failed` tries again"
            ));
        }
        let quarantined = self.counts.deliveries(Fate::Quarantined);
        if quarantined != 0 {
            let deliveries =
                count(quarantined, "delivery is quarantined", "deliveries are quarantined");
            wanted.push(format!("{deliveries}: `ponte retry --quarantined` looks again"));
        }
        for route in &self.counts.paused {
            wanted.push(format!("{route} is paused: `ponte resume --route {route}` goes on"));
        }
        wanted
    }
}

impl Forecast {
    fn of(requests: i64, limit: u32) -> Option<Self> {
        let limit = i64::from(limit.max(1));
        let seconds = requests.saturating_mul(60).saturating_add(limit - 1) / limit;
        (requests > 0).then_some(Self { requests, seconds })
    }

    /// `None` beyond all calendars.
    fn end(self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        now.checked_add_signed(TimeDelta::try_seconds(self.seconds)?)
    }

    fn length(self) -> String {
        TimeDelta::try_seconds(self.seconds).map(lasting).unwrap_or_default()
    }
}
