//! A simulated `ActiveCampaign` account: a model that remembers, and what is known of its API.
//!
//! It answers reads (`GET /api/3/…`) in process ([`Remote`]) or, served by
//! [`crate::simulator`]'s HTTP face, over a socket. It is strict: a wrong key, an unknown path, an
//! unreadable parameter and a sixth request within a second are refused. What nobody documents is a
//! switch ([`Switches`]); what goes wrong by chance or by plan is a [`Faults`]. Contacts enter
//! automations and cause webhooks, which are lost, doubled and late as [`WebhookLuck`] says, and of
//! which a log is kept.
//!
//! Left out: writing over the API (`ponte` only reads), deals, segments, campaigns.

mod actions;
mod answer;
mod body;
mod catalog;
mod change;
mod contacts;
mod door;
mod enrollments;
mod flow;
mod input;
mod json;
mod merge;
mod model;
mod outbox;
mod query;
mod routes;
mod sender;
mod shape;
mod switches;
mod table;
mod time;

#[cfg(test)]
mod tests;

use std::{
    collections::BTreeSet,
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use chrono::{DateTime, Utc};
use tokio::sync::Notify;

use self::{door::Door, model::Model};
pub use self::{
    door::SeenRequest,
    input::{
        ContactChange, GlobalWebhook, Import, NewAutomation, NewContact, NewField, Refused, Step,
    },
    outbox::{Outgoing, WebhookFate, WebhookRecord},
    sender::Receiver,
    switches::{
        AddDate, DateReading, DateZone, Ignores, LimitAboveMaximum, MergeRules, Shape, Switches,
        Throttle, ThrottleAnswer, UdateMoves, UpdateStamp, WebhookLuck,
    },
};
use crate::{
    clock::Clock,
    domain::{AutomationId, ContactId, EnrollmentId},
    simulator::fault::Faults,
    transport::{Remote, WireError},
};

/// A simulated account; clones are the same account.
#[derive(Clone)]
pub struct ActiveCampaign(Arc<Inner>);

struct Inner {
    clock: Clock,
    key: String,
    faults: Faults,
    state: Mutex<State>,
    /// Something was done: the sender may have to wake up earlier.
    news: Notify,
}

struct State {
    model: Model,
    door: Door,
}

impl ActiveCampaign {
    /// An empty account that takes `key`, or any key where it is empty; `seed` decides everything that is left to chance.
    pub fn new(clock: Clock, seed: u64, key: &str, switches: Switches) -> Self {
        let state = State { model: Model::new(seed, switches), door: Door::default() };
        Self(Arc::new(Inner {
            clock,
            key: key.to_owned(),
            faults: Faults::none(seed),
            state: Mutex::new(state),
            news: Notify::new(),
        }))
    }

    /// What goes wrong with requests.
    pub fn faults(&self) -> &Faults {
        &self.0.faults
    }

    /// Changes how it behaves, from now on.
    pub fn switch(&self, change: impl FnOnce(&mut Switches)) {
        change(&mut self.lock().model.switches);
        self.0.news.notify_one();
    }

    /// What time it is by its own clock.
    pub fn now(&self) -> DateTime<Utc> {
        self.0.clock.now() + self.lock().model.switches.clock_skew
    }

    /// The requests that came in, the oldest first, the last 100,000 at most.
    pub fn requests(&self) -> Vec<SeenRequest> {
        self.lock().door.log().iter().cloned().collect()
    }

    /// How many contacts there are.
    pub fn contacts(&self) -> usize {
        self.settled().model.contacts.rows().len()
    }

    /// All enrollments there are, by id, each with its contact and automation.
    pub fn enrollments(&self) -> Vec<(EnrollmentId, ContactId, AutomationId)> {
        let state = self.settled();
        let rows = state.model.enrollments.rows().iter();
        rows.map(|it| (EnrollmentId(it.id), ContactId(it.contact), AutomationId(it.automation)))
            .collect()
    }

    /// All webhooks that contacts caused, in that order, and what became of each.
    pub fn webhooks(&self) -> Vec<WebhookRecord> {
        self.settled().model.outbox.records().to_vec()
    }

    /// The enrollments whose webhook was dropped or failed, as they were then.
    pub fn lost_webhooks(&self) -> BTreeSet<EnrollmentId> {
        let lost =
            |it: &&WebhookRecord| matches!(it.fate, WebhookFate::Dropped | WebhookFate::Failed);
        let state = self.settled();
        let records = state.model.outbox.records().iter().filter(lost);
        records.filter_map(|it| it.enrollment.map(|(id, _)| id)).collect()
    }

    /// The state after everything that is due by now.
    fn settled(&self) -> MutexGuard<'_, State> {
        let now = self.now();
        let mut state = self.lock();
        state.model.settle(now);
        state
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Remote for ActiveCampaign {
    fn call<'a>(
        &'a self,
        request: http::Request<Bytes>,
    ) -> Pin<Box<dyn Future<Output = Result<http::Response<Bytes>, WireError>> + Send + 'a>> {
        Box::pin(self.answer(request))
    }
}
