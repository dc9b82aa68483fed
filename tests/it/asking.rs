//! Commands beside, before and after a running engine.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::time::Duration;

use http::Method;
use ponte::{
    clock::Clock,
    domain::{Contact, ContactId},
    ledger::{
        self, Connection, EngineLock, Ledger, Options, contact, job, observation,
        open::Opener,
        route::{self, KeyKind},
    },
    simulator::{
        activecampaign::NewContact,
        fault::{Fault, Target, When},
    },
};

use crate::support::{Accounts, Ponte, Route, Service, Settings, Way, until};

/// How long a command may take to do what is waited for, on a machine that does other things.
const SOON: Duration = Duration::from_secs(30);

fn maria() -> NewContact {
    NewContact::new("maria@example.com").named("Maria", "Lima")
}

fn count(conn: &Connection, sql: &str) -> Result<i64, ledger::LedgerError> {
    Ok(conn.query_row(sql, [], |row| row.get(0))?)
}

fn open(ponte: &Ponte) -> Ledger {
    Options::file(ponte.ledger(), Clock::system()).open(Opener::Command).unwrap()
}

#[tokio::test]
async fn asking_leaves_the_ledger_as_it_is() {
    let accounts = Accounts::new(51);
    let automation = accounts.automation_of("site");
    let contact = accounts.enter(maria(), automation);
    let served = accounts.serve().await;
    let settings = Settings::new([Route::new("site", "person-deal", automation)]);
    let ponte = Ponte::new(&settings, &served);
    let plan = ponte.json(&["plan", &contact.to_string(), "--json"]).await;
    assert_eq!(plan["plans"][0]["steps"][1]["step"], "deal", "{plan}");
    ponte.json(&["fields", "ploomes", "--json"]).await;
    ponte.json(&["check", "--online", "--json"]).await;
    let ledger = open(&ponte);
    let rows = ledger
        .read(|conn| {
            let sql = "SELECT (SELECT count(*) FROM route) + (SELECT count(*) FROM history)
                            + (SELECT count(*) FROM job)";
            count(conn, sql)
        })
        .await
        .unwrap();
    assert_eq!(rows, 0);
    ledger.close().await;
}

#[tokio::test]
async fn a_dry_run_of_two_leads_of_one_contact_says_that_the_person_is_made_once() {
    let accounts = Accounts::new(55);
    let automation = accounts.automation_of("site");
    let contact = accounts.enter(maria(), automation);
    accounts.activecampaign.enroll(contact, automation).unwrap();
    let served = accounts.serve().await;
    let settings = Settings::new([Route::new("site", "person-deal", automation)]);
    let ponte = Ponte::new(&settings, &served);
    let answer = ponte.json(&["plan", &contact.to_string(), "--json"]).await;
    let [first, second] = &answer["plans"].as_array().unwrap()[..] else { panic!("{answer}") };
    for plan in [first, second] {
        assert_eq!(plan["steps"][0]["action"], "create", "{plan}");
    }
    let lead = first["lead"].as_str().unwrap();
    let words = format!(
        "{lead} would make the same: the one of both that is done first does, and the other finds it"
    );
    assert_eq!(first["warnings"], serde_json::json!([]));
    assert_eq!(second["warnings"], serde_json::json!([words]));
    assert!(second["text"].as_str().unwrap().contains(&words), "{second}");
}

#[tokio::test]
async fn a_command_does_itself_what_an_engine_that_went_away_was_asked_for() {
    let accounts = Accounts::new(52);
    let automation = accounts.automation_of("site");
    let served = accounts.serve().await;
    let settings = Settings::new([Route::new("site", "person-deal", automation)]);
    let ponte = Ponte::new(&settings, &served);
    // An engine that answers nobody.
    let lock = EngineLock::take(&ponte.ledger()).unwrap();
    let ledger =
        Options::file(ponte.ledger(), Clock::system()).open(Opener::Engine(&lock)).unwrap();
    let asks = ponte.spawn(&["poll", "--json"]);
    let jobs = async || ledger.read(|conn| count(conn, "SELECT count(*) FROM job")).await.unwrap();
    until("it asks", SOON, async || (jobs().await == 1).then_some(())).await;
    drop(lock);
    let ended = asks.ended().await;
    assert_eq!(ended.status, 0, "{ended:?}");
    assert_eq!(ended.json()["outcome"], "complete");
    assert_eq!(jobs().await, 0);
    ledger.close().await;
}

