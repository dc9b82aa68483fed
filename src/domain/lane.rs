//! The order of work.

use serde::{Deserialize, Serialize};

/// Who goes first; the order of the variants is the order of work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Lane {
    /// A webhook came: somebody is waiting for this lead.
    Fresh,
    /// A contact changed after its lead was written.
    Update,
    /// A lead whose webhook never came.
    Repair,
    /// A lead from before the route's first start, asked for by `since`.
    Backfill,
}

impl Lane {
    /// All lanes, the most urgent first.
    pub const ALL: [Self; 4] = [Self::Fresh, Self::Update, Self::Repair, Self::Backfill];

    /// The name used in the ledger, in JSON and in logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fresh => "fresh",
            Self::Update => "update",
            Self::Repair => "repair",
            Self::Backfill => "backfill",
        }
    }

    /// The number kept in the ledger: smaller is more urgent.
    pub const fn rank(self) -> i64 {
        self as i64
    }

    /// The lane of a number kept in the ledger.
    pub fn from_rank(rank: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|lane| lane.rank() == rank)
    }
}
