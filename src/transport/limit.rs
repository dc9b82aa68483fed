//! The quota: never more than the limit in any window, evenly paced, lane by lane.
//!
//! Whoever wants to send waits in the queue of its lane. Nobody drives the queue: the first in it
//! sleeps until the pacer lets the next request through, takes the permit and wakes who comes after.
//! A waiter that is dropped leaves the queue and wakes the next as well, so no permit is lost to it.
//!
//! Left out: what a request costs. Every request is one.

mod pace;
mod queue;

use std::{
    error::Error,
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use chrono::{DateTime, Utc};
use tokio::{
    sync::Notify,
    time::{Instant, timeout_at},
};

use self::{
    pace::Pacer,
    queue::{Queue, Ticket},
};
use crate::{clock::Clock, domain::Lane};

/// How many requests an API takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// Requests in any window of `per`.
    pub limit: u32,
    /// The length of the window.
    pub per: Duration,
    /// The pause after a 429 without `Retry-After`.
    pub pause: Duration,
}

impl Pace {
    /// `limit` requests in any 60 s.
    pub const fn per_minute(limit: u32) -> Self {
        Self { limit, per: Duration::from_mins(1), pause: Duration::from_secs(15) }
    }

    /// `limit` requests in any second.
    pub const fn per_second(limit: u32) -> Self {
        Self { limit, per: Duration::from_secs(1), pause: Duration::from_secs(5) }
    }
}

/// Why a time could not be kept.
pub type RecordError = Box<dyn Error + Send + Sync>;

/// Keeps the time of a request before it is sent; the ledger's part.
pub type Record = Arc<
    dyn Fn(DateTime<Utc>) -> Pin<Box<dyn Future<Output = Result<(), RecordError>> + Send>>
        + Send
        + Sync,
>;

/// Leave to send one request, now.
///
/// Dropped when the request leaves: from then its slot ages. Until then it is counted as sent now:
/// were its age counted from the decision, a slow journal would let it leave so late that it falls
/// into a window it is not counted in.
#[must_use = "a permit is counted whether it is used or not"]
pub struct Permit {
    /// `None` where the limiter counts nothing.
    slot: Option<Arc<Mutex<State>>>,
}

impl Drop for Permit {
    fn drop(&mut self) {
        if let Some(state) = &self.slot {
            lock(state).pacer.sent(Instant::now());
        }
    }
}

impl std::fmt::Debug for Permit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Permit")
    }
}

/// Why there is no permit.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// The limiter is closed.
    #[error("stopping")]
    Closed,
    /// The time of the request could not be kept, so it must not be sent.
    #[error("the time of the request could not be kept")]
    NotRecorded(#[source] RecordError),
}

/// How much younger than recorded a request of an earlier process is taken to be.
///
/// Its time was noted before it was kept, and it left only after that: on a slow disk the two are
/// some time apart, and the process may have died in between.
const RESTORE_SLACK: Duration = Duration::from_secs(1);

/// The longest pause that a `Retry-After` is believed.
///
/// No API asks for more than minutes; a day keeps a typing error of theirs from stopping us for good.
const PAUSE_MAX: Duration = Duration::from_hours(24);

/// The quota of one API, shared by everything that calls it.
pub struct Limiter {
    pace: Pace,
    clock: Clock,
    record: Option<Record>,
    /// Never makes anyone wait.
    open: bool,
    state: Arc<Mutex<State>>,
}

struct State {
    queue: Queue,
    pacer: Pacer,
    closed: bool,
}

impl Limiter {
    /// A limiter that knows of no earlier request. A limit of 0 is taken as 1.
    pub fn new(pace: Pace, clock: Clock) -> Self {
        let pace = Pace { limit: pace.limit.max(1), ..pace };
        let state = State { queue: Queue::default(), pacer: Pacer::new(pace), closed: false };
        Self { pace, clock, record: None, open: false, state: Arc::new(Mutex::new(state)) }
    }

    /// Hands the time of each request to `record` before it is sent.
    pub fn recorded_by(self, record: Record) -> Self {
        Self { record: Some(record), ..self }
    }

    /// A limiter that never makes anyone wait, for benchmarks.
    pub fn open() -> Self {
        Self { open: true, ..Self::new(Pace::per_second(u32::MAX), Clock::system()) }
    }

    /// Counts requests of an earlier process. A time in the future counts as now.
    pub fn restore(&self, times: impl IntoIterator<Item = DateTime<Utc>>) {
        let now = self.clock.now();
        let instant = Instant::now();
        let earlier = times.into_iter().map(|at| {
            let age = (now - at).to_std().unwrap_or_default().saturating_sub(RESTORE_SLACK);
            // Before the machine's clock began: long ago, or a clock that is not to be believed.
            instant.checked_sub(age).unwrap_or(instant)
        });
        self.lock().pacer.restore(earlier, instant);
    }

