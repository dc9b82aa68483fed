//! Times as the ledger keeps them, and the check that a change hit its row.

use chrono::{DateTime, Utc};

use super::LedgerError;

/// Milliseconds since 1970 in UTC.
pub(super) const fn to_ms(at: DateTime<Utc>) -> i64 {
    at.timestamp_millis()
}

/// The time of a number that [`to_ms`] made; one that no calendar has is the end of time.
pub(super) fn from_ms(ms: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(ms).unwrap_or(DateTime::<Utc>::MAX_UTC)
}

/// An error unless exactly one row was changed.
pub(super) const fn ensure_one(changed: usize) -> Result<(), LedgerError> {
    if changed == 1 {
        return Ok(());
    }
    Err(LedgerError::Unchanged { expected: 1, actual: changed })
}
