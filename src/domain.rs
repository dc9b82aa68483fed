//! The nouns, pure: what `ActiveCampaign` and Ploomes have, said once, without either's wire format.
//!
//! Nothing here does I/O, reads a clock or imports a module above.

pub mod behaviour;
pub mod catalog;
pub mod contact;
pub mod enrollment;
pub mod ids;
pub mod lane;
pub mod lead;

pub use behaviour::{Behaviour, Existing};
pub use contact::{Contact, FieldValue};
pub use enrollment::Enrollment;
pub use ids::{
    AutomationId, ContactId, DeliveryId, EnrollmentId, FieldId, LeadId, RecordId, RouteId,
};
pub use lane::Lane;
pub use lead::{Fate, FoundBy, LeadState};
