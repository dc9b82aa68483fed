//! A made-up ledger with two reconciliations: one that found nothing, and one that found a bit of
//! everything.

use chrono::TimeDelta;
use serde_json::json;

use super::{at, deliver, find, make, observe};
use crate::{
    clock::Clock,
    domain::{ContactId, EnrollmentId, Fate, FoundBy, LeadId, LeadState},
    ledger::{
        Ledger, LedgerError, Tx, intake,
        lead::{self, NewLead, Standing},
        open::{Opener, Options},
        route::{self, KeyKind, Route},
        run::{self, Kind, Outcome, RunId},
        sweep::{self, NewFinding},
    },
    planner::StepKind,
};

/// Half a day, in seconds.
const HALF_DAY: i64 = 43_200;

/// The run that found nothing.
pub(crate) const NOTHING: RunId = RunId(1);
/// The run that found something, on the morning of 9 June 2026.
pub(crate) const SOMETHING: RunId = RunId(2);

/// The ledger, the same one each time.
pub(crate) async fn reconciled() -> Ledger {
    let ledger = Options::memory(7, Clock::system()).open(Opener::Command).expect("memory opens");
    ledger
        .write(|tx| {
            let site = route::register(tx, "site", KeyKind::Enrollment, at(-20 * HALF_DAY))?;
            let shop = route::register(tx, "shop", KeyKind::Contact, at(-20 * HALF_DAY))?;
            others(tx, &site, &shop)?;
            nothing(tx)?;
            poll_found(tx, &site)?;
            something(tx, &site, &shop)
        })
        .await
        .expect("it is written");
    ledger
}

/// Webhooks of a week, and one that a poll had to find before the first run.
fn others(tx: &Tx<'_>, site: &Route, shop: &Route) -> Result<(), LedgerError> {
    for contact in 101..=124 {
        // More on some days than on others.
        let half_day = contact * contact % 7 + contact % 3;
        let second = contact - (15 - half_day) * HALF_DAY;
        let route = if contact % 4 == 0 { shop } else { site };
        let delivery = deliver(tx, route, contact, second)?;
        let lead = find(tx, route, contact, FoundBy::Webhook, second)?;
        intake::decide(tx, delivery, Fate::Applied, Some(lead), None, at(second))?;
        lead::set_state(tx, lead, LeadState::Done, &Standing::default(), at(second + 3))?;
    }
    let lead = find(tx, site, 130, FoundBy::Poll, -4 * HALF_DAY)?;
    lead::set_state(tx, lead, LeadState::Done, &Standing::default(), at(-4 * HALF_DAY + 5))
}

fn nothing(tx: &Tx<'_>) -> Result<(), LedgerError> {
    let run = run::start(tx, Kind::Reconcile, Some("repair"), at(-2 * HALF_DAY))?;
    let none = json!({ "expected": 0 });
    let routes = ["site", "shop"].map(|route| {
        let mut counts = none.clone();
        counts["route"] = route.into();
        counts
    });
    let detail = json!({ "routes": routes, "contacts": 20 }).to_string();
    run::finish(tx, run, Outcome::Complete, None, &detail, at(-2 * HALF_DAY + 30))
}

/// Lia, found by a poll in the hour before; her webhook came late.
fn poll_found(tx: &Tx<'_>, site: &Route) -> Result<(), LedgerError> {
    observe(tx, site, 5, "lia@example.com")?;
    let lead = find(tx, site, 5, FoundBy::Poll, -3_000)?;
    make(tx, lead, StepKind::Person, ("nobody has this e-mail", &json!({})), (9005, -2_998))?;
    lead::set_state(tx, lead, LeadState::Done, &Standing::default(), at(-2_990))?;
    let delivery = deliver(tx, site, 5, -2_000)?;
    intake::decide(
        tx,
        delivery,
        Fate::Merged,
        Some(lead),
        Some("the webhook came late"),
        at(-1_999),
    )
}

