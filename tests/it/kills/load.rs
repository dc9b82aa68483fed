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
    simulator::activecampaign::{ActiveCampaign, NewContact, Outgoing},
    transport::wire,
};
use serde_json::Value;
use tokio::{
    sync::{Mutex as Turns, mpsc, watch},
    time::{Instant, sleep, timeout},
};

use super::{
    PATIENCE,
    fuse::{Fuse, Watched},
};
use crate::support::{Accounts, Ponte, Route, Served, Settings};

/// How long `ActiveCampaign` waits for an answer to a webhook.
const HANGS_UP: Duration = Duration::from_secs(5);

/// Webhooks on their way at once.
const SENDERS: usize = 6;

/// Two accounts that outlive every process, and senders of webhooks that go on by themselves.
pub struct Load {
    pub accounts: Accounts,
    pub ponte: Ponte,
    pub fuse: Arc<Fuse>,
    automation: AutomationId,
    receiver: Arc<Mutex<Option<SocketAddr>>>,
    sent: watch::Sender<Sent>,
    come: AtomicU32,
    seed: u64,
    lifecycle: Lifecycle,
    _served: Served,
}

/// How the webhooks ended.
#[derive(Debug, Default, Clone)]
pub struct Sent {
    /// The receipts of bodies that were answered with 200.
    pub receipts: BTreeSet<i64>,
    /// Answered with 503 and a `Retry-After`.
    pub refused: usize,
    /// Not answered within five seconds.
    pub hung_up: usize,
    /// Neither: nobody listened, or the connection broke.
    pub lost: usize,
}

impl Load {
    /// Everything is there but ponte.
    pub async fn start(seed: u64, change: impl FnOnce(Settings) -> Settings) -> Self {
        let accounts = Accounts::new(seed);
        let automation = accounts.automation_of("site");
        let fuse = Arc::<Fuse>::default();
        let watched = |remote| -> Arc<dyn ponte::transport::Remote> {
            Arc::new(Watched { remote, fuse: Arc::clone(&fuse) })
        };
        let served = accounts.serve_behind(watched).await;
        let route = Route::new("site", "company-person-deal", automation)
            .with("expect_within = \"2s\"")
            .with("skip_if_open_deal = false")
            .with("note = \"Entrou\"");
        let settings = Settings { poll: Some("*/2 * * * * *"), ..Settings::new([route]) };
        let ponte = Ponte::new(&change(settings), &served);
        let load = Self {
            accounts,
            ponte,
            fuse,
            automation,
            receiver: Arc::default(),
            sent: watch::Sender::default(),
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
            let company = if number.is_multiple_of(2) { number % 60 } else { 100 + number };
            let who = NewContact { orgname: format!("Firma {company}"), ..who };
            let id = self.accounts.enter(who, self.automation);
            // Some come back at once.
            if number % 7 == 3 {
                self.accounts.activecampaign.enroll(id, self.automation).unwrap();
            }
        }
    }

    /// How many people came so far.
    pub fn people(&self) -> usize {
        usize::try_from(self.come.load(Ordering::Relaxed)).unwrap()
    }

    /// How the webhooks ended so far.
    pub fn sent(&self) -> Sent {
        self.sent.borrow().clone()
    }

    /// Waits until the webhooks say so.
    pub async fn until_sent(&self, holds: impl Fn(&Sent) -> bool) {
        let mut sent = self.sent.subscribe();
        let waited = timeout(PATIENCE, sent.wait_for(holds)).await;
        let Ok(Ok(_)) = waited else { panic!("not within {PATIENCE:?}: {:?}", self.sent()) };
    }

    /// Sends each webhook once, whether anybody listens or not, as ActiveCampaign does.
    fn send_webhooks(&self) {
        let (queue, due) = mpsc::channel(SENDERS);
        let due = Arc::new(Turns::new(due));
        let account = self.accounts.activecampaign.clone();
        let receiver = Arc::clone(&self.receiver);
        let stopping = self.lifecycle.stopping();
        self.lifecycle.spawn("webhooks", async move {
            while !stopping.is_cancelled() {
                sleep(Duration::from_millis(5)).await;
                let Some(receiver) = *receiver.lock().unwrap() else { continue };
                for outgoing in account.take_due() {
                    let url = format!("http://{receiver}{}", outgoing.target);
                    queue.send((url, outgoing)).await.unwrap();
                }
            }
        });
        for _ in 0..SENDERS {
            let (due, stopping) = (Arc::clone(&due), self.lifecycle.stopping());
            let sender = Sender {
                account: self.accounts.activecampaign.clone(),
                sent: self.sent.clone(),
                fuse: Arc::clone(&self.fuse),
                client: wire::http_client("ActiveCampaign-simulated").unwrap(),
            };
            self.lifecycle.spawn("sender", async move {
                loop {
                    let next = async { due.lock().await.recv().await };
                    tokio::select! {
                        () = stopping.cancelled() => return,
                        next = next => match next {
                            Some((url, outgoing)) => sender.send(&url, &outgoing).await,
                            None => return,
                        }
                    }
                }
            });
        }
    }

