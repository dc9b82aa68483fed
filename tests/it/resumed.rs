//! A reconciliation that could not be sure of everything: what it is gone on with, when a new one
//! begins, and what it may not forget meanwhile.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::time::Duration;

use bytes::Bytes;
use http::Method;
use ponte::{
    domain::{ContactId, LeadState},
    simulator::{
        activecampaign::{ContactChange, Ignores, Switches},
        fault::Target,
    },
};
use serde_json::{Value, json};

use crate::rig::{Rig, SITE, Setup, ana, bruno};

/// The pages of a sweep; a poll includes nothing.
fn page() -> Target {
    Target::new(Method::GET, "include=fieldValues")
}

/// The next page is without this contact.
fn hide(rig: &Rig, hidden: ContactId) {
    let edit = move |body: Bytes| {
        let mut page: Value = serde_json::from_slice(&body).unwrap();
        page["contacts"].as_array_mut().unwrap().retain(|it| it["id"] != hidden.to_string());
        Bytes::from(page.to_string())
    };
    rig.source.edits.add(page(), Box::new(edit));
}

/// Goes on with the last run, as the schedule does after a while.
async fn go_on(rig: &Rig) -> Value {
    let arguments = json!({ "mode": "repair", "goes_on": true });
    rig.engine.perform("reconcile", &arguments).await.unwrap();
    rig.runs("reconcile").await.pop().unwrap()
}

/// Two leads, and a run whose page lacked the contact of the first.
async fn with_a_hidden_contact() -> (Rig, ContactId, Value) {
    let rig = Rig::start().await;
    let hidden = rig.enters(ana(), 1).await;
    rig.enters(bruno(), 1).await;
    rig.settled().await;
    rig.pass(Duration::from_mins(10)).await;
    hide(&rig, hidden);
    let (first, _) = rig.reconciled("repair").await;
    (rig, hidden, first)
}

#[tokio::test(start_paused = true)]
async fn a_contact_that_was_hidden_keeps_a_run_partial_until_it_is_listed_again() {
    let (rig, _, first) = with_a_hidden_contact().await;
    assert_eq!(first["outcome"], "partial");
    // Nothing is left to read, and ActiveCampaign still has the contact.
    let second = go_on(&rig).await;
    assert_eq!((&second["id"], &second["outcome"]), (&first["id"], &json!("partial")), "{second}");
    assert!(second["reason"].as_str().unwrap().contains("did not list it"), "{second}");
    // Whoever asks for a run by hand gets a new one, of now.
    let (third, detail) = rig.reconciled("repair").await;
    assert_eq!(third["outcome"], "complete", "{third}");
    assert_ne!(third["id"], first["id"]);
    assert_eq!(detail["routes"][0]["expected"], 2);
    rig.audited().await;
}

#[tokio::test(start_paused = true)]
async fn a_hidden_contact_that_is_gone_at_last_completes_the_run() {
    let (rig, hidden, first) = with_a_hidden_contact().await;
    rig.activecampaign.delete(hidden).unwrap();
    let second = go_on(&rig).await;
    assert_eq!((&second["id"], &second["outcome"]), (&first["id"], &json!("complete")), "{second}");
    let detail: Value = serde_json::from_str(second["detail"].as_str().unwrap()).unwrap();
    assert_eq!(detail["routes"][0]["gone"], 1, "{detail}");
}

#[tokio::test(start_paused = true)]
async fn a_run_that_stays_partial_gives_way_to_the_next_night_s() {
    let (poll, reconcile) = ("0 30 */6 * * *", "0 0 */2 * * *");
    let rig = Rig::with(Setup { poll, reconcile, ..Setup::default() }).await;
    let hidden = rig.enters(ana(), 1).await;
    rig.enters(bruno(), 1).await;
    rig.settled().await;
    rig.start_schedule();
    hide(&rig, hidden);
    // Two nights, of two hours. Whatever went on with the first run did so by and by, and the second
    // read all.
    rig.pass(Duration::from_mins(150)).await;
    let nights = rig.runs("reconcile").await;
    assert_eq!(nights.len(), 1, "{nights:?}");
    assert_eq!(nights[0]["outcome"], "partial");
    let calls = rig.activecampaign.requests().len();
    rig.pass(Duration::from_hours(2)).await;
    let nights = rig.runs("reconcile").await;
    assert_eq!(nights.len(), 2, "{nights:?}");
    assert_eq!(nights[1]["outcome"], "complete");
    let more = rig.activecampaign.requests().len() - calls;
    assert!(more < 100, "{more} calls");
}

