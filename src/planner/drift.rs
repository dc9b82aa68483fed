//! Whether a record still holds what ponte wrote to it.
//!
//! Compared is what the field map gave: a deal that was won, lost, moved to another stage or given
//! another owner is no drift, and neither are other links, tags and phones beside ours. Formatting
//! is no difference.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{
    ContactRecord, OtherProperty, PhoneRecord, StepKind,
    merge::{are_same, have_all, slots_of},
    same::{self, same},
};

/// What a plan sets itself, or the route's settings give: not from the field map, and people's to
/// change.
const NOT_MAPPED: [&str; 10] = [
    "Id",
    "TypeId",
    "CompanyId",
    "ContactId",
    "PersonId",
    "OwnerId",
    "OriginId",
    "PipelineId",
    "StageId",
    "Tags",
];

/// What a record holds now.
#[derive(Clone, Copy)]
pub struct Holds<'a> {
    /// Native properties.
    pub properties: &'a BTreeMap<String, Value>,
    /// `Phones`; a deal has none.
    pub phones: &'a [PhoneRecord],
    /// Custom values.
    pub other: &'a [OtherProperty],
}

impl<'a> From<&'a ContactRecord> for Holds<'a> {
    fn from(record: &'a ContactRecord) -> Self {
        Self { properties: &record.properties, phones: &record.phones, other: &record.other }
    }
}

/// The mapped fields, of those that ponte wrote last, that hold something else now; each with what
/// it holds.
///
/// `lead_key_field` is no mapped field. The amount of a deal that is not open may have been settled
/// with its end.
pub fn edited(
    kind: StepKind,
    holds: Holds<'_>,
    written: &BTreeMap<String, Value>,
    lead_key_field: Option<&str>,
) -> BTreeMap<String, Value> {
    let is_ended = kind == StepKind::Deal
        && holds.properties.get("StatusId").and_then(Value::as_i64).is_some_and(|it| it != 1);
    let is_mapped = |field: &str| {
        !NOT_MAPPED.contains(&field)
            && Some(field) != lead_key_field
            && !(is_ended && field == "Amount")
    };
    let mapped = written.iter().filter(|(field, _)| is_mapped(field));
    mapped.filter_map(|(field, last)| Some((field.clone(), now(holds, field, last)?))).collect()
}

/// What a field holds now, where that is not what was written last.
fn now(holds: Holds<'_>, field: &str, last: &Value) -> Option<Value> {
    match last {
        Value::Array(sent) if field == "Phones" => {
            let numbers = || holds.phones.iter().map(|it| Value::from(it.number.as_str()));
            (!have_all(holds.phones, sent)).then(|| numbers().collect())
        }
        Value::Object(_) | Value::Array(_) => {
            let items = holds.other.iter().filter(|it| it.key == field);
            let items: Vec<(&str, &Value)> = items
                .filter(|it| !same::is_empty(&it.slot, &it.value))
                .map(|it| (it.slot.as_str(), &it.value))
                .collect();
            let values = || items.iter().map(|(_, value)| (*value).clone()).collect();
            (!are_same(&items, &slots_of(last))).then(values)
        }
        last => {
            let current = holds.properties.get(field).filter(|it| !same::is_empty(field, it));
            let is_as_written = match current {
                Some(current) => same(field, last, current),
                None => same::is_empty(field, last),
            };
            (!is_as_written).then(|| current.cloned().unwrap_or_default())
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::planner::tests::samples::{ana_record, other, record};

    fn fields(
        kind: StepKind,
        record: &ContactRecord,
        written: &[(&str, Value)],
        lead_key_field: Option<&str>,
    ) -> Vec<String> {
        let written = written.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
        let edited = edited(kind, record.into(), &written.collect(), lead_key_field);
        edited.into_keys().collect()
    }

    #[test]
    fn formatting_and_what_people_added_is_no_edit() {
        let mut ana = ana_record(7);
        ana.other = vec![
            other("contact_a", "IntegerValue", json!(3)),
            other("contact_b", "StringValue", json!("x")),
        ];
        ana.properties.insert("Note".to_owned(), json!("ligar amanhã"));
        let written = [
            ("Name", json!(" Ana Lima")),
            ("Email", json!("Ana@example.com")),
            ("CPF", json!("529.982.247-25")),
            ("Phones", json!([{"PhoneNumber": "(11) 99000-0000", "TypeId": 1}])),
            ("contact_a", json!({"FieldKey": "contact_a", "IntegerValue": 3.0})),
        ];
        assert!(fields(StepKind::Person, &ana, &written, None).is_empty());
    }

    #[test]
    fn each_mapped_field_that_holds_something_else_is_named() {
        let mut ana = ana_record(7);
        ana.properties.remove("CPF");
        ana.phones.clear();
        ana.other = vec![other("contact_a", "IntegerValue", json!(4))];
        let written = [
            ("Name", json!("Ana L.")),
            ("CPF", json!("52998224725")),
            ("Phones", json!([{"PhoneNumber": "(11) 99000-0000", "TypeId": 1}])),
            ("contact_a", json!({"FieldKey": "contact_a", "IntegerValue": 3})),
            ("contact_b", json!([{"FieldKey": "contact_b", "StringValue": "x"}])),
        ];
        let named = fields(StepKind::Person, &ana, &written, None);
        assert_eq!(named, ["CPF", "Name", "Phones", "contact_a", "contact_b"]);
    }

    #[test]
    fn links_owners_stages_and_the_lead_key_are_no_mapped_fields() {
        let deal = record(300, &[("StageId", json!(2)), ("OwnerId", json!(5))]);
        let written = [
            ("StageId", json!(1)),
            ("OwnerId", json!(4)),
            ("ContactId", json!(7)),
            ("Tags", json!([{"TagId": 9}])),
            ("deal_key", json!({"FieldKey": "deal_key", "StringValue": "a/site/1"})),
        ];
        assert!(fields(StepKind::Deal, &deal, &written, Some("deal_key")).is_empty());
        assert_eq!(fields(StepKind::Deal, &deal, &written, None), ["deal_key"]);
    }

    #[test]
    fn the_amount_of_an_open_deal_is_a_mapped_field_and_that_of_a_won_one_is_not() {
        let amount =
            |status: i64| record(300, &[("Amount", json!(150.0)), ("StatusId", json!(status))]);
        let written = [("Amount", json!(100))];
        assert_eq!(fields(StepKind::Deal, &amount(1), &written, None), ["Amount"]);
        assert!(fields(StepKind::Deal, &amount(2), &written, None).is_empty());
    }
}
