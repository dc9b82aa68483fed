//! The story of one contact: what came, what was decided and why, what was sent and answered.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use http::StatusCode;
use serde_json::Value;

use super::{
    Desk, Settings,
    frame::{Frame, Here, Shown, html},
    rows::{Row, moment, row},
    visit::Visit,
};
use crate::{
    domain::{ContactId, Fate, Lane, LeadState},
    ledger::explain::{self, Delivered, Missing, Step, Story, Told, Waits},
    web::{
        i18n::{
            Text,
            pages::{self, fill},
        },
        overview::LeadRow,
    },
};

/// Deliveries that are shown, the newest: a person's story has a few.
const DELIVERIES_MAX: usize = 100;

/// Characters of one request or answer that are shown: an answer may be a whole company.
const BODY_CHARS_MAX: usize = 20_000;

#[derive(Template)]
#[template(path = "admin/story.html")]
struct Page {
    frame: Frame,
    w: &'static pages::Story,
    c: &'static pages::Common,
    heading: String,
    contact: i64,
    email: String,
    seen: String,
    hints: Vec<String>,
    leads: Vec<Lead>,
    deliveries: Vec<Delivery>,
    left_out: String,
}

struct Lead {
    row: Row,
    entered: String,
    found: String,
    review: String,
    warnings: Vec<String>,
    waits: String,
    steps: Vec<Done>,
    can_retry: bool,
}

struct Done {
    action: &'static str,
    kind: &'static str,
    record: i64,
    state: &'static str,
    class: &'static str,
    at: String,
    reason: String,
    looks: String,
    request: String,
    answer: String,
    status: i64,
}

struct Delivery {
    id: String,
    at: String,
    route: String,
    fate: &'static str,
    lead: String,
    reason: String,
}

pub(super) async fn show(
    State(desk): State<Arc<Desk>>,
    visit: Visit,
    Path(contact): Path<String>,
) -> Shown {
    let id = contact.parse().map(ContactId).ok();
    let story = match id {
        Some(id) => desk.look(&visit, move |conn| explain::read(conn, id)).await?,
        None => None,
    };
    let Some(story) = story else {
        let words = &visit.words().refusals;
        return Err(visit.refuse(StatusCode::NOT_FOUND, words.no_contact, words.no_contact_do));
    };
    let w = &visit.words().story;
    let ContactId(contact) = story.contact;
    let heading = fill(w.title, &[("contact", &contact.to_string())]);
    let frame = desk.frame(&visit, Here::Leads, heading.clone()).await;
    Ok(html(&page(&desk, &visit, frame, heading, story)))
}

fn page(desk: &Desk, visit: &Visit, frame: Frame, heading: String, story: Story) -> Page {
    let (text, settings) = (visit.text(), &visit.settings);
    let w = &text.pages.story;
    let now = desk.clock.now();
    let hint =
        |it: &Waits| fill(w.hint, &[("route", &it.route), ("when", &moment(settings, it.due_at))]);
    let missing = |it: &Missing| {
        let run = it.run.0.to_string();
        let when = moment(settings, it.found_at);
        fill(w.missing, &[("route", &it.route), ("run", &run), ("when", &when)])
    };
    let not_shown = story.deliveries.len().saturating_sub(DELIVERIES_MAX);
    let left_out = story.left_out + i64::try_from(not_shown).unwrap_or(i64::MAX);
    Page {
        frame,
        w,
        c: &text.pages.common,
        heading,
        contact: story.contact.0,
        email: story.email.unwrap_or_default(),
        seen: fill(w.seen, &[("count", &text.number(story.observations))]),
        hints: story.hints.iter().map(hint).chain(story.missing.iter().map(missing)).collect(),
        leads: story.leads.into_iter().map(|it| lead(settings, it, now)).collect(),
        deliveries: story
            .deliveries
            .into_iter()
            .skip(not_shown)
            .rev()
            .map(|it| delivery(settings, it))
            .collect(),
        left_out: match left_out {
            0 => String::new(),
            count => fill(w.left_out, &[("count", &text.number(count))]),
        },
    }
}