    /// Goes on from where an earlier limiter of the same API stands, and takes over its pauses: the
    /// one that follows lets no more through than the two of them may together.
    ///
    /// Nobody may be waiting at the earlier one any more.
    pub fn follow(&self, earlier: &Self) {
        // Locked one after the other, never both.
        let past = earlier.lock().pacer.past(Instant::now());
        self.lock().pacer.follow(past);
    }

    /// Waits for leave to send one request.
    ///
    /// First come, first served inside a lane. A request whose time cannot be kept stays counted,
    /// and so does one that is given up while its time is being kept.
    pub async fn acquire(&self, lane: Lane) -> Result<Permit, Refused> {
        if self.open {
            return if self.lock().closed {
                Err(Refused::Closed)
            } else {
                Ok(Permit { slot: None })
            };
        }
        let waiter = Waiter::new(self, lane);
        loop {
            match self.turn(waiter.ticket) {
                Turn::Closed => return Err(Refused::Closed),
                Turn::Now => break,
                Turn::Behind => waiter.notify.notified().await,
                // Woken early when somebody more urgent came: then it is asked again.
                Turn::At(at) => drop(timeout_at(at, waiter.notify.notified()).await),
            }
        }
        let permit = Permit { slot: Some(Arc::clone(&self.state)) };
        drop(waiter);
        if let Some(record) = &self.record {
            record(self.clock.now()).await.map_err(Refused::NotRecorded)?;
        }
        Ok(permit)
    }

    /// Notes a 429: everything pauses, then goes at half the pace, back over ten minutes.
    pub fn throttled(&self, retry_after: Option<Duration>) {
        let pause = retry_after.unwrap_or(self.pace.pause).min(PAUSE_MAX);
        self.lock().pacer.throttled(Instant::now(), pause);
    }

    /// Lets nothing through before `until`.
    pub fn pause_until(&self, until: Instant) {
        self.lock().pacer.pause_until(until);
    }

    /// How long nothing is let through yet.
    pub fn paused_for(&self) -> Duration {
        self.lock().pacer.paused_for(Instant::now())
    }

    /// Whether a 429 came within the last `span`.
    pub fn throttled_within(&self, span: Duration) -> bool {
        self.lock().pacer.throttled_within(Instant::now(), span)
    }

    /// Requests in the last 60 s, those of an earlier process included.
    pub fn used_last_60s(&self) -> u32 {
        self.lock().pacer.used(Instant::now(), Duration::from_mins(1))
    }

    /// The configured limit.
    pub fn limit(&self) -> u32 {
        self.pace.limit
    }

    /// How long `requests` more would take from now on.
    pub fn forecast(&self, requests: u64) -> Duration {
        if self.open {
            return Duration::ZERO;
        }
        self.lock().pacer.forecast(Instant::now(), requests)
    }

    /// Refuses all that wait and all that come.
    pub fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        state.queue.wake_all();
    }

    /// Asks whether it is the turn of `ticket`, and takes it if so.
    fn turn(&self, ticket: Ticket) -> Turn {
        let mut state = self.lock();
        if state.closed {
            return Turn::Closed;
        }
        if state.queue.first() != Some(ticket) {
            return Turn::Behind;
        }
        if let Err(at) = state.pacer.take(Instant::now()) {
            return Turn::At(at);
        }
        state.queue.serve(ticket);
        state.queue.wake_first();
        Turn::Now
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What a waiter does next.
enum Turn {
    /// Goes.
    Now,
    /// Is the first, and may go then at the earliest.
    At(Instant),
    /// Waits to be woken.
    Behind,
    /// Goes home.
    Closed,
}

/// A place in the queue, given up when dropped.
struct Waiter<'a> {
    limiter: &'a Limiter,
    ticket: Ticket,
    notify: Arc<Notify>,
}

impl<'a> Waiter<'a> {
    fn new(limiter: &'a Limiter, lane: Lane) -> Self {
        let notify = Arc::new(Notify::new());
        let ticket = limiter.lock().queue.join(lane, notify.clone());
        Self { limiter, ticket, notify }
    }
}

impl Drop for Waiter<'_> {
    fn drop(&mut self) {
        let mut state = self.limiter.lock();
        if state.queue.leave(self.ticket) {
            // It may have been the first, or woken for a turn that it did not take.
            state.queue.wake_first();
        }
    }
}

#[cfg(test)]
mod tests;
