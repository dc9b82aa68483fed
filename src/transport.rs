//! One way to send for both APIs: authentication, limit, lanes, timeout, span.

pub mod error;
pub mod wire;

pub use error::{CallError, Verdict};
pub use wire::{Remote, Wire, WireError};
