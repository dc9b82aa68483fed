//! `man` and `completions`

use std::path::PathBuf;

use clap::Args as Arguments;
use clap_complete::Shell;

/// `man`
#[derive(Debug, Arguments)]
pub struct Man {
    /// Where the pages go; made where it is missing.
    #[arg(value_name = "FOLDER")]
    pub folder: PathBuf,
}

/// `completions`
#[derive(Debug, Arguments)]
pub struct Completions {
    /// Whose completions.
    #[arg(value_name = "SHELL")]
    pub shell: Shell,
}
