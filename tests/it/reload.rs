//! Taking over another configuration while it runs: nothing is lost, nothing twice, and what cannot
//! be used changes nothing.
use std::{fs, time::Duration};

use futures_util::{StreamExt as _, stream};
use ponte::{
    domain::LeadState,
    simulator::{
        activecampaign::NewContact,
        fault::{Fault, Target},
    },
};
use serde_json::Value;

use crate::support::{Accounts, Ponte, Route, Running, Service, Settings, Way, proof, until};

const PATIENCE: Duration = Duration::from_mins(1);

fn contact(number: usize) -> NewContact {
    NewContact::new(&format!("pessoa.{number}@example.com")).named("Pessoa", "Exemplo")
}

#[tokio::test(flavor = "multi_thread")]
async fn leads_that_come_while_configurations_change_are_brought_in_once_each() {
    let accounts = Accounts::new(1);
    let automation = accounts.automation_of("site");
    let route = |tag: usize| {
        let tags = format!("tags = [\"volta {tag}\"]");
        Settings::new([Route::new("site", "person-deal", automation).with(&tags)])
    };
    let service = Service::start(&accounts, &route(0), Way::InProcess).await;
    // Each shift ends in the middle of something.
    let slow = Fault::Slow(Duration::from_millis(20));
    accounts.ploomes.faults().stand(Target::any(), slow);
    service.let_webhooks_flow();
    let people = async {
        for number in 0..120 {
            accounts.enter(contact(number), automation);
            tokio::task::yield_now().await;
        }
        120
    };
    let changes = async {
        for tag in 1..=5 {
            assert_eq!(service.take_over(&route(tag)).await, Ok(vec![]));
            // The next shift is at work before it is relieved.
            let done = service.counts().await.leads(LeadState::Done);
            until("another lead is done", PATIENCE, async || {
                let counts = service.counts().await;
                (counts.leads(LeadState::Done) > done || counts.total == 120).then_some(())
            })
            .await;
        }
    };
    let (people, ()) = tokio::join!(people, changes);
    let counts = service.settled().await;
    assert_eq!((counts.accepted, counts.total), (people, people));
    assert_eq!(counts.leads(LeadState::Done), people);
    assert_eq!(accounts.ploomes.deals().len(), 120);
    proof::all(&service).await;
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_token_is_taken_without_a_delivery_lost() {
    let accounts = Accounts::new(2);
    let automation = accounts.automation_of("site");
    let with = |line: &str| {
        let route = Route::new("site", "person-deal", automation);
        Settings::new([if line.is_empty() { route } else { route.with(line) }])
    };
    let service = Service::start(&accounts, &with(""), Way::InProcess).await;
    let [old, new] = ["/webhooks/token-of-the-route-site", "/webhooks/another-token-of-16"];
    assert_eq!((service.post_to(old, "").await, service.post_to(new, "").await), (200, 404));
    let both = with("webhook_token_previous = \"another-token-of-16\"");
    let posts = stream::iter(0..200).map(|_| service.post_to(old, "")).buffer_unordered(8);
    let (statuses, taken) = tokio::join!(posts.collect::<Vec<u16>>(), service.take_over(&both));
    assert_eq!(taken, Ok(vec![]));
    assert_eq!(statuses, [200; 200]);
    assert_eq!((service.post_to(old, "").await, service.post_to(new, "").await), (200, 200));
    service.take_over(&with("")).await.unwrap();
    assert_eq!((service.post_to(old, "").await, service.post_to(new, "").await), (200, 404));
    assert_eq!(service.settled().await.accepted, 204);
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_route_that_is_switched_off_and_on_keeps_what_came() {
    let accounts = Accounts::new(3);
    let automation = accounts.automation_of("site");
    let on = Settings::new([Route::new("site", "person-deal", automation)]);
    let off =
        Settings::new([Route::new("site", "person-deal", automation).with("enabled = false")]);
    let service = Service::start(&accounts, &on, Way::InProcess).await;
    service.take_over(&off).await.unwrap();
    accounts.enter(contact(1), automation);
    assert_eq!(service.send_webhooks().await, 1);
    until("the lead waits", PATIENCE, async || {
        (service.counts().await.leads(LeadState::Pending) == 1).then_some(())
    })
    .await;
    assert_eq!(accounts.ploomes.deals().len(), 0);
    service.take_over(&on).await.unwrap();
    assert_eq!(service.settled().await.leads(LeadState::Done), 1);
    proof::all(&service).await;
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_ledger_refuses_changes_nothing() {
    let accounts = Accounts::new(4);
    let automation = accounts.automation_of("site");
    let settings = Settings::new([Route::new("site", "person-deal", automation)]);
    let service = Service::start(&accounts, &settings, Way::InProcess).await;
    // The kind of a route's leads is decided at its first start.
    let other = Settings::new([Route::of("site", "person-deal", "tag = \"Lead\"")]);
    let refused = service.take_over(&other).await.unwrap_err();
    assert!(refused.contains("site"), "{refused}");
    accounts.enter(contact(1), automation);
    service.send_webhooks().await;
    assert_eq!(service.settled().await.leads(LeadState::Done), 1);
    service.stop().await;
}

/// The log's events so far.
fn events(running: &Running) -> Vec<Value> {
    let log = running.process.err();
    log.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

/// Waits until the log says this `times` times.
async fn said(running: &Running, words: &str, times: usize) {
    until(words, PATIENCE, async || {
        let events = events(running);
        let says = |it: &&Value| it["message"].as_str().is_some_and(|it| it.contains(words));
        (events.iter().filter(says).count() >= times).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hangup_has_the_process_read_its_configuration_again() {
    let accounts = Accounts::new(5);
    let [site, feira] = ["site", "feira"].map(|name| accounts.automation_of(name));
    let served = accounts.serve().await;
    let first = Route::new("site", "person-deal", site);
    let ponte = Ponte::new(&Settings::new([first.clone()]), &served);
    let running = ponte.run().await;
    assert_eq!(running.post("feira", "").await, 404);

    let text = |routes: &[Route]| {
        let settings = Settings::new(routes.iter().cloned());
        settings.toml(served.activecampaign, served.ploomes, &ponte.ledger())
    };
    ponte.configure(&text(&[first.clone(), Route::new("feira", "person-deal", feira)]));
    running.process.signal("HUP");
    said(&running, "took over the configuration", 1).await;
    accounts.enter(contact(1), feira);
    assert_eq!(running.send_webhooks(&accounts).await, 1);
    until("the new route's lead is done", PATIENCE, async || {
        let leads = ponte.json(&["leads", "--state", "done", "--json"]).await;
        (leads[0]["route"] == "feira").then_some(())
    })
    .await;

    // A bad file is refused with its errors, and the one in force goes on.
    let good = fs::read_to_string(ponte.config()).unwrap();
    ponte.configure(&good.replace("stage = \"Lead novo\"", "stag = \"hidden\""));
    running.process.signal("HUP");
    said(&running, "the configuration cannot be used", 1).await;
    let log = running.process.err();
    assert!(log.contains("unknown key `stag`") && !log.contains("hidden"), "{log}");
    assert_eq!((running.post("site", "").await, running.post("feira", "").await), (200, 200));

    // What only a start can change is named.
    let listen = good.replacen("listen = \"127.0.0.1:0\"", "listen = \"127.0.0.1:1\"", 1);
    ponte.configure(&listen);
    running.process.signal("HUP");
    said(&running, "`receiver.listen` was changed and takes effect at the next start", 1).await;
    assert_eq!(running.post("site", "").await, 200);
    let ended = running.process.terminate().await;
    assert_eq!(ended.status, 0, "{}", ended.err);
}
