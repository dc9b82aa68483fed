use proptest::prelude::*;
use std::fmt::Write as _;

use super::*;

fn read(body: &str) -> Result<Hint, Unusable> {
    parse(body.as_bytes())
}

fn automation(contact: i64, series: Option<i64>) -> Hint {
    let (contact, automation) = (ContactId(contact), series.map(AutomationId));
    Hint { contact, automation, kind: HintKind::Automation, event: None }
}

#[test]
fn the_webhook_of_an_automation_names_contact_and_automation() {
    let body = "contact%5Bid%5D=48213&contact%5bemail%5d=ana.lima%40example.com&contact%5Btags%5D=\
        Lead+site%2C+Or%C3%A7amento&contact%5Bfields%5D%5Bcrm-updated%5D=2026-03-10&seriesid=17";

    assert_eq!(read(body), Ok(automation(48_213, Some(17))));
}

#[test]
fn a_global_webhook_is_known_by_its_type() {
    let body = "type=contact_tag_added&date_time=2026-03-01T10:00:00-06:00&list=0\
        &contact[id]=8&contact[fields][1]=a&contact[fields][22]=&seriesid=3";

    let hint = read(body).unwrap();

    assert_eq!(hint.contact, ContactId(8));
    assert_eq!(hint.kind, HintKind::Global);
    assert_eq!(hint.event.as_deref(), Some("contact_tag_added"));
}

#[test]
fn keys_are_found_in_any_order_and_the_first_of_each_counts() {
    let body = "seriesid=5&x=1&contact[id]=7&contact=1&contact[id]=9&seriesid=6&contact[id][x]=2";

    assert_eq!(read(body), Ok(automation(7, Some(5))));
}

#[test]
fn what_is_no_id_is_not_made_one() {
    for id in ["", "0", "-7", "%2B7", "7a", "7.0", "0x7", "99999999999999999999", "%EF%BC%97"] {
        assert_eq!(read(&format!("contact[id]={id}")), Err(Unusable::BadContact), "{id}");
    }
    assert_eq!(read("contact[id]=+7+&seriesid=x"), Ok(automation(7, None)));
}

#[test]
fn an_event_is_a_short_lower_case_word_or_nothing() {
    for event in ["", "Update", "ana@example.com", "up date", &"a".repeat(41)] {
        let hint = read(&format!("type={event}&contact[id]=1")).unwrap();
        assert_eq!((hint.kind, hint.event), (HintKind::Global, None), "{event}");
    }
}

#[test]
fn a_body_without_a_contact_says_what_it_is() {
    assert_eq!(read(""), Err(Unusable::Empty));
    assert_eq!(read(" \r\n"), Err(Unusable::Empty));
    assert_eq!(read(r#" {"contact":{"id":"7"}}"#), Err(Unusable::Json));
    assert_eq!(read(r#"[{"contact[id]":7}]"#), Err(Unusable::Json));
    assert_eq!(read("contact%5Bemail%5D=a&contact=7"), Err(Unusable::NoContact));
    assert_eq!(read("contact[id"), Err(Unusable::NoContact));
}

#[test]
fn bytes_that_are_no_utf_8_hide_nothing() {
    assert_eq!(
        parse(b"contact[first_name]=Jo\xe3o&contact[id]=7&seriesid=2"),
        Ok(automation(7, Some(2)))
    );
    assert_eq!(parse(b"%FF%FE=1&contact[id]=7"), Ok(automation(7, None)));
}

#[test]
fn ten_thousand_keys_and_deep_brackets_are_only_passed_over() {
    let mut body = format!("contact{}=1&", "[a]".repeat(100_000));
    for key in 0..10_000 {
        write!(body, "contact[fields][{key}]={key}&").unwrap();
    }
    body.push_str("contact[id]=7");

    assert_eq!(read(&body), Ok(automation(7, None)));
}

#[test]
fn the_fuzz_corpus_is_read_without_a_panic() {
    let corpus = concat!(env!("CARGO_MANIFEST_DIR"), "/fuzz/corpus/webhook");
    let mut read = std::collections::BTreeMap::new();
    for file in std::fs::read_dir(corpus).unwrap() {
        let path = file.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        read.insert(name, parse(&std::fs::read(path).unwrap()));
    }

    assert_eq!(read["automation"], Ok(automation(7, Some(12))));
    assert_eq!(read["broken"], Err(Unusable::BadContact));
    assert_eq!(read["empty"], Err(Unusable::Empty));
    assert_eq!(read["json"], Err(Unusable::Json));
    assert_eq!(read["latin1"], Ok(automation(7, Some(2))));
    let event = |name: &str| read[name].clone().unwrap().event.unwrap();
    assert_eq!([event("global"), event("brackets")], ["update", "list_add"]);
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_a_panic(body in prop::collection::vec(any::<u8>(), 0..2_000)) {
        let _read = parse(&body);
    }

    #[test]
    fn the_ids_come_back_however_the_body_is_written(
        contact in 1..i64::MAX,
        series in prop::option::of(1..i64::MAX),
        noise in prop::collection::vec(("[a-z\\[\\]]{0,12}", ".{0,20}"), 0..30),
        place in any::<prop::sample::Index>(),
    ) {
        let known = ["contact[id]", "seriesid", "type"];
        let mut pairs: Vec<_> =
            noise.into_iter().filter(|(key, _)| !known.contains(&key.as_str())).collect();
        if let Some(series) = series {
            pairs.push(("seriesid".to_owned(), series.to_string()));
        }
        pairs.insert(place.index(pairs.len() + 1), ("contact[id]".to_owned(), contact.to_string()));
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();

        prop_assert_eq!(read(&body), Ok(automation(contact, series)));
    }
}
