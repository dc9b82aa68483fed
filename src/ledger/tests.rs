//! The handle: groups, savepoints, panics, readers, both executors.

use std::{
    path::Path,
    sync::{Arc, Barrier},
};

use chrono::DateTime;
use futures_util::future::join_all;
use rusqlite::Connection;
use tempfile::TempDir;

use super::{
    Ledger, LedgerError, Tx, audit,
    delivery::{self, NewDelivery},
    history::Head,
    open::{Executor, Opener, Options, Randomness},
    route::{self, KeyKind, Route},
    signs, sql, status,
};
use crate::{
    clock::Clock,
    domain::{DeliveryId, Fate, RouteId},
};

/// A point in time for all tests.
pub(super) fn at(second: i64) -> DateTime<chrono::Utc> {
    DateTime::from_timestamp(1_760_000_000 + second, 0).expect("in range")
}

/// A ledger in memory, worked on in place.
pub(super) fn in_memory() -> Ledger {
    Options::memory(7, Clock::system()).open(Opener::Command).expect("memory opens")
}

/// A ledger on disk with threads.
pub(super) fn on_disk(directory: &TempDir) -> Ledger {
    options(directory.path()).open(Opener::Command).expect("an empty directory can be written")
}

pub(super) fn options(directory: &Path) -> Options {
    Options::file(directory.join("ponte.db"), Clock::system())
}

/// The route that tests use.
pub(super) fn site(tx: &Tx<'_>) -> Result<Route, LedgerError> {
    route::register(tx, "site", KeyKind::Enrollment, at(0))
}

/// A delivery of an invented person.
pub(super) fn delivery(route: &Route, second: i64) -> NewDelivery {
    NewDelivery {
        route: route.id,
        received_at: at(second),
        peer: "127.0.0.1".to_owned(),
        headers: r#"{"content-type":"application/x-www-form-urlencoded"}"#.to_owned(),
        body: format!("contact[id]={second}&contact[email]=maria%40example.com").into(),
    }
}

fn count(conn: &Connection, table: &str) -> i64 {
    conn.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).expect("counts")
}

#[tokio::test]
async fn a_failing_closure_takes_back_only_its_own_changes() {
    let directory = TempDir::new().unwrap();
    for ledger in [in_memory(), on_disk(&directory)] {
        let writes = (0..20).map(|number| {
            let ledger = ledger.clone();
            async move {
                ledger
                    .write(move |tx| {
                        let route = site(tx)?;
                        delivery::accept(tx, &delivery(&route, number))?;
                        if number % 2 == 0 { Ok(()) } else { Err(LedgerError::Closed) }
                    })
                    .await
            }
        });
        let answers = join_all(writes).await;
        assert!(answers.iter().enumerate().all(|(n, answer)| answer.is_ok() == (n % 2 == 0)));
        let (rows, head) =
            ledger.read(|conn| Ok((count(conn, "delivery"), Head::read(conn)?))).await.unwrap();
        assert_eq!((rows, head.accepted, head.seq), (10, 10, 10));
    }
}

#[tokio::test]
async fn a_panic_takes_back_its_changes_and_the_ledger_lives_on() {
    let directory = TempDir::new().unwrap();
    for ledger in [in_memory(), on_disk(&directory)] {
        let panicked = ledger
            .write(|tx| -> Result<(), LedgerError> {
                site(tx)?;
                panic!("invented");
            })
            .await;
        assert!(matches!(panicked, Err(LedgerError::Panicked)));
        let read = ledger.read(|_| -> Result<(), LedgerError> { panic!("invented") }).await;
        assert!(matches!(read, Err(LedgerError::Panicked)));
        assert_eq!(ledger.read(|conn| Ok(count(conn, "route"))).await.unwrap(), 0);
        ledger.write(|tx| site(tx).map(drop)).await.unwrap();
        assert_eq!(ledger.read(|conn| Ok(count(conn, "route"))).await.unwrap(), 1);
    }
}

