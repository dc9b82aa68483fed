//! Key, rate, methods, errors, faults, and the log.

use std::time::Duration;

use chrono::TimeDelta;
use http::Method;
use serde_json::json;

use super::{KEY, account, account_with, add, get, ok, send};
use crate::{
    simulator::{
        activecampaign::{Throttle, ThrottleAnswer},
        fault::{Fault, FaultBody, Target, When},
    },
    transport::WireError,
};

const CONTACTS: &str = "/api/3/contacts";

#[tokio::test(start_paused = true)]
async fn a_wrong_key_is_forbidden() {
    let (account, _) = account();
    let answer = send(&account, Method::GET, CONTACTS, "wrong").await.unwrap();
    assert_eq!(answer.status(), 403);
    assert_eq!(answer.body(), r#"{"message":"Forbidden"}"#);
    account.switch(|it| it.forbidden_as_list = true);
    let answer = send(&account, Method::GET, CONTACTS, "").await.unwrap();
    let body: serde_json::Value = serde_json::from_slice(answer.body()).unwrap();
    assert_eq!(body["errors"][0]["status"], 403);
}

#[tokio::test(start_paused = true)]
async fn what_is_not_there_is_named_as_the_service_names_it() {
    let (account, _) = account();
    for (path, message) in [
        ("/contacts/7", "No Result found for Subscriber with id 7"),
        ("/contacts/7/contactTags", "No Result found for Subscriber with id 7"),
        ("/contacts/x", "No Result found for Subscriber with id x"),
        ("/accounts/7", "No Result found for CustomerAccount with id 7"),
        ("/contactAutomations/7", "No Result found for SubscriberSeries with id 7"),
        ("/automations/7/contactAutomations", "No Result found for Series with id 7"),
    ] {
        assert_eq!(get(&account, path).await, (404, json!({ "message": message })), "{path}");
    }
    assert_eq!(get(&account, "/nonsense").await.0, 404);
    account.switch(|it| it.not_found_as_403 = true);
    let (status, body) = get(&account, "/contacts/7").await;
    assert_eq!(
        (status, &body["message"]),
        (403, &json!("No Result found for Subscriber with id 7"))
    );
}

#[tokio::test(start_paused = true)]
async fn nothing_can_be_written() {
    let (account, _) = account();
    for method in [Method::POST, Method::PUT, Method::DELETE, Method::PATCH] {
        let answer = send(&account, method, CONTACTS, KEY).await.unwrap();
        assert_eq!(answer.status(), 405);
        assert_eq!(answer.headers()["allow"], "GET");
    }
    assert_eq!(account.contacts(), 0);
}

#[tokio::test(start_paused = true)]
async fn never_more_than_five_requests_in_any_second() {
    let (account, _) = account_with(|it| it.throttle = Throttle::default());
    let statuses = async |count: usize| {
        let mut seen = Vec::new();
        for _ in 0..count {
            seen.push(get(&account, "/users/me").await.0);
        }
        seen
    };
    assert_eq!(statuses(3).await, [200; 3]);
    tokio::time::advance(Duration::from_millis(600)).await;
    assert_eq!(statuses(3).await, [200, 200, 429]);
    tokio::time::advance(Duration::from_millis(399)).await;
    assert_eq!(statuses(1).await, [429], "the first three are not a second old");
    tokio::time::advance(Duration::from_millis(1)).await;
    assert_eq!(statuses(4).await, [200, 200, 200, 429]);
}

#[tokio::test(start_paused = true)]
async fn going_over_the_rate_can_look_different() {
    let throttle = Throttle { per_second: Some(0), ..Throttle::default() };
    let (account, _) = account_with(|it| it.throttle = throttle);
    let answer = send(&account, Method::GET, CONTACTS, KEY).await.unwrap();
    assert_eq!(answer.status(), 429);
    assert_eq!(answer.headers()["retry-after"], "1");
    assert_eq!(answer.headers()["ratelimit-remaining"], "0");
    account.switch(|it| {
        it.throttle.answer = ThrottleAnswer::Unavailable;
        it.throttle.retry_after = None;
    });
    let answer = send(&account, Method::GET, CONTACTS, KEY).await.unwrap();
    assert_eq!(answer.status(), 503);
    assert!(answer.headers().get("retry-after").is_none());
    assert!(answer.headers()["content-type"].to_str().unwrap().starts_with("text/html"));
}

#[tokio::test(start_paused = true)]
async fn every_answer_has_the_date_of_its_own_clock() {
    let (account, _) = account_with(|it| it.clock_skew = TimeDelta::minutes(3));
    let answer = send(&account, Method::GET, CONTACTS, KEY).await.unwrap();
    assert_eq!(answer.headers()["date"], "Thu, 28 May 2026 10:10:18 GMT");
    add(&account, "a@example.com");
    let contact = ok(&account, "/contacts/1").await["contact"].clone();
    assert_eq!(contact["cdate"], "2026-05-28T05:10:18-05:00");
}

#[tokio::test(start_paused = true)]
async fn errors_can_be_pages_and_json_can_be_called_html() {
    let (account, _) = account_with(|it| it.html_errors = true);
    let answer = send(&account, Method::GET, "/api/3/contacts/7", KEY).await.unwrap();
    assert_eq!(answer.status(), 404);
    assert!(answer.body().starts_with(b"<!DOCTYPE html>"));
    account.switch(|it| it.shape.html_type = true);
    let answer = send(&account, Method::GET, CONTACTS, KEY).await.unwrap();
    assert_eq!(answer.headers()["content-type"], "text/html; charset=UTF-8");
    assert!(answer.body().starts_with(b"{"));
}

#[tokio::test(start_paused = true)]
async fn planned_faults_strike_in_their_own_ways() {
    let (account, _) = account();
    add(&account, "a@example.com");
    let plan = |fault| account.faults().plan(Target::new(Method::GET, "/contacts"), fault);
    let call = async || send(&account, Method::GET, CONTACTS, KEY).await;

    plan(Fault::Refused);
    assert!(matches!(call().await, Err(WireError::NotSent(_))));
    plan(Fault::Reset(When::Before));
    assert!(matches!(call().await, Err(WireError::Broken(_))));
    plan(Fault::Silence(When::Before));
    assert!(tokio::time::timeout(Duration::from_hours(1), call()).await.is_err());
    plan(Fault::Status {
        code: 500,
        retry_after: Some(3),
        body: FaultBody::Html,
        when: When::Before,
    });
    let answer = call().await.unwrap();
    assert_eq!(
        (answer.status().as_u16(), &answer.headers()["retry-after"]),
        (500, &"3".parse().unwrap())
    );
    plan(Fault::Truncated);
    let cut = call().await.unwrap();
    let whole = call().await.unwrap();
    assert_eq!(cut.status(), 200);
    assert_eq!(cut.body()[..], whole.body()[..whole.body().len() / 2]);
    plan(Fault::Slow(Duration::from_secs(9)));
    let before = tokio::time::Instant::now();
    assert_eq!(call().await.unwrap().body(), whole.body());
    assert_eq!(before.elapsed(), Duration::from_secs(9));
}

#[tokio::test(start_paused = true)]
async fn an_emptied_list_still_says_how_many_rows_there_are() {
    let (account, _) = account();
    add(&account, "a@example.com");
    account.faults().plan(Target::any(), Fault::Empty);
    let body = ok(&account, "/contacts").await;
    assert_eq!((&body["contacts"], &body["meta"]["total"]), (&json!([]), &json!("1")));
    account.faults().plan(Target::any(), Fault::Empty);
    let answer = send(&account, Method::GET, "/api/3/contacts/1", KEY).await.unwrap();
    assert_eq!((answer.status().as_u16(), answer.body().len()), (200, 0));
}

#[tokio::test(start_paused = true)]
async fn requests_are_logged_with_what_became_of_them() {
    let (account, clock) = account();
    get(&account, "/contacts?limit=1").await;
    clock.step(TimeDelta::seconds(5));
    account.faults().plan(Target::any(), Fault::Refused);
    account.faults().plan(Target::any(), Fault::Reset(When::After));
    for _ in 0..2 {
        let _broken = send(&account, Method::GET, CONTACTS, KEY).await;
    }
    let seen = account.requests();
    let seen: Vec<_> =
        seen.iter().map(|it| (it.target.as_str(), it.status, it.at - super::start())).collect();
    assert_eq!(
        seen,
        [
            ("/api/3/contacts?limit=1", Some(200), TimeDelta::zero()),
            (CONTACTS, None, TimeDelta::seconds(5)),
        ],
        "a refused connection never came in"
    );
}
