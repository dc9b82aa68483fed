//! Deliveries between their receipt and their fate: read, hinted at, decided.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, named_params};

use super::{
    LedgerError, Subject, Tx, inbox, sql,
    time::{ensure_one, from_ms},
};
use crate::domain::{ContactId, DeliveryId, Fate, FoundBy, Lane, LeadId, RouteId};

/// A delivery that nobody has looked into yet.
pub struct Unread {
    /// Which.
    pub delivery: DeliveryId,
    /// The route whose URL it came to.
    pub route: RouteId,
    /// The body as received.
    pub body: Vec<u8>,
}

/// Returns deliveries whose body nobody has read, oldest first.
pub fn unread(conn: &Connection, limit: i64) -> Result<Vec<Unread>, LedgerError> {
    let sql = "
        SELECT delivery.id, route_id, body
        FROM delivery JOIN payload ON payload.id = payload_id
        WHERE fate = 'pending' AND contact IS NULL
        ORDER BY delivery.id
        LIMIT :limit";
    let rows = conn
        .prepare_cached(sql)?
        .query_map(named_params! { ":limit": limit }, |row| {
            Ok(Unread {
                delivery: DeliveryId(row.get("id")?),
                route: RouteId(row.get("route_id")?),
                body: row.get::<_, Option<Vec<u8>>>("body")?.unwrap_or_default(),
            })
        })?
        .collect::<Result<_, _>>()?;
    Ok(rows)
}

/// Notes which contact a delivery names.
pub fn name_contact(
    tx: &Tx<'_>,
    delivery: DeliveryId,
    contact: ContactId,
    now: DateTime<Utc>,
) -> Result<(), LedgerError> {
    let sql = "
        UPDATE delivery SET contact = :contact
        WHERE id = :id AND fate = 'pending'";
    let changed = tx
        .prepare_cached(sql)?
        .execute(named_params! { ":contact": contact.0, ":id": delivery.0 })?;
    ensure_one(changed)?;
    tx.record(Subject::Delivery, delivery.0, "read", now)
}

/// A delivery that waits to be matched.
#[derive(Debug, Clone, Copy)]
pub struct Waiting {
    /// Which.
    pub delivery: DeliveryId,
    /// When it came, on our clock.
    pub received_at: DateTime<Utc>,
}

/// Returns the newest delivery of a contact on a route that waits.
pub fn newest_waiting(
    conn: &Connection,
    route: RouteId,
    contact: ContactId,
) -> Result<Option<DeliveryId>, LedgerError> {
    let sql = "
        SELECT max(id)
        FROM delivery
        WHERE route_id = :route AND contact = :contact AND fate = 'pending'";
    let id: Option<i64> = conn
        .prepare_cached(sql)?
        .query_row(named_params! { ":route": route.0, ":contact": contact.0 }, |row| row.get(0))?;
    Ok(id.map(DeliveryId))
}

/// Returns the deliveries of a contact on a route that wait, up to `newest`, in order of arrival.
pub fn waiting(
    conn: &Connection,
    route: RouteId,
    contact: ContactId,
    newest: Option<DeliveryId>,
) -> Result<Vec<Waiting>, LedgerError> {
    let Some(newest) = newest else { return Ok(Vec::new()) };
    let sql = "
        SELECT id, received_at
        FROM delivery
        WHERE route_id = :route AND contact = :contact AND fate = 'pending' AND id <= :newest
        ORDER BY id";
    let arguments = named_params! { ":route": route.0, ":contact": contact.0, ":newest": newest.0 };
    let rows = conn
        .prepare_cached(sql)?
        .query_map(arguments, |row| {
            Ok(Waiting {
                delivery: DeliveryId(row.get("id")?),
                received_at: from_ms(row.get("received_at")?),
            })
        })?
        .collect::<Result<_, _>>()?;
    Ok(rows)
}

/// Gives a delivery its fate.
///
/// `applied` and `merged` need their lead.
pub fn decide(
    tx: &Tx<'_>,
    delivery: DeliveryId,
    fate: Fate,
    lead: Option<LeadId>,
    reason: Option<&str>,
    now: DateTime<Utc>,
) -> Result<(), LedgerError> {
    let sql = "
        UPDATE delivery SET fate = :fate, lead_id = :lead, reason = :reason
        WHERE id = :id";
    let changed = tx.prepare_cached(sql)?.execute(named_params! {
        ":fate": fate.as_str(),
        ":lead": lead.map(|it| it.0),
        ":reason": reason,
        ":id": delivery.0,
    })?;
    ensure_one(changed)?;
    tx.record(Subject::Delivery, delivery.0, fate.as_str(), now)
}

