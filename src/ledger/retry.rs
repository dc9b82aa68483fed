//! Puts back into the queue what waits for a person, for the command line and the page.

use chrono::{DateTime, Utc};

use super::{Ledger, LedgerError, Tx, intake, lead, work};
use crate::domain::{DeliveryId, Lane, LeadId, LeadState};

/// Rows that change in one transaction: the receiver of a running engine waits for it.
const BATCH: i64 = 200;

/// The states in which a lead that is named is put back: all but that of an erased one.
pub const ANY: [LeadState; 5] = [
    LeadState::Pending,
    LeadState::InDoubt,
    LeadState::Done,
    LeadState::Skipped,
    LeadState::Failed,
];

/// Puts back every quarantined delivery; returns how many.
pub async fn quarantined(ledger: &Ledger, now: DateTime<Utc>) -> Result<u64, LedgerError> {
    let (mut after, mut deliveries) = (DeliveryId(0), 0);
    loop {
        let retried =
            ledger.write(move |tx| intake::retry_quarantined(tx, after, BATCH, now)).await?;
        deliveries += retried.deliveries;
        let Some(last) = retried.last else { return Ok(deliveries) };
        after = last;
    }
}

/// Puts back every lead that failed, behind those whose webhook comes now; hands out their keys,
/// some at a time.
pub async fn failed(
    ledger: &Ledger,
    now: DateTime<Utc>,
    mut each: impl FnMut(Vec<String>),
) -> Result<(), LedgerError> {
    let mut after = LeadId(0);
    loop {
        let leads = ledger.read(move |conn| lead::failed_after(conn, after, BATCH)).await?;
        let Some(last) = leads.last() else { return Ok(()) };
        after = *last;
        let of = [LeadState::Failed];
        each(ledger.write(move |tx| put_back(tx, &leads, &of, Lane::Repair, now)).await?);
    }
}

/// Puts those of `leads` that are in one of the states into the queue as if they had never been
/// tried; returns their keys.
///
/// What stands in doubt or done keeps its state: it is only looked at now.
pub fn put_back(
    tx: &Tx<'_>,
    leads: &[LeadId],
    of: &[LeadState],
    lane: Lane,
    now: DateTime<Utc>,
) -> Result<Vec<String>, LedgerError> {
    let mut keys = Vec::new();
    for id in leads {
        // As it is now: an engine may have worked on it since it was chosen.
        let Some(lead) = lead::get(tx, *id)?.filter(|lead| of.contains(&lead.state)) else {
            continue;
        };
        if matches!(lead.state, LeadState::Failed | LeadState::Skipped | LeadState::Pending) {
            let standing = lead::Standing {
                reason: Some("tried again: a person asked for it"),
                ..lead::Standing::default()
            };
            lead::set_state(tx, *id, LeadState::Pending, &standing, now)?;
        }
        work::restart(tx, *id, lead.route, lane, now)?;
        keys.push(lead.key);
    }
    Ok(keys)
}

#[cfg(test)]
mod tests;
