//! People who keep coming, webhooks that are sent once, and what came of them.

use std::{
    collections::BTreeSet,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use ponte::{
    clock::Clock,
    domain::{AutomationId, Fate, LeadState},
    engine::Lifecycle,
    ledger::{self, Connection, Ledger, Options, open::Opener, status::Counts},
    simulator::activecampaign::NewContact,
    transport::wire,
};
use serde_json::Value;
use tokio::time::{Instant, sleep};

use crate::support::{Accounts, Ponte, Route, Served, Settings};

/// Two accounts that outlive every process, and a sender of webhooks that goes on by itself.
pub struct Load {
    pub accounts: Accounts,
    pub ponte: Ponte,
    automation: AutomationId,
    receiver: Arc<Mutex<Option<SocketAddr>>>,
    /// The receipts of bodies that were answered with 200.
    accepted: Arc<Mutex<BTreeSet<i64>>>,
    come: AtomicU32,
    seed: u64,
    lifecycle: Lifecycle,
    _served: Served,
}

impl Load {
    /// Everything is there but ponte.
    pub async fn start(seed: u64, change: impl FnOnce(Settings) -> Settings) -> Self {
        let accounts = Accounts::new(seed);
        let automation = accounts.automation_of("site");
        let served = accounts.serve().await;
        let route = Route::new("site", "company-person-deal", automation)
            .with("expect_within = \"2s\"")
            .with("skip_if_open_deal = false")
            .with("note = \"Entrou\"");
        let settings = Settings { poll: Some("*/2 * * * * *"), ..Settings::new([route]) };
        let ponte = Ponte::new(&change(settings), &served);
        let load = Self {
            accounts,
            ponte,
            automation,
            receiver: Arc::default(),
            accepted: Arc::default(),
            come: AtomicU32::new(0),
            seed,
            lifecycle: Lifecycle::new(),
            _served: served,
        };
        load.send_webhooks();
        load
    }

    /// From now on webhooks go here.
    pub fn goes_to(&self, receiver: SocketAddr) {
        *self.receiver.lock().unwrap() = Some(receiver);
    }

    /// So many people enter; every second of them belongs to a company that others belong to.
    pub fn people_come(&self, count: u32) {
        for _ in 0..count {
            let number = self.come.fetch_add(1, Ordering::Relaxed);
            let who = NewContact::new(&format!("pessoa{number}@example.com"))
                .named("Pessoa", &format!("Nº {number}"));
            let company = if number.is_multiple_of(2) { number % 6 } else { 100 + number };
            let who = NewContact { orgname: format!("Firma {company}"), ..who };
            let id = self.accounts.enter(who, self.automation);
            // Some come back at once.
            if number % 7 == 3 {
                self.accounts.activecampaign.enroll(id, self.automation).unwrap();
            }
        }
    }

    /// Sends each webhook once, whether anybody listens or not, as ActiveCampaign does.
    fn send_webhooks(&self) {
        let account = self.accounts.activecampaign.clone();
        let (receiver, accepted) = (Arc::clone(&self.receiver), Arc::clone(&self.accepted));
        let stopping = self.lifecycle.stopping();
        self.lifecycle.spawn("webhooks", async move {
            let client = wire::http_client("ActiveCampaign-simulated").unwrap();
            while !stopping.is_cancelled() {
                sleep(Duration::from_millis(15)).await;
                let Some(receiver) = *receiver.lock().unwrap() else { continue };
                for outgoing in account.take_due() {
                    let url = format!("http://{receiver}{}", outgoing.target);
                    let sent = client.post(url).body(outgoing.body.clone()).send().await;
                    let status = sent.as_ref().ok().map(|it| it.status().as_u16());
                    account.sent(&outgoing, status);
                    // An answer that is cut off is no answer.
                    let Ok(answer) = sent else { continue };
                    let Ok(body) = answer.bytes().await else { continue };
                    let Ok(body) = serde_json::from_slice::<Value>(&body) else { continue };
                    let receipt: Option<i64> =
                        body["receipt"].as_str().and_then(|it| it.parse().ok());
                    accepted.lock().unwrap().extend(receipt);
                }
            }
        });
    }

    /// Waits until the ledger says so.
    pub async fn until(&self, what: &str, within: Duration, holds: impl Fn(&Counts) -> bool) {
        let entered = self.accounts.activecampaign.enrollments().len();
        let give_up = Instant::now() + within;
        loop {
            let now = self.counts().await;
            if usize::try_from(now.total) == Ok(entered) && holds(&now) {
                return;
            }
            assert!(Instant::now() < give_up, "{what}: not within {within:?}; {now:?}");
            sleep(Duration::from_millis(200)).await;
        }
    }

    /// Where everything stands, as the file says.
    pub async fn counts(&self) -> Counts {
        let ledger = self.open();
        let now = Clock::system().now();
        let counts = ledger.read(move |conn| ledger::status::read(conn, now)).await.unwrap();
        ledger.close().await;
        counts
    }

    /// The ledger, beside whoever works on it.
    pub fn open(&self) -> Ledger {
        Options::file(self.ponte.ledger(), Clock::system()).open(Opener::Command).unwrap()
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.lifecycle.stop();
    }
}

/// What must hold after all: `people` came.
pub async fn proven(load: &Load, people: usize) {
    let Load { accounts, ponte, .. } = load;
    let counts = load.counts().await;
    assert_eq!(counts.balance(), 0);
    let entered = accounts.activecampaign.enrollments().len();
    assert_eq!(usize::try_from(counts.leads(LeadState::Done)), Ok(entered), "{counts:?}");
    // Every body that was answered with 200 is there, and became something.
    let accepted = load.accepted.lock().unwrap().clone();
    let conn = Connection::open(ponte.ledger()).unwrap();
    for receipt in &accepted {
        let sql = "SELECT fate FROM delivery WHERE id = ?1";
        let fate: String = conn.query_row(sql, [receipt], |row| row.get(0)).unwrap();
        let fate: Fate = fate.parse().unwrap();
        assert!(matches!(fate, Fate::Applied | Fate::Merged), "receipt {receipt}: {fate}");
    }
    assert!(!accepted.is_empty());
    // Each record is there once, whatever was asked for how often.
    let persons: BTreeSet<String> =
        accounts.persons().iter().map(|it| it["Email"].to_string()).collect();
    assert_eq!((persons.len(), accounts.persons().len()), (people, people), "seed {}", load.seed);
    let companies = accounts.companies();
    let names: BTreeSet<String> = companies.iter().map(|it| it["Name"].to_string()).collect();
    assert_eq!(names.len(), companies.len(), "seed {}", load.seed);
    assert_eq!(accounts.ploomes.deals().len(), entered, "seed {}", load.seed);
    assert!(accounts.ploomes.notes().len() <= entered, "seed {}", load.seed);
    let audit = ponte.command(&["audit", "--json"]).await;
    assert_eq!(audit.status, 0, "{audit:?}");
    assert_eq!(audit.json()["balance"], 0);
}
