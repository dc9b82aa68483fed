use std::time::Duration;

use http::HeaderMap;

use super::*;

const LATER: Verdict = Verdict::TryLater { after: None };

fn answered(status: u16, body: &str) -> Answer {
    let body = body.to_owned().into();
    Answer { status, headers: HeaderMap::new(), body, server_time: DateTime::UNIX_EPOCH }
}

fn refused(status: u16, body: &str, key: Key) -> CallError {
    read(&answered(status, body), "GET /contacts/{id}".to_owned(), key).err().unwrap()
}

fn verdict_of(status: u16, body: &str, key: Key) -> Verdict {
    refused(status, body, key).verdict()
}

const FORBIDDEN: &str = r#"{"message":"Forbidden"}"#;
const NO_RESULT: &str = r#"{"message":"No Result found for Subscriber with id 7"}"#;
const NO_RIGHT: &str =
    r#"{"errors":[{"status":403,"title":"Forbidden","detail":"You may not view lists."}]}"#;

#[test]
fn a_403_means_one_of_four_things() {
    assert_eq!(verdict_of(403, NO_RESULT, Key::Untried), Verdict::NotFound);
    assert_eq!(verdict_of(403, NO_RESULT, Key::Worked), Verdict::NotFound);
    assert_eq!(verdict_of(403, FORBIDDEN, Key::Untried), Verdict::WrongKey);
    assert_eq!(verdict_of(403, NO_RIGHT, Key::Untried), Verdict::WrongKey);
    assert_eq!(verdict_of(403, FORBIDDEN, Key::Worked), LATER);
    assert_eq!(verdict_of(403, "<html>Attention required</html>", Key::Untried), LATER);
}

#[test]
fn a_404_says_gone_unless_it_is_a_page_of_something_in_front() {
    assert_eq!(verdict_of(404, NO_RESULT, Key::Worked), Verdict::NotFound);
    assert_eq!(verdict_of(404, "", Key::Worked), Verdict::NotFound);
    assert_eq!(verdict_of(404, "\n<!DOCTYPE html><h1>Not Found</h1>", Key::Worked), LATER);
}

#[test]
fn each_other_status_has_its_verdict() {
    for status in [302, 408, 429, 500, 502, 503, 504, 520] {
        assert_eq!(verdict_of(status, "", Key::Worked), LATER, "{status}");
    }
    for status in [400, 402, 405, 410, 422] {
        assert_eq!(verdict_of(status, "{}", Key::Worked), Verdict::GiveUp, "{status}");
    }
    assert_eq!(verdict_of(401, "", Key::Worked), Verdict::WrongKey);
}

#[test]
fn the_wait_that_is_asked_for_is_passed_on() {
    let mut answer = answered(503, "<html>busy</html>");
    answer.headers.insert("retry-after", "30".parse().unwrap());

    let error = read(&answer, String::new(), Key::Worked).err().unwrap();

    let after = Some(Duration::from_secs(30));
    assert_eq!(error.verdict(), Verdict::TryLater { after });
}

#[test]
fn the_servers_words_are_kept_and_pages_are_not() {
    insta::assert_snapshot!(
        refused(403, NO_RIGHT, Key::Worked),
        @"ActiveCampaign GET /contacts/{id}: 403: Forbidden: You may not view lists."
    );
    insta::assert_snapshot!(
        refused(402, "", Key::Worked),
        @"ActiveCampaign GET /contacts/{id}: 402: the account is unpaid"
    );
    insta::assert_snapshot!(
        refused(500, "<html>ana@example.com</html>", Key::Worked),
        @"ActiveCampaign GET /contacts/{id}: 500"
    );
    let long = format!(r#"{{"message":"{}"}}"#, "é".repeat(3_000));
    let CallError::Status { message, .. } = refused(400, &long, Key::Worked) else { panic!() };
    assert_eq!(message.unwrap().len(), 2_048);
}

#[test]
fn a_200_that_cannot_be_read_may_be_tried_again() {
    for (body, problem) in [
        ("", "the body is empty"),
        (r#"{"contact":{"id":"#, "the body is cut off"),
        ("<html>maintenance</html>", "the body is no JSON"),
        ("[]", "the body is no JSON object"),
    ] {
        let error = refused(200, body, Key::Worked);
        assert_eq!(error.verdict(), LATER);
        assert!(error.to_string().ends_with(&format!("unreadable answer: {problem}")), "{error}");
    }
}

#[test]
fn a_total_is_a_number_or_a_text() {
    let total = |body| read(&answered(200, body), String::new(), Key::Worked).unwrap().total();

    assert_eq!(total(r#"{"meta":{"total":"14"}}"#), Some(14));
    assert_eq!(total(r#"{"meta":{"total":14}}"#), Some(14));
    assert_eq!(total(r#"{"meta":[]}"#), None);
}
