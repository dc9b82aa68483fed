//! Signing in, sessions, forms, and what is refused.

use argon2::password_hash::PasswordHasher as _;
use axum::body::{Body, Bytes};
use futures_util::stream;
use tokio::time::Instant;
use tower::ServiceExt as _;

use super::*;
use crate::{
    ledger::{action, job},
    web::admin::visit::FORM_WITHIN,
};

const PASSWORD: &str = "abre-te";

/// A configuration with a password, hashed so cheaply that a test can check it.
fn with_password() -> Config {
    let cheap = argon2::Argon2::new(
        argon2::Algorithm::Argon2id,
        argon2::Version::V0x13,
        argon2::Params::new(8, 1, 1, None).unwrap(),
    );
    let hash: argon2::password_hash::phc::PasswordHash =
        cheap.hash_password_with_salt(PASSWORD.as_bytes(), b"0123456789abcdef").unwrap();
    let mut config = config(Language::English);
    config.admin.password_hash = Some(hash.to_string().into());
    config
}

/// What is between quotes after the last of `marks`.
pub(super) fn quoted<'a>(page: &'a str, mark: &str) -> &'a str {
    let rest = page.split_once(mark).unwrap_or_else(|| panic!("no {mark}: {page}")).1;
    rest.split('"').next().unwrap()
}

impl Desk {
    pub(super) async fn get_as(&self, path: &str, cookie: &str) -> Answer {
        let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\ncookie: {cookie}\r\n\r\n");
        self.served.ask(request).await
    }

    pub(super) async fn post(&self, path: &str, headers: &str, body: &str) -> Answer {
        let length = body.len();
        let request = format!(
            "POST {path} HTTP/1.1\r\nhost: localhost\r\n{headers}content-length: {length}\r\n\r\n\
             {body}"
        );
        self.served.ask(request).await
    }

    /// The token of a form of a page.
    pub(super) async fn token(&self, path: &str, cookie: &str) -> String {
        let page = self.get_as(path, cookie).await;
        quoted(&page.body, "name=\"csrf\" value=\"").to_owned()
    }

    /// Signs in; returns the session's cookie.
    async fn sign_in(&self) -> String {
        let token = self.token("/sign-in", "").await;
        let body = format!("csrf={token}&password={PASSWORD}&to=%2Fleads");
        let answer = self.post("/sign-in", "", &body).await;
        assert_eq!((answer.status, answer.header("location")), (303, Some("/leads")));
        let cookie = answer.header("set-cookie").unwrap();
        for part in ["HttpOnly", "SameSite=Strict", "Path=/", "Max-Age="] {
            assert!(cookie.contains(part), "{cookie}");
        }
        cookie.split(';').next().unwrap().to_owned()
    }

    async fn actions(&self) -> Vec<String> {
        let actions = self.ledger.read(|conn| action::recent(conn, 9)).await.unwrap();
        actions.into_iter().map(|it| it.what).collect()
    }
}

/// The job that a page was sent to, done with this answer.
async fn done(desk: &Desk, answer: &Answer, with: serde_json::Value) -> String {
    let to = answer.header("location").unwrap().to_owned();
    let id = job::JobId(to.strip_prefix("/jobs/").unwrap().parse().unwrap());
    let (now, with) = (noon(), with.to_string());
    let finish = move |tx: &crate::ledger::Tx<'_>| job::finish(tx, id, true, &with, now);
    desk.ledger.write(finish).await.unwrap();
    to
}

#[tokio::test]
async fn everything_is_brought_in_only_after_a_count_that_somebody_saw() {
    let desk = Desk::open(&config(Language::English), healthy()).await;
    let token = desk.token("/runs", "").await;
    let asked = |desk: &Desk| {
        let ledger = desk.ledger.clone();
        async move {
            let jobs = ledger.read(|conn| job::look(conn, job::JobId(1))).await.unwrap().unwrap();
            jobs.arguments["mode"].as_str().unwrap().to_owned()
        }
    };
    for counted in ["", "&counted=1", "&counted=99", "&counted=x"] {
        let body = format!("csrf={token}&route=&mode=all{counted}");
        let answer = desk.post("/runs/reconcile", "", &body).await;
        assert!(answer.header("location").unwrap().starts_with("/jobs/"), "{counted}");
    }
    assert_eq!(asked(&desk).await, "report", "nothing is written unasked");
    let body = format!("csrf={token}&route=&mode=all");
    let counting = desk.post("/runs/reconcile", "", &body).await;
    let page = desk.get(counting.header("location").unwrap()).await;
    assert!(page.body.contains("The engine is at it"), "{}", page.body);
    let at = done(&desk, &counting, serde_json::json!({ "run": "1" })).await;
    let counted = at.strip_prefix("/jobs/").unwrap();
    let body = format!("csrf={token}&route=&mode=all&counted={counted}");
    let bringing = desk.post("/runs/reconcile", "", &body).await;
    let id = bringing.header("location").unwrap().strip_prefix("/jobs/").unwrap().parse().unwrap();
    let job = desk.ledger.read(move |conn| job::look(conn, job::JobId(id))).await.unwrap();
    let arguments = job.unwrap().arguments;
    assert_eq!((&arguments["mode"], &arguments["all"]), (&"repair".into(), &true.into()));
}

