//! One engine for one ledger.
//!
//! The lock is a file of its own: closing any other handle of the database's file would drop the
//! locks that `SQLite` holds on it. The kernel lets go of it when the process dies, however it dies.

use std::{
    ffi::OsString,
    fs::{File, OpenOptions, TryLockError},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use super::{LedgerError, owner};

/// Proof that this process is the only engine on a ledger, for as long as it is kept.
#[derive(Debug)]
pub struct EngineLock {
    _file: File,
}

impl EngineLock {
    /// Takes the lock of the ledger at `path`; `Held` where another engine has it.
    pub fn take(path: &Path) -> Result<Self, LedgerError> {
        Self::try_take(path)?.ok_or_else(|| LedgerError::Held { path: beside(path, ".lock") })
    }

    /// Takes the lock of the ledger at `path`; `None` where another engine has it.
    pub fn try_take(path: &Path) -> Result<Option<Self>, LedgerError> {
        let ledger = path;
        let path = beside(path, ".lock");
        let failed = |source| LedgerError::File { path: path.clone(), source };
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(&path)
            .map_err(failed)?;
        // Who may not give it away has the ledger to themselves, or could not open it.
        let _ = owner::give_to_owner(&path, ledger);
        match file.try_lock() {
            Ok(()) => Ok(Some(Self { _file: file })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(source)) => Err(failed(source)),
        }
    }
}

/// The file beside the ledger whose name ends in `suffix`.
pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    name.into()
}
