//! What the demo plays on: two simulated accounts, and the service between them.

use std::{path::Path, sync::Arc, time::Duration};

use anyhow::Context;
use http::Method;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use crate::{
    cli::{
        compose::World as Wires,
        run::{self, Service},
    },
    clock::Clock,
    config::{self, Config},
    domain::{EnrollmentId, LeadState},
    engine::wake::FALLBACK_TICK,
    ledger::{self, EngineLock, Ledger, audit::Outcome, open::Opener},
    simulator::{
        activecampaign::{self, ActiveCampaign, NewAutomation, Receiver, Step, WebhookLuck},
        fault::{Fault, FaultBody, Target, When},
        ploomes::{self, Ploomes},
        world::{World, WorldPlan},
    },
    transport::{Wire, wire},
};

/// Requests a minute that the simulated Ploomes takes: five times the real one's, so that a demo of
/// seconds shows what an account does in minutes.
const PLOOMES_PER_MINUTE: u32 = 600;
/// The pause that Ploomes asks for once.
const PAUSE_SECONDS: u64 = 2;
/// From one deed to the next: about 25 leads in the usual time.
const EVERY: Duration = Duration::from_millis(500);

const SITE_TOKEN: &str = "demo-token-of-the-site";
const EVENT_TOKEN: &str = "demo-token-of-the-event";

/// The configuration, as a person would write it; `{…}` are filled in.
const CONFIG: &str = r#"
[activecampaign]
url = "http://127.0.0.1:9"
api_key = "demo-activecampaign-key"
requests_per_second = 5
[ploomes]
url = "http://127.0.0.1:9"
user_key = "demo-ploomes-key"
requests_per_minute = {rate}
settle = "2s"
[receiver]
listen = "127.0.0.1:0"
[admin]
listen = "127.0.0.1:0"
language = "en"
[ledger]
path = "{ledger}"
[schedule]
poll = "*/3 * * * * *"
overlap = "1h"
[retry]
first = "500ms"
max = "5s"
[[route]]
name = "site"
webhook_token = "{site}"
automation = 1
expect_within = "3s"
create = "company-person-deal"
pipeline = "Vendas"
stage = "Lead novo"
skip_if_open_deal = false
owner = ["ana@example.com", "bruno@example.com"]
origin = "ActiveCampaign"
tags = ["lead"]
[[route.map]]
from = "full_name"
to = "person.Name"
[[route.map]]
from = "email"
to = "person.Email"
[[route.map]]
from = "phone"
to = "person.Phones"
[[route.map]]
from = "field.CPF"
to = "person.CPF"
[[route.map]]
from = "company"
to = "company.Name"
[[route.map]]
from = "field.CNPJ"
to = "company.CNPJ"
[[route.map]]
template = "{{ company or full_name }} - site"
to = "deal.Title"
[[route]]
name = "event"
webhook_token = "{event}"
automation = 2
expect_within = "3s"
create = "person-deal"
pipeline = "Pós-venda"
stage = "Implantação"
skip_if_open_deal = true
"#;

/// Two accounts, and the service between them.
pub(super) struct Stage {
    activecampaign: ActiveCampaign,
    ploomes: Arc<Ploomes>,
    world: Arc<World>,
    service: Service,
    ledger: Ledger,
    /// Ends the world, and nothing else.
    curtain: CancellationToken,
    _lock: EngineLock,
    _directory: TempDir,
}

/// How things stand, and at the end: how they ended.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct End {
    /// Entries into the automations.
    pub(super) entered: usize,
    /// Leads in the ledger.
    pub(super) leads: i64,
    /// Leads that are done or skipped.
    pub(super) settled: i64,
    /// Leads that call for no deal.
    pub(super) skipped: i64,
    /// Webhooks that never came.
    pub(super) webhooks_lost: usize,
    /// Leads found without a webhook.
    pub(super) missed_found: i64,
    /// Those of them that are in Ploomes.
    pub(super) repaired: i64,
    /// The accounting identity.
    pub(super) balance: i64,
    /// Persons, companies and deals that were made.
    pub(super) made: [usize; 3],
}

impl End {
    /// Whether every entry is a lead, every lead is settled, and nothing was lost.
    pub(super) fn is_settled(&self) -> bool {
        usize::try_from(self.leads) == Ok(self.entered)
            && self.settled == self.leads
            && self.balance == 0
    }
}

impl Stage {
    /// Opens everything; nobody acts yet.
    pub(super) async fn build(seed: u64) -> anyhow::Result<Self> {
        let directory = tempfile::tempdir().context("no directory for the demo's ledger")?;
        let config = config(&directory.path().join("demo.db"))?;
        let clock = Clock::system();
        let switches =
            ploomes::Switches { limit: Some(PLOOMES_PER_MINUTE), ..ploomes::Switches::default() };
        let ploomes = Arc::new(Ploomes::new(clock.clone(), seed, "demo-ploomes-key", switches));
        let switches = activecampaign::Switches {
            webhooks: WebhookLuck {
                dropped_per_mille: 250,
                duplicated_per_mille: 120,
                delay_min: Duration::from_millis(50),
                delay_max: Duration::from_millis(800),
                ..WebhookLuck::default()
            },
            ..activecampaign::Switches::default()
        };
        let activecampaign =
            ActiveCampaign::new(clock.clone(), seed, "demo-activecampaign-key", switches);
        let automation = |name: &str, token: &str| {
            let step = Step::Webhook(format!("/webhooks/{token}"));
            NewAutomation::new(name, vec![step]).multientry()
        };
        let automations = vec![automation("Site", SITE_TOKEN), automation("Evento", EVENT_TOKEN)];
        let plan = WorldPlan { every: EVERY, ..WorldPlan::new(automations) };
        let world = Arc::new(World::new(activecampaign.clone(), seed, plan));
        let lock = EngineLock::take(&config.ledger.path)?;
        let options = ledger::Options::file(&config.ledger.path, clock.clone());
        let ledger = options.open(Opener::Engine(&lock))?;
        let wires = Wires::InProcess {
            activecampaign: Arc::new(activecampaign.clone()),
            ploomes: ploomes.clone(),
            tick: FALLBACK_TICK,
        };
        let service = run::start(&config, ledger.clone(), clock, wires, seed).await?;
        Ok(Self {
            activecampaign,
            ploomes,
            world,
            service,
            ledger,
            curtain: CancellationToken::new(),
            _lock: lock,
            _directory: directory,
        })
    }

