//! Answers as HTTP: bodies of every shape that clients have to expect.

use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::{
    HeaderValue, Response, StatusCode,
    header::{CONTENT_LENGTH, CONTENT_TYPE, DATE, RETRY_AFTER},
};
use serde::Serialize;
use serde_json::{Value, json};

use super::{
    refusal::Refusal,
    switches::{ErrorBody, Switches},
};
use crate::simulator::fault::FaultBody;

const JSON: &str = "application/json; odata.metadata=minimal";
const TEXT: &str = "text/plain; charset=utf-8";
const HTML: &str = "text/html; charset=utf-8";

/// An answer with a body of this type.
fn answer(status: u16, content_type: &'static str, body: impl Into<Bytes>) -> Response<Bytes> {
    let mut answer = Response::new(body.into());
    *answer.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
    if !answer.body().is_empty() {
        answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    }
    answer
}

/// A value as text.
pub(super) fn written(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).expect("all keys are texts")
}

/// JSON.
pub(super) fn json(status: u16, value: &Value) -> Response<Bytes> {
    body(status, written(value))
}

/// JSON that is written already.
pub(super) fn body(status: u16, json: Vec<u8>) -> Response<Bytes> {
    answer(status, JSON, json)
}

/// Nothing.
pub(super) fn empty(status: u16) -> Response<Bytes> {
    answer(status, JSON, Bytes::new())
}

/// A refusal. Only a 400's shape is a switch; the others are always the same.
pub(super) fn refusal(refusal: &Refusal, switches: &Switches) -> Response<Bytes> {
    let Refusal { status, message } = refusal;
    match (status, switches.error_body) {
        (403, _) | (400, ErrorBody::Text) => answer(*status, TEXT, message.clone()),
        (400, ErrorBody::Empty) => empty(400),
        (400, ErrorBody::OData) => json(400, &odata_error(message)),
        (400, ErrorBody::Value) => json(400, &json!({ "value": message })),
        _ => json(*status, &json!({ "Message": message })),
    }
}

fn odata_error(message: &str) -> Value {
    json!({"error": {"code": "", "message": message, "innererror": {
        "message": message, "type": "Ploomes.ApiException", "stacktrace": "",
    }}})
}

/// The answer of a fault.
pub(super) fn fault(status: u16, retry_after: Option<u64>, body: FaultBody) -> Response<Bytes> {
    let words = StatusCode::from_u16(status).ok().and_then(|it| it.canonical_reason());
    let words = words.unwrap_or("Error");
    let mut answer = match body {
        FaultBody::Empty => empty(status),
        FaultBody::Text => answer(status, TEXT, words),
        FaultBody::Html => answer(
            status,
            HTML,
            format!(
                "<html><head><title>{status} {words}</title></head><body>{words}</body></html>"
            ),
        ),
        FaultBody::Json => json(status, &odata_error(words)),
    };
    if let Some(seconds) = retry_after {
        answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    answer
}

/// The same answer, broken off in the middle of its body.
pub(super) fn truncated(answer: Response<Bytes>) -> Response<Bytes> {
    let (mut head, body) = answer.into_parts();
    head.headers.insert(CONTENT_LENGTH, HeaderValue::from(body.len().max(1)));
    let half = body.len() / 2;
    Response::from_parts(head, body.slice(..half))
}

/// The same answer with the time at which it was given.
pub(super) fn dated(mut answer: Response<Bytes>, now: DateTime<Utc>) -> Response<Bytes> {
    let date = now.format("%a, %d %b %Y %H:%M:%S GMT").to_string();
    if let Ok(date) = HeaderValue::try_from(date) {
        answer.headers_mut().insert(DATE, date);
    }
    answer
}
