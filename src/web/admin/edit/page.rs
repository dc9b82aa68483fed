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

pub(super) async fn page(
    desk: &Desk,
    visit: &Visit,
    name: &str,
    (draft, seen): (Draft, String),
    beside: Beside,
) -> Response {
    let (text, words) = (visit.text(), visit.words());
    let (w, routes) = (&words.form, &words.routes);
    let offered = desk.lists.last().await;
    let has_lists = offered.is_some();
    let offered = offered.unwrap_or_default();
    let title = fill(w.title, &[("route", name)]);
    let mut frame = desk.frame(visit, Here::Routes, title).await;
    frame.to = format!("/routes/{name}/edit");
    beside.notice.clone_into(&mut frame.notice);
    let named = |words: [&'static str; 3], all: [&'static str; 3]| {
        [(words[0], all[0]), (words[1], all[1]), (words[2], all[2])]
    };
    let has_pipelines = !offered.pipelines.is_empty();
    html(&Page {
        frame,
        text,
        w,
        routes,
        c: &words.common,
        dry: &words.dry,
        name: name.to_owned(),
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
