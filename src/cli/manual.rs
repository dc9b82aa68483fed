//! `man` and `completions`: made from the definitions of the command line, so that they are true.

use std::{fs, path::Path};

use anyhow::Context;
use clap::CommandFactory;
use clap_complete::Shell;

use super::{Failure, args::Args, say};

/// Writes a manual page for `ponte` and one for each command.
pub(super) fn man(folder: &Path) -> Result<(), Failure> {
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    clap_mangen::generate_to(definitions(), folder)
        .with_context(|| format!("cannot write to {}", folder.display()))?;
    say(&format!("The manual pages are in {}.", folder.display()));
    Ok(())
}

/// Prints the completions for a shell.
pub(super) fn completions(shell: Shell) {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut definitions(), "ponte", &mut text);
    say(&String::from_utf8_lossy(&text));
}

/// What was given in this environment is nobody else's.
fn definitions() -> clap::Command {
    Args::command().mut_arg("config", |it| it.hide_env_values(true))
}
