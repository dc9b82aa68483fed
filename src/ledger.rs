//! The ledger: all that `ponte` knows, in one `SQLite` file, and the only SQL.
//!
//! Promises that what a caller was told is on disk, that a change is whole or not at all, and that
//! every change of evidence (deliveries, leads, steps, runs with their findings, tombstones, what
//! people did on the page) is in a hash chain that `audit` proves. Leaves out every decision.

pub mod action;
pub mod alert;
pub mod audit;
pub mod contact;
pub mod control;
pub mod copy;
pub mod delivery;
pub mod drift;
pub mod error;
pub mod explain;
pub mod handle;
pub mod history;
pub mod inbox;
pub mod intake;
pub mod job;
pub mod journal;
pub mod lead;
pub mod leads;
pub mod lock;
pub mod made;
pub mod meta;
pub mod observation;
pub mod open;
pub mod overview;
pub mod payload;
pub mod person;
pub mod pulse;
pub mod quota;
pub mod replay;
pub mod report;
pub mod retry;
pub mod route;
pub mod run;
pub mod runs;
pub mod signs;
pub mod sql;
pub mod status;
pub mod step;
pub mod sweep;
pub mod tombstone;
pub mod tx;
pub mod unknown;
pub mod waiting;
pub mod work;

mod arrival;
mod checkpoint;
mod connection;
mod digest;
mod erased;
mod migrate;
mod owner;
mod time;
mod writer;

#[cfg(test)]
pub(crate) mod sample;
#[cfg(test)]
mod tests;

pub use copy::backup;
pub use digest::Hash;
pub use error::LedgerError;
pub use handle::Ledger;
pub use history::Subject;
pub use lock::EngineLock;
pub use open::Options;
pub use payload::PayloadKind;
pub use rusqlite::Connection;
pub use tx::Tx;
