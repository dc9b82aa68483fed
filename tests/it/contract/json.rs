//! The JSON that others read: every key of the contract's own examples, with its type.

use std::time::Duration;

use chrono::TimeDelta;
use ponte::{domain::AutomationId, simulator::activecampaign::NewContact};
use serde_json::{Value, json};

use crate::support::{Accounts, Ponte, Route, Running, Served, Settings, of_company, until};

const PATIENCE: Duration = Duration::from_mins(1);

/// `actual` has every key of `sample`, each of the same type; a null in the sample says nothing of
/// the type, and each element of a list is like the sample's first.
#[track_caller]
pub fn conforms(place: &str, sample: &Value, actual: &Value) {
    match (sample, actual) {
        (Value::Null, _)
        | (Value::Number(_), Value::Number(_))
        | (Value::String(_), Value::String(_))
        | (Value::Bool(_), Value::Bool(_)) => {}
        (Value::Object(sample), Value::Object(actual)) => {
            for (key, sample) in sample {
                let place = format!("{place}.{key}");
                let actual = actual.get(key).unwrap_or_else(|| panic!("{place} is missing"));
                conforms(&place, sample, actual);
            }
        }
        (Value::Array(sample), Value::Array(actual)) => {
            let Some(first) = sample.first() else { return };
            assert!(!actual.is_empty(), "{place} is empty");
            for (at, actual) in actual.iter().enumerate() {
                conforms(&format!("{place}[{at}]"), first, actual);
            }
        }
        _ => panic!("{place} is {actual}, expected something like {sample}"),
    }
}

/// A service that ran: one lead by webhook, one found by a poll, and one that a reconciliation
/// finds, which also finds a deal that somebody deleted.
struct Scene {
    ponte: Ponte,
    running: Running,
    settings: Settings,
    served: Served,
    missed: Value,
    repaired: Value,
}

impl Scene {
    async fn new() -> Self {
        let accounts = Accounts::new(40);
        let automation = accounts.automation_of("site");
        let served = accounts.serve().await;
        let settings = settings(automation, "{{ full_name }}");
        let ponte = Ponte::new(&settings, &served);
        let running = ponte.run().await;
        accounts.enter(somebody("by.webhook@example.com"), automation);
        assert_eq!(running.send_webhooks(&accounts).await, 1);
        settled(&ponte, 1).await;
        let deal = accounts.ploomes.deals()[0]["Id"].as_i64().unwrap();
        // From here on, no webhook is sent.
        enter(&accounts, automation, "by.poll@example.com");
        ponte.json(&["poll", "--json"]).await;
        settled(&ponte, 2).await;
        accounts.ploomes.delete_deal(deal).unwrap();
        enter(&accounts, automation, "by.reconcile@example.com");
        let report = ["reconcile", "--mode", "report", "--format", "json"];
        let missed = ponte.command(&report).await;
        assert_eq!(missed.status, 1, "{missed:?}");
        let repaired = ponte.json(&["reconcile", "--format", "json"]).await;
        settled(&ponte, 3).await;
        Self { ponte, running, settings, served, missed: missed.json(), repaired }
    }
}

fn settings(automation: AutomationId, title: &str) -> Settings {
    let route = Route::new("site", "company-person-deal", automation)
        .with("since = \"2020-01-01\"")
        .with("skip_if_open_deal = false")
        .from("full_name", "person.Name")
        .from("email", "person.Email")
        .from("company", "company.Name")
        .template(title, "deal.Title");
    Settings::new([route])
}

fn somebody(email: &str) -> NewContact {
    of_company(NewContact::new(email).named("Ana", "Lima"), "Padaria")
}

/// Somebody who entered two hours ago, so that no webhook is waited for.
fn enter(accounts: &Accounts, automation: AutomationId, email: &str) {
    let contact = accounts.activecampaign.create_contact(somebody(email)).unwrap();
    let entered = accounts.clock.now() - TimeDelta::hours(2);
    accounts.activecampaign.enroll_at(contact, automation, entered).unwrap();
}

