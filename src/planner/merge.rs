//! What an existing person or company is given, and what is left as it is.
//!
//! A field is written where Ploomes has nothing, or still holds what ponte wrote last, or where the
//! route overwrites. What a person changed is theirs. An empty value erases nothing: it is not
//! among the values at all. Lists are read, merged and written whole, since a `PATCH` may replace
//! them; nothing that is in them is dropped, but a value of the very field that is written.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{
    ContactRecord, DealFields, Link, OtherProperty, PhoneRecord,
    body::{self, Target},
    same::{self, same},
};
use crate::{
    domain::Existing,
    rules::{Phone, Values},
};

/// What ponte wrote last to a record, or may have, by property or `FieldKey`.
type Written = BTreeMap<String, Vec<Value>>;

/// Why a field is written.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Why {
    /// It is empty in Ploomes.
    Fills,
    /// It still holds what ponte wrote last.
    Updates,
    /// The route overwrites.
    Overwrites,
}

/// What an existing record is given.
#[derive(Default)]
pub(super) struct Changes {
    /// The body of the `PATCH`.
    pub(super) body: Map<String, Value>,
    /// Properties that take the id of a record made earlier in the plan.
    pub(super) links: Vec<Link>,
    /// Names of the fields that are set.
    pub(super) fields: Vec<String>,
    why: [bool; 3],
}

impl Changes {
    /// Whether nothing is written.
    pub(super) fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// What is done to the fields, in words.
    pub(super) fn words(&self) -> String {
        let words =
            ["fills what is empty", "updates what ponte wrote last", "overwrites what differs"];
        let said: Vec<&str> =
            words.into_iter().zip(self.why).filter_map(|(words, is)| is.then_some(words)).collect();
        said.join(", ")
    }

    fn set(&mut self, field: &str, why: Why) {
        self.fields.push(field.to_owned());
        self.why[why as usize] = true;
    }
}

/// What a record holds that a merge looks at.
#[derive(Clone, Copy)]
pub(super) struct Fields<'a> {
    properties: &'a BTreeMap<String, Value>,
    phones: &'a [PhoneRecord],
    other: &'a [OtherProperty],
}

impl<'a> From<&'a ContactRecord> for Fields<'a> {
    fn from(record: &'a ContactRecord) -> Self {
        Self { properties: &record.properties, phones: &record.phones, other: &record.other }
    }
}

impl<'a> From<&'a DealFields> for Fields<'a> {
    fn from(deal: &'a DealFields) -> Self {
        Self { properties: &deal.properties, phones: &[], other: &deal.other }
    }
}

/// An existing record, and what a lead wants it to hold.
pub(super) struct Merge<'a> {
    /// The record.
    pub(super) record: Fields<'a>,
    /// What ponte wrote to it last.
    pub(super) written: Option<&'a Written>,
    /// How the route treats what exists.
    pub(super) existing: Existing,
}

