//! Missed leads for a spreadsheet: opened by a double click in an Excel of Brazil, it is a table.
//!
//! Excel takes a file with a byte order mark as UTF-8, and `;` as the separator where a comma stands
//! in numbers. Every cell is quoted text, and none of them is a formula.

use std::borrow::Cow;

use super::{Reconciliation, late};
use crate::{ledger::report::Missed, report::locale::lasting};

const BYTE_ORDER_MARK: char = '\u{feff}';

/// The names of the contract, where it has them: what reads the file may rely on them.
const COLUMNS: [&str; 18] = [
    "lead",
    "route",
    "contact",
    "email",
    "enrollment",
    "enrolled_at",
    "found_at",
    "found_by",
    "recovered_at",
    "late",
    "late_s",
    "state",
    "reason",
    "webhook_at",
    "company",
    "person",
    "deal",
    "link",
];

impl Reconciliation {
    /// A row for each lead that this run found missing, then for each that polls had found.
    pub fn csv(&self) -> String {
        let mut text = String::from(BYTE_ORDER_MARK);
        line(&mut text, COLUMNS.map(str::to_owned));
        for lead in self.run.missed.iter().chain(&self.run.found_by_poll) {
            line(&mut text, self.cells(lead));
        }
        text
    }

    fn cells(&self, it: &Missed) -> [String; COLUMNS.len()] {
        let number = |number: Option<i64>| number.map(|it| it.to_string()).unwrap_or_default();
        let late = late(it);
        [
            it.lead.clone(),
            it.route.clone(),
            it.contact.to_string(),
            it.email.clone().unwrap_or_default(),
            number(it.enrollment.map(|it| it.0)),
            self.locale.text_of(it.enrolled_at),
            self.locale.text(it.found_at),
            it.found_by.to_string(),
            self.locale.text_of(it.recovered_at),
            late.map(lasting).unwrap_or_default(),
            number(late.map(|it| it.num_seconds().max(0))),
            it.state.map(|it| it.to_string()).unwrap_or_default(),
            it.reason.clone().unwrap_or_default(),
            self.locale.text_of(it.webhook_at),
            number(it.company.map(|it| it.0)),
            number(it.person.map(|it| it.0)),
            number(it.deal.map(|it| it.0)),
            self.record(it).and_then(|it| it.url).unwrap_or_default(),
        ]
    }
}

fn line<const N: usize>(text: &mut String, cells: [String; N]) {
    let cells = cells.map(|cell| format!("\"{}\"", inert(&cell).replace('"', "\"\"")));
    text.push_str(&cells.join(";"));
    text.push_str("\r\n");
}

/// The cell as text: an apostrophe keeps a spreadsheet from reckoning what others wrote.
fn inert(cell: &str) -> Cow<'_, str> {
    if cell.trim_start().starts_with(['=', '+', '-', '@']) || cell.starts_with(['\t', '\r', '\n']) {
        Cow::Owned(format!("'{cell}"))
    } else {
        Cow::Borrowed(cell)
    }
}
