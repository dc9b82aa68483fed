//! What the answers of an API say beside their content: how far its clock is ahead of ours, and
//! whether it takes our key.
//!
//! In memory only: after a restart nothing is known until the first answer.

use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};

/// Where we stand with one API.
#[derive(Debug, Default)]
pub struct Standing(Mutex<Seen>);

#[derive(Debug, Clone, Copy, Default)]
struct Seen {
    ahead: Option<TimeDelta>,
    key: KeyState,
}

/// Whether an API takes our key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum KeyState {
    /// Nothing has been asked since the start, or nothing that tells.
    #[default]
    Unknown,
    /// The last call that tells was answered.
    Accepted,
    /// Refused, since then.
    Refused(DateTime<Utc>),
}

impl Standing {
    /// How far its clock was ahead of ours at the last answer that had a date.
    pub fn ahead(&self) -> Option<TimeDelta> {
        self.seen().ahead
    }

    /// Whether it takes our key.
    pub fn key(&self) -> KeyState {
        self.seen().key
    }

    /// An answer was dated `theirs` when our clock showed `ours`.
    pub(super) fn dated(&self, theirs: DateTime<Utc>, ours: DateTime<Utc>) {
        self.seen().ahead = Some(theirs - ours);
    }

    /// A call was answered as only the owner of a good key is.
    pub(super) fn accepted(&self) {
        self.seen().key = KeyState::Accepted;
    }

    /// The key was refused.
    pub(super) fn refused(&self, now: DateTime<Utc>) {
        let key = &mut self.seen().key;
        if !matches!(key, KeyState::Refused(_)) {
            *key = KeyState::Refused(now);
        }
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_refused_since_the_first_refusal_until_it_is_accepted() {
        let at = |second| DateTime::from_timestamp(second, 0).unwrap();
        let standing = Standing::default();
        assert_eq!(standing.key(), KeyState::Unknown);
        standing.refused(at(1));
        standing.refused(at(2));
        assert_eq!(standing.key(), KeyState::Refused(at(1)));
        standing.accepted();
        assert_eq!(standing.key(), KeyState::Accepted);
        standing.refused(at(3));
        assert_eq!(standing.key(), KeyState::Refused(at(3)));
    }
}
