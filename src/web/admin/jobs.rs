//! Work that was asked of the engine, and its answer.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use http::StatusCode;
use serde_json::Value;

use super::{
    Desk,
    frame::{Frame, Here, Refused, Shown, html},
    runs::counts_all,
    story::{action, kind as record_kind, pretty},
    visit::Visit,
    waiting::notice,
};
use crate::{
    domain::LeadState,
    ledger::{
        job::{self, JobId, Seen, kind},
        report as ledger_report,
        run::RunId,
        status,
    },
    report::{Forecast, Reconciliation, lasting},
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
    Waiting {
        slow: &'static str,
        progress: String,
    },
    Failed {
        why: String,
        to_do: &'static str,
    },
    /// What was counted, and whether there is something to decide.
    Counted {
        job: i64,
        run: String,
        route: String,
        words: Vec<String>,
        is_nothing: bool,
    },
    /// What was put back.
    Retried(String),
    Poll {
        words: &'static str,
        is_partial: bool,
        rows: Vec<(String, [String; 3])>,
    },
    Reconcile(String),
    Plan(Vec<Plan>),
    Check {
        problems: Vec<(String, String, String)>,
        notes: Vec<String>,
    },
    Other(String),
}

/// What would be done for a contact on a route.
pub(super) struct Plan {
    pub(super) title: String,
    pub(super) trouble: Vec<String>,
    /// What becomes of the lead.
    pub(super) outcome: String,
    pub(super) steps: Vec<Step>,
    pub(super) warnings: Vec<String>,
}

/// A step of it.
pub(super) struct Step {
    pub(super) what: String,
    pub(super) reason: String,
    pub(super) request: String,
}

pub(super) async fn show(
    State(desk): State<Arc<Desk>>,
    visit: Visit,
    Path(id): Path<String>,
) -> Shown {
    let id = JobId(id.parse().unwrap_or_default());
    let Some(seen) = desk.look(&visit, move |conn| job::look(conn, id)).await? else {
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
        kind::RETRY => (w.title_retry, Here::Waiting),
        _ => (w.title_other, Here::Nowhere),
    };
    let mut frame = desk.frame(&visit, here, title).await;
    if seen.answer.is_none() {
        frame.refresh = LOOK_EVERY;
    }
    let ago = (text.ago)(desk.clock.now() - seen.requested_at);
    let answer = match &seen.answer {
        None => waiting(&desk, &visit, &seen).await?,
        Some(_) if counts_all(&seen) => counted(&desk, &visit, id, &seen).await?,
        Some((done, answer)) => answered(text, &seen.kind, *done, answer),
    };
    Ok(html(&Page {
        frame,
        text,
        w,
        dry: &text.pages.dry,
        c: &text.pages.common,
        asked: fill(w.asked, &[("ago", &ago)]),
        answer,
    }))
}

/// What there is to say while the engine is at it.
async fn waiting(desk: &Desk, visit: &Visit, seen: &Seen) -> Result<Answer, Refused> {
    let (text, w) = (visit.text(), &visit.words().jobs);
    if seen.kind != kind::RECONCILE {
        return Ok(Answer::Waiting { slow: "", progress: String::new() });
    }
    let progress = desk.look(visit, ledger_report::progress).await?;
    let progress = progress.map_or_else(String::new, |it| {
        let [contacts, found, open] = [it.contacts, it.found, it.open].map(|it| text.number(it));
        let values = [("contacts", &contacts), ("found", &found), ("open", &open)];
        fill(w.progress, &values.map(|(name, value)| (name, value.as_str())))
    });
    Ok(Answer::Waiting { slow: w.slow, progress })
}

