//! One enrollment is one lead, however often and in whatever company its webhook comes.

use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use ponte::{
    domain::{Fate, LeadState},
    simulator::activecampaign::NewContact,
};
use serde_json::json;

use crate::support::{Accounts, Route, Service, Settings, Way, of_company, proof, until};

#[tokio::test(flavor = "multi_thread")]
async fn the_same_delivery_fifty_times_at_once_is_one_lead() {
    let accounts = Accounts::new(1);
    let automation = accounts.automation_of("site");
    let route = Route::new("site", "company-person-deal", automation);
    let service = Service::start(&accounts, &Settings::new([route]), Way::Sockets).await;
    let new = of_company(NewContact::new("maria@example.com"), "Padaria Exemplo");
    accounts.enter(new, automation);

    let due = accounts.activecampaign.take_due().remove(0);
    let posts = stream::iter(0..50).map(|_| service.post_to(&due.target, &due.body));
    let statuses: Vec<u16> = posts.buffer_unordered(50).collect().await;
    let counts = service.settled().await;

    assert_eq!(statuses, [200; 50]);
    assert_eq!((counts.accepted, counts.total), (50, 1));
    assert_eq!((counts.deliveries(Fate::Applied), counts.deliveries(Fate::Merged)), (1, 49));
    assert_eq!(counts.leads(LeadState::Done), 1);
    assert_eq!((accounts.persons().len(), accounts.companies().len()), (1, 1));
    assert_eq!(accounts.ploomes.deals().len(), 1);
    proof::all(&service).await;
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_contacts_of_one_company_and_one_phone_at_once_make_one_company() {
    let accounts = Accounts::new(2);
    let automation = accounts.automation_of("site");
    let route = Route::new("site", "company-person-deal", automation);
    let service = Service::start(&accounts, &Settings::new([route]), Way::InProcess).await;
    service.let_webhooks_flow();
    for number in 0..50 {
        let email = format!("pessoa.{number}@example.com");
        let new = NewContact::new(&email).phone("(11) 90000-0000");
        let name = "Café São João & Irmãos";
        let name = if number % 2 == 0 { name.to_owned() } else { name.to_uppercase() };
        accounts.enter(of_company(new, &name), automation);
    }
    // One that is on its way is neither due nor here.
    until("they came", Duration::from_mins(1), async || {
        (service.counts().await.accepted == 50).then_some(())
    })
    .await;
    let counts = service.settled().await;

    assert_eq!((counts.total, counts.leads(LeadState::Done)), (50, 50));
    assert_eq!((accounts.persons().len(), accounts.companies().len()), (50, 1));
    let company = &accounts.companies()[0]["Id"];
    assert!(accounts.persons().iter().all(|it| it["CompanyId"] == *company));
    assert_eq!(accounts.ploomes.deals().len(), 50);
    proof::all(&service).await;
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn entering_again_makes_a_second_deal_of_the_same_person() {
    let accounts = Accounts::new(3);
    let automation = accounts.automation_of("site");
    let route = Route::new("site", "person-deal", automation).with("skip_if_open_deal = false");
    let service = Service::start(&accounts, &Settings::new([route]), Way::Sockets).await;
    let contact = accounts.enter(NewContact::new("maria@example.com"), automation);
    service.send_webhooks().await;
    service.settled().await;
    accounts.activecampaign.enroll(contact, automation).unwrap();
    service.send_webhooks().await;
    service.settled().await;

    let leads = service.leads().await;
    assert_eq!(leads.len(), 2);
    assert!(leads.iter().all(|it| it.state == LeadState::Done && it.person == leads[0].person));
    assert_eq!(accounts.deals_of(&accounts.person("maria@example.com")).len(), 2);
    proof::all(&service).await;
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn entering_again_makes_no_second_deal_while_one_is_open() {
    let accounts = Accounts::new(4);
    let automation = accounts.automation_of("site");
    let route = Route::new("site", "company-person-deal", automation);
    let service = Service::start(&accounts, &Settings::new([route]), Way::Sockets).await;
    let contact = accounts.enter(NewContact::new("maria@example.com"), automation);
    service.send_webhooks().await;
    service.settled().await;
    let first = service.lead_of(contact).await.deal.unwrap();
    let enter_again = async || {
        accounts.activecampaign.enroll(contact, automation).unwrap();
        service.send_webhooks().await;
        service.settled().await;
        service.leads().await.pop().unwrap()
    };

    let second = enter_again().await;
    assert_eq!((second.state, second.deal), (LeadState::Skipped, None));
    assert_eq!(second.reason, Some(format!("open deal {first}")));
    assert_eq!(accounts.ploomes.deals().len(), 1);

    accounts.ploomes.win(first.0).unwrap();
    let third = enter_again().await;
    assert_eq!(third.state, LeadState::Done);
    assert_eq!(accounts.ploomes.deals().len(), 2);
    proof::all(&service).await;
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_deal_of_the_company_is_guarded_and_person_and_company_are_written_all_the_same() {
    let accounts = Accounts::new(5);
    let automation = accounts.automation_of("site");
    let company = json!({ "TypeId": 1, "Name": "Padaria Exemplo", "CNPJ": "11222333000181" });
    let company = accounts.ploomes.add_contact(&company).unwrap();
    let open = json!({ "Title": "De antes", "ContactId": company });
    let open = accounts.ploomes.add_deal(&open).unwrap();
    let cnpj = ponte::simulator::activecampaign::NewField::new("CNPJ", "text");
    let cnpj = accounts.activecampaign.add_field(cnpj);
    let route = Route::new("site", "company-person-deal", automation)
        .from("full_name", "person.Name")
        .from("email", "person.Email")
        .from("company", "company.Name")
        .from("field.CNPJ", "company.CNPJ")
        .template("{{ company }}", "deal.Title");
    let service = Service::start(&accounts, &Settings::new([route]), Way::Sockets).await;
    let new = NewContact::new("maria@example.com").field(cnpj, "11.222.333/0001-81");
    let contact = accounts.enter(of_company(new, "Outro nome"), automation);
    service.send_webhooks().await;
    service.settled().await;

    let lead = service.lead_of(contact).await;
    assert_eq!(lead.reason, Some(format!("open deal {open}")));
    assert_eq!(accounts.person("maria@example.com")["CompanyId"], company);
    assert_eq!((accounts.companies().len(), accounts.ploomes.deals().len()), (1, 1));
    proof::all(&service).await;
    service.stop().await;
}
