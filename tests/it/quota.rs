//! The quota: used to the full while there is work, and never exceeded. Minutes pass in paused time.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use ponte::{
    clock::Clock,
    domain::{AutomationId, Lane, LeadState},
    simulator::{
        activecampaign::{NewContact, Throttle},
        fault::{Fault, FaultBody, Target, When},
    },
};

use crate::support::{Accounts, Route, Service, Settings, Way, of_company, proof, until};

const LIMIT: u32 = 100;
const MINUTE: Duration = Duration::from_mins(1);

/// A service with the usual limits, on accounts that refuse what goes beyond, and that are as slow
/// as the real ones at their worst.
async fn service() -> (Service, AutomationId) {
    let clock = Clock::simulated("2026-03-02T12:00:00Z".parse().unwrap());
    let accounts = Accounts::at(clock, 1);
    accounts.activecampaign.switch(|it| it.throttle = Throttle::default());
    accounts.ploomes.switch(|it| {
        it.limit = Some(LIMIT);
        it.latency = Duration::from_secs(2);
    });
    let automation = accounts.automation_of("site");
    let route = Route::new("site", "company-person-deal", automation);
    let settings = Settings {
        requests_per_minute: LIMIT,
        requests_per_second: 4,
        timeout: "30s",
        settle: "30s",
        ..Settings::new([route])
    };
    (Service::start(&accounts, &settings, Way::Paused).await, automation)
}

/// So many people enter, and their webhooks arrive.
async fn backlog(service: &Service, automation: AutomationId, people: usize) {
    for number in 0..people {
        let new = NewContact::new(&format!("pessoa.{number}@example.com"));
        let new = of_company(new, &format!("Empresa {number}"));
        service.accounts.enter(new, automation);
    }
    assert_eq!(service.send_webhooks().await, people);
}

/// How much of the quota was used from one moment to another.
fn used(service: &Service, from: DateTime<Utc>, to: DateTime<Utc>) -> f64 {
    let requests = service.accounts.ploomes.requests();
    let count = requests.iter().filter(|it| (from..to).contains(&it.at)).count();
    let minutes = (to - from).as_seconds_f64() / 60.0;
    f64::from(u32::try_from(count).unwrap()) / (minutes * f64::from(LIMIT))
}

fn never_exceeded(service: &Service) {
    let ploomes = &service.accounts.ploomes;
    assert!(ploomes.max_in_any_window(MINUTE) <= LIMIT as usize);
    assert!(ploomes.requests().iter().all(|it| it.status != Some(429)));
}

#[tokio::test(start_paused = true)]
async fn under_a_backlog_the_quota_is_full_and_never_exceeded_over_a_restart_too() {
    let (service, automation) = service().await;
    let clock = service.accounts.clock.clone();
    // 300 leads of four calls each: twelve minutes.
    backlog(&service, automation, 300).await;
    tokio::time::sleep(MINUTE).await;

    let from = clock.now();
    tokio::time::sleep(4 * MINUTE).await;
    let first = used(&service, from, clock.now());
    assert!(first >= 0.97, "{first}");

    let service = service.restart().await;
    // Whole minutes from a full one on: what is half used by the stop itself is not measured.
    let from = clock.now() + TimeDelta::seconds(10);
    tokio::time::sleep(4 * MINUTE + Duration::from_secs(10)).await;
    let second = used(&service, from, clock.now());
    assert!(second >= 0.97, "{second}");

    let counts = service.settled_within(20 * MINUTE).await;
    assert_eq!(counts.leads(LeadState::Done), 300);
    never_exceeded(&service);
    let activecampaign = service.accounts.activecampaign.requests();
    assert!(activecampaign.iter().all(|it| it.status != Some(429)));
    proof::all(&service).await;
    service.stop().await;
}

