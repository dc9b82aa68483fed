//! What can be written after `ponte`.
//!
//! The names are fixed: scripts rely on them. A usage error ends with status 2.

mod keeping;
mod manual;
mod reconcile;
mod replay;
mod setup;

use std::{net::SocketAddr, path::PathBuf, str::FromStr};

use clap::{
    Args as Arguments, Parser, Subcommand, ValueEnum,
    builder::{PossibleValuesParser, TypedValueParser},
};

use crate::{
    domain::{ContactId, LeadState},
    telemetry::LogFormat,
};

pub use keeping::{Backup, Erase, Export, Restore};
pub use manual::{Completions, Man};
pub use reconcile::{Format, Reconcile, Report, Shown};
pub use replay::Replay;
pub use setup::Setup;

/// Over the options that every command has.
const EVERYWHERE: &str = "Options of every command";

/// Brings `ActiveCampaign` leads into Ploomes, and proves that none was lost.
#[derive(Debug, Parser)]
#[command(
    name = "ponte",
    version,
    max_term_width = 100,
    disable_help_subcommand = true,
    about = "Brings ActiveCampaign leads into Ploomes, and proves that none was lost",
    after_help = "Start with:\n  ponte demo"
)]
pub struct Args {
    /// The configuration.
    #[arg(
        long,
        global = true,
        env = "PONTE_CONFIG",
        default_value = "config.toml",
        value_name = "FILE",
        help_heading = EVERYWHERE
    )]
    pub config: PathBuf,
    /// How the log is written on stderr.
    #[arg(
        long,
        global = true,
        default_value_t,
        value_parser = log_formats(),
        value_name = "FORMAT",
        help_heading = EVERYWHERE,
        help = "How the log is written on stderr; PONTE_LOG is its level"
    )]
    pub log: LogFormat,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// One JSON document on stdout instead of text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Arguments)]
pub struct Output {
    /// One JSON document on stdout.
    #[arg(long)]
    pub json: bool,
}

/// The commands; the docs are what `--help` says.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Runs the service: receiver, poller, worker and admin page, until SIGTERM or SIGINT.
    #[command(after_help = "Example:\n  ponte --config /etc/ponte/config.toml --log json run")]
    Run,

    /// Shows everything against simulated services, with webhooks being lost; touches nothing.
    #[command(after_help = "Example:\n  ponte demo --seconds 20 --seed 7")]
    Demo(Demo),

    /// Serves a simulated ActiveCampaign and a simulated Ploomes, for trying a configuration.
    #[command(
        after_help = "Example:\n  ponte simulate --activecampaign 127.0.0.1:9001 --ploomes 127.0.0.1:9002"
    )]
    Simulate(Simulate),

    /// Asks for what is needed, tests it at once, and writes the configuration.
    #[command(after_help = "Example:\n  ponte setup\n  ponte setup --answers answers.toml")]
    Setup(Setup),

    /// Validates the configuration; with --online also keys, rights and all that it names.
    #[command(after_help = "Example:\n  ponte check --online")]
    Check(Check),

    /// Polls ActiveCampaign once, now.
    #[command(after_help = "Example:\n  ponte poll")]
    Poll(Output),

    /// Compares everybody in ActiveCampaign with the ledger, and brings in what was missed.
    #[command(
        after_help = "Example:\n  ponte reconcile --mode report --format html --output missed.html"
    )]
    Reconcile(Reconcile),

    /// Says what would be done for a contact now, and why; writes nothing.
    #[command(after_help = "Example:\n  ponte plan maria@example.com --route site")]
    Plan(Plan),

    /// Goes on receiving, and writes nothing until `resume`.
    #[command(after_help = "Example:\n  ponte pause --route site")]
    Pause(OfRoute),

    /// Writes again after `pause`.
    #[command(after_help = "Example:\n  ponte resume --route site")]
    Resume(OfRoute),

    /// Shows the last reconciliation again, or that one.
    #[command(after_help = "Example:\n  ponte report 12 --format csv --output missed.csv")]
    Report(Report),

    /// Shows queue, lanes, quota, last and next runs, and the balance.
    #[command(after_help = "Example:\n  ponte status --json")]
    Status(Output),

    /// Tells everything about a contact: deliveries, leads, decisions, requests, answers.
    #[command(after_help = "Example:\n  ponte explain maria@example.com")]
    Explain(Explain),

    /// Lists leads.
    #[command(after_help = "Example:\n  ponte leads --state failed --route site")]
    Leads(Leads),

    /// Puts leads or deliveries back into the queue.
    #[command(after_help = "Example:\n  ponte retry site/17 site/18\n  ponte retry --failed")]
    Retry(Retry),

    /// Shows what today's configuration would do with the leads of a time, field by field.
    #[command(after_help = "Example:\n  ponte replay --since 2026-03-01 --until 2026-03-08")]
    Replay(Replay),

    /// Proves the balance and the hash chain of the ledger; fails where either does not hold.
    #[command(after_help = "Example:\n  ponte audit --json")]
    Audit(Audit),

    /// Lists what a field map can name.
    #[command(after_help = "Example:\n  ponte fields ploomes")]
    Fields(Fields),

    /// Gives everything that is held of a person, as JSON.
    #[command(after_help = "Example:\n  ponte export maria@example.com --output maria.json")]
    Export(Export),

    /// Removes a person from the ledger, and keeps them out; touches neither service.
    #[command(after_help = "Example:\n  ponte erase maria@example.com")]
    Erase(Erase),

    /// Copies the ledger while it is in use.
    #[command(after_help = "Example:\n  ponte backup /backup/ponte.db")]
    Backup(Backup),

    /// Puts a copy in the ledger's place, once it is proved; keeps what it replaces.
    #[command(after_help = "Example:\n  ponte restore /backup/ponte.db")]
    Restore(Restore),

    /// Asks for a password and prints its hash for `admin.password_hash`.
    #[command(after_help = "Example:\n  ponte password")]
    Password,

    /// Writes the manual pages into a folder.
    #[command(after_help = "Example:\n  ponte man /usr/local/share/man/man1")]
    Man(Man),

    /// Prints the completions for a shell.
    #[command(after_help = "Example:\n  ponte completions bash")]
    Completions(Completions),
}

