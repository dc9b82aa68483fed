//! What must hold whatever happens: planning again converges, and creates nothing twice.

use std::collections::BTreeSet;

use proptest::{collection::vec, prelude::*};
use serde_json::{Map, Value, json};

use super::samples::{CNPJ, SOMEBODY, ana, company, other, person_named, phone, policy};
use crate::{
    domain::{Behaviour, Existing, RecordId},
    planner::{
        Outcome, Purpose, StepKind, plan,
        world::{Cut, Passed, World},
    },
    rules::{Derived, Policy},
};

/// The contacts of the tests: two of one company, who do not agree about its name, and one
/// without.
fn people() -> [Derived; 3] {
    let ana = Derived {
        company: Some(company("Padaria", CNPJ)),
        note: Some("Entrou".to_owned()),
        ..ana()
    };
    let mut bia = person_named("Bia");
    bia.person.native.insert("Email".to_owned(), json!("bia@example.com"));
    bia.person.phones = vec![phone("11 98888-7777")];
    bia.person.other.insert("a".to_owned(), vec![other("a", "StringValue", json!("x"))]);
    bia.company = Some(company("Padaria do Bairro", CNPJ));
    let mut caio = person_named("Caio");
    caio.person.native.insert("Email".to_owned(), json!("caio@example.com"));
    [ana, bia, caio]
}

fn policies() -> Vec<Policy> {
    let mut policies = Vec::new();
    for (_, behaviour) in Behaviour::ALL {
        for (_, existing) in Existing::ALL {
            for skip_if_open_deal in [false, true] {
                for lead_key_field in [None, Some("deal_key".to_owned())] {
                    policies.push(Policy {
                        behaviour,
                        existing,
                        skip_if_open_deal,
                        lead_key_field,
                        ..policy()
                    });
                }
            }
        }
    }
    policies
}

fn body(value: Value) -> Map<String, Value> {
    let Value::Object(body) = value else { unreachable!("a body is an object") };
    body
}

/// What may be in Ploomes before: nothing, the company, the person, the person in another company.
fn beginnings(policy: &Policy) -> Vec<World> {
    let nothing = World::new(policy.clone());
    let mut with_company = nothing.clone();
    with_company.add(StepKind::Company, SOMEBODY, &body(json!({ "Name": "PADARIA" })));
    let mut with_person = nothing.clone();
    let ana = json!({ "Name": "Ana", "Email": "ana@example.com" });
    with_person.add(StepKind::Person, SOMEBODY, &body(ana));
    let mut employed = nothing.clone();
    let other = employed.add(StepKind::Company, SOMEBODY, &body(json!({ "Name": "Outra" })));
    let ana = json!({ "Name": "Ana", "CPF": "52998224725", "CompanyId": other.0 });
    employed.add(StepKind::Person, SOMEBODY, &body(ana));
    vec![nothing, with_company, with_person, employed]
}

/// Works on all leads, without faults, until each is settled.
fn settle(world: &mut World, people: &[Derived; 3]) {
    for lead in 0..world.leads.len() {
        let derived = &people[world.leads[lead].contact];
        let passed = world.pass(lead, derived, None);
        assert!(matches!(passed, Passed::Whole { .. }));
    }
}

/// Asserts that planning any settled lead again would write nothing.
fn assert_fixpoint(world: &World, people: &[Derived; 3], purpose: Purpose) {
    for (index, lead) in world.leads.iter().enumerate() {
        // A lead that an open deal withheld is called for again once that deal is closed.
        if purpose == Purpose::Bring && lead.outcome != Some(Outcome::Done) {
            continue;
        }
        let derived = &people[lead.contact];
        let (mut situation, _) = world.observe(index, derived);
        situation.purpose = purpose;
        let plan = plan(&world.policy, derived, &situation);
        let writes = plan.steps.iter().any(|step| step.action.body().is_some());
        assert!(!writes, "{purpose:?} of lead {index}:\n{plan}");
    }
}