#[tokio::test]
async fn all_that_failed_is_put_back_by_the_engine_and_no_page_waits_for_it() {
    let desk = Desk::open(&config(Language::Portuguese), healthy()).await;
    let token = desk.token("/runs", "").await;
    let body = format!("csrf={token}&all=failed");
    let answer = desk.post("/waiting/retry", "", &body).await;
    let at =
        done(&desk, &answer, serde_json::json!({ "what": "failed", "count": 1_000_000 })).await;
    let page = desk.get(&at).await.body;
    assert!(page.contains("1.000.000 leads voltaram para a fila."), "{page}");
    assert_eq!(desk.actions().await, ["retry_failed"]);
}

#[tokio::test]
async fn pages_need_a_session_metrics_the_password_and_monitors_neither() {
    let desk = Desk::open(&with_password(), healthy()).await;
    for path in ["/", "/leads", "/leads/site/1", "/waiting", "/runs", "/routes", "/settings"] {
        let answer = desk.get(path).await;
        assert_eq!((answer.status, answer.body.as_str()), (303, ""), "{path}");
        let to: String = form_urlencoded::byte_serialize(path.as_bytes()).collect();
        assert_eq!(answer.header("location"), Some(format!("/sign-in?to={to}").as_str()));
    }
    assert_eq!(desk.get("/live").await.status, 401);
    let answer = desk.get("/metrics").await;
    assert_eq!((answer.status, answer.body.as_str()), (401, ""));
    assert!(answer.header("www-authenticate").is_some());
    assert!(answer.header("content-security-policy").is_some());
    let basic = "GET /metrics HTTP/1.1\r\nhost: p\r\nauthorization: Basic cDphYnJlLXRl\r\n\r\n";
    assert_eq!(desk.served.ask(basic).await.status, 200);
    // A program may read pages too, and do nothing.
    let page = "GET / HTTP/1.1\r\nhost: p\r\nauthorization: Basic cDphYnJlLXRl\r\n\r\n";
    assert_eq!(desk.served.ask(page).await.status, 200);
    let basic = "authorization: Basic cDphYnJlLXRl\r\n";
    assert_eq!(desk.post("/runs/poll", basic, "csrf=").await.status, 401);
    for path in ["/healthz", "/readyz", "/assets/page.css", "/assets/page.js", "/sign-in"] {
        let status = desk.get(path).await.status;
        assert!(status == 200 || path == "/readyz", "{path}: {status}");
    }
}

#[tokio::test]
async fn who_signs_in_sees_the_pages_until_they_sign_out() {
    let desk = Desk::open(&with_password(), healthy()).await;
    let session = desk.sign_in().await;
    for path in ["/", "/leads", "/waiting", "/runs", "/routes", "/settings", "/metrics"] {
        let answer = desk.get_as(path, &session).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
    }
    let token = desk.token("/", &session).await;
    let answer =
        desk.post("/sign-out", &format!("cookie: {session}\r\n"), &format!("csrf={token}")).await;
    assert_eq!((answer.status, answer.header("location")), (303, Some("/sign-in")));
    let answer = desk.get_as("/leads", &session).await;
    assert_eq!(answer.header("location"), Some("/sign-in?to=%2Fleads&ended=yes"));
    assert_eq!(desk.actions().await, ["sign_out", "sign_in"]);
}

#[tokio::test]
async fn a_wrong_password_is_said_in_the_visitor_s_language_and_lets_nobody_in() {
    let desk = Desk::open(&with_password(), healthy()).await;
    let token = desk.token("/sign-in", "").await;
    for (cookie, words) in
        [("", "The password is wrong"), ("ponte-language=pt-BR", "Senha incorreta")]
    {
        let body = format!("csrf={token}&password=abre");
        let answer = desk.post("/sign-in", &format!("cookie: {cookie}\r\n"), &body).await;
        assert_eq!(answer.status, 401);
        assert!(answer.body.contains(words), "{}", answer.body);
        assert_eq!(answer.header("set-cookie"), None);
    }
    assert_eq!(desk.actions().await, [""; 0]);
}

