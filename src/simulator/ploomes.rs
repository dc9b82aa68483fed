//! Ploomes, simulated: an account that remembers, behind its API.
//!
//! ```text
//!  request ─▶ key ─▶ quota ─▶ fault before? ─▶ path, OData, body ─▶ account ─▶ fault after? ─▶ answer
//!                                              (strict: 4xx)         │
//!                                                                    └─▶ journal: what was applied
//! ```
//!
//! What the real service is not known to do is a switch ([`Switches`]); `ponte` has to be right
//! under each. What goes wrong on the way is a fault ([`Faults`]). Left out are quotes, orders,
//! products, tasks, leads, forms, automations and `$batch`, which `ponte` does not use.
//!
//! A path outside the API's namespace shows the journal over HTTP: `GET /__simulator/applied` and
//! `GET /__simulator/requests`.

mod api;
mod check;
mod collate;
mod dates;
mod eval;
mod incoming;
mod journal;
mod odata;
mod path;
mod people;
mod quota;
mod refusal;
mod respond;
mod schema;
mod search;
mod shape;
pub mod standard;
mod store;
mod switches;
mod values;
mod write;

use std::{
    future::Future,
    pin::Pin,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use chrono::TimeDelta;
use http::{HeaderMap, Method, Request, Response, header::HOST};
use rand::{SeedableRng as _, rngs::StdRng};
use serde_json::json;

pub use journal::{Applied, Did, Requested};
pub use refusal::Refusal;
pub use switches::{ErrorBody, LimiterKind, LongString, PatchMode, Switches, TopAbove300, Unknown};

use self::{
    api::{Ask, Reply},
    journal::Journal,
    quota::Quota,
    store::Store,
    write::Account,
};
use super::fault::{Fault, Faults, When};
use crate::{
    clock::Clock,
    transport::{Remote, WireError},
};

/// Where the journal is shown.
const OUTSIDE: &str = "/__simulator/";

/// A simulated Ploomes account.
pub struct Ploomes {
    clock: Clock,
    key: String,
    faults: Faults,
    state: Mutex<State>,
}

struct State {
    account: Account,
    quota: Quota,
    journal: Journal,
}

/// How a request ends.
enum Ending {
    Answer(Response<Bytes>, Duration),
    Silence,
    Broken(&'static str),
    Refused,
}

impl Ploomes {
    /// The standard account ([`standard`]), which knows the key `user_key` of its integration user; an
    /// empty one takes any key, for trying a configuration.
    pub fn new(clock: Clock, seed: u64, user_key: &str, switches: Switches) -> Self {
        let mut store = Store::default();
        standard::furnish(&mut store, clock.now());
        standard::rights(&mut store, switches.restricted_profile, switches.may_not_configure);
        let rng = StdRng::seed_from_u64(seed);
        let account = Account { store, switches, me: standard::ME, rng };
        let (quota, journal) = (Quota::default(), Journal::default());
        Self {
            clock,
            key: user_key.to_owned(),
            faults: Faults::none(seed),
            state: Mutex::new(State { account, quota, journal }),
        }
    }

    /// What goes wrong.
    pub fn faults(&self) -> &Faults {
        &self.faults
    }

    /// Changes how the service behaves, from the next request on.
    pub fn switch(&self, change: impl FnOnce(&mut Switches)) {
        let mut state = self.lock();
        let account = &mut state.account;
        change(&mut account.switches);
        let Switches { restricted_profile, may_not_configure, .. } = account.switches;
        standard::rights(&mut account.store, restricted_profile, may_not_configure);
    }

    /// Every write that was applied through the API, in order.
    pub fn applied(&self) -> Vec<Applied> {
        self.lock().journal.applied.iter().cloned().collect()
    }

    /// How many writes were applied through the API.
    pub fn writes(&self) -> usize {
        self.lock().journal.applied.len()
    }

    /// Every request that reached the service, in order.
    pub fn requests(&self) -> Vec<Requested> {
        self.lock().journal.requests.iter().cloned().collect()
    }

    /// The most requests that came within any span of this length.
    pub fn max_in_any_window(&self, length: Duration) -> usize {
        let length = TimeDelta::from_std(length).unwrap_or(TimeDelta::MAX);
        self.lock().journal.max_in_any_window(length)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Everything about a request but the waiting: what is changed is changed here.
    fn receive(&self, request: &Request<Bytes>) -> Ending {
        let now = self.clock.now();
        let (method, path) = (request.method(), request.uri().path());
        let target = request.uri().path_and_query().map_or(path, |it| it.as_str());
        let mut state = self.lock();
        let state = &mut *state;
        if let Some(what) = path.strip_prefix(OUTSIDE) {
            return Ending::Answer(outside(state, what), Duration::ZERO);
        }
        if !self.knows(request.headers()) {
            state.journal.request(now, method.as_str(), target);
            let answer = respond::refusal(&Refusal::unauthorized(), &state.account.switches);
            return concluded(state, Ending::Answer(answer, Duration::ZERO), now);
        }
        let throttled = state.quota.take(now, &state.account.switches).err();
        let fault = if throttled.is_none() { self.faults.strike(method, path) } else { None };
        if fault == Some(Fault::Refused) {
            return Ending::Refused;
        }
        state.journal.request(now, method.as_str(), target);
        if let Some(seconds) = throttled {
            let answer = throttle(state, method, path, seconds);
            return concluded(state, Ending::Answer(answer, Duration::ZERO), now);
        }
        let ask = Ask {
            method,
            path,
            query: request.uri().query().unwrap_or_default(),
            headers: request.headers(),
            body: request.body(),
            base: base_of(request),
            now,
        };
        let ending = worked(state, &ask, fault.as_ref());
        concluded(state, ending, now)
    }

    fn knows(&self, headers: &HeaderMap) -> bool {
        let fits = |it: &str| it == self.key || (self.key.is_empty() && !it.is_empty());
        headers.get("user-key").is_some_and(|it| it.to_str().is_ok_and(fits))
    }
}

/// Does the work, and what `fault` makes of it.
fn worked(state: &mut State, ask: &Ask<'_>, fault: Option<&Fault>) -> Ending {
    match fault.cloned() {
        Some(Fault::Status { code, retry_after, body, when: When::Before }) => {
            return Ending::Answer(respond::fault(code, retry_after, body), Duration::ZERO);
        }
        Some(Fault::Reset(When::Before)) => return Ending::Broken("reset"),
        Some(Fault::Silence(When::Before)) => return Ending::Silence,
        _ => {}
    }
    let right = done(state, ask);
    let latency = state.account.switches.latency;
    match fault.cloned() {
        Some(Fault::Status { code, retry_after, body, when: When::After }) => {
            Ending::Answer(respond::fault(code, retry_after, body), latency)
        }
        Some(Fault::Reset(When::After)) => Ending::Broken("reset"),
        Some(Fault::Silence(When::After)) => Ending::Silence,
        Some(Fault::Truncated) => Ending::Answer(respond::truncated(right), latency),
        Some(Fault::Empty) => Ending::Answer(nothing(ask.method, ask.path), latency),
        Some(Fault::Slow(delay)) => Ending::Answer(right, latency + delay),
        _ => Ending::Answer(right, latency),
    }
}

/// The right answer, once the work is done.
fn done(state: &mut State, ask: &Ask<'_>) -> Response<Bytes> {
    match state.account.handle(ask) {
        Ok(Reply { status, body, wrote }) => {
            if let Some((did, table, id, body)) = wrote {
                state.journal.wrote(ask.path, (did, table, id), body);
            }
            body.map_or_else(|| respond::empty(status), |body| respond::body(status, body))
        }
        Err(refusal) => respond::refusal(&refusal, &state.account.switches),
    }
}

/// Notes how the request ended, and puts the date on its answer.
fn concluded(state: &mut State, ending: Ending, now: chrono::DateTime<chrono::Utc>) -> Ending {
    match ending {
        Ending::Answer(answer, delay) => {
            state.journal.answered(Some(answer.status().as_u16()));
            Ending::Answer(respond::dated(answer, now), delay)
        }
        ending => ending,
    }
}

/// The answer to a request over the limit.
fn throttle(state: &State, method: &Method, path: &str, seconds: u64) -> Response<Bytes> {
    let switches = &state.account.switches;
    if switches.throttled_empty && *method == Method::GET {
        return nothing(method, path);
    }
    respond::fault(429, switches.retry_after.then_some(seconds), switches.throttle_body)
}

/// 200 with nothing in it.
fn nothing(method: &Method, path: &str) -> Response<Bytes> {
    if *method != Method::GET {
        return respond::empty(200);
    }
    let set = path.trim_start_matches('/');
    let context = format!("{}/$metadata#{set}", shape::HOST);
    respond::json(200, &json!({ "@odata.context": context, "value": [] }))
}

/// What is outside the API's namespace.
fn outside(state: &State, what: &str) -> Response<Bytes> {
    match what {
        "applied" => respond::json(200, &json!(state.journal.applied)),
        "requests" => respond::json(200, &json!(state.journal.requests)),
        _ => respond::empty(404),
    }
}

/// Scheme and host that the client used, for links to further pages.
fn base_of(request: &Request<Bytes>) -> String {
    let host = request.headers().get(HOST).and_then(|it| it.to_str().ok());
    let host = request.uri().authority().map(http::uri::Authority::as_str).or(host);
    let scheme = request.uri().scheme_str().unwrap_or("http");
    format!("{scheme}://{}", host.unwrap_or("localhost"))
}

impl Remote for Ploomes {
    fn call<'a>(
        &'a self,
        request: Request<Bytes>,
    ) -> Pin<Box<dyn Future<Output = Result<Response<Bytes>, WireError>> + Send + 'a>> {
        Box::pin(async move {
            match self.receive(&request) {
                Ending::Answer(answer, delay) => {
                    if !delay.is_zero() {
                        tokio::time::sleep(delay).await;
                    }
                    Ok(answer)
                }
                Ending::Silence => std::future::pending().await,
                Ending::Broken(how) => Err(WireError::Broken(how.into())),
                Ending::Refused => Err(WireError::NotSent("connection refused".into())),
            }
        })
    }
}

#[cfg(test)]
mod tests;
