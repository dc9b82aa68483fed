//! Long lists, page by page.
//!
//! Filters, orders and limits are asked for and not believed: rows are told apart by id, a place that
//! does not advance is an error, and so is a list that ends before its own total. A page is taken over
//! whole or not at all, so that it can be asked for again.

mod contacts;
mod enrollments;

use chrono::{DateTime, Utc};

pub use self::{contacts::ContactPages, enrollments::EnrollmentPages};
use super::{AutomationEntry, Subscription, Tagging};
use crate::domain::{AutomationId, Contact, ContactId};

/// Which contacts, and what to include of each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ContactFilter {
    /// `tagid`.
    pub tag: Option<i64>,
    /// `listid`.
    pub list: Option<i64>,
    /// `seriesid`, with their enrollments included: the second way to ask who entered.
    pub automation: Option<AutomationId>,
    /// `filters[updated_after]`: not exact, decide on [`Contact::updated_at`].
    pub updated_after: Option<DateTime<Utc>>,
    /// What to include of each, beside what the filters above need to be checked.
    pub include: Include,
}

/// What to include of each contact; AC may ignore it (undocumented, seen to work).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(clippy::struct_excessive_bools, reason = "four wishes that do not depend on each other")]
pub struct Include {
    /// `fieldValues`: custom values.
    pub fields: bool,
    /// `contactAutomations`: enrollments, in every automation.
    pub enrollments: bool,
    /// `contactLists`.
    pub lists: bool,
    /// `contactTags`.
    pub tags: bool,
}

/// A page of contacts.
#[derive(Debug)]
pub struct ContactPage {
    /// By ascending id; those that certainly do not match the filter are left out.
    pub rows: Vec<ContactRow>,
    /// Rows came that do not match what was asked: the filter was ignored.
    pub filter_ignored: bool,
    /// The highest id of the page: where to go on after a restart.
    pub cursor: ContactId,
    /// `meta.total`, where it came.
    pub total: Option<u64>,
    /// `ActiveCampaign`'s clock when it answered.
    pub server_time: DateTime<Utc>,
}

/// A contact in a page. What was not included is `None`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContactRow {
    /// The contact; its custom fields are there only where `fields_included`, and its company is
    /// `orgname`, not the name of its account: a page does not bring that along.
    pub contact: Contact,
    /// Whether custom values were included.
    pub fields_included: bool,
    /// Its enrollments: in the automation asked for, else in all.
    pub enrollments: Option<Vec<AutomationEntry>>,
    /// Its subscriptions.
    pub lists: Option<Vec<Subscription>>,
    /// Its tags.
    pub tags: Option<Vec<Tagging>>,
}

/// A page of enrollments.
#[derive(Debug)]
pub struct EnrollmentPage {
    /// Those not seen before in this reading.
    pub entries: Vec<AutomationEntry>,
    /// Rows came that do not match what was asked: the filter was ignored.
    pub filter_ignored: bool,
    /// Where to go on after a restart.
    pub offset: u64,
    /// `meta.total`, where it came.
    pub total: Option<u64>,
    /// `ActiveCampaign`'s clock when it answered.
    pub server_time: DateTime<Utc>,
}
