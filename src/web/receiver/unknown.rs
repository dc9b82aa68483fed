//! Counts requests to webhook URLs that nobody configured: a changed token loses webhooks.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

/// A counter that is emptied into the ledger now and then; clones count together.
///
/// In memory, because a stranger who guesses must not be able to make the ledger write.
#[derive(Debug, Clone, Default)]
pub struct UnknownTokens(Arc<AtomicU64>);

impl UnknownTokens {
    pub(super) fn hit(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// The requests since this was last asked.
    pub fn take(&self) -> u64 {
        self.0.swap(0, Ordering::Relaxed)
    }
}
