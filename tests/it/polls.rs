//! What a poll finds, what it leaves alone, and how it ends where something fails.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use http::Method;
use ponte::{
    clock::Clock,
    domain::{ContactId, Lane, LeadState},
    ledger::inbox,
    simulator::{
        activecampaign::NewContact,
        fault::{Fault, FaultBody, Target, When},
    },
};
use serde_json::json;

use crate::support::{Accounts, Route, Service, Settings, Way, proof, until};

fn accounts(seed: u64) -> Accounts {
    let start: DateTime<Utc> = "2026-03-02T12:00:00Z".parse().unwrap();
    let accounts = Accounts::at(Clock::simulated(start), seed);
    // Webhooks never come: polls have to find everybody.
    accounts.activecampaign.switch(|it| it.webhooks.dropped_per_mille = 1_000);
    accounts
}

fn somebody(number: usize) -> NewContact {
    NewContact::new(&format!("pessoa{number}@example.com"))
        .named("Pessoa", &format!("Número {number}"))
}

fn refusal(code: u16, body: FaultBody) -> Fault {
    Fault::Status { code, retry_after: None, body, when: When::Before }
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_was_wrong_for_a_while_hides_nobody_after_it_is_right() {
    let accounts = accounts(31);
    let automation = accounts.automation_of("site");
    let settings = Settings::new([Route::new("site", "person-deal", automation)]);
    let service = Service::start(&accounts, &settings, Way::Paused).await;
    accounts.clock.step(TimeDelta::days(10));
    service.poll().await;
    accounts.clock.step(TimeDelta::days(-10));
    accounts.enter(somebody(1), automation);
    tokio::time::advance(Duration::from_mins(16)).await;
    let answer = service.poll().await;
    assert_eq!(answer["routes"][0]["without_lead"], 1, "{answer}");
    assert_eq!(service.settled().await.leads(LeadState::Done), 1);
    // The watermark is right again too: nobody has to be taken for new any more.
    let answer = service.poll().await;
    assert_eq!(answer["routes"][0]["without_lead"], 0, "{answer}");
    proof::all(&service).await;
    service.stop().await;
}

#[tokio::test(start_paused = true)]
async fn those_who_belonged_before_since_are_not_looked_up_at_every_poll() {
    let joins: [fn(&Accounts, ContactId); 3] = [
        |it, contact| it.activecampaign.tag(contact, 1).unwrap(),
        |it, contact| it.activecampaign.subscribe(contact, 1).unwrap(),
        |_, _| {},
    ];
    let members = ["tag = \"Lead\"", "list = 1", "every_contact = true"];
    for (seed, (members, join)) in (32..).zip(members.into_iter().zip(joins)) {
        let accounts = accounts(seed);
        assert_eq!(accounts.activecampaign.add_tag("Lead"), 1);
        assert_eq!(accounts.activecampaign.add_list("Leads"), 1);
        let enter = |number| {
            let contact = accounts.activecampaign.create_contact(somebody(number)).unwrap();
            join(&accounts, contact);
        };
        (0..5).for_each(enter);
        tokio::time::advance(Duration::from_hours(1)).await;
        let settings = Settings::new([Route::of("site", "person-deal", members)]);
        let service = Service::start(&accounts, &settings, Way::Paused).await;
        let answer = service.poll().await;
        assert_eq!(answer["routes"][0]["entered"], 0, "{members}: {answer}");
        tokio::time::advance(Duration::from_secs(5)).await;
        enter(5);
        let answer = service.poll().await;
        let route = &answer["routes"][0];
        assert_eq!((&route["entered"], &route["without_lead"]), (&json!(1), &json!(0)));
        tokio::time::advance(Duration::from_mins(16)).await;
        service.poll().await;
        let counts = service.settled().await;
        assert_eq!((counts.total, counts.leads(LeadState::Done)), (1, 1), "{members}");
        let one = "/api/3/contacts/";
        let requests = accounts.activecampaign.requests();
        let mut looked_up = requests.iter().filter(|it| it.target.contains(one));
        assert!(looked_up.all(|it| it.target.contains("/contacts/6")), "{members}");
        proof::all(&service).await;
        service.stop().await;
    }
}

#[tokio::test(start_paused = true)]
async fn who_entered_before_the_first_start_is_looked_up_after_everybody_else() {
    let accounts = accounts(35);
    let automation = accounts.automation_of("site");
    let old = accounts.enter(somebody(1), automation);
    tokio::time::advance(Duration::from_hours(1)).await;
    let route = Route::new("site", "person-deal", automation).with("since = \"2026-01-01\"");
    let service = Service::start(&accounts, &Settings::new([route]), Way::Paused).await;
    tokio::time::advance(Duration::from_secs(5)).await;
    let new = accounts.enter(somebody(2), automation);
    tokio::time::advance(Duration::from_mins(16)).await;
    // Nobody can be looked up: the hints stay.
    for contact in [old, new] {
        let target = Target::new(Method::GET, &format!("/contacts/{contact}"));
        accounts.activecampaign.faults().stand(target, refusal(500, FaultBody::Empty));
    }
    service.poll().await;
    let id = service.engine.route_id("site").unwrap();
    let hints = service
        .ledger
        .read(move |conn| Ok([inbox::find(conn, id, old)?, inbox::find(conn, id, new)?]))
        .await
        .unwrap();
    assert_eq!(hints.map(|hint| hint.unwrap().lane), [Lane::Backfill, Lane::Repair]);
    service.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_poll_whose_ledger_fails_ends_partial() {
    let accounts = accounts(36);
    let automation = accounts.automation_of("site");
    let settings = Settings::new([Route::new("site", "person-deal", automation)]);
    let service = Service::start(&accounts, &settings, Way::Paused).await;
    accounts.enter(somebody(1), automation);
    service
        .ledger
        .write(|tx| {
            let sql = "CREATE TRIGGER broken BEFORE INSERT ON inbox
                       BEGIN SELECT RAISE(ABORT, 'invented'); END";
            Ok(tx.execute_batch(sql)?)
        })
        .await
        .unwrap();
    service.engine.perform("poll", &json!({})).await.unwrap_err();
    let (outcome, reason): (String, String) = service
        .ledger
        .read(|conn| {
            let sql = "SELECT outcome, reason FROM run ORDER BY id DESC LIMIT 1";
            Ok(conn.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?)))?)
        })
        .await
        .unwrap();
    assert_eq!((&*outcome, &*reason), ("partial", "site: the ledger could not be used"));
    service.stop().await;
}

