//! The real binary is killed, stopped and held up under load, again and again. What was accepted is
//! there, nothing is there twice, and the quota holds over all of its lives.
//!
//! A kill comes at a counted event: a request that reaches a simulator, its answer, or a webhook's
//! receipt. `PONTE_KILLS` and `PONTE_SEED` in the environment make the first test longer, or another
//! one.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
#![expect(clippy::print_stdout, reason = "how much was tried is what the long run is for")]

mod fuse;
mod held;
mod load;
mod room;

use std::time::Duration;

use ponte::{
    domain::{Fate, LeadState},
    ledger::status::Counts,
    simulator::fault::{Fault, When},
};
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use tokio::time::sleep;

use self::load::{Load, proven};
use crate::{
    rig::status,
    support::{Settings, until},
};

/// How long anything may take on a machine that does other things.
const PATIENCE: Duration = Duration::from_mins(2);

/// What is killed.
const RUN: [&str; 3] = ["--log", "json", "run"];

/// The most events that a life lasts: enough for some leads, and for a look after a doubt.
const EVENTS_MAX: u64 = 60;

/// Longer than the start takes on a calm machine: 15 ms, or some more without optimization.
const START_US: u64 = 60_000;

fn is_settled(now: &Counts) -> bool {
    now.deliveries(Fate::Pending) == 0
        && now.leads(LeadState::Pending) + now.leads(LeadState::InDoubt) == 0
        && now.waiting() == 0
}

/// A number from the environment.
fn asked(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).map_or(otherwise, |it| it.parse().unwrap())
}

/// One life: people come, and it is killed; says whether it was ready before.
async fn live_and_die(load: &Load, rng: &mut StdRng) -> bool {
    let mut process = load.ponte.spawn(&RUN);
    if rng.random_ratio(1, 8) {
        // Amid its start there is nothing to count.
        sleep(Duration::from_micros(rng.random_range(0..START_US))).await;
        process.signal("KILL");
    } else {
        load.fuse.arm(process.pid(), rng.random_range(1..=EVENTS_MAX));
    }
    let newcomers = rng.random_range(0..=4);
    let mut was_ready = false;
    until("it is dead", PATIENCE, async || {
        if !was_ready && let Some((receiver, _)) = process.addresses() {
            was_ready = true;
            load.goes_to(receiver);
            load.people_come(newcomers);
        }
        process.has_ended().then_some(())
    })
    .await;
    let ended = process.ended().await;
    assert_eq!(ended.status, -9, "{ended:?}");
    was_ready
}

/// Runs once more until nothing is left to do, and looks at everything.
async fn finished(load: &Load) {
    load.accounts.ploomes.faults().clear();
    let running = load.ponte.run().await;
    load.goes_to(running.receiver);
    load.until("everything is settled", is_settled).await;
    let ended = running.process.terminate().await;
    assert_eq!(ended.status, 0, "{ended:?}");
    proven(load).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_two_hundred_times_under_load_it_loses_nothing_and_makes_nothing_twice() {
    let (kills, seed) = (asked("PONTE_KILLS", 200), asked("PONTE_SEED", 20));
    let mut rng = StdRng::seed_from_u64(seed);
    let load = Load::start(seed, |it| Settings { requests_per_minute: 12_000, ..it }).await;
    // Now and then an answer is lost besides.
    let menu =
        vec![Fault::Reset(When::After), Fault::Reset(When::Before), status(502, When::After)];
    load.accounts.ploomes.faults().by_chance(15, menu);
    let mut ready = 0;
    for kill in 0..kills {
        // Answers take as long as a page, or no time: that moves what a kill meets.
        let latency = Duration::from_millis(rng.random_range(0..20));
        load.accounts.ploomes.switch(|it| it.latency = latency);
        ready += u64::from(live_and_die(&load, &mut rng).await);
        assert_eq!(load.counts().await.balance(), 0, "after kill {kill}, seed {seed}");
    }
    let sent = load.sent();
    println!(
        "{kills} kills, {ready} after it was ready; {} people, {} receipts, {} webhooks lost",
        load.people(),
        sent.receipts.len(),
        sent.lost
    );
    assert!(ready > kills / 2, "{ready} of {kills}");
    finished(&load).await;
    let most = load.accounts.ploomes.max_in_any_window(Duration::from_mins(1));
    assert!(most <= 12_000, "{most} requests in a minute");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_many_lives_there_are_never_more_requests_than_allowed_in_a_minute() {
    let load = Load::start(21, |it| Settings { requests_per_minute: 60, ..it }).await;
    load.people_come(40);
    // A life that forgot what was sent before it would begin with what may be sent at once.
    let mut lives = 0;
    while lives < 12 || load.accounts.calls() < 40 {
        let process = load.ponte.spawn(&RUN);
        load.fuse.arm(process.pid(), 24);
        let ended = process.ended().await;
        assert_eq!(ended.status, -9, "{ended:?}");
        lives += 1;
    }
    let most = load.accounts.ploomes.max_in_any_window(Duration::from_mins(1));
    assert!(most <= 60, "{most} requests in a minute, in {lives} lives");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn asked_to_stop_under_load_it_ends_well_within_ten_seconds() {
    let mut rng = StdRng::seed_from_u64(22);
    let load = Load::start(22, |it| Settings { requests_per_minute: 6_000, ..it }).await;
    load.accounts.ploomes.switch(|it| it.latency = Duration::from_millis(200));
    for _ in 0..6 {
        let running = load.ponte.run().await;
        load.goes_to(running.receiver);
        load.people_come(8);
        load.fuse.passed(rng.random_range(5..60)).await;
        let begun = tokio::time::Instant::now();
        let ended = running.process.terminate().await;
        assert_eq!(ended.status, 0, "{ended:?}");
        assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
        // A soft stop leaves no step in doubt.
        assert_eq!(load.counts().await.leads(LeadState::InDoubt), 0);
    }
    finished(&load).await;
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
    until("the deal is made", PATIENCE, async || sent().then_some(())).await;
    let begun = tokio::time::Instant::now();
    let ended = running.process.terminate().await;
    assert_eq!(ended.status, 0, "{ended:?}");
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    finished(&load).await;
}
