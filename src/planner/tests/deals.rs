//! Which deal is a lead's already, when a new one is withheld, and what must be read to know.

use insta::assert_snapshot;
use serde_json::json;

use super::samples::{
    CNPJ, SOMEBODY, action, ana, ana_of, ana_record, at, body, company, deal, policy, record,
    seeing, situation, their_deal, with_company,
};
use crate::{
    domain::{Behaviour, Existing, RecordId},
    planner::{ContactRecord, DealRecord, Outcome, Purpose, Situation, StepKind, more_deals, plan},
    rules::{Derived, Policy},
};

/// Ana is there, with these deals.
fn with_deals(deals: impl IntoIterator<Item = DealRecord>) -> Situation {
    let mut situation = seeing([ana_record(7)]);
    situation.seen.deals = deals.into_iter().collect();
    situation
}

fn deal_of(situation: &Situation) -> String {
    action(&plan(&policy(), &ana(), situation), StepKind::Deal)
}

fn keyed(key: &str, mut deal: DealRecord) -> DealRecord {
    deal.lead_key = Some(key.to_owned());
    deal
}

fn guarded() -> Policy {
    Policy { skip_if_open_deal: true, ..policy() }
}

#[test]
fn a_deal_of_ours_that_no_lead_holds_is_this_leads() {
    let plan = plan(&policy(), &ana(), &with_deals([deal(300, 7, 1)]));
    assert_snapshot!(plan, @"
    adopt person 7: it has this e-mail; nothing to write
    adopt deal 300: a deal of ours, not older than the enrollment, that no lead holds
    done
    ");
}

#[test]
fn a_deal_of_ours_that_was_won_or_lost_is_this_leads_too() {
    let closed = DealRecord { open: false, ..deal(300, 7, 1) };
    assert_eq!(deal_of(&with_deals([closed])), "adopt(300)");
}

#[test]
fn a_deal_is_not_this_leads_when_others_made_it_or_hold_it_or_it_is_older() {
    assert_eq!(
        deal_of(&with_deals([DealRecord { creator: Some(SOMEBODY), ..deal(300, 7, 1) }])),
        "create"
    );
    assert_eq!(deal_of(&with_deals([DealRecord { creator: None, ..deal(300, 7, 1) }])), "create");
    assert_eq!(deal_of(&with_deals([deal(300, 7, -2)])), "create");
    assert_eq!(deal_of(&with_deals([deal(300, 8, 1)])), "create");
    let mut held = with_deals([deal(300, 7, 1)]);
    held.known.held.insert(RecordId(300));
    assert_eq!(deal_of(&held), "create");
    let mut unknown_user = with_deals([deal(300, 7, 1)]);
    unknown_user.seen.me = None;
    assert_eq!(deal_of(&unknown_user), "create");
}

#[test]
fn clocks_a_minute_apart_make_no_second_deal() {
    let mut behind = with_deals([deal(300, 7, 0)]);
    behind.entered_at = Some(at(1));
    assert_eq!(deal_of(&behind), "adopt(300)");
    behind.entered_at = Some(at(2));
    assert_eq!(deal_of(&behind), "create");
    behind.entered_at = None;
    assert_eq!(deal_of(&behind), "adopt(300)");
}

#[test]
fn the_lead_key_goes_before_time_and_another_leads_key_is_never_ours() {
    let ours = "conta.example.com/site/51";
    let older = keyed(ours, deal(300, 7, -600));
    assert_eq!(deal_of(&with_deals([deal(299, 7, 1), older.clone()])), "adopt(300)");
    assert_eq!(deal_of(&with_deals([keyed(ours, deal(301, 7, 1)), older])), "adopt(300)");
    assert_eq!(
        deal_of(&with_deals([keyed("conta.example.com/site/52", deal(300, 7, 1))])),
        "create"
    );
    assert_eq!(deal_of(&with_deals([keyed(" ", deal(300, 7, 1))])), "adopt(300)");
    // Copied by hand, with all its fields: the copy is the colleague's.
    let copy = DealRecord { creator: Some(SOMEBODY), ..keyed(ours, deal(300, 7, 1)) };
    assert_eq!(deal_of(&with_deals([copy])), "create");
}

#[test]
fn the_oldest_enrollment_gets_the_oldest_deal() {
    let two = [deal(301, 7, 40), deal(300, 7, 50)];
    assert_eq!(deal_of(&with_deals(two.clone())), "adopt(301)");
    let mut second = with_deals(two.clone());
    second.known.older_waiting = vec![at(-30)];
    assert_eq!(deal_of(&second), "adopt(300)");
    second.known.older_waiting = vec![at(-30), at(-20)];
    assert_eq!(deal_of(&second), "create");
}

#[test]
fn an_older_lead_takes_its_own_deal_first_and_leaves_ours() {
    let mut second = with_deals([deal(300, 7, -20), deal(301, 7, 5)]);
    second.known.older_waiting = vec![at(-30)];
    assert_eq!(deal_of(&second), "adopt(301)");
    // Its deal is not there: it takes the only one that could be its own.
    second.seen.deals.remove(0);
    assert_eq!(deal_of(&second), "create");
}

#[test]
fn a_companys_deal_with_another_person_is_another_leads() {
    let derived = ana_of(company("Padaria", ""));
    let mut situation = with_deals([DealRecord { person: Some(RecordId(8)), ..deal(300, 40, 1) }]);
    situation.seen.companies = vec![record(40, &[("Name", json!("Padaria"))])];
    let deal_of = |it: &Situation| action(&plan(&with_company(), &derived, it), StepKind::Deal);
    assert_eq!(deal_of(&situation), "create");
    situation.seen.deals[0].person = Some(RecordId(7));
    assert_eq!(deal_of(&situation), "adopt(300)");
    situation.seen.deals[0].person = None;
    assert_eq!(deal_of(&situation), "adopt(300)");
}

#[test]
fn a_deal_of_a_younger_namesake_or_of_a_deleted_person_is_still_ours() {
    let younger = ContactRecord { created_at: Some(at(-10)), ..ana_record(8) };
    let mut situation = with_deals([deal(300, 8, 1)]);
    situation.seen.persons.push(younger);
    assert_eq!(deal_of(&situation), "adopt(300)");
    let mut deleted = with_deals([DealRecord { person: Some(RecordId(6)), ..deal(300, 40, 1) }]);
    deleted.known.person = Some(RecordId(6));
    assert_eq!(deal_of(&deleted), "adopt(300)");
}

#[test]
fn a_deal_that_the_ledger_holds_is_never_made_again() {
    let mut situation = seeing([ana_record(7)]);
    situation.known.deal = Some(RecordId(300));
    assert_snapshot!(plan(&guarded(), &ana(), &situation), @"
    adopt person 7: it has this e-mail; nothing to write
    adopt deal 300: the ledger holds it
    done
    ");
}

#[test]
fn an_open_deal_is_given_the_person_that_is_made_again() {
    let mut situation = situation();
    situation.known.person = Some(RecordId(7));
    situation.known.deal = Some(RecordId(300));
    assert_eq!(more_deals(&guarded(), &ana(), &situation), Some(vec![RecordId(7)]));
    situation.seen.deals = vec![deal(300, 7, 1)];
    situation.seen.deals_read_of.insert(RecordId(7));
    assert_eq!(more_deals(&guarded(), &ana(), &situation), None);
    let again = plan(&guarded(), &ana(), &situation);
    assert_snapshot!(again, @"
    create person: person 7 is gone from Ploomes; no person has this e-mail, CPF or phone
      sets Name, TypeId, CPF, Email, Phones
    update deal 300: the ledger holds it; what it named is gone from Ploomes
      sets ContactId
    done
    ");
    assert_eq!(action(&again, StepKind::Deal), "update(300)");
    situation.seen.deals[0].open = false;
    assert_eq!(deal_of(&situation), "adopt(300)", "what is closed is history");
}

#[test]
fn a_deal_is_given_the_person_too_where_a_crash_came_in_between() {
    let mut situation = seeing([ana_record(8)]);
    situation.known.person = Some(RecordId(8));
    situation.known.deal = Some(RecordId(300));
    situation.known.named_on_deal.insert(RecordId(7));
    assert_eq!(more_deals(&guarded(), &ana(), &situation), Some(vec![RecordId(7)]));
    situation.seen.deals = vec![deal(300, 7, 1)];
    situation.seen.deals_read_of.insert(RecordId(7));
    assert_eq!(deal_of(&situation), "update(300)");
    let linked = plan(&policy(), &ana(), &situation);
    assert_eq!(body(&linked, StepKind::Deal)["ContactId"], 8);
}

#[test]
fn what_people_changed_is_theirs_when_a_record_beside_it_is_made_again() {
    let derived = ana_of(company("Padaria", CNPJ));
    let overwrite = Policy { existing: Existing::Overwrite, ..with_company() };
    let mut situation = situation();
    let edited = record(40, &[("Name", json!("Mercado")), ("CNPJ", json!(CNPJ))]);
    situation.seen.companies = vec![edited];
    situation.known.company = Some(RecordId(40));
    let of_company =
        |situation: &Situation| action(&plan(&overwrite, &derived, situation), StepKind::Company);
    assert_eq!(of_company(&situation), "update(40)");
    situation.known.person = Some(RecordId(7));
    situation.known.deal = Some(RecordId(300));
    assert_eq!(of_company(&situation), "adopt(40)");
}

#[test]
fn a_deal_that_was_given_to_somebody_else_stays_theirs() {
    let mut situation = with_deals([deal(300, 8, 1)]);
    situation.seen.persons.clear();
    situation.known.person = Some(RecordId(7));
    situation.known.deal = Some(RecordId(300));
    assert_eq!(deal_of(&situation), "adopt(300)");
}

#[test]
fn an_update_never_makes_a_deal() {
    let mut situation = seeing([ana_record(7)]);
    situation.purpose = Purpose::Refresh;
    assert_eq!(deal_of(&situation), "nothing");
}

#[test]
fn an_open_deal_of_the_person_withholds_a_new_one() {
    let mut situation = with_deals([their_deal(124, 7), their_deal(123, 7)]);
    situation.seen.persons[0].properties.remove("CPF");
    let skipped = plan(&guarded(), &ana(), &situation);
    assert_snapshot!(skipped, @"
    update person 7: it has this e-mail; fills what is empty
      sets CPF
    skip deal: open deal 123
    skipped: open deal 123
    ");
    assert_eq!(skipped.outcome, Outcome::Skipped("open deal 123".to_owned()));
    assert_eq!(deal_of(&situation), "create", "without the guard");
}

#[test]
fn a_closed_deal_withholds_nothing() {
    let situation = with_deals([DealRecord { open: false, ..their_deal(123, 7) }]);
    let plan = plan(&guarded(), &ana(), &situation);
    assert_eq!(action(&plan, StepKind::Deal), "create");
}

#[test]
fn an_open_deal_of_an_earlier_lead_of_the_contact_withholds_a_new_one() {
    let mut situation = with_deals([deal(300, 7, -60)]);
    situation.known.held.insert(RecordId(300));
    let plan = plan(&guarded(), &ana(), &situation);
    assert_eq!(plan.outcome, Outcome::Skipped("open deal 300".to_owned()));
}

#[test]
fn the_leads_own_deal_goes_before_the_guard() {
    let situation = with_deals([their_deal(123, 7), deal(300, 7, 1)]);
    let plan = plan(&guarded(), &ana(), &situation);
    assert_eq!(action(&plan, StepKind::Deal), "adopt(300)");
    assert_eq!(plan.outcome, Outcome::Done);
}

/// Whether an open deal of this company withholds Ana's.
fn withholds(derived: &Derived, company: ContactRecord, change: impl Fn(&mut Situation)) -> bool {
    let policy = Policy { skip_if_open_deal: true, ..with_company() };
    let mut situation = with_deals([their_deal(123, 40)]);
    situation.seen.companies = vec![company];
    change(&mut situation);
    plan(&policy, derived, &situation).outcome != Outcome::Done
}

#[test]
fn an_open_deal_of_the_company_counts_where_it_certainly_is_the_company() {
    let named = record(40, &[("Name", json!("Padaria")), ("CNPJ", json!(CNPJ))]);
    let by_name = ana_of(company("Padaria", ""));
    let by_cnpj = ana_of(company("Padaria", CNPJ));
    assert!(withholds(&by_cnpj, named.clone(), |_| ()));
    assert!(withholds(&by_name, named.clone(), |it| it.known.company = Some(RecordId(40))));
    assert!(!withholds(&by_name, named.clone(), |_| ()), "a name alone may be anybody's");
    assert!(withholds(&by_name, named.clone(), |it| {
        it.seen.persons[0].properties.insert("CompanyId".to_owned(), json!(40));
    }));
    assert!(withholds(&by_name, named, |it| it.seen.deals[0].person = Some(RecordId(7))));
}

#[test]
fn an_open_deal_of_the_company_that_the_person_belongs_to_counts() {
    let mut situation = with_deals([their_deal(123, 39)]);
    situation.seen.persons[0].properties.insert("CompanyId".to_owned(), json!(39));
    assert_eq!(more_deals(&guarded(), &ana(), &situation), None, "the deal was read already");
    assert_eq!(
        plan(&guarded(), &ana(), &situation).outcome,
        Outcome::Skipped("open deal 123".to_owned())
    );
}

fn asked(policy: &Policy, derived: &Derived, situation: &Situation) -> Option<Vec<i64>> {
    more_deals(policy, derived, situation).map(|ids| ids.iter().map(|id| id.0).collect())
}

fn employed_at(id: i64) -> Situation {
    let mut situation = seeing([ana_record(7)]);
    situation.seen.persons[0].properties.insert("CompanyId".to_owned(), json!(id));
    situation
}

#[test]
fn the_guard_asks_once_more_where_the_person_belongs_to_a_company_not_seen() {
    let mut situation = employed_at(39);
    assert_eq!(asked(&guarded(), &ana(), &situation), Some(vec![39, 7]));
    assert_eq!(asked(&policy(), &ana(), &situation), None, "no guard, no question");
    situation.seen.deals_read_of = [39, 7].map(RecordId).into();
    assert_eq!(asked(&guarded(), &ana(), &situation), None, "it was asked already");
    situation.seen.deals_read_of.clear();
    situation.seen.deals = vec![their_deal(123, 7)];
    assert_eq!(asked(&guarded(), &ana(), &situation), None, "an open deal decides already");
}

#[test]
fn our_own_deal_is_asked_for_where_the_company_may_have_been_another() {
    let derived = ana_of(company("Padaria", ""));
    let open = Policy { skip_if_open_deal: true, ..with_company() };
    assert_eq!(asked(&with_company(), &derived, &employed_at(39)), Some(vec![7]));
    assert_eq!(asked(&open, &derived, &employed_at(39)), Some(vec![39, 7]));
    let leave = Policy { existing: Existing::Leave, ..with_company() };
    assert_eq!(asked(&leave, &derived, &seeing([ana_record(7)])), Some(vec![7]));
    let mut restored = employed_at(39);
    restored.seen.deals = vec![DealRecord { person: Some(RecordId(7)), ..deal(300, 39, 1) }];
    let plan = plan(&with_company(), &derived, &restored);
    assert_eq!(action(&plan, StepKind::Deal), "adopt(300)");
}

/// Leads that cost the least that the API allows ask nothing more.
#[test]
fn an_ordinary_lead_asks_nothing_more() {
    let derived = ana_of(company("Padaria", ""));
    let padaria = record(40, &[("Name", json!("Padaria"))]);
    for skip_if_open_deal in [true, false] {
        let persons = Policy { skip_if_open_deal, ..policy() };
        let companies = Policy { skip_if_open_deal, ..with_company() };
        assert_eq!(asked(&persons, &ana(), &situation()), None, "all new");
        assert_eq!(asked(&companies, &derived, &situation()), None, "all new");
        assert_eq!(asked(&persons, &ana(), &seeing([ana_record(7)])), None, "a person there");
        assert_eq!(asked(&companies, &derived, &seeing([ana_record(7)])), None, "a person there");
        let mut here = employed_at(40);
        here.seen.companies = vec![padaria.clone()];
        assert_eq!(asked(&companies, &derived, &here), None, "person and company there");
        here.seen.companies.clear();
        here.known.deal = Some(RecordId(300));
        assert_eq!(asked(&companies, &derived, &here), None, "the deal is known");
        here.known.deal = None;
        here.purpose = Purpose::Refresh;
        assert_eq!(asked(&companies, &derived, &here), None, "an update");
        here.purpose = Purpose::Bring;
        let none = Policy { behaviour: Behaviour::CompanyPerson, ..companies };
        assert_eq!(asked(&none, &derived, &here), None, "a route without deals");
    }
    let mut decided = employed_at(39);
    decided.seen.deals = vec![keyed(&decided.lead_key, deal(300, 7, 1))];
    assert_eq!(asked(&with_company(), &ana(), &decided), None, "our own deal decides already");
    decided.seen.deals[0].lead_key = None;
    assert_eq!(asked(&with_company(), &ana(), &decided), Some(vec![7]), "another lead may hold it");
}
