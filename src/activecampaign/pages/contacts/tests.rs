use std::sync::{
    Mutex,
    atomic::{AtomicBool, Ordering},
};

use chrono::DateTime;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::{
    activecampaign::{
        Include,
        testing::{Asked, account, asked, run},
    },
    domain::AutomationId,
    transport::Verdict,
};

/// What `meta.total` says: it is not documented which.
#[derive(Debug, Clone, Copy)]
enum Total {
    All,
    AfterCursor,
    None,
}

/// `GET /contacts` of an account with these ids, ascending, and at most `rows_max` a page.
fn page(asked: &Asked, ids: &[i64], rows_max: usize, total: Total) -> Value {
    let after = asked.number("id_greater").unwrap_or(0);
    let limit = usize::try_from(asked.number("limit").unwrap_or(20)).unwrap().min(rows_max);
    let mut rest: Vec<_> = ids.iter().copied().filter(|&id| id > after).collect();
    let left = rest.len();
    if asked.query.get("orders[id]").is_some_and(|order| order == "DESC") {
        rest.reverse();
    }
    let rows: Vec<_> = rest.iter().take(limit).map(|id| json!({"id": id.to_string()})).collect();
    let mut body = json!({ "contacts": rows });
    match total {
        Total::All => body["meta"] = json!({"total": ids.len().to_string()}),
        Total::AfterCursor => body["meta"] = json!({ "total": left }),
        Total::None => {}
    }
    body
}

async fn all(mut pages: ContactPages) -> Result<Vec<i64>, CallError> {
    let mut ids = Vec::new();
    while let Some(page) = pages.next().await? {
        ids.extend(page.rows.iter().map(|row| row.contact.id.0));
        assert_eq!(page.cursor.0, *ids.last().unwrap());
    }
    Ok(ids)
}

const NOTHING: Include = Include { fields: false, enrollments: false, lists: false, tags: false };

const NO_FILTER: ContactFilter = ContactFilter {
    tag: None,
    list: None,
    automation: None,
    updated_after: None,
    include: NOTHING,
};

/// The first page of an account that answers `body` to the first question.
async fn first(filter: ContactFilter, body: Value) -> Result<ContactPage, CallError> {
    let (client, _) = account(move |asked| match asked.path.as_str() {
        "/contacts" => (200, body.clone()),
        "/tags" => (200, json!({"tags": [{"id": "20", "tag": "Lead"}]})),
        _ => (200, json!({"fields": [{"id": "4", "perstag": "CPF"}]})),
    });
    client.contacts(filter, ContactId(0), Lane::Backfill).next().await.map(Option::unwrap)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_contact_comes_once_however_pages_are_cut_and_totals_are_meant(
        ids in prop::collection::btree_set(1i64..2_000, 0..450),
        rows_max in prop_oneof![Just(100usize), Just(20), 1usize..100],
        total in prop_oneof![Just(Total::All), Just(Total::AfterCursor), Just(Total::None)],
        after in prop_oneof![Just(0i64), 0i64..2_000],
    ) {
        let ids: Vec<_> = ids.into_iter().collect();
        let expected: Vec<_> = ids.iter().copied().filter(|&id| id > after).collect();
        let (client, _) = account(move |asked| (200, page(asked, &ids, rows_max, total)));

        let pages = client.contacts(NO_FILTER, ContactId(after), Lane::Backfill);
        let read = run(all(pages));

        prop_assert_eq!(read.unwrap(), expected);
    }
}

#[tokio::test]
async fn pages_go_by_id_and_ask_for_what_the_filter_says() {
    let (client, remote) =
        account(|_| (200, json!({"contacts": [{"id": 6}], "meta": {"total": 1}})));
    let filter = ContactFilter {
        tag: Some(20),
        list: Some(3),
        automation: Some(AutomationId(17)),
        updated_after: Some("2026-05-27T00:00:00Z".parse().unwrap()),
        include: Include { fields: true, ..NOTHING },
    };

    let read = all(client.contacts(filter, ContactId(5), Lane::Backfill)).await.unwrap();

    assert_eq!(read, [6]);
    insta::assert_snapshot!(
        asked(&remote).join("\n"),
        @"/contacts?filters[updated_after]=2026-05-26T17:00:00Z&id_greater=5&include=fieldValues,contactTags,contactLists,contactAutomations&limit=100&listid=3&orders[id]=ASC&seriesid=17&tagid=20"
    );
}

#[tokio::test]
async fn an_empty_page_where_contacts_are_due_is_an_error_and_can_be_asked_for_again() {
    for total in [Total::All, Total::AfterCursor, Total::None] {
        let fault = AtomicBool::new(true);
        let ids: Vec<_> = (1..=150).collect();
        let (client, _) = account(move |asked| {
            let mut body = page(asked, &ids, 100, total);
            if asked.number("id_greater") == Some(100) && fault.swap(false, Ordering::Relaxed) {
                body["contacts"] = json!([]);
            }
            (200, body)
        });
        let mut pages = client.contacts(NO_FILTER, ContactId(0), Lane::Backfill);
        pages.next().await.unwrap().unwrap();

        let error = pages.next().await.unwrap_err();

        assert_eq!(error.verdict(), Verdict::TryLater { after: None }, "{total:?}");
        assert_eq!(pages.next().await.unwrap().unwrap().rows.len(), 50);
        assert!(pages.next().await.unwrap().is_none());
    }
}

