//! What people and other programs read: one model a report, as JSON of the contract and as text.
//!
//! Promises that only `explain` shows anything of a person, and a reconciliation the addresses of
//! those who were missed. Leaves out where it is written to.

mod audit;
mod explain;
mod export;
mod leads;
mod locale;
mod reconcile;
mod status;
pub mod told;

use comfy_table::{ContentArrangement, Table, presets};

use crate::domain::LeadState;

pub use audit::Audit;
pub use explain::Explain;
pub use export::export;
pub use leads::Leads;
pub use locale::{grouped, lasting};
pub use reconcile::{Ending, Forecast, Reconciliation};
pub use status::{Next, Status};

/// A table as text: a line for the headers, a line for each row, columns aligned.
pub fn table(headers: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let mut table = bare_table();
    table.set_header(headers.iter().copied());
    fill(table, rows)
}

/// A table of names and what stands for them, without headers.
fn list(rows: impl IntoIterator<Item = (String, String)>) -> String {
    fill(bare_table(), rows.into_iter().map(|(name, value)| vec![name, value]))
}

/// Lines are as long as they get: a terminal wraps them, and a pipe wants them whole.
fn bare_table() -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    table
}

fn fill(mut table: Table, rows: impl IntoIterator<Item = Vec<String>>) -> String {
    for row in rows {
        table.add_row(row.iter().map(|cell| plain(cell)));
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    let mut text = String::new();
    for line in table.lines() {
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// Lines, and tables among them, as one text.
fn text(parts: &[String]) -> String {
    let lines: Vec<&str> = parts.iter().map(|it| it.trim_end_matches('\n')).collect();
    format!("{}\n", lines.join("\n"))
}

/// A text of others on one line, without what could move a terminal's cursor.
fn plain(text: &str) -> String {
    text.chars().map(|it| if it.is_control() { ' ' } else { it }).collect()
}

/// `1 lead`, `2 leads`.
fn count(number: i64, one: &str, more: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { more })
}

/// A state as one says it.
const fn said(state: LeadState) -> &'static str {
    match state {
        LeadState::InDoubt => "in doubt",
        other => other.as_str(),
    }
}

#[cfg(test)]
mod tests;
