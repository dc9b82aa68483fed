use rusqlite::Connection;

use super::*;
use crate::ledger::sample::{self, assert_is_short, at, now};

async fn counts() -> Counts {
    sample::small().await.read(|conn| read(conn, now())).await.unwrap()
}

#[tokio::test]
async fn everything_is_counted_once() {
    let counts = counts().await;
    assert_eq!((counts.accepted, counts.total, counts.balance()), (8, 7, 0));
    let fates: Vec<_> = counts.deliveries.values().copied().collect();
    assert_eq!(fates, [3, 2, 1, 1, 1], "applied, merged, ignored, quarantined, pending");
    let states: Vec<_> = counts.leads.values().copied().collect();
    assert_eq!(states, [1, 1, 2, 1, 1, 1], "pending, in doubt, done, skipped, failed, erased");
    assert_eq!(counts.missed, Missed { found: 2, recovered: 1, late: 1 });
    assert_eq!(counts.paused, ["shop"]);
}

#[tokio::test]
async fn leads_to_write_and_contacts_to_look_at_wait_in_their_lanes() {
    let counts = counts().await;
    let lanes: Vec<_> = counts.lanes.values().copied().collect();
    assert_eq!(lanes, [2, 0, 1, 0], "fresh: a lead in doubt and a hint; repair: a lead");
    assert_eq!(counts.waiting(), 3);
}

#[tokio::test]
async fn requests_count_for_sixty_seconds() {
    let ledger = sample::small().await;
    let used = |second| {
        let ledger = ledger.clone();
        async move { ledger.read(move |conn| read(conn, at(second))).await.unwrap().used_last_60s }
    };
    assert_eq!(used(600).await, 3);
    assert_eq!(used(601).await, 2, "a request of exactly 60 s ago is over");
    assert_eq!(used(660).await, 0);
}

#[tokio::test]
async fn the_last_run_of_a_kind_is_one_that_ended() {
    let counts = counts().await;
    let poll = counts.last_poll.unwrap();
    assert_eq!((poll.id, poll.outcome.as_str(), poll.reason), (1, "complete", None));
    let reconcile = counts.last_reconcile.unwrap();
    assert_eq!((reconcile.started, reconcile.finished), (at(400), at(425)));
    assert_eq!(reconcile.outcome, "partial");
}

#[tokio::test]
async fn the_oldest_that_waits_is_told() {
    let counts = counts().await;
    assert_eq!(counts.oldest_delivery, Some(at(540)));
    assert_eq!(counts.oldest_lead, Some(at(70)));
}

#[tokio::test]
async fn an_empty_ledger_has_nothing() {
    let ledger = sample::large(0).await;
    let counts = ledger.read(|conn| read(conn, now())).await.unwrap();
    assert_eq!((counts.accepted, counts.total, counts.balance(), counts.waiting()), (0, 0, 0, 0));
    assert_eq!((counts.last_poll, counts.oldest_lead, counts.head), (None, None, [0; 32]));
}

#[tokio::test]
async fn the_two_sides_of_the_balance_are_counted_apart() {
    let conn = sample::raw(&sample::small().await).await;
    conn.execute("DELETE FROM delivery WHERE id = 2", []).unwrap();
    assert_eq!(read(&conn, now()).unwrap().balance(), 1, "accepted, and there no more");
    conn.execute(
        "INSERT INTO lead (key, route_id, contact, turn, backfill, found_by, found_at, state,
                           updated_at)
         VALUES ('site/99', 1, 99, 99, 0, 'webhook', 0, 'done', 0)",
        [],
    )
    .unwrap();
    conn.execute("DELETE FROM history WHERE seq = (SELECT max(seq) FROM history)", []).unwrap();
    assert_eq!(read(&conn, now()).unwrap().balance(), 0, "one too few and one too many");
}

#[tokio::test]
async fn a_lead_is_late_once_and_only_where_a_webhook_was_missed() {
    let conn = sample::raw(&sample::small().await).await;
    let late = |conn: &Connection| read(conn, now()).unwrap().missed.late;
    let point = |delivery: i64, lead: Option<i64>| {
        conn.execute("UPDATE delivery SET lead_id = ?2 WHERE id = ?1", (delivery, lead)).unwrap();
        late(&conn)
    };
    // Delivery 3 belongs to lead 2, which a reconciliation found; 8 belongs to none.
    assert_eq!(point(8, Some(2)), 1, "a second webhook for it");
    assert_eq!(point(3, None), 1, "one of the two is left");
    assert_eq!(point(8, None), 0, "none is left");
    assert_eq!(point(8, Some(1)), 0, "lead 1 came by webhook");
    assert_eq!(point(8, Some(5)), 1, "lead 5 was found by a poll");
    assert_eq!(point(8, Some(5)), 1, "nothing changed");
}

#[tokio::test]
async fn lanes_follow_every_change_of_the_queues() {
    let conn = sample::raw(&sample::small().await).await;
    let lanes = |sql: &str| {
        conn.execute(sql, []).unwrap();
        read(&conn, now()).unwrap().lanes.into_values().collect::<Vec<_>>()
    };
    let hint = "INSERT INTO inbox (route_id, contact, lane, source, due_at)
                VALUES (1, 8, 2, 'poll', 0) ON CONFLICT DO UPDATE SET lane = excluded.lane";
    assert_eq!(lanes(hint), [1, 0, 2, 0]);
    assert_eq!(lanes("UPDATE work SET lane = 3"), [0, 0, 1, 2]);
    assert_eq!(lanes("DELETE FROM work"), [0, 0, 1, 0]);
    assert_eq!(lanes("DELETE FROM inbox"), [0, 0, 0, 0]);
    assert_eq!(lanes(hint), [0, 0, 1, 0]);
}

#[tokio::test]
async fn no_statement_walks_what_grows() {
    let ledger = sample::large(100_000).await;
    ledger
        .read(|conn| {
            for sql in [TALLY, USED, LAST_RUN, OLDEST_DELIVERY, OLDEST_LEAD, PAUSED] {
                assert_is_short(conn, sql);
            }
            let counts = read(conn, now())?;
            assert_eq!(counts.missed, Missed { found: 1_000, recovered: 999, late: 0 });
            assert_eq!(counts.lanes[&Lane::Fresh], 100);
            assert_eq!(counts.oldest_lead, DateTime::from_timestamp_millis(99_901));
            Ok(())
        })
        .await
        .unwrap();
}

#[tokio::test]
async fn a_status_costs_the_same_on_a_small_and_a_large_ledger() {
    async fn cost(leads: i64) -> u32 {
        let mut conn = sample::raw(&sample::large(leads).await).await;
        sample::cost(&mut conn, |conn| read(conn, now()))
    }
    let (small, large) = (cost(1_000).await, cost(30_000).await);
    assert!(large <= small + 2, "{small} on a thousand leads, {large} on thirty thousand");
}
