//! Does what the command line asks of the engine that holds the ledger: one limiter, one engine.

use std::{
    future::Future,
    panic::{AssertUnwindSafe, resume_unwind},
    sync::Arc,
};

use futures_util::{FutureExt, StreamExt, stream::FuturesUnordered};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::{
    inquiry, lead_key, offers, poll,
    reconcile::{self, Request},
    replay,
    shared::{Role, Shared},
    wake::woken_or_due,
};
use crate::{
    domain::ContactId,
    ledger::{
        LedgerError, Tx,
        job::{self, Job},
        retry,
        run::{self, Kind},
    },
};

pub use crate::ledger::job::kind;

/// What an engine must be there for to perform a job of this kind.
pub fn role_of(kind: &str) -> Role {
    match kind {
        kind::PLAN | kind::CHECK | kind::FIELDS | kind::LEAD_KEY_FIELD => Role::Asks,
        _ => Role::Works,
    }
}

/// Jobs at the same time: a reconciliation that waits an hour must not hold up a question.
const JOBS_MAX: usize = 8;

pub(super) async fn run(shared: Arc<Shared>, stopping: CancellationToken) {
    let work = async {
        let mut jobs = FuturesUnordered::new();
        loop {
            while jobs.len() < JOBS_MAX
                && let Some(job) = take(&shared).await
            {
                jobs.push(answer(&shared, job));
            }
            tokio::select! {
                biased;
                Some(()) = jobs.next(), if !jobs.is_empty() => {}
                () = woken_or_due(&shared.wake.jobs, None, shared.settings.tick) => {}
            }
        }
    };
    tokio::select! {
        biased;
        () = stopping.cancelled() => {}
        () = work => {}
    }
}

/// Takes the oldest job that waits.
async fn take(shared: &Shared) -> Option<Job> {
    let now = shared.now();
    if !shared.ledger.read(job::is_queued).await.unwrap_or(false) {
        return None;
    }
    shared.ledger.write(move |tx| job::take(tx, now)).await.ok().flatten()
}

async fn answer(shared: &Shared, job: Job) {
    let answer = whole(Box::pin(perform(shared, &job.kind, &job.arguments))).await;
    let now = shared.now();
    let (done, answer) = match answer {
        Ok(answer) => (true, answer),
        Err(reason) => (false, json!({ "error": reason })),
    };
    let kept = shared
        .ledger
        .write(move |tx| job::finish(tx, job.id, done, &answer.to_string(), now))
        .await;
    if let Err(error) = kept {
        tracing::error!(%error, "a job's answer cannot be kept");
    }
}

/// One job that breaks the program must not stop the service.
async fn whole(work: impl Future<Output = Result<Value, String>>) -> Result<Value, String> {
    AssertUnwindSafe(work).catch_unwind().await.unwrap_or_else(|_| {
        tracing::error!("the work on a job broke off; please report this as a bug");
        Err("the work on it broke off; please report this as a bug".to_owned())
    })
}

/// Ends the run of a kind that broke the program, whose lock the caller holds: it is partial, its
/// watermark stays where it was, and the next one is made as if it had been cut off.
pub(super) async fn ending<T>(shared: &Shared, kind: Kind, work: impl Future<Output = T>) -> T {
    match AssertUnwindSafe(work).catch_unwind().await {
        Ok(done) => done,
        Err(panic) => {
            let now = shared.now();
            let end = move |tx: &Tx<'_>| run::end_unfinished(tx, kind, run::BROKE_OFF, now);
            if let Err(error) = shared.ledger.write(end).await {
                tracing::error!(%error, "a run that broke off cannot be written down");
            }
            shared.wake.alerts.notify_one();
            resume_unwind(panic)
        }
    }
}

/// Makes a run of the schedule: one that breaks the program must not stop the service, or the runs
/// after it.
pub(super) async fn survive<T>(kind: Kind, work: impl Future<Output = Result<T, LedgerError>>) {
    let kind = kind.as_str();
    match AssertUnwindSafe(work).catch_unwind().await {
        Ok(Ok(_)) => {}
        Ok(Err(error)) => tracing::error!(%error, kind, "a run could not be written down"),
        Err(_) => tracing::error!(kind, "a run broke off; please report this as a bug"),
    }
}

/// Performs a job, for the command line of this or another process.
pub(super) async fn perform(
    shared: &Shared,
    kind: &str,
    arguments: &Value,
) -> Result<Value, String> {
    let words = |error: &dyn std::error::Error| error.to_string();
    if shared.role == Role::Asks && role_of(kind) == Role::Works {
        return Err(format!("an engine that only asks does no {kind}"));
    }
    match kind {
        kind::POLL => poll::poll(shared).await.map_err(|error| words(&error)),
        kind::RECONCILE => {
            let request = Request::of(arguments)?;
            let run = reconcile::reconcile(shared, &request).await;
            run.map(|run| json!({ "run": run.0.to_string() })).map_err(|error| words(&error))
        }
        kind::REPLAY => replay::replay(shared, &replay::Request::of(arguments)?).await,
        kind::PLAN => {
            let contact = match (arguments["contact"].as_i64(), arguments["email"].as_str()) {
                (Some(id), _) => ContactId(id),
                (None, Some(email)) => inquiry::contact_with(shared, email).await?,
                (None, None) => return Err("no contact given".to_owned()),
            };
            let draft = arguments.get("draft").filter(|it| it.is_object());
            inquiry::plan(shared, contact, arguments["route"].as_str(), draft).await
        }
        kind::CHECK => Ok(inquiry::check(shared).await),
        kind::FIELDS => {
            let side = arguments["side"].as_str().unwrap_or_default();
            offers::fields(shared, side).await
        }
        kind::LEAD_KEY_FIELD => lead_key::field(shared).await,
        kind::RETRY => {
            let what = arguments["what"].as_str().unwrap_or_default();
            let count = put_back(shared, what).await.map_err(|error| words(&error))?;
            wake_all(shared);
            Ok(json!({ "what": what, "count": count }))
        }
        kind::WAKE => {
            wake_all(shared);
            Ok(json!({}))
        }
        other => Err(format!("there is no job called {other}")),
    }
}

/// Puts back all that failed, or all that is quarantined; returns how much. Some at a time, so that
/// a million of them hold nobody up.
async fn put_back(shared: &Shared, what: &str) -> Result<u64, LedgerError> {
    if what == "quarantined" {
        return retry::quarantined(&shared.ledger, shared.now()).await;
    }
    let mut count = 0;
    retry::failed(&shared.ledger, shared.now(), |some| count += some.len() as u64).await?;
    Ok(count)
}

fn wake_all(shared: &Shared) {
    let wake = &shared.wake;
    for notify in [&wake.intake, &wake.matcher, &wake.worker, &wake.scheduler] {
        notify.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_job_that_breaks_the_program_fails_with_words() {
        let done = whole(async { Ok(json!(1)) }).await;
        assert_eq!(done, Ok(json!(1)));
        let broken = whole(async { panic!("invented") }).await;
        assert!(broken.unwrap_err().contains("broke off"));
    }
}
