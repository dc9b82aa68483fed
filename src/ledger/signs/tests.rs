use super::*;
use crate::ledger::{
    alert,
    run::{self, CUT_OFF, end_unfinished},
    sample::{self, at, now},
};

const SITE: RouteId = RouteId(1);

#[tokio::test]
async fn what_failed_and_what_is_quarantined_is_counted_by_route() {
    let ledger = sample::small().await;
    let (failed, quarantined) =
        ledger.read(|conn| Ok((failed(conn)?, quarantined(conn)?))).await.unwrap();
    assert_eq!(failed.len(), 1);
    assert_eq!((failed[0].route.as_str(), failed[0].count), ("site", 1));
    assert_eq!(failed[0].leads, ["site/53"]);
    assert_eq!((quarantined.len(), quarantined[0].leads.len()), (1, 0));
}

#[tokio::test]
async fn missed_leads_are_news_until_the_cursor_has_passed_them() {
    let ledger = sample::small().await;
    let before = ledger.read(|conn| missed(conn, SITE)).await.unwrap().unwrap();
    assert_eq!(before.leads[0], "site/52", "found by a reconciliation");
    assert_eq!((before.since, before.count), (at(30), 1));
    let newest = before.newest;
    let after = ledger
        .write(move |tx| {
            alert::move_cursor(tx, SITE, newest)?;
            missed(tx, SITE)
        })
        .await;
    assert_eq!(after.unwrap(), None);
}

#[tokio::test]
async fn only_who_entered_after_that_moment_was_unannounced() {
    let ledger = sample::small().await;
    let (before, after) = ledger
        .read(|conn| {
            Ok((entered_unannounced(conn, SITE, at(9))?, entered_unannounced(conn, SITE, at(10))?))
        })
        .await
        .unwrap();
    assert_eq!((before.0, before.1), (1, vec!["site/52".to_owned()]));
    assert_eq!(after.0, 0);
}

#[tokio::test]
async fn a_run_that_a_stop_cut_off_is_not_the_last_that_ended() {
    let ledger = sample::small().await;
    let (before, after, started) = ledger
        .write(|tx| {
            let before = last_ended(tx, Kind::Poll)?;
            let run = run::start(tx, Kind::Poll, None, now())?;
            let started = last_started(tx, Kind::Poll)?;
            assert_eq!(started.map(|it| (it.run, it.is_running)), Some((run, true)));
            end_unfinished(tx, Kind::Poll, CUT_OFF, now())?;
            Ok((before, last_ended(tx, Kind::Poll)?, last_started(tx, Kind::Poll)?))
        })
        .await
        .unwrap();
    assert_eq!(before, after);
    assert_eq!(started.map(|it| (it.at, it.is_running)), Some((now(), false)));
}

#[tokio::test]
async fn looking_costs_the_same_on_a_small_and_a_large_ledger() {
    async fn cost(leads: i64) -> u32 {
        let ledger = sample::large(leads).await;
        ledger.write(move |tx| alert::move_cursor(tx, SITE, LeadId(leads))).await.unwrap();
        sample::cost(&mut sample::raw(&ledger).await, |conn| {
            quarantined(conn)?;
            missed(conn, SITE)?;
            is_looking(conn, SITE)?;
            last_complete(conn)?;
            last_delivery(conn, SITE)?;
            entered_unannounced(conn, SITE, now())?;
            last_started(conn, Kind::Poll)?;
            last_ended(conn, Kind::Reconcile)
        })
    }
    let (small, large) = (cost(1_000).await, cost(30_000).await);
    assert!(large <= small + 2, "{small} on a thousand leads, {large} on thirty thousand");
}
