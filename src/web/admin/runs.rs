//! Reconciliations and polls: their reports, and starting one.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Path, Query, State},
    response::{IntoResponse, Redirect, Response},
};
use http::{HeaderName, HeaderValue, StatusCode, header};
use serde::Deserialize;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::{
    Desk, Settings,
    frame::{Frame, Here, Refused, Shown, html},
    rows::moment,
    visit::{Posted, Visit},
};
use crate::{
    ledger::{
        job::{self, JobId, Seen, kind},
        report as ledger_report,
        run::{Kind, Outcome, RunId},
        runs::{self, Listed},
    },
    report::{Reconciliation, lasting},
    web::i18n::pages::{self, fill},
};

/// Reconciliations of a page: most of a month.
const ROWS: u32 = 25;
/// Polls that are shown: an hour of them.
const POLLS: u32 = 12;

#[derive(Template)]
#[template(path = "admin/runs.html")]
struct Page {
    frame: Frame,
    w: &'static pages::Runs,
    c: &'static pages::Common,
    running: String,
    routes: Vec<String>,
    all: String,
    runs: Vec<Row>,
    polls: Vec<Row>,
    is_later: bool,
    older: String,
}

/// A run.
struct Row {
    id: i64,
    started: String,
    took: String,
    class: &'static str,
    outcome: &'static str,
    mode: &'static str,
    reason: String,
    /// Expected, received, missed, recovered, stale, drift.
    counts: [String; 6],
    is_missing: bool,
    open: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Asked {
    before: String,
}

pub(super) async fn show(
    State(desk): State<Arc<Desk>>,
    visit: Visit,
    Query(asked): Query<Asked>,
) -> Shown {
    let before = asked.before.parse().map(RunId).ok();
    let (mut rows, polls, progress) = desk
        .look(&visit, move |conn| {
            let rows = runs::page(conn, Kind::Reconcile, before, ROWS + 1)?;
            let polls = runs::page(conn, Kind::Poll, None, POLLS)?;
            Ok((rows, polls, ledger_report::progress(conn)?))
        })
        .await?;
    let has_more = rows.len() > ROWS as usize;
    rows.truncate(ROWS as usize);
    let last = rows.last().filter(|_| has_more);
    let text = visit.text();
    let w = &text.pages.runs;
    let number = |it: i64| text.number(it);
    let limit = i64::try_from(desk.config().reconcile.max_repairs).unwrap_or(i64::MAX);
    let page = Page {
        frame: desk.frame(&visit, Here::Runs, w.title).await,
        w,
        c: &text.pages.common,
        running: progress.map_or_else(String::new, |it| {
            let values = [
                ("contacts", number(it.contacts)),
                ("found", number(it.found)),
                ("open", number(it.open)),
            ];
            let values = values.each_ref().map(|(name, value)| (*name, value.as_str()));
            fill(w.running, &values)
        }),
        routes: desk.config().routes.iter().map(|it| it.name.clone()).collect(),
        all: fill(w.all_note, &[("limit", &text.number(limit))]),
        older: last.map_or_else(String::new, |it| format!("/runs?before={}", it.id.0)),
        runs: rows.iter().map(|it| row(&visit.settings, it)).collect(),
        polls: polls.iter().map(|it| row(&visit.settings, it)).collect(),
        is_later: before.is_some(),
    };
    Ok(html(&page))
}

fn row(settings: &Settings, run: &Listed) -> Row {
    let text = settings.text;
    let w = &text.pages.runs;
    let (class, outcome) = match (run.finished, run.outcome) {
        (None, _) => ("wait", w.going_on),
        (_, Some(Outcome::Complete)) => ("good", w.complete),
        _ => ("bad", w.partial),
    };
    let detail = &run.detail;
    let sum = |of: fn(&ledger_report::RouteCounts) -> i64| detail.routes.iter().map(of).sum();
    let missed: i64 = sum(|it| it.missed);
    let recovered: i64 = sum(|it| it.recovered);
    let drift = i64::try_from(detail.drift.len()).unwrap_or(i64::MAX);
    let counts = [sum(|it| it.expected), sum(|it| it.received), missed, recovered];
    let [expected, received, missed_words, recovered_words] = counts.map(|it| text.number(it));
    Row {
        id: run.id.0,
        started: moment(settings, run.started),
        took: run.finished.map_or_else(|| "–".to_owned(), |end| lasting(end - run.started)),
        class,
        outcome,
        mode: match run.mode.as_deref() {
            Some("report") => w.report_mode,
            Some("repair") => w.repair_mode,
            _ => "",
        },
        reason: match (&run.reason, detail.over_max_repairs) {
            (Some(reason), _) => text.told(reason),
            (None, true) => w.over.to_owned(),
            (None, false) => String::new(),
        },
        counts: [
            expected,
            received,
            missed_words,
            recovered_words,
            text.number(sum(|it| it.stale)),
            text.number(drift),
        ],
        is_missing: missed > recovered,
        open: fill(w.open, &[("run", &run.id.0.to_string())]),
    }
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Format {
    format: String,
}

/// The report of a run, as the command line makes it.
pub(super) async fn report(
    State(desk): State<Arc<Desk>>,
    visit: Visit,
    Path(run): Path<String>,
    Query(format): Query<Format>,
) -> Shown {
    let zone = desk.config().schedule.timezone;
    let found = match run.parse().map(RunId) {
        Ok(id) => desk.look(&visit, move |conn| ledger_report::read(conn, Some(id), zone)).await?,
        Err(_) => None,
    };
    let Some(found) = found else {
        let words = &visit.words().refusals;
        let what = fill(words.no_run, &[("run", &run)]);
        return Err(visit.refuse(StatusCode::NOT_FOUND, &what, words.no_run_do));
    };
    let report = Reconciliation::new(found, &desk.config()).in_language(visit.language);
    let file = |extension: &str| format!("attachment; filename=\"ponte-{run}.{extension}\"");
    Ok(match format.format.as_str() {
        "csv" => {
            let csv = report.csv();
            document("text/csv; charset=utf-8", header::CONTENT_DISPOSITION, &file("csv"), csv)
        }
        "json" => {
            let json = format!("{}\n", report.json());
            document("application/json", header::CONTENT_DISPOSITION, &file("json"), json)
        }
        _ => {
            let html = report.html();
            let (name, policy) = (header::CONTENT_SECURITY_POLICY, policy_of(&html));
            document("text/html; charset=utf-8", name, &policy, html)
        }
    })
}

/// The report carries its style: it is let in by its hash, and nothing else is.
fn policy_of(report: &str) -> String {
    let style = report.split_once("<style>").and_then(|it| it.1.split_once("</style>"));
    let hash = base64(&Sha256::digest(style.map_or("", |it| it.0)));
    format!(
        "default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'none'"
    )
}

/// Base64 (RFC 4648, section 4).
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let mut word = [0; 4];
        word[1..=three.len()].copy_from_slice(three);
        let word = u32::from_be_bytes(word);
        for place in 0..4 {
            let digit = (word >> (18 - 6 * place)) & 63;
            let is_padding = place > three.len();
            text.push(if is_padding { '=' } else { char::from(DIGITS[digit as usize]) });
        }
    }
    text
}

