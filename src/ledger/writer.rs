//! The one writer: many callers, one transaction, one fsync.
//!
//! Each caller's closure runs under a savepoint of its own, so that one that fails or panics takes
//! back its own changes and nobody else's; the transaction is its savepoint where nobody shares it.
//! Deliveries, which come in numbers and are all kept alike, share one savepoint, and are kept one by
//! one where that fails. Nobody is answered before the commit is on disk.

use std::{
    any::Any,
    cell::{Cell, RefCell},
    panic::{AssertUnwindSafe, catch_unwind},
    thread,
};

use rand::rngs::StdRng;
use rusqlite::{Connection, TransactionState};
use tokio::sync::{mpsc, oneshot};

use super::{
    LedgerError, Tx,
    arrival::{self, Arrival},
    delivery,
    erased::ErasedFile,
    meta::Key,
    sql,
};

/// Closures that share one transaction, at most.
///
/// The gain is nearly all there at 64 (measured: 4,700 rows/s alone, 27,900 at 64); 256 bounds how
/// long the first caller waits for the last.
pub(super) const BATCH_MAX: usize = 256;

/// Something to do in a transaction, and somebody who waits for it.
pub(super) trait Job: Send {
    /// Whether nobody waits any more.
    fn is_abandoned(&self) -> bool;
    /// Does it; returns whether its changes are to be kept.
    fn run(&mut self, tx: &Tx<'_>) -> bool;
    /// Tells who waits, once the transaction is committed or has failed.
    fn answer(self: Box<Self>, committed: Result<(), &rusqlite::Error>);
}

/// What travels to the writer's thread.
pub(super) enum Message {
    Write(Box<dyn Job>),
    Accept(Arrival),
    /// Nothing comes after it: commit what is queued and end.
    Close,
}

/// A closure, its result, and the way back.
pub(super) struct Call<F, T> {
    work: Option<F>,
    result: Option<Result<T, LedgerError>>,
    reply: oneshot::Sender<Result<T, LedgerError>>,
}

impl<F, T> Call<F, T> {
    pub(super) fn new(work: F) -> (Self, oneshot::Receiver<Result<T, LedgerError>>) {
        let (reply, answer) = oneshot::channel();
        (Self { work: Some(work), result: None, reply }, answer)
    }
}

impl<F, T> Job for Call<F, T>
where
    F: FnOnce(&Tx<'_>) -> Result<T, LedgerError> + Send,
    T: Send,
{
    fn is_abandoned(&self) -> bool {
        self.reply.is_closed()
    }

    fn run(&mut self, tx: &Tx<'_>) -> bool {
        let Some(work) = self.work.take() else { return false };
        let result = guarded(|| work(tx));
        let keep = result.is_ok();
        self.result = Some(result);
        keep
    }

    fn answer(self: Box<Self>, committed: Result<(), &rusqlite::Error>) {
        let answer = match (self.result, committed) {
            (Some(Err(own)), _) => Err(own),
            (_, Err(error)) => Err(LedgerError::again(error)),
            (Some(result), Ok(())) => result,
            // It had no turn: nobody waited for it any more.
            (None, Ok(())) => return,
        };
        // A caller who left does not want to know.
        let _ = self.reply.send(answer);
    }
}

/// Runs `work`; a panic becomes an error, so that the thread outlives it.
pub(super) fn guarded<T>(work: impl FnOnce() -> Result<T, LedgerError>) -> Result<T, LedgerError> {
    // The closure's changes are rolled back, and nothing else of it is looked at again.
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let message = message_of(panic.as_ref());
        tracing::error!(message, "work on the ledger panicked and was taken back");
        Err(LedgerError::Panicked)
    })
}

/// The text of a panic; values are not formatted into it by this program's asserts.
fn message_of(panic: &(dyn Any + Send)) -> &'static str {
    panic.downcast_ref::<&'static str>().copied().unwrap_or("a message with values in it")
}

/// What shares one transaction.
#[derive(Default)]
pub(super) struct Group {
    pub(super) arrivals: Vec<Arrival>,
    pub(super) jobs: Vec<Box<dyn Job>>,
}

impl Group {
    fn is_empty(&self) -> bool {
        self.arrivals.is_empty() && self.jobs.is_empty()
    }
}

/// A connection that writes, and what transactions need besides.
pub(super) struct Writer {
    pub(super) conn: Connection,
    pub(super) key: Key,
    pub(super) erased: ErasedFile,
    pub(super) rng: RefCell<StdRng>,
}

impl Writer {
    /// Does all of a group in one transaction and answers everybody; it is empty afterwards.
    pub(super) fn run(&self, group: &mut Group) {
        let outcome = self.transaction(group);
        if outcome.is_err() && !self.conn.is_autocommit() {
            // If even this fails the connection is broken, and the next BEGIN says so.
            let _ = self.conn.execute_batch("ROLLBACK");
        }
        let committed = outcome.as_ref().copied();
        for job in group.jobs.drain(..) {
            job.answer(committed);
        }
        arrival::answer(&mut group.arrivals, committed);
    }

