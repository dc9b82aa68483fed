//! Plays a seed: builds the engine as `run` does, ends it now and then, and lets it come to rest.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, atomic::AtomicBool},
    time::Duration,
};

use ponte::{
    cli::compose::{self, World},
    clock::Clock,
    domain::{AutomationId, ContactId, Fate, LeadState},
    engine::{Engine, Lifecycle, Role, jobs::kind},
    ledger::{
        self, EngineLock, Ledger, LedgerError,
        explain::Story,
        open::{Executor, Opener, Randomness},
        person::{self, Who},
        report::RunReport,
        run::RunId,
        status::Counts,
    },
    simulator::{
        activecampaign::{ActiveCampaign, NewAutomation, Step},
        ploomes::Ploomes,
    },
    web::{Receiver, ReceiverRoute},
};
use rand::{Rng as _, rngs::StdRng};
use serde_json::json;
use tokio::time::Instant;

use super::{
    Played, checks,
    crowd::{Crowd, Entered},
    fuse::{Ends, Fuse},
    line::Line,
    mail::Mail,
    plan::{Besides, Plan},
    trace::Trace,
    weather::Weather,
};

/// How long everything may take to come to rest once nothing goes wrong any more.
const REST_WITHIN: Duration = Duration::from_hours(1);
/// How often a lock that is held is asked for again: a fork takes milliseconds, a try microseconds.
const LOCK_TRIES: u32 = 100_000;

/// How long a loop of the engine sleeps at most: nobody else writes into this ledger, so that a short
/// tick would only cost time.
const TICK: Duration = Duration::from_secs(30);
/// How often is looked whether it has.
const LOOK_EVERY: Duration = Duration::from_secs(10);

/// One seed's accounts, people and ledger.
pub(super) struct Stage {
    seed: u64,
    plan: Plan,
    path: PathBuf,
    /// The right time.
    truth: Clock,
    /// What the engine takes for the time.
    clock: Clock,
    activecampaign: ActiveCampaign,
    ploomes: Arc<Ploomes>,
    crowd: Crowd,
    mail: Arc<Mail>,
    trace: Arc<Trace>,
}

/// An engine that works.
struct Running {
    engine: Engine,
    lifecycle: Lifecycle,
    ledger: Ledger,
    receiver: Receiver,
    _lock: EngineLock,
}

impl Stage {
    pub(super) fn new(seed: u64, plan: Plan, path: PathBuf) -> Self {
        let start = super::start();
        let (truth, clock) = (Clock::simulated(start), Clock::simulated(start + plan.skew));
        let trace = Arc::new(Trace::default());
        let key = "simulated-activecampaign-key";
        let activecampaign =
            ActiveCampaign::new(truth.clone(), seed, key, plan.activecampaign.clone());
        let automation = |name: &str, token: &str| {
            let step = Step::Webhook(format!("/webhooks/{token}"));
            activecampaign.add_automation(NewAutomation::new(name, vec![step]).multientry())
        };
        let all =
            [automation("Site", "token-of-the-site"), automation("Evento", "token-of-the-event")];
        let automations: Vec<AutomationId> = all.into_iter().take(automations_of(&plan)).collect();
        let key = "simulated-ploomes-key";
        let ploomes = Arc::new(Ploomes::new(truth.clone(), seed, key, plan.ploomes.clone()));
        // Somebody is there already, as in any account: searches have a control.
        ploomes.add_contact(&json!({ "Name": "Zeca", "TypeId": 2 })).expect("it is a person");
        let mail = Arc::new(Mail::new(activecampaign.clone(), Arc::clone(&trace)));
        let stepped = (plan.steps_clock.then(|| clock.clone()), plan.steps);
        let crowd = Crowd::new(
            activecampaign.clone(),
            Arc::clone(&ploomes),
            automations,
            Arc::clone(&mail),
            Arc::clone(&trace),
            stepped,
        );
        Self { seed, plan, path, truth, clock, activecampaign, ploomes, crowd, mail, trace }
    }