fn document(kind: &'static str, name: HeaderName, value: &str, body: String) -> Response {
    let mut response =
        ([(header::CONTENT_TYPE, HeaderValue::from_static(kind))], body).into_response();
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
    response
}

/// One poll now.
pub(super) async fn poll(State(desk): State<Arc<Desk>>, posted: Posted) -> Shown {
    let job = (kind::POLL, json!({}));
    let id = desk.ask(&posted.visit, job, "poll_asked", String::new()).await?;
    Ok(Redirect::to(&format!("/jobs/{}", id.0)).into_response())
}

/// One reconciliation now. Everything is brought in only after a count that somebody saw: what it
/// comes to, and how long it takes, is shown with the question.
pub(super) async fn reconcile(State(desk): State<Arc<Desk>>, posted: Posted) -> Shown {
    let visit = &posted.visit;
    let route = known_route(&desk, visit, posted.get("route"))?;
    let all = posted.get("mode") == "all";
    let mode = match posted.get("mode") {
        "repair" => "repair",
        "all" if is_counted(&desk, visit, posted.get("counted"), route).await? => "repair",
        _ => "report",
    };
    let subject = [route.unwrap_or("*"), mode, if all { "all" } else { "" }].join(" ");
    let arguments = json!({ "route": route, "mode": mode, "all": all });
    let job = (kind::RECONCILE, arguments);
    let id = desk.ask(visit, job, "reconcile_asked", subject.trim().to_owned()).await?;
    Ok(Redirect::to(&format!("/jobs/{}", id.0)).into_response())
}

/// Whether a job counted, lately, what is missing on the route.
async fn is_counted(
    desk: &Desk,
    visit: &Visit,
    job: &str,
    route: Option<&str>,
) -> Result<bool, Refused> {
    let Ok(id) = job.parse().map(JobId) else { return Ok(false) };
    let seen = desk.look(visit, move |conn| job::look(conn, id)).await?;
    Ok(seen.is_some_and(|it| counts_all(&it) && it.arguments["route"].as_str() == route))
}

/// Whether a job counted everything, and has done so.
pub(super) fn counts_all(job: &Seen) -> bool {
    let it = &job.arguments;
    let asked = job.kind == kind::RECONCILE && it["mode"] == "report" && it["all"] == true;
    asked && matches!(job.answer, Some((true, _)))
}

/// A route of the configuration; `None` for all.
pub(super) fn known_route<'a>(
    desk: &Desk,
    visit: &Visit,
    name: &'a str,
) -> Result<Option<&'a str>, Refused> {
    if name.is_empty() {
        return Ok(None);
    }
    if desk.config().routes.iter().any(|it| it.name == name) {
        return Ok(Some(name));
    }
    let words = &visit.words().refusals;
    let what = fill(words.no_route, &[("route", name)]);
    Err(visit.refuse(StatusCode::NOT_FOUND, &what, words.no_route_do))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_that_of_the_rfc() {
        for (bytes, text) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(base64(bytes.as_bytes()), text);
        }
    }
}
