//! What becomes of person and company when the contact changes after its lead was brought in.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::time::Duration;

use ponte::{
    clock::Clock,
    domain::{AutomationId, ContactId, FieldId},
    simulator::{
        activecampaign::{ContactChange, NewContact, NewField},
        ploomes::{Did, standard::Custom},
    },
};
use serde_json::{Value, json};

use crate::support::{Accounts, Route, Service, Settings, Way, of_company, proof};

/// A person who was brought in with a company, a CPF and a text.
struct Known {
    service: Service,
    automation: AutomationId,
    contact: ContactId,
    cpf: FieldId,
    text: FieldId,
}

const EMAIL: &str = "maria@example.com";

impl Known {
    async fn new(existing: &str) -> Self {
        let accounts = Accounts::at(Clock::simulated("2026-03-02T12:00:00Z".parse().unwrap()), 1);
        let automation = accounts.automation_of("site");
        let add = |title| accounts.activecampaign.add_field(NewField::new(title, "text"));
        let (cpf, text) = (add("CPF"), add("Texto"));
        let route = Route::new("site", "company-person-deal", automation)
            .with(&format!("existing = \"{existing}\""))
            .from("full_name", "person.Name")
            .from("email", "person.Email")
            .from("phone", "person.Phones")
            .from("field.CPF", "person.CPF")
            .from("field.TEXTO", &format!("person.{}", Custom::Text.of_contacts()))
            .from("company", "company.Name")
            .template("{{ full_name }}", "deal.Title");
        let service = Service::start(&accounts, &Settings::new([route]), Way::Paused).await;
        let new = NewContact::new(EMAIL)
            .named("Maria", "Silva")
            .phone("(11) 90000-0001")
            .field(cpf, "529.982.247-25")
            .field(text, "de início");
        let contact = accounts.enter(of_company(new, "Padaria Exemplo"), automation);
        service.send_webhooks().await;
        service.settled().await;
        Self { service, automation, contact, cpf, text }
    }

    fn accounts(&self) -> &Accounts {
        &self.service.accounts
    }

    fn person(&self) -> Value {
        self.accounts().person(EMAIL)
    }

    /// A minute later a poll looks; returns the bodies that it had written to Ploomes.
    async fn polled(&self) -> Vec<Value> {
        let before = self.accounts().ploomes.writes();
        tokio::time::sleep(Duration::from_mins(1)).await;
        self.service.poll().await;
        self.service.settled().await;
        let applied = self.accounts().ploomes.applied().split_off(before);
        assert!(applied.iter().all(|it| it.did == Did::Update), "{applied:?}");
        applied.into_iter().map(|it| it.body).collect()
    }

    async fn rename(&self, first: &str) {
        // AC's stamps have whole seconds.
        tokio::time::sleep(Duration::from_secs(2)).await;
        let change =
            ContactChange { first_name: Some(first.to_owned()), ..ContactChange::default() };
        self.accounts().activecampaign.update_contact(self.contact, change).unwrap();
    }

    async fn set(&self, field: FieldId, value: &str) {
        tokio::time::sleep(Duration::from_secs(2)).await;
        self.accounts().activecampaign.set_field(self.contact, field, value).unwrap();
    }

    async fn end(self) {
        proof::all(&self.service).await;
        self.service.stop().await;
    }
}

#[tokio::test(start_paused = true)]
async fn only_the_fields_that_changed_are_written() {
    let known = Known::new("fill").await;
    known.rename("Mariana").await;
    assert_eq!(known.polled().await, [json!({ "Name": "Mariana Silva" })]);
    known.set(known.text, "outra coisa").await;
    let written = known.polled().await;
    let [Value::Object(body)] = written.as_slice() else { panic!("{written:?}") };
    assert_eq!(body.keys().collect::<Vec<_>>(), ["OtherProperties"]);
    assert_eq!(known.person()["OtherProperties"][0]["StringValue"], "outra coisa");
    assert_eq!(known.accounts().ploomes.deals().len(), 1);
    known.end().await;
}

