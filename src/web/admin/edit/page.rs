//! The form as a page, and what stands beside it.

use std::sync::Arc;

use askama::Template;
use axum::response::Response;

use crate::{
    domain::{Behaviour, Existing},
    web::{
        admin::{
            Desk,
            frame::{Frame, Here, html},
            jobs::Plan,
            lists::{Choice, Offered, choices},
            route_form::{Draft, DraftRow, MEMBERS},
            routes::route_path,
            visit::Visit,
        },
        i18n::{
            Text,
            pages::{self, fill},
        },
    },
};

#[derive(Template)]
#[template(path = "admin/edit.html")]
struct Page {
    frame: Frame,
    text: &'static Text,
    w: &'static pages::RouteForm,
    routes: &'static pages::Routes,
    c: &'static pages::Common,
    dry: &'static pages::Dry,
    name: String,
    is_new: bool,
    /// Where the form goes, where "back" leads, and where the lists are read.
    action: String,
    back: String,
    lists: String,
    seen: String,
    draft: Draft,
    rows: Vec<DraftRow>,
    members: [(&'static str, &'static str); 4],
    creates: [(&'static str, &'static str); 3],
    existings: [(&'static str, &'static str); 3],
    offered: Arc<Offered>,
    has_lists: bool,
    troubles: Vec<String>,
    pipelines: Vec<Choice>,
    stages: Vec<(String, Vec<Choice>)>,
    origins: Vec<Choice>,
    template_note: String,
    beside: Beside,
}

/// Something that has to be put right.
pub(super) struct Wrong {
    pub(super) key: String,
    pub(super) what: String,
    pub(super) to_do: String,
}

impl Wrong {
    /// Something that no key says.
    pub(super) fn of(what: &str, to_do: &str) -> Self {
        Self { key: String::new(), what: what.to_owned(), to_do: to_do.to_owned() }
    }
}

/// What is shown beside the form.
#[derive(Default)]
pub(super) struct Beside {
    pub(super) problems: Vec<Wrong>,
    pub(super) toml: String,
    pub(super) read_only: String,
    pub(super) notice: &'static str,
    /// Whom a dry run is for, and what it says.
    pub(super) contact: String,
    pub(super) plans: Vec<Plan>,
}

/// Whose form it is.
#[derive(Clone, Copy)]
pub(super) enum Which<'a> {
    /// A route of the file.
    Saved(&'a str),
    /// One that is to be added under this name.
    New(&'a str),
}

/// Words of the configuration, each with what it means.
const fn named(
    words: [&'static str; 3],
    all: [&'static str; 3],
) -> [(&'static str, &'static str); 3] {
    [(words[0], all[0]), (words[1], all[1]), (words[2], all[2])]
}

/// What the form is called, and where it leads.
struct Places<'a> {
    name: &'a str,
    title: String,
    back: String,
    to: String,
    lists: String,
}

impl<'a> Which<'a> {
    fn places(self, w: &pages::RouteForm) -> Places<'a> {
        match self {
            Self::Saved(name) => Places {
                name,
                title: fill(w.title, &[("route", name)]),
                back: route_path(name, ""),
                to: route_path(name, "/edit"),
                lists: route_path(name, "/lists"),
            },
            Self::New(name) => Places {
                name,
                title: w.new_title.to_owned(),
                back: "/routes".to_owned(),
                to: "/new-route".to_owned(),
                lists: "/new-route/lists".to_owned(),
            },
        }
    }
}

pub(super) async fn page(
    desk: &Desk,
    visit: &Visit,
    which: Which<'_>,
    (draft, seen): (Draft, String),
    beside: Beside,
) -> Response {
    let (text, words) = (visit.text(), visit.words());
    let (w, routes) = (&words.form, &words.routes);
    let offered = desk.lists.last().await;
    let has_lists = offered.is_some();
    let offered = offered.unwrap_or_default();
    let Places { name, title, back, to, lists } = which.places(w);
    let mut frame = desk.frame(visit, Here::Routes, title).await;
    frame.to.clone_from(&to);
    beside.notice.clone_into(&mut frame.notice);
    let has_pipelines = !offered.pipelines.is_empty();
    html(&Page {
        frame,
        text,
        w,
        routes,
        c: &words.common,
        dry: &words.dry,
        name: name.to_owned(),
        is_new: matches!(which, Which::New(_)),
        action: to,
        back,
        lists,
        seen,
        members: [
            (MEMBERS[0], w.automation),
            (MEMBERS[1], w.tag),
            (MEMBERS[2], w.list),
            (MEMBERS[3], w.every),
        ],
        creates: named(
            Behaviour::ALL.map(|(word, _)| word),
            [routes.company_person_deal, routes.person_deal, routes.company_person],
        ),
        existings: named(
            Existing::ALL.map(|(word, _)| word),
            [routes.fill, routes.overwrite, routes.leave],
        ),
        has_lists,
        troubles: offered.troubles.iter().map(|it| text.told(it)).collect(),
        pipelines: if has_pipelines { offered.pipelines(&draft.pipeline) } else { Vec::new() },
        stages: if has_pipelines {
            offered.stages(&draft.pipeline, &draft.stage)
        } else {
            Vec::new()
        },
        origins: match offered.origins.as_slice() {
            [] => Vec::new(),
            origins => choices(origins, &draft.origin),
        },
        rows: draft.with_spare_rows(),
        draft,
        offered,
        template_note: fill(w.template_note, &[("example", "{{ company or full_name }} - site")]),
        beside,
    })
}