/// `demo`
#[derive(Debug, Arguments)]
pub struct Demo {
    /// How long it goes on.
    #[arg(long, default_value_t = 20, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=3_600))]
    pub seconds: u64,
    /// The same seed shows the same; without it each time is another.
    #[arg(long, value_name = "S")]
    pub seed: Option<u64>,
    /// How the answer is given.
    #[command(flatten)]
    pub output: Output,
}

/// `simulate`
#[derive(Debug, Arguments)]
pub struct Simulate {
    /// Where the simulated ActiveCampaign listens.
    #[arg(long, value_name = "ADDR")]
    pub activecampaign: SocketAddr,
    /// Where the simulated Ploomes listens.
    #[arg(long, value_name = "ADDR")]
    pub ploomes: SocketAddr,
    /// Where the automation's webhook goes; without it every webhook is lost.
    #[arg(long, value_name = "URL")]
    pub webhook: Option<String>,
    /// Seconds from one new contact to the next, on average; 0 for none.
    #[arg(long, default_value_t = 5, value_name = "N")]
    pub every: u64,
}

/// `check`
#[derive(Debug, Arguments)]
pub struct Check {
    /// Asks ActiveCampaign and Ploomes as well.
    #[arg(long)]
    pub online: bool,
    /// How the answer is given.
    #[command(flatten)]
    pub output: Output,
}

/// `plan`
#[derive(Debug, Arguments)]
pub struct Plan {
    /// The contact's id or e-mail address in ActiveCampaign.
    pub contact: ContactRef,
    /// Only this route.
    #[arg(long, value_name = "NAME")]
    pub route: Option<String>,
    /// How the answer is given.
    #[command(flatten)]
    pub output: Output,
}

/// `pause` and `resume`
#[derive(Debug, Arguments)]
pub struct OfRoute {
    /// Only this route.
    #[arg(long, value_name = "NAME")]
    pub route: Option<String>,
    /// How the answer is given.
    #[command(flatten)]
    pub output: Output,
}