/// What came of putting quarantined deliveries back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Retried {
    /// The last delivery that was looked at; `None` where there was none left.
    pub last: Option<DeliveryId>,
    /// Those that are looked at again.
    pub deliveries: u64,
}

/// Puts up to `limit` quarantined deliveries after `after` back where they were before they were
/// read.
///
/// Where the body was blanked since there is nothing to read: the contact that it named is looked at
/// again, and a delivery that named none stays where it is.
pub fn retry_quarantined(
    tx: &Tx<'_>,
    after: DeliveryId,
    limit: i64,
    now: DateTime<Utc>,
) -> Result<Retried, LedgerError> {
    let sql = "
        SELECT delivery.id, route_id, contact, body IS NULL AS blanked
        FROM delivery JOIN payload ON payload.id = payload_id
        WHERE fate = 'quarantined' AND delivery.id > :after
        ORDER BY delivery.id
        LIMIT :limit";
    let found: Vec<(DeliveryId, RouteId, Option<ContactId>, bool)> = tx
        .prepare_cached(sql)?
        .query_map(named_params! { ":after": after.0, ":limit": limit }, |row| {
            Ok((row.get("id")?, row.get("route_id")?, row.get("contact")?, row.get("blanked")?))
        })?
        .collect::<Result<_, _>>()?;
    let mut retried = Retried { last: found.last().map(|it| it.0), deliveries: 0 };
    for (id, route, contact, blanked) in found {
        let sql = match (blanked, contact) {
            (false, _) => {
                "UPDATE delivery SET fate = 'pending', reason = NULL, contact = NULL WHERE id = ?1"
            }
            (true, Some(contact)) => {
                inbox::note(tx, route, contact, Lane::Fresh, FoundBy::Webhook, now)?;
                "UPDATE delivery SET fate = 'pending' WHERE id = ?1"
            }
            (true, None) => continue,
        };
        sql::change_one(tx, sql, [id])?;
        tx.record(Subject::Delivery, id.0, "retried", now)?;
        retried.deliveries += 1;
    }
    Ok(retried)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::{
        delivery, payload,
        tests::{at, in_memory, site},
    };

    #[tokio::test]
    async fn a_quarantined_delivery_without_its_body_keeps_its_contact_and_hints_at_it() {
        let ledger = in_memory();
        ledger
            .write(|tx| {
                let route = site(tx)?;
                let mut deliveries = Vec::new();
                for (second, contact) in [(1, Some(ContactId(7))), (2, None), (3, None)] {
                    let id = delivery::accept(tx, &crate::ledger::tests::delivery(&route, second))?;
                    if let Some(contact) = contact {
                        name_contact(tx, id, contact, at(4))?;
                    }
                    let reason = Some("contact not in automation 12");
                    decide(tx, id, Fate::Quarantined, None, reason, at(5))?;
                    deliveries.push(id);
                }
                // The third came later: its body is still there.
                payload::blank_deliveries(tx, (at(3), at(6)), 10)?;
                let first = retry_quarantined(tx, DeliveryId(0), 2, at(6))?;
                assert_eq!(first, Retried { last: Some(deliveries[1]), deliveries: 1 });
                let rest = retry_quarantined(tx, deliveries[1], 2, at(6))?;
                assert_eq!(rest, Retried { last: Some(deliveries[2]), deliveries: 1 });
                let unread: Vec<_> = unread(tx, 10)?.iter().map(|it| it.delivery).collect();
                assert_eq!(unread, [deliveries[2]]);
                let waits = newest_waiting(tx, route.id, ContactId(7))?;
                assert_eq!(waits, Some(deliveries[0]));
                assert!(inbox::find(tx, route.id, ContactId(7))?.is_some());
                let sql = "SELECT reason FROM delivery WHERE id = ?1";
                let reason: String = tx.query_row(sql, [deliveries[0].0], |row| row.get(0))?;
                assert_eq!(reason, "contact not in automation 12");
                Ok(())
            })
            .await
            .unwrap();
    }
}
