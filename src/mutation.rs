//! Protections that can be switched off, one at a time, to see that the simulation notices.
//!
//! Only with the feature `mutations`, which nothing turns on by default. Without it each question
//! here is the constant `false`, and the compiler leaves nothing of it in the program.

/// What can be switched off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protection {
    /// A create whose answer never came is looked for before it is sent again.
    LookBeforeRepeat,
    /// A delivery is on disk before it is answered.
    CommitBeforeAnswer,
    /// Requests of the last minute are counted, whatever the pace says.
    SlidingWindow,
    /// Leads that share an identity are never in work at the same time.
    IdentityLock,
    /// Whoever was erased is recognised when they come again.
    Tombstone,
    /// A poll that could not read everything moves no watermark.
    WatermarkRule,
}

impl Protection {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::LookBeforeRepeat,
        Self::CommitBeforeAnswer,
        Self::SlidingWindow,
        Self::IdentityLock,
        Self::Tombstone,
        Self::WatermarkRule,
    ];
}

/// Whether a protection is switched off: never, in a program that people run.
#[cfg(not(feature = "mutations"))]
pub const fn is_off(_: Protection) -> bool {
    false
}

#[cfg(feature = "mutations")]
pub use switch::{is_off, switch_off};

#[cfg(feature = "mutations")]
mod switch {
    use std::sync::{Mutex, PoisonError};

    use super::Protection;

    static OFF: Mutex<Option<Protection>> = Mutex::new(None);

    /// Whether a protection is switched off.
    pub fn is_off(protection: Protection) -> bool {
        *OFF.lock().unwrap_or_else(PoisonError::into_inner) == Some(protection)
    }

    /// Switches one protection off in this process, and all others on.
    pub fn switch_off(protection: Option<Protection>) {
        *OFF.lock().unwrap_or_else(PoisonError::into_inner) = protection;
    }
}
