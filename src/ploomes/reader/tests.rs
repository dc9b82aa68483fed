use chrono::TimeZone;
use serde_json::{Value, json};

use super::*;
use crate::{
    ploomes::tests::{Asked, Log, Reply, ploomes, rows},
    transport::Verdict,
};

const ME: RecordId = RecordId(11);
const LANE: Lane = Lane::Fresh;

fn reader(answer: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> (Reader, Log) {
    let (sender, log) = ploomes(move |asked| Some(answer(asked)));
    (Reader::new(sender), log)
}

fn deal(id: i64, contact: i64, status: i64, creator: i64) -> Value {
    json!({"Id": id, "ContactId": contact, "StatusId": status, "CreatorId": creator,
           "CreateDate": "2026-01-15T18:15:01.7-03:00"})
}

#[tokio::test]
async fn deals_are_read_on_both_sides_in_one_call() {
    let (reader, log) = reader(|_| {
        let of_the_person = json!({"Id": 1, "ContactId": 8, "PersonId": 7, "StatusId": 1});
        rows([of_the_person, deal(2, 6, 3, 11), deal(3, 6, 3, 12), deal(4, 5, 1, 11)])
    });
    let contacts = [RecordId(7), RecordId(6), RecordId(7)];
    let deals = reader.deals_of(&contacts, Some(ME), None, LANE).await.unwrap();
    let ids: Vec<i64> = deals.iter().map(|it| it.id.0).collect();
    assert_eq!(ids, [1, 2], "neither a stranger's lost deal nor one of another contact");
    let asked = log.asked();
    assert_eq!(asked.len(), 1);
    assert_eq!(
        asked[0].option("$filter"),
        "(((ContactId eq 6 or PersonId eq 6) or (ContactId eq 7 or PersonId eq 7)) \
         and (StatusId eq 1 or CreatorId eq 11))"
    );
    assert_eq!(asked[0].option("$expand"), "");
}

#[tokio::test]
async fn the_lead_key_is_read_where_a_field_carries_it() {
    let (reader, log) = reader(|_| {
        let mut deal = deal(2, 6, 1, 12);
        deal["OtherProperties"] = json!([{"FieldKey": "deal_key", "StringValue": "x/site/1"}]);
        rows([deal])
    });
    let deals = reader.deals_of(&[RecordId(6)], None, Some("deal_key"), LANE).await.unwrap();
    assert_eq!(deals[0].lead_key.as_deref(), Some("x/site/1"));
    assert_eq!(log.asked()[0].option("$expand"), "OtherProperties");
    assert_eq!(
        log.asked()[0].option("$filter"),
        "((ContactId eq 6 or PersonId eq 6) and StatusId eq 1)"
    );
}

#[tokio::test]
async fn many_contacts_take_several_calls_and_none_takes_none() {
    let (reader, log) = reader(|_| rows([]));
    let contacts: Vec<RecordId> = (1..=41).map(RecordId).collect();
    reader.deals_of(&contacts, Some(ME), None, LANE).await.unwrap();
    assert_eq!(log.asked().len(), 3);
    reader.deals_of(&[], Some(ME), None, LANE).await.unwrap();
    reader.contacts(&[], LANE).await.unwrap();
    assert_eq!(log.asked().len(), 3);
}

#[tokio::test]
async fn records_are_read_by_the_filter_form() {
    let (reader, log) = reader(|asked| match asked.path() {
        "/Contacts" => rows([json!({"Id": 5, "TypeId": 2, "Phones": [], "Name": "Ana"})]),
        _ => rows([]),
    });
    let contact = reader.contact(RecordId(5), LANE).await.unwrap().unwrap();
    assert_eq!(contact.text("Name"), "Ana");
    assert!(reader.deal(RecordId(6), None, LANE).await.unwrap().is_none());
    let asked: Vec<_> =
        log.asked().iter().map(|it| (it.option("$filter"), it.option("$expand"))).collect();
    let expected = [
        ("Id eq 5".to_owned(), "Phones,Tags,OtherProperties".to_owned()),
        ("Id eq 6".to_owned(), "OtherProperties,Tags".to_owned()),
    ];
    assert_eq!(asked, expected);
}

/// Rows with the ids that a filter lists.
fn those_asked_for(asked: &Asked) -> Reply {
    let filter = asked.option("$filter");
    let list = filter.trim_start_matches("Id in (").trim_start_matches("Id eq ");
    rows(list.trim_end_matches(')').split(',').map(|id| json!({"Id": id.parse::<i64>().unwrap()})))
}

#[tokio::test]
async fn six_thousand_records_take_twenty_calls() {
    let (reader, log) = reader(those_asked_for);
    let ids: Vec<RecordId> = (1..=6_000).map(RecordId).collect();
    assert_eq!(reader.deals(&ids, None, LANE).await.unwrap().len(), 6_000);
    assert_eq!(log.asked().len(), 20);
    assert!(log.targets().iter().all(|it| it.len() < 4_000));
}

#[tokio::test]
async fn an_answer_with_other_records_proves_no_absence() {
    let (reader, _) = reader(|_| rows([json!({"Id": 6})]));
    let error = reader.contact(RecordId(5), LANE).await.unwrap_err();
    assert_eq!(error.verdict(), Verdict::TryLater { after: None });
}

#[tokio::test]
async fn the_newest_contact_is_the_one_with_the_highest_id() {
    let (reader, log) = reader(|_| rows([json!({"Id": 40})]));
    assert_eq!(reader.newest_contact(LANE).await.unwrap(), Some(RecordId(40)));
    assert_eq!(log.targets(), ["/Contacts?$orderby=Id%20desc&$top=1&$select=Id"]);
}

#[tokio::test]
async fn what_somebody_made_since_is_told_from_the_rest() {
    let since = Utc.with_ymd_and_hms(2026, 1, 15, 21, 0, 0).unwrap();
    let (reader, log) = reader(move |_| {
        let mut older = deal(7, 1, 1, 11);
        older["CreateDate"] = json!("2026-01-15T17:59:59-03:00");
        rows([deal(9, 1, 1, 11), older, deal(8, 1, 3, 11), deal(10, 1, 1, 12)])
    });
    let deals = reader.deals_created_since(ME, since, None, LANE).await.unwrap();
    let ids: Vec<i64> = deals.iter().map(|it| it.id.0).collect();
    assert_eq!(ids, [8, 9]);
    assert_eq!(
        log.asked()[0].option("$filter"),
        "(CreatorId eq 11 and CreateDate ge 2026-01-15T21:00:00Z)"
    );
}

#[tokio::test]
async fn deleted_deals_have_a_list_of_their_own() {
    let since = Utc.with_ymd_and_hms(2026, 1, 15, 21, 0, 0).unwrap();
    let (reader, log) = reader(|_| rows([json!({"Id": 7}), json!({"Id": 9})]));
    let deleted = reader.deleted_deals_since(since, LANE).await.unwrap();
    assert_eq!(deleted, [RecordId(7), RecordId(9)]);
    assert_eq!(
        log.targets(),
        ["/Deals/GetDeletedDeals?$filter=LastUpdateDate%20ge%202026-01-15T21:00:00Z&$top=300"]
    );
}

#[tokio::test]
async fn the_account_tells_whether_the_key_is_taken() {
    let account = |status: u16, body: &'static str| async move {
        let (reader, log) = reader(move |_| (status, body.to_owned()));
        let verdict = reader.account(LANE).await.err().map(|it| it.verdict());
        assert_eq!(log.targets(), ["/Account?$top=1&$select=Id"]);
        verdict
    };
    assert_eq!(account(200, r#"{"value":[{"Id":1}]}"#).await, None);
    assert_eq!(account(401, "").await, Some(Verdict::WrongKey));
    assert_eq!(account(403, "").await, Some(Verdict::WrongKey));
    assert_eq!(account(200, "<html>").await, Some(Verdict::TryLater { after: None }));
}
