//! HTTP: the receiver of webhooks, the admin page, health and metrics.
//!
//! [`server`] serves both, with a bound on everything a stranger can ask for. [`Receiver`] keeps
//! deliveries and looks at nothing but the token. [`Admin`] shows what the ledger
//! ([`Overview`]) and the engine ([`EngineState`]) say; what a person does there is asked of the engine,
//! written to the ledger, or saved in the configuration.

pub mod admin;
pub mod engine_state;
pub mod i18n;
pub mod overview;
pub mod password;
pub mod receiver;
pub mod server;

#[cfg(test)]
mod testing;

pub use admin::Admin;
pub use engine_state::{EngineState, EngineView};
pub use overview::{Overview, ReadOverview};
pub use receiver::{Receiver, ReceiverRoute, UnknownTokens};
