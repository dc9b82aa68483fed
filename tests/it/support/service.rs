//! `ponte` in this process: everything that `run` builds, between two simulated accounts.

use std::{
    future::Future,
    net::SocketAddr,
    path::{Path, PathBuf},
    pin::Pin,
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use http_body_util::BodyExt as _;
use ponte::{
    cli::{
        compose::{self, World},
        run,
    },
    config::{self, Config},
    domain::{ContactId, Fate, LeadState},
    engine::{Engine, Lifecycle, Role, wake::FALLBACK_TICK},
    ledger::{
        self, EngineLock, Ledger, Options,
        explain::Story,
        leads::Listed,
        open::{Executor, Opener, Randomness},
        status::Counts,
    },
    simulator::activecampaign::Receiver,
    telemetry::{self, LevelFilter, LogFormat},
    transport::{Remote, Wire, WireError, wire},
    web::{self, ReceiverRoute},
};
use serde_json::{Value, json};
use tempfile::TempDir;
use tower::ServiceExt as _;

use super::{
    accounts::{Accounts, Served},
    settings::{Settings, token_of},
    wait::until,
};

/// How long a test waits for the service to have done everything.
const SETTLE_WITHIN: Duration = Duration::from_mins(1);

/// How a service is built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// As in production: sockets everywhere, the ledger on threads of its own.
    Sockets,
    /// The same, but for the two services, which are called in process.
    InProcess,
    /// No socket and no thread, so that time can be paused; in a `start_paused` runtime.
    Paused,
}

/// A running service.
pub struct Service {
    /// What it stands between.
    pub accounts: Accounts,
    /// What works.
    pub engine: Engine,
    /// What it knows.
    pub ledger: Ledger,
    settings: Settings,
    way: Way,
    receiver: Receiver,
    lifecycle: Lifecycle,
    /// `None` without sockets.
    shifts: Option<run::Shifts>,
    home: Arc<TempDir>,
    served: Option<Served>,
    _lock: EngineLock,
}

impl Service {
    /// Starts one on a new ledger; no poll runs by itself.
    pub async fn start(accounts: &Accounts, settings: &Settings, way: Way) -> Self {
        Self::start_in(Arc::new(home()), accounts, settings, way).await
    }

    /// Stops it softly, and starts another on its ledger, with other settings.
    pub async fn restart_with(self, settings: &Settings) -> Self {
        let (home, accounts, way) = (self.home.clone(), self.accounts.clone(), self.way);
        self.stop().await;
        Self::start_in(home, &accounts, settings, way).await
    }

    /// Stops it softly, and starts another on its ledger.
    pub async fn restart(self) -> Self {
        let settings = self.settings.clone();
        self.restart_with(&settings).await
    }

    /// Stops it softly; fails the test where it does not stop in time.
    pub async fn stop(self) {
        self.lifecycle.stop();
        assert!(self.lifecycle.stopped().await, "it does not stop");
        self.ledger.close().await;
    }

