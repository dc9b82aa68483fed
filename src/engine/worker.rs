//! Brings leads into Ploomes: claim, recover, observe, plan, execute, settle.
//!
//! A few passes run side by side, so that the quota stays full while Ploomes takes its time; never
//! two that share an identity.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::{
    FutureExt, StreamExt,
    future::{BoxFuture, OptionFuture},
    stream::FuturesUnordered,
};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{
    claim::{Claim, Claimed, Task, claim, claim_records},
    execute::{self, Executed},
    observe::{self, Context, ObserveError},
    recover::{self, Recovered},
    shared::{Shared, log_call},
    wake::{FALLBACK_TICK, woken_or_due},
};
use crate::{
    domain::{LeadId, LeadState, RouteId},
    ledger::{Hash, LedgerError, journal, lead, observation, step::StepState, work, work::Work},
    planner::{self, Outcome, Plan, Purpose},
    transport::{CallError, Verdict},
};

/// Passes side by side: at 2 s a call and three calls a lead, eight keep 120 requests a minute
/// full twice over.
const PASSES_MAX: usize = 8;
/// How long a lead waits at least once its route is found to be held.
const ROUTE_HELD: TimeDelta = TimeDelta::minutes(1);

pub(super) async fn run(shared: Arc<Shared>, stopping: CancellationToken) {
    let mut passes = FuturesUnordered::new();
    // Kept across turns of the loop: a claim that is dropped could leave a lead held.
    let mut claiming: Option<BoxFuture<'_, Claim>> = None;
    let mut idle: Option<Option<Duration>> = None;
    loop {
        let stops = stopping.is_cancelled();
        if stops && passes.is_empty() && claiming.is_none() {
            return;
        }
        if claiming.is_none() && idle.is_none() && !stops && passes.len() < PASSES_MAX {
            claiming = Some(claim(&shared).boxed());
        }
        let (claims, waits) = (claiming.is_some(), idle.is_some());
        tokio::select! {
            biased;
            claimed = OptionFuture::from(claiming.as_mut()), if claims => {
                claiming = None;
                match claimed {
                    Some(Claim::Lead(claimed)) if stopping.is_cancelled() => {
                        shared.busy.release(claimed.context.lead.id);
                    }
                    Some(Claim::Lead(claimed)) => passes.push(pass(&shared, *claimed, &stopping)),
                    Some(Claim::Nothing(wait)) => idle = Some(wait),
                    None => {}
                }
            }
            Some(()) = passes.next(), if !passes.is_empty() => idle = None,
            () = stopping.cancelled(), if !stops => {}
            () = woken_or_due(&shared.wake.worker, idle.flatten(), shared.settings.tick), if waits && !claims => idle = None,
        }
    }
}

/// Works on one lead, and keeps what came of it.
async fn pass(shared: &Shared, claimed: Claimed, stopping: &CancellationToken) {
    let lead = claimed.context.lead.id;
    // One lead that breaks the program must not stop all others: what it had sent stands in the
    // journal, and nothing else of it is looked at again.
    let outcome = AssertUnwindSafe(work_on(shared, claimed, stopping)).catch_unwind().await;
    let kept = match outcome {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => {
            tracing::error!(lead.id = lead.0, %error, "a lead cannot be written down");
            let due = shared.retry_at(1, None);
            let reason = "the ledger could not be written";
            shared.ledger.write(move |tx| work::postpone(tx, lead, due, reason)).await
        }
        Err(_) => broke_off(shared, lead).await,
    };
    if kept.is_err() {
        // Nothing can be kept now: do not spin on it.
        tokio::time::sleep(FALLBACK_TICK).await;
    }
    shared.busy.release(lead);
}

/// The work on a lead panicked: what it had sent is in doubt, and a person is asked for.
async fn broke_off(shared: &Shared, lead: LeadId) -> Result<(), LedgerError> {
    tracing::error!(lead.id = lead.0, "the work on a lead broke off; please report this as a bug");
    let (now, due) = (shared.now(), shared.retry_at(1, None));
    shared
        .ledger
        .write(move |tx| {
            let reason = "the work on it broke off";
            if let Some(open) = journal::open_of(tx, lead)? {
                if open.state == StepState::Sent {
                    journal::doubt(tx, open.id, journal::Answer::default(), reason, now)?;
                }
                let route = lead::get(tx, lead)?.map(|it| it.route);
                return route.map_or(Ok(()), |it| work::wait_for_look(tx, (lead, it), due));
            }
            let found = lead::get(tx, lead)?;
            let settled =
                found.is_some_and(|it| matches!(it.state, LeadState::Done | LeadState::Skipped));
            if !settled {
                let standing = lead::Standing { reason: Some(reason), ..Default::default() };
                lead::set_state(tx, lead, LeadState::Failed, &standing, now)?;
            }
            work::remove(tx, lead)
        })
        .await
}

