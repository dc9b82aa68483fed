//! The `ponte` binary: everything is in the library.

fn main() -> std::process::ExitCode {
    ponte::cli::main()
}
