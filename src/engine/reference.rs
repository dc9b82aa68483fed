//! Reference data of both accounts, and each route's rules checked against it.
//!
//! Read when first needed and again every ten minutes, so that a stage or field that vanished
//! holds its route's leads, and no lead pays for it.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{
    Role,
    health::KEY_PROBE_EVERY,
    route::Route,
    shared::{Shared, log_call},
};
use crate::{
    domain::{
        AutomationId, Lane, RecordId, RouteId,
        catalog::{Entity, PloomesCatalog, Tag},
    },
    ledger::control,
    rules::{self, RuleProblem, Rules},
    transport::{CallError, Verdict},
};

/// How old reference data may be: a renamed stage is noticed within a coffee, at about ten calls
/// of the hour's 6,000.
const FRESH_FOR: Duration = Duration::from_mins(10);
/// How soon it may be read again where a route is held: somebody may be mending it.
const HELD_FOR: Duration = Duration::from_mins(1);

/// How soon it is read again where Ploomes refuses what it says: ten calls of the minute's hundred,
/// twice or three times.
const RECHECK_AFTER: Duration = Duration::from_secs(20);

/// How soon a reading that failed is tried again: an account that is down costs a call a while.
const FAILED_FOR: Duration = Duration::from_secs(5);

/// The cache.
#[derive(Default)]
pub(super) struct Reference {
    state: Mutex<State>,
    loading: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct State {
    loaded: Option<Arc<Loaded>>,
    failed_at: Option<Instant>,
}

/// Why there is no reference data.
#[derive(Debug, thiserror::Error)]
pub(super) enum ReferenceError {
    #[error(transparent)]
    Call(#[from] CallError),
    #[error("the accounts could not be read a moment ago")]
    Waits,
}

/// What is done about tags that a route names and the account lacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tags {
    /// They are made: the engine works.
    Make,
    /// Nothing: somebody only asks.
    Leave,
}

/// Keeps the data fresh, so that no lead waits for it.
pub(super) async fn run(shared: Arc<Shared>, stopping: CancellationToken) {
    let work = async {
        loop {
            let read = shared.reference.read(&shared, Tags::Make, Loaded::is_fresh).await;
            let again = match shared.health.key_refused_since() {
                // Asked for as seldom as the key is probed: nothing can be written meanwhile.
                Some(_) => KEY_PROBE_EVERY,
                None => FAILED_FOR,
            };
            let wait = read.map_or(again, |loaded| loaded.fresh_for().max(again));
            shared.wake.worker.notify_one();
            tokio::time::sleep(wait).await;
        }
    };
    tokio::select! {
        biased;
        () = stopping.cancelled() => {}
        () = work => {}
    }
}

/// Reference data as last read.
pub(super) struct Loaded {
    routes: BTreeMap<RouteId, Compiled>,
    me: Option<RecordId>,
    read_at: Instant,
    key_is_a_persons: bool,
}

/// A route's rules, or why it is held.
pub(super) type Compiled = Result<Arc<Ready>, Arc<Vec<RuleProblem>>>;

/// By what deals of ours are recognised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Lens {
    /// The user of our key.
    pub(super) me: Option<RecordId>,
    /// The custom field of deals that carries the lead key.
    pub(super) lead_key_field: Option<String>,
}

/// A route that can be worked on.
pub(super) struct Ready {
    /// Its rules.
    pub(super) rules: Rules,
    /// The name of its automation, for templates.
    pub(super) automation: String,
    /// The user of our key.
    pub(super) me: Option<RecordId>,
}

impl Ready {
    /// By what deals of ours are recognised.
    pub(super) fn lens(&self) -> Lens {
        Lens { me: self.me, lead_key_field: self.rules.policy().lead_key_field.clone() }
    }
}

impl Loaded {
    /// By what deals of ours are recognised, whatever becomes of their routes.
    pub(super) fn lens(&self, shared: &Shared) -> Lens {
        Lens { me: self.me, lead_key_field: shared.settings.lead_key_field.clone() }
    }

    /// The route's rules, or why it is held.
    pub(super) fn route(&self, id: RouteId) -> Option<&Compiled> {
        self.routes.get(&id)
    }

    /// The user of our key.
    pub(super) const fn me(&self) -> Option<RecordId> {
        self.me
    }

