//! What our key made behind the ledger's back.

use http::Method;
use serde_json::json;
use tokio::time::Instant;

use super::bench::{Bench, Setup, finding, ours, written};
use crate::{
    domain::RecordId,
    engine::drift::{Finding, name_orphans, startup::orphans},
    ledger::{drift::Kind, run},
    planner::StepKind::{self, Company, Deal, Person},
    simulator::{
        fault::{Fault, Target, When},
        ploomes::standard::Custom,
    },
};

fn orphan(record: StepKind, id: i64) -> Finding {
    Finding { lead: None, record, id: RecordId(id), kind: Kind::Orphan }
}

#[tokio::test(start_paused = true)]
async fn what_our_key_made_and_no_lead_holds_is_an_orphan_while_it_lasts() {
    let bench = Bench::reporting().await;
    bench.bring(1).await;
    let person = json!({"TypeId": 2, "Name": "Rui", "Email": "rui@example.com"});
    let person = bench.ploomes.add_contact(&ours(person)).unwrap();
    let company = json!({"TypeId": 1, "Name": "Mercado"});
    let company = bench.ploomes.add_contact(&ours(company)).unwrap();
    let deal = bench.ploomes.add_deal(&ours(json!({"Title": "x", "ContactId": person}))).unwrap();
    let theirs = json!({"TypeId": 2, "Name": "Lia", "Email": "lia@example.com"});
    let theirs = bench.ploomes.add_contact(&theirs).unwrap();
    bench.ploomes.add_deal(&json!({"Title": "y", "ContactId": theirs})).unwrap();
    let mut expected = vec![orphan(Company, company), orphan(Person, person), orphan(Deal, deal)];
    assert_eq!(bench.drift().await, expected);
    assert_eq!(bench.drift().await, expected, "it lasts");
    bench.ploomes.delete_deal(deal).unwrap();
    expected.pop();
    assert_eq!(bench.drift().await, expected, "and ends");
}

#[tokio::test(start_paused = true)]
async fn a_second_deal_for_the_same_and_a_second_person_with_the_e_mail_are_doubles() {
    let bench = Bench::reporting().await;
    let leads = bench.bring(2).await;
    let again = json!({
        "Title": "Pessoa 0 Lima - site",
        "ContactId": leads[0].company.unwrap().0,
        "PersonId": leads[0].person.unwrap().0,
    });
    let deal = bench.ploomes.add_deal(&ours(again)).unwrap();
    let person = json!({"TypeId": 2, "Name": "Pessoa 1", "Email": "P1@example.com"});
    let person = bench.ploomes.add_contact(&ours(person)).unwrap();
    let double = |lead: usize, record, id| Finding {
        id: RecordId(id),
        ..finding(&leads[lead], record, Kind::Duplicated)
    };
    let expected = [double(1, Person, person), double(0, Deal, deal)];
    assert_eq!(bench.drift().await, expected);
    assert_eq!(bench.drift().await, expected, "they last");
    bench.ploomes.delete_contact(person).unwrap();
    assert_eq!(bench.drift().await, [double(0, Deal, deal)]);
}

#[tokio::test(start_paused = true)]
async fn the_lead_key_tells_a_double_and_the_younger_is_named_whoever_is_held() {
    let bench = Bench::with(Setup { drift: "report", lead_key_field: true }).await;
    let leads = bench.bring(1).await;
    let key = format!("127.0.0.1/{}", leads[0].key);
    let held = bench.ploomes.deal(leads[0].deal.unwrap().0).unwrap();
    let kept = held["OtherProperties"][0]["StringValue"].as_str().unwrap();
    assert!(kept.ends_with(&leads[0].key), "{kept} {key}");
    let older = json!({
        "Title": "antes",
        "ContactId": leads[0].company.unwrap().0,
        "CreateDate": written(bench.clock.now() - chrono::TimeDelta::hours(2)),
        "OtherProperties": [{"FieldKey": Custom::LeadKey.of_deals(), "StringValue": kept}],
    });
    bench.ploomes.add_deal(&ours(older)).unwrap();
    let expected = [finding(&leads[0], Deal, Kind::Duplicated)];
    assert_eq!(bench.drift().await, expected, "the one that the lead holds is the younger");
    assert_eq!(bench.drift().await, expected);
}

#[tokio::test(start_paused = true)]
async fn two_persons_of_ours_who_come_to_have_the_same_e_mail_are_doubles() {
    let bench = Bench::reporting().await;
    let leads = bench.bring(2).await;
    let person = leads[1].person.unwrap().0;
    bench.ploomes.edit_contact(person, &json!({"Email": "p0@example.com"})).unwrap();
    let expected =
        [finding(&leads[1], Person, Kind::Edited), finding(&leads[1], Person, Kind::Duplicated)];
    assert_eq!(bench.drift().await, expected);
    assert_eq!(bench.drift().await, expected[1..]);
}

#[tokio::test(start_paused = true)]
async fn a_write_that_is_in_doubt_has_made_no_orphan() {
    let bench = Bench::reporting().await;
    bench.bring(1).await;
    let lost = Fault::Reset(When::After);
    bench.ploomes.faults().plan(Target::new(Method::POST, "/Deals"), lost);
    let new = crate::simulator::activecampaign::NewContact::new("rui@example.com");
    let contact = bench.activecampaign.create_contact(new).unwrap();
    let at = bench.clock.now() - chrono::TimeDelta::hours(1);
    bench.activecampaign.enroll_at(contact, crate::domain::AutomationId(1), at).unwrap();
    bench.engine.perform(crate::engine::jobs::kind::POLL, &json!({})).await.unwrap();
    while bench.ploomes.deals().len() < 2 {
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    }
    assert_eq!(bench.leads().await[1].deal, None);
    let since = bench.clock.now() - chrono::TimeDelta::hours(1);
    assert_eq!(orphans(&bench.engine.shared(), since).await.unwrap(), []);
    assert_eq!(bench.drift().await, []);
}

#[tokio::test(start_paused = true)]
async fn a_start_names_what_our_key_made_since_the_ledgers_last_write() {
    let bench = Bench::reporting().await;
    let leads = bench.bring(1).await;
    let since = bench.clock.now();
    let client = leads[0].company.unwrap().0;
    let old = json!({"Title": "x", "ContactId": client,
                     "CreateDate": written(since - chrono::TimeDelta::hours(2))});
    bench.ploomes.add_deal(&ours(old)).unwrap();
    let new = bench.ploomes.add_deal(&ours(json!({"Title": "y", "ContactId": client}))).unwrap();
    let found = orphans(&bench.engine.shared(), since - chrono::TimeDelta::hours(1)).await.unwrap();
    assert_eq!(found, [RecordId(new)]);
}

#[tokio::test(start_paused = true)]
async fn a_start_without_ploomes_polls_at_once() {
    let bench = Bench::reporting().await;
    let now = bench.clock.now();
    bench.ledger.write(move |tx| crate::ledger::meta::note_alive(tx, now)).await.unwrap();
    bench.ploomes.faults().stand(Target::any(), Fault::Silence(When::Before));
    let started = Instant::now();
    bench.engine.start_schedule(&bench.lifecycle);
    while bench.ledger.read(|conn| run::last_start(conn, run::Kind::Poll)).await.unwrap().is_none()
    {
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    assert!(started.elapsed().as_secs() < 2);
    name_orphans(&bench.engine.shared(), Some(now)).await;
}
