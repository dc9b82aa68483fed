//! The engine's shifts: one ends and the next begins when a configuration is taken over.
//!
//! An engine never changes under its own feet. Its loops end softly, as at a stop, and are started
//! anew on what was built from the new configuration; so what holds for a restart holds here. The
//! receiver does not stop: deliveries are kept meanwhile, and the next shift finds them.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use anyhow::{Context, bail};
use tokio::{sync::watch, time::timeout};
use tokio_util::sync::CancellationToken;

use crate::{
    cli::compose::{self, World},
    clock::Clock,
    config::{AtNextStart, Config, Live},
    engine::{Engine, Lifecycle, Role, alerts, lifecycle::STOP_WITHIN},
    ledger::Ledger,
    transport::Wire,
    web::{self, ReceiverRoute},
};

/// How long is waited before a ledger that takes nothing is tried again.
const AGAIN_AFTER: Duration = Duration::from_secs(1);

/// Which shift is at work, and how the next one is made; clones are the same.
#[derive(Clone)]
pub struct Shifts(Arc<Office>);

struct Office {
    engine: Engine,
    lifecycle: Lifecycle,
    live: Live,
    ledger: Ledger,
    clock: Clock,
    world: World,
    receiver: web::Receiver,
    now: watch::Sender<Shift>,
    duties: Mutex<Duties>,
    /// Held while one hands over to the next.
    handing_over: tokio::sync::Mutex<u64>,
}

/// What a shift does besides bringing leads in.
#[derive(Clone, Default)]
struct Duties {
    schedule: bool,
    alerts: Option<Wire>,
}

/// The loops of one shift.
#[derive(Clone)]
struct Shift {
    lifecycle: Lifecycle,
    /// Its end was asked for: another one follows.
    is_relieved: Arc<AtomicBool>,
}

impl Shift {
    fn of(lifecycle: &Lifecycle) -> Self {
        Self { lifecycle: lifecycle.child(), is_relieved: Arc::default() }
    }
}

/// What shifts are made of, besides the engine itself.
pub(super) struct Means {
    pub(super) live: Live,
    pub(super) ledger: Ledger,
    pub(super) clock: Clock,
    pub(super) world: World,
    pub(super) receiver: web::Receiver,
    pub(super) seed: u64,
}

impl Shifts {
    /// Starts the first shift on `engine`, as part of the service behind `lifecycle`.
    pub(super) fn begin(engine: Engine, lifecycle: &Lifecycle, means: Means) -> Self {
        let Means { live, ledger, clock, world, receiver, seed } = means;
        let shift = Shift::of(lifecycle);
        engine.start(&shift.lifecycle);
        let (now, seen) = watch::channel(shift);
        lifecycle.spawn("shift", watch_over(seen, lifecycle.stopping()));
        let office = Office {
            engine,
            lifecycle: lifecycle.clone(),
            live,
            ledger,
            clock,
            world,
            receiver,
            now,
            duties: Mutex::default(),
            handing_over: tokio::sync::Mutex::new(seed),
        };
        Self(Arc::new(office))
    }

    /// Starts the schedule, in this shift and each that follows.
    pub fn start_schedule(&self) {
        self.duties().schedule = true;
        self.0.engine.start_schedule(&self.0.now.borrow().lifecycle);
    }

    /// Starts alerts and heartbeat, over `wire`, in this shift and each that follows.
    pub fn start_alerts(&self, wire: Wire) -> anyhow::Result<()> {
        let settings = alerts_of(&self.0.live.get())?;
        self.duties().alerts = Some(wire.clone());
        self.0.engine.start_alerts(settings, wire, &self.0.now.borrow().lifecycle);
        Ok(())
    }

