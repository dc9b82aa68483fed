//! Sends one request, and says what a failure on the way means.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, Uri,
    header::{ACCEPT, CONTENT_TYPE, DATE, RETRY_AFTER},
};
use secrecy::{ExposeSecret, SecretString};
use tokio::time::{Instant, timeout};

use super::{CallError, Limiter, Permit, Refused, Standing, Verdict, Wire, WireError};
use crate::{clock::Clock, domain::Lane};

/// Where an API is, and how it knows us.
pub struct Endpoint {
    /// `ActiveCampaign` or `Ploomes`, for errors and spans.
    pub api: &'static str,
    /// Scheme, host and base path, without a slash at the end.
    pub base: String,
    /// The header that carries the key.
    pub header: HeaderName,
    /// The key.
    pub key: SecretString,
    /// How long an answer may take, counted from when the request is sent.
    pub timeout: Duration,
}

/// An address or key that no request can be made of.
#[derive(Debug, thiserror::Error)]
pub enum BadEndpoint {
    /// No absolute `http` or `https` URL.
    #[error("`{0}` is no absolute http or https URL")]
    Url(String),
    /// The key has a character that no header can carry.
    #[error("the {0} key has a character that no header can carry")]
    Key(&'static str),
}

/// A request before authentication.
pub struct Call {
    /// `GET` reads; everything else may change something.
    pub method: Method,
    /// Path and query, encoded, after the base.
    pub target: String,
    /// The JSON body; empty on reads.
    pub body: Bytes,
}

/// An answer, whatever its status.
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The whole body.
    pub body: Bytes,
    /// When the server says it answered (`Date`), else when we saw it.
    pub server_time: DateTime<Utc>,
}

impl Call {
    /// A read of `target`.
    pub fn get(target: impl Into<String>) -> Self {
        Self { method: Method::GET, target: target.into(), body: Bytes::new() }
    }

    /// Method and path, for errors and logs: without query, and with `{id}` for each number.
    pub fn operation(&self) -> String {
        let path = self.target.split(['?', '#']).next().unwrap_or_default();
        let mut operation = format!("{} ", self.method);
        let mut numbers = false;
        for letter in path.chars() {
            if !letter.is_ascii_digit() {
                operation.push(letter);
            } else if !numbers {
                operation.push_str("{id}");
            }
            numbers = letter.is_ascii_digit();
        }
        operation
    }
}

impl Answer {
    /// How long the server asks to wait, in seconds or until a date of its own clock.
    pub fn retry_after(&self) -> Option<Duration> {
        let text = self.headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
        if let Ok(seconds) = text.parse() {
            return Some(Duration::from_secs(seconds));
        }
        let until = DateTime::parse_from_rfc2822(text).ok()?;
        // A date that has passed asks for no wait.
        Some((until.to_utc() - self.server_time).to_std().unwrap_or_default())
    }
}

/// Sends to one API; clones share the limiter and the connections.
#[derive(Clone)]
pub struct Sender {
    endpoint: Arc<Ready>,
    wire: Wire,
    limiter: Arc<Limiter>,
    standing: Arc<Standing>,
    clock: Clock,
}

/// An endpoint that requests can be made of.
struct Ready {
    api: &'static str,
    base: String,
    header: HeaderName,
    key: HeaderValue,
    timeout: Duration,
}

impl Sender {
    /// A sender for `endpoint` over `wire`.
    pub fn new(
        endpoint: Endpoint,
        wire: Wire,
        limiter: Arc<Limiter>,
        clock: Clock,
    ) -> Result<Self, BadEndpoint> {
        let Endpoint { api, base, header, key, timeout } = endpoint;
        let absolute = |uri: &Uri| {
            matches!(uri.scheme_str(), Some("http" | "https"))
                && uri.host().is_some_and(|host| !host.is_empty())
                && uri.query().is_none()
        };
        if !base.parse().is_ok_and(|uri| absolute(&uri)) {
            return Err(BadEndpoint::Url(base));
        }
        let base = base.trim_end_matches('/').to_owned();
        let mut key =
            HeaderValue::from_str(key.expose_secret()).map_err(|_| BadEndpoint::Key(api))?;
        key.set_sensitive(true);
        let endpoint = Arc::new(Ready { api, base, header, key, timeout });
        Ok(Self { endpoint, wire, limiter, standing: Arc::default(), clock })
    }

    /// The limiter that everything to this API goes through.
    pub fn limiter(&self) -> &Limiter {
        &self.limiter
    }

