//! When the next request may leave.
//!
//! Three rules, and the latest of their answers holds:
//!
//! 1. a log of the requests in the window: the hard limit, whatever the others say;
//! 2. `governor`'s GCRA: one request each `window / limit`, with a small burst, so that the few calls
//!    of one lead need not wait for each other;
//! 3. once half of the window is used: what is left is spread over the time until the window gives
//!    slots back. Otherwise a burst would be followed, a window later, by an equal time of nothing,
//!    and a fresh lead would wait that long.

use std::{collections::VecDeque, num::NonZeroU32, ops::Add, time::Duration};

use governor::{
    Quota, RateLimiter,
    clock::{Clock, Reference},
    middleware::NoOpMiddleware,
    nanos::Nanos,
    state::{InMemoryState, NotKeyed},
};
use tokio::time::Instant;

use super::Pace;
use crate::mutation::{Protection, is_off};

/// How long the pace takes from half to whole after a 429.
const RECOVERY: Duration = Duration::from_mins(10);

/// How far back [`Pacer::used`] can look.
const LOOK_BACK: Duration = Duration::from_mins(1);

/// How many points of the window rule 3 looks at, at most: enough to be smooth at any limit.
const SAMPLES_MAX: usize = 64;

/// Decides when the next request may leave, and remembers those that left.
pub(super) struct Pacer {
    limit: usize,
    window: Duration,
    /// The time of one request at the full pace.
    spacing: Duration,
    bucket: RateLimiter<NotKeyed, InMemoryState, TokioClock, NoOpMiddleware<TokioInstant>>,
    /// When requests left, ascending; as far back as the window and [`LOOK_BACK`].
    log: VecDeque<Instant>,
    /// Taken and not yet sent: their times are being kept.
    leaving: usize,
    /// When the last slot was taken, which is before its request left.
    last: Option<Instant>,
    paused_until: Option<Instant>,
    throttled_at: Option<Instant>,
    /// From when on the pace comes back.
    slow_from: Option<Instant>,
}

/// The requests that left, and the pauses that were asked for.
pub(super) struct Past {
    log: VecDeque<Instant>,
    last: Option<Instant>,
    paused_until: Option<Instant>,
    throttled_at: Option<Instant>,
    slow_from: Option<Instant>,
}

impl Pacer {
    pub(super) fn new(pace: Pace) -> Self {
        let window = window(pace.per);
        let spacing = (window / pace.limit).max(Duration::from_nanos(1));
        // A lead is three or four calls; a tenth of a usual limit lets two leads through at once.
        let burst = (pace.limit / 10).max(2).min(pace.limit);
        let quota = Quota::with_period(spacing)
            .expect("the spacing is at least 1 ns")
            .allow_burst(NonZeroU32::new(burst).expect("the limit is at least 1"));
        Self {
            limit: pace.limit as usize,
            window,
            spacing,
            bucket: RateLimiter::direct_with_clock(quota, TokioClock),
            log: VecDeque::new(),
            leaving: 0,
            last: None,
            paused_until: None,
            throttled_at: None,
            slow_from: None,
        }
    }

    /// What another pacer has to know to go on from here.
    pub(super) fn past(&self, now: Instant) -> Past {
        let mut log = self.log.clone();
        // Taken and maybe on its way.
        log.extend(std::iter::repeat_n(now, self.leaving));
        Past {
            log,
            last: self.last,
            paused_until: self.paused_until,
            throttled_at: self.throttled_at,
            slow_from: self.slow_from,
        }
    }

    /// Goes on from where another pacer stood; what this one knew of earlier requests is the same.
    pub(super) fn follow(&mut self, past: Past) {
        self.log = past.log;
        self.last = past.last;
        self.paused_until = past.paused_until;
        self.throttled_at = past.throttled_at;
        self.slow_from = past.slow_from;
    }

    /// Takes a slot now, or says when to ask again. A taken slot must be [`sent`](Self::sent).
    pub(super) fn take(&mut self, now: Instant) -> Result<(), Instant> {
        self.forget(now);
        if is_off(Protection::SlidingWindow) {
            self.leaving += 1;
            return Ok(());
        }
        let rules = [self.paused_until, self.slowed(now), Some(self.free_at(now))];
        let at = rules.into_iter().flatten().fold(now, Instant::max).max(self.spread(now));
        if at > now {
            return Err(at);
        }
        // Asked last: it counts the request when it says yes.
        self.bucket.check().map_err(|not_until| not_until.earliest_possible().0)?;
        self.leaving += 1;
        self.last = Some(now);
        Ok(())
    }

    /// Notes that a taken slot's request leaves now.
    pub(super) fn sent(&mut self, now: Instant) {
        self.leaving = self.leaving.saturating_sub(1);
        self.log.push_back(now);
    }

    /// Adds requests of an earlier process, in any order.
    pub(super) fn restore(&mut self, times: impl Iterator<Item = Instant>, now: Instant) {
        self.log.extend(times.map(|at| at.min(now)));
        self.log.make_contiguous().sort_unstable();
        self.forget(now);
    }

    /// Pauses for `pause`, then starts the way back from half the pace.
    pub(super) fn throttled(&mut self, now: Instant, pause: Duration) {
        self.throttled_at = Some(now);
        self.pause_until(now + pause);
        self.slow_from = self.paused_until;
    }

