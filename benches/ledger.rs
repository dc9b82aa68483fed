//! What `status`, `explain`, `leads --state failed` and the admin pages cost on a small ledger and on
//! one of a million leads.
//!
//! `cargo bench --bench ledger` fills the ledgers (about a minute) and measures each question in
//! process, each page as HTML, and each question as a command from its start to its end beside
//! `ponte --version`. With `-- --quick`
//! the large one has 100,000 leads.

#![expect(clippy::print_stdout, reason = "the table is what a benchmark is for")]

#[path = "support/filled.rs"]
mod filled;
#[path = "support/place.rs"]
mod place;

use std::{collections::BTreeMap, process::Command, sync::Arc, time::Duration};

use axum::body::Body;
use chrono::{DateTime, Utc};
use http::Request;
use http_body_util::BodyExt as _;
use place::Place;
use ponte::{
    cli::overview,
    clock::Clock,
    config::{self, Live},
    domain::{ContactId, LeadState},
    ledger::{Connection, Ledger, LedgerError, Options, explain, leads, open::Opener, status},
    web::{Admin, admin::Parts},
};
use rand::{Rng, SeedableRng, rngs::StdRng};
use tokio::{runtime::Runtime, time::Instant};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

/// How often each question is asked in process, and as a command.
const ASKED: usize = 200;
const RUN: usize = 20;

fn main() {
    let is_quick = std::env::args().any(|it| it == "--quick");
    let runtime = Runtime::new().expect("threads can be started");
    let sizes = [10_000, if is_quick { 100_000 } else { 1_000_000 }];
    let ledgers = sizes.map(|leads| {
        // Nobody is asked: nothing ever listens on port 9.
        let place = Place::new([9, 9]);
        filled::fill(&place, leads, &[]);
        Filled { leads, place }
    });
    in_process(&runtime, &ledgers);
    as_pages(&runtime, &ledgers);
    as_commands(&ledgers);
}

/// A ledger, and how many leads it has.
struct Filled {
    leads: i64,
    place: Place,
}

/// A question, in process and on the command line; the contact is another one each time.
struct Question {
    name: &'static str,
    read: fn(&Connection, i64) -> Result<(), LedgerError>,
    command: fn(i64) -> Vec<String>,
}

const QUESTIONS: [Question; 3] = [
    Question {
        name: "status",
        read: |conn, _| status::read(conn, now()).map(drop),
        command: |_| words("status --json"),
    },
    Question {
        name: "explain",
        read: |conn, contact| explain::read(conn, ContactId(contact)).map(drop),
        command: |contact| words(&format!("explain {contact} --json")),
    },
    Question {
        name: "leads --state failed",
        read: |conn, _| leads::list(conn, Some(LeadState::Failed), None, None).map(drop),
        command: |_| words("leads --state failed --json"),
    },
];

fn in_process(runtime: &Runtime, ledgers: &[Filled; 2]) {
    heading("in process, ms", ledgers, "");
    for question in &QUESTIONS {
        let [small, large] = ledgers.each_ref().map(|filled| {
            let ledger = Options::file(filled.place.ledger(), Clock::system());
            let ledger = ledger.open(Opener::Command).expect("it was just made");
            let times = runtime.block_on(ask(&ledger, question, filled.leads));
            runtime.block_on(ledger.close());
            times
        });
        show(question.name, small, large, None);
    }
}

async fn ask(ledger: &Ledger, question: &Question, leads: i64) -> Vec<Duration> {
    let mut rng = StdRng::seed_from_u64(7);
    let mut times = Vec::new();
    let read = question.read;
    for _ in 0..ASKED {
        let contact = rng.random_range(1..=leads);
        let begin = Instant::now();
        ledger.read(move |conn| read(conn, contact)).await.expect("it is answered");
        times.push(begin.elapsed());
    }
    times
}

/// The pages, each with what it shows most of; `#` is a contact, and its lead.
const PAGES: [&str; 10] = [
    "/",
    "/leads",
    "/leads?show=done&before=site/#",
    "/leads?show=failed",
    "/leads?show=missed&route=site",
    "/leads?q=#",
    "/contacts/#",
    "/waiting",
    "/runs",
    "/settings",
];

