//! The bodies of what is created, as Ploomes takes them.

use serde_json::{Map, Value, json};

use super::{Link, OtherProperty, PhoneRecord, Situation, StepKind};
use crate::{
    domain::RecordId,
    rules::{Phone, Policy, Values},
};

/// Properties that the planner sets itself; a field map cannot.
pub(super) const FIXED: [&str; 5] = ["Id", "TypeId", "CompanyId", "ContactId", "PersonId"];

/// `TypeId` of a company.
const COMPANY: i64 = 1;

/// `TypeId` of a person.
const PERSON: i64 = 2;

/// `TypeId` of a phone; the first of `GET /PhoneTypes`, which every account has.
const PHONE: i64 = 1;

/// The record that a property names: one that is there, or one that an earlier step makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    /// It is there.
    Record(RecordId),
    /// A step of this plan makes it.
    Made(StepKind),
}

/// Gives a property the id of a record.
pub(super) fn put(
    body: &mut Map<String, Value>,
    links: &mut Vec<Link>,
    property: &'static str,
    target: Target,
) {
    match target {
        Target::Record(id) => {
            body.insert(property.to_owned(), Value::from(id.0));
        }
        Target::Made(to) => links.push(Link { property, to }),
    }
}

/// What goes on every record that a lead creates.
#[derive(Clone, Copy)]
struct Common<'a> {
    policy: &'a Policy,
    turn: u64,
}

impl Common<'_> {
    /// Owner and origin, where the field map did not give them.
    fn add(self, body: &mut Map<String, Value>) {
        let owners = &self.policy.owners;
        let turn = usize::try_from(self.turn % owners.len().max(1) as u64).unwrap_or_default();
        for (property, id) in
            [("OwnerId", owners.get(turn).copied()), ("OriginId", self.policy.origin)]
        {
            if let Some(id) = id
                && !body.contains_key(property)
            {
                body.insert(property.to_owned(), Value::from(id.0));
            }
        }
    }
}

/// A new record: its body, and the records that earlier steps make for it.
#[derive(Default)]
pub(super) struct New {
    pub(super) body: Map<String, Value>,
    pub(super) links: Vec<Link>,
}

impl New {
    /// A company.
    pub(super) fn company(policy: &Policy, wanted: &Values, situation: &Situation) -> Self {
        let mut new = Self::default();
        new.natives(wanted, "Name", &[("TypeId", COMPANY)]);
        Common { policy, turn: situation.turn }.add(&mut new.body);
        new.lists(wanted, &[], None);
        new
    }

    /// A person, linked to its company where it has one.
    pub(super) fn person(
        policy: &Policy,
        wanted: &Values,
        company: Option<Target>,
        situation: &Situation,
    ) -> Self {
        let mut new = Self::default();
        new.natives(wanted, "Name", &[("TypeId", PERSON)]);
        if let Some(company) = company {
            put(&mut new.body, &mut new.links, "CompanyId", company);
        }
        Common { policy, turn: situation.turn }.add(&mut new.body);
        new.lists(wanted, &policy.person_tags, None);
        new
    }

    /// A deal: of the company where there is one, with the person beside it; else of the person.
    pub(super) fn deal(
        policy: &Policy,
        wanted: &Values,
        company: Option<Target>,
        person: Target,
        situation: &Situation,
    ) -> Self {
        let mut new = Self::default();
        new.natives(wanted, "Title", &[]);
        put(&mut new.body, &mut new.links, "ContactId", company.unwrap_or(person));
        if company.is_some() {
            put(&mut new.body, &mut new.links, "PersonId", person);
        }
        for (property, id) in [("PipelineId", policy.pipeline), ("StageId", policy.stage)] {
            if let Some(id) = id {
                new.body.insert(property.to_owned(), Value::from(id.0));
            }
        }
        Common { policy, turn: situation.turn }.add(&mut new.body);
        let key = policy.lead_key_field.as_ref().map(|field| OtherProperty {
            key: field.clone(),
            slot: "StringValue".to_owned(),
            value: Value::from(situation.lead_key.as_str()),
        });
        new.lists(wanted, &policy.deal_tags, key.as_ref());
        new
    }

