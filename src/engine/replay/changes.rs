//! What a plan would change, field by field: what stands there, and what would.

use serde_json::{Value, json};

use crate::{
    domain::RecordId,
    planner::{Action, Link, OtherProperty, PhoneRecord, Plan, Situation, Step, StepKind},
};

/// One field that would be written.
#[derive(Clone, PartialEq)]
pub(super) struct Change {
    pub(super) record: StepKind,
    /// `None` where the record would be made.
    pub(super) id: Option<RecordId>,
    /// A property, or a `FieldKey`.
    pub(super) field: String,
    /// What Ploomes holds; null where it holds nothing.
    pub(super) before: Value,
    pub(super) after: Value,
}

impl Change {
    pub(super) fn json(&self) -> Value {
        json!({
            "record": self.record.as_str(),
            "id": self.id,
            "field": self.field,
            "before": self.before,
            "after": self.after,
        })
    }
}

/// Every field that a plan sets, in the plan's order.
pub(super) fn changes(plan: &Plan, situation: &Situation) -> Vec<Change> {
    plan.steps.iter().flat_map(|step| of_step(step, situation)).collect()
}

fn of_step(step: &Step, situation: &Situation) -> Vec<Change> {
    let (id, body, links) = match &step.action {
        Action::Create { body, links } => (None, body, links),
        Action::Update { record, body, links } => (Some(*record), body, links),
        Action::Adopt { .. } | Action::Skip => return Vec::new(),
    };
    let custom = |field: &str| {
        let items = body.get("OtherProperties").and_then(Value::as_array).into_iter().flatten();
        let ours = items.filter_map(Value::as_object).filter(|item| item["FieldKey"] == field);
        let values = ours.filter_map(|item| item.iter().find(|(name, _)| *name != "FieldKey"));
        one_or_all(values.map(|(_, value)| value.clone()).collect())
    };
    let after = |field: &str| match body.get(field) {
        Some(Value::Array(phones)) if field == "Phones" => {
            phones.iter().map(|phone| phone["PhoneNumber"].clone()).collect()
        }
        Some(value) => value.clone(),
        None => {
            links.iter().find(|link| link.property == field).map_or_else(|| custom(field), made)
        }
    };
    let change = |field: &String| Change {
        record: step.kind,
        id,
        field: field.clone(),
        before: id.map_or(Value::Null, |id| before(step.kind, id, field, situation)),
        after: after(field),
    };
    step.fields.iter().map(change).collect()
}

/// The record that a link leads to has no id yet.
fn made(link: &Link) -> Value {
    Value::from(format!("the new {}", link.to.as_str()))
}

/// What a field of an existing record holds.
fn before(kind: StepKind, id: RecordId, field: &str, situation: &Situation) -> Value {
    let seen = &situation.seen;
    let contacts = if kind == StepKind::Company { &seen.companies } else { &seen.persons };
    let contact = contacts.iter().find(|it| it.id == id);
    let deal = seen.deal.as_ref().filter(|it| kind == StepKind::Deal && it.id == id);
    let (properties, phones, other) = match (contact, deal) {
        (_, Some(deal)) => (&deal.properties, [].as_slice(), &deal.other),
        (Some(contact), None) => (&contact.properties, contact.phones.as_slice(), &contact.other),
        (None, None) => return Value::Null,
    };
    if field == "Phones" {
        return numbers(phones);
    }
    properties.get(field).cloned().unwrap_or_else(|| held(other, field))
}

fn numbers(phones: &[PhoneRecord]) -> Value {
    if phones.is_empty() {
        return Value::Null;
    }
    phones.iter().map(|phone| Value::from(phone.number.as_str())).collect()
}

fn held(other: &[OtherProperty], key: &str) -> Value {
    one_or_all(other.iter().filter(|it| it.key == key).map(|it| it.value.clone()).collect())
}

/// A field that takes one value has it plain.
fn one_or_all(mut values: Vec<Value>) -> Value {
    match values.len() {
        0 => Value::Null,
        1 => values.remove(0),
        _ => Value::Array(values),
    }
}

#[cfg(test)]
mod tests;
