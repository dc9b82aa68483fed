//! What ends a contact.

use std::time::Duration;

use chrono::TimeDelta;
use serde_json::json;

use super::{account, account_with, add, contact_ids, get, ids, ok};
use crate::{
    clock::Clock,
    domain::{ContactId, EnrollmentId, FieldId},
    simulator::activecampaign::{
        ActiveCampaign, MergeRules, NewAutomation, NewContact, NewField, Step,
    },
};

const WINNER: ContactId = ContactId(1);
const LOSER: ContactId = ContactId(2);

/// Both in automation 1 (entries 1 and 2), the loser in automation 2 as well (entry 3); the loser
/// has more of everything.
fn two_people(rules: MergeRules) -> (ActiveCampaign, Clock) {
    let (account, clock) = account_with(|it| it.merge = rules);
    let cpf = account.add_field(NewField::new("CPF", "text"));
    let cargo = account.add_field(NewField::new("Cargo", "text"));
    let (a, b) = (account.add_tag("A"), account.add_tag("B"));
    let list = account.add_list("L");
    let company = account.add_account("Padaria");
    let wait = Step::Wait(Duration::from_mins(1));
    let steps = vec![wait, Step::Webhook("/hook".into())];
    let one = account.add_automation(NewAutomation::new("One", steps.clone()));
    let two = account.add_automation(NewAutomation::new("Two", steps));
    account.create_contact(NewContact::new("winner@example.com").field(cpf, "1")).unwrap();
    let loser = NewContact::new("loser@example.com").field(cpf, "2").field(cargo, "Sócia");
    account.create_contact(loser).unwrap();
    account.tag(WINNER, a).unwrap();
    for tag in [a, b] {
        account.tag(LOSER, tag).unwrap();
    }
    account.subscribe(LOSER, list).unwrap();
    account.link_account(LOSER, company).unwrap();
    account.enroll(WINNER, one).unwrap();
    account.enroll(LOSER, one).unwrap();
    account.enroll(LOSER, two).unwrap();
    (account, clock)
}

#[tokio::test(start_paused = true)]
async fn the_winner_gets_what_the_loser_had_and_the_loser_is_gone() {
    let (account, _) = two_people(MergeRules::default());
    account.merge(WINNER, LOSER).unwrap();
    let (status, body) = get(&account, "/contacts/2").await;
    assert_eq!(status, 404);
    assert_eq!(body, json!({"message": "No Result found for Subscriber with id 2"}));
    let body = ok(&account, "/contacts/1").await;
    let values = body["fieldValues"].as_array().unwrap();
    let values: Vec<_> = values.iter().map(|it| it["value"].as_str().unwrap()).collect();
    assert_eq!(values, ["1", "Sócia"], "what both have is the winner's");
    assert_eq!(ids(&body, "contactAutomations"), [1, 2, 3]);
    assert_eq!(body["contactAutomations"][2]["contact"], "1");
    assert_eq!(body["accountContacts"][0]["contact"], "1");
    assert_eq!(contact_ids(&account, "tagid=2").await, [1]);
    assert_eq!(contact_ids(&account, "listid=1").await, [1]);
    assert_eq!(contact_ids(&account, "seriesid=2").await, [1]);
    assert_eq!(ok(&account, "/accounts/1").await["account"]["contactCount"], "1");
    add(&account, "loser@example.com");
}

#[tokio::test(start_paused = true)]
async fn merged_enrollments_can_get_new_ids_and_go_on() {
    let (account, clock) = two_people(MergeRules { new_ids: true, ..MergeRules::default() });
    account.merge(WINNER, LOSER).unwrap();
    let body = ok(&account, "/contacts/1").await;
    assert_eq!(ids(&body, "contactAutomations"), [1, 4, 5]);
    assert_eq!(get(&account, "/contactAutomations/2").await.0, 404);
    assert_eq!(account.enrollment_now(EnrollmentId(2)), Some(EnrollmentId(4)));
    let rows = ok(&account, "/automations/1/contactAutomations?orders[adddate]=ASC").await;
    assert_eq!(ids(&rows, "contactAutomations"), [1, 4]);
    assert_eq!(rows["meta"]["total"], "2");
    clock.step(TimeDelta::seconds(61));
    let contacts: Vec<_> = account.webhooks().iter().map(|it| it.contact).collect();
    assert_eq!(contacts, [WINNER, WINNER, WINNER]);
}

#[tokio::test(start_paused = true)]
async fn the_losers_enrollment_in_a_shared_automation_can_vanish() {
    let rules = MergeRules { same_automation_vanishes: true, ..MergeRules::default() };
    let (account, _) = two_people(rules);
    account.merge(WINNER, LOSER).unwrap();
    assert_eq!(ids(&ok(&account, "/contacts/1").await, "contactAutomations"), [1, 3]);
    assert_eq!(account.enrollment_now(EnrollmentId(2)), None);
    let automation = ok(&account, "/automations/1").await["automation"].clone();
    assert_eq!(automation["entered"], "2", "the counter never goes back");
}

#[tokio::test(start_paused = true)]
async fn a_deleted_contact_leaves_nothing_but_the_counter() {
    let (account, clock) = two_people(MergeRules::default());
    account.delete(LOSER).unwrap();
    assert_eq!(contact_ids(&account, "").await, [1]);
    assert_eq!(ids(&ok(&account, "/contactAutomations").await, "contactAutomations"), [1]);
    assert_eq!(ok(&account, "/automations/2").await["automation"]["entered"], "1");
    assert_eq!(ok(&account, "/accounts/1").await["account"]["contactCount"], "0");
    clock.step(TimeDelta::seconds(61));
    assert_eq!(account.webhooks().len(), 1, "the winner's");
}

#[tokio::test(start_paused = true)]
async fn an_anonymised_contact_stays_without_its_data() {
    let (account, _) = account();
    let field = account.add_field(NewField::new("CPF", "text"));
    let new = NewContact::new("ana@example.com").named("Ana", "Lima").field(field, "1");
    let id = account.create_contact(new).unwrap();
    account.anonymise(id).unwrap();
    let body = ok(&account, "/contacts/1").await;
    assert_eq!(body["contact"]["anonymized"], "1");
    assert_eq!(body["contact"]["firstName"], "");
    assert_eq!(body["fieldValues"], json!([]));
    assert!(!body.to_string().contains("ana@"));
    account.set_field(id, FieldId(1), "2").unwrap();
}
