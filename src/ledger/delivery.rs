//! Deliveries as they come in: bytes, kept before anybody looks at them.
//!
//! The hot path of the receiver: a delivery is one payload, one row and one link of the chain, with
//! nothing read back; what is counted is counted once for all that come together. What becomes of a delivery later is matching's business.

use std::{collections::BTreeMap, fmt};

use bytes::Bytes;
use chrono::{DateTime, Utc};
use rusqlite::types::ValueRef;

use super::{
    LedgerError, PayloadKind, Subject, Tx,
    digest::{Hash, RowDigest},
    history::ACCEPTED,
    sql::{self, Millis},
};
use crate::domain::{DeliveryId, Fate, RouteId};

/// A request to a route's webhook URL, as received.
#[derive(Clone)]
pub struct NewDelivery {
    /// The route whose token it had.
    pub route: RouteId,
    /// When its last byte came.
    pub received_at: DateTime<Utc>,
    /// The address it came from.
    pub peer: String,
    /// The headers that are kept, as a JSON object; none of them holds a secret.
    pub headers: String,
    /// The body, whatever it is.
    pub body: Bytes,
}

impl fmt::Debug for NewDelivery {
    /// Shows no body: it is personal data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NewDelivery(route {}, {} bytes)", self.route, self.body.len())
    }
}

/// Keeps a delivery; once the transaction is committed it is accepted, and counted.
pub fn accept(tx: &Tx<'_>, new: &NewDelivery) -> Result<DeliveryId, LedgerError> {
    let kept = accept_all(tx, &[new])?;
    kept.first().copied().ok_or(LedgerError::Unchanged { expected: 1, actual: 0 })
}

/// The same for deliveries that came together, in their order.
pub(super) fn accept_all(
    tx: &Tx<'_>,
    all: &[&NewDelivery],
) -> Result<Vec<DeliveryId>, LedgerError> {
    let newest = "SELECT id FROM delivery ORDER BY id DESC LIMIT 1";
    let newest: i64 = sql::maybe(tx, newest, [], |row| row.get(0))?.unwrap_or(0);
    let kept = all.iter().map(|new| keep(tx, new)).collect::<Result<_, _>>()?;
    // The rows that there are, and not how many there should be: the balance must be able to fail.
    let counted = "UPDATE tally SET rows = rows + (SELECT count(*) FROM delivery WHERE id > ?1)
                   WHERE subject = 'delivery' AND value = 'pending'";
    sql::change_one(tx, counted, [newest])?;
    let last: BTreeMap<RouteId, Millis> =
        all.iter().map(|new| (new.route, Millis(new.received_at))).collect();
    for (route, at) in last {
        let noted = "UPDATE route SET last_delivery = ?2 WHERE id = ?1";
        sql::change_one(tx, noted, (route, at))?;
    }
    Ok(kept)
}

fn keep(tx: &Tx<'_>, new: &NewDelivery) -> Result<DeliveryId, LedgerError> {
    let payload = tx.store(PayloadKind::Delivery, new.received_at, &new.body)?;
    let received_at = new.received_at.timestamp_millis();
    let id = sql::insert(
        tx,
        "INSERT INTO delivery (route_id, received_at, peer, headers, payload_id)
         VALUES (?1, ?2, ?3, ?4, ?5)",
        (new.route, received_at, &new.peer, &new.headers, payload.id),
    )?;
    let digest = digest(id, new, &payload.hash);
    tx.record_digest(Subject::Delivery, id, ACCEPTED, new.received_at, &digest)?;
    Ok(DeliveryId(id))
}

/// What `Subject::Delivery` digests of a row that was just accepted.
fn digest(id: i64, new: &NewDelivery, payload: &Hash) -> Hash {
    let mut digest = RowDigest::new(Subject::Delivery.as_str());
    digest.column("id", ValueRef::Integer(id));
    digest.column("route_id", ValueRef::Integer(new.route.0));
    digest.column("received_at", ValueRef::Integer(new.received_at.timestamp_millis()));
    digest.column("peer", ValueRef::Text(new.peer.as_bytes()));
    digest.column("headers", ValueRef::Text(new.headers.as_bytes()));
    digest.column("payload_id", ValueRef::Blob(payload));
    digest.column("fate", ValueRef::Text(Fate::Pending.as_str().as_bytes()));
    digest.finish()
}