    /// Takes these settings over while it runs; gives what takes effect at the next start.
    pub async fn take_over(&self, settings: &Settings) -> Result<Vec<&'static str>, String> {
        let config = parsed(settings, self.served.as_ref(), &self.home.path().join("ponte.db"));
        let shifts = self.shifts.as_ref().expect("a service with sockets");
        shifts.take_over(config).await.map_err(|error| format!("{error:#}"))
    }

    /// The schedule runs: polls come when they are due.
    pub fn start_schedule(&self) {
        self.engine.start_schedule(&self.lifecycle);
    }

    /// Webhooks are sent as they come due, many at a time, from now on.
    pub fn let_webhooks_flow(&self) {
        let (account, receiver) = (self.accounts.activecampaign.clone(), self.receiver.clone());
        let stopping = self.lifecycle.stopping();
        self.lifecycle.spawn("webhooks", async move {
            account.send_webhooks(receiver, stopping).await;
        });
    }

    /// Sends the webhooks that are due, one after the other; says how many.
    pub async fn send_webhooks(&self) -> usize {
        self.accounts.activecampaign.send_due(&self.receiver).await
    }

    /// Posts a body to a route's URL by hand; returns the status.
    pub async fn post(&self, route: &str, body: &str) -> u16 {
        self.post_to(&format!("/webhooks/{}", token_of(route)), body).await
    }

    /// Posts a body to a path at the receiver; returns the status.
    pub async fn post_to(&self, path: &str, body: &str) -> u16 {
        let url = format!("{}{path}", self.receiver.base);
        match &self.receiver.wire {
            Wire::Http(client) => {
                let sent = client.post(url).body(body.to_owned()).send().await;
                sent.unwrap().status().as_u16()
            }
            Wire::InProcess(inlet) => {
                let request = http::Request::post(url).body(Bytes::from(body.to_owned()));
                inlet.call(request.unwrap()).await.unwrap().status().as_u16()
            }
        }
    }

    /// One poll now.
    pub async fn poll(&self) -> Value {
        self.engine.perform("poll", &json!({})).await.unwrap()
    }

    /// Waits until all webhooks are sent and nothing is left to do; failed leads are left.
    pub async fn settled(&self) -> Counts {
        self.settled_within(SETTLE_WITHIN).await
    }

    /// The same, with another bound.
    pub async fn settled_within(&self, within: Duration) -> Counts {
        let settled = until("everything is settled", 2 * within, async || {
            let account = &self.accounts.activecampaign;
            if account.due().is_some_and(|at| at <= account.now()) {
                return None;
            }
            let counts = self.counts().await;
            let open = counts.leads(LeadState::Pending) + counts.leads(LeadState::InDoubt);
            let pending = counts.deliveries(Fate::Pending);
            (open + pending + counts.waiting() == 0).then_some(counts)
        });
        if let Ok(counts) = tokio::time::timeout(within, settled).await {
            return counts;
        }
        panic!("not settled within {within:?}: {:?}", self.counts().await)
    }

    /// Where everything stands.
    pub async fn counts(&self) -> Counts {
        let now = self.accounts.clock.now();
        self.ledger.read(move |conn| ledger::status::read(conn, now)).await.unwrap()
    }

    /// All leads, the oldest first.
    pub async fn leads(&self) -> Vec<Listed> {
        let mut leads =
            self.ledger.read(|conn| ledger::leads::list(conn, None, None, None)).await.unwrap();
        leads.reverse();
        leads
    }

    /// The only lead of a contact.
    pub async fn lead_of(&self, contact: ContactId) -> Listed {
        let mut leads = self.leads().await;
        leads.retain(|it| it.contact == contact);
        assert_eq!(leads.len(), 1, "leads of {contact}");
        leads.remove(0)
    }

    /// What the ledger tells of a contact.
    pub async fn story_of(&self, contact: ContactId) -> Story {
        let story = self.ledger.read(move |conn| ledger::explain::read(conn, contact)).await;
        story.unwrap().expect("the ledger knows the contact")
    }

    async fn start_in(
        home: Arc<TempDir>,
        accounts: &Accounts,
        settings: &Settings,
        way: Way,
    ) -> Self {
        // Silent, unless PONTE_LOG asks for more.
        telemetry::init(LogFormat::Text, LevelFilter::OFF);
        let served = if way == Way::Sockets { Some(accounts.serve().await) } else { None };
        let path = home.path().join("ponte.db");
        let config = parsed(settings, served.as_ref(), &path);
        let lock = EngineLock::take(&path).unwrap();
        let ledger = open(&path, accounts, way, &lock);
        let world = match way {
            Way::Sockets => World::Sockets,
            Way::InProcess | Way::Paused => World::InProcess {
                activecampaign: Arc::new(accounts.activecampaign.clone()),
                ploomes: accounts.ploomes.clone(),
                tick: FALLBACK_TICK,
            },
        };
        let (engine, lifecycle, receiver, shifts) = match way {
            Way::Paused => {
                let (engine, lifecycle, receiver) =
                    without_sockets(&config, &ledger, accounts, world).await;
                (engine, lifecycle, receiver, None)
            }
            Way::Sockets | Way::InProcess => {
                let clock = accounts.clock.clone();
                let started = run::start(&config, ledger.clone(), clock, world, 1).await.unwrap();
                let client = wire::http_client("ActiveCampaign-simulated").unwrap();
                let base = format!("http://{}", started.receiver);
                let receiver = Receiver { wire: Wire::Http(client), base };
                (started.engine, started.lifecycle, receiver, Some(started.shifts))
            }
        };
        Self {
            accounts: accounts.clone(),
            engine,
            ledger,
            settings: settings.clone(),
            way,
            receiver,
            lifecycle,
            shifts,
            home,
            served,
            _lock: lock,
        }
    }
}

