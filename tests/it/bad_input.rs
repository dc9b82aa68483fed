//! What strangers and broken clients send to the real receiver: each gets the contract's answer,
//! costs little, and whatever was accepted is accounted for.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::{
    fmt::Write as _,
    fs,
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use ponte::{ledger::Connection, simulator::activecampaign::NewContact};
use tokio::time::Instant;

use crate::support::{Accounts, Ponte, Route, Running, Served, Settings, until};

const PATH: &str = "/webhooks/token-of-the-route-site";

/// A running service, and what it stands between.
struct Stand {
    accounts: Accounts,
    ponte: Ponte,
    running: Running,
    _served: Served,
}

impl Stand {
    async fn start() -> Self {
        let accounts = Accounts::new(30);
        let automation = accounts.automation_of("site");
        let served = accounts.serve().await;
        let route = Route::new("site", "person-deal", automation).with("expect_within = \"1s\"");
        let ponte = Ponte::new(&Settings::new([route]), &served);
        let running = ponte.run().await;
        Self { accounts, ponte, running, _served: served }
    }

    /// Posts a body; returns status and head of the answer.
    async fn post(&self, path: &str, body: impl Into<Vec<u8>>) -> (u16, String) {
        let (at, path, body) = (self.running.receiver, path.to_owned(), body.into());
        tokio::task::spawn_blocking(move || post(at, &path, &body)).await.unwrap()
    }

    /// The most memory the process ever held, in MiB.
    fn peak_mib(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.running.process.id()));
        let status = status.unwrap();
        let line = status.lines().find(|it| it.starts_with("VmHWM:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
    }
}

/// More custom fields than any account has.
fn ten_thousand_keys() -> String {
    let mut keys = String::new();
    for number in 0..10_000 {
        write!(keys, "contact[fields][{number}]=x&").unwrap();
    }
    keys
}

