//! How every connection to the ledger is set up.

use std::{path::Path, time::Duration};

use rusqlite::{Connection, OpenFlags, config::DbConfig};

use super::LedgerError;

/// How long a connection waits for another process's write.
///
/// The receiver promises an answer within two seconds, and AC hangs up after five.
const BUSY_WAIT: Duration = Duration::from_secs(2);

/// What stays of the write-ahead log when it starts again: four checkpoints' worth.
const LOG_BYTES_KEPT: i64 = 16 * 1024 * 1024;

/// Statements kept prepared by a connection: more than the ledger has.
const STATEMENTS_MAX: usize = 256;

/// Page cache of a connection that only reads, instead of `SQLite`'s 2,000: there are several, and
/// their questions walk an index or two. Pages that are not here are in the operating system's cache.
const READ_CACHE_KIB: i64 = 256;

/// Page cache of the connection that writes: its indexes' inner pages and what a commit changes. A
/// larger transaction goes to the log as it grows.
const WRITE_CACHE_KIB: i64 = 1024;

/// What a connection may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    Write,
    Read,
    /// Writes and reads, and keeps all others out: no locks are taken and given back, and there is no
    /// log. Whoever has it never ends within a transaction.
    Alone,
}

/// Opens the file, which must be there.
pub(super) fn open(path: &Path, access: Access) -> Result<Connection, LedgerError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(path, flags)?;
    if access == Access::Alone {
        conn.pragma_update_and_check(None, "locking_mode", "exclusive", |_| Ok(()))?;
    }
    prepare(&conn, if access == Access::Alone { "memory" } else { "wal" })?;
    let cache = match access {
        Access::Read => READ_CACHE_KIB,
        Access::Write | Access::Alone => WRITE_CACHE_KIB,
    };
    conn.pragma_update(None, "cache_size", -cache)?;
    conn.pragma_update(None, "query_only", access == Access::Read)?;
    Ok(conn)
}

/// Opens a ledger that is gone with its connection.
pub(super) fn open_in_memory() -> Result<Connection, LedgerError> {
    let conn = Connection::open_in_memory()?;
    prepare(&conn, "memory")?;
    Ok(conn)
}

fn prepare(conn: &Connection, journal: &str) -> Result<(), LedgerError> {
    conn.busy_timeout(BUSY_WAIT)?;
    conn.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DML, false)?;
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DDL, false)?;
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    // A plan that does not depend on what is bound: else SQLite prepares a statement anew each time
    // that it comes out of the cache, where its bindings were cleared.
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    // It answers with the mode; that of a log is kept in the file.
    conn.pragma_update_and_check(None, "journal_mode", journal, |_| Ok(()))?;
    // A commit is on disk before anybody is told of it.
    conn.pragma_update(None, "synchronous", "full")?;
    conn.pragma_update(None, "foreign_keys", true)?;
    // What `erase` blanks leaves no copy in free space.
    conn.pragma_update(None, "secure_delete", true)?;
    conn.pragma_update(None, "temp_store", "memory")?;
    conn.pragma_update_and_check(None, "journal_size_limit", LOG_BYTES_KEPT, |_| Ok(()))?;
    Ok(())
}
