//! Values to plan with: one ordinary lead, from which each test changes what matters to it.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, Value, json};

use crate::{
    domain::{Behaviour, Contact, ContactId, Existing, RecordId},
    planner::{
        Action, ContactRecord, DealRecord, Known, OtherProperty, PhoneRecord, Plan, Purpose, Seen,
        Situation, StepKind,
    },
    rules::{Derived, Phone, Policy, Values},
};

/// The user of our key.
pub const ME: RecordId = RecordId(900);

/// A colleague who works in Ploomes by hand.
pub const SOMEBODY: RecordId = RecordId(901);

/// A CPF and a CNPJ whose check digits are right.
pub const CPF: &str = "529.982.247-25";
pub const CNPJ: &str = "11.222.333/0001-81";

/// So many minutes after the lead entered the route.
pub fn at(minutes: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_780_000_000, 0).expect("in range") + TimeDelta::minutes(minutes)
}

/// A route that makes persons and deals.
pub fn policy() -> Policy {
    Policy {
        behaviour: Behaviour::PersonDeal,
        existing: Existing::Fill,
        skip_if_open_deal: false,
        pipeline: Some(RecordId(20)),
        stage: Some(RecordId(21)),
        owners: Vec::new(),
        origin: None,
        person_tags: Vec::new(),
        deal_tags: Vec::new(),
        lead_key_field: None,
    }
}

/// A route that makes companies, persons and deals.
pub fn with_company() -> Policy {
    Policy { behaviour: Behaviour::CompanyPersonDeal, ..policy() }
}

pub fn contact() -> Contact {
    Contact {
        id: ContactId(1),
        email: "Ana@Example.com".to_owned(),
        first_name: "Ana".to_owned(),
        last_name: "Lima".to_owned(),
        phone: "(11) 99000-0000".to_owned(),
        company: String::new(),
        tags: Vec::new(),
        fields: Vec::new(),
        created_at: None,
        updated_at: None,
    }
}

/// A contact with a name alone.
pub fn person_named(name: &str) -> Derived {
    Derived {
        person: values(&[("Name", json!(name))]),
        company: None,
        no_company: None,
        deal: Some(values(&[("Title", json!(name))])),
        note: None,
        failure: None,
        warnings: Vec::new(),
    }
}

/// A contact with e-mail, CPF and phone.
pub fn ana() -> Derived {
    let mut ana = person_named("Ana Lima");
    ana.person.native.insert("Email".to_owned(), json!("Ana@Example.com"));
    ana.person.native.insert("CPF".to_owned(), json!(CPF));
    ana.person.phones = vec![phone("(11) 99000-0000")];
    ana
}

/// The same with a company.
pub fn ana_of(company: Values) -> Derived {
    Derived { company: Some(company), ..ana() }
}

pub fn values(native: &[(&str, Value)]) -> Values {
    let native = native.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    Values { native, ..Values::default() }
}

pub fn company(name: &str, cnpj: &str) -> Values {
    let mut values = values(&[("Name", json!(name))]);
    if !cnpj.is_empty() {
        values.native.insert("CNPJ".to_owned(), json!(cnpj));
    }
    values
}

/// A phone as the rules give it: every way a Brazilian number may be stored.
pub fn phone(raw: &str) -> Phone {
    let digits: String = raw.chars().filter(char::is_ascii_digit).collect();
    let national = digits.strip_prefix("55").filter(|it| it.len() >= 10).unwrap_or(&digits);
    let (area, local) = national.split_at(2);
    let short = if local.len() == 9 { &local[1..] } else { local };
    let mobile = short.starts_with(['6', '7', '8', '9']);
    let locals =
        if mobile { vec![short.to_owned(), format!("9{short}")] } else { vec![short.to_owned()] };
    let keys = locals.iter().flat_map(|it| [format!("{area}{it}"), format!("55{area}{it}")]);
    Phone {
        raw: raw.to_owned(),
        e164: Some(format!("+55{area}{}", locals[locals.len() - 1])),
        country_id: Some(76),
        keys: keys.map(|it| it.parse().unwrap()).collect(),
    }
}

