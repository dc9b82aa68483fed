//! Every command with `--json`, on the real binary: what it prints, and how it ends.
//!
//! Each is asked twice: while `run` holds the ledger, and without it.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::{collections::BTreeSet, time::Duration};

use chrono::DateTime;
use ponte::{
    domain::{AutomationId, ContactId, FieldId},
    simulator::activecampaign::{ContactChange, NewContact, NewField},
};
use serde_json::{Value, json};

use crate::support::{Accounts, Ponte, Route, Running, Served, Settings, of_company, until};

const PATIENCE: Duration = Duration::from_secs(30);

/// Two accounts, and `ponte` configured for them.
struct Scene {
    accounts: Accounts,
    automation: AutomationId,
    ponte: Ponte,
    _served: Served,
}

impl Scene {
    async fn new(expect_within: &str) -> Self {
        let accounts = Accounts::new(1);
        accounts.activecampaign.add_field(NewField::new("CPF", "text"));
        let automation = accounts.automation_of("site");
        let route = Route::new("site", "company-person-deal", automation)
            .with(&format!("expect_within = \"{expect_within}\""))
            .with("skip_if_open_deal = false")
            .from("full_name", "person.Name")
            .from("email", "person.Email")
            .required("field.CPF", "person.CPF")
            .from("company", "company.Name")
            .template("{{ full_name or email }}", "deal.Title");
        let settings = Settings { attempts: 1, ..Settings::new([route]) };
        let served = accounts.serve().await;
        let ponte = Ponte::new(&settings, &served);
        Self { accounts, automation, ponte, _served: served }
    }

    fn enter(&self, email: &str, cpf: bool) -> ContactId {
        let new = NewContact::new(email).named("Maria", "D'Ávila");
        let mut new = of_company(new, "Padaria \"São João\"");
        if cpf {
            new = new.field(FieldId(1), "529.982.247-25");
        }
        self.accounts.enter(new, self.automation)
    }

    /// Waits until everything that came is done or failed.
    async fn settled(&self) -> Value {
        until("the leads are settled", PATIENCE, async || {
            let status = self.ponte.json(&["status", "--json"]).await;
            let open = ["/leads/pending", "/leads/in_doubt", "/deliveries/pending", "/lanes/fresh"];
            let nothing_is = open.iter().all(|it| status.pointer(it).unwrap() == 0);
            nothing_is.then_some(status)
        })
        .await
    }

    /// `run`, with one lead done and one failed.
    async fn with_leads(&self) -> (Running, [ContactId; 2]) {
        let running = self.ponte.run().await;
        let done = self.enter("maria+site@example.com", true);
        let failed = self.enter("o'brien@example.com", false);
        assert_eq!(running.send_webhooks(&self.accounts).await, 2);
        self.settled().await;
        (running, [done, failed])
    }
}

fn keys(value: &Value) -> BTreeSet<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

/// `value` has at least these keys: more may be added.
fn has(value: &Value, expected: &[&str]) {
    let missing: Vec<_> = expected.iter().filter(|it| !keys(value).contains(**it)).collect();
    assert!(missing.is_empty(), "{missing:?} of {value:#}");
}

/// A time is RFC 3339 at the offset of the configured zone, São Paulo.
fn is_local_time(value: &Value) {
    let text = value.as_str().unwrap_or_else(|| panic!("a time: {value}"));
    DateTime::parse_from_rfc3339(text).unwrap();
    assert!(text.ends_with("-03:00"), "{text}");
}

/// What looks at the ledger says the same with and without `run`.
#[tokio::test(flavor = "multi_thread")]
async fn what_only_looks_says_the_same_with_and_without_run() {
    let scene = Scene::new("1s").await;
    let (running, [done, failed]) = scene.with_leads().await;
    let looks = async || {
        let ponte = &scene.ponte;
        let done = done.to_string();
        [
            ponte.json(&["leads", "--json"]).await,
            ponte.json(&["explain", &done, "--json"]).await,
            ponte.json(&["audit", "--json"]).await,
        ]
    };
    let with_run = looks().await;
    assert_eq!(running.process.terminate().await.status, 0);
    let without = looks().await;
    assert_eq!(with_run, without);
    let [leads, explain, audit] = &without;
    leads_shape(leads, [done, failed]);
    explain_shape(explain, done, &scene.accounts);
    has(audit, &["ok", "balance", "chain"]);
    assert_eq!((&audit["ok"], &audit["balance"]), (&json!(true), &json!(0)));
    assert!(audit["chain"]["length"].as_u64().unwrap() > 5);
    assert_eq!(audit["chain"]["broken_at"], json!(null));
}

