//! Copies of the ledger: made while others use it, and put back once they are proved.
//!
//! Promises that a copy is one moment of the ledger, whole, synced and readable by its owner only, and
//! that nothing is replaced before what replaces it was proved.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use chrono::{DateTime, Utc};
use rand::{SeedableRng as _, rngs::StdRng};
use rusqlite::{Connection, OpenFlags, backup::Backup};

use super::{
    LedgerError, audit,
    connection::{self, Access},
    erased::sync_directory,
    history::Head,
    lock::{EngineLock, beside},
    migrate::{self, create_private},
    owner, quota,
    sql::{self, Millis},
};

/// What a copy was found to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proved {
    /// Deliveries in it.
    pub deliveries: i64,
    /// Leads in it.
    pub leads: i64,
    /// The last thing that it knows to have happened.
    pub until: Option<DateTime<Utc>>,
    /// Where its chain ends.
    pub head: super::Hash,
}

/// How the name of a copy ends that is being proved beside the ledger.
pub(super) const RESTORING: &str = ".restoring";

/// Why a copy is not made, or not put back.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// The file is no ledger, or no longer one that could be trusted.
    #[error("{path} is not put back: {problem}")]
    Unproved {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// A copy would take the place of something else.
    #[error("{path} is something else than a copy of a ledger; name another file")]
    InTheWay {
        /// The file.
        path: PathBuf,
    },
    /// The ledger itself.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

impl From<rusqlite::Error> for CopyError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Ledger(error.into())
    }
}

/// Copies the ledger behind `conn`, which is in a transaction, to `to`; returns where the copy's
/// chain ends.
pub fn backup(conn: &Connection, to: &Path) -> Result<Head, LedgerError> {
    // First: it begins the snapshot, and what is copied then is that very snapshot. A copy outside of
    // one begins and ends its own, and what is read after it may be newer.
    let head = Head::read(conn)?;
    copy(conn, to)?;
    Ok(head)
}

/// Copies the ledger behind `conn` to `to`, at one moment, while others use it: an older copy of that
/// name is replaced once the new one is whole and on disk.
pub(super) fn copy(conn: &Connection, to: &Path) -> Result<(), LedgerError> {
    let failed = |source| LedgerError::File { path: to.to_owned(), source };
    let unfinished = beside(to, ".part");
    remove(&unfinished).map_err(failed)?;
    create_private(&unfinished)?;
    in_one_step(conn, &unfinished)?;
    File::open(&unfinished).and_then(|it| it.sync_all()).map_err(failed)?;
    fs::rename(&unfinished, to).map_err(failed)?;
    sync_directory(to).map_err(failed)
}

/// All pages in one step: a copy in pieces would begin anew whenever somebody writes between two of
/// them, and under load never end.
fn in_one_step(conn: &Connection, to: &Path) -> Result<(), LedgerError> {
    const ALL_PAGES: i32 = -1;
    let mut target = Connection::open(to)?;
    loop {
        use rusqlite::backup::StepResult;
        match Backup::new(conn, &mut target)?.step(ALL_PAGES)? {
            StepResult::Done => break,
            // A checkpoint that restarts the log, over in a moment.
            StepResult::Busy | StepResult::Locked => std::thread::yield_now(),
            _ => {}
        }
    }
    target.pragma_update_and_check(None, "journal_mode", "delete", |_| Ok(()))?;
    Ok(())
}

