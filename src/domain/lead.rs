//! Where deliveries and leads stand.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum $name {
            $($(#[$vdoc])* #[serde(rename = $word)] $variant),+
        }

        impl $name {
            /// All of them, in the order of the contract.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word used in the ledger and in JSON.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl FromStr for $name {
            type Err = UnknownWord;

            fn from_str(word: &str) -> Result<Self, UnknownWord> {
                match word {
                    $($word => Ok(Self::$variant),)+
                    _ => Err(UnknownWord { what: stringify!($name), word: word.to_owned() }),
                }
            }
        }
    };
}

/// A word that names none of the known values.
#[derive(Debug, thiserror::Error)]
#[error("`{word}` is no {what}")]
pub struct UnknownWord {
    what: &'static str,
    word: String,
}

words! {
    /// What became of a delivery.
    Fate {
        /// It made a lead.
        Applied = "applied",
        /// Its lead was there already.
        Merged = "merged",
        /// It calls for nothing: the contact is gone, or was erased.
        Ignored = "ignored",
        /// It cannot be used as it is; a person can look and try again.
        Quarantined = "quarantined",
        /// It is not yet matched.
        Pending = "pending",
    }
}

words! {
    /// Where a lead stands.
    LeadState {
        /// It waits for its turn.
        Pending = "pending",
        /// A write was sent and its answer never came.
        InDoubt = "in_doubt",
        /// Its records are in Ploomes.
        Done = "done",
        /// It calls for no deal, with a reason.
        Skipped = "skipped",
        /// It waits for a person.
        Failed = "failed",
        /// The person asked to be forgotten.
        Erased = "erased",
    }
}

words! {
    /// How a lead was first noticed.
    FoundBy {
        /// Its webhook came.
        Webhook = "webhook",
        /// A poll saw it and no webhook had come.
        Poll = "poll",
        /// A reconciliation saw it and no webhook had come.
        Reconcile = "reconcile",
    }
}
