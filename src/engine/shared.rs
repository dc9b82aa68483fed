//! What every loop of the engine shares.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock},
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use rand::{SeedableRng, rngs::StdRng};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::{
    Lifecycle,
    alive::Alive,
    backoff::Backoff,
    bare::Bare,
    busy::Busy,
    health::Health,
    housekeeping, intake, jobs, matcher,
    reconcile::Mode,
    reference::{self, Reference},
    route::Route,
    scheduler,
    wake::Wake,
    worker,
};
use crate::{
    activecampaign,
    clock::Clock,
    domain::RouteId,
    ledger::{Ledger, LedgerError, pulse, unknown, work},
    ploomes,
    transport::{CallError, KeyState},
};

/// How often [`Engine::drained`] looks.
const DRAIN_LOOK_EVERY: Duration = Duration::from_millis(50);

/// How long [`Engine::drained`] waits, beyond the time that writes in doubt take, while nothing
/// changes: longer than any call and the waits between its tries at their usual length.
const DRAIN_QUIET_MAX: Duration = Duration::from_mins(1);

/// What an engine is there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// It makes leads and brings them into Ploomes.
    Works,
    /// It answers questions, and leaves the ledger as it is: its routes may be provisional.
    Asks,
}

/// What an engine is built from. Only this composition gives anybody a [`ploomes::Writer`].
pub struct Parts {
    /// The ledger.
    pub ledger: Ledger,
    /// The time of day.
    pub clock: Clock,
    /// Reads `ActiveCampaign`.
    pub activecampaign: activecampaign::Client,
    /// Reads Ploomes.
    pub reader: ploomes::Reader,
    /// Writes to Ploomes.
    pub writer: ploomes::Writer,
    /// The routes, registered in the ledger.
    pub routes: Vec<Route>,
    /// Numbers of the configuration.
    pub settings: Settings,
    /// Seeds jitter.
    pub seed: u64,
    /// What it is there for.
    pub role: Role,
}

/// Numbers of the configuration that the engine goes by.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The host of the AC account: the first part of a lead key.
    pub activecampaign_host: String,
    /// The custom field of deals that carries the lead key.
    pub lead_key_field: Option<String>,
    /// How long a loop sleeps at most.
    pub tick: Duration,
    /// How long an in-doubt write may still be on its way.
    pub settle: Duration,
    /// Waits after failures.
    pub backoff: Backoff,
    /// Tries of one read inside a poll.
    pub attempts: u32,
    /// After this a lead that keeps failing is given up.
    pub give_up: TimeDelta,
    /// How far before its watermark a poll looks again.
    pub overlap: TimeDelta,
    /// How long the bodies of deliveries are kept.
    pub keep_payloads: TimeDelta,
    /// Leads that one reconciliation may repair unasked.
    pub max_repairs: u64,
    /// When a poll is due.
    pub poll: croner::Cron,
    /// When a reconciliation is due.
    pub reconcile: croner::Cron,
    /// What a scheduled one does about what it finds.
    pub reconcile_mode: Mode,
    /// What is done about records that are not what was written; `None`: they are not looked for.
    pub drift: Option<Mode>,
    /// The zone of cron expressions and reports.
    pub timezone: Tz,
}

/// A running, or runnable, engine; clones are the same one.
#[derive(Clone)]
pub struct Engine {
    /// What its loops share, as it was built last.
    current: Arc<RwLock<Arc<Shared>>>,
    wake: Wake,
}

pub(super) struct Shared {
    pub(super) ledger: Ledger,
    pub(super) clock: Clock,
    pub(super) activecampaign: activecampaign::Client,
    pub(super) reader: ploomes::Reader,
    pub(super) writer: ploomes::Writer,
    pub(super) routes: Vec<Route>,
    pub(super) settings: Settings,
    pub(super) reference: Reference,
    pub(super) health: Health,
    pub(super) bare: Bare,
    pub(super) role: Role,
    /// Fires when the service stops; set where it was started.
    pub(super) stopping: OnceLock<CancellationToken>,
    pub(super) wake: Wake,
    pub(super) alive: Alive,
    pub(super) busy: Busy,
    /// Held by the poll that runs.
    pub(super) polling: tokio::sync::Mutex<()>,
    /// Held by the reconciliation that runs.
    pub(super) reconciling: tokio::sync::Mutex<()>,
    /// When this engine started: steps in doubt from before settle from here on.
    pub(super) started: tokio::time::Instant,
    rng: Mutex<StdRng>,
}

