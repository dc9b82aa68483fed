//! Reads what the receiver stored: from a body to a hint.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::{shared::Shared, wake::woken_or_due};
use crate::{
    activecampaign::webhook,
    domain::{Fate, FoundBy, Lane},
    ledger::{LedgerError, inbox, intake},
};

/// Bodies read in one transaction: enough to keep up with a burst, few enough that the receiver's
/// own commits never wait long.
const BATCH: i64 = 128;

pub(super) async fn run(shared: Arc<Shared>, stopping: CancellationToken) {
    let work = async {
        loop {
            match read_some(&shared).await {
                Ok(0) => woken_or_due(&shared.wake.intake, None).await,
                Ok(_) => shared.wake.matcher.notify_one(),
                Err(error) => {
                    tracing::error!(%error, "deliveries cannot be read");
                    tokio::time::sleep(super::wake::FALLBACK_TICK).await;
                }
            }
        }
    };
    tokio::select! {
        () = stopping.cancelled() => {}
        () = work => {}
    }
}

/// Reads one batch; returns how many deliveries it held.
async fn read_some(shared: &Shared) -> Result<usize, LedgerError> {
    let now = shared.now();
    let batch = shared.ledger.read(|conn| intake::unread(conn, BATCH)).await?;
    if batch.is_empty() {
        return Ok(0);
    }
    // Parsing costs time in proportion to the body and needs no transaction.
    let read: Vec<_> = batch
        .into_iter()
        .map(|unread| (unread.delivery, unread.route, webhook::parse(&unread.body)))
        .collect();
    let count = read.len();
    shared
        .ledger
        .write(move |tx| {
            for (delivery, route, hint) in &read {
                match hint {
                    Ok(hint) => {
                        intake::name_contact(tx, *delivery, hint.contact, now)?;
                        inbox::note(tx, *route, hint.contact, Lane::Fresh, FoundBy::Webhook, now)?;
                    }
                    Err(reason) => {
                        let reason = reason.to_string();
                        let fate = Fate::Quarantined;
                        intake::decide(tx, *delivery, fate, None, Some(&reason), now)?;
                    }
                }
            }
            Ok(())
        })
        .await?;
    Ok(count)
}
