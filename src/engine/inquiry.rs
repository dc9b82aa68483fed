//! Questions that write nothing: what would be done for a contact, whether the configuration fits
//! both accounts.

use serde_json::{Value, json};

use super::{
    draft,
    found::entries_of,
    observe::{self, Context},
    offers::explain,
    reference::{self, Compiled, Ready},
    route::Route,
    shared::Shared,
};
use crate::{
    domain::{ContactId, Enrollment, FoundBy, Lane, LeadId, LeadState},
    ledger::{self, lead::Lead, work::Work},
    planner::{self, Action, Plan, Purpose, StepKind},
    transport::Verdict,
};

/// The contact that has this address in AC now.
pub(super) async fn contact_with(shared: &Shared, email: &str) -> Result<ContactId, String> {
    let contact = shared.activecampaign.contact_with(email, Lane::Fresh).await;
    contact
        .map_err(|error| explain(&error))?
        .ok_or_else(|| "ActiveCampaign has no contact with this address".to_owned())
}

/// What would be done for a contact on each route, or on one, and why; a draft of that one takes the
/// place of what is saved.
pub(super) async fn plan(
    shared: &Shared,
    contact: ContactId,
    only: Option<&str>,
    draft: Option<&Value>,
) -> Result<Value, String> {
    let mut plans = Vec::new();
    for (route, compiled) in routes(shared, only, draft).await? {
        let route = &route;
        let view = shared
            .activecampaign
            .contact(contact, route.wants(), Lane::Fresh)
            .await
            .map_err(|error| explain(&error))?;
        let Some(view) = view else {
            return Err(format!("ActiveCampaign has no contact {contact}"));
        };
        let seen = view.contact.clone();
        let erased = shared.ledger.write(move |tx| ledger::tombstone::of_contact(tx, &seen)).await;
        if erased.map_err(|error| error.to_string())?.is_some() {
            let words = "this person was erased; `ponte erase --lift` lets them in again";
            plans.push(json!({ "route": route.name, "nothing": words }));
            continue;
        }
        let ready = match &compiled {
            Ok(ready) => ready,
            Err(problems) => {
                let words: Vec<String> = problems.iter().map(ToString::to_string).collect();
                plans.push(json!({ "route": route.name, "held": words }));
                continue;
            }
        };
        let entries = entries_of(route, &view);
        if entries.is_empty() {
            let words = format!("the contact is not in {}", route.membership);
            plans.push(json!({ "route": route.name, "nothing": words }));
        }
        // Leads of one contact on one route are of the same person, and here nothing is done.
        let mut makes: Option<String> = None;
        for entry in entries {
            let (context, mut plan) =
                plan_entry(shared, route, ready, &view.contact, entry).await?;
            let lead = &context.lead;
            if makes_person_or_company(&plan) {
                let same = |other| {
                    format!(
                        "{other} would make the same: the one of both that is done first does, and \
                         the other finds it"
                    )
                };
                plan.warnings.extend(makes.as_ref().map(same));
                makes.get_or_insert_with(|| lead.key.clone());
            }
            plans.push(told(route, lead, &plan));
        }
    }
    if plans.is_empty() {
        return Err(format!("no route is called {}", only.unwrap_or_default()));
    }
    Ok(json!({ "contact": contact, "plans": plans }))
}

/// The routes that are asked for, with their rules.
async fn routes(
    shared: &Shared,
    only: Option<&str>,
    draft: Option<&Value>,
) -> Result<Vec<(Route, Compiled)>, String> {
    let routes = shared.routes.iter().filter(|route| only.is_none_or(|name| route.name == name));
    if let Some(draft) = draft {
        let mut drafts = Vec::new();
        for route in routes {
            let route = draft::route(route, draft)?;
            let compiled = reference::compile(shared, &route).await;
            drafts.push((route, compiled.map_err(|error| explain(&error))?));
        }
        return Ok(drafts);
    }
    let reference = shared.reference.get(shared).await.map_err(|error| error.to_string())?;
    let with_rules = |route: &Route| Some((route.clone(), reference.route(route.id)?.clone()));
    Ok(routes.filter_map(with_rules).collect())
}

async fn plan_entry(
    shared: &Shared,
    route: &Route,
    ready: &Ready,
    contact: &crate::domain::Contact,
    entry: Enrollment,
) -> Result<(Context, Plan), String> {
    let context = context_of(shared, route, contact, entry).await.map_err(|it| it.to_string())?;
    let purpose = match context.lead.state {
        LeadState::Done | LeadState::Skipped => Purpose::Refresh,
        _ => Purpose::Bring,
    };
    let derived = ready.rules.derive(contact, &ready.automation);
    let situation = observe::situation(shared, &context, ready, &derived, purpose)
        .await
        .map_err(|error| error.to_string())?;
    let plan = planner::plan(ready.rules.policy(), &derived, &situation);
    Ok((context, plan))
}

