//! The whole engine between both simulators in this process, on paused time.
//!
//! Nothing here waits for real: the ledger works in place, requests go straight into the
//! simulators, webhooks straight into the receiver's router. A minute costs milliseconds, and the
//! same seed gives the same run.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod runs;
mod wire;

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::Request;
use ponte::{
    cli::compose::{self, World},
    clock::Clock,
    config::{self, Config},
    domain::{AutomationId, ContactId, Fate, LeadState},
    engine::{Engine, Lifecycle, Role, jobs::kind, wake::FALLBACK_TICK},
    ledger::{self, Ledger, leads::Listed, open::Opener, status::Counts},
    simulator::{
        activecampaign::{self, ActiveCampaign, NewAutomation, NewContact, Step},
        fault::{Fault, FaultBody, Target, When},
        ploomes::{self, Applied, Did, Ploomes, Requested},
    },
    transport::Wire,
    web::{Receiver, ReceiverRoute},
};
use serde_json::Value;

use self::wire::{Inlet, Tap};

/// When every simulation starts: a Tuesday, at noon in São Paulo.
pub const START: &str = "2026-03-10T15:00:00Z";

/// The longest that anything here is waited for by default: a write in doubt takes two minutes.
pub const PATIENCE: Duration = Duration::from_mins(10);

/// The configuration; routes follow.
const HEAD: &str = r#"
[activecampaign]
url = "http://127.0.0.1:9"
api_key = "test-activecampaign-key"
[ploomes]
url = "http://127.0.0.1:9"
user_key = "test-ploomes-key"
requests_per_minute = {per_minute}
[ledger]
path = "unused.db"
[schedule]
overlap = "{overlap}"
poll = "{poll}"
reconcile = "{reconcile}"
[retry]
give_up = "1h"
"#;

/// A route with everything: company, person, deal and note.
pub const SITE: &str = r#"
[[route]]
name = "site"
webhook_token = "token-of-the-site"
automation = 1
expect_within = "2m"
create = "company-person-deal"
pipeline = "Vendas"
stage = "Lead novo"
skip_if_open_deal = false
origin = "ActiveCampaign"
tags = ["lead"]
note = "Entrou por {{ automation.name }}"
"#;

/// A second route, with person and deal.
pub const EVENT: &str = r#"
[[route]]
name = "event"
webhook_token = "token-of-the-event"
automation = 2
expect_within = "2m"
create = "person-deal"
pipeline = "Pós-venda"
stage = "Implantação"
skip_if_open_deal = false
"#;

/// What a simulation is made of.
pub struct Setup {
    /// The routes, as TOML.
    pub routes: String,
    /// How ActiveCampaign behaves.
    pub activecampaign: activecampaign::Switches,
    /// How Ploomes behaves.
    pub ploomes: ploomes::Switches,
    /// `ploomes.requests_per_minute`.
    pub per_minute: u32,
    /// `schedule.overlap`.
    pub overlap: &'static str,
    /// When it begins.
    pub start: &'static str,
    /// `schedule.poll`.
    pub poll: &'static str,
    /// `schedule.reconcile`.
    pub reconcile: &'static str,
    /// The ledger, where the test needs it in a file.
    pub file: Option<std::path::PathBuf>,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            routes: SITE.to_owned(),
            activecampaign: activecampaign::Switches::default(),
            ploomes: ploomes::Switches::default(),
            per_minute: 100,
            overlap: "24h",
            start: START,
            poll: "0 */5 * * * *",
            reconcile: "0 0 2 * * *",
            file: None,
        }
    }
}

/// A running engine between two simulated accounts.
pub struct Rig {
    pub clock: Clock,
    pub activecampaign: ActiveCampaign,
    pub ploomes: Arc<Ploomes>,
    pub ledger: Ledger,
    pub engine: Engine,
    tap: Arc<Tap>,
    /// A test's hand on the way to ActiveCampaign.
    pub source: Arc<Tap>,
    config: Config,
    lifecycle: Lifecycle,
    inlet: activecampaign::Receiver,
}

/// The automations that every simulation has, in the order of their ids.
pub const AUTOMATIONS: [(&str, &str); 2] =
    [("Site", "/webhooks/token-of-the-site"), ("Evento", "/webhooks/token-of-the-event")];

impl Rig {
    /// Starts an engine with the usual route.
    pub async fn start() -> Self {
        Self::with(Setup::default()).await
    }