    pub(super) async fn play(self) -> Played {
        let begin = Instant::now();
        let weather = Weather {
            activecampaign: &self.activecampaign,
            ploomes: &self.ploomes,
            trace: &self.trace,
            settle: self.plan.settle,
            without_lists: AtomicBool::new(false),
        };
        let troubled = {
            let mail = self.mail.run();
            let crowd = self.crowd.run(super::rng(self.seed, "crowd"), self.plan.every);
            let storms = weather.run(super::rng(self.seed, "weather"));
            let ever = self.plan.besides == Besides::ListsFail;
            let lists = weather.refuse_lists(super::rng(self.seed, "lists"), ever);
            tokio::select! {
                biased;
                () = mail => unreachable!("it goes on for ever"),
                () = crowd => unreachable!("it goes on for ever"),
                () = storms => unreachable!("it goes on for ever"),
                () = lists => unreachable!("it goes on for ever"),
                crashes = self.trouble() => crashes,
            }
        };
        self.trace.say("nothing goes wrong any more".to_owned());
        self.crowd.sets_the_clock();
        weather.clear();
        let rest = {
            let mail = self.mail.run();
            tokio::select! {
                biased;
                () = mail => unreachable!("it goes on for ever"),
                rest = self.rest() => rest,
            }
        };
        self.mail.shut();
        let simulated = begin.elapsed();
        let (mut violations, report) = match rest {
            Ok(report) => (Vec::new(), Some(report)),
            Err(violation) => (vec![violation], None),
        };
        let ledger = self.open(None).expect("the ledger opens").0;
        let facts = self.facts(&ledger, report).await;
        violations.extend(checks::all(&facts));
        facts.stories.iter().for_each(|story| told(&self.trace, story));
        self.trace.say(format!("head {}", ledger::audit::hex(&facts.audit.head)));
        let leads = facts.leads.len();
        drop(facts);
        let (seed, trace) = (self.seed, self.trace);
        Played { seed, violations, trace, simulated, crashes: troubled, leads }
    }

    /// Runs the engine while everything goes wrong, and ends it now and then; says how often.
    async fn trouble(&self) -> usize {
        let end = Instant::now() + self.plan.acting;
        let mut rng = super::rng(self.seed, "crashes");
        let mut answered = super::rng(self.seed, "answered");
        let mut crashes = 0;
        while Instant::now() < end {
            let (mut ends, life) = self.draw_life(&mut rng);
            if self.plan.besides == Besides::EndsAnswered && ends == Ends::Never {
                ends = Ends::Answered(answered.random_range(1..5));
            }
            let fuse = Arc::new(Fuse::new(super::rng(rng.random(), "fuse"), ends));
            let life = Instant::now() + life;
            let running = tokio::select! {
                biased;
                () = fuse.burnt() => None,
                running = self.start(&fuse, rng.random()) => Some(running),
            };
            let Some(running) = running else {
                crashes += 1;
                self.trace.say("the engine is ended at its start".to_owned());
                continue;
            };
            self.mail.open(running.receiver.clone(), &fuse);
            let softly = rng.random_ratio(1, 4);
            let burnt = tokio::select! {
                biased;
                () = fuse.burnt() => true,
                () = self.erase_people(&running, rng.random()) => unreachable!("it goes on for ever"),
                () = self.learn_who_is_recognised(&running) => unreachable!("it goes on for ever"),
                () = tokio::time::sleep_until(life.min(end)) => !softly,
            };
            self.mail.shut();
            if burnt || !self.stop(&fuse, &running).await {
                crashes += 1;
                self.trace.say("the engine is ended".to_owned());
            }
            fuse.blow();
            running.lifecycle.kill().await;
            // Whoever still holds it, as a write that nobody waits for, died with the engine.
            running.ledger.close().await;
            drop(running);
            if rng.random_ratio(1, 2) {
                tokio::time::sleep(Duration::from_millis(rng.random_range(0..30_000))).await;
            }
        }
        crashes
    }