    /// Whether the Ploomes key is that of a person, not of an integration user.
    pub(super) const fn key_is_a_persons(&self) -> bool {
        self.key_is_a_persons
    }

    fn is_fresh(&self) -> bool {
        !self.fresh_for().is_zero()
    }

    fn fresh_for(&self) -> Duration {
        let held = self.routes.values().any(Result::is_err);
        let whole = if held { HELD_FOR } else { FRESH_FOR };
        whole.saturating_sub(self.read_at.elapsed())
    }
}

impl Reference {
    /// Returns the data as last read, however old.
    pub(super) fn last(&self) -> Option<Arc<Loaded>> {
        self.lock().loaded.clone()
    }

    /// Returns fresh data; where it cannot be read again, the old is better than none.
    pub(super) async fn get(&self, shared: &Shared) -> Result<Arc<Loaded>, ReferenceError> {
        self.read(shared, Tags::Leave, Loaded::is_fresh).await
    }

    /// The same where Ploomes refused something: what it says may have changed just now.
    pub(super) async fn recheck(&self, shared: &Shared) -> Result<Arc<Loaded>, ReferenceError> {
        self.read(shared, Tags::Leave, |loaded| loaded.read_at.elapsed() < RECHECK_AFTER).await
    }

    async fn read(
        &self,
        shared: &Shared,
        tags: Tags,
        is_fresh: impl Fn(&Loaded) -> bool,
    ) -> Result<Arc<Loaded>, ReferenceError> {
        let _one_at_a_time = self.loading.lock().await;
        let (last, failed_at) = {
            let state = self.lock();
            (state.loaded.clone(), state.failed_at)
        };
        if let Some(loaded) = last.as_ref().filter(|loaded| is_fresh(loaded)) {
            return Ok(Arc::clone(loaded));
        }
        if failed_at.is_some_and(|at| at.elapsed() < FAILED_FOR) {
            return last.ok_or(ReferenceError::Waits);
        }
        match load(shared, tags).await {
            Ok(loaded) => {
                let loaded = Arc::new(loaded);
                *self.lock() = State { loaded: Some(Arc::clone(&loaded)), failed_at: None };
                Ok(loaded)
            }
            Err(error) => {
                log_call(&error, "reading reference data");
                if error.verdict() == Verdict::WrongKey && error.api() == "Ploomes" {
                    shared.health.key_refused(shared.now());
                }
                self.lock().failed_at = Some(Instant::now());
                last.ok_or(error.into())
            }
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Routes that are held, each with the reasons.
    pub(super) fn held(&self, routes: &[Route]) -> Vec<(String, Vec<String>)> {
        let Some(loaded) = self.last() else { return Vec::new() };
        routes
            .iter()
            .filter_map(|route| match loaded.route(route.id)? {
                Ok(_) => None,
                Err(problems) => {
                    let words = problems.iter().map(ToString::to_string).collect();
                    Some((route.name.clone(), words))
                }
            })
            .collect()
    }
}

async fn load(shared: &Shared, tags: Tags) -> Result<Loaded, CallError> {
    let fields = shared.activecampaign.fields(Lane::Fresh).await?;
    let mut catalog = believed(shared.reader.catalog(Lane::Fresh).await?)?;
    if shared.role == Role::Works {
        know_a_record(shared).await?;
    }
    let mut routes = BTreeMap::new();
    for route in &shared.routes {
        let mut compiled = rules::compile(&route.spec, &catalog, &fields);
        if let Ok((rules, _)) = &compiled {
            let missing = rules.missing_tags().to_vec();
            if !missing.is_empty()
                && tags == Tags::Make
                && shared.role == Role::Works
                && may_write(shared, route).await
            {
                make_tags(shared, &missing, &mut catalog).await;
                compiled = rules::compile(&route.spec, &catalog, &fields);
            }
        }
        let compiled = match compiled {
            Ok((rules, warnings)) => {
                for warning in warnings {
                    tracing::warn!(route = route.name, "{warning}");
                }
                let automation = automation_name(shared, route.automation(), &rules).await?;
                Ok(Arc::new(Ready { rules, automation, me: catalog.me }))
            }
            Err(problems) => {
                for problem in &problems {
                    tracing::error!(route = route.name, "route held: {problem}");
                }
                Err(Arc::new(problems))
            }
        };
        routes.insert(route.id, compiled);
    }
    let me = catalog.users.iter().find(|user| Some(user.id) == catalog.me);
    let key_is_a_persons = me.is_some_and(|user| !user.integration);
    Ok(Loaded { routes, me: catalog.me, read_at: Instant::now(), key_is_a_persons })
}

/// The rules of a route that is not in use, read anew, or why it would be held.
pub(super) async fn compile(shared: &Shared, route: &Route) -> Result<Compiled, CallError> {
    let fields = shared.activecampaign.fields(Lane::Fresh).await?;
    let catalog = believed(shared.reader.catalog(Lane::Fresh).await?)?;
    Ok(match rules::compile(&route.spec, &catalog, &fields) {
        Ok((rules, _)) => {
            let automation = automation_name(shared, route.automation(), &rules).await?;
            Ok(Arc::new(Ready { rules, automation, me: catalog.me }))
        }
        Err(problems) => Err(Arc::new(problems)),
    })
}

/// A catalog that can be true: every account has a user, a pipeline and fields. Under throttling
/// Ploomes was seen to answer with nothing.
pub(super) fn believed(catalog: PloomesCatalog) -> Result<PloomesCatalog, CallError> {
    let empty = catalog.me.is_none()
        || catalog.users.is_empty()
        || catalog.pipelines.is_empty()
        || catalog.fields.is_empty();
    if empty {
        return Err(CallError::Unreadable {
            api: "Ploomes",
            operation: "reference data".to_owned(),
            problem: "a list that no account lacks came empty".to_owned(),
            verdict: Verdict::TryLater { after: None },
        });
    }
    Ok(catalog)
}

/// Whether anything may be written for a route now.
async fn may_write(shared: &Shared, route: &Route) -> bool {
    let id = route.id;
    let paused = shared.ledger.read(move |conn| crate::ledger::route::is_paused(conn, id)).await;
    route.enabled && matches!(paused, Ok(false))
}

/// Sees to it that a record is known to exist, so that no lead pays for a control. That the account
/// has none is proved: an outage in which all answers are empty looks the same.
async fn know_a_record(shared: &Shared) -> Result<(), CallError> {
    let known = shared.ledger.read(|conn| control::recent(conn, 1)).await;
    if !known.is_ok_and(|known| known.is_empty()) {
        return Ok(());
    }
    if let Some(newest) = shared.reader.proved_newest_contact(Lane::Fresh).await? {
        let now = shared.now();
        if let Err(error) = shared.ledger.write(move |tx| control::remember(tx, newest, now)).await
        {
            tracing::error!(%error, "a control record cannot be kept");
        }
    }
    Ok(())
}

async fn automation_name(
    shared: &Shared,
    automation: Option<AutomationId>,
    rules: &Rules,
) -> Result<String, CallError> {
    match automation {
        Some(id) if rules.uses_automation_name() => {
            let automation = shared.activecampaign.automation(id, Lane::Fresh).await?;
            Ok(automation.map_or_else(String::new, |it| it.name))
        }
        _ => Ok(String::new()),
    }
}

/// Makes tags that are missing, where that is allowed.
///
/// The list was read just now, twice, and what fails or stays in doubt is looked for at the next
/// reading: nothing is made twice, and a lead without its tag is still a lead.
async fn make_tags(shared: &Shared, missing: &[(Entity, String)], catalog: &mut PloomesCatalog) {
    // A list that came empty is no proof.
    let again = match shared.reader.catalog(Lane::Fresh).await {
        Ok(again) => again.tags,
        Err(error) => return log_call(&error, "reading the tags again"),
    };
    for (entity, name) in missing {
        let there = again.iter().find(|tag| tag.entity == *entity && tag.name == *name);
        if let Some(tag) = there {
            catalog.tags.push(tag.clone());
            continue;
        }
        let written = async {
            let turn = shared.writer.turn(Lane::Fresh).await?;
            shared.writer.create_tag(name, *entity, turn).await
        };
        match written.await {
            Ok(written) => {
                if let Some(id) = written.id {
                    catalog.tags.push(Tag { id, name: name.clone(), entity: *entity });
                }
            }
            Err(error) => log_call(&error, "making a tag in Ploomes"),
        }
    }
}
