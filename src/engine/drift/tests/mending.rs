//! What is made again, and what is not.

use std::time::Duration;

use serde_json::{Value, json};

use super::bench::{Bench, finding, found, in_order};
use crate::{
    domain::{LeadState, RecordId},
    ledger::{drift::Kind, lead::Lead},
    planner::StepKind::{Company, Deal, Person},
};

fn delete(bench: &Bench, contact: Option<RecordId>) {
    bench.ploomes.delete_contact(contact.unwrap().0).unwrap();
}

fn deal_of(bench: &Bench, lead: &Lead) -> Value {
    bench.ploomes.deal(lead.deal.unwrap().0).unwrap()
}

/// One reconciliation, and all that it asks for.
async fn mend(bench: &Bench) -> Vec<crate::engine::drift::Finding> {
    let found = bench.drift().await;
    bench.engine.drained().await.unwrap();
    tokio::time::sleep(Duration::from_mins(1)).await;
    found
}

#[tokio::test(start_paused = true)]
async fn a_deleted_person_is_made_again_only_where_an_open_deal_of_ours_needs_it() {
    let bench = Bench::repairing().await;
    let leads = bench.bring(5).await;
    for lead in &leads[0..4] {
        delete(&bench, lead.person);
    }
    bench.ploomes.win(leads[1].deal.unwrap().0).unwrap();
    bench.ploomes.delete_deal(leads[2].deal.unwrap().0).unwrap();
    let given_away = json!({"PersonId": leads[4].person.unwrap().0});
    bench.ploomes.edit_deal(leads[3].deal.unwrap().0, &given_away).unwrap();
    let (contacts, deals) = (bench.ploomes.contacts().len(), bench.ploomes.deals().len());
    let expected: Vec<_> = leads[0..4]
        .iter()
        .map(|it| finding(it, Person, Kind::Deleted))
        .chain([finding(&leads[2], Deal, Kind::Deleted)])
        .collect();
    assert_eq!(mend(&bench).await, in_order(expected.clone()));
    assert_eq!(bench.ploomes.contacts().len(), contacts + 1, "one of the four");
    assert_eq!(bench.ploomes.deals().len(), deals, "no deal is made again");
    let now = bench.leads().await;
    assert!(now.iter().all(|it| it.state == LeadState::Done));
    let again = now[0].person.unwrap();
    assert_ne!(Some(again), leads[0].person);
    assert_eq!(deal_of(&bench, &leads[0])["PersonId"], again.0);
    let person = bench.ploomes.contact(again.0).unwrap();
    assert_eq!(person["Email"], "p0@example.com");
    assert_eq!(person["CompanyId"], leads[0].company.unwrap().0);
    let rest = expected.into_iter().filter(|it| Some(it.id) != leads[0].person).collect();
    assert_eq!(mend(&bench).await, in_order(rest));
    assert_eq!(bench.ploomes.contacts().len(), contacts + 1);
}

#[tokio::test(start_paused = true)]
async fn a_deleted_company_is_made_again_with_its_person_and_deal_in_it() {
    let bench = Bench::repairing().await;
    let leads = bench.bring(1).await;
    delete(&bench, leads[0].company);
    assert_eq!(mend(&bench).await, [finding(&leads[0], Company, Kind::Deleted)]);
    let company = bench.leads().await[0].company.unwrap();
    assert_ne!(Some(company), leads[0].company);
    let deal = deal_of(&bench, &leads[0]);
    assert_eq!(
        (&deal["ContactId"], &deal["PersonId"]),
        (&json!(company.0), &json!(leads[0].person.unwrap().0))
    );
    let person = bench.ploomes.contact(leads[0].person.unwrap().0).unwrap();
    assert_eq!(person["CompanyId"], company.0);
    assert_eq!(mend(&bench).await, []);
}

#[tokio::test(start_paused = true)]
async fn a_deleted_deal_is_never_made_again_and_an_edit_is_never_overwritten() {
    let bench = Bench::repairing().await;
    let leads = bench.bring(2).await;
    bench.ploomes.delete_deal(leads[0].deal.unwrap().0).unwrap();
    let person = leads[1].person.unwrap().0;
    bench.ploomes.edit_contact(person, &json!({"Name": "Outra"})).unwrap();
    delete(&bench, leads[1].company);
    let expected = [
        finding(&leads[1], Company, Kind::Deleted),
        finding(&leads[0], Deal, Kind::Deleted),
        finding(&leads[1], Person, Kind::Edited),
    ];
    assert_eq!(mend(&bench).await, expected);
    assert_eq!(bench.ploomes.deals().len(), 1);
    assert_eq!(bench.ploomes.contact(person).unwrap()["Name"], "Outra");
}

#[tokio::test(start_paused = true)]
async fn a_run_that_only_reports_makes_nothing_again() {
    let bench = Bench::repairing().await;
    let leads = bench.bring(1).await;
    delete(&bench, leads[0].person);
    let writes = bench.ploomes.writes();
    let expected = [finding(&leads[0], Person, Kind::Deleted)];
    assert_eq!(found(&bench.reconcile_with(json!({"mode": "report"})).await), expected);
    bench.engine.drained().await.unwrap();
    assert_eq!(bench.ploomes.writes(), writes);
}

#[tokio::test(start_paused = true)]
async fn more_than_a_run_may_repair_is_an_alarm_and_no_repair() {
    let bench = Bench::repairing().await;
    let leads = bench.bring(11).await;
    for lead in &leads {
        delete(&bench, lead.person);
    }
    let writes = bench.ploomes.writes();
    let detail = bench.reconcile().await;
    assert_eq!((found(&detail).len(), &detail["over_max_repairs"]), (11, &json!(true)));
    bench.engine.drained().await.unwrap();
    assert_eq!(bench.ploomes.writes(), writes);
}
