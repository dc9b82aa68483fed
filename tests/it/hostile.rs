//! Those who mean harm to the real service: its memory stays bounded, and webhooks that are right
//! are taken all the while, within the five seconds after which ActiveCampaign hangs up.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::{
    fs,
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use flate2::{Compression, write::GzEncoder};
use ponte::{ledger::Connection, transport::wire};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
    task::JoinSet,
};

use crate::support::{Accounts, Ponte, Route, Running, Served, Settings, until};

const PATH: &str = "/webhooks/token-of-the-route-site";

/// How long ActiveCampaign waits for an answer.
const HANGS_UP_AFTER: Duration = Duration::from_secs(5);

const PATIENCE: Duration = Duration::from_mins(1);

async fn stand(settings: impl FnOnce(Settings) -> Settings) -> (Served, Ponte, Running) {
    let accounts = Accounts::new(31);
    let automation = accounts.automation_of("site");
    let served = accounts.serve().await;
    let route = Route::new("site", "person-deal", automation);
    let ponte = Ponte::new(&settings(Settings::new([route])), &served);
    let running = ponte.run().await;
    (served, ponte, running)
}

/// The most memory that the process ever held, in MiB.
fn peak_mib(running: &Running) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", running.process.id())).unwrap();
    let line = status.lines().find(|it| it.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
}

/// One request as ActiveCampaign would make it: its status, where one comes in time.
fn ask(at: SocketAddr, head: &str, body: &str) -> Option<u16> {
    let mut stream = TcpStream::connect_timeout(&at, HANGS_UP_AFTER).ok()?;
    stream.set_read_timeout(Some(HANGS_UP_AFTER)).unwrap();
    let length = body.len();
    let request = format!(
        "{head} HTTP/1.1\r\nHost: ponte\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).ok()?;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(answer.get(9..12)?).parse().ok()
}

/// Posts ten webhooks; all must be taken.
fn webhooks_are_taken(at: SocketAddr) {
    for _ in 0..10 {
        assert_eq!(ask(at, &format!("POST {PATH}"), "contact[id]=424242"), Some(200));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_connections_keeps_no_webhook_and_no_monitor_out() {
    let (_served, _ponte, running) = stand(|it| it).await;
    let (receiver, admin) = (running.receiver, running.admin);
    let before = peak_mib(&running);
    let flood = move || {
        let mut held = Vec::new();
        for number in 0..700 {
            // More than there are places: silent ones, and heads that are never finished.
            let mut stream = TcpStream::connect(receiver).unwrap();
            if number % 2 == 0 {
                let _ = stream.write_all(b"POST /webhooks/x HTTP/1.1\r\nHost: po");
            }
            held.push(stream);
            if number % 5 == 0 {
                held.push(TcpStream::connect(admin).unwrap());
            }
        }
        webhooks_are_taken(receiver);
        assert_eq!(ask(admin, "GET /healthz", ""), Some(200));
        held.len()
    };
    assert_eq!(tokio::task::spawn_blocking(flood).await.unwrap(), 840);
    let grown = peak_mib(&running) - before;
    assert!(grown <= 64, "{grown} MiB more");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn heads_without_end_and_guesses_at_tokens_keep_no_webhook_out() {
    let (_served, ponte, running) = stand(|it| it).await;
    let receiver = running.receiver;
    let before = peak_mib(&running);
    let mut attack = JoinSet::new();
    for _ in 0..8 {
        attack.spawn_blocking(move || {
            let mut stream = TcpStream::connect(receiver).unwrap();
            stream.write_all(format!("POST {PATH} HTTP/1.1\r\n").as_bytes()).unwrap();
            let line = format!("x-flood: {}\r\n", "x".repeat(8_000));
            (0..10_000).take_while(|_| stream.write_all(line.as_bytes()).is_ok()).count()
        });
    }
    for guess in 0..40 {
        attack.spawn_blocking(move || {
            let path = format!("POST /webhooks/guess-number-{guess:08}");
            usize::from(ask(receiver, &path, "contact[id]=1").unwrap())
        });
    }
    tokio::task::spawn_blocking(move || webhooks_are_taken(receiver)).await.unwrap();
    for outcome in attack.join_all().await {
        assert!(outcome == 404 || outcome < 10_000, "{outcome}");
    }
    let grown = peak_mib(&running) - before;
    assert!(grown <= 32, "{grown} MiB more");
    until("the guesses are counted", PATIENCE, async || {
        let conn = Connection::open(ponte.ledger()).unwrap();
        let sql = "SELECT coalesce(sum(hits), 0) FROM unknown_token";
        let hits: i64 = conn.query_row(sql, [], |row| row.get(0)).unwrap();
        (hits == 40).then_some(())
    })
    .await;
}

/// Zeros, packed: a thousand times smaller.
fn bomb(mebibytes: usize) -> Vec<u8> {
    let mut bomb = GzEncoder::new(Vec::new(), Compression::fast());
    let zeros = vec![0; 1 << 20];
    for _ in 0..mebibytes {
        bomb.write_all(&zeros).unwrap();
    }
    bomb.finish().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_packed_body_is_kept_as_it_came_and_never_unpacked() {
    let (_served, ponte, running) = stand(|it| it).await;
    let bomb = bomb(128);
    assert!(bomb.len() < 1_000_000);
    let before = peak_mib(&running);
    let url = format!("http://{}{PATH}", running.receiver);
    let client = wire::http_client("somebody").unwrap();
    for _ in 0..4 {
        let post = client.post(&url).header("Content-Encoding", "gzip").body(bomb.clone());
        assert_eq!(post.send().await.unwrap().status(), 200);
    }
    until("they have their fate", PATIENCE, async || {
        let status = ponte.json(&["status", "--json"]).await;
        (status["deliveries"]["quarantined"] == 4).then_some(())
    })
    .await;
    let grown = peak_mib(&running) - before;
    assert!(grown <= 32, "{grown} MiB more");
}

/// A server that answers everything with a bomb.
async fn bombs(tasks: &mut JoinSet<()>) -> SocketAddr {
    let packed = bomb(256);
    let length = packed.len();
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\n\
         Connection: close\r\nContent-Length: {length}\r\n\r\n"
    );
    let answer = [head.into_bytes(), packed].concat();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    tasks.spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") && stream.read_buf(&mut head).await.unwrap() > 0 {}
            // Whoever has had enough closes.
            let _ = stream.write_all(&answer).await;
        }
    });
    at
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn services_that_answer_with_bombs_cost_little_and_stop_no_webhook() {
    let mut tasks = JoinSet::new();
    let at = bombs(&mut tasks).await;
    let accounts = Accounts::new(32);
    let automation = accounts.automation_of("site");
    let settings = Settings::new([Route::new("site", "person-deal", automation)]);
    let served = accounts.serve().await;
    let ponte = Ponte::new(&settings, &served);
    ponte.configure(&settings.toml(at, at, &ponte.ledger()));
    let running = ponte.run().await;
    let receiver = running.receiver;
    tokio::task::spawn_blocking(move || webhooks_are_taken(receiver)).await.unwrap();
    until("a poll has met them", PATIENCE, async || {
        running.process.err().contains("a poll failed").then_some(())
    })
    .await;
    tokio::task::spawn_blocking(move || webhooks_are_taken(receiver)).await.unwrap();
    let peak = peak_mib(&running);
    assert!(peak <= 256, "{peak} MiB");
}
