//! Who comes in: faults, rate, key, method; and a log of all that came.

use std::{collections::VecDeque, io, time::Duration};

use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::{Method, Request, Response};
use tokio::time::Instant;

use super::{
    ActiveCampaign, State,
    answer::{HTML_PAGE, Reply},
    query::Query,
    routes::{self, Ask},
    shape,
};
use crate::{
    simulator::fault::{Fault, FaultBody, When},
    transport::WireError,
};

/// Requests that are remembered; enough for any test, and no leak in a long demo.
const LOG_MAX: usize = 100_000;

/// A request that came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenRequest {
    /// The method.
    pub method: Method,
    /// Path and query, as sent.
    pub target: String,
    /// When it came, by this service's clock.
    pub at: DateTime<Utc>,
    /// The status of the answer; `None` where none was given.
    pub status: Option<u16>,
}

/// What the door remembers.
#[derive(Default)]
pub(super) struct Door {
    log: VecDeque<SeenRequest>,
    /// When the requests of the last second were let in.
    recent: VecDeque<Instant>,
    served: u64,
}

impl Door {
    pub(super) fn log(&self) -> &VecDeque<SeenRequest> {
        &self.log
    }

    fn note(&mut self, seen: SeenRequest) {
        if self.log.len() == LOG_MAX {
            self.log.pop_front();
        }
        self.log.push_back(seen);
    }

    /// Whether there is room in the last second for one more.
    fn lets_in(&mut self, per_second: Option<u32>, now: Instant) -> bool {
        let Some(limit) = per_second else { return true };
        let second = Duration::from_secs(1);
        while self.recent.front().is_some_and(|at| now.duration_since(*at) >= second) {
            self.recent.pop_front();
        }
        let room = self.recent.len() < usize::try_from(limit).unwrap_or(usize::MAX);
        if room {
            self.recent.push_back(now);
        }
        room
    }
}

impl ActiveCampaign {
    /// Answers a request, with whatever goes wrong on the way.
    pub(super) async fn answer(
        &self,
        request: Request<Bytes>,
    ) -> Result<Response<Bytes>, WireError> {
        let target = request.uri().path_and_query().map_or("/", |it| it.as_str()).to_owned();
        let fault = self.faults().strike(request.method(), &target);
        if fault == Some(Fault::Refused) {
            return Err(WireError::NotSent(Box::new(io::Error::from(
                io::ErrorKind::ConnectionRefused,
            ))));
        }
        let early = matches!(
            fault,
            Some(
                Fault::Reset(When::Before)
                    | Fault::Silence(When::Before)
                    | Fault::Status { when: When::Before, .. }
            )
        );
        // Nothing here writes, so "before" and "after" differ only in whether the rate counts it.
        let now = self.now();
        let reply = (!early).then(|| self.lock().respond(&request, &target, now, &self.0.key));
        let outcome = match &fault {
            Some(Fault::Reset(_)) => Outcome::Reset,
            Some(Fault::Silence(_)) => Outcome::Silence,
            Some(Fault::Status { code, retry_after, body, .. }) => {
                Outcome::Reply(faulty(*code, *retry_after, *body))
            }
            Some(Fault::Truncated) => Outcome::Reply(cut(reply.unwrap_or_else(empty))),
            Some(Fault::Empty) => Outcome::Reply(reply.unwrap_or_else(empty).emptied()),
            _ => Outcome::Reply(reply.unwrap_or_else(empty)),
        };
        let status = match &outcome {
            Outcome::Reply(reply) => Some(reply.status),
            Outcome::Reset | Outcome::Silence => None,
        };
        let seen = SeenRequest { method: request.method().clone(), target, at: now, status };
        self.lock().door.note(seen);
        if let Some(Fault::Slow(delay)) = fault {
            tokio::time::sleep(delay).await;
        }
        match outcome {
            Outcome::Reply(reply) => Ok(self.response(reply)),
            Outcome::Reset => {
                Err(WireError::Broken(Box::new(io::Error::from(io::ErrorKind::ConnectionReset))))
            }
            Outcome::Silence => std::future::pending().await,
        }
    }

    /// The answer with the headers that the real service sends.
    fn response(&self, reply: Reply) -> Response<Bytes> {
        let now = self.now();
        let (number, html) = {
            let mut state = self.lock();
            state.door.served += 1;
            (state.door.served, reply.html || state.model.switches.shape.html_type)
        };
        let kind = if html { "text/html; charset=UTF-8" } else { "application/json" };
        let id = shape::hash(number, 0);
        let mut response = Response::builder()
            .status(reply.status)
            .header("content-type", kind)
            .header("date", now.format("%a, %d %b %Y %H:%M:%S GMT").to_string())
            .header("cache-control", "no-store, no-cache, must-revalidate")
            .header("expires", "Thu, 19 Nov 1981 08:52:00 GMT")
            .header("pragma", "no-cache")
            .header("server", "cloudflare")
            .header("x-request-id", &id)
            .header("set-cookie", format!("PHPSESSID={id}; path=/; HttpOnly"));
        for (name, value) in reply.headers {
            response = response.header(name, value);
        }
        response.body(Bytes::from(reply.body)).expect("all headers are plain ASCII")
    }
}

enum Outcome {
    Reply(Reply),
    Reset,
    Silence,
}

impl State {
    /// The answer as it should be.
    fn respond(
        &mut self,
        request: &Request<Bytes>,
        target: &str,
        now: DateTime<Utc>,
        key: &str,
    ) -> Reply {
        self.model.settle(now);
        let switches = &self.model.switches;
        if !self.door.lets_in(switches.throttle.per_second, Instant::now()) {
            return Reply::throttled(switches.throttle);
        }
        let reply = self.admitted(request, target, now, key);
        if reply.status >= 400 && self.model.switches.html_errors {
            return Reply { html: true, body: HTML_PAGE.to_owned(), ..reply };
        }
        reply
    }

    fn admitted(
        &self,
        request: &Request<Bytes>,
        target: &str,
        now: DateTime<Utc>,
        key: &str,
    ) -> Reply {
        let switches = &self.model.switches;
        let given = request.headers().get("api-token");
        let fits = |it: &http::HeaderValue| {
            it.as_bytes() == key.as_bytes() || (key.is_empty() && !it.is_empty())
        };
        if !given.is_some_and(fits) {
            return Reply::forbidden(switches);
        }
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        if request.method() != Method::GET {
            return Reply::not_allowed(request.method().as_str(), path, switches);
        }
        let query = Query::parse(query);
        routes::get(path, &Ask { model: &self.model, query: &query, now })
    }
}

fn faulty(code: u16, retry_after: Option<u64>, body: FaultBody) -> Reply {
    let reply = match body {
        FaultBody::Empty => Reply::json(code, String::new()),
        FaultBody::Text => Reply::json(code, "error".to_owned()),
        FaultBody::Html => Reply::page(code),
        FaultBody::Json => Reply::json(code, r#"{"message":"Something went wrong"}"#.to_owned()),
    };
    let headers = retry_after.map(|it| ("retry-after", it.to_string())).into_iter().collect();
    Reply { headers, ..reply }
}

/// Half of the body.
fn cut(mut reply: Reply) -> Reply {
    let mut half = reply.body.len() / 2;
    while !reply.body.is_char_boundary(half) {
        half -= 1;
    }
    reply.body.truncate(half);
    reply
}

fn empty() -> Reply {
    Reply::json(200, String::new())
}
