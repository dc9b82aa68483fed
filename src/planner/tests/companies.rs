//! Which company in Ploomes a lead's is, and whom it is linked to.

use insta::assert_snapshot;
use serde_json::{Value, json};

use super::samples::{
    CNPJ, action, ana, ana_of, ana_record, at, body, company, record, seeing, situation, values,
    whole, with_company, wrote,
};
use crate::{
    domain::{Existing, RecordId},
    planner::{ContactRecord, Known, Purpose, Situation, StepKind, plan, search},
    rules::{Derived, Policy},
};

const OTHER_CNPJ: &str = "12.ABC.345/01DE-35";

fn showing(companies: impl IntoIterator<Item = ContactRecord>) -> Situation {
    let mut situation = seeing([ana_record(7)]);
    situation.seen.companies = companies.into_iter().collect();
    situation
}

fn company_of(derived: &Derived, situation: &Situation) -> String {
    action(&plan(&with_company(), derived, situation), StepKind::Company)
}

#[test]
fn the_search_asks_for_the_company_too_where_the_route_makes_companies() {
    let mut wanted = company(" Padaria São João ", CNPJ);
    wanted.native.insert("Register".to_owned(), json!("NIF 501-442"));
    let derived = ana_of(wanted);
    let known = Known { company: Some(RecordId(40)), ..Known::default() };
    let asked = search(&with_company(), &derived, &known);
    assert_eq!(asked.company.as_deref(), Some("Padaria São João"));
    assert_eq!(asked.cnpj, ["11222333000181", "11.222.333/0001-81", "NIF501442"]);
    assert_eq!(asked.ids, [RecordId(40)]);
    let asked = search(&super::samples::policy(), &derived, &known);
    assert_eq!((asked.company, asked.cnpj.len()), (None, 0));
}

#[test]
fn a_company_is_found_by_id_then_document_then_name() {
    let derived = ana_of(company("Padaria São João", CNPJ));
    let by_id = record(40, &[("Name", json!("Nome de hoje"))]);
    let by_register = record(41, &[("Register", json!("11222333000181"))]);
    let by_name = record(42, &[("Name", json!("PADARIA SAO JOAO"))]);
    let mut situation = showing([by_name, by_register]);
    assert_eq!(company_of(&derived, &situation), "update(41)");
    situation.seen.companies.pop();
    assert_eq!(company_of(&derived, &situation), "update(42)");
    situation.seen.companies = vec![by_id];
    situation.known.company = Some(RecordId(40));
    assert_eq!(company_of(&derived, &situation), "update(40)");
}

#[test]
fn a_namesake_with_another_cnpj_is_another_company() {
    let namesake = record(42, &[("Name", json!("Padaria")), ("CNPJ", json!(OTHER_CNPJ))]);
    let derived = ana_of(company("Padaria", CNPJ));
    assert_eq!(company_of(&derived, &showing([namesake.clone()])), "create");
    let without_cnpj = ana_of(company("Padaria", ""));
    assert_eq!(company_of(&without_cnpj, &showing([namesake])), "adopt(42)");
}

#[test]
fn of_two_of_one_name_the_oldest_is_taken_and_a_person_is_to_look() {
    let named = |id, minutes| {
        let named = record(id, &[("Name", json!("Padaria"))]);
        ContactRecord { created_at: Some(at(minutes)), ..named }
    };
    let situation = showing([named(41, -8_000), named(42, -9_000)]);
    let plan = plan(&with_company(), &ana_of(company("Padaria", "")), &situation);
    assert_eq!(action(&plan, StepKind::Company), "adopt(42)");
    assert_snapshot!(plan.review.unwrap(), @"2 companies have this name: 42, 41; the oldest is taken");
}

