//! What is held of one person: shown whole, or erased.
//!
//! Erasing blanks everything that could tell who it was and leaves what proves the balance: rows,
//! times, ids of `ActiveCampaign` and Ploomes, hashes. It touches neither of the two services.

pub mod export;

mod erase;
mod held;
mod lift;
mod past;

pub use erase::{Erased, erase, ignore, met};
pub use lift::lift;
pub use past::{Applied, apply_file};

use crate::domain::ContactId;

/// A person as somebody names them.
#[derive(Clone, PartialEq, Eq)]
pub enum Who {
    /// By the contact's id in `ActiveCampaign`.
    Contact(ContactId),
    /// By an e-mail address.
    Email(String),
}

impl std::fmt::Debug for Who {
    /// Hides the address: it is personal data.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Contact(id) => write!(f, "Contact({id})"),
            Self::Email(_) => f.write_str("Email(…)"),
        }
    }
}

#[cfg(test)]
mod tests;
