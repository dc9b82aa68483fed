//! Stopped for twenty seconds, and the ledger locked by another process for ten.

use std::time::Duration;

use ponte::ledger::Connection;

use super::{
    PATIENCE, finished,
    load::{Load, Sent},
};
use crate::support::{Running, Settings};

/// How many webhooks one sender after the other gives up while nothing answers: with six senders
/// and five seconds each, twenty-four are twenty seconds.
const HUNG_UP: usize = 24;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stopped_for_twenty_seconds_it_goes_on_where_it_was() {
    // Every wait of its own is over before it goes on: calls, settle, the receiver's two seconds.
    let load =
        Load::start(24, |it| Settings { requests_per_minute: 600, timeout: "5s", ..it }).await;
    load.accounts.ploomes.switch(|it| it.latency = Duration::from_millis(100));
    let running = load.ponte.run().await;
    load.goes_to(running.receiver);
    load.people_come(8);
    load.fuse.passed(40).await;
    running.process.signal("STOP");
    load.people_come(40);
    load.until_sent(|sent| sent.hung_up >= HUNG_UP).await;
    running.process.signal("CONT");
    load.until("everything is settled", super::is_settled).await;
    let ended = running.process.terminate().await;
    assert_eq!(ended.status, 0, "{ended:?}");
    let most = load.accounts.ploomes.max_in_any_window(Duration::from_mins(1));
    assert!(most <= 600, "{most} requests in a minute");
    finished(&load).await;
}

/// A service in work, and another process that has its ledger to itself from now on.
async fn locked(seed: u64) -> (Load, Running, Connection) {
    let load = Load::start(seed, |it| Settings { requests_per_minute: 6_000, ..it }).await;
    let running = load.ponte.run().await;
    load.goes_to(running.receiver);
    load.people_come(8);
    load.fuse.passed(40).await;
    // This process is another one than the service's.
    let other = Connection::open(load.ponte.ledger()).unwrap();
    other.busy_timeout(PATIENCE).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    (load, running, other)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn locked_out_of_its_ledger_for_ten_seconds_it_refuses_in_time_and_recovers_by_itself() {
    let (load, running, other) = locked(25).await;
    let before = load.sent();
    load.people_come(60);
    // Each is answered after two seconds; six at a time are ten seconds and more.
    let refused = |sent: &Sent| sent.refused >= before.refused + 30;
    load.until_sent(refused).await;
    other.execute_batch("ROLLBACK").unwrap();
    drop(other);
    // ActiveCampaign hung up on nothing, and nothing was accepted.
    let after = load.sent();
    assert_eq!((after.hung_up, after.lost), (before.hung_up, before.lost), "{after:?}");
    load.people_come(1);
    load.until_sent(|sent| sent.receipts.len() > after.receipts.len()).await;
    load.until("everything is settled", super::is_settled).await;
    let ended = running.process.terminate().await;
    assert_eq!(ended.status, 0, "{ended:?}");
    finished(&load).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn asked_to_stop_while_its_ledger_is_locked_it_ends_in_time_and_loses_nothing() {
    let (load, running, other) = locked(29).await;
    load.people_come(12);
    load.until_sent(|sent| sent.refused > 0).await;
    let begun = tokio::time::Instant::now();
    let ended = running.process.terminate().await;
    assert_eq!(ended.status, 0, "{ended:?}");
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    other.execute_batch("ROLLBACK").unwrap();
    drop(other);
    finished(&load).await;
}
