//! An invented lead in the situations that are measured.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use ponte::{
    domain::{Contact, ContactId, FieldId, FieldValue, RecordId},
    planner::{
        self, Action, ContactRecord, DealRecord, Known, OtherProperty, PhoneRecord, Plan, Purpose,
        Seen, Situation, StepKind,
    },
    rules::{Derived, Rules},
};
use serde_json::{Map, Value};

use crate::account::{self, FIELDS, ME};

/// The automation's name.
pub const AUTOMATION: &str = "Formulário do site";

/// The company and the person of the lead, once they are there.
const COMPANY: RecordId = RecordId(40);
const PERSON: RecordId = RecordId(41);

/// A lead to be planned, and by which rules.
pub struct Turn {
    pub rules: Rules,
    pub situation: Situation,
}

/// A contact with a value for each row of the long map.
pub fn contact() -> Contact {
    let field = |(id, perstag, _, value): (i64, &str, &str, &str)| FieldValue {
        id: FieldId(id),
        perstag: perstag.to_owned(),
        value: value.to_owned(),
    };
    Contact {
        id: ContactId(42),
        email: "Ana.Lima@example.com".to_owned(),
        first_name: "Ana".to_owned(),
        last_name: "Lima de Souza".to_owned(),
        phone: "(11) 99000-0000".to_owned(),
        company: "Padaria São João Ltda".to_owned(),
        tags: vec!["Lead".to_owned()],
        fields: FIELDS.map(field).to_vec(),
        created_at: None,
        updated_at: None,
    }
}

/// What changes in a contact that is refreshed.
pub fn change(contact: &mut Contact) {
    "Lima".clone_into(&mut contact.last_name);
    "(11) 98000-0000".clone_into(&mut contact.phone);
    for field in &mut contact.fields {
        let value = match field.perstag.as_str() {
            "CARGO" => "Diretora",
            "SEGMENTO" => "Indústria",
            _ => continue,
        };
        value.clone_into(&mut field.value);
    }
}

/// Ploomes has nothing of it.
pub fn everything_new(rows: usize) -> Turn {
    let situation = Situation {
        purpose: Purpose::Bring,
        lead_key: "conta.example.com/site/51".to_owned(),
        entered_at: Some(at(0)),
        turn: 7,
        contact: contact(),
        automation: AUTOMATION.to_owned(),
        known: Known::default(),
        seen: Seen { me: Some(ME), ..Seen::default() },
    };
    Turn { rules: account::rules(rows), situation }
}

/// Company and person are there, made by hand long ago, and a colleague works on a deal.
pub fn person_with_an_open_deal(rows: usize) -> Turn {
    let mut turn = written_before(rows);
    turn.situation.known = Known::default();
    turn.situation.seen.deals = vec![DealRecord {
        id: RecordId(300),
        open: true,
        contact: Some(COMPANY),
        person: Some(PERSON),
        creator: Some(RecordId(901)),
        created_at: Some(at(-50_000)),
        lead_key: None,
    }];
    turn
}

/// The lead was written before; its contact is looked at again after `change`.
pub fn refresh(rows: usize, change: impl FnOnce(&mut Contact)) -> Turn {
    let mut turn = written_before(rows);
    turn.situation.purpose = Purpose::Refresh;
    change(&mut turn.situation.contact);
    turn
}

/// Ploomes holds what the plan of [`everything_new`] writes, and the ledger knows it.
fn written_before(rows: usize) -> Turn {
    let mut turn = everything_new(rows);
    let derived = turn.rules.derive(&turn.situation.contact, AUTOMATION);
    let plan = planner::plan(turn.rules.policy(), &derived, &turn.situation);
    let company = body(&plan, StepKind::Company);
    let mut person = body(&plan, StepKind::Person);
    person.insert("CompanyId".to_owned(), COMPANY.0.into());
    let known = &mut turn.situation.known;
    (known.company, known.person) = (Some(COMPANY), Some(PERSON));
    let written = |body: &Map<String, Value>| {
        fields(body).into_iter().map(|(name, value)| (name, vec![value])).collect()
    };
    known.written = BTreeMap::from([(COMPANY, written(&company)), (PERSON, written(&person))]);
    turn.situation.seen.companies = vec![record(COMPANY, company, &derived)];
    turn.situation.seen.persons = vec![record(PERSON, person, &derived)];
    turn
}

/// The record that Ploomes makes of a body.
fn record(id: RecordId, mut body: Map<String, Value>, derived: &Derived) -> ContactRecord {
    let number = |item: &Value, name: &str| item.get(name).and_then(Value::as_i64);
    let text = |item: &Value, name: &str| {
        item.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let search = derived.person.phones.first().and_then(|it| it.keys.iter().max().copied());
    let phones = list(body.remove("Phones")).into_iter().map(|it| PhoneRecord {
        number: text(&it, "PhoneNumber"),
        search,
        type_id: number(&it, "TypeId"),
        country_id: number(&it, "CountryId"),
    });
    let tags = list(body.remove("Tags"));
    let tags = tags.iter().filter_map(|it| number(it, "TagId")).map(RecordId);
    let other = list(body.remove("OtherProperties"));
    let other = other.iter().filter_map(|it| {
        let (slot, value) = it.as_object()?.iter().find(|(name, _)| *name != "FieldKey")?;
        let key = text(it, "FieldKey");
        Some(OtherProperty { key, slot: slot.clone(), value: value.clone() })
    });
    ContactRecord {
        id,
        phones: phones.collect(),
        tags: tags.collect(),
        other: other.collect(),
        created_at: Some(at(1)),
        properties: body.into_iter().collect(),
    }
}

/// What the ledger keeps of a body: its properties, and its custom values by `FieldKey`.
fn fields(body: &Map<String, Value>) -> BTreeMap<String, Value> {
    let mut fields: BTreeMap<String, Value> =
        body.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
    for item in list(fields.remove("OtherProperties")) {
        let key = item.get("FieldKey").and_then(Value::as_str).unwrap_or_default().to_owned();
        fields.insert(key, item);
    }
    fields
}

fn list(value: Option<Value>) -> Vec<Value> {
    match value {
        Some(Value::Array(items)) => items,
        _ => Vec::new(),
    }
}

fn body(plan: &Plan, kind: StepKind) -> Map<String, Value> {
    let step = plan.steps.iter().find(|step| step.kind == kind);
    match step.map(|step| &step.action) {
        Some(Action::Create { body, .. }) => body.clone(),
        _ => Map::new(),
    }
}

/// So many minutes after the lead entered its route.
fn at(minutes: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_780_000_000, 0).expect("in range") + TimeDelta::minutes(minutes)
}
