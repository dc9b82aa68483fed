//! The messages themselves: their JSON, and how they are sent.

use std::{fmt, str::FromStr, time::Duration};

use bytes::Bytes;
use chrono::{DateTime, SecondsFormat, Utc};
use chrono_tz::Tz;
use http::{Method, Request, Uri, header::CONTENT_TYPE};
use serde::Serialize;

use crate::{
    ledger::{
        Hash,
        alert::{Alert, Owed},
        audit::hex,
    },
    transport::Wire,
};

/// How long whoever takes messages may take: a chat answers in a second.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

/// The longest `Retry-After` that is believed.
const RETRY_AFTER_MAX: Duration = Duration::from_hours(24);

/// Where messages go; who has it can write there, so it is not shown.
#[derive(Clone)]
pub(super) struct Address(Uri);

/// A text that is no address.
#[derive(Debug, thiserror::Error)]
#[error("no URL")]
pub struct NoAddress(#[from] http::uri::InvalidUri);

impl FromStr for Address {
    type Err = NoAddress;

    fn from_str(text: &str) -> Result<Self, NoAddress> {
        Ok(Self(text.parse()?))
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Address(…)")
    }
}

/// What became of a message.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// A 2xx came.
    Taken,
    /// Anything else, or nothing.
    NotTaken {
        /// In words, without the address.
        why: String,
        /// What was asked for.
        retry_after: Option<Duration>,
    },
}

/// The document of the contract.
#[derive(Serialize)]
struct Message<'a> {
    event: &'a str,
    route: Option<&'a str>,
    count: i64,
    leads: &'a [String],
    since: String,
    run: Option<String>,
    head: String,
    text: String,
}

/// An alert as JSON; `head` is the end of the ledger's chain.
pub(super) fn json(alert: &Alert, owed: Owed, head: &Hash, zone: Tz) -> Bytes {
    let event = match owed {
        Owed::Resolved => "resolved",
        Owed::Raised | Owed::Reminder => alert.key.event.as_str(),
    };
    let message = Message {
        event,
        route: alert.route.as_deref(),
        count: alert.count,
        leads: &alert.leads,
        since: stamp(alert.since, zone),
        run: alert.run.map(|run| run.0.to_string()),
        head: hex(head),
        text: text(alert, owed),
    };
    serde_json::to_vec(&message).expect("JSON can be written as JSON").into()
}

/// An alert in words.
pub(super) fn text(alert: &Alert, owed: Owed) -> String {
    match owed {
        Owed::Raised => alert.text.clone(),
        Owed::Reminder => format!("Still: {}", alert.text),
        Owed::Resolved => {
            let of = match (&alert.route, alert.key.subject.as_str()) {
                (Some(route), _) => format!(" of route {route}"),
                (None, "") => String::new(),
                (None, subject) => format!(" ({subject})"),
            };
            format!("Over: {}{of}. It was: {}", alert.key.event.as_str(), alert.text)
        }
    }
}

fn stamp(at: DateTime<Utc>, zone: Tz) -> String {
    at.with_timezone(&zone).to_rfc3339_opts(SecondsFormat::AutoSi, false)
}

/// Posts a message once.
pub(super) async fn post(wire: &Wire, address: &Address, message: Bytes) -> Answer {
    let request = Request::builder()
        .method(Method::POST)
        .uri(address.0.clone())
        .header(CONTENT_TYPE, "application/json");
    call(wire, request.body(message)).await
}

/// Asks for an address once.
pub(super) async fn get(wire: &Wire, address: &Address) -> Answer {
    call(wire, Request::builder().uri(address.0.clone()).body(Bytes::new())).await
}

async fn call(wire: &Wire, request: Result<Request<Bytes>, http::Error>) -> Answer {
    let not_taken = |why: String| Answer::NotTaken { why, retry_after: None };
    let request = match request {
        Ok(request) => request,
        Err(error) => return not_taken(error.to_string()),
    };
    match tokio::time::timeout(ANSWER_WITHIN, wire.call(request)).await {
        Ok(Ok(answer)) if answer.status().is_success() => Answer::Taken,
        Ok(Ok(answer)) => {
            let status = answer.status().as_u16();
            let retry_after = answer
                .headers()
                .get(http::header::RETRY_AFTER)
                .and_then(|value| value.to_str().ok())
                .and_then(|value| value.trim().parse().ok())
                .map(|seconds| Duration::from_secs(seconds).min(RETRY_AFTER_MAX));
            Answer::NotTaken { why: format!("answered {status}"), retry_after }
        }
        Ok(Err(error)) => not_taken(error.to_string()),
        Err(_) => not_taken(format!("no answer within {} s", ANSWER_WITHIN.as_secs())),
    }
}
