//! What a hash of the chain commits to, byte for byte.
//!
//! A row is digested as the names and values of its columns that are not null, so that a column
//! added later, null in old rows, changes no old digest. Of bytes that may be erased only the
//! salted hash goes in.

use rusqlite::types::ValueRef;
use sha2::{Digest as _, Sha256};

/// A SHA-256.
pub type Hash = [u8; 32];

/// The digest of one row, built column by column in the order of the subject's `SELECT`.
pub(super) struct RowDigest(Sha256);

impl RowDigest {
    pub(super) fn new(subject: &str) -> Self {
        let mut hasher = Sha256::new_with_prefix(b"ponte row 1\0");
        hasher.update(subject);
        hasher.update([0]);
        Self(hasher)
    }

    pub(super) fn column(&mut self, name: &str, value: ValueRef<'_>) {
        let number;
        let (tag, bytes): (u8, &[u8]) = match value {
            ValueRef::Null => return,
            ValueRef::Integer(value) => {
                number = value.to_be_bytes();
                (1, &number)
            }
            ValueRef::Real(value) => {
                number = value.to_be_bytes();
                (2, &number)
            }
            ValueRef::Text(bytes) => (3, bytes),
            ValueRef::Blob(bytes) => (4, bytes),
        };
        self.0.update((name.len() as u64).to_be_bytes());
        self.0.update(name);
        self.0.update([tag]);
        self.0.update((bytes.len() as u64).to_be_bytes());
        self.0.update(bytes);
    }

    pub(super) fn finish(self) -> Hash {
        self.0.finalize().into()
    }
}

/// The hash kept beside a payload's salt and body, and after both are erased.
pub(super) fn payload(salt: &[u8], body: &[u8]) -> Hash {
    let mut hasher = Sha256::new_with_prefix(salt);
    hasher.update(body);
    hasher.finalize().into()
}

/// One row of the chain, without its hash.
pub(super) struct Link<'a> {
    pub(super) seq: i64,
    pub(super) at: i64,
    pub(super) subject: &'a str,
    pub(super) subject_id: i64,
    pub(super) event: &'a str,
    pub(super) digest: &'a [u8],
    pub(super) accepted: i64,
    pub(super) total: i64,
}

impl Link<'_> {
    /// The hash of this row, which commits to `previous` and so to all rows before it.
    pub(super) fn hash(&self, previous: &Hash) -> Hash {
        let mut hasher = Sha256::new_with_prefix(b"ponte chain 1\0");
        hasher.update(previous);
        for number in [self.seq, self.at, self.subject_id, self.accepted, self.total] {
            hasher.update(number.to_be_bytes());
        }
        for bytes in [self.subject.as_bytes(), self.event.as_bytes(), self.digest] {
            hasher.update((bytes.len() as u64).to_be_bytes());
            hasher.update(bytes);
        }
        hasher.finalize().into()
    }
}
