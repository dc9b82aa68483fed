//! The decisions, case by case, and what must hold whatever happens.

mod companies;
mod converge;
mod deals;
mod fields;
mod persons;
mod replay;
pub(super) mod samples;
mod steps;
