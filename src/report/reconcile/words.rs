//! The words of the report, in both languages: one struct, filled twice.
//!
//! Numbers and names go into sentences by functions, because the languages place them differently.
//! What is said of a number is told whether it is one.

mod english;
mod portuguese;

use crate::{config::Language, domain::LeadState, report::grouped};

pub(super) use english::WORDS as ENGLISH;

/// A sentence about a number, which may be one.
type Counted = fn(&str, bool) -> String;

/// Every word of the report, in one language.
#[derive(Debug)]
pub(super) struct Words {
    /// The language.
    pub(super) language: Language,
    /// Its tag.
    pub(super) tag: &'static str,
    /// How a moment is written, a day, and a day without its year.
    pub(super) moment: &'static str,
    pub(super) day: &'static str,
    pub(super) short_day: &'static str,
    /// What groups the digits of large numbers.
    thousands: char,
    pub(super) verdict: Verdict,
    pub(super) advice: Advice,
    pub(super) heads: Heads,
    /// The names of a route's counts, as [`super::html`] and [`super::text`] show them.
    pub(super) counts: [&'static str; 10],
    pub(super) state: fn(Option<LeadState>) -> &'static str,
    /// `deal`, `person`, `company`.
    pub(super) record: fn(&str) -> &str,
    /// The kinds of drift of the contract; any other word is left as it is.
    pub(super) drift: fn(&str) -> &str,
    pub(super) mode: fn(&str) -> &str,
}

/// The first line.
#[derive(Debug)]
pub(super) struct Verdict {
    pub(super) nothing: &'static str,
    pub(super) partial: &'static str,
    pub(super) so_far: fn(&str) -> String,
    pub(super) missed: Counted,
    /// Of the missed leads: in Ploomes, skipped, erased, failed, still to be brought in.
    pub(super) stands: [Counted; 5],
}

/// What somebody should know or do.
#[derive(Debug)]
pub(super) struct Advice {
    pub(super) partial: fn(&str) -> String,
    pub(super) no_reason: &'static str,
    pub(super) unfinished: &'static str,
    /// More than so many are never repaired unasked.
    pub(super) over: fn(&str) -> String,
    pub(super) only_report: &'static str,
    /// So many stay in the queue after this run.
    pub(super) open: fn(&str, bool, i64) -> String,
    pub(super) failed: Counted,
    pub(super) stale: Counted,
    pub(super) updated: Counted,
    pub(super) late: Counted,
    /// AC counts more entries of a route than were read, or fewer.
    pub(super) unseen: fn(&str, &str, &str) -> String,
    pub(super) uncounted: fn(&str, &str, &str) -> String,
}

/// Headings and columns.
#[derive(Debug)]
pub(super) struct Heads {
    pub(super) title: &'static str,
    pub(super) run: &'static str,
    pub(super) complete: &'static str,
    pub(super) partial: &'static str,
    pub(super) contacts: Counted,
    pub(super) routes: &'static str,
    pub(super) total: &'static str,
    pub(super) chart: &'static str,
    pub(super) by_webhook: &'static str,
    pub(super) missed_bar: &'static str,
    pub(super) days: Counted,
    pub(super) missed: &'static str,
    pub(super) none_missed: &'static str,
    pub(super) found_by_poll: &'static str,
    pub(super) drift: &'static str,
    pub(super) witness: &'static str,
    pub(super) entered_there: &'static str,
    pub(super) read_here: &'static str,
    pub(super) lead: &'static str,
    pub(super) contact: &'static str,
    pub(super) route: &'static str,
    pub(super) enrolled: &'static str,
    pub(super) found: &'static str,
    pub(super) repaired: &'static str,
    pub(super) late: &'static str,
    pub(super) state: &'static str,
    pub(super) in_ploomes: &'static str,
    pub(super) record: &'static str,
    pub(super) kind: &'static str,
    pub(super) webhook_late: &'static str,
    /// So many rows are not shown; how all of them of this run are.
    pub(super) more: fn(&str, i64) -> String,
    pub(super) head: &'static str,
    /// What the head is good for.
    pub(super) prove: &'static str,
}

/// The words of a language.
pub(super) const fn of(language: Language) -> &'static Words {
    match language {
        Language::Portuguese => &portuguese::WORDS,
        Language::English => &english::WORDS,
    }
}

impl Words {
    /// A number as people read it.
    pub(super) fn number(&self, number: i64) -> String {
        grouped(number, self.thousands)
    }
}

/// The words of [`ENGLISH`] for one and for more.
fn either(number: &str, is_one: bool, one: &str, more: &str) -> String {
    format!("{number} {}", if is_one { one } else { more })
}
