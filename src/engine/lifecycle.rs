//! Starting and stopping: the only place that spawns tasks.

use std::{future::Future, time::Duration};

use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// How long a soft stop may take of the ten seconds that a stop has: the ledger is closed after it.
///
/// What is left then is made safe by the journal.
pub const STOP_WITHIN: Duration = Duration::from_secs(8);

/// The tasks of a running service.
///
/// Soft stop: [`Lifecycle::stopping`] fires, loops end after what they have in hand. A task that
/// ends before it was asked to stops everything, so that half a service never keeps running.
#[derive(Clone, Default)]
pub struct Lifecycle {
    tasks: TaskTracker,
    stopping: CancellationToken,
    killed: CancellationToken,
}

impl Lifecycle {
    /// A service with no task yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Tasks that stop with these, and can be stopped before them.
    ///
    /// One of them that ends early stops the others of the child only: whoever made it watches it.
    pub fn child(&self) -> Self {
        Self {
            tasks: TaskTracker::new(),
            stopping: self.stopping.child_token(),
            killed: self.killed.child_token(),
        }
    }

    /// Fires when the service is asked to stop.
    pub fn stopping(&self) -> CancellationToken {
        self.stopping.clone()
    }

    /// Runs `task` until it ends.
    pub fn spawn(&self, name: &'static str, task: impl Future<Output = ()> + Send + 'static) {
        let (stopping, killed) = (self.stopping.clone(), self.killed.clone());
        self.tasks.spawn(async move {
            // Dropped on panic as well.
            let _stop_others = stopping.clone().drop_guard();
            tokio::select! {
                biased;
                () = killed.cancelled() => return,
                () = task => {}
            }
            if !stopping.is_cancelled() {
                tracing::error!(task = name, "`{name}` ended on its own; stopping");
            }
        });
    }

    /// Asks every task to stop after what it has in hand.
    pub fn stop(&self) {
        self.stopping.cancel();
    }

    /// Drops every task where it stands, as the end of the process does; for simulations.
    pub async fn kill(&self) {
        self.killed.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }

    /// Waits until it is asked to stop and every task has ended, however long that takes.
    pub async fn ended(&self) {
        self.stopping.cancelled().await;
        self.tasks.close();
        self.tasks.wait().await;
    }

    /// Waits until every task has ended, or [`STOP_WITHIN`] has passed; says which.
    pub async fn stopped(&self) -> bool {
        self.stopping.cancelled().await;
        self.tasks.close();
        tokio::time::timeout(STOP_WITHIN, self.tasks.wait()).await.is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_task_that_ends_on_its_own_stops_the_service() {
        let lifecycle = Lifecycle::new();
        lifecycle.spawn("short", async {});
        assert!(lifecycle.stopped().await);
        assert!(lifecycle.stopping().is_cancelled());
    }

    #[tokio::test]
    async fn a_kill_drops_what_would_never_stop() {
        let lifecycle = Lifecycle::new();
        lifecycle.spawn("stuck", std::future::pending());
        lifecycle.kill().await;
        assert!(lifecycle.stopped().await);
    }

    #[tokio::test]
    async fn a_child_stops_alone_and_with_its_parent() {
        let parent = Lifecycle::new();
        let (first, second) = (parent.child(), parent.child());
        for child in [&first, &second] {
            let stopping = child.stopping();
            child.spawn("loop", async move { stopping.cancelled().await });
        }
        first.stop();
        first.ended().await;
        assert!(!parent.stopping().is_cancelled() && !second.stopping().is_cancelled());
        parent.stop();
        second.ended().await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_task_that_does_not_stop_is_left_after_the_deadline() {
        let lifecycle = Lifecycle::new();
        lifecycle.spawn("stuck", std::future::pending());
        lifecycle.stop();
        assert!(!lifecycle.stopped().await);
    }
}
