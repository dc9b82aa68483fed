//! The programs that are measured, and what the system says of them.

use std::{
    fs,
    io::{BufRead, BufReader, Read},
    path::PathBuf,
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use serde_json::Value;
use tokio::time::Instant;

use crate::place::Place;

/// How often it is looked how much memory a process has had: the system keeps the peak.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// More requests a second than any run makes: the limit is open.
pub const OPEN: u32 = 100_000;

/// The program that is measured: `ponte`, or another one that was named.
pub fn binary() -> PathBuf {
    let named = std::env::args_os().skip(1).map(PathBuf::from).find(|it| it.is_file());
    named.unwrap_or_else(|| env!("CARGO_BIN_EXE_ponte").into())
}

/// A process that is killed where the benchmark fails.
pub struct Process(pub Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What a run took.
pub struct Took {
    /// From `exec` to the end.
    pub time: Duration,
    /// Of the processor.
    pub cpu: Duration,
    /// The most that was resident, in MiB.
    pub peak: f64,
}

/// One whole reconciliation, as a person would ask for it; `rate` is the limit of `ActiveCampaign`.
pub fn reconcile(place: &Place, rate: u32) -> (Took, Value) {
    let mut command = Command::new(binary());
    command
        .arg("--config")
        .arg(place.config())
        .args(["reconcile", "--mode", "report", "--format", "json"])
        .env("PONTE_ACTIVECAMPAIGN__REQUESTS_PER_SECOND", rate.to_string())
        .env("PONTE_PLOOMES__REQUESTS_PER_MINUTE", OPEN.to_string())
        // Ploomes' side is another sweep, at Ploomes' pace.
        .env("PONTE_RECONCILE__DRIFT", "off");
    let (took, out, log) = run(&mut command);
    let report: Value = serde_json::from_str(&out).unwrap_or_else(|_| panic!("no report: {log}"));
    assert_eq!(report["outcome"], "complete", "{report}\n{log}");
    (took, report)
}

/// Runs a program to its end; returns what it took, said and logged.
#[expect(clippy::disallowed_methods, reason = "another process is watched")]
pub fn run(command: &mut Command) -> (Took, String, String) {
    let begin = Instant::now();
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut process = Process(child.expect("the program starts"));
    let out = read_all(process.0.stdout.take().expect("it is a pipe"));
    let log = read_all(process.0.stderr.take().expect("it is a pipe"));
    let (mut peak, mut ticks) = (0, 0);
    while process.0.try_wait().expect("it is a child").is_none() {
        let id = process.0.id();
        // Both are gone once it has ended.
        peak = peak.max(peak_of(id).unwrap_or(0));
        ticks = ticks.max(ticks_of(id).unwrap_or(0));
        thread::sleep(LOOK_EVERY);
    }
    let took = Took {
        time: begin.elapsed(),
        cpu: Duration::from_millis(ticks * 10),
        peak: f64::from(peak) / 1024.0,
    };
    let [out, log] = [out, log].map(|it| it.join().unwrap_or_default());
    (took, out, log)
}

fn read_all(mut pipe: impl Read + Send + 'static) -> thread::JoinHandle<String> {
    thread::spawn(move || {
        let mut all = String::new();
        pipe.read_to_string(&mut all).map(|_| all).unwrap_or_default()
    })
}

/// The most a process has had in memory, in KiB.
fn peak_of(process: u32) -> Option<u32> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|it| it.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse().ok()
}

/// Processor time that a process has spent, in hundredths of a second.
fn ticks_of(process: u32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name in brackets may hold blanks; user and system time are 12th and 13th after it.
    let (_, rest) = stat.rsplit_once(')')?;
    Some(rest.split_whitespace().skip(11).take(2).filter_map(|it| it.parse::<u64>().ok()).sum())
}

/// A simulated Ploomes, for the reference data that a run reads; returns its port.
pub fn ploomes() -> (Process, u16) {
    let mut command = Command::new(binary());
    command.args(["simulate", "--activecampaign", "127.0.0.1:0", "--ploomes", "127.0.0.1:0"]);
    let child = command.args(["--every", "0"]).stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
    let mut process = Process(child.expect("the program starts"));
    let out = BufReader::new(process.0.stdout.take().expect("it is a pipe"));
    let address = out.lines().map_while(Result::ok).find_map(|line| {
        let rest = line.strip_prefix("Ploomes")?.trim().strip_prefix("http://127.0.0.1:")?;
        rest.split_whitespace().next()?.parse().ok()
    });
    (process, address.expect("it says where it listens"))
}
