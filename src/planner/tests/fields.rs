//! What is written to a person or company that exists, and what is left.

use insta::assert_snapshot;
use serde_json::{Value, json};

use super::samples::{
    CPF, action, ana, ana_record, body, other, person_named, phone, phone_record, policy, record,
    seeing, values, whole, wrote,
};
use crate::{
    domain::{Existing, RecordId},
    planner::{ContactRecord, Purpose, Situation, StepKind, plan},
    rules::{Derived, Policy, Values},
};

/// What is sent for the person that exists; `{}` where nothing is.
fn sent(existing: Existing, derived: &Derived, situation: &Situation) -> String {
    let plan = plan(&Policy { existing, ..policy() }, derived, situation);
    let sent = Value::Object(body(&plan, StepKind::Person));
    let update = action(&plan, StepKind::Person) == "update(7)";
    assert_eq!(update, sent != json!({}), "an update has a body, and nothing else has");
    sent.to_string()
}

/// The ledger's person, with these properties.
fn known(properties: &[(&str, Value)]) -> Situation {
    let mut situation = seeing([record(7, properties)]);
    situation.known.person = Some(RecordId(7));
    situation
}

fn with_other(items: &[(&str, &str, Value)]) -> Situation {
    let mut situation = known(&[("Name", json!("Ana"))]);
    situation.seen.persons[0].other =
        items.iter().map(|(key, slot, value)| other(key, slot, value.clone())).collect();
    situation
}

fn wanting(items: &[(&str, &str, Value)]) -> Derived {
    let mut derived = person_named("Ana");
    for (key, slot, value) in items {
        let items = derived.person.other.entry((*key).to_owned()).or_default();
        items.push(other(key, slot, value.clone()));
    }
    derived
}

