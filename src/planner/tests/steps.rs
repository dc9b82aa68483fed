//! What a lead is brought in with: the bodies, the order, the reasons.

use insta::assert_snapshot;
use serde_json::{Value, json};

use super::samples::{
    CNPJ, action, ana, ana_of, ana_record, body, company, deal, other, policy, record, seeing,
    situation, their_deal, values, whole, with_company,
};
use crate::{
    domain::{Behaviour, Existing, RecordId},
    planner::{Outcome, Purpose, StepKind, plan},
    rules::Policy,
};

#[test]
fn everything_new_is_company_person_deal_in_this_order() {
    let plan = plan(&with_company(), &ana_of(company("Padaria", CNPJ)), &situation());
    assert_snapshot!(whole(&plan), @r#"
    create company: no company has this CNPJ, register number or name
      sets Name, TypeId, CNPJ
    create person: no person has this e-mail, CPF or phone
      sets Name, TypeId, CPF, Email, Phones, CompanyId
    create deal: no deal of ours is this lead's
      sets Title, PipelineId, StageId, ContactId, PersonId
    done
    company: {"Name":"Padaria","TypeId":1,"CNPJ":"11.222.333/0001-81"}
    person: {"Name":"Ana Lima","TypeId":2,"CPF":"529.982.247-25","Email":"Ana@Example.com","Phones":[{"PhoneNumber":"(11) 99000-0000","TypeId":1,"CountryId":76}]} CompanyId <- company
    deal: {"Title":"Ana Lima","PipelineId":20,"StageId":21} ContactId <- company PersonId <- person
    "#);
}

#[test]
fn without_companies_the_deal_is_the_persons() {
    let plan = plan(&policy(), &ana(), &situation());
    assert_snapshot!(whole(&plan), @r#"
    create person: no person has this e-mail, CPF or phone
      sets Name, TypeId, CPF, Email, Phones
    create deal: no deal of ours is this lead's
      sets Title, PipelineId, StageId, ContactId
    done
    person: {"Name":"Ana Lima","TypeId":2,"CPF":"529.982.247-25","Email":"Ana@Example.com","Phones":[{"PhoneNumber":"(11) 99000-0000","TypeId":1,"CountryId":76}]}
    deal: {"Title":"Ana Lima","PipelineId":20,"StageId":21} ContactId <- person
    "#);
}

#[test]
fn company_person_routes_make_no_deal_and_are_done() {
    let policy = Policy { behaviour: Behaviour::CompanyPerson, ..policy() };
    let plan = plan(&policy, &ana_of(company("Padaria", "")), &situation());
    assert_snapshot!(plan, @"
    create company: no company has this name
      sets Name, TypeId
    create person: no person has this e-mail, CPF or phone
      sets Name, TypeId, CPF, Email, Phones, CompanyId
    done
    ");
}

#[test]
fn an_empty_company_name_gives_person_and_deal_without_one_and_says_why() {
    let mut derived = ana();
    derived.no_company = Some("the company name is empty".to_owned());
    let plan = plan(&with_company(), &derived, &situation());
    assert_snapshot!(plan, @"
    skip company: the company name is empty
    create person: no person has this e-mail, CPF or phone
      sets Name, TypeId, CPF, Email, Phones
    create deal: no deal of ours is this lead's
      sets Title, PipelineId, StageId, ContactId
    done
    ");
    let deal = body(&plan, StepKind::Deal);
    assert!(!deal.contains_key("PersonId"), "{deal:?}");
}

#[test]
fn owner_origin_and_tags_go_on_what_is_created() {
    let policy = Policy {
        owners: vec![RecordId(11), RecordId(12)],
        origin: Some(RecordId(2)),
        person_tags: vec![RecordId(501)],
        deal_tags: vec![RecordId(601), RecordId(602)],
        ..with_company()
    };
    let mut situation = situation();
    situation.turn = 3;
    let plan = plan(&policy, &ana_of(company("Padaria", "")), &situation);
    let shown = |kind| Value::Object(body(&plan, kind)).to_string();
    assert_snapshot!(shown(StepKind::Company), @r#"{"Name":"Padaria","TypeId":1,"OwnerId":12,"OriginId":2}"#);
    assert_snapshot!(shown(StepKind::Person), @r#"{"Name":"Ana Lima","TypeId":2,"CPF":"529.982.247-25","Email":"Ana@Example.com","OwnerId":12,"OriginId":2,"Phones":[{"PhoneNumber":"(11) 99000-0000","TypeId":1,"CountryId":76}],"Tags":[{"TagId":501}]}"#);
    assert_snapshot!(shown(StepKind::Deal), @r#"{"Title":"Ana Lima","PipelineId":20,"StageId":21,"OwnerId":12,"OriginId":2,"Tags":[{"TagId":601},{"TagId":602}]}"#);
}

#[test]
fn owners_are_taken_in_turn() {
    let policy = Policy { owners: vec![RecordId(11), RecordId(12), RecordId(13)], ..policy() };
    let owner = |turn| {
        let mut situation = situation();
        situation.turn = turn;
        body(&plan(&policy, &ana(), &situation), StepKind::Deal)["OwnerId"].clone()
    };
    assert_eq!([0, 1, 2, 3, 4].map(owner), [11, 12, 13, 11, 12].map(|id| json!(id)));
}

#[test]
fn an_owner_from_the_field_map_goes_before_the_routes() {
    let policy = Policy { owners: vec![RecordId(11)], ..policy() };
    let mut derived = ana();
    derived.deal = Some(values(&[("Title", json!("Ana")), ("OwnerId", json!(77))]));
    let plan = plan(&policy, &derived, &situation());
    assert_eq!(body(&plan, StepKind::Deal)["OwnerId"], 77);
    assert_eq!(body(&plan, StepKind::Person)["OwnerId"], 11);
}

#[test]
fn owner_origin_and_tags_stay_on_what_exists() {
    let policy = Policy {
        owners: vec![RecordId(11)],
        origin: Some(RecordId(2)),
        person_tags: vec![RecordId(501)],
        existing: Existing::Overwrite,
        ..policy()
    };
    let plan = plan(&policy, &ana(), &seeing([ana_record(7)]));
    assert_eq!(action(&plan, StepKind::Person), "adopt(7)");
}

#[test]
fn the_deal_carries_the_lead_key_in_its_field() {
    let policy = Policy { lead_key_field: Some("deal_key".to_owned()), ..policy() };
    let mut derived = ana();
    let mut wanted = values(&[("Title", json!("Ana"))]);
    wanted
        .other
        .insert("deal_from".to_owned(), vec![other("deal_from", "StringValue", json!("x"))]);
    derived.deal = Some(wanted);
    let plan = plan(&policy, &derived, &situation());
    let items = body(&plan, StepKind::Deal)["OtherProperties"].to_string();
    assert_snapshot!(items, @r#"[{"FieldKey":"deal_from","StringValue":"x"},{"FieldKey":"deal_key","StringValue":"conta.example.com/site/51"}]"#);
}

#[test]
fn several_values_of_one_field_and_several_phones_are_all_sent() {
    let mut derived = ana();
    derived.person.phones.push(super::samples::phone("+55 11 9000-0000"));
    derived.person.phones.push(super::samples::phone("11 3000-0000"));
    let options = [1, 2].map(|id| other("contact_many", "IntegerValue", json!(id)));
    derived.person.other.insert("contact_many".to_owned(), options.to_vec());
    let plan = plan(&policy(), &derived, &situation());
    let sent = body(&plan, StepKind::Person);
    assert_snapshot!(sent["Phones"], @r#"[{"PhoneNumber":"(11) 99000-0000","TypeId":1,"CountryId":76},{"PhoneNumber":"11 3000-0000","TypeId":1,"CountryId":76}]"#);
    assert_snapshot!(sent["OtherProperties"], @r#"[{"FieldKey":"contact_many","IntegerValue":1},{"FieldKey":"contact_many","IntegerValue":2}]"#);
}

#[test]
fn a_note_is_the_persons_and_the_deals() {
    let mut derived = ana();
    derived.note = Some("Entrou pelo site".to_owned());
    let fresh = plan(&policy(), &derived, &situation());
    assert_snapshot!(whole(&fresh), @r#"
    create person: no person has this e-mail, CPF or phone
      sets Name, TypeId, CPF, Email, Phones
    create deal: no deal of ours is this lead's
      sets Title, PipelineId, StageId, ContactId
    create note: the route asks for one
      sets Content, ContactId, DealId
    done
    person: {"Name":"Ana Lima","TypeId":2,"CPF":"529.982.247-25","Email":"Ana@Example.com","Phones":[{"PhoneNumber":"(11) 99000-0000","TypeId":1,"CountryId":76}]}
    deal: {"Title":"Ana Lima","PipelineId":20,"StageId":21} ContactId <- person
    note: {"Content":"Entrou pelo site"} ContactId <- person DealId <- deal
    "#);

    let mut again = seeing([ana_record(7)]);
    again.seen.deals = vec![deal(300, 7, 1)];
    let again = plan(&policy(), &derived, &again);
    assert_eq!(
        Value::Object(body(&again, StepKind::Note)),
        json!({ "ContactId": 7, "DealId": 300, "Content": "Entrou pelo site" })
    );
}

#[test]
fn a_note_of_a_lead_without_a_deal_names_none() {
    let mut derived = ana();
    derived.note = Some("Entrou pelo site".to_owned());
    let guarded = Policy { skip_if_open_deal: true, ..policy() };
    let mut situation = seeing([ana_record(7)]);
    situation.seen.deals = vec![their_deal(123, 7)];
    let plan = plan(&guarded, &derived, &situation);
    let expected = json!({ "ContactId": 7, "Content": "Entrou pelo site" });
    assert_eq!(Value::Object(body(&plan, StepKind::Note)), expected);
}

#[test]
fn a_note_is_at_most_once() {
    let mut derived = ana();
    derived.note = Some("Entrou pelo site".to_owned());
    let mut situation = situation();
    situation.known.noted = true;
    let noted = plan(&policy(), &derived, &situation);
    assert_eq!(action(&noted, StepKind::Note), "skip");
    situation.known.noted = false;
    situation.purpose = Purpose::Refresh;
    let refreshed = plan(&policy(), &derived, &situation);
    assert_eq!(action(&refreshed, StepKind::Note), "nothing");
}

#[test]
fn what_is_required_and_missing_fails_the_lead_before_anything_is_written() {
    let mut derived = ana();
    derived.failure = Some("field.CPF is empty".to_owned());
    derived.warnings = vec!["field.PLANO has no option of this name".to_owned()];
    let failed = plan(&policy(), &derived, &situation());
    assert_snapshot!(failed, @"
    warning: field.PLANO has no option of this name
    failed: field.CPF is empty
    ");
    assert_eq!(failed.outcome, Outcome::Failed("field.CPF is empty".to_owned()));
}

#[test]
fn an_update_without_what_is_required_changes_nothing_and_fails_nothing() {
    let mut derived = ana();
    derived.failure = Some("field.CPF is empty".to_owned());
    let mut situation = seeing([record(7, &[])]);
    situation.purpose = Purpose::Refresh;
    assert_snapshot!(plan(&policy(), &derived, &situation), @"
    warning: nothing is updated: field.CPF is empty
    done
    ");
}

#[test]
fn the_plan_names_the_records_it_is_about() {
    let mut situation = seeing([ana_record(7)]);
    situation.seen.companies = vec![record(40, &[("Name", json!("padaria"))])];
    let plan = plan(&with_company(), &ana_of(company("Padaria", "")), &situation);
    let records: Vec<i64> = plan.records().iter().map(|id| id.0).collect();
    assert_eq!(records, [7, 40]);
}
