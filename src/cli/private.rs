//! Files that commands write about people: their owner's alone.

use std::{
    fs::{OpenOptions, Permissions},
    io::{self, Write},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::Path,
};

/// It holds the addresses of people.
const MODE: u32 = 0o600;

/// Writes a file anew, readable for its owner only before anything is in it, and on disk when this
/// returns; a pipe or a terminal is written to as it is.
pub(super) fn write(path: &Path, document: &[u8]) -> io::Result<()> {
    let mut file =
        OpenOptions::new().write(true).create(true).truncate(true).mode(MODE).open(path)?;
    let is_file = file.metadata()?.is_file();
    if is_file {
        file.set_permissions(Permissions::from_mode(MODE))?;
    }
    file.write_all(document)?;
    if is_file { file.sync_all() } else { file.flush() }
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
        write(Path::new("/dev/null"), b"to nobody").unwrap();
    }
}