pub fn other(key: &str, slot: &str, value: Value) -> OtherProperty {
    OtherProperty { key: key.to_owned(), slot: slot.to_owned(), value }
}

/// A lead that just entered, of which nothing is known and nothing seen.
pub fn situation() -> Situation {
    Situation {
        purpose: Purpose::Bring,
        lead_key: "conta.example.com/site/51".to_owned(),
        entered_at: Some(at(0)),
        turn: 0,
        contact: contact(),
        automation: "Boas-vindas".to_owned(),
        known: Known::default(),
        seen: Seen { me: Some(ME), ..Seen::default() },
    }
}

/// The same where Ploomes shows these persons.
pub fn seeing(persons: impl IntoIterator<Item = ContactRecord>) -> Situation {
    let mut situation = situation();
    situation.seen.persons = persons.into_iter().collect();
    situation
}

/// A company or person that was there long before.
pub fn record(id: i64, properties: &[(&str, Value)]) -> ContactRecord {
    let mut record = ContactRecord {
        id: RecordId(id),
        properties: BTreeMap::new(),
        phones: Vec::new(),
        tags: Vec::new(),
        other: Vec::new(),
        created_at: Some(at(id - 100_000)),
    };
    for (name, value) in properties {
        record.properties.insert((*name).to_owned(), value.clone());
    }
    record
}

/// A person who is exactly what [`ana`] says.
pub fn ana_record(id: i64) -> ContactRecord {
    let mut record = record(
        id,
        &[
            ("Name", json!("Ana Lima")),
            ("Email", json!("ana@example.com")),
            ("CPF", json!("52998224725")),
        ],
    );
    record.phones = vec![phone_record("11 99000 0000", 5_511_990_000_000)];
    record
}

pub fn phone_record(number: &str, search: i64) -> PhoneRecord {
    PhoneRecord {
        number: number.to_owned(),
        search: Some(search),
        type_id: Some(2),
        country_id: Some(76),
    }
}

/// An open deal of ours under this contact, made so many minutes after the lead entered.
pub fn deal(id: i64, contact: i64, minutes: i64) -> DealRecord {
    DealRecord {
        id: RecordId(id),
        open: true,
        contact: Some(RecordId(contact)),
        person: None,
        creator: Some(ME),
        created_at: Some(at(minutes)),
        lead_key: None,
    }
}

/// The same, made by a colleague long ago.
pub fn their_deal(id: i64, contact: i64) -> DealRecord {
    DealRecord { creator: Some(SOMEBODY), ..deal(id, contact, -50_000) }
}

/// What ponte wrote last to a record.
pub fn wrote(situation: &mut Situation, id: i64, written: &[(&str, Value)]) {
    let written = written.iter().map(|(name, value)| ((*name).to_owned(), vec![value.clone()]));
    situation.known.written.insert(RecordId(id), written.collect());
}

/// A plan in words, with what is sent.
pub fn whole(plan: &Plan) -> String {
    let mut shown = vec![plan.to_string()];
    for step in &plan.steps {
        let (Action::Create { body, links } | Action::Update { body, links, .. }) = &step.action
        else {
            continue;
        };
        let links: Vec<String> =
            links.iter().map(|it| format!(" {} <- {}", it.property, it.to.as_str())).collect();
        let body = Value::Object(body.clone());
        shown.push(format!("{}: {body}{}", step.kind.as_str(), links.concat()));
    }
    shown.join("\n")
}

/// The body that a plan sends for a step.
pub fn body(plan: &Plan, kind: StepKind) -> Map<String, Value> {
    let step = plan.steps.iter().find(|step| step.kind == kind);
    step.and_then(|step| step.action.body()).cloned().unwrap_or_default()
}

/// What a plan does with a record.
pub fn action(plan: &Plan, kind: StepKind) -> String {
    let step = plan.steps.iter().find(|step| step.kind == kind);
    step.map_or_else(|| "nothing".to_owned(), |step| format!("{:?}", step.action))
}
