use serde_json::json;

use super::*;
use crate::{
    domain::LeadState,
    ledger::sample::{self, at},
};

async fn story(contact: i64) -> Option<Story> {
    sample::small().await.read(move |conn| read(conn, ContactId(contact))).await.unwrap()
}

#[tokio::test]
async fn a_story_has_what_came_and_what_was_done_in_order() {
    let story = story(1).await.unwrap();
    let came: Vec<_> =
        story.deliveries.iter().map(|it| (it.id.0, it.fate, it.lead.as_deref())).collect();
    let lead = Some("site/51");
    assert_eq!(came, [(1, Fate::Applied, lead), (2, Fate::Merged, lead)]);
    assert_eq!(story.deliveries[1].reason.as_deref(), Some("AC delivered twice"));
    let [told] = story.leads.as_slice() else { panic!("one lead") };
    let steps: Vec<_> =
        told.steps.iter().map(|it| (it.kind.as_str(), it.action.as_str(), it.record)).collect();
    assert_eq!(
        steps,
        [
            ("company", "skip", None),
            ("person", "create", Some(RecordId(9001))),
            ("deal", "create", Some(RecordId(7001))),
        ]
    );
    let deal = &told.steps[2];
    assert_eq!(deal.request, Some(json!({"Title": "Maria Lima", "ContactId": 9001})));
    assert_eq!(deal.answer, Some(json!({"value": [{"Id": 7001}]})));
    assert_eq!((deal.status, deal.at, deal.ended_at), (Some(201), Some(at(18)), Some(at(19))));
    assert!(told.waits.is_none() && story.hints.is_empty());
}

#[tokio::test]
async fn the_address_is_the_newest_that_was_seen() {
    let story = story(1).await.unwrap();
    assert_eq!((story.email.as_deref(), story.observations), (Some("maria@example.com"), 2));
}

#[tokio::test]
async fn words_that_are_no_json_are_told_as_they_came() {
    let story = story(3).await.unwrap();
    let refused = story.leads[0].steps.last().unwrap();
    assert_eq!(refused.answer, Some(json!("OriginId 1 does not exist.")));
    assert_eq!((refused.state.as_str(), refused.status), ("refused", Some(400)));
}

#[tokio::test]
async fn what_waits_says_for_what() {
    let story = story(5).await.unwrap();
    let waits = story.leads[0].waits.clone().unwrap();
    assert_eq!((waits.lane, waits.attempts, waits.due_at), (Lane::Repair, 1, at(70 + 830)));
    assert_eq!(waits.reason.as_deref(), Some("Ploomes answered 503"));
}

#[tokio::test]
async fn a_hint_alone_is_a_story() {
    let conn = sample::raw(&sample::small().await).await;
    conn.execute("UPDATE inbox SET contact = 77 WHERE contact = 8", []).unwrap();
    let story = read(&conn, ContactId(77)).unwrap().unwrap();
    assert_eq!((story.hints[0].route.as_str(), story.hints[0].lane), ("site", Lane::Fresh));
}

#[tokio::test]
async fn who_was_erased_keeps_a_story_without_words() {
    let story = story(10).await.unwrap();
    let [told] = story.leads.as_slice() else { panic!("one lead") };
    assert_eq!((told.lead.state, story.email), (LeadState::Erased, None));
    assert_eq!((&told.steps[0].request, &told.steps[0].answer), (&None, &None));
    assert_eq!(told.steps[0].record, Some(RecordId(9010)));
}

#[tokio::test]
async fn a_lead_that_a_merge_moved_is_told_under_both_contacts() {
    let conn = sample::raw(&sample::small().await).await;
    conn.execute("UPDATE lead SET contact = 11 WHERE key = 'site/51'", []).unwrap();
    for contact in [1, 11] {
        let story = read(&conn, ContactId(contact)).unwrap().unwrap();
        assert_eq!(story.leads[0].lead.key, "site/51", "contact {contact}");
        assert_eq!(story.deliveries.len(), 2, "contact {contact}");
    }
}

#[tokio::test]
async fn of_whom_the_ledger_has_nothing_there_is_no_story() {
    assert_eq!(story(4_711).await, None);
}

#[tokio::test]
async fn of_too_many_deliveries_the_newest_are_told() {
    let conn = sample::raw(&sample::large(12_000).await).await;
    conn.execute("UPDATE delivery SET contact = 1 WHERE id <= 10004", []).unwrap();
    let story = read(&conn, ContactId(1)).unwrap().unwrap();
    let ids: Vec<_> = story.deliveries.iter().map(|it| it.id.0).collect();
    assert_eq!((story.left_out, ids.len()), (4, 10_000));
    assert_eq!((ids[0], ids[9_999]), (5, 10_004));
}

#[tokio::test]
async fn nothing_shows_a_person_where_a_story_is_logged() {
    let story = story(1).await.unwrap();
    assert_eq!(format!("{story:?}"), "Story(1)");
}

#[tokio::test]
async fn a_story_costs_the_same_on_a_small_and_a_large_ledger() {
    async fn cost(leads: i64) -> u32 {
        let mut conn = sample::raw(&sample::large(leads).await).await;
        sample::cost(&mut conn, |conn| read(conn, ContactId(1)))
    }
    let (small, large) = (cost(1_000).await, cost(30_000).await);
    assert!(large <= small + 2, "{small} on a thousand leads, {large} on thirty thousand");
}
