//! Commands that only look: `status`, `explain`, `leads`, `audit`, `check`, `plan`, `fields`.

use std::{collections::BTreeMap, path::Path};

use serde_json::{Value, json};

use super::{
    Failure,
    args::{Audit, Check, ContactRef, Explain, Fields, Leads, Plan, Service},
    check, handover, say, say_json,
};
use crate::{
    clock::Clock,
    config::{Config, Problem, Severity},
    engine::jobs::kind,
    ledger::{self, Ledger},
    report,
};

fn ledger(config: &Config) -> Result<Ledger, Failure> {
    Ok(super::open_to_look(config, &Clock::system())?)
}

/// Queue, lanes, quota, last and next runs, the balance.
pub(super) async fn status(config: &Config, json: bool) -> Result<(), Failure> {
    let ledger = ledger(config)?;
    let now = Clock::system().now();
    let counts = ledger.read(move |conn| ledger::status::read(conn, now)).await?;
    ledger.close().await;
    let status = report::Status::new(counts, config, now);
    if json {
        say_json(&status.json());
    } else {
        say(&status.text());
    }
    Ok(())
}

/// Everything about a contact, in order.
pub(super) async fn explain(config: &Config, explain: &Explain) -> Result<(), Failure> {
    let ledger = ledger(config)?;
    let contacts = match &explain.contact {
        ContactRef::Id(id) => vec![*id],
        ContactRef::Email(email) => {
            let email = email.clone();
            let key = ledger.keyed(&ledger::contact::email_key(&email));
            ledger.read(move |conn| ledger::contact::by_email(conn, &key)).await?
        }
    };
    let mut stories = Vec::new();
    for contact in contacts {
        if let Some(story) = ledger.read(move |conn| ledger::explain::read(conn, contact)).await? {
            stories.push(report::Explain::new(story, config));
        }
    }
    ledger.close().await;
    if stories.is_empty() {
        return Err(anyhow::anyhow!(
            "the ledger has nothing of this contact; `ponte plan` says what would be done for it"
        )
        .into());
    }
    if explain.output.json {
        // One document: an address that went from one contact to another is the newest's.
        if let Some(newest) = stories.last() {
            say_json(&newest.json());
        }
        return Ok(());
    }
    for story in &stories {
        say(&story.text());
    }
    Ok(())
}

/// A table of leads.
pub(super) async fn leads(config: &Config, leads: &Leads) -> Result<(), Failure> {
    let ledger = ledger(config)?;
    let (state, route) = (leads.state, leads.route.clone());
    let (rows, is_known) = ledger
        .read(move |conn| {
            // A route that is configured no more still has its leads.
            let known = route.as_ref().map(|name| ledger::route::find(conn, name)).transpose()?;
            let rows = ledger::leads::list(conn, state, route.as_deref(), None)?;
            Ok((rows, known.flatten().is_some()))
        })
        .await?;
    ledger.close().await;
    if !is_known {
        super::is_configured(config, leads.route.as_deref())?;
    }
    let table = report::Leads::new(rows, config);
    if leads.output.json {
        say_json(&table.json());
    } else {
        say(&table.text());
    }
    Ok(())
}

/// Proves the balance and the chain.
pub(super) async fn audit(config: &Config, audit: &Audit) -> Result<(), Failure> {
    let ledger = ledger(config)?;
    let head = audit.head.clone();
    let outcome = ledger.read(move |conn| ledger::audit::audit(conn, head.as_deref())).await?;
    ledger.close().await;
    let ok = outcome.ok();
    let shown = report::Audit::new(outcome);
    if audit.output.json {
        say_json(&shown.json());
    } else {
        say(&shown.text());
    }
    if ok { Ok(()) } else { Err(Failure::Wrong) }
}

/// Validates the configuration; online, also against both accounts.
pub(super) async fn check(path: &Path, arguments: &Check) -> Result<(), Failure> {
    let environment: BTreeMap<String, String> = std::env::vars().collect();
    let (config, mut problems) = check::offline(path, &environment);
    let mut wrong = false;
    if let (true, Some(config)) = (arguments.online, &config) {
        let answer = handover::perform(config, kind::CHECK, json!({}), false).await?;
        for it in answer["problems"].as_array().into_iter().flatten() {
            problems.push(problem(Severity::Error, it));
            wrong = true;
        }
        for it in answer["notes"].as_array().into_iter().flatten() {
            problems.push(problem(Severity::Warning, it));
        }
    }
    if arguments.output.json {
        say_json(&check::problems_json(&problems));
    } else {
        say(&check::problems_text(&problems));
    }
    match (config, wrong) {
        (None, _) => Err(Failure::Unusable),
        (Some(_), true) => Err(Failure::Wrong),
        (Some(_), false) => Ok(()),
    }
}

fn problem(severity: Severity, it: &Value) -> Problem {
    let text = |key: &str| it[key].as_str().unwrap_or_default().to_owned();
    let hint = Some(text("hint")).filter(|hint| !hint.is_empty());
    Problem::of_key(severity, text("key"), text("message"), hint)
}

/// What would be done for a contact now, and why.
pub(super) async fn plan(config: &Config, plan: &Plan) -> Result<(), Failure> {
    super::is_configured(config, plan.route.as_deref())?;
    let mut arguments = json!({ "route": plan.route });
    match &plan.contact {
        ContactRef::Id(id) => arguments["contact"] = json!(id),
        ContactRef::Email(email) => arguments["email"] = json!(email.trim()),
    }
    let answer = handover::perform(config, kind::PLAN, arguments, false).await?;
    if plan.output.json {
        say_json(&answer);
        return Ok(());
    }
    for plan in answer["plans"].as_array().into_iter().flatten() {
        say(&plan_text(plan));
    }
    Ok(())
}

fn plan_text(plan: &Value) -> String {
    let route = plan["route"].as_str().unwrap_or_default();
    if let Some(held) = plan["held"].as_array() {
        let reasons: Vec<&str> = held.iter().filter_map(Value::as_str).collect();
        return format!("{route}: held\n  {}", reasons.join("\n  "));
    }
    if let Some(nothing) = plan["nothing"].as_str() {
        return format!("{route}: {nothing}");
    }
    let lead = plan["lead"].as_str().unwrap_or_default();
    let state = plan["state"].as_str().unwrap_or("not yet a lead");
    format!("{lead} ({state})\n{}", plan["text"].as_str().unwrap_or_default())
}

/// What a map can name.
pub(super) async fn fields(config: &Config, fields: &Fields) -> Result<(), Failure> {
    let (side, name) = match fields.service {
        Service::ActiveCampaign => ("activecampaign", "from"),
        Service::Ploomes => ("ploomes", "to"),
    };
    let answer = handover::perform(config, kind::FIELDS, json!({ "side": side }), false).await?;
    if fields.output.json {
        say_json(&answer);
        return Ok(());
    }
    let rows = answer.as_array().into_iter().flatten();
    let cells = rows.map(|row| {
        let text = |key: &str| row[key].as_str().unwrap_or_default().to_owned();
        vec![text(name), text("title"), text("type")]
    });
    say(&report::table(&[name, "title", "type"], cells));
    Ok(())
}
