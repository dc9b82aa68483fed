//! What the engine shows of itself: what is not, or not yet, in the ledger.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use chrono::{DateTime, Utc};
use tokio::time::Instant;

/// An engine that has shown nothing for this long does not run: it shows itself each second.
const SILENT_MAX: Duration = Duration::from_secs(30);

/// One of the two APIs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    /// `ActiveCampaign`.
    ActiveCampaign,
    /// Ploomes.
    Ploomes,
}

/// An engine, as it is at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EngineView {
    /// APIs that refuse their key, and since when.
    pub key_refused: Vec<(Service, DateTime<Utc>)>,
    /// Routes that cannot be written as they are configured, each with the reasons.
    pub held: Vec<(String, Vec<String>)>,
    /// Until when Ploomes asked not to be called (429).
    pub ploomes_waits_until: Option<DateTime<Utc>>,
    /// When the next poll is due.
    pub next_poll: Option<DateTime<Utc>>,
    /// When the next reconciliation is due.
    pub next_reconcile: Option<DateTime<Utc>>,
    /// When the queue will be empty at today's pace; `None` where it is empty, or nobody knows.
    pub queue_empty_at: Option<DateTime<Utc>>,
}

/// The newest view of the engine, written by it and read by the page.
#[derive(Debug, Default)]
pub struct EngineState(Mutex<Option<(Instant, EngineView)>>);

impl EngineState {
    /// Shows `view`; to be called each second or so.
    pub fn show(&self, view: EngineView) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((Instant::now(), view));
    }

    /// The newest view; `None` where the engine does not run.
    pub fn view(&self) -> Option<EngineView> {
        let shown = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (at, view) = shown.as_ref()?;
        (at.elapsed() < SILENT_MAX).then(|| view.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn an_engine_that_shows_nothing_any_more_does_not_run() {
        let state = EngineState::default();
        assert_eq!(state.view(), None);
        state.show(EngineView::default());
        tokio::time::advance(SILENT_MAX / 2).await;
        assert_eq!(state.view(), Some(EngineView::default()));
        tokio::time::advance(SILENT_MAX / 2).await;
        assert_eq!(state.view(), None);
    }
}
