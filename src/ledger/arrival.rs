//! Deliveries on their way to the writer, and the answers on their way back.
//!
//! Webhooks come in bursts and are answered in groups. From the writer's own thread each answer
//! would pass the runtime's lock and maybe the kernel, so it gives all of them to the first who
//! waits; that one hands the rest on from inside of the runtime, where waking a task is a push.

use tokio::sync::oneshot;

use super::{
    LedgerError, Tx,
    delivery::{self, NewDelivery},
    writer::guarded,
};
use crate::domain::DeliveryId;

type Outcome = Result<DeliveryId, LedgerError>;

/// A delivery that waits for its place in a transaction.
pub(super) struct Arrival {
    pub(super) new: NewDelivery,
    /// What came of it; `None` until then.
    pub(super) outcome: Option<Outcome>,
    reply: oneshot::Sender<Answer>,
}

/// What a waiting delivery is told. Dropped, it passes on what others are to be told.
pub(super) struct Answer {
    outcome: Outcome,
    others: Others,
}

/// Answers that nobody has passed on yet.
struct Others(Vec<(oneshot::Sender<Answer>, Outcome)>);

impl Arrival {
    pub(super) fn new(new: NewDelivery) -> (Self, oneshot::Receiver<Answer>) {
        let (reply, answer) = oneshot::channel();
        (Self { new, outcome: None, reply }, answer)
    }

    /// Keeps it; returns whether its changes are to be kept.
    pub(super) fn accept(&mut self, tx: &Tx<'_>) -> bool {
        let outcome = guarded(|| delivery::accept(tx, &self.new));
        self.outcome.insert(outcome).is_ok()
    }

    /// Whether nobody waits any more.
    pub(super) fn is_abandoned(&self) -> bool {
        self.reply.is_closed()
    }
}

impl Answer {
    /// The own part of it; the others have theirs when this returns.
    pub(super) fn take(self) -> Outcome {
        drop(self.others);
        self.outcome
    }
}

impl Drop for Others {
    fn drop(&mut self) {
        for (reply, outcome) in self.0.drain(..) {
            // A caller who left does not want to know.
            let _ = reply.send(Answer { outcome, others: Others(Vec::new()) });
        }
    }
}

/// Tells all who wait, once their transaction is committed or has failed; `arrivals` is empty
/// afterwards.
pub(super) fn answer(arrivals: &mut Vec<Arrival>, committed: Result<(), &rusqlite::Error>) {
    let told = arrivals.drain(..).filter_map(|it| {
        let outcome = match (it.outcome, committed) {
            (Some(Err(own)), _) => Err(own),
            (_, Err(error)) => Err(LedgerError::again(error)),
            (Some(kept), Ok(())) => kept,
            // It had no turn: nobody waited for it any more.
            (None, Ok(())) => return None,
        };
        Some((it.reply, outcome))
    });
    let mut others: Vec<_> = told.collect();
    if let Some((reply, outcome)) = others.pop() {
        // Where that one left meanwhile, the answers come back here, and are given by being dropped.
        let _ = reply.send(Answer { outcome, others: Others(others) });
    }
}