/// How a pass ended.
enum Passed {
    /// The plan is carried out.
    Finished(Plan, Hash, Vec<String>),
    /// Nothing was to be done.
    Nothing,
    /// Ploomes refuses it.
    Refused(String),
    /// It may work later.
    Later { after: Option<Duration>, reason: String },
    /// A write in doubt was proved lost; the next may arrive.
    Lost,
    /// The ledger says already when to go on.
    Waits,
    /// Again at once: the world changed under it.
    Again,
}

async fn work_on(
    shared: &Shared,
    claimed: Claimed,
    stopping: &CancellationToken,
) -> Result<(), LedgerError> {
    let passed = match attempt(shared, &claimed, stopping).await {
        Ok(passed) => passed,
        Err(ObserveError::Ledger(LedgerError::Erased { lead })) => {
            tracing::info!(lead.id = lead, "the person of a lead was erased while it was in work");
            return Ok(());
        }
        Err(ObserveError::Ledger(error)) => return Err(error),
        Err(ObserveError::Call(error)) => later(shared, &error),
        Err(error @ (ObserveError::NoControl | ObserveError::NotYetSeen)) => {
            Passed::Later { after: None, reason: error.to_string() }
        }
    };
    settle(shared, &claimed, passed).await
}

fn later(shared: &Shared, error: &CallError) -> Passed {
    if matches!(error, CallError::Stopping { .. }) {
        return Passed::Waits;
    }
    log_call(error, "reading Ploomes");
    if error.verdict() == Verdict::WrongKey {
        shared.health.key_refused(shared.now());
    }
    let after = match error.verdict() {
        Verdict::TryLater { after } => after,
        _ => None,
    };
    let reason = match error.status() {
        Some(status) => format!("Ploomes answered {status}"),
        None => "Ploomes gave no usable answer".to_owned(),
    };
    Passed::Later { after, reason }
}

async fn attempt(
    shared: &Shared,
    claimed: &Claimed,
    stopping: &CancellationToken,
) -> Result<Passed, ObserveError> {
    let context = &claimed.context;
    let (ready, derived) = match (&claimed.task, &context.open) {
        (Task::Recover(lens), Some(open)) => {
            return Ok(match recover::recover(shared, context, open, lens).await? {
                Recovered::Settled => Passed::Again,
                Recovered::Lost => Passed::Lost,
                Recovered::Waits => Passed::Waits,
            });
        }
        (Task::Recover(_), None) => return Ok(Passed::Again),
        (Task::Plan(ready, derived), _) => (&**ready, &**derived),
    };
    let purpose = context.purpose();
    let unchanged = context.derived_before == Some(derived.fingerprint());
    if purpose == Purpose::Refresh && unchanged {
        return Ok(Passed::Nothing);
    }
    let observed = Instant::now();
    let situation = observe::situation(shared, context, ready, derived, purpose).await?;
    let plan = planner::plan(ready.rules.policy(), derived, &situation);
    let keys = match claim_records(shared, context, &plan, observed).await? {
        Ok(keys) => keys,
        Err(wait) => {
            let (lead, due) = (context.lead.id, shared.now() + wait);
            let reason = "another lead works on the same record";
            shared.ledger.write(move |tx| work::postpone(tx, lead, due, reason)).await?;
            return Ok(Passed::Waits);
        }
    };
    Ok(match execute::execute(shared, context, &keys, &plan, stopping).await? {
        Executed::Whole(warnings) => Passed::Finished(plan, derived.fingerprint(), warnings),
        Executed::Later(error) => later(shared, &error),
        Executed::Again => Passed::Again,
        Executed::Refused(_) if is_held(shared, context.lead.route).await => {
            let (lead, due) = (context.lead.id, shared.now() + ROUTE_HELD);
            let reason = "its route is held";
            shared.ledger.write(move |tx| work::postpone(tx, lead, due, reason)).await?;
            Passed::Waits
        }
        Executed::Refused(reason) => Passed::Refused(reason),
        Executed::InDoubt | Executed::Stopping => Passed::Waits,
    })
}

/// Whether a route cannot be worked on any more: a stage or pipeline vanished since it was read.
async fn is_held(shared: &Shared, route: RouteId) -> bool {
    let reference = shared.reference.recheck(shared).await;
    reference.is_ok_and(|it| matches!(it.route(route), Some(Err(_))))
}

/// A lead that is settled is only refreshed, or replayed: neither is ever a second deal.
/// Time since the last attempt in which nobody tried: the route was paused, held, or the machine
/// off. An attempt comes within two of the longest waits otherwise.
fn idle_since(work: &Work, now: DateTime<Utc>, shared: &Shared) -> TimeDelta {
    let longest = TimeDelta::from_std(shared.settings.backoff.max * 2).unwrap_or(TimeDelta::MAX);
    let since = work.attempted_at.map_or(TimeDelta::zero(), |at| now - at);
    (since - longest).max(TimeDelta::zero())
}

