//! Proves the ledger: the chain, every row that the chain speaks of, and the balance.
//!
//! Promises to find a row of the evidence (deliveries, leads, steps, runs, findings, tombstones)
//! that was changed, deleted, inserted or swapped, and any change of the chain itself, and to name
//! each; in memory that does not grow with the ledger. What it cannot see: a chain that somebody cut
//! off or wrote anew from some row on, together with its rows, unless a later head is known; that a
//! body was blanked, which `erase` and retention do rightly; and anything in caches and queues.

mod chain;
mod rows;
mod tally;

use rusqlite::Connection;

use super::{LedgerError, digest::Hash, history::Subject};
use chain::Wanted;

/// Problems that are named; more are only counted.
///
/// A thousand say what happened. A ledger of which every row is wrong has millions.
const PROBLEMS_MAX: usize = 1_000;

/// What is wrong with a head that none can be.
const NO_HASH: &str = "this is no hash of 16 to 64 hexadecimal digits";

/// What the audit came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// How many rows the chain has.
    pub length: i64,
    /// The first row, by `seq`, at which the chain does not hold.
    pub broken_at: Option<i64>,
    /// The hash of the newest row of the chain; zeros where there is none.
    pub head: Hash,
    /// What was accepted and found by the chain, less the rows that there are: 0, always.
    pub balance: i64,
    /// What is wrong, named; the first thousand.
    pub problems: Vec<Problem>,
    /// How much is wrong.
    pub count: u64,
}

/// Something that is not as it must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What kind of wrong it is.
    pub kind: Kind,
    /// The table.
    pub subject: &'static str,
    /// The row; `None` where it is about no single one.
    pub id: Option<i64>,
    /// What is wrong, in words; no personal data.
    pub message: String,
}

/// The kinds of wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A row is not what the chain says it is.
    Changed,
    /// A row that the chain speaks of is gone.
    Deleted,
    /// A row of which the chain knows nothing.
    Inserted,
    /// The chain does not follow from row to row.
    Chain,
    /// The chain does not continue the head that was given.
    Head,
    /// A counter is not what the rows come to.
    Tally,
    /// Accepted and found is not the sum of the rows.
    Balance,
}

impl Kind {
    /// The word in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Changed => "changed",
            Self::Deleted => "deleted",
            Self::Inserted => "inserted",
            Self::Chain => "chain",
            Self::Head => "head",
            Self::Tally => "tally",
            Self::Balance => "balance",
        }
    }
}

impl Outcome {
    /// Whether all that is wrong is that the chain does not continue the head that was given.
    pub fn is_only_the_head(&self) -> bool {
        !self.ok() && self.problems.iter().all(|it| it.kind == Kind::Head)
    }

    /// Whether nothing is wrong.
    pub const fn ok(&self) -> bool {
        self.count == 0
    }
}

/// Reads a head for the command line, without looking whether any chain has it.
pub fn read_head(text: &str) -> Result<String, String> {
    match Wanted::parse(text) {
        Some(_) => Ok(text.to_owned()),
        None => Err(NO_HASH.to_owned()),
    }
}

/// Audits the ledger, as one snapshot of it is.
///
/// `head` is the hash of some row of the chain as a report or an alert carried it, whole or its
/// first 16 digits or more: the chain must still have it. Zeros are the head of an empty ledger,
/// which every chain continues.
pub fn audit(conn: &Connection, head: Option<&str>) -> Result<Outcome, LedgerError> {
    let mut problems = Problems::default();
    let wanted = match head.map(Wanted::parse) {
        Some(None) => {
            problems.add(Kind::Head, "history", None, NO_HASH.to_owned());
            None
        }
        wanted => wanted.flatten(),
    };
    let walked = chain::walk(conn, wanted.as_ref(), &mut problems)?;
    for subject in Subject::ALL {
        rows::unknown_to_chain(conn, subject, &mut problems)?;
    }
    rows::as_in_chain(conn, &mut problems)?;
    rows::payloads(conn, &mut problems)?;
    let counted = tally::check(conn, &mut problems)?;
    let balance = balance(&walked, &counted, &mut problems);
    Ok(Outcome {
        length: walked.length,
        broken_at: walked.broken_at,
        head: walked.head,
        balance,
        problems: problems.named,
        count: problems.count,
    })
}

/// The balance, from the chain's end and the rows themselves. Each half must be 0: two that make
/// up for each other are wrong too.
fn balance(walked: &chain::Walked, counted: &tally::Counted, problems: &mut Problems) -> i64 {
    let deliveries = walked.accepted.saturating_sub(counted.deliveries);
    let leads = walked.total.saturating_sub(counted.leads);
    if deliveries != 0 {
        let message = format!(
            "{} deliveries were accepted, {} are there",
            walked.accepted, counted.deliveries
        );
        problems.add(Kind::Balance, "delivery", None, message);
    }
    if leads != 0 {
        let message = format!("{} leads were found, {} are there", walked.total, counted.leads);
        problems.add(Kind::Balance, "lead", None, message);
    }
    deliveries.saturating_add(leads)
}

/// What was found wrong so far.
#[derive(Default)]
struct Problems {
    named: Vec<Problem>,
    count: u64,
}

impl Problems {
    fn add(&mut self, kind: Kind, subject: &'static str, id: Option<i64>, message: String) {
        self.count += 1;
        if self.named.len() < PROBLEMS_MAX {
            self.named.push(Problem { kind, subject, id, message });
        }
    }
}

/// A hash as reports show it.
pub fn hex(hash: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| char::from(DIGITS[usize::from(nibble)]);
    hash.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

#[cfg(test)]
mod tests;