#[tokio::test]
async fn a_form_without_its_token_or_of_another_site_does_nothing() {
    let desk = Desk::open(&with_password(), healthy()).await;
    let session = desk.sign_in().await;
    let cookie = format!("cookie: {session}\r\n");
    let foreign = format!("{cookie}origin: https://evil.example.com\r\n");
    let own = format!("{cookie}origin: http://localhost\r\nsec-fetch-site: same-origin\r\n");
    let token = desk.token("/runs", &session).await;
    let visitor = desk.token("/sign-in", "").await;
    let right = format!("csrf={token}");
    for (headers, body, status) in [
        (&cookie, "", 403),
        (&cookie, "csrf=", 403),
        (&cookie, format!("csrf={visitor}").as_str(), 403),
        (&foreign, right.as_str(), 403),
        (&String::new(), right.as_str(), 401),
        (&own, right.as_str(), 303),
    ] {
        let answer = desk.post("/runs/poll", headers, body).await;
        assert_eq!(answer.status, status, "{headers} {body}: {}", answer.body);
    }
    assert_eq!(desk.actions().await, ["poll_asked", "sign_in"]);
}

#[tokio::test]
async fn without_a_password_the_page_warns_and_answers_under_this_machine_s_names_only() {
    let desk = Desk::open(&config(Language::English), healthy()).await;
    let page = desk.page().await;
    assert!(page.contains("This page has no password"), "{page}");
    let other = "GET / HTTP/1.1\r\nhost: ponte.example.com\r\n\r\n";
    let answer = desk.served.ask(other).await;
    assert_eq!(answer.status, 403);
    assert!(answer.body.contains("open on this machine only"), "{}", answer.body);
    let answer = desk.post("/runs/poll", "", "csrf=0").await;
    assert_eq!(answer.status, 403, "a token is needed all the same");
}

#[tokio::test]
async fn the_language_is_the_visitor_s_own_and_leads_back() {
    let desk = Desk::open(&config(Language::Portuguese), healthy()).await;
    let token = desk.token("/leads?show=failed", "").await;
    let body = format!("csrf={token}&language=en&to=%2Fleads%3Fshow%3Dfailed");
    let answer = desk.post("/language", "", &body).await;
    assert_eq!((answer.status, answer.header("location")), (303, Some("/leads?show=failed")));
    let cookie = answer.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
    assert!(desk.get_as("/leads", &cookie).await.body.contains("<html lang=\"en\">"));
    assert!(desk.get("/leads").await.body.contains("<html lang=\"pt-BR\">"));
    let elsewhere = format!("csrf={token}&language=en&to=%2F%2Fevil.example.com");
    let answer = desk.post("/language", "", &elsewhere).await;
    assert_eq!(answer.header("location"), Some("/"));
}

#[tokio::test]
async fn what_is_not_there_is_said_with_what_to_do() {
    let desk = Desk::open(&config(Language::English), healthy()).await;
    for (path, words) in [
        ("/nothing", "There is no such page"),
        ("/leads/site/77", "There is no lead site/77"),
        ("/contacts/77", "The ledger has nothing of this contact"),
        ("/contacts/x", "The ledger has nothing of this contact"),
        ("/runs/77", "There is no reconciliation 77"),
        ("/routes/other", "There is no route other"),
        ("/jobs/77", "This answer is gone"),
    ] {
        let answer = desk.get(path).await;
        assert_eq!(answer.status, 404, "{path}");
        assert!(answer.body.contains(words), "{path}: {}", answer.body);
    }
}

#[tokio::test(start_paused = true)]
async fn a_form_that_does_not_come_is_given_up_before_anybody_signed_in() {
    let desk = Desk::open(&with_password(), healthy()).await;
    for path in ["/sign-in", "/language"] {
        let start = Instant::now();
        let slow = Body::from_stream(stream::pending::<Result<Bytes, std::io::Error>>());
        let request = Request::post(path).header("host", "localhost").body(slow).unwrap();
        let answer = desk.admin.router().oneshot(request).await.unwrap();
        assert_eq!((answer.status(), start.elapsed()), (StatusCode::REQUEST_TIMEOUT, FORM_WITHIN));
    }
}
