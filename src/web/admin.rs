//! The admin address: the page, `/healthz`, `/readyz` and `/metrics`.
//!
//! Shows and changes nothing. Promises that the page loads nothing from elsewhere and runs no
//! script, and that where a password is set nobody sees page or metrics without it. `/healthz` and
//! `/readyz` say nothing about anybody and are open, for monitors.

mod attention;
mod gate;
mod metrics;
mod page;
mod ready;

use std::{fmt, sync::Arc};

use axum::{
    Router,
    extract::{Request, State},
    middleware::{Next, from_fn, from_fn_with_state},
    response::{IntoResponse, Response},
    routing::get,
};
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use http::{HeaderName, HeaderValue, StatusCode, header};

use self::{gate::Gate, page::Page, ready::Readiness};
use super::{
    engine_state::EngineState,
    i18n::{self, Text},
    overview::ReadOverview,
};
use crate::{clock::Clock, config::Config, ledger::Ledger};

/// The page's style, served beside it because the policy lets nothing stand inline.
const STYLE: &str = include_str!("../../templates/page.css");

/// The admin address; clones are the same.
#[derive(Clone)]
pub struct Admin(Arc<Desk>);

struct Desk {
    read: ReadOverview,
    state: Arc<EngineState>,
    clock: Clock,
    started_at: DateTime<Utc>,
    readiness: Readiness,
    gate: Option<Gate>,
    settings: Settings,
}

/// What of the configuration the page goes by.
struct Settings {
    text: &'static Text,
    timezone: Tz,
    app_url: Option<String>,
    activecampaign_rate: u32,
    ploomes_rate: u32,
}

impl Admin {
    /// The page of a service that starts now.
    ///
    /// `read` gives the numbers of `ledger`, which itself is only asked whether it can be written.
    pub fn new(
        config: &Config,
        ledger: Ledger,
        read: ReadOverview,
        clock: Clock,
        state: Arc<EngineState>,
    ) -> Self {
        let started_at = clock.now();
        Self(Arc::new(Desk {
            read,
            state,
            started_at,
            readiness: Readiness::new(ledger, clock.clone(), &config.schedule, started_at),
            clock,
            gate: config.admin.password_hash.clone().map(Gate::new),
            settings: Settings {
                text: i18n::of(config.admin.language),
                timezone: config.schedule.timezone,
                app_url: config.ploomes.app_url.clone(),
                activecampaign_rate: config.activecampaign.requests_per_second,
                ploomes_rate: config.ploomes.requests_per_minute,
            },
        }))
    }

    /// What is served at the admin address.
    pub fn router(&self) -> Router {
        let desk = &self.0;
        let behind_the_gate = Router::new()
            .route("/", get(page))
            .route("/metrics", get(metrics))
            .layer(from_fn_with_state(Arc::clone(desk), let_in));
        Router::new()
            .route("/healthz", get(async || "ok"))
            .route("/readyz", get(readyz))
            .route("/assets/page.css", get(style))
            .merge(behind_the_gate)
            .layer(from_fn(protect))
            .with_state(Arc::clone(desk))
    }
}

impl fmt::Debug for Admin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Admin").finish_non_exhaustive()
    }
}

async fn page(State(desk): State<Arc<Desk>>) -> Response {
    let overview = match (desk.read)().await {
        Ok(overview) => overview,
        Err(error) => {
            tracing::warn!(%error, "the page cannot be made");
            return (StatusCode::SERVICE_UNAVAILABLE, format!("{error}\n")).into_response();
        }
    };
    let now = desk.clock.now();
    let late = desk.readiness.late(&overview, now);
    let view = desk.state.view();
    let attention = attention::of(&overview, view.as_ref(), late, &desk.settings);
    let page = Page::new(&desk.settings, &overview, view.as_ref(), attention, now);
    let html = HeaderValue::from_static("text/html; charset=utf-8");
    ([(header::CONTENT_TYPE, html)], page.html()).into_response()
}

async fn readyz(State(desk): State<Arc<Desk>>) -> Response {
    let ready = desk.readiness.ask(&desk.read, &desk.state).await;
    let status = if ready.is_ready() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, axum::Json(ready.json())).into_response()
}

async fn metrics(State(desk): State<Arc<Desk>>) -> Response {
    match (desk.read)().await {
        Ok(overview) => {
            let text = metrics::text(&overview, &desk.settings, desk.started_at, desk.clock.now());
            let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
            ([(header::CONTENT_TYPE, HeaderValue::from_static(kind))], text).into_response()
        }
        Err(error) => {
            tracing::warn!(%error, "the metrics cannot be made");
            StatusCode::SERVICE_UNAVAILABLE.into_response()
        }
    }
}

async fn style() -> Response {
    let css = HeaderValue::from_static("text/css; charset=utf-8");
    // Asked for again by each version, and not by each renewal of the page.
    let kept = HeaderValue::from_static("max-age=3600");
    ([(header::CONTENT_TYPE, css), (header::CACHE_CONTROL, kept)], STYLE).into_response()
}

/// Lets a request through where it has the password, or where none is set.
async fn let_in(State(desk): State<Arc<Desk>>, request: Request, next: Next) -> Response {
    let refused = match &desk.gate {
        Some(gate) => gate.refuse(request.headers()).await,
        None => None,
    };
    match refused {
        Some(response) => response,
        None => next.run(request).await,
    }
}

/// Puts on each answer what keeps the page from being framed, sniffed, kept or led elsewhere.
async fn protect(request: Request, next: Next) -> Response {
    const HEADERS: [(HeaderName, &str); 4] = [
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; \
             frame-ancestors 'none'",
        ),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "no-referrer"),
    ];
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    let no_store = HeaderValue::from_static("no-store");
    headers.entry(header::CACHE_CONTROL).or_insert(no_store);
    response
}

#[cfg(test)]
mod tests;
