//! Which person in Ploomes a lead is.

use insta::assert_snapshot;
use serde_json::json;

use super::samples::{
    CPF, action, ana, ana_record, at, body, person_named, phone, phone_record, policy, record,
    seeing, situation, values, whole, wrote,
};
use crate::{
    domain::{Existing, RecordId},
    planner::{ContactRecord, Known, Plan, Purpose, Situation, StepKind, plan, search},
    rules::Policy,
};

fn person_of(situation: &Situation) -> String {
    action(&plan(&policy(), &ana(), situation), StepKind::Person)
}

fn by_phone(id: i64) -> ContactRecord {
    let mut record = record(id, &[("Name", json!("A. Lima"))]);
    record.phones = vec![phone_record("11 9000-0000", 1_190_000_000)];
    record
}

#[test]
fn the_search_asks_by_every_key_at_once() {
    let mut derived = ana();
    derived.person.phones.push(phone("12"));
    derived.person.phones[1].e164 = None;
    let known = Known { person: Some(RecordId(7)), ..Known::default() };
    let asked = search(&policy(), &derived, &known);
    assert_eq!(asked.ids, [RecordId(7)]);
    assert_eq!(asked.email.as_deref(), Some("ana@example.com"));
    assert_eq!(asked.cpf, ["52998224725", "529.982.247-25"]);
    assert_eq!(asked.phones, [1_190_000_000, 11_990_000_000, 551_190_000_000, 5_511_990_000_000]);
    assert_eq!((asked.cnpj.as_slice(), asked.company), ([].as_slice(), None));
}

#[test]
fn a_person_is_found_by_id_then_email_then_cpf_then_phone() {
    let by_id = record(1, &[("Name", json!("Outro nome"))]);
    let by_email = record(2, &[("Email", json!(" ANA@example.com"))]);
    let by_cpf = record(3, &[("CPF", json!("52998224725"))]);
    let mut situation = seeing([by_phone(4), by_cpf, by_email, by_id]);
    let mut found = Vec::new();
    situation.known.person = Some(RecordId(1));
    while !situation.seen.persons.is_empty() {
        found.push(person_of(&situation));
        situation.seen.persons.pop();
    }
    assert_eq!(found, ["update(1)", "update(2)", "update(3)", "update(4)"]);
}

#[test]
fn a_phone_is_found_in_every_way_it_is_written() {
    for (number, search) in [
        ("(11) 99000-0000", Some(11_990_000_000)),
        ("+55 11 99000-0000", Some(5_511_990_000_000)),
        ("11 9000-0000", Some(1_190_000_000)),
        ("55 11 9000 0000", None),
    ] {
        let mut person = by_phone(4);
        person.phones = vec![phone_record(number, 0)];
        person.phones[0].search = search;
        assert_eq!(person_of(&seeing([person])), "update(4)", "{number}");
    }
}

#[test]
fn a_phone_whose_email_or_cpf_differs_is_somebody_elses() {
    for (property, value) in [("Email", "rui@example.com"), ("CPF", "111.444.777-35")] {
        let mut person = by_phone(4);
        person.phones = vec![phone_record("11 99000-0000", 11_990_000_000)];
        assert_eq!(person_of(&seeing([person.clone()])), "update(4)");
        person.properties.insert(property.to_owned(), json!(value));
        assert_eq!(person_of(&seeing([person])), "create", "{property}");
    }
}