#[tokio::test]
async fn a_cursor_that_does_not_move_is_an_error() {
    for ids in [[2, 1], [1, 1], [-1, 5]] {
        let rows = ids.map(|id| json!({ "id": id }));

        let error = first(NO_FILTER, json!({ "contacts": rows })).await.unwrap_err();

        assert_eq!(error.verdict(), Verdict::TryLater { after: None }, "{ids:?}");
    }
    // An account that ignores `id_greater` shows the same page for ever.
    let (client, _) = account(|_| (200, json!({"contacts": [{"id": 1}], "meta": {"total": "9"}})));
    let error = all(client.contacts(NO_FILTER, ContactId(0), Lane::Backfill)).await.unwrap_err();
    assert!(error.to_string().ends_with("the cursor does not move"), "{error}");
}

#[tokio::test]
async fn rows_older_than_asked_show_that_the_filter_was_ignored_and_are_kept() {
    let filter = ContactFilter {
        updated_after: Some("2026-05-27T12:00:00Z".parse::<DateTime<_>>().unwrap()),
        ..NO_FILTER
    };
    let rows = |udate: Value| json!({"contacts": [{"id": 1, "udate": udate}]});

    let ignored = first(filter, rows(json!("2026-05-25T21:59:00-05:00"))).await.unwrap();
    let honoured = first(filter, rows(json!("2026-05-25T22:01:00-05:00"))).await.unwrap();
    let unknown = first(filter, rows(json!(null))).await.unwrap();

    assert!(ignored.filter_ignored && ignored.rows.len() == 1);
    assert!(!honoured.filter_ignored && !unknown.filter_ignored);
}

#[tokio::test]
async fn contacts_that_certainly_do_not_match_are_left_out() {
    let body = json!({
        "contacts": [{"id": "1"}, {"id": "2"}, {"id": "3"}],
        "contactTags": [{"contact": "1", "tag": "20", "id": "5"}, {"contact": "2", "tag": "21", "id": "6"}],
    });
    let filter = ContactFilter { tag: Some(20), ..NO_FILTER };

    let page = first(filter, body).await.unwrap();

    assert!(page.filter_ignored);
    assert_eq!((page.rows.len(), page.cursor), (1, ContactId(3)));
    assert_eq!(page.rows[0].contact.tags, ["Lead"]);
}

#[tokio::test]
async fn a_page_without_any_included_row_says_nothing_about_who_matches() {
    for body in [
        json!({"contacts": [{"id": "1"}, {"id": "2"}]}),
        json!({"contacts": [{"id": "1"}, {"id": "2"}], "contactLists": []}),
    ] {
        let page = first(ContactFilter { list: Some(3), ..NO_FILTER }, body).await.unwrap();

        assert_eq!((page.rows.len(), page.filter_ignored), (2, false));
        assert_eq!(page.rows[0].lists, None);
    }
}

#[tokio::test]
async fn enrollments_are_those_of_the_automation_asked_for() {
    let body = json!({
        "contacts": [{"id": "1"}, {"id": "2"}],
        "contactAutomations": [
            {"contact": "1", "seriesid": "17", "adddate": "2026-05-28T06:00:00-05:00", "id": "9"},
            {"contact": "1", "seriesid": "17", "adddate": "2026-05-28T05:00:00-05:00", "id": "6"},
            {"contact": "1", "seriesid": "4", "id": "3"},
            {"contact": "2", "seriesid": "4", "id": "4"},
        ],
    });
    let filter = ContactFilter { automation: Some(AutomationId(17)), ..NO_FILTER };

    let page = first(filter, body).await.unwrap();

    let entries = page.rows[0].enrollments.as_ref().unwrap();
    let ids: Vec<_> = entries.iter().map(|entry| entry.enrollment.id.unwrap().0).collect();
    assert_eq!(ids, [6, 9]);
    assert_eq!((page.rows.len(), page.filter_ignored), (1, true));
}

#[tokio::test]
async fn custom_values_are_given_to_their_contacts() {
    let filter = ContactFilter { include: Include { fields: true, ..NOTHING }, ..NO_FILTER };
    let body = json!({
        "contacts": [{"id": "1", "orgname": "Padaria"}, {"id": "2"}],
        "fieldValues": [{"contact": "1", "field": "4", "value": "000", "id": "5"}],
    });

    let page = first(filter, body).await.unwrap();
    let ignored = first(filter, json!({"contacts": [{"id": "1"}]})).await.unwrap();

    let field = &page.rows[0].contact.fields[0];
    assert_eq!(
        (&*field.perstag, &*field.value, &*page.rows[0].contact.company),
        ("CPF", "000", "Padaria")
    );
    assert!(page.rows[1].fields_included && page.rows[1].contact.fields.is_empty());
    assert!(!ignored.rows[0].fields_included);
}

#[tokio::test]
async fn contacts_that_are_deleted_meanwhile_do_not_make_it_partial() {
    let ids = Mutex::new((1..=250).collect::<Vec<i64>>());
    let (client, _) = account(move |asked| {
        let mut ids = ids.lock().unwrap();
        let body = page(asked, &ids, 100, Total::All);
        ids.retain(|id| id % 10 != 0);
        (200, body)
    });

    let read = all(client.contacts(NO_FILTER, ContactId(0), Lane::Backfill)).await.unwrap();

    assert_eq!(read.len(), 100 + 135);
}
