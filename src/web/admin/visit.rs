//! Who asks for a page, in which language, and whether they may: sessions, origins, hosts, forms.

use std::{sync::Arc, time::Duration};

use axum::{
    body::to_bytes,
    extract::{FromRequest, FromRequestParts, Request, State},
    middleware::Next,
    response::{IntoResponse, Redirect, Response},
};
use chrono::{DateTime, Utc};
use http::{HeaderMap, Method, StatusCode, header, request::Parts};
use tokio::time::timeout;

use super::{
    Desk, Settings,
    frame::{self, Refused},
};
use crate::{
    config::Language,
    ledger::{LedgerError, Tx, action},
    web::{i18n, server::Peer},
};

/// The cookie of a session.
pub(super) const SESSION: &str = "ponte-session";
/// The cookie of the language that was chosen.
pub(super) const LANGUAGE: &str = "ponte-language";

/// Bytes of a form: a map of a thousand rows has a tenth of this.
const FORM_BYTES_MAX: usize = 1024 * 1024;

/// How long a form may take: nobody has to be signed in to begin one, and each that does not end keeps
/// one of the page's few connections from `/healthz` and all else.
pub(super) const FORM_WITHIN: Duration = Duration::from_secs(10);

/// Somebody who asks.
#[derive(Clone)]
pub(super) struct Visit {
    /// The language that they chose, or that of the configuration.
    pub(super) language: Language,
    /// What pages go by, in that language.
    pub(super) settings: Settings,
    /// What their cookie holds, where its session goes on.
    pub(super) session: Option<String>,
    /// The token of their forms.
    pub(super) csrf: String,
    /// The address that the socket has.
    pub(super) peer: String,
    /// The path and query that they asked for, which lead back.
    pub(super) to: String,
    /// Whether nobody needs a password.
    pub(super) is_open: bool,
}

impl Visit {
    fn of(desk: &Desk, request: &Request) -> Self {
        let headers = request.headers();
        let language = match cookie(headers, LANGUAGE) {
            Some("en") => Language::English,
            Some("pt-BR") => Language::Portuguese,
            _ => desk.config().admin.language,
        };
        let touches = request.uri().path() != "/live";
        let session = cookie(headers, SESSION)
            .filter(
                |it| {
                    if touches { desk.sessions.goes_on(it) } else { desk.sessions.is_open(it) }
                },
            )
            .map(str::to_owned);
        let peer = request.extensions().get::<Peer>().map_or_else(String::new, |it| {
            let Peer(address) = it;
            address.ip().to_string()
        });
        let to = match *request.method() {
            Method::GET => request.uri().path_and_query().map_or("/", |it| it.as_str()),
            _ => "/",
        };
        Self {
            language,
            settings: desk.settings(language),
            csrf: desk.sessions.token(session.as_deref()),
            session,
            peer,
            to: to.to_owned(),
            is_open: desk.gate.is_none(),
        }
    }

    pub(super) const fn text(&self) -> &'static i18n::Text {
        self.settings.text
    }

    pub(super) const fn words(&self) -> &'static i18n::pages::Pages {
        self.settings.text.pages
    }

    /// Whether pages are shown to them.
    pub(super) const fn is_in(&self) -> bool {
        self.is_open || self.session.is_some()
    }

    /// Keeps what they did.
    pub(super) fn note(
        &self,
        tx: &Tx<'_>,
        what: &str,
        subject: &str,
        now: DateTime<Utc>,
    ) -> Result<(), LedgerError> {
        action::record(tx, &self.peer, what, subject, now)
    }

    /// An answer that says what is wrong and what to do.
    pub(super) fn refuse(&self, status: StatusCode, what: &str, to_do: &str) -> Refused {
        frame::refuse(self, status, what, "", to_do)
    }

    /// The answer where the ledger failed.
    pub(super) fn failed(&self, error: &LedgerError) -> Refused {
        tracing::warn!(%error, "a page cannot be made");
        let words = &self.words().refusals;
        let detail = error.to_string();
        let status = StatusCode::SERVICE_UNAVAILABLE;
        frame::refuse(self, status, words.ledger, &detail, words.ledger_do)
    }
}

