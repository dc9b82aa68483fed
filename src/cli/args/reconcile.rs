//! `reconcile` and `report`.

use std::{path::PathBuf, time::Duration};

use clap::{
    Args as Arguments,
    builder::{PossibleValuesParser, TypedValueParser},
};

use crate::config::{self, ReconcileMode};

/// `reconcile`
#[derive(Debug, Arguments)]
pub struct Reconcile {
    /// Only this route.
    #[arg(long, value_name = "NAME")]
    pub route: Option<String>,
    /// Whether what was missed is told, or brought in as well; by itself as configured.
    #[arg(long, value_parser = modes(), value_name = "MODE")]
    pub mode: Option<ReconcileMode>,
    /// Brings in everything, also more than `max_repairs`: counts it and asks first.
    #[arg(long)]
    pub all: bool,
    /// Does not ask.
    #[arg(long)]
    pub yes: bool,
    /// How long what was found may take to be brought in, such as 30s, 15m, 2h.
    #[arg(long, default_value = "1h", value_parser = config::duration, value_name = "TIME")]
    pub wait: Duration,
    /// How the answer is given.
    #[command(flatten)]
    pub shown: Shown,
}

/// `report`
#[derive(Debug, Arguments)]
pub struct Report {
    /// A reconciliation, as reports and logs name it; without it the last one.
    #[arg(value_name = "RUN", value_parser = clap::value_parser!(i64).range(1..))]
    pub run: Option<i64>,
    /// How the answer is given.
    #[command(flatten)]
    pub shown: Shown,
}

/// In which form a report is given, and where to.
#[derive(Debug, Clone, Arguments)]
pub struct Shown {
    /// The form of the report; csv is for spreadsheets, html for browsers and printers.
    #[arg(long, default_value = "text", value_parser = formats(), value_name = "FORMAT")]
    pub format: Format,
    /// Writes it to this file, which only its owner can read, instead of stdout.
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// One JSON document: --format json.
    #[arg(long, conflicts_with = "format")]
    pub json: bool,
}

/// The forms of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For a terminal.
    Text,
    /// One JSON document.
    Json,
    /// Missed leads for a spreadsheet.
    Csv,
    /// One page for a browser or a printer.
    Html,
}

impl Shown {
    /// The form that was asked for.
    pub fn format(&self) -> Format {
        if self.json { Format::Json } else { self.format }
    }
}

/// The modes by the names that they have in the configuration.
fn modes() -> impl TypedValueParser<Value = ReconcileMode> {
    PossibleValuesParser::new(["report", "repair"]).map(|word| match word.as_str() {
        "repair" => ReconcileMode::Repair,
        _ => ReconcileMode::Report,
    })
}

fn formats() -> impl TypedValueParser<Value = Format> {
    PossibleValuesParser::new(["text", "json", "csv", "html"]).map(|word| match word.as_str() {
        "json" => Format::Json,
        "csv" => Format::Csv,
        "html" => Format::Html,
        _ => Format::Text,
    })
}
