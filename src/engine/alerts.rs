//! Tells somebody: one message a cause, a reminder each day while it lasts, and one when it is over.
//!
//! Each check reads what there is, decides which causes hold (`causes`, pure), compares them with
//! what was told (`advance`, pure) and keeps the difference in the ledger; what is owed is then
//! posted, one request at a time, until it is taken. So a restart neither repeats nor forgets, and a
//! receiver that is down delays messages and loses none. Without an address causes go to the log.

mod advance;
mod causes;
mod disk;
mod heartbeat;
mod message;
mod snapshot;

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use secrecy::{ExposeSecret, SecretString};
use tokio_util::sync::CancellationToken;

use self::{
    advance::{Change, advance},
    causes::causes,
    message::{Address, Answer, NoAddress, post},
    snapshot::Snapshot,
};
use super::{Engine, Lifecycle, shared::Shared};
use crate::{
    ledger::{
        Hash, LedgerError, Tx,
        alert::{self, Alert, Event, Owed},
        history::Head,
    },
    transport::Wire,
};

/// How often is looked, beside the end of each run.
const CHECK_EVERY: Duration = Duration::from_secs(10);

/// From one message to the next: chats take one a second.
const PAUSE: Duration = Duration::from_secs(1);

/// A check that comes so much later than it should: the machine slept, and runs are not late for it.
const SLEPT: TimeDelta = TimeDelta::minutes(2);

/// How long a request that is on its way may go on once the service stops: whoever takes the message
/// then is not told again.
const STOP_GRACE: Duration = Duration::from_secs(3);

/// Where alerts go.
#[derive(Debug)]
pub struct Settings {
    url: Option<Address>,
    heartbeat: Option<Address>,
    silence: TimeDelta,
}

impl Settings {
    /// The settings for `[alerts]` of the configuration.
    pub fn new(
        url: Option<&SecretString>,
        heartbeat: Option<&SecretString>,
        silence: Duration,
    ) -> Result<Self, NoAddress> {
        let address =
            |url: Option<&SecretString>| url.map(|it| it.expose_secret().parse()).transpose();
        Ok(Self {
            url: address(url)?,
            heartbeat: address(heartbeat)?,
            silence: TimeDelta::from_std(silence).unwrap_or(TimeDelta::MAX),
        })
    }
}

impl Engine {
    /// Starts the alerts and the heartbeat, which go over `wire`.
    pub fn start_alerts(&self, settings: Settings, wire: Wire, lifecycle: &Lifecycle) {
        let stopping = lifecycle.stopping();
        if let Some(address) = &settings.heartbeat {
            let beats = heartbeat::run(
                Arc::clone(&self.wake().heartbeat),
                address.clone(),
                wire.clone(),
                stopping.clone(),
            );
            lifecycle.spawn("heartbeat", beats);
        }
        let shared = self.shared();
        let watch = Watch {
            awake_since: shared.now(),
            checked_at: shared.now(),
            shared,
            settings,
            wire,
            stopping,
        };
        lifecycle.spawn("alerts", watch.run());
    }
}

/// Who watches, and tells.
struct Watch {
    shared: Arc<Shared>,
    settings: Settings,
    wire: Wire,
    stopping: CancellationToken,
    /// Since when this engine could have started runs.
    awake_since: DateTime<Utc>,
    checked_at: DateTime<Utc>,
}