impl<S: Sync> FromRequestParts<S> for Visit {
    type Rejection = StatusCode;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, StatusCode> {
        // The middleware puts it there.
        parts.extensions.get::<Self>().cloned().ok_or(StatusCode::INTERNAL_SERVER_ERROR)
    }
}

/// Lets in who is signed in, or everybody where no password is set; sends others to sign in.
pub(super) async fn enter(desk: State<Arc<Desk>>, request: Request, next: Next) -> Response {
    look(desk, request, next, true).await
}

/// Looks who asks, and lets everybody in: for signing in.
pub(super) async fn greet(desk: State<Arc<Desk>>, request: Request, next: Next) -> Response {
    look(desk, request, next, false).await
}

async fn look(
    State(desk): State<Arc<Desk>>,
    mut request: Request,
    next: Next,
    only_signed_in: bool,
) -> Response {
    let visit = Visit::of(&desk, &request);
    let words = &visit.words().refusals;
    let headers = request.headers();
    let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
    if visit.is_open && !is_local(headers) {
        let refused = visit.refuse(StatusCode::FORBIDDEN, words.host, words.host_do);
        return refused.into_response();
    }
    if !is_read && !is_own(headers) {
        let refused = visit.refuse(StatusCode::FORBIDDEN, words.foreign, words.foreign_do);
        return refused.into_response();
    }
    if only_signed_in && !visit.is_in() && !(is_read && knows_password(&desk, headers).await) {
        if !is_read {
            let refused = visit.refuse(StatusCode::UNAUTHORIZED, words.stale, words.stale_do);
            return refused.into_response();
        }
        if request.uri().path() == "/live" {
            // A page that follows the numbers loads itself anew, and is sent to sign in.
            return StatusCode::UNAUTHORIZED.into_response();
        }
        let ended = if cookie(headers, SESSION).is_some() { "&ended=yes" } else { "" };
        let to: String = form_urlencoded::byte_serialize(visit.to.as_bytes()).collect();
        return Redirect::to(&format!("/sign-in?to={to}{ended}")).into_response();
    }
    request.extensions_mut().insert(visit);
    next.run(request).await
}

/// Whether a program that only reads gave the password, by HTTP Basic.
async fn knows_password(desk: &Desk, headers: &HeaderMap) -> bool {
    match &desk.gate {
        Some(gate) if headers.contains_key(header::AUTHORIZATION) => {
            gate.refuse(headers).await.is_none()
        }
        _ => false,
    }
}

/// Whether the page was asked for under a name of this machine: without a password, a name of
/// somebody else's that leads here must not.
fn is_local(headers: &HeaderMap) -> bool {
    let host = headers.get(header::HOST).and_then(|it| it.to_str().ok()).unwrap_or_default();
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|it| it.is_ascii_digit()) => name,
        _ => host,
    };
    let ip = name.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>();
    name.eq_ignore_ascii_case("localhost") || ip.is_ok_and(|it| it.is_loopback())
}

/// Whether a form was sent by a page of ours, as far as the browser says where it came from.
fn is_own(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).and_then(|it| it.to_str().ok());
    if text("sec-fetch-site").is_some_and(|it| it != "same-origin" && it != "none") {
        return false;
    }
    let Some(origin) = text("origin") else { return true };
    let Some((_, origin)) = origin.split_once("://") else { return false };
    // A proxy may say under which name it was asked; no other site can.
    ["host", "x-forwarded-host"]
        .into_iter()
        .filter_map(text)
        .any(|host| host.eq_ignore_ascii_case(origin))
}

/// The value of a cookie.
pub(super) fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let cookies = headers.get_all(header::COOKIE).into_iter().filter_map(|it| it.to_str().ok());
    cookies
        .flat_map(|it| it.split(';'))
        .filter_map(|it| it.trim().split_once('='))
        .find_map(|(found, value)| (found == name).then_some(value))
}

/// A form whose token is right.
pub(super) struct Posted {
    pub(super) visit: Visit,
    fields: Vec<(String, String)>,
}

impl Posted {
    /// The value of a field; empty where there is none.
    pub(super) fn get(&self, name: &str) -> &str {
        let found = self.fields.iter().find(|it| it.0 == name);
        found.map_or("", |it| it.1.as_str())
    }

