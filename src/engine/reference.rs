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

use super::{
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

/// Reference data as last read.
pub(super) struct Loaded {
    routes: BTreeMap<RouteId, Compiled>,
    read_at: Instant,
    key_is_a_persons: bool,
}

/// A route's rules, or why it is held.
pub(super) type Compiled = Result<Arc<Ready>, Arc<Vec<RuleProblem>>>;

/// A route that can be worked on.
pub(super) struct Ready {
    /// Its rules.
    pub(super) rules: Rules,
    /// The name of its automation, for templates.
    pub(super) automation: String,
    /// The user of our key.
    pub(super) me: Option<RecordId>,
}

impl Loaded {
    /// The route's rules, or why it is held.
    pub(super) fn route(&self, id: RouteId) -> Option<&Compiled> {
        self.routes.get(&id)
    }

    /// Whether the Ploomes key is that of a person, not of an integration user.
    pub(super) const fn key_is_a_persons(&self) -> bool {
        self.key_is_a_persons
    }

    fn is_fresh(&self) -> bool {
        let held = self.routes.values().any(Result::is_err);
        self.read_at.elapsed() < if held { HELD_FOR } else { FRESH_FOR }
    }
}

impl Reference {
    /// Returns the data as last read, however old.
    pub(super) fn last(&self) -> Option<Arc<Loaded>> {
        self.lock().loaded.clone()
    }

    /// Returns fresh data; where it cannot be read again, the old is better than none.
    pub(super) async fn get(&self, shared: &Shared) -> Result<Arc<Loaded>, ReferenceError> {
        let _one_at_a_time = self.loading.lock().await;
        let (last, failed_at) = {
            let state = self.lock();
            (state.loaded.clone(), state.failed_at)
        };
        if let Some(loaded) = last.as_ref().filter(|loaded| loaded.is_fresh()) {
            return Ok(Arc::clone(loaded));
        }
        if failed_at.is_some_and(|at| at.elapsed() < FAILED_FOR) {
            return last.ok_or(ReferenceError::Waits);
        }
        match load(shared).await {
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

async fn load(shared: &Shared) -> Result<Loaded, CallError> {
    let fields = shared.activecampaign.fields(Lane::Fresh).await?;
    let mut catalog = shared.reader.catalog(Lane::Fresh).await?;
    know_a_record(shared).await?;
    let mut routes = BTreeMap::new();
    for route in &shared.routes {
        let mut compiled = rules::compile(&route.spec, &catalog, &fields);
        if let Ok((rules, _)) = &compiled {
            let missing = rules.missing_tags().to_vec();
            if !missing.is_empty() {
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
    Ok(Loaded { routes, read_at: Instant::now(), key_is_a_persons })
}

/// Sees to it that a record is known to exist, so that no lead pays for a control.
async fn know_a_record(shared: &Shared) -> Result<(), CallError> {
    let known = shared.ledger.read(|conn| control::recent(conn, 1)).await;
    if !known.is_ok_and(|known| known.is_empty()) {
        return Ok(());
    }
    if let Some(newest) = shared.reader.newest_contact(Lane::Fresh).await? {
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
/// The list was read just now, and what fails or stays in doubt is looked for at the next reading:
/// nothing is made twice, and a lead without its tag is still a lead.
async fn make_tags(shared: &Shared, missing: &[(Entity, String)], catalog: &mut PloomesCatalog) {
    for (entity, name) in missing {
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
