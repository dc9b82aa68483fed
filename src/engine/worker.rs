//! Brings leads into Ploomes: claim, recover, observe, plan, execute, settle.
//!
//! A few passes run side by side, so that the quota stays full while Ploomes takes its time; never
//! two that share an identity.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use chrono::TimeDelta;
use futures_util::{FutureExt, StreamExt, stream::FuturesUnordered};
use tokio_util::sync::CancellationToken;

use super::{
    claim::{Claim, Claimed, claim, claim_records},
    execute::{self, Executed},
    observe::{self, ObserveError},
    recover::{self, Recovered},
    shared::{Shared, log_call},
    wake::{FALLBACK_TICK, woken_or_due},
};
use crate::{
    domain::{LeadId, LeadState},
    ledger::{LedgerError, journal, lead, observation, step::StepState, work, work::Work},
    planner::{self, Outcome, Plan, Purpose},
    transport::{CallError, Verdict},
};

/// Passes side by side: at 2 s a call and three calls a lead, eight keep 120 requests a minute
/// full twice over.
const PASSES_MAX: usize = 8;
/// How long a lead waits for another that works on the same record: about one pass.
const RECORD_BUSY: TimeDelta = TimeDelta::seconds(1);

pub(super) async fn run(shared: Arc<Shared>, stopping: CancellationToken) {
    let mut passes = FuturesUnordered::new();
    loop {
        let mut next = None;
        while !stopping.is_cancelled() && passes.len() < PASSES_MAX {
            match claim(&shared).await {
                Claim::Lead(claimed) => passes.push(pass(&shared, *claimed, &stopping)),
                Claim::Nothing(wait) => {
                    next = wait;
                    break;
                }
            }
        }
        if stopping.is_cancelled() && passes.is_empty() {
            return;
        }
        tokio::select! {
            Some(()) = passes.next(), if !passes.is_empty() => {}
            () = stopping.cancelled(), if !stopping.is_cancelled() => {}
            () = woken_or_due(&shared.wake.worker, next) => {}
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
                return work::postpone(tx, lead, due, reason);
            }
            let standing = lead::Standing { reason: Some(reason), ..lead::Standing::default() };
            lead::set_state(tx, lead, LeadState::Failed, &standing, now)?;
            work::remove(tx, lead)
        })
        .await
}

/// How a pass ended.
enum Passed {
    /// The plan is carried out.
    Finished(Plan, Vec<String>),
    /// Nothing was to be done.
    Nothing,
    /// Ploomes refuses it.
    Refused(String),
    /// It may work later.
    Later { after: Option<Duration>, reason: String },
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
        Err(ObserveError::Ledger(error)) => return Err(error),
        Err(ObserveError::Call(error)) => later(shared, &error),
        Err(error @ ObserveError::NoControl) => {
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
    let (context, ready) = (&claimed.context, &*claimed.ready);
    if let Some(open) = &context.open {
        return Ok(match recover::recover(shared, context, open, ready).await? {
            Recovered::Settled => Passed::Again,
            Recovered::Waits => Passed::Waits,
        });
    }
    let purpose = match context.lead.state {
        LeadState::Done | LeadState::Skipped => Purpose::Refresh,
        _ => Purpose::Bring,
    };
    let unchanged = context.derived_before == Some(claimed.derived.fingerprint());
    if purpose == Purpose::Refresh && unchanged {
        return Ok(Passed::Nothing);
    }
    let situation = observe::situation(shared, context, ready, &claimed.derived, purpose).await?;
    let plan = planner::plan(ready.rules.policy(), &claimed.derived, &situation);
    let Some(keys) = claim_records(shared, context, &plan) else {
        let (lead, due) = (context.lead.id, shared.now() + RECORD_BUSY);
        let reason = "another lead works on the same record";
        shared.ledger.write(move |tx| work::postpone(tx, lead, due, reason)).await?;
        return Ok(Passed::Waits);
    };
    Ok(match execute::execute(shared, context, &keys, &plan, stopping).await? {
        Executed::Whole(warnings) => Passed::Finished(plan, warnings),
        Executed::Later(error) => later(shared, &error),
        Executed::Again => Passed::Again,
        Executed::Refused(reason) => Passed::Refused(reason),
        Executed::InDoubt | Executed::Stopping => Passed::Waits,
    })
}

async fn settle(shared: &Shared, claimed: &Claimed, passed: Passed) -> Result<(), LedgerError> {
    let context = &claimed.context;
    let (work, now) = (context.work, shared.now());
    match passed {
        Passed::Finished(plan, extra) => finish(shared, claimed, &plan, &extra).await,
        Passed::Nothing => shared.ledger.write(move |tx| work::settle(tx, &work)).await,
        Passed::Refused(reason) => fail(shared, work, reason).await,
        Passed::Later { after, reason } => {
            let lost = shared.health.lost_since(work.attempted_at, now);
            let first = work.first_attempt.unwrap_or(now);
            let in_doubt = context.open.is_some();
            if !in_doubt && now - first - work.lost - lost > shared.settings.give_up {
                return fail(shared, work, format!("given up: {reason}")).await;
            }
            let due = shared.retry_at(work.attempts, after);
            shared
                .ledger
                .write(move |tx| work::failed(tx, work.lead, due, &reason, lost, now))
                .await
        }
        Passed::Waits => Ok(()),
        Passed::Again => {
            shared.wake.worker.notify_one();
            Ok(())
        }
    }
}

/// A lead that waits for a person from now on.
async fn fail(shared: &Shared, work: Work, reason: String) -> Result<(), LedgerError> {
    let now = shared.now();
    tracing::warn!(lead.id = work.lead.0, "a lead failed and waits for a person");
    shared
        .ledger
        .write(move |tx| {
            let standing = lead::Standing { reason: Some(&reason), ..lead::Standing::default() };
            lead::set_state(tx, work.lead, LeadState::Failed, &standing, now)?;
            work::settle(tx, &work)
        })
        .await
}

async fn finish(
    shared: &Shared,
    claimed: &Claimed,
    plan: &Plan,
    extra: &[String],
) -> Result<(), LedgerError> {
    let context = &claimed.context;
    let (work, now) = (context.work, shared.now());
    let (route, contact) = (context.lead.route, context.lead.contact);
    let before = context.lead.state;
    let fingerprint = claimed.derived.fingerprint();
    let plan = plan.clone();
    let warnings: Vec<String> = plan.warnings.iter().chain(extra).cloned().collect();
    let state = match (&plan.outcome, before) {
        // A refresh changes records, not where the lead stands.
        (_, LeadState::Done | LeadState::Skipped) => before,
        (Outcome::Failed(_), _) => LeadState::Failed,
        (Outcome::Done, _) => LeadState::Done,
        (Outcome::Skipped(_), _) => LeadState::Skipped,
    };
    let refreshed = state == before;
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
            if !refreshed {
                lead::set_state(tx, work.lead, state, &standing, now)?;
            }
            if written {
                observation::keep_derived(tx, route, contact, &fingerprint)?;
            }
            work::settle(tx, &work)
        })
        .await?;
    shared.health.succeeded(now);
    Ok(())
}
