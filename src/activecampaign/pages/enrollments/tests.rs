use std::sync::Mutex;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::{
    activecampaign::testing::{Asked, account, asked, run},
    transport::Verdict,
};

const AUTOMATION: AutomationId = AutomationId(17);

fn row(id: i64) -> Value {
    json!({"id": id.to_string(), "contact": "5", "seriesid": "17", "adddate": "2026-05-28T05:07:18-05:00"})
}

/// A page of `ids`, in this order, of at most `rows_max` rows.
fn page(asked: &Asked, ids: &[i64], rows_max: usize) -> Value {
    let offset = usize::try_from(asked.number("offset").unwrap()).unwrap();
    let limit = usize::try_from(asked.number("limit").unwrap()).unwrap().min(rows_max);
    let rows: Vec<_> = ids.iter().skip(offset).take(limit).map(|&id| row(id)).collect();
    json!({"contactAutomations": rows, "meta": {"total": ids.len().to_string()}})
}

async fn all(mut pages: EnrollmentPages) -> Result<Vec<i64>, CallError> {
    let mut ids = Vec::new();
    while let Some(page) = pages.next().await? {
        ids.extend(page.entries.iter().map(|entry| entry.enrollment.id.unwrap().0));
    }
    Ok(ids)
}

async fn read(
    script: impl Fn(&Asked) -> Value + Send + Sync + 'static,
) -> Result<Vec<i64>, CallError> {
    let (client, _) = account(move |asked| (200, script(asked)));
    let mut ids = all(client.enrollments(AUTOMATION, None, 0, Lane::Repair)).await?;
    let count = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), count, "a row came twice");
    Ok(ids)
}

fn without_total(mut body: Value) -> Value {
    body.as_object_mut().unwrap().remove("meta");
    body
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_row_comes_once_however_pages_are_cut(
        count in 0i64..450,
        rows_max in prop_oneof![Just(100usize), Just(20), 1usize..100],
        total in any::<bool>(),
    ) {
        let ids: Vec<_> = (1..=count).collect();
        let expected = ids.clone();
        let script = move |asked: &Asked| {
            let body = page(asked, &ids, rows_max);
            if total { body } else { without_total(body) }
        };

        let read = run(read(script));

        prop_assert_eq!(read.unwrap(), expected);
    }

    #[test]
    fn rows_that_vanish_meanwhile_hide_no_other(
        count in 0i64..450,
        gone in prop::collection::vec(prop::collection::btree_set(1i64..450, 0..9), 0..6),
    ) {
        let state = Mutex::new(((1..=count).collect::<Vec<i64>>(), gone.clone()));
        let script = move |asked: &Asked| {
            let (ids, gone) = &mut *state.lock().unwrap();
            let body = page(asked, ids, 100);
            if let Some(gone) = gone.pop() {
                ids.retain(|id| !gone.contains(id));
            }
            body
        };

        let read = run(read(script));

        let read = read.unwrap();
        for id in (1..=count).filter(|id| !gone.iter().any(|gone| gone.contains(id))) {
            prop_assert!(read.contains(&id), "{id}");
        }
    }
}

#[tokio::test]
async fn many_rows_that_vanish_at_once_make_it_read_again() {
    let state = Mutex::new((1..=400).collect::<Vec<i64>>());

    let read = read(move |asked| {
        let mut ids = state.lock().unwrap();
        let body = page(asked, &ids, 100);
        // Once, after the first page: everything of it is gone.
        ids.retain(|&id| id > 100);
        body
    });

    assert_eq!(read.await.unwrap(), (1..=400).collect::<Vec<_>>());
}

