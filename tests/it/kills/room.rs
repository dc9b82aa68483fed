//! No room for the ledger, and a ledger that may only be read.
//!
//! A limit on the size of files stands for a full disk: it can be taken away again, and nobody else
//! notices. At 0 nothing can be written at all, as on a file system that the system has made read-only.

use std::{fs, os::unix::fs::PermissionsExt as _};

use rustix::process::{Pid, Resource, Rlimit, prlimit};

use super::{
    RUN, finished,
    load::{Load, Sent},
};
use crate::support::Settings;

/// From now on no file of this process may be longer.
fn limit(pid: Pid, bytes: Option<u64>) {
    prlimit(Some(pid), Resource::Fsize, Rlimit { current: bytes, maximum: None }).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_no_room_it_refuses_what_it_cannot_keep_and_goes_on_when_there_is_room() {
    let load = Load::start(26, |it| Settings { requests_per_minute: 6_000, ..it }).await;
    let running = load.ponte.run().await;
    load.goes_to(running.receiver);
    for limits in [&[Some(200_000), Some(0)][..], &[Some(0)]] {
        load.people_come(8);
        load.fuse.passed(60).await;
        for bytes in limits {
            limit(running.process.pid(), *bytes);
            let before = load.sent();
            load.people_come(20);
            load.until_sent(|sent| sent.refused >= before.refused + 10).await;
        }
        limit(running.process.pid(), None);
        let before = load.sent();
        load.people_come(1);
        let kept = |sent: &Sent| sent.receipts.len() > before.receipts.len();
        load.until_sent(kept).await;
        // By itself: the same process brings everything in, what was refused too.
        load.until("everything is settled", super::is_settled).await;
    }
    let after = load.sent();
    assert_eq!((after.hung_up, after.lost), (0, 0), "{after:?}");
    let ended = running.process.terminate().await;
    assert_eq!(ended.status, 0, "{ended:?}");
    assert!(ended.err.contains("deliveries are refused with 503"), "{ended:?}");
    finished(&load).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_while_there_is_no_room_it_has_all_that_it_accepted() {
    let load = Load::start(27, |it| Settings { requests_per_minute: 6_000, ..it }).await;
    for _ in 0..4 {
        let running = load.ponte.run().await;
        load.goes_to(running.receiver);
        load.people_come(6);
        load.fuse.passed(40).await;
        limit(running.process.pid(), Some(100_000));
        let before = load.sent();
        load.people_come(12);
        load.until_sent(|sent| sent.refused > before.refused).await;
        let ended = running.process.kill().await;
        assert_eq!(ended.status, -9, "{ended:?}");
    }
    finished(&load).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ledger_that_may_only_be_read_is_said_at_the_start_and_written_again_later() {
    let load = Load::start(28, |it| it).await;
    let running = load.ponte.run().await;
    load.goes_to(running.receiver);
    load.people_come(6);
    load.fuse.passed(40).await;
    let directory = load.ponte.ledger().parent().unwrap().to_owned();
    let mode = |mode| fs::set_permissions(&directory, fs::Permissions::from_mode(mode)).unwrap();
    // Who has it open goes on, and what is accepted now is kept.
    mode(0o500);
    let before = load.sent();
    load.people_come(6);
    load.until_sent(|sent| sent.receipts.len() >= before.receipts.len() + 6).await;
    load.until("everything is settled", super::is_settled).await;
    mode(0o700);
    assert_eq!(running.process.terminate().await.status, 0);

    mode(0o500);
    let ended = load.ponte.spawn(&RUN).ended().await;
    assert_eq!(ended.status, 1, "{ended:?}");
    assert!(ended.err.contains("the ledger cannot be written; check the owner"), "{ended:?}");
    mode(0o700);
    finished(&load).await;
}
