//! Carries a plan out, one step at a time: journal, call, journal. Decides nothing.
//!
//! The only user of [`crate::ploomes::Writer`] for leads. Before each request its step is on disk
//! as `sent`; after it, what came of it and what the lead now holds are written together.

use std::{
    collections::{BTreeMap, BTreeSet},
    pin::pin,
    time::Duration,
};

use serde_json::{Map, Value};
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

use super::{
    observe::Context,
    recover,
    shared::Shared,
    words::{masked, without_rejected, words},
};
use crate::{
    domain::RecordId,
    ledger::{
        LedgerError, control,
        journal::{self, Answer, Sending, StepId},
        lead, made, route,
        step::StepEvent,
    },
    mutation::{Protection, is_off},
    planner::{Action, Link, Plan, Step, StepKind},
    ploomes::{Turn, Written},
    transport::{CallError, Verdict},
};

/// How long a plan may wait for Ploomes to take requests again; then both sides are looked at anew.
const OLD_AFTER: Duration = Duration::from_secs(30);
/// How often a plan that has waited that long asks whether there was a pause: no pause is shorter.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How carrying out a plan ended.
pub(super) enum Executed {
    /// Every step is done; words to add to the lead's warnings.
    Whole(Vec<String>),
    /// A step did not happen, and may later.
    Later(CallError),
    /// A note may or may not have been written, and is not written again: plan once more.
    Again,
    /// Ploomes refuses a step for good; the reason, with the server's words.
    Refused(String),
    /// A step may or may not have happened; the lead waits for its look.
    InDoubt,
    /// The service is stopping, or a person paused the route.
    Stopping,
}

/// Carries `plan` out.
pub(super) async fn execute(
    shared: &Shared,
    context: &Context,
    keys: &BTreeSet<[u8; 32]>,
    plan: &Plan,
    stopping: &CancellationToken,
) -> Result<Executed, LedgerError> {
    let pass = Pass { shared, context, keys };
    let mut made: BTreeMap<StepKind, RecordId> = BTreeMap::new();
    let mut warnings = Vec::new();
    for step in &plan.steps {
        if stopping.is_cancelled() {
            return Ok(Executed::Stopping);
        }
        let executed = match &step.action {
            Action::Adopt { record } => {
                pass.decide(step, Some(*record)).await?;
                made.insert(step.kind, *record);
                continue;
            }
            Action::Skip => {
                pass.decide(step, None).await?;
                continue;
            }
            Action::Create { body, links } => {
                let body = linked(body, links, &made);
                pass.create(step, body, &mut warnings).await?
            }
            Action::Update { record, body, links } => {
                let body = linked(body, links, &made);
                pass.update(step, *record, &body).await?
            }
        };
        match executed {
            Sent::Done(Some(record)) => {
                made.insert(step.kind, record);
            }
            Sent::Done(None) => {}
            Sent::Ended(executed) => return Ok(executed),
        }
    }
    Ok(Executed::Whole(warnings))
}

/// How one request ended.
enum Sent {
    Done(Option<RecordId>),
    Ended(Executed),
}

/// The body with the ids of records made earlier in this plan.
fn linked(
    body: &Map<String, Value>,
    links: &[Link],
    made: &BTreeMap<StepKind, RecordId>,
) -> Map<String, Value> {
    let mut body = body.clone();
    for link in links {
        if let Some(record) = made.get(&link.to) {
            body.insert(link.property.to_owned(), Value::from(record.0));
        }
    }
    body
}

/// One lead's plan being carried out.
struct Pass<'a> {
    shared: &'a Shared,
    context: &'a Context,
    /// Keyed hashes of the lead's identity keys, the records of the plan included.
    keys: &'a BTreeSet<[u8; 32]>,
}