#[tokio::test]
async fn rows_that_change_places_are_all_found_in_the_end() {
    let state = Mutex::new(0);

    let read = read(move |asked| {
        // The second page of the first pass starts with rows that were on the first.
        let mut call = state.lock().unwrap();
        *call += 1;
        let mut ids: Vec<_> = (1..=200).collect();
        if *call == 2 {
            ids.rotate_right(20);
        }
        page(asked, &ids, 100)
    });

    assert_eq!(read.await.unwrap(), (1..=200).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_list_that_is_not_cut_into_pages_is_read_whole() {
    for (count, total) in [(250, true), (250, false), (100, true), (30, false), (5, false)] {
        let read = read(move |_| {
            let rows: Vec<_> = (1..=count).map(row).collect();
            let body = json!({"contactAutomations": rows, "meta": {"total": count}});
            if total { body } else { without_total(body) }
        });

        assert_eq!(read.await.unwrap(), (1..=count).collect::<Vec<_>>(), "{count} {total}");
    }
}

#[tokio::test]
async fn an_offset_that_is_ignored_is_an_error() {
    for total in [json!({"total": "250"}), json!([])] {
        let read = read(move |_| {
            let rows: Vec<_> = (1..=100).map(row).collect();
            json!({"contactAutomations": rows, "meta": total})
        });

        let error = read.await.unwrap_err();

        assert_eq!(error.verdict(), Verdict::TryLater { after: None });
        assert!(error.to_string().ends_with("the offset does not advance"), "{error}");
    }
}

#[tokio::test]
async fn fewer_rows_than_the_total_says_are_an_error_after_three_readings() {
    let (client, remote) = account(|asked| {
        let mut body = page(asked, &[1, 2, 3], 100);
        body["meta"]["total"] = json!("5");
        (200, body)
    });

    let mut pages = client.enrollments(AUTOMATION, None, 0, Lane::Repair);
    let page = pages.next().await.unwrap().unwrap();
    let error = pages.next().await.unwrap_err();

    assert_eq!(page.entries.len(), 3);
    assert!(error.to_string().ends_with("fewer enrollments came than their total says"), "{error}");
    let readings = asked(&remote).iter().filter(|it| it.contains("offset=0")).count();
    assert_eq!(readings, 3);
}

#[tokio::test]
async fn an_empty_page_where_rows_are_due_is_an_error() {
    let read = read(|_| json!({"contactAutomations": [], "meta": {"total": "5"}}));

    assert!(read.await.is_err());
}

#[tokio::test]
async fn what_is_asked_for_is_early_enough_in_any_zone_of_the_americas() {
    let (client, remote) = account(|asked| (200, page(asked, &[], 100)));
    let since = "2026-07-02T02:30:00Z".parse().unwrap();

    all(client.enrollments(AUTOMATION, Some(since), 0, Lane::Repair)).await.unwrap();

    insta::assert_snapshot!(
        asked(&remote).join("\n"),
        @"/automations/17/contactAutomations?filters[adddate][gte]=2026-07-01 14:30:00&limit=100&offset=0&orders[adddate]=ASC"
    );
}

async fn first(row: Value) -> EnrollmentPage {
    let (client, _) = account(move |_| {
        (200, json!({"contactAutomations": [row.clone()], "meta": {"total": "1"}}))
    });
    let since = Some("2026-05-28T00:00:00Z".parse().unwrap());
    client.enrollments(AUTOMATION, since, 0, Lane::Repair).next().await.unwrap().unwrap()
}

#[tokio::test]
async fn rows_of_another_automation_are_left_out_and_old_ones_only_flagged() {
    let other = first(json!({"id": 1, "contact": 5, "seriesid": "4"})).await;
    let old = first(json!({"id": 1, "contact": 5, "adddate": "2026-05-25T18:59:00-05:00"})).await;
    let early = first(json!({"id": 1, "contact": 5, "adddate": "2026-05-25T19:01:00-05:00"})).await;

    assert_eq!((other.entries.len(), other.filter_ignored), (0, true));
    assert_eq!((old.entries.len(), old.filter_ignored), (1, true));
    assert_eq!((early.entries.len(), early.filter_ignored), (1, false));
}

#[tokio::test]
async fn a_reading_goes_on_where_an_earlier_one_stopped() {
    let script = |asked: &Asked| (200, page(asked, &(1..=350).collect::<Vec<_>>(), 100));
    let (client, _) = account(script);
    let mut earlier = client.enrollments(AUTOMATION, None, 0, Lane::Repair);
    earlier.next().await.unwrap();
    let offset = earlier.next().await.unwrap().unwrap().offset;

    let later = all(client.enrollments(AUTOMATION, None, offset, Lane::Repair)).await.unwrap();

    let seen = 190;
    assert!((seen + 1..=350).all(|id| later.contains(&id)));
    assert!(later.len() < 350);
}
