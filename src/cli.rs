//! The command line.

/// Runs `ponte`.
pub fn main() -> std::process::ExitCode {
    std::process::ExitCode::SUCCESS
}
