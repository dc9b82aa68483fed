//! Connections that wait for their client: the first to go where places are short.
//!
//! Whoever has sent a whole request is answered. Whoever has not, silent, slow or done with an
//! answer, only holds a place: when all are taken, the one that has waited longest gives up its own,
//! so that no number of idle connections keeps a webhook out.

use std::{
    collections::BTreeMap,
    future::poll_fn,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::Poll,
};

use tokio_util::sync::CancellationToken;

/// All connections of one listener that wait for their client.
#[derive(Debug, Default)]
pub(super) struct Seats(Mutex<Waiting>);

#[derive(Debug, Default)]
struct Waiting {
    next: u64,
    /// By number, so the one that has waited longest comes first.
    seats: BTreeMap<u64, CancellationToken>,
}

/// One connection's part in it; dropped, it waits no more.
#[derive(Debug)]
pub(super) struct Seat {
    seats: Arc<Seats>,
    waits: Mutex<Option<u64>>,
    given_up: CancellationToken,
}

impl Seats {
    /// A seat of a connection that waits for its first request.
    pub(super) fn take(self: &Arc<Self>) -> Seat {
        let seat = Seat {
            seats: Arc::clone(self),
            waits: Mutex::default(),
            given_up: CancellationToken::new(),
        };
        seat.wait();
        seat
    }

    /// Makes the connection that has waited longest give its place up, where one waits.
    pub(super) fn free_one(&self) {
        let longest = self.lock().seats.pop_first();
        if let Some((_, given_up)) = longest {
            given_up.cancel();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seat {
    /// The connection waits for its client, from now on.
    pub(super) fn wait(&self) {
        self.work();
        let mut waiting = self.seats.lock();
        waiting.next += 1;
        let number = waiting.next;
        waiting.seats.insert(number, self.given_up.clone());
        drop(waiting);
        *self.own() = Some(number);
    }

    /// The connection has a request in work.
    pub(super) fn work(&self) {
        let number = self.own().take();
        if let Some(number) = number {
            self.seats.lock().seats.remove(&number);
        }
    }

    /// Waits until somebody else needs the place and no request is in work: one that came at the
    /// last moment is answered first.
    pub(super) async fn given_up(&self) {
        self.given_up.cancelled().await;
        // The task that works and the one that asks are one, so no waker is needed.
        poll_fn(|_| if self.own().is_some() { Poll::Ready(()) } else { Poll::Pending }).await;
    }

    fn own(&self) -> MutexGuard<'_, Option<u64>> {
        self.waits.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.work();
    }
}
