//! The handle through which everybody reads and writes the ledger.
//!
//! Two executors behind one face. *Thread*: a writer thread that commits in groups, a few reader
//! threads, and one that copies the write-ahead log. *In place*: the caller's own thread, under a
//! mutex and on one connection, for simulations in which paused time would jump while another thread works. What a
//! closure can see and do is the same in both. No transaction is open across an `.await`: a
//! closure cannot wait, and its transaction cannot leave it.

use std::{
    fmt,
    future::Future,
    io,
    path::{Path, PathBuf},
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
    thread,
};

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use super::{
    LedgerError, Tx,
    arrival::Arrival,
    checkpoint,
    delivery::NewDelivery,
    digest::Hash,
    meta::Key,
    writer::{Call, Group, Message, Writer, snapshot},
};
use crate::domain::DeliveryId;

/// Writes that may wait for the writer's thread: one full batch beyond the one in work.
///
/// Whoever comes later waits in line for a place, and notices.
const WRITES_MAX: usize = super::writer::BATCH_MAX;

/// Reads that may wait for a reader's thread.
const READS_MAX: usize = 64;

/// Reader threads: reads are short, and one long report must not stop the page and the worker.
const READERS: usize = 3;

/// A ledger; clones are handles of the same one.
#[derive(Clone)]
pub struct Ledger(Arc<Shared>);

struct Shared {
    path: PathBuf,
    key: Key,
    executor: Executor,
}

enum Executor {
    Thread(Threads),
    InPlace(Box<InPlace>),
}

struct InPlace {
    open: Mutex<Option<Writer>>,
    turns: OnceLock<Arc<dyn Turns>>,
}

/// What an in-place ledger waits for around each piece of work.
///
/// On threads, everybody else may go on between a call and its answer. In place nothing would come
/// in between: here a simulation lets others go first, or ends the engine.
pub trait Turns: Send + Sync {
    /// Waited for before the work, and again once it is committed.
    fn turn(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>>;
}

impl InPlace {
    fn lock(&self) -> MutexGuard<'_, Option<Writer>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn turn(&self) {
        if let Some(turns) = self.turns.get() {
            turns.turn().await;
        }
    }
}

type Read = Box<dyn FnOnce(&Connection) + Send>;

enum ReadMessage {
    Read(Read),
    Close,
}

struct Threads {
    writes: mpsc::Sender<Message>,
    reads: mpsc::Sender<ReadMessage>,
    /// Ends when every thread has let go of its end.
    ended: tokio::sync::Mutex<mpsc::Receiver<()>>,
}

/// What becomes of the write-ahead log when the ledger is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Log {
    /// It is emptied.
    Emptied,
    /// It stays for whoever else has the ledger open: emptying it would make that one's writer wait.
    Left,
}

/// Kept by a thread until its connection is closed.
type Running = mpsc::Sender<()>;

impl Ledger {
    /// Runs `work` in a write transaction and returns once its changes are on disk.
    ///
    /// An error or a panic of `work` takes back all that it changed. Dropping the future before
    /// its turn skips the work; later, it is done all the same.
    pub async fn write<T>(
        &self,
        work: impl FnOnce(&Tx<'_>) -> Result<T, LedgerError> + Send + 'static,
    ) -> Result<T, LedgerError>
    where
        T: Send + 'static,
    {
        let (call, answer) = Call::new(work);
        match &self.0.executor {
            Executor::Thread(threads) => {
                let message = Message::Write(Box::new(call));
                threads.writes.send(message).await.map_err(|_| LedgerError::Closed)?;
                answer.await.map_err(|_| LedgerError::Closed)?
            }
            Executor::InPlace(place) => {
                place.turn().await;
                {
                    let open = place.lock();
                    let open = open.as_ref().ok_or(LedgerError::Closed)?;
                    let mut group = Group::default();
                    group.jobs.push(Box::new(call));
                    open.run(&mut group);
                }
                place.turn().await;
                let mut answer = answer;
                answer.try_recv().map_err(|_| LedgerError::Closed)?
            }
        }
    }

    /// Keeps a delivery; once this returns it is on disk, accepted, and counted.
    ///
    /// What `write` promises, for less: deliveries that wait together are kept together.
    pub async fn accept(&self, new: NewDelivery) -> Result<DeliveryId, LedgerError> {
        let (arrival, mut answer) = Arrival::new(new);
        match &self.0.executor {
            Executor::Thread(threads) => {
                let message = Message::Accept(arrival);
                threads.writes.send(message).await.map_err(|_| LedgerError::Closed)?;
                answer.await.map_err(|_| LedgerError::Closed)?.take()
            }
            Executor::InPlace(place) => {
                place.turn().await;
                {
                    let open = place.lock();
                    let open = open.as_ref().ok_or(LedgerError::Closed)?;
                    let mut group = Group::default();
                    group.arrivals.push(arrival);
                    open.run(&mut group);
                }
                place.turn().await;
                answer.try_recv().map_err(|_| LedgerError::Closed)?.take()
            }
        }
    }

    /// Runs `work` on one snapshot of what is committed; it cannot write.
    pub async fn read<T>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, LedgerError> + Send + 'static,
    ) -> Result<T, LedgerError>
    where
        T: Send + 'static,
    {
        match &self.0.executor {
            Executor::Thread(threads) => threads.ask(move |conn| snapshot(conn, work)).await,
            Executor::InPlace(place) => {
                place.turn().await;
                let open = place.lock();
                snapshot(&open.as_ref().ok_or(LedgerError::Closed)?.conn, work)
            }
        }
    }

