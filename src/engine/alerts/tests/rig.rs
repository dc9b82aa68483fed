//! An engine against simulators, and somebody who is told: all in this process, under paused time.

use std::{
    future::Future,
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::{Request, Response};
use secrecy::SecretString;
use serde_json::Value;

use crate::{
    cli::compose::{self, World},
    clock::Clock,
    config::{self, Config},
    domain::{ContactId, EnrollmentId, FoundBy, LeadId, LeadState},
    engine::{Engine, Lifecycle, alerts::Settings, jobs::kind},
    ledger::{
        Ledger,
        lead::{self, NewLead, Standing},
        open::{Opener, Options},
        work,
    },
    simulator::{
        activecampaign::{self, ActiveCampaign, NewAutomation, NewContact},
        ploomes::{self, Ploomes},
    },
    transport::{Remote, Wire, WireError},
};

/// Runs are due once a year: no test is about them.
const CONFIG: &str = r#"
[activecampaign]
url = "http://127.0.0.1:9"
api_key = "a-key-of-activecampaign"
[ploomes]
url = "http://127.0.0.1:9"
user_key = "a-key-of-ploomes"
[ledger]
path = "unused.db"
[schedule]
poll = "0 0 0 1 1 *"
reconcile = "0 0 0 1 1 *"
[retry]
first = "2s"
max = "1m"
attempts = 2
[[route]]
name = "site"
webhook_token = "a-token-of-the-site"
automation = 1
expect_within = "1m"
create = "person-deal"
pipeline = "Vendas"
stage = "Lead novo"
"#;

/// What somebody who is told does with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Does {
    /// Answers with this status at once.
    Answers(u16),
    /// Never answers.
    Nothing,
    /// Takes it after so many seconds.
    TakesAfter(u64),
}

/// Somebody who is told: what they took, and what they refused.
pub(super) struct Receiver {
    /// What they do with requests whose body has this text; the first that fits.
    does: Mutex<Vec<(&'static str, Does)>>,
    taken: Mutex<Vec<Request<Bytes>>>,
    asked: AtomicUsize,
    at_once: AtomicUsize,
    at_once_max: AtomicUsize,
}

impl Receiver {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            does: Mutex::default(),
            taken: Mutex::default(),
            asked: AtomicUsize::new(0),
            at_once: AtomicUsize::new(0),
            at_once_max: AtomicUsize::new(0),
        })
    }

    pub(super) fn does(&self, with: &'static str, what: Does) {
        self.does.lock().unwrap().insert(0, (with, what));
    }

    /// Requests that came, taken or not.
    pub(super) fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    /// The most requests that were on their way at the same time.
    pub(super) fn at_once_max(&self) -> usize {
        self.at_once_max.load(Ordering::SeqCst)
    }

    pub(super) fn taken(&self) -> Vec<Request<Bytes>> {
        self.taken.lock().unwrap().clone()
    }

    /// The messages that were taken.
    pub(super) fn messages(&self) -> Vec<Value> {
        let bodies = self.taken().into_iter().filter(|it| !it.body().is_empty());
        bodies.map(|it| serde_json::from_slice(it.body()).unwrap()).collect()
    }

    /// Their events, and how their text begins.
    pub(super) fn events(&self) -> Vec<String> {
        let words = |it: &Value| {
            let text = it["text"].as_str().unwrap().split([' ', ':']).next().unwrap().to_owned();
            format!("{}: {text}", it["event"].as_str().unwrap())
        };
        self.messages().iter().map(words).collect()
    }
}

impl Remote for Receiver {
    fn call<'a>(
        &'a self,
        request: Request<Bytes>,
    ) -> Pin<Box<dyn Future<Output = Result<Response<Bytes>, WireError>> + Send + 'a>> {
        /// Counts a request as long as anybody waits for its answer.
        struct OnItsWay<'a>(&'a Receiver);
        impl Drop for OnItsWay<'_> {
            fn drop(&mut self) {
                self.0.at_once.fetch_sub(1, Ordering::SeqCst);
            }
        }
        Box::pin(async move {
            self.asked.fetch_add(1, Ordering::SeqCst);
            let now = self.at_once.fetch_add(1, Ordering::SeqCst) + 1;
            self.at_once_max.fetch_max(now, Ordering::SeqCst);
            let _on_its_way = OnItsWay(self);
            let text = format!("{} {:?}", request.uri(), request.body());
            let does = self.does.lock().unwrap().clone();
            let does = does.iter().find(|(with, _)| text.contains(with));
            let status = match does.map_or(Does::Answers(200), |(_, does)| *does) {
                Does::Answers(status) => status,
                Does::Nothing => std::future::pending().await,
                Does::TakesAfter(seconds) => {
                    tokio::time::sleep(Duration::from_secs(seconds)).await;
                    200
                }
            };
            if (200..300).contains(&status) {
                self.taken.lock().unwrap().push(request);
            }
            Ok(Response::builder().status(status).body(Bytes::new()).unwrap())
        })
    }
}

/// Where alerts go in a test.
pub(super) const URL: &str = "https://chat.example.com/hook?key=a-secret";
/// Where heartbeats go.
pub(super) const HEARTBEAT: &str = "https://beat.example.com/check";

