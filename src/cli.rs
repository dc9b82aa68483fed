//! The command line: a file a command.
//!
//! Human output goes to a terminal, `--json` gives one JSON document on stdout, logs go to stderr.
//! Exit status: 0 done; 1 it failed, or found something wrong that stays wrong; 2 usage or
//! configuration; 3 a run that is only partial.

pub mod args;
pub mod check;
pub mod compose;
mod copies;
mod demo;
mod erase;
mod handover;
mod inspect;
mod manual;
mod notify;
pub mod overview;
mod password;
mod private;
mod queue;
mod reconcile;
mod replay;
pub mod run;
mod setup;
mod simulate;

use std::{collections::BTreeMap, io::Write, num::NonZero, process::ExitCode, time::Duration};

use anyhow::Context as _;
use clap::Parser;
use rand::TryRngCore;
use serde_json::Value;

use crate::{
    clock::Clock,
    config::{self, Config},
    ledger::{self, Ledger, open::Opener},
    telemetry,
};
use args::{Args, Command};

/// How long threads that block are waited for at the end.
const LEFT_WITHIN: Duration = Duration::from_millis(300);

/// Why a command did not end with status 0.
#[derive(Debug)]
enum Failure {
    /// 1: it failed; the words are for people.
    Failed(anyhow::Error),
    /// 1: it did its work, and found something wrong that stays wrong.
    Wrong,
    /// 2: the configuration cannot be used.
    Configuration(config::Problems),
    /// 2: the same, and it was already said.
    Unusable,
    /// 2: what was asked for makes no sense.
    Usage(String),
    /// 3: the run is only partial.
    Partial,
}

impl<E: Into<anyhow::Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

/// Threads that serve sockets, at most: all else waits for the ledger's writer or for an answer,
/// and each thread takes a stack and a share of the heap.
const WORKERS_MAX: usize = 4;

/// Runs `ponte`.
pub fn main() -> ExitCode {
    let args = Args::parse();
    // The demo tells what happens by itself.
    let usual = if matches!(args.command, Command::Demo(_)) {
        telemetry::LevelFilter::ERROR
    } else {
        telemetry::LevelFilter::INFO
    };
    telemetry::init(args.log, usual);
    let workers = std::thread::available_parallelism().map_or(1, NonZero::get).min(WORKERS_MAX);
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = match runtime.worker_threads(workers).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return report(Failure::Failed(error.into())),
    };
    let done = runtime.block_on(dispatch(args));
    // What blocks a thread, such as a name that is looked up, is not waited for.
    runtime.shutdown_timeout(LEFT_WITHIN);
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => report(failure),
    }
}

async fn dispatch(args: Args) -> Result<(), Failure> {
    let path = args.config;
    match args.command {
        Command::Setup(setup) => setup::setup(&path, &setup).await,
        Command::Check(check) => inspect::check(&path, &check).await,
        Command::Simulate(simulate) => simulate::simulate(&simulate).await,
        Command::Password => password::password(),
        Command::Man(man) => manual::man(&man.folder),
        Command::Completions(completions) => {
            manual::completions(completions.shell);
            Ok(())
        }
        Command::Run => run::run(&path, load(&path)?).await,
        Command::Demo(demo) => demo::demo(&demo).await,
        Command::Poll(output) => queue::poll(&load(&path)?, output.json).await,
        Command::Reconcile(it) => reconcile::reconcile(&load(&path)?, &it).await,
        Command::Report(it) => reconcile::report(&load(&path)?, &it).await,
        Command::Plan(plan) => inspect::plan(&load(&path)?, &plan).await,
        Command::Pause(of) => queue::pause(&load(&path)?, &of, true).await,
        Command::Resume(of) => queue::pause(&load(&path)?, &of, false).await,
        Command::Retry(retry) => queue::retry(&load(&path)?, &retry).await,
        Command::Replay(replay) => replay::replay(&load(&path)?, &replay).await,
        Command::Status(output) => inspect::status(&load(&path)?, output.json).await,
        Command::Explain(explain) => inspect::explain(&load(&path)?, &explain).await,
        Command::Leads(leads) => inspect::leads(&load(&path)?, &leads).await,
        Command::Audit(audit) => inspect::audit(&load(&path)?, &audit).await,
        Command::Export(it) => copies::export(&load(&path)?, &it).await,
        Command::Backup(it) => copies::backup(&load(&path)?, &it).await,
        Command::Restore(it) => copies::restore(&load(&path)?, &it).await,
        Command::Erase(it) => erase::erase(&load(&path)?, &it).await,
        Command::Fields(fields) => inspect::fields(&load(&path)?, &fields).await,
    }
}

