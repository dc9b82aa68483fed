//! Connections that wait for their client: the first to go where places are short.
//!
//! Whoever has sent a whole request is answered. Whoever has not, silent, slow or done with an
//! answer, only holds a place: when all are taken, the one that has waited longest gives up its own,
//! so that no number of idle connections keeps a webhook out.
//!
//! A request costs two numbers that are written, and no lock: who has waited longest is looked for,
//! seat by seat, only once somebody needs a place.

use std::{
    future::poll_fn,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    task::Poll,
};

use futures_util::task::AtomicWaker;

/// All connections of one listener.
#[derive(Debug, Default)]
pub(super) struct Seats {
    /// Grows with each wait that begins, so that the longest one has the lowest number.
    waits: AtomicU64,
    /// As many as there are connections; locked when one comes or goes, and to free a place.
    taken: Mutex<Vec<Arc<State>>>,
}

/// What a seat shares with whoever looks for a place.
#[derive(Debug, Default)]
struct State {
    /// The number of the wait that lasts; 0 while a request is in work.
    wait: AtomicU64,
    is_given_up: AtomicBool,
    connection: AtomicWaker,
}

/// One connection's part in it; dropped, it waits no more.
#[derive(Debug)]
pub(super) struct Seat {
    seats: Arc<Seats>,
    state: Arc<State>,
}

impl Seats {
    /// A seat of a connection that waits for its first request.
    pub(super) fn take(self: &Arc<Self>) -> Seat {
        let seat = Seat { seats: Arc::clone(self), state: Arc::default() };
        seat.wait();
        self.lock().push(Arc::clone(&seat.state));
        seat
    }

    /// Makes the connection that has waited longest give its place up, where one waits.
    pub(super) fn free_one(&self) {
        let longest = self
            .lock()
            .iter()
            .filter(|it| !it.is_given_up.load(Ordering::Acquire))
            .map(|it| (it.wait.load(Ordering::Acquire), it))
            .filter(|(wait, _)| *wait > 0)
            .min_by_key(|(wait, _)| *wait)
            .map(|(_, it)| Arc::clone(it));
        if let Some(state) = longest {
            state.is_given_up.store(true, Ordering::Release);
            state.connection.wake();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Arc<State>>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seat {
    /// The connection waits for its client, from now on.
    pub(super) fn wait(&self) {
        let number = self.seats.waits.fetch_add(1, Ordering::Relaxed) + 1;
        self.state.wait.store(number, Ordering::Release);
    }

    /// The connection has a request in work.
    pub(super) fn work(&self) {
        self.state.wait.store(0, Ordering::Release);
    }

    /// Waits until somebody else needs the place and no request is in work: one that came at the
    /// last moment is answered first.
    pub(super) async fn given_up(&self) {
        poll_fn(|cx| {
            self.state.connection.register(cx.waker());
            // The task that works and the one that asks are one: the end of the work needs no waker.
            let is_over = self.state.is_given_up.load(Ordering::Acquire)
                && self.state.wait.load(Ordering::Acquire) > 0;
            if is_over { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.seats.lock().retain(|it| !Arc::ptr_eq(it, &self.state));
    }
}
