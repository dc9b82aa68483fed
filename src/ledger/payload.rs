//! Bytes that may hold personal data: bodies, observations, requests, answers.
//!
//! Appended, and blanked by an update; never indexed, never moved. The salted hash stays when both
//! salt and body are blanked, so that the row that points here can still be proved.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, named_params};

use super::{LedgerError, Tx, digest::Hash, meta, sql};

/// What the bytes are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PayloadKind {
    /// The body of a delivery.
    Delivery,
    /// What AC showed of a contact.
    Observation,
    /// What was sent to Ploomes.
    Request,
    /// What came back.
    Answer,
}

sql::word_columns! {
    PayloadKind {
        Delivery = "delivery",
        Observation = "observation",
        Request = "request",
        Answer = "answer",
    }
}

/// A payload that was just stored.
pub(super) struct Stored {
    pub(super) id: i64,
    pub(super) hash: Hash,
}

/// The bytes, where they were not blanked.
pub fn body(conn: &Connection, id: i64) -> Result<Option<Vec<u8>>, LedgerError> {
    sql::one(conn, "SELECT body FROM payload WHERE id = ?1", [id], |row| row.get(0))
}

/// Blanks one payload.
pub(super) fn blank(tx: &Tx<'_>, id: i64) -> Result<(), LedgerError> {
    let sql = "UPDATE payload SET body = NULL, salt = NULL WHERE id = ?1 AND body IS NOT NULL";
    sql::execute(tx, sql, [id]).map(drop)
}

/// Under which the newest payload that was looked at stands in `meta`.
const BLANKED_TO: &str = "blanked_to";

/// Blanks the bodies of deliveries that came before `before`, `limit` payloads at a time; returns
/// whether there may be more. Counts, fates and hashes stay. Reads no payload behind the first that is
/// young: the receiver waits for it with a webhook in its hand.
///
/// Also of deliveries that wait: once a body was read, its contact is all that is needed of it. One
/// that nobody has read yet holds up those behind it, and is read within moments of a start.
pub fn blank_deliveries(
    tx: &Tx<'_>,
    (before, now): (DateTime<Utc>, DateTime<Utc>),
    limit: i64,
) -> Result<bool, LedgerError> {
    let from = meta::number(tx, BLANKED_TO)?.unwrap_or_default();
    let unread: Option<i64> = sql::one(
        tx,
        "SELECT min(payload_id) FROM delivery WHERE fate = 'pending' AND contact IS NULL",
        [],
        |row| row.get(0),
    )?;
    let sql = "
        SELECT id, at FROM payload WHERE id > :from AND id < :unread ORDER BY id LIMIT :limit";
    let arguments =
        named_params! { ":from": from, ":unread": unread.unwrap_or(i64::MAX), ":limit": limit };
    let rows: Vec<(i64, DateTime<Utc>)> =
        sql::all(tx, sql, arguments, |row| Ok((row.get(0)?, sql::time_of(row, "at")?)))?;
    // Up to the first that is younger. One from the future was stored while the clock was wrong: those
    // beside it say how old it is.
    let are_old = rows.iter().take_while(|(_, at)| *at < before || *at > now);
    let to = are_old.filter(|(_, at)| *at < before).last().map_or(from, |(id, _)| *id);
    if to == from {
        return Ok(false);
    }
    let sql = "
        UPDATE payload SET body = NULL, salt = NULL
        WHERE id > :from AND id <= :to AND kind = 'delivery' AND body IS NOT NULL";
    tx.prepare_cached(sql)?.execute(named_params! { ":from": from, ":to": to })?;
    meta::set(tx, BLANKED_TO, to)?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::*;
    use crate::{
        domain::{ContactId, DeliveryId},
        ledger::{
            audit, delivery, intake,
            tests::{at, in_memory, site},
        },
    };

    fn has_body(conn: &Connection, delivery: DeliveryId) -> Result<bool, LedgerError> {
        let sql = "SELECT body IS NOT NULL FROM delivery JOIN payload ON payload.id = payload_id
                   WHERE delivery.id = ?1";
        sql::one(conn, sql, [delivery], |row| row.get(0))
    }

    #[tokio::test]
    async fn a_body_is_blanked_whatever_its_fate_once_it_was_read_and_not_before() {
        let ledger = in_memory();
        ledger
            .write(|tx| {
                let route = site(tx)?;
                let take =
                    |second| delivery::accept(tx, &crate::ledger::tests::delivery(&route, second));
                let (waits, unread, new) = (take(1)?, take(2)?, take(9)?);
                intake::name_contact(tx, waits, ContactId(7), at(3))?;
                let blank = || blank_deliveries(tx, (at(5), at(10)), 10);
                assert!(blank()? && !blank()?);
                let held = |of| has_body(tx, of);
                assert_eq!((held(waits)?, held(unread)?, held(new)?), (false, true, true));
                intake::name_contact(tx, unread, ContactId(8), at(6))?;
                blank()?;
                assert_eq!((held(unread)?, held(new)?), (false, true));
                // It waits for its contact all the same, and everything is proved.
                assert_eq!(intake::newest_waiting(tx, route.id, ContactId(7))?, Some(waits));
                assert!(audit::audit(tx, None)?.ok());
                Ok(())
            })
            .await
            .unwrap();
    }
}
