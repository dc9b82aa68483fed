//! What all pages share: the ledger, the configuration, the engine's state, who is signed in.

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde_json::Value;
use tokio::{
    sync::{Mutex, Notify, Semaphore},
    time::Instant,
};
use tokio_util::sync::CancellationToken;

use super::{
    chart::Chart, edit::File, frame::Refused, gate::Gate, lists::Lists, live::FOLLOWERS_MAX,
    ready::Readiness, session::Sessions, visit::Visit,
};
use crate::{
    clock::Clock,
    config::{Config, Language, Live},
    ledger::{
        Connection, Ledger, LedgerError, Tx,
        job::{self, JobId},
    },
    web::{
        engine_state::EngineState,
        i18n::{self, Text},
        overview::{Overview, ReadOverview},
    },
};

/// How long the overview is shown again: every page has a number of it, and pages follow it.
const KEPT_FOR: Duration = Duration::from_millis(500);

/// What the pages are made of.
pub struct Parts {
    /// What is shown, and where what people ask for is written.
    pub ledger: Ledger,
    /// Reads the overview of `ledger`.
    pub read: ReadOverview,
    /// The time.
    pub clock: Clock,
    /// What the engine shows of itself.
    pub state: Arc<EngineState>,
    /// Wakes who does jobs.
    pub jobs: Arc<Notify>,
    /// Ends pages that follow the numbers.
    pub stopping: CancellationToken,
    /// The configuration file; `None` where there is none that could be changed.
    pub file: Option<File>,
}

pub(super) struct Desk {
    pub(super) ledger: Ledger,
    pub(super) read: ReadOverview,
    pub(super) state: Arc<EngineState>,
    pub(super) clock: Clock,
    pub(super) stopping: CancellationToken,
    pub(super) started_at: DateTime<Utc>,
    pub(super) readiness: Readiness,
    pub(super) gate: Option<Gate>,
    pub(super) sessions: Sessions,
    pub(super) followers: Arc<Semaphore>,
    pub(super) chart: Chart,
    pub(super) lists: Lists,
    pub(super) file: Option<File>,
    live: Live,
    jobs: Arc<Notify>,
    kept: Mutex<Option<(Instant, Arc<Overview>)>>,
}

/// What of the configuration pages go by, in one language.
#[derive(Clone)]
pub(super) struct Settings {
    pub(super) text: &'static Text,
    pub(super) timezone: Tz,
    pub(super) app_url: Option<String>,
    pub(super) activecampaign_rate: u32,
    pub(super) ploomes_rate: u32,
}

impl Desk {
    pub(super) fn new(live: &Live, parts: Parts) -> Self {
        let Parts { ledger, read, clock, state, jobs, stopping, file } = parts;
        let started_at = clock.now();
        Self {
            readiness: Readiness::new(ledger.clone(), clock.clone(), live.clone(), started_at),
            gate: live.get().admin.password_hash.clone().map(Gate::new),
            sessions: Sessions::new(),
            followers: Arc::new(Semaphore::new(FOLLOWERS_MAX)),
            chart: Chart::default(),
            lists: Lists::default(),
            file,
            live: live.clone(),
            kept: Mutex::default(),
            ledger,
            read,
            state,
            clock,
            stopping,
            started_at,
            jobs,
        }
    }

    pub(super) fn config(&self) -> Arc<Config> {
        self.live.get()
    }

    pub(super) fn settings(&self, language: Language) -> Settings {
        let config = self.config();
        Settings {
            text: i18n::of(language),
            timezone: config.schedule.timezone,
            app_url: config.ploomes.app_url.clone(),
            activecampaign_rate: config.activecampaign.requests_per_second,
            ploomes_rate: config.ploomes.requests_per_minute,
        }
    }

    /// The overview, as it is now or was a moment ago.
    pub(super) async fn overview(&self) -> Result<Arc<Overview>, LedgerError> {
        let mut kept = self.kept.lock().await;
        if let Some((_, overview)) = kept.as_ref().filter(|(at, _)| at.elapsed() < KEPT_FOR) {
            return Ok(Arc::clone(overview));
        }
        let overview = Arc::new((self.read)().await?);
        *kept = Some((Instant::now(), Arc::clone(&overview)));
        Ok(overview)
    }

    /// Reads the ledger for a page.
    pub(super) async fn look<T: Send + 'static>(
        &self,
        visit: &Visit,
        read: impl FnOnce(&Connection) -> Result<T, LedgerError> + Send + 'static,
    ) -> Result<T, Refused> {
        self.ledger.read(read).await.map_err(|error| visit.failed(&error))
    }

    /// Does what somebody asked for, and keeps that they did, both or neither.
    pub(super) async fn act<T: Send + 'static>(
        &self,
        visit: &Visit,
        what: &'static str,
        subject: String,
        work: impl FnOnce(&Tx<'_>, DateTime<Utc>) -> Result<T, LedgerError> + Send + 'static,
    ) -> Result<T, Refused> {
        let (who, now) = (visit.clone(), self.clock.now());
        let done = self
            .ledger
            .write(move |tx| {
                let done = work(tx, now)?;
                who.note(tx, what, &subject, now)?;
                Ok(done)
            })
            .await;
        *self.kept.lock().await = None;
        done.map_err(|error| visit.failed(&error))
    }

    /// Asks the engine for something, as the command line does, and keeps that somebody did.
    pub(super) async fn ask(
        &self,
        visit: &Visit,
        (kind, arguments): (&'static str, Value),
        what: &'static str,
        subject: String,
    ) -> Result<JobId, Refused> {
        let arguments = arguments.to_string();
        let queue = move |tx: &Tx<'_>, now| job::queue(tx, kind, &arguments, now);
        let id = self.act(visit, what, subject, queue).await?;
        self.jobs.notify_one();
        Ok(id)
    }

    /// Tells the engine to look now.
    pub(super) async fn wake(&self, visit: &Visit) -> Result<(), Refused> {
        let now = self.clock.now();
        let queued = self.ledger.write(move |tx| job::queue(tx, job::kind::WAKE, "{}", now)).await;
        queued.map_err(|error| visit.failed(&error))?;
        self.jobs.notify_one();
        Ok(())
    }
}
