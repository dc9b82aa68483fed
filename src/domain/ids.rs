//! Ids, kept apart by type so that a contact's can never stand where a person's belongs.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub i64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    )+};
}

ids! {
    /// A contact in `ActiveCampaign`; its e-mail address can change, this cannot.
    ContactId,
    /// A row of `contactAutomation`: one pass of a contact through an automation.
    EnrollmentId,
    /// An automation in `ActiveCampaign`, `seriesid` on the wire.
    AutomationId,
    /// A custom field in `ActiveCampaign`; its personalisation tag can be renamed, this cannot.
    FieldId,
    /// A record in Ploomes: a company, person, deal or interaction record.
    RecordId,
    /// A route's row in the ledger.
    RouteId,
    /// A lead's row in the ledger.
    LeadId,
    /// A delivery's row in the ledger; the receipt is its decimal form.
    DeliveryId,
}