/// Loads the configuration; warnings go to the log.
fn load(path: &std::path::Path) -> Result<Config, Failure> {
    let environment: BTreeMap<String, String> = std::env::vars().collect();
    let loaded = config::load(path, &environment).map_err(Failure::Configuration)?;
    for warning in &loaded.warnings {
        match warning.key.as_str() {
            "" => tracing::warn!("{}: {}", path.display(), warning.message),
            key => tracing::warn!("{key}: {}", warning.message),
        }
    }
    Ok(loaded.config)
}

/// Opens the ledger as configured, on a thread of its own; makes it where there is none.
fn open_ledger(config: &Config, clock: &Clock, opener: Opener<'_>) -> anyhow::Result<Ledger> {
    Ok(ledger::Options::file(&config.ledger.path, clock.clone()).open(opener)?)
}

/// Opens the ledger for a command that works on what is in it: where there is none, it may be that
/// the command was called in the wrong folder, and an empty one that it makes hides that.
fn open_what_is_there(config: &Config, clock: &Clock) -> anyhow::Result<Ledger> {
    let path = &config.ledger.path;
    if !is_there(config)? {
        let whole = std::path::absolute(path).unwrap_or_else(|_| path.clone());
        let from_here = if path.is_relative() {
            "; `ledger.path` is relative, so it is looked for in the folder where a command is \
             called: call it where the service works, or write the whole path"
        } else {
            ""
        };
        anyhow::bail!(
            "there is no ledger at {}{from_here}; `ponte run` makes one",
            whole.display()
        );
    }
    open_ledger(config, clock, Opener::Command)
}

/// Opens the ledger for a command that only looks: where there is none it sees an empty one, and
/// leaves no file behind.
fn open_to_look(config: &Config, clock: &Clock) -> anyhow::Result<Ledger> {
    if is_there(config)? {
        return open_ledger(config, clock, Opener::Command);
    }
    Ok(ledger::Options::memory(random_seed(), clock.clone()).open(Opener::Command)?)
}

/// Whether there is a ledger. One that may not be looked for is no empty one.
fn is_there(config: &Config) -> anyhow::Result<bool> {
    let path = &config.ledger.path;
    path.try_exists().with_context(|| format!("{} cannot be looked for", path.display()))
}

/// Refuses a route that is not configured.
fn is_configured(config: &Config, route: Option<&str>) -> Result<(), Failure> {
    match route {
        Some(name) if !config.routes.iter().any(|it| it.name == name) => {
            Err(Failure::Usage(format!("no route is called \"{name}\"")))
        }
        _ => Ok(()),
    }
}

/// A seed from the operating system: for jitter and salts outside simulations.
fn random_seed() -> u64 {
    // Without entropy there is still a seed; it spreads retries, it keeps no secret.
    rand::rngs::OsRng.try_next_u64().unwrap_or(u64::from(std::process::id()))
}

/// Writes to stdout; a reader that went away is not an error.
fn say(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{}", text.trim_end());
}

/// Writes one JSON document to stdout.
fn say_json(value: &Value) {
    say(&value.to_string());
}

/// Says why on stderr, and which status that is.
fn report(failure: Failure) -> ExitCode {
    let (words, status) = match failure {
        Failure::Failed(error) => (Some(format!("{error:#}")), 1),
        Failure::Wrong => (None, 1),
        Failure::Configuration(problems) => (Some(problems.to_string()), 2),
        Failure::Unusable => (None, 2),
        Failure::Usage(words) => (Some(words), 2),
        Failure::Partial => (None, 3),
    };
    if let Some(words) = words {
        let mut err = std::io::stderr().lock();
        let _ = writeln!(err, "ponte: {}", words.trim_end());
    }
    ExitCode::from(status)
}
