//! Keeps the write-ahead log short without making anybody wait.
//!
//! The writer never checkpoints while it is behind: a thread of its own copies the log into the
//! file (PASSIVE: it waits for nobody and nobody for it). The log can start again from its
//! beginning only once every page of it is copied, which a writer that never pauses would prevent
//! for ever; so above a second limit the writer copies the short rest itself, between two commits.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU32, Ordering},
    mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
};

use rusqlite::Connection;

use super::LedgerError;

/// Pages in the log at which it is copied: 4 MB, measured best for throughput and p99.
const COPY_PAGES: u32 = 1024;

/// Pages in the log at which the writer copies the rest itself: 16 MB, what is kept of the file.
const RESTART_PAGES: u32 = 4096;

/// Pages in the log at which it is said that something holds it: 256 MB.
const HELD_PAGES: u32 = 65_536;

/// The state of the log, shared by the writer and the thread that copies.
#[derive(Debug, Default)]
struct Log {
    /// Pages in the log after the last commit.
    pages: AtomicU32,
    /// The copier is through: what is left is short.
    is_rest_short: AtomicBool,
}

/// The writer's side.
pub(super) struct Watch {
    log: Arc<Log>,
    wake: SyncSender<()>,
}

/// The side of the thread that copies.
pub(super) struct Copier {
    log: Arc<Log>,
    wake: Receiver<()>,
}

/// Watches the log of `writer`, which from here on does not checkpoint by itself.
pub(super) fn watch(writer: &mut Connection) -> Result<(Watch, Copier), LedgerError> {
    let log = Arc::new(Log::default());
    let seen = Arc::clone(&log);
    writer.pragma_update_and_check(None, "wal_autocheckpoint", 0, |_| Ok(()))?;
    writer.wal_hook(Some(move |_: &mut rusqlite::hooks::Wal, pages| {
        seen.pages.store(u32::try_from(pages).unwrap_or(0), Ordering::Relaxed);
        Ok(())
    }))?;
    // One wake-up is enough: it says "look", not how much.
    let (wake, woken) = sync_channel(1);
    Ok((Watch { log: Arc::clone(&log), wake }, Copier { log, wake: woken }))
}

impl Watch {
    /// To be called after each commit, outside of any transaction.
    pub(super) fn committed(&self, writer: &Connection) {
        let pages = self.log.pages.load(Ordering::Relaxed);
        if pages >= RESTART_PAGES && self.log.is_rest_short.swap(false, Ordering::Relaxed) {
            copy(writer);
        } else if pages >= COPY_PAGES
            && let Err(TrySendError::Disconnected(())) = self.wake.try_send(())
        {
            // The copier ended early: better slow than without bound.
            copy(writer);
        }
    }
}

impl Copier {
    /// Copies whenever woken, until the writer is gone.
    pub(super) fn serve(&self, conn: &Connection) {
        let mut has_warned = false;
        while self.wake.recv().is_ok() {
            copy(conn);
            self.log.is_rest_short.store(true, Ordering::Relaxed);
            let pages = self.log.pages.load(Ordering::Relaxed);
            if pages < RESTART_PAGES {
                has_warned = false;
            } else if pages >= HELD_PAGES && !has_warned {
                has_warned = true;
                tracing::warn!(
                    pages,
                    "the ledger's write-ahead log grows: something reads it without end"
                );
            }
        }
    }
}

/// Copies what can be copied. A failure is no loss: the log keeps what is not copied, and a disk
/// that refuses writes refuses the next commit too, which says so.
fn copy(conn: &Connection) {
    if let Err(error) = run(conn, "PRAGMA wal_checkpoint(PASSIVE)") {
        tracing::debug!(%error, "checkpoint put off");
    }
}

/// Copies everything and empties the log, so that no blanked page is left in it; returns whether
/// nobody prevented it.
pub(super) fn truncate(conn: &Connection) -> Result<bool, LedgerError> {
    Ok(run(conn, "PRAGMA wal_checkpoint(TRUNCATE)")?)
}

fn run(conn: &Connection, sql: &'static str) -> rusqlite::Result<bool> {
    let busy: i64 = conn.prepare_cached(sql)?.query_row([], |row| row.get(0))?;
    Ok(busy == 0)
}
