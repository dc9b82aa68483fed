//! Custom values: `OtherProperties`.
//!
//! `FieldKey` says which field, and the slot of the field's type holds the value. What the service
//! shows beside it (`ObjectValueName`, `UserValueId`, …) is derived and ignored in a body.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use super::{Account, Table, Values, incoming, invalid, objects};
use crate::simulator::ploomes::{
    refusal::Refusal,
    standard,
    switches::{LongString, PatchMode, Unknown},
};

/// The most characters that `StringValue` holds.
const STRING_MAX: usize = 250;

/// Where values are held.
pub(in super::super) const SLOTS: [&str; 6] =
    ["StringValue", "BigStringValue", "IntegerValue", "DecimalValue", "DateTimeValue", "BoolValue"];

/// A field, as values are checked against it.
pub(super) struct FieldView {
    id: i64,
    key: String,
    type_id: i64,
    multiple: bool,
    options: Option<i64>,
    /// The slot of its type.
    pub(super) slot: &'static str,
    /// Whose field it is.
    pub(super) table: Option<Table>,
    /// The property it stands for; `None` for a custom field.
    pub(super) property: Option<String>,
}

impl Account {
    /// The field with this key.
    pub(super) fn field(&self, key: &str) -> Option<FieldView> {
        let forever = DateTime::<Utc>::MAX_UTC;
        let mut rows = self.store.rows(Table::Fields, forever);
        let row = rows.find(|it| it.value("Key").as_str() == Some(key))?;
        let type_id = row.id_of("TypeId")?;
        let native = self.store.latest(Table::FieldTypes, type_id)?.values.get("NativeType");
        let native = native.and_then(Value::as_str)?;
        Some(FieldView {
            id: row.id_of("Id")?,
            key: key.to_owned(),
            type_id,
            multiple: row.value("Multiple") == &json!(true),
            options: row.id_of("OptionsTableId"),
            slot: SLOTS.into_iter().find(|it| it.strip_suffix("Value") == Some(native))?,
            table: match row.id_of("EntityId") {
                Some(1) => Some(Table::Contacts),
                Some(2) => Some(Table::Deals),
                _ => None,
            },
            property: row.value("PropertyName").as_str().map(str::to_owned),
        })
    }

    /// The id of the field with this key.
    pub(in super::super) fn field_id(&self, key: &str) -> Option<i64> {
        self.field(key).map(|it| it.id)
    }

    /// The custom values of a record once `value` is written over those it `held`.
    pub(super) fn custom_values(
        &mut self,
        table: Table,
        owner: i64,
        held: &[Values],
        value: &Value,
        mode: PatchMode,
    ) -> Result<Vec<Values>, Refusal> {
        let mut named: Vec<String> = Vec::new();
        let mut rows: Vec<Values> = Vec::new();
        for item in objects("OtherProperties", value)? {
            let Some((field, value)) = self.custom_value(table, item)? else { continue };
            if !field.multiple {
                rows.retain(|it| it.get("FieldId") != Some(&json!(field.id)));
            }
            named.push(field.key.clone());
            if let Some(mut row) = value {
                let (part, by) = parts_of(table);
                row.insert("Id", json!(self.store.next_id(part)));
                row.insert(by, json!(owner));
                rows.push(row);
            }
        }
        if mode == PatchMode::MergeOtherProperties {
            let kept = held.iter().filter(|it| {
                it.get("FieldKey")
                    .and_then(Value::as_str)
                    .is_none_or(|key| !named.iter().any(|it| it == key))
            });
            rows.splice(0..0, kept.cloned());
        }
        Ok(rows)
    }

    /// The field an item is for, and its row; no row where it clears the field, and nothing at all
    /// where the item says nothing that is understood.
    fn custom_value(
        &self,
        table: Table,
        item: &Map<String, Value>,
    ) -> Result<Option<(FieldView, Option<Values>)>, Refusal> {
        let incoming = incoming(parts_of(table).0, item, Unknown::Refused)?;
        let Some(Value::String(key)) = incoming.values.get("FieldKey") else { return Ok(None) };
        let field = self.field(key).filter(|it| it.table == Some(table) && it.property.is_none());
        let Some(field) = field else {
            return match self.switches.unknown_field_key {
                Unknown::Ignored => Ok(None),
                Unknown::Refused => Err(invalid("FieldKey", "there is no such field")),
            };
        };
        let held = |it: &str| incoming.values.get(it).is_some_and(|it| !it.is_null());
        if SLOTS.into_iter().any(|it| it != field.slot && held(it)) {
            return Err(invalid("OtherProperties", "the value is not in the slot of its field"));
        }
        match incoming.values.get(field.slot) {
            // A slot of another type that is null, or none: nothing is said.
            None => Ok(None),
            Some(Value::Null) => Ok(Some((field, None))),
            Some(value) => {
                let row = self.row_of(&field, value.clone())?;
                Ok(Some((field, Some(row))))
            }
        }
    }

    /// The row of a value, with what the service shows beside it.
    fn row_of(&self, field: &FieldView, value: Value) -> Result<Values, Refusal> {
        let value = match value {
            Value::String(text)
                if field.slot == "StringValue" && text.chars().count() > STRING_MAX =>
            {
                match self.switches.long_string {
                    LongString::Refused => {
                        return Err(invalid("StringValue", "it has more than 250 characters"));
                    }
                    LongString::Truncated => {
                        text.chars().take(STRING_MAX).collect::<String>().into()
                    }
                }
            }
            value => value,
        };
        let mut row = Values::from([
            ("FieldId", json!(field.id)),
            ("FieldKey", json!(field.key)),
            (field.slot, value.clone()),
        ]);
        let shown: (Table, &[(&'static str, &str)]) = match field.type_id {
            standard::TYPE_OPTION => {
                (Table::Options, &[("ObjectValueId", "Id"), ("ObjectValueName", "Name")])
            }
            standard::TYPE_USER => (
                Table::Users,
                &[
                    ("UserValueId", "Id"),
                    ("UserValueName", "Name"),
                    ("UserValueAvatarUrl", "AvatarUrl"),
                ],
            ),
            standard::TYPE_CONTACT => (
                Table::Contacts,
                &[
                    ("ContactValueId", "Id"),
                    ("ContactValueName", "Name"),
                    ("ContactValueTypeId", "TypeId"),
                    ("ContactValueRegister", "Register"),
                ],
            ),
            _ => return Ok(row),
        };
        let target = self.store.latest(shown.0, value.as_i64().unwrap_or_default());
        let target = target.filter(|it| {
            field.type_id != standard::TYPE_OPTION || it.id_of("TableId") == field.options
        });
        let Some(target) = target else {
            return Err(invalid("IntegerValue", "the field has no such option"));
        };
        for (show, property) in shown.1 {
            if let Some(value) = target.values.get(property) {
                row.insert(show, value.clone());
            }
        }
        Ok(row)
    }
}

/// What custom values of a table's records are, and what they call their owner.
const fn parts_of(table: Table) -> (Table, &'static str) {
    match table {
        Table::Contacts => (Table::OtherOfContacts, "ContactId"),
        _ => (Table::OtherOfDeals, "DealId"),
    }
}