/// Whether a copy may be written to `to`: nothing is there, or an older copy.
pub fn may_replace(to: &Path, ledger: &Path) -> Result<(), CopyError> {
    let in_the_way = || Err(CopyError::InTheWay { path: to.to_owned() });
    let Ok(found) = fs::canonicalize(to) else { return Ok(()) };
    if fs::canonicalize(ledger).is_ok_and(|ledger| ledger == found) {
        return in_the_way();
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
    let known =
        Connection::open_with_flags(to, flags).map_err(LedgerError::from).and_then(|conn| {
            let steps = migrate::STEPS.len();
            migrate::version(&conn, to, steps)
        });
    match known {
        Ok(1..) => Ok(()),
        _ => in_the_way(),
    }
}

/// Proves that a file is a whole ledger whose balance and chain hold; works on it as if it were its
/// own, and brings its schema up to date.
fn prove(path: &Path, shown: &Path, now: DateTime<Utc>) -> Result<Proved, CopyError> {
    let unproved = |problem: String| Err(CopyError::Unproved { path: shown.to_owned(), problem });
    let mut conn = connection::open(path, Access::Write)?;
    let found: String = conn.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
    if found != "ok" {
        return unproved("SQLite finds it damaged; `integrity_check` says more".to_owned());
    }
    if conn.prepare("PRAGMA foreign_key_check")?.exists([])? {
        return unproved("a row of it points to one that is gone".to_owned());
    }
    if migrate::version(&conn, shown, migrate::STEPS.len())? == 0 {
        return unproved("it is empty".to_owned());
    }
    let mut rng = StdRng::from_os_rng();
    migrate::migrate(&mut conn, path, migrate::STEPS, (now, &mut rng), |_, _| Ok(()))?;
    let outcome = audit::audit(&conn, None)?;
    if !outcome.ok() {
        let first = outcome.problems.first().map_or("", |it| it.message.as_str());
        let count = outcome.count;
        return unproved(format!("its audit finds {count} things wrong, such as: {first}"));
    }
    let counts = "SELECT (SELECT count(*) FROM delivery), (SELECT count(*) FROM lead),
                         (SELECT at FROM history ORDER BY seq DESC LIMIT 1)";
    Ok(sql::one(&conn, counts, [], |row| {
        Ok(Proved {
            deliveries: row.get(0)?,
            leads: row.get(1)?,
            until: row.get::<_, Option<Millis>>(2)?.map(|at| at.0),
            head: outcome.head,
        })
    })?)
}

/// Proves the copy at `from` without touching it: on a copy of it beside the ledger, which
/// [`Restoring::put_back`] puts in the ledger's place.
///
/// The lock says that no engine runs.
pub fn restoring<'a>(
    from: &Path,
    ledger: &'a Path,
    lock: &'a EngineLock,
    now: DateTime<Utc>,
) -> Result<Restoring<'a>, CopyError> {
    let unproved = |problem: &str| {
        Err(CopyError::Unproved { path: from.to_owned(), problem: problem.to_owned() })
    };
    if !from.is_file() {
        return unproved("there is no such file");
    }
    if fs::canonicalize(ledger).ok().is_some_and(|it| fs::canonicalize(from).ok() == Some(it)) {
        return unproved("it is the ledger itself");
    }
    let source = Connection::open_with_flags(from, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    if source.query_row("PRAGMA schema_version", [], |_| Ok(())).is_err() {
        return unproved("it is no database");
    }
    migrate::version(&source, from, migrate::STEPS.len())?;
    let place = beside(ledger, RESTORING);
    let mut restoring = Restoring { place, ledger, _lock: lock, proved: None };
    clear(ledger)?;
    create_private(&restoring.place)?;
    owner::give_to_owner(&restoring.place, ledger)
        .map_err(|source| LedgerError::File { path: ledger.to_owned(), source })?;
    in_one_step(&source, &restoring.place)?;
    restoring.proved = Some(prove(&restoring.place, from, now)?);
    Ok(restoring)
}

/// A proved copy beside the ledger; dropped, it is taken away again.
pub struct Restoring<'a> {
    place: PathBuf,
    ledger: &'a Path,
    _lock: &'a EngineLock,
    proved: Option<Proved>,
}

impl Restoring<'_> {
    /// What it is.
    pub fn proved(&self) -> Option<&Proved> {
        self.proved.as_ref()
    }

    /// Puts it in the ledger's place; what was there is kept as `<ledger>.before-restore`. Returns
    /// where, if there was anything. A log that stands there without its ledger is kept too, under a
    /// name that SQLite takes for no other file's log: beside what is put back it would be read into it.
    ///
    /// The times of the last requests are taken over, so that the first minute keeps the quota.
    pub fn put_back(self) -> Result<Option<PathBuf>, CopyError> {
        let failed = |source| LedgerError::File { path: self.ledger.to_owned(), source };
        let kept = beside(self.ledger, ".before-restore");
        let is_there = self.ledger.exists();
        if is_there {
            self.take_over()?;
            for suffix in ["-shm", "-wal", "-journal", ""] {
                remove(&beside(&kept, suffix)).map_err(failed)?;
                move_if_there(&beside(self.ledger, suffix), &beside(&kept, suffix))
                    .map_err(failed)?;
            }
        } else {
            for suffix in ["-shm", "-wal", "-journal"] {
                let left = beside(&kept, &format!("-left{suffix}"));
                move_if_there(&beside(self.ledger, suffix), &left).map_err(failed)?;
            }
        }
        File::open(&self.place).and_then(|it| it.sync_all()).map_err(failed)?;
        fs::rename(&self.place, self.ledger).map_err(failed)?;
        sync_directory(self.ledger).map_err(failed)?;
        Ok(is_there.then_some(kept))
    }

    /// Takes over what the copy cannot know, and empties the log of what is replaced. A ledger that
    /// cannot be read any more is no reason not to replace it.
    fn take_over(&self) -> Result<(), LedgerError> {
        let old = connection::open(self.ledger, Access::Write).and_then(|old| {
            super::checkpoint::truncate(&old)?;
            quota::kept(&old)
        });
        let new = connection::open(&self.place, Access::Write)?;
        match old {
            Ok(kept) => quota::take_over(&new, kept)?,
            Err(error) => tracing::warn!(%error, "the ledger that is replaced cannot be read"),
        }
        // The file is renamed: nothing of it may stand beside it.
        super::checkpoint::truncate(&new)?;
        new.pragma_update_and_check(None, "journal_mode", "delete", |_| Ok(()))?;
        Ok(())
    }
}

