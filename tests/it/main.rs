//! The integration tests, one binary: a file a subject.

mod architecture;
mod asking;
mod calls;
mod checking;
mod commands;
mod migrations;
mod missed;
mod notify;
mod once;
mod polls;
mod process;
mod quota;
mod reconcile;
mod replay;
mod support;
mod thousand;
mod updates;
