//! What goes between the engine and the two faces of the service.

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use tokio_util::sync::CancellationToken;

use crate::{
    cli::notify::Watchdog,
    clock::Clock,
    config::Live,
    engine::Engine,
    ledger::{Ledger, status},
    report::Next,
    web::{self, EngineView, engine_state::Service as Api},
};

/// How often the admin page's picture of the engine is renewed.
const STATE_EVERY: Duration = Duration::from_secs(1);

/// What goes between the engine and the two faces of the service, each second.
pub(super) struct Shown {
    pub(super) engine: Engine,
    pub(super) ledger: Ledger,
    pub(super) live: Live,
    pub(super) clock: Clock,
    pub(super) state: Arc<web::EngineState>,
    pub(super) unknown: web::UnknownTokens,
    pub(super) watchdog: Watchdog,
}

impl Shown {
    pub(super) async fn keep(mut self, stopping: CancellationToken) {
        let each_second = async {
            loop {
                self.state.show(self.view().await);
                self.keep_unknown().await;
                self.watchdog.beat().await;
                tokio::time::sleep(self.watchdog.wait(STATE_EVERY)).await;
            }
        };
        tokio::select! {
            () = stopping.cancelled() => {}
            () = each_second => {}
        }
        self.keep_unknown().await;
    }

    pub(super) async fn view(&self) -> EngineView {
        let now = self.clock.now();
        let counts = self.ledger.read(move |conn| status::read(conn, now)).await;
        let next = counts.ok().map(|counts| Next::of(&counts, &self.live.get(), now));
        let pause = TimeDelta::from_std(self.engine.ploomes_pauses_for()).unwrap_or_default();
        let refused = [
            (Api::ActiveCampaign, self.engine.activecampaign_key_refused_since()),
            (Api::Ploomes, self.engine.key_refused_since()),
        ];
        EngineView {
            key_refused: refused
                .into_iter()
                .filter_map(|(api, since)| Some((api, since?)))
                .collect(),
            held: self.engine.held_routes(),
            ploomes_waits_until: (!pause.is_zero()).then(|| now + pause),
            next_poll: next.and_then(|it| it.poll),
            next_reconcile: next.and_then(|it| it.reconcile),
            queue_empty_at: next.and_then(|it| self.empty_at(it.requests, now)),
        }
    }

    /// When so many requests are sent, as the limiter goes now: after a 429 it goes slowly.
    fn empty_at(&self, requests: i64, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let requests = u64::try_from(requests).ok().filter(|requests| *requests > 0)?;
        now.checked_add_signed(TimeDelta::from_std(self.engine.forecast(requests)).ok()?)
    }

    async fn keep_unknown(&self) {
        let hits = self.unknown.take();
        if hits > 0
            && let Err(error) = self.engine.count_unknown(hits).await
        {
            tracing::error!(%error, hits, "hits on unknown webhook URLs cannot be kept");
        }
    }
}