/// Takes away what a restore left that was stopped; whoever calls holds the engine's lock.
pub(super) fn clear(ledger: &Path) -> Result<(), LedgerError> {
    for suffix in ["", "-wal", "-shm", "-journal"] {
        let path = beside(ledger, &format!("{RESTORING}{suffix}"));
        remove(&path).map_err(|source| LedgerError::File { path, source })?;
    }
    Ok(())
}

impl Drop for Restoring<'_> {
    fn drop(&mut self) {
        // What cannot be taken away now is when an engine starts, or at the next restore.
        let _ = clear(self.ledger);
    }
}

/// Moves a file that may not be there.
fn move_if_there(from: &Path, to: &Path) -> io::Result<()> {
    match fs::rename(from, to) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Removes a file that may not be there.
fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;
    use crate::ledger::{
        open::Opener,
        tests::{at, delivery, on_disk, site},
    };

    #[tokio::test]
    async fn the_head_that_is_told_is_the_copys_whoever_writes_meanwhile() {
        let directory = tempfile::TempDir::new().unwrap();
        let ledger = on_disk(&directory);
        let route = ledger.write(site).await.unwrap();
        let is_over = AtomicBool::new(false);
        let writes = async {
            for second in 0.. {
                if is_over.load(Ordering::Relaxed) {
                    break;
                }
                let new = delivery(&route, second);
                ledger
                    .write(move |tx| super::super::delivery::accept(tx, &new).map(drop))
                    .await
                    .unwrap();
            }
        };
        let copies = async {
            for number in 0..20 {
                let to = directory.path().join(format!("copy-{number}.db"));
                let place = to.clone();
                let told = ledger.read(move |conn| backup(conn, &place)).await.unwrap();
                let copied = Head::read(&Connection::open(&to).unwrap()).unwrap();
                assert_eq!(told, copied, "copy {number}");
            }
            is_over.store(true, Ordering::Relaxed);
        };
        futures_util::future::join(writes, copies).await;
        ledger.close().await;
    }

    #[tokio::test]
    async fn what_is_put_back_belongs_to_whom_the_ledger_belonged() {
        let directory = tempfile::TempDir::new().unwrap();
        let (path, to) = (directory.path().join("ponte.db"), directory.path().join("copy.db"));
        let ledger = on_disk(&directory);
        ledger.write(|tx| site(tx).map(drop)).await.unwrap();
        let place = to.clone();
        ledger.read(move |conn| backup(conn, &place)).await.unwrap();
        ledger.close().await;
        let is_given = owner::tests::give_away(&path);
        let lock = EngineLock::take(&path).unwrap();
        let lock_owner = owner::tests::owner(&beside(&path, ".lock"));
        assert_eq!(lock_owner == owner::tests::OTHER, is_given);
        restoring(&to, &path, &lock, at(9)).unwrap().put_back().unwrap();
        assert_eq!(owner::tests::owner(&path) == owner::tests::OTHER, is_given);
    }

    #[tokio::test]
    async fn an_engine_begins_without_what_a_stopped_restore_left() {
        let directory = tempfile::TempDir::new().unwrap();
        let path = directory.path().join("ponte.db");
        let left = ["", "-wal", "-shm", "-journal"];
        let left = left.map(|suffix| beside(&path, &format!("{RESTORING}{suffix}")));
        for it in &left {
            fs::write(it, "somebody").unwrap();
        }
        on_disk(&directory).close().await;
        assert!(left.iter().all(|it| it.exists()), "a restore may be at it");
        let lock = EngineLock::take(&path).unwrap();
        let options = crate::ledger::tests::options(directory.path());
        options.open(Opener::Engine(&lock)).unwrap().close().await;
        assert!(!left.iter().any(|it| it.exists()));
    }
}
