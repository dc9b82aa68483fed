//! What today's configuration would do with the leads of a time, field by field.
//!
//! Plans as the worker does, and writes nothing to Ploomes. Applied, the leads for which something
//! would be written go into the queue, and the worker observes and plans them once more. Leads that
//! wait in the queue already, or whose write is in doubt, are left to it.

mod changes;
mod look;

use std::{collections::BTreeMap, sync::Arc};

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};

use self::look::{Look, Way, Would};
use super::{found::differs, reference::Ready, route::Route, shared::Shared};
use crate::{
    domain::{Lane, LeadState, RouteId},
    ledger::{self, LedgerError, Tx, contact, lead, observation, work},
};

/// Leads looked at in one call. Where all of them differ in a way that takes a search each, that is
/// an hour and a half of the quota.
const LEADS_MAX: usize = 10_000;

/// Leads whose records are read in one call: two each, and an answer holds 300.
const BATCH: usize = 100;

/// What is asked for.
#[derive(Debug, Clone)]
pub(super) struct Request {
    since: DateTime<Utc>,
    until: DateTime<Utc>,
    /// Only this route.
    route: Option<String>,
    /// What differs is written, too.
    apply: bool,
}

impl Request {
    /// The request of a job's arguments.
    pub(super) fn of(arguments: &Value) -> Result<Self, String> {
        let time = |key: &str| {
            let text = arguments[key].as_str().unwrap_or_default();
            text.parse().map_err(|_| format!("a replay has no {key} \"{text}\""))
        };
        Ok(Self {
            since: time("since")?,
            until: time("until")?,
            route: arguments["route"].as_str().map(str::to_owned),
            apply: arguments["apply"].as_bool().unwrap_or(false),
        })
    }
}

/// Plans the leads of that time, and puts those that differ into the queue where that is asked for.
pub(super) async fn replay(shared: &Shared, request: &Request) -> Result<Value, String> {
    let (routes, held) = ready_routes(shared, request.route.as_deref()).await?;
    let (ids, since, until): (Vec<RouteId>, _, _) =
        (routes.keys().copied().collect(), request.since, request.until);
    let read = move |conn: &_| ledger::replay::leads(conn, &ids, since, until, LEADS_MAX + 1);
    let mut leads = shared.ledger.read(read).await.map_err(|error| error.to_string())?;
    let cut_at = leads.get(LEADS_MAX).map(|(_, at)| *at);
    leads.truncate(LEADS_MAX);
    let mut look = Look::new(shared, routes);
    let mut would = Vec::new();
    for batch in leads.chunks(BATCH) {
        let batch = batch.iter().map(|(lead, _)| *lead).collect();
        would.extend(look.at(batch).await.map_err(|error| error.to_string())?);
    }
    let rows: Vec<Value> = would.iter().map(Would::json).collect();
    if request.apply {
        put(shared, would).await.map_err(|error| error.to_string())?;
    }
    let zone = shared.settings.timezone;
    let time =
        |at: DateTime<Utc>| at.with_timezone(&zone).to_rfc3339_opts(SecondsFormat::AutoSi, false);
    Ok(json!({
        "since": time(request.since),
        "until": time(request.until),
        "applied": request.apply,
        "leads": rows,
        "looked_at": leads.len(),
        "cut_at": cut_at.map(time),
        "held": held,
    }))
}

/// The routes that are asked for and can be planned; and those that cannot, with the reasons.
async fn ready_routes(
    shared: &Shared,
    only: Option<&str>,
) -> Result<(BTreeMap<RouteId, (Route, Arc<Ready>)>, Vec<Value>), String> {
    let reference = shared.reference.get(shared).await.map_err(|error| error.to_string())?;
    let (mut routes, mut held) = (BTreeMap::new(), Vec::new());
    for route in shared.routes.iter().filter(|route| only.is_none_or(|it| route.name == it)) {
        match reference.route(route.id) {
            Some(Ok(ready)) => {
                routes.insert(route.id, (route.clone(), Arc::clone(ready)));
            }
            Some(Err(problems)) => {
                let reasons: Vec<String> = problems.iter().map(ToString::to_string).collect();
                held.push(json!({ "route": route.name, "reasons": reasons }));
            }
            None => {}
        }
    }
    if routes.is_empty() && held.is_empty() {
        return Err(format!("no route is called {}", only.unwrap_or_default()));
    }
    Ok((routes, held))
}

/// Puts leads into the queue, a batch in a transaction: a webhook may wait for one.
async fn put(shared: &Shared, would: Vec<Would>) -> Result<(), LedgerError> {
    let now = shared.now();
    let mut rest = would.into_iter();
    loop {
        let batch: Vec<Would> = rest.by_ref().take(BATCH).collect();
        if batch.is_empty() {
            return Ok(());
        }
        let put_all = move |tx: &Tx<'_>| batch.iter().try_for_each(|it| put_one(tx, it, now));
        shared.ledger.write(put_all).await?;
        shared.wake.worker.notify_one();
    }
}

/// Puts a lead into the queue, unless it moved on since it was looked at.
fn put_one(tx: &Tx<'_>, would: &Would, now: DateTime<Utc>) -> Result<(), LedgerError> {
    let Some(lead) = lead::get(tx, would.lead)? else { return Ok(()) };
    match (would.way, lead.state) {
        (Way::Update, LeadState::Done | LeadState::Skipped) => {
            work::ask_replay(tx, lead.id, lead.route, Lane::Update, now)?;
        }
        (Way::Bring, LeadState::Skipped | LeadState::Failed) => {
            let standing = lead::Standing {
                reason: Some("replayed: a person asked for it"),
                ..lead::Standing::default()
            };
            lead::set_state(tx, lead.id, LeadState::Pending, &standing, now)?;
            work::restart(tx, lead.id, lead.route, Lane::Repair, now)?;
        }
        _ => return Ok(()),
    }
    // What was seen on the way is what the worker plans with.
    if let Some(seen) = &would.seen {
        let last = observation::newest(tx, lead.route, lead.contact)?;
        if last.is_some_and(|last| differs(&last, seen)) {
            contact::remember_email(tx, lead.contact, &seen.email)?;
            observation::keep(tx, lead.route, seen, now)?;
        }
    }
    Ok(())
}
