//! The whole service, in a world that the test controls.
//!
//! [`Accounts`] are the two simulated services. [`Service`] is `ponte` in this process, on real or on
//! paused time; [`Ponte`] is the real binary against the same accounts over HTTP. Both take the same
//! [`Settings`]. What every test has to hold in the end is in [`proof`].
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod accounts;
mod binary;
pub mod proof;
mod service;
mod settings;
mod wait;

pub use self::{
    accounts::{Accounts, Served, of_company},
    binary::{Ponte, Process, Running},
    service::{Service, Way},
    settings::{Route, Settings},
    wait::until,
};
