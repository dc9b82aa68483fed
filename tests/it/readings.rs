//! ActiveCampaign in every way it may turn out to behave: whatever a date means, whatever is
//! ignored, late, merged or gone, each entry becomes one lead, and every change arrives.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod merges;
mod shapes;
mod times;
