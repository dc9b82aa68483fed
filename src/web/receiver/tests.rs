//! The receiver: what is kept, what is refused, and what it costs whom.

use std::sync::{Barrier, Mutex, PoisonError};

use axum::body::Body;
use bytes::Bytes;
use futures_util::{FutureExt as _, future::join_all, stream};
use http::Request;
use http_body_util::BodyExt as _;
use tempfile::TempDir;
use tower::ServiceExt as _;

use super::*;
use crate::{
    ledger::{
        LedgerError, Options,
        intake::{self, Unread},
        open::Opener,
        route::{self, KeyKind},
    },
    web::{
        server::Limits,
        testing::{Served, bare, post},
    },
};

const TOKEN: &str = "token-of-site-0123456789";
const PREVIOUS: &str = "token-before-0123456789";
const PATH: &str = "/webhooks/token-of-site-0123456789";

const BODY_BYTES_MAX: usize = 1024 * 1024;

/// A receiver of one route.
async fn receiver(ledger: &Ledger) -> Receiver {
    let clock = Clock::system();
    let now = clock.now();
    let id = ledger
        .write(move |tx| Ok(route::register(tx, "site", KeyKind::Enrollment, now)?.id))
        .await
        .unwrap();
    let route = ReceiverRoute { id, token: TOKEN.into(), previous: Some(PREVIOUS.into()) };
    Receiver::new(ledger.clone(), clock, [route], BODY_BYTES_MAX, Arc::default())
}

fn in_memory() -> Ledger {
    Options::memory(7, Clock::system()).open(Opener::Command).unwrap()
}

fn on_disk(directory: &TempDir) -> Ledger {
    Options::file(directory.path().join("ponte.db"), Clock::system()).open(Opener::Command).unwrap()
}

async fn kept(ledger: &Ledger) -> Vec<Unread> {
    ledger.read(|conn| intake::unread(conn, 1000)).await.unwrap()
}

async fn served(receiver: &Receiver) -> Served {
    Served::start(receiver.clone(), Limits::RECEIVER).await
}

/// A request without a socket.
async fn ask(receiver: &Receiver, method: &str, path: &str, body: impl Into<Body>) -> Response {
    let request = Request::builder().method(method).uri(path).body(body.into()).unwrap();
    receiver.clone().oneshot(request).await.unwrap()
}

#[tokio::test]
async fn a_delivery_is_on_disk_when_it_is_answered() {
    let directory = TempDir::new().unwrap();
    let ledger = on_disk(&directory);
    let receiver = receiver(&ledger).await;
    let served = served(&receiver).await;
    let answer = served.ask(post(PATH, "contact[id]=42")).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, r#"{"receipt":"1"}"#));
    assert_eq!(answer.header("content-type"), Some("application/json"));
    // Another process sees it.
    let other = on_disk(&directory);
    let kept = kept(&other).await;
    assert_eq!((kept.len(), kept[0].delivery.0), (1, 1));
    assert_eq!(kept[0].body, b"contact[id]=42");
    // Whoever works on deliveries was told.
    assert!(receiver.0.wake.notified().now_or_never().is_some());
}

#[tokio::test]
async fn any_bytes_are_kept_as_they_came() {
    let ledger = in_memory();
    let receiver = receiver(&ledger).await;
    let served = served(&receiver).await;
    let many: Vec<String> = (0..10_000).map(|key| format!("contact[fields][{key}]=v")).collect();
    let many = many.join("&");
    let bodies: [&[u8]; 6] = [
        b"",
        br#"{"contact":{"id":"42","email":"maria@example.com"}}"#,
        b"contact[first_name]=Jo\xe3o&\xff\xfe\x00",
        b"%%%%zz[[]]==&&&",
        // The beginning of a gzip stream: not decoded, and no end to it.
        b"\x1f\x8b\x08\x00\x00\x00\x00\x00",
        many.as_bytes(),
    ];
    let mut client = served.connect().await;
    for body in bodies {
        assert_eq!(client.ask(post(PATH, body)).await.status, 200);
    }
    let kept: Vec<Vec<u8>> = kept(&ledger).await.into_iter().map(|it| it.body).collect();
    assert_eq!(kept, bodies);
}

#[tokio::test]
async fn a_body_in_pieces_is_put_together_up_to_the_limit() {
    let ledger = in_memory();
    let receiver = receiver(&ledger).await;
    let pieces = |count: usize| {
        let piece = Bytes::from(vec![b'a'; BODY_BYTES_MAX / 4]);
        Body::from_stream(stream::iter(
            (0..count).map(move |_| Ok::<_, std::io::Error>(piece.clone())),
        ))
    };
    assert_eq!(ask(&receiver, "POST", PATH, pieces(4)).await.status(), 200);
    assert_eq!(ask(&receiver, "POST", PATH, pieces(5)).await.status(), 413);
    let kept = kept(&ledger).await;
    assert_eq!((kept.len(), kept[0].body.len()), (1, BODY_BYTES_MAX));
}