#[tokio::test(start_paused = true)]
async fn what_the_map_does_not_use_is_no_change() {
    let known = Known::new("overwrite").await;
    let calls = known.accounts().calls();
    tokio::time::sleep(Duration::from_secs(2)).await;
    let account = &known.accounts().activecampaign;
    let other = account.add_field(NewField::new("Outro", "text"));
    account.set_field(known.contact, other, "x").unwrap();
    account.engage(known.contact).unwrap();
    let tag = account.add_tag("VIP");
    account.tag(known.contact, tag).unwrap();
    assert_eq!(known.polled().await, [] as [Value; 0]);
    assert_eq!(known.accounts().calls(), calls, "and Ploomes is not even asked");
    known.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_person_s_edit_is_theirs_and_the_rest_is_updated_all_the_same() {
    let known = Known::new("fill").await;
    let id = known.person()["Id"].as_i64().unwrap();
    known.accounts().ploomes.edit_contact(id, &json!({ "Name": "Dona Maria" })).unwrap();
    known.rename("Mariana").await;
    known.set(known.cpf, "111.444.777-35").await;
    assert_eq!(known.polled().await, [json!({ "CPF": "11144477735" })]);
    assert_eq!(known.person()["Name"], "Dona Maria");
    known.end().await;
}

#[tokio::test(start_paused = true)]
async fn overwrite_writes_over_a_person_s_edit_and_leave_writes_nothing() {
    for (existing, name, writes) in [("overwrite", "Mariana Silva", 1), ("leave", "Dona Maria", 0)]
    {
        let known = Known::new(existing).await;
        let id = known.person()["Id"].as_i64().unwrap();
        known.accounts().ploomes.edit_contact(id, &json!({ "Name": "Dona Maria" })).unwrap();
        known.rename("Mariana").await;
        assert_eq!(known.polled().await.len(), writes, "{existing}");
        assert_eq!(known.person()["Name"], name, "{existing}");
        known.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_empty_value_erases_nothing() {
    for existing in ["fill", "overwrite"] {
        let known = Known::new(existing).await;
        known.set(known.cpf, "").await;
        known.set(known.text, "").await;
        let change = ContactChange {
            first_name: Some(String::new()),
            last_name: Some(String::new()),
            phone: Some(String::new()),
            orgname: Some(String::new()),
        };
        known.accounts().activecampaign.update_contact(known.contact, change).unwrap();
        let before = known.person();
        assert_eq!(known.polled().await, [] as [Value; 0], "{existing}");
        assert_eq!(known.person(), before, "{existing}");
        known.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn the_e_mail_of_another_person_is_not_given() {
    let known = Known::new("overwrite").await;
    let other = json!({ "TypeId": 2, "Name": "Outra Maria", "Email": "outra@example.com" });
    known.accounts().ploomes.add_contact(&other).unwrap();
    tokio::time::sleep(Duration::from_secs(2)).await;
    let account = &known.accounts().activecampaign;
    account.change_email(known.contact, "outra@example.com").unwrap();
    known.rename("Mariana").await;
    assert_eq!(known.polled().await, [json!({ "Name": "Mariana Silva" })]);
    assert_eq!(known.accounts().person("outra@example.com")["Name"], "Outra Maria");
    assert_eq!(known.person()["Name"], "Mariana Silva");
    let warnings = known.service.lead_of(known.contact).await.warnings;
    assert!(warnings.is_some_and(|it| it.contains("e-mail is left as it is")));
    known.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_new_e_mail_goes_to_the_same_person() {
    let known = Known::new("fill").await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let account = &known.accounts().activecampaign;
    account.change_email(known.contact, "maria.nova@example.com").unwrap();
    assert_eq!(known.polled().await, [json!({ "Email": "maria.nova@example.com" })]);
    assert_eq!(known.accounts().persons().len(), 1);
    known.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_global_webhook_of_a_change_updates_too() {
    let known = Known::new("fill").await;
    known.rename("Mariana").await;
    let before = known.accounts().ploomes.writes();
    let body = format!("type=update&contact[id]={}&list=0", known.contact);
    assert_eq!(known.service.post("site", &body).await, 200);
    known.service.settled().await;
    let applied = known.accounts().ploomes.applied().split_off(before);
    assert_eq!(applied.len(), 1);
    assert_eq!(applied[0].body, json!({ "Name": "Mariana Silva" }));
    known.end().await;
}

#[tokio::test(start_paused = true)]
async fn entering_again_later_updates_the_person_and_makes_a_deal_of_the_new_values() {
    let known = Known::new("fill").await;
    let deal = known.accounts().ploomes.deals()[0]["Id"].as_i64().unwrap();
    known.accounts().ploomes.lose(deal).unwrap();
    known.rename("Mariana").await;
    known.accounts().activecampaign.enroll(known.contact, known.automation).unwrap();
    known.service.send_webhooks().await;
    known.service.settled().await;
    let deals = known.accounts().ploomes.deals();
    let titles: Vec<&str> = deals.iter().map(|it| it["Title"].as_str().unwrap()).collect();
    assert_eq!(titles, ["Maria Silva", "Mariana Silva"]);
    assert_eq!(known.person()["Name"], "Mariana Silva");
    known.end().await;
}
