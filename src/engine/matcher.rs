//! Works through the inbox: each hint is one contact to be looked up in `ActiveCampaign`.
//!
//! Needs AC's quota only: a backlog of writes to Ploomes never makes a webhook look missed.

use std::{collections::BTreeSet, panic::AssertUnwindSafe, sync::Arc, time::Duration};

use futures_util::{FutureExt, StreamExt, stream::FuturesUnordered};
use tokio_util::sync::CancellationToken;

use super::{
    found::{Failure, match_contact},
    shared::{Shared, log_call},
    wake::woken_or_due,
};
use crate::{
    domain::{ContactId, Lane, RouteId},
    ledger::{inbox, inbox::Hint},
    transport::{CallError, Verdict},
};

/// Contacts looked up side by side: AC takes 5 requests a second and answers within one, so more
/// would only wait at the limiter.
const LOOKUPS_MAX: usize = 8;
/// Lookups that lower lanes have at most: the rest is for a webhook, which then need not wait for one
/// of them to end. One that follows merges in an import asks for hundreds of contacts.
const LOWER_MAX: usize = 6;
/// Webhooks have at most so many while a lower lane waits: an import's 20,000 webhooks take more than
/// an hour, and a lead that was missed must not wait for them.
const FRESH_MAX: usize = LOOKUPS_MAX - 1;

pub(super) async fn run(shared: Arc<Shared>, stopping: CancellationToken) {
    let mut lookups = FuturesUnordered::new();
    let mut busy: BTreeSet<(RouteId, ContactId)> = BTreeSet::new();
    let mut lower = 0;
    loop {
        let room = LOOKUPS_MAX - lookups.len();
        let mut next = None;
        if room > 0 {
            let (due, later) = due_hints(&shared, room + busy.len()).await;
            let lower_waits = due.iter().any(|it| it.lane != Lane::Fresh);
            for hint in due {
                let is_lower = hint.lane != Lane::Fresh;
                let fresh = lookups.len() - lower;
                if lookups.len() == LOOKUPS_MAX
                    || (is_lower && lower == LOWER_MAX)
                    || (!is_lower && fresh >= FRESH_MAX && lower_waits)
                {
                    continue;
                }
                if busy.insert((hint.route, hint.contact)) {
                    lower += usize::from(is_lower);
                    lookups.push(look_up(&shared, hint));
                }
            }
            next = later;
        }
        tokio::select! {
            biased;
            // First: lookups end at once then, and their hints are due again. They only read AC, and
            // what they were for waits in the inbox for the next start.
            () = stopping.cancelled() => return,
            Some(hint) = lookups.next(), if !lookups.is_empty() => {
                let hint: Hint = hint;
                busy.remove(&(hint.route, hint.contact));
                lower -= usize::from(hint.lane != Lane::Fresh);
            }
            () = woken_or_due(&shared.wake.matcher, next, shared.settings.tick) => {}
        }
    }
}

async fn due_hints(shared: &Shared, limit: usize) -> (Vec<Hint>, Option<Duration>) {
    let now = shared.now();
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let read = shared
        .ledger
        .read(move |conn| {
            let mut due = inbox::due(conn, Lane::Fresh, now, limit)?;
            if due.last().is_some_and(|it| it.lane == Lane::Fresh) {
                due.extend(inbox::due(conn, Lane::Update, now, limit)?);
            }
            // What is due now and busy must not turn the sleep into a spin.
            Ok((due, inbox::next_due(conn, now)?))
        })
        .await;
    match read {
        Ok((due, next)) => (due, shared.until(next)),
        Err(error) => {
            tracing::error!(%error, "the inbox cannot be read");
            (Vec::new(), None)
        }
    }
}

/// Works on one hint, and puts it off where that fails.
async fn look_up(shared: &Shared, hint: Hint) -> Hint {
    let outcome = match shared.route(hint.route) {
        Some(route) => {
            // One contact that breaks the program must not stop all others.
            let matching = AssertUnwindSafe(match_contact(shared, route, &hint));
            matching.catch_unwind().await.unwrap_or(Err(Failure::BrokeOff))
        }
        None => Err(Failure::NoRoute),
    };
    match outcome {
        Ok(()) => {
            shared.wake.worker.notify_one();
        }
        // It waits in the inbox for the next start.
        Err(Failure::Call(CallError::Stopping { .. })) => {}
        Err(failure) => put_off(shared, &hint, failure).await,
    }
    hint
}

async fn put_off(shared: &Shared, hint: &Hint, failure: Failure) {
    let after = match &failure {
        Failure::Call(error) => {
            log_call(error, "looking a contact up in ActiveCampaign");
            match error.verdict() {
                Verdict::TryLater { after } => after,
                _ => None,
            }
        }
        Failure::NoRoute | Failure::BrokeOff | Failure::Ledger(_) => {
            tracing::warn!(contact.id = hint.contact.0, "a hint is put off: {failure}");
            None
        }
    };
    let due = shared.retry_at(hint.attempts, after);
    let hint = *hint;
    // Without the server's words: those could name a person.
    let reason = match &failure {
        Failure::Call(error) => match error.status() {
            Some(status) => format!("ActiveCampaign answered {status}"),
            None => "ActiveCampaign gave no usable answer".to_owned(),
        },
        other => other.to_string(),
    };
    let kept = shared
        .ledger
        .write(move |tx| inbox::postpone(tx, &hint, due, &reason, inbox::Failed::Yes))
        .await;
    if let Err(error) = kept {
        tracing::error!(%error, "a hint cannot be put off");
    }
}