#[tokio::test]
async fn an_address_that_two_contacts_had_is_explained_in_one_document() {
    let accounts = Accounts::new(53);
    let automation = accounts.automation_of("site");
    let served = accounts.serve().await;
    let settings = Settings::new([Route::new("site", "person-deal", automation)]);
    let ponte = Ponte::new(&settings, &served);
    let ledger = open(&ponte);
    ledger
        .write(|tx| {
            let now = Clock::system().now();
            let route = route::register(tx, "site", KeyKind::Enrollment, now)?;
            for id in [ContactId(7), ContactId(12)] {
                let contact = Contact {
                    id,
                    email: "maria@example.com".to_owned(),
                    first_name: String::new(),
                    last_name: String::new(),
                    phone: String::new(),
                    company: String::new(),
                    tags: Vec::new(),
                    fields: Vec::new(),
                    created_at: None,
                    updated_at: None,
                };
                observation::keep(tx, route.id, &contact, now)?;
                contact::remember_email(tx, id, &contact.email)?;
            }
            Ok(())
        })
        .await
        .unwrap();
    ledger.close().await;
    let story = ponte.json(&["explain", "maria@example.com", "--json"]).await;
    assert_eq!(story["contact"], 12);
    let text = ponte.command(&["explain", "maria@example.com"]).await.out;
    assert!(text.contains("contact 7,") && text.contains("contact 12,"), "{text}");
}

#[tokio::test]
async fn a_route_that_never_ran_cannot_be_paused() {
    let accounts = Accounts::new(54);
    let automation = accounts.automation_of("site");
    let served = accounts.serve().await;
    let settings = Settings::new([Route::new("site", "person-deal", automation)]);
    let ponte = Ponte::new(&settings, &served);
    for command in ["pause", "resume"] {
        let ended = ponte.command(&[command, "--route", "site"]).await;
        assert_eq!((ended.status, &*ended.out), (1, ""), "{ended:?}");
        assert!(ended.err.contains("the ledger has no route \"site\" yet"), "{ended:?}");
    }
    ponte.json(&["poll", "--json"]).await;
    let ended = ponte.command(&["pause", "--route", "site"]).await;
    assert_eq!((ended.status, &*ended.out), (0, "paused: site\n"), "{ended:?}");
}

#[tokio::test]
async fn a_service_ends_well_within_ten_seconds_though_a_write_is_on_its_way() {
    let accounts = Accounts::new(55);
    let automation = accounts.automation_of("site");
    let served = accounts.serve().await;
    let mut settings = Settings::new([Route::new("site", "person-deal", automation)]);
    settings.timeout = "60s";
    let ponte = Ponte::new(&settings, &served);
    let running = ponte.run().await;
    let written = Target::new(Method::POST, "/Contacts");
    accounts.ploomes.faults().stand(written, Fault::Silence(When::After));
    accounts.enter(maria(), automation);
    running.send_webhooks(&accounts).await;
    until("the person is made", SOON, async || (!accounts.persons().is_empty()).then_some(()))
        .await;
    let asked = tokio::time::Instant::now();
    let ended = running.process.terminate().await;
    assert_eq!(ended.status, 0, "{ended:?}");
    assert!(asked.elapsed() < Duration::from_secs(10), "{:?}", asked.elapsed());
    assert!(ended.err.contains("the journal makes it safe"), "{ended:?}");
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_nobody_came_for_is_forgotten_within_the_half_hour() {
    let accounts = Accounts::at(Clock::simulated("2026-03-02T12:00:00Z".parse().unwrap()), 56);
    let automation = accounts.automation_of("site");
    let settings = Settings::new([Route::new("site", "person-deal", automation)]);
    let service = Service::start(&accounts, &settings, Way::Paused).await;
    let now = accounts.clock.now();
    let jobs = async || {
        let sql = "SELECT count(*) FROM job WHERE answer IS NOT NULL";
        service.ledger.read(|conn| count(conn, sql)).await.unwrap()
    };
    service.ledger.write(move |tx| job::queue(tx, "fields", "{}", now)).await.unwrap();
    until("it is answered", SOON, async || (jobs().await == 1).then_some(())).await;
    until("it is forgotten", Duration::from_mins(30), async || (jobs().await == 0).then_some(()))
        .await;
    service.stop().await;
}