    /// Takes a configuration over; gives the keys that take effect at the next start.
    ///
    /// Where it cannot be, nothing has changed and the old shift goes on. Once the old one ends,
    /// there is no way back but the end of the service, which the journal makes safe.
    pub async fn take_over(&self, config: Config) -> anyhow::Result<AtNextStart> {
        let mut seed = self.0.handing_over.lock().await;
        let office = &*self.0;
        let (old, mut config) = (office.live.get(), config);
        let later = keep_what_stands(&mut config, &old);
        let alerts = alerts_of(&config)?;
        *seed = seed.wrapping_add(1);
        let (ledger, clock) = (office.ledger.clone(), office.clock.clone());
        let (world, role) = (office.world.clone(), Role::Works);
        let parts = compose::parts(&config, ledger, clock, world, *seed, role).await?;
        self.end_shift(&old).await?;
        while let Err(error) = compose::settle_the_past(&office.ledger, &office.clock).await {
            tracing::error!(%error, "the ledger takes nothing; the engine waits for it");
            tokio::time::sleep(AGAIN_AFTER).await;
        }
        office.engine.rebuild(parts);
        office.receiver.take_over(routes_of(&office.engine, &config), config.receiver.max_body);
        office.live.replace(config);
        self.begin_shift(alerts);
        Ok(later)
    }

    /// Ends the shift that is at work, after what it has in hand.
    async fn end_shift(&self, old: &Config) -> anyhow::Result<()> {
        let shift = self.0.now.borrow().clone();
        shift.is_relieved.store(true, Ordering::SeqCst);
        shift.lifecycle.stop();
        // A pass ends with the call it is at, and a look after that.
        let longest = old.activecampaign.timeout.max(old.ploomes.timeout);
        let within = 2 * longest + STOP_WITHIN;
        if timeout(within, shift.lifecycle.ended()).await.is_err() {
            self.0.lifecycle.stop();
            bail!("the engine came to no end; the service stops, to be started anew");
        }
        Ok(())
    }

    fn begin_shift(&self, settings: alerts::Settings) {
        let (office, duties) = (&*self.0, self.duties().clone());
        let shift = Shift::of(&office.lifecycle);
        office.engine.start(&shift.lifecycle);
        if duties.schedule {
            office.engine.start_schedule(&shift.lifecycle);
        }
        if let Some(wire) = duties.alerts {
            office.engine.start_alerts(settings, wire, &shift.lifecycle);
        }
        office.now.send_replace(shift);
    }

    fn duties(&self) -> MutexGuard<'_, Duties> {
        self.0.duties.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Lasts as long as there is a shift: one that ends without being relieved ends the service.
async fn watch_over(mut seen: watch::Receiver<Shift>, stopping: CancellationToken) {
    loop {
        let shift = seen.borrow_and_update().clone();
        shift.lifecycle.ended().await;
        if stopping.is_cancelled() || !shift.is_relieved.load(Ordering::SeqCst) {
            return;
        }
        tokio::select! {
            () = stopping.cancelled() => return,
            changed = seen.changed() => if changed.is_err() {
                return;
            },
        }
    }
}

/// The routes of the receiver.
pub(super) fn routes_of<'a>(
    engine: &'a Engine,
    config: &'a Config,
) -> impl Iterator<Item = ReceiverRoute> + use<'a> {
    config.routes.iter().filter_map(|route| {
        let id = engine.route_id(&route.name)?;
        Some(ReceiverRoute::new(id, route))
    })
}

fn alerts_of(config: &Config) -> anyhow::Result<alerts::Settings> {
    let own = &config.alerts;
    alerts::Settings::new(own.url.as_ref(), own.heartbeat.as_ref(), own.silence)
        .context("alerts.url or alerts.heartbeat")
}

/// Puts back what only a start can change, and names it.
fn keep_what_stands(config: &mut Config, old: &Config) -> AtNextStart {
    use secrecy::ExposeSecret as _;

    let mut later = Vec::new();
    if config.receiver.listen != old.receiver.listen {
        later.push("receiver.listen");
        config.receiver.listen = old.receiver.listen;
    }
    let hash = |config: &Config| {
        config.admin.password_hash.as_ref().map(|it| it.expose_secret().to_owned())
    };
    if config.admin.listen != old.admin.listen {
        later.push("admin.listen");
    }
    if hash(config) != hash(old) {
        later.push("admin.password_hash");
    }
    if config.admin.language != old.admin.language {
        later.push("admin.language");
    }
    config.admin = old.admin.clone();
    if config.ledger.path != old.ledger.path {
        later.push("ledger.path");
        config.ledger.path.clone_from(&old.ledger.path);
    }
    later
}
