//! Webhooks that never come, come late, or make no sense. Hours pass here in paused time.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::{collections::BTreeSet, time::Duration};

use ponte::{
    clock::Clock,
    domain::{AutomationId, DeliveryId, Fate, FieldId, FoundBy, LeadState},
    ledger,
    simulator::activecampaign::{NewContact, NewField},
};

use crate::support::{Accounts, Route, Service, Settings, Way, proof};

/// More than the default `expect_within`.
const TOO_LATE: Duration = Duration::from_mins(16);

/// One route with the default waits, and nobody on it yet.
async fn service(more: impl FnOnce(&Accounts, Route) -> Route) -> (Service, AutomationId) {
    let clock = Clock::simulated("2026-03-02T12:00:00Z".parse().unwrap());
    let accounts = Accounts::at(clock, 1);
    let automation = accounts.automation_of("site");
    let route = more(&accounts, Route::new("site", "person-deal", automation));
    let service = Service::start(&accounts, &Settings::new([route]), Way::Paused).await;
    (service, automation)
}

/// Nobody sends the webhooks that are due.
fn lose_webhooks(service: &Service) {
    let lost = service.accounts.activecampaign.take_due();
    assert!(!lost.is_empty());
    for it in lost {
        service.accounts.activecampaign.sent(&it, None);
    }
}

#[tokio::test(start_paused = true)]
async fn a_poll_finds_the_lead_whose_webhook_was_lost() {
    let (service, automation) = service(|_, route| route).await;
    let contact = service.accounts.enter(NewContact::new("maria@example.com"), automation);
    lose_webhooks(&service);

    let early = service.poll().await;
    assert_eq!(
        (&early["outcome"], &early["routes"][0]["without_lead"]),
        (&"complete".into(), &0.into())
    );
    assert_eq!(service.counts().await.total, 0, "its webhook may still come");

    tokio::time::sleep(TOO_LATE).await;
    service.poll().await;
    let counts = service.settled().await;
    let lead = service.lead_of(contact).await;
    assert_eq!((lead.state, lead.found_by), (LeadState::Done, FoundBy::Poll));
    assert_eq!((counts.missed.found, counts.missed.recovered, counts.missed.late), (1, 1, 0));
    assert_eq!(counts.accepted, 0);
    assert_eq!(service.accounts.deals_of(&service.accounts.person("maria@example.com")).len(), 1);
    proof::all(&service).await;
    service.stop().await;
}

#[tokio::test(start_paused = true)]
async fn the_schedule_finds_lost_webhooks_without_being_asked() {
    let clock = Clock::simulated("2026-03-02T12:00:00Z".parse().unwrap());
    let accounts = Accounts::at(clock, 1);
    let automation = accounts.automation_of("site");
    let route = Route::new("site", "person-deal", automation);
    let settings = Settings { poll: Some("0 */5 * * * *"), ..Settings::new([route]) };
    let service = Service::start(&accounts, &settings, Way::Paused).await;
    service.start_schedule();
    for number in 0..20 {
        let new = NewContact::new(&format!("pessoa.{number}@example.com"));
        accounts.enter(new, automation);
    }
    lose_webhooks(&service);
    tokio::time::sleep(Duration::from_mins(21)).await;
    let counts = service.settled().await;
    assert_eq!((counts.total, counts.missed.found, counts.missed.recovered), (20, 20, 20));
    proof::all(&service).await;
    service.stop().await;
}

