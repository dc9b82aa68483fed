//! Whether Ploomes can be written to at all: a refused key stops everything, an outage stops the
//! clock by which leads are given up.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use tokio::time::Instant;

/// How long to wait before asking again whether a refused key is accepted.
pub(super) const KEY_PROBE_EVERY: Duration = Duration::from_mins(1);

/// The state of one API.
#[derive(Default)]
pub struct Health(Mutex<State>);

#[derive(Default)]
struct State {
    last_success: Option<DateTime<Utc>>,
    key_refused: Option<Refused>,
}

#[derive(Clone, Copy)]
struct Refused {
    since: DateTime<Utc>,
    probe_at: Instant,
}

/// Whether to go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Go {
    /// Go on.
    Yes,
    /// The key is refused; wait this long, then probe.
    Wait(Duration),
    /// The key was refused; ask whether it is accepted now.
    Probe,
}

impl Health {
    /// A call was answered as it should be.
    pub fn succeeded(&self, now: DateTime<Utc>) {
        let mut state = self.lock();
        state.last_success = Some(now);
        if state.key_refused.take().is_some() {
            tracing::info!("Ploomes accepts the key again");
        }
    }

    /// The key was refused: nothing is written until it is accepted.
    pub fn key_refused(&self, now: DateTime<Utc>) {
        let mut state = self.lock();
        let since = state.key_refused.map_or(now, |it| it.since);
        if state.key_refused.is_none() {
            tracing::error!(
                "Ploomes refuses the key: nothing is written until `ploomes.user_key` is right"
            );
        }
        state.key_refused = Some(Refused { since, probe_at: Instant::now() + KEY_PROBE_EVERY });
    }

    /// The key was asked about, and not taken: it is asked about again in a while.
    pub fn probed(&self, refused: bool, now: DateTime<Utc>) {
        if refused {
            return self.key_refused(now);
        }
        if let Some(state) = &mut self.lock().key_refused {
            state.probe_at = Instant::now() + KEY_PROBE_EVERY;
        }
    }

    /// Since when the key has been refused.
    pub fn key_refused_since(&self) -> Option<DateTime<Utc>> {
        self.lock().key_refused.map(|it| it.since)
    }

    /// Whether to go on.
    pub fn go(&self) -> Go {
        match self.lock().key_refused {
            None => Go::Yes,
            Some(refused) => match refused.probe_at.checked_duration_since(Instant::now()) {
                Some(wait) if !wait.is_zero() => Go::Wait(wait),
                _ => Go::Probe,
            },
        }
    }

    /// The part of the time from `attempted_at` to `now` that does not count against a lead: all
    /// of it where no call of anybody succeeded in between.
    pub fn lost_since(&self, attempted_at: Option<DateTime<Utc>>, now: DateTime<Utc>) -> TimeDelta {
        let Some(attempted_at) = attempted_at else { return TimeDelta::zero() };
        let worked = self.lock().last_success.is_some_and(|success| success >= attempted_at);
        if worked { TimeDelta::zero() } else { (now - attempted_at).max(TimeDelta::zero()) }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
