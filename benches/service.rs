//! The release binary as an operator has it: how soon `run` is ready, how soon it ends, and what it
//! holds when idle.
//!
//! `cargo bench --bench service` builds the binary and measures it; `-- PATH` measures another one,
//! and `-- --quick` leaves out the ledger of a million leads. Each turn starts `run` on no ledger,
//! again on the ledger that it made, and `ponte --version`, which does nothing: whatever else the
//! machine does meets all three. Both accounts are sockets that take connections and never answer,
//! the worst that can be behind a service that is to be ready without them.

#![expect(clippy::print_stdout, reason = "the table is what a benchmark is for")]

#[path = "support/filled.rs"]
mod filled;
#[path = "support/place.rs"]
mod place;

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread::{self, JoinHandle},
    time::Duration,
};

use place::{Place, TOKEN};
use serde_json::Value;
use tokio::time::Instant;

/// How often each start is measured.
const TURNS: usize = 20;

/// How long it is left alone before its memory is looked at.
const IDLE_FOR: Duration = Duration::from_secs(5);

/// What is asked of it before its memory is looked at again.
const WEBHOOKS: usize = 20_000;
const PAGES: usize = 100;

fn main() {
    let binary = std::env::args_os().skip(1).map(PathBuf::from).find(|it| it.is_file());
    let binary = binary.unwrap_or_else(|| env!("CARGO_BIN_EXE_ponte").into());
    let silent = Silent::open();
    starts(&binary, &silent);
    println!("\n{:<44} {:>9} {:>9} {:>9} {:>9}", "resident, MiB", "all", "own", "files", "threads");
    memory(&binary, &Place::new(silent.ports()));
    if !std::env::args().any(|it| it == "--quick") {
        let place = Place::new(silent.ports());
        filled::fill(&place, 1_000_000, &[]);
        memory(&binary, &place);
    }
}

/// Times of the starts, all of them in turns.
fn starts(binary: &Path, silent: &Silent) {
    let [mut nothing, mut first, mut again] = [(); 3].map(|()| Times::default());
    for _ in 0..TURNS {
        nothing.version.push(version(binary));
        let place = Place::new(silent.ports());
        start(binary, &place, &mut first);
        start(binary, &place, &mut again);
    }
    println!(
        "{:<44} {:>9} {:>9} {:>9} {:>9}",
        "from exec to, ms", "fastest", "median", "slowest", "/version"
    );
    let base = median(&mut nothing.version);
    let rows = [
        ("the end of `ponte --version`", &mut nothing.version),
        ("GET on the webhook URL is 200, no ledger", &mut first.receiver),
        ("/readyz is 200, no ledger", &mut first.ready),
        ("GET on the webhook URL is 200, its ledger", &mut again.receiver),
        ("/readyz is 200, its ledger", &mut again.ready),
        ("from SIGTERM to the end", &mut again.stop),
    ];
    for (name, times) in rows {
        let median = median(times);
        let ratio = median.as_secs_f64() / base.as_secs_f64();
        let [fastest, slowest] = [times[0], times[times.len() - 1]].map(ms);
        println!("{name:<44} {fastest:>9.1} {:>9.1} {slowest:>9.1} {ratio:>9.1}", ms(median));
    }
}

#[derive(Default)]
struct Times {
    version: Vec<Duration>,
    receiver: Vec<Duration>,
    ready: Vec<Duration>,
    stop: Vec<Duration>,
}

fn version(binary: &Path) -> Duration {
    let begin = Instant::now();
    let output = Command::new(binary).arg("--version").output().expect("the binary starts");
    assert!(output.status.success(), "--version failed");
    begin.elapsed()
}

fn start(binary: &Path, place: &Place, times: &mut Times) {
    let begin = Instant::now();
    let service = Running::start(binary, place);
    let answer = get(service.receiver, &format!("/webhooks/{TOKEN}"));
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    times.receiver.push(begin.elapsed());
    // The page's picture of the engine comes with the engine's first turn.
    while !get(service.admin, "/readyz").starts_with("HTTP/1.1 200") {}
    times.ready.push(begin.elapsed());
    let begin = Instant::now();
    service.stop();
    times.stop.push(begin.elapsed());
}

/// What it holds when idle, before and after work.
#[expect(clippy::disallowed_methods, reason = "it is left alone for a while")]
fn memory(binary: &Path, place: &Place) {
    let service = Running::start(binary, place);
    thread::sleep(IDLE_FOR);
    service.show_memory("idle, nothing done");
    let before = service.cpu_ticks();
    thread::sleep(IDLE_FOR);
    let spent = (service.cpu_ticks() - before) * 10 / IDLE_FOR.as_secs();
    service.webhooks(WEBHOOKS);
    for path in ["/", "/metrics", "/readyz"].repeat(PAGES) {
        get(service.admin, path);
    }
    thread::sleep(IDLE_FOR);
    let pages = 3 * PAGES;
    service.show_memory(&format!("idle after {WEBHOOKS} webhooks and {pages} pages"));
    println!("processor time when idle: {spent} ms a second");
    let begin = Instant::now();
    service.stop();
    println!("from SIGTERM to the end with lookups under way: {:.1} ms", ms(begin.elapsed()));
}