    /// Erases somebody now and then, beside the engine.
    async fn erase_people(&self, running: &Running, seed: u64) {
        let mut rng = super::rng(seed, "erase");
        loop {
            tokio::time::sleep(Duration::from_millis(rng.random_range(5_000..60_000))).await;
            let Some(who) = self.crowd.somebody(&mut rng).filter(|_| self.plan.erases) else {
                continue;
            };
            self.trace.say(format!("{who} asks to be erased"));
            self.crowd.truth().erased.insert(who, None);
            let asked = Who::Contact(who);
            let done = person::erase(&running.ledger, &asked, self.clock.now()).await;
            let at = done.is_ok().then(|| self.truth.now());
            self.crowd.truth().erased.insert(who, at);
            self.trace.say(format!("{who} is erased: {done:?}"));
        }
    }

    /// Notes which of the erased the engine has asked for since: those it recognises under another id.
    async fn learn_who_is_recognised(&self, running: &Running) {
        loop {
            tokio::time::sleep(Duration::from_secs(2)).await;
            let unknown: Vec<ContactId> = {
                let truth = self.crowd.truth();
                let erased = truth.erased.iter().filter(|(_, at)| at.is_some());
                let there = erased.map(|(who, _)| *who).filter(|it| truth.people.contains_key(it));
                there.filter(|it| !truth.recognised.contains(it)).collect()
            };
            let routes: Vec<_> = self.plan.config.routes.iter().collect();
            let routes = routes.iter().filter_map(|it| running.engine.route_id(&it.name));
            let routes: Vec<_> = routes.collect();
            for who in unknown {
                let routes = routes.clone();
                let waits = move |conn: &_| {
                    routes.iter().try_fold(false, |waits, route| {
                        Ok(waits || ledger::inbox::find(conn, *route, who)?.is_some())
                    })
                };
                if running.ledger.read(waits).await.is_ok_and(|waits| !waits) {
                    self.crowd.truth().recognised.insert(who);
                }
            }
        }
    }

    /// Stops an engine softly; says whether it came to that.
    async fn stop(&self, fuse: &Fuse, running: &Running) -> bool {
        self.trace.say("the engine is stopped".to_owned());
        running.lifecycle.stop();
        tokio::select! {
            biased;
            () = fuse.burnt() => false,
            whole = running.lifecycle.stopped() => whole,
        }
    }

    /// When and how the next engine ends.
    fn draw_life(&self, rng: &mut StdRng) -> (Ends, Duration) {
        let Some(mean) = self.plan.lives else { return (Ends::Never, self.plan.acting) };
        let ends = match rng.random_range(0..6) {
            // Several in a row.
            0 => Ends::After(rng.random_range(1..60)),
            1 => Ends::After(rng.random_range(1..2_000)),
            2 | 3 => Ends::Written(rng.random_range(1..6)),
            _ => Ends::Never,
        };
        (ends, mean.mul_f64(rng.random_range(0.1..2.0)))
    }

    fn open(&self, fuse: Option<&Arc<Fuse>>) -> Result<(Ledger, EngineLock), LedgerError> {
        let lock = self.lock()?;
        let options = ledger::Options {
            path: Some(self.path.clone()),
            executor: Executor::Alone,
            randomness: Randomness::Seed(self.seed),
            clock: self.clock.clone(),
        };
        let ledger = options.open(Opener::Engine(&lock))?;
        if let Some(fuse) = fuse {
            ledger.take_turns(Arc::<Fuse>::clone(fuse));
        }
        Ok((ledger, lock))
    }

    /// The ledger's lock. Another test of the same process that starts a program has a copy of every
    /// open file for the moment between its fork and its exec, and so of a lock just given back.
    fn lock(&self) -> Result<EngineLock, LedgerError> {
        for _ in 0..LOCK_TRIES {
            match EngineLock::take(&self.path) {
                Err(LedgerError::Held { .. }) => std::thread::yield_now(),
                taken => return taken,
            }
        }
        EngineLock::take(&self.path)
    }