    /// Empties the write-ahead log, so that nothing that was blanked is left in it; returns
    /// whether no reader prevented it.
    pub async fn truncate_log(&self) -> Result<bool, LedgerError> {
        match &self.0.executor {
            // A reader's connection may: only changes of rows are refused to it.
            Executor::Thread(threads) => threads.ask(checkpoint::truncate).await,
            Executor::InPlace(place) => {
                let open = place.lock();
                checkpoint::truncate(&open.as_ref().ok_or(LedgerError::Closed)?.conn)
            }
        }
    }

    /// Puts `turns` around each piece of work of an in-place ledger, once; on threads others go on
    /// meanwhile anyway.
    pub fn take_turns(&self, turns: Arc<dyn Turns>) {
        if let Executor::InPlace(place) = &self.0.executor {
            // A second one would change the order in the middle of a simulation.
            let _ = place.turns.set(turns);
        }
    }

    /// The keyed hash under which a piece of personal data is found again.
    pub fn keyed(&self, text: &str) -> Hash {
        self.0.key.hash(text)
    }

    /// The ledger's file; `:memory:` where there is none.
    pub fn path(&self) -> &Path {
        &self.0.path
    }

    /// Does all that is queued, closes the file and ends the threads; the engine's own handle also
    /// empties the log.
    ///
    /// All handles are closed with it. Without it the threads end by themselves once the last
    /// handle is dropped, but nobody knows when.
    pub async fn close(&self) {
        match &self.0.executor {
            Executor::Thread(threads) => {
                // Either fails only where it was closed before.
                let _ = threads.reads.send(ReadMessage::Close).await;
                let _ = threads.writes.send(Message::Close).await;
                // Nothing is ever sent: this is the end of the last thread.
                let _ = threads.ended.lock().await.recv().await;
            }
            Executor::InPlace(place) => {
                drop(place.lock().take());
            }
        }
    }

    pub(super) fn in_place(path: PathBuf, writer: Writer) -> Self {
        let key = writer.key.clone();
        let open = Mutex::new(Some(writer));
        let executor = Executor::InPlace(Box::new(InPlace { open, turns: OnceLock::new() }));
        Self(Arc::new(Shared { path, key, executor }))
    }

    pub(super) fn on_threads(
        path: PathBuf,
        mut writer: Writer,
        log: Log,
        mut connect: impl FnMut() -> Result<Connection, LedgerError>,
    ) -> Result<Self, LedgerError> {
        let failed = |source| LedgerError::File { path: path.clone(), source };
        let (queue, waiting) = mpsc::channel(WRITES_MAX);
        let (reads, questions) = mpsc::channel(READS_MAX);
        let (running, ended) = mpsc::channel(1);
        let key = writer.key.clone();
        let copying = connect()?;
        let (watch, copier) = checkpoint::watch(&mut writer.conn)?;
        start("ledger-copier", &running, move || copier.serve(&copying)).map_err(failed)?;
        start("ledger-writer", &running, move || write_all(&writer, waiting, &watch, log))
            .map_err(failed)?;
        let questions = Arc::new(Mutex::new(questions));
        for _ in 0..READERS {
            let (conn, questions) = (connect()?, Arc::clone(&questions));
            start("ledger-reader", &running, move || read_all(&conn, &questions))
                .map_err(failed)?;
        }
        let ended = tokio::sync::Mutex::new(ended);
        let executor = Executor::Thread(Threads { writes: queue, reads, ended });
        Ok(Self(Arc::new(Shared { path, key, executor })))
    }
}

impl Threads {
    /// Lets a reader do `work`, outside of any transaction.
    async fn ask<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, LedgerError> + Send + 'static,
    ) -> Result<T, LedgerError> {
        let (reply, answer) = oneshot::channel();
        let read: Read = Box::new(move |conn| {
            if !reply.is_closed() {
                // A caller who left does not want to know.
                let _ = reply.send(work(conn));
            }
        });
        self.reads.send(ReadMessage::Read(read)).await.map_err(|_| LedgerError::Closed)?;
        answer.await.map_err(|_| LedgerError::Closed)?
    }
}

impl fmt::Debug for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Ledger").field(&self.0.path).finish()
    }
}

fn start(
    name: &str,
    running: &Running,
    work: impl FnOnce() + Send + 'static,
) -> Result<(), io::Error> {
    let running = running.clone();
    let body = move || {
        work();
        drop(running);
    };
    thread::Builder::new().name(name.to_owned()).spawn(body).map(drop)
}

fn write_all(
    writer: &Writer,
    mut queue: mpsc::Receiver<Message>,
    watch: &checkpoint::Watch,
    log: Log,
) {
    writer.serve(&mut queue, || watch.committed(&writer.conn));
    // A reader of another process may prevent it; the log is then copied by whoever opens next.
    if log == Log::Emptied
        && let Err(error) = checkpoint::truncate(&writer.conn)
    {
        tracing::debug!(%error, "the ledger was closed with a write-ahead log");
    }
}

fn read_all(conn: &Connection, questions: &Mutex<mpsc::Receiver<ReadMessage>>) {
    loop {
        // One reader waits in the queue, the others for the lock.
        let mut queue = questions.lock().unwrap_or_else(PoisonError::into_inner);
        let message = queue.blocking_recv();
        match message {
            Some(ReadMessage::Read(read)) => {
                drop(queue);
                read(conn);
            }
            Some(ReadMessage::Close) => queue.close(),
            None => return,
        }
    }
}
