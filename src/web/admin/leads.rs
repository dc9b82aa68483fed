//! Leads: searched for, and page by page.

use std::{fmt::Write as _, sync::Arc};

use askama::Template;
use axum::{
    extract::{Path, Query, State},
    response::{IntoResponse, Redirect},
};
use http::StatusCode;
use serde::Deserialize;

use super::{
    Desk,
    frame::{Frame, Here, Shown, html},
    rows::{Row, row},
    visit::{Posted, Visit},
};
use crate::{
    domain::{ContactId, LeadState},
    ledger::{
        contact, lead,
        leads::{self, Listed, Wanted, Which},
    },
    web::{
        i18n::{
            Text,
            pages::{self, fill},
        },
        overview::LeadRow,
    },
};

/// Leads of a page: what somebody looks through.
const ROWS: usize = 50;

/// Contacts of one address that are shown: an address goes from one to another now and then.
const CONTACTS_MAX: usize = 50;

/// The word for leads without a webhook.
const MISSED: &str = "missed";

#[derive(Template)]
#[template(path = "admin/leads.html")]
struct Page {
    frame: Frame,
    text: &'static Text,
    w: &'static pages::Leads,
    c: &'static pages::Common,
    /// What was searched for: never an address, which stays out of pages that others see.
    q: String,
    trouble: &'static str,
    heading: String,
    shows: Vec<Choice>,
    routes: Vec<Choice>,
    rows: Vec<Row>,
    none: &'static str,
    none_do: &'static str,
    is_later: bool,
    first: String,
    older: String,
}

/// An entry of a list.
struct Choice {
    value: String,
    name: String,
    is_chosen: bool,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Asked {
    /// A number or a lead.
    q: String,
    show: String,
    route: String,
    before: String,
}

impl Asked {
    fn which(&self) -> Which {
        match self.show.as_str() {
            MISSED => Which::Missed,
            word => word.parse::<LeadState>().map_or(Which::All, Which::State),
        }
    }

    /// The address of the same question, from the first page or from a lead on.
    fn address(&self, before: Option<&str>) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        for (name, value) in [("show", &self.show), ("route", &self.route)] {
            if !value.is_empty() {
                query.append_pair(name, value);
            }
        }
        if let Some(before) = before {
            query.append_pair("before", before);
        }
        format!("/leads?{}", query.finish())
    }
}

pub(super) async fn show(
    State(desk): State<Arc<Desk>>,
    visit: Visit,
    Query(asked): Query<Asked>,
) -> Shown {
    if !asked.q.is_empty() {
        let number: i64 = asked.q.parse().unwrap_or_default();
        let rows = desk.look(&visit, move |conn| leads::of_number(conn, number, ROWS)).await?;
        let mut page = page(&desk, &visit, &asked, rows).await;
        page.heading = fill(page.w.found_for, &[("what", &asked.q)]);
        (page.none, page.none_do) = (page.w.nothing, page.w.nothing_do);
        page.q = asked.q;
        return Ok(html(&page));
    }
    let filled = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let wanted =
        Wanted { which: asked.which(), route: filled(&asked.route), before: filled(&asked.before) };
    // One more than is shown says whether there are more.
    let mut rows = desk.look(&visit, move |conn| leads::page(conn, &wanted, ROWS + 1)).await?;
    let more = rows.len() > ROWS;
    rows.truncate(ROWS);
    let last = rows.last().map(|it| it.key.clone()).filter(|_| more);
    let mut page = page(&desk, &visit, &asked, rows).await;
    page.older = last.map(|key| asked.address(Some(&key))).unwrap_or_default();
    page.is_later = !asked.before.is_empty();
    Ok(html(&page))
}