#[test]
fn fill_writes_only_what_is_empty() {
    let situation =
        known(&[("Name", json!("A. Lima")), ("Email", json!("  ")), ("CPF", json!(""))]);
    let plan = plan(&policy(), &ana(), &situation);
    assert_snapshot!(whole(&plan), @r#"
    update person 7: the ledger holds it; fills what is empty
      sets CPF, Email, Phones
    create deal: no deal of ours is this lead's
      sets Title, ContactId, PipelineId, StageId
    done
    person: {"CPF":"529.982.247-25","Email":"Ana@Example.com","Phones":[{"PhoneNumber":"(11) 99000-0000","TypeId":1,"CountryId":76}]}
    deal: {"Title":"Ana Lima","ContactId":7,"PipelineId":20,"StageId":21}
    "#);
}

#[test]
fn overwrite_writes_what_differs_and_nothing_else() {
    let mut situation = known(&[("Name", json!("A. Lima")), ("CPF", json!("52998224725"))]);
    situation.seen.persons[0].phones = vec![phone_record("990000000", 11_990_000_000)];
    let policy = Policy { existing: Existing::Overwrite, ..policy() };
    assert_snapshot!(whole(&plan(&policy, &ana(), &situation)), @r#"
    update person 7: the ledger holds it; fills what is empty, overwrites what differs
      sets Email, Name
    create deal: no deal of ours is this lead's
      sets Title, ContactId, PipelineId, StageId
    done
    person: {"Email":"Ana@Example.com","Name":"Ana Lima"}
    deal: {"Title":"Ana Lima","ContactId":7,"PipelineId":20,"StageId":21}
    "#);
}

#[test]
fn leave_touches_nothing() {
    let situation = known(&[]);
    let policy = Policy { existing: Existing::Leave, ..policy() };
    assert_snapshot!(plan(&policy, &ana(), &situation), @"
    adopt person 7: the ledger holds it; what exists is left as it is
    create deal: no deal of ours is this lead's
      sets Title, ContactId, PipelineId, StageId
    done
    ");
}

#[test]
fn formatting_alone_is_no_difference() {
    for existing in [Existing::Fill, Existing::Overwrite] {
        assert_eq!(sent(existing, &ana(), &seeing([ana_record(7)])), "{}");
    }
}

#[test]
fn an_empty_value_erases_nothing_in_any_mode() {
    for existing in [Existing::Fill, Existing::Overwrite, Existing::Leave] {
        let mut situation = seeing([ana_record(7)]);
        situation.known.person = Some(RecordId(7));
        situation.seen.persons[0].other = vec![other("contact_a", "StringValue", json!("x"))];
        wrote(&mut situation, 7, &[("CPF", json!(CPF)), ("Email", json!("ana@example.com"))]);
        assert_eq!(sent(existing, &person_named("Ana Lima"), &situation), "{}", "{existing:?}");
    }
}

/// Where AC has no name the e-mail stands in for it: that is as empty as a name can be.
#[test]
fn an_email_that_stands_in_for_a_name_takes_no_name_away() {
    for existing in [Existing::Fill, Existing::Overwrite] {
        let mut situation = known(&[("Name", json!("Ana Lima"))]);
        wrote(&mut situation, 7, &[("Name", json!("Ana Lima"))]);
        assert_eq!(sent(existing, &person_named("ana@example.com"), &situation), "{}");
        let mut without_a_name = known(&[("Name", json!("velho@example.com"))]);
        wrote(&mut without_a_name, 7, &[("Name", json!("velho@example.com"))]);
        let written = sent(existing, &person_named("ana@example.com"), &without_a_name);
        assert_eq!(written, r#"{"Name":"ana@example.com"}"#);
    }
}

#[test]
fn an_update_writes_what_ponte_wrote_last_and_leaves_what_a_person_changed() {
    let mut situation = known(&[
        ("Name", json!("Ana Souza")),
        ("CPF", json!("529.982.247-25")),
        ("Note", json!("n")),
    ]);
    situation.purpose = Purpose::Refresh;
    wrote(
        &mut situation,
        7,
        &[("Name", json!("Ana Souza ")), ("CPF", json!("52998224725")), ("Note", json!("nota"))],
    );
    let mut derived = person_named("Ana Lima");
    derived.person = values(&[
        ("Name", json!("Ana Lima")),
        ("CPF", json!("111.444.777-35")),
        ("Note", json!("x")),
    ]);
    assert_snapshot!(whole(&plan(&policy(), &derived, &situation)), @r#"
    update person 7: the ledger holds it; updates what ponte wrote last
      sets CPF, Name
    done
    person: {"CPF":"111.444.777-35","Name":"Ana Lima"}
    "#);
    let overwritten = sent(Existing::Overwrite, &derived, &situation);
    assert_snapshot!(overwritten, @r#"{"CPF":"111.444.777-35","Name":"Ana Lima","Note":"x"}"#);
    assert_eq!(sent(Existing::Leave, &derived, &situation), "{}");
}

/// A contact changes and enters again before its change was brought over: one pass does both.
#[test]
fn a_lead_of_a_contact_that_changed_updates_too() {
    let mut situation = known(&[("Name", json!("Ana Souza"))]);
    wrote(&mut situation, 7, &[("Name", json!("Ana Souza"))]);
    assert_eq!(situation.purpose, Purpose::Bring);
    let written = sent(Existing::Fill, &person_named("Ana Lima"), &situation);
    assert_eq!(written, r#"{"Name":"Ana Lima"}"#);
}

#[test]
fn a_contact_who_is_new_to_ponte_updates_nothing_that_was_written_for_another() {
    let mut situation = seeing([record(7, &[("Name", json!("Rui")), ("CPF", json!(CPF))])]);
    wrote(&mut situation, 7, &[("Name", json!("Rui")), ("CPF", json!(CPF))]);
    let mut derived = ana();
    derived.person.phones.clear();
    derived.person.native.remove("Email");
    assert_eq!(sent(Existing::Fill, &derived, &situation), "{}");
    situation.known.person = Some(RecordId(7));
    assert_eq!(sent(Existing::Fill, &derived, &situation), r#"{"Name":"Ana Lima"}"#);
}

#[test]
fn custom_fields_are_sent_whole_and_none_is_lost() {
    let mut situation = with_other(&[
        ("contact_theirs", "StringValue", json!("y")),
        ("contact_ours", "StringValue", json!("old")),
        ("contact_unmapped", "DecimalValue", json!(1.5)),
    ]);
    wrote(
        &mut situation,
        7,
        &[("contact_ours", json!({ "FieldKey": "contact_ours", "StringValue": "old" }))],
    );
    let derived = wanting(&[
        ("contact_empty", "IntegerValue", json!(5)),
        ("contact_ours", "StringValue", json!("new")),
        ("contact_theirs", "StringValue", json!("x")),
    ]);
    assert_snapshot!(whole(&plan(&policy(), &derived, &situation)), @r#"
    update person 7: the ledger holds it; fills what is empty, updates what ponte wrote last
      sets contact_empty, contact_ours
    create deal: no deal of ours is this lead's
      sets Title, ContactId, PipelineId, StageId
    done
    person: {"OtherProperties":[{"FieldKey":"contact_theirs","StringValue":"y"},{"FieldKey":"contact_unmapped","DecimalValue":1.5},{"FieldKey":"contact_empty","IntegerValue":5},{"FieldKey":"contact_ours","StringValue":"new"}]}
    deal: {"Title":"Ana","ContactId":7,"PipelineId":20,"StageId":21}
    "#);
}

#[test]
fn custom_values_are_compared_by_their_slot_and_meaning() {
    let there = [
        ("contact_date", "DateTimeValue", json!("2026-03-01T12:00:00-03:00")),
        ("contact_money", "DecimalValue", json!(10)),
        ("contact_many", "IntegerValue", json!(1)),
        ("contact_many", "IntegerValue", json!(2)),
    ];
    let same = [
        ("contact_date", "DateTimeValue", json!("2026-03-01T15:00:00Z")),
        ("contact_money", "DecimalValue", json!(10.0)),
        ("contact_many", "IntegerValue", json!(2)),
        ("contact_many", "IntegerValue", json!(1)),
    ];
    assert_eq!(sent(Existing::Overwrite, &wanting(&same), &with_other(&there)), "{}");
    let other_slot = [("contact_money", "StringValue", json!("10"))];
    assert_ne!(sent(Existing::Overwrite, &wanting(&other_slot), &with_other(&there)), "{}");
}

#[test]
fn several_values_of_a_field_are_replaced_together_where_they_are_ours() {
    let item = |id: i64| json!({ "FieldKey": "contact_many", "IntegerValue": id });
    let there =
        [("contact_many", "IntegerValue", json!(1)), ("contact_many", "IntegerValue", json!(2))];
    let mut situation = with_other(&there);
    let wanted = wanting(&[("contact_many", "IntegerValue", json!(3))]);
    assert_eq!(sent(Existing::Fill, &wanted, &situation), "{}");
    wrote(&mut situation, 7, &[("contact_many", json!([item(2), item(1)]))]);
    let expected = json!({ "OtherProperties": [item(3)] }).to_string();
    assert_eq!(sent(Existing::Fill, &wanted, &situation), expected);
}

fn with_phones(phones: &[(&str, i64)]) -> Situation {
    let mut person = record(7, &[("Name", json!("Ana"))]);
    person.phones = phones.iter().map(|(raw, search)| phone_record(raw, *search)).collect();
    let mut situation = seeing([person]);
    situation.known.person = Some(RecordId(7));
    situation
}

fn wanting_phone(raw: &str) -> Derived {
    let mut derived = person_named("Ana");
    derived.person = Values { phones: vec![phone(raw)], ..derived.person };
    derived
}

#[test]
fn a_phone_is_added_and_none_is_ever_dropped() {
    let situation = with_phones(&[("3000-0000", 1_130_000_000)]);
    let wanted = wanting_phone("11 99000-0000");
    assert_eq!(sent(Existing::Fill, &wanted, &situation), "{}", "a person gave this phone");
    assert_snapshot!(sent(Existing::Overwrite, &wanted, &situation), @r#"{"Phones":[{"PhoneNumber":"3000-0000","TypeId":2,"CountryId":76},{"PhoneNumber":"11 99000-0000","TypeId":1,"CountryId":76}]}"#);
}

#[test]
fn a_changed_phone_joins_those_that_are_ours() {
    let wanted = wanting_phone("11 99000-0000");
    let ours = json!([{ "PhoneNumber": "(11) 3000-0000", "TypeId": 1 }]);
    let mut situation = with_phones(&[("11 30000000", 1_130_000_000), ("2100", 2_100)]);
    wrote(&mut situation, 7, &[("Phones", ours.clone())]);
    assert_snapshot!(sent(Existing::Fill, &wanted, &situation), @r#"{"Phones":[{"PhoneNumber":"11 30000000","TypeId":2,"CountryId":76},{"PhoneNumber":"2100","TypeId":2,"CountryId":76},{"PhoneNumber":"11 99000-0000","TypeId":1,"CountryId":76}]}"#);
    let mut replaced = with_phones(&[("2100", 2_100)]);
    wrote(&mut replaced, 7, &[("Phones", ours)]);
    assert_eq!(sent(Existing::Fill, &wanted, &replaced), "{}", "a person took ours away");
}

#[test]
fn a_phone_written_another_way_is_there_already() {
    for raw in ["+55 11 99000-0000", "11990000000", "(11) 9000-0000"] {
        let situation = with_phones(&[("990000000", 11_990_000_000)]);
        assert_eq!(sent(Existing::Overwrite, &wanting_phone(raw), &situation), "{}", "{raw}");
    }
}

#[test]
fn tags_of_what_exists_are_not_touched() {
    let mut person: ContactRecord = record(7, &[]);
    person.tags = vec![RecordId(501)];
    let policy = Policy { person_tags: vec![RecordId(502)], ..policy() };
    let mut situation = seeing([person]);
    situation.known.person = Some(RecordId(7));
    let plan = plan(&policy, &ana(), &situation);
    assert!(!body(&plan, StepKind::Person).contains_key("Tags"));
}
