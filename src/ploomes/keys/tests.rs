use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::*;
use crate::ploomes::model;

fn record(row: &Value) -> ContactRecord {
    let mut whole = json!({"Id": 7, "TypeId": 2});
    let members: Map<String, Value> = row.as_object().unwrap().clone();
    whole.as_object_mut().unwrap().extend(members);
    model::contact(whole.as_object().unwrap()).unwrap()
}

fn search() -> Search {
    Search {
        ids: vec![RecordId(99)],
        email: Some("josé@example.com".to_owned()),
        cpf: vec!["52998224725".to_owned(), "529.982.247-25".to_owned()],
        phones: vec![5_511_900_000_000],
        cnpj: vec!["12ABC34501DE35".to_owned()],
        company: Some("Padaria São João".to_owned()),
        person_name: None,
    }
}

fn fits(row: &Value) -> bool {
    Keys::of(&search()).fit(&record(row))
}

#[test]
fn the_server_sees_neither_case_nor_accents_nor_trailing_spaces_and_neither_do_we() {
    assert!(fits(&json!({"Email": "JOSE@Example.com  "})));
    assert!(fits(&json!({"TypeId": 1, "Name": "PADARIA SAO JOÃO "})));
    assert!(fits(&json!({"TypeId": 1, "Name": "Padaria Sa\u{303}o Joa\u{303}o"})));
    assert!(fits(&json!({"TypeId": 1, "Name": "Padaria S\u{ff41}o João\u{200b} 🥖"})));
    assert_eq!(folded("Straße Æon Ørsted"), folded("STRASSE AEON Orsted"));
}

#[test]
fn documents_are_the_same_however_they_are_punctuated() {
    assert!(fits(&json!({"CPF": "529.982.247-25"})));
    assert!(fits(&json!({"TypeId": 1, "Register": "12.abc.345/01de-35"})));
    assert!(fits(&json!({"TypeId": 1, "CNPJ": "12ABC34501DE35"})));
    assert!(!fits(&json!({"CPF": "111.444.777-35"})));
}

#[test]
fn a_phone_is_known_by_its_digits() {
    assert!(fits(
        &json!({"Phones": [{"PhoneNumber": "x", "SearchPhoneNumber": 5_511_900_000_000_i64}]})
    ));
    assert!(fits(&json!({"Phones": [{"PhoneNumber": "+55 (11) 90000-0000"}]})));
    assert!(!fits(&json!({"Phones": [{"PhoneNumber": "(11) 90000-0000"}]})));
}

#[test]
fn a_company_is_not_found_by_a_persons_keys_nor_a_person_by_a_companys() {
    assert!(!fits(&json!({"TypeId": 1, "Email": "josé@example.com", "CPF": "52998224725"})));
    assert!(!fits(&json!({"Name": "Padaria São João", "Register": "12ABC34501DE35"})));
}

#[test]
fn an_id_fits_whatever_the_kind() {
    assert!(fits(&json!({"Id": 99, "TypeId": 1})));
    assert!(fits(&json!({"Id": 99})));
    assert!(!fits(&json!({"Id": 98})));
}

#[test]
fn a_key_of_nothing_fits_nothing() {
    let search = Search {
        email: Some(" ".to_owned()),
        cpf: vec![String::new(), "-".to_owned()],
        cnpj: vec![String::new()],
        company: Some(String::new()),
        person_name: Some(String::new()),
        phones: vec![0],
        ids: Vec::new(),
    };
    let keys = Keys::of(&search);
    assert!(!keys.fit(&record(&json!({"Phones": [{"PhoneNumber": "0"}]}))));
    assert!(!keys.fit(&record(&json!({"TypeId": 1}))));
}

proptest! {
    #[test]
    fn what_the_server_takes_for_equal_is_equal(text in "\\PC{0,20}|[a-zA-Zà-ÿÀ-Ý ß]{0,20}") {
        let folded_text = folded(&text);
        prop_assert_eq!(&folded(&text.to_uppercase()), &folded_text);
        prop_assert_eq!(&folded(&text.to_lowercase()), &folded_text);
        prop_assert_eq!(&folded(&text.nfd().collect::<String>()), &folded_text);
        prop_assert_eq!(&folded(&text.nfc().collect::<String>()), &folded_text);
        prop_assert_eq!(&folded(&format!("{text}  ")), &folded_text);
        prop_assert_eq!(&folded(&folded_text), &folded_text);
    }
}
