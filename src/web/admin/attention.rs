//! What needs a person, and what to do about it.

use super::{Settings, ready::Late, rows::moment};
use crate::web::{
    engine_state::{EngineView, Service},
    i18n::Advice,
    overview::{Outcome, Overview, Run},
};

/// Reasons named beside a count; the rest is a command away.
const REASONS_MAX: usize = 3;

/// Where things can be put right.
const SETTINGS: &str = "/settings";
const ROUTES: &str = "/routes";
const WAITING: &str = "/waiting";
const RUNS: &str = "/runs";
const NOWHERE: &str = "";

/// How much it needs one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Weight {
    /// Nothing goes on, or not rightly, until somebody acts.
    Act,
    /// Somebody should know; it may pass by itself.
    Know,
}

/// One thing that needs a person.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Item {
    pub(super) weight: Weight,
    /// What is wrong.
    pub(super) what: String,
    /// What to do, with commands and keys in backticks.
    pub(super) to_do: String,
    /// The page where it can be done; empty where there is none.
    pub(super) link: &'static str,
}

/// Everything that needs a person, the weightiest first.
pub(super) fn of(
    overview: &Overview,
    view: Option<&EngineView>,
    late: Late,
    settings: &Settings,
) -> Vec<Item> {
    let text = &settings.text.attention;
    let told = |said: &str| settings.text.told(said);
    let mut items = Vec::new();
    let mut add = |weight, link, (what, to_do): Advice| {
        items.push(Item { weight, what, to_do, link });
    };
    if overview.balance != 0 {
        add(Weight::Act, SETTINGS, (text.balance)(overview.balance));
    }
    if view.is_none() {
        add(Weight::Act, SETTINGS, (text.engine)());
    }
    for (service, since) in view.map(|it| it.key_refused.as_slice()).unwrap_or_default() {
        let since = moment(settings, *since);
        add(
            Weight::Act,
            SETTINGS,
            match service {
                Service::ActiveCampaign => (text.activecampaign_key)(&since),
                Service::Ploomes => (text.ploomes_key)(&since),
            },
        );
    }
    for (route, reasons) in view.map(|it| it.held.as_slice()).unwrap_or_default() {
        let reasons: Vec<String> = reasons.iter().map(|it| told(it)).collect();
        add(Weight::Act, ROUTES, (text.held)(route, &reasons.join("; ")));
    }
    if overview.leads.failed > 0 {
        let (what, to_do) = (text.failed)(overview.leads.failed);
        add(Weight::Act, WAITING, (with_reasons(what, &overview.failed_reasons, told), to_do));
    }
    if overview.deliveries.quarantined > 0 {
        let (what, to_do) = (text.quarantined)(overview.deliveries.quarantined);
        add(Weight::Act, WAITING, (with_reasons(what, &overview.quarantine_reasons, told), to_do));
    }
    if late.poll {
        add(Weight::Act, RUNS, (text.poll_late)());
    }
    if late.reconcile {
        add(Weight::Act, RUNS, (text.reconcile_late)());
    }
    if overview.unknown_tokens > 0 {
        add(Weight::Know, ROUTES, (text.unknown_tokens)(overview.unknown_tokens));
    }
    for route in &overview.paused_routes {
        add(Weight::Know, ROUTES, (text.paused)(route));
    }
    if is_partial(overview.last_poll) {
        add(Weight::Know, RUNS, (text.poll_partial)());
    }
    if is_partial(overview.last_reconcile) {
        add(Weight::Know, RUNS, (text.reconcile_partial)());
    }
    if overview.leads.in_doubt > 0 {
        add(Weight::Know, WAITING, (text.in_doubt)(overview.leads.in_doubt));
    }
    if let Some(until) = view.and_then(|it| it.ploomes_waits_until) {
        add(Weight::Know, NOWHERE, (text.waits)(&moment(settings, until)));
    }
    items
}

fn is_partial(run: Option<Run>) -> bool {
    run.and_then(|run| run.ended).is_some_and(|(_, outcome)| outcome == Outcome::Partial)
}

/// `3 leads failed: field.CPF is empty (2), …`
fn with_reasons(what: String, reasons: &[(String, i64)], told: impl Fn(&str) -> String) -> String {
    if reasons.is_empty() {
        return what;
    }
    let named: Vec<String> = reasons
        .iter()
        .take(REASONS_MAX)
        .map(|(reason, count)| match count {
            1 => told(reason),
            _ => format!("{} ({count})", told(reason)),
        })
        .collect();
    let more = if reasons.len() > REASONS_MAX { "; …" } else { "" };
    format!("{what}: {}{more}", named.join("; "))
}
