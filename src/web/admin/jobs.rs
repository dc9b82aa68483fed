//! Work that was asked of the engine, and its answer.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use http::StatusCode;
use serde_json::Value;

use super::{
    Desk,
    frame::{Frame, Here, Shown, html},
    story::{action, kind as record_kind, pretty},
    visit::Visit,
};
use crate::{
    ledger::job::{self, JobId, Seen, kind},
    web::i18n::{
        Text,
        pages::{self, fill},
    },
};

/// How often somebody who waits looks again, in seconds.
const LOOK_EVERY: u32 = 1;

#[derive(Template)]
#[template(path = "admin/job.html")]
struct Page {
    frame: Frame,
    text: &'static Text,
    w: &'static pages::Jobs,
    dry: &'static pages::Dry,
    c: &'static pages::Common,
    asked: String,
    answer: Answer,
}

/// What came of it.
enum Answer {
    Waiting { is_long: bool },
    Failed(String),
    Poll { words: &'static str, is_partial: bool, rows: Vec<(String, [String; 3])> },
    Reconcile(String),
    Plan(Vec<Plan>),
    Check { problems: Vec<(String, String, String)>, notes: Vec<String> },
    Other(String),
}

/// What would be done for a contact on a route.
struct Plan {
    title: String,
    trouble: Vec<String>,
    /// The plan in the planner's own words.
    text: String,
    steps: Vec<Step>,
    warnings: Vec<String>,
}

struct Step {
    what: String,
    reason: String,
    request: String,
}

pub(super) async fn show(
    State(desk): State<Arc<Desk>>,
    visit: Visit,
    Path(id): Path<String>,
) -> Shown {
    let seen = match id.parse().map(JobId) {
        Ok(id) => desk.look(&visit, move |conn| job::look(conn, id)).await?,
        Err(_) => None,
    };
    let Some(seen) = seen else {
        let words = &visit.words().refusals;
        return Err(visit.refuse(StatusCode::NOT_FOUND, words.no_job, words.no_job_do));
    };
    let text = visit.text();
    let w = &text.pages.jobs;
    let (title, here) = match seen.kind.as_str() {
        kind::POLL => (w.title_poll, Here::Runs),
        kind::RECONCILE => (w.title_reconcile, Here::Runs),
        kind::PLAN => (w.title_plan, Here::Routes),
        kind::CHECK => (w.title_check, Here::Settings),
        _ => (w.title_other, Here::Nowhere),
    };
    let mut frame = desk.frame(&visit, here, title).await;
    if seen.answer.is_none() {
        frame.refresh = LOOK_EVERY;
    }
    let ago = (text.ago)(desk.clock.now() - seen.requested_at);
    Ok(html(&Page {
        frame,
        text,
        w,
        dry: &text.pages.dry,
        c: &text.pages.common,
        asked: fill(w.asked, &[("ago", &ago)]),
        answer: answer(text, &seen),
    }))
}

fn answer(text: &'static Text, seen: &Seen) -> Answer {
    let (done, answer) = match &seen.answer {
        None => return Answer::Waiting { is_long: seen.kind == kind::RECONCILE },
        Some((done, answer)) => (*done, answer),
    };
    if !done {
        return Answer::Failed(string(answer, "error"));
    }
    match seen.kind.as_str() {
        kind::POLL => poll(text, answer),
        kind::RECONCILE => Answer::Reconcile(string(answer, "run")),
        kind::PLAN => Answer::Plan(items(&answer["plans"]).map(|it| plan(text, it)).collect()),
        kind::CHECK => Answer::Check {
            problems: items(&answer["problems"])
                .map(|it| (string(it, "key"), string(it, "message"), string(it, "hint")))
                .collect(),
            notes: strings(&answer["notes"]),
        },
        _ => Answer::Other(pretty(answer)),
    }
}

fn poll(text: &'static Text, answer: &Value) -> Answer {
    let w = &text.pages.jobs;
    let is_partial = answer["outcome"] != "complete";
    let row = |it: &Value| {
        let count = |key: &str| text.number(it[key].as_i64().unwrap_or_default());
        (string(it, "route"), ["entered", "without_lead", "changed"].map(count))
    };
    Answer::Poll {
        words: if is_partial { w.poll_partial } else { w.poll_done },
        is_partial,
        rows: items(&answer["routes"]).map(row).collect(),
    }
}

fn plan(text: &'static Text, plan: &Value) -> Plan {
    let dry = &text.pages.dry;
    let route = string(plan, "route");
    let lead = string(plan, "lead");
    let state = plan["state"].as_str().and_then(|it| it.parse().ok()).map(text.state);
    let mut trouble = strings(&plan["held"]);
    trouble.extend(plan["nothing"].as_str().map(str::to_owned));
    trouble.extend(plan["review"].as_str().map(str::to_owned));
    let title = match (plan["held"].is_array(), lead.is_empty()) {
        (true, _) => format!("{route}: {}", dry.held),
        (false, true) => route,
        (false, false) => format!("{lead} ({})", state.unwrap_or(dry.not_yet)),
    };
    let step = |it: &Value| Step {
        what: format!(
            "{} {}",
            action(text, it["action"].as_str().unwrap_or_default()),
            record_kind(text, it["step"].as_str().unwrap_or_default())
        ),
        reason: string(it, "reason"),
        request: if it["request"].is_null() { String::new() } else { pretty(&it["request"]) },
    };
    Plan {
        title,
        trouble,
        text: string(plan, "text"),
        steps: items(&plan["steps"]).map(step).collect(),
        warnings: strings(&plan["warnings"]),
    }
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn strings(value: &Value) -> Vec<String> {
    items(value).filter_map(Value::as_str).map(str::to_owned).collect()
}

fn string(value: &Value, key: &str) -> String {
    value[key].as_str().unwrap_or_default().to_owned()
}
