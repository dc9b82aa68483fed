//! People delete records in Ploomes, one after the other: another that the contact was given takes the
//! place, and none is made beside it.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::time::Duration;

use ponte::{
    domain::{AutomationId, ContactId, LeadState, RecordId},
    simulator::activecampaign::ContactChange,
};
use serde_json::{Value, json};

use crate::rig::{Rig, SITE, Setup, ana, bruno};

/// A run makes a deleted record again where an open deal needs it.
async fn repairing() -> Rig {
    let routes = format!("[reconcile]\ndrift = \"repair\"\n{SITE}");
    Rig::with(Setup { routes, ..Setup::default() }).await
}

/// The contact enters once more.
async fn enters_again(rig: &Rig, contact: ContactId) {
    rig.pass(Duration::from_mins(1)).await;
    rig.activecampaign.enroll(contact, AutomationId(1)).unwrap();
    rig.deliver().await;
    rig.settled().await;
}

/// Nothing of what the contact was called is left.
fn rename(rig: &Rig, contact: ContactId) {
    let text = |it: &str| Some(it.to_owned());
    let change = ContactChange {
        first_name: text("Anete"),
        last_name: text("Souza"),
        phone: text("+55 41 95555-0009"),
        ..ContactChange::default()
    };
    rig.activecampaign.update_contact(contact, change).unwrap();
    rig.activecampaign.change_email(contact, "anete@example.com").unwrap();
}

/// Two leads of Ana; `deleted` was both leads' and is gone, and the older lead, whose deal is open,
/// was given another in its place. Returns that one.
async fn after_a_repair(
    rig: &Rig,
    deleted: fn(&ponte::ledger::leads::Listed) -> Option<RecordId>,
) -> (ContactId, RecordId) {
    let contact = rig.enters(ana(), 1).await;
    rig.settled().await;
    enters_again(rig, contact).await;
    let [newer, older] = &rig.leads().await[..] else { panic!("two leads") };
    assert_eq!(deleted(newer), deleted(older));
    rig.ploomes.lose(newer.deal.unwrap().0).unwrap();
    rig.ploomes.delete_contact(deleted(newer).unwrap().0).unwrap();
    rig.pass(Duration::from_mins(10)).await;
    rig.reconcile("repair").await;
    rig.settled().await;
    let now = rig.leads().await;
    assert_eq!(deleted(&now[0]), deleted(newer), "the newer lead needs nothing");
    let given = deleted(&now[1]).unwrap();
    assert_ne!(Some(given), deleted(older), "the older one's deal is open");
    (contact, given)
}

/// The records of a kind, but for whoever was there from the start.
fn records(rig: &Rig, type_id: i64) -> Vec<Value> {
    let mut records = rig.ploomes.contacts();
    records.retain(|it| it["TypeId"] == type_id && it["Name"] != "Zeca");
    records
}

#[tokio::test(start_paused = true)]
async fn the_person_that_an_older_lead_was_given_since_is_the_contact_s() {
    let rig = repairing().await;
    let (contact, given) = after_a_repair(&rig, |lead| lead.person).await;
    rename(&rig, contact);
    rig.pass(Duration::from_mins(5)).await;
    rig.poll().await;
    rig.settled().await;
    let [person] = &records(&rig, 2)[..] else { panic!("{:?}", records(&rig, 2)) };
    assert_eq!(person["Id"], given.0);
    assert_eq!(
        (&person["Name"], &person["Email"]),
        (&json!("Anete Souza"), &json!("anete@example.com"))
    );

    let calls = rig.ploomes.requests().len();
    enters_again(&rig, contact).await;
    let lead = &rig.leads().await[0];
    assert_eq!((lead.person, records(&rig, 2).len()), (Some(given), 1));
    assert_eq!(rig.ploomes.requests().len() - calls, 3, "a search, a deal and a note");
    rig.audited().await;
}

#[tokio::test(start_paused = true)]
async fn entering_again_under_another_name_makes_no_person_beside_the_one_that_is_left() {
    let rig = repairing().await;
    let (contact, given) = after_a_repair(&rig, |lead| lead.person).await;
    // The lead comes before any poll has seen the change.
    rename(&rig, contact);
    enters_again(&rig, contact).await;
    let lead = &rig.leads().await[0];
    assert_eq!((lead.person, records(&rig, 2).len()), (Some(given), 1));
    assert_eq!(records(&rig, 2)[0]["Email"], "anete@example.com");
    rig.audited().await;
}

#[tokio::test(start_paused = true)]
async fn the_company_that_an_older_lead_was_given_since_is_the_contact_s_under_whatever_name() {
    let rig = repairing().await;
    let (contact, given) = after_a_repair(&rig, |lead| lead.company).await;
    rig.ploomes.edit_contact(given.0, &json!({ "Name": "Padaria Central" })).unwrap();
    enters_again(&rig, contact).await;
    let lead = &rig.leads().await[0];
    assert_eq!((lead.company, records(&rig, 1).len()), (Some(given), 1), "{:?}", records(&rig, 1));
    assert_eq!(records(&rig, 1)[0]["Name"], "Padaria Central");
    rig.audited().await;
}

/// Two contacts that were merged, and of whose persons the newer lead's was deleted. Returns the one that
/// is left, and the deal that names the other.
async fn after_a_merge(rig: &Rig) -> (ContactId, RecordId, RecordId) {
    let winner = rig.enters(ana(), 1).await;
    let loser = rig.enters(bruno(), 1).await;
    rig.settled().await;
    let [newer, older] = &rig.leads().await[..] else { panic!("two leads") };
    rig.pass(Duration::from_mins(10)).await;
    rig.activecampaign.merge(winner, loser).unwrap();
    rig.reconcile("repair").await;
    rig.settled().await;
    // The newest lead's person is the one that was the other contact's.
    rig.ploomes.delete_contact(newer.person.unwrap().0).unwrap();
    rename(rig, winner);
    (winner, older.person.unwrap(), newer.deal.unwrap())
}

#[tokio::test(start_paused = true)]
async fn of_two_contacts_that_were_merged_the_person_that_is_left_is_taken() {
    let rig = repairing().await;
    let (winner, own, _) = after_a_merge(&rig).await;
    enters_again(&rig, winner).await;
    let leads = rig.leads().await;
    assert!(
        leads.iter().all(|it| it.contact == winner && it.state == LeadState::Done),
        "{leads:#?}"
    );
    assert_eq!((leads[0].person, records(&rig, 2).len()), (Some(own), 1));
    assert_eq!(records(&rig, 2)[0]["Name"], "Anete Souza");
    rig.audited().await;
}

#[tokio::test(start_paused = true)]
async fn an_update_by_another_person_does_not_hide_that_a_deal_lost_its_own() {
    let rig = repairing().await;
    let (_, own, deal) = after_a_merge(&rig).await;
    let named = || {
        let deal = rig.ploomes.deal(deal.0).unwrap();
        [&deal["ContactId"], &deal["PersonId"]].contains(&&json!(own.0))
    };
    // The change is brought in before anybody looks at the deals.
    rig.pass(Duration::from_mins(5)).await;
    rig.poll().await;
    rig.settled().await;
    assert_eq!((records(&rig, 2)[0]["Name"].as_str(), named()), (Some("Anete Souza"), false));
    rig.reconcile("repair").await;
    rig.settled().await;
    assert!(named(), "the deal names who is left");
    assert_eq!(records(&rig, 2).len(), 1);
    rig.audited().await;
}