#[tokio::test(start_paused = true)]
async fn why_a_poll_is_partial_is_said_without_the_servers_words_and_without_a_long_sleep() {
    let accounts = accounts(37);
    let automation = accounts.automation_of("site");
    let settings = Settings::new([Route::new("site", "person-deal", automation)]);
    let service = Service::start(&accounts, &settings, Way::Paused).await;
    let asks = Target::new(Method::GET, "/contactAutomations");
    let retry_after = Some(7_200);
    let (body, when) = (FaultBody::Json, When::Before);
    let busy = Fault::Status { code: 500, retry_after, body, when };
    accounts.activecampaign.faults().stand(asks, busy);
    let began = tokio::time::Instant::now();
    let answer = service.poll().await;
    assert_eq!(answer["outcome"], "partial");
    let reason = answer["reason"].as_str().unwrap();
    assert_eq!(reason, "site: ActiveCampaign GET /automations/{id}/contactAutomations: 500");
    assert!(began.elapsed() < Duration::from_mins(1), "{:?}", began.elapsed());
    service.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_key_that_activecampaign_refuses_shows_until_it_is_accepted() {
    let accounts = accounts(38);
    let automation = accounts.automation_of("site");
    let settings = Settings::new([Route::new("site", "person-deal", automation)]);
    let service = Service::start(&accounts, &settings, Way::Paused).await;
    let everything = Target::new(Method::GET, "");
    accounts.activecampaign.faults().stand(everything, refusal(401, FaultBody::Json));
    let since = accounts.clock.now();
    service.poll().await;
    assert_eq!(service.engine.activecampaign_key_refused_since(), Some(since));
    accounts.activecampaign.faults().clear();
    service.poll().await;
    assert_eq!(service.engine.activecampaign_key_refused_since(), None);
    service.stop().await;
}

#[tokio::test(start_paused = true)]
async fn waiting_for_an_empty_queue_ends_where_nothing_moves() {
    let accounts = accounts(39);
    accounts.activecampaign.switch(|it| it.webhooks.dropped_per_mille = 0);
    let automation = accounts.automation_of("site");
    let held = Route::of("site", "company-person", &format!("automation = {automation}"))
        .from("full_name", "person.Name")
        .from("company", "company.Name")
        .from("phone", "person.NoSuchField");
    let service = Service::start(&accounts, &Settings::new([held]), Way::Paused).await;
    accounts.enter(somebody(1), automation);
    service.send_webhooks().await;
    let began = tokio::time::Instant::now();
    service.engine.drained().await.unwrap();
    let waited = began.elapsed();
    assert!(waited > Duration::from_mins(1) && waited < Duration::from_secs(70), "{waited:?}");
    assert_eq!(service.counts().await.leads(LeadState::Pending), 1);
    service.stop().await;
}

#[tokio::test(start_paused = true)]
async fn waiting_for_an_empty_queue_ends_where_a_key_is_refused() {
    let accounts = accounts(40);
    accounts.activecampaign.switch(|it| it.webhooks.dropped_per_mille = 0);
    let automation = accounts.automation_of("site");
    let settings = Settings::new([Route::new("site", "person-deal", automation)]);
    let service = Service::start(&accounts, &settings, Way::Paused).await;
    accounts.ploomes.faults().stand(Target::new(Method::GET, ""), refusal(401, FaultBody::Json));
    accounts.enter(somebody(1), automation);
    service.send_webhooks().await;
    let began = tokio::time::Instant::now();
    service.engine.drained().await.unwrap();
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    service.stop().await;
}

#[tokio::test(start_paused = true)]
async fn waiting_for_an_empty_queue_ends_with_the_service() {
    let accounts = accounts(41);
    accounts.activecampaign.switch(|it| it.webhooks.dropped_per_mille = 0);
    let automation = accounts.automation_of("site");
    let settings = Settings::new([Route::new("site", "person-deal", automation)]);
    let service = Service::start(&accounts, &settings, Way::Paused).await;
    let silence = Fault::Silence(When::Before);
    accounts.ploomes.faults().stand(Target::new(Method::GET, ""), silence);
    accounts.enter(somebody(1), automation);
    service.send_webhooks().await;
    until("the lead is found", Duration::from_secs(5), async || {
        (service.counts().await.total == 1).then_some(())
    })
    .await;
    let engine = service.engine.clone();
    let began = tokio::time::Instant::now();
    let (drained, ()) = tokio::join!(engine.drained(), service.stop());
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    drained.unwrap();
}