    fn line(&self, name: &'static str, fuse: &Arc<Fuse>, seed: u64) -> Arc<Line> {
        let to: Arc<dyn ponte::transport::Remote> = match name {
            "ActiveCampaign" => Arc::new(self.activecampaign.clone()),
            _ => self.ploomes.clone(),
        };
        Arc::new(Line {
            name,
            to,
            clock: self.truth.clone(),
            fuse: Arc::clone(fuse),
            trace: Arc::clone(&self.trace),
            rng: Mutex::new(super::rng(seed, name)),
        })
    }

    /// Starts an engine on the ledger, as `run` does.
    async fn start(&self, fuse: &Arc<Fuse>, seed: u64) -> Running {
        let config = &self.plan.config;
        let (ledger, lock) = self.open(Some(fuse)).expect("the ledger opens");
        let world = World::InProcess {
            activecampaign: self.line("ActiveCampaign", fuse, seed),
            ploomes: self.line("Ploomes", fuse, seed),
            tick: TICK,
        };
        let clock = self.clock.clone();
        let engine =
            compose::engine(config, ledger.clone(), clock.clone(), world, seed, Role::Works)
                .await
                .expect("the engine starts");
        let routes = config.routes.iter().map(|route| {
            ReceiverRoute::new(engine.route_id(&route.name).expect("it is registered"), route)
        });
        let intake = Arc::clone(&engine.wake().intake);
        let receiver =
            Receiver::new(ledger.clone(), clock, routes, config.receiver.max_body, intake);
        let lifecycle = Lifecycle::new();
        engine.start(&lifecycle);
        engine.start_schedule(&lifecycle);
        Running { engine, lifecycle, ledger, receiver, _lock: lock }
    }

    /// Lets everything come to rest, then reconciles; tells what never does.
    async fn rest(&self) -> Result<RunReport, String> {
        let mut rng = super::rng(self.seed, "rest");
        let fuse = Arc::new(Fuse::new(super::rng(rng.random(), "fuse"), Ends::Never));
        let running = self.start(&fuse, rng.random()).await;
        self.mail.open(running.receiver.clone(), &fuse);
        let begin = Instant::now();
        // Whoever entered last is looked for by two polls after its webhook may still come.
        let quiet = self.plan.expect_within + Duration::from_secs(80);
        let report = self.reconciled(&running, begin, quiet).await;
        self.mail.shut();
        running.lifecycle.stop();
        running.lifecycle.stopped().await;
        running.lifecycle.kill().await;
        report
    }

    async fn reconciled(
        &self,
        running: &Running,
        begin: Instant,
        quiet: Duration,
    ) -> Result<RunReport, String> {
        self.until_settled(running, begin, quiet).await?;
        let from = self.clock.now();
        let first = self.reconcile(running).await?;
        self.until_settled(running, begin, Duration::ZERO).await?;
        if first.started >= from {
            return Ok(first);
        }
        // It went on with one that was cut off, and has its counts.
        self.reconcile(running).await
    }

    async fn reconcile(&self, running: &Running) -> Result<RunReport, String> {
        let arguments = json!({ "mode": "repair", "wait_s": 1200 });
        let done = running.engine.perform(kind::RECONCILE, &arguments).await?;
        let run = done["run"].as_str().and_then(|it| it.parse().ok()).map(RunId);
        let read = move |conn: &_| ledger::report::read(conn, run, chrono_tz::Tz::UTC);
        let report = running.ledger.read(read).await;
        report.ok().flatten().ok_or_else(|| "the last reconciliation has no report".to_owned())
    }

