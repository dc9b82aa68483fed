//! Decides, and does nothing: from what is known and seen of a lead to what to do for it.
//!
//! [`search()`] says what to ask Ploomes for, [`more_deals`] what to ask for once more, [`plan()`]
//! what to do then; [`search_of_request`], [`made_by`] and [`deal_made_by`] tell whether a write
//! that was never answered happened. Pure: no I/O, no clock, no randomness, no unordered
//! collection.

pub mod drift;
pub mod identity;
pub mod matching;
pub mod person;
pub mod plan;
pub mod search;
pub mod situation;

mod body;
mod deals;
mod decide;
mod doubt;
mod found;
mod keys;
mod merge;
mod same;

#[cfg(test)]
mod tests;
#[cfg(test)]
mod world;

pub use deals::more_deals;
pub use decide::plan;
pub use doubt::{deal_made_by, made_by, search_of_request};
pub use identity::{IdentityKey, identity};
pub use plan::{Action, Link, Outcome, Plan, Step, StepKind};
pub use search::{Search, search};
pub use situation::{
    ContactRecord, DealFields, DealRecord, Known, OtherProperty, PhoneRecord, Purpose, Seen,
    Situation,
};