impl Pass<'_> {
    async fn decide(&self, step: &Step, record: Option<RecordId>) -> Result<(), LedgerError> {
        let (lead, kind, reason, now) =
            (self.context.lead.id, step.kind, step.reason.clone(), self.shared.now());
        let holds = record.is_some() && self.context.holds(kind);
        self.shared
            .ledger
            .write(move |tx| {
                journal::decide(tx, lead, kind, record, &reason, now)?;
                if holds { lead::hold(tx, lead, kind, record, now) } else { Ok(()) }
            })
            .await
    }

    /// Waits for the turn before the step is journalled as sent: a wait of a minute in between would
    /// leave steps in doubt that never left.
    ///
    /// After a pause of the whole API the plan is old, and a person may have paused the route. An old
    /// one gives its place up before its turn comes: a turn that nobody uses is counted all the same.
    async fn turn(&self) -> Result<Result<Turn, Executed>, LedgerError> {
        let begin = Instant::now();
        let is_old = || {
            let waited = begin.elapsed();
            waited >= OLD_AFTER && self.shared.reader.limiter().throttled_within(waited)
        };
        let mut taken = pin!(self.shared.writer.turn(self.context.work.lane));
        let mut look_after = OLD_AFTER;
        let turn = loop {
            match timeout(look_after, &mut taken).await {
                Ok(Ok(turn)) => break turn,
                Ok(Err(CallError::Stopping { .. })) => return Ok(Err(Executed::Stopping)),
                Ok(Err(error)) => return Ok(Err(Executed::Later(error))),
                Err(_) if is_old() => return Ok(Err(Executed::Again)),
                Err(_) => look_after = LOOK_EVERY,
            }
        };
        if is_old() {
            return Ok(Err(Executed::Again));
        }
        let route = self.context.lead.route;
        let paused = self.shared.ledger.read(move |conn| route::is_paused(conn, route)).await?;
        Ok(if paused { Err(Executed::Stopping) } else { Ok(turn) })
    }

    async fn journal_sent(
        &self,
        step: &Step,
        record: Option<RecordId>,
        body: &Map<String, Value>,
    ) -> Result<StepId, LedgerError> {
        let (lead, kind, now) = (self.context.lead.id, step.kind, self.shared.now());
        let (reason, request, keys) = (step.reason.clone(), body.clone(), self.keys.clone());
        let fields = step.fields.clone();
        self.shared
            .ledger
            .write(move |tx| {
                let sending = Sending {
                    lead,
                    kind,
                    record,
                    reason: &reason,
                    request: &request,
                    fields: &fields,
                    keys: &keys,
                };
                journal::send(tx, &sending, now)
            })
            .await
    }

    /// Creates a record. What Ploomes rejects only for its origin or tags is sent once more without.
    async fn create(
        &self,
        step: &Step,
        body: Map<String, Value>,
        warnings: &mut Vec<String>,
    ) -> Result<Sent, LedgerError> {
        let mut body = body;
        let mut dropped = false;
        loop {
            let turn = match self.turn().await? {
                Ok(turn) => turn,
                Err(ended) => return Ok(Sent::Ended(ended)),
            };
            let id = self.journal_sent(step, None, &body).await?;
            let writer = &self.shared.writer;
            let answer = match step.kind {
                StepKind::Company | StepKind::Person => writer.create_contact(&body, turn).await,
                StepKind::Deal => writer.create_deal(&body, turn).await,
                StepKind::Note => writer.create_note(&body, turn).await,
            };
            match answer {
                Ok(written) => return self.succeed(step, id, written).await,
                Err(error) => {
                    if error.verdict() == Verdict::Look && is_off(Protection::LookBeforeRepeat) {
                        self.refuse(id, &error).await?;
                        continue;
                    }
                    if !dropped && let Some((without, warning)) = without_rejected(&body, &error) {
                        self.refuse(id, &error).await?;
                        tracing::warn!(lead.id = self.context.lead.id.0, "{warning}");
                        warnings.push(warning);
                        body = without;
                        dropped = true;
                        continue;
                    }
                    return self.failed(step, id, error).await.map(Sent::Ended);
                }
            }
        }
    }

    async fn succeed(
        &self,
        step: &Step,
        id: StepId,
        written: Written,
    ) -> Result<Sent, LedgerError> {
        let (lead, kind, now) = (self.context.lead.id, step.kind, self.shared.now());
        let (keys, lasting) = (self.context.keys_of(kind), self.context.keys_after_erase(kind));
        let (record, holds) = (written.id, self.context.holds(kind));
        self.shared.health.succeeded(now);
        self.shared
            .ledger
            .write(move |tx| {
                let answer = Answer { status: Some(written.status), body: Some(&written.body) };
                journal::advance(tx, id, StepEvent::Succeed, record, answer, now)?;
                if holds {
                    lead::hold(tx, lead, kind, record, now)?;
                }
                if let (StepKind::Company | StepKind::Person, Some(record)) = (kind, record) {
                    let keys = if lead::is_erased(tx, lead)? { lasting } else { keys };
                    made::keep(tx, &keys, record, now)?;
                    control::remember(tx, record, now)?;
                }
                Ok(())
            })
            .await?;
        tracing::info!(
            lead.id = lead.0,
            record.id = record.map(|it| it.0),
            "wrote a {}",
            kind.as_str()
        );
        Ok(Sent::Done(record))
    }

    async fn update(
        &self,
        step: &Step,
        record: RecordId,
        body: &Map<String, Value>,
    ) -> Result<Sent, LedgerError> {
        let turn = match self.turn().await? {
            Ok(turn) => turn,
            Err(ended) => return Ok(Sent::Ended(ended)),
        };
        let id = self.journal_sent(step, Some(record), body).await?;
        let writer = &self.shared.writer;
        let answer = match step.kind {
            StepKind::Deal => writer.update_deal(record, body, turn).await,
            _ => writer.update_contact(record, body, turn).await,
        };
        match answer {
            Ok(written) => {
                let written = Written { id: Some(record), ..written };
                self.succeed(step, id, written).await
            }
            Err(error) => self.failed(step, id, error).await.map(Sent::Ended),
        }
    }

    /// Keeps that a step certainly did not happen, with the server's words.
    async fn refuse(&self, id: StepId, error: &CallError) -> Result<(), LedgerError> {
        let now = self.shared.now();
        let (status, words) = (error.status(), words(error));
        self.shared
            .ledger
            .write(move |tx| {
                let answer = Answer { status, body: Some(words.as_bytes()) };
                journal::advance(tx, id, StepEvent::Refuse, None, answer, now)
            })
            .await
    }

    /// Keeps what a failed request means.
    async fn failed(
        &self,
        step: &Step,
        id: StepId,
        error: CallError,
    ) -> Result<Executed, LedgerError> {
        super::shared::log_call(&error, "a write to Ploomes");
        match error.verdict() {
            Verdict::Look => self.doubt(step, id, error).await,
            verdict => {
                self.refuse(id, &error).await?;
                Ok(match verdict {
                    Verdict::WrongKey => {
                        self.shared.health.key_refused(self.shared.now());
                        Executed::Later(error)
                    }
                    // The record is gone: look again as for a new lead, after a while, so that
                    // a record that shows and cannot be written does not spin.
                    Verdict::NotFound if matches!(step.action, Action::Update { .. }) => {
                        Executed::Later(error)
                    }
                    Verdict::NotFound | Verdict::GiveUp => {
                        let status =
                            error.status().map_or_else(String::new, |it| format!(" ({it})"));
                        Executed::Refused(format!(
                            "Ploomes refuses the {}{status}: {}",
                            step.kind.as_str(),
                            masked(&words(&error), step.action.body())
                        ))
                    }
                    Verdict::TryLater { .. } | Verdict::Look => Executed::Later(error),
                })
            }
        }
    }

    /// Keeps that nobody knows whether a step happened.
    ///
    /// Only a created company, person or deal is worth a look: an update has absolute values and may be
    /// sent again, a note is at most once.
    async fn doubt(
        &self,
        step: &Step,
        id: StepId,
        error: CallError,
    ) -> Result<Executed, LedgerError> {
        let said = (error.status(), Some(words(&error)));
        let reason = "the answer to a write never came";
        if recover::doubt(self.shared, &self.context.lead, id, said, reason).await? {
            return Ok(Executed::InDoubt);
        }
        Ok(match step.kind {
            // Never written twice: the lead goes on without knowing.
            StepKind::Note => Executed::Again,
            _ => Executed::Later(error),
        })
    }
}