#[tokio::test(start_paused = true)]
async fn after_one_poll_everybody_is_there_and_those_it_found_are_those_whose_webhook_was_dropped()
{
    let (service, automation) = service(|_, route| route.with("skip_if_open_deal = false")).await;
    let account = service.accounts.activecampaign.clone();
    account.switch(|it| it.webhooks.dropped_per_mille = 300);
    for number in 0..100 {
        let new = NewContact::new(&format!("pessoa.{number}@example.com"));
        service.accounts.enter(new, automation);
        service.send_webhooks().await;
    }
    service.settled().await;
    let dropped: BTreeSet<_> = account.lost_webhooks().into_iter().collect();
    assert!((15..50).contains(&dropped.len()), "{}", dropped.len());
    service.poll().await;
    let waiting = service.counts().await;
    assert_eq!(
        (waiting.missed.found, waiting.total),
        (0, 100 - i64::try_from(dropped.len()).unwrap()),
        "within `expect_within` nobody is missed"
    );
    tokio::time::sleep(TOO_LATE).await;
    service.poll().await;
    let counts = service.settled().await;
    assert_eq!((counts.total, counts.leads(LeadState::Done)), (100, 100));
    let found = |lead: &ledger::leads::Listed| lead.found_by == FoundBy::Poll;
    let found: BTreeSet<_> = service
        .leads()
        .await
        .into_iter()
        .filter(found)
        .map(|lead| lead.enrollment.unwrap())
        .collect();
    assert_eq!(found, dropped);
    proof::all(&service).await;
    service.stop().await;
}

