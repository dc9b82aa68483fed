//! A Ploomes for tests: answers by a function, and remembers what it was asked.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use http::{Method, Request, Response};
use serde_json::{Value, json};

use super::sender;
use crate::{
    clock::Clock,
    transport::{Limiter, Sender, WireError, wire::testing::Scripted},
};

/// A request as it came.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub(super) method: Method,
    /// Path and query, encoded.
    pub(super) target: String,
    pub(super) body: Value,
}

impl Asked {
    fn of(request: &Request<Bytes>) -> Self {
        Self {
            method: request.method().clone(),
            target: request.uri().path_and_query().unwrap().to_string(),
            body: serde_json::from_slice(request.body()).unwrap_or_default(),
        }
    }

    /// A query option, decoded as a server does; empty where it is absent.
    pub(super) fn option(&self, name: &str) -> String {
        let (_, query) = self.target.split_once('?').unwrap_or_default();
        let mut pairs = form_urlencoded::parse(query.as_bytes());
        pairs.find(|(key, _)| key == name).map(|(_, value)| value.into_owned()).unwrap_or_default()
    }

    pub(super) fn path(&self) -> &str {
        self.target.split('?').next().unwrap()
    }
}

/// What was asked so far.
pub(super) struct Log(Arc<Scripted>);

impl Log {
    pub(super) fn asked(&self) -> Vec<Asked> {
        self.0.asked().iter().map(Asked::of).collect()
    }

    pub(super) fn targets(&self) -> Vec<String> {
        self.asked().into_iter().map(|it| it.target).collect()
    }
}

/// A status and a body.
pub(super) type Reply = (u16, String);

/// `{"value":[rows]}`.
pub(super) fn rows(rows: impl IntoIterator<Item = Value>) -> Reply {
    let rows: Vec<Value> = rows.into_iter().collect();
    (200, json!({"@odata.context": "x", "value": rows}).to_string())
}

/// A way to a Ploomes that answers with `answer`; `None` cuts the connection.
pub(super) fn ploomes(
    answer: impl Fn(&Asked) -> Option<Reply> + Send + Sync + 'static,
) -> (Sender, Log) {
    ploomes_with_head(move |asked| Some(answer(asked)?.into_response()))
}

/// The same, where headers matter.
pub(super) fn ploomes_with_head(
    answer: impl Fn(&Asked) -> Option<Response<Bytes>> + Send + Sync + 'static,
) -> (Sender, Log) {
    let scripted = Scripted::new(move |request| {
        Some(answer(&Asked::of(request)).ok_or_else(|| WireError::Broken("cut off".into())))
    });
    let sender = sender(
        "https://api2.ploomes.com/",
        "key".to_owned().into(),
        Duration::from_secs(30),
        scripted.wire(),
        Arc::new(Limiter::open()),
        Clock::system(),
    );
    (sender.unwrap(), Log(scripted))
}

trait IntoResponse {
    fn into_response(self) -> Response<Bytes>;
}

impl IntoResponse for Reply {
    fn into_response(self) -> Response<Bytes> {
        Response::builder().status(self.0).body(self.1.into()).unwrap()
    }
}
