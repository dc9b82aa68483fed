//! The integration tests, one binary: a file a subject.

mod architecture;
mod asking;
mod bad_input;
mod calls;
mod checking;
mod commands;
mod faults;
mod imports;
mod kills;
mod migrations;
mod missed;
mod notify;
mod once;
mod polls;
mod privacy;
mod process;
mod quota;
mod readings;
mod reconcile;
mod replay;
mod rig;
mod seeds;
mod setup;
mod support;
mod thousand;
mod updates;
