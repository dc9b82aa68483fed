use chrono::TimeDelta;

use super::*;
use crate::ledger::sample::{
    self, at,
    reconciled::{NOTHING, SOMETHING, reconciled},
};

const ZONE: Tz = Tz::America__Sao_Paulo;

async fn report(run: Option<RunId>) -> RunReport {
    reconciled().await.read(move |conn| read(conn, run, ZONE)).await.unwrap().unwrap()
}

async fn raw() -> Connection {
    sample::raw(&reconciled().await).await
}

fn keys(rows: &[Missed]) -> Vec<&str> {
    rows.iter().map(|it| it.lead.as_str()).collect()
}

#[tokio::test]
async fn the_newest_run_is_told_unless_another_is_asked_for() {
    assert_eq!(report(None).await, report(Some(SOMETHING)).await);
    let older = report(Some(NOTHING)).await;
    assert_eq!((older.id, older.missed.len(), older.finished), (NOTHING, 0, Some(at(-86_370))));
    let none = |run| async move {
        reconciled().await.read(move |conn| read(conn, Some(run), ZONE)).await.unwrap()
    };
    assert_eq!(none(RunId(77)).await, None);
    let small = sample::small().await;
    assert_eq!(small.read(|conn| read(conn, Some(RunId(1)), ZONE)).await.unwrap(), None, "a poll");
}

#[tokio::test]
async fn a_run_that_goes_on_is_partial_and_told_only_when_asked_for() {
    let conn = raw().await;
    conn.execute(
        "INSERT INTO run (id, kind, mode, started_at) VALUES (3, 'reconcile', 'report', 0)",
        [],
    )
    .unwrap();
    assert_eq!(read(&conn, None, ZONE).unwrap().unwrap().id, SOMETHING);
    let running = read(&conn, Some(RunId(3)), ZONE).unwrap().unwrap();
    assert_eq!((running.outcome, running.finished), (Outcome::Partial, None));
    assert_eq!(running.detail, Detail::default());
}

#[tokio::test]
async fn what_was_missed_is_told_with_what_became_of_it() {
    let report = report(None).await;
    assert_eq!(keys(&report.missed), ["site/51", "site/52", "site/54", "shop/c3"]);
    let [maria, joao, rui, ana] = report.missed.as_slice() else { panic!("four") };
    assert_eq!(maria.email.as_deref(), Some("maria@example.com"));
    assert_eq!((maria.enrolled_at, maria.found_at), (Some(at(-95_000)), at(1)));
    assert_eq!((maria.recovered_at, maria.deal), (Some(at(64)), Some(RecordId(7001))));
    assert_eq!((joao.state, joao.recovered_at), (Some(LeadState::Failed), None));
    assert_eq!((rui.state, rui.recovered_at), (Some(LeadState::Skipped), Some(at(72))));
    // Nothing was made of it; its address is that of the page on which the run found it.
    assert_eq!((ana.state, ana.enrollment), (None, None));
    assert_eq!(ana.email.as_deref(), Some("ana3@example.com"));
}

#[tokio::test]
async fn a_lead_is_recovered_when_it_first_was() {
    let conn = raw().await;
    conn.execute_batch(
        "INSERT INTO history (seq, at, subject, subject_id, event, digest, accepted, total, hash)
         SELECT max(seq) + 1, 9e12, 'lead', lead.id, 'done', zeroblob(32), 0, 0, zeroblob(32)
         FROM history, lead WHERE key = 'site/51'",
    )
    .unwrap();
    let report = read(&conn, None, ZONE).unwrap().unwrap();
    assert_eq!(report.missed[0].recovered_at, Some(at(64)));
}

#[tokio::test]
async fn a_lead_that_was_made_after_its_run_is_found_by_what_tells_leads_apart() {
    let conn = raw().await;
    conn.execute_batch(
        "UPDATE finding SET lead_id = NULL; UPDATE lead SET contact = 6 WHERE contact = 1",
    )
    .unwrap();
    conn.execute(
        "INSERT INTO lead (key, route_id, contact, turn, backfill, found_by, found_at, state,
                           updated_at)
         VALUES ('shop/c3', 2, 3, 99, 0, 'webhook', 0, 'done', 0)",
        [],
    )
    .unwrap();
    let report = read(&conn, None, ZONE).unwrap().unwrap();
    let states: Vec<_> = report.missed.iter().map(|it| it.state).collect();
    assert_eq!(
        states,
        [LeadState::Done, LeadState::Failed, LeadState::Skipped, LeadState::Done].map(Some)
    );
    assert_eq!(report.missed[0].contact, ContactId(6), "an AC merge moved it");
}

#[tokio::test]
async fn whose_address_was_erased_has_none() {
    let conn = raw().await;
    conn.execute("UPDATE payload SET salt = NULL, body = NULL WHERE kind = 'observation'", [])
        .unwrap();
    let report = read(&conn, None, ZONE).unwrap().unwrap();
    assert!(report.missed.iter().chain(&report.found_by_poll).all(|it| it.email.is_none()));
}