fn leads_shape(leads: &Value, [done, failed]: [ContactId; 2]) {
    let leads = leads.as_array().unwrap();
    assert_eq!(leads.len(), 2);
    for lead in leads {
        has(
            lead,
            &[
                "lead",
                "route",
                "contact",
                "enrollment",
                "state",
                "found_by",
                "company",
                "person",
                "deal",
                "updated_at",
            ],
        );
        assert_eq!((&lead["route"], &lead["found_by"]), (&json!("site"), &json!("webhook")));
        is_local_time(&lead["updated_at"]);
    }
    let of = |contact: ContactId| leads.iter().find(|it| it["contact"] == contact.0).unwrap();
    let lead = of(done);
    assert_eq!(lead["state"], "done");
    assert!(["company", "person", "deal"].iter().all(|it| lead[it].is_i64()), "{lead}");
    let lead = of(failed);
    assert_eq!((&lead["state"], &lead["deal"]), (&json!("failed"), &json!(null)));
}

fn explain_shape(explain: &Value, contact: ContactId, accounts: &Accounts) {
    has(explain, &["contact", "email", "deliveries", "leads"]);
    assert_eq!(
        (&explain["contact"], &explain["email"]),
        (&json!(contact.0), &json!("maria+site@example.com"))
    );
    let [delivery] = explain["deliveries"].as_array().unwrap().as_slice() else {
        panic!("{explain:#}")
    };
    has(delivery, &["receipt", "route", "received_at", "fate", "lead"]);
    assert!(delivery["receipt"].is_string());
    assert_eq!((&delivery["fate"], &delivery["route"]), (&json!("applied"), &json!("site")));
    is_local_time(&delivery["received_at"]);
    let [lead] = explain["leads"].as_array().unwrap().as_slice() else { panic!("{explain:#}") };
    has(
        lead,
        &["lead", "route", "enrollment", "found_by", "state", "company", "person", "deal", "steps"],
    );
    assert_eq!(delivery["lead"], lead["lead"]);
    let steps = lead["steps"].as_array().unwrap();
    let told: Vec<_> = steps.iter().map(|it| (&it["step"], &it["action"])).collect();
    let wanted = ["company", "person", "deal"].map(|it| (json!(it), json!("create")));
    assert_eq!(told, wanted.iter().map(|(step, action)| (step, action)).collect::<Vec<_>>());
    for step in steps {
        has(step, &["step", "action", "reason", "request", "status", "id", "at"]);
        assert!(!step["reason"].as_str().unwrap().is_empty());
        assert_eq!(step["status"], 200);
        is_local_time(&step["at"]);
    }
    let person = accounts.person("maria+site@example.com");
    assert_eq!((&steps[1]["id"], &lead["person"]), (&person["Id"], &person["Id"]));
    assert_eq!(steps[1]["request"]["Name"], "Maria D'Ávila");
}

