//! `audit`: whether the ledger is what it says it is.

use serde_json::{Value, json};

use super::{count, table, text};
use crate::ledger::audit::{Outcome, Problem, hex};

/// What an audit came to.
#[derive(Debug, Clone)]
pub struct Audit(Outcome);

impl Audit {
    /// The outcome to be shown.
    pub const fn new(outcome: Outcome) -> Self {
        Self(outcome)
    }

    /// The document of the contract.
    pub fn json(&self) -> Value {
        let problem = |it: &Problem| {
            json!({
                "kind": it.kind.as_str(),
                "subject": it.subject,
                "id": it.id,
                "message": it.message,
            })
        };
        json!({
            "ok": self.0.ok(),
            "balance": self.0.balance,
            "chain": {
                "length": self.0.length,
                "broken_at": self.0.broken_at,
                "head": hex(&self.0.head),
            },
            "problems": self.0.problems.iter().map(problem).collect::<Vec<_>>(),
            "problem_count": self.0.count,
        })
    }

    /// The same for people, and what to do.
    pub fn text(&self) -> String {
        let length = count(self.0.length, "entry", "entries");
        let head = hex(&self.0.head);
        if self.0.ok() {
            return format!(
                "the ledger is whole: {length} in the chain, balance 0\n\
                 head {head}\n\
                 Keep this head elsewhere: `ponte audit --head HEAD` then proves that nothing was \
                 cut off or rewritten since.\n"
            );
        }
        if self.0.is_only_the_head() {
            return format!(
                "this ledger does not continue that head\n\
                 {length} in the chain, balance 0, head {head}\n\
                 Everything in it is whole by itself. Look first whether the head was copied right \
                 and is this ledger's, and whether an older copy was put back since: such a copy \
                 ends before it. If none of that is so, the chain's end was cut off or written \
                 anew: keep a copy of this file, and look for who could write it.\n"
            );
        }
        let problems = count(self.0.count.try_into().unwrap_or(i64::MAX), "problem", "problems");
        let cells = self.0.problems.iter().map(|it| {
            let id = it.id.map(|id| id.to_string()).unwrap_or_default();
            vec![it.kind.as_str().to_owned(), it.subject.to_owned(), id, it.message.clone()]
        });
        let mut parts = vec![
            format!("the ledger is NOT whole: {problems}, balance {}", self.0.balance),
            String::new(),
            table(&["what", "table", "row", "why"], cells),
        ];
        let unnamed = self.0.count.saturating_sub(self.0.problems.len() as u64);
        if unnamed > 0 {
            parts.push(format!("and {unnamed} more"));
        }
        parts.extend([
            String::new(),
            format!("{length} in the chain, head {head}"),
            "Something other than ponte changed this file, or the disk did. Keep a copy of it, look \
             for who could write it, and `ponte restore` a backup that passes `ponte audit`: what \
             came since is found again by the next reconciliation."
                .to_owned(),
        ]);
        text(&parts)
    }
}
