//! What is shown of a plan's fields.

use std::collections::BTreeMap;

use serde_json::{Map, json};

use super::*;
use crate::{
    domain::{Contact, ContactId},
    planner::{ContactRecord, DealFields, Known, Outcome, Purpose, Seen},
};

fn other(key: &str, value: i64) -> OtherProperty {
    OtherProperty { key: key.to_owned(), slot: "IntegerValue".to_owned(), value: json!(value) }
}

/// Person 7 and deal 300.
fn situation() -> Situation {
    let person = ContactRecord {
        id: RecordId(7),
        properties: BTreeMap::from([("Name".to_owned(), json!("Ana Souza"))]),
        phones: vec![PhoneRecord {
            number: "3000-0000".to_owned(),
            search: Some(30_000_000),
            type_id: Some(1),
            country_id: None,
        }],
        tags: Vec::new(),
        other: vec![other("contact_many", 1), other("contact_many", 2), other("contact_one", 3)],
        created_at: None,
    };
    let deal = DealFields {
        id: RecordId(300),
        properties: BTreeMap::from([("Title".to_owned(), json!("Ana"))]),
        other: vec![other("deal_one", 4)],
    };
    let seen = Seen { persons: vec![person], deal: Some(deal), ..Seen::default() };
    Situation {
        purpose: Purpose::Replay,
        lead_key: String::new(),
        entered_at: None,
        turn: 0,
        contact: Contact::unknown(ContactId(1)),
        automation: String::new(),
        known: Known::default(),
        seen,
    }
}

/// The changes of one step, a line each.
fn shown(kind: StepKind, record: Option<i64>, body: &Value, links: &[Link]) -> String {
    let body: Map<String, Value> = body.as_object().cloned().unwrap_or_default();
    let keys = body.get("OtherProperties").and_then(Value::as_array).into_iter().flatten();
    let mut fields: Vec<String> =
        keys.filter_map(|it| it["FieldKey"].as_str()).map(str::to_owned).collect();
    fields.dedup();
    let natives = body.keys().filter(|it| *it != "OtherProperties").cloned();
    let links = links.to_vec();
    let fields =
        natives.chain(links.iter().map(|it| it.property.to_owned())).chain(fields).collect();
    let action = match record {
        Some(id) => Action::Update { record: RecordId(id), body, links },
        None => Action::Create { body, links },
    };
    let steps = vec![Step { kind, action, fields, reason: String::new() }];
    let plan = Plan { steps, outcome: Outcome::Done, warnings: Vec::new(), review: None };
    let shown = changes(&plan, &situation()).into_iter().map(|it| it.json().to_string());
    shown.collect::<Vec<_>>().join("\n")
}

#[test]
fn a_field_of_a_record_that_is_there_has_what_it_holds_and_what_it_would() {
    let body = json!({
        "Name": "Ana Lima",
        "Email": "ana@example.com",
        "Phones": [{ "PhoneNumber": "3000-0000", "TypeId": 1 }, { "PhoneNumber": "2000-0000" }],
        "OtherProperties": [
            { "FieldKey": "contact_many", "IntegerValue": 1 },
            { "FieldKey": "contact_many", "IntegerValue": 5 },
            { "FieldKey": "contact_one", "IntegerValue": 6 },
        ],
    });
    let company = [Link { property: "CompanyId", to: StepKind::Company }];
    insta::assert_snapshot!(shown(StepKind::Person, Some(7), &body, &company), @r#"
    {"record":"person","id":7,"field":"Name","before":"Ana Souza","after":"Ana Lima"}
    {"record":"person","id":7,"field":"Email","before":null,"after":"ana@example.com"}
    {"record":"person","id":7,"field":"Phones","before":["3000-0000"],"after":["3000-0000","2000-0000"]}
    {"record":"person","id":7,"field":"CompanyId","before":null,"after":"the new company"}
    {"record":"person","id":7,"field":"contact_many","before":[1,2],"after":[1,5]}
    {"record":"person","id":7,"field":"contact_one","before":3,"after":6}
    "#);
}

#[test]
fn a_deals_fields_are_its_own() {
    let body = json!({
        "Title": "Ana - site",
        "OtherProperties": [{ "FieldKey": "deal_one", "IntegerValue": 9 }],
    });
    insta::assert_snapshot!(shown(StepKind::Deal, Some(300), &body, &[]), @r#"
    {"record":"deal","id":300,"field":"Title","before":"Ana","after":"Ana - site"}
    {"record":"deal","id":300,"field":"deal_one","before":4,"after":9}
    "#);
}

#[test]
fn a_record_that_is_made_holds_nothing_before() {
    let body = json!({ "Title": "Ana", "StageId": 21 });
    let person = [Link { property: "ContactId", to: StepKind::Person }];
    insta::assert_snapshot!(shown(StepKind::Deal, None, &body, &person), @r#"
    {"record":"deal","id":null,"field":"Title","before":null,"after":"Ana"}
    {"record":"deal","id":null,"field":"StageId","before":null,"after":21}
    {"record":"deal","id":null,"field":"ContactId","before":null,"after":"the new person"}
    "#);
}
