//! `ActiveCampaign`: its API as typed calls, and the bodies of its webhooks.
//!
//! Reads only. Wire types stay in here; what leaves is [`crate::domain`] values and plain views.

pub mod client;
pub mod contact;
pub mod pages;
pub mod webhook;

mod account;
mod answer;
mod json;
mod model;
mod names;
#[cfg(test)]
mod testing;

pub use client::{Automation, Client, Item};
pub use contact::{AutomationEntry, ContactView, Subscription, Tagging, Wants};
pub use pages::{
    ContactFilter, ContactPage, ContactPages, ContactRow, EnrollmentPage, EnrollmentPages, Include,
};
pub use webhook::{Hint, HintKind, Unusable};