#[tokio::test(flavor = "multi_thread")]
async fn status_has_the_shape_of_the_contract_and_adds_up() {
    // However slow this machine is, no webhook is late.
    let scene = Scene::new("15m").await;
    // Before anything ever ran.
    let status = scene.ponte.json(&["status", "--json"]).await;
    assert_eq!((&status["balance"], &status["last_poll"]), (&json!(0), &json!(null)));
    let (running, _) = scene.with_leads().await;
    let status = scene.ponte.json(&["status", "--json"]).await;

    has(
        &status,
        &[
            "deliveries",
            "leads",
            "balance",
            "missed",
            "lanes",
            "quota",
            "last_poll",
            "last_reconcile",
        ],
    );
    assert_eq!(
        status["deliveries"],
        json!({ "accepted": 2, "applied": 2, "merged": 0, "ignored": 0, "quarantined": 0, "pending": 0 })
    );
    assert_eq!(
        status["leads"],
        json!({
            "total": 2, "pending": 0, "in_doubt": 0, "done": 1, "skipped": 0, "failed": 1, "erased": 0
        })
    );
    assert_eq!(status["balance"], 0);
    assert_eq!(status["missed"], json!({ "found": 0, "recovered": 0, "late": 0 }));
    assert_eq!(keys(&status["lanes"]), BTreeSet::from(["fresh", "update", "repair", "backfill"]));
    assert_eq!(status["quota"]["activecampaign"]["limit"], 1000);
    assert_eq!(status["quota"]["ploomes"]["limit"], 60_000);
    assert_eq!(status["quota"]["ploomes"]["used_last_60s"], scene.accounts.calls());
    // `run` polls at its start.
    let poll = &status["last_poll"];
    assert_eq!(poll["outcome"], "complete");
    is_local_time(&poll["started"]);
    assert_eq!(running.process.terminate().await.status, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn explain_takes_an_id_and_an_e_mail_in_any_case_and_fails_for_nobody() {
    let scene = Scene::new("1s").await;
    let (running, [done, _]) = scene.with_leads().await;
    let by_id = scene.ponte.json(&["explain", &done.to_string(), "--json"]).await;
    let by_email = scene.ponte.json(&["explain", "Maria+SITE@example.com", "--json"]).await;
    assert_eq!(by_id, by_email);
    for (nobody, status) in [("nobody@example.com", 1), ("999", 1), ("not a contact", 2)] {
        let ended = scene.ponte.command(&["explain", nobody, "--json"]).await;
        assert_eq!((ended.status, ended.out.as_str()), (status, ""), "{nobody}: {ended:?}");
    }
    let text = scene.ponte.command(&["explain", &done.to_string()]).await;
    assert!(text.out.contains("maria+site@example.com"), "{text:?}");
    drop(running);
}

#[tokio::test(flavor = "multi_thread")]
async fn leads_are_filtered_by_state_and_route() {
    let scene = Scene::new("1s").await;
    let (_running, [done, failed]) = scene.with_leads().await;
    let contacts = async |arguments: &[&str]| {
        let mut all = vec!["leads", "--json"];
        all.extend(arguments);
        let leads = scene.ponte.json(&all).await;
        let contacts = leads.as_array().unwrap().iter().map(|it| it["contact"].as_i64().unwrap());
        contacts.collect::<BTreeSet<_>>()
    };
    assert_eq!(contacts(&["--state", "done"]).await, BTreeSet::from([done.0]));
    assert_eq!(contacts(&["--state", "failed"]).await, BTreeSet::from([failed.0]));
    assert_eq!(contacts(&["--route", "site"]).await, BTreeSet::from([done.0, failed.0]));
    assert_eq!(contacts(&["--state", "in_doubt"]).await, BTreeSet::new());
    assert_eq!(scene.ponte.command(&["leads", "--state", "lost"]).await.status, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn plan_says_what_would_be_done_and_does_nothing() {
    let scene = Scene::new("15m").await;
    let contact = scene.enter("maria@example.com", true).to_string();
    for with_run in [false, true] {
        let running = if with_run { Some(scene.ponte.run().await) } else { None };
        let plan = scene.ponte.json(&["plan", &contact, "--json"]).await;
        let by_email = ["plan", "maria@example.com", "--route", "site", "--json"];
        assert_eq!(scene.ponte.json(&by_email).await, plan);
        let text = plan.to_string();
        assert!(
            text.contains("company") && text.contains("person") && text.contains("deal"),
            "{text}"
        );
        assert_eq!(scene.ponte.command(&["plan", &contact, "--route", "none"]).await.status, 2);
        let nobody = scene.ponte.command(&["plan", "nobody@example.com", "--json"]).await;
        assert_eq!(nobody.status, 1, "{nobody:?}");
        assert_eq!(scene.accounts.ploomes.writes(), 0);
        if let Some(running) = running {
            assert_eq!(running.process.terminate().await.status, 0);
        }
    }
    assert_eq!(scene.ponte.json(&["status", "--json"]).await["leads"]["total"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn fields_lists_what_a_map_can_name() {
    let scene = Scene::new("1s").await;
    for with_run in [false, true] {
        let _running = if with_run { Some(scene.ponte.run().await) } else { None };
        let from = scene.ponte.json(&["fields", "activecampaign", "--json"]).await.to_string();
        for name in ["full_name", "email", "field.CPF"] {
            assert!(from.contains(&format!("\"{name}\"")), "{name}: {from}");
        }
        let to = scene.ponte.json(&["fields", "ploomes", "--json"]).await.to_string();
        for name in ["person.Name", "company.CNPJ", "deal.Title", "person.contact_00000000"] {
            assert!(to.contains(&format!("\"{name}")), "{name}: {to}");
        }
        let text = scene.ponte.command(&["fields", "ploomes"]).await;
        assert!(text.out.contains("deal.Title"), "{text:?}");
    }
    assert_eq!(scene.ponte.command(&["fields", "elsewhere"]).await.status, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn poll_without_run_brings_in_what_it_finds() {
    let scene = Scene::new("1s").await;
    // The route's first start: what enters from then on belongs to it.
    scene.ponte.json(&["poll", "--json"]).await;
    let contact = scene.enter("maria@example.com", true);
    scene.accounts.activecampaign.take_due();
    let found = until("a poll finds the lead", PATIENCE, async || {
        let poll = scene.ponte.json(&["poll", "--json"]).await;
        assert_eq!(poll["outcome"], "complete");
        (poll["routes"][0]["without_lead"] == 1).then_some(poll)
    })
    .await;
    assert_eq!(found["routes"][0]["route"], "site");
    let leads = scene.ponte.json(&["leads", "--json"]).await;
    assert_eq!((&leads[0]["state"], &leads[0]["found_by"]), (&json!("done"), &json!("poll")));
    assert_eq!(leads[0]["contact"], contact.0);
    let missed = scene.ponte.json(&["status", "--json"]).await["missed"].clone();
    assert_eq!(missed, json!({ "found": 1, "recovered": 1, "late": 0 }));
    assert_eq!(scene.accounts.ploomes.deals().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn poll_hands_its_work_to_run() {
    let scene = Scene::new("1s").await;
    let running = scene.ponte.run().await;
    scene.enter("maria@example.com", true);
    scene.accounts.activecampaign.take_due();
    until("a poll finds the lead", PATIENCE, async || {
        scene.ponte.json(&["poll", "--json"]).await;
        (scene.accounts.ploomes.deals().len() == 1).then_some(())
    })
    .await;
    let status = scene.settled().await;
    assert_eq!(status["missed"]["found"], 1);
    assert_eq!(running.process.terminate().await.status, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_poll_that_cannot_read_everything_is_partial() {
    let scene = Scene::new("1s").await;
    scene.ponte.json(&["poll", "--json"]).await;
    scene.accounts.activecampaign.switch(|it| it.throttle.per_second = Some(0));
    let ended = scene.ponte.command(&["poll", "--json"]).await;
    assert_eq!(ended.status, 3, "{ended:?}");
    assert_eq!(ended.json()["outcome"], "partial");
    let status = scene.ponte.json(&["status", "--json"]).await;
    assert_eq!(status["last_poll"]["outcome"], "partial");
}

#[tokio::test(flavor = "multi_thread")]
async fn pause_keeps_everything_and_writes_nothing_until_resume() {
    let scene = Scene::new("1s").await;
    let running = scene.ponte.run().await;
    assert_eq!(scene.ponte.json(&["pause", "--json"]).await, json!({ "paused": ["site"] }));
    scene.enter("maria@example.com", true);
    running.send_webhooks(&scene.accounts).await;
    let status = until("the lead is made", PATIENCE, async || {
        let status = scene.ponte.json(&["status", "--json"]).await;
        (status["leads"]["pending"] == 1).then_some(status)
    })
    .await;
    assert_eq!(
        (&status["deliveries"]["applied"], &status["lanes"]["fresh"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(status["paused"], json!(["site"]));
    assert_eq!(scene.accounts.ploomes.writes(), 0);

    // A pause outlives the process.
    assert_eq!(running.process.terminate().await.status, 0);
    let running = scene.ponte.run().await;
    assert_eq!(scene.ponte.json(&["status", "--json"]).await["leads"]["pending"], 1);
    let resumed = scene.ponte.json(&["resume", "--route", "site", "--json"]).await;
    assert_eq!(resumed, json!({ "resumed": ["site"] }));
    assert_eq!(scene.settled().await["leads"]["done"], 1);
    assert_eq!(scene.ponte.command(&["pause", "--route", "none"]).await.status, 2);
    drop(running);
}

#[tokio::test(flavor = "multi_thread")]
async fn retry_puts_failed_leads_back() {
    let scene = Scene::new("1s").await;
    let (running, [_, failed]) = scene.with_leads().await;
    let leads = scene.ponte.json(&["leads", "--state", "failed", "--json"]).await;
    let key = leads[0]["lead"].as_str().unwrap().to_owned();
    let change = ContactChange { last_name: Some("Outra".to_owned()), ..ContactChange::default() };
    scene.accounts.activecampaign.update_contact(failed, change).unwrap();

    let retried = scene.ponte.json(&["retry", &key, "--json"]).await;
    assert_eq!(retried, json!({ "leads": [key] }));
    assert_eq!(scene.settled().await["leads"]["failed"], 1, "it still has no CPF");
    assert_eq!(scene.ponte.json(&["retry", "--failed", "--json"]).await, json!({ "leads": [key] }));
    scene.settled().await;
    assert_eq!(scene.ponte.command(&["retry", "site/999"]).await.status, 2);
    assert_eq!(scene.ponte.command(&["retry"]).await.status, 2);
    assert_eq!(scene.ponte.command(&["retry", "--failed", "--quarantined"]).await.status, 2);
    drop(running);
}

#[tokio::test(flavor = "multi_thread")]
async fn retry_looks_at_quarantined_deliveries_again() {
    let scene = Scene::new("1s").await;
    let running = scene.ponte.run().await;
    let new = NewContact::new("maria@example.com").field(FieldId(1), "529.982.247-25");
    let contact = scene.accounts.activecampaign.create_contact(new).unwrap();
    let body = format!("contact[id]={contact}&seriesid={}", scene.automation);
    assert_eq!(running.post("site", &body).await, 200);
    until("it is quarantined", PATIENCE, async || {
        let status = scene.ponte.json(&["status", "--json"]).await;
        (status["deliveries"]["quarantined"] == 1).then_some(())
    })
    .await;
    scene.accounts.activecampaign.enroll(contact, scene.automation).unwrap();
    let retried = scene.ponte.json(&["retry", "--quarantined", "--json"]).await;
    assert_eq!(retried, json!({ "deliveries": 1 }));
    let status = until("it is applied", PATIENCE, async || {
        let status = scene.settled().await;
        (status["leads"]["done"] == 1).then_some(status)
    })
    .await;
    assert_eq!(status["deliveries"]["quarantined"], 0);
    drop(running);
}

#[tokio::test(flavor = "multi_thread")]
async fn audit_proves_that_the_ledger_continues_a_head_and_finds_what_was_changed() {
    let scene = Scene::new("1s").await;
    let (running, _) = scene.with_leads().await;
    let status = scene.ponte.json(&["status", "--json"]).await;
    let head = status["head"].as_str().unwrap().to_owned();
    scene.enter("outra@example.com", true);
    running.send_webhooks(&scene.accounts).await;
    scene.settled().await;
    assert_eq!(running.process.terminate().await.status, 0);
    assert_eq!(scene.ponte.json(&["audit", "--head", &head, "--json"]).await["ok"], true);
    let elsewhere = "ab".repeat(32);
    let ended = scene.ponte.command(&["audit", "--head", &elsewhere, "--json"]).await;
    assert_eq!((ended.status, &ended.json()["ok"]), (1, &json!(false)), "{ended:?}");

    let ledger = rusqlite::Connection::open(scene.ponte.ledger()).unwrap();
    ledger
        .execute("UPDATE lead SET deal = deal + 7 WHERE contact = 1 AND deal IS NOT NULL", [])
        .unwrap();
    drop(ledger);
    let ended = scene.ponte.command(&["audit", "--json"]).await;
    assert_eq!((ended.status, &ended.json()["ok"]), (1, &json!(false)), "{ended:?}");
}
