//! What waits for a person beside failed leads: quarantined deliveries, and records that people
//! changed.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, named_params};

use super::{
    LedgerError, Tx,
    drift::{self, Entity, Kind},
    intake::{self, Retried},
    sql,
};
use crate::domain::{ContactId, DeliveryId, RecordId};

/// A delivery that could not be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quarantined {
    /// Its number, the receipt.
    pub id: DeliveryId,
    /// The route whose URL it came to.
    pub route: String,
    /// When it came.
    pub received_at: DateTime<Utc>,
    /// The contact that it names, where it could be read.
    pub contact: Option<ContactId>,
    /// Why.
    pub reason: Option<String>,
}

/// Returns quarantined deliveries before `before`, the newest first, at most `limit` of them.
pub fn quarantined(
    conn: &Connection,
    before: Option<DeliveryId>,
    limit: u32,
) -> Result<Vec<Quarantined>, LedgerError> {
    let sql = "
        SELECT delivery.id, route.name AS route, received_at, contact, reason
        FROM delivery INDEXED BY delivery_quarantined CROSS JOIN route ON route.id = route_id
        WHERE fate = 'quarantined' AND delivery.id < :before
        ORDER BY delivery.id DESC
        LIMIT :limit";
    let before = before.map_or(i64::MAX, |it| it.0);
    sql::all(conn, sql, named_params! { ":before": before, ":limit": limit }, |row| {
        Ok(Quarantined {
            id: row.get("id")?,
            route: row.get("route")?,
            received_at: sql::time_of(row, "received_at")?,
            contact: row.get("contact")?,
            reason: row.get("reason")?,
        })
    })
}

/// Puts one delivery back that is quarantined; returns whether it was.
pub fn retry_delivery(
    tx: &Tx<'_>,
    delivery: DeliveryId,
    now: DateTime<Utc>,
) -> Result<bool, LedgerError> {
    let sql = "SELECT EXISTS (SELECT 1 FROM delivery WHERE id = ?1 AND fate = 'quarantined')";
    if !sql::one(tx, sql, [delivery], |row| row.get(0))? {
        return Ok(false);
    }
    let Retried { deliveries, .. } =
        intake::retry_quarantined(tx, DeliveryId(delivery.0 - 1), 1, now)?;
    Ok(deliveries == 1)
}

/// A record in Ploomes that no longer is what was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drifted {
    /// A deal, or a company or person.
    pub entity: Entity,
    /// Which.
    pub record: RecordId,
    /// What is not as it was written.
    pub kind: Kind,
    /// The older record of a double.
    pub twin: Option<RecordId>,
    /// The name of the newest lead that holds it.
    pub lead: Option<String>,
}

/// Returns drift as the last reconciliations found it, at most `limit` of it.
pub fn drifted(conn: &Connection, limit: u32) -> Result<Vec<Drifted>, LedgerError> {
    let sql = "
        SELECT entity, record, kind, twin FROM drift ORDER BY kind, entity, record LIMIT ?1";
    let mut found = sql::all(conn, sql, [limit], |row| {
        Ok(Drifted {
            entity: row.get("entity")?,
            record: row.get("record")?,
            kind: row.get("kind")?,
            twin: row.get("twin")?,
            lead: None,
        })
    })?;
    for it in &mut found {
        it.lead = drift::holder(conn, it.entity, it.record, None)?.map(|it| it.key);
    }
    Ok(found)
}

/// How much drift there is.
pub fn drift_count(conn: &Connection) -> Result<i64, LedgerError> {
    sql::one(conn, "SELECT count(*) FROM drift", [], |row| row.get(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::sample;

    #[tokio::test]
    async fn a_quarantined_delivery_is_put_back_and_no_other() {
        let ledger = sample::small().await;
        let before = ledger.read(|conn| quarantined(conn, None, 9)).await.unwrap();
        let id = before[0].id;
        let other = DeliveryId(id.0 - 1);
        let put = ledger
            .write(move |tx| {
                let other = retry_delivery(tx, other, sample::now())?;
                let first = retry_delivery(tx, id, sample::now())?;
                Ok([other, first, retry_delivery(tx, id, sample::now())?])
            })
            .await
            .unwrap();
        assert_eq!(put, [false, true, false]);
        let after = ledger.read(|conn| quarantined(conn, None, 9)).await.unwrap();
        assert_eq!(after.len(), before.len() - 1);
    }
}
