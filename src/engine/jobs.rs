//! Does what the command line asks of the engine that holds the ledger: one limiter, one engine.

use std::sync::Arc;

use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::{inquiry, poll, shared::Shared, wake::woken_or_due};
use crate::{
    domain::ContactId,
    ledger::job::{self, Job},
};

/// Names of jobs.
pub mod kind {
    /// One poll now.
    pub const POLL: &str = "poll";
    /// What would be done for a contact.
    pub const PLAN: &str = "plan";
    /// The configuration against both accounts.
    pub const CHECK: &str = "check";
    /// What a map can name.
    pub const FIELDS: &str = "fields";
    /// Something in the ledger changed: look now.
    pub const WAKE: &str = "wake";
}

pub(super) async fn run(shared: Arc<Shared>, stopping: CancellationToken) {
    loop {
        let now = shared.now();
        let taken = shared.ledger.read(job::is_queued).await;
        let job = match taken {
            Ok(true) => shared.ledger.write(move |tx| job::take(tx, now)).await.ok().flatten(),
            _ => None,
        };
        tokio::select! {
            () = stopping.cancelled() => return,
            () = async {
                match job {
                    Some(job) => answer(&shared, job).await,
                    None => woken_or_due(&shared.wake.jobs, None).await,
                }
            } => {}
        }
    }
}

async fn answer(shared: &Shared, job: Job) {
    let answer = perform(shared, &job.kind, &job.arguments).await;
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

/// Performs a job, for the command line of this or another process.
pub(super) async fn perform(
    shared: &Shared,
    kind: &str,
    arguments: &Value,
) -> Result<Value, String> {
    let words = |error: &dyn std::error::Error| error.to_string();
    match kind {
        kind::POLL => poll::poll(shared).await.map_err(|error| words(&error)),
        kind::PLAN => {
            let contact = match (arguments["contact"].as_i64(), arguments["email"].as_str()) {
                (Some(id), _) => ContactId(id),
                (None, Some(email)) => inquiry::contact_with(shared, email).await?,
                (None, None) => return Err("no contact given".to_owned()),
            };
            inquiry::plan(shared, contact, arguments["route"].as_str()).await
        }
        kind::CHECK => Ok(inquiry::check(shared).await),
        kind::FIELDS => {
            let side = arguments["side"].as_str().unwrap_or_default();
            inquiry::fields(shared, side).await
        }
        kind::WAKE => {
            let wake = &shared.wake;
            for notify in [&wake.intake, &wake.matcher, &wake.worker, &wake.scheduler] {
                notify.notify_one();
            }
            Ok(json!({}))
        }
        other => Err(format!("there is no job called {other}")),
    }
}
