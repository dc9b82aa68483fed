//! Whether the service does its work: the ledger takes writes, the engine runs, and neither poll
//! nor reconciliation is late.

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use croner::Cron;
use serde_json::{Value, json};
use tokio::{
    sync::Mutex,
    time::{Instant, timeout},
};

use crate::{
    clock::Clock,
    config::Live,
    ledger::{Ledger, meta},
    web::{
        engine_state::EngineState,
        overview::{Overview, ReadOverview, Run},
    },
};

/// How long after it is due a run may start: a run before it may still be at work.
const LATE_AFTER: TimeDelta = TimeDelta::minutes(15);

/// How long an answer is given again: whoever asks often must not make the ledger write often.
const KEPT_FOR: Duration = Duration::from_secs(1);

/// How long the ledger may take, as the receiver has it.
const ASK_WITHIN: Duration = Duration::from_secs(2);

/// What each part says; all must be well.
#[expect(clippy::struct_excessive_bools, reason = "each is a line of the answer")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ready {
    /// The ledger takes writes.
    pub(super) ledger: bool,
    /// The engine runs.
    pub(super) engine: bool,
    /// No poll is late.
    pub(super) poll: bool,
    /// No reconciliation is late.
    pub(super) reconcile: bool,
}

impl Ready {
    pub(super) const fn is_ready(self) -> bool {
        self.ledger && self.engine && self.poll && self.reconcile
    }

    pub(super) fn json(self) -> Value {
        json!({
            "ready": self.is_ready(),
            "ledger": self.ledger,
            "engine": self.engine,
            "poll": self.poll,
            "reconcile": self.reconcile,
        })
    }
}

/// Which runs are late.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Late {
    pub(super) poll: bool,
    pub(super) reconcile: bool,
}

/// Asks all parts.
pub(super) struct Readiness {
    ledger: Ledger,
    clock: Clock,
    live: Live,
    started_at: DateTime<Utc>,
    kept: Mutex<Option<(Instant, Ready)>>,
}

impl Readiness {
    pub(super) fn new(ledger: Ledger, clock: Clock, live: Live, started_at: DateTime<Utc>) -> Self {
        Self { ledger, clock, live, started_at, kept: Mutex::default() }
    }

    /// What each part says now, or said a moment ago.
    pub(super) async fn ask(&self, read: &ReadOverview, state: &Arc<EngineState>) -> Ready {
        let mut kept = self.kept.lock().await;
        if let Some((at, ready)) = *kept
            && at.elapsed() < KEPT_FOR
        {
            return ready;
        }
        let now = self.clock.now();
        // A real change: a full disk takes an empty transaction.
        let write = self.ledger.write(move |tx| meta::set(tx, "asked_at", now.timestamp_millis()));
        let is_written = matches!(timeout(ASK_WITHIN, write).await, Ok(Ok(())));
        let late = match timeout(ASK_WITHIN, read()).await {
            Ok(Ok(overview)) => Some(self.late(&overview, now)),
            _ => None,
        };
        let ready = Ready {
            ledger: is_written && late.is_some(),
            engine: state.view().is_some(),
            poll: late.is_some_and(|late| !late.poll),
            reconcile: late.is_some_and(|late| !late.reconcile),
        };
        *kept = Some((Instant::now(), ready));
        ready
    }

    /// Which runs should have started by now and have not. One that never ran is not late.
    pub(super) fn late(&self, overview: &Overview, now: DateTime<Utc>) -> Late {
        let config = self.live.get();
        let schedule = &config.schedule;
        let late = |cron: &Cron, last: Option<Run>| {
            let Some(last) = last else { return false };
            // What came due while the service was down is caught up, not late.
            let from = last.started_at.max(self.started_at).with_timezone(&schedule.timezone);
            let due = cron.find_next_occurrence(&from, false);
            due.is_ok_and(|due| now > due.with_timezone(&Utc) + LATE_AFTER)
        };
        Late {
            poll: late(&schedule.poll, overview.last_poll),
            reconcile: late(&schedule.reconcile, overview.last_reconcile),
        }
    }
}
