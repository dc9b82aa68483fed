//! Leads and deliveries: missed, failed, held, quarantined, silent.

use super::{Cause, Causes, Event, Snapshot, counted, key};
use crate::engine::alerts::snapshot::RouteSigns;

pub(super) fn add(snapshot: &Snapshot, causes: &mut Causes) {
    for route in &snapshot.routes {
        missed(snapshot, route, causes);
        reported(snapshot, route, causes);
        silence(snapshot, route, causes);
        held(snapshot, route, causes);
    }
    for group in &snapshot.failed {
        let (route, leads) = (&group.route, counted(group.count, "lead"));
        let text = format!(
            "{leads} of route {route} failed: a person is needed. `ponte leads --state failed` \
             says why, `ponte retry --failed` tries again."
        );
        let cause = Cause::new(Event::FailedLeads, route, group.since, text);
        causes.add(cause.of_route(route).counting(group.count, &group.leads));
    }
    for group in &snapshot.quarantined {
        let (route, deliveries) = (&group.route, counted(group.count, "webhook"));
        let text = format!(
            "{deliveries} of route {route} cannot be used: the body is unreadable, or the contact \
             does not belong to the route. The page says why, `ponte retry --quarantined` tries \
             again."
        );
        let cause = Cause::new(Event::Quarantined, route, group.since, text);
        causes.add(cause.of_route(route).counting(group.count, &[]));
    }
}

/// Leads found without a webhook: told in any case; over once a later complete run found none.
fn missed(snapshot: &Snapshot, route: &RouteSigns, causes: &mut Causes) {
    let Some(missed) = &route.missed else { return };
    let key = route.missed_key();
    let looked_since = snapshot.last_complete.is_some_and(|began| began > missed.until);
    if snapshot.noticed.contains(&key) && looked_since && !route.is_looking {
        return;
    }
    let name = &route.name;
    let older = match missed.backfill {
        0 => String::new(),
        some => format!(" {some} of them entered before the route's first start."),
    };
    let text = format!(
        "{} of route {name} had no webhook. A poll or reconciliation found them, the first at {}, \
         and brings them into Ploomes.{older} If there are more of them, look at the webhook in \
         ActiveCampaign.",
        counted(missed.count, "lead"),
        snapshot.clock_time(missed.since),
    );
    let cause = Cause::new(Event::MissedLeads, name, missed.since, text);
    causes.add(cause.of_route(name).counting(missed.count, &missed.leads).found_by(missed.run));
}

/// What a reconciliation that only reports found missing.
fn reported(snapshot: &Snapshot, route: &RouteSigns, causes: &mut Causes) {
    let Some(run) = &snapshot.reconciliations.ended else { return };
    let detail = snapshot.reconciliations.detail();
    let is_ours = |it: &&serde_json::Value| it["route"] == route.name.as_str();
    let ours = detail["routes"].as_array().into_iter().flatten().find(is_ours);
    let count = ours.and_then(|it| it["missed"].as_i64()).unwrap_or_default();
    // Too many of them are a cause of their own.
    if run.mode.as_deref() != Some("report") || count == 0 || super::runs::is_over(&detail) {
        return;
    }
    let name = &route.name;
    let text = format!(
        "{} of route {name} had no webhook, and the reconciliation only reports. `ponte report` \
         shows them, `ponte reconcile --mode repair` brings them into Ploomes.",
        counted(count, "lead")
    );
    let cause = Cause::new(Event::MissedLeads, &format!("{name} (reported)"), run.at, text);
    causes.add(cause.of_route(name).counting(count, &route.reported).found_by(Some(run.run)));
}

/// Contacts enter the route, and nothing is received.
fn silence(snapshot: &Snapshot, route: &RouteSigns, causes: &mut Causes) {
    let since = route.last_delivery.unwrap_or(route.first_start);
    let (entered, leads) = &route.unannounced;
    if *entered == 0 || snapshot.now - since < snapshot.silence {
        return;
    }
    let name = &route.name;
    let text = format!(
        "No webhook came for route {name} since {}, although {} entered it. Likely: the URL in \
         ActiveCampaign is not the route's, TLS or DNS of that address fails, a firewall or proxy \
         is in the way, or the automation or its webhook step is off. Polls bring the leads in \
         meanwhile.",
        snapshot.clock_time(since),
        counted(*entered, "contact"),
    );
    let cause = Cause::new(Event::Silence, name, since, text);
    causes.add(cause.of_route(name).counting(*entered, leads));
}

/// A route whose pipeline, stage or field is not, or no longer, in Ploomes.
fn held(snapshot: &Snapshot, route: &RouteSigns, causes: &mut Causes) {
    let name = &route.name;
    let subject = format!("{name} (held)");
    match route.is_held {
        Some(false) => {}
        None => {
            causes.undecided.insert(key(Event::FailedLeads, &subject));
        }
        Some(true) => {
            let text = format!(
                "Route {name} cannot be written as it is configured: a pipeline, stage, field, \
                 user or the like is missing. Webhooks are kept, {} until it is put right. \
                 `ponte check --online` says what is missing.",
                match route.waiting {
                    1 => "1 lead waits".to_owned(),
                    waiting => format!("{waiting} leads wait"),
                }
            );
            let cause = Cause::new(Event::FailedLeads, &subject, snapshot.now, text);
            causes.add(cause.of_route(name).counting(route.waiting, &[]));
        }
    }
}
