//! A bare `SQLite` writer: the least that group commit needs.

use std::{path::Path, thread, time::Duration};

use bytes::Bytes;
use rusqlite::Connection;
use tokio::{
    sync::{mpsc, oneshot},
    task::{JoinSet, spawn_blocking},
    time::Instant,
};

use super::{Span, body};

/// Rows that share a commit, as in the ledger.
const BATCH_MAX: usize = 256;

/// A row, and the way back.
pub(super) type Submission = (Bytes, oneshot::Sender<()>);

/// A thread, a queue, a table of one column.
pub(super) struct Bare(mpsc::Sender<Submission>);

impl Bare {
    pub(super) fn start(path: &Path) -> Self {
        let (queue, mut waiting) = mpsc::channel::<Submission>(BATCH_MAX);
        let conn = Connection::open(path).expect("a new database opens");
        conn.execute_batch(
            "PRAGMA journal_mode = wal;
             PRAGMA synchronous = full;
             CREATE TABLE delivery (id INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT;",
        )
        .expect("a new database takes a table");
        // Ends when the queue does.
        thread::spawn(move || {
            let mut rows = Vec::with_capacity(BATCH_MAX);
            while waiting.blocking_recv_many(&mut rows, BATCH_MAX) > 0 {
                commit(&conn, &rows).expect("every row is written");
                for (_, reply) in rows.drain(..) {
                    // Whoever submitted it last may have left.
                    let _ = reply.send(());
                }
            }
        });
        Self(queue)
    }

    /// Where rows are submitted.
    pub(super) fn queue(&self) -> mpsc::Sender<Submission> {
        self.0.clone()
    }

    /// Rows of so many submitters, each after the commit of the one before.
    pub(super) async fn load(&self, submitters: usize, span: Span) -> Vec<Duration> {
        let body = Bytes::from(body());
        let mut tasks = JoinSet::new();
        for _ in 0..submitters {
            let (queue, body) = (self.queue(), body.clone());
            tasks.spawn(async move {
                let mut times = Vec::new();
                let submit = async || {
                    let (reply, answer) = oneshot::channel();
                    queue.send((body.clone(), reply)).await.expect("the writer runs");
                    answer.await.expect("the row is committed");
                };
                while span.note(&mut times, submit).await {}
                times
            });
        }
        tasks.join_all().await.concat()
    }

    /// The same with a thread for each submitter.
    pub(super) async fn load_by_threads(&self, submitters: usize, span: Span) -> Vec<Duration> {
        let body = Bytes::from(body());
        let mut threads = JoinSet::new();
        for _ in 0..submitters {
            let (queue, body) = (self.queue(), body.clone());
            threads.spawn(spawn_blocking(move || {
                let mut times = Vec::new();
                loop {
                    let start = Instant::now();
                    let (reply, answer) = oneshot::channel();
                    queue.blocking_send((body.clone(), reply)).expect("the writer runs");
                    answer.blocking_recv().expect("the row is committed");
                    if !span.count(&mut times, start) {
                        return times;
                    }
                }
            }));
        }
        let times: Result<Vec<_>, _> = threads.join_all().await.into_iter().collect();
        times.expect("no submitter panics").concat()
    }
}

fn commit(conn: &Connection, rows: &[Submission]) -> rusqlite::Result<()> {
    conn.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
    for (body, _) in rows {
        conn.prepare_cached("INSERT INTO delivery (body) VALUES (?1)")?.execute([&body[..]])?;
    }
    conn.prepare_cached("COMMIT")?.execute([]).map(drop)
}