    /// The address of the page.
    pub(super) fn page(&self) -> String {
        format!("http://{}/", self.service.admin)
    }

    pub(super) const fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// People begin to come, webhooks to be sent, polls to be made.
    pub(super) fn begin(&self) {
        let lifecycle = &self.service.lifecycle;
        self.service.shifts.start_schedule();
        let (account, stopping) = (self.activecampaign.clone(), lifecycle.stopping());
        let base = format!("http://{}", self.service.receiver);
        lifecycle.spawn("webhooks", async move {
            // Over a socket, as the real ones come.
            match wire::http_client("ActiveCampaign-simulated") {
                Ok(client) => {
                    let receiver = Receiver { wire: Wire::Http(client), base };
                    account.send_webhooks(receiver, stopping).await;
                }
                Err(error) => tracing::error!(%error, "no webhook can be sent"),
            }
        });
        let (world, curtain) = (Arc::clone(&self.world), self.curtain.clone());
        let stopping = lifecycle.stopping();
        lifecycle.spawn("world", async move {
            world.run(curtain).await;
            // A task that ends early would stop the service.
            stopping.cancelled().await;
        });
    }

    /// Nobody enters an automation from now on.
    pub(super) fn nobody_comes_any_more(&self) {
        self.curtain.cancel();
    }

    /// Ploomes refuses the next write for pace.
    pub(super) fn limit(&self) {
        let fault = Fault::Status {
            code: 429,
            retry_after: Some(PAUSE_SECONDS),
            body: FaultBody::Text,
            when: When::Before,
        };
        self.ploomes.faults().plan(Target::new(Method::POST, "/"), fault);
    }

    /// The enrollments whose webhook never arrived.
    pub(super) fn lost(&self) -> Vec<EnrollmentId> {
        self.activecampaign.lost_webhooks().into_iter().collect()
    }

    /// Requests that Ploomes refused for pace.
    pub(super) fn refused(&self) -> usize {
        self.ploomes.requests().iter().filter(|it| it.status == Some(429)).count()
    }

    /// Ends early where a part of the service broke.
    pub(super) async fn broke(&self) {
        self.service.lifecycle.stopping().cancelled().await;
    }

    /// How things stand.
    pub(super) async fn end(&self) -> anyhow::Result<End> {
        let now = Clock::system().now();
        let counts = self.ledger.read(move |conn| ledger::status::read(conn, now)).await?;
        let of_type = |kind: i64| {
            let contacts = self.ploomes.contacts();
            contacts.iter().filter(|it| it["TypeId"] == kind).count()
        };
        let (done, skipped) = (counts.leads(LeadState::Done), counts.leads(LeadState::Skipped));
        Ok(End {
            entered: self.activecampaign.enrollments().len(),
            leads: counts.total,
            settled: done + skipped,
            skipped,
            webhooks_lost: self.activecampaign.lost_webhooks().len(),
            missed_found: counts.missed.found,
            repaired: self.repaired().await?,
            balance: counts.balance(),
            made: [of_type(2), of_type(1), self.ploomes.deals().len()],
        })
    }

    /// Leads found without a webhook that are settled: in Ploomes, or with a reason why not.
    async fn repaired(&self) -> anyhow::Result<i64> {
        let found = self.ledger.read(|conn| ledger::leads::found(conn, i64::MAX)).await?;
        let settled =
            |it: &&ledger::leads::Listed| matches!(it.state, LeadState::Done | LeadState::Skipped);
        Ok(i64::try_from(found.iter().filter(settled).count())?)
    }

    /// Walks the chain.
    pub(super) async fn audit(&self) -> anyhow::Result<Outcome> {
        Ok(self.ledger.read(|conn| ledger::audit::audit(conn, None)).await?)
    }

    /// Whether any record of Ploomes is there twice: an e-mail of a person, or a lead's deal.
    pub(super) fn doubles(&self) -> usize {
        let contacts = self.ploomes.contacts();
        let mut emails: Vec<&str> = contacts
            .iter()
            .filter(|it| it["TypeId"] == 2)
            .filter_map(|it| it["Email"].as_str())
            .collect();
        let all = emails.len();
        emails.sort_unstable();
        emails.dedup();
        all - emails.len()
    }

    /// Stops everything; the ledger is gone with the stage.
    pub(super) async fn close(self) {
        self.service.lifecycle.stop();
        self.service.lifecycle.stopped().await;
        self.ledger.close().await;
    }
}

fn config(ledger: &Path) -> anyhow::Result<Config> {
    let text = CONFIG
        .replace("{rate}", &PLOOMES_PER_MINUTE.to_string())
        .replace("{ledger}", &ledger.display().to_string())
        .replace("{site}", SITE_TOKEN)
        .replace("{event}", EVENT_TOKEN);
    let loaded = config::parse("the demo's configuration", &text)
        .map_err(|problems| anyhow::anyhow!("{problems}"))?;
    Ok(loaded.config)
}
