//! An account for unit tests: answers by a function of path and query.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use http::header::DATE;
use serde_json::Value;

use super::Client;
use crate::{
    clock::Clock,
    transport::{
        Limiter,
        wire::testing::{Scripted, answer},
    },
};

/// A request, decoded.
pub(super) struct Asked {
    /// After `/api/3`.
    pub(super) path: String,
    pub(super) query: BTreeMap<String, String>,
}

impl Asked {
    fn of(request: &http::Request<bytes::Bytes>) -> Self {
        let uri = request.uri();
        let query = uri.query().unwrap_or_default().as_bytes();
        Self {
            path: uri.path().strip_prefix("/api/3").unwrap().to_owned(),
            query: form_urlencoded::parse(query).into_owned().collect(),
        }
    }

    pub(super) fn number(&self, key: &str) -> Option<i64> {
        self.query.get(key)?.parse().ok()
    }
}

/// An account that answers `(status, body)`; `Date` is [`server_time`].
pub(super) fn account(
    script: impl Fn(&Asked) -> (u16, Value) + Send + Sync + 'static,
) -> (Client, Arc<Scripted>) {
    raw(move |asked| {
        let (status, body) = script(asked);
        (status, body.to_string())
    })
}

/// As [`account`], with a body that need not be JSON.
pub(super) fn raw(
    script: impl Fn(&Asked) -> (u16, String) + Send + Sync + 'static,
) -> (Client, Arc<Scripted>) {
    let remote = Scripted::new(move |request| {
        let (status, body) = script(&Asked::of(request));
        let mut answer = answer(status, body);
        answer.headers_mut().insert(DATE, "Thu, 28 May 2026 10:07:20 GMT".parse().unwrap());
        Some(Ok(answer))
    });
    let client = Client::new(
        "https://acme.example.com",
        "key".into(),
        Duration::from_secs(30),
        remote.wire(),
        Arc::new(Limiter::open()),
        Clock::system(),
    );
    (client.unwrap(), remote)
}

pub(super) fn server_time() -> DateTime<Utc> {
    "2026-05-28T10:07:20Z".parse().unwrap()
}

/// The requests so far, decoded: path, and query where there is one.
pub(super) fn asked(remote: &Scripted) -> Vec<String> {
    let decoded = |request| {
        let Asked { path, query } = Asked::of(request);
        let query: Vec<_> = query.iter().map(|(key, value)| format!("{key}={value}")).collect();
        if query.is_empty() { path } else { format!("{path}?{}", query.join("&")) }
    };
    remote.asked().iter().map(decoded).collect()
}

/// Runs `test` in a runtime with paused time, for properties.
pub(super) fn run<T>(test: impl Future<Output = T>) -> T {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    runtime.enable_time().start_paused(true).build().unwrap().block_on(test)
}
