//! What a lead costs besides the calls: its values, its identity, what is asked for, its plan.
//!
//! `cargo bench --bench planner`. One turn is one lead. `whole` beside `baseline`, which only
//! writes the bodies of the same plan as JSON, is a ratio that does not depend on the machine.

#[path = "planner/account.rs"]
mod account;
#[path = "planner/leads.rs"]
mod leads;

use divan::{Bencher, black_box};
use ponte::{
    domain::Contact,
    planner::{self, Action, Known, Plan, Situation, StepKind},
    rules::{Derived, Rules},
};

fn main() {
    divan::main();
}

/// The two maps that are measured, by how many rows they have.
const MAPS: [usize; 2] = [account::DEFAULT_ROWS, account::LONG_ROWS];

/// From a contact to the values of its records.
#[divan::bench(args = MAPS)]
fn derive(bencher: Bencher<'_, '_>, rows: usize) {
    let (rules, contact) = (account::rules(rows), leads::contact());
    bencher.bench_local(|| {
        black_box(derived(&rules, &contact));
    });
}

/// By what a lead is recognised.
#[divan::bench(args = MAPS)]
fn identity(bencher: Bencher<'_, '_>, rows: usize) {
    let (rules, contact, known) = (account::rules(rows), leads::contact(), Known::default());
    let derived = derived(&rules, &contact);
    bencher.bench_local(|| {
        black_box(planner::identity(&derived, black_box(&contact), &known));
    });
}

/// What is asked for and what is decided then, on the long map.
mod search_and_plan {
    use super::{
        Bencher, StepKind, account, action, black_box, creates, derived, leads, planned, planner,
    };

    /// Nothing is there: company, person and deal are created.
    #[divan::bench]
    fn everything_new(bencher: Bencher<'_, '_>) {
        let turn = leads::everything_new(account::LONG_ROWS);
        assert_eq!(creates(&planned(&turn)), 3);
        search_and_plan(bencher, &turn);
    }

    /// Company and person are there, and a deal is open: no deal.
    #[divan::bench]
    fn person_with_an_open_deal(bencher: Bencher<'_, '_>) {
        let turn = leads::person_with_an_open_deal(account::LONG_ROWS);
        assert!(action(&planned(&turn), StepKind::Deal) == "skip");
        search_and_plan(bencher, &turn);
    }

    /// Written before; the contact is as it was.
    #[divan::bench]
    fn refresh_without_a_change(bencher: Bencher<'_, '_>) {
        let turn = leads::refresh(account::LONG_ROWS, |_| ());
        assert_eq!(action(&planned(&turn), StepKind::Person), "adopt");
        search_and_plan(bencher, &turn);
    }

    /// Written before; name, phone and two custom fields are others now.
    #[divan::bench]
    fn refresh_with_changes(bencher: Bencher<'_, '_>) {
        let turn = leads::refresh(account::LONG_ROWS, leads::change);
        assert_eq!(action(&planned(&turn), StepKind::Person), "update");
        search_and_plan(bencher, &turn);
    }

    fn search_and_plan(bencher: Bencher<'_, '_>, turn: &leads::Turn) {
        let derived = derived(&turn.rules, &turn.situation.contact);
        bencher.bench_local(|| {
            let (policy, situation) = (turn.rules.policy(), black_box(&turn.situation));
            black_box(planner::search(policy, &derived, &situation.known));
            black_box(planner::plan(policy, &derived, situation));
        });
    }
}

/// All that the planner does for a new lead, from the contact to the plan.
#[divan::bench(args = MAPS)]
fn whole(bencher: Bencher<'_, '_>, rows: usize) {
    let turn = leads::everything_new(rows);
    bencher.bench_local(|| {
        let Situation { contact, known, .. } = black_box(&turn.situation);
        let derived = derived(&turn.rules, contact);
        black_box(planner::identity(&derived, contact, known));
        black_box(planner::search(turn.rules.policy(), &derived, known));
        black_box(planner::plan(turn.rules.policy(), &derived, &turn.situation));
    });
}

/// What no program of this kind can save: the bodies of the same plan as JSON.
#[divan::bench(args = MAPS)]
fn baseline(bencher: Bencher<'_, '_>, rows: usize) {
    let plan = planned(&leads::everything_new(rows));
    bencher.bench_local(|| {
        for body in black_box(&plan).steps.iter().filter_map(|step| step.action.body()) {
            black_box(serde_json::to_vec(body).expect("a body is JSON"));
        }
    });
}

fn derived(rules: &Rules, contact: &Contact) -> Derived {
    rules.derive(black_box(contact), leads::AUTOMATION)
}

fn planned(turn: &leads::Turn) -> Plan {
    let derived = derived(&turn.rules, &turn.situation.contact);
    planner::plan(turn.rules.policy(), &derived, &turn.situation)
}

fn creates(plan: &Plan) -> usize {
    plan.steps.iter().filter(|step| matches!(step.action, Action::Create { .. })).count()
}

fn action(plan: &Plan, kind: StepKind) -> &'static str {
    let step = plan.steps.iter().find(|step| step.kind == kind);
    step.map_or("nothing", |step| step.action.as_str())
}
