//! Where a report goes: to stdout, or into a file that only its owner can read.

use std::{
    fs::{OpenOptions, Permissions},
    io::{self, Write},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::Path,
};

use anyhow::Context;

use crate::{
    cli::{Failure, args::Format, say},
    report::Reconciliation,
};

/// It holds the addresses of people.
const MODE: u32 = 0o600;

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
    write(path, document.as_bytes()).with_context(|| {
        format!("cannot write {}; `ponte report` gives the report again", path.display())
    })?;
    if format != Format::Json {
        say(&format!("{}\nthe report is in {}", report.headline(), path.display()));
    }
    Ok(())
}

/// Writes a file anew, readable for its owner only before anything is in it.
fn write(path: &Path, document: &[u8]) -> io::Result<()> {
    let mut file =
        OpenOptions::new().write(true).create(true).truncate(true).mode(MODE).open(path)?;
    if file.metadata()?.is_file() {
        file.set_permissions(Permissions::from_mode(MODE))?;
    }
    file.write_all(document)?;
    file.flush()
}

/// Tells a person something beside the report: on stderr.
pub(super) fn note(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_for_its_owner_only_also_where_the_file_was_there() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("missed.csv");
        std::fs::write(&path, "an older and longer one").unwrap();
        std::fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
        write(&path, b"new").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"new");
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, MODE);
    }
}
