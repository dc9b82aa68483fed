//! The schedule: what is due is made, once at a time, whatever breaks, and stops when it is asked to.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use http::Method;
use ponte::{
    domain::FoundBy,
    simulator::fault::{Fault, Target, When},
};
use serde_json::json;

use crate::rig::{PATIENCE, Rig, Setup, ana, bruno, status};

/// A page of a sweep.
fn page() -> Target {
    Target::new(Method::GET, "id_greater=")
}

#[tokio::test(start_paused = true)]
async fn a_poll_that_breaks_the_program_stops_neither_the_service_nor_the_polls_after_it() {
    let rig = Rig::start().await;
    rig.start_schedule();
    rig.pass(Duration::from_mins(1)).await;
    let whole = rig.runs("poll").await.len();
    rig.enters_unnoticed(ana(), 1);
    rig.source.before.add(
        Target::new(Method::GET, "/contactAutomations"),
        Box::new(|| panic!("invented, in the middle of a poll")),
    );
    rig.until("a poll after the one that broke off finds the lead", PATIENCE * 2, |now| {
        now.missed.recovered == 1
    })
    .await;
    assert!(rig.is_up());
    let runs = rig.runs("poll").await;
    assert_eq!(runs[whole]["outcome"], "partial", "{runs:?}");
    assert!(runs[whole]["reason"].as_str().unwrap().contains("broke off"), "{runs:?}");
    assert_eq!(runs.last().unwrap()["outcome"], "complete", "{runs:?}");
    assert_eq!(rig.lead().await.found_by, FoundBy::Poll);
    rig.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_reconciliation_that_breaks_the_program_is_partial_and_gone_on_with() {
    for at in ["include=fieldValues", "/automations/1"] {
        let rig = Rig::with(Setup { reconcile: "0 2 13 * * *", ..Setup::default() }).await;
        rig.enters(ana(), 1).await;
        rig.settled().await;
        let target = Target::new(Method::GET, at);
        let asked = || rig.runs("reconcile");
        rig.start_schedule();
        // Noon in São Paulo; the run is due after one, and no poll is near.
        rig.pass(Duration::from_secs(61 * 60 + 50)).await;
        assert_eq!(asked().await.len(), 0);
        rig.source.before.add(target, Box::new(|| panic!("invented, in the middle of a run")));
        rig.pass(Duration::from_secs(40)).await;
        let broken = asked().await;
        assert_eq!(broken.len(), 1, "{at}");
        assert_eq!(broken[0]["outcome"], "partial", "{at}: {broken:?}");
        assert!(broken[0]["reason"].as_str().unwrap().contains("broke off"), "{broken:?}");
        rig.pass(Duration::from_mins(16)).await;
        let again = asked().await;
        assert_eq!((again.len(), &again[0]["outcome"]), (1, &json!("complete")), "{at}: {again:?}");
        assert!(rig.is_up());
        rig.stop().await;
        rig.audited().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_reconciliation_missed_while_the_machine_was_off_is_made_at_start() {
    let mut rig = Rig::start().await;
    rig.start_schedule();
    rig.enters(ana(), 1).await;
    rig.settled().await;
    assert_eq!(rig.runs("reconcile").await.len(), 0, "its first night has not come");
    rig.stop().await;
    // Somebody enters while it is off, over the night.
    rig.enters_unnoticed(bruno(), 1);
    rig.clock.step(TimeDelta::hours(20));
    rig.restart().await;
    rig.start_schedule();
    rig.until("what was missed is there", PATIENCE, |now| now.missed.recovered == 1).await;
    rig.pass(Duration::from_mins(1)).await;
    let runs = rig.runs("reconcile").await;
    assert_eq!((runs.len(), &runs[0]["outcome"]), (1, &json!("complete")), "{runs:?}");
    rig.pass(Duration::from_hours(1)).await;
    assert_eq!(rig.runs("reconcile").await.len(), 1, "it is caught up once");
    rig.stop().await;
}

#[tokio::test(start_paused = true)]
async fn runs_that_are_asked_for_at_once_are_made_one_after_the_other() {
    let rig = Rig::start().await;
    for number in 0..3 {
        let who =
            ponte::simulator::activecampaign::NewContact::new(&format!("a{number}@example.com"));
        rig.enters(who, 1).await;
    }
    rig.settled().await;
    rig.activecampaign.faults().by_chance(1_000, vec![Fault::Slow(Duration::from_secs(7))]);
    rig.start_schedule();
    let poll = async || rig.poll().await;
    let reconcile = async || rig.reconciled("report").await;
    tokio::join!(poll(), reconcile(), poll(), reconcile(), poll());
    rig.pass(Duration::from_mins(12)).await;
    for kind in ["poll", "reconcile"] {
        let runs = rig.runs(kind).await;
        assert!(runs.len() >= 2, "{kind}: {runs:?}");
        for (one, next) in runs.iter().zip(&runs[1..]) {
            let (end, begin) =
                (one["finished"].as_i64().unwrap(), next["started"].as_i64().unwrap());
            assert!(end <= begin, "{kind}: {one} and {next}");
            assert!(end - one["started"].as_i64().unwrap() >= 7_000, "it took its time: {one}");
        }
    }
    rig.activecampaign.faults().clear();
    rig.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_service_stops_in_time_in_the_middle_of_a_poll_or_a_sweep() {
    for target in [page(), Target::new(Method::GET, "/contactAutomations")] {
        let mut rig = Rig::with(Setup { reconcile: "0 1 12 * * *", ..Setup::default() }).await;
        rig.enters(ana(), 1).await;
        rig.settled().await;
        rig.activecampaign.faults().stand(target.clone(), Fault::Silence(When::Before));
        rig.start_schedule();
        rig.pass(Duration::from_secs(75)).await;
        let begin = tokio::time::Instant::now();
        rig.stop().await;
        assert!(begin.elapsed() < Duration::from_secs(1), "{target:?}: {:?}", begin.elapsed());
        rig.activecampaign.faults().clear();
        rig.restart().await;
        rig.start_schedule();
        rig.pass(Duration::from_mins(20)).await;
        for kind in ["poll", "reconcile"] {
            let last = rig.runs(kind).await.pop().unwrap();
            assert_eq!(last["outcome"], "complete", "{target:?} {kind}: {last}");
        }
        rig.audited().await;
        rig.stop().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_whose_first_page_cannot_be_read_is_gone_on_with_after_a_quarter_of_an_hour() {
    let rig = Rig::with(Setup { reconcile: "0 1 12 * * *", ..Setup::default() }).await;
    rig.enters(ana(), 1).await;
    rig.settled().await;
    rig.activecampaign.faults().stand(page(), status(503, When::Before));
    rig.start_schedule();
    rig.pass(Duration::from_mins(15)).await;
    let partial = rig.runs("reconcile").await;
    assert_eq!((partial.len(), &partial[0]["outcome"]), (1, &json!("partial")), "{partial:?}");
    rig.activecampaign.faults().clear();
    let ended: DateTime<Utc> =
        DateTime::from_timestamp_millis(partial[0]["finished"].as_i64().unwrap()).unwrap();
    let left = (ended + TimeDelta::minutes(16) - rig.now()).to_std().unwrap();
    rig.pass(left).await;
    let whole = rig.runs("reconcile").await;
    assert_eq!((whole.len(), &whole[0]["outcome"]), (1, &json!("complete")), "{whole:?}");
    rig.stop().await;
}