/// What people see in the end, whatever the ids are.
fn shape(world: &World) -> (Vec<Value>, Vec<Value>, usize, usize) {
    let shown = |it: &crate::planner::ContactRecord| {
        let linked = it.id_of("CompanyId").is_some();
        json!([it.text("Name"), it.text("Email"), it.text("CPF"), it.phones.len(), linked])
    };
    let companies = world.companies.values().map(shown).collect();
    let persons = world.persons.values().map(shown).collect();
    (companies, persons, world.deals.len(), world.notes.len())
}

/// For every plan, every call of it, and a crash on either side of that call.
#[test]
fn a_crash_on_either_side_of_any_call_changes_nothing_in_the_end() {
    let people = people();
    let mut cuts = 0;
    for policy in policies() {
        for (at, beginning) in beginnings(&policy).into_iter().enumerate() {
            let mut whole = beginning.clone();
            whole.enter(0);
            settle(&mut whole, &people);
            assert_fixpoint(&whole, &people, Purpose::Bring);
            assert_fixpoint(&whole, &people, Purpose::Refresh);
            for write in 0..5 {
                for cut in [Cut::Before, Cut::After] {
                    let mut world = beginning.clone();
                    world.enter(0);
                    if world.pass(0, &people[0], Some((write, cut))) != Passed::Cut {
                        continue;
                    }
                    cuts += 1;
                    settle(&mut world, &people);
                    assert_fixpoint(&world, &people, Purpose::Bring);
                    let (mut expected, mut found) = (shape(&whole), shape(&world));
                    // A note is at most once: one in doubt is not sent again.
                    assert!(found.3 <= expected.3);
                    (expected.3, found.3) = (0, 0);
                    assert_eq!(found, expected, "{policy:?} {at} {write} {cut:?}");
                    assert_eq!(world.leads[0].outcome, whole.leads[0].outcome);
                }
            }
        }
    }
    assert!(cuts > 300, "only {cuts} cuts were tried");
}

/// A person and a company that people deleted are made again for an open deal, once, and the deal
/// names them in the end, wherever it is cut off.
#[test]
fn a_crash_while_deleted_records_are_made_again_loses_no_deal_and_doubles_nothing() {
    let people = people();
    let mut cuts = 0;
    for policy in policies().into_iter().filter(|it| it.behaviour.has_deal()) {
        let mut whole = World::new(policy);
        whole.enter(0);
        settle(&mut whole, &people);
        whole.persons.clear();
        whole.companies.clear();
        whole.leads[0].outcome = None;
        for write in 0..4 {
            for cut in [Cut::Before, Cut::After] {
                let mut world = whole.clone();
                cuts += usize::from(world.pass(0, &people[0], Some((write, cut))) == Passed::Cut);
                settle(&mut world, &people);
                assert_fixpoint(&world, &people, Purpose::Bring);
                let deal = world.deals.values().next().unwrap();
                let is_there =
                    |id| world.persons.contains_key(&id) || world.companies.contains_key(&id);
                assert!(deal.contact.is_some_and(is_there) && deal.person.is_none_or(is_there));
                let made = [StepKind::Person, StepKind::Deal].map(|it| world.made(it));
                assert_eq!(made, [2, 1], "{write} {cut:?}");
            }
        }
    }
    assert!(cuts > 100, "only {cuts} cuts were tried");
}

/// So many calls, the search included, and nothing that the lead did not need.
#[test]
fn a_lead_costs_the_fewest_calls_that_the_api_allows() {
    let mut people = people();
    people[0].note = None;
    let guarded = |behaviour| World::new(Policy { behaviour, skip_if_open_deal: true, ..policy() });
    let cost = |world: &mut World, contact: usize| {
        let lead = world.enter(contact);
        match world.pass(lead, &people[contact], None) {
            Passed::Whole { calls, .. } => calls,
            Passed::Cut => unreachable!("nothing cuts"),
        }
    };
    let mut persons = guarded(Behaviour::PersonDeal);
    assert_eq!(cost(&mut persons, 0), 3, "new person and deal");
    assert_eq!(cost(&mut persons, 0), 1, "existing person with an open deal");
    for deal in persons.deals.values_mut() {
        deal.open = false;
    }
    assert_eq!(cost(&mut persons, 0), 2, "known person, new deal");
    let mut companies = guarded(Behaviour::CompanyPersonDeal);
    assert_eq!(cost(&mut companies, 0), 4, "company, person and deal, all new");
    assert_eq!(cost(&mut companies, 0), 1, "existing person with an open deal");
    for deal in companies.deals.values_mut() {
        deal.open = false;
    }
    assert_eq!(cost(&mut companies, 0), 2, "known company and person, new deal");
}

