//! The outside world, simulated: `ActiveCampaign` and Ploomes as models that remember.
//!
//! They are strict (what the real service refuses, they refuse) and as nasty as the real ones are
//! known to be, by switches. Each is called in process ([`crate::transport::Remote`]) or over HTTP;
//! both ways go through the same model. All randomness comes from a seed.

pub mod activecampaign;
pub mod fault;
pub mod http;
pub mod ploomes;
pub mod world;
