//! The process: how `run` starts, answers, stops and is killed; `demo` and `simulate`.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::{os::unix::fs::PermissionsExt as _, time::Duration};

use chrono::{DateTime, TimeDelta};
use ponte::{
    clock::Clock,
    domain::AutomationId,
    ledger::{Options, meta, open::Opener},
    simulator::activecampaign::NewContact,
    transport::wire,
};
use serde_json::{Value, json};

use crate::support::{Accounts, Ponte, Route, Running, Served, Settings, until};

const PATIENCE: Duration = Duration::from_secs(30);

async fn scene() -> (Accounts, AutomationId, Served, Ponte) {
    let accounts = Accounts::new(1);
    let automation = accounts.automation_of("site");
    let route = Route::new("site", "person-deal", automation).with("skip_if_open_deal = false");
    let served = accounts.serve().await;
    let ponte = Ponte::new(&Settings::new([route]), &served);
    (accounts, automation, served, ponte)
}

async fn get(address: impl std::fmt::Display, path: &str) -> (u16, String) {
    let client = wire::http_client("somebody").unwrap();
    let answer = client.get(format!("http://{address}{path}")).send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_run_on_the_same_ledger_is_refused_and_disturbs_nobody() {
    let (accounts, automation, _served, ponte) = scene().await;
    let running = ponte.run().await;
    let ended = ponte.command(&["run"]).await;
    assert_eq!(ended.status, 1, "{ended:?}");
    assert!(ended.err.contains("another ponte works on"), "{ended:?}");

    accounts.enter(NewContact::new("maria@example.com"), automation);
    assert_eq!(running.send_webhooks(&accounts).await, 1);
    until("the deal is made", PATIENCE, async || {
        (accounts.ploomes.deals().len() == 1).then_some(())
    })
    .await;
    assert_eq!(running.process.terminate().await.status, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_receiver_and_the_page_answer_as_the_contract_says() {
    let (_, _, _served, ponte) = scene().await;
    let running = ponte.run().await;
    let Running { receiver, admin, .. } = &running;
    let client = wire::http_client("somebody").unwrap();
    let url = format!("http://{receiver}/webhooks/token-of-the-route-site");

    let answer = client.post(&url).body("contact[id]=7").send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let receipt: Value = answer.json().await.unwrap();
    assert!(receipt["receipt"].is_string(), "{receipt}");
    assert_eq!(get(receiver, "/webhooks/token-of-the-route-site").await, (200, "ok".to_owned()));
    assert_eq!(client.delete(&url).send().await.unwrap().status(), 405);
    let large = "x".repeat(1_048_577);
    assert_eq!(client.post(&url).body(large).send().await.unwrap().status(), 413);
    assert_eq!(get(receiver, "/webhooks/token-of-somebody-else").await, (404, String::new()));
    assert_eq!(get(receiver, "/").await.0, 404);

    assert_eq!(get(admin, "/healthz").await.0, 200);
    let (status, ready) = until("it is ready", PATIENCE, async || {
        Some(get(admin, "/readyz").await).filter(|it| it.0 == 200)
    })
    .await;
    let ready: Value = serde_json::from_str(&ready).unwrap();
    assert_eq!(status, 200);
    for part in ["ledger", "engine", "poll", "reconcile"] {
        assert_eq!(ready[part], true, "{ready}");
    }
    let (status, metrics) = get(admin, "/metrics").await;
    assert_eq!(status, 200);
    assert!(metrics.contains("# TYPE ") && metrics.ends_with("# EOF\n"), "{metrics}");
    assert_eq!(get(admin, "/").await.0, 200);
    assert_eq!(running.process.terminate().await.status, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_and_status_say_when_the_next_runs_are_and_when_the_queue_is_empty() {
    let (accounts, automation, served, _) = scene().await;
    let route = Route::new("site", "person-deal", automation);
    let settings = Settings {
        poll: Some("0 0 3 1 1 *"),
        requests_per_minute: 2,
        settle: "0s",
        ..Settings::new([route])
    };
    let ponte = Ponte::new(&settings, &served);
    let running = ponte.run().await;
    for number in 0..3 {
        accounts.enter(NewContact::new(&format!("pessoa.{number}@example.com")), automation);
    }
    assert_eq!(running.send_webhooks(&accounts).await, 3);
    let page = until("the page says when the queue is empty", PATIENCE, async || {
        Some(get(running.admin, "/").await.1).filter(|page| page.contains("vazia às"))
    })
    .await;
    // São Paulo, whatever zone this machine is in.
    let status = ponte.json(&["status", "--json"]).await;
    let shown = |key: &str| {
        let next = DateTime::parse_from_rfc3339(status[key].as_str().unwrap()).unwrap();
        let told = next.format("%d/%m/%Y %H:%M:%S %z").to_string();
        assert!(page.contains(told.trim_end_matches(" -0300")), "{told}: {page}");
        told
    };
    let (poll, reconcile) = (shown("next_poll"), shown("next_reconcile"));
    assert!(poll.starts_with("01/01/") && poll.ends_with(" 03:00:00 -0300"), "{poll}");
    assert!(
        reconcile.starts_with("29/02/") && reconcile.ends_with(" 00:00:00 -0300"),
        "{reconcile}"
    );
    assert!(status["forecast"]["empty_at"].is_string(), "{status}");
    let text = ponte.command(&["status"]).await.out;
    assert!(text.contains("; empty in about ") && text.matches("; next ").count() == 2, "{text}");
    assert_eq!(running.process.terminate().await.status, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_received_before_a_stop_or_a_kill_is_brought_in_after_it() {
    let (accounts, automation, _served, ponte) = scene().await;
    accounts.ploomes.switch(|it| it.latency = Duration::from_millis(100));
    for round in 0..4 {
        let running = ponte.run().await;
        for number in 0..5 {
            let email = format!("pessoa.{round}.{number}@example.com");
            accounts.enter(NewContact::new(&email), automation);
        }
        assert_eq!(running.send_webhooks(&accounts).await, 5);
        if round % 2 == 0 {
            assert_eq!(running.process.terminate().await.status, 0);
        } else {
            assert_eq!(running.process.kill().await.status, -9);
        }
    }
    let running = ponte.run().await;
    let status = until("everything is in Ploomes", PATIENCE, async || {
        let status = ponte.json(&["status", "--json"]).await;
        (status["leads"]["done"] == 20).then_some(status)
    })
    .await;
    assert_eq!((&status["balance"], &status["deliveries"]["applied"]), (&json!(0), &json!(20)));
    assert_eq!((accounts.persons().len(), accounts.ploomes.deals().len()), (20, 20));
    assert_eq!(running.process.terminate().await.status, 0);
    assert_eq!(ponte.json(&["audit", "--json"]).await["ok"], true);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_waits_for_no_quota_and_takes_no_ten_seconds() {
    let (accounts, automation, _served, ponte) = scene().await;
    let text = std::fs::read_to_string(ponte.config()).unwrap();
    ponte.configure(&text.replace("requests_per_minute = 60000", "requests_per_minute = 2"));
    let running = ponte.run().await;
    for number in 0..20 {
        accounts.enter(NewContact::new(&format!("pessoa.{number}@example.com")), automation);
    }
    running.send_webhooks(&accounts).await;
    let begin = tokio::time::Instant::now();
    let ended = running.process.terminate().await;
    assert_eq!(ended.status, 0, "{ended:?}");
    assert!(begin.elapsed() < Duration::from_secs(10), "{:?}", begin.elapsed());
    assert!(accounts.calls() > 0 && accounts.ploomes.deals().len() < 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_is_one_line_an_event_and_names_nobody() {
    let (accounts, automation, _served, ponte) = scene().await;
    let running = ponte.run().await;
    let new = NewContact::new("maria.segredo@example.com")
        .named("Maria", "Segredo")
        .phone("(11) 98765-4321");
    accounts.enter(new, automation);
    running.send_webhooks(&accounts).await;
    until("the deal is made", PATIENCE, async || {
        (accounts.ploomes.deals().len() == 1).then_some(())
    })
    .await;
    let ended = running.process.terminate().await;
    assert_eq!(ended.out, "");
    for line in ended.err.lines() {
        let event: Value = serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"));
        assert!(event["message"].is_string(), "{line}");
    }
    for secret in ["egredo", "98765", "key-of-", "token-of-"] {
        assert!(!ended.err.contains(secret), "{secret}: {}", ended.err);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_ledger_is_its_owner_s_alone() {
    let (_, _, _served, ponte) = scene().await;
    let running = ponte.run().await;
    let mode = std::fs::metadata(ponte.ledger()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(running.process.terminate().await.status, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_demo_ends_balanced_and_leaves_no_file_behind() {
    let home = tempfile::tempdir().unwrap();
    let at = home.path().to_owned();
    let output = tokio::task::spawn_blocking(move || {
        std::process::Command::new(env!("CARGO_BIN_EXE_ponte"))
            .args(["demo", "--seconds", "3", "--seed", "7", "--json"])
            .current_dir(&at)
            .env_clear()
            .env("TMPDIR", &at)
            .output()
            .unwrap()
    });
    let output = output.await.unwrap();
    assert!(output.status.success(), "{output:?}");
    let end: Value = serde_json::from_slice(&output.stdout).unwrap();
    let count = |key: &str| end[key].as_i64().unwrap_or_else(|| panic!("{key}: {end}"));
    assert_eq!(count("balance"), 0);
    assert!(count("leads") > 0);
    assert!(count("webhooks_lost") >= 0);
    assert_eq!(count("missed_found"), count("repaired"));
    assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_simulators_alone_serve_a_configuration_of_the_example() {
    let (_, _, _served, ponte) = scene().await;
    let simulators = ponte.spawn(&[
        "simulate",
        "--activecampaign",
        "127.0.0.1:0",
        "--ploomes",
        "127.0.0.1:0",
        "--every",
        "0",
    ]);
    let addresses = until("both listen", PATIENCE, async || {
        let out = simulators.out();
        let urls = out.split_whitespace().filter_map(|it| it.strip_prefix("http://"));
        let at: Vec<String> = urls.take(2).map(str::to_owned).collect();
        (at.len() == 2).then_some(at)
    })
    .await;
    let example = include_str!("../../config.example.toml");
    let text = example
        .replace("https://yourcompany.api-us1.com", &format!("http://{}", addresses[0]))
        .replace("https://api2.ploomes.com", &format!("http://{}", addresses[1]))
        .replace("127.0.0.1:8080", "127.0.0.1:0")
        .replace("127.0.0.1:8081", "127.0.0.1:0");
    ponte.configure(&text);
    let answer = ponte.json(&["check", "--online", "--json"]).await;
    assert_eq!(answer["ok"], true, "{answer:#}");
    assert_eq!(simulators.terminate().await.status, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_time_in_which_nothing_ran_is_named_and_looked_at_first() {
    let (_accounts, _, _served, ponte) = scene().await;
    let has_polled = |log: &str| log.contains(r#""message":"polled""#);
    let running = ponte.run().await;
    until("it polls", PATIENCE, async || has_polled(&running.process.err()).then_some(())).await;
    let first = running.process.terminate().await;
    assert!(!first.err.contains("stopped from"), "{first:?}");

    // It was an hour ago, as far as the ledger knows.
    let clock = Clock::system();
    let ledger = Options::file(ponte.ledger(), clock.clone()).open(Opener::Command).unwrap();
    let since = clock.now() - TimeDelta::hours(1);
    ledger.write(move |tx| meta::note_alive(tx, since)).await.unwrap();
    ledger.close().await;

    let running = ponte.run().await;
    until("it polls", PATIENCE, async || has_polled(&running.process.err()).then_some(())).await;
    let log = running.process.terminate().await.err;
    let from = since.with_timezone(&chrono_tz::America::Sao_Paulo).format("%F %T");
    let named = log.find(&format!("stopped from {from} to ")).expect("the gap is named");
    assert!(named < log.find(r#""message":"polled""#).unwrap(), "{log}");
}
