//! What a status means, for reads and for writes.
//!
//! A refused read never passes for an empty answer, and a write whose effect is not known says so.

use std::time::Duration;

use http::Method;
use serde_json::{Map, Value};

use super::{Query, answer};
use crate::{
    domain::Lane,
    transport::{Answer, Call, CallError, Limiter, Permit, Sender, Standing, Verdict},
};

const API: &str = "Ploomes";

/// The longest `Retry-After` that is believed: the window of the quota is a minute, so a day is a
/// mistake, and more than a day would park the work for good.
const RETRY_AFTER_MAX: Duration = Duration::from_hours(24);

/// Whether a call can change anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Effect {
    Read,
    Write,
}

/// Leave to send one write, to be waited for before the write is journalled.
#[derive(Debug)]
#[must_use = "a turn is counted whether it is used or not"]
pub struct Turn {
    permit: Permit,
    lane: Lane,
}

/// One account's API; clones share the limiter.
#[derive(Clone)]
pub(super) struct Api {
    sender: Sender,
}

impl Api {
    pub(super) const fn new(sender: Sender) -> Self {
        Self { sender }
    }

    pub(super) fn limiter(&self) -> &Limiter {
        self.sender.limiter()
    }

    pub(super) fn standing(&self) -> &Standing {
        self.sender.standing()
    }

    /// `GET`: a 2xx answer.
    pub(super) async fn get(&self, target: String, lane: Lane) -> Result<Answer, CallError> {
        let turn = self.turn(lane).await?;
        self.call(Call::get(target), Effect::Read, turn).await
    }

    /// Waits for leave to send one request.
    pub(super) async fn turn(&self, lane: Lane) -> Result<Turn, CallError> {
        Ok(Turn { permit: self.sender.permit(lane).await?, lane })
    }

    /// `POST` or `PATCH`, once: a 2xx answer.
    pub(super) async fn write(
        &self,
        method: Method,
        target: String,
        body: &Map<String, Value>,
        turn: Turn,
    ) -> Result<Answer, CallError> {
        let body = serde_json::to_vec(body).expect("JSON can be written as JSON");
        self.call(Call { method, target, body: body.into() }, Effect::Write, turn).await
    }

    async fn call(&self, call: Call, effect: Effect, turn: Turn) -> Result<Answer, CallError> {
        let operation = call.operation();
        let Turn { permit, lane } = turn;
        let answer = self.sender.send_with(call, permit).await?;
        if is_success(answer.status) {
            self.sender.note_key(true);
            return Ok(answer);
        }
        let refusal = self.refusal(effect, operation, &answer, lane).await;
        if refusal.verdict() == Verdict::WrongKey {
            self.sender.note_key(false);
        }
        Err(refusal)
    }

    /// Whether the key is taken at all: `None` where that cannot be told now.
    async fn key_is_taken(&self, lane: Lane) -> Option<bool> {
        match self.sender.send(Call::get(probe().target()), lane).await.ok()?.status {
            401 | 403 => Some(false),
            status => is_success(status).then_some(true),
        }
    }

    /// An answer that is no success, as an error that says what it means.
    ///
    /// A 403 has five causes, from a missing right to a wrong property; only where the account
    /// itself is refused too it is the key (or our address).
    async fn refusal(
        &self,
        effect: Effect,
        operation: String,
        answer: &Answer,
        lane: Lane,
    ) -> CallError {
        let status = answer.status;
        let verdict = match (status, effect) {
            (401, _) => Verdict::WrongKey,
            (403, _) if operation == Call::get(probe().target()).operation() => Verdict::WrongKey,
            (403, _) => match self.key_is_taken(lane).await {
                Some(true) => Verdict::GiveUp,
                Some(false) => Verdict::WrongKey,
                None => Verdict::TryLater { after: None },
            },
            (404, _) => Verdict::NotFound,
            (400 | 405 | 422, _) => Verdict::GiveUp,
            (429, _) | (_, Effect::Read) => Verdict::TryLater { after: retry_after(answer) },
            (_, Effect::Write) => Verdict::Look,
        };
        let message = answer::words(&answer.body);
        CallError::Status { api: API, operation, status, message, verdict }
    }
}

/// The cheapest question that tells whether the key is taken.
pub(super) fn probe() -> Query {
    Query::of("/Account").top(1).select(&["Id"])
}

/// A read whose 2xx cannot be used: nothing is known, so it is asked again later.
pub(super) fn unusable(target: &str, problem: impl Into<String>) -> CallError {
    CallError::Unreadable {
        api: API,
        operation: Call::get(target).operation(),
        problem: problem.into(),
        verdict: Verdict::TryLater { after: None },
    }
}

/// A `POST` whose 2xx does not say what was made: it may have been made.
pub(super) fn unconfirmed(path: &str, problem: &str) -> CallError {
    CallError::Unreadable {
        api: API,
        operation: format!("POST {path}"),
        problem: problem.to_owned(),
        verdict: Verdict::Look,
    }
}

const fn is_success(status: u16) -> bool {
    matches!(status, 200..=299)
}

fn retry_after(answer: &Answer) -> Option<Duration> {
    Some(answer.retry_after()?.min(RETRY_AFTER_MAX))
}

#[cfg(test)]
mod tests;
