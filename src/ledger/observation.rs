//! What `ActiveCampaign` showed of a contact for a route, one row whenever it changed.
//!
//! The values stand in a payload, which `erase` blanks; the row has a keyed fingerprint of them.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension, named_params};

use super::{
    LedgerError, PayloadKind, Tx,
    digest::Hash,
    time::{from_ms, to_ms},
};
use crate::domain::{Contact, ContactId, RouteId};

/// Keeps what was seen.
pub fn keep(
    tx: &Tx<'_>,
    route: RouteId,
    contact: &Contact,
    now: DateTime<Utc>,
) -> Result<(), LedgerError> {
    let body = serde_json::to_vec(contact).unwrap_or_default();
    let fingerprint = tx.keyed(&String::from_utf8_lossy(&body));
    let payload = tx.put_payload(PayloadKind::Observation, now, &body)?;
    let sql = "
        INSERT INTO observation (route_id, contact, at, updated_at, fingerprint, payload_id)
        VALUES (:route, :contact, :now, :updated_at, :fingerprint, :payload)";
    tx.prepare_cached(sql)?.execute(named_params! {
        ":route": route.0,
        ":contact": contact.id.0,
        ":now": to_ms(now),
        ":updated_at": contact.updated_at.map(|at| to_ms(at.with_timezone(&Utc))),
        ":fingerprint": fingerprint.as_slice(),
        ":payload": payload,
    })?;
    Ok(())
}

/// Returns the contact as last seen; `None` where it never was, or was erased.
pub fn newest(
    conn: &Connection,
    route: RouteId,
    contact: ContactId,
) -> Result<Option<Contact>, LedgerError> {
    let sql = "
        SELECT body
        FROM observation JOIN payload ON payload.id = payload_id
        WHERE contact = :contact AND route_id = :route
        ORDER BY observation.id DESC
        LIMIT 1";
    let body: Option<Option<Vec<u8>>> = conn
        .prepare_cached(sql)?
        .query_row(named_params! { ":contact": contact.0, ":route": route.0 }, |row| row.get(0))
        .optional()?;
    Ok(body.flatten().and_then(|body| serde_json::from_slice(&body).ok()))
}

/// Returns AC's stamp of the contact as last seen: `None` where it never was seen, `Some(None)`
/// where it had no stamp.
pub fn newest_stamp(
    conn: &Connection,
    route: RouteId,
    contact: ContactId,
) -> Result<Option<Option<DateTime<Utc>>>, LedgerError> {
    let sql = "
        SELECT updated_at
        FROM observation
        WHERE contact = :contact AND route_id = :route
        ORDER BY id DESC
        LIMIT 1";
    let stamp: Option<Option<i64>> = conn
        .prepare_cached(sql)?
        .query_row(named_params! { ":contact": contact.0, ":route": route.0 }, |row| row.get(0))
        .optional()?;
    Ok(stamp.map(|stamp| stamp.map(from_ms)))
}

/// Keeps a newer stamp of a contact whose values are those that were seen last, so that the same
/// stamp is not taken for a change again.
pub fn touch(
    tx: &Tx<'_>,
    route: RouteId,
    contact: ContactId,
    stamp: DateTime<Utc>,
) -> Result<(), LedgerError> {
    let sql = "
        UPDATE observation SET updated_at = :stamp
        WHERE id = (SELECT max(id) FROM observation
                    WHERE contact = :contact AND route_id = :route)
          AND (updated_at IS NULL OR updated_at < :stamp)";
    // No row: it was never seen. No change: the stamp is not newer.
    tx.prepare_cached(sql)?.execute(named_params! {
        ":stamp": to_ms(stamp),
        ":contact": contact.0,
        ":route": route.0,
    })?;
    Ok(())
}

/// Returns the fingerprint of a contact's derived values as last written.
pub fn derived(
    conn: &Connection,
    route: RouteId,
    contact: ContactId,
) -> Result<Option<Hash>, LedgerError> {
    let sql = "SELECT fingerprint FROM derived WHERE route_id = :route AND contact = :contact";
    Ok(conn
        .prepare_cached(sql)?
        .query_row(named_params! { ":route": route.0, ":contact": contact.0 }, |row| row.get(0))
        .optional()?)
}

/// Keeps the fingerprint of a contact's derived values that were just written.
pub fn keep_derived(
    tx: &Tx<'_>,
    route: RouteId,
    contact: ContactId,
    fingerprint: &Hash,
) -> Result<(), LedgerError> {
    let sql = "
        INSERT INTO derived (route_id, contact, fingerprint)
        VALUES (:route, :contact, :fingerprint)
        ON CONFLICT (route_id, contact) DO UPDATE SET fingerprint = excluded.fingerprint";
    tx.prepare_cached(sql)?.execute(named_params! {
        ":route": route.0,
        ":contact": contact.0,
        ":fingerprint": fingerprint.as_slice(),
    })?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::tests::{at, in_memory, site};

    fn maria(updated_at: i64) -> Contact {
        Contact {
            id: ContactId(7),
            email: "maria@example.com".to_owned(),
            first_name: String::new(),
            last_name: String::new(),
            phone: String::new(),
            company: String::new(),
            tags: Vec::new(),
            fields: Vec::new(),
            created_at: None,
            updated_at: Some(at(updated_at).fixed_offset()),
        }
    }

    #[tokio::test]
    async fn a_newer_stamp_is_kept_with_the_newest_observation_and_an_older_one_is_not() {
        let ledger = in_memory();
        let seen = ledger
            .write(|tx| {
                let route = site(tx)?.id;
                touch(tx, route, ContactId(7), at(1))?;
                assert_eq!(newest_stamp(tx, route, ContactId(7))?, None);
                keep(tx, route, &maria(10), at(10))?;
                keep(tx, route, &maria(20), at(20))?;
                let mut seen = Vec::new();
                for stamp in [30, 25] {
                    touch(tx, route, ContactId(7), at(stamp))?;
                    seen.push(newest_stamp(tx, route, ContactId(7))?.flatten());
                }
                Ok(seen)
            })
            .await
            .unwrap();
        assert_eq!(seen, [Some(at(30)), Some(at(30))]);
    }
}
