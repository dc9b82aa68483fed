use chrono::TimeZone;
use serde_json::{Value, json};

use super::*;
use crate::{
    ploomes::tests::{Asked, Log, Reply, ploomes, rows},
    transport::Verdict,
};

const LANE: Lane = Lane::Backfill;

fn reader(answer: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> (Reader, Log) {
    let (sender, log) = ploomes(move |asked| Some(answer(asked)));
    (Reader::new(sender), log)
}

fn ids(ids: impl IntoIterator<Item = i64>) -> Vec<RecordId> {
    ids.into_iter().map(RecordId).collect()
}

fn filters(log: &Log) -> Vec<String> {
    log.asked().iter().map(|it| it.option("$filter")).collect()
}

#[tokio::test]
async fn an_answer_that_shows_any_record_proves_that_the_others_are_gone() {
    let (reader, log) = reader(|_| rows([json!({"Id": 5, "TypeId": 2})]));
    let there = reader.standing_contacts(&ids([5, 6]), LANE).await.unwrap();
    assert_eq!(there.iter().map(|it| it.id.0).collect::<Vec<_>>(), [5]);
    assert_eq!(filters(&log), ["Id in (5,6)"]);
}

#[tokio::test]
async fn an_answer_with_nothing_is_asked_again_with_a_record_that_exists() {
    let (reader, log) = reader(|asked| match asked.option("$filter").as_str() {
        "Id in (5,6)" => rows([]),
        _ => rows([json!({"Id": 40})]),
    });
    let there = reader.standing_deals(&ids([5, 6]), None, LANE).await.unwrap();
    assert!(there.is_empty());
    assert_eq!(filters(&log), ["Id in (5,6)", "", "Id in (5,6,40)"]);
}

#[tokio::test]
async fn an_answer_without_the_record_that_exists_proves_nothing() {
    let (reader, _) = reader(|asked| match asked.option("$filter").as_str() {
        "" => rows([json!({"Id": 40})]),
        _ => rows([]),
    });
    let error = reader.standing_contacts(&ids([5, 6]), LANE).await.unwrap_err();
    assert_eq!(error.verdict(), Verdict::TryLater { after: None });
}

#[tokio::test]
async fn an_account_in_which_everything_was_deleted_says_at_least_whose_key_it_is() {
    let nothing = |me: Vec<Value>| {
        let (reader, _) = reader(move |asked| match asked.path() {
            "/Self" => rows(me.clone()),
            _ => rows([]),
        });
        async move { reader.standing_contacts(&ids([5]), LANE).await.map(|it| it.len()) }
    };
    assert_eq!(nothing(vec![json!({"Id": 11})]).await.unwrap(), 0);
    assert!(nothing(Vec::new()).await.is_err());
}

#[tokio::test]
async fn what_changed_is_read_from_the_newest_on_and_not_to_its_end() {
    let since = Utc.with_ymd_and_hms(2026, 1, 15, 21, 0, 0).unwrap();
    let (reader, log) = reader(|asked| {
        let skip: i64 = asked.option("$skip").parse().unwrap_or(0);
        rows((0..300).map(move |at| json!({"Id": 10_000 - skip - at, "TypeId": 2})))
    });
    let changed = reader.contacts_changed_since(since, 600, LANE).await.unwrap();
    assert_eq!(changed.len(), 600);
    let asked = log.asked();
    assert_eq!(asked.len(), 2);
    assert_eq!(asked[0].option("$filter"), "LastUpdateDate ge 2026-01-15T21:00:00Z");
    assert_eq!(asked[0].option("$orderby"), "LastUpdateDate desc,Id desc");
    assert_eq!(asked[0].option("$expand"), "Tags,OtherProperties,Phones");
}

#[tokio::test]
async fn what_others_made_is_not_ours_even_where_the_filter_is_ignored() {
    let since = Utc.with_ymd_and_hms(2026, 1, 15, 21, 0, 0).unwrap();
    let row =
        |id: i64, creator: i64, at: &str| json!({"Id": id, "CreatorId": creator, "CreateDate": at});
    let (reader, log) = reader(move |_| {
        rows([
            row(7, 11, "2026-01-15T18:00:00-03:00"),
            row(8, 12, "2026-01-15T18:00:01-03:00"),
            row(9, 11, "2026-01-15T17:59:59-03:00"),
        ])
    });
    let made = reader.deals_made_since(RecordId(11), since, 300, LANE).await.unwrap();
    assert_eq!(made, [(RecordId(7), since)]);
    let filter = "(CreatorId eq 11 and CreateDate ge 2026-01-15T21:00:00Z)";
    assert_eq!(filters(&log), [filter]);
}
