use serde_json::{Value, json};

use super::*;
use crate::{
    ploomes::tests::{Asked, Log, Reply, ploomes, rows},
    transport::Verdict,
};

fn ids(range: std::ops::Range<usize>) -> impl Iterator<Item = Value> {
    range.map(|id| json!({"Id": id + 1}))
}

fn linked(range: std::ops::Range<usize>, link: &str) -> Reply {
    let rows: Vec<Value> = ids(range).collect();
    (200, json!({"value": rows, "@odata.nextLink": link}).to_string())
}

fn skipped(asked: &Asked) -> usize {
    asked.option("$skip").parse().unwrap_or_default()
}

/// How many rows are read, and what was asked for them.
async fn read(
    answer: impl Fn(&Asked) -> Reply + Send + Sync + 'static,
) -> (Result<usize, CallError>, Log) {
    let (sender, log) = ploomes(move |asked| Some(answer(asked)));
    let rows = Api::new(sender).rows(Query::of("/Tags"), 5, Lane::Fresh).await;
    (rows.map(|it| it.len()), log)
}

async fn problem(answer: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> String {
    let error = read(answer).await.0.err().unwrap();
    assert_eq!(error.verdict(), Verdict::TryLater { after: None });
    error.to_string()
}

#[tokio::test]
async fn a_page_that_is_not_full_is_the_last() {
    let (count, log) = read(|_| rows(ids(0..299))).await;
    assert_eq!(count.unwrap(), 299);
    assert_eq!(log.targets(), ["/Tags?$top=300"]);
}

#[tokio::test]
async fn a_full_page_without_a_link_is_read_on() {
    let (count, log) = read(|asked| {
        let from = skipped(asked);
        rows(ids(from..650.min(from + 300)))
    })
    .await;
    assert_eq!(count.unwrap(), 650);
    let targets = ["/Tags?$top=300", "/Tags?$top=300&$skip=300", "/Tags?$top=300&$skip=600"];
    assert_eq!(log.targets(), targets);
}

#[tokio::test]
async fn a_list_of_exactly_one_page_ends_with_an_empty_one() {
    let (count, log) =
        read(|asked| if skipped(asked) == 0 { rows(ids(0..300)) } else { rows([]) }).await;
    assert_eq!((count.unwrap(), log.asked().len()), (300, 2));
}

#[tokio::test]
async fn a_link_within_ploomes_is_followed_against_our_own_host() {
    let (count, log) = read(|asked| match asked.option("$skiptoken").as_str() {
        "" => linked(0..2, "https://public6-api2.ploomes.com/Tags?$top=300&$skiptoken=Id-2"),
        _ => rows(ids(2..3)),
    })
    .await;
    assert_eq!(count.unwrap(), 3);
    assert_eq!(log.targets(), ["/Tags?$top=300", "/Tags?$top=300&$skiptoken=Id-2"]);
}

#[tokio::test]
async fn pages_that_links_make_small_are_read_on_when_the_top_is_used_up() {
    // The server counts `$top` down in its links and gives none when it is used up.
    let (count, log) = read(|asked| match (skipped(asked), asked.option("$top").as_str()) {
        (0, _) => linked(0..200, "/Tags?$top=100&$skip=200"),
        (200, "100") => rows(ids(200..300)),
        (300, "300") => rows(ids(300..320)),
        other => panic!("{other:?}"),
    })
    .await;
    assert_eq!((count.unwrap(), log.asked().len()), (320, 3));
}

#[tokio::test]
async fn a_link_to_a_foreign_host_is_never_followed_and_loses_no_rows() {
    let (count, log) = read(|asked| match skipped(asked) {
        0 => linked(0..2, "https://example.com/Tags?$skiptoken=evil"),
        _ => rows(ids(2..3)),
    })
    .await;
    assert_eq!(count.unwrap(), 3);
    assert_eq!(log.targets(), ["/Tags?$top=300", "/Tags?$top=300&$skip=2"]);
}

#[tokio::test]
async fn a_server_that_ignores_skip_is_an_error() {
    let problem = problem(|_| rows(ids(0..300))).await;
    assert_eq!(problem, "Ploomes GET /Tags: unreadable answer: the pages do not move on");
}

#[tokio::test]
async fn a_link_that_leads_back_is_an_error() {
    let problem = problem(|asked| match skipped(asked) {
        0 => linked(0..2, "/Tags?$top=300&$skip=2"),
        _ => linked(2..2, "/Tags?$top=300&$skip=2"),
    })
    .await;
    assert_eq!(problem, "Ploomes GET /Tags: unreadable answer: the pages do not move on");
}

#[tokio::test]
async fn empty_pages_that_keep_a_link_end() {
    let problem =
        problem(|asked| linked(0..0, &format!("/Tags?$top=300&$skip={}", skipped(asked) + 1)))
            .await;
    assert_eq!(problem, "Ploomes GET /Tags: unreadable answer: more than 5 pages");
}

#[tokio::test]
async fn a_page_that_cannot_be_read_is_no_end() {
    let problem = problem(|asked| match skipped(asked) {
        0 => rows(ids(0..300)),
        _ => (200, "<html>".to_owned()),
    })
    .await;
    assert_eq!(problem, "Ploomes GET /Tags: unreadable answer: no JSON");
}

#[tokio::test]
async fn a_row_that_comes_on_two_pages_is_one_row() {
    let (count, _) = read(|asked| match skipped(asked) {
        0 => rows(ids(0..300)),
        _ => rows(ids(299..301)),
    })
    .await;
    assert_eq!(count.unwrap(), 301);
}