    /// All values of a field, in order.
    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.fields.iter().filter(move |it| it.0 == name).map(|it| it.1.as_str())
    }

    /// Where to go back to: a path of ours, never another site.
    pub(super) fn to(&self) -> &str {
        own_path(self.get("to"))
    }
}

/// A path of ours, else the first page.
pub(super) fn own_path(to: &str) -> &str {
    // A browser drops tabs and line ends from an address before it reads it.
    let is_own = to.starts_with('/')
        && !to.starts_with("//")
        && !to.contains('\\')
        && to.bytes().all(|it| it.is_ascii_graphic());
    if is_own { to } else { "/" }
}

impl FromRequest<Arc<Desk>> for Posted {
    type Rejection = Response;

    async fn from_request(request: Request, desk: &Arc<Desk>) -> Result<Self, Response> {
        let (mut parts, body) = request.into_parts();
        let visit = Visit::from_request_parts(&mut parts, desk)
            .await
            .map_err(IntoResponse::into_response)?;
        let words = &visit.words().refusals;
        let read = timeout(FORM_WITHIN, to_bytes(body, FORM_BYTES_MAX)).await;
        let body = match read {
            Ok(Ok(body)) => body,
            late_or_broken => {
                let status = match late_or_broken {
                    Err(_) => StatusCode::REQUEST_TIMEOUT,
                    Ok(_) => StatusCode::BAD_REQUEST,
                };
                let refused = visit.refuse(status, words.unreadable, words.unreadable_do);
                return Err(refused.into_response());
            }
        };
        let fields: Vec<(String, String)> = form_urlencoded::parse(&body).into_owned().collect();
        let posted = Self { visit, fields };
        if !desk.sessions.is_token(posted.visit.session.as_deref(), posted.get("csrf")) {
            let refused = posted.visit.refuse(StatusCode::FORBIDDEN, words.stale, words.stale_do);
            return Err(refused.into_response());
        }
        Ok(posted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(of: &[(&'static str, &str)]) -> HeaderMap {
        of.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    #[test]
    fn only_names_of_this_machine_are_local() {
        for host in ["localhost", "LOCALHOST:8081", "127.0.0.1:8081", "127.9.9.9", "[::1]:8081"] {
            assert!(is_local(&headers(&[("host", host)])), "{host}");
        }
        for host in
            ["example.com", "localhost.example.com", "10.0.0.1:8081", "", "127.0.0.1.nip.io"]
        {
            assert!(!is_local(&headers(&[("host", host)])), "{host}");
        }
        assert!(!is_local(&HeaderMap::new()));
    }

    #[test]
    fn a_form_of_another_site_is_not_our_own() {
        let of = |origin, site| {
            is_own(&headers(&[
                ("host", "ponte.example.com"),
                ("origin", origin),
                ("sec-fetch-site", site),
            ]))
        };
        assert!(of("https://ponte.example.com", "same-origin"));
        assert!(!of("https://evil.example.com", "same-origin"));
        assert!(!of("https://ponte.example.com", "cross-site"));
        assert!(!of("null", "same-origin"));
        let proxied = [
            ("host", "127.0.0.1:8081"),
            ("origin", "https://ponte.example.com"),
            ("x-forwarded-host", "ponte.example.com"),
        ];
        assert!(is_own(&headers(&proxied)));
        assert!(is_own(&HeaderMap::new()), "no browser");
    }

    #[test]
    fn the_way_back_never_leads_to_another_site() {
        for own in ["/", "/leads?show=failed", "/contacts/7"] {
            assert_eq!(own_path(own), own);
        }
        for other in [
            "",
            "//example.com",
            "https://example.com",
            "/\\example.com",
            "/a\r\nb",
            "/\t/example.com",
            "\t//example.com",
            "/ /example.com",
            "/\0/example.com",
        ] {
            assert_eq!(own_path(other), "/", "{other:?}");
        }
    }

    #[test]
    fn cookies_are_told_apart() {
        let of = headers(&[("cookie", "a=1; ponte-language=en;b=2")]);
        assert_eq!(cookie(&of, LANGUAGE), Some("en"));
        assert_eq!(cookie(&of, "b"), Some("2"));
        assert_eq!(cookie(&of, SESSION), None);
    }
}