    pub(super) fn pause_until(&mut self, until: Instant) {
        self.paused_until = self.paused_until.max(Some(until));
    }

    pub(super) fn paused_for(&self, now: Instant) -> Duration {
        self.paused_until.map(|until| until.saturating_duration_since(now)).unwrap_or_default()
    }

    pub(super) fn throttled_within(&self, now: Instant, span: Duration) -> bool {
        self.throttled_at.is_some_and(|at| now.saturating_duration_since(at) < span)
    }

    /// Requests in the last `span`, which is at most [`LOOK_BACK`].
    pub(super) fn used(&self, now: Instant, span: Duration) -> u32 {
        let used = self.log.len() - self.first_within(now, span) + self.leaving;
        u32::try_from(used).unwrap_or(u32::MAX)
    }

    /// How long `requests` more take: the pause, the slow time after a 429, then the full pace.
    pub(super) fn forecast(&self, now: Instant, requests: u64) -> Duration {
        #[expect(clippy::cast_precision_loss, reason = "an estimate")]
        let work = requests as f64 * self.spacing.as_secs_f64();
        let start = self.free_at(now).max(self.paused_until.unwrap_or(now)).max(now);
        let recovery = RECOVERY.as_secs_f64();
        // The pace at `x` seconds into the recovery is (1 + x / recovery) / 2.
        let done_by = |x: f64| x / 2.0 + x * x / (4.0 * recovery);
        let slow = match self.slow_from {
            Some(from) if work > 0.0 => {
                let x = start.saturating_duration_since(from).as_secs_f64().min(recovery);
                let slow_work = work.min(done_by(recovery) - done_by(x));
                let until = recovery
                    * ((1.0 + 4.0 * (slow_work + done_by(x)) / recovery).max(0.0).sqrt() - 1.0);
                (until - x) - slow_work
            }
            _ => 0.0,
        };
        let wait = start.saturating_duration_since(now);
        let rest = Duration::try_from_secs_f64(work + slow.max(0.0)).unwrap_or(Duration::MAX);
        wait.saturating_add(rest)
    }

    /// Rule 1: when the window has room.
    fn free_at(&self, now: Instant) -> Instant {
        let first = self.first_within(now, self.window);
        let used = self.log.len() - first + self.leaving;
        let Some(too_many) = used.checked_sub(self.limit) else { return now };
        // As many must have left the window as are too many, and one more.
        match self.log.get(first + too_many) {
            Some(&at) => at + self.window,
            // Only requests that are leaving now are in the way.
            None => now + self.window,
        }
    }

    /// Rule 3: when the next slot comes if what is left is spread evenly.
    fn spread(&self, now: Instant) -> Instant {
        let first = self.first_within(now, self.window);
        let used = self.log.len() - first + self.leaving;
        let Some(last) = self.last.or(self.log.back().copied()) else { return now };
        if used * 2 < self.limit || used >= self.limit {
            return now;
        }
        let free = self.limit - used;
        // The slot of the `k`-th oldest comes back at `at + window`; by then `free + k` may go.
        let even = (first..self.log.len())
            .step_by((self.log.len() - first) / SAMPLES_MAX + 1)
            .map(|index| {
                let back = (self.log[index] + self.window).saturating_duration_since(last);
                let slots = free + index - first + 1;
                back / u32::try_from(slots).unwrap_or(u32::MAX)
            })
            .max();
        even.map_or(now, |even| last + even)
    }

    /// After a 429: when the next may go at the reduced pace.
    fn slowed(&self, now: Instant) -> Option<Instant> {
        let passed = now.saturating_duration_since(self.slow_from?);
        let recovered = passed.as_secs_f64() / RECOVERY.as_secs_f64();
        (recovered < 1.0).then_some(())?;
        Some(self.last? + self.spacing.mul_f64(2.0 / (1.0 + recovered)))
    }

    /// The index of the first request within `span`.
    fn first_within(&self, now: Instant, span: Duration) -> usize {
        self.log.partition_point(|&at| at + span <= now)
    }

    fn forget(&mut self, now: Instant) {
        let old = self.first_within(now, self.window.max(LOOK_BACK));
        self.log.drain(..old);
    }
}

/// The window that is counted: a little more than `per`.
///
/// The other side counts when a request arrives, and the way there is not always equally long: with a
/// new connection and its TLS handshake some 100 ms longer. So a window of 60 s is counted over
/// 60.55 s, which costs 0.9 % of the quota, and one of 1 s over 1.058 s.
fn window(per: Duration) -> Duration {
    per + per / 120 + Duration::from_millis(50)
}

/// Tokio's clock, which tests can pause, for `governor`.
#[derive(Debug, Clone, Copy)]
struct TokioClock;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct TokioInstant(Instant);

impl Clock for TokioClock {
    type Instant = TokioInstant;

    fn now(&self) -> TokioInstant {
        TokioInstant(Instant::now())
    }
}

impl Add<Nanos> for TokioInstant {
    type Output = Self;

    fn add(self, nanos: Nanos) -> Self {
        Self(self.0 + Duration::from(nanos))
    }
}

impl Reference for TokioInstant {
    fn duration_since(&self, earlier: Self) -> Nanos {
        self.0.saturating_duration_since(earlier.0).into()
    }

    fn saturating_sub(&self, duration: Nanos) -> Self {
        Self(self.0.checked_sub(duration.into()).unwrap_or(self.0))
    }
}
