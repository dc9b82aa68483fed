//! The real binary is killed, stopped and held up under load, again and again. What was accepted is
//! there, nothing is there twice, and the quota holds over all of its lives.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod load;

use std::time::Duration;

use ponte::{
    domain::{Fate, LeadState},
    ledger::status::Counts,
    simulator::fault::{Fault, When},
};
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use tokio::time::sleep;

use self::load::{Load, proven};
use crate::{rig::status, support::Settings};

/// How long the rest may take after the last kill: a doubt and two polls, on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);

fn is_settled(now: &Counts) -> bool {
    now.deliveries(Fate::Pending) == 0
        && now.leads(LeadState::Pending) + now.leads(LeadState::InDoubt) == 0
        && now.waiting() == 0
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_twenty_times_under_load_it_loses_nothing_and_makes_nothing_twice() {
    let mut rng = StdRng::seed_from_u64(20);
    let load = Load::start(20, |it| Settings { requests_per_minute: 6_000, ..it }).await;
    load.accounts.ploomes.switch(|it| it.latency = Duration::from_millis(40));
    // Now and then an answer is lost besides.
    let menu =
        vec![Fault::Reset(When::After), Fault::Reset(When::Before), status(502, When::After)];
    load.accounts.ploomes.faults().by_chance(15, menu);
    for kill in 0..20 {
        let running = load.ponte.run().await;
        load.goes_to(running.receiver);
        load.people_come(3);
        sleep(Duration::from_millis(rng.random_range(50..700))).await;
        let ended = running.process.kill().await;
        assert_eq!(ended.status, -9, "kill {kill}: {ended:?}");
    }
    load.accounts.ploomes.faults().clear();
    let running = load.ponte.run().await;
    load.goes_to(running.receiver);
    load.until("everything is settled", PATIENCE, is_settled).await;
    let ended = running.process.terminate().await;
    assert_eq!(ended.status, 0, "{ended:?}");
    proven(&load, 60).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_many_lives_there_are_never_more_requests_than_allowed_in_a_minute() {
    let load = Load::start(21, |it| Settings { requests_per_minute: 60, ..it }).await;
    load.people_come(40);
    for _ in 0..12 {
        let running = load.ponte.run().await;
        load.goes_to(running.receiver);
        sleep(Duration::from_millis(900)).await;
        running.process.kill().await;
    }
    let most = load.accounts.ploomes.max_in_any_window(Duration::from_mins(1));
    assert!((30..=60).contains(&most), "{most} requests in a minute");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn asked_to_stop_under_load_it_ends_well_within_ten_seconds() {
    let load = Load::start(22, |it| Settings { requests_per_minute: 6_000, ..it }).await;
    load.accounts.ploomes.switch(|it| it.latency = Duration::from_millis(200));
    for _ in 0..4 {
        let running = load.ponte.run().await;
        load.goes_to(running.receiver);
        load.people_come(8);
        sleep(Duration::from_millis(600)).await;
        let begun = tokio::time::Instant::now();
        let ended = running.process.terminate().await;
        assert_eq!(ended.status, 0, "{ended:?}");
        assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    }
    // A soft stop leaves no step in doubt.
    assert_eq!(load.counts().await.leads(LeadState::InDoubt), 0);
    let running = load.ponte.run().await;
    load.goes_to(running.receiver);
    load.until("everything is settled", PATIENCE, is_settled).await;
    running.process.terminate().await;
    proven(&load, 32).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn asked_to_stop_while_ploomes_is_silent_it_ends_in_time_and_finds_out_later() {
    let load = Load::start(23, |it| Settings { timeout: "30s", settle: "1s", ..it }).await;
    let target = ponte::simulator::fault::Target::new(http::Method::POST, "/Deals");
    load.accounts.ploomes.faults().plan(target, Fault::Silence(When::After));
    let running = load.ponte.run().await;
    load.goes_to(running.receiver);
    load.people_come(1);
    let sent = || load.accounts.ploomes.deals().len() == 1;
    crate::support::until("the deal is made", PATIENCE, async || sent().then_some(())).await;
    let begun = tokio::time::Instant::now();
    let ended = running.process.terminate().await;
    assert_eq!(ended.status, 0, "{ended:?}");
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    let running = load.ponte.run().await;
    load.goes_to(running.receiver);
    load.until("everything is settled", PATIENCE, is_settled).await;
    running.process.terminate().await;
    proven(&load, 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn held_up_for_seconds_it_goes_on_where_it_was() {
    let load =
        Load::start(24, |it| Settings { requests_per_minute: 600, timeout: "1s", ..it }).await;
    load.accounts.ploomes.switch(|it| it.latency = Duration::from_millis(100));
    let running = load.ponte.run().await;
    load.goes_to(running.receiver);
    for _ in 0..3 {
        load.people_come(6);
        sleep(Duration::from_millis(500)).await;
        running.process.signal("STOP");
        sleep(Duration::from_millis(1_500)).await;
        running.process.signal("CONT");
    }
    load.until("everything is settled", PATIENCE, is_settled).await;
    running.process.terminate().await;
    assert!(load.accounts.ploomes.max_in_any_window(Duration::from_mins(1)) <= 600);
    proven(&load, 18).await;
}