/// Ends once somebody has called it from each side of a write that must be waited for.
struct Gate {
    entered: Arc<Barrier>,
    left: Arc<Barrier>,
}

impl Gate {
    /// A write that holds the writer's thread, and the gate that lets it go.
    fn shut(ledger: &Ledger) -> (Self, impl Future<Output = Result<(), LedgerError>> + use<>) {
        let gate = Self { entered: Arc::new(Barrier::new(2)), left: Arc::new(Barrier::new(2)) };
        let (entered, left, ledger) =
            (Arc::clone(&gate.entered), Arc::clone(&gate.left), ledger.clone());
        let held = async move {
            ledger
                .write(move |_| {
                    entered.wait();
                    left.wait();
                    Ok(())
                })
                .await
        };
        (gate, held)
    }
}

#[tokio::test]
async fn writes_that_wait_together_share_one_commit() {
    let directory = TempDir::new().unwrap();
    let ledger = on_disk(&directory);
    let (gate, held) = Gate::shut(&ledger);
    let mut held = std::pin::pin!(held);
    assert!(futures_util::poll!(&mut held).is_pending());
    gate.entered.wait();
    let mut waiting = Vec::new();
    for number in 0..10 {
        let ledger = ledger.clone();
        let name = format!("route {number}");
        let write = async move {
            ledger
                .write(move |tx| {
                    route::register(tx, &name, KeyKind::Contact, at(0))?;
                    // All of them run before any of them is committed.
                    let snapshot = Connection::open(tx.path().expect("on disk"))?;
                    assert_eq!(count(&snapshot, "route"), 0);
                    Ok(())
                })
                .await
        };
        waiting.push(write);
    }
    let mut waiting = std::pin::pin!(join_all(waiting));
    assert!(futures_util::poll!(&mut waiting).is_pending(), "all are queued now");
    gate.left.wait();
    held.await.unwrap();
    assert!(waiting.await.iter().all(Result::is_ok));
    assert_eq!(ledger.read(|conn| Ok(count(conn, "route"))).await.unwrap(), 10);
}

/// Deliveries that are all queued while the writer is held, and what each was told.
async fn accepted_together(
    ledger: &Ledger,
    all: Vec<NewDelivery>,
) -> Vec<Result<DeliveryId, LedgerError>> {
    let (gate, held) = Gate::shut(ledger);
    let mut held = std::pin::pin!(held);
    assert!(futures_util::poll!(&mut held).is_pending());
    gate.entered.wait();
    let mut waiting = std::pin::pin!(join_all(all.into_iter().map(|new| ledger.accept(new))));
    assert!(futures_util::poll!(&mut waiting).is_pending(), "all are queued now");
    gate.left.wait();
    held.await.unwrap();
    waiting.await
}

#[tokio::test]
async fn deliveries_that_come_together_are_each_kept_told_counted_and_proved() {
    let directory = TempDir::new().unwrap();
    let ledger = on_disk(&directory);
    let route = ledger.write(site).await.unwrap();
    ledger.accept(delivery(&route, 1)).await.unwrap();
    let all = (2..40).map(|second| delivery(&route, second)).collect();
    let told = accepted_together(&ledger, all).await;
    let told: Vec<_> = told.into_iter().map(|it| it.unwrap().0).collect();
    assert_eq!(told, (2..40).collect::<Vec<_>>());
    let (proof, status, last) = ledger
        .read(move |conn| {
            let last = signs::last_delivery(conn, route.id)?;
            Ok((audit::audit(conn, None)?, status::read(conn, at(40))?, last))
        })
        .await
        .unwrap();
    assert_eq!(proof.problems, []);
    assert_eq!((status.deliveries(Fate::Pending), status.balance()), (39, 0));
    assert_eq!(last, Some(at(39)));
}

