//! Reads what the receiver stored: from a body to a hint.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use tokio_util::sync::CancellationToken;

use super::{shared::Shared, wake::woken_or_due};
use crate::{
    activecampaign::webhook::{self, Hint, Unusable},
    domain::{ContactId, Fate, FoundBy, Lane},
    ledger::{LedgerError, inbox, intake, person, tombstone},
};

/// Bodies read in one transaction: enough to keep up with a burst, few enough that the receiver's
/// own commits never wait long.
const BATCH: i64 = 128;

pub(super) async fn run(shared: Arc<Shared>, stopping: CancellationToken) {
    let work = async {
        loop {
            match read_some(&shared).await {
                Ok(0) => woken_or_due(&shared.wake.intake, None, shared.settings.tick).await,
                Ok(_) => shared.wake.matcher.notify_one(),
                Err(error) => {
                    tracing::error!(%error, "deliveries cannot be read");
                    tokio::time::sleep(super::wake::FALLBACK_TICK).await;
                }
            }
        }
    };
    tokio::select! {
        biased;
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
        .map(|unread| (unread.delivery, unread.route, read(&unread.body, webhook::parse)))
        .collect();
    let count = read.len();
    shared
        .ledger
        .write(move |tx| {
            for (delivery, route, hint) in &read {
                match hint {
                    Ok(contact) => {
                        intake::name_contact(tx, *delivery, *contact, now)?;
                        if tombstone::of_id(tx, *contact)?.is_some() {
                            person::ignore(tx, *delivery, now)?;
                            continue;
                        }
                        inbox::note(tx, *route, *contact, Lane::Fresh, FoundBy::Webhook, now)?;
                    }
                    Err(reason) => {
                        let fate = Fate::Quarantined;
                        intake::decide(tx, *delivery, fate, None, Some(reason), now)?;
                    }
                }
            }
            Ok(())
        })
        .await?;
    Ok(count)
}

/// The contact that a body names, or why the delivery is set aside.
///
/// A body that breaks the reader is set aside too: it would break it again at each start.
fn read(
    body: &[u8],
    parse: impl FnOnce(&[u8]) -> Result<Hint, Unusable>,
) -> Result<ContactId, String> {
    match catch_unwind(AssertUnwindSafe(|| parse(body))) {
        Ok(Ok(hint)) => Ok(hint.contact),
        Ok(Err(reason)) => Err(reason.to_string()),
        Err(_) => {
            tracing::error!("a delivery broke its reader; please report this as a bug");
            Err("could not be read".to_owned())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_that_breaks_its_reader_is_set_aside() {
        assert_eq!(read(b"contact[id]=7", webhook::parse), Ok(ContactId(7)));
        assert_eq!(read(b"", webhook::parse), Err("the body is empty".to_owned()));
        let broken = read(b"contact[id]=7", |_| panic!("invented"));
        assert_eq!(broken, Err("could not be read".to_owned()));
    }
}
