//! The body of a write, sorted and checked by kind.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{
    dates,
    refusal::Refusal,
    schema::{Kind, Link, Property, Table},
    store::Store,
    switches::Unknown,
    values::Values,
};

/// What a body holds.
#[derive(Debug, Default)]
pub(super) struct Incoming<'b> {
    /// Properties that can be written; null clears.
    pub(super) values: Values,
    /// Properties that the service derives: ignored, except from people (see [`super::people`]).
    pub(super) derived: Values,
    /// Parts and deep inserts, as they came.
    pub(super) parts: BTreeMap<&'static str, &'b Value>,
}

/// Sorts `body` for `table`.
pub(super) fn incoming(
    table: Table,
    body: &Map<String, Value>,
    unknown: Unknown,
) -> Result<Incoming<'_>, Refusal> {
    let mut incoming = Incoming::default();
    for (name, value) in body {
        let schema = table.schema();
        if let Some(property) = schema.property(name) {
            let value = typed(property, value)?;
            let into = if property.writable { &mut incoming.values } else { &mut incoming.derived };
            into.insert(property.name, value);
            continue;
        }
        match schema.navigation(name) {
            Some(it) if matches!(it.link, Link::Owned(_)) || is_deep(table, it.name) => {
                incoming.parts.insert(it.name, value);
            }
            _ if unknown == Unknown::Ignored => {}
            _ => {
                return Err(Refusal::bad(format!(
                    "The property '{name}' does not exist on type '{table:?}'."
                )));
            }
        }
    }
    Ok(incoming)
}

/// What can be made together with the record itself.
fn is_deep(table: Table, navigation: &str) -> bool {
    matches!(
        (table, navigation),
        (Table::Pipelines, "Stages")
            | (Table::Fields, "OptionsTable")
            | (Table::OptionsTables, "Options")
    )
}

/// The value as it is kept, or a refusal where it is of another kind.
fn typed(property: &Property, value: &Value) -> Result<Value, Refusal> {
    let fits = match property.kind {
        _ if value.is_null() => true,
        Kind::Bool => value.is_boolean(),
        Kind::Int => value.is_i64(),
        Kind::Decimal => value.is_number(),
        Kind::Text => value.is_string(),
        Kind::Date => {
            if let Some(date) = value.as_str().and_then(dates::accepted) {
                return Ok(Value::String(date));
            }
            false
        }
    };
    if fits { Ok(value.clone()) } else { Err(invalid(property.name, "it is of another type")) }
}

impl Incoming<'_> {
    /// Refuses a required property that is missing (on a create) or blank.
    pub(super) fn require(&self, table: Table, create: bool) -> Result<(), Refusal> {
        for name in required(table) {
            let blank = match self.values.get(name) {
                None => create,
                Some(Value::Null) => true,
                Some(Value::String(text)) => text.trim().is_empty(),
                Some(_) => false,
            };
            if blank {
                return Err(Refusal::bad(format!("The field {name} is required.")));
            }
        }
        Ok(())
    }

    /// Refuses an id of something that does not exist.
    pub(super) fn refer(&self, table: Table, store: &Store) -> Result<(), Refusal> {
        for navigation in table.schema().navigations {
            let Link::One { table: target, by } = navigation.link else { continue };
            let Some(id) = self.values.get(by).and_then(Value::as_i64) else { continue };
            if store.latest(target, id).is_none() {
                return Err(invalid(by, "there is no such record"));
            }
        }
        Ok(())
    }
}

/// What a record cannot be made without.
const fn required(table: Table) -> &'static [&'static str] {
    match table {
        Table::Contacts
        | Table::Origins
        | Table::LossReasons
        | Table::OptionsTables
        | Table::Pipelines
        | Table::Stages => &["Name"],
        Table::Deals => &["Title"],
        Table::InteractionRecords => &["Content"],
        Table::Tags => &["Name", "EntityId"],
        Table::Fields => &["Name", "EntityId", "TypeId"],
        Table::Options => &["Name", "TableId"],
        Table::Phones => &["PhoneNumber"],
        Table::TagLinks => &["TagId"],
        Table::Webhooks => &["EntityId", "ActionId", "CallbackUrl"],
        _ => &[],
    }
}

/// The refusal of one property.
pub(super) fn invalid(property: &str, problem: &str) -> Refusal {
    Refusal::bad(format!("The value of {property} is not valid: {problem}."))
}

/// The items of a part, each an object.
pub(super) fn objects<'b>(
    name: &str,
    value: &'b Value,
) -> Result<Vec<&'b Map<String, Value>>, Refusal> {
    let items = match value {
        Value::Null => return Ok(Vec::new()),
        Value::Array(items) => items,
        _ => return Err(invalid(name, "a list was expected")),
    };
    let object = |it: &'b Value| it.as_object().ok_or_else(|| invalid(name, "it has no object"));
    items.iter().map(object).collect()
}
