//! A route as the engine works with it: its configuration, and what the ledger keeps of it.

use std::{fmt, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    activecampaign::{ContactRow, Wants},
    domain::{AutomationId, Enrollment, Lane, RouteId},
    rules::{RouteSpec, Source},
};

/// Which contacts belong to a route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Membership {
    /// Those that entered this automation; a lead for each enrollment.
    Automation(AutomationId),
    /// Those with this tag; a lead for each contact.
    Tag(String),
    /// Those subscribed to this list; a lead for each contact.
    List(i64),
    /// Everybody; a lead for each contact.
    EveryContact,
}

impl fmt::Display for Membership {
    /// How people name what the contact must be in.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Automation(id) => write!(f, "automation {id}"),
            Self::Tag(tag) => write!(f, "tag \"{tag}\""),
            Self::List(id) => write!(f, "list {id}"),
            Self::EveryContact => f.write_str("ActiveCampaign"),
        }
    }
}

/// A configured route.
#[derive(Debug, Clone)]
pub struct Route {
    /// Its row in the ledger.
    pub id: RouteId,
    /// Its name.
    pub name: String,
    /// Whether anything is written for it.
    pub enabled: bool,
    /// Which contacts belong to it.
    pub membership: Membership,
    /// Enrollments before this are leads only where their webhook came.
    pub since: DateTime<Utc>,
    /// Its first start, kept in the ledger: enrollments before it are `backfill`.
    pub first_start: DateTime<Utc>,
    /// How long after the enrollment the webhook may still come.
    pub expect_within: Duration,
    /// What to create, and the field map.
    pub spec: RouteSpec,
}

impl Route {
    /// What of a contact the route asks `ActiveCampaign` for.
    pub fn wants(&self) -> Wants {
        Wants {
            tags: matches!(self.membership, Membership::Tag(_)) || self.mentions("tags"),
            company: self.spec.map.is_empty() || self.mentions("company"),
            automations: self.automation(),
        }
    }

    /// `since` on a clock that is so far ahead of ours: `ActiveCampaign`'s stamps are compared with it.
    ///
    /// One that a person gave is meant as it stands.
    pub fn since_on(&self, ahead: TimeDelta) -> DateTime<Utc> {
        if self.since == self.first_start { self.since + ahead } else { self.since }
    }

    /// The automation, on routes that have one.
    pub const fn automation(&self) -> Option<AutomationId> {
        match self.membership {
            Membership::Automation(id) => Some(id),
            _ => None,
        }
    }

    /// The contact's entries into the route, as a page shows them; `None` where the page lacks what
    /// would tell.
    pub fn entries_of(&self, row: &ContactRow) -> Option<Vec<Enrollment>> {
        let single = |entered_at| Enrollment { id: None, entered_at };
        Some(match &self.membership {
            Membership::Automation(automation) => row
                .enrollments
                .as_ref()?
                .iter()
                .filter(|entry| entry.automation == *automation)
                .map(|entry| entry.enrollment)
                .collect(),
            Membership::Tag(tag) => row
                .tags
                .as_ref()?
                .iter()
                .find(|it| it.name.as_ref().is_some_and(|name| name.eq_ignore_ascii_case(tag)))
                .map(|tagging| single(tagging.since))
                .into_iter()
                .collect(),
            Membership::List(list) => row
                .lists
                .as_ref()?
                .iter()
                .find(|it| it.list == *list && it.active)
                .map(|it| single(it.since))
                .into_iter()
                .collect(),
            Membership::EveryContact => {
                vec![single(row.contact.created_at.map(|created| created.with_timezone(&Utc)))]
            }
        })
    }

    /// Where an entry without a webhook waits: those from before the first start come last.
    pub fn lane_of_missed(&self, entered_at: Option<DateTime<Utc>>) -> Lane {
        if entered_at.is_some_and(|at| at < self.first_start) {
            Lane::Backfill
        } else {
            Lane::Repair
        }
    }

    fn mentions(&self, name: &str) -> bool {
        self.spec.note.as_deref().is_some_and(|note| note.contains(name))
            || self.spec.map.iter().any(|row| match &row.source {
                Source::From(from) => from == name,
                Source::Template(template) => template.contains(name),
            })
    }
}
