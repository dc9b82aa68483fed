//! Deliveries between their receipt and their fate: read, hinted at, decided.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, named_params};

use super::{
    LedgerError, Subject, Tx,
    time::{ensure_one, from_ms},
};
use crate::domain::{ContactId, DeliveryId, Fate, LeadId, RouteId};

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

/// Puts quarantined deliveries back where they were before they were read; returns how many.
pub fn retry_quarantined(tx: &Tx<'_>, now: DateTime<Utc>) -> Result<usize, LedgerError> {
    let sql = "SELECT id FROM delivery WHERE fate = 'quarantined' ORDER BY id";
    let ids: Vec<i64> =
        tx.prepare_cached(sql)?.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    for id in &ids {
        let sql = "
            UPDATE delivery SET fate = 'pending', reason = NULL, contact = NULL
            WHERE id = :id AND fate = 'quarantined'";
        let changed = tx.prepare_cached(sql)?.execute(named_params! { ":id": id })?;
        ensure_one(changed)?;
        tx.record(Subject::Delivery, *id, "retried", now)?;
    }
    Ok(ids.len())
}
