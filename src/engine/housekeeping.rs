//! What has to be done now and then: bodies that are old enough are blanked, answers to commands
//! that are gone are forgotten.

use std::{sync::Arc, time::Duration};

use tokio_util::sync::CancellationToken;

use super::shared::Shared;
use crate::ledger::{LedgerError, job, payload};

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
            if let Err(error) = shared.ledger.write(move |tx| job::purge(tx, now)).await {
                tracing::error!(%error, "old answers cannot be forgotten");
            }
            tokio::time::sleep(EVERY).await;
        }
    };
    tokio::select! {
        () = stopping.cancelled() => {}
        () = work => {}
    }
}

async fn blank(shared: &Shared) -> Result<(), LedgerError> {
    let before = shared.now() - shared.settings.keep_payloads;
    while shared.ledger.write(move |tx| payload::blank_deliveries(tx, before, BATCH)).await? {}
    Ok(())
}
