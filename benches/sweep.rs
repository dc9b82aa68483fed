//! A healthy night: the whole account against the ledger, and nothing to do.
//!
//! `cargo bench --bench sweep` fills two ledgers (3.6 GB of disk) and lets the release
//! binary reconcile them with 200,000 and 1,000,000 contacts, with `ActiveCampaign`'s limit opened:
//! contacts a second and peak memory. Then 15,000 contacts at `ActiveCampaign`'s own five requests a
//! second, beside the time that the limit alone takes. `-- --quick` has a tenth of each; `-- PATH`
//! measures another `ponte`.
//!
//! `ActiveCampaign` is a small fast server in a process of its own (`sweep/server.rs`), which shares
//! the machine with what is measured. `-- --peers` has `tap-activecampaign` read the same server in
//! the same run (`peers/README.md`).

#![expect(clippy::print_stdout, reason = "the table is what a benchmark is for")]

#[path = "planner/account.rs"]
mod account;
#[path = "support/filled.rs"]
mod filled;
#[path = "sweep/people.rs"]
mod people;
#[path = "support/place.rs"]
mod place;
#[path = "sweep/process.rs"]
mod process;
#[path = "sweep/server.rs"]
mod server;

use std::{process::Command, thread, time::Duration};

use place::Place;
use ponte::{
    clock::Clock,
    domain::Lane,
    transport::{Limiter, Pace},
};
use process::{OPEN, Took};
use rusqlite::Connection;
use serde_json::Value;
use server::{SERVE, Server};
use tokio::time::Instant;

/// Contacts of which the ledger knows something else: the sweep has to notice them.
const CHANGED: u32 = 9;

/// What `ActiveCampaign` allows.
const ALLOWED: u32 = 5;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [first, contacts, ..] = &arguments[..]
        && first == SERVE
    {
        let contacts = contacts.parse().expect("so many contacts");
        return server::serve(contacts).expect("a port is free");
    }
    let has = |name: &str| arguments.iter().any(|it| it == name);
    let part = if has("--quick") { 10 } else { 1 };
    let (_ploomes, ploomes) = process::ploomes();
    open(ploomes, [200_000 / part, 1_000_000 / part]);
    paced(ploomes, 15_000 / part);
    if has("--peers") {
        peers(15_000 / part);
    }
}

/// A ledger that knows all contacts of a server, and that server.
struct Account {
    contacts: i64,
    place: Place,
    server: Server,
}

impl Account {
    fn new(ploomes: u16, contacts: i64) -> Self {
        let server = Server::start(contacts);
        let place = Place::new([server.port, ploomes]);
        let seen = people::observed();
        filled::fill(&place, contacts, &seen.iter().map(String::as_str).collect::<Vec<_>>());
        know_values(&place, contacts).expect("the schema is as this file has it");
        Self { contacts, place, server }
    }

    /// Reconciles, and makes sure that everybody was read and compared.
    fn reconcile(&self, rate: u32) -> Took {
        let [_, before] = self.server.answered();
        let (took, report) = process::reconcile(&self.place, rate);
        let [_, after] = self.server.answered();
        assert_eq!(
            after - before,
            u64::from(CHANGED),
            "those that changed are asked for, one by one"
        );
        let Value::Object(route) = &report["routes"][0] else { panic!("no route: {report}") };
        let count = |name: &str| route[name].as_i64().unwrap_or_default();
        assert_eq!(count("received") + count("without_webhook"), self.contacts, "{report}");
        assert_eq!((count("missed"), count("excluded")), (0, 0), "{report}");
        took
    }
}

/// Keeps the fingerprint of each contact's values, as if they had just been written, and lets a few
/// have been seen with another name.
fn know_values(place: &Place, contacts: i64) -> rusqlite::Result<()> {
    let rules = account::rules(account::DEFAULT_ROWS);
    let conn = Connection::open(place.ledger())?;
    conn.execute_batch("PRAGMA synchronous = off; BEGIN")?;
    let mut keep = conn.prepare("INSERT INTO derived VALUES (1, ?1, ?2)")?;
    for id in 1..=contacts {
        let values = rules.derive(&people::contact(id), "");
        keep.execute((id, values.fingerprint()))?;
    }
    conn.execute(
        "UPDATE payload SET body = CAST(replace(body, 'first_name\":\"', 'first_name\":\"X') AS BLOB)
         WHERE id IN (SELECT payload_id FROM observation WHERE contact <= ?1)",
        [CHANGED],
    )?;
    conn.execute("UPDATE derived SET fingerprint = zeroblob(32) WHERE contact <= ?1", [CHANGED])?;
    conn.execute_batch("COMMIT; PRAGMA wal_checkpoint(TRUNCATE);")
}

