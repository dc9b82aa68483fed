//! Settings and health: what is configured, what is well, what was done here.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse, Redirect},
};
use serde_json::json;

use super::{
    Desk,
    frame::{Frame, Here, Shown, html},
    rows::moment,
    visit::{Posted, Visit},
};
use crate::{
    config::{Config, Drift, ReconcileMode},
    ledger::{
        action::{self, Action},
        alert,
        audit::hex,
        history::Head,
        job::kind,
    },
    web::i18n::pages,
};

/// What was done here last: a week of a busy person.
const ACTIONS: u32 = 50;

#[derive(Template)]
#[template(path = "admin/settings.html")]
struct Page {
    frame: Frame,
    w: &'static pages::Settings,
    c: &'static pages::Common,
    health: [(&'static str, bool); 4],
    chain: String,
    head: String,
    alerts: Vec<(String, String)>,
    configuration: Vec<(&'static str, String)>,
    actions: Vec<[String; 4]>,
}

pub(super) async fn show(State(desk): State<Arc<Desk>>, visit: Visit) -> Shown {
    let (head, alerts, actions) = desk
        .look(&visit, |conn| {
            Ok((Head::read(conn)?, alert::all(conn)?, action::recent(conn, ACTIONS)?))
        })
        .await?;
    let ready = desk.readiness.ask(&desk.read, &desk.state).await;
    let (text, settings) = (visit.text(), &visit.settings);
    let w = &text.pages.settings;
    let config = desk.config();
    let open = alerts.into_iter().filter(|it| !it.is_over);
    let page = Page {
        frame: desk.frame(&visit, Here::Settings, w.title).await,
        w,
        c: &text.pages.common,
        health: [
            (w.ledger, ready.ledger),
            (w.engine, ready.engine),
            (w.poll, ready.poll),
            (w.reconcile, ready.reconcile),
        ],
        chain: text.number(head.seq),
        head: hex(&head.hash),
        alerts: open.map(|it| (text.told(&it.text), moment(settings, it.since))).collect(),
        configuration: configuration(&config),
        actions: actions
            .into_iter()
            .map(|it| [moment(settings, it.at), words(w, &it).to_owned(), it.subject, it.peer])
            .collect(),
    };
    Ok(html(&page))
}

/// What somebody may want to look up, without any secret.
fn configuration(config: &Config) -> Vec<(&'static str, String)> {
    let is_set = |it: bool| if it { "✓" } else { "–" }.to_owned();
    let seconds = |it: std::time::Duration| {
        crate::report::lasting(chrono::TimeDelta::from_std(it).unwrap_or_default())
    };
    let per_minute = config.ploomes.requests_per_minute.to_string();
    vec![
        ("activecampaign.url", config.activecampaign.url.clone()),
        (
            "activecampaign.requests_per_second",
            config.activecampaign.requests_per_second.to_string(),
        ),
        ("ploomes.url", config.ploomes.url.clone()),
        ("ploomes.requests_per_minute", per_minute),
        ("ploomes.settle", seconds(config.ploomes.settle)),
        ("ploomes.lead_key_field", config.ploomes.lead_key_field.clone().unwrap_or("–".into())),
        ("receiver.listen", config.receiver.listen.to_string()),
        ("admin.listen", config.admin.listen.to_string()),
        ("admin.password_hash", is_set(config.admin.password_hash.is_some())),
        ("ledger.path", config.ledger.path.display().to_string()),
        ("ledger.keep_payloads", seconds(config.ledger.keep_payloads)),
        ("schedule.timezone", config.schedule.timezone.to_string()),
        ("schedule.poll", config.schedule.poll.pattern.to_string()),
        ("schedule.reconcile", config.schedule.reconcile.pattern.to_string()),
        ("schedule.overlap", seconds(config.schedule.overlap)),
        ("retry.give_up", seconds(config.retry.give_up)),
        (
            "reconcile.mode",
            match config.reconcile.mode {
                ReconcileMode::Repair => "repair",
                ReconcileMode::Report => "report",
            }
            .to_owned(),
        ),
        ("reconcile.max_repairs", config.reconcile.max_repairs.to_string()),
        (
            "reconcile.drift",
            match config.reconcile.drift {
                Drift::Off => "off",
                Drift::Report => "report",
                Drift::Repair => "repair",
            }
            .to_owned(),
        ),
        ("alerts.url", is_set(config.alerts.url.is_some())),
        ("alerts.heartbeat", is_set(config.alerts.heartbeat.is_some())),
        ("alerts.silence", seconds(config.alerts.silence)),
    ]
}

/// The words for what was done.
fn words<'a>(w: &'a pages::Settings, action: &'a Action) -> &'a str {
    match action.what.as_str() {
        "sign_in" => w.sign_in,
        "sign_out" => w.sign_out,
        "retry" => w.retry,
        "retry_failed" => w.retry_failed,
        "retry_quarantined" => w.retry_quarantined,
        "poll_asked" => w.poll_asked,
        "reconcile_asked" => w.reconcile_asked,
        "plan_asked" => w.plan_asked,
        "check_asked" => w.check_asked,
        "fields_asked" => w.fields_asked,
        "pause" => w.pause,
        "resume" => w.resume,
        "configure" => w.configure,
        "export" => w.export,
        "erase" => w.erase,
        "lift" => w.lift,
        other => other,
    }
}

/// Asks both accounts whether the configuration fits them.
pub(super) async fn check(State(desk): State<Arc<Desk>>, posted: Posted) -> Shown {
    let job = (kind::CHECK, json!({}));
    let id = desk.ask(&posted.visit, job, "check_asked", String::new()).await?;
    Ok(Redirect::to(&format!("/jobs/{}", id.0)).into_response())
}
