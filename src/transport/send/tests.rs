use http::Response;
use tokio::time::advance;

use super::*;
use crate::transport::{
    Pace,
    wire::testing::{Scripted, answer},
};

fn start() -> DateTime<Utc> {
    "2026-03-02T12:00:00Z".parse().unwrap()
}

fn endpoint(base: &str, key: &str) -> Endpoint {
    Endpoint {
        api: "Ploomes",
        base: base.to_owned(),
        header: HeaderName::from_static("user-key"),
        key: key.into(),
        timeout: Duration::from_secs(30),
    }
}

fn sender_to(remote: &Arc<Scripted>) -> Sender {
    let clock = Clock::simulated(start());
    let limiter = Arc::new(Limiter::new(Pace::per_minute(100), clock.clone()));
    Sender::new(endpoint("https://api.example.com/v2", "k-1"), remote.wire(), limiter, clock)
        .unwrap()
}

fn post(target: &str) -> Call {
    Call { method: Method::POST, target: target.to_owned(), body: Bytes::from_static(b"{}") }
}

async fn verdicts(fail: impl Fn() -> Option<WireError> + Send + Sync + 'static) -> [Verdict; 2] {
    let remote = Scripted::new(move |_| fail().map(Err));
    let sender = sender_to(&remote);
    let read = sender.send(Call::get("/Deals"), Lane::Fresh).await.err().unwrap();
    let write = sender.send(post("/Deals"), Lane::Fresh).await.err().unwrap();
    [read.verdict(), write.verdict()]
}

const LATER: Verdict = Verdict::TryLater { after: None };

#[tokio::test(start_paused = true)]
async fn only_a_write_that_may_have_been_sent_must_be_looked_for() {
    let not_sent = || Some(WireError::NotSent("refused".into()));
    let broken = || Some(WireError::Broken("reset".into()));

    assert_eq!(verdicts(not_sent).await, [LATER, LATER]);
    assert_eq!(verdicts(broken).await, [LATER, Verdict::Look]);
    assert_eq!(verdicts(|| None).await, [LATER, Verdict::Look]);
}

#[tokio::test(start_paused = true)]
async fn a_request_carries_the_key_and_says_what_it_wants() {
    let remote = Scripted::new(|_| Some(Ok(answer(200, "{}"))));
    let sender = sender_to(&remote);

    sender.send(post("/Contacts?$select=Id"), Lane::Fresh).await.unwrap();
    sender.send(Call::get("/Self"), Lane::Fresh).await.unwrap();

    let asked = remote.asked();
    assert_eq!(asked[0].uri(), "https://api.example.com/v2/Contacts?$select=Id");
    assert_eq!(asked[0].headers()["user-key"], "k-1");
    assert_eq!(asked[0].headers()[ACCEPT], "application/json");
    assert_eq!(asked[0].headers()[CONTENT_TYPE], "application/json");
    assert!(!asked[1].headers().contains_key(CONTENT_TYPE));
    assert!(!format!("{asked:?}").contains("k-1"));
}

#[tokio::test(start_paused = true)]
async fn the_timeout_counts_from_when_the_request_is_sent() {
    let remote = Scripted::new(|_| None);
    let sender = sender_to(&remote);
    sender.limiter().pause_until(Instant::now() + Duration::from_mins(10));
    let begin = Instant::now();

    let error = sender.send(Call::get("/Self"), Lane::Fresh).await.err().unwrap();

    assert_eq!(begin.elapsed().as_secs(), 630);
    assert_eq!(error.to_string(), "Ploomes GET /Self: no answer within 30 s");
    assert_eq!(error.api(), "Ploomes");
}

#[tokio::test(start_paused = true)]
async fn a_429_pauses_the_limiter_for_as_long_as_the_server_asks() {
    let remote = Scripted::new(|_| {
        let mut answer = answer(429, "");
        answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("40"));
        Some(Ok(answer))
    });
    let sender = sender_to(&remote);

    let answer = sender.send(Call::get("/Self"), Lane::Fresh).await.unwrap();

    assert_eq!(answer.status, 429);
    assert_eq!(sender.limiter().paused_for(), Duration::from_secs(40));
}

fn answered_with(headers: &[(HeaderName, &str)]) -> Answer {
    let mut answer = Response::new(Bytes::new());
    for (name, value) in headers {
        answer.headers_mut().insert(name, HeaderValue::from_str(value).unwrap());
    }
    let remote = Scripted::new(|_| None);
    sender_to(&remote).answer(answer)
}

#[tokio::test(start_paused = true)]
async fn a_wait_until_a_date_is_reckoned_with_the_servers_own_clock() {
    let now = (DATE, "Mon, 02 Mar 2026 15:00:00 GMT");
    let wait = |text| answered_with(&[now.clone(), (RETRY_AFTER, text)]).retry_after();

    assert_eq!(wait("Mon, 02 Mar 2026 15:01:30 GMT"), Some(Duration::from_secs(90)));
    assert_eq!(wait("Mon, 02 Mar 2026 14:00:00 GMT"), Some(Duration::ZERO));
    assert_eq!(wait("7"), Some(Duration::from_secs(7)));
    assert_eq!(wait("soon"), None);
}

#[tokio::test(start_paused = true)]
async fn the_servers_time_is_its_date_else_our_clock() {
    let date = answered_with(&[(DATE, "Sun, 24 May 2026 10:16:44 GMT")]).server_time;
    let none = answered_with(&[]).server_time;
    let nonsense = answered_with(&[(DATE, "today")]).server_time;

    assert_eq!(date.to_rfc3339(), "2026-05-24T10:16:44+00:00");
    assert_eq!([none, nonsense], [start(); 2]);
}

#[test]
fn an_operation_names_no_record_and_no_query() {
    let operation = |target: &str| Call::get(target).operation();

    assert_eq!(operation("/Deals(123)?$filter=Id eq 4"), "GET /Deals({id})");
    assert_eq!(operation("/contacts/48213/contactTags"), "GET /contacts/{id}/contactTags");
    assert_eq!(operation("/contacts?email=ana@example.com"), "GET /contacts");
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_needs_an_absolute_url_and_a_key_that_fits_a_header() {
    let remote = Scripted::new(|_| None);
    let new = |base: &str, key: &str| {
        let clock = Clock::simulated(start());
        let limiter = Arc::new(Limiter::new(Pace::per_minute(1), clock.clone()));
        Sender::new(endpoint(base, key), remote.wire(), limiter, clock).err()
    };

    assert!(new("http://127.0.0.1:8080/api/3", "k").is_none());
    for base in ["", "example.com", "/v2", "ftp://example.com", "https://", "https://a b"] {
        assert!(matches!(new(base, "k"), Some(BadEndpoint::Url(_))), "{base}");
    }
    let error = new("https://example.com", "k\n1").unwrap();
    assert_eq!(error.to_string(), "the Ploomes key has a character that no header can carry");
}

#[tokio::test(start_paused = true)]
async fn nothing_is_sent_after_the_limiter_is_closed() {
    let remote = Scripted::new(|_| Some(Ok(answer(200, ""))));
    let sender = sender_to(&remote);
    sender.limiter().pause_until(Instant::now() + Duration::from_mins(1));
    let waits = sender.send(Call::get("/Self"), Lane::Fresh);
    let closes = async {
        advance(Duration::from_secs(1)).await;
        sender.limiter().close();
    };

    let (outcome, ()) = tokio::join!(waits, closes);

    assert!(matches!(outcome, Err(CallError::Stopping { api: "Ploomes" })));
    assert!(remote.asked().is_empty());
}