/// A directory in memory where the machine has one: these tests do not pull the plug, and thousands
/// of commits need not wait for a disk.
fn home() -> TempDir {
    tempfile::tempdir_in("/dev/shm").unwrap_or_else(|_| tempfile::tempdir().unwrap())
}

fn parsed(settings: &Settings, served: Option<&Served>, ledger: &Path) -> Config {
    // Nobody listens on port 9; in process, nobody calls it.
    let nowhere = SocketAddr::from(([127, 0, 0, 1], 9));
    let (activecampaign, ploomes) =
        served.map_or((nowhere, nowhere), |it| (it.activecampaign, it.ploomes));
    let text = settings.toml(activecampaign, ploomes, ledger);
    config::parse("config.toml", &text).unwrap_or_else(|problems| panic!("{problems}")).config
}

fn open(path: &Path, accounts: &Accounts, way: Way, lock: &EngineLock) -> Ledger {
    let clock = accounts.clock.clone();
    let options = match way {
        Way::Sockets | Way::InProcess => Options::file(path, clock),
        Way::Paused => Options {
            path: Some(PathBuf::from(path)),
            executor: Executor::InPlace,
            randomness: Randomness::Seed(1),
            clock,
        },
    };
    options.open(Opener::Engine(lock)).unwrap()
}

/// The engine and the receiver's router, called straight.
async fn without_sockets(
    config: &Config,
    ledger: &Ledger,
    accounts: &Accounts,
    world: World,
) -> (Engine, Lifecycle, Receiver) {
    let clock = accounts.clock.clone();
    let role = Role::Works;
    let engine =
        compose::engine(config, ledger.clone(), clock.clone(), world, 1, role).await.unwrap();
    let lifecycle = Lifecycle::new();
    let routes = config
        .routes
        .iter()
        .filter_map(|route| Some(ReceiverRoute::new(engine.route_id(&route.name)?, route)));
    let (most, wake) = (config.receiver.max_body, Arc::clone(&engine.wake().intake));
    let inlet = web::Receiver::new(ledger.clone(), clock, routes, most, wake);
    engine.start(&lifecycle);
    let wire = Wire::InProcess(Arc::new(Inlet(inlet)));
    (engine, lifecycle, Receiver { wire, base: "http://receiver".to_owned() })
}

/// The receiver without its socket.
struct Inlet(web::Receiver);

impl Remote for Inlet {
    fn call<'a>(
        &'a self,
        request: http::Request<Bytes>,
    ) -> Pin<Box<dyn Future<Output = Result<http::Response<Bytes>, WireError>> + Send + 'a>> {
        let answer = self.0.clone().oneshot(request.map(axum::body::Body::from));
        Box::pin(async move {
            let (head, body) = answer.await.unwrap().into_parts();
            Ok(http::Response::from_parts(head, body.collect().await.unwrap().to_bytes()))
        })
    }
}
