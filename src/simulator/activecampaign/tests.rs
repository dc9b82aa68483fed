//! The account as a client sees it, over its API, and as its people see it.

mod contacts;
mod door;
mod enrollments;
mod merging;
mod shape;
mod webhooks;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::{Method, Request, Response};
use serde_json::Value;

use super::{ActiveCampaign, NewContact, Switches, Throttle};
use crate::{
    clock::Clock,
    domain::ContactId,
    transport::{Remote as _, WireError},
};

const KEY: &str = "a-key-for-tests";

/// 05:07:18 in US Central summer time.
fn start() -> DateTime<Utc> {
    "2026-05-28T10:07:18Z".parse().unwrap()
}

/// An account without a rate limit, and its clock.
fn account_with(change: impl FnOnce(&mut Switches)) -> (ActiveCampaign, Clock) {
    let clock = Clock::simulated(start());
    let throttle = Throttle { per_second: None, ..Throttle::default() };
    let mut switches = Switches { throttle, ..Switches::default() };
    change(&mut switches);
    (ActiveCampaign::new(clock.clone(), 1, KEY, switches), clock)
}

fn account() -> (ActiveCampaign, Clock) {
    account_with(|_| ())
}

fn add(account: &ActiveCampaign, email: &str) -> ContactId {
    account.create_contact(NewContact::new(email)).unwrap()
}

async fn send(
    account: &ActiveCampaign,
    method: Method,
    target: &str,
    key: &str,
) -> Result<Response<Bytes>, WireError> {
    let uri = format!("https://account.example.com{}", target.replace(' ', "+"));
    let request = Request::builder().method(method).uri(uri).header("Api-Token", key);
    account.call(request.body(Bytes::new()).unwrap()).await
}

/// A GET below `/api/3`, its status and its JSON.
async fn get(account: &ActiveCampaign, target: &str) -> (u16, Value) {
    let target = format!("/api/3{target}");
    let response = send(account, Method::GET, &target, KEY).await.unwrap();
    let body = serde_json::from_slice(response.body()).unwrap_or(Value::Null);
    (response.status().as_u16(), body)
}

/// A GET that works.
async fn ok(account: &ActiveCampaign, target: &str) -> Value {
    let (status, body) = get(account, target).await;
    assert_eq!(status, 200, "{target}: {body}");
    body
}

/// The ids of the rows under `key`.
fn ids(body: &Value, key: &str) -> Vec<i64> {
    let rows = body[key].as_array().unwrap_or_else(|| panic!("no {key} in {body}"));
    rows.iter().map(|it| it["id"].as_str().unwrap().parse().unwrap()).collect()
}

async fn contact_ids(account: &ActiveCampaign, query: &str) -> Vec<i64> {
    ids(&ok(account, &format!("/contacts?orders[id]=ASC&{query}")).await, "contacts")
}

fn keys(object: &Value) -> Vec<&str> {
    object.as_object().unwrap().keys().map(String::as_str).collect()
}