impl Merge<'_> {
    /// What the record is given of `wanted`, and of `company` where it is a person that is to be
    /// linked to one. Properties in `left` are not touched.
    pub(super) fn changes(
        &self,
        wanted: &Values,
        company: Option<Target>,
        left: &[&str],
    ) -> Changes {
        let mut changes = Changes::default();
        if self.existing == Existing::Leave {
            return changes;
        }
        for (property, value) in &wanted.native {
            let fixed = body::FIXED.contains(&property.as_str());
            if !fixed
                && !left.contains(&property.as_str())
                && let Some(why) = self.native(property, value)
            {
                changes.body.insert(property.clone(), value.clone());
                changes.set(property, why);
            }
        }
        if let Some(company) = company
            && let Some(why) = self.company(company)
        {
            body::put(&mut changes.body, &mut changes.links, "CompanyId", company);
            changes.set("CompanyId", why);
        }
        self.phones(wanted, &mut changes);
        self.other(wanted, &mut changes);
        changes
    }

    /// Whether, and why, a property is written.
    pub(super) fn native(&self, property: &str, wanted: &Value) -> Option<Why> {
        let current = self.record.properties.get(property);
        let current = current.filter(|it| !same::is_empty(property, it));
        if current.is_some_and(|it| same(property, it, wanted)) {
            return None;
        }
        self.why(current.is_none(), || {
            let is_current = |last| current.is_some_and(|it| same(property, last, it));
            self.last(property).iter().any(is_current)
        })
    }

    fn last(&self, field: &str) -> &[Value] {
        self.written.and_then(|it| it.get(field)).map_or(&[], Vec::as_slice)
    }

    /// Why a field that differs is written; `None` where it is left.
    fn why(&self, is_empty: bool, is_ours: impl FnOnce() -> bool) -> Option<Why> {
        match self.existing {
            Existing::Leave => None,
            _ if is_empty => Some(Why::Fills),
            _ if is_ours() => Some(Why::Updates),
            Existing::Overwrite => Some(Why::Overwrites),
            Existing::Fill => None,
        }
    }

    fn company(&self, company: Target) -> Option<Why> {
        match company {
            Target::Record(id) => self.native("CompanyId", &Value::from(id.0)),
            // No id yet, and so none that the record could hold.
            Target::Made(_) => self.native("CompanyId", &Value::Null),
        }
    }

    /// Adds phones that the record does not have; none is ever taken away.
    fn phones(&self, wanted: &Values, changes: &mut Changes) {
        let here = self.record.phones;
        let is_here = |phone: &Phone| here.iter().any(|it| is_phone(it, phone));
        let mut missing = body::distinct(&wanted.phones);
        missing.retain(|it| !is_here(it));
        if missing.is_empty() {
            return;
        }
        let Some(why) = self.why(here.is_empty(), || self.phones_are_ours()) else { return };
        let items = here.iter().map(body::phone_again).chain(missing.into_iter().map(body::phone));
        changes.body.insert("Phones".to_owned(), items.collect());
        changes.set("Phones", why);
    }

    /// Whether every phone that ponte wrote last is still there.
    fn phones_are_ours(&self) -> bool {
        let mut last = self.last("Phones").iter().filter_map(Value::as_array);
        last.any(|items| have_all(self.record.phones, items))
    }

    /// Custom fields: those that are written take the place of their own items, all others stay.
    fn other(&self, wanted: &Values, changes: &mut Changes) {
        let here = self.record.other;
        let mut set: Vec<(&String, &Vec<OtherProperty>)> = Vec::new();
        for (key, items) in &wanted.other {
            if let Some(why) = self.custom(key, items) {
                set.push((key, items));
                changes.set(key, why);
            }
        }
        if set.is_empty() {
            return;
        }
        let stays = here.iter().filter(|it| !set.iter().any(|(key, _)| **key == it.key));
        let ours = set.iter().flat_map(|(_, items)| items.iter());
        let items = stays.chain(ours).map(body::other);
        changes.body.insert("OtherProperties".to_owned(), items.collect());
    }

    fn custom(&self, key: &str, wanted: &[OtherProperty]) -> Option<Why> {
        let here: Vec<(&str, &Value)> = self
            .record
            .other
            .iter()
            .filter(|it| it.key == key && !same::is_empty(&it.slot, &it.value))
            .map(|it| (it.slot.as_str(), &it.value))
            .collect();
        let wanted: Vec<(&str, &Value)> =
            wanted.iter().map(|it| (it.slot.as_str(), &it.value)).collect();
        if wanted.is_empty() || are_same(&here, &wanted) {
            return None;
        }
        self.why(here.is_empty(), || {
            self.last(key).iter().any(|last| are_same(&here, &slots_of(last)))
        })
    }
}

/// Whether every phone that was sent is there, however it is written now.
pub(super) fn have_all(phones: &[PhoneRecord], sent: &[Value]) -> bool {
    let mut numbers =
        sent.iter().filter_map(|item| item.get("PhoneNumber").and_then(Value::as_str));
    let is_here = |number: &str| {
        let digits = same::digits(number);
        phones.iter().any(|it| {
            it.number.trim() == number.trim()
                || digits.is_some() && same::digits(&it.number) == digits
        })
    };
    numbers.all(is_here)
}

/// Whether a phone of Ploomes is this one, however either is written.
fn is_phone(record: &PhoneRecord, phone: &Phone) -> bool {
    let number = record.search.or_else(|| same::digits(&record.number));
    record.number.trim() == phone.raw.trim() || number.is_some_and(|it| phone.keys.contains(&it))
}

/// Whether two lists hold the same values, in any order.
pub(super) fn are_same(left: &[(&str, &Value)], right: &[(&str, &Value)]) -> bool {
    let has = |list: &[(&str, &Value)], item: &(&str, &Value)| {
        list.iter().any(|it| it.0 == item.0 && same(it.0, it.1, item.1))
    };
    left.len() == right.len()
        && left.iter().all(|it| has(right, it))
        && right.iter().all(|it| has(left, it))
}

/// The slots and values of a custom field as it was sent: one item, or several.
pub(super) fn slots_of(sent: &Value) -> Vec<(&str, &Value)> {
    let items = sent.as_array().map_or_else(|| std::slice::from_ref(sent), Vec::as_slice);
    let slots = items.iter().filter_map(Value::as_object).flatten();
    slots
        .filter(|(name, _)| *name != "FieldKey")
        .map(|(name, value)| (name.as_str(), value))
        .collect()
}
