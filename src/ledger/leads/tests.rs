use super::*;
use crate::ledger::sample::{self, at};

async fn keys(
    state: Option<LeadState>,
    route: Option<&'static str>,
    limit: Option<u32>,
) -> Vec<String> {
    let ledger = sample::small().await;
    let rows = ledger.read(move |conn| list(conn, state, route, limit)).await.unwrap();
    rows.into_iter().map(|row| row.key).collect()
}

#[tokio::test]
async fn the_newest_lead_comes_first() {
    let all = keys(None, None, None).await;
    assert_eq!(all, ["site/60", "site/59", "shop/c5", "site/54", "site/53", "site/52", "site/51"]);
    assert_eq!(keys(None, None, Some(2)).await, ["site/60", "site/59"]);
}

#[tokio::test]
async fn state_and_route_each_leave_out_the_others() {
    let (done, pending) = (Some(LeadState::Done), Some(LeadState::Pending));
    assert_eq!(keys(done, None, None).await, ["site/52", "site/51"]);
    assert_eq!(keys(Some(LeadState::Failed), None, None).await, ["site/53"]);
    assert_eq!(keys(None, Some("shop"), None).await, ["shop/c5"]);
    assert_eq!(keys(done, Some("site"), Some(1)).await, ["site/52"]);
    assert_eq!(keys(pending, Some("shop"), None).await, ["shop/c5"]);
    assert_eq!(keys(pending, Some("site"), None).await, [""; 0]);
    assert_eq!(keys(None, Some("nowhere"), None).await, [""; 0]);
}

#[tokio::test]
async fn a_row_is_all_that_a_table_shows() {
    let ledger = sample::small().await;
    let rows = ledger.read(|conn| list(conn, Some(LeadState::Done), None, Some(1))).await.unwrap();
    let joao = Listed {
        key: "site/52".to_owned(),
        route: "site".to_owned(),
        contact: ContactId(2),
        enrollment: Some(EnrollmentId(52)),
        state: LeadState::Done,
        reason: None,
        review: Some("two persons have this e-mail".to_owned()),
        warnings: None,
        found_by: FoundBy::Reconcile,
        found_at: at(30),
        entered_at: Some(at(10)),
        company: None,
        person: Some(RecordId(9002)),
        deal: None,
        updated_at: at(32),
    };
    assert_eq!(rows, [joao]);
}

#[tokio::test]
async fn a_limited_list_costs_the_same_on_a_small_and_a_large_ledger() {
    let mut small = sample::raw(&sample::large(2_000).await).await;
    let mut large = sample::raw(&sample::large(30_000).await).await;
    for state in [None, Some(LeadState::Pending), Some(LeadState::Failed), Some(LeadState::Done)] {
        for route in [None, Some("site")] {
            let cost = |conn| sample::cost(conn, |conn| list(conn, state, route, Some(2)));
            let (small, large) = (cost(&mut small), cost(&mut large));
            assert!(large <= small + 2, "{state:?} {route:?}: {small}, then {large}");
        }
    }
}