    async fn until_settled(
        &self,
        running: &Running,
        begin: Instant,
        quiet: Duration,
    ) -> Result<(), String> {
        loop {
            let now = self.clock.now();
            let counts = running.ledger.read(move |conn| ledger::status::read(conn, now)).await;
            let counts = counts.map_err(|error| error.to_string())?;
            if begin.elapsed() >= quiet && is_settled(&counts) {
                return Ok(());
            }
            if begin.elapsed() > REST_WITHIN {
                return Err(format!(
                    "does not come to rest: {:?} {:?}",
                    counts.leads, counts.lanes
                ));
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// All bytes of the ledger and of what lies beside it.
    fn files(&self) -> Vec<u8> {
        let folder = self.path.parent().expect("it has a folder of its own");
        let entries = std::fs::read_dir(folder).expect("the folder is there");
        let files = entries.flatten().filter_map(|it| std::fs::read(it.path()).ok());
        files.collect::<Vec<_>>().concat()
    }

    async fn facts<'a>(&'a self, ledger: &Ledger, last: Option<RunReport>) -> checks::Facts<'a> {
        let now = self.clock.now();
        let ever: Vec<_> = self.crowd.truth().ever.iter().copied().collect();
        let read = ledger.read(move |conn| {
            let mut stories = Vec::new();
            for contact in ever {
                stories.extend(ledger::explain::read(conn, contact)?);
            }
            Ok((
                ledger::status::read(conn, now)?,
                ledger::leads::list(conn, None, None, None)?,
                ledger::leads::found(conn, i64::MAX)?,
                ledger::audit::audit(conn, None)?,
                stories,
            ))
        });
        let (counts, leads, found, audit, stories) = read.await.expect("the ledger can be read");
        let mut truth = self.crowd.truth();
        let alike = truth.look_alikes();
        let is_one = |it: &&Entered| alike.contains(&(it.automation, it.second));
        let alike: Vec<_> = truth.entered.iter().filter(is_one).map(|it| it.contact).collect();
        truth.mixed.extend(alike);
        checks::Facts {
            plan: &self.plan,
            activecampaign: &self.activecampaign,
            ploomes: &self.ploomes,
            truth,
            files: self.files(),
            taken: self.mail.taken(),
            counts,
            leads,
            found,
            audit,
            stories,
            last,
        }
    }
}

/// How many automations have a route.
fn automations_of(plan: &Plan) -> usize {
    let with = |it: &&ponte::config::Route| {
        matches!(it.membership, ponte::config::Membership::Automation(_))
    };
    plan.config.routes.iter().filter(with).count()
}

/// What the ledger tells of a contact, for whoever looks for the cause of a violation.
fn told(trace: &Trace, story: &Story) {
    for delivery in &story.deliveries {
        let reason = delivery.reason.as_deref().unwrap_or_default();
        let lead = delivery.lead.as_deref().unwrap_or_default();
        trace.say(format!("{}: webhook {} {} {reason}", story.contact, delivery.fate, lead));
    }
    for it in &story.leads {
        let lead = &it.lead;
        let records = [lead.company, lead.person, lead.deal].map(|it| it.map(|it| it.0));
        trace.say(format!(
            "{}: {} of {} by {} {} {records:?} {:?} {:?}",
            story.contact,
            lead.key,
            lead.contact,
            lead.found_by,
            lead.state,
            lead.reason,
            lead.warnings
        ));
        for step in &it.steps {
            let record = step.record.map(|it| it.0);
            let (kind, action, state) = (&step.kind, &step.action, &step.state);
            let at = step.at.map(|it| it.format("%H:%M:%S%.3f").to_string());
            trace.say(format!("    {at:?} {action} {kind} {state} {record:?} {}", step.reason));
        }
    }
}

/// Whether nothing is left to do.
fn is_settled(now: &Counts) -> bool {
    now.deliveries(Fate::Pending) == 0
        && now.waiting() == 0
        && now.leads(LeadState::Pending) == 0
        && now.leads(LeadState::InDoubt) == 0
}
