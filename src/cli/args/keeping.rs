//! What can be written after `export`, `erase`, `backup` and `restore`.

use std::path::PathBuf;

use clap::Args as Arguments;

use super::{ContactRef, Output};

/// `export`
#[derive(Debug, Arguments)]
pub struct Export {
    /// The contact's id or e-mail address in ActiveCampaign.
    pub contact: ContactRef,
    /// Where it goes, readable by its owner only; without it, to stdout.
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Changes nothing: it is one JSON document anyway.
    #[arg(long)]
    pub json: bool,
}

/// `erase`
#[derive(Debug, Arguments)]
pub struct Erase {
    /// The contact's id or e-mail address in ActiveCampaign.
    pub contact: ContactRef,
    /// Asks nothing.
    #[arg(long)]
    pub yes: bool,
    /// Lets somebody who was erased in again.
    #[arg(long)]
    pub lift: bool,
    /// How the answer is given.
    #[command(flatten)]
    pub output: Output,
}

/// `backup`
#[derive(Debug, Arguments)]
pub struct Backup {
    /// Where the copy goes; an older copy of that name is replaced.
    pub file: PathBuf,
    /// How the answer is given.
    #[command(flatten)]
    pub output: Output,
}

/// `restore`
#[derive(Debug, Arguments)]
pub struct Restore {
    /// A copy that `backup` made.
    pub file: PathBuf,
    /// Asks nothing.
    #[arg(long)]
    pub yes: bool,
    /// How the answer is given.
    #[command(flatten)]
    pub output: Output,
}