pub(super) struct Rig {
    pub(super) clock: Clock,
    pub(super) ledger: Ledger,
    pub(super) activecampaign: ActiveCampaign,
    ploomes: Arc<Ploomes>,
    pub(super) receiver: Arc<Receiver>,
}

/// An engine that runs.
pub(super) struct Running {
    pub(super) engine: Engine,
    lifecycle: Lifecycle,
}

impl Rig {
    pub(super) fn new() -> Self {
        let clock = Clock::simulated("2026-06-10T12:00:00Z".parse().unwrap());
        let ledger = Options::memory(7, clock.clone()).open(Opener::Command).unwrap();
        let switches = activecampaign::Switches::default();
        let key = "a-key-of-activecampaign";
        let activecampaign = ActiveCampaign::new(clock.clone(), 7, key, switches);
        activecampaign.add_automation(NewAutomation::new("Site", Vec::new()).multientry());
        let switches = ploomes::Switches::default();
        let ploomes = Arc::new(Ploomes::new(clock.clone(), 7, "a-key-of-ploomes", switches));
        Self { clock, ledger, activecampaign, ploomes, receiver: Receiver::new() }
    }

    /// An engine with alerts to the receiver.
    pub(super) async fn start(&self) -> Running {
        self.start_with(CONFIG, Some(URL)).await
    }

    /// The same with another key of `ActiveCampaign`.
    pub(super) async fn start_with_a_wrong_key(&self) -> Running {
        let text = CONFIG.replace("a-key-of-activecampaign", "a-wrong-key");
        self.start_with(&text, Some(URL)).await
    }

    /// The same without anybody who is told.
    pub(super) async fn start_without_address(&self) -> Running {
        self.start_with(CONFIG, None).await
    }

    async fn start_with(&self, text: &str, url: Option<&str>) -> Running {
        let config: Config = config::parse("test", text).unwrap().config;
        let world = World::InProcess {
            activecampaign: Arc::new(self.activecampaign.clone()),
            ploomes: self.ploomes.clone(),
            tick: crate::engine::wake::FALLBACK_TICK,
        };
        let (ledger, clock) = (self.ledger.clone(), self.clock.clone());
        let engine = compose::engine(&config, ledger, clock, world, 7, crate::engine::Role::Works)
            .await
            .unwrap();
        let lifecycle = Lifecycle::new();
        engine.start(&lifecycle);
        let (url, heartbeat) = (url.map(SecretString::from), SecretString::from(HEARTBEAT));
        let silence = Duration::from_hours(6);
        let settings = Settings::new(url.as_ref(), Some(&heartbeat), silence).unwrap();
        engine.start_alerts(settings, Wire::InProcess(self.receiver.clone()), &lifecycle);
        Running { engine, lifecycle }
    }

    /// Waits until so many messages were taken.
    pub(super) async fn told(&self, count: usize) {
        for _ in 0..1_000 {
            if self.receiver.messages().len() >= count {
                return;
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        panic!("{:?}", self.receiver.events());
    }

    /// Lets time pass in which nothing should happen.
    pub(super) async fn pass(&self, seconds: u64) {
        tokio::time::sleep(Duration::from_secs(seconds)).await;
    }

    /// A lead of an invented person, failed.
    pub(super) async fn failed_lead(&self, running: &Running, enrollment: i64) -> LeadId {
        let route = running.engine.route_id("site").unwrap();
        let now = self.clock.now();
        let new = move |tx: &crate::ledger::Tx<'_>| {
            let new = NewLead {
                route,
                route_name: "site",
                contact: ContactId(enrollment),
                enrollment: Some(EnrollmentId(enrollment)),
                entered_at: Some(now),
                backfill: false,
                found_by: FoundBy::Webhook,
            };
            let lead = lead::find(tx, &new, now)?;
            let standing = Standing { reason: Some("field.CPF is empty"), ..Standing::default() };
            lead::set_state(tx, lead, LeadState::Failed, &standing, now)?;
            Ok(lead)
        };
        self.ledger.write(new).await.unwrap()
    }

    /// Puts a lead right.
    pub(super) async fn put_right(&self, lead: LeadId) {
        let now = self.clock.now();
        self.ledger
            .write(move |tx| {
                work::remove(tx, lead)?;
                lead::set_state(tx, lead, LeadState::Skipped, &Standing::default(), now)
            })
            .await
            .unwrap();
    }

    /// Maria enters the automation, and no webhook comes of it.
    pub(super) fn maria_enters(&self) -> DateTime<Utc> {
        let maria = NewContact::new("maria.souza@example.com").named("Maria", "Souza");
        let contact = self.activecampaign.create_contact(maria).unwrap();
        self.activecampaign.enroll(contact, crate::domain::AutomationId(1)).unwrap();
        self.clock.now()
    }
}

impl Running {
    pub(super) async fn poll(&self) -> Value {
        self.engine.perform(kind::POLL, &Value::Null).await.unwrap()
    }

    pub(super) async fn stop(self) {
        self.lifecycle.stop();
        assert!(self.lifecycle.stopped().await);
    }
}
