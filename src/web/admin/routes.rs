//! Routes: how each is configured and how it stands; pausing it; a dry run on a real contact.

use std::{collections::BTreeSet, sync::Arc};

use askama::Template;
use axum::{
    extract::{Path, Query, State},
    response::{IntoResponse, Redirect},
};
use http::StatusCode;
use secrecy::ExposeSecret as _;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Desk,
    frame::{Frame, Here, Shown, html},
    leads::encoded,
    runs::known_route,
    visit::{Posted, Visit},
};
use crate::{
    config::{Membership, NameOrId, OwnerRef, Route, Since, Source},
    domain::{Behaviour, Existing},
    ledger::{self, job::kind},
    web::i18n::pages::{self, fill},
};

#[derive(Template)]
#[template(path = "admin/routes.html")]
struct All {
    frame: Frame,
    w: &'static pages::Routes,
    c: &'static pages::Common,
    dry: &'static pages::Dry,
    can_edit: bool,
    routes: Vec<Card>,
}

#[derive(Template)]
#[template(path = "admin/route.html")]
struct One {
    frame: Frame,
    w: &'static pages::Routes,
    c: &'static pages::Common,
    dry: &'static pages::Dry,
    route: Card,
    can_edit: bool,
    is_enabled: bool,
    is_paused: bool,
    url: String,
    facts: Vec<(&'static str, String)>,
    map: Vec<MapRow>,
}

/// A route at a glance.
struct Card {
    name: String,
    status: &'static str,
    class: &'static str,
    held: Vec<String>,
    members: String,
    create: &'static str,
    pipeline: String,
    stage: String,
}

struct MapRow {
    from: String,
    is_template: bool,
    to: String,
    required: bool,
}

pub(super) async fn show(State(desk): State<Arc<Desk>>, visit: Visit) -> Shown {
    let paused = paused(&desk, &visit).await?;
    let words = visit.words();
    let config = desk.config();
    Ok(html(&All {
        frame: desk.frame(&visit, Here::Routes, words.routes.title).await,
        w: &words.routes,
        c: &words.common,
        dry: &words.dry,
        can_edit: desk.file.is_some(),
        routes: config.routes.iter().map(|it| card(&desk, &visit, it, &paused)).collect(),
    }))
}

pub(super) async fn one(
    State(desk): State<Arc<Desk>>,
    visit: Visit,
    Path(name): Path<String>,
    Query(asked): Query<Asked>,
) -> Shown {
    known_route(&desk, &visit, &name)?;
    let paused = paused(&desk, &visit).await?;
    let words = visit.words();
    let config = desk.config();
    let Some(route) = config.routes.iter().find(|it| it.name == name) else {
        return Err(visit.refuse(
            StatusCode::NOT_FOUND,
            words.refusals.missing,
            words.refusals.missing_do,
        ));
    };
    let title = fill(words.routes.one, &[("route", &name)]);
    let mut frame = desk.frame(&visit, Here::Routes, title).await;
    if asked.said == "saved" {
        words.notices.saved.clone_into(&mut frame.notice);
    }
    Ok(html(&One {
        frame,
        w: &words.routes,
        c: &words.common,
        dry: &words.dry,
        can_edit: desk.file.is_some(),
        is_enabled: route.enabled,
        is_paused: paused.contains(&name),
        url: format!("/webhooks/{}", route.webhook_token.expose_secret()),
        facts: facts(&visit, route),
        map: route.map.iter().map(map_row).collect(),
        route: card(&desk, &visit, route, &paused),
    }))
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Asked {
    said: String,
}

/// The address of a route's page, or of one behind it: a name may have spaces and accents.
pub(super) fn route_path(name: &str, rest: &str) -> String {
    format!("/routes/{}{rest}", encoded(name))
}

/// The names of the routes that a person paused.
async fn paused(desk: &Desk, visit: &Visit) -> Result<BTreeSet<String>, super::frame::Refused> {
    let all = desk.look(visit, ledger::route::all).await?;
    Ok(all.into_iter().filter(|it| it.is_paused).map(|it| it.name).collect())
}

fn card(desk: &Desk, visit: &Visit, route: &Route, paused: &BTreeSet<String>) -> Card {
    let w = &visit.words().routes;
    let view = desk.state.view();
    let held = view.as_ref().map(|it| it.held.as_slice()).unwrap_or_default();
    let held = held.iter().find(|it| it.0 == route.name).map(|it| it.1.clone());
    let (status, class) = match (&held, route.enabled, paused.contains(&route.name)) {
        (_, false, _) => (w.off, "mute"),
        (_, _, true) => (w.paused, "wait"),
        (Some(_), ..) => (w.held, "bad"),
        (None, ..) => (w.on, "good"),
    };
    let name = |it: &Option<NameOrId>| it.as_ref().map(named).unwrap_or_default();
    Card {
        name: route.name.clone(),
        status,
        class,
        held: held.into_iter().flatten().map(|it| visit.text().told(&it)).collect(),
        members: members(w, &route.membership),
        create: creates(w, route.create),
        pipeline: name(&route.pipeline),
        stage: name(&route.stage),
    }
}

fn named(it: &NameOrId) -> String {
    match it {
        NameOrId::Name(name) => name.clone(),
        NameOrId::Id(id) => id.to_string(),
    }
}

fn members(w: &pages::Routes, membership: &Membership) -> String {
    match membership {
        Membership::Automation(id) => fill(w.automation, &[("id", &id.to_string())]),
        Membership::Tag(tag) => fill(w.tag, &[("tag", tag)]),
        Membership::List(id) => fill(w.list, &[("id", &id.to_string())]),
        Membership::EveryContact => w.every.to_owned(),
    }
}

const fn creates(w: &'static pages::Routes, create: Behaviour) -> &'static str {
    match create {
        Behaviour::CompanyPersonDeal => w.company_person_deal,
        Behaviour::PersonDeal => w.person_deal,
        Behaviour::CompanyPerson => w.company_person,
    }
}

fn facts(visit: &Visit, route: &Route) -> Vec<(&'static str, String)> {
    let words = visit.words();
    let (w, c) = (&words.routes, &words.common);
    let name = |it: &Option<NameOrId>| it.as_ref().map_or_else(|| "–".to_owned(), named);
    let yes = |it: bool| if it { c.yes } else { c.no }.to_owned();
    let listed = |it: &[String]| if it.is_empty() { "–".to_owned() } else { it.join(", ") };
    let owners: Vec<String> = route
        .owner
        .iter()
        .map(|it| match it {
            OwnerRef::Id(id) => id.to_string(),
            OwnerRef::Email(email) => email.clone(),
        })
        .collect();
    let within = chrono::TimeDelta::from_std(route.expect_within).unwrap_or_default();
    vec![
        (w.members, members(w, &route.membership)),
        (w.create, creates(w, route.create).to_owned()),
        (w.pipeline, name(&route.pipeline)),
        (w.stage, name(&route.stage)),
        (w.guard, yes(route.skip_if_open_deal)),
        (
            w.existing,
            match route.existing {
                Existing::Fill => w.fill,
                Existing::Overwrite => w.overwrite,
                Existing::Leave => w.leave,
            }
            .to_owned(),
        ),
        (w.owner, listed(&owners)),
        (w.origin, route.origin.clone().unwrap_or("–".to_owned())),
        (w.tags, listed(&route.tags)),
        (w.note_key, route.note.clone().unwrap_or("–".to_owned())),
        (w.webhook_within, crate::report::lasting(within)),
        (
            w.since,
            match route.since {
                Some(Since::Day(day)) => day.to_string(),
                Some(Since::Moment(moment)) => moment.to_rfc3339(),
                None => "–".to_owned(),
            },
        ),
    ]
}

fn map_row(row: &crate::config::MapRow) -> MapRow {
    let (from, is_template) = match &row.source {
        Source::From(from) => (from.clone(), false),
        Source::Template(template) => (template.clone(), true),
    };
    MapRow { from, is_template, to: row.to.clone(), required: row.required }
}

/// Whom a dry run is for; `None` where it is no address and no number.
pub(super) fn contact_of(text: &str) -> Option<Value> {
    match text.parse::<i64>() {
        Ok(id) => Some(json!({ "contact": id })),
        Err(_) => text.contains('@').then(|| json!({ "email": text })),
    }
}

/// What would be done for a contact now: asked of the engine, which asks both accounts.
pub(super) async fn dry_run(State(desk): State<Arc<Desk>>, posted: Posted) -> Shown {
    let visit = &posted.visit;
    let route = known_route(&desk, visit, posted.get("route"))?;
    let Some(mut arguments) = contact_of(posted.get("contact").trim()) else {
        let words = visit.words();
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        return Err(visit.refuse(status, words.dry.title, words.dry.not_understood));
    };
    arguments["route"] = json!(route);
    let subject = route.unwrap_or("*").to_owned();
    let id = desk.ask(visit, (kind::PLAN, arguments), "plan_asked", subject).await?;
    Ok(Redirect::to(&format!("/jobs/{}", id.0)).into_response())
}

/// Stops the writing for a route, or lets it go on.
pub(super) async fn pause(State(desk): State<Arc<Desk>>, posted: Posted) -> Shown {
    let visit = &posted.visit;
    let Some(route) = known_route(&desk, visit, posted.get("route"))?.map(str::to_owned) else {
        return Ok(Redirect::to("/routes").into_response());
    };
    let stops = posted.get("paused") == "yes";
    let what = if stops { "pause" } else { "resume" };
    let name = route.clone();
    desk.act(visit, what, route.clone(), move |tx, _| {
        ledger::route::set_paused(tx, Some(&name), stops)
    })
    .await?;
    desk.wake(visit).await?;
    Ok(Redirect::to(&route_path(&route, "")).into_response())
}
