//! A route's rules: what it creates, where, and which value of a contact goes where.
//!
//! [`compile()`] checks a route's configuration against what both accounts offer, once; what comes
//! out cannot name a stage, field or user that is not there. [`Rules::derive`] turns a contact into
//! the values of its records. Pure: no I/O, no clock, no randomness.

pub mod derived;
pub mod spec;

mod compile;
mod derive;
#[cfg(test)]
mod fixture;
mod names;
mod propose;
mod source;
mod target;
mod template;
mod value;

pub use compile::compile;
pub use derived::{Derived, Phone, Policy, Values};
pub use names::fold;
pub use propose::{Proposal, propose};
pub use spec::{MapRow, NameOrId, OwnerRef, RouteSpec, Source};

use std::{collections::BTreeSet, fmt};

use crate::domain::catalog::Entity;
use target::{Record, Target};

/// Something in a route's configuration that the accounts do not have; the route is held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleProblem {
    /// The key inside the route as the configuration counts it, such as `stage` or `map.2.to`.
    pub key: String,
    /// What was found, and what there is instead.
    pub message: String,
    /// What to do, such as the nearest known name.
    pub hint: Option<String>,
}

impl fmt::Display for RuleProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.key, self.message)?;
        match &self.hint {
            Some(hint) => write!(f, " ({hint})"),
            None => Ok(()),
        }
    }
}

/// A route's rules, checked against both accounts.
#[derive(Debug)]
pub struct Rules {
    policy: Policy,
    missing_tags: Vec<(Entity, String)>,
    rows: Vec<Row>,
    note: Option<source::Reader>,
    templates: template::Templates,
    /// Folded names of companies that say nothing.
    ignored: BTreeSet<String>,
}

/// A row of the field map whose two ends are known to exist.
#[derive(Debug)]
struct Row {
    reader: source::Reader,
    /// The source in the words of the configuration; a template goes by what it is for.
    label: String,
    /// The target in the words of the configuration.
    to: String,
    record: Record,
    target: Target,
    required: bool,
}

impl Rules {
    /// What the planner goes by.
    pub const fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Tags that the route names and the account does not have.
    pub fn missing_tags(&self) -> &[(Entity, String)] {
        &self.missing_tags
    }

    /// Whether a template asks for the automation's name.
    pub const fn uses_automation_name(&self) -> bool {
        self.templates.uses_automation()
    }
}
