//! What goes wrong on the way, at every place where it can.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod crowd;
mod doubt;
mod ledger;
mod lookups;
mod refusals;
mod throttled;
