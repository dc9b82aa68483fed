//! The engine: one path from a hint to a record in Ploomes, whoever gave the hint.
//!
//! Loops, each woken by a [`wake::Wake`] and by a fallback tick, none of which trusts what woke
//! it: `intake` reads deliveries, `matcher` looks contacts up and makes leads, `worker` brings
//! leads into Ploomes, `scheduler` starts polls when they are due, `jobs` does what the command
//! line asks for. They talk through the ledger only.

pub mod alerts;
pub mod alive;
pub mod backoff;
mod bare;
mod busy;
pub mod claim;
mod draft;
pub mod drift;
pub mod execute;
pub mod found;
pub mod health;
pub mod housekeeping;
pub mod inquiry;
pub mod intake;
pub mod jobs;
mod known;
pub mod lead_key;
pub mod lifecycle;
pub mod matcher;
pub mod merges;
pub mod observe;
mod offers;
pub mod poll;
pub mod reconcile;
pub mod recover;
pub mod reference;
pub mod replay;
pub mod route;
pub mod scheduler;
pub mod shared;
pub mod wake;
pub mod words;
pub mod worker;

pub use lifecycle::Lifecycle;
pub use shared::{Engine, Parts, Role, Settings};
