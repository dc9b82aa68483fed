//! What a lead costs: as few calls as the API allows, counted where they arrive.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::time::Duration;

use ponte::{
    domain::AutomationId,
    simulator::{activecampaign::NewContact, ploomes::standard::Custom},
};
use serde_json::{Value, json};

use crate::support::{Accounts, Route, Service, Settings, Way, of_company, proof, until};

/// A service that has brought one lead in, so that everything that is cached is cached.
struct Warm {
    accounts: Accounts,
    service: Service,
    automation: AutomationId,
}

impl Warm {
    async fn new(create: &str, guard: bool) -> Self {
        let accounts = Accounts::new(1);
        let automation = accounts.automation_of("site");
        let route = Route::new("site", create, automation)
            .with("expect_within = \"1s\"")
            .with(&format!("skip_if_open_deal = {guard}"))
            .with("owner = \"ana@example.com\"")
            .with("origin = \"ActiveCampaign\"")
            .with("tags = [\"lead\"]");
        let settings =
            Settings { lead_key_field: Some(Custom::LeadKey.of_deals()), ..Settings::new([route]) };
        let service = Service::start(&accounts, &settings, Way::Sockets).await;
        let warm = Self { accounts, service, automation };
        warm.cost(NewContact::new("primeira@example.com")).await;
        warm
    }

    /// The calls that a contact's lead costs, in order: in Ploomes, and in `ActiveCampaign`.
    async fn cost(&self, contact: NewContact) -> (Vec<String>, Vec<String>) {
        let Accounts { ploomes, activecampaign, .. } = &self.accounts;
        let before = (ploomes.requests().len(), activecampaign.requests().len());
        self.accounts.enter(contact, self.automation);
        self.service.send_webhooks().await;
        self.service.settled().await;
        let call = |method: &str, target: &str| {
            let path = target.split('?').next().unwrap();
            let path = path.trim_end_matches(|it: char| it.is_ascii_digit());
            format!("{method} {path}")
        };
        let to_ploomes = ploomes.requests().split_off(before.0);
        let to_activecampaign = activecampaign.requests().split_off(before.1);
        (
            to_ploomes.iter().map(|it| call(&it.method, &it.target)).collect(),
            to_activecampaign.iter().map(|it| call(it.method.as_str(), &it.target)).collect(),
        )
    }

    async fn end(self) {
        proof::all(&self.service).await;
        self.service.stop().await;
    }
}

/// A contact with a phone and a company.
fn contact(email: &str, company: &str) -> NewContact {
    let new = NewContact::new(email).named("Maria", "Silva").phone("(11) 90000-0001");
    of_company(new, company)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_costs_one_call_to_activecampaign() {
    let warm = Warm::new("person-deal", true).await;
    let (_, calls) = warm.cost(contact("maria@example.com", "")).await;
    assert_eq!(calls, ["GET /api/3/contacts/"]);
    warm.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn contacts_that_enter_in_the_same_second_cost_one_call_each_too() {
    let warm = Warm::new("person-deal", true).await;
    let before = warm.accounts.activecampaign.requests().len();
    for number in 0..30 {
        let email = format!("pessoa.{number}@example.com");
        warm.accounts.enter(NewContact::new(&email), warm.automation);
    }
    assert_eq!(warm.service.send_webhooks().await, 30);
    warm.service.settled().await;
    assert_eq!(warm.accounts.activecampaign.requests().len() - before, 30);
    warm.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_poll_that_finds_many_of_one_second_does_not_ask_for_each_of_the_others_each_time() {
    let warm = Warm::new("person-deal", true).await;
    let before = warm.accounts.activecampaign.requests().len();
    for number in 0..30 {
        let email = format!("pessoa.{number}@example.com");
        warm.accounts.enter(NewContact::new(&email), warm.automation);
    }
    assert_eq!(warm.accounts.activecampaign.take_due().len(), 30);
    until("the poll finds them", Duration::from_secs(30), async || {
        warm.service.poll().await;
        let counts = warm.service.settled().await;
        (counts.missed.recovered == 30).then_some(())
    })
    .await;
    let requests = warm.accounts.activecampaign.requests().split_off(before);
    let contacts = requests.iter().filter(|it| it.target.starts_with("/api/3/contacts/"));
    // Eight are looked up side by side, and may each ask for one who was known before.
    assert!((30..=40).contains(&contacts.clone().count()), "{}", contacts.count());
    warm.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_person_with_a_deal_costs_three_calls() {
    let warm = Warm::new("person-deal", true).await;
    let (calls, _) = warm.cost(contact("maria@example.com", "")).await;
    assert_eq!(calls, ["GET /Contacts", "POST /Contacts", "POST /Deals"]);
    warm.end().await;
}

/// A person whom Ploomes has as the contact is in AC: nothing is to be written.
fn known() -> Value {
    json!({
        "TypeId": 2,
        "Name": "Maria Silva",
        "Email": "maria@example.com",
        "Phones": [{ "PhoneNumber": "(11) 90000-0001", "TypeId": 1 }],
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_known_person_with_a_new_deal_costs_two_calls() {
    let warm = Warm::new("person-deal", true).await;
    warm.accounts.ploomes.add_contact(&known()).unwrap();
    let (calls, _) = warm.cost(contact("maria@example.com", "")).await;
    assert_eq!(calls, ["GET /Contacts", "POST /Deals"]);
    warm.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_known_person_with_an_open_deal_costs_one_call() {
    let warm = Warm::new("person-deal", true).await;
    let person = warm.accounts.ploomes.add_contact(&known()).unwrap();
    warm.accounts.ploomes.add_deal(&json!({ "Title": "De antes", "ContactId": person })).unwrap();
    let (calls, _) = warm.cost(contact("maria@example.com", "")).await;
    assert_eq!(calls, ["GET /Contacts"]);
    warm.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn company_person_and_deal_all_new_cost_four_calls() {
    let warm = Warm::new("company-person-deal", true).await;
    let (calls, _) = warm.cost(contact("maria@example.com", "Padaria Exemplo")).await;
    assert_eq!(calls, ["GET /Contacts", "POST /Contacts", "POST /Contacts", "POST /Deals"]);
    warm.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_of_another_company_costs_one_call_more() {
    let warm = Warm::new("company-person-deal", true).await;
    let other = json!({ "TypeId": 1, "Name": "Outra empresa" });
    let other = warm.accounts.ploomes.add_contact(&other).unwrap();
    let mut known = known();
    known["CompanyId"] = other.into();
    warm.accounts.ploomes.add_contact(&known).unwrap();
    let (calls, _) = warm.cost(contact("maria@example.com", "Padaria Exemplo")).await;
    let [first, second, rest @ ..] = calls.as_slice() else { panic!("{calls:?}") };
    assert_eq!(
        (first.as_str(), rest),
        ("GET /Contacts", &["POST /Contacts".to_owned(), "POST /Deals".to_owned()][..])
    );
    assert!(second.starts_with("GET /"), "{calls:?}");
    warm.end().await;
}
