//! What never came is found, named and brought in; and a run that could not read everything says so.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::{collections::BTreeSet, time::Duration};

use chrono::{DateTime, Utc};
use http::Method;
use ponte::{
    clock::Clock,
    domain::{ContactId, Fate, LeadState},
    ledger::Connection,
    simulator::{
        activecampaign::{ContactChange, NewContact},
        fault::{Fault, FaultBody, Target, When},
    },
};
use serde_json::{Value, json};

use crate::support::{Accounts, Route, Service, Settings, Way, proof};

fn start() -> DateTime<Utc> {
    "2026-03-02T12:00:00Z".parse().unwrap()
}

fn accounts(seed: u64) -> Accounts {
    Accounts::at(Clock::simulated(start()), seed)
}

fn somebody(number: usize) -> NewContact {
    NewContact::new(&format!("pessoa{number}@example.com"))
        .named("Pessoa", &format!("Número {number}"))
}

/// One reconciliation, and what it says of itself.
async fn reconcile(service: &Service, mode: &str, all: bool) -> (String, Value) {
    let arguments = json!({ "route": null, "mode": mode, "all": all, "wait_s": 600 });
    let answer = service.engine.perform("reconcile", &arguments).await.unwrap();
    let run: i64 = answer["run"].as_str().unwrap().parse().unwrap();
    service.ledger.read(move |conn| Ok(outcome_of(conn, run))).await.unwrap()
}

fn outcome_of(conn: &Connection, run: i64) -> (String, Value) {
    let sql = "SELECT outcome, detail FROM run WHERE id = ?1";
    conn.query_row(sql, [run], |row| {
        let detail: String = row.get(1)?;
        Ok((row.get(0)?, serde_json::from_str(&detail).unwrap()))
    })
    .unwrap()
}

