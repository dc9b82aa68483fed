//! Who is erased is gone, byte for byte, and stays gone.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod bytes;
mod commands;
mod erased;
mod found;
mod log;
