//! Opens a ledger, making it where there is none.

use std::{cell::RefCell, fs, os::unix::fs::PermissionsExt as _, path::PathBuf};

use rand::{SeedableRng as _, rngs::StdRng};
use rusqlite::Connection;

use super::{
    Ledger, LedgerError,
    connection::{self, Access},
    copy,
    erased::ErasedFile,
    handle::Log,
    lock::EngineLock,
    meta::Key,
    migrate,
    writer::Writer,
};
use crate::clock::Clock;

/// Who works on the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Executor {
    /// Threads of its own: production.
    Thread,
    /// The caller's thread, on one connection: tests with paused time.
    InPlace,
    /// The same, and nobody else may open the file meanwhile: no locks are taken and given back. What a
    /// rollback needs is in memory instead of a log on the disk, as the process does not end within a
    /// transaction. Both is much of a simulation's time.
    Alone,
}

/// Where salts and keys come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Randomness {
    /// The operating system.
    System,
    /// A seed, so that a simulation writes the same ledger each time.
    Seed(u64),
}

/// Who opens the ledger.
#[derive(Debug, Clone, Copy)]
pub enum Opener<'a> {
    /// The engine, which shows its lock.
    Engine(&'a EngineLock),
    /// A command, maybe beside a running engine: it cannot change the schema under it.
    Command,
}

/// What a ledger is opened with.
#[derive(Debug, Clone)]
pub struct Options {
    /// The file, `None` for a ledger in memory, which has no threads.
    pub path: Option<PathBuf>,
    /// Who works on it.
    pub executor: Executor,
    /// Where salts and keys come from.
    pub randomness: Randomness,
    /// The time of day, noted in a new ledger.
    pub clock: Clock,
}

impl Options {
    /// A ledger on disk, as in production.
    pub fn file(path: impl Into<PathBuf>, clock: Clock) -> Self {
        Self {
            path: Some(path.into()),
            executor: Executor::Thread,
            randomness: Randomness::System,
            clock,
        }
    }

    /// A ledger in memory, worked on in place, the same for the same seed.
    pub fn memory(seed: u64, clock: Clock) -> Self {
        Self { path: None, executor: Executor::InPlace, randomness: Randomness::Seed(seed), clock }
    }

    /// Opens the ledger, makes it where there is none, and brings its schema up to date.
    pub fn open(self, opener: Opener<'_>) -> Result<Ledger, LedgerError> {
        let mut rng = match self.randomness {
            Randomness::System => StdRng::from_os_rng(),
            Randomness::Seed(seed) => StdRng::seed_from_u64(seed),
        };
        let path = self.path.clone().unwrap_or_else(|| ":memory:".into());
        if let (Opener::Engine(_), Some(path)) = (opener, &self.path) {
            copy::clear(path)?;
        }
        let mut conn = self.connect()?;
        let mut lock = None;
        let now = self.clock.now();
        migrate::migrate(&mut conn, &path, migrate::STEPS, (now, &mut rng), |conn, version| {
            if matches!(opener, Opener::Command) {
                lock = Some(EngineLock::take(&path)?);
            }
            migrate::keep(conn, &path, version)
        })?;
        drop(lock);
        let key = Key::read(&conn)?;
        let erased = match &self.path {
            Some(path) => ErasedFile::of(path),
            None => ErasedFile::nowhere(key.clone()),
        };
        let writer = Writer { conn, key, erased, rng: RefCell::new(rng) };
        match (self.executor, self.path) {
            (Executor::Thread, Some(file)) => {
                let log = match opener {
                    Opener::Engine(_) => Log::Emptied,
                    Opener::Command => Log::Left,
                };
                Ledger::on_threads(path, writer, log, || connection::open(&file, Access::Read))
            }
            _ => Ok(Ledger::in_place(path, writer)),
        }
    }

    fn connect(&self) -> Result<Connection, LedgerError> {
        let Some(path) = &self.path else { return connection::open_in_memory() };
        if !migrate::create_private(path)? {
            // A ledger that came from elsewhere may be readable by others.
            fs::set_permissions(path, fs::Permissions::from_mode(0o600))
                .map_err(|source| LedgerError::File { path: path.clone(), source })?;
        }
        let access = match self.executor {
            Executor::Thread | Executor::InPlace => Access::Write,
            Executor::Alone => Access::Alone,
        };
        connection::open(path, access)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::tests::{options, site};

    #[tokio::test]
    async fn only_the_engine_empties_the_log_when_it_closes() {
        let directory = tempfile::TempDir::new().unwrap();
        let lock = EngineLock::take(&directory.path().join("ponte.db")).unwrap();
        let log = directory.path().join("ponte.db-wal");
        // Somebody else has it open, or the last one to close would empty it anyway.
        let other = options(directory.path()).open(Opener::Command).unwrap();
        for (opener, is_left) in [(Opener::Command, true), (Opener::Engine(&lock), false)] {
            let ledger = options(directory.path()).open(opener).unwrap();
            ledger.write(|tx| site(tx).map(drop)).await.unwrap();
            ledger.write(|tx| crate::ledger::meta::set(tx, "test", 1)).await.unwrap();
            ledger.close().await;
            assert_eq!(fs::metadata(&log).unwrap().len() > 0, is_left, "{opener:?}");
        }
        other.close().await;
    }
}
