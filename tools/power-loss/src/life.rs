//! One life of the whole service, from its start to the moment at which the power goes off: the
//! receiver, the poller, the worker and the ledger on its own threads, between two simulated services
//! that outlive it and remember.

use std::{
    future::Future,
    path::Path,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use axum::body::Body;
use bytes::Bytes;
use http::{Method, Request, Response};
use http_body_util::BodyExt as _;
use ponte::{
    cli::{compose, run},
    clock::Clock,
    config::{self, Config},
    domain::AutomationId,
    ledger::{EngineLock, Ledger, Options, open::Opener},
    simulator::{
        activecampaign::{self, ActiveCampaign, NewAutomation, NewContact, Outgoing, Throttle},
        ploomes::{self, Ploomes},
    },
    transport::{Remote, WireError},
    web::{Receiver, ReceiverRoute},
};
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use serde_json::Value;
use tokio::{sync::watch, task::JoinSet, time::sleep};
use tower::ServiceExt as _;

use crate::{
    disk::{Event, Image, Told},
    recorder::{self, Refusal},
    vfs,
};

/// The ledger's file.
pub const LEDGER: &str = "ponte.db";

/// From some newcomers to the next ones.
const NEWCOMERS_EVERY: Duration = Duration::from_millis(15);

/// How many come at once: their webhooks share commits.
const NEWCOMERS: usize = 6;

/// Newcomers without a deal, at most: on a slow machine too, there is as much to write as to receive.
const WAITING_MAX: usize = 60;

/// What `ponte` stands between.
pub struct World {
    /// What both go by.
    pub clock: Clock,
    /// Where people come from.
    pub activecampaign: ActiveCampaign,
    /// Where they go.
    pub ploomes: Arc<Ploomes>,
    automation: AutomationId,
    come: AtomicU32,
}

impl World {
    /// Two accounts in which nothing has happened.
    pub fn new(seed: u64) -> Self {
        let clock = Clock::system();
        let throttle = Throttle { per_second: None, ..Throttle::default() };
        let switches = activecampaign::Switches { throttle, ..Default::default() };
        let activecampaign = ActiveCampaign::new(clock.clone(), seed, "key", switches);
        let step = activecampaign::Step::Webhook("/webhooks/token-of-the-route-site".to_owned());
        let automation = NewAutomation::new("Automação", vec![step]).multientry();
        let automation = activecampaign.add_automation(automation);
        let switches = ploomes::Switches { limit: None, ..Default::default() };
        let ploomes = Arc::new(Ploomes::new(clock.clone(), seed, "key", switches));
        Self { clock, activecampaign, ploomes, automation, come: AtomicU32::new(0) }
    }

    /// How many people came.
    pub fn people(&self) -> usize {
        self.come.load(Ordering::Relaxed) as usize
    }

    fn somebody_comes(&self) {
        let number = self.come.fetch_add(1, Ordering::Relaxed);
        let who = NewContact::new(&format!("pessoa{number}@example.com"))
            .named("Pessoa", &format!("Nº {number}"));
        let company = if number.is_multiple_of(2) { number % 20 } else { 100 + number };
        let who = NewContact { orgname: format!("Firma {company}"), ..who };
        let id = self.activecampaign.create_contact(who).expect("nobody else has this address");
        self.activecampaign.enroll(id, self.automation).expect("the automation takes everybody");
    }

    fn config(&self, ledger: &Path) -> Config {
        let text = format!(
            r#"
[activecampaign]
url = "http://127.0.0.1:9"
api_key = "key"
requests_per_second = 1000
[ploomes]
url = "http://127.0.0.1:9"
user_key = "key"
requests_per_minute = 60000
settle = "200ms"
[receiver]
listen = "127.0.0.1:0"
[admin]
listen = "127.0.0.1:0"
[ledger]
path = "{}"
[schedule]
poll = "* * * * * *"
reconcile = "0 0 0 29 2 *"
[retry]
first = "20ms"
max = "200ms"
[[route]]
name = "site"
webhook_token = "token-of-the-route-site"
automation = {}
expect_within = "1s"
create = "company-person-deal"
pipeline = "Vendas"
stage = "Lead novo"
skip_if_open_deal = false
note = "Entrou"
"#,
            ledger.display(),
            self.automation
        );
        config::parse("config.toml", &text).unwrap_or_else(|it| panic!("{it}")).config
    }
}

/// How a life ends.
pub enum End {
    /// The power goes off at so many events.
    PowerOff(usize),
    /// Nothing is left to do, and it is asked to stop.
    Settled,
}

/// Lives on a disk that holds `image`; returns what happened to the disk and
/// who was told what, and how often the disk refused something.
pub fn live(
    world: &Arc<World>,
    image: &Image,
    end: &End,
    lies: bool,
    seed: u64,
) -> (Vec<Event>, usize) {
    let home = tempfile::tempdir().expect("a temporary directory can be made");
    put(home.path(), image);
    let off_at = match end {
        End::PowerOff(events) => *events,
        End::Settled => usize::MAX,
    };
    vfs::register();
    let off = recorder::record(home.path(), image.keys().cloned(), off_at, lies);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("threads can be started");
    runtime.block_on(run_until_off(world, home.path(), end, off, seed));
    let recorded = recorder::recorded();
    runtime.shutdown_timeout(Duration::from_millis(200));
    recorded
}

/// Writes the files of `image` into `directory`.
pub fn put(directory: &Path, image: &Image) {
    for (name, bytes) in image {
        std::fs::write(directory.join(name), bytes).expect("a temporary file can be written");
    }
}

async fn run_until_off(
    world: &Arc<World>,
    home: &Path,
    end: &End,
    mut off: watch::Receiver<bool>,
    seed: u64,
) {
    let path = home.join(LEDGER);
    let config = world.config(&path);
    let lock = EngineLock::take(&path).expect("nobody else has it");
    let started = async {
        let ledger = Options::file(&path, world.clock.clone()).open(Opener::Engine(&lock)).ok()?;
        let to = compose::World::InProcess {
            activecampaign: Arc::new(Grid {
                remote: Arc::new(world.activecampaign.clone()),
                remembers: None,
            }),
            ploomes: Arc::new(Grid {
                remote: world.ploomes.clone(),
                remembers: Some(world.clock.clone()),
            }),
            tick: ponte::engine::wake::FALLBACK_TICK,
        };
        let clock = world.clock.clone();
        let service = run::start(&config, ledger.clone(), clock, to, 1).await.ok()?;
        service.engine.start_schedule(&service.lifecycle);
        Some((service, ledger))
    };
    // Where the power goes off amid the start, it fails.
    let Some((service, ledger)) = started.await else {
        assert!(*off.borrow(), "it does not start");
        return;
    };
    let routes = config
        .routes
        .iter()
        .filter_map(|route| Some(ReceiverRoute::new(service.engine.route_id(&route.name)?, route)));
    let wake = Arc::clone(&service.engine.wake().intake);
    let most = config.receiver.max_body;
    let receiver = Receiver::new(ledger.clone(), world.clock.clone(), routes, most, wake);
    match end {
        End::PowerOff(_) => {
            let stopping = service.lifecycle.stopping();
            tokio::select! {
                () = people_come(world, &receiver) => {}
                () = disk_is_in_trouble(seed) => {}
                () = stopping.cancelled() => assert!(recorder::is_off(), "the service ended on its own"),
                _ = off.wait_for(|it| *it) => {}
            }
        }
        End::Settled => {
            settled(world, &ledger).await;
            service.lifecycle.stop();
            assert!(service.lifecycle.stopped().await, "it does not stop");
            ledger.close().await;
        }
    }
}

/// Now and then the disk refuses something for a while.
async fn disk_is_in_trouble(seed: u64) {
    let mut rng = StdRng::seed_from_u64(seed);
    loop {
        sleep(Duration::from_millis(rng.random_range(50..1_000))).await;
        if !recorder::is_refusing() {
            let what = [Refusal::Full, Refusal::Write, Refusal::Sync][rng.random_range(0..3)];
            recorder::refuse(what, rng.random_range(1..30));
        }
    }
}

/// People keep coming, and their webhooks are sent, once, many at a time.
async fn people_come(world: &Arc<World>, receiver: &Receiver) {
    let mut sending = JoinSet::new();
    loop {
        if world.people() < world.ploomes.deals().len() + WAITING_MAX {
            (0..NEWCOMERS).for_each(|_| world.somebody_comes());
        }
        for outgoing in world.activecampaign.take_due() {
            sending.spawn(send(Arc::clone(world), receiver.clone(), outgoing));
        }
        while sending.try_join_next().is_some() {}
        sleep(NEWCOMERS_EVERY).await;
    }
}

async fn send(world: Arc<World>, receiver: Receiver, outgoing: Outgoing) {
    let body = outgoing.body.clone().into_bytes();
    let request = Request::post(&outgoing.target).body(Body::from(body.clone()));
    let request = request.expect("the target is a path");
    let Ok(answer) = receiver.oneshot(request).await;
    let status = answer.status().as_u16();
    if status == 200 {
        let bytes = answer.into_body().collect().await.expect("it is whole").to_bytes();
        let json: Value = serde_json::from_slice(&bytes).expect("it is JSON");
        let receipt = json["receipt"].as_str().and_then(|it| it.parse().ok()).expect("a receipt");
        recorder::tell(Told::Kept { receipt, body });
    }
    world.activecampaign.sent(&outgoing, Some(status));
}

/// Waits until everybody is in Ploomes.
async fn settled(world: &World, ledger: &Ledger) {
    let entered = world.activecampaign.enrollments().len() as i64;
    // A doubt and some polls; more is a bug.
    for _ in 0..600 {
        let now = world.clock.now();
        let counts = ledger.read(move |conn| ponte::ledger::status::read(conn, now)).await;
        let counts = counts.expect("the ledger can be read");
        if counts.leads(ponte::domain::LeadState::Done) == entered && counts.waiting() == 0 {
            return;
        }
        sleep(Duration::from_millis(100)).await;
    }
    panic!("not settled within a minute: {entered} people");
}

/// The way to a service, which has no power either once it is off.
struct Grid {
    remote: Arc<dyn Remote>,
    /// Of Ploomes: that it was asked, and when.
    remembers: Option<Clock>,
}

impl Remote for Grid {
    fn call<'a>(
        &'a self,
        request: Request<Bytes>,
    ) -> Pin<Box<dyn Future<Output = Result<Response<Bytes>, WireError>> + Send + 'a>> {
        Box::pin(async move {
            if let Some(clock) = &self.remembers
                && !tell_of(&request, clock)
            {
                // It never left.
                return std::future::pending().await;
            }
            self.remote.call(request).await
        })
    }
}

/// Remembers a request to Ploomes; says whether the power was still on.
fn tell_of(request: &Request<Bytes>, clock: &Clock) -> bool {
    if !recorder::tell(Told::Asked(clock.now())) {
        return false;
    }
    let is_write = [Method::POST, Method::PATCH].contains(request.method());
    let records = ["/Contacts", "/Deals", "/InteractionRecords"];
    let is_record = records.iter().any(|it| request.uri().path().starts_with(it));
    !(is_write && is_record) || recorder::tell(Told::Written { body: request.body().to_vec() })
}
