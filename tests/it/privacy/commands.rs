//! `export` and `erase` beside a running service.

use std::{fs, os::unix::fs::PermissionsExt as _, time::Duration};

use ponte::{
    domain::FieldId,
    simulator::activecampaign::{NewContact, NewField},
};
use serde_json::Value;

use super::bytes::MARIA;
use crate::support::{Accounts, Ponte, Route, Settings, until};

#[tokio::test(flavor = "multi_thread")]
async fn a_person_is_exported_then_erased_then_unknown_while_the_service_runs() {
    let accounts = Accounts::new(1);
    let automation = accounts.automation_of("site");
    let route = Route::new("site", "person-deal", automation);
    let served = accounts.serve().await;
    let ponte = Ponte::new(&Settings::new([route]), &served);
    accounts.activecampaign.add_field(NewField::new("CPF", "text"));
    let maria = NewContact::new(MARIA.emails[0])
        .named("Márcia", "Aparecida Quaresma")
        .phone(MARIA.phone)
        .field(FieldId(1), MARIA.cpf);
    let running = ponte.run().await;
    accounts.enter(maria, automation);
    accounts.enter(NewContact::new("bruno@example.com").named("Bruno", "Reis"), automation);
    running.send_webhooks(&accounts).await;
    until("both are in", Duration::from_secs(30), async || {
        let status = ponte.json(&["status", "--json"]).await;
        (status["leads"]["done"] == 2).then_some(())
    })
    .await;

    let home = ponte.config().parent().unwrap().to_owned();
    let file = home.join("marcia.json");
    let ended =
        ponte.command(&["export", MARIA.emails[0], "--output", file.to_str().unwrap()]).await;
    assert_eq!(ended.status, 0, "{ended:?}");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let all: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    fs::remove_file(&file).unwrap();
    assert_eq!((&all["contact"], &all["email"]), (&1.into(), &MARIA.emails[0].into()));
    assert!(all["deliveries"][0]["body"].as_str().unwrap().contains("marcia.quaresma"));
    assert_eq!(all["observations"][0]["values"]["fields"][0]["value"], MARIA.cpf);
    let steps = all["leads"][0]["steps"].as_array().unwrap();
    assert!(steps.iter().any(|it| it["request"]["Email"] == MARIA.emails[0]), "{steps:?}");
    let events: Vec<_> = all["history"].as_array().unwrap().iter().collect();
    assert!(events.iter().any(|it| it["subject"] == "lead" && it["event"] == "done"));

    // Nobody can be asked here.
    assert_eq!(ponte.command(&["erase", MARIA.emails[0]]).await.status, 2);
    let ended = ponte.command(&["erase", MARIA.emails[0], "--yes"]).await;
    assert_eq!(ended.status, 0, "{ended:?}");
    assert!(ended.out.contains("ActiveCampaign and Ploomes are untouched"), "{ended:?}");
    // The log of the service is in this directory too.
    assert_eq!(MARIA.found_in(&home), [""; 0]);
    assert_eq!(ponte.json(&["audit", "--json"]).await["ok"], true);
    assert_eq!(ponte.command(&["export", MARIA.emails[0]]).await.status, 1);
    let explained = ponte.json(&["explain", "1", "--json"]).await;
    assert_eq!(
        (&explained["email"], &explained["leads"][0]["state"]),
        (&Value::Null, &"erased".into())
    );
    let plan = ponte.json(&["plan", "1", "--json"]).await;
    assert!(plan["plans"][0]["nothing"].as_str().unwrap().contains("was erased"), "{plan}");

    let ended = ponte.command(&["erase", "--lift", MARIA.emails[0]]).await;
    assert_eq!(ended.status, 0, "{ended:?}");
    until("she is done again", Duration::from_secs(30), async || {
        let explained = ponte.json(&["explain", "1", "--json"]).await;
        (explained["leads"][0]["state"] == "done" && !explained["email"].is_null()).then_some(())
    })
    .await;
    assert_eq!(ponte.command(&["erase", "--lift", MARIA.emails[0]]).await.status, 1);
    assert_eq!(accounts.ploomes.deals().len(), 2);
    assert_eq!(running.process.terminate().await.status, 0);
}
