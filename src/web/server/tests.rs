//! Connections: how many, how long, how they end.

use std::sync::atomic::{AtomicUsize, Ordering};

use axum::{Router, extract::State, routing::get};
use futures_util::future::{join, join_all};

use super::*;
use crate::web::testing::{Served, bare};

/// A door that requests wait behind, and how many do.
struct Door {
    inside: AtomicUsize,
    inside_at_most: AtomicUsize,
    /// A permit for each that has come to the door.
    came: Semaphore,
    /// A permit for each that may go through.
    may_pass: Semaphore,
}

impl Door {
    async fn somebody_came(&self) {
        self.came.acquire().await.unwrap().forget();
    }

    fn let_one_pass(&self) {
        self.may_pass.add_permits(1);
    }
}

async fn behind(State(door): State<Arc<Door>>) -> &'static str {
    let inside = door.inside.fetch_add(1, Ordering::SeqCst) + 1;
    door.inside_at_most.fetch_max(inside, Ordering::SeqCst);
    door.came.add_permits(1);
    door.may_pass.acquire().await.unwrap().forget();
    door.inside.fetch_sub(1, Ordering::SeqCst);
    "through"
}

fn router(door: &Arc<Door>) -> Router {
    Router::new()
        .route("/", get(async || "ok"))
        .route("/door", get(behind))
        .with_state(Arc::clone(door))
}

const LIMITS: Limits = Limits {
    connections: 64,
    head_within: Duration::from_secs(10),
    drain_within: Duration::from_secs(10),
};

async fn served(limits: Limits) -> (Served, Arc<Door>) {
    let door = Arc::new(Door {
        inside: AtomicUsize::new(0),
        inside_at_most: AtomicUsize::new(0),
        came: Semaphore::new(0),
        may_pass: Semaphore::new(0),
    });
    (Served::start(router(&door), limits).await, door)
}

#[tokio::test]
async fn a_connection_takes_one_request_after_the_other() {
    let (served, _) = served(LIMITS).await;
    let mut client = served.connect().await;
    for _ in 0..3 {
        let answer = client.ask(bare("GET", "/")).await;
        assert_eq!((answer.status, answer.body.as_str()), (200, "ok"));
    }
}

#[tokio::test]
async fn a_head_that_is_not_finished_in_time_closes_the_connection() {
    let limits = Limits { head_within: Duration::from_millis(50), ..LIMITS };
    let (served, _) = served(limits).await;
    let (mut silent, mut slow) = (served.connect().await, served.connect().await);
    slow.send("GET / HTTP/1.1\r\nhost: po").await;
    assert!(slow.closed().await);
    assert!(silent.closed().await);
    assert_eq!(served.ask(bare("GET", "/")).await.status, 200);
}

#[tokio::test]
async fn no_more_connections_than_places_are_served_at_once() {
    let (served, door) = served(Limits { connections: 3, ..LIMITS }).await;
    let clients = (0..8).map(|_| async {
        let mut client = served.connect().await;
        // Dropped once it is answered, so that the next one has its place.
        client.ask(bare("GET", "/door")).await.body
    });
    let opener = async {
        for _ in 0..8 {
            door.somebody_came().await;
            door.let_one_pass();
        }
    };
    let (answers, ()) = join(join_all(clients), opener).await;
    assert!(answers.iter().all(|it| it == "through"));
    let most = door.inside_at_most.load(Ordering::SeqCst);
    assert!((1..=3).contains(&most), "{most}");
}

#[tokio::test]
async fn where_places_are_short_an_answer_is_a_farewell() {
    let (served, _) = served(Limits { connections: 8, ..LIMITS }).await;
    let (mut kept, mut farewells) = (Vec::new(), 0);
    for _ in 0..20 {
        let mut client = served.connect().await;
        match client.ask(bare("GET", "/")).await.header("connection") {
            None => kept.push(client),
            Some("close") => {
                farewells += 1;
                assert!(client.closed().await);
            }
            Some(other) => panic!("{other}"),
        }
    }
    // Those that are kept leave places free, and so the others were all answered.
    assert!((1..8).contains(&kept.len()), "{}", kept.len());
    assert_eq!(farewells, 20 - kept.len());
}

