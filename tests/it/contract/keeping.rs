//! `export`, `erase`, `backup` and `restore`: what they answer, and with which status.

use std::{fs, time::Duration};

use ponte::simulator::activecampaign::NewContact;
use serde_json::{Value, json};

use super::json::conforms;
use crate::support::{Accounts, Ponte, Route, Settings, until};

const PATIENCE: Duration = Duration::from_mins(1);

#[tokio::test(flavor = "multi_thread")]
async fn a_person_is_exported_and_erased_and_a_ledger_is_copied_and_put_back() {
    let accounts = Accounts::new(43);
    let automation = accounts.automation_of("site");
    let served = accounts.serve().await;
    let settings = Settings::new([Route::new("site", "person-deal", automation)]);
    let ponte = Ponte::new(&settings, &served);
    let running = ponte.run().await;
    accounts.enter(NewContact::new("ana@example.com").named("Ana", "Lima"), automation);
    assert_eq!(running.send_webhooks(&accounts).await, 1);
    until("the lead is done", PATIENCE, async || {
        (ponte.json(&["status", "--json"]).await["leads"]["done"] == 1).then_some(())
    })
    .await;
    let home = ponte.config().parent().unwrap().to_owned();
    let (copy, file) = (home.join("copy.db"), home.join("ana.json"));
    let (copy, file) = (copy.to_str().unwrap(), file.to_str().unwrap());

    // With `run` up.
    let exported = json!({
        "contact": 1, "email": "…", "deliveries": [{"receipt": "…", "body": "…"}],
        "leads": [{"lead": "…", "route": "site", "steps": []}], "history": [{}],
    });
    conforms("export", &exported, &ponte.json(&["export", "ana@example.com"]).await);
    assert_eq!(ponte.command(&["export", "1", "--output", file]).await.status, 0);
    conforms("export", &exported, &serde_json::from_slice(&fs::read(file).unwrap()).unwrap());
    assert_eq!(ponte.command(&["export", "nobody@example.com"]).await.status, 1);
    assert_eq!(ponte.command(&["backup", copy]).await.status, 0);
    let head = ponte.json(&["backup", copy, "--json"]).await["head"].as_str().unwrap().to_owned();
    let refused = ponte.command(&["restore", copy, "--yes"]).await;
    assert_eq!(refused.status, 1, "a ledger in use is not replaced: {refused:?}");
    // Without a terminal nobody can be asked.
    assert_eq!(ponte.command(&["erase", "1"]).await.status, 2);
    assert_eq!(ponte.command(&["erase", "1", "--yes"]).await.status, 0);
    assert_eq!(ponte.json(&["explain", "1", "--json"]).await["email"], Value::Null);
    assert_eq!(ponte.json(&["status", "--json"]).await["leads"]["erased"], 1);
    assert_eq!(running.process.terminate().await.status, 0);

    // Without.
    assert_eq!(ponte.command(&["restore", copy]).await.status, 2);
    let ended = ponte.command(&["restore", copy, "--yes"]).await;
    assert_eq!(ended.status, 0, "{ended:?}");
    let audit = ponte.json(&["audit", "--head", &head, "--json"]).await;
    assert_eq!((&audit["ok"], &audit["balance"]), (&json!(true), &json!(0)));
    // Who was erased stays so, in yesterday's ledger as well.
    assert_eq!(ponte.json(&["explain", "1", "--json"]).await["email"], Value::Null);
    assert_eq!(ponte.command(&["erase", "--lift", "1", "--yes"]).await.status, 0);
    assert_eq!(ponte.command(&["erase", "--lift", "1"]).await.status, 1, "nobody is left");
    assert_eq!(ponte.command(&["restore", file, "--yes"]).await.status, 1, "no copy of a ledger");
    assert_eq!(ponte.command(&["restore", "none.db", "--yes"]).await.status, 1);
}
