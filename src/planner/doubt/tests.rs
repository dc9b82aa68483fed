use serde_json::json;

use super::*;
use crate::planner::tests::samples::{ME, SOMEBODY, at, deal, record};

fn request(body: Value) -> Map<String, Value> {
    let Value::Object(body) = body else { unreachable!("a request is an object") };
    body
}

fn ana() -> Map<String, Value> {
    request(json!({
        "Name": "Ana Lima", "TypeId": 2, "Email": "Ana@Example.com", "CPF": "529.982.247-25",
        "Phones": [{ "PhoneNumber": "(11) 99000-0000" }, { "PhoneNumber": "+55 11 3000-0000" }],
    }))
}

/// Made so many minutes after the request was sent, by our user.
fn made(id: i64, minutes: i64, properties: &[(&str, Value)]) -> ContactRecord {
    let mut made = record(id, properties);
    made.properties.insert("CreatorId".to_owned(), json!(ME.0));
    made.created_at = Some(at(minutes));
    made
}

fn seen(persons: Vec<ContactRecord>, deals: Vec<DealRecord>) -> Seen {
    Seen { companies: persons.clone(), persons, deals, me: Some(ME), ..Seen::default() }
}

#[test]
fn a_person_is_looked_for_by_the_keys_of_the_request() {
    let search = search_of_request(StepKind::Person, &ana());
    assert_eq!(search.email.as_deref(), Some("ana@example.com"));
    assert_eq!(search.cpf, ["52998224725", "529.982.247-25"]);
    let phones = [1_130_000_000, 11_990_000_000, 551_130_000_000, 5_511_990_000_000];
    assert_eq!(search.phones, phones);
    assert_eq!((search.company, search.person_name), (None, None));
}

#[test]
fn a_person_without_any_key_is_looked_for_by_name() {
    let search = search_of_request(StepKind::Person, &request(json!({ "Name": " Bia " })));
    assert_eq!(search, Search { person_name: Some("Bia".to_owned()), ..Search::default() });
}

#[test]
fn a_company_is_looked_for_by_document_and_name() {
    let body = request(json!({ "Name": "Padaria", "TypeId": 1, "CNPJ": "11222333000181" }));
    let search = search_of_request(StepKind::Company, &body);
    assert_eq!(search.company.as_deref(), Some("Padaria"));
    assert_eq!(search.cnpj, ["11222333000181", "11.222.333/0001-81"]);
    assert_eq!(search.email, None);
}

#[test]
fn what_the_request_made_holds_what_it_sent_and_is_ours_and_no_older() {
    let whole = [("Name", json!("ANA LIMA")), ("Email", json!("ana@example.com"))];
    let made_by = |record: ContactRecord| {
        made_by(StepKind::Person, &ana(), &seen(vec![record], vec![]), at(0)).map(|id| id.0)
    };
    assert_eq!(made_by(made(7, 2, &whole)), Some(7));
    assert_eq!(made_by(made(7, -10, &whole)), Some(7), "ten minutes of clock difference");
    assert_eq!(made_by(made(7, -12, &whole)), None, "it was there before");
    assert_eq!(made_by(made(7, 2, &whole[..1])), None, "another e-mail");
    assert_eq!(made_by(made(7, 2, &[whole[1].clone(), ("Name", json!("Rui"))])), None);
    let mut theirs = made(7, 2, &whole);
    theirs.properties.insert("CreatorId".to_owned(), json!(SOMEBODY.0));
    assert_eq!(made_by(theirs), None, "a colleague was as fast");
    assert_eq!(made_by(ContactRecord { created_at: None, ..made(7, 2, &whole) }), None);
}

#[test]
fn of_several_the_lowest_id_is_what_the_request_made() {
    let body = request(json!({ "Name": "Padaria", "TypeId": 1 }));
    let twin = |id| made(id, 1, &[("Name", json!("Padaria"))]);
    let seen = seen(vec![twin(9), twin(8)], vec![]);
    assert_eq!(made_by(StepKind::Company, &body, &seen, at(0)), Some(RecordId(8)));
}

fn deal_found(body: Value, deals: Vec<DealRecord>) -> Option<i64> {
    let held = BTreeSet::from([RecordId(99)]);
    deal_made_by(&request(body), &seen(vec![], deals), &held, at(0)).map(|id| id.0)
}

#[test]
fn a_deal_is_told_by_contact_user_and_time() {
    let body = json!({ "Title": "Ana", "ContactId": 7 });
    let found = |deal| deal_found(body.clone(), vec![deal]);
    assert_eq!(found(deal(300, 7, 1)), Some(300));
    assert_eq!(found(deal(300, 7, -10)), Some(300), "ten minutes of clock difference");
    assert_eq!(found(deal(300, 7, -12)), None, "it was there before");
    assert_eq!(found(deal(300, 8, 1)), None, "another contact");
    assert_eq!(found(deal(99, 7, 1)), None, "another lead holds it");
    assert_eq!(found(DealRecord { creator: Some(SOMEBODY), ..deal(300, 7, 1) }), None);
    assert_eq!(found(DealRecord { open: false, ..deal(300, 7, 1) }), Some(300));
}

#[test]
fn a_companys_deal_is_told_by_its_person_too() {
    let body = json!({ "Title": "Ana", "ContactId": 40, "PersonId": 7 });
    let of = |person| DealRecord { person, ..deal(300, 40, 1) };
    assert_eq!(deal_found(body.clone(), vec![of(Some(RecordId(7)))]), Some(300));
    assert_eq!(deal_found(body.clone(), vec![of(None)]), Some(300));
    assert_eq!(deal_found(body, vec![of(Some(RecordId(8)))]), None);
}

#[test]
fn the_lead_key_in_the_request_goes_before_all_else() {
    let field = json!([{ "FieldKey": "deal_key", "StringValue": "site/51" }]);
    let body = json!({ "Title": "Ana", "ContactId": 7, "OtherProperties": field });
    let keyed = |id, key: &str, minutes| DealRecord {
        lead_key: Some(key.to_owned()),
        ..deal(id, 7, minutes)
    };
    let deals = vec![deal(298, 7, 1), keyed(299, "site/52", 1), keyed(300, "site/51", -60)];
    assert_eq!(deal_found(body.clone(), deals), Some(300));
    assert_eq!(deal_found(body.clone(), vec![keyed(299, "site/52", 1)]), None);
    // Ploomes may drop a field that it does not know.
    assert_eq!(deal_found(body, vec![deal(298, 7, 1)]), Some(298));
}