impl Engine {
    /// Builds an engine; nothing runs yet. Must be called inside a tokio runtime.
    pub fn new(parts: Parts) -> Self {
        let wake = Wake::default();
        let shared = Shared::new(parts, wake.clone());
        Self { current: Arc::new(RwLock::new(Arc::new(shared))), wake }
    }

    /// Builds it anew, as after a restart; its loops must have ended. Whoever has the engine has the
    /// new one from now on. The limits go on from where they stand.
    pub fn rebuild(&self, parts: Parts) {
        let (old, new) = (self.shared(), Shared::new(parts, self.wake.clone()));
        new.activecampaign.limiter().follow(old.activecampaign.limiter());
        new.reader.limiter().follow(old.reader.limiter());
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(new);
    }

    /// What the loops share now.
    pub(super) fn shared(&self) -> Arc<Shared> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Starts every loop.
    pub fn start(&self, lifecycle: &Lifecycle) {
        let stopping = lifecycle.stopping();
        let current = self.shared();
        // A second start would keep the first one's.
        let _ = current.stopping.set(stopping.clone());
        let shared = || Arc::clone(&current);
        lifecycle.spawn("intake", intake::run(shared(), stopping.clone()));
        lifecycle.spawn("matcher", matcher::run(shared(), stopping.clone()));
        lifecycle.spawn("reference", reference::run(shared(), stopping.clone()));
        lifecycle.spawn("worker", worker::run(shared(), stopping.clone()));
        lifecycle.spawn("jobs", jobs::run(shared(), stopping.clone()));
        lifecycle.spawn("housekeeping", housekeeping::run(shared(), stopping.clone()));
        lifecycle.spawn("limits", close_limits(shared(), stopping));
    }

    /// Starts the schedule; without it, polls run only when asked for.
    pub fn start_schedule(&self, lifecycle: &Lifecycle) {
        let stopping: CancellationToken = lifecycle.stopping();
        let shared = self.shared();
        lifecycle.spawn("scheduler", scheduler::run(Arc::clone(&shared), stopping.clone()));
        lifecycle.spawn("reconciler", scheduler::run_reconciler(shared, stopping));
    }

    /// Performs a job now; see [`jobs::kind`].
    pub async fn perform(&self, kind: &str, arguments: &Value) -> Result<Value, String> {
        jobs::perform(&self.shared(), kind, arguments).await
    }

    /// Waits until nothing is left to do but what failed and waits for its next attempt.
    ///
    /// Also ends where waiting is in vain: a key is refused, the service stops, or nothing has
    /// changed for a while, as where a route is held or an account is down. What is left stays in the
    /// queue.
    pub async fn drained(&self) -> Result<(), LedgerError> {
        let shared = &*self.shared();
        let routes: Vec<RouteId> =
            shared.routes.iter().filter(|route| route.enabled).map(|route| route.id).collect();
        let quiet_max = DRAIN_QUIET_MAX + shared.settings.settle;
        let mut last = (None, tokio::time::Instant::now());
        loop {
            let (now, routes) = (shared.now(), routes.clone());
            let look = move |conn: &_| Ok((work::is_busy(conn, &routes, now)?, pulse::read(conn)?));
            let stopping = shared.stopping.get().is_some_and(CancellationToken::is_cancelled);
            let (busy, pulse) = match shared.ledger.read(look).await {
                Err(LedgerError::Closed) if stopping => return Ok(()),
                read => read?,
            };
            if !busy && shared.busy.is_idle() {
                return Ok(());
            }
            if last.0 != Some(pulse) {
                last = (Some(pulse), tokio::time::Instant::now());
            }
            let why = if stopping {
                "the service stops"
            } else if self.key_refused_since().or(self.activecampaign_key_refused_since()).is_some()
            {
                "a key is refused"
            } else if last.1.elapsed() >= quiet_max {
                "nothing moves"
            } else {
                tokio::time::sleep(DRAIN_LOOK_EVERY).await;
                continue;
            };
            tracing::warn!("{why}: what is left stays in the queue");
            return Ok(());
        }
    }

