use serde_json::{Value, json};

use super::*;

fn object(value: &Value) -> Row<'static> {
    let Ok(Json::Object(object)) = Json::read(&value.to_string().into()) else {
        panic!("it is no object: {value}")
    };
    Row::new(Box::leak(Box::new(object)))
}

#[test]
fn a_contact_is_read_from_its_barest_form() {
    let bare = json!({"id": 7, "email": null, "phone": 5511, "links": [], "cdate": "0000-00-00"});

    let contact = contact(object(&bare)).unwrap();

    assert_eq!(contact.id, ContactId(7));
    assert_eq!((&*contact.email, &*contact.phone, &*contact.company), ("", "5511", ""));
    assert_eq!((contact.created_at, contact.updated_at), (None, None));
}

#[test]
fn a_contact_without_an_id_is_not_guessed() {
    for id in [json!(null), json!("0"), json!(""), json!("abc"), json!([])] {
        assert!(contact(object(&json!({"id": id}))).is_err(), "{id}");
    }
}

#[test]
fn the_stamps_that_lie_are_not_read() {
    let row = json!({"id": "1", "updated_utc_timestamp": "2026-05-28 05:07:18"});

    assert_eq!(contact(object(&row)).unwrap().updated_at, None);
}

#[test]
fn a_list_with_gaps_is_read_too() {
    let row = json!({"a": {"0": {"id": "1"}, "2": {"id": "3"}}, "b": [], "c": null, "d": "x"});
    let row = object(&row);

    let ids = |key| {
        row.rows(key)
            .map(|rows| rows.unwrap().iter().filter_map(|it| it.id("id")).collect::<Vec<_>>())
    };

    assert_eq!(ids("a"), Some(vec![1, 3]));
    assert_eq!(ids("b"), Some(vec![]));
    assert_eq!(ids("c"), None);
    assert!(row.rows("d").unwrap().is_err());
}

#[test]
fn an_enrollment_has_its_numbers_as_texts_or_numbers() {
    let row = json!({"id": 6, "contact": "1", "seriesid": "0", "automation": 17, "completed": "1",
        "adddate": "2026-05-28T05:07:18-05:00"});

    let entry = entry(object(&row), None, None).unwrap();

    assert_eq!((entry.contact, entry.automation), (ContactId(1), AutomationId(17)));
    assert_eq!(entry.enrollment.id, Some(EnrollmentId(6)));
    assert_eq!(entry.enrollment.entered_at.unwrap().to_rfc3339(), "2026-05-28T10:07:18+00:00");
    assert!(entry.completed);
}

#[test]
fn custom_values_are_those_that_hold_something() {
    let rows = [
        json!({"field": "9", "value": "||a||b||"}),
        json!({"field": 4, "value": 12.5}),
        json!({"field": "5", "value": null}),
        json!({"field": "6", "value": ["a", "b"]}),
    ];
    let rows: Vec<_> = rows.iter().map(object).collect();
    let perstags = BTreeMap::from([(4, "PRICE".to_owned())]);

    let fields = fields(&rows, &perstags).unwrap();

    let shown: Vec<_> =
        fields.iter().map(|it| (it.id.0, it.perstag.as_str(), it.value.as_str())).collect();
    assert_eq!(shown, [(4, "PRICE", "12.5"), (6, "", "||a||b||"), (9, "", "||a||b||")]);
}
