//! What has to be done now and then: bodies that are old enough are blanked, what is left of people
//! who were erased too, answers to commands that are gone are forgotten.

use std::{sync::Arc, time::Duration};

use tokio_util::sync::CancellationToken;

use super::shared::Shared;
use crate::ledger::{LedgerError, Tx, job, payload, person, tombstone};

/// How often it is done: answers may name people, and are kept for minutes.
const EVERY: Duration = Duration::from_mins(10);

/// Payloads looked at in one transaction, so that the receiver's commits never wait long.
const BATCH: i64 = 500;

pub(super) async fn run(shared: Arc<Shared>, stopping: CancellationToken) {
    let work = async {
        loop {
            if let Err(error) = blank(&shared).await {
                tracing::error!(%error, "old bodies cannot be blanked");
            }
            let now = shared.now();
            if let Err(error) = forget_erased(&shared).await {
                tracing::error!(%error, "people who were erased cannot be looked for");
            }
            if let Err(error) = shared.ledger.write(move |tx| job::purge(tx, now)).await {
                tracing::error!(%error, "old answers cannot be forgotten");
            }
            tokio::time::sleep(EVERY).await;
        }
    };
    tokio::select! {
        biased;
        () = stopping.cancelled() => {}
        () = work => {}
    }
}

/// Ends an erasure that did not end. Webhooks of people who were erased go on coming: they are
/// blanked at once, and the log that still has them is emptied.
async fn forget_erased(shared: &Shared) -> Result<(), LedgerError> {
    person::apply_file(&shared.ledger, shared.now()).await?;
    if shared.ledger.read(tombstone::any).await? && !shared.ledger.truncate_log().await? {
        tracing::debug!("the log is emptied the next time: somebody reads it");
    }
    Ok(())
}

async fn blank(shared: &Shared) -> Result<(), LedgerError> {
    let now = shared.now();
    let before = now - shared.settings.keep_payloads;
    let blank = move |tx: &Tx<'_>| payload::blank_deliveries(tx, (before, now), BATCH);
    while shared.ledger.write(blank).await? {}
    Ok(())
}