#[tokio::test]
async fn polls_are_told_from_the_last_complete_run_of_their_route_on() {
    let report = report(None).await;
    assert_eq!(keys(&report.found_by_poll), ["site/55"]);
    let lia = &report.found_by_poll[0];
    assert_eq!((lia.found_by, lia.webhook_at), (FoundBy::Poll, Some(at(-2_000))));
    assert_eq!((lia.enrolled_at, lia.recovered_at), (Some(at(-3_020)), Some(at(-2_990))));
    let conn = raw().await;
    let of = |sql: &str| {
        conn.execute_batch(sql).unwrap();
        read(&conn, Some(SOMETHING), ZONE).unwrap().unwrap()
    };
    let partial = of("UPDATE run SET outcome = 'partial' WHERE id = 1");
    assert_eq!(keys(&partial.found_by_poll), ["site/180", "site/55"], "it proved nothing");
    let complete = of("UPDATE run SET outcome = 'complete' WHERE id = 1");
    assert_eq!(keys(&complete.found_by_poll), ["site/55"]);
    let shop = r#"{"routes":[{"route":"shop"}]}"#;
    let earlier = of(&format!("UPDATE run SET detail = '{shop}' WHERE id = 1"));
    assert_eq!(keys(&earlier.found_by_poll), ["site/180", "site/55"], "of site there was none");
    let only_shop = of(&format!("UPDATE run SET detail = '{shop}' WHERE id = 2"));
    assert_eq!(only_shop.found_by_poll.len(), 0, "this run was about another route");
}

#[tokio::test]
async fn what_polls_find_after_a_run_is_not_its_business() {
    let conn = raw().await;
    conn.execute("UPDATE run SET finished_at = started_at WHERE id = 2", []).unwrap();
    conn.execute("UPDATE lead SET found_at = found_at + 4e6 WHERE key = 'site/55'", []).unwrap();
    assert_eq!(read(&conn, None, ZONE).unwrap().unwrap().found_by_poll, []);
}

#[tokio::test]
async fn each_lead_counts_on_one_day_of_the_zone() {
    let report = report(None).await;
    let sum = |of: fn(&Day) -> i64| report.days.iter().map(of).sum::<i64>();
    assert_eq!(sum(|it| it.received), 24, "a late webhook counts its lead once, as missed");
    assert_eq!(sum(|it| it.missed), 6, "four of the run, two of polls");
    let missed = |route: &str, day: &str| {
        let of = |it: &&Day| it.route == route && it.day.to_string() == day;
        report.days.iter().find(of).map(|it| it.missed)
    };
    assert_eq!(missed("site", "2026-06-08"), Some(1));
    assert_eq!(missed("site", "2026-06-09"), Some(2));
    assert_eq!(missed("shop", "2026-06-09"), Some(1));
    // Seven in the morning in Brazil is after midnight in the east of Kiribati.
    let east = Tz::Pacific__Kiritimati;
    let report = reconciled().await.read(move |conn| read(conn, None, east)).await.unwrap();
    let last = report.unwrap().days.pop().unwrap();
    assert_eq!((last.route.as_str(), last.day.to_string().as_str()), ("shop", "2026-06-10"));
}

#[tokio::test]
async fn days_end_with_the_run_and_begin_sixty_days_before() {
    let older = report(Some(NOTHING)).await;
    assert!(older.days.iter().all(|it| it.day.to_string().as_str() <= "2026-06-08"));
    let conn = raw().await;
    let days_later = |days: i64| {
        let sql = "UPDATE run SET finished_at = ?1 WHERE id = 2";
        conn.execute(sql, [Millis(at(0) + TimeDelta::days(days))]).unwrap();
        read(&conn, None, ZONE).unwrap().unwrap().days
    };
    assert_eq!(days_later(59).first().map(|it| it.day.to_string()).as_deref(), Some("2026-06-09"));
    assert_eq!(days_later(60), []);
}

#[tokio::test]
async fn what_runs_find_again_and_again_is_one_missed_lead() {
    let conn = raw().await;
    let before = read(&conn, None, ZONE).unwrap().unwrap();
    conn.execute_batch(
        "INSERT INTO finding (run_id, route_id, contact, enrollment, enrolled_at, found_at)
         SELECT 1, route_id, contact, enrollment, enrolled_at, found_at FROM finding",
    )
    .unwrap();
    assert_eq!(read(&conn, None, ZONE).unwrap().unwrap().days, before.days);
}

#[tokio::test]
async fn progress_is_told_while_a_run_reads_and_repairs() {
    let conn = raw().await;
    assert_eq!(progress(&conn).unwrap(), None);
    conn.execute(
        r#"INSERT INTO sweep (run_id, cursor, counts) VALUES (2, 9, '{"contacts":1204}')"#,
        [],
    )
    .unwrap();
    let told = Progress { run: SOMETHING, contacts: 1_204, found: 4, open: 1 };
    assert_eq!(progress(&conn).unwrap(), Some(told));
}

#[tokio::test]
async fn a_report_of_a_large_ledger_costs_what_it_shows() {
    let cost = |count: i64| async move {
        let mut conn = sample::raw(&sample::large(count).await).await;
        conn.execute_batch(
            "INSERT INTO run (kind, mode, started_at, finished_at, outcome)
             VALUES ('reconcile', 'repair', 1781006400000, 1781006400000, 'complete')",
        )
        .unwrap();
        sample::cost(&mut conn, |conn| read(conn, None, ZONE))
    };
    let (small, large) = (cost(2_000).await, cost(20_000).await);
    // Ten times the leads have ten times the missed ones, a hundredth; and a few more halvings.
    assert!(large < small * 12, "{small} and {large}");
    assert!(large < 20_000, "{large}: less than a step for each lead");
}

#[test]
fn debug_shows_no_address() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let report = runtime.block_on(report(None));
    assert!(!format!("{report:?}").contains('@'));
}