/// How fast, and how large, with the limit opened.
fn open(ploomes: u16, sizes: [i64; 2]) {
    let (mut rates, mut costs) = (Vec::new(), Vec::new());
    for contacts in sizes {
        let account = Account::new(ploomes, contacts);
        // The first run has the ledger's file in no state of its own: the second is counted.
        account.reconcile(OPEN);
        let took = account.reconcile(OPEN);
        let rate = per_second(contacts, took.time);
        let cpu = took.cpu.as_secs_f64() * 1e6 / to_f64(contacts);
        println!(
            "{contacts:>9} contacts: {:>7.1} s, {rate:>6.0} contacts/s, {cpu:>5.1} us of processor \
             each, peak {:>5.1} MiB",
            took.time.as_secs_f64(),
            took.peak,
        );
        rates.push(rate);
        costs.push(cpu);
    }
    println!(
        "the larger / the smaller: {:.2} of the contacts a second, {:.2} of the processor time each",
        rates[1] / rates[0],
        costs[1] / costs[0],
    );
}

/// What the engine adds to the time of the limit, at `ActiveCampaign`'s own pace.
fn paced(ploomes: u16, contacts: i64) {
    let account = Account::new(ploomes, contacts);
    let [before, _] = account.server.answered();
    account.reconcile(OPEN);
    let requests = account.server.answered()[0] - before;
    let alone = thread::spawn(move || limit_alone(requests));
    let took = account.reconcile(ALLOWED).time.as_secs_f64();
    let alone = alone.join().expect("it does not fail").as_secs_f64();
    let even = Duration::from_secs(requests).as_secs_f64() / f64::from(ALLOWED);
    println!(
        "{contacts} contacts, {requests} requests at {ALLOWED} a second: {took:.2} s; \
         the limit alone {alone:.2} s (+{:.2} %); {requests} / {ALLOWED} is {even:.2} s (+{:.2} %)",
        (took / alone - 1.0) * 100.0,
        (took / even - 1.0) * 100.0,
    );
}

/// How long so many requests wait for their turn where each is answered at once.
fn limit_alone(requests: u64) -> Duration {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    runtime.expect("a runtime of this thread").block_on(async {
        let limiter = Limiter::new(Pace::per_second(ALLOWED), Clock::system());
        let begin = Instant::now();
        for _ in 0..requests {
            drop(limiter.acquire(Lane::Repair).await.expect("nobody closes it"));
        }
        begin.elapsed()
    })
}

/// What others make of the same server.
fn peers(contacts: i64) {
    let server = Server::start(contacts);
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/peers/tap_activecampaign.py");
    for pace in ["open", "own"] {
        let mut command = Command::new("python3");
        command.arg(script).arg(format!("http://127.0.0.1:{}", server.port)).arg(pace);
        let (_, out, log) = process::run(&mut command);
        let answer: Value = serde_json::from_str(&out).unwrap_or_else(|_| panic!("{out}{log}"));
        let (read, seconds) = (answer["contacts"].as_i64(), answer["seconds"].as_f64());
        assert_eq!(read, Some(contacts), "{answer}\n{log}");
        let time = Duration::from_secs_f64(seconds.unwrap_or_default());
        println!(
            "tap-activecampaign, {pace} limit: {contacts} contacts, {:.1} s, {:.0} contacts/s",
            time.as_secs_f64(),
            per_second(contacts, time)
        );
    }
}

fn per_second(contacts: i64, time: Duration) -> f64 {
    to_f64(contacts) / time.as_secs_f64()
}

fn to_f64(contacts: i64) -> f64 {
    f64::from(u32::try_from(contacts).expect("there are fewer"))
}