#[tokio::test]
async fn however_many_connections_send_nothing_the_next_one_is_served() {
    let forever = Duration::from_hours(1);
    let (served, _) = served(Limits { connections: 4, head_within: forever, ..LIMITS }).await;
    let mut silent = Vec::new();
    for number in 0..40 {
        let mut client = served.connect().await;
        if number % 2 == 0 {
            client.send("GET / HTTP/1.1\r\nhost: po").await;
        }
        silent.push(client);
        if number % 10 == 9 {
            assert_eq!(served.ask(bare("GET", "/")).await.body, "ok");
        }
    }
    // The one that has waited longest went first.
    assert!(silent[0].closed().await);
}

#[tokio::test]
async fn a_request_in_work_keeps_its_place_whoever_comes() {
    let (served, door) = served(Limits { connections: 2, ..LIMITS }).await;
    let mut clients = [served.connect().await, served.connect().await];
    for client in &mut clients {
        client.send(bare("GET", "/door")).await;
        door.somebody_came().await;
    }
    let mut third = served.connect().await;
    third.send(bare("GET", "/")).await;
    for mut client in clients {
        door.let_one_pass();
        door.let_one_pass();
        assert_eq!(client.answer().await.unwrap().body, "through");
    }
    assert_eq!(third.answer().await.unwrap().body, "ok");
}

#[tokio::test]
async fn a_head_without_end_is_refused() {
    let (served, _) = served(LIMITS).await;
    let mut client = served.connect().await;
    let line = format!("x-flood: {}\r\n", "x".repeat(1_000));
    client.send("GET / HTTP/1.1\r\nhost: ponte\r\n").await;
    // Whoever is refused early may find the way closed.
    while client.0.write_all(line.as_bytes()).await.is_ok() {}
    assert!(client.answer().await.is_none_or(|it| it.status == 431));
    assert_eq!(served.ask(bare("GET", "/")).await.status, 200);
}

#[tokio::test]
async fn a_request_in_work_is_answered_before_the_server_stops() {
    let (served, door) = served(LIMITS).await;
    let mut idle = served.connect().await;
    idle.ask(bare("GET", "/")).await;
    let mut client = served.connect().await;
    client.send(bare("GET", "/door")).await;
    door.somebody_came().await;
    served.stop();
    // The kept connection without a request goes first, and the door is still closed then.
    assert!(idle.closed().await);
    while served.listens().await {
        tokio::task::yield_now().await;
    }
    door.let_one_pass();
    let answer = client.answer().await.unwrap();
    assert_eq!((answer.status, answer.body.as_str()), (200, "through"));
    assert_eq!(answer.header("connection"), Some("close"));
    served.stopped().await;
}

#[tokio::test]
async fn a_request_that_does_not_end_does_not_keep_the_server_from_stopping() {
    let (served, door) = served(Limits { drain_within: Duration::from_millis(50), ..LIMITS }).await;
    let mut client = served.connect().await;
    client.send(bare("GET", "/door")).await;
    door.somebody_came().await;
    served.stop();
    served.stopped().await;
    assert!(client.closed().await);
}

#[tokio::test]
async fn a_connection_without_a_request_does_not_keep_the_server_from_stopping() {
    let (served, _) = served(LIMITS).await;
    let mut fresh = served.connect().await;
    // Served by now: connections are taken in order.
    assert_eq!(served.ask(bare("GET", "/")).await.status, 200);
    let start = tokio::time::Instant::now();
    served.stop();
    served.stopped().await;
    assert!(start.elapsed() < LIMITS.drain_within / 2);
    assert!(fresh.closed().await);
}

#[tokio::test]
async fn what_is_no_http_is_refused_and_the_next_client_is_served() {
    let (served, _) = served(LIMITS).await;
    let answer = served.ask("\u{16}\u{3}\u{1}\r\n\r\n").await;
    assert_eq!(answer.status, 400);
    assert_eq!(served.ask(bare("GET", "/")).await.status, 200);
}

#[test]
fn only_a_client_that_went_away_is_no_reason_to_wait() {
    assert!(concerns_one_client(&io::Error::from(io::ErrorKind::ConnectionAborted)));
    // EMFILE: too many open files.
    assert!(!concerns_one_client(&io::Error::from_raw_os_error(24)));
}