    /// Waits until the ledger knows everybody and says so, as long as something moves.
    pub async fn until(&self, what: &str, holds: impl Fn(&Counts) -> bool) {
        let entered = self.accounts.activecampaign.enrollments().len();
        let mut seen = (self.counts().await.head, Instant::now());
        loop {
            let now = self.counts().await;
            if usize::try_from(now.total) == Ok(entered) && holds(&now) {
                return;
            }
            if now.head != seen.0 {
                seen = (now.head, Instant::now());
            }
            assert!(seen.1.elapsed() < PATIENCE, "{what}: nothing moves for {PATIENCE:?}; {now:?}");
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

/// One of those that send.
struct Sender {
    account: ActiveCampaign,
    sent: watch::Sender<Sent>,
    fuse: Arc<Fuse>,
    client: reqwest::Client,
}

impl Sender {
    async fn send(&self, url: &str, outgoing: &Outgoing) {
        let answer =
            self.client.post(url).timeout(HANGS_UP).body(outgoing.body.clone()).send().await;
        let status = answer.as_ref().ok().map(|it| it.status().as_u16());
        self.account.sent(outgoing, status);
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) if error.is_timeout() => {
                return self.sent.send_modify(|sent| sent.hung_up += 1);
            }
            Err(_) => return self.sent.send_modify(|sent| sent.lost += 1),
        };
        if status == Some(503) && answer.headers().contains_key(http::header::RETRY_AFTER) {
            return self.sent.send_modify(|sent| sent.refused += 1);
        }
        // An answer that is cut off is no answer.
        let body = answer.bytes().await.unwrap_or_default();
        let body: Value = serde_json::from_slice(&body).unwrap_or_default();
        match body["receipt"].as_str().and_then(|it| it.parse().ok()) {
            Some(receipt) => {
                self.sent.send_modify(|sent| assert!(sent.receipts.insert(receipt)));
                self.fuse.hit();
            }
            None => self.sent.send_modify(|sent| sent.lost += 1),
        }
    }
}

/// What must hold after all.
pub async fn proven(load: &Load) {
    let (Load { accounts, ponte, seed, .. }, people) = (load, load.people());
    let counts = load.counts().await;
    assert_eq!(counts.balance(), 0);
    let entered = accounts.activecampaign.enrollments().len();
    assert_eq!(usize::try_from(counts.leads(LeadState::Done)), Ok(entered), "{counts:?}");
    // Every body that was answered with 200 is there, and became something.
    let receipts = load.sent().receipts;
    let conn = Connection::open(ponte.ledger()).unwrap();
    for receipt in &receipts {
        let sql = "SELECT fate FROM delivery WHERE id = ?1";
        let fate: String = conn.query_row(sql, [receipt], |row| row.get(0)).unwrap();
        let fate: Fate = fate.parse().unwrap();
        assert!(matches!(fate, Fate::Applied | Fate::Merged), "receipt {receipt}: {fate}");
    }
    assert!(!receipts.is_empty());
    // Each record is there once, whatever was asked for how often.
    let persons: BTreeSet<String> =
        accounts.persons().iter().map(|it| it["Email"].to_string()).collect();
    assert_eq!((persons.len(), accounts.persons().len()), (people, people), "seed {seed}");
    let companies = accounts.companies();
    let names: BTreeSet<String> = companies.iter().map(|it| it["Name"].to_string()).collect();
    assert_eq!(names.len(), companies.len(), "seed {seed}");
    assert_eq!(accounts.ploomes.deals().len(), entered, "seed {seed}");
    assert!(accounts.ploomes.notes().len() <= entered, "seed {seed}");
    let audit = ponte.command(&["audit", "--json"]).await;
    assert_eq!(audit.status, 0, "{audit:?}");
    assert_eq!(audit.json()["balance"], 0);
}
