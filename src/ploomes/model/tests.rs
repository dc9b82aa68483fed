use chrono::TimeZone;
use serde_json::json;

use super::*;

fn row(value: &Value) -> &Row {
    value.as_object().unwrap()
}

#[test]
fn what_is_null_expanded_or_a_remark_is_no_property() {
    let person = json!({
        "Id": 40_000_101, "TypeId": 2, "Name": "Ana Lima", "CPF": null, "CompanyId": 40_000_100,
        "Phones": [], "Owner": {"Id": 1}, "Deals@odata.count": 3, "Editable": true,
    });
    let person = contact(row(&person)).unwrap();
    let names: Vec<&str> = person.properties.keys().map(String::as_str).collect();
    assert_eq!(names, ["CompanyId", "Editable", "Id", "Name", "TypeId"]);
    assert_eq!(person.id_of("CompanyId"), Some(RecordId(40_000_100)));
}

#[test]
fn phones_and_tags_are_read_as_they_came() {
    let person = json!({
        "Id": 1,
        "Phones": [
            {"Id": 9, "PhoneNumber": "(11) 90000-0000", "SearchPhoneNumber": 11_900_000_000_i64,
             "TypeId": 2, "CountryId": 76},
            {"PhoneNumber": "ramal 3", "SearchPhoneNumber": null},
            {"PhoneNumber": null, "SearchPhoneNumber": "5511"},
            {"PhoneNumber": null},
        ],
        "Tags": [{"Id": 5, "TagId": 40_000_501, "Tag": null}, {"TagId": null}],
    });
    let person = contact(row(&person)).unwrap();
    let phones: Vec<_> =
        person.phones.iter().map(|it| (it.number.as_str(), it.search, it.country_id)).collect();
    assert_eq!(
        phones,
        [
            ("(11) 90000-0000", Some(11_900_000_000), Some(76)),
            ("ramal 3", None, None),
            ("", Some(5_511), None)
        ]
    );
    assert_eq!(person.tags, [RecordId(40_000_501)]);
}

#[test]
fn a_custom_value_is_its_key_and_the_slot_that_holds_something() {
    let items = json!([
        {"FieldKey": "a", "StringValue": "x", "IntegerValue": null},
        {"FieldKey": "b", "BigStringValue": "y"},
        {"FieldKey": "c", "IntegerValue": 7, "ObjectValueId": 7, "ObjectValueName": "Sete"},
        {"FieldKey": "d", "IntegerValue": null, "UserValueId": 8},
        {"FieldKey": "e", "DecimalValue": 0.5},
        {"FieldKey": "f", "DateTimeValue": "2026-01-15T00:00:00-03:00"},
        {"FieldKey": "g", "BoolValue": false},
        {"FieldKey": "h", "StringValue": null},
        {"FieldKey": "i", "StringValue": ""},
        {"FieldKey": null, "StringValue": "no key"},
    ]);
    let person = json!({"Id": 1, "OtherProperties": items});
    let other = contact(row(&person)).unwrap().other;
    let other: Vec<_> = other.into_iter().map(|it| (it.key, it.slot, it.value)).collect();
    let expected = [
        ("a", "StringValue", json!("x")),
        ("b", "BigStringValue", json!("y")),
        ("c", "IntegerValue", json!(7)),
        ("d", "IntegerValue", json!(8)),
        ("e", "DecimalValue", json!(0.5)),
        ("f", "DateTimeValue", json!("2026-01-15T00:00:00-03:00")),
        ("g", "BoolValue", json!(false)),
    ];
    let expected = expected.map(|(key, slot, value)| (key.to_owned(), slot.to_owned(), value));
    assert_eq!(other, expected);
}

#[test]
fn dates_have_none_to_three_digits_of_a_second_and_an_offset() {
    let at = |text: &str| {
        let deal_row = json!({"Id": 1, "CreateDate": text});
        deal(row(&deal_row), None).unwrap().created_at
    };
    let whole = Utc.with_ymd_and_hms(2022, 12, 15, 17, 59, 45).unwrap();
    assert_eq!(at("2022-12-15T14:59:45-03:00"), Some(whole));
    let part = whole + chrono::TimeDelta::milliseconds(130);
    assert_eq!(at("2022-12-15T14:59:45.13-03:00"), Some(part));
    assert_eq!(at("2022-12-15T17:59:45.130Z"), Some(part));
    assert_eq!(at("2022-12-15T14:59:45"), None);
}

#[test]
fn a_deal_says_whose_it_is_and_which_lead_made_it() {
    let value = json!({
        "Id": 200, "StatusId": 1, "ContactId": 100, "PersonId": 101, "CreatorId": 11,
        "CreateDate": null, "Tags": [{"TagId": 5}], "Title": "Padaria - site",
        "OtherProperties": [
            {"FieldKey": "deal_x", "StringValue": "no"},
            {"FieldKey": "deal_key", "StringValue": "example/site/9"},
        ],
    });
    let record = deal(row(&value), Some("deal_key")).unwrap();
    let expected = DealRecord {
        id: RecordId(200),
        open: true,
        contact: Some(RecordId(100)),
        person: Some(RecordId(101)),
        creator: Some(RecordId(11)),
        created_at: None,
        lead_key: Some("example/site/9".to_owned()),
    };
    assert!(record == expected);
    let view = deal_view(row(&value), None).unwrap();
    assert_eq!((view.record.lead_key, view.other.len(), view.tags), (None, 2, vec![RecordId(5)]));
    assert_eq!(view.properties.get("Title"), Some(&json!("Padaria - site")));
}
