//! What stands around every page, and the page of a refusal.

use askama::Template;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};

use super::{Desk, visit::Visit};
use crate::{
    config::Language,
    web::i18n::pages::{self, fill},
};

/// A page of the navigation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Here {
    Overview,
    Leads,
    Waiting,
    Runs,
    Routes,
    Person,
    Settings,
    /// None of them.
    Nowhere,
}

/// What stands around every page; see `templates/admin/frame.html`.
pub(super) struct Frame {
    pub(super) w: &'static pages::Frame,
    pub(super) tag: &'static str,
    pub(super) version: &'static str,
    pub(super) title: String,
    pub(super) csrf: String,
    pub(super) to: String,
    /// The other language's tag.
    pub(super) other: (&'static str,),
    pub(super) is_in: bool,
    pub(super) is_signed_in: bool,
    pub(super) is_open: bool,
    pub(super) notice: String,
    /// After how many seconds the page is loaded again; 0 for never.
    pub(super) refresh: u32,
    here: Here,
    waiting: i64,
}

/// An entry of the navigation.
pub(super) struct Place {
    pub(super) path: &'static str,
    pub(super) name: &'static str,
    pub(super) is_here: bool,
    /// How much waits there for a person.
    pub(super) count: i64,
}

impl Frame {
    /// The frame of a page of `visit`.
    pub(super) fn new(visit: &Visit, here: Here, title: impl Into<String>) -> Self {
        Self {
            w: &visit.words().frame,
            tag: visit.text().tag,
            version: env!("CARGO_PKG_VERSION"),
            title: title.into(),
            csrf: visit.csrf.clone(),
            to: visit.to.clone(),
            other: match visit.language {
                Language::Portuguese => ("en",),
                Language::English => ("pt-BR",),
            },
            is_in: visit.is_in(),
            is_signed_in: visit.session.is_some(),
            is_open: visit.is_open,
            notice: String::new(),
            refresh: 0,
            here,
            waiting: 0,
        }
    }

    pub(super) fn places(&self) -> [Place; 7] {
        let w = self.w;
        let place = |path, name, here| Place {
            path,
            name,
            is_here: here == self.here,
            count: if here == Here::Waiting { self.waiting } else { 0 },
        };
        [
            place("/", w.overview, Here::Overview),
            place("/leads", w.leads, Here::Leads),
            place("/waiting", w.waiting, Here::Waiting),
            place("/runs", w.runs, Here::Runs),
            place("/routes", w.routes, Here::Routes),
            place("/person", w.person, Here::Person),
            place("/settings", w.settings, Here::Settings),
        ]
    }

    pub(super) fn waits(&self) -> String {
        fill(self.w.waits, &[("count", &self.waiting.to_string())])
    }

    /// Whether the page follows the numbers as they change.
    pub(super) fn is_live(&self) -> bool {
        self.here == Here::Overview
    }
}

impl Desk {
    /// The frame of a page, with what waits for a person.
    pub(super) async fn frame(&self, visit: &Visit, here: Here, title: impl Into<String>) -> Frame {
        let mut frame = Frame::new(visit, here, title);
        if let Ok(overview) = self.overview().await {
            frame.waiting = overview.leads.failed + overview.deliveries.quarantined;
        }
        frame
    }
}

/// A page as an answer.
pub(super) fn html(page: &impl Template) -> Response {
    let html = HeaderValue::from_static("text/html; charset=utf-8");
    let body = page.render().expect("a string takes all that is written to it");
    ([(header::CONTENT_TYPE, html)], body).into_response()
}

/// A refusal, with what is wrong and what to do.
pub(super) struct Refused(Box<Response>);

/// What a handler gives.
pub(super) type Shown = Result<Response, Refused>;

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        *self.0
    }
}

#[derive(Template)]
#[template(path = "admin/refusal.html")]
struct Page<'a> {
    frame: Frame,
    detail: &'a str,
    to_do: &'a str,
}

/// A refusal; `detail` is what was said elsewhere, in English.
pub(super) fn refuse(
    visit: &Visit,
    status: StatusCode,
    what: &str,
    detail: &str,
    to_do: &str,
) -> Refused {
    let frame = Frame::new(visit, Here::Nowhere, what);
    let detail = visit.text().told(detail);
    let mut response = html(&Page { frame, detail: &detail, to_do });
    *response.status_mut() = status;
    Refused(Box::new(response))
}