#[test]
fn two_leads_of_one_contact_are_two_deals_unless_the_guard_forbids() {
    let people = people();
    for skip_if_open_deal in [false, true] {
        let mut world = World::new(Policy { skip_if_open_deal, ..policy() });
        world.enter(0);
        world.enter(0);
        settle(&mut world, &people);
        let deals = world.made(StepKind::Deal);
        assert_eq!(deals, if skip_if_open_deal { 1 } else { 2 });
        let skipped = matches!(world.leads[1].outcome, Some(Outcome::Skipped(_)));
        assert_eq!(skipped, skip_if_open_deal);
        assert_eq!(world.made(StepKind::Person), 1);
    }
}

/// What happens to the world, in any order.
#[derive(Debug, Clone)]
enum Happening {
    /// A contact enters the route.
    Enters(usize),
    /// The engine works on a lead, and may be cut off.
    Works(usize, Option<(usize, bool)>),
    /// A contact changes in AC.
    Changes(usize),
    /// A person wins or loses the deals there are.
    Closes,
    /// A person makes a deal for a person who is there.
    Sells(usize),
    /// A person renames everybody.
    Renames,
    /// A person deletes a company or a person.
    Deletes(usize),
    /// The ledger is lost.
    Loses,
}

fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        4 => (0_usize..3).prop_map(Happening::Enters),
        8 => (0_usize..8, prop::option::of((0_usize..5, any::<bool>())))
            .prop_map(|(lead, cut)| Happening::Works(lead, cut)),
        1 => (0_usize..3).prop_map(Happening::Changes),
        1 => Just(Happening::Closes),
        1 => (0_usize..4).prop_map(Happening::Sells),
        1 => Just(Happening::Renames),
        1 => (0_usize..6).prop_map(Happening::Deletes),
        1 => Just(Happening::Loses),
    ]
}

fn happen(world: &mut World, people: &mut [Derived; 3], happening: &Happening) {
    match *happening {
        Happening::Enters(contact) => {
            world.enter(contact);
        }
        Happening::Works(lead, cut) => {
            if lead < world.leads.len() && !is_blocked(world, lead) {
                let cut = cut.map(|(at, after)| (at, if after { Cut::After } else { Cut::Before }));
                let derived = &people[world.leads[lead].contact];
                world.pass(lead, derived, cut);
            }
        }
        Happening::Changes(contact) => {
            let person = &mut people[contact].person;
            let name = format!("{} Souza", person.text("Name"));
            person.native.insert("Name".to_owned(), json!(name));
            let number = 3000 + person.text("Name").len();
            person.phones = vec![phone(&format!("11 {number}-0000"))];
        }
        Happening::Closes => world.deals.values_mut().for_each(|deal| deal.open = false),
        Happening::Sells(at) => {
            let Some(person) = world.persons.keys().nth(at).copied() else { return };
            let sold = json!({ "Title": "x", "ContactId": person.0 });
            world.add(StepKind::Deal, SOMEBODY, &body(sold));
        }
        Happening::Renames => {
            for record in world.persons.values_mut().chain(world.companies.values_mut()) {
                record.properties.insert("Name".to_owned(), json!("Outro nome"));
            }
        }
        Happening::Deletes(at) => {
            let ids: Vec<RecordId> =
                world.persons.keys().chain(world.companies.keys()).copied().collect();
            let Some(id) = ids.get(at) else { return };
            world.persons.remove(id);
            world.companies.remove(id);
        }
        Happening::Loses => world.lose_the_ledger(),
    }
}

