//! Two accounts, an engine between them, and people who change things by hand.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::{
    cli::compose::{self, World},
    clock::Clock,
    config,
    domain::{AutomationId, LeadId},
    engine::{
        Engine, Lifecycle,
        drift::{Finding, Scope},
        jobs::kind::{POLL, RECONCILE},
    },
    ledger::{
        Ledger, drift,
        drift::Kind,
        lead::{self, Lead},
        open::{Opener, Options},
        run::RunId,
    },
    planner::StepKind,
    simulator::{
        activecampaign::{ActiveCampaign, NewAutomation, NewContact, Switches},
        ploomes::{self, Ploomes, standard::Custom},
    },
};

/// Tuesday, 9 June 2026, 12:00 UTC.
pub(super) const START: i64 = 1_781_006_400;

const CONFIG: &str = r#"
[activecampaign]
url = "http://127.0.0.1:9"
api_key = "invented"
[ploomes]
url = "http://127.0.0.1:9"
user_key = "invented"
settle = "30s"
{lead_key_field}
[ledger]
path = "/nowhere/ponte.db"
[reconcile]
drift = "{drift}"
max_repairs = 10
[[route]]
name = "site"
webhook_token = "invented-token-of-the-site"
automation = 1
since = "2026-01-01"
expect_within = "1m"
create = "company-person-deal"
pipeline = "Vendas"
stage = "Lead novo"
skip_if_open_deal = false
owner = "ana@example.com"
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
from = "first_name"
to = "person.{custom}"
[[route.map]]
from = "company"
to = "company.Name"
[[route.map]]
template = "{{ full_name }} - site"
to = "deal.Title"
"#;

/// How a bench is set up.
pub(super) struct Setup {
    pub(super) drift: &'static str,
    pub(super) lead_key_field: bool,
}

/// Two accounts and the engine.
pub(super) struct Bench {
    pub(super) clock: Clock,
    pub(super) activecampaign: ActiveCampaign,
    pub(super) ploomes: Arc<Ploomes>,
    pub(super) engine: Engine,
    pub(super) ledger: Ledger,
    pub(super) lifecycle: Lifecycle,
}

impl Bench {
    /// With drift reported.
    pub(super) async fn reporting() -> Self {
        Self::with(Setup { drift: "report", lead_key_field: false }).await
    }

    /// With drift repaired.
    pub(super) async fn repairing() -> Self {
        Self::with(Setup { drift: "repair", lead_key_field: false }).await
    }

    pub(super) async fn with(setup: Setup) -> Self {
        let clock = Clock::simulated(DateTime::from_timestamp(START, 0).unwrap());
        let activecampaign = ActiveCampaign::new(clock.clone(), 7, "invented", Switches::default());
        activecampaign.add_automation(NewAutomation::new("Site", Vec::new()).multientry());
        let switches = ploomes::Switches::default();
        let ploomes = Arc::new(Ploomes::new(clock.clone(), 7, "invented", switches));
        let ledger = Options::memory(7, clock.clone()).open(Opener::Command).unwrap();
        let key = format!("lead_key_field = \"{}\"", Custom::LeadKey.of_deals());
        let text = CONFIG
            .replace("{drift}", setup.drift)
            .replace("{lead_key_field}", if setup.lead_key_field { &key } else { "" })
            .replace("{custom}", &Custom::Text.of_contacts());
        let config = config::parse("the configuration of a test", &text).unwrap().config;
        let world = World::InProcess {
            activecampaign: Arc::new(activecampaign.clone()),
            ploomes: ploomes.clone(),
            tick: crate::engine::wake::FALLBACK_TICK,
        };
        let engine = compose::engine(
            &config,
            ledger.clone(),
            clock.clone(),
            world,
            7,
            crate::engine::Role::Works,
        )
        .await
        .unwrap();
        let lifecycle = Lifecycle::new();
        engine.start(&lifecycle);
        Self { clock, activecampaign, ploomes, engine, ledger, lifecycle }
    }