    /// An interaction record of the person, and of the deal where there is one.
    pub(super) fn note(content: &str, person: Target, deal: Option<Target>) -> Self {
        let mut new = Self::default();
        put(&mut new.body, &mut new.links, "ContactId", person);
        if let Some(deal) = deal {
            put(&mut new.body, &mut new.links, "DealId", deal);
        }
        new.body.insert("Content".to_owned(), Value::from(content));
        new
    }

    /// Names of the fields that are set.
    pub(super) fn fields(&self) -> Vec<String> {
        let others = self.body.get("OtherProperties").and_then(Value::as_array);
        let keys = others.into_iter().flatten().filter_map(|item| item.get("FieldKey")?.as_str());
        let mut fields: Vec<String> = self
            .body
            .keys()
            .map(String::as_str)
            .filter(|it| *it != "OtherProperties")
            .chain(self.links.iter().map(|link| link.property))
            .chain(keys)
            .map(str::to_owned)
            .collect();
        fields.dedup();
        fields
    }

    /// The name first, then what never comes from the field map, then the rest of it.
    fn natives(&mut self, wanted: &Values, first: &str, own: &[(&str, i64)]) {
        if let Some(name) = wanted.native.get(first) {
            self.body.insert(first.to_owned(), name.clone());
        }
        for (property, id) in own {
            self.body.insert((*property).to_owned(), Value::from(*id));
        }
        for (property, value) in &wanted.native {
            if property != first && !FIXED.contains(&property.as_str()) {
                self.body.insert(property.clone(), value.clone());
            }
        }
    }

    fn lists(&mut self, wanted: &Values, tags: &[RecordId], lead_key: Option<&OtherProperty>) {
        let mut add = |property: &str, items: Vec<Value>| {
            if !items.is_empty() {
                self.body.insert(property.to_owned(), Value::Array(items));
            }
        };
        add("Phones", distinct(&wanted.phones).into_iter().map(phone).collect());
        add("Tags", tags.iter().map(|tag| json!({ "TagId": tag.0 })).collect());
        let mapped =
            wanted.other.iter().filter(|(key, _)| lead_key.is_none_or(|it| it.key != **key));
        let items = mapped.flat_map(|(_, items)| items).chain(lead_key).map(other);
        add("OtherProperties", items.collect());
    }
}

/// Phones without those that only write an earlier one another way.
pub(super) fn distinct(phones: &[Phone]) -> Vec<&Phone> {
    let mut distinct: Vec<&Phone> = Vec::with_capacity(phones.len());
    for phone in phones {
        let is_again =
            |it: &&Phone| it.raw == phone.raw || it.keys.iter().any(|key| phone.keys.contains(key));
        if !distinct.iter().any(is_again) {
            distinct.push(phone);
        }
    }
    distinct
}

/// A phone as it is written.
pub(super) fn phone(phone: &Phone) -> Value {
    item([
        ("PhoneNumber", Some(Value::from(phone.raw.as_str()))),
        ("TypeId", Some(Value::from(PHONE))),
        ("CountryId", phone.country_id.map(Value::from)),
    ])
}

/// A phone of Ploomes as it is written once more.
pub(super) fn phone_again(phone: &PhoneRecord) -> Value {
    item([
        ("PhoneNumber", Some(Value::from(phone.number.as_str()))),
        ("TypeId", phone.type_id.map(Value::from)),
        ("CountryId", phone.country_id.map(Value::from)),
    ])
}

/// A custom value as it is written.
pub(super) fn other(property: &OtherProperty) -> Value {
    item([
        ("FieldKey", Some(Value::from(property.key.as_str()))),
        (property.slot.as_str(), Some(property.value.clone())),
    ])
}

fn item<const N: usize>(properties: [(&str, Option<Value>); N]) -> Value {
    let there = properties.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    Value::Object(there.collect())
}
