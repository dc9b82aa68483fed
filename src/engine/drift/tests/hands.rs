//! What people do to records by hand: all of it is named, and nothing is written.

use http::Method;
use serde_json::json;

use super::bench::{Bench, finding, found, in_order};
use crate::{
    engine::drift::Finding,
    ledger::{drift::Kind, lead::Lead},
    planner::StepKind::{self, Company, Deal, Person},
    simulator::{
        fault::{Fault, FaultBody, Target, When},
        ploomes::standard::{AFTER_SALES_STAGES, BRUNO, Custom, SALES_STAGES},
    },
};

fn id(lead: &Lead, record: StepKind) -> i64 {
    finding(lead, record, Kind::Edited).id.0
}

/// Fifty records: 25 edits, 13 deletions, and twelve things that are no drift.
fn fifty_by_hand(bench: &Bench, leads: &[Lead]) -> Vec<Finding> {
    let mut expected = Vec::new();
    let mut edit = |lead: &Lead, record, body: serde_json::Value| {
        let done = match record {
            Deal => bench.ploomes.edit_deal(id(lead, record), &body),
            _ => bench.ploomes.edit_contact(id(lead, record), &body),
        };
        done.unwrap();
        expected.push(finding(lead, record, Kind::Edited));
    };
    for lead in &leads[0..10] {
        edit(lead, Person, json!({"Name": format!("Outra {}", lead.id)}));
    }
    edit(&leads[10], Person, json!({"Email": "outra@example.com"}));
    edit(&leads[11], Person, json!({"Phones": [{"PhoneNumber": "11 2222-3333", "TypeId": 1}]}));
    edit(&leads[12], Person, json!({"Email": null}));
    let custom = |value| json!([{"FieldKey": Custom::Text.of_contacts(), "StringValue": value}]);
    edit(&leads[13], Person, json!({"OtherProperties": custom("outro")}));
    edit(&leads[14], Person, json!({"Phones": []}));
    for lead in &leads[0..5] {
        edit(lead, Company, json!({"Name": format!("Mercado {}", lead.id)}));
        edit(lead, Deal, json!({"Title": "Grande"}));
    }
    for lead in &leads[15..20] {
        bench.ploomes.delete_contact(id(lead, Person)).unwrap();
        bench.ploomes.delete_deal(id(lead, Deal)).unwrap();
        expected.push(finding(lead, Person, Kind::Deleted));
        expected.push(finding(lead, Deal, Kind::Deleted));
    }
    for lead in &leads[20..23] {
        bench.ploomes.delete_contact(id(lead, Company)).unwrap();
        expected.push(finding(lead, Company, Kind::Deleted));
    }
    for lead in &leads[20..23] {
        bench.ploomes.win(id(lead, Deal)).unwrap();
    }
    for lead in &leads[23..26] {
        bench.ploomes.lose(id(lead, Deal)).unwrap();
    }
    for lead in &leads[26..28] {
        let moved = json!({"StageId": AFTER_SALES_STAGES[1]});
        bench.ploomes.edit_deal(id(lead, Deal), &moved).unwrap();
    }
    bench.ploomes.edit_deal(id(&leads[28], Deal), &json!({"StageId": SALES_STAGES[3]})).unwrap();
    bench.ploomes.edit_deal(id(&leads[29], Deal), &json!({"OwnerId": BRUNO, "Tags": []})).unwrap();
    let more = json!({"Note": "ligar", "OwnerId": BRUNO, "Phones": [
        {"PhoneNumber": "11 3028 4567", "TypeId": 2}, {"PhoneNumber": "11 2222-3333", "TypeId": 1},
    ]});
    bench.ploomes.edit_contact(id(&leads[28], Person), &more).unwrap();
    bench.ploomes.edit_contact(id(&leads[29], Person), &json!({"CompanyId": null})).unwrap();
    in_order(expected)
}

#[tokio::test(start_paused = true)]
async fn fifty_records_changed_by_hand_are_all_classified_and_nothing_is_written() {
    let bench = Bench::reporting().await;
    let leads = bench.bring(30).await;
    let expected = fifty_by_hand(&bench, &leads);
    assert_eq!(expected.len(), 38);
    let (writes, requests) = (bench.ploomes.writes(), bench.ploomes.requests().len());
    assert_eq!(bench.drift().await, expected);
    assert!(bench.is_complete().await);
    assert_eq!(bench.ploomes.writes(), writes, "a report writes nothing");
    let asked = bench.ploomes.requests().len() - requests;
    assert!(asked < 20, "{asked} calls for 90 records");
}

#[tokio::test(start_paused = true)]
async fn an_edit_is_reported_once_and_again_only_when_it_changes_again() {
    let bench = Bench::reporting().await;
    let leads = bench.bring(2).await;
    let person = id(&leads[0], Person);
    let name = |name: &str| bench.ploomes.edit_contact(person, &json!({"Name": name})).unwrap();
    let edited = vec![finding(&leads[0], Person, Kind::Edited)];
    bench.ploomes.delete_deal(id(&leads[1], Deal)).unwrap();
    let deleted = vec![finding(&leads[1], Deal, Kind::Deleted)];
    name("Outra");
    assert_eq!(bench.drift().await, [deleted.clone(), edited.clone()].concat());
    assert_eq!(bench.drift().await, deleted, "the edit is known, what is deleted is said again");
    name("Mais outra");
    assert_eq!(bench.drift().await, [deleted.clone(), edited.clone()].concat());
    name("Pessoa 0 Lima");
    assert_eq!(bench.drift().await, deleted);
    name("Mais outra");
    assert_eq!(bench.drift().await, [deleted, edited].concat(), "it was put right in between");
}