async fn settle(shared: &Shared, claimed: &Claimed, passed: Passed) -> Result<(), LedgerError> {
    let context = &claimed.context;
    let work = context.work;
    match passed {
        Passed::Finished(plan, fingerprint, extra) => {
            finish(shared, claimed, &plan, fingerprint, &extra).await
        }
        Passed::Nothing => shared.ledger.write(move |tx| work::settle(tx, &work)).await,
        Passed::Refused(reason) => fail(shared, context, reason).await,
        Passed::Later { after, reason } => {
            put_off(shared, context, after, reason, context.open.is_some()).await
        }
        Passed::Lost => {
            let reason = "a write to Ploomes went unanswered and did not happen".to_owned();
            put_off(shared, context, None, reason, false).await
        }
        Passed::Waits => Ok(()),
        Passed::Again => {
            shared.wake.worker.notify_one();
            Ok(())
        }
    }
}

/// Waits longer each time, and gives the lead up in the end; never while it is in doubt.
async fn put_off(
    shared: &Shared,
    context: &Context,
    after: Option<Duration>,
    reason: String,
    in_doubt: bool,
) -> Result<(), LedgerError> {
    let (work, now) = (context.work, shared.now());
    let lost = shared.health.lost_since(work.attempted_at, now).max(idle_since(&work, now, shared));
    let first = work.first_attempt.unwrap_or(now);
    if !in_doubt && now - first - work.lost - lost > shared.settings.give_up {
        return fail(shared, context, format!("given up: {reason}")).await;
    }
    let due = shared.retry_at(work.attempts, after);
    shared.ledger.write(move |tx| work::failed(tx, &work, due, &reason, lost, now)).await
}

/// A lead that waits for a person from now on; one that is settled stays so, with a warning.
async fn fail(shared: &Shared, context: &Context, reason: String) -> Result<(), LedgerError> {
    let (work, settled, now) = (context.work, context.settled(), shared.now());
    tracing::warn!(lead.id = work.lead.0, "a lead, or its update, failed and waits for a person");
    shared
        .ledger
        .write(move |tx| {
            let what = if work.replay {
                "what today's configuration says of it was not written"
            } else {
                "its contact changed, and the change was not written"
            };
            let warning = format!("{what}: {reason}");
            let (state, standing) = match settled {
                Some(state) => {
                    (state, lead::Standing { warnings: Some(&warning), ..Default::default() })
                }
                None => (
                    LeadState::Failed,
                    lead::Standing { reason: Some(&reason), ..Default::default() },
                ),
            };
            if settled.is_some() {
                lead::warn(tx, work.lead, state, &standing, now)?;
            } else {
                lead::set_state(tx, work.lead, state, &standing, now)?;
            }
            work::settle(tx, &work)
        })
        .await
}

async fn finish(
    shared: &Shared,
    claimed: &Claimed,
    plan: &Plan,
    fingerprint: Hash,
    extra: &[String],
) -> Result<(), LedgerError> {
    let context = &claimed.context;
    let (work, now) = (context.work, shared.now());
    let (route, contact) = (context.lead.route, context.lead.contact);
    let settled = context.settled();
    let plan = plan.clone();
    let warnings: Vec<String> = plan.warnings.iter().chain(extra).cloned().collect();
    let state = match (&plan.outcome, settled) {
        // A refresh changes records, not where the lead stands.
        (_, Some(settled)) => settled,
        (Outcome::Failed(_), None) => LeadState::Failed,
        (Outcome::Done, None) => LeadState::Done,
        (Outcome::Skipped(_), None) => LeadState::Skipped,
    };
    let written = !matches!(plan.outcome, Outcome::Failed(_));
    tracing::info!(lead.id = work.lead.0, state = state.as_str(), "settled a lead");
    shared
        .ledger
        .write(move |tx| {
            let warnings = warnings.join("\n");
            let reason = match &plan.outcome {
                Outcome::Done => None,
                Outcome::Skipped(reason) | Outcome::Failed(reason) => Some(reason.as_str()),
            };
            let standing = lead::Standing {
                reason,
                review: plan.review.as_deref(),
                warnings: (!warnings.is_empty()).then_some(warnings.as_str()),
            };
            if settled.is_some() {
                lead::warn(tx, work.lead, state, &standing, now)?;
            } else {
                lead::set_state(tx, work.lead, state, &standing, now)?;
            }
            if written && !lead::is_erased(tx, work.lead)? {
                observation::keep_derived(tx, route, contact, &fingerprint)?;
            }
            work::settle(tx, &work)
        })
        .await?;
    shared.health.succeeded(now);
    Ok(())
}
