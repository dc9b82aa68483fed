//! The account through its API, in process.

mod custom;
mod faults;
mod index;
mod quota;
mod reads;
mod strict;
mod unknowns;
mod writes;

use std::sync::Arc;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::Request;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use super::{standard::*, *};
use crate::simulator::fault::{FaultBody, Target};

const KEY: &str = "0123456789abcdef";

fn start() -> DateTime<Utc> {
    "2026-01-15T21:15:01.728Z".parse().unwrap()
}

/// A client, and the service it talks to.
#[derive(Clone)]
struct Client(Arc<Ploomes>);

/// An answer, taken apart.
#[derive(Debug)]
struct Got {
    status: u16,
    headers: HeaderMap,
    body: Bytes,
}

impl Got {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("no JSON: {:?}", self.body))
    }

    /// The entities of a 2xx.
    fn value(&self) -> Vec<Value> {
        assert!((200..300).contains(&self.status), "{}: {:?}", self.status, self.body);
        self.json()["value"].as_array().unwrap().clone()
    }

    /// The one entity of a 2xx.
    fn one(&self) -> Value {
        let mut value = self.value();
        assert_eq!(value.len(), 1, "{value:?}");
        value.remove(0)
    }

    fn id(&self) -> i64 {
        self.one()["Id"].as_i64().unwrap()
    }

    fn ids(&self) -> Vec<i64> {
        self.value().iter().map(|it| it["Id"].as_i64().unwrap()).collect()
    }
}

impl Client {
    /// A new account; the clock stands at [`start`] and goes with paused time.
    fn new(switches: Switches) -> Self {
        Self(Arc::new(Ploomes::new(Clock::simulated(start()), 7, KEY, switches)))
    }

    /// An account that takes as many requests as come.
    fn open() -> Self {
        Self::new(Switches { limit: None, ..Switches::default() })
    }

    async fn try_send(&self, request: Request<Bytes>) -> Result<Got, WireError> {
        let (head, body) = self.0.call(request).await?.into_parts();
        Ok(Got { status: head.status.as_u16(), headers: head.headers, body })
    }

    async fn try_call(&self, method: Method, target: &str, body: &Value) -> Result<Got, WireError> {
        let request = Request::builder()
            .method(method)
            .uri(target)
            .header("User-Key", KEY)
            .header("Content-Type", "application/json");
        let body = if body.is_null() { Bytes::new() } else { body.to_string().into() };
        self.try_send(request.body(body).unwrap()).await
    }

    async fn call(&self, method: Method, target: &str, body: &Value) -> Got {
        self.try_call(method, target, body).await.unwrap()
    }

    /// `GET` of a path with a query that is encoded already.
    async fn get(&self, target: &str) -> Got {
        self.call(Method::GET, target, &Value::Null).await
    }

    /// `GET` of what `filter`, not encoded yet, finds in `set`.
    async fn find(&self, set: &str, filter: &str) -> Got {
        let filter = utf8_percent_encode(filter, NON_ALPHANUMERIC);
        self.get(&format!("/{set}?$filter={filter}")).await
    }

    async fn post(&self, target: &str, body: &Value) -> Got {
        self.call(Method::POST, target, body).await
    }

    async fn patch(&self, target: &str, body: &Value) -> Got {
        self.call(Method::PATCH, target, body).await
    }

    /// Makes a person with this e-mail and returns its id.
    async fn person(&self, email: &str) -> i64 {
        let body = json!({"Name": "Ana Lima", "TypeId": 2, "Email": email});
        self.post("/Contacts", &body).await.id()
    }
}
