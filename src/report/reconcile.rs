//! A reconciliation: whether anything was missed, what, and what became of it. As text, as JSON of
//! the contract, as CSV for a spreadsheet, as a page that prints.
//!
//! Shows the addresses of contacts that were missed: somebody has to look at them.

mod chart;
mod csv;
mod forecast;
mod html;
mod json;
mod text;
mod verdict;
mod words;

use std::fmt;

use super::locale::Locale;
use crate::{
    config::{Config, Language},
    domain::LeadState,
    ledger::{
        report::{Missed, RouteCounts, RunReport},
        run::Outcome,
    },
};

pub use forecast::Forecast;

/// A reconciliation.
#[derive(Clone)]
pub struct Reconciliation {
    run: RunReport,
    locale: Locale,
    language: Language,
    max_repairs: u64,
}

/// What a run comes to, for the status that the program ends with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// Nothing is left to do.
    Well,
    /// Something is wrong and stays wrong.
    Wrong,
    /// Not everything was read, or the wait ended before everything was brought in.
    Partial,
}

impl fmt::Debug for Reconciliation {
    /// Shows the run only: the rest is personal data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Reconciliation({})", self.run.id.0)
    }
}

impl Reconciliation {
    /// The run to be shown: what still waits for somebody comes first.
    pub fn new(mut run: RunReport, config: &Config) -> Self {
        run.missed.sort_by_key(|it| is_settled(it.state));
        Self {
            run,
            locale: Locale::of(config),
            language: config.admin.language,
            max_repairs: config.reconcile.max_repairs,
        }
    }

    /// The same, shown in another language than the configured one.
    pub fn in_language(self, language: Language) -> Self {
        Self { language, ..self }
    }

    /// What it comes to, in a line.
    pub fn headline(&self) -> String {
        self.verdict(&words::ENGLISH)
    }

    /// The number of leads that are missing, and of those that are out of date.
    pub fn found(&self) -> (i64, i64) {
        (self.sum(|it| it.missed), self.sum(|it| it.stale))
    }

    /// Whether everything was read.
    pub fn is_complete(&self) -> bool {
        self.run.outcome == Outcome::Complete
    }

    /// What it comes to, by what it counted at its end.
    pub fn ending(&self) -> Ending {
        let (missed, stale) = self.found();
        let failed = self.sum(|it| it.failed);
        if !self.is_complete() {
            return Ending::Partial;
        }
        if self.is_report() {
            return if missed + stale + failed > 0 { Ending::Wrong } else { Ending::Well };
        }
        let left = missed - self.sum(|it| it.recovered);
        let given_up = self.now(|state| state == Some(LeadState::Failed));
        let is_over = self.run.detail.over_max_repairs;
        if (left > given_up || self.run.detail.left > 0) && !is_over {
            Ending::Partial
        } else if left > 0 || failed > 0 || self.run.detail.left > 0 {
            Ending::Wrong
        } else {
            Ending::Well
        }
    }

    /// Whether it was not to write anything.
    fn is_report(&self) -> bool {
        self.run.mode == "report"
    }

    fn sum(&self, of: impl Fn(&RouteCounts) -> i64) -> i64 {
        self.run.detail.routes.iter().map(of).sum()
    }

    /// How many of the missed leads stand so now.
    fn now(&self, so: impl Fn(Option<LeadState>) -> bool) -> i64 {
        let leads = self.run.missed.iter().filter(|it| so(it.state)).count();
        i64::try_from(leads).unwrap_or(i64::MAX)
    }

    /// The address of the record that shows most of a lead, where the configuration says where
    /// links lead; and the record: its deal, else its person, else its company.
    fn record(&self, lead: &Missed) -> Option<Record> {
        let deal = lead.deal.map(|id| ("deal", id, self.locale.deal(id)));
        let person = || lead.person.map(|id| ("person", id, self.locale.contact(id)));
        let company = || lead.company.map(|id| ("company", id, self.locale.contact(id)));
        let (kind, id, link) = deal.or_else(person).or_else(company)?;
        let url = link.starts_with("http").then_some(link);
        Some(Record { kind, id: id.0, url })
    }
}

/// A record in Ploomes.
struct Record {
    /// `deal`, `person` or `company`.
    kind: &'static str,
    id: i64,
    url: Option<String>,
}

/// How long after its contact entered a lead was settled.
fn late(lead: &Missed) -> Option<chrono::TimeDelta> {
    Some(lead.recovered_at? - lead.enrolled_at?)
}

/// Whether nothing is left to do for a lead.
fn is_settled(state: Option<LeadState>) -> bool {
    matches!(state, Some(LeadState::Done | LeadState::Skipped | LeadState::Erased))
}

#[cfg(test)]
mod tests;