/// `explain`
#[derive(Debug, Arguments)]
pub struct Explain {
    /// The contact's id or e-mail address in ActiveCampaign.
    pub contact: ContactRef,
    /// How the answer is given.
    #[command(flatten)]
    pub output: Output,
}

/// `leads`
#[derive(Debug, Arguments)]
pub struct Leads {
    /// Only leads in this state.
    #[arg(long, value_parser = lead_states(), value_name = "STATE")]
    pub state: Option<LeadState>,
    /// Only this route.
    #[arg(long, value_name = "NAME")]
    pub route: Option<String>,
    /// How the answer is given.
    #[command(flatten)]
    pub output: Output,
}

/// `retry`
#[derive(Debug, Arguments)]
pub struct Retry {
    /// What is put back.
    #[command(flatten)]
    pub what: RetryWhat,
    /// How the answer is given.
    #[command(flatten)]
    pub output: Output,
}

/// Exactly one of the three is given.
#[derive(Debug, Arguments)]
#[group(required = true, multiple = false)]
pub struct RetryWhat {
    /// These leads.
    #[arg(value_name = "LEAD", value_parser = lead)]
    pub leads: Vec<String>,
    /// All failed leads.
    #[arg(long)]
    pub failed: bool,
    /// All quarantined deliveries.
    #[arg(long)]
    pub quarantined: bool,
}

/// `audit`
#[derive(Debug, Arguments)]
pub struct Audit {
    /// The chain must continue this hash, which an earlier report or alert carried.
    #[arg(long, value_name = "HASH", value_parser = crate::ledger::audit::read_head)]
    pub head: Option<String>,
    /// How the answer is given.
    #[command(flatten)]
    pub output: Output,
}

/// `fields`
#[derive(Debug, Arguments)]
pub struct Fields {
    /// Whose fields.
    #[arg(value_name = "SERVICE")]
    pub service: Service,
    /// How the answer is given.
    #[command(flatten)]
    pub output: Output,
}

/// One of the two sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Service {
    /// What `from` and templates can name.
    #[value(name = "activecampaign")]
    ActiveCampaign,
    /// What `to` can name.
    Ploomes,
}

/// A contact as a person names it.
#[derive(Clone, PartialEq, Eq)]
pub enum ContactRef {
    /// Its id in ActiveCampaign.
    Id(ContactId),
    /// Its e-mail address.
    Email(String),
}

impl FromStr for ContactRef {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.trim() {
            id if !id.is_empty() && id.chars().all(|c| c.is_ascii_digit()) => {
                id.parse().map(ContactId).map(Self::Id).map_err(|_| "no contact has this id".into())
            }
            email if email.contains('@') => Ok(Self::Email(email.to_owned())),
            _ => Err("expected an id or an e-mail address".to_owned()),
        }
    }
}

impl std::fmt::Debug for ContactRef {
    /// Hides the address: it is personal data.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Id(id) => write!(f, "Id({id})"),
            Self::Email(_) => f.write_str("Email(…)"),
        }
    }
}

/// A lead is named as `ponte leads` shows it: `site/51`, or `site/c7`.
fn lead(text: &str) -> Result<String, String> {
    let number = |text: &str| text.parse::<i64>().is_ok_and(|id| id > 0);
    match text.rsplit_once('/') {
        Some((route, id)) if !route.is_empty() && number(id.trim_start_matches('c')) => {
            Ok(text.to_owned())
        }
        _ => Err("expected a lead as `ponte leads` shows it, such as site/51".to_owned()),
    }
}

fn log_formats() -> impl TypedValueParser<Value = LogFormat> {
    let formats = [LogFormat::Text, LogFormat::Json];
    PossibleValuesParser::new(["text", "json"]).map(move |word| {
        let format = formats.into_iter().find(|format| format.to_string() == word);
        format.unwrap_or_default()
    })
}

/// The states by name, so that `--help` and errors list them.
fn lead_states() -> impl TypedValueParser<Value = LeadState> {
    PossibleValuesParser::new(LeadState::ALL.iter().map(|state| state.as_str()))
        .try_map(|word| word.parse::<LeadState>())
}

#[cfg(test)]
mod tests;