#[tokio::test(start_paused = true)]
async fn an_account_that_lists_nobody_is_read_from_the_start_again() {
    let rig = Rig::start().await;
    rig.enters(ana(), 1).await;
    rig.enters(bruno(), 1).await;
    rig.settled().await;
    rig.pass(Duration::from_mins(10)).await;
    let nobody = |body: Bytes| {
        let mut page: Value = serde_json::from_slice(&body).unwrap();
        page["contacts"] = json!([]);
        page["meta"]["total"] = json!("0");
        Bytes::from(page.to_string())
    };
    for _ in 0..12 {
        rig.source.edits.add(page(), Box::new(nobody));
    }
    let (first, _) = rig.reconciled("repair").await;
    assert_eq!(first["outcome"], "partial");
    rig.source.edits.clear();
    let second = go_on(&rig).await;
    assert_eq!((&second["id"], &second["outcome"]), (&first["id"], &json!("complete")), "{second}");
    let detail: Value = serde_json::from_str(second["detail"].as_str().unwrap()).unwrap();
    assert_eq!(detail["routes"][0]["expected"], 2, "{detail}");
}

#[tokio::test(start_paused = true)]
async fn a_tag_that_activecampaign_does_not_show_is_no_green_run() {
    let ignores = Ignores { include: true, ..Ignores::default() };
    let activecampaign = Switches { ignores, ..Switches::default() };
    let routes = SITE.replace("automation = 1\n", "tag = \"Lead\"\n");
    assert_ne!(routes, SITE);
    let rig = Rig::with(Setup { routes, activecampaign, ..Setup::default() }).await;
    let contact = rig.activecampaign.create_contact(ana()).unwrap();
    let tag = rig.activecampaign.add_tag("Lead");
    rig.activecampaign.tag(contact, tag).unwrap();
    rig.activecampaign.take_due();
    rig.pass(Duration::from_mins(30)).await;
    for _ in 0..2 {
        let run = go_on(&rig).await;
        assert_eq!(run["outcome"], "partial", "{run}");
        assert!(run["reason"].as_str().unwrap().contains("route site"), "{run}");
    }
}

#[tokio::test(start_paused = true)]
async fn who_is_deleted_between_page_and_lookup_is_not_waited_for() {
    let rig = Rig::start().await;
    rig.enters(bruno(), 1).await;
    rig.settled().await;
    let lost = rig.enters_unnoticed(ana(), 1);
    rig.activecampaign.take_due();
    rig.pass(Duration::from_mins(10)).await;
    let account = rig.activecampaign.clone();
    rig.source.after.add(page(), Box::new(move || account.delete(lost).unwrap()));
    let before = rig.now();
    let (run, detail) = rig.reconciled("repair").await;
    assert_eq!(run["outcome"], "complete", "{run}");
    assert_eq!(detail["routes"][0]["missed"], 1, "{detail}");
    assert!(rig.now() - before < chrono::TimeDelta::minutes(5), "{}", rig.now() - before);
}

#[tokio::test(start_paused = true)]
async fn a_done_lead_that_a_merge_moved_has_the_values_of_whom_it_belongs_to() {
    let rig = Rig::start().await;
    let winner = rig.activecampaign.create_contact(bruno()).unwrap();
    let change =
        ContactChange { phone: Some("11 91234-5678".to_owned()), ..ContactChange::default() };
    rig.activecampaign.update_contact(winner, change).unwrap();
    let loser = rig.enters(ana(), 1).await;
    rig.settled().await;
    rig.pass(Duration::from_mins(1)).await;
    rig.activecampaign.merge(winner, loser).unwrap();
    for _ in 0..3 {
        rig.pass(Duration::from_mins(3)).await;
        rig.poll().await;
    }
    rig.settled().await;
    let lead = rig.lead().await;
    assert_eq!((lead.contact, lead.state), (winner, LeadState::Done));
    let person = lead.person.unwrap();
    let persons = rig.ploomes.contacts();
    let person = persons.iter().find(|it| it["Id"] == person.0).unwrap();
    assert!(person["Phones"].to_string().contains("91234"), "{person}");
}

#[tokio::test(start_paused = true)]
async fn a_lead_that_a_merge_moved_unnoticed_is_moved_by_a_run_that_repairs() {
    let rig = Rig::start().await;
    let winner = rig.activecampaign.create_contact(bruno()).unwrap();
    let loser = rig.enters(ana(), 1).await;
    rig.settled().await;
    rig.pass(Duration::from_mins(10)).await;
    rig.activecampaign.merge(winner, loser).unwrap();
    // No poll sees it.
    rig.reconcile("report").await;
    rig.settled().await;
    assert_eq!(rig.lead().await.contact, loser);
    rig.reconcile("repair").await;
    rig.settled().await;
    let lead = rig.lead().await;
    assert_eq!((lead.contact, lead.state), (winner, LeadState::Done));
    rig.audited().await;
}