    /// What the answers say beside their content.
    pub fn standing(&self) -> &Standing {
        &self.standing
    }

    /// Keeps what an answer says of our key: that it is taken, or that it is not.
    ///
    /// For the clients of the APIs, which know what a status means.
    pub fn note_key(&self, is_taken: bool) {
        if is_taken {
            self.standing.accepted();
        } else {
            self.standing.refused(self.clock.now());
        }
    }

    /// Waits for leave to send one request in `lane`.
    ///
    /// # Errors
    ///
    /// [`CallError::NotRecorded`] and [`CallError::Stopping`].
    pub async fn permit(&self, lane: Lane) -> Result<Permit, CallError> {
        let api = self.endpoint.api;
        self.limiter.acquire(lane).await.map_err(|refused| match refused {
            Refused::Closed => CallError::Stopping { api },
            Refused::NotRecorded(source) => CallError::NotRecorded { api, source },
        })
    }

    /// Waits for a turn in `lane`, sends, and returns the answer whatever its status.
    ///
    /// # Errors
    ///
    /// Those of [`Sender::permit`] and of [`Sender::send_with`].
    pub async fn send(&self, call: Call, lane: Lane) -> Result<Answer, CallError> {
        self.send_with(call, self.permit(lane).await?).await
    }

    /// Sends with a permit that was waited for, and returns the answer whatever its status.
    ///
    /// The timeout counts from when the request is sent, not from when it began to wait. A 429 is
    /// told to the limiter here; it is returned like any other answer.
    ///
    /// # Errors
    ///
    /// [`CallError::Wire`] where no whole answer came: [`Verdict::TryLater`] for a read, and for a
    /// write that certainly was not sent; [`Verdict::Look`] for any other write.
    pub async fn send_with(&self, call: Call, permit: Permit) -> Result<Answer, CallError> {
        let Ready { api, timeout: patience, .. } = *self.endpoint;
        let operation = call.operation();
        let read = call.method == Method::GET;
        let request = self.request(call).map_err(|source| CallError::Wire {
            api,
            operation: operation.clone(),
            source: WireError::NotSent(Box::new(source)),
            verdict: Verdict::GiveUp,
        })?;
        drop(permit);
        let sent_at = Instant::now();
        let outcome = timeout(patience, self.wire.call(request)).await;
        let outcome = outcome.unwrap_or(Err(WireError::Timeout(patience)));
        let duration_ms = u64::try_from(sent_at.elapsed().as_millis()).unwrap_or(u64::MAX);
        match outcome {
            Ok(answer) => {
                let answer = self.answer(answer);
                let request_id = answer.headers.get("x-request-id").and_then(|it| it.to_str().ok());
                let status = answer.status;
                tracing::debug!(api, operation, status, duration_ms, request_id, "Called {api}");
                if status == StatusCode::TOO_MANY_REQUESTS {
                    self.limiter.throttled(answer.retry_after());
                }
                Ok(answer)
            }
            Err(source) => {
                let kind = source.kind();
                tracing::debug!(api, operation, kind, duration_ms, "No answer from {api}");
                let verdict = match source {
                    WireError::Broken(_) | WireError::Timeout(_) if !read => Verdict::Look,
                    _ => Verdict::TryLater { after: None },
                };
                Err(CallError::Wire { api, operation, source, verdict })
            }
        }
    }

    fn request(&self, call: Call) -> Result<Request<Bytes>, http::Error> {
        let Ready { base, header, key, .. } = &*self.endpoint;
        let mut request = Request::builder()
            .method(call.method)
            .uri(format!("{base}{}", call.target))
            .header(header, key)
            .header(ACCEPT, "application/json");
        if !call.body.is_empty() {
            request = request.header(CONTENT_TYPE, "application/json");
        }
        request.body(call.body)
    }

    fn answer(&self, answer: http::Response<Bytes>) -> Answer {
        let (head, body) = answer.into_parts();
        let date = head.headers.get(DATE).and_then(|date| date.to_str().ok());
        let date = date.and_then(|date| DateTime::parse_from_rfc2822(date).ok());
        let now = self.clock.now();
        let server_time = date.map_or(now, |date| date.to_utc());
        if date.is_some() {
            self.standing.dated(server_time, now);
        }
        Answer { status: head.status.as_u16(), headers: head.headers, body, server_time }
    }
}

#[cfg(test)]
mod tests;