#[tokio::test(start_paused = true)]
async fn what_nobody_touched_has_not_drifted() {
    let bench = Bench::reporting().await;
    bench.bring(3).await;
    assert_eq!(bench.drift().await, []);
}

#[tokio::test(start_paused = true)]
async fn a_run_over_one_route_looks_at_its_records_alone() {
    let bench = Bench::reporting().await;
    let leads = bench.bring(1).await;
    bench.ploomes.delete_deal(id(&leads[0], Deal)).unwrap();
    let stray = super::bench::ours(json!({"TypeId": 1, "Name": "Mercado"}));
    bench.ploomes.add_contact(&stray).unwrap();
    let expected = [finding(&leads[0], Deal, Kind::Deleted)];
    assert_eq!(found(&bench.reconcile_with(json!({"route": "site"})).await), expected);
    let all = bench.drift().await;
    assert_eq!((all.len(), &all[0]), (2, &expected[0]), "the orphan is not forgotten");
}

#[tokio::test(start_paused = true)]
async fn drift_that_is_off_asks_nothing() {
    let setup = super::bench::Setup { drift: "off", lead_key_field: false };
    let bench = Bench::with(setup).await;
    let leads = bench.bring(1).await;
    bench.ploomes.delete_deal(id(&leads[0], Deal)).unwrap();
    let requests = bench.ploomes.requests().len();
    assert_eq!(bench.drift().await, []);
    assert_eq!(bench.ploomes.requests().len(), requests);
}

#[tokio::test(start_paused = true)]
async fn an_answer_with_nothing_in_it_is_no_deletion() {
    let bench = Bench::reporting().await;
    bench.bring(2).await;
    let contacts = || Target::new(Method::GET, "/Contacts");
    for _ in 0..2 {
        bench.ploomes.faults().plan(contacts(), Fault::Empty);
    }
    assert_eq!(bench.drift().await, []);
    assert!(bench.is_complete().await, "it was asked again");
    bench.ploomes.faults().stand(Target::new(Method::GET, ""), Fault::Empty);
    assert_eq!(bench.drift().await, []);
    assert!(!bench.is_complete().await, "what could not be read makes the run partial");
    bench.ploomes.faults().clear();
    assert_eq!(bench.drift().await, []);
    assert!(bench.is_complete().await);
}

#[tokio::test(start_paused = true)]
async fn an_account_from_which_everything_was_deleted_is_no_doubt() {
    let bench = Bench::reporting().await;
    let leads = bench.bring(1).await;
    for record in [Company, Person] {
        bench.ploomes.delete_contact(id(&leads[0], record)).unwrap();
    }
    bench.ploomes.delete_deal(id(&leads[0], Deal)).unwrap();
    let expected = [Company, Person, Deal].map(|it| finding(&leads[0], it, Kind::Deleted));
    assert_eq!(bench.drift().await, expected);
    assert!(bench.is_complete().await);
}

#[tokio::test(start_paused = true)]
async fn an_edit_that_a_partial_run_reported_stands_in_the_run_that_goes_on_with_it() {
    let bench = Bench::reporting().await;
    let leads = bench.bring(2).await;
    bench.ploomes.edit_contact(id(&leads[0], Person), &json!({"Name": "Outra"})).unwrap();
    bench.ploomes.edit_deal(id(&leads[1], Deal), &json!({"Title": "Grande"})).unwrap();
    let down =
        Fault::Status { code: 503, retry_after: None, body: FaultBody::Html, when: When::Before };
    bench.ploomes.faults().stand(Target::new(Method::GET, "/Deals"), down);
    let person = finding(&leads[0], Person, Kind::Edited);
    let deal = finding(&leads[1], Deal, Kind::Edited);
    assert_eq!(found(&bench.reconcile().await), std::slice::from_ref(&person));
    assert!(!bench.is_complete().await);
    bench.ploomes.faults().clear();
    let goes_on = bench.reconcile_with(json!({ "goes_on": true })).await;
    assert_eq!(found(&goes_on), [person, deal]);
    assert!(bench.is_complete().await);
    assert_eq!(bench.drift().await, []);
}

#[tokio::test(start_paused = true)]
async fn what_was_written_just_now_is_given_time_to_become_visible() {
    let bench = Bench::reporting().await;
    bench.bring(1).await;
    let late = std::time::Duration::from_secs(20);
    let contact = crate::domain::ContactId(1);
    let change = crate::simulator::activecampaign::ContactChange {
        first_name: Some("Maria".to_owned()),
        ..Default::default()
    };
    bench.activecampaign.update_contact(contact, change).unwrap();
    let writes = bench.ploomes.writes();
    bench.ploomes.switch(|switches| switches.delayed_apply = late);
    bench.engine.perform(crate::engine::jobs::kind::POLL, &json!({})).await.unwrap();
    bench.engine.drained().await.unwrap();
    assert_eq!(bench.ploomes.writes(), writes + 1, "the person has the new name");
    assert_eq!(bench.drift().await, []);
}