#[tokio::test(start_paused = true)]
async fn many_restarts_in_one_minute_send_no_request_too_many() {
    let (mut service, automation) = service().await;
    // A second is over before anybody restarts by hand; only the minute is kept in the ledger.
    service.accounts.activecampaign.switch(|it| it.throttle.per_second = None);
    service.accounts.ploomes.switch(|it| it.latency = Duration::ZERO);
    backlog(&service, automation, 100).await;
    // Who forgot what the one before had sent would begin with a burst each time.
    for _ in 0..80 {
        tokio::time::sleep(Duration::from_millis(500)).await;
        service = service.restart().await;
    }
    assert!(service.accounts.calls() > 20, "it does work in between");
    service.settled_within(30 * MINUTE).await;
    never_exceeded(&service);
    proof::all(&service).await;
    service.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_fresh_lead_is_in_ploomes_within_ten_seconds_during_a_backfill() {
    let clock = Clock::simulated("2026-03-02T12:00:00Z".parse().unwrap());
    let accounts = Accounts::at(clock.clone(), 1);
    let automation = accounts.automation_of("site");
    for number in 0..400 {
        let new = NewContact::new(&format!("velha.{number}@example.com"));
        let contact = accounts.activecampaign.create_contact(new).unwrap();
        let at = clock.now() - TimeDelta::days(9) + TimeDelta::minutes(number);
        accounts.activecampaign.enroll_at(contact, automation, at).unwrap();
    }
    let route = Route::new("site", "person-deal", automation).with("since = \"2026-01-01\"");
    let settings = Settings { requests_per_minute: LIMIT, ..Settings::new([route]) };
    let service = Service::start(&accounts, &settings, Way::Paused).await;
    service.poll().await;
    tokio::time::sleep(3 * MINUTE).await;
    assert!(service.counts().await.waiting() > 200, "the backfill goes on");

    for number in 0..5 {
        enters_in_time(&service, automation, number).await;
        tokio::time::sleep(MINUTE / 2).await;
    }
    let waits = service.counts().await.lanes;
    assert!(waits[&Lane::Backfill] < 400 && service.counts().await.waiting() > 0);
    never_exceeded(&service);
    service.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_refusal_for_pace_pauses_everything_for_as_long_as_it_says() {
    let (service, automation) = service().await;
    backlog(&service, automation, 60).await;
    tokio::time::sleep(MINUTE / 2).await;
    let fault = Fault::Status {
        code: 429,
        retry_after: Some(90),
        body: FaultBody::Empty,
        when: When::Before,
    };
    service.accounts.ploomes.faults().plan(Target::any(), fault);
    let ploomes = &service.accounts.ploomes;
    let refused = until("Ploomes refuses", MINUTE, async || {
        ploomes.requests().iter().find(|it| it.status == Some(429)).map(|it| it.at)
    })
    .await;
    let counts = service.settled_within(30 * MINUTE).await;
    assert_eq!(counts.leads(LeadState::Done), 60);
    // Those that were on their way when the answer came are two seconds long.
    let quiet = refused + TimeDelta::seconds(3)..refused + TimeDelta::seconds(90);
    assert!(!ploomes.requests().iter().any(|it| quiet.contains(&it.at)));
    let after = refused + TimeDelta::seconds(92);
    let pace = used(&service, after, after + TimeDelta::seconds(60));
    assert!(pace <= 0.6, "half the pace at first: {pace}");
    proof::all(&service).await;
    service.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_fresh_lead_passes_300_repairs_within_ten_seconds_and_over_a_restart_too() {
    let (service, automation) = service().await;
    let clock = service.accounts.clock.clone();
    // A usual answer: two of these a lead stand in line behind each other.
    service.accounts.ploomes.switch(|it| it.latency = Duration::from_millis(400));
    for number in 0..300 {
        let new = NewContact::new(&format!("perdida.{number}@example.com"));
        service.accounts.enter(of_company(new, &format!("Empresa {number}")), automation);
    }
    for lost in service.accounts.activecampaign.take_due() {
        service.accounts.activecampaign.sent(&lost, None);
    }
    tokio::time::sleep(16 * MINUTE).await;
    let begin = clock.now();
    service.poll().await;
    // The first comes while the repairs still are looked up in ActiveCampaign, the others while
    // they are written.
    let mut service = service;
    for number in 0..4 {
        if number == 2 {
            service = service.restart().await;
            // As `run` does before anything else.
            service.poll().await;
        }
        enters_in_time(&service, automation, number).await;
        let lanes = service.counts().await.lanes;
        assert!(lanes[&Lane::Repair] > 100, "the repairs wait: {lanes:?}");
        tokio::time::sleep(MINUTE / 2).await;
    }
    // Twelve hundred calls, and those of the fresh: no window has more than its hundred.
    let counts = service.settled_within(20 * MINUTE).await;
    assert_eq!(counts.leads(LeadState::Done), 304);
    assert!(clock.now() - begin > TimeDelta::minutes(11), "it was the quota that held them");
    never_exceeded(&service);
    proof::all(&service).await;
    service.stop().await;
}

/// Somebody new enters, whose webhook comes: the deal is there within ten seconds.
async fn enters_in_time(service: &Service, automation: AutomationId, number: usize) {
    let new = NewContact::new(&format!("nova.{number}@example.com"));
    let contact = service.accounts.enter(of_company(new, &format!("Nova {number}")), automation);
    assert_eq!(service.send_webhooks().await, 1);
    until("the fresh lead is done", Duration::from_secs(10), async || {
        let leads = service.leads().await;
        leads.iter().any(|it| it.contact == contact && it.deal.is_some()).then_some(())
    })
    .await;
}
