//! Applies tombstones to a ledger that lacks them: an old copy was put back, or an erasure did not
//! end.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, named_params};

use super::{
    erase::{UNFINISHED, empty_log, ignore, met, named},
    held::newest,
};
use crate::{
    domain::{ContactId, DeliveryId},
    ledger::{Ledger, LedgerError, Tx, explain, meta, sql, tombstone},
    planner::person::{PersonKey, keys_of_contact},
};

/// Contacts looked at in one transaction.
const BATCH: i64 = 200;

/// What came of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Applied {
    /// Tombstones that the ledger lacked.
    pub tombstones: u64,
    /// Contacts of which something was held.
    pub contacts: u64,
    /// Tombstones whose file was lost, so that only their contacts' ids tell who it was.
    pub without_key: i64,
}

/// Brings the ledger up to what `<ledger>.erased` says, and erases once more whom it still has.
///
/// Cheap where there is nothing new; else every contact is looked at.
pub async fn apply_file(ledger: &Ledger, now: DateTime<Utc>) -> Result<Applied, LedgerError> {
    let (mut applied, is_new) = ledger.write(move |tx| take_over(tx, now)).await?;
    if !is_new {
        return Ok(applied);
    }
    let mut after = ContactId(i64::MIN);
    loop {
        let (found, last) = ledger.write(move |tx| some(tx, after, now)).await?;
        applied.contacts += found;
        match last {
            Some(last) => after = last,
            None => break,
        }
    }
    ledger.write(move |tx| unnamed(tx, now)).await?;
    ledger.write(|tx| meta::set(tx, UNFINISHED, 0)).await?;
    empty_log(ledger).await?;
    Ok(applied)
}

/// Takes over what the file has and the ledger lacks; says whether the contacts are to be looked at.
fn take_over(tx: &Tx<'_>, now: DateTime<Utc>) -> Result<(Applied, bool), LedgerError> {
    let mut applied = Applied { without_key: tombstone::without_key(tx)?, ..Applied::default() };
    let mut is_new = meta::number(tx, UNFINISHED)? == Some(1);
    for written in tx.erased.tombstones()? {
        match (tombstone::by_name(tx, &written.name)?, written.lifted_at) {
            (None, None) => {
                tombstone::take_over(tx, &written, now)?;
                applied.tombstones += 1;
                is_new = true;
            }
            (Some((id, false)), Some(at)) => tombstone::mark_lifted(tx, id, at)?,
            (Some((id, false)), None) => is_new |= tombstone::catch_up(tx, id, &written, now)?,
            // It was lifted, which the file says first.
            (None, Some(_)) | (Some((_, true)), _) => {}
        }
    }
    if is_new {
        meta::set(tx, UNFINISHED, 1)?;
    }
    Ok((applied, is_new))
}

/// Looks at some contacts; returns how many were erased, and the last one that was looked at.
fn some(
    tx: &Tx<'_>,
    after: ContactId,
    now: DateTime<Utc>,
) -> Result<(u64, Option<ContactId>), LedgerError> {
    let contacts = contacts(tx, after)?;
    let mut found = 0;
    for contact in &contacts {
        let keys = if let Some(seen) = newest(tx, *contact)? {
            keys_of_contact(&seen)
        } else {
            let email = explain::email(tx, *contact)?;
            let email = email.as_deref().and_then(PersonKey::email);
            [PersonKey::contact(*contact)].into_iter().chain(email).collect()
        };
        if let Some(id) = tombstone::of_keys(tx, &keys)? {
            // To its end, however many deliveries there are: nobody waits for a start.
            loop {
                meta::set(tx, UNFINISHED, 0)?;
                met(tx, id, *contact, &keys, now)?;
                if meta::number(tx, UNFINISHED)? != Some(1) {
                    break;
                }
            }
            meta::set(tx, UNFINISHED, 1)?;
            found += 1;
        }
    }
    Ok((found, contacts.last().copied()))
}

/// The next contacts of which anything is held.
fn contacts(conn: &Connection, after: ContactId) -> Result<Vec<ContactId>, LedgerError> {
    sql::all(
        conn,
        "SELECT contact FROM (
             SELECT * FROM (SELECT DISTINCT contact FROM observation WHERE contact > :after
                            ORDER BY contact LIMIT :limit)
             UNION
             SELECT * FROM (SELECT DISTINCT contact FROM lead WHERE contact > :after
                            ORDER BY contact LIMIT :limit)
             UNION
             SELECT * FROM (SELECT DISTINCT contact FROM delivery WHERE contact > :after
                            ORDER BY contact LIMIT :limit)
             UNION
             SELECT * FROM (SELECT contact FROM found_contact WHERE contact > :after
                            ORDER BY contact LIMIT :limit))
         ORDER BY contact LIMIT :limit",
        named_params! { ":after": after, ":limit": BATCH },
        |row| row.get(0),
    )
}

/// Deliveries whose contact nobody knows, by whom their body names.
fn unnamed(tx: &Tx<'_>, now: DateTime<Utc>) -> Result<(), LedgerError> {
    let mut erased: Vec<DeliveryId> = Vec::new();
    let sql = "
        SELECT delivery.id, body FROM delivery JOIN payload ON payload.id = payload_id
        WHERE fate IN ('pending', 'quarantined') AND contact IS NULL AND body IS NOT NULL";
    let mut statement = tx.prepare_cached(sql)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        if tombstone::of_keys(tx, &named(row.get_ref(1)?.as_blob().unwrap_or_default()))?.is_some()
        {
            erased.push(row.get(0)?);
        }
    }
    erased.into_iter().try_for_each(|delivery| ignore(tx, delivery, now))
}
