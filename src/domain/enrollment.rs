//! How a contact comes to belong to a route.

use chrono::{DateTime, Utc};

use super::EnrollmentId;

/// One entry of a contact into a route.
///
/// For an automation route this is a `contactAutomation` row; for a tag, list or every-contact
/// route there is exactly one per contact, without an id, dated by the tagging, the subscription
/// or the contact's creation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Enrollment {
    /// The row's id; `None` where the route has no automation.
    pub id: Option<EnrollmentId>,
    /// `adddate`, or the tagging, subscription or creation; `None` where AC gave none.
    pub entered_at: Option<DateTime<Utc>>,
}
