//! Wake-ups between loops: they carry nothing, so a lost, late or double one changes only when.

use std::{sync::Arc, time::Duration};

use tokio::{sync::Notify, time::Instant};

/// How long a loop sleeps at most, usually: work that another process put in the ledger is seen then.
pub const FALLBACK_TICK: Duration = Duration::from_secs(1);

/// Who can be woken.
#[derive(Clone, Default)]
pub struct Wake {
    /// A delivery was stored.
    pub intake: Arc<Notify>,
    /// A hint was noted.
    pub matcher: Arc<Notify>,
    /// A lead waits.
    pub worker: Arc<Notify>,
    /// The schedule may have become due.
    pub scheduler: Arc<Notify>,
    /// A reconciliation may have become due.
    pub reconciler: Arc<Notify>,
    /// A job may have been queued.
    pub jobs: Arc<Notify>,
    /// A run ended: what calls for an alert may have changed.
    pub alerts: Arc<Notify>,
    /// A poll was complete.
    pub heartbeat: Arc<Notify>,
}

/// Sleeps until woken, until `due`, or for a `tick`, whichever is first.
pub async fn woken_or_due(notify: &Notify, due: Option<Duration>, tick: Duration) {
    let wait = due.map_or(tick, |due| due.min(tick));
    tokio::select! {
        biased;
        () = notify.notified() => {}
        () = tokio::time::sleep_until(Instant::now() + wait) => {}
    }
}
