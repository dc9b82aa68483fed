//! `/readyz`: all parts, and each that fails.

use serde_json::{Value, json};

use super::*;

async fn ready(desk: &Desk) -> (u16, Value) {
    let answer = desk.get("/readyz").await;
    (answer.status, serde_json::from_str(&answer.body).expect("it is JSON"))
}

#[tokio::test]
async fn a_service_is_ready_while_each_part_is() {
    let desk = Desk::open(&config(Language::English), healthy()).await;
    assert_eq!(
        (desk.get("/healthz").await.status, desk.get("/healthz").await.body.as_str()),
        (200, "ok")
    );
    desk.state.show(EngineView::default());
    let all = json!({
        "ready": true, "ledger": true, "engine": true, "poll": true, "reconcile": true,
    });
    assert_eq!(ready(&desk).await, (200, all));
}

#[tokio::test]
async fn a_service_whose_engine_does_not_run_is_not_ready() {
    let desk = Desk::open(&config(Language::English), healthy()).await;
    let (status, ready) = ready(&desk).await;
    assert_eq!((status, &ready["ready"], &ready["engine"]), (503, &json!(false), &json!(false)));
    assert_eq!(ready["ledger"], true);
}

#[tokio::test]
async fn a_service_whose_ledger_takes_no_writes_is_not_ready() {
    let desk = Desk::open(&config(Language::English), healthy()).await;
    desk.state.show(EngineView::default());
    desk.ledger.close().await;
    let (status, ready) = ready(&desk).await;
    assert_eq!((status, &ready["ledger"], &ready["engine"]), (503, &json!(false), &json!(true)));
    assert_eq!(desk.get("/healthz").await.status, 200);
}

#[tokio::test]
async fn a_run_is_late_a_while_after_it_was_due_and_not_before_it_ever_ran() {
    let run = |minutes| Some(Run { started_at: noon() - TimeDelta::minutes(minutes), ended: None });
    let overview = Overview { last_poll: run(10_000), last_reconcile: run(10_000), ..healthy() };
    let never = Overview { last_poll: None, last_reconcile: None, ..healthy() };
    let desk = Desk::open(&config(Language::English), overview).await;
    let idle = Desk::open(&config(Language::English), never).await;
    // What came due while the service was down is not late when it starts.
    desk.state.show(EngineView::default());
    assert_eq!(ready(&desk).await.0, 200);
    // Polls are due each five minutes, and a quarter of an hour is forgiven.
    for (minutes, poll) in [(19, true), (21, false)] {
        let (desk, idle) = (&desk, &idle);
        desk.clock.step(noon() + TimeDelta::minutes(minutes) - desk.clock.now());
        idle.clock.step(noon() + TimeDelta::minutes(minutes) - idle.clock.now());
        tokio::time::pause();
        tokio::time::advance(std::time::Duration::from_secs(2)).await;
        tokio::time::resume();
        assert_eq!(ready(desk).await.1["poll"], poll, "{minutes}");
        assert_eq!(ready(idle).await.1["poll"], true, "{minutes}");
    }
    assert_eq!(ready(&desk).await.1["reconcile"], true);
}
