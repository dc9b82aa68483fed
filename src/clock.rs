//! The only place that reads the time of day.
//!
//! Delays and deadlines use `tokio::time`, which tests pause; points in time that are kept or
//! shown come from a [`Clock`], which tests move. `Clock::system` in a paused runtime follows
//! tokio's clock, so that both agree.

use std::{
    fmt, fs,
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use chrono::{DateTime, TimeDelta, Utc};

/// Tells the time of day.
#[derive(Clone)]
pub struct Clock(Source);

/// Now, twice over: as people tell it, and on a clock that nobody steps.
#[derive(Debug, Clone, Copy)]
pub struct Moment {
    /// The time of day.
    pub at: DateTime<Utc>,
    /// The same moment since the machine's start; `None` where the system does not tell.
    pub steady: Option<Steady>,
}

/// Time since a machine's start, sleep included: over restarts of a program its differences are true
/// where those of the time of day are not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Steady {
    /// Which start of the machine.
    pub boot: i64,
    /// Milliseconds since.
    pub ms: i64,
}

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

    /// Now, on both clocks.
    pub fn moment(&self) -> Moment {
        let steady = match &self.0 {
            Source::System => machine(),
            Source::Tokio(_, instant, _) => {
                i64::try_from(instant.elapsed().as_millis()).ok().map(|ms| Steady { boot: 0, ms })
            }
        };
        Moment { at: self.now(), steady }
    }
}

/// Where Linux tells one start of the machine from another.
#[cfg(target_os = "linux")]
const BOOT_ID: &str = "/proc/sys/kernel/random/boot_id";

/// The machine's own steady clock.
#[cfg(target_os = "linux")]
fn machine() -> Option<Steady> {
    static BOOT: OnceLock<Option<i64>> = OnceLock::new();
    let boot = BOOT.get_or_init(|| {
        let id = fs::read_to_string(BOOT_ID)
            .inspect_err(|error| {
                tracing::warn!(
                    %error,
                    "{BOOT_ID} cannot be read: after a restart the quota goes by the time of day, \
                     which somebody may set"
                );
            })
            .ok()?;
        let digits: String = id.chars().filter(char::is_ascii_hexdigit).take(15).collect();
        i64::from_str_radix(&digits, 16).ok()
    });
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    let ms = now.tv_sec.checked_mul(1_000)?.checked_add(now.tv_nsec / 1_000_000)?;
    boot.map(|boot| Steady { boot, ms })
}

/// Elsewhere the time of day has to do.
#[cfg(not(target_os = "linux"))]
fn machine() -> Option<Steady> {
    None
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Source::System => "Clock(system)",
            Source::Tokio(..) => "Clock(simulated)",
        })
    }
}