/// Two accounts that take connections and say nothing.
struct Silent([TcpListener; 2]);

impl Silent {
    fn open() -> Self {
        Self([(); 2].map(|()| TcpListener::bind(("127.0.0.1", 0)).expect("a port is free")))
    }

    fn ports(&self) -> [u16; 2] {
        self.0.each_ref().map(|it| it.local_addr().expect("it is bound").port())
    }
}

/// A process that is killed where the benchmark fails; otherwise it has ended before.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
    }
}

/// A service that is up.
struct Running {
    process: Process,
    /// Reads the log to its end, so that the service can go on writing it.
    log: JoinHandle<String>,
    receiver: u16,
    admin: u16,
}

impl Running {
    /// Starts `run` and reads its log up to the line that says where it listens.
    fn start(binary: &Path, place: &Place) -> Self {
        let mut command = Command::new(binary);
        command.args(["--log", "json", "run", "--config"]).arg(place.config());
        let child = command.stderr(Stdio::piped()).spawn().expect("the binary starts");
        let mut process = Process(child);
        let mut log = BufReader::new(process.0.stderr.take().expect("it is a pipe"));
        let ready = loop {
            let mut line = String::new();
            let read = log.read_line(&mut line).expect("the log is text");
            assert!(read > 0, "it ended before it was ready");
            let event: Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("{line}"));
            if event["message"] == "ready" {
                break event;
            }
        };
        let port = |name: &str| {
            let address = ready[name].as_str().unwrap_or_default();
            let port = address.rsplit_once(':').and_then(|(_, port)| port.parse().ok());
            port.expect("the log says the port")
        };
        let (receiver, admin) = (port("receiver"), port("admin"));
        let log = thread::spawn(move || {
            let mut rest = String::new();
            log.read_to_string(&mut rest).map(|_| rest).unwrap_or_default()
        });
        Self { process, log, receiver, admin }
    }

    fn stop(mut self) {
        let id = self.process.0.id().to_string();
        let killed = Command::new("kill").arg(&id).status().expect("kill can be run");
        assert!(killed.success(), "no signal could be sent");
        let ended = self.process.0.wait().expect("it is a child");
        let log = self.log.join().unwrap_or_default();
        assert!(ended.success(), "it did not stop as it should: {ended}\n{log}");
    }

    /// Sends webhooks over one connection, each after the answer to the one before.
    fn webhooks(&self, count: usize) {
        let mut stream = TcpStream::connect(("127.0.0.1", self.receiver)).expect("it listens");
        stream.set_nodelay(true).expect("it is connected");
        let mut answer = [0; 1024];
        for number in 1..=count {
            let body = format!("contact[id]={number}&contact[email]=p{number}@example.com");
            let request = format!(
                "POST /webhooks/{TOKEN} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: {}\r\n\
                 content-type: application/x-www-form-urlencoded\r\n\r\n{body}",
                body.len()
            );
            stream.write_all(request.as_bytes()).expect("it reads");
            let mut length = 0;
            // The answers are a head and one small object.
            while !answer[..length].ends_with(b"\"}") {
                let read = stream.read(&mut answer[length..]).expect("it answers");
                assert!(read > 0, "it closed a connection");
                length += read;
            }
            assert!(answer.starts_with(b"HTTP/1.1 200"), "an answer is not 200");
        }
    }

    fn show_memory(&self, name: &str) {
        let status = self.proc("status");
        let number = |key: &str| -> u32 {
            let line = status.lines().find_map(|it| it.strip_prefix(key)?.strip_prefix(':'));
            let word = line.and_then(|it| it.split_whitespace().next());
            word.and_then(|it| it.parse().ok()).expect("Linux says so")
        };
        let mib = |key| f64::from(number(key)) / 1024.0;
        let (all, own, files) = (mib("VmRSS"), mib("RssAnon"), mib("RssFile"));
        let threads = number("Threads");
        println!("{name:<44} {all:>9.1} {own:>9.1} {files:>9.1} {threads:>9}");
    }

    /// Processor time spent so far, in hundredths of a second.
    fn cpu_ticks(&self) -> u64 {
        let stat = self.proc("stat");
        // The name in brackets may hold blanks; user and system time are 12th and 13th after it.
        let (_, rest) = stat.rsplit_once(')').expect("Linux says so");
        rest.split_whitespace().skip(11).take(2).filter_map(|it| it.parse::<u64>().ok()).sum()
    }

    fn proc(&self, file: &str) -> String {
        let path = format!("/proc/{}/{file}", self.process.0.id());
        fs::read_to_string(path).expect("this is Linux, and it runs")
    }
}

fn get(port: u16, path: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("it listens");
    let request = format!("GET {path} HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).expect("it reads");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("it answers");
    String::from_utf8_lossy(&answer).into_owned()
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}
