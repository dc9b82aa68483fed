//! Webhooks on their way: queued, lost, doubled, late.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};

use super::{change::Actor, model::Model, switches::WebhookLuck, time::Second};
use crate::domain::{AutomationId, ContactId, EnrollmentId};

/// What became of a webhook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WebhookFate {
    /// It was not sent yet.
    Waiting,
    /// It was never sent.
    Dropped,
    /// The receiver took it, once at least.
    Delivered,
    /// It was sent, and no 2xx came in time. The receiver may have it all the same.
    Failed,
}

/// One webhook that a contact caused, sent or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookRecord {
    /// The contact, as it was then.
    pub contact: ContactId,
    /// The enrollment and its automation, as they were then; `None` for a global webhook.
    pub enrollment: Option<(EnrollmentId, AutomationId)>,
    /// When the step ran: the body is from that moment.
    pub at: DateTime<Utc>,
    /// When it is sent.
    pub due: DateTime<Utc>,
    /// How often it is sent: 0, 1 or 2.
    pub copies: u32,
    /// What became of it.
    pub fate: WebhookFate,
}

/// A request to a receiver that is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// The place of its record in [`super::ActiveCampaign::webhooks`].
    pub record: usize,
    /// A URL, or a path at the receiver.
    pub target: String,
    /// `application/x-www-form-urlencoded`.
    pub body: String,
    /// The place of its global webhook, where it is one.
    pub(super) hook: Option<usize>,
}

/// What is queued, and what became of all that was.
pub(super) struct Outbox {
    rng: StdRng,
    queue: BTreeMap<(DateTime<Utc>, u64), Outgoing>,
    last: u64,
    records: Vec<WebhookRecord>,
}

impl Outbox {
    pub(super) fn new(seed: u64) -> Self {
        // A stream of its own: another draw elsewhere must not change which webhooks are lost.
        let rng = StdRng::seed_from_u64(seed ^ 0x00ab_007b_0c5e_aded);
        Self { rng, queue: BTreeMap::new(), last: 0, records: Vec::new() }
    }

    pub(super) fn records(&self) -> &[WebhookRecord] {
        &self.records
    }

    /// When the next one is sent.
    pub(super) fn due(&self) -> Option<DateTime<Utc>> {
        self.queue.first_key_value().map(|((due, _), _)| *due)
    }

    /// Takes out those that are due by `now`, at most so many, in the order in which they are sent.
    pub(super) fn take(&mut self, now: DateTime<Utc>, most: usize) -> Vec<Outgoing> {
        let mut taken = Vec::new();
        while taken.len() < most
            && let Some(first) = self.queue.first_entry()
            && first.key().0 <= now
        {
            taken.push(first.remove());
        }
        taken
    }

    pub(super) fn settle(&mut self, record: usize, delivered: bool) {
        if let Some(it) = self.records.get_mut(record)
            && it.fate != WebhookFate::Delivered
        {
            it.fate = if delivered { WebhookFate::Delivered } else { WebhookFate::Failed };
        }
    }

    /// Queues a webhook as luck has it. All draws are made each time, so that a change of one
    /// chance leaves the others as they were.
    fn post(&mut self, mut record: WebhookRecord, outgoing: Outgoing, luck: WebhookLuck) {
        let dropped = self.chance(luck.dropped_per_mille);
        let doubled = self.chance(luck.duplicated_per_mille);
        let overtaken = self.chance(luck.overtaken_per_mille);
        let spread = luck.delay_max.saturating_sub(luck.delay_min);
        let mut delay = luck.delay_min + spread.mul_f64(self.rng.random::<f64>());
        if overtaken {
            delay += luck.overtaken_by;
        }
        record.due = held_back(record.at + TimeDelta::from_std(delay).unwrap_or_default(), luck);
        if dropped {
            (record.copies, record.fate) = (0, WebhookFate::Dropped);
        } else {
            record.copies = if doubled { 2 } else { 1 };
        }
        let outgoing = Outgoing { record: self.records.len(), ..outgoing };
        for _ in 0..record.copies {
            self.last += 1;
            self.queue.insert((record.due, self.last), outgoing.clone());
        }
        self.records.push(record);
    }

    fn chance(&mut self, per_mille: u32) -> bool {
        self.rng.random_range(0..1000) < per_mille
    }
}

/// The next multiple of `burst_every`, where webhooks are held back.
fn held_back(due: DateTime<Utc>, luck: WebhookLuck) -> DateTime<Utc> {
    let every = i64::try_from(luck.burst_every.as_millis()).unwrap_or(i64::MAX);
    if every == 0 {
        return due;
    }
    let past = due.timestamp_millis().rem_euclid(every);
    let wait = if past == 0 { 0 } else { every - past };
    due + TimeDelta::milliseconds(wait)
}

impl Model {
    /// Posts the contact of an enrollment, as it is now.
    pub(super) fn post_step(&mut self, enrollment: i64, target: &str, now: DateTime<Utc>) {
        let Some(row) = self.enrollments.get(enrollment) else { return };
        let Ok(contact) = self.contact(row.contact) else { return };
        let body = self.automation_body(contact, row.automation);
        let record = WebhookRecord {
            contact: ContactId(row.contact),
            enrollment: Some((EnrollmentId(enrollment), AutomationId(row.automation))),
            at: now,
            due: now,
            copies: 0,
            fate: WebhookFate::Waiting,
        };
        let outgoing = Outgoing { record: 0, target: target.to_owned(), body, hook: None };
        self.outbox.post(record, outgoing, self.switches.webhooks);
    }

    /// Posts an event to the global webhooks that want it.
    pub(super) fn announce(
        &mut self,
        event: &str,
        id: i64,
        extra: &[(&str, &str)],
        actor: Actor,
        now: Second,
    ) {
        for hook in 0..self.hooks.len() {
            let (it, active) = &self.hooks[hook];
            let wanted = it.events.iter().any(|name| name == event);
            if !active || !wanted || (actor == Actor::System && !it.system) {
                continue;
            }
            let target = it.target.clone();
            let Ok(contact) = self.contact(id) else { return };
            let from = if actor == Actor::System { "system" } else { "admin" };
            let body = self.global_body(event, contact, extra, from, now);
            let record = WebhookRecord {
                contact: ContactId(id),
                enrollment: None,
                at: now.utc(),
                due: now.utc(),
                copies: 0,
                fate: WebhookFate::Waiting,
            };
            let outgoing = Outgoing { record: 0, target, body, hook: Some(hook) };
            self.outbox.post(record, outgoing, self.switches.webhooks);
        }
    }
}
