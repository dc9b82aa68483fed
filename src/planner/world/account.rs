//! The Ploomes side of the world: what it shows, and what a write does to it.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::World;
use crate::{
    domain::RecordId,
    planner::{
        ContactRecord, DealRecord, OtherProperty, PhoneRecord, Search, Seen, StepKind,
        same::{characters, digits, email, fold},
        tests::samples::ME,
    },
};

impl World {
    /// Answers a search, with the deals of each record whose client it is.
    pub(super) fn find(&self, search: &Search) -> Seen {
        let is_asked = |record: &ContactRecord| search.ids.contains(&record.id);
        let person = |record: &&ContactRecord| {
            let has_phone =
                |it: &PhoneRecord| it.search.is_some_and(|it| search.phones.contains(&it));
            is_asked(record)
                || search.email.as_deref() == Some(&email(record.text("Email")))
                || search.cpf.iter().any(|it| it == record.text("CPF"))
                || record.phones.iter().any(has_phone)
                || search.person_name.as_deref().is_some_and(|it| is_named(record, it))
        };
        let company = |record: &&ContactRecord| {
            let documents = ["CNPJ", "Register"].map(|it| record.text(it));
            is_asked(record)
                || search.cnpj.iter().any(|it| documents.contains(&it.as_str()))
                || search.company.as_deref().is_some_and(|it| is_named(record, it))
        };
        let persons: Vec<ContactRecord> = self.persons.values().filter(person).cloned().collect();
        let companies: Vec<ContactRecord> =
            self.companies.values().filter(company).cloned().collect();
        let clients: Vec<RecordId> =
            persons.iter().chain(&companies).map(|record| record.id).collect();
        let deals = self
            .deals
            .values()
            .filter(|deal| is_shown(deal) && deal.contact.is_some_and(|it| clients.contains(&it)));
        let deals = deals.cloned().collect();
        Seen { persons, companies, deals, me: Some(ME), ..Seen::default() }
    }

    /// The deals of these records, on either side.
    pub(super) fn deals_of(&self, ids: &[RecordId]) -> Vec<DealRecord> {
        let is_of = |id: Option<RecordId>| id.is_some_and(|it| ids.contains(&it));
        let deals = self.deals.values();
        deals
            .filter(|it| is_shown(it) && (is_of(it.contact) || is_of(it.person)))
            .cloned()
            .collect()
    }

    /// Our user makes a record.
    pub(super) fn create(&mut self, kind: StepKind, body: &Map<String, Value>) -> RecordId {
        let id = self.add(kind, ME, body);
        self.made.push((kind, id));
        id
    }

    /// Somebody makes a record.
    pub fn add(&mut self, kind: StepKind, who: RecordId, body: &Map<String, Value>) -> RecordId {
        self.last_id += 1;
        let id = RecordId(self.last_id);
        match kind {
            StepKind::Company | StepKind::Person => {
                let mut record = ContactRecord {
                    id,
                    properties: BTreeMap::new(),
                    phones: Vec::new(),
                    tags: Vec::new(),
                    other: Vec::new(),
                    created_at: Some(self.now),
                };
                record.properties.insert("CreatorId".to_owned(), Value::from(who.0));
                apply(&mut record, body);
                let records = self.contacts(kind);
                records.insert(id, record);
            }
            StepKind::Deal => {
                let id_in =
                    |property: &str| body.get(property).and_then(Value::as_i64).map(RecordId);
                let lead_key =
                    body.get("OtherProperties").and_then(|it| it[0]["StringValue"].as_str());
                let deal = DealRecord {
                    id,
                    open: true,
                    contact: id_in("ContactId"),
                    person: id_in("PersonId"),
                    creator: Some(who),
                    created_at: Some(self.now),
                    lead_key: lead_key.map(str::to_owned),
                };
                self.deals.insert(id, deal);
            }
            StepKind::Note => self.notes.push(body.clone()),
        }
        id
    }

    /// Our user changes a record.
    pub(super) fn patch(&mut self, kind: StepKind, id: RecordId, body: &Map<String, Value>) {
        if kind == StepKind::Deal {
            let deal = self.deals.get_mut(&id).expect("it was just seen");
            let id_in = |property: &str| body.get(property)?.as_i64().map(RecordId);
            deal.contact = id_in("ContactId").or(deal.contact);
            deal.person = id_in("PersonId").or(deal.person);
            return;
        }
        apply(self.contacts(kind).get_mut(&id).expect("it was just seen"), body);
    }

    fn contacts(&mut self, kind: StepKind) -> &mut BTreeMap<RecordId, ContactRecord> {
        if kind == StepKind::Company { &mut self.companies } else { &mut self.persons }
    }
}

/// Whether a search shows a deal: open ones, and ours.
fn is_shown(deal: &DealRecord) -> bool {
    deal.open || deal.creator == Some(ME)
}

fn is_named(record: &ContactRecord, name: &str) -> bool {
    fold(record.text("Name")) == fold(name)
}

/// Writes a body into a record: lists are replaced, documents lose their points.
fn apply(record: &mut ContactRecord, body: &Map<String, Value>) {
    for (property, value) in body {
        let items = || value.as_array().into_iter().flatten();
        match property.as_str() {
            "Phones" => record.phones = items().map(phone).collect(),
            "Tags" => {
                record.tags = items().filter_map(|it| it["TagId"].as_i64()).map(RecordId).collect();
            }
            "OtherProperties" => record.other = items().map(other).collect(),
            "CPF" | "CNPJ" => {
                let document = characters(value.as_str().unwrap_or_default());
                record.properties.insert(property.clone(), Value::from(document));
            }
            _ => {
                record.properties.insert(property.clone(), value.clone());
            }
        }
    }
}

fn phone(item: &Value) -> PhoneRecord {
    let number = item["PhoneNumber"].as_str().expect("a phone has a number").to_owned();
    PhoneRecord {
        search: digits(&number),
        number,
        type_id: item["TypeId"].as_i64(),
        country_id: item["CountryId"].as_i64(),
    }
}

fn other(item: &Value) -> OtherProperty {
    let item = item.as_object().expect("an item is an object");
    let (slot, value) = item.iter().find(|(name, _)| *name != "FieldKey").expect("it has a slot");
    let key = item["FieldKey"].as_str().expect("an item has a key").to_owned();
    OtherProperty { key, slot: slot.clone(), value: value.clone() }
}