    /// So many contacts of companies of their own entered before, and are brought in.
    pub(super) async fn bring(&self, contacts: usize) -> Vec<Lead> {
        for number in 0..contacts {
            let new = NewContact {
                orgname: format!("Padaria {number}"),
                ..NewContact::new(&format!("p{number}@example.com"))
                    .named(&format!("Pessoa {number}"), "Lima")
                    .phone(&format!("(11) 3{number:03}-4567"))
            };
            let contact = self.activecampaign.create_contact(new).unwrap();
            let at = self.clock.now() - TimeDelta::hours(1);
            self.activecampaign.enroll_at(contact, AutomationId(1), at).unwrap();
        }
        self.settle().await;
        let leads = self.leads().await;
        assert_eq!(leads.len(), contacts);
        assert!(leads.iter().all(|it| it.state.as_str() == "done" && it.deal.is_some()));
        leads
    }

    /// Polls, waits until everything is written, and until all of it has long been visible.
    pub(super) async fn settle(&self) {
        self.engine.perform(POLL, &json!({})).await.unwrap();
        self.engine.drained().await.unwrap();
        tokio::time::sleep(std::time::Duration::from_mins(1)).await;
    }

    /// All leads, oldest first.
    pub(super) async fn leads(&self) -> Vec<Lead> {
        self.ledger
            .read(|conn| {
                let ids = 1..=100_000;
                let leads = ids.map_while(|id| lead::get(conn, LeadId(id)).transpose());
                leads.collect()
            })
            .await
            .unwrap()
    }

    /// One reconciliation that repairs what is missing; its detail.
    pub(super) async fn reconcile(&self) -> Value {
        self.reconcile_with(json!({})).await
    }

    /// One reconciliation with these arguments; in mode repair unless they say otherwise.
    pub(super) async fn reconcile_with(&self, mut arguments: Value) -> Value {
        if arguments["mode"].is_null() {
            arguments["mode"] = json!("repair");
        }
        let answer = self.engine.perform(RECONCILE, &arguments).await.unwrap();
        let run = RunId(answer["run"].as_str().unwrap().parse().unwrap());
        let detail = self.ledger.read(move |conn| drift::detail(conn, run)).await.unwrap();
        serde_json::from_str(&detail.unwrap()).unwrap()
    }

    /// What one reconciliation finds, in order.
    pub(super) async fn drift(&self) -> Vec<Finding> {
        found(&self.reconcile().await)
    }

    /// What a run that only reports looks at.
    pub(super) fn scope(&self) -> Scope {
        let started = self.clock.now();
        let since = started - TimeDelta::days(30);
        Scope { run: RunId(1), started, route: None, since, repair: false, all: false }
    }

    /// Whether the last reconciliation read everything.
    pub(super) async fn is_complete(&self) -> bool {
        let unfinished = self.ledger.read(crate::ledger::sweep::unfinished).await.unwrap();
        unfinished.is_none()
    }
}

/// The drift in a run's detail.
pub(super) fn found(detail: &Value) -> Vec<Finding> {
    serde_json::from_value(detail["drift"].clone()).unwrap()
}

/// A finding.
pub(super) fn finding(lead: &Lead, record: StepKind, kind: Kind) -> Finding {
    let id = match record {
        StepKind::Company => lead.company,
        StepKind::Person => lead.person,
        StepKind::Deal => lead.deal,
        StepKind::Note => None,
    };
    Finding { lead: Some(lead.key.clone()), record, id: id.unwrap(), kind }
}

/// Findings in their order.
pub(super) fn in_order(mut findings: Vec<Finding>) -> Vec<Finding> {
    findings.sort_by_key(|it| (it.kind, it.record, it.id));
    findings
}

/// `CreatorId` and all else of what our key makes behind the ledger's back.
pub(super) fn ours(body: Value) -> Value {
    let mut body = body;
    body["CreatorId"] = json!(ploomes::standard::ME);
    body
}

/// The present, for a record that is made in the past.
pub(super) fn written(at: DateTime<Utc>) -> Value {
    json!(at.to_rfc3339())
}