/// The enrollments that a ledger's runs found missing.
async fn findings(service: &Service) -> BTreeSet<i64> {
    service
        .ledger
        .read(|conn| {
            let mut statement = conn.prepare("SELECT enrollment FROM finding")?;
            let rows = statement.query_map([], |row| row.get(0))?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
        .await
        .unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_reconciliation_finds_exactly_the_webhooks_that_were_dropped() {
    let accounts = accounts(11);
    accounts.activecampaign.switch(|it| it.webhooks.dropped_per_mille = 300);
    let automation = accounts.automation_of("site");
    let settings = Settings::new([Route::new("site", "person-deal", automation)]);
    let service = Service::start(&accounts, &settings, Way::Paused).await;
    for number in 0..60 {
        accounts.enter(somebody(number), automation);
        service.send_webhooks().await;
    }
    service.settled().await;
    let dropped: BTreeSet<i64> =
        accounts.activecampaign.lost_webhooks().into_iter().map(|id| id.0).collect();
    assert!(dropped.len() > 5, "the seed loses some");

    let (outcome, early) = reconcile(&service, "report", false).await;
    assert_eq!(outcome, "complete");
    assert_eq!(early["routes"][0]["waiting"], dropped.len());
    assert_eq!(early["routes"][0]["missed"], 0);

    tokio::time::advance(Duration::from_mins(16)).await;
    let writes = accounts.ploomes.writes();
    let (outcome, report) = reconcile(&service, "report", false).await;
    assert_eq!((outcome.as_str(), accounts.ploomes.writes()), ("complete", writes));
    assert_eq!(report["routes"][0]["missed"], dropped.len());
    assert_eq!(findings(&service).await, dropped);

    let (outcome, repaired) = reconcile(&service, "repair", false).await;
    let route = &repaired["routes"][0];
    assert_eq!(outcome, "complete", "{repaired}");
    assert_eq!(route["missed"], dropped.len());
    assert_eq!(route["recovered"], dropped.len());
    assert_eq!(route["expected"], 60);
    assert_eq!(repaired["witness"][0]["automation_entered"], 60);
    assert_eq!(accounts.persons().len(), 60);

    let (_, healthy) = reconcile(&service, "repair", false).await;
    assert_eq!(healthy["routes"][0]["missed"], 0);
    assert_eq!(healthy["routes"][0]["without_webhook"], dropped.len());
    assert_eq!(service.counts().await.leads(LeadState::Done), 60);
    proof::all(&service).await;
    service.stop().await;
}

#[tokio::test(start_paused = true)]
async fn more_than_a_run_may_repair_is_an_alarm_and_not_a_repair() {
    let accounts = accounts(12);
    accounts.activecampaign.switch(|it| it.webhooks.dropped_per_mille = 1_000);
    let automation = accounts.automation_of("site");
    let mut settings = Settings::new([Route::new("site", "person-deal", automation)]);
    settings.max_repairs = 3;
    let service = Service::start(&accounts, &settings, Way::Paused).await;
    for number in 0..5 {
        accounts.enter(somebody(number), automation);
    }
    service.send_webhooks().await;
    tokio::time::advance(Duration::from_mins(20)).await;
    let (outcome, report) = reconcile(&service, "repair", false).await;
    assert_eq!(outcome, "complete");
    assert_eq!(report["over_max_repairs"], true);
    assert_eq!((&report["routes"][0]["missed"], accounts.calls()), (&json!(5), accounts.calls()));
    assert!(accounts.persons().is_empty());
    let (_, all) = reconcile(&service, "repair", true).await;
    assert_eq!(all["routes"][0]["recovered"], 5);
    assert_eq!(accounts.persons().len(), 5);
    proof::all(&service).await;
    service.stop().await;
}

#[tokio::test(start_paused = true)]
async fn more_that_is_out_of_date_than_a_run_may_repair_keeps_nobody_waiting_who_is_missing() {
    let accounts = accounts(18);
    let automation = accounts.automation_of("site");
    let mut settings = Settings::new([Route::new("site", "person-deal", automation)]);
    settings.max_repairs = 3;
    let service = Service::start(&accounts, &settings, Way::Paused).await;
    for number in 0..5 {
        accounts.enter(somebody(number), automation);
    }
    service.send_webhooks().await;
    service.settled().await;
    accounts.activecampaign.switch(|it| it.webhooks.dropped_per_mille = 1_000);
    for contact in 1..=5 {
        let last_name = Some(format!("Novo {contact}"));
        let change = ContactChange { last_name, ..ContactChange::default() };
        accounts.activecampaign.update_contact(ContactId(contact), change).unwrap();
    }
    accounts.enter(somebody(5), automation);
    service.send_webhooks().await;
    tokio::time::advance(Duration::from_mins(20)).await;
    let (outcome, report) = reconcile(&service, "repair", false).await;
    assert_eq!((outcome.as_str(), &report["over_max_repairs"]), ("complete", &json!(true)));
    let route = &report["routes"][0];
    assert_eq!((&route["stale"], &route["recovered"]), (&json!(5), &json!(1)), "{report}");
    assert_eq!(report["left"], 5, "{report}");
    let new = |it: &Value| it["Name"].as_str().unwrap().contains("Novo");
    assert!(!accounts.persons().iter().any(new));
    let (_, all) = reconcile(&service, "repair", true).await;
    assert_eq!((&all["left"], &all["over_max_repairs"]), (&json!(0), &json!(false)), "{all}");
    assert_eq!(accounts.persons().iter().filter(|it| new(it)).count(), 5);
    proof::all(&service).await;
    service.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_run_that_could_not_read_everything_is_partial_and_the_next_one_goes_on() {
    for (number, fault) in faults().into_iter().enumerate() {
        let accounts = accounts(20 + number as u64);
        accounts.activecampaign.switch(|it| it.webhooks.dropped_per_mille = 500);
        let automation = accounts.automation_of("site");
        let settings = Settings::new([Route::new("site", "person-deal", automation)]);
        let service = Service::start(&accounts, &settings, Way::Paused).await;
        for number in 0..110 {
            accounts.enter(somebody(number), automation);
        }
        service.send_webhooks().await;
        service.settled().await;
        tokio::time::advance(Duration::from_mins(16)).await;
        // The second page, whatever is tried.
        let second = Target::new(Method::GET, "id_greater=100&");
        accounts.activecampaign.faults().stand(second, fault.clone());
        let (outcome, _) = reconcile(&service, "repair", false).await;
        assert_eq!(outcome, "partial", "{fault:?}");
        accounts.activecampaign.faults().clear();
        let (outcome, report) = reconcile(&service, "repair", false).await;
        assert_eq!(outcome, "complete", "{fault:?}: {report}");
        assert_eq!(report["routes"][0]["expected"], 110, "{fault:?}: {report}");
        assert_eq!(accounts.persons().len(), 110, "{fault:?}");
        let dropped: BTreeSet<i64> =
            accounts.activecampaign.lost_webhooks().into_iter().map(|id| id.0).collect();
        assert_eq!(findings(&service).await, dropped, "{fault:?}");
        proof::all(&service).await;
        service.stop().await;
    }
}

fn faults() -> Vec<Fault> {
    let status = |code, body| Fault::Status { code, retry_after: None, body, when: When::Before };
    vec![
        status(403, FaultBody::Html),
        status(429, FaultBody::Empty),
        status(500, FaultBody::Json),
        status(503, FaultBody::Html),
        Fault::Empty,
        Fault::Truncated,
        Fault::Reset(When::Before),
        Fault::Silence(When::Before),
    ]
}

#[tokio::test(start_paused = true)]
async fn a_webhook_that_comes_after_its_repair_is_merged() {
    let accounts = accounts(13);
    accounts.activecampaign.switch(|it| {
        it.webhooks.delay_min = Duration::from_mins(30);
        it.webhooks.delay_max = Duration::from_mins(30);
    });
    let automation = accounts.automation_of("site");
    let settings = Settings::new([Route::new("site", "person-deal", automation)]);
    let service = Service::start(&accounts, &settings, Way::Paused).await;
    accounts.enter(somebody(1), automation);
    tokio::time::advance(Duration::from_mins(20)).await;
    let (_, report) = reconcile(&service, "repair", false).await;
    assert_eq!(report["routes"][0]["recovered"], 1);
    tokio::time::advance(Duration::from_mins(20)).await;
    assert_eq!(service.send_webhooks().await, 1);
    let counts = service.settled().await;
    assert_eq!(counts.deliveries(Fate::Merged), 1);
    assert_eq!((counts.missed.found, counts.missed.late), (1, 1));
    assert_eq!(accounts.ploomes.deals().len(), 1);
    proof::all(&service).await;
    service.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_changed_unnoticed_is_stale_and_is_written_by_a_repair() {
    let accounts = accounts(14);
    let automation = accounts.automation_of("site");
    let settings = Settings::new([Route::new("site", "person-deal", automation)]);
    let service = Service::start(&accounts, &settings, Way::Paused).await;
    let contact = accounts.enter(somebody(1).phone("(11) 2345-6789"), automation);
    service.send_webhooks().await;
    service.settled().await;
    accounts.activecampaign.change_email(contact, "nova@example.com").unwrap();
    let (_, report) = reconcile(&service, "report", false).await;
    assert_eq!(report["routes"][0]["stale"], 1);
    assert_eq!(accounts.persons()[0]["Email"], "pessoa1@example.com");
    let (_, repaired) = reconcile(&service, "repair", false).await;
    assert_eq!(repaired["routes"][0]["stale"], 1);
    service.settled().await;
    assert_eq!(accounts.persons()[0]["Email"], "nova@example.com");
    let (_, healthy) = reconcile(&service, "repair", false).await;
    assert_eq!(healthy["routes"][0]["stale"], 0);
    proof::all(&service).await;
    service.stop().await;
}

#[tokio::test(start_paused = true)]
async fn contacts_that_are_gone_and_rows_that_moved_are_counted_as_they_end() {
    let accounts = accounts(15);
    let automation = accounts.automation_of("site");
    let settings = Settings::new([Route::new("site", "person-deal", automation)]);
    let service = Service::start(&accounts, &settings, Way::Paused).await;
    let contacts: Vec<_> =
        (0..4).map(|number| accounts.enter(somebody(number), automation)).collect();
    service.send_webhooks().await;
    service.settled().await;
    tokio::time::advance(Duration::from_mins(20)).await;
    accounts.activecampaign.delete(contacts[3]).unwrap();
    accounts.activecampaign.merge(contacts[0], contacts[1]).unwrap();
    let (outcome, report) = reconcile(&service, "repair", false).await;
    let route = &report["routes"][0];
    assert_eq!(outcome, "complete", "{report}");
    assert_eq!((&route["expected"], &route["missed"]), (&json!(3), &json!(0)), "{route}");
    assert_eq!(accounts.ploomes.deals().len(), 4);
    let (_, again) = reconcile(&service, "repair", false).await;
    assert_eq!(again["routes"][0]["missed"], 0);
    proof::all(&service).await;
    service.stop().await;
}

#[tokio::test(start_paused = true)]
async fn includes_that_are_ignored_are_made_up_for() {
    let accounts = accounts(16);
    accounts.activecampaign.switch(|it| {
        it.webhooks.dropped_per_mille = 500;
        it.ignores.include = true;
    });
    let automation = accounts.automation_of("site");
    let settings = Settings::new([Route::new("site", "person-deal", automation)]);
    let service = Service::start(&accounts, &settings, Way::Paused).await;
    for number in 0..130 {
        accounts.enter(somebody(number), automation);
    }
    service.send_webhooks().await;
    service.settled().await;
    tokio::time::advance(Duration::from_mins(16)).await;
    let lost = accounts.activecampaign.lost_webhooks().len();
    reconcile(&service, "report", false).await;
    // Whoever is missing has an address, though no list has any.
    let newest = |conn: &_| ponte::ledger::report::read(conn, None, chrono_tz::UTC);
    let missed = service.ledger.read(newest).await.unwrap().unwrap().missed;
    assert_eq!(missed.iter().filter(|it| it.email.is_some()).count(), lost);
    let (outcome, report) = reconcile(&service, "repair", false).await;
    assert_eq!(outcome, "complete", "{report}");
    assert_eq!(report["routes"][0]["missed"], lost);
    assert_eq!(report["routes"][0]["expected"], 130);
    assert_eq!(accounts.persons().len(), 130);
    proof::all(&service).await;
    service.stop().await;
}
