//! To whom files beside a ledger belong: to whom the ledger belongs.
//!
//! All of them are readable by their owner only. One that root made for itself, beside the ledger of
//! a service that is another user, would stop that service.

use std::{
    fs, io,
    os::unix::fs::{MetadataExt as _, lchown},
    path::Path,
};

/// Gives `path`, which was just made, to owner and group of the ledger, where there is a ledger.
pub(super) fn give_to_owner(path: &Path, ledger: &Path) -> io::Result<()> {
    let owner = |of: &Path| fs::metadata(of).map(|it| (it.uid(), it.gid()));
    let wanted = match owner(ledger) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        wanted => wanted?,
    };
    if owner(path)? == wanted {
        return Ok(());
    }
    lchown(path, Some(wanted.0), Some(wanted.1)).map_err(|error| {
        let words = format!(
            "it must belong to whom {} belongs to, or a service cannot read it ({error}); do this \
             as that user",
            ledger.display()
        );
        io::Error::new(error.kind(), words)
    })
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Somebody else: nobody's usual number.
    pub(in crate::ledger) const OTHER: (u32, u32) = (65_534, 65_534);

    /// Gives a file to [`OTHER`]; false where the test runs as a user who may not.
    pub(in crate::ledger) fn give_away(path: &Path) -> bool {
        lchown(path, Some(OTHER.0), Some(OTHER.1)).is_ok()
    }

    pub(in crate::ledger) fn owner(path: &Path) -> (u32, u32) {
        let it = fs::metadata(path).unwrap();
        (it.uid(), it.gid())
    }

    #[test]
    fn a_file_beside_a_ledger_is_its_owners() {
        let directory = tempfile::TempDir::new().unwrap();
        let (ledger, file) = (directory.path().join("ponte.db"), directory.path().join("file"));
        fs::write(&file, "").unwrap();
        let mine = owner(&file);
        give_to_owner(&file, &ledger).unwrap();
        assert_eq!(owner(&file), mine, "there is no ledger");
        fs::write(&ledger, "").unwrap();
        give_to_owner(&file, &ledger).unwrap();
        assert_eq!(owner(&file), mine);
        if give_away(&ledger) {
            give_to_owner(&file, &ledger).unwrap();
            assert_eq!(owner(&file), OTHER);
        }
        // What is not there cannot be given: an error, and not a file of the wrong owner.
        assert!(give_to_owner(&directory.path().join("none"), &ledger).is_err());
    }
}