    /// Starts an engine.
    pub async fn with(setup: Setup) -> Self {
        let clock = Clock::simulated(setup.start.parse().unwrap());
        let head = HEAD.replace("{overlap}", setup.overlap);
        let head = head.replace("{poll}", setup.poll).replace("{reconcile}", setup.reconcile);
        let head = head.replace("{per_minute}", &setup.per_minute.to_string());
        let text = format!("{head}{}", setup.routes);
        let config = config::parse("the test's configuration", &text).unwrap().config;
        let switches = setup.activecampaign;
        let activecampaign =
            ActiveCampaign::new(clock.clone(), 7, "test-activecampaign-key", switches);
        for (name, path) in AUTOMATIONS {
            let step = Step::Webhook(path.to_owned());
            activecampaign.add_automation(NewAutomation::new(name, vec![step]).multientry());
        }
        let ploomes = Ploomes::new(clock.clone(), 7, "test-ploomes-key", setup.ploomes);
        let ploomes = Arc::new(ploomes);
        // Somebody is there already, as in any account: searches have a control.
        ploomes.add_contact(&serde_json::json!({ "Name": "Zeca", "TypeId": 2 })).unwrap();
        let mut options = ledger::Options::memory(7, clock.clone());
        options.path = setup.file;
        let ledger = options.open(Opener::Command).unwrap();
        let tap = Arc::new(Tap::new(ploomes.clone()));
        let source = Arc::new(Tap::new(Arc::new(activecampaign.clone())));
        let (engine, lifecycle, inlet) = build(&config, &ledger, &clock, &source, &tap).await;
        Self {
            clock,
            activecampaign,
            ploomes,
            ledger,
            engine,
            tap,
            source,
            config,
            lifecycle,
            inlet,
        }
    }

    /// Stops the engine softly, and starts another on the same ledger.
    pub async fn restart(&mut self) {
        self.lifecycle.stop();
        assert!(self.lifecycle.stopped().await, "the engine did not stop in time");
        let (engine, lifecycle, inlet) =
            build(&self.config, &self.ledger, &self.clock, &self.source, &self.tap).await;
        (self.engine, self.lifecycle, self.inlet) = (engine, lifecycle, inlet);
    }

    /// Stops the engine softly, puts another file in the place of its ledger, with nothing but what
    /// stands beside it, and starts another engine on that.
    pub async fn put_back(&mut self, copy: &std::path::Path) {
        self.lifecycle.stop();
        assert!(self.lifecycle.stopped().await, "the engine did not stop in time");
        let path = self.ledger.path().to_owned();
        self.ledger.close().await;
        for suffix in ["-wal", "-shm"] {
            let mut beside = path.clone().into_os_string();
            beside.push(suffix);
            // The last connection may have taken it away.
            let _ = std::fs::remove_file(beside);
        }
        std::fs::copy(copy, &path).unwrap();
        let mut options = ledger::Options::memory(8, self.clock.clone());
        options.path = Some(path);
        self.ledger = options.open(Opener::Command).unwrap();
        let (engine, lifecycle, inlet) =
            build(&self.config, &self.ledger, &self.clock, &self.source, &self.tap).await;
        (self.engine, self.lifecycle, self.inlet) = (engine, lifecycle, inlet);
    }

    /// One reconciliation; the answer is its JSON report.
    pub async fn reconcile(&self, mode: &str) -> Value {
        let arguments = serde_json::json!({ "mode": mode });
        self.engine.perform(kind::RECONCILE, &arguments).await.unwrap()
    }

    /// Does `deed` before the next request that fits is sent to Ploomes.
    pub fn before(&self, target: Target, deed: impl FnOnce() + Send + 'static) {
        self.tap.before.add(target, Box::new(deed));
    }

    /// Does `deed` after Ploomes has answered the next request that fits, before ponte sees it.
    pub fn after(&self, target: Target, deed: impl FnOnce() + Send + 'static) {
        self.tap.after.add(target, Box::new(deed));
    }

    /// Answers the next request that fits with this, without Ploomes.
    pub fn answer_next(&self, target: Target, status: u16, body: &'static str) {
        self.tap.answer_next(target, status, body);
    }

    /// Somebody becomes a contact and enters an automation, whose webhook arrives.
    pub async fn enters(&self, who: NewContact, automation: i64) -> ContactId {
        let contact = self.enters_unnoticed(who, automation);
        self.deliver().await;
        contact
    }

    /// The same, and the webhook stays in the queue.
    pub fn enters_unnoticed(&self, who: NewContact, automation: i64) -> ContactId {
        let contact = self.activecampaign.create_contact(who).unwrap();
        self.activecampaign.enroll(contact, AutomationId(automation)).unwrap();
        contact
    }

    /// Sends the webhooks that are due.
    pub async fn deliver(&self) -> usize {
        self.activecampaign.send_due(&self.inlet).await
    }

    /// Posts a body to the receiver; returns the status.
    pub async fn post(&self, path: &str, body: &str) -> u16 {
        let request = Request::post(format!("{}{path}", self.inlet.base));
        let request = request.body(Bytes::from(body.to_owned())).unwrap();
        let Wire::InProcess(inlet) = &self.inlet.wire else { unreachable!("it is in process") };
        inlet.call(request).await.unwrap().status().as_u16()
    }

    /// Polls once; the answer is what `ponte poll --json` prints.
    pub async fn poll(&self) -> Value {
        self.engine.perform(kind::POLL, &Value::Null).await.unwrap()
    }

