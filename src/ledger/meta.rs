//! Settings of the ledger's file itself.

use std::fmt;

use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit as _, Mac as _};
use rand::RngCore;
use rusqlite::Connection;
use sha2::Sha256;

use super::{
    LedgerError, Tx,
    digest::Hash,
    sql::{self, Millis},
};

/// The key of this ledger's keyed hashes, made with it and kept in it.
///
/// It keeps hashes of two ledgers apart; whoever has the file has the key.
#[derive(Clone)]
pub struct Key([u8; 32]);

impl From<[u8; 32]> for Key {
    fn from(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

impl Key {
    /// The key of the ledger behind `conn`.
    pub fn read(conn: &Connection) -> Result<Self, LedgerError> {
        sql::one(conn, "SELECT value FROM meta WHERE key = 'key'", [], |row| row.get(0).map(Self))
    }

    /// HMAC-SHA-256 of `text`.
    pub fn hash(&self, text: &str) -> Hash {
        let mut mac =
            Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes keys of any length");
        mac.update(text.as_bytes());
        mac.finalize().into_bytes().into()
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(…)")
    }
}

/// Gives a new ledger its id and its key.
pub(super) fn found(
    conn: &Connection,
    rng: &mut impl RngCore,
    at: DateTime<Utc>,
) -> Result<(), LedgerError> {
    let mut key = [0; 32];
    rng.fill_bytes(&mut key);
    let mut id = [0; 16];
    rng.fill_bytes(&mut id);
    sql::execute(
        conn,
        "INSERT INTO meta (key, value) VALUES ('key', ?1), ('id', ?2), ('founded_at', ?3)",
        (key.as_slice(), id.as_slice(), Millis(at)),
    )?;
    Ok(())
}

/// When the engine last noted that it runs; what came after is the gap named at start.
pub fn last_alive(conn: &Connection) -> Result<Option<DateTime<Utc>>, LedgerError> {
    let at = sql::maybe(conn, "SELECT value FROM meta WHERE key = 'alive_at'", [], |row| {
        row.get::<_, Millis>(0)
    })?;
    Ok(at.map(|at| at.0))
}

/// Notes that the engine runs.
pub fn note_alive(tx: &Tx<'_>, at: DateTime<Utc>) -> Result<(), LedgerError> {
    set(tx, "alive_at", at.timestamp_millis())
}

/// A number kept under `key`, such as a cursor of a sweep.
pub fn number(conn: &Connection, key: &str) -> Result<Option<i64>, LedgerError> {
    sql::maybe(conn, "SELECT value FROM meta WHERE key = ?1", [key], |row| row.get(0))
}

/// Keeps a number under `key`.
pub fn set(tx: &Tx<'_>, key: &str, value: i64) -> Result<(), LedgerError> {
    sql::change_one(
        tx,
        "INSERT INTO meta (key, value) VALUES (?1, ?2)
         ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        (key, value),
    )
}
