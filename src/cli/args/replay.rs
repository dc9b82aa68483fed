//! `replay`.

use clap::Args as Arguments;

use super::Output;
use crate::config::Since;

/// `replay`
#[derive(Debug, Arguments)]
pub struct Replay {
    /// Leads that entered from here on: a date, or RFC 3339 with an offset.
    #[arg(long, value_name = "TIME")]
    pub since: Since,
    /// Leads that entered before; without it all up to now.
    #[arg(long, value_name = "TIME")]
    pub until: Option<Since>,
    /// Only this route.
    #[arg(long, value_name = "NAME")]
    pub route: Option<String>,
    /// Writes what differs, and brings in what was skipped or failed and no longer would be.
    #[arg(long)]
    pub apply: bool,
    /// How the answer is given.
    #[command(flatten)]
    pub output: Output,
}