async fn settled(ponte: &Ponte, done: u64) {
    until("the leads are done", PATIENCE, async || {
        let status = ponte.json(&["status", "--json"]).await;
        (status["leads"]["done"] == done).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_document_has_the_keys_of_the_contract() {
    let scene = Scene::new().await;
    let ponte = &scene.ponte;
    conforms("status", &status(), &ponte.json(&["status", "--json"]).await);
    conforms("reconcile", &reconcile(), &scene.missed);
    conforms("report", &reconcile(), &ponte.json(&["report", "--format", "json"]).await);
    let first = scene.missed["run"].as_str().unwrap();
    assert_eq!(ponte.json(&["report", first, "--json"]).await["run"], first);
    assert_eq!(scene.missed["missed"][0]["recovered_at"], Value::Null);
    conforms(
        "recovered",
        &json!([{"email": "…", "recovered_at": "…", "deal": 1}]),
        &scene.repaired["missed"],
    );

    let told = ponte.json(&["explain", "by.webhook@example.com", "--json"]).await;
    conforms("explain", &explain(), &told);
    assert_eq!(told["leads"][0]["found_by"], "webhook");
    let leads = ponte.json(&["leads", "--json"]).await;
    conforms("leads", &leads_sample(), &leads);
    let found_by = ["webhook", "poll", "reconcile"];
    assert!(
        found_by.iter().all(|by| leads.as_array().unwrap().iter().any(|it| it["found_by"] == *by))
    );

    let audit = json!({"ok": true, "balance": 0, "chain": {"length": 1, "broken_at": null}});
    conforms("audit", &audit, &ponte.json(&["audit", "--json"]).await);
    let check = json!({"ok": true, "problems": []});
    conforms("check", &check, &ponte.json(&["check", "--online", "--json"]).await);
    ponte.json(&["fields", "activecampaign", "--json"]).await;
    ponte.json(&["fields", "ploomes", "--json"]).await;
    for command in ["pause", "resume"] {
        assert_eq!(ponte.command(&[command, "--route", "site"]).await.status, 0, "{command}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_and_a_problem_have_the_keys_of_the_contract() {
    let Scene { ponte, running, settings, served: way, .. } = Scene::new().await;
    drop(running);
    let text = settings.toml(way.activecampaign, way.ploomes, &ponte.ledger());
    let other = text.replace("{{ full_name }}", "{{ full_name }} - site");
    ponte.configure(&other);
    let shown = ponte.json(&["replay", "--since", "2020-01-01", "--json"]).await;
    let changes =
        json!([{"record": "deal", "id": 1, "field": "Title", "before": "…", "after": "…"}]);
    let sample = json!({"since": "…", "until": "…", "applied": false,
                        "leads": [{"lead": "…", "contact": 1}]});
    conforms("replay", &sample, &shown);
    let leads = shown["leads"].as_array().unwrap();
    let lead = leads.iter().find(|it| it["changes"] != json!([])).unwrap();
    conforms("replay.leads[].changes", &changes, &lead["changes"]);

    ponte.configure(&text.replace("\"Vendas\"", "\"Compras\""));
    let ended = ponte.command(&["check", "--online", "--json"]).await;
    assert_eq!(ended.status, 1, "{ended:?}");
    let problem = json!({"ok": false, "problems": [{"key": "…", "message": "…", "hint": null}]});
    conforms("check", &problem, &ended.json());
}

fn status() -> Value {
    json!({
        "deliveries": {"accepted": 0, "applied": 0, "merged": 0, "ignored": 0, "quarantined": 0, "pending": 0},
        "leads": {"total": 0, "pending": 0, "in_doubt": 0, "done": 0, "skipped": 0, "failed": 0, "erased": 0},
        "balance": 0,
        "missed": {"found": 0, "recovered": 0, "late": 0},
        "lanes": {"fresh": 0, "update": 0, "repair": 0, "backfill": 0},
        "quota": {"activecampaign": {"limit": 4}, "ploomes": {"limit": 100, "used_last_60s": 0}},
        "last_poll": null, "last_reconcile": null,
    })
}

fn reconcile() -> Value {
    json!({
        "run": "…", "outcome": "complete", "mode": "repair", "started": "…", "finished": "…",
        "routes": [{"route": "site", "expected": 0, "received": 0, "without_webhook": 0, "waiting": 0,
                    "missed": 0, "recovered": 0, "stale": 0, "excluded": 0, "failed": 0, "gone": 0}],
        "missed": [{"route": "site", "contact": 1, "email": "…", "enrollment": 1, "enrolled_at": "…",
                    "found_at": "…", "recovered_at": null, "lead": "…", "deal": null}],
        "found_by_poll": [],
        "drift": [{"lead": "…", "record": "deal", "id": 1, "kind": "deleted"}],
        "witness": [{"route": "site", "automation_entered": 0, "enrollments_read": 0}],
    })
}

fn explain() -> Value {
    json!({
        "contact": 1, "email": "…",
        "deliveries": [{"receipt": "…", "route": "site", "received_at": "…", "fate": "applied", "lead": "…"}],
        "leads": [{"lead": "…", "route": "site", "enrollment": 1, "found_by": "webhook", "state": "done",
                   "company": null, "person": 1, "deal": 1,
                   "steps": [{"step": "person", "action": "create", "reason": "…", "request": {},
                              "status": 200, "id": 1, "at": "…"}]}],
    })
}

fn leads_sample() -> Value {
    json!([{"lead": "…", "route": "site", "contact": 1, "enrollment": 1, "state": "done",
            "found_by": "webhook", "company": null, "person": 1, "deal": 1, "updated_at": "…"}])
}
