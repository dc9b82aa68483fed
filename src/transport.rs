//! One way to send for both APIs: authentication, limit, lanes, timeout, span.
//!
//! A [`Sender`] waits for its turn at the [`Limiter`], puts the key on the request, sends it over a
//! [`Wire`] and says what a failure on the way means. What a *status* means is said by the client of
//! each API. Nothing here repeats a call.

pub mod error;
pub mod limit;
pub mod send;
pub mod standing;
pub mod wire;

pub use error::{CallError, Verdict};
pub use limit::{Limiter, Pace, Permit, Record, Refused};
pub use send::{Answer, BadEndpoint, Call, Endpoint, Sender};
pub use standing::{KeyState, Standing};
pub use wire::{Remote, Wire, WireError};
