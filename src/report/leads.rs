//! `leads`: a table, without anything of a person.

use serde_json::{Value, json};

use super::{count, locale::Locale, table, text};
use crate::{config::Config, domain::LeadState, ledger::leads::Listed};

/// A table of leads.
#[derive(Debug, Clone)]
pub struct Leads {
    rows: Vec<Listed>,
    locale: Locale,
}

impl Leads {
    /// The rows, in the order in which they are shown.
    pub fn new(rows: Vec<Listed>, config: &Config) -> Self {
        Self { rows, locale: Locale::of(config) }
    }

    /// The array of the contract.
    pub fn json(&self) -> Value {
        let row = |it: &Listed| {
            json!({
                "lead": it.key,
                "route": it.route,
                "contact": it.contact,
                "enrollment": it.enrollment,
                "state": it.state,
                "found_by": it.found_by,
                "company": it.company,
                "person": it.person,
                "deal": it.deal,
                "updated_at": self.locale.json(it.updated_at),
                "reason": it.reason,
                "review": it.review,
                "warnings": warnings(it).collect::<Value>(),
            })
        };
        self.rows.iter().map(row).collect()
    }

    /// The same for people, and what to do about leads that wait for one.
    pub fn text(&self) -> String {
        if self.rows.is_empty() {
            return "no leads\n".to_owned();
        }
        let cells = self.rows.iter().map(|it| {
            vec![
                it.key.clone(),
                it.contact.to_string(),
                it.state.to_string(),
                it.found_by.to_string(),
                self.record(it),
                self.locale.text(it.updated_at),
                remarks(it),
            ]
        });
        let headers = ["lead", "contact", "state", "found by", "in Ploomes", "updated", "why"];
        let rows = i64::try_from(self.rows.len()).unwrap_or(i64::MAX);
        let mut parts = vec![table(&headers, cells), String::new(), count(rows, "lead", "leads")];
        if self.rows.iter().any(|it| it.state == LeadState::Failed) {
            parts.push(
                "a failed lead waits for you: `ponte explain CONTACT` tells its story, \
                 `ponte retry LEAD` tries again"
                    .to_owned(),
            );
        }
        text(&parts)
    }

    /// The record that shows most of a lead: its deal, else its person, else its company.
    fn record(&self, lead: &Listed) -> String {
        let deal = lead.deal.map(|id| self.locale.deal(id));
        let contact = || lead.person.or(lead.company).map(|id| self.locale.contact(id));
        deal.or_else(contact).unwrap_or_default()
    }
}

/// Everything that was noted about a lead, in one line.
pub(super) fn remarks(lead: &Listed) -> String {
    let review = lead.review.as_ref().map(|it| format!("look: {it}"));
    let noted = lead.reason.clone().into_iter().chain(review);
    noted.chain(warnings(lead).map(str::to_owned)).collect::<Vec<_>>().join("; ")
}

/// The warnings of a lead, which the ledger keeps a line each.
pub(super) fn warnings(lead: &Listed) -> impl Iterator<Item = &str> {
    lead.warnings.iter().flat_map(|it| it.lines()).filter(|it| !it.is_empty())
}
