//! What has to be done now and then: bodies that are old enough are blanked.

use std::{sync::Arc, time::Duration};

use tokio_util::sync::CancellationToken;

use super::shared::Shared;
use crate::ledger::{LedgerError, payload};

/// How often it is done: what is kept for days may be kept an hour longer.
const EVERY: Duration = Duration::from_hours(1);

/// Payloads looked at in one transaction, so that the receiver's commits never wait long.
const BATCH: i64 = 500;

pub(super) async fn run(shared: Arc<Shared>, stopping: CancellationToken) {
    let work = async {
        loop {
            if let Err(error) = blank(&shared).await {
                tracing::error!(%error, "old bodies cannot be blanked");
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
