//! `run`: receiver, poller, scheduler, worker and admin page, until SIGTERM or SIGINT.
//!
//! The receiver opens first and needs neither `ActiveCampaign` nor Ploomes. SIGHUP has the
//! configuration read again.

mod reload;
mod shifts;
mod shown;

use std::{
    collections::BTreeMap, convert::Infallible, io, net::SocketAddr, path::Path, sync::Arc,
    time::Duration,
};

use anyhow::Context;
use tokio::{
    net::TcpListener,
    signal::unix::{Signal, SignalKind},
    sync::mpsc,
    time::{Instant, timeout_at},
};

use super::{
    Failure,
    compose::{self, World},
    notify::{self, Watchdog},
    overview,
};
use crate::{
    clock::Clock,
    config::{Asked, Config, Live, Reload},
    engine::{Engine, Lifecycle, Role},
    ledger::{EngineLock, Ledger, meta, open::Opener},
    transport::{Wire, wire::http_client},
    web::{self, server::Limits},
};
use shifts::Means;
use shown::Shown;

pub use shifts::Shifts;

/// Signals this close together are one: `timeout`, for one, signals the process and then its group.
const ONE_SIGNAL: Duration = Duration::from_millis(200);

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
    /// Takes other configurations over.
    pub shifts: Shifts,
    /// Who asks for the configuration to be read again.
    asked: mpsc::Receiver<Asked>,
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
    let mut service = start_with(&config, Some(file), ledger.clone(), clock, world, seed).await?;
    service.shifts.start_schedule();
    let wire = Wire::Http(http_client(compose::USER_AGENT).context("no HTTPS is possible")?);
    service.shifts.start_alerts(wire)?;
    notify::ready();
    tracing::info!(receiver = %service.receiver, admin = %service.admin, "ready");
    let was_asked = until_asked_to_stop(path, &mut service, &mut signals).await;
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
    let engine =
        compose::engine(config, ledger.clone(), clock.clone(), world.clone(), seed, role).await?;
    let live = Live::new(config.clone());
    let lifecycle = Lifecycle::new();
    let addresses = (receiver.local_addr()?, admin.local_addr()?);
    let stopping = lifecycle.stopping();
    let inlet = web::Receiver::new(
        ledger.clone(),
        clock.clone(),
        shifts::routes_of(&engine, config),
        config.receiver.max_body,
        Arc::clone(&engine.wake().intake),
    );
    let state = Arc::new(web::EngineState::default());
    let read = overview::of(&ledger, &clock);
    let watchdog = Watchdog::from_environment(ledger.clone());
    let (reload, asked) = Reload::channel();
    let file = file.map(|file| reloads_by(file, reload));
    let page = web::Admin::new(
        &live,
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
    let serves = web::server::serve(receiver, inlet.clone(), Limits::RECEIVER, stopping.clone());
    lifecycle.spawn("receiver", serves);
    let unknown = inlet.unknown_tokens();
    let means = Means {
        live: live.clone(),
        ledger: ledger.clone(),
        clock: clock.clone(),
        world,
        receiver: inlet,
        seed,
    };
    let shown = Shown { engine: engine.clone(), ledger, live, clock, state, unknown, watchdog };
    // Before anybody can ask: what `/readyz` says first it says again for a second.
    shown.state.show(shown.view().await);
    let serves = web::server::serve(admin, page.router(), Limits::ADMIN, stopping.clone());
    lifecycle.spawn("admin", serves);
    lifecycle.spawn("state", shown.keep(stopping.clone()));
    let shifts = Shifts::begin(engine.clone(), &lifecycle, means);
    let (receiver, admin) = addresses;
    Ok(Service { engine, receiver, admin, lifecycle, shifts, asked })
}

/// The file, with the way for the page to have it read again.
fn reloads_by(file: web::admin::File, reload: Reload) -> web::admin::File {
    let take_over: web::admin::Reload = Arc::new(move || {
        let reload = reload.clone();
        Box::pin(async move { reload.ask().await.map(drop) })
    });
    web::admin::File { reload: Some(take_over), ..file }
}

/// Waits for a signal or for a loop that fails; says whether it was a signal. Meanwhile the
/// configuration is read again whenever that is asked for.
async fn until_asked_to_stop(path: &Path, service: &mut Service, signals: &mut Signals) -> bool {
    let stopping = service.lifecycle.stopping();
    let Signals { terminate, interrupt, hangup } = signals;
    let reloads = keep_reloading(path, &service.shifts, hangup, &mut service.asked);
    let was_asked = tokio::select! {
        _ = terminate.recv() => true,
        _ = interrupt.recv() => true,
        () = stopping.cancelled() => false,
        never = reloads => match never {},
    };
    if was_asked {
        tracing::info!("stopping");
    }
    notify::stopping();
    was_asked
}

/// Reads the configuration again on each SIGHUP, and for each that asks.
async fn keep_reloading(
    path: &Path,
    shifts: &Shifts,
    hangup: &mut Signal,
    asked: &mut mpsc::Receiver<Asked>,
) -> Infallible {
    let environment: BTreeMap<String, String> = std::env::vars().collect();
    loop {
        let waits = tokio::select! {
            Some(()) = hangup.recv() => None,
            Some(waits) = asked.recv() => Some(waits),
            else => std::future::pending().await,
        };
        let taken = reload::reload(path, &environment, shifts).await;
        if let Some(waits) = waits {
            // Whoever asked may be gone; what came of it is in the log as well.
            let _ = waits.send(taken);
        }
    }
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

/// SIGTERM, SIGINT and SIGHUP, caught from when this is made: one that comes during the start is
/// heeded too.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
}

impl Signals {
    fn catch() -> io::Result<Self> {
        let catch = tokio::signal::unix::signal;
        // A limit on the size of files is then an error of the write that met it, which the ledger
        // says as it says a full disk, and not the end of the process. It stays caught.
        drop(catch(SignalKind::from_raw(rustix::process::Signal::XFSZ.as_raw()))?);
        let (terminate, interrupt) = (SignalKind::terminate(), SignalKind::interrupt());
        let hangup = catch(SignalKind::hangup())?;
        Ok(Self { terminate: catch(terminate)?, interrupt: catch(interrupt)?, hangup })
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
