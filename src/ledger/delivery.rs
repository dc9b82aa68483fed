//! Deliveries as they come in: bytes, kept before anybody looks at them.
//!
//! The hot path of the receiver: one call is one payload, one row and one link of the chain, with
//! nothing read back. What becomes of a delivery later is matching's business.

use std::fmt;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use rusqlite::types::ValueRef;

use super::{
    LedgerError, PayloadKind, Subject, Tx,
    digest::{Hash, RowDigest},
    history::ACCEPTED,
    sql,
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
