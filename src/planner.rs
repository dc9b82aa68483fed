//! Decides, and does nothing: from what is known and seen of a lead to what to do for it.
//!
//! Pure: no I/O, no clock, no randomness, no unordered collection.

pub mod matching;
pub mod plan;
pub mod search;
pub mod situation;

pub use plan::{Action, Link, Outcome, Plan, Step, StepKind};
pub use search::Search;
pub use situation::{
    ContactRecord, DealRecord, Known, OtherProperty, PhoneRecord, Purpose, Seen, Situation,
};