    fn transaction(&self, group: &mut Group) -> rusqlite::Result<()> {
        let head = Cell::new(None);
        let tx = Tx {
            conn: &self.conn,
            key: &self.key,
            erased: &self.erased,
            rng: &self.rng,
            head: &head,
        };
        // This may wait for another process, and whoever waits for us may leave meanwhile.
        self.speak("BEGIN IMMEDIATE")?;
        group.arrivals.retain(|it| !it.is_abandoned());
        group.jobs.retain(|it| !it.is_abandoned());
        // What has the transaction to itself needs no savepoint.
        let is_kept = match (&mut *group.arrivals, &mut *group.jobs) {
            ([arrival], []) => arrival.accept(&tx),
            ([], [job]) => job.run(&tx),
            (arrivals, jobs) => {
                self.accept(&tx, arrivals)?;
                for job in jobs.iter_mut().filter(|job| !job.is_abandoned()) {
                    self.kept_or_taken_back(&tx, || job.run(&tx))?;
                }
                true
            }
        };
        self.speak(if is_kept { "COMMIT" } else { "ROLLBACK" })
    }

    /// Keeps all deliveries at once, or, where one of them spoils it for the others, each by itself.
    fn accept(&self, tx: &Tx<'_>, arrivals: &mut [Arrival]) -> rusqlite::Result<()> {
        if arrivals.len() > 1 {
            let mut kept = None;
            self.kept_or_taken_back(tx, || {
                let all: Vec<_> = arrivals.iter().map(|it| &it.new).collect();
                kept = guarded(|| delivery::accept_all(tx, &all)).ok();
                kept.is_some()
            })?;
            if let Some(kept) = kept {
                for (arrival, id) in arrivals.iter_mut().zip(kept) {
                    arrival.outcome = Some(Ok(id));
                }
                return Ok(());
            }
        }
        for arrival in arrivals {
            self.kept_or_taken_back(tx, || arrival.accept(tx))?;
        }
        Ok(())
    }

    /// Does `work`, and takes back what it changed where it says so.
    fn kept_or_taken_back(&self, tx: &Tx<'_>, work: impl FnOnce() -> bool) -> rusqlite::Result<()> {
        let before = tx.head.get();
        self.speak("SAVEPOINT job")?;
        if !work() {
            tx.head.set(before);
            // Where SQLite itself gave up the transaction (disk full, I/O error), this fails
            // and so does everybody who shared it.
            self.speak("ROLLBACK TO job")?;
        }
        self.speak("RELEASE job")
    }

    fn speak(&self, sql: &'static str) -> rusqlite::Result<()> {
        self.conn.prepare_cached(sql)?.execute([]).map(drop)
    }

    /// Serves the queue until it is closed or its last sender is gone.
    pub(super) fn serve(&self, queue: &mut mpsc::Receiver<Message>, mut committed: impl FnMut()) {
        let mut messages = Vec::with_capacity(BATCH_MAX);
        let mut group = Group::default();
        while queue.blocking_recv_many(&mut messages, BATCH_MAX) > 0 {
            gather(queue, &mut messages);
            for message in messages.drain(..) {
                match message {
                    Message::Write(job) => group.jobs.push(job),
                    Message::Accept(arrival) => group.arrivals.push(arrival),
                    Message::Close => queue.close(),
                }
            }
            if !group.is_empty() {
                self.run(&mut group);
                committed();
            }
        }
    }
}

/// Takes in what comes while others have their turn on the processor.
///
/// Those who were answered together come back together, and the first of them wakes the writer: a
/// commit for it alone would cost as much as one for all. Whoever comes alone waits for nobody,
/// since nothing more comes then.
fn gather(queue: &mut mpsc::Receiver<Message>, messages: &mut Vec<Message>) {
    while messages.len() < BATCH_MAX {
        let before = messages.len();
        thread::yield_now();
        while messages.len() < BATCH_MAX
            && let Ok(message) = queue.try_recv()
        {
            messages.push(message);
        }
        if messages.len() == before {
            return;
        }
    }
}

/// Runs `work` on one snapshot of what is committed. What it changes is taken back and refused: on a
/// connection that only reads by SQLite itself, and here where there is but the one that writes.
pub(super) fn snapshot<T>(
    conn: &Connection,
    work: impl FnOnce(&Connection) -> Result<T, LedgerError>,
) -> Result<T, LedgerError> {
    sql::execute(conn, "BEGIN DEFERRED", [])?;
    let result = guarded(|| work(conn));
    let state = conn.transaction_state(Some("main"));
    // Nothing is to be kept: the end of the snapshot cannot change the result.
    let _ = sql::execute(conn, "ROLLBACK", []);
    // A statement that would change nothing is refused by SQLite as well.
    if state? == TransactionState::Write { Err(LedgerError::ReadOnly) } else { result }
}