#[test]
fn a_company_that_people_deleted_is_as_if_it_never_was() {
    let mut situation = showing([]);
    situation.known.company = Some(RecordId(40));
    let plan = plan(&with_company(), &ana_of(company("Padaria", "")), &situation);
    assert_snapshot!(plan, @"
    create company: company 40 is gone from Ploomes; no company has this name
      sets Name, TypeId
    update person 7: it has this e-mail; fills what is empty
      sets CompanyId
    create deal: no deal of ours is this lead's
      sets Title, PersonId, PipelineId, StageId, ContactId
    done
    ");
}

/// The newest company is gone, and an older lead's is there under another name.
fn with_an_older_company(name: &str) -> Situation {
    let mut situation = showing([record(41, &[("Name", json!(name))])]);
    let held = [Some(RecordId(40)), Some(RecordId(41))];
    situation.known = Known::of_leads(held.iter().map(|id| [*id, None]));
    situation
}

#[test]
fn where_the_newest_company_is_gone_that_of_another_lead_is_taken_where_it_is_the_wanted_one() {
    let derived = ana_of(company("Padaria", ""));
    let mut situation = with_an_older_company("Padaria Central");
    let asked = search(&with_company(), &derived, &situation.known).ids;
    assert_eq!(asked, [RecordId(40), RecordId(41)]);
    let without = search(&with_company(), &ana(), &situation.known).ids;
    assert_eq!(without, [RecordId(40)], "no company is wanted");
    wrote(&mut situation, 41, &[("Name", json!("Padaria"))]);
    assert_eq!(company_of(&derived, &situation), "adopt(41)", "people renamed it");
    let company = &mut situation.seen.companies[0];
    company.properties.insert("CNPJ".to_owned(), json!(OTHER_CNPJ));
    let with_cnpj = ana_of(super::samples::company("Padaria", CNPJ));
    assert_eq!(company_of(&with_cnpj, &situation), "create", "its number is another's");
}

#[test]
fn the_company_of_an_earlier_employer_is_not_renamed_where_the_newest_is_gone() {
    let mut situation = with_an_older_company("Antiga");
    wrote(&mut situation, 41, &[("Name", json!("Antiga"))]);
    assert_eq!(company_of(&ana_of(company("Nova", "")), &situation), "create");
    assert_eq!(company_of(&ana_of(company("Antiga", "")), &situation), "adopt(41)");
}

#[test]
fn the_ledgers_company_is_renamed_where_the_name_is_still_ours() {
    let mut situation = showing([record(40, &[("Name", json!("Padria"))])]);
    situation.known.company = Some(RecordId(40));
    let derived = ana_of(company("Padaria", ""));
    assert_eq!(company_of(&derived, &situation), "adopt(40)");
    wrote(&mut situation, 40, &[("Name", json!("Padria"))]);
    let plan = plan(&with_company(), &derived, &situation);
    assert_eq!(Value::Object(body(&plan, StepKind::Company)), json!({ "Name": "Padaria" }));
}

#[test]
fn a_contact_who_moves_to_a_company_that_is_there_does_not_rename_the_old_one() {
    let old = record(40, &[("Name", json!("Antiga"))]);
    let new = record(41, &[("Name", json!("Nova"))]);
    let mut situation = showing([old, new]);
    situation.known.company = Some(RecordId(40));
    wrote(&mut situation, 40, &[("Name", json!("Antiga"))]);
    assert_eq!(company_of(&ana_of(company("Nova", "")), &situation), "adopt(41)");
    assert_eq!(company_of(&ana_of(company("Antiga", "")), &situation), "adopt(40)");
}

#[test]
fn a_company_that_people_renamed_stays_the_leads() {
    let renamed = record(40, &[("Name", json!("Padaria Central"))]);
    let namesake = record(41, &[("Name", json!("Padaria"))]);
    let mut situation = showing([renamed, namesake]);
    situation.known.company = Some(RecordId(40));
    wrote(&mut situation, 40, &[("Name", json!("Padaria"))]);
    assert_eq!(company_of(&ana_of(company("Padaria", "")), &situation), "adopt(40)");
}

#[test]
fn the_ledgers_company_with_another_cnpj_is_another_company() {
    let mut situation = showing([record(40, &[("CNPJ", json!(OTHER_CNPJ))])]);
    situation.known.company = Some(RecordId(40));
    let derived = ana_of(company("Padaria", CNPJ));
    assert_eq!(company_of(&derived, &situation), "create");
    // A number that ponte wrote itself was corrected in AC.
    wrote(&mut situation, 40, &[("CNPJ", json!(OTHER_CNPJ))]);
    assert_eq!(company_of(&derived, &situation), "update(40)");
}

#[test]
fn a_new_person_belongs_to_the_company() {
    let derived = ana_of(company("Padaria", ""));
    let mut situation = situation();
    situation.seen.companies = vec![record(40, &[("Name", json!("Padaria"))])];
    let plan = plan(&with_company(), &derived, &situation);
    assert_eq!(body(&plan, StepKind::Person)["CompanyId"], 40);
    assert_eq!(body(&plan, StepKind::Deal)["ContactId"], 40);
}

#[test]
fn a_person_without_a_company_is_linked_to_the_new_one() {
    let plan = plan(&with_company(), &ana_of(company("Padaria", "")), &seeing([ana_record(7)]));
    assert_snapshot!(whole(&plan), @r#"
    create company: no company has this name
      sets Name, TypeId
    update person 7: it has this e-mail; fills what is empty
      sets CompanyId
    create deal: no deal of ours is this lead's
      sets Title, PersonId, PipelineId, StageId, ContactId
    done
    company: {"Name":"Padaria","TypeId":1}
    person: {} CompanyId <- company
    deal: {"Title":"Ana Lima","PersonId":7,"PipelineId":20,"StageId":21} ContactId <- company
    "#);
}

fn employed(existing: Existing, wrote_last: Option<i64>) -> String {
    let mut person = ana_record(7);
    person.properties.insert("CompanyId".to_owned(), json!(39));
    let mut situation = seeing([person]);
    situation.seen.companies = vec![record(40, &[("Name", json!("Padaria"))])];
    if let Some(id) = wrote_last {
        situation.known.person = Some(RecordId(7));
        wrote(&mut situation, 7, &[("CompanyId", json!(id))]);
    }
    let policy = Policy { existing, ..with_company() };
    let plan = plan(&policy, &ana_of(company("Padaria", "")), &situation);
    assert_eq!(body(&plan, StepKind::Deal)["ContactId"], 40, "the lead's company");
    assert_eq!(body(&plan, StepKind::Deal)["PersonId"], 7);
    Value::Object(body(&plan, StepKind::Person)).to_string()
}

#[test]
fn a_person_of_another_company_stays_with_it_and_the_deal_is_the_leads_companys() {
    assert_eq!(employed(Existing::Fill, None), "{}");
    assert_eq!(employed(Existing::Leave, None), "{}");
    assert_eq!(employed(Existing::Fill, Some(38)), "{}", "people moved the person");
    assert_eq!(employed(Existing::Fill, Some(39)), r#"{"CompanyId":40}"#, "the link is ours");
    assert_eq!(employed(Existing::Overwrite, None), r#"{"CompanyId":40}"#);
}

#[test]
fn an_update_makes_a_company_where_the_contact_had_none_and_none_again() {
    let mut situation = seeing([ana_record(7)]);
    situation.purpose = Purpose::Refresh;
    situation.known.person = Some(RecordId(7));
    let derived = ana_of(company("Padaria", ""));
    assert_snapshot!(plan(&with_company(), &derived, &situation), @"
    create company: no company has this name
      sets Name, TypeId
    update person 7: the ledger holds it; fills what is empty
      sets CompanyId
    done
    ");
    situation.known.company = Some(RecordId(40));
    assert_snapshot!(plan(&with_company(), &derived, &situation), @"
    skip company: it is not in Ploomes, and an update makes none again
    adopt person 7: the ledger holds it; nothing to write
    done
    ");
}

#[test]
fn a_company_name_that_went_empty_erases_and_unlinks_nothing() {
    let mut person = ana_record(7);
    person.properties.insert("CompanyId".to_owned(), json!(40));
    let mut situation = seeing([person]);
    situation.seen.companies = vec![record(40, &[("Name", json!("Padaria"))])];
    situation.known.company = Some(RecordId(40));
    situation.purpose = Purpose::Refresh;
    let policy = Policy { existing: Existing::Overwrite, ..with_company() };
    assert_snapshot!(plan(&policy, &ana(), &situation), @"
    skip company: the contact has no company name
    adopt person 7: it has this e-mail; nothing to write
    done
    ");
}

#[test]
fn a_company_takes_no_property_that_the_planner_sets() {
    let wanted = values(&[("Name", json!("Padaria")), ("TypeId", json!(2)), ("Id", json!(3))]);
    let plan = plan(&with_company(), &ana_of(wanted), &situation());
    let sent = Value::Object(body(&plan, StepKind::Company));
    assert_eq!(sent, json!({ "Name": "Padaria", "TypeId": 1 }));
}
