//! The admin address: the pages, `/healthz`, `/readyz` and `/metrics`.
//!
//! Promises that a page loads nothing from elsewhere and runs no script but its own file, that it
//! works without any script, and that where a password is set nobody sees a page or metrics without
//! it. A form does what its page said, once, and only where the page is ours; who did what is kept
//! in the ledger. All that calls an API is asked of the engine, as the command line asks it.
//! `/healthz` and `/readyz` say nothing about anybody and are open, for monitors.

mod assets;
mod attention;
mod chart;
mod desk;
mod edit;
mod frame;
mod gate;
mod jobs;
mod leads;
mod lists;
mod live;
mod metrics;
mod overview;
mod person;
mod ready;
mod route_form;
mod routes;
mod rows;
mod runs;
mod session;
mod settings;
mod sign_in;
mod story;
mod visit;
mod waiting;

use std::{fmt, sync::Arc};

use axum::{
    Router,
    extract::{Request, State},
    middleware::{Next, from_fn, from_fn_with_state},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};

use self::{
    desk::{Desk, Settings},
    frame::Refused,
    visit::Visit,
};
use crate::config::Live;

pub use self::{
    desk::Parts,
    edit::{File, Reload},
};

/// The admin address; clones are the same.
#[derive(Clone)]
pub struct Admin(Arc<Desk>);

impl Admin {
    /// The pages of a service that starts now.
    pub fn new(live: &Live, parts: Parts) -> Self {
        Self(Arc::new(Desk::new(live, parts)))
    }

    /// What is served at the admin address.
    pub fn router(&self) -> Router {
        let desk = &self.0;
        let for_everybody = Router::new()
            .route("/sign-in", get(sign_in::show).post(sign_in::sign_in))
            .route("/language", post(sign_in::language))
            .layer(from_fn_with_state(Arc::clone(desk), visit::greet));
        Router::new()
            .route("/healthz", get(async || "ok"))
            .route("/readyz", get(readyz))
            .route("/metrics", get(metrics))
            .route("/assets/page.css", get(assets::style))
            .route("/assets/page.js", get(assets::script))
            .route("/assets/icon.svg", get(assets::icon))
            .merge(for_everybody)
            .merge(pages().layer(from_fn_with_state(Arc::clone(desk), visit::enter)))
            .layer(from_fn(protect))
            .with_state(Arc::clone(desk))
    }
}

/// The pages for those who are signed in.
fn pages() -> Router<Arc<Desk>> {
    Router::new()
        .route("/", get(overview::show))
        .route("/live", get(live::follow))
        .route("/leads", get(leads::show))
        .route("/leads/search", post(leads::search))
        .route("/leads/{*key}", get(leads::of_key))
        .route("/contacts/{contact}", get(story::show))
        .route("/waiting", get(waiting::show))
        .route("/waiting/retry", post(waiting::retry))
        .route("/runs", get(runs::show))
        .route("/runs/{run}", get(runs::report))
        .route("/runs/poll", post(runs::poll))
        .route("/runs/reconcile", post(runs::reconcile))
        .route("/jobs/{job}", get(jobs::show))
        .route("/new-route", get(edit::new::show).post(edit::new::add))
        .route("/new-route/lists", post(edit::new::read_lists))
        .route("/routes", get(routes::show))
        .route("/routes/{route}", get(routes::one))
        .route("/routes/{route}/edit", get(edit::show).post(edit::save))
        .route("/routes/{route}/lists", post(edit::read_lists))
        .route("/routes/{route}/enabled", post(edit::switch))
        .route("/routes/try", post(routes::dry_run))
        .route("/routes/pause", post(routes::pause))
        .route("/person", get(person::show).post(person::search))
        .route("/person/{contact}", get(person::one))
        .route("/person/{contact}/export", post(person::export))
        .route("/person/{contact}/erase", post(person::erase))
        .route("/person/{contact}/lift", post(person::lift))
        .route("/settings", get(settings::show))
        .route("/settings/check", post(settings::check))
        .route("/sign-out", post(sign_in::sign_out))
        .fallback(missing)
}

impl fmt::Debug for Admin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Admin").finish_non_exhaustive()
    }
}

async fn missing(visit: Visit) -> Refused {
    let words = &visit.words().refusals;
    visit.refuse(StatusCode::NOT_FOUND, words.missing, words.missing_do)
}

async fn readyz(State(desk): State<Arc<Desk>>) -> Response {
    let ready = desk.readiness.ask(&desk.read, &desk.state).await;
    let status = if ready.is_ready() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, axum::Json(ready.json())).into_response()
}

/// For programs: the password by HTTP Basic; or for somebody who is signed in.
async fn metrics(State(desk): State<Arc<Desk>>, headers: HeaderMap) -> Response {
    let is_in = visit::cookie(&headers, visit::SESSION).is_some_and(|it| desk.sessions.goes_on(it));
    if let (Some(gate), false) = (&desk.gate, is_in)
        && let Some(refused) = gate.refuse(&headers).await
    {
        return refused;
    }
    let settings = desk.settings(desk.config().admin.language);
    match (desk.read)().await {
        Ok(overview) => {
            let text = metrics::text(&overview, &settings, desk.started_at, desk.clock.now());
            let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
            ([(header::CONTENT_TYPE, HeaderValue::from_static(kind))], text).into_response()
        }
        Err(error) => {
            tracing::warn!(%error, "the metrics cannot be made");
            StatusCode::SERVICE_UNAVAILABLE.into_response()
        }
    }
}

/// Puts on each answer what keeps the page from being framed, sniffed, kept or led elsewhere.
async fn protect(request: Request, next: Next) -> Response {
    const HEADERS: [(HeaderName, &str); 5] = [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        // Under "no-referrer" a browser does not say either where a form was.
        (header::REFERRER_POLICY, "same-origin"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ];
    const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; \
                          connect-src 'self'; form-action 'self'; base-uri 'none'; \
                          frame-ancestors 'none'";
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    // The report of a run has its style inside, and a stricter policy of its own.
    headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(HeaderValue::from_static(POLICY));
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

#[cfg(test)]
mod tests;
