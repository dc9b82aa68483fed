//! The command line.

pub mod args;
pub mod check;

/// Runs `ponte`.
pub fn main() -> std::process::ExitCode {
    std::process::ExitCode::SUCCESS
}
