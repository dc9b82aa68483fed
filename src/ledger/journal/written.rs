//! What was written last to a record, as the journal has it.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use rusqlite::{Connection, named_params};
use serde_json::{Map, Value};

use crate::{
    domain::{ContactId, RecordId},
    ledger::{
        LedgerError,
        time::{from_ms, to_ms},
    },
    planner::StepKind,
};

/// What was written last to a record, by property or `FieldKey`: the newest request that was
/// applied, and those after it of which nobody knows.
///
/// Left out is what a whole list merely carried, and what was written last for another contact: two
/// contacts who share a record and do not agree would write over each other for ever.
pub fn written(
    conn: &Connection,
    kind: StepKind,
    record: RecordId,
    contact: ContactId,
) -> Result<BTreeMap<String, Vec<Value>>, LedgerError> {
    let mut written: BTreeMap<String, Vec<(Value, ContactId)>> = BTreeMap::new();
    each_write(conn, kind, record, |write| {
        for (name, value) in write.values {
            let last = written.entry(name).or_default();
            if write.certain {
                last.clear();
            }
            last.push((value, write.contact));
        }
    })?;
    let mut ours = BTreeMap::new();
    for (name, last) in written {
        let own = last.into_iter().filter(|(_, of)| *of == contact);
        let own: Vec<Value> = own.map(|(value, _)| value).collect();
        if !own.is_empty() {
            ours.insert(name, own);
        }
    }
    Ok(ours)
}

/// What a record holds if nobody but ponte wrote to it, and when ponte last did.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LastWritten {
    /// By property or `FieldKey`, for whichever contact. A field whose last write may not have been
    /// applied is left out.
    pub values: BTreeMap<String, Value>,
    /// The last write.
    pub at: Option<DateTime<Utc>>,
}

/// Returns what was certainly written last to a record.
pub fn last_written(
    conn: &Connection,
    kind: StepKind,
    record: RecordId,
) -> Result<LastWritten, LedgerError> {
    let mut last = LastWritten::default();
    each_write(conn, kind, record, |write| {
        last.at = last.at.max(write.sent_at);
        if write.certain {
            last.values.extend(write.values);
        } else {
            last.values.retain(|name, _| !write.values.contains_key(name));
        }
    })?;
    Ok(last)
}

/// A write that was or may have been applied.
struct Write {
    contact: ContactId,
    sent_at: Option<DateTime<Utc>>,
    /// Whether it was applied for certain.
    certain: bool,
    /// What it set, by property or `FieldKey`.
    values: BTreeMap<String, Value>,
}

/// Goes through the writes to a record, oldest first.
fn each_write(
    conn: &Connection,
    kind: StepKind,
    record: RecordId,
    mut see: impl FnMut(Write),
) -> Result<(), LedgerError> {
    let sql = "
        SELECT body, fields, lead.contact, sent_at, step.state = 'done'
        FROM step JOIN payload ON payload.id = request_id JOIN lead ON lead.id = lead_id
        WHERE step.kind = :kind AND record = :record AND step.state <> 'refused'
          AND body IS NOT NULL
        ORDER BY step.id";
    let mut statement = conn.prepare_cached(sql)?;
    let mut rows =
        statement.query(named_params! { ":kind": kind.as_str(), ":record": record.0 })?;
    while let Some(row) = rows.next()? {
        let body: Vec<u8> = row.get(0)?;
        let fields: Option<Vec<String>> =
            row.get::<_, Option<String>>(1)?.and_then(|fields| serde_json::from_str(&fields).ok());
        let request: Map<String, Value> = serde_json::from_slice(&body).unwrap_or_default();
        let values = request.into_iter().flat_map(|(property, value)| match value {
            Value::Array(items) if property == "OtherProperties" => by_field_key(&items),
            value => BTreeMap::from([(property, value)]),
        });
        let set = |name: &String| fields.as_ref().is_none_or(|fields| fields.contains(name));
        see(Write {
            contact: row.get(2)?,
            sent_at: row.get::<_, Option<i64>>(3)?.map(from_ms),
            certain: row.get(4)?,
            values: values.filter(|(name, _)| set(name)).collect(),
        });
    }
    Ok(())
}

/// One item of a custom field stands for itself, several are an array.
fn by_field_key(items: &[Value]) -> BTreeMap<String, Value> {
    let mut fields: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for item in items {
        if let Some(key) = item.get("FieldKey").and_then(Value::as_str) {
            fields.entry(key.to_owned()).or_default().push(item.clone());
        }
    }
    let value = |mut items: Vec<Value>| match items.len() {
        1 => items.remove(0),
        _ => Value::Array(items),
    };
    fields.into_iter().map(|(key, items)| (key, value(items))).collect()
}

/// Returns the e-mail addresses that persons were given since `since`, or may have been.
pub fn emails_given_since(
    conn: &Connection,
    persons: Vec<RecordId>,
    since: DateTime<Utc>,
) -> Result<BTreeMap<RecordId, BTreeSet<String>>, LedgerError> {
    let sql = "
        SELECT body
        FROM step JOIN payload ON payload.id = request_id
        WHERE step.kind = 'person' AND record = :record AND step.state <> 'refused'
          AND body IS NOT NULL AND coalesce(ended_at >= :since, TRUE)";
    let mut statement = conn.prepare_cached(sql)?;
    let mut given: BTreeMap<RecordId, BTreeSet<String>> = BTreeMap::new();
    for person in persons {
        let mut rows =
            statement.query(named_params! { ":record": person.0, ":since": to_ms(since) })?;
        while let Some(row) = rows.next()? {
            let body: Vec<u8> = row.get(0)?;
            let request: Map<String, Value> = serde_json::from_slice(&body).unwrap_or_default();
            if let Some(email) = request.get("Email").and_then(Value::as_str) {
                given.entry(person).or_default().insert(email.to_owned());
            }
        }
    }
    Ok(given)
}

/// Returns the deals made since `since` for leads that hold one of these companies and persons.
pub fn deals_made_since(
    conn: &Connection,
    records: &BTreeSet<RecordId>,
    since: DateTime<Utc>,
) -> Result<BTreeSet<RecordId>, LedgerError> {
    let sql = "
        SELECT record
        FROM step JOIN lead ON lead.id = lead_id
        WHERE step.kind = 'deal' AND action = 'create' AND step.state = 'done'
          AND ended_at >= :since AND (lead.person = :record OR lead.company = :record)";
    let mut statement = conn.prepare_cached(sql)?;
    let mut deals = BTreeSet::new();
    for record in records {
        let made = statement
            .query_map(named_params! { ":record": record.0, ":since": to_ms(since) }, |row| {
                row.get::<_, Option<i64>>(0)
            })?;
        for deal in made {
            deals.extend(deal?.map(RecordId));
        }
    }
    Ok(deals)
}
