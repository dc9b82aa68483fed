//! What happened, in order, and one hash that stands for all of it.

use std::sync::{Mutex, PoisonError};

use ponte::ledger::audit::hex;
use sha2::{Digest as _, Sha256};

/// What happened; shared by everything that makes something happen.
#[derive(Default)]
pub struct Trace(Mutex<Vec<String>>);

impl Trace {
    /// Adds a line.
    pub fn say(&self, line: String) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(line);
    }

    /// All lines.
    pub fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Stands for all lines: two runs with the same hash went the same way.
    pub fn hash(&self) -> String {
        let mut hash = Sha256::new();
        for line in self.0.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            hash.update(line.as_bytes());
            hash.update(b"\n");
        }
        hex(&hash.finalize()[..8])
    }
}
