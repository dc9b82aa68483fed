//! Signing in and out, and choosing the language.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Query, State},
    response::{IntoResponse, Redirect, Response},
};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::Deserialize;

use super::{
    Desk,
    frame::{Frame, Here, Shown, html},
    gate::Checked,
    session::LIFE_MAX,
    visit::{LANGUAGE, Posted, SESSION, Visit, own_path},
};
use crate::web::i18n::pages;

/// How long a chosen language is kept.
const LANGUAGE_FOR: &str = "31536000";

#[derive(Template)]
#[template(path = "admin/sign_in.html")]
struct Page<'a> {
    frame: Frame,
    w: &'static pages::SignIn,
    to: &'a str,
    trouble: &'a str,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Asked {
    to: String,
    ended: String,
}

pub(super) async fn show(visit: Visit, Query(asked): Query<Asked>) -> Response {
    let to = own_path(&asked.to);
    if visit.is_in() {
        return Redirect::to(to).into_response();
    }
    let trouble = if asked.ended.is_empty() { "" } else { visit.words().sign_in.ended };
    page(&visit, to, trouble, StatusCode::OK)
}

fn page(visit: &Visit, to: &str, trouble: &str, status: StatusCode) -> Response {
    let w = &visit.words().sign_in;
    let mut frame = Frame::new(visit, Here::Nowhere, w.title);
    "/sign-in".clone_into(&mut frame.to);
    let mut response = html(&Page { frame, w, to, trouble });
    *response.status_mut() = status;
    response
}

pub(super) async fn sign_in(
    State(desk): State<Arc<Desk>>,
    headers: HeaderMap,
    posted: Posted,
) -> Shown {
    let (visit, to) = (&posted.visit, posted.to());
    let w = &visit.words().sign_in;
    let Some(gate) = &desk.gate else { return Ok(Redirect::to(to).into_response()) };
    let refused = match gate.check(posted.get("password").as_bytes()).await {
        Checked::Right => None,
        Checked::Wrong => Some((w.wrong, StatusCode::UNAUTHORIZED)),
        Checked::Busy => Some((w.busy, StatusCode::TOO_MANY_REQUESTS)),
        Checked::Broken => Some((w.broken, StatusCode::INTERNAL_SERVER_ERROR)),
    };
    if let Some((trouble, status)) = refused {
        return Ok(page(visit, to, trouble, status));
    }
    let Some(secret) = desk.sessions.begin() else {
        let status = StatusCode::SERVICE_UNAVAILABLE;
        return Ok(page(visit, to, w.busy, status));
    };
    note(&desk, visit, "sign_in").await?;
    let secure = is_secure(&headers);
    let life = LIFE_MAX.as_secs();
    let cookie =
        format!("{SESSION}={secret}; Path=/; HttpOnly; SameSite=Strict; Max-Age={life}{secure}");
    Ok(with_cookie(Redirect::to(to), &cookie))
}

pub(super) async fn sign_out(State(desk): State<Arc<Desk>>, posted: Posted) -> Shown {
    if let Some(secret) = &posted.visit.session {
        desk.sessions.end(secret);
        note(&desk, &posted.visit, "sign_out").await?;
    }
    let cookie = format!("{SESSION}=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0");
    Ok(with_cookie(Redirect::to("/sign-in"), &cookie))
}

pub(super) async fn language(headers: HeaderMap, posted: Posted) -> Response {
    let tag = if posted.get("language") == "en" { "en" } else { "pt-BR" };
    let secure = is_secure(&headers);
    let cookie = format!(
        "{LANGUAGE}={tag}; Path=/; HttpOnly; SameSite=Strict; Max-Age={LANGUAGE_FOR}{secure}"
    );
    with_cookie(Redirect::to(posted.to()), &cookie)
}

async fn note(desk: &Desk, visit: &Visit, what: &'static str) -> Result<(), super::frame::Refused> {
    desk.act(visit, what, String::new(), |_, _| Ok(())).await
}

/// A cookie that was set over TLS is never sent without.
fn is_secure(headers: &HeaderMap) -> &'static str {
    let proto = headers.get("x-forwarded-proto").and_then(|it| it.to_str().ok());
    if proto.is_some_and(|it| it.eq_ignore_ascii_case("https")) { "; Secure" } else { "" }
}

fn with_cookie(redirect: Redirect, cookie: &str) -> Response {
    let mut response = redirect.into_response();
    if let Ok(cookie) = HeaderValue::from_str(cookie) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}
