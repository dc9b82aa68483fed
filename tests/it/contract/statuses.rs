//! How a reconciliation ends: 0 done, 1 something stays wrong, 3 not everything was read or waited
//! for, and 3 comes before 1.

use chrono::TimeDelta;
use http::Method;
use ponte::simulator::{
    activecampaign::{ContactChange, NewContact},
    fault::{Fault, Target, When},
};

use crate::support::{Accounts, Ponte, Route, Settings};

#[tokio::test(flavor = "multi_thread")]
async fn a_reconciliation_ends_with_0_1_or_3() {
    let accounts = Accounts::new(44);
    let automation = accounts.automation_of("site");
    let route = Route::new("site", "person-deal", automation).with("since = \"2020-01-01\"");
    let served = accounts.serve().await;
    let ponte = Ponte::new(&Settings::new([route]), &served);
    let new = NewContact::new("ana@example.com").named("Ana", "Lima");
    let contact = accounts.activecampaign.create_contact(new).unwrap();
    let entered = accounts.clock.now() - TimeDelta::hours(2);
    accounts.activecampaign.enroll_at(contact, automation, entered).unwrap();

    let report = ["reconcile", "--mode", "report", "--format", "json"];
    let ended = ponte.command(&report).await;
    assert_eq!((ended.status, &ended.json()["outcome"]), (1, &"complete".into()), "{ended:?}");
    // Nothing was read, and something is missing: what was not read is the worse of the two.
    accounts.activecampaign.switch(|it| it.throttle.per_second = Some(0));
    let ended = ponte.command(&report).await;
    assert_eq!((ended.status, &ended.json()["outcome"]), (3, &"partial".into()), "{ended:?}");
    accounts.activecampaign.switch(|it| it.throttle.per_second = None);

    accounts.ploomes.faults().stand(Target::new(Method::POST, ""), Fault::Reset(When::Before));
    let repair = ["reconcile", "--mode", "repair", "--wait", "1s", "--format", "json"];
    let ended = ponte.command(&repair).await;
    assert_eq!(ended.status, 3, "the wait ran out: {ended:?}");
    accounts.ploomes.faults().clear();
    let ended = ponte.command(&["reconcile", "--mode", "repair", "--format", "json"]).await;
    assert_eq!((ended.status, accounts.ploomes.deals().len()), (0, 1), "{ended:?}");
    assert_eq!(ponte.command(&report).await.status, 0);
    assert_eq!(ponte.command(&["report", "--json"]).await.status, 0);

    // What is out of date is found wrong, and is written when the command ends.
    let change = ContactChange { phone: Some("11 98765-4321".to_owned()), ..Default::default() };
    accounts.activecampaign.update_contact(contact, change).unwrap();
    let ended = ponte.command(&report).await;
    assert_eq!((ended.status, &ended.json()["routes"][0]["stale"]), (1, &1.into()), "{ended:?}");
    let ended = ponte.command(&["reconcile", "--mode", "repair", "--format", "json"]).await;
    assert_eq!((ended.status, &ended.json()["left"]), (0, &0.into()), "{ended:?}");
    assert!(accounts.persons()[0]["Phones"].to_string().contains("98765"), "{ended:?}");
    assert_eq!(ponte.command(&report).await.status, 0);
}
