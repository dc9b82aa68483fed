//! `run`: receiver, poller, scheduler, worker and admin page, until SIGTERM or SIGINT.
//!
//! The receiver opens first and needs neither `ActiveCampaign` nor Ploomes.

use std::{io, net::SocketAddr, path::Path, sync::Arc, time::Duration};

use anyhow::Context;
use chrono::{DateTime, TimeDelta, Utc};
use tokio::{
    net::TcpListener,
    signal::unix::{Signal, SignalKind},
    time::{Instant, timeout_at},
};
use tokio_util::sync::CancellationToken;

use super::{
    Failure,
    compose::{self, World},
    notify::{self, Watchdog},
    overview,
};
use crate::{
    clock::Clock,
    config::Config,
    engine::{Engine, Lifecycle, Role, alerts},
    ledger::{EngineLock, Ledger, meta, open::Opener, status},
    report::Next,
    transport::{Wire, wire::http_client},
    web::{self, EngineView, ReceiverRoute, engine_state::Service as Api, server::Limits},
};

/// Signals this close together are one: `timeout`, for one, signals the process and then its group.
const ONE_SIGNAL: Duration = Duration::from_millis(200);

/// How often the admin page's picture of the engine is renewed.
const STATE_EVERY: Duration = Duration::from_secs(1);

/// How long after a signal the ledger is closed at the latest: a second is left of the ten that a
/// service manager gives, half of it for calls that cannot be broken off.
const CLOSED_WITHIN: Duration = Duration::from_millis(9_300);

/// A service whose sockets are open.
pub struct Service {
    /// What works.
    pub engine: Engine,
    /// Where webhooks come in.
    pub receiver: SocketAddr,
    /// Where the page is.
    pub admin: SocketAddr,
    /// Stops it.
    pub lifecycle: Lifecycle,
}

/// Runs the service until a signal comes.
pub(super) async fn run(path: &Path, config: Config) -> Result<(), Failure> {
    let mut signals = Signals::catch().context("signals cannot be caught")?;
    let clock = Clock::system();
    let Some(lock) = EngineLock::try_take(&config.ledger.path)? else {
        let ledger = config.ledger.path.display();
        return Err(anyhow::anyhow!(
            "another ponte works on {ledger}; stop it first, or give this one a ledger of its own"
        )
        .into());
    };
    let ledger = super::open_ledger(&config, &clock, Opener::Engine(&lock))?;
    let environment = std::env::vars().collect();
    let file = web::admin::File { path: path.to_owned(), environment, reload: None };
    let (world, seed) = (World::Sockets, super::random_seed());
    let service = start_with(&config, Some(file), ledger.clone(), clock, world, seed).await?;
    service.engine.start_schedule(&service.lifecycle);
    let wire = Wire::Http(http_client(compose::USER_AGENT).context("no HTTPS is possible")?);
    start_alerts(&service, &config, wire)?;
    notify::ready();
    tracing::info!(receiver = %service.receiver, admin = %service.admin, "ready");
    let was_asked = until_asked_to_stop(&service.lifecycle, &mut signals).await;
    let deadline = Instant::now() + CLOSED_WITHIN;
    let is_whole = stop(&service.lifecycle).await;
    let closed = async {
        let now = Clock::system().now();
        let _ = ledger.write(move |tx| meta::note_alive(tx, now)).await;
        ledger.close().await;
    };
    let is_closed = timeout_at(deadline, closed).await.is_ok();
    if !was_asked {
        return Err(anyhow::anyhow!("a part of the service ended on its own; see the log").into());
    }
    if is_whole && is_closed {
        tracing::info!("stopped");
    } else {
        tracing::warn!("stopped with a call on its way; the journal makes it safe");
    }
    Ok(())
}

/// Starts the alerts and the heartbeat of the configuration; they go over `wire`.
pub fn start_alerts(service: &Service, config: &Config, wire: Wire) -> anyhow::Result<()> {
    let own = &config.alerts;
    let settings = alerts::Settings::new(own.url.as_ref(), own.heartbeat.as_ref(), own.silence)
        .context("alerts.url or alerts.heartbeat")?;
    service.engine.start_alerts(settings, wire, &service.lifecycle);
    Ok(())
}

/// Opens both sockets and starts every loop but the schedule; there is no file to be edited.
pub async fn start(
    config: &Config,
    ledger: Ledger,
    clock: Clock,
    world: World,
    seed: u64,
) -> anyhow::Result<Service> {
    start_with(config, None, ledger, clock, world, seed).await
}