#[tokio::test]
async fn a_delivery_that_cannot_be_kept_spoils_it_for_no_other() {
    let directory = TempDir::new().unwrap();
    let ledger = on_disk(&directory);
    let route = ledger.write(site).await.unwrap();
    let mut all: Vec<_> = (0..5).map(|second| delivery(&route, second)).collect();
    all[2].route = RouteId(99);
    let told = accepted_together(&ledger, all).await;
    let kept: Vec<_> = told.iter().map(Result::is_ok).collect();
    assert_eq!(kept, [true, true, false, true, true]);
    let proof = ledger.read(|conn| audit::audit(conn, None)).await.unwrap();
    assert_eq!((proof.problems, proof.length), (Vec::new(), 4));
}

#[tokio::test]
async fn where_the_commit_fails_nobody_is_told_that_a_delivery_is_kept() {
    let directory = TempDir::new().unwrap();
    let ledger = on_disk(&directory);
    let route = ledger.write(site).await.unwrap();
    let (gate, held) = Gate::shut(&ledger);
    let mut held = std::pin::pin!(held);
    assert!(futures_util::poll!(&mut held).is_pending());
    gate.entered.wait();
    let accepts = (0..3).map(|second| ledger.accept(delivery(&route, second)));
    let mut accepts = std::pin::pin!(join_all(accepts));
    assert!(futures_util::poll!(&mut accepts).is_pending());
    // What it breaks shows at the commit.
    let mut broken = std::pin::pin!(ledger.write(|tx| {
        tx.execute_batch("PRAGMA defer_foreign_keys = true")?;
        let sql = "INSERT INTO alert_cursor (route_id, lead_id) VALUES (99, 1)";
        sql::execute(tx, sql, []).map(drop)
    }));
    assert!(futures_util::poll!(&mut broken).is_pending(), "all are queued now");
    gate.left.wait();
    held.await.unwrap();
    assert!(broken.await.is_err());
    assert!(accepts.await.iter().all(Result::is_err));
    assert_eq!(ledger.read(|conn| Ok(count(conn, "delivery"))).await.unwrap(), 0);
    ledger.accept(delivery(&route, 4)).await.unwrap();
}

#[tokio::test]
async fn what_is_alone_in_its_transaction_is_told_what_became_of_it() {
    let directory = TempDir::new().unwrap();
    let ledger = on_disk(&directory);
    let route = ledger.write(site).await.unwrap();
    let [mut stray, late, good] = [1, 2, 3].map(|second| delivery(&route, second));
    stray.route = RouteId(99);
    assert!(ledger.accept(stray).await.is_err());
    // The commit fails of it, and the next one is not held up.
    let late = ledger.write(move |tx| {
        delivery::accept(tx, &late)?;
        tx.execute_batch("PRAGMA defer_foreign_keys = true")?;
        let sql = "INSERT INTO alert_cursor (route_id, lead_id) VALUES (99, 1)";
        sql::execute(tx, sql, []).map(drop)
    });
    assert!(late.await.is_err());
    ledger.accept(good).await.unwrap();
    let proof = ledger.read(|conn| audit::audit(conn, None)).await.unwrap();
    assert_eq!((proof.problems, proof.length), (Vec::new(), 1));
}

#[tokio::test]
async fn whoever_leaves_takes_no_answer_with_them() {
    let directory = TempDir::new().unwrap();
    let ledger = on_disk(&directory);
    let route = ledger.write(site).await.unwrap();
    let (gate, held) = Gate::shut(&ledger);
    let mut held = std::pin::pin!(held);
    assert!(futures_util::poll!(&mut held).is_pending());
    gate.entered.wait();
    let mut waiting: Vec<_> =
        (0..6).map(|second| Box::pin(ledger.accept(delivery(&route, second)))).collect();
    for accept in &mut waiting {
        assert!(futures_util::poll!(accept).is_pending());
    }
    // Before its turn: skipped.
    drop(waiting.remove(1));
    gate.left.wait();
    held.await.unwrap();
    // After the commit, and unread: whichever of them holds the answers of the others.
    ledger.write(|_| Ok(())).await.unwrap();
    drop(waiting.pop());
    drop(waiting.remove(0));
    for accept in waiting {
        accept.await.unwrap();
    }
    assert_eq!(ledger.read(|conn| Ok(count(conn, "delivery"))).await.unwrap(), 5);
}