    /// The ledger's row of a route.
    pub fn route_id(&self, name: &str) -> Option<RouteId> {
        self.shared().routes.iter().find(|route| route.name == name).map(|route| route.id)
    }

    /// Who can be woken.
    pub fn wake(&self) -> &Wake {
        &self.wake
    }

    /// Keeps the hits on unknown webhook URLs, as the receiver counted them.
    pub async fn count_unknown(&self, hits: u64) -> Result<(), LedgerError> {
        let now = self.shared().now();
        self.shared().ledger.write(move |tx| unknown::count(tx, hits, now)).await
    }

    /// How long Ploomes asked not to be called.
    pub fn ploomes_pauses_for(&self) -> Duration {
        self.shared().reader.limiter().paused_for()
    }

    /// How long this many more requests to Ploomes would take.
    pub fn forecast(&self, requests: u64) -> Duration {
        self.shared().reader.limiter().forecast(requests)
    }

    /// Since when Ploomes has refused the key.
    pub fn key_refused_since(&self) -> Option<DateTime<Utc>> {
        self.shared().health.key_refused_since()
    }

    /// Since when `ActiveCampaign` has refused the key.
    pub fn activecampaign_key_refused_since(&self) -> Option<DateTime<Utc>> {
        match self.shared().activecampaign.standing().key() {
            KeyState::Refused(since) => Some(since),
            KeyState::Unknown | KeyState::Accepted => None,
        }
    }

    /// Routes that cannot be worked on as configured, each with the reasons.
    pub fn held_routes(&self) -> Vec<(String, Vec<String>)> {
        let shared = self.shared();
        shared.reference.held(&shared.routes)
    }
}

impl Shared {
    fn new(parts: Parts, wake: Wake) -> Self {
        Self {
            ledger: parts.ledger,
            clock: parts.clock,
            activecampaign: parts.activecampaign,
            reader: parts.reader,
            writer: parts.writer,
            routes: parts.routes,
            settings: parts.settings,
            reference: Reference::default(),
            health: Health::default(),
            bare: Bare::default(),
            role: parts.role,
            stopping: OnceLock::new(),
            wake,
            alive: Alive::default(),
            busy: Busy::default(),
            polling: tokio::sync::Mutex::default(),
            reconciling: tokio::sync::Mutex::default(),
            started: tokio::time::Instant::now(),
            rng: Mutex::new(StdRng::seed_from_u64(parts.seed)),
        }
    }

    pub(super) fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    pub(super) fn route(&self, id: RouteId) -> Option<&Route> {
        self.routes.iter().find(|route| route.id == id)
    }

    /// The routes that make deals.
    pub(super) fn with_deals(&self) -> BTreeSet<RouteId> {
        let with_deal = self.routes.iter().filter(|route| route.spec.create.has_deal());
        with_deal.map(|route| route.id).collect()
    }

    pub(super) fn rng(&self) -> MutexGuard<'_, StdRng> {
        self.rng.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// When to try again after a failure.
    pub(super) fn retry_at(&self, failures: u32, after: Option<Duration>) -> DateTime<Utc> {
        let wait = self.settings.backoff.after(failures, after, &mut *self.rng());
        self.now() + TimeDelta::from_std(wait).unwrap_or(TimeDelta::days(1))
    }

    /// How long until a moment of the ledger, for a loop that sleeps.
    pub(super) fn until(&self, moment: Option<DateTime<Utc>>) -> Option<Duration> {
        moment.map(|moment| (moment - self.now()).to_std().unwrap_or_default())
    }
}

/// Once the service stops, nobody waits for a turn any more; what is on its way goes on.
async fn close_limits(shared: Arc<Shared>, stopping: CancellationToken) {
    stopping.cancelled().await;
    shared.activecampaign.limiter().close();
    shared.reader.limiter().close();
}

/// Logs a failed call without anything of its content.
pub(super) fn log_call(error: &CallError, what: &str) {
    tracing::warn!(status = error.status(), verdict = ?error.verdict(), "{what} failed");
}
