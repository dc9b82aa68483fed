//! What can go wrong with the ledger, told so that an operator knows what to do.

use std::{io, path::PathBuf};

use rusqlite::ErrorCode;

/// A failure of the ledger.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// Another process held the write lock for longer than the ledger waits.
    #[error("the ledger is locked by another process; try again, or end what holds it")]
    Busy,
    /// The file, or the file system it is on, cannot be written.
    #[error("the ledger cannot be written; check the owner of the file, its directory and mount")]
    ReadOnly,
    /// No room is left for it.
    #[error("the disk of the ledger is full; make room, what was accepted is kept")]
    Full,
    /// The disk failed, or a quota or a limit on the size of files was met.
    #[error(
        "the disk of the ledger failed ({0}); look at the disk, its mount and quotas, and limits on \
             the size of files; what was accepted is kept"
    )]
    Disk(#[source] rusqlite::Error),
    /// The file was written by a later version.
    #[error("the ledger has schema {found} and this ponte knows {known}; run the newer ponte")]
    Newer {
        /// The file's.
        found: i64,
        /// The newest of this program.
        known: i64,
    },
    /// The file is a database of some other program.
    #[error("{path} is not a ledger of ponte; name another file in ledger.path")]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// Another engine runs on the same file.
    #[error("another ponte is running on this ledger ({path} is locked); stop it first")]
    Held {
        /// The lock's own file.
        path: PathBuf,
    },
    /// A route is in the ledger under another name.
    #[error(
        "route \"{new}\" has the contacts of route \"{old}\", which is configured no more; \
             if it was renamed, give it was = \"{old}\", so that its leads stay its leads"
    )]
    Renamed {
        /// The name in the ledger.
        old: String,
        /// The name in the configuration.
        new: String,
    },
    /// A route's leads were told apart in another way before.
    #[error(
        "route \"{route}\" changed between an automation and other contacts; its leads could \
             not be told apart any more: give the new way a route of its own"
    )]
    KeyKind {
        /// The route.
        route: String,
    },
    /// A file beside or under the ledger could not be used.
    #[error("cannot use {path}; check that it exists and who may write it")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The file of tombstones holds something else.
    #[error(
        "the tombstones in {path} cannot be read; put the file back from a copy, or the people who \
             were erased may come back"
    )]
    Tombstones {
        /// The file.
        path: PathBuf,
    },
    /// The person a lead is of was erased.
    #[error("the person of lead {lead} was erased")]
    Erased {
        /// The lead's row.
        lead: i64,
    },
    /// A row holds what the schema's users never write.
    #[error("the ledger's {table} {row} holds an unknown {column}; run `ponte audit`")]
    Inconsistent {
        /// The table.
        table: &'static str,
        /// The row's id.
        row: i64,
        /// The column.
        column: &'static str,
    },
    /// A change hit more or fewer rows than it must.
    #[error("a change of the ledger hit {actual} rows and not {expected}; run `ponte audit`")]
    Unchanged {
        /// Rows that it must hit.
        expected: usize,
        /// Rows that it hit.
        actual: usize,
    },
    /// The work given to the ledger panicked; what it had changed was taken back.
    #[error("work on the ledger broke off and was taken back; please report this as a bug")]
    Panicked,
    /// The ledger was closed.
    #[error("the ledger is closed; start ponte again")]
    Closed,
    /// Anything else that `SQLite` says.
    #[error("the ledger failed ({0}); run `ponte audit`")]
    Sqlite(#[source] rusqlite::Error),
}

impl LedgerError {
    /// Whether the same call may succeed later without anybody doing anything.
    pub const fn is_transient(&self) -> bool {
        matches!(self, Self::Busy)
    }

    /// A second error that says the same, for everybody who shared a transaction.
    pub(super) fn again(error: &rusqlite::Error) -> Self {
        Self::from(match error {
            rusqlite::Error::SqliteFailure(code, message) => {
                rusqlite::Error::SqliteFailure(*code, message.clone())
            }
            other => rusqlite::Error::ToSqlConversionFailure(other.to_string().into()),
        })
    }
}

impl From<rusqlite::Error> for LedgerError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy,
            Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
                Self::ReadOnly
            }
            Some(ErrorCode::DiskFull) => Self::Full,
            Some(ErrorCode::SystemIoFailure) => Self::Disk(error),
            _ => Self::Sqlite(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::ffi;

    use super::*;

    /// What is said of a result code of `SQLite`.
    fn said(code: i32) -> String {
        LedgerError::from(rusqlite::Error::SqliteFailure(ffi::Error::new(code), None)).to_string()
    }

    #[test]
    fn what_a_disk_refuses_is_said_as_the_disk_s_and_not_as_the_ledger_s() {
        assert!(said(ffi::SQLITE_FULL).contains("full; make room"));
        assert!(said(ffi::SQLITE_IOERR_WRITE).contains("look at the disk, its mount and quotas"));
        assert!(said(ffi::SQLITE_IOERR_FSYNC).contains("look at the disk, its mount and quotas"));
        assert!(said(ffi::SQLITE_READONLY).contains("check the owner"));
        // A damaged file is another matter.
        assert!(said(ffi::SQLITE_CORRUPT).contains("run `ponte audit`"));
    }
}