#[tokio::test(start_paused = true)]
async fn who_enters_twice_within_the_wait_and_is_heard_of_once_is_missed_once() {
    let (service, automation) = service(|_, route| route.with("skip_if_open_deal = false")).await;
    let account = service.accounts.activecampaign.clone();
    let contact = service.accounts.enter(NewContact::new("maria@example.com"), automation);
    tokio::time::sleep(Duration::from_mins(1)).await;
    lose_webhooks(&service);
    account.enroll(contact, automation).unwrap();
    assert_eq!(service.send_webhooks().await, 1);
    tokio::time::sleep(TOO_LATE).await;
    service.poll().await;
    let counts = service.settled().await;
    // Which of the two it was nobody can know: no webhook says.
    assert_eq!((counts.total, counts.missed.found, counts.missed.recovered), (2, 1, 1));
    assert_eq!(service.accounts.ploomes.deals().len(), 2);
    proof::all(&service).await;
    service.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_webhook_that_comes_after_its_repair_joins_the_lead() {
    let (service, automation) = service(|_, route| route).await;
    let contact = service.accounts.enter(NewContact::new("maria@example.com"), automation);
    let late = service.accounts.activecampaign.take_due().remove(0);
    tokio::time::sleep(TOO_LATE).await;
    service.poll().await;
    service.settled().await;
    assert_eq!(service.post_to(&late.target, &late.body).await, 200);
    let counts = service.settled().await;

    let story = service.story_of(contact).await;
    assert_eq!(story.deliveries[0].fate, Fate::Merged);
    assert_eq!(story.deliveries[0].lead.as_ref(), Some(&service.lead_of(contact).await.key));
    assert_eq!((counts.missed.found, counts.missed.recovered, counts.missed.late), (1, 1, 1));
    assert_eq!(service.accounts.ploomes.deals().len(), 1);
    proof::all(&service).await;
    service.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_webhook_that_comes_within_its_time_is_not_missed() {
    let (service, automation) = service(|_, route| route).await;
    let contact = service.accounts.enter(NewContact::new("maria@example.com"), automation);
    let slow = service.accounts.activecampaign.take_due().remove(0);
    tokio::time::sleep(Duration::from_mins(10)).await;
    service.poll().await;
    service.post_to(&slow.target, &slow.body).await;
    let counts = service.settled().await;
    assert_eq!(service.lead_of(contact).await.found_by, FoundBy::Webhook);
    assert_eq!((counts.missed.found, counts.deliveries(Fate::Applied)), (0, 1));
    proof::all(&service).await;
    service.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_poll_looks_at_contacts_of_before_the_first_start_only_when_since_asks_for_them() {
    for (since, leads) in [(None, 0), (Some("since = \"2026-01-01\""), 1)] {
        let clock = Clock::simulated("2026-03-02T12:00:00Z".parse().unwrap());
        let accounts = Accounts::at(clock.clone(), 1);
        let automation = accounts.automation_of("site");
        let old = accounts.activecampaign.create_contact(NewContact::new("velha@example.com"));
        let long_ago = clock.now() - chrono::TimeDelta::days(20);
        accounts.activecampaign.enroll_at(old.unwrap(), automation, long_ago).unwrap();
        let route = Route::new("site", "person-deal", automation);
        let route = since.into_iter().fold(route, Route::with);
        let service = Service::start(&accounts, &Settings::new([route]), Way::Paused).await;
        service.poll().await;
        assert_eq!(service.settled().await.total, leads, "{since:?}");
        proof::all(&service).await;
        service.stop().await;
    }
}

#[tokio::test(start_paused = true)]
async fn the_delivery_of_a_contact_that_is_gone_is_ignored() {
    let (service, automation) = service(|_, route| route).await;
    let contact = service.accounts.enter(NewContact::new("maria@example.com"), automation);
    let due = service.accounts.activecampaign.take_due().remove(0);
    service.accounts.activecampaign.delete(contact).unwrap();
    assert_eq!(service.post_to(&due.target, &due.body).await, 200);
    let counts = service.settled().await;

    assert_eq!((counts.deliveries(Fate::Ignored), counts.total), (1, 0));
    let reason = service.story_of(contact).await.deliveries[0].reason.clone();
    assert_eq!(reason.as_deref(), Some("contact gone"));
    assert_eq!(service.accounts.ploomes.writes(), 0);
    proof::all(&service).await;
    service.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_contact_that_never_entered_waits_and_then_needs_a_person() {
    let (service, automation) = service(|_, route| route).await;
    let account = &service.accounts.activecampaign;
    let contact = account.create_contact(NewContact::new("maria@example.com")).unwrap();
    let body = format!("contact%5Bid%5D={contact}&seriesid={automation}");
    assert_eq!(service.post("site", &body).await, 200);

    tokio::time::sleep(Duration::from_mins(14)).await;
    assert_eq!(service.counts().await.deliveries(Fate::Pending), 1, "AC may be behind");
    tokio::time::sleep(Duration::from_mins(7)).await;
    let counts = service.counts().await;
    assert_eq!((counts.deliveries(Fate::Quarantined), counts.total), (1, 0));
    let reason = service.story_of(contact).await.deliveries[0].reason.clone();
    assert_eq!(reason, Some(format!("contact not in automation {automation}")));
    assert_eq!(service.accounts.ploomes.writes(), 0, "a guessed URL creates nothing");

    account.enroll(contact, automation).unwrap();
    lose_webhooks(&service);
    let now = service.accounts.clock.now();
    let retry =
        move |tx: &ledger::Tx<'_>| ledger::intake::retry_quarantined(tx, DeliveryId(0), 10, now);
    let retried = service.ledger.write(retry).await;
    assert_eq!(retried.unwrap().deliveries, 1);
    let counts = service.settled().await;
    assert_eq!((counts.deliveries(Fate::Applied), counts.leads(LeadState::Done)), (1, 1));
    proof::all(&service).await;
    service.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_webhook_that_overtakes_its_enrollment_is_applied_when_it_shows() {
    let (service, automation) = service(|_, route| route).await;
    let account = &service.accounts.activecampaign;
    let contact = account.create_contact(NewContact::new("maria@example.com")).unwrap();
    service.post("site", &format!("contact[id]={contact}&seriesid={automation}")).await;
    tokio::time::sleep(Duration::from_mins(2)).await;
    account.enroll(contact, automation).unwrap();
    lose_webhooks(&service);
    tokio::time::sleep(Duration::from_mins(5)).await;
    let counts = service.settled().await;
    assert_eq!((counts.deliveries(Fate::Applied), counts.leads(LeadState::Done)), (1, 1));
    assert_eq!(service.lead_of(contact).await.found_by, FoundBy::Webhook);
    proof::all(&service).await;
    service.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_body_that_says_nothing_is_kept_for_a_person() {
    let (service, _) = service(|_, route| route).await;
    for body in ["", "hello", "contact[id]=&seriesid=1", "contact[id]=abc", "{\"contact\":1}"] {
        assert_eq!(service.post("site", body).await, 200, "{body}");
    }
    let counts = service.settled().await;
    assert_eq!((counts.accepted, counts.deliveries(Fate::Quarantined)), (5, 5));
    let asked = service.accounts.activecampaign.requests();
    assert!(asked.iter().all(|it| !it.target.contains("/contacts")), "{asked:?}");
    proof::all(&service).await;
    service.stop().await;
}

#[tokio::test(start_paused = true)]
async fn an_unknown_token_is_counted_and_nothing_else() {
    let (service, _) = service(|_, route| route).await;
    assert_eq!(service.post_to("/webhooks/a-token-nobody-has", "contact[id]=1").await, 404);
    assert_eq!(service.counts().await.accepted, 0);
    service.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_lead_without_a_required_value_fails_until_the_contact_has_one() {
    let (service, automation) = service(|accounts, route| {
        accounts.activecampaign.add_field(NewField::new("CPF", "text"));
        route
            .from("full_name", "person.Name")
            .from("email", "person.Email")
            .required("field.CPF", "person.CPF")
            .template("{{ email }}", "deal.Title")
    })
    .await;
    let contact = service.accounts.enter(NewContact::new("maria@example.com"), automation);
    assert_eq!(service.send_webhooks().await, 1);
    let counts = service.settled().await;
    assert_eq!(counts.leads(LeadState::Failed), 1);
    let reason = service.lead_of(contact).await.reason;
    assert_eq!(reason.as_deref(), Some("field.CPF is empty"));
    assert_eq!(service.accounts.persons().len(), 0);

    tokio::time::sleep(Duration::from_mins(1)).await;
    let field = FieldId(1);
    service.accounts.activecampaign.set_field(contact, field, "529.982.247-25").unwrap();
    service.poll().await;
    let counts = service.settled().await;
    assert_eq!((counts.leads(LeadState::Done), counts.leads(LeadState::Failed)), (1, 0));
    let person = service.accounts.person("maria@example.com");
    assert_eq!(person["CPF"], "52998224725");
    assert_eq!(service.accounts.deals_of(&person).len(), 1);
    proof::all(&service).await;
    service.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_merge_in_activecampaign_makes_no_second_lead() {
    for new_ids in [false, true] {
        let (service, automation) = service(|_, route| route).await;
        let account = &service.accounts.activecampaign;
        account.switch(|it| it.merge.new_ids = new_ids);
        let loser = service.accounts.enter(NewContact::new("maria@example.com"), automation);
        service.send_webhooks().await;
        service.settled().await;
        let winner = account.create_contact(NewContact::new("maria.nova@example.com")).unwrap();
        account.merge(winner, loser).unwrap();
        tokio::time::sleep(TOO_LATE).await;
        service.poll().await;
        service.settled().await;
        tokio::time::sleep(TOO_LATE).await;
        service.poll().await;
        let counts = service.settled().await;

        assert_eq!((counts.total, counts.missed.found), (1, 0), "new ids: {new_ids}");
        assert_eq!(service.accounts.ploomes.deals().len(), 1);
        proof::all(&service).await;
        service.stop().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_winner_of_a_merge_who_enters_too_has_two_leads_and_not_three() {
    let (service, automation) = service(|_, route| route.with("skip_if_open_deal = false")).await;
    let account = &service.accounts.activecampaign;
    account.switch(|it| it.merge.new_ids = true);
    let loser = service.accounts.enter(NewContact::new("maria@example.com"), automation);
    service.send_webhooks().await;
    service.settled().await;
    tokio::time::sleep(Duration::from_mins(1)).await;
    let winner = account.create_contact(NewContact::new("maria.nova@example.com")).unwrap();
    account.merge(winner, loser).unwrap();
    account.enroll(winner, automation).unwrap();
    service.send_webhooks().await;
    service.settled().await;
    tokio::time::sleep(TOO_LATE).await;
    service.poll().await;
    let counts = service.settled().await;

    assert_eq!((counts.total, counts.missed.found), (2, 0));
    assert_eq!(service.accounts.ploomes.deals().len(), 2);
    proof::all(&service).await;
    service.stop().await;
}
