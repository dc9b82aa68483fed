//! A person of whom the ledger has only that a run found them missing.

use std::time::Duration;

use ponte::{
    domain::ContactId,
    ledger::{
        self,
        person::{self, Who},
    },
    simulator::activecampaign::NewContact,
};

use super::{
    bytes::MARIA,
    erased::{maria, rig},
};
use crate::rig::{Rig, bruno};

/// A run that repairs nothing finds her.
async fn found(rig: &Rig) -> ContactId {
    rig.enters(bruno(), 1).await;
    rig.settled().await;
    let id = rig.enters_unnoticed(maria(), 1);
    rig.activecampaign.take_due();
    rig.pass(Duration::from_mins(30)).await;
    rig.reconcile("report").await;
    id
}

async fn missed(rig: &Rig) -> Vec<Option<String>> {
    let read = |conn: &_| ledger::report::read(conn, None, chrono_tz::UTC);
    let report = rig.ledger.read(read).await.unwrap().unwrap();
    report.missed.into_iter().map(|it| it.email).collect()
}

#[tokio::test(start_paused = true)]
async fn who_is_missing_is_named_by_address_until_erased_and_stays_out() {
    let home = tempfile::tempdir().unwrap();
    let mut rig = rig(home.path()).await;
    let id = found(&rig).await;
    assert_eq!(missed(&rig).await, [Some(MARIA.emails[0].to_owned())]);
    let told = rig.ledger.read(move |conn| ledger::explain::read(conn, id)).await.unwrap().unwrap();
    assert_eq!((told.missing[0].route.as_str(), told.leads.len()), ("site", 0));
    let yesterday = tempfile::tempdir().unwrap();
    let copy = yesterday.path().join("copy.db");
    let to = copy.clone();
    rig.ledger.read(move |conn| ledger::backup(conn, &to)).await.unwrap();
    assert!(!MARIA.found_in(yesterday.path()).is_empty(), "the test looks for the wrong things");

    let who = Who::Email(MARIA.emails[0].to_owned());
    let erased = person::erase(&rig.ledger, &who, rig.now()).await.unwrap();

    assert_eq!(erased.contacts.into_iter().collect::<Vec<_>>(), [id]);
    assert_eq!(MARIA.found_in(home.path()), [""; 0]);
    assert_eq!(missed(&rig).await, [None]);
    rig.audited().await;
    let made = rig.made();
    rig.put_back(&copy).await;
    rig.pass(Duration::from_secs(1)).await;
    assert_eq!(MARIA.found_in(home.path()), [""; 0], "the old ledger was put back");
    // Under another id she is the same.
    rig.activecampaign.delete(id).unwrap();
    rig.enters_unnoticed(NewContact::new(MARIA.emails[0]).named("M.", "Q."), 1);
    rig.activecampaign.take_due();
    rig.pass(Duration::from_mins(30)).await;
    for mode in ["report", "repair"] {
        rig.reconcile(mode).await;
        rig.settled().await;
        assert!(missed(&rig).await.is_empty(), "{mode}");
    }
    assert_eq!(rig.made(), made);
    rig.audited().await;
}

#[tokio::test(start_paused = true)]
async fn an_address_goes_once_more_is_seen_of_the_contact() {
    let home = tempfile::tempdir().unwrap();
    let rig = rig(home.path()).await;
    let id = found(&rig).await;
    rig.reconcile("repair").await;
    rig.settled().await;
    assert_eq!(missed(&rig).await, [Some(MARIA.emails[0].to_owned())]);
    // It is the one of the observation, and moves with it.
    rig.activecampaign.change_email(id, MARIA.emails[1]).unwrap();
    rig.poll().await;
    rig.settled().await;
    assert_eq!(missed(&rig).await, [Some(MARIA.emails[1].to_owned())]);
    let read = |conn: &ledger::Connection| {
        Ok(conn.query_row("SELECT count(*) FROM found_contact", [], |row| row.get::<_, i64>(0))?)
    };
    assert_eq!(rig.ledger.read(read).await.unwrap(), 0);
}