#[test]
fn a_number_or_document_that_is_none_finds_nobody() {
    let mut derived = person_named("Ana");
    derived.person.native.insert("CPF".to_owned(), json!("111.111.111-11"));
    derived.person.phones = vec![phone("11 9000-0000")];
    derived.person.phones[0].e164 = None;
    let mut person = record(4, &[("CPF", json!("11111111111"))]);
    person.phones = vec![phone_record("11 9000-0000", 1_190_000_000)];
    let plan = plan(&policy(), &derived, &seeing([person]));
    assert_snapshot!(whole(&plan), @r#"
    create person: there is nothing to recognise a person by
      sets Name, TypeId, CPF, Phones
    create deal: no deal of ours is this lead's
      sets Title, PipelineId, StageId, ContactId
    done
    person: {"Name":"Ana","TypeId":2,"CPF":"111.111.111-11","Phones":[{"PhoneNumber":"11 9000-0000","TypeId":1,"CountryId":76}]}
    deal: {"Title":"Ana","PipelineId":20,"StageId":21} ContactId <- person
    "#);
}

#[test]
fn of_two_with_one_email_the_oldest_is_taken_and_a_person_is_to_look() {
    let mut older = ana_record(9);
    older.created_at = Some(at(-9_000));
    let mut younger = ana_record(8);
    younger.created_at = Some(at(-8_000));
    let unknown = ContactRecord { created_at: None, ..ana_record(7) };
    assert_snapshot!(plan(&policy(), &ana(), &seeing([unknown, younger, older])), @"
    adopt person 9: it has this e-mail; nothing to write
    create deal: no deal of ours is this lead's
      sets Title, ContactId, PipelineId, StageId
    review: 3 persons have this e-mail: 9, 8, 7; the oldest is taken
    done
    ");
}

#[test]
fn of_two_made_at_the_same_time_the_lower_id_is_the_oldest() {
    let twin = |id| ContactRecord { created_at: Some(at(-9_000)), ..ana_record(id) };
    assert_eq!(person_of(&seeing([twin(9), twin(8)])), "adopt(8)");
}

#[test]
fn an_email_and_a_cpf_of_two_persons_are_for_a_person_to_look_at() {
    let by_email = record(7, &[("Email", json!("ana@example.com"))]);
    let by_cpf = record(8, &[("CPF", json!(CPF))]);
    let plan = plan(&policy(), &ana(), &seeing([by_cpf, by_email]));
    assert_eq!(action(&plan, StepKind::Person), "update(7)");
    assert_snapshot!(plan.review.unwrap(), @"the e-mail is person 7's, the CPF is person 8's");
}

#[test]
fn a_person_that_people_deleted_is_as_if_it_never_was() {
    let mut situation = situation();
    situation.known.person = Some(RecordId(7));
    assert_snapshot!(plan(&policy(), &ana(), &situation), @"
    create person: person 7 is gone from Ploomes; no person has this e-mail, CPF or phone
      sets Name, TypeId, CPF, Email, Phones
    create deal: no deal of ours is this lead's
      sets Title, PipelineId, StageId, ContactId
    done
    ");
    situation.seen.persons = vec![ana_record(8)];
    assert_eq!(person_of(&situation), "adopt(8)");
}

#[test]
fn where_the_newest_person_is_gone_the_newest_of_other_leads_that_is_there_is_taken() {
    let mut situation = situation();
    let held = [Some(9), None, Some(8), Some(9), Some(7), Some(6)];
    situation.known = Known::of_leads(held.iter().map(|id| [None, id.map(RecordId)]));
    assert_eq!(search(&policy(), &ana(), &situation.known).ids, [6, 7, 8, 9].map(RecordId));
    let called_before =
        |id| record(id, &[("Name", json!("Ana")), ("Email", json!("a@example.com"))]);
    situation.seen.persons = vec![called_before(6), called_before(7), ana_record(5)];
    wrote(&mut situation, 7, &[("Name", json!("Ana"))]);
    for purpose in [Purpose::Bring, Purpose::Refresh] {
        situation.purpose = purpose;
        let plan = plan(&policy(), &ana(), &situation);
        assert_eq!(action(&plan, StepKind::Person), "update(7)", "{purpose:?}");
        assert_eq!(
            body(&plan, StepKind::Person)["Name"],
            "Ana Lima",
            "what ponte wrote is its own"
        );
    }
    situation.seen.persons.insert(0, called_before(9));
    assert_eq!(person_of(&situation), "update(9)", "the newest is there");
}

#[test]
fn of_the_persons_of_many_leads_a_few_are_asked_for() {
    let known = Known::of_leads((0..1_000).map(|id| [Some(RecordId(id)), Some(RecordId(-id))]));
    assert_eq!((known.companies().count(), known.persons().count()), (9, 9));
    assert_eq!(known.persons().last(), Some(RecordId(-8)));
}

#[test]
fn an_update_makes_no_person_again() {
    let mut situation = situation();
    situation.known.person = Some(RecordId(7));
    situation.purpose = Purpose::Refresh;
    assert_snapshot!(plan(&policy(), &ana(), &situation), @"
    skip person: it is not in Ploomes, and an update makes none again
    done
    ");
}

/// The contact's address in AC is now one that another person in Ploomes holds.
fn given_anothers_email(existing: Existing, own: &str, wrote_last: &str) -> Plan {
    let mine = record(7, &[("Name", json!("Ana Lima")), ("Email", json!(own))]);
    let other = record(8, &[("Email", json!("ANA@example.com"))]);
    let mut situation = seeing([mine, other]);
    situation.known.person = Some(RecordId(7));
    situation.purpose = Purpose::Refresh;
    wrote(&mut situation, 7, &[("Email", json!(wrote_last))]);
    let mut derived = ana();
    derived.person = values(&[("Name", json!("Ana Lima")), ("Email", json!("ana@example.com"))]);
    plan(&Policy { existing, ..policy() }, &derived, &situation)
}

#[test]
fn nobody_is_given_an_email_that_another_person_holds() {
    let own = "velho@example.com";
    assert_snapshot!(given_anothers_email(Existing::Fill, own, own), @"
    adopt person 7: the ledger holds it; nothing to write
    warning: the e-mail is left as it is: person 8 has it
    done
    ");
    for (existing, own, wrote_last) in
        [(Existing::Fill, "", "x@example.com"), (Existing::Overwrite, own, "x@example.com")]
    {
        let plan = given_anothers_email(existing, own, wrote_last);
        assert_eq!(action(&plan, StepKind::Person), "adopt(7)");
        assert_eq!(plan.warnings.len(), 1);
    }
}

#[test]
fn an_email_that_would_not_be_written_is_no_warning() {
    let theirs = given_anothers_email(Existing::Fill, "velho@example.com", "x@example.com");
    assert_eq!(theirs.warnings, Vec::<String>::new());
}