fn lead(settings: &Settings, told: Told, now: chrono::DateTime<chrono::Utc>) -> Lead {
    let Told { lead, steps, waits } = told;
    let lines = lead.warnings.clone().unwrap_or_default();
    let told = |said: &str| settings.text.told(said);
    Lead {
        entered: lead.entered_at.map(|at| moment(settings, at)).unwrap_or_default(),
        found: moment(settings, lead.found_at),
        review: told(lead.review.as_deref().unwrap_or_default()),
        warnings: lines.lines().filter(|it| !it.is_empty()).map(told).collect(),
        waits: waits.map(|it| waiting(settings, &it)).unwrap_or_default(),
        steps: steps.iter().map(|it| step(settings, it)).collect(),
        can_retry: lead.state != LeadState::Erased,
        row: row(settings, &LeadRow::from(lead), now),
    }
}

fn waiting(settings: &Settings, waits: &Waits) -> String {
    let text = settings.text;
    let lane = Lane::ALL.iter().position(|it| *it == waits.lane).unwrap_or_default();
    let words = fill(
        text.pages.story.waits,
        &[
            ("lane", text.lanes[lane]),
            ("when", &moment(settings, waits.due_at)),
            ("attempts", &waits.attempts.to_string()),
        ],
    );
    match &waits.reason {
        Some(reason) => format!("{words}: {}", text.told(reason)),
        None => words,
    }
}

fn step(settings: &Settings, it: &Step) -> Done {
    let text = settings.text;
    let w = &text.pages.story;
    let (state, class) = match it.state.as_str() {
        "sent" => (w.sent, "wait"),
        "in_doubt" => (w.in_doubt, "doubt"),
        "refused" => (w.refused, "bad"),
        "lost" => (w.lost, "mute"),
        _ => (w.done, "good"),
    };
    let looks = match it.looks {
        0 => String::new(),
        count => fill(w.looks, &[("count", &count.to_string())]),
    };
    let writes = matches!(it.action.as_str(), "create" | "update");
    Done {
        action: action(text, &it.action),
        kind: kind(text, &it.kind),
        record: it.record.map_or(0, |it| it.0),
        state,
        class,
        at: it.at.map(|at| moment(settings, at)).unwrap_or_default(),
        reason: text.told(&it.reason),
        looks,
        request: match &it.request {
            Some(request) => pretty(request),
            None if writes => w.erased.to_owned(),
            None => String::new(),
        },
        answer: it.answer.as_ref().map(pretty).unwrap_or_default(),
        status: it.status.unwrap_or_default(),
    }
}

/// The word for what a step does.
pub(super) fn action(text: &'static Text, word: &str) -> &'static str {
    let w = &text.pages.story;
    match word {
        "create" => w.create,
        "update" => w.update,
        "adopt" => w.adopt,
        _ => w.skip,
    }
}

/// The word for the record of a step.
pub(super) fn kind(text: &'static Text, word: &str) -> &'static str {
    let [company, person, deal] = text.records;
    match word {
        "company" => company,
        "person" => person,
        "deal" => deal,
        _ => text.pages.story.note,
    }
}

/// JSON with a field a line; a text as it is.
pub(super) fn pretty(value: &Value) -> String {
    let text = match value {
        Value::String(text) => text.clone(),
        other => serde_json::to_string_pretty(other).unwrap_or_default(),
    };
    match text.char_indices().nth(BODY_CHARS_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

fn delivery(settings: &Settings, it: Delivered) -> Delivery {
    let fate = Fate::ALL.iter().position(|fate| *fate == it.fate).unwrap_or_default();
    Delivery {
        id: it.id.to_string(),
        at: moment(settings, it.received_at),
        route: it.route,
        fate: settings.text.fate[fate],
        lead: it.lead.unwrap_or_default(),
        reason: settings.text.told(&it.reason.unwrap_or_default()),
    }
}