/// What is missing, and what bringing it in takes: the question is whether to.
async fn counted(
    desk: &Desk,
    visit: &Visit,
    JobId(job): JobId,
    seen: &Seen,
) -> Result<Answer, Refused> {
    let (text, config, now) = (visit.text(), desk.config(), desk.clock.now());
    let run = seen.answer.as_ref().map_or_else(String::new, |it| string(&it.1, "run"));
    let (id, zone) = (run.parse().map(RunId).ok(), config.schedule.timezone);
    let (report, waiting) = desk
        .look(visit, move |conn| {
            let report = ledger_report::read(conn, id, zone)?;
            Ok((report, status::read(conn, now)?.waiting()))
        })
        .await?;
    let per_minute = config.ploomes.requests_per_minute;
    let forecast = report.map(|it| Reconciliation::new(it, &config).forecast(waiting, per_minute));
    let route = string(&seen.arguments, "route");
    let is_nothing = forecast.is_none_or(|it| it.is_nothing());
    let words = forecast.map_or_else(Vec::new, |it| forecast_words(text, &it));
    Ok(Answer::Counted { job, run, route, words, is_nothing })
}

fn forecast_words(text: &Text, it: &Forecast) -> Vec<String> {
    let w = &text.pages.jobs;
    let number = |number| text.number(number);
    let length = it.length().map_or_else(|| "–".to_owned(), lasting);
    let say = |words: &str| {
        let values = [
            ("missed", number(it.missed)),
            ("stale", number(it.stale)),
            ("waiting", number(it.waiting)),
            ("calls", number(it.calls)),
            ("limit", number(it.per_minute)),
            ("length", length.clone()),
        ];
        fill(words, &values.each_ref().map(|(name, value)| (*name, value.as_str())))
    };
    let mut words = Vec::new();
    if !it.is_whole {
        words.push(say(w.counted_part));
    }
    if it.is_nothing() {
        words.push(say(w.counted_nothing));
        return words;
    }
    words.push(say(w.counted));
    if it.waiting > 0 {
        words.push(say(w.counted_waiting));
    }
    words.push(say(w.takes));
    words
}

fn answered(text: &'static Text, kind: &str, done: bool, answer: &Value) -> Answer {
    let w = &text.pages.jobs;
    if !done {
        let to_do = if kind == kind::RETRY { w.retry_stopped } else { w.failed_do };
        return Answer::Failed { why: text.told(&string(answer, "error")), to_do };
    }
    let told = |it: &Value, key: &str| text.told(&string(it, key));
    let all_told = |it: &Value| strings(it).iter().map(|it| text.told(it)).collect();
    match kind {
        kind::POLL => poll(text, answer),
        kind::RETRY => {
            let count = answer["count"].as_u64().unwrap_or_default();
            let said = if answer["what"] == "quarantined" { "looked" } else { "retried" };
            Answer::Retried(notice(text, said, count))
        }
        kind::RECONCILE => Answer::Reconcile(string(answer, "run")),
        kind::PLAN => Answer::Plan(plans(text, answer)),
        kind::CHECK => Answer::Check {
            problems: items(&answer["problems"])
                .map(|it| (string(it, "key"), told(it, "message"), told(it, "hint")))
                .collect(),
            notes: all_told(&answer["notes"]),
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

/// What would be done, by route.
pub(super) fn plans(text: &'static Text, answer: &Value) -> Vec<Plan> {
    items(&answer["plans"]).map(|it| plan(text, it)).collect()
}

fn plan(text: &'static Text, plan: &Value) -> Plan {
    let dry = &text.pages.dry;
    let route = string(plan, "route");
    let lead = string(plan, "lead");
    let state = plan["state"].as_str().and_then(|it| it.parse().ok()).map(text.state);
    let mut trouble = strings(&plan["held"]);
    trouble
        .extend(["nothing", "review"].iter().filter_map(|it| plan[it].as_str()).map(str::to_owned));
    let told = |said: &String| text.told(said);
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
        reason: told(&string(it, "reason")),
        request: if it["request"].is_null() { String::new() } else { pretty(&it["request"]) },
    };
    Plan {
        title,
        trouble: trouble.iter().map(told).collect(),
        // Nothing is done yet.
        outcome: match plan["outcome"].as_str() {
            Some("done") => (text.state)(LeadState::Done).to_owned(),
            _ => told(&string(plan, "outcome")),
        },
        steps: items(&plan["steps"]).map(step).collect(),
        warnings: strings(&plan["warnings"]).iter().map(told).collect(),
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
