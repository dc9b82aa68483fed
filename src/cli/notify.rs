//! Tells the service manager how it goes: ready, alive, stopping. Without one nothing happens.

use std::time::Duration;

use sd_notify::NotifyState;
use tokio::time::{Instant, timeout};

use crate::ledger::{Ledger, meta};

/// How long the ledger may take to answer a read: a service whose ledger is stuck is not alive.
const ANSWER_WITHIN: Duration = Duration::from_secs(1);

/// Both sockets listen, and the engine runs.
pub(super) fn ready() {
    tell(&NotifyState::Ready);
}

/// The configuration is read again; [`ready`] is said when that is over.
pub(super) fn reloading() {
    if let Ok(since) = NotifyState::monotonic_usec_now() {
        let said = sd_notify::notify(&[NotifyState::Reloading, since]);
        if let Err(error) = said {
            tracing::warn!(%error, "the service manager cannot be told of the reload");
        }
    }
}

/// The service was asked to stop.
pub(super) fn stopping() {
    tell(&NotifyState::Stopping);
}

fn tell(state: &NotifyState<'_>) {
    if let Err(error) = sd_notify::notify(std::slice::from_ref(state)) {
        tracing::warn!(%error, "the service manager cannot be told `{state}`");
    }
}

/// The service manager's watchdog: restarts a service that it does not hear from.
pub(super) struct Watchdog {
    ledger: Ledger,
    /// Half of what it waits; `None` where it does not wait.
    every: Option<Duration>,
    next: Instant,
}

impl Watchdog {
    /// The watchdog that the environment asks for, if any.
    pub(super) fn from_environment(ledger: Ledger) -> Self {
        let every = sd_notify::watchdog_enabled().map(|wait| wait / 2);
        Self { ledger, every, next: Instant::now() }
    }

    /// How long may pass until the next call of [`Watchdog::beat`].
    pub(super) fn wait(&self, at_most: Duration) -> Duration {
        self.every.map_or(at_most, |every| every.min(at_most))
    }

    /// Says that the service is alive, where that is due and the ledger answers.
    pub(super) async fn beat(&mut self) {
        let Some(every) = self.every.filter(|_| Instant::now() >= self.next) else { return };
        match timeout(ANSWER_WITHIN, self.ledger.read(meta::last_alive)).await {
            Ok(Ok(_)) => {
                tell(&NotifyState::Watchdog);
                self.next = Instant::now() + every;
            }
            Ok(Err(error)) => tracing::error!(%error, "the ledger cannot be read"),
            Err(_) => tracing::error!("the ledger does not answer"),
        }
    }
}