fn makes_person_or_company(plan: &Plan) -> bool {
    let kinds = [StepKind::Company, StepKind::Person];
    plan.steps
        .iter()
        .any(|it| kinds.contains(&it.kind) && matches!(it.action, Action::Create { .. }))
}

/// A plan as it is answered.
fn told(route: &Route, lead: &Lead, plan: &Plan) -> Value {
    let steps: Vec<Value> = plan
        .steps
        .iter()
        .map(|step| {
            json!({
                "step": step.kind.as_str(),
                "action": step.action.as_str(),
                "reason": step.reason,
                "request": step.action.body(),
            })
        })
        .collect();
    json!({
        "route": route.name,
        "lead": lead.key,
        "state": (lead.id.0 != 0).then_some(lead.state.as_str()),
        "steps": steps,
        "warnings": plan.warnings,
        "review": plan.review,
        "outcome": plan.outcome.to_string(),
        "text": plan.to_string(),
    })
}

/// The ledger's context of an entry, or that of the lead that it would become.
async fn context_of(
    shared: &Shared,
    route: &Route,
    contact: &crate::domain::Contact,
    entry: Enrollment,
) -> Result<Context, ledger::LedgerError> {
    let (id, contact_id, contact) = (route.id, contact.id, contact.clone());
    let name = route.name.clone();
    let (now, with_deals) = (shared.now(), shared.with_deals());
    shared
        .ledger
        .read(move |conn| {
            let leads = ledger::lead::of_contact(conn, contact_id)?;
            let held = leads.iter().find(|it| it.route == id && it.enrollment == entry.id).cloned();
            let lead = held.unwrap_or_else(|| Lead {
                id: LeadId(0),
                key: ledger::lead::key_of(&name, contact_id, entry.id),
                route: id,
                contact: contact_id,
                enrollment: entry.id,
                entered_at: entry.entered_at,
                turn: 0,
                backfill: false,
                found_by: FoundBy::Webhook,
                state: LeadState::Pending,
                company: None,
                person: None,
                deal: None,
            });
            let work = Work::asked(lead.id, id, Lane::Fresh, now);
            observe::context_with(conn, work, lead, contact, &with_deals)
        })
        .await
}

/// The configuration against both accounts: every problem, with the key it belongs to.
pub(super) async fn check(shared: &Shared) -> Value {
    let mut problems = Vec::new();
    let mut problem = |key: &str, message: String, hint: &str| {
        problems.push(json!({ "key": key, "line": null, "message": message, "hint": hint }));
    };
    if let Err(error) = shared.activecampaign.verify(Lane::Fresh).await {
        let (key, hint) = match error.verdict() {
            Verdict::WrongKey => {
                ("activecampaign.api_key", "copy the key from Settings > Developer")
            }
            _ => ("activecampaign.url", "copy the URL from Settings > Developer, and try again"),
        };
        problem(key, explain(&error), hint);
    } else {
        for route in &shared.routes {
            if let Some(automation) = route.automation() {
                match shared.activecampaign.automation(automation, Lane::Fresh).await {
                    Ok(Some(_)) => {}
                    Ok(None) => problem(
                        &format!("route.{}.automation", route.name),
                        format!("ActiveCampaign has no automation {automation}"),
                        "its number stands in the address of its page: /series/<number>",
                    ),
                    Err(error) => problem("activecampaign.url", explain(&error), "try again"),
                }
            }
        }
    }
    match shared.reader.account(Lane::Fresh).await {
        Err(error) => {
            let (key, hint) = match error.verdict() {
                Verdict::WrongKey => {
                    ("ploomes.user_key", "use the key of an integration user of ponte's own")
                }
                _ => ("ploomes.url", "try again"),
            };
            problem(key, explain(&error), hint);
        }
        Ok(()) => match shared.reference.get(shared).await {
            Err(error) => problem("ploomes.url", error.to_string(), "try again"),
            Ok(reference) => {
                for route in &shared.routes {
                    if let Some(Err(found)) = reference.route(route.id) {
                        for it in found.iter() {
                            let key = format!("route.{}.{}", route.name, it.key);
                            problem(&key, it.message.clone(), it.hint.as_deref().unwrap_or(""));
                        }
                    }
                }
            }
        },
    }
    let notes = notes(shared);
    json!({ "ok": problems.is_empty(), "problems": problems, "notes": notes })
}

/// What is allowed and worth knowing.
fn notes(shared: &Shared) -> Vec<String> {
    let mut notes = Vec::new();
    if let Some(loaded) = shared.reference.last()
        && loaded.key_is_a_persons()
    {
        notes.push(
            "the Ploomes key is not an integration user's: deals that its user makes by hand may \
             be taken for ponte's own; use an integration user"
                .to_owned(),
        );
    }
    notes
}