/// Looks for an address, a number or a lead. Addresses come in a form and never stand in a URL.
pub(super) async fn search(State(desk): State<Arc<Desk>>, posted: Posted) -> Shown {
    let visit = &posted.visit;
    let q = posted.get("q").trim();
    if q.is_empty() {
        return Ok(Redirect::to("/leads").into_response());
    }
    if q.contains('@') {
        return of_address(&desk, visit, q).await;
    }
    if q.bytes().all(|it| it.is_ascii_digit()) {
        return Ok(Redirect::to(&format!("/leads?q={q}")).into_response());
    }
    if q.contains('/') {
        return Ok(Redirect::to(&lead_path(q)).into_response());
    }
    let mut page = page(&desk, visit, &Asked::default(), Vec::new()).await;
    page.trouble = page.w.not_understood;
    page.none = page.w.nothing;
    let mut response = html(&page);
    *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
    Ok(response)
}

async fn of_address(desk: &Desk, visit: &Visit, address: &str) -> Shown {
    let key = desk.ledger.keyed(&contact::email_key(address));
    let mut contacts = desk.look(visit, move |conn| contact::by_email(conn, &key)).await?;
    if let [only] = contacts[..] {
        return Ok(Redirect::to(&format!("/contacts/{only}")).into_response());
    }
    contacts.truncate(CONTACTS_MAX);
    let rows = desk.look(visit, move |conn| leads::of_contacts(conn, &contacts, ROWS)).await?;
    let mut page = page(desk, visit, &Asked::default(), rows).await;
    page.heading = fill(page.w.found_for, &[("what", address)]);
    (page.none, page.none_do) = (page.w.nothing, page.w.nothing_do);
    Ok(html(&page))
}

/// A lead by its name: its contact's story, at that lead.
pub(super) async fn of_key(
    State(desk): State<Arc<Desk>>,
    visit: Visit,
    Path(key): Path<String>,
) -> Shown {
    let wanted = key.clone();
    let found = desk.look(&visit, move |conn| lead::by_key(conn, &wanted)).await?;
    let Some(lead) = found else {
        let words = &visit.words().refusals;
        let what = fill(words.no_lead, &[("lead", &key)]);
        return Err(visit.refuse(StatusCode::NOT_FOUND, &what, words.no_lead_do));
    };
    let ContactId(contact) = lead.contact;
    Ok(Redirect::to(&format!("/contacts/{contact}#{}", encoded(&lead.key))).into_response())
}

/// The address of a lead.
pub(super) fn lead_path(key: &str) -> String {
    format!("/leads/{}", encoded(key))
}

/// A lead's name in an address: its slash stays.
pub(super) fn encoded(key: &str) -> String {
    key.bytes().fold(String::new(), |mut text, byte| {
        if byte.is_ascii_alphanumeric() || b"/-_.~".contains(&byte) {
            text.push(char::from(byte));
        } else {
            let _ = write!(text, "%{byte:02X}");
        }
        text
    })
}

async fn page(desk: &Desk, visit: &Visit, asked: &Asked, rows: Vec<Listed>) -> Page {
    let (text, words) = (visit.text(), visit.words());
    let w = &words.leads;
    let now = desk.clock.now();
    let choice = |value: &str, name: &str, chosen: &str| Choice {
        value: value.to_owned(),
        name: name.to_owned(),
        is_chosen: value == chosen,
    };
    let mut shows = vec![choice("", w.all, &asked.show), choice(MISSED, w.missed, &asked.show)];
    for state in LeadState::ALL {
        shows.push(choice(state.as_str(), (text.state)(*state), &asked.show));
    }
    let mut routes = vec![choice("", words.common.all_routes, &asked.route)];
    for route in &desk.config().routes {
        routes.push(choice(&route.name, &route.name, &asked.route));
    }
    let chosen = shows.iter().find(|it| it.is_chosen && !it.value.is_empty());
    let heading = chosen.map(|it| format!("{}: {}", w.title, it.name));
    Page {
        frame: desk.frame(visit, Here::Leads, w.title).await,
        text,
        w,
        c: &words.common,
        q: String::new(),
        trouble: "",
        heading: heading.unwrap_or_else(|| w.title.to_owned()),
        shows,
        routes,
        rows: rows.into_iter().map(|it| row(&visit.settings, &LeadRow::from(it), now)).collect(),
        none: w.empty,
        none_do: "",
        is_later: false,
        first: asked.address(None),
        older: String::new(),
    }
}