    /// Lets time pass.
    pub async fn pass(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }

    /// Waits until every lead is settled and every delivery has its fate, and no lead failed.
    pub async fn settled(&self) {
        self.until("everything is settled", PATIENCE, |now| {
            let failed = now.leads(LeadState::Failed);
            assert_eq!(failed, 0, "a lead failed");
            is_settled(now)
        })
        .await;
    }

    /// Waits until `holds` does, looking each second.
    pub async fn until(
        &self,
        what: &str,
        patience: Duration,
        mut holds: impl FnMut(&Counts) -> bool,
    ) {
        let give_up = tokio::time::Instant::now() + patience;
        loop {
            let now = self.counts().await;
            assert_eq!(now.balance(), 0, "the balance");
            if holds(&now) {
                return;
            }
            if tokio::time::Instant::now() > give_up {
                let leads = self.leads().await;
                panic!("{what}: not within {patience:?}; {now:#?} {leads:#?}");
            }
            self.pass(Duration::from_secs(1)).await;
        }
    }

    pub async fn counts(&self) -> Counts {
        let now = self.clock.now();
        self.ledger.read(move |conn| ledger::status::read(conn, now)).await.unwrap()
    }

    /// All leads, the newest first.
    pub async fn leads(&self) -> Vec<Listed> {
        self.ledger.read(|conn| ledger::leads::list(conn, None, None, None)).await.unwrap()
    }

    /// The only lead.
    pub async fn lead(&self) -> Listed {
        let mut leads = self.leads().await;
        assert_eq!(leads.len(), 1, "leads");
        leads.remove(0)
    }

    /// Proves the ledger.
    pub async fn audited(&self) {
        let outcome = self.ledger.read(|conn| ledger::audit::audit(conn, None)).await.unwrap();
        assert!(outcome.ok(), "the audit found something");
    }

    /// Companies, persons, deals and notes that were made through the API.
    pub fn made(&self) -> [usize; 4] {
        let created = |entity: &str, kind: Option<i64>| {
            let applied = self.ploomes.applied();
            let is_it = |it: &&Applied| {
                it.did == Did::Create
                    && it.entity == entity
                    && kind.is_none_or(|kind| it.body["TypeId"] == kind)
            };
            applied.iter().filter(is_it).count()
        };
        [
            created("Contacts", Some(1)),
            created("Contacts", Some(2)),
            created("Deals", None),
            created("InteractionRecords", None),
        ]
    }

    /// Requests to Ploomes with this method whose path and query contain `target`.
    pub fn sent(&self, method: &str, target: &str) -> Vec<Requested> {
        let requests = self.ploomes.requests().into_iter();
        requests.filter(|it| it.method == method && it.target.contains(target)).collect()
    }

    /// Now, by the simulation's clock.
    pub fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        self.lifecycle.stop();
    }
}

/// Whether nothing is left to do.
pub fn is_settled(now: &Counts) -> bool {
    now.deliveries(Fate::Pending) == 0
        && now.waiting() == 0
        && now.leads(LeadState::Pending) == 0
        && now.leads(LeadState::InDoubt) == 0
}

async fn build(
    config: &Config,
    ledger: &Ledger,
    clock: &Clock,
    source: &Arc<Tap>,
    tap: &Arc<Tap>,
) -> (Engine, Lifecycle, activecampaign::Receiver) {
    let world = World::InProcess {
        activecampaign: source.clone(),
        ploomes: tap.clone(),
        tick: FALLBACK_TICK,
    };
    let engine = compose::engine(config, ledger.clone(), clock.clone(), world, 7, Role::Works)
        .await
        .unwrap();
    let routes = config.routes.iter().map(|route| {
        ReceiverRoute::new(engine.route_id(&route.name).expect("it is registered"), route)
    });
    let receiver = Receiver::new(
        ledger.clone(),
        clock.clone(),
        routes,
        config.receiver.max_body,
        Arc::clone(&engine.wake().intake),
    );
    let lifecycle = Lifecycle::new();
    engine.start(&lifecycle);
    let wire = Wire::InProcess(Arc::new(Inlet(receiver)));
    let base = "http://receiver.example.com".to_owned();
    (engine, lifecycle, activecampaign::Receiver { wire, base })
}

/// Somebody with a company, an address and a phone.
pub fn ana() -> NewContact {
    let it = NewContact::new("ana@example.com").named("Ana", "Lima").phone("+55 11 98888-0001");
    NewContact { orgname: "Padaria Exemplo".to_owned(), ..it }
}

/// Somebody else, who shares nothing with Ana.
pub fn bruno() -> NewContact {
    let it = NewContact::new("bruno@example.com").named("Bruno", "Reis").phone("+55 21 97777-0002");
    NewContact { orgname: "Oficina Exemplo".to_owned(), ..it }
}

/// An answer with this status instead of the right one.
pub const fn status(code: u16, when: When) -> Fault {
    Fault::Status { code, retry_after: None, body: FaultBody::Json, when }
}
