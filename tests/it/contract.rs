//! The contract with the outside, name by name, asked of the real binary: commands and their help,
//! exit statuses, configuration keys and variables, HTTP, JSON keys. Names are added here and never
//! changed: people and scripts rely on them.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod answers;
mod help;
mod json;
mod keeping;
mod keys;
mod statuses;

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::{Command, Output},
};

/// The binary in `home`, with nothing in its environment but `variables`.
fn ponte(home: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ponte"));
    command.current_dir(home).env_clear().envs(variables.iter().copied()).args(arguments);
    command.output().unwrap()
}

/// Writes the configuration of `home`.
fn configure(home: &Path, text: &str) {
    write_private(&home.join("config.toml"), text);
}

/// Writes a file that only its owner can read.
fn write_private(file: &Path, text: &str) {
    fs::write(file, text).unwrap();
    fs::set_permissions(file, fs::Permissions::from_mode(0o600)).unwrap();
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}
