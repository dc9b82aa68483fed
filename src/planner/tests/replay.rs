//! What today's configuration says of a lead that was written before.

use insta::assert_snapshot;
use serde_json::{Value, json};

use super::samples::{
    action, ana, ana_of, ana_record, company, other, policy, record, seeing, whole, with_company,
    wrote,
};
use crate::{
    domain::{Existing, RecordId},
    planner::{DealFields, Purpose, Situation, StepKind, plan},
    rules::{Derived, Policy},
};

/// A lead that is done: the person is what it should be, the deal holds these.
fn done(deal: &[(&str, Value)]) -> Situation {
    let mut situation = seeing([ana_record(7)]);
    situation.purpose = Purpose::Replay;
    situation.known.person = Some(RecordId(7));
    situation.known.deal = Some(RecordId(300));
    let properties = deal.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
    situation.seen.deal =
        Some(DealFields { id: RecordId(300), properties: properties.collect(), other: Vec::new() });
    situation
}

/// Ana, whose deal is wanted with these.
fn wanting(deal: &[(&str, Value)]) -> Derived {
    Derived { deal: Some(super::samples::values(deal)), ..ana() }
}

#[test]
fn a_deal_is_given_what_the_map_says_today_where_it_still_holds_what_ponte_wrote() {
    let mut situation = done(&[("Title", json!("Ana Lima")), ("Amount", json!(10))]);
    wrote(&mut situation, 300, &[("Title", json!("Ana Lima")), ("Amount", json!(10.0))]);
    let derived = wanting(&[
        ("Title", json!("Ana Lima - site")),
        ("Amount", json!(10)),
        ("StartDate", json!("2026-03-01")),
    ]);
    assert_snapshot!(whole(&plan(&policy(), &derived, &situation)), @r#"
    adopt person 7: the ledger holds it; nothing to write
    update deal 300: the ledger holds it; fills what is empty, updates what ponte wrote last
      sets StartDate, Title
    done
    deal: {"StartDate":"2026-03-01","Title":"Ana Lima - site"}
    "#);
}

#[test]
fn what_a_person_wrote_into_a_deal_is_theirs_unless_the_route_overwrites() {
    let mut situation = done(&[("Title", json!("Ana, urgente"))]);
    wrote(&mut situation, 300, &[("Title", json!("Ana Lima"))]);
    let derived = wanting(&[("Title", json!("Ana Lima - site"))]);
    let with = |existing| {
        let plan = plan(&Policy { existing, ..policy() }, &derived, &situation);
        action(&plan, StepKind::Deal)
    };
    assert_eq!(with(Existing::Fill), "adopt(300)");
    assert_eq!(with(Existing::Overwrite), "update(300)");
    assert_eq!(with(Existing::Leave), "adopt(300)");
}

#[test]
fn pipeline_stage_owner_and_status_of_a_deal_are_left_in_any_mode() {
    let situation = done(&[("Title", json!("Ana Lima")), ("OwnerId", json!(11))]);
    let derived = wanting(&[
        ("Title", json!("Ana Lima")),
        ("OwnerId", json!(12)),
        ("PipelineId", json!(1)),
        ("StageId", json!(2)),
        ("StatusId", json!(1)),
    ]);
    let policy = Policy { existing: Existing::Overwrite, owners: vec![RecordId(13)], ..policy() };
    assert_snapshot!(plan(&policy, &derived, &situation), @"
    adopt person 7: the ledger holds it; nothing to write
    adopt deal 300: the ledger holds it; nothing to write
    done
    ");
}

#[test]
fn custom_fields_of_a_deal_are_sent_whole_and_the_lead_key_stays() {
    let mut situation = done(&[("Title", json!("Ana"))]);
    situation.seen.deal.as_mut().unwrap().other = vec![
        other("deal_key", "StringValue", json!("conta.example.com/site/51")),
        other("deal_theirs", "StringValue", json!("y")),
        other("deal_from", "StringValue", json!("old")),
    ];
    wrote(
        &mut situation,
        300,
        &[("deal_from", json!({ "FieldKey": "deal_from", "StringValue": "old" }))],
    );
    let mut derived = wanting(&[("Title", json!("Ana"))]);
    let deal = derived.deal.as_mut().unwrap();
    for (key, value) in [("deal_from", "new"), ("deal_key", "x")] {
        deal.other.insert(key.to_owned(), vec![other(key, "StringValue", json!(value))]);
    }
    let policy = Policy { lead_key_field: Some("deal_key".to_owned()), ..policy() };
    assert_snapshot!(whole(&plan(&policy, &derived, &situation)), @r#"
    adopt person 7: the ledger holds it; nothing to write
    update deal 300: the ledger holds it; updates what ponte wrote last
      sets deal_from
    done
    deal: {"OtherProperties":[{"FieldKey":"deal_key","StringValue":"conta.example.com/site/51"},{"FieldKey":"deal_theirs","StringValue":"y"},{"FieldKey":"deal_from","StringValue":"new"}]}
    "#);
}

#[test]
fn a_replay_makes_neither_a_deal_nor_a_person_nor_a_note() {
    let mut derived = ana();
    derived.note = Some("Entrou pelo site".to_owned());
    let mut gone = done(&[]);
    gone.seen.persons.clear();
    gone.seen.deal = None;
    assert_snapshot!(plan(&policy(), &derived, &gone), @"
    skip person: it is not in Ploomes, and an update makes none again
    skip deal: it is not in Ploomes, and an update makes none again
    done
    ");

    let mut skipped = done(&[]);
    skipped.known.deal = None;
    skipped.seen.deal = None;
    assert_snapshot!(plan(&policy(), &derived, &skipped), @"
    adopt person 7: the ledger holds it; nothing to write
    done
    ");
}

#[test]
fn person_and_company_are_refreshed_as_by_an_update() {
    let mut situation = done(&[("Title", json!("Ana Lima"))]);
    situation.known.company = Some(RecordId(40));
    situation.seen.companies = vec![record(40, &[("Name", json!("Padaria"))])];
    situation.seen.persons[0].properties.insert("Name".to_owned(), json!("Ana Souza"));
    wrote(&mut situation, 7, &[("Name", json!("Ana Souza"))]);
    let mut derived = ana_of(company("Padaria", ""));
    derived.deal = Some(super::samples::values(&[("Title", json!("Ana Lima"))]));
    assert_snapshot!(plan(&with_company(), &derived, &situation), @"
    adopt company 40: the ledger holds it; nothing to write
    update person 7: the ledger holds it; fills what is empty, updates what ponte wrote last
      sets Name, CompanyId
    adopt deal 300: the ledger holds it; nothing to write
    done
    ");
}

#[test]
fn what_is_required_and_missing_updates_nothing() {
    let mut derived = wanting(&[("Title", json!("Outra"))]);
    derived.failure = Some("field.CPF is empty".to_owned());
    assert_snapshot!(plan(&policy(), &derived, &done(&[])), @"
    warning: nothing is updated: field.CPF is empty
    done
    ");
}
