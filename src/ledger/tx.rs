//! A write transaction, as the closures given to `Ledger::write` see it.

use std::{
    cell::{Cell, RefCell},
    ops::Deref,
};

use chrono::{DateTime, Utc};
use rand::{RngCore as _, rngs::StdRng};
use rusqlite::Connection;

use super::{
    LedgerError,
    digest::{self, Hash},
    erased::ErasedFile,
    history::{Head, Subject},
    meta::Key,
    payload::{PayloadKind, Stored},
    sql,
};

/// A write transaction: a connection, and what only the ledger can add.
///
/// Whatever a closure does with it is kept whole or not at all.
pub struct Tx<'a> {
    pub(super) conn: &'a Connection,
    pub(super) key: &'a Key,
    /// Where tombstones stand outside of the ledger.
    pub(super) erased: &'a ErasedFile,
    pub(super) rng: &'a RefCell<StdRng>,
    /// The end of the chain, once somebody asked: nobody else writes during the transaction.
    pub(super) head: &'a Cell<Option<Head>>,
}

impl Deref for Tx<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        self.conn
    }
}

impl Tx<'_> {
    /// Stores bytes that may hold personal data; returns the payload's id.
    pub fn put_payload(
        &self,
        kind: PayloadKind,
        at: DateTime<Utc>,
        body: &[u8],
    ) -> Result<i64, LedgerError> {
        self.store(kind, at, body).map(|stored| stored.id)
    }

    pub(super) fn store(
        &self,
        kind: PayloadKind,
        at: DateTime<Utc>,
        body: &[u8],
    ) -> Result<Stored, LedgerError> {
        let mut salt = [0; 16];
        self.rng.borrow_mut().fill_bytes(&mut salt);
        let hash = digest::payload(&salt, body);
        let id = sql::insert(
            self,
            "INSERT INTO payload (kind, at, hash, salt, body) VALUES (?1, ?2, ?3, ?4, ?5)",
            (kind, at.timestamp_millis(), hash.as_slice(), salt.as_slice(), body),
        )?;
        Ok(Stored { id, hash })
    }

    /// Appends to the chain what the row of `subject` is now, after `event`.
    ///
    /// Call it after every change of an evidence row, in the same transaction. `accepted` of a
    /// delivery and `found` of a lead are also counted.
    pub fn record(
        &self,
        subject: Subject,
        id: i64,
        event: &str,
        at: DateTime<Utc>,
    ) -> Result<(), LedgerError> {
        let digest =
            subject.digest(self, id)?.ok_or(LedgerError::Unchanged { expected: 1, actual: 0 })?;
        self.record_digest(subject, id, event, at, &digest)
    }

    /// `record` for a row whose digest is known, because all its values just were at hand.
    pub(super) fn record_digest(
        &self,
        subject: Subject,
        id: i64,
        event: &str,
        at: DateTime<Utc>,
        digest: &Hash,
    ) -> Result<(), LedgerError> {
        let head = match self.head.get() {
            Some(head) => head,
            None => Head::read(self)?,
        };
        let next = head.append(self, subject, id, event, at.timestamp_millis(), digest)?;
        self.head.set(Some(next));
        Ok(())
    }

    /// The keyed hash under which a piece of personal data is found again.
    ///
    /// Keyed with this ledger's own key, so that hashes of two ledgers tell nothing of each other.
    pub fn keyed(&self, text: &str) -> Hash {
        self.key.hash(text)
    }
}