#[tokio::test]
async fn a_body_of_fifty_megabytes_is_refused_and_the_client_sees_it() {
    let ledger = in_memory();
    let receiver = receiver(&ledger).await;
    let served = served(&receiver).await;
    // Reads nothing before everything is sent, as many clients do.
    let answer = served.ask(post(PATH, vec![b'a'; 50 * 1024 * 1024])).await;
    assert_eq!(answer.status, 413);
    // Announced, and never sent.
    let head = format!("POST {PATH} HTTP/1.1\r\nhost: ponte\r\ncontent-length: 99999999\r\n\r\n");
    assert_eq!(served.ask(head).await.status, 413);
    // Neither announced nor ever ending.
    let mut chunked = served.connect().await;
    chunked
        .send(format!("POST {PATH} HTTP/1.1\r\nhost: p\r\ntransfer-encoding: chunked\r\n\r\n"))
        .await;
    let mut chunk = b"100000\r\n".to_vec();
    chunk.resize(8 + 1024 * 1024, b'a');
    chunk.extend_from_slice(b"\r\n");
    chunked.send(&chunk).await;
    chunked.send(&chunk).await;
    assert_eq!(chunked.answer().await.unwrap().status, 413);
    assert_eq!(kept(&ledger).await.len(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_does_not_come_is_given_up() {
    let receiver = receiver(&in_memory()).await;
    let start = tokio::time::Instant::now();
    let slow = Body::from_stream(stream::pending::<Result<Bytes, std::io::Error>>());
    assert_eq!(ask(&receiver, "POST", PATH, slow).await.status(), 408);
    assert_eq!(start.elapsed(), BODY_WITHIN);
}

#[tokio::test]
async fn a_client_that_leaves_amid_its_body_leaves_nothing() {
    let ledger = in_memory();
    let receiver = receiver(&ledger).await;
    let pieces = [Ok(Bytes::from_static(b"contact[id]=4")), Err(std::io::Error::other("gone"))];
    let broken = Body::from_stream(stream::iter(pieces));
    assert_eq!(ask(&receiver, "POST", PATH, broken).await.status(), 400);
    assert_eq!(kept(&ledger).await.len(), 0);
}

#[tokio::test]
async fn an_unknown_token_is_an_empty_404_and_counted_whatever_the_method() {
    let receiver = receiver(&in_memory()).await;
    for (method, path) in [
        ("POST", "/webhooks/token-of-site-012345678"),
        ("GET", "/webhooks/wrong-token-0123456789"),
        ("PUT", "/webhooks/token-of-site-0123456789x"),
        ("POST", "/webhooks/%FF%FE"),
        ("POST", "/webhooks/"),
        ("POST", &format!("{PATH}/")),
        ("POST", &format!("{PATH}/more")),
        ("GET", "/webhooks/a/b"),
        ("POST", "/webhooks//token-of-site-0123456789"),
    ] {
        let answer = ask(&receiver, method, path, "contact[id]=42").await;
        assert_eq!(answer.status(), 404, "{method} {path}");
        assert!(answer.into_body().collect().await.unwrap().to_bytes().is_empty());
    }
    for path in ["/", "/webhooks", "/favicon.ico"] {
        assert_eq!(ask(&receiver, "GET", path, "").await.status(), 404, "{path}");
    }
    let unknown = receiver.unknown_tokens();
    assert_eq!((unknown.take(), unknown.take()), (9, 0));
}

#[tokio::test(start_paused = true)]
async fn guesses_are_slowed_and_the_right_token_is_not() {
    let receiver = receiver(&in_memory()).await;
    let guesses = async {
        for guess in 0..30 {
            let path = format!("/webhooks/{guess:016}");
            assert_eq!(ask(&receiver, "POST", &path, "").await.status(), 404);
        }
    };
    let start = tokio::time::Instant::now();
    let right = async {
        for _ in 0..30 {
            assert_eq!(ask(&receiver, "POST", PATH, "contact[id]=1").await.status(), 200);
        }
        start.elapsed()
    };
    let ((), right) = futures_util::future::join(guesses, right).await;
    assert_eq!(right, Duration::ZERO);
    assert!(start.elapsed() > Duration::from_secs(30), "{:?}", start.elapsed());
}

#[tokio::test]
async fn the_previous_token_and_a_query_are_accepted() {
    let ledger = in_memory();
    let receiver = receiver(&ledger).await;
    for path in [
        PATH.to_owned(),
        format!("/webhooks/{PREVIOUS}"),
        format!("{PATH}?source=ac&x=1"),
        "/webhooks/token%2Dof-site-0123456789".to_owned(),
    ] {
        assert_eq!(ask(&receiver, "POST", &path, "contact[id]=42").await.status(), 200, "{path}");
    }
    assert_eq!(kept(&ledger).await.len(), 4);
}

#[tokio::test]
async fn other_methods_are_told_which_there_are_and_a_person_can_test_the_url() {
    let ledger = in_memory();
    let receiver = receiver(&ledger).await;
    let served = served(&receiver).await;
    let mut client = served.connect().await;
    let answer = client.ask(bare("GET", PATH)).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "ok"));
    client.send(bare("HEAD", PATH)).await;
    // An answer to HEAD has a length and no body.
    let mut head = [0; 15];
    tokio::io::AsyncReadExt::read_exact(&mut client.0, &mut head).await.unwrap();
    assert_eq!(&head, b"HTTP/1.1 200 OK");
    for method in ["PUT", "DELETE", "PATCH", "OPTIONS", "BREW"] {
        let answer = served.ask(bare(method, PATH)).await;
        assert_eq!((answer.status, answer.header("allow")), (405, Some("GET, HEAD, POST")));
    }
    assert_eq!(kept(&ledger).await.len(), 0);
}

/// Another process that holds the write lock.
struct Lock {
    release: Arc<Barrier>,
    held: tokio::task::JoinHandle<Result<(), LedgerError>>,
}

impl Lock {
    async fn take(ledger: Ledger) -> Self {
        let (taken, release) = (Arc::new(Notify::new()), Arc::new(Barrier::new(2)));
        let (is_taken, wait) = (Arc::clone(&taken), Arc::clone(&release));
        #[expect(clippy::disallowed_methods, reason = "a test's own task, which it joins")]
        let held = tokio::spawn(async move {
            ledger
                .write(move |_| {
                    is_taken.notify_one();
                    wait.wait();
                    Ok(())
                })
                .await
        });
        taken.notified().await;
        Self { release, held }
    }

    async fn release(self) {
        self.release.wait();
        self.held.await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn a_locked_ledger_is_a_503_within_two_seconds_and_forgotten_once_it_is_free() {
    let directory = TempDir::new().unwrap();
    let receiver = receiver(&on_disk(&directory)).await;
    let served = served(&receiver).await;
    let lock = Lock::take(on_disk(&directory)).await;
    let start = tokio::time::Instant::now();
    let answers = join_all((0..10).map(|_| served.ask(post(PATH, "contact[id]=42")))).await;
    for answer in answers {
        assert_eq!((answer.status, answer.header("retry-after")), (503, Some("1")));
    }
    let waited = start.elapsed();
    assert!(waited > Duration::from_secs(1) && waited < Duration::from_secs(3), "{waited:?}");
    lock.release().await;
    assert_eq!(served.ask(post(PATH, "contact[id]=42")).await.status, 200);
}

#[tokio::test]
async fn a_closed_ledger_is_a_503_at_once() {
    let directory = TempDir::new().unwrap();
    let ledger = on_disk(&directory);
    let receiver = receiver(&ledger).await;
    ledger.close().await;
    let answer = ask(&receiver, "POST", PATH, "contact[id]=42").await;
    assert_eq!(answer.status(), 503);
}

#[tokio::test]
async fn deliveries_side_by_side_all_get_receipts_of_their_own() {
    let directory = TempDir::new().unwrap();
    let ledger = on_disk(&directory);
    let receiver = receiver(&ledger).await;
    let served = served(&receiver).await;
    let asked = (0..64).map(|number| {
        let body = format!("contact[id]={number}");
        let served = &served;
        async move { served.ask(post(PATH, body)).await.body }
    });
    let mut receipts = join_all(asked).await;
    receipts.sort_unstable();
    receipts.dedup();
    assert_eq!((receipts.len(), kept(&ledger).await.len()), (64, 64));
}

/// What was logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn no_log_line_holds_a_token_or_a_body() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || writer.clone())
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    // With only one, an event that a test beside this one meets first is taken for unwanted by all.
    let _second = tracing::Dispatch::new(tracing::subscriber::NoSubscriber::default());
    let directory = TempDir::new().unwrap();
    let ledger = on_disk(&directory);
    let receiver = receiver(&ledger).await;
    let served = served(&receiver).await;
    let body = "contact[email]=maria%40example.com";
    served.ask(post(PATH, body)).await;
    // Another test may have been the first at a line, and nobody listened there.
    tracing::callsite::rebuild_interest_cache();
    assert_eq!(served.ask(post(PATH, body)).await.status, 200);
    assert_eq!(served.ask(post("/webhooks/a-guessed-token", body)).await.status, 404);
    assert_eq!(served.ask(bare("PUT", PATH)).await.status, 405);
    served.ask(format!("GET {PATH} HTTP/1.1\r\nbroken\r\n\r\n")).await;
    ledger.close().await;
    assert_eq!(served.ask(post(PATH, body)).await.status, 503);
    let logged = log.0.lock().unwrap().clone();
    let logged = String::from_utf8(logged).unwrap();
    assert!(logged.contains("kept a delivery") && logged.contains("503"), "{logged}");
    for secret in [TOKEN, PREVIOUS, "guessed", "maria"] {
        assert!(!logged.contains(secret), "{secret}: {logged}");
    }
}