/// Each page made by the service's own router, as HTML, on the day on which the last lead came.
fn as_pages(runtime: &Runtime, ledgers: &[Filled; 2]) {
    println!();
    heading("as a page, ms", ledgers, "slowest");
    for page in PAGES {
        let [small, large] = ledgers.each_ref().map(|filled| {
            let last = DateTime::from_timestamp(filled::FROM + filled.leads * 30, 0);
            let clock = Clock::simulated(last.expect("in range"));
            let config = config::load(&filled.place.config(), &BTreeMap::new());
            let live = Live::new(config.expect("the configuration is right").config);
            runtime.block_on(async {
                let options = Options::file(filled.place.ledger(), clock.clone());
                let ledger = options.open(Opener::Command).expect("it was just made");
                let parts = Parts {
                    ledger: ledger.clone(),
                    read: overview::of(&ledger, &clock),
                    clock,
                    state: Arc::default(),
                    jobs: Arc::default(),
                    stopping: CancellationToken::new(),
                    file: None,
                };
                let times = turn_to(&Admin::new(&live, parts), page, filled.leads).await;
                ledger.close().await;
                times
            })
        });
        let slowest = large.iter().max().copied().into_iter().collect();
        show(page, small, large, Some(slowest));
    }
}

async fn turn_to(admin: &Admin, page: &str, leads: i64) -> Vec<Duration> {
    let mut rng = StdRng::seed_from_u64(7);
    let mut times = Vec::new();
    for _ in 0..ASKED {
        let path = page.replace('#', &rng.random_range(1..=leads).to_string());
        let request = Request::get(path).header("host", "localhost").body(Body::empty());
        let begin = Instant::now();
        let answer = admin.router().oneshot(request.expect("it is a request")).await;
        let answer = answer.expect("it is answered");
        assert!(answer.status().is_success(), "{page}: {}", answer.status());
        answer.into_body().collect().await.expect("it has a body");
        times.push(begin.elapsed());
    }
    times
}

fn as_commands(ledgers: &[Filled; 2]) {
    println!();
    heading("as a command, ms", ledgers, "--version");
    let mut rng = StdRng::seed_from_u64(7);
    for question in &QUESTIONS {
        let [mut nothing, mut small, mut large] = [(); 3].map(|()| Vec::new());
        for _ in 0..RUN {
            nothing.push(run(&ledgers[0], &words("--version")));
            for (filled, times) in ledgers.iter().zip([&mut small, &mut large]) {
                let contact = rng.random_range(1..=filled.leads);
                times.push(run(filled, &(question.command)(contact)));
            }
        }
        show(question.name, small, large, Some(nothing));
    }
}

fn run(filled: &Filled, arguments: &[String]) -> Duration {
    let begin = Instant::now();
    let output = Command::new(env!("CARGO_BIN_EXE_ponte"))
        .arg("--config")
        .arg(filled.place.config())
        .args(arguments)
        .output()
        .expect("the binary starts");
    let time = begin.elapsed();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    time
}

fn words(command: &str) -> Vec<String> {
    command.split_whitespace().map(str::to_owned).collect()
}

fn heading(what: &str, [small, large]: &[Filled; 2], last: &str) {
    let (small, large) = (small.leads, large.leads);
    println!("{what:<32} {small:>10} {large:>10} {:>8} {last:>10}", "ratio");
}

/// Medians of both sizes, what the large one costs more, and the least a process can cost.
fn show(name: &str, small: Vec<Duration>, large: Vec<Duration>, nothing: Option<Vec<Duration>>) {
    let (small, large) = (median(small), median(large));
    let nothing = nothing.map(|it| format!("{:.3}", median(it))).unwrap_or_default();
    println!("{name:<32} {small:>10.3} {large:>10.3} {:>8.2} {nothing:>10}", large / small);
}

/// In milliseconds.
fn median(mut times: Vec<Duration>) -> f64 {
    times.sort_unstable();
    times[times.len() / 2].as_secs_f64() * 1000.0
}

/// The day after everything in the ledger.
fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(filled::FROM + 86_400 * 365, 0).expect("in range")
}