/// Maria is in Ploomes, João failed, Rui was skipped, Ana is not looked at yet.
fn something(tx: &Tx<'_>, site: &Route, shop: &Route) -> Result<(), LedgerError> {
    let run = run::start(tx, Kind::Reconcile, Some("repair"), at(0))?;
    for (contact, email, entered) in [
        (1, "maria@example.com", -95_000),
        (2, "=joao+1@example.com", -8_000),
        (4, "rui@example.com", -2 * 86_400),
    ] {
        observe(tx, site, contact, email)?;
        missing(tx, run, site, contact, entered)?;
    }
    missing(tx, run, shop, 3, -7_000)?;
    let maria = made(tx, site, 1, -95_000, 60)?;
    make(tx, maria, StepKind::Person, ("nobody has this e-mail", &json!({})), (9001, 61))?;
    make(tx, maria, StepKind::Deal, ("the person has no open deal", &json!({})), (7001, 62))?;
    lead::set_state(tx, maria, LeadState::Done, &Standing::default(), at(64))?;
    let joao = made(tx, site, 2, -8_000, 60)?;
    let reason = Some(r#"Ploomes: "Origem" não existe; escolha <outra>"#);
    let standing = Standing { reason, ..Standing::default() };
    lead::set_state(tx, joao, LeadState::Failed, &standing, at(70))?;
    let rui = made(tx, site, 4, -2 * 86_400, 60)?;
    let standing = Standing { reason: Some("open deal 123"), ..Standing::default() };
    lead::set_state(tx, rui, LeadState::Skipped, &standing, at(72))?;
    sweep::tie(tx, &sweep::untied(tx, run, 10)?, at(80))?;
    let counts = |route: &str, of: [i64; 10]| {
        let [
            expected,
            received,
            without,
            waiting,
            missed,
            recovered,
            stale,
            excluded,
            failed,
            gone,
        ] = of;
        json!({
            "route": route, "expected": expected, "received": received,
            "without_webhook": without, "waiting": waiting, "missed": missed,
            "recovered": recovered, "stale": stale, "excluded": excluded, "failed": failed,
            "gone": gone,
        })
    };
    let detail = json!({
        "routes": [
            counts("site", [24, 18, 2, 1, 3, 2, 1, 4, 1, 1]),
            counts("shop", [7, 6, 0, 0, 1, 0, 0, 0, 0, 0]),
        ],
        "witness": [{ "route": "site", "automation_entered": 30, "enrollments_read": 28 }],
        "drift": [
            { "lead": "site/151", "record": "deal", "id": 7151, "kind": "deleted" },
            { "lead": null, "record": "person", "id": 9077, "kind": "orphan" },
        ],
        "contacts": 1_204,
        "over_max_repairs": false,
    });
    run::finish(tx, run, Outcome::Complete, None, &detail.to_string(), at(450))
}

/// A finding of the run.
fn missing(
    tx: &Tx<'_>,
    run: RunId,
    route: &Route,
    contact: i64,
    entered: i64,
) -> Result<(), LedgerError> {
    let by_enrollment = route.key_kind == KeyKind::Enrollment;
    let finding = NewFinding {
        route: route.id,
        contact: ContactId(contact),
        enrollment: by_enrollment.then_some(EnrollmentId(50 + contact)),
        enrolled_at: Some(at(entered)),
    };
    let email = format!("ana{contact}@example.com");
    sweep::find(tx, run, &finding, Some(&email), at(0) + TimeDelta::seconds(contact))
}

/// The lead that was made of a finding.
fn made(
    tx: &Tx<'_>,
    route: &Route,
    contact: i64,
    entered: i64,
    second: i64,
) -> Result<LeadId, LedgerError> {
    let new = NewLead {
        route: route.id,
        route_name: &route.name,
        contact: ContactId(contact),
        enrollment: Some(EnrollmentId(50 + contact)),
        entered_at: Some(at(entered)),
        backfill: false,
        found_by: FoundBy::Reconcile,
    };
    lead::find(tx, &new, at(second))
}
