//! The only place that reads the time of day.
//!
//! Delays and deadlines use `tokio::time`, which tests pause; points in time that are kept or
//! shown come from a [`Clock`], which tests move. `Clock::system` in a paused runtime follows
//! tokio's clock, so that both agree.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use chrono::{DateTime, TimeDelta, Utc};

/// Tells the time of day.
#[derive(Clone)]
pub struct Clock(Source);

#[derive(Clone)]
enum Source {
    System,
    /// A start, and tokio's clock at that moment: moves with paused time.
    Tokio(DateTime<Utc>, tokio::time::Instant, Arc<Mutex<TimeDelta>>),
}

impl Clock {
    /// The machine's clock.
    pub const fn system() -> Self {
        Self(Source::System)
    }

    /// A clock that shows `start` now and goes on with tokio's clock, paused or not.
    ///
    /// Must be called inside a tokio runtime.
    pub fn simulated(start: DateTime<Utc>) -> Self {
        Self(Source::Tokio(start, tokio::time::Instant::now(), Arc::default()))
    }

    /// Whether time is simulated: what goes by the machine's clock all the same is left out then.
    pub const fn is_simulated(&self) -> bool {
        matches!(self.0, Source::Tokio(..))
    }

    /// Steps a simulated clock, forwards or backwards; a system clock is left alone.
    pub fn step(&self, by: TimeDelta) {
        if let Source::Tokio(_, _, skew) = &self.0 {
            let mut skew = skew.lock().unwrap_or_else(PoisonError::into_inner);
            *skew += by;
        }
    }

    /// Now, in UTC.
    pub fn now(&self) -> DateTime<Utc> {
        match &self.0 {
            #[expect(clippy::disallowed_methods, reason = "the one place that may")]
            Source::System => Utc::now(),
            Source::Tokio(start, instant, skew) => {
                let passed = TimeDelta::from_std(instant.elapsed()).unwrap_or(TimeDelta::MAX);
                *start + passed + *skew.lock().unwrap_or_else(PoisonError::into_inner)
            }
        }
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Source::System => "Clock(system)",
            Source::Tokio(..) => "Clock(simulated)",
        })
    }
}
