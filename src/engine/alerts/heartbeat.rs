//! A GET after each complete poll, so that a dead process is noticed elsewhere.

use std::sync::Arc;

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::message::{Address, Answer, get};
use crate::transport::Wire;

/// Calls `address` whenever `polled` says so. A failure is logged and nothing else: the next poll
/// comes soon, and whoever waits there tells when none does.
pub(super) async fn run(
    polled: Arc<Notify>,
    address: Address,
    wire: Wire,
    stopping: CancellationToken,
) {
    let beats = async {
        loop {
            polled.notified().await;
            if let Answer::NotTaken { why, .. } = get(&wire, &address).await {
                tracing::warn!("the heartbeat was not taken: {why}");
            }
        }
    };
    tokio::select! {
        biased;
        () = stopping.cancelled() => {}
        () = beats => {}
    }
}