fn post(at: SocketAddr, path: &str, body: &[u8]) -> (u16, String) {
    let mut stream = TcpStream::connect(at).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let length = body.len();
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: ponte\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    // Whoever is refused early may find the way closed.
    let _ = stream.write_all(body);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let status = answer.get(9..12).and_then(|it| it.parse().ok());
    (status.unwrap_or_else(|| panic!("no answer: {answer:?}")), answer)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_a_body_holds_it_is_answered_and_accounted_for() {
    let stand = Stand::start().await;
    let deep = "[".repeat(100_000);
    let keys = ten_thousand_keys();
    let brackets = format!("contact{}=1", "[a]".repeat(50_000));
    let bodies: Vec<(&str, Vec<u8>)> = vec![
        ("empty", Vec::new()),
        ("spaces", b"  \r\n ".to_vec()),
        ("JSON", br#"{"contact":{"id":1}}"#.to_vec()),
        ("deep JSON", deep.into_bytes()),
        ("invalid UTF-8", b"contact%5Bid%5D=%FF%FE&\xff\xfe\x00=\x80".to_vec()),
        ("zeros", vec![0; 10_000]),
        ("no contact", b"seriesid=1&contact[email]=ana@example.com".to_vec()),
        ("a contact that is no number", b"contact[id]=1%20OR%201=1".to_vec()),
        ("a negative contact", b"contact[id]=-1".to_vec()),
        ("a huge contact", b"contact[id]=99999999999999999999999".to_vec()),
        ("deep brackets", brackets.into_bytes()),
        ("many keys", keys.into_bytes()),
        ("a script", b"contact[id]=<script>alert(1)</script>".to_vec()),
        ("separators", b"&&&===&&;;%%%".to_vec()),
    ];
    for (what, body) in &bodies {
        let begun = Instant::now();
        let (status, answer) = stand.post(PATH, body.clone()).await;
        assert_eq!(status, 200, "{what}: {answer}");
        assert!(answer.contains(r#"{"receipt":""#), "{what}: {answer}");
        assert!(begun.elapsed() < Duration::from_secs(2), "{what}: {:?}", begun.elapsed());
    }
    // And one that is right, among ten thousand keys, and one about nobody.
    let contact = stand.accounts.activecampaign.create_contact(NewContact::new("ana@example.com"));
    let contact = contact.unwrap();
    let automation = ponte::domain::AutomationId(1);
    stand.accounts.activecampaign.enroll(contact, automation).unwrap();
    let keys = ten_thousand_keys();
    let good = format!("{keys}contact%5Bid%5D={contact}&contact[id]=999");
    assert_eq!(stand.post(PATH, good).await.0, 200);
    assert_eq!(stand.post(PATH, "contact[id]=424242").await.0, 200);

    let quarantined = bodies.len();
    let status = until("all have their fate", Duration::from_secs(20), async || {
        let status = stand.ponte.json(&["status", "--json"]).await;
        (status["deliveries"]["pending"] == 0 && status["leads"]["done"] == 1).then_some(status)
    })
    .await;
    let deliveries = &status["deliveries"];
    assert_eq!(deliveries["accepted"], quarantined + 2);
    assert_eq!(deliveries["quarantined"], quarantined);
    assert_eq!((&deliveries["applied"], &deliveries["ignored"]), (&1.into(), &1.into()));
    assert_eq!(status["balance"], 0);
    // Each with its reason, and as it came.
    let conn = Connection::open(stand.ponte.ledger()).unwrap();
    let sql = "SELECT count(*) FROM delivery JOIN payload ON payload.id = payload_id
               WHERE fate = 'quarantined' AND reason <> '' AND body IS NOT NULL";
    let told: isize = conn.query_row(sql, [], |row| row.get(0)).unwrap();
    assert_eq!(usize::try_from(told), Ok(quarantined));
    let log = stand.running.process.err();
    assert!(!log.contains("ana@example.com") && !log.contains("<script>"), "{log}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_of_50_megabytes_is_refused_at_once_and_costs_no_memory() {
    let stand = Stand::start().await;
    stand.post(PATH, "contact[id]=1").await;
    let before = stand.peak_mib();
    for _ in 0..3 {
        let begun = Instant::now();
        let (status, _) = stand.post(PATH, vec![b'x'; 50 << 20]).await;
        assert_eq!(status, 413);
        assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    }
    // The same in pieces, without saying before how much it is.
    let at = stand.running.receiver;
    let chunked = move || {
        let mut stream = TcpStream::connect(at).unwrap();
        let head =
            format!("POST {PATH} HTTP/1.1\r\nHost: ponte\r\nTransfer-Encoding: chunked\r\n\r\n");
        stream.write_all(head.as_bytes()).unwrap();
        let chunk = [b"10000\r\n".to_vec(), vec![b'x'; 0x10000], b"\r\n".to_vec()].concat();
        for _ in 0..800 {
            if stream.write_all(&chunk).is_err() {
                break;
            }
        }
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).unwrap();
        String::from_utf8_lossy(&answer).into_owned()
    };
    let answer = tokio::task::spawn_blocking(chunked).await.unwrap();
    assert!(answer.ends_with("413"), "{answer}");
    let grown = stand.peak_mib() - before;
    assert!(grown <= 8, "{grown} MiB more");
    // One byte below the limit is taken.
    assert_eq!(stand.post(PATH, vec![b'x'; 1_048_576]).await.0, 200);
    assert_eq!(stand.post(PATH, vec![b'x'; 1_048_577]).await.0, 413);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unknown_urls_are_empty_404s_and_counted_and_no_answer_turns_a_webhook_off() {
    let stand = Stand::start().await;
    for path in ["/webhooks/nobody-knows-this-one", "/webhooks/", "/", "/webhooks/a/b"] {
        let (status, answer) = stand.post(path, "contact[id]=1").await;
        assert_eq!(status, 404, "{path}");
        assert!(answer.ends_with("\r\n\r\n"), "{path}: {answer}");
    }
    let url = format!("http://{}{PATH}", stand.running.receiver);
    let client = ponte::transport::wire::http_client("test").unwrap();
    let get = client.get(&url).send().await.unwrap();
    assert_eq!((get.status().as_u16(), get.text().await.unwrap().as_str()), (200, "ok"));
    for method in [http::Method::PUT, http::Method::DELETE, http::Method::PATCH] {
        let answer = client.request(method.clone(), &url).send().await.unwrap();
        assert_eq!(answer.status(), 405, "{method}");
    }
    let hits = until("it is counted", Duration::from_secs(20), async || {
        let conn = Connection::open(stand.ponte.ledger()).unwrap();
        let sql = "SELECT coalesce(sum(hits), 0) FROM unknown_token";
        let hits: i64 = conn.query_row(sql, [], |row| row.get(0)).unwrap();
        (hits >= 3).then_some(hits)
    })
    .await;
    assert_eq!(hits, 3, "only what looks like a webhook's URL");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_clients_are_sent_away_and_keep_nobody_out() {
    let stand = Stand::start().await;
    let at = stand.running.receiver;
    let slow = move |head: String| {
        move || {
            let mut stream = TcpStream::connect(at).unwrap();
            stream.write_all(head.as_bytes()).unwrap();
            stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
            let mut answer = Vec::new();
            let _ = stream.read_to_end(&mut answer);
            String::from_utf8_lossy(&answer).into_owned()
        }
    };
    let begun = Instant::now();
    let head = tokio::task::spawn_blocking(slow(format!("POST {PATH} HTTP/1.1\r\nHost: po")));
    let started =
        format!("POST {PATH} HTTP/1.1\r\nHost: ponte\r\nContent-Length: 100\r\n\r\ncontact");
    let body = tokio::task::spawn_blocking(slow(started));
    let idle: Vec<TcpStream> = (0..200).map(|_| TcpStream::connect(at).unwrap()).collect();
    for _ in 0..20 {
        assert_eq!(stand.post(PATH, "contact[id]=1").await.0, 200);
    }
    assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
    head.await.unwrap();
    assert!(begun.elapsed() < Duration::from_secs(9), "{:?}", begun.elapsed());
    let answer = body.await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    assert!(begun.elapsed() < Duration::from_secs(18), "{:?}", begun.elapsed());
    drop(idle);
    let status = stand.ponte.json(&["status", "--json"]).await;
    assert_eq!(status["deliveries"]["accepted"], 20);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_another_process_holds_the_ledger_webhooks_are_asked_to_come_again() {
    let stand = Stand::start().await;
    assert_eq!(stand.post(PATH, "contact[id]=1").await.0, 200);
    let holder = Connection::open(stand.ponte.ledger()).unwrap();
    holder.busy_timeout(Duration::from_secs(10)).unwrap();
    holder.execute_batch("BEGIN IMMEDIATE").unwrap();
    for _ in 0..2 {
        let begun = Instant::now();
        let (status, answer) = stand.post(PATH, "contact[id]=2").await;
        let took = begun.elapsed();
        assert_eq!(status, 503, "{answer}");
        assert!(answer.to_lowercase().contains("retry-after: "), "{answer}");
        assert!(took > Duration::from_millis(1_500) && took < Duration::from_secs(4), "{took:?}");
    }
    holder.execute_batch("ROLLBACK").unwrap();
    let status = until("it is taken again", Duration::from_secs(10), async || {
        let (status, _) = stand.post(PATH, "contact[id]=3").await;
        (status == 200).then_some(status)
    })
    .await;
    assert_eq!(status, 200);
    let ended = stand.running.process.terminate().await;
    assert_eq!(ended.status, 0, "{ended:?}");
    let audit = stand.ponte.command(&["audit"]).await;
    assert_eq!(audit.status, 0, "{audit:?}");
}
