//! Where a report goes: to stdout, or into a file that only its owner can read.

use std::{
    io::{self, Write},
    path::Path,
};

use anyhow::Context;

use crate::{
    cli::{Failure, args::Format, private, say},
    report::Reconciliation,
};

/// Gives the report in its form; of one that went into a file, a terminal shows what it comes to.
pub(super) fn give(
    report: &Reconciliation,
    format: Format,
    output: Option<&Path>,
) -> Result<(), Failure> {
    let document = match format {
        Format::Text => report.text(),
        Format::Json => format!("{}\n", report.json()),
        Format::Csv => report.csv(),
        Format::Html => report.html(),
    };
    let Some(path) = output else {
        // A reader that went away is not an error.
        let _ = io::stdout().lock().write_all(document.as_bytes());
        return Ok(());
    };
    private::write(path, document.as_bytes()).with_context(|| {
        format!("cannot write {}; `ponte report` gives the report again", path.display())
    })?;
    if format != Format::Json {
        say(&format!("{}\nthe report is in {}", report.headline(), path.display()));
    }
    Ok(())
}

/// Tells a person something beside the report: on stderr.
pub(super) fn note(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}
