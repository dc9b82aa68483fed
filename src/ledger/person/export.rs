//! Everything that is held of a person.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use rusqlite::{Connection, Row};
use serde_json::Value;

use super::{Who, held::gather};
use crate::{
    domain::{ContactId, DeliveryId, Fate, LeadId},
    ledger::{Hash, LedgerError, explain, sql},
};

/// All that the ledger has of a person; shows nothing by itself.
pub struct Exported {
    /// The contacts, those that AC merged into another included.
    pub contacts: BTreeSet<ContactId>,
    /// The address as AC showed it last.
    pub email: Option<String>,
    /// Every delivery of theirs, in order of arrival.
    pub deliveries: Vec<Delivered>,
    /// What AC showed, whenever it changed.
    pub observations: Vec<Observed>,
    /// What was found, decided, sent and answered, by contact.
    pub stories: Vec<explain::Story>,
    /// Each change of all of that, as the chain has it.
    pub history: Vec<Change>,
}

/// A delivery, whole.
pub struct Delivered {
    /// Its number, the receipt.
    pub id: DeliveryId,
    /// The route whose URL it came to.
    pub route: String,
    /// When.
    pub received_at: DateTime<Utc>,
    /// From which address.
    pub peer: String,
    /// With which headers, as JSON.
    pub headers: String,
    /// What became of it.
    pub fate: Fate,
    /// Why.
    pub reason: Option<String>,
    /// The contact that it names.
    pub contact: Option<ContactId>,
    /// The body as it came; `None` where it was blanked.
    pub body: Option<String>,
}

/// What AC showed of a contact at some time.
pub struct Observed {
    /// Which contact.
    pub contact: ContactId,
    /// For which route.
    pub route: String,
    /// When.
    pub at: DateTime<Utc>,
    /// Its values; `None` where they were blanked.
    pub values: Option<Value>,
}

/// A row of the chain.
pub struct Change {
    /// Its place in the chain.
    pub seq: i64,
    /// When.
    pub at: DateTime<Utc>,
    /// A table of the evidence.
    pub subject: String,
    /// A row of it.
    pub id: i64,
    /// What happened.
    pub event: String,
}

/// Reads all that is held of a person; `None` where nothing is. `keyed` is the ledger's keyed hash.
pub fn read(
    conn: &Connection,
    keyed: impl Fn(&str) -> Hash,
    who: &Who,
) -> Result<Option<Exported>, LedgerError> {
    let held = gather(conn, keyed, who)?;
    let mut all = Exported {
        contacts: held.contacts.clone(),
        email: None,
        deliveries: Vec::new(),
        observations: Vec::new(),
        stories: Vec::new(),
        history: Vec::new(),
    };
    for contact in &held.contacts {
        all.deliveries.extend(sql::all(conn, DELIVERIES, [contact], delivered_from_row)?);
        all.observations.extend(sql::all(conn, OBSERVATIONS, [contact], observed_from_row)?);
        all.stories.extend(explain::read(conn, *contact)?);
        all.history.extend(sql::all(conn, OF_CONTACT, [contact], change_from_row)?);
    }
    for lead in &held.leads {
        all.history.extend(of_lead(conn, *lead)?);
    }
    all.deliveries.sort_by_key(|it| it.id);
    all.history.sort_by_key(|it| it.seq);
    all.history.dedup_by_key(|it| it.seq);
    all.email = all.stories.iter().rev().find_map(|it| it.email.clone());
    let is_empty =
        all.deliveries.is_empty() && all.observations.is_empty() && all.stories.is_empty();
    Ok((!is_empty).then_some(all))
}

const DELIVERIES: &str = "
    SELECT delivery.id, route.name AS route, received_at, peer, headers, fate, delivery.reason,
           delivery.contact, body
    FROM delivery CROSS JOIN route ON route.id = delivery.route_id
                  CROSS JOIN payload ON payload.id = payload_id
    WHERE delivery.contact = ?1
    ORDER BY delivery.id";

const OBSERVATIONS: &str = "
    SELECT observation.contact, route.name AS route, observation.at, body
    FROM observation CROSS JOIN route ON route.id = observation.route_id
                     CROSS JOIN payload ON payload.id = payload_id
    WHERE observation.contact = ?1
    ORDER BY observation.id";

const OF_CONTACT: &str = "
    SELECT seq, at, subject, subject_id, event FROM history
    WHERE subject = 'delivery' AND subject_id IN (SELECT id FROM delivery WHERE contact = ?1)";

const OF_LEAD: [&str; 3] = [
    "SELECT seq, at, subject, subject_id, event FROM history
     WHERE subject = 'lead' AND subject_id = ?1",
    "SELECT seq, at, subject, subject_id, event FROM history
     WHERE subject = 'step' AND subject_id IN (SELECT id FROM step WHERE lead_id = ?1)",
    "SELECT seq, at, subject, subject_id, event FROM history
     WHERE subject = 'finding' AND subject_id IN (SELECT id FROM finding WHERE lead_id = ?1)",
];

fn of_lead(conn: &Connection, lead: LeadId) -> Result<Vec<Change>, LedgerError> {
    let mut changes = Vec::new();
    for sql in OF_LEAD {
        changes.extend(sql::all(conn, sql, [lead], change_from_row)?);
    }
    Ok(changes)
}

fn delivered_from_row(row: &Row<'_>) -> rusqlite::Result<Delivered> {
    let body: Option<Vec<u8>> = row.get("body")?;
    Ok(Delivered {
        id: row.get("id")?,
        route: row.get("route")?,
        received_at: sql::time_of(row, "received_at")?,
        peer: row.get("peer")?,
        headers: row.get("headers")?,
        fate: row.get("fate")?,
        reason: row.get("reason")?,
        contact: row.get("contact")?,
        body: body.map(|it| String::from_utf8_lossy(&it).into_owned()),
    })
}

fn observed_from_row(row: &Row<'_>) -> rusqlite::Result<Observed> {
    let body: Option<Vec<u8>> = row.get("body")?;
    Ok(Observed {
        contact: row.get("contact")?,
        route: row.get("route")?,
        at: sql::time_of(row, "at")?,
        values: body.and_then(|it| serde_json::from_slice(&it).ok()),
    })
}

fn change_from_row(row: &Row<'_>) -> rusqlite::Result<Change> {
    Ok(Change {
        seq: row.get("seq")?,
        at: sql::time_of(row, "at")?,
        subject: row.get("subject")?,
        id: row.get("subject_id")?,
        event: row.get("event")?,
    })
}