#[tokio::test]
async fn a_write_whose_caller_left_before_its_turn_is_skipped() {
    let directory = TempDir::new().unwrap();
    let ledger = on_disk(&directory);
    let (gate, held) = Gate::shut(&ledger);
    let mut held = std::pin::pin!(held);
    assert!(futures_util::poll!(&mut held).is_pending());
    gate.entered.wait();
    {
        let mut left = std::pin::pin!(ledger.write(|tx| site(tx).map(drop)));
        assert!(futures_util::poll!(&mut left).is_pending(), "it is queued, then dropped");
    }
    gate.left.wait();
    held.await.unwrap();
    ledger.write(|_| Ok(())).await.unwrap();
    assert_eq!(ledger.read(|conn| Ok(count(conn, "route"))).await.unwrap(), 0);
}

#[tokio::test]
async fn readers_see_what_is_committed_and_cannot_write() {
    let directory = TempDir::new().unwrap();
    for ledger in [in_memory(), on_disk(&directory)] {
        ledger.write(|tx| site(tx).map(drop)).await.unwrap();
        let seen = ledger.read(|conn| route::find(conn, "site")).await.unwrap();
        assert_eq!(seen.unwrap().key_kind, KeyKind::Enrollment);
        let refused = ledger.read(|conn| sql::execute(conn, "DELETE FROM route", [])).await;
        assert!(matches!(refused, Err(LedgerError::ReadOnly)));
        let nothing = "UPDATE route SET paused = 1 WHERE id < 0";
        let refused = ledger.read(move |conn| sql::execute(conn, nothing, [])).await;
        assert!(matches!(refused, Err(LedgerError::ReadOnly)), "whatever it would change");
        assert_eq!(ledger.read(|conn| Ok(count(conn, "route"))).await.unwrap(), 1);
    }
}

#[tokio::test]
async fn all_executors_write_the_same_ledger() {
    let directory = TempDir::new().unwrap();
    let mut dumps = Vec::new();
    for executor in [Executor::InPlace, Executor::Alone, Executor::Thread] {
        let path = directory.path().join(format!("{executor:?}.db"));
        let clock = Clock::simulated(at(0));
        let randomness = Randomness::Seed(3);
        let options = Options { path: Some(path), executor, randomness, clock };
        let ledger = options.open(Opener::Command).unwrap();
        for second in 0..5 {
            ledger
                .write(move |tx| delivery::accept(tx, &delivery(&site(tx)?, second)))
                .await
                .unwrap();
            let route = ledger.write(site).await.unwrap();
            ledger.accept(delivery(&route, second)).await.unwrap();
        }
        let head = ledger.read(Head::read).await.unwrap();
        assert_eq!(head.accepted, 10);
        dumps.push(head);
        ledger.close().await;
    }
    assert_eq!(dumps[0], dumps[1]);
    assert_eq!(dumps[1], dumps[2]);
}

#[tokio::test]
async fn a_closed_ledger_answers_closed_and_leaves_no_log() {
    let directory = TempDir::new().unwrap();
    let ledger = on_disk(&directory);
    let other = ledger.clone();
    ledger.write(|tx| site(tx).map(drop)).await.unwrap();
    ledger.close().await;
    assert!(matches!(other.write(|tx| site(tx).map(drop)).await, Err(LedgerError::Closed)));
    assert!(matches!(other.read(Head::read).await, Err(LedgerError::Closed)));
    assert!(!directory.path().join("ponte.db-wal").exists());
    let again = on_disk(&directory);
    assert_eq!(again.read(|conn| Ok(count(conn, "route"))).await.unwrap(), 1);
    again.close().await;
    other.close().await;
}