/// A lead that shares a company with one in doubt is not planned before that one is settled.
fn is_blocked(world: &World, lead: usize) -> bool {
    let others = world.leads.iter().enumerate().filter(|(index, _)| *index != lead);
    others.into_iter().any(|(_, it)| it.is_in_doubt())
}

/// Whatever happened, in the end each lead is settled, holds its own deal, and nothing is twice.
fn assert_converged(world: &World, people: &[Derived; 3]) {
    assert_fixpoint(world, people, Purpose::Refresh);
    let mut held = BTreeSet::new();
    for lead in &world.leads {
        let has_deal = world.policy.behaviour.has_deal();
        match lead.outcome.as_ref().expect("each lead was worked on") {
            Outcome::Done => assert_eq!(lead.deal.is_some(), has_deal),
            Outcome::Skipped(_) => assert!(world.policy.skip_if_open_deal && lead.deal.is_none()),
            Outcome::Failed(reason) => unreachable!("nothing is required: {reason}"),
        }
        if let Some(deal) = lead.deal {
            assert!(held.insert(deal), "two leads hold deal {deal}");
        }
    }
    assert!(world.made(StepKind::Deal) <= world.leads.len(), "a second deal of a lead");
    let emails: Vec<&str> =
        world.persons.values().map(|it| it.text("Email")).filter(|it| !it.is_empty()).collect();
    let distinct: BTreeSet<&&str> = emails.iter().collect();
    assert_eq!(distinct.len(), emails.len(), "a person twice");
    let companies = world.companies.values().filter(|it| !it.text("CNPJ").is_empty());
    assert!(companies.count() <= 1, "a company twice");
}

fn run(policy: Policy, happenings: &[Happening]) {
    let mut people = people();
    if policy.existing == Existing::Overwrite {
        // Two contacts who do not agree overwrite each other for as long as they are asked to.
        people[1].company = people[0].company.clone();
    }
    let mut world = World::new(policy);
    // Where the ledger is lost and people delete the person, nothing is left that leads to its
    // deal: reconciliation names it as an orphan, planning cannot see it.
    let loses = happenings.iter().any(|it| matches!(it, Happening::Loses));
    for it in happenings {
        if loses && matches!(it, Happening::Deletes(_)) {
            continue;
        }
        happen(&mut world, &mut people, it);
    }
    // The first round settles what is in doubt, the second what it held up.
    settle(&mut world, &people);
    settle(&mut world, &people);
    assert_converged(&world, &people);
    let deals = world.made(StepKind::Deal);
    for lead in world.leads.iter_mut().filter(|it| it.outcome == Some(Outcome::Done)) {
        lead.outcome = None;
    }
    settle(&mut world, &people);
    assert_fixpoint(&world, &people, Purpose::Bring);
    assert_eq!(world.made(StepKind::Deal), deals, "brought in again, a lead has one deal");
}

proptest! {
    #[test]
    fn whatever_happens_planning_again_converges_and_makes_nothing_twice(
        at in 0..policies().len(),
        happenings in vec(happening(), 0..24),
    ) {
        run(policies().swap_remove(at), &happenings);
    }

    /// The order in which Ploomes shows things says nothing.
    #[test]
    fn one_situation_has_one_plan(
        at in 0..policies().len(),
        happenings in vec(happening(), 4..24),
    ) {
        let mut people = people();
        let mut world = World::new(policies().swap_remove(at));
        for it in &happenings {
            happen(&mut world, &mut people, it);
        }
        for (index, lead) in world.leads.iter().enumerate() {
            let derived = &people[lead.contact];
            let (mut situation, _) = world.observe(index, derived);
            let first = plan(&world.policy, derived, &situation);
            situation.seen.persons.reverse();
            situation.seen.companies.reverse();
            situation.seen.deals.reverse();
            situation.known.older_waiting.reverse();
            let second = plan(&world.policy, derived, &situation);
            prop_assert_eq!(super::samples::whole(&first), super::samples::whole(&second));
            prop_assert_eq!(first, second);
        }
    }
}
