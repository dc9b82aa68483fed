//! Wire rows become the planner's records, in one place.
//!
//! Read tolerantly: what is missing or of another type is absent. An unknown date is no date.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::answer::{Row, id, number};
use crate::{
    domain::{RecordId, catalog::Slot},
    planner::{ContactRecord, DealRecord, OtherProperty, PhoneRecord},
};

/// A deal with all that it holds.
#[derive(Clone, PartialEq)]
pub struct DealView {
    /// What a plan depends on.
    pub record: DealRecord,
    /// Native properties as they came; null and absent are both absent.
    pub properties: BTreeMap<String, Value>,
    /// `OtherProperties` as writable items.
    pub other: Vec<OtherProperty>,
    /// `TagId`s of `Tags`.
    pub tags: Vec<RecordId>,
}

impl std::fmt::Debug for DealView {
    /// Shows the id only: the rest is personal data.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "DealView({})", self.record.id)
    }
}

/// A company or person; `None` where the row has no `Id`.
pub(super) fn contact(row: &Row) -> Option<ContactRecord> {
    Some(ContactRecord {
        id: id(row)?,
        properties: properties(row),
        phones: list(row, "Phones").filter_map(phone).collect(),
        tags: tags(row),
        other: others(row),
        created_at: time(row, "CreateDate"),
    })
}

/// A deal; `None` where the row has no `Id`.
pub(super) fn deal(row: &Row, lead_key_field: Option<&str>) -> Option<DealRecord> {
    let lead_key = lead_key_field.and_then(|field| {
        let mut items = list(row, "OtherProperties");
        let item = items.find(|item| text(item, "FieldKey") == Some(field))?;
        text(item, "StringValue").map(str::to_owned)
    });
    Some(DealRecord {
        id: id(row)?,
        open: integer(row, "StatusId") == Some(1),
        contact: record_id(row, "ContactId"),
        person: record_id(row, "PersonId"),
        creator: record_id(row, "CreatorId"),
        created_at: time(row, "CreateDate"),
        lead_key,
    })
}

/// A deal with all that it holds; `None` where the row has no `Id`.
pub(super) fn deal_view(row: &Row, lead_key_field: Option<&str>) -> Option<DealView> {
    Some(DealView {
        record: deal(row, lead_key_field)?,
        properties: properties(row),
        other: others(row),
        tags: tags(row),
    })
}

/// The rows of an expanded collection; none where it is absent or null.
pub(super) fn list<'a>(row: &'a Row, name: &str) -> impl Iterator<Item = &'a Row> {
    row.get(name).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_object)
}

/// A property as a whole number.
pub(super) fn integer(row: &Row, property: &str) -> Option<i64> {
    row.get(property).and_then(number)
}

/// A property as text; `None` where it is empty.
pub(super) fn text<'a>(row: &'a Row, property: &str) -> Option<&'a str> {
    row.get(property).and_then(Value::as_str).filter(|text| !text.is_empty())
}

/// A property as a truth; false where it is absent.
pub(super) fn truth(row: &Row, property: &str) -> bool {
    row.get(property).and_then(Value::as_bool).unwrap_or_default()
}

/// A link to a record; 0 is none.
fn record_id(row: &Row, property: &str) -> Option<RecordId> {
    integer(row, property).filter(|id| *id > 0).map(RecordId)
}

/// `CreatorId`.
pub(super) fn creator(row: &Row) -> Option<RecordId> {
    record_id(row, "CreatorId")
}

/// `CreateDate`.
pub(super) fn created_at(row: &Row) -> Option<DateTime<Utc>> {
    time(row, "CreateDate")
}

/// `2022-12-15T14:59:45.13-03:00`: none to three digits of a second, and an offset.
fn time(row: &Row, property: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(text(row, property)?).ok().map(|it| it.to_utc())
}

/// What is neither null, nor expanded, nor a remark of `OData`'s.
fn properties(row: &Row) -> BTreeMap<String, Value> {
    let native = |(name, value): (&String, &Value)| match value {
        Value::Null | Value::Array(_) | Value::Object(_) => None,
        _ if name.contains('@') => None,
        _ => Some((name.clone(), value.clone())),
    };
    row.iter().filter_map(native).collect()
}

fn phone(row: &Row) -> Option<PhoneRecord> {
    let (number, search) = (text(row, "PhoneNumber"), integer(row, "SearchPhoneNumber"));
    (number.is_some() || search.is_some()).then(|| PhoneRecord {
        number: number.unwrap_or_default().to_owned(),
        search,
        type_id: integer(row, "TypeId"),
        country_id: integer(row, "CountryId"),
    })
}

fn tags(row: &Row) -> Vec<RecordId> {
    list(row, "Tags").filter_map(|tag| record_id(tag, "TagId")).collect()
}

fn others(row: &Row) -> Vec<OtherProperty> {
    list(row, "OtherProperties").filter_map(other).collect()
}

/// A custom value as it is written: its key, and the one slot that holds something.
///
/// Options, users and contacts are written as `IntegerValue`; reading shows their id in a second
/// slot, which a write ignores.
fn other(row: &Row) -> Option<OtherProperty> {
    const MIRRORS: [&str; 3] = ["ObjectValueId", "UserValueId", "ContactValueId"];
    let held = |name: &str| row.get(name).filter(|it| !it.is_null() && it.as_str() != Some(""));
    let slot = Slot::ALL.iter().find_map(|slot| Some((slot.key(), held(slot.key())?)));
    let mirrored = || Some((Slot::Integer.key(), MIRRORS.iter().find_map(|name| held(name))?));
    let (slot, value) = slot.or_else(mirrored)?;
    Some(OtherProperty {
        key: text(row, "FieldKey")?.to_owned(),
        slot: slot.to_owned(),
        value: value.clone(),
    })
}

#[cfg(test)]
mod tests;