impl Watch {
    async fn run(mut self) {
        while !self.stopping.is_cancelled() {
            let worked = match self.check().await {
                Ok(()) => self.tell_next().await,
                Err(error) => Err(error),
            };
            let wait = match worked {
                Ok(Told::One) => PAUSE,
                Ok(Told::Nothing { next }) => {
                    let next = self.shared.until(next).unwrap_or(CHECK_EVERY);
                    // A moment at least: nothing may turn the wait into a spin.
                    next.clamp(Duration::from_millis(10), CHECK_EVERY)
                }
                Err(error) => {
                    tracing::error!(%error, "alerts cannot be kept");
                    CHECK_EVERY
                }
            };
            tokio::select! {
                biased;
                () = self.stopping.cancelled() => {}
                () = self.shared.wake.alerts.notified() => {}
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    /// Looks which causes hold, and keeps what is to be told about them.
    async fn check(&mut self) -> Result<(), LedgerError> {
        let now = self.shared.now();
        if now - self.checked_at > SLEPT {
            self.awake_since = now;
        }
        self.checked_at = now;
        let (snapshot, kept) =
            Snapshot::read(&self.shared, self.settings.silence, self.awake_since).await?;
        let seen = causes(&snapshot);
        let changes = advance(kept, &seen, now);
        if changes.is_empty() {
            return Ok(());
        }
        self.shared.ledger.write(move |tx| keep(tx, &snapshot, &changes)).await
    }

    /// Tells the next message that is due, if any.
    async fn tell_next(&mut self) -> Result<Told, LedgerError> {
        let (alerts, head) =
            self.shared.ledger.read(|conn| Ok((alert::all(conn)?, Head::read(conn)?))).await?;
        let mut owed = alerts.into_iter().filter_map(|alert| Some((alert.owed?, alert)));
        let Some((owed, alert)) = owed.next() else { return Ok(Told::Nothing { next: None }) };
        if alert.due_at > self.shared.now() {
            return Ok(Told::Nothing { next: Some(alert.due_at) });
        }
        let answer = if let Some(address) = &self.settings.url {
            self.send(address, &alert, owed, &head.hash).await
        } else {
            log(&alert, owed);
            Some(Answer::Taken)
        };
        let (event, key, now) = (alert.key.event.as_str(), alert.key.clone(), self.shared.now());
        let after = match answer {
            None => return Ok(Told::Nothing { next: None }),
            Some(Answer::Taken) => {
                tracing::debug!(event, message = owed.as_str(), "an alert was taken");
                advance::taken(alert, now)
            }
            Some(Answer::NotTaken { why, retry_after }) => {
                tracing::warn!(
                    event,
                    attempts = alert.attempts + 1,
                    "an alert was not taken: {why}"
                );
                let due_at = self.shared.retry_at(alert.attempts, retry_after);
                Some(Alert { attempts: alert.attempts.saturating_add(1), due_at, ..alert })
            }
        };
        self.shared
            .ledger
            .write(move |tx| match &after {
                Some(alert) => alert::put(tx, alert),
                None => alert::remove(tx, &key),
            })
            .await?;
        Ok(Told::One)
    }

    /// Posts a message; `None` where the service stopped meanwhile.
    async fn send(
        &self,
        address: &Address,
        alert: &Alert,
        owed: Owed,
        head: &Hash,
    ) -> Option<Answer> {
        let zone = self.shared.settings.timezone;
        let message = message::json(alert, owed, head, zone);
        tokio::select! {
            biased;
            answer = post(&self.wire, address, message) => Some(answer),
            () = async {
                self.stopping.cancelled().await;
                tokio::time::sleep(STOP_GRACE).await;
            } => None,
        }
    }
}

/// What was done about what is owed.
enum Told {
    /// One message was taken, or put off.
    One,
    /// None was due; the next one is then.
    Nothing { next: Option<DateTime<Utc>> },
}

/// Keeps changes; missed leads whose alert is over are no news any more.
fn keep(tx: &Tx<'_>, snapshot: &Snapshot, changes: &[Change]) -> Result<(), LedgerError> {
    for change in changes {
        alert::put(tx, &change.alert)?;
        if change.ends {
            let route = snapshot.routes.iter().find(|it| it.missed_key() == change.alert.key);
            if let Some((route, missed)) = route.and_then(|it| Some((it, it.missed.as_ref()?))) {
                alert::move_cursor(tx, route.id, missed.newest)?;
            }
        }
    }
    Ok(())
}

/// Says a message in the log, where there is no other place for it.
fn log(alert: &Alert, owed: Owed) {
    let (event, count) = (alert.key.event.as_str(), alert.count);
    let text = message::text(alert, owed);
    match (owed, alert.key.event) {
        // Said once: the log has it already.
        (Owed::Reminder, _) => {}
        (Owed::Resolved, _) => tracing::info!(event, "{text}"),
        (
            Owed::Raised,
            Event::MissedLeads | Event::PartialRun | Event::UnknownToken | Event::Clock,
        ) => tracing::warn!(event, count, "{text}"),
        (Owed::Raised, _) => tracing::error!(event, count, "{text}"),
    }
}

#[cfg(test)]
mod tests;
