//! Since when Ploomes has shown no company and no person at all.
//!
//! An account whose every contact was deleted looks like one that answers with nothing because it is
//! asked too often. The second passes; so an account is taken to be bare once it has shown nobody
//! for a while.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use super::shared::Shared;
use crate::{
    domain::{Lane, RecordId},
    transport::CallError,
};

/// How long: several windows of the quota.
const BELIEVED_AFTER: Duration = Duration::from_mins(5);

/// What was shown lately.
#[derive(Default)]
pub(super) struct Bare(Mutex<Option<Instant>>);

impl Bare {
    /// Somebody was shown.
    pub(super) fn shown(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Nobody was shown; returns whether nobody has been for long.
    pub(super) fn nobody(&self) -> bool {
        let mut since = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        since.get_or_insert_with(Instant::now).elapsed() >= BELIEVED_AFTER
    }
}

/// Whether an account that shows nobody has nobody, although these were `known` to be there.
pub(super) async fn is_bare(
    shared: &Shared,
    known: &[RecordId],
    lane: Lane,
) -> Result<bool, CallError> {
    Ok(known.is_empty()
        || (shared.bare.nobody() && shared.reader.proved_newest_contact(lane).await?.is_none()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn an_account_is_bare_once_it_showed_nobody_for_long() {
        let bare = Bare::default();
        assert!(!bare.nobody());
        tokio::time::advance(BELIEVED_AFTER).await;
        assert!(bare.nobody());
        bare.shown();
        assert!(!bare.nobody());
    }
}
