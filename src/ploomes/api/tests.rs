use std::time::Duration;

use http::{Response, header::RETRY_AFTER};
use serde_json::json;

use super::*;
use crate::ploomes::tests::{ploomes, ploomes_with_head, rows};

const LATER: Verdict = Verdict::TryLater { after: None };

/// The verdict on a read and on a write that are answered with `status`, the probe with `probed`.
async fn verdicts(status: u16, probed: Option<u16>) -> (Verdict, Verdict) {
    let (sender, _) = ploomes(move |asked| match asked.path() {
        "/Account" => Some((probed?, r#"{"value":[{"Id":1}]}"#.to_owned())),
        _ => Some((status, "no".to_owned())),
    });
    let api = Api::new(sender);
    let read = api.get("/Deals?$top=1".to_owned(), Lane::Fresh).await.err().unwrap();
    let body = Map::new();
    let write = api
        .write(Method::PATCH, "/Deals(7)".to_owned(), &body, api.turn(Lane::Fresh).await.unwrap())
        .await;
    (read.verdict(), write.err().unwrap().verdict())
}

#[tokio::test]
async fn every_status_means_something() {
    use Verdict::{GiveUp, Look, NotFound, WrongKey};
    let table = [
        (400, (GiveUp, GiveUp)),
        (405, (GiveUp, GiveUp)),
        (422, (GiveUp, GiveUp)),
        (401, (WrongKey, WrongKey)),
        (404, (NotFound, NotFound)),
        (429, (LATER, LATER)),
        (408, (LATER, Look)),
        (409, (LATER, Look)),
        (302, (LATER, Look)),
        (418, (LATER, Look)),
        (500, (LATER, Look)),
        (502, (LATER, Look)),
        (503, (LATER, Look)),
        (504, (LATER, Look)),
    ];
    for (status, expected) in table {
        assert_eq!(verdicts(status, Some(200)).await, expected, "{status}");
    }
}

#[tokio::test]
async fn a_403_is_the_key_only_where_the_account_is_refused_too() {
    use Verdict::{GiveUp, WrongKey};
    assert_eq!(verdicts(403, Some(200)).await, (GiveUp, GiveUp));
    assert_eq!(verdicts(403, Some(403)).await, (WrongKey, WrongKey));
    assert_eq!(verdicts(403, Some(401)).await, (WrongKey, WrongKey));
    // Refused it was: nothing changed. Why will be asked again.
    assert_eq!(verdicts(403, Some(429)).await, (LATER, LATER));
    assert_eq!(verdicts(403, Some(500)).await, (LATER, LATER));
    assert_eq!(verdicts(403, None).await, (LATER, LATER));
}

#[tokio::test]
async fn only_a_403_is_probed_and_once() {
    for (status, expected) in [(400, 1), (401, 1), (403, 2), (500, 1)] {
        let (sender, log) = ploomes(move |_| Some((status, String::new())));
        let read = Api::new(sender).get("/Deals".to_owned(), Lane::Fresh).await;
        assert_eq!(read.err().unwrap().status(), Some(status));
        let targets = log.targets();
        assert_eq!(targets.len(), expected);
        assert!(targets[1..].iter().all(|it| it == "/Account?$top=1&$select=Id"), "{targets:?}");
    }
}

#[tokio::test]
async fn what_was_cut_off_is_asked_again_and_what_was_written_is_looked_for() {
    let (sender, _) = ploomes(|_| None);
    let api = Api::new(sender);
    let read = api.get("/Deals".to_owned(), Lane::Fresh).await.err().unwrap();
    assert_eq!(read.verdict(), LATER);
    let write = api
        .write(Method::POST, "/Deals".to_owned(), &Map::new(), api.turn(Lane::Fresh).await.unwrap())
        .await;
    assert_eq!(write.err().unwrap().verdict(), Verdict::Look);
}

#[tokio::test]
async fn a_429_says_how_long_within_reason() {
    let later = |said: &'static str| async move {
        let (sender, _) = ploomes_with_head(move |_| {
            let response = Response::builder().status(429).header(RETRY_AFTER, said);
            Some(response.body("".into()).unwrap())
        });
        Api::new(sender).get("/Deals".to_owned(), Lane::Fresh).await.err().unwrap().verdict()
    };
    let after = |seconds| Verdict::TryLater { after: Some(Duration::from_secs(seconds)) };
    assert_eq!(later("7").await, after(7));
    assert_eq!(later("99999999999").await, after(86_400));
    assert_eq!(later("soon").await, LATER);
}

#[tokio::test]
async fn an_error_names_the_operation_without_ids_and_has_the_servers_words() {
    let (sender, _) = ploomes(|_| Some((400, json!({"Message": "Stage is full"}).to_string())));
    let api = Api::new(sender);
    let target = "/Deals(40000200)".to_owned();
    let error = api
        .write(Method::PATCH, target, &Map::new(), api.turn(Lane::Fresh).await.unwrap())
        .await
        .err()
        .unwrap();
    assert_eq!(error.to_string(), "Ploomes PATCH /Deals({id}): 400: Stage is full");
    let target = "/Contacts?$filter=Email%20eq%20%27ana%40example.com%27".to_owned();
    let error = api.get(target, Lane::Fresh).await.err().unwrap();
    assert_eq!(error.to_string(), "Ploomes GET /Contacts: 400: Stage is full");
}

#[tokio::test]
async fn any_2xx_is_a_success() {
    let (sender, _) = ploomes(|_| Some((202, rows([]).1)));
    assert!(Api::new(sender).get("/Deals".to_owned(), Lane::Fresh).await.is_ok());
}