/// The same, for a configuration that stands in a file, which the page can edit.
async fn start_with(
    config: &Config,
    file: Option<web::admin::File>,
    ledger: Ledger,
    clock: Clock,
    world: World,
    seed: u64,
) -> anyhow::Result<Service> {
    let bind = |listen: SocketAddr, what: &'static str| async move {
        TcpListener::bind(listen)
            .await
            .with_context(|| format!("cannot listen on {listen} ({what})"))
    };
    let receiver = bind(config.receiver.listen, "receiver.listen").await?;
    let admin = bind(config.admin.listen, "admin.listen").await?;
    let role = Role::Works;
    let engine = compose::engine(config, ledger.clone(), clock.clone(), world, seed, role).await?;
    let lifecycle = Lifecycle::new();
    let addresses = (receiver.local_addr()?, admin.local_addr()?);
    let stopping = lifecycle.stopping();
    let routes = config.routes.iter().filter_map(|route| {
        let id = engine.route_id(&route.name)?;
        Some(ReceiverRoute::new(id, route))
    });
    let inlet = web::Receiver::new(
        ledger.clone(),
        clock.clone(),
        routes,
        config.receiver.max_body,
        Arc::clone(&engine.wake().intake),
    );
    let state = Arc::new(web::EngineState::default());
    let read = overview::of(&ledger, &clock);
    let watchdog = Watchdog::from_environment(ledger.clone());
    let page = web::Admin::new(
        config,
        web::admin::Parts {
            ledger: ledger.clone(),
            read,
            clock: clock.clone(),
            state: Arc::clone(&state),
            jobs: Arc::clone(&engine.wake().jobs),
            stopping: stopping.clone(),
            file,
        },
    );
    let serve =
        |listener, router, limits| web::server::serve(listener, router, limits, stopping.clone());
    lifecycle.spawn("receiver", serve(receiver, inlet.router(), Limits::RECEIVER));
    let unknown = inlet.unknown_tokens();
    let (engine, config) = (engine.clone(), config.clone());
    let shown = Shown { engine: engine.clone(), ledger, config, clock, state, unknown, watchdog };
    // Before anybody can ask: what `/readyz` says first it says again for a second.
    shown.state.show(shown.view().await);
    lifecycle.spawn("admin", serve(admin, page.router(), Limits::ADMIN));
    lifecycle.spawn("state", shown.keep(stopping.clone()));
    engine.start(&lifecycle);
    Ok(Service { engine, receiver: addresses.0, admin: addresses.1, lifecycle })
}

/// What goes between the engine and the two faces of the service, each second.
struct Shown {
    engine: Engine,
    ledger: Ledger,
    config: Config,
    clock: Clock,
    state: Arc<web::EngineState>,
    unknown: web::UnknownTokens,
    watchdog: Watchdog,
}

impl Shown {
    async fn keep(mut self, stopping: CancellationToken) {
        let each_second = async {
            loop {
                self.state.show(self.view().await);
                self.keep_unknown().await;
                self.watchdog.beat().await;
                tokio::time::sleep(self.watchdog.wait(STATE_EVERY)).await;
            }
        };
        tokio::select! {
            () = stopping.cancelled() => {}
            () = each_second => {}
        }
        self.keep_unknown().await;
    }

    async fn view(&self) -> EngineView {
        let now = self.clock.now();
        let counts = self.ledger.read(move |conn| status::read(conn, now)).await;
        let next = counts.ok().map(|counts| Next::of(&counts, &self.config, now));
        let pause = TimeDelta::from_std(self.engine.ploomes_pauses_for()).unwrap_or_default();
        let refused = [
            (Api::ActiveCampaign, self.engine.activecampaign_key_refused_since()),
            (Api::Ploomes, self.engine.key_refused_since()),
        ];
        EngineView {
            key_refused: refused
                .into_iter()
                .filter_map(|(api, since)| Some((api, since?)))
                .collect(),
            held: self.engine.held_routes(),
            ploomes_waits_until: (!pause.is_zero()).then(|| now + pause),
            next_poll: next.and_then(|it| it.poll),
            next_reconcile: next.and_then(|it| it.reconcile),
            queue_empty_at: next.and_then(|it| self.empty_at(it.requests, now)),
        }
    }

    /// When so many requests are sent, as the limiter goes now: after a 429 it goes slowly.
    fn empty_at(&self, requests: i64, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let requests = u64::try_from(requests).ok().filter(|requests| *requests > 0)?;
        now.checked_add_signed(TimeDelta::from_std(self.engine.forecast(requests)).ok()?)
    }

    async fn keep_unknown(&self) {
        let hits = self.unknown.take();
        if hits > 0
            && let Err(error) = self.engine.count_unknown(hits).await
        {
            tracing::error!(%error, hits, "hits on unknown webhook URLs cannot be kept");
        }
    }
}

/// Waits for a signal or for a loop that fails; says whether it was a signal.
async fn until_asked_to_stop(lifecycle: &Lifecycle, signals: &mut Signals) -> bool {
    let stopping = lifecycle.stopping();
    let asked = tokio::select! {
        () = signals.next() => {
            tracing::info!("stopping");
            true
        }
        () = stopping.cancelled() => false,
    };
    notify::stopping();
    asked
}

/// Waits for the loops to end; says whether all did. A second signal ends the wait at once.
async fn stop(lifecycle: &Lifecycle) -> bool {
    lifecycle.stop();
    tokio::select! {
        ended = lifecycle.stopped() => ended,
        () = another_signal() => false,
    }
}

/// Waits for a signal that is not the first one again.
async fn another_signal() {
    tokio::time::sleep(ONE_SIGNAL).await;
    signal().await;
}

/// SIGTERM and SIGINT, caught from when this is made: one that comes during the start stops softly
/// too.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn catch() -> io::Result<Self> {
        let catch = tokio::signal::unix::signal;
        // A limit on the size of files is then an error of the write that met it, which the ledger
        // says as it says a full disk, and not the end of the process. It stays caught.
        drop(catch(SignalKind::from_raw(rustix::process::Signal::XFSZ.as_raw()))?);
        let (terminate, interrupt) = (SignalKind::terminate(), SignalKind::interrupt());
        Ok(Self { terminate: catch(terminate)?, interrupt: catch(interrupt)? })
    }

    /// Waits for the next of either.
    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// Waits for SIGTERM or SIGINT.
pub(super) async fn signal() {
    match Signals::catch() {
        Ok(mut signals) => signals.next().await,
        Err(_) => std::future::pending().await,
    }
}
