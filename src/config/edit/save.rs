//! Writes a file whole or not at all.

use std::{
    fs::{self, File, Permissions},
    io::{self, Write},
    os::unix::fs::{MetadataExt, PermissionsExt, fchown},
    path::{Path, PathBuf},
};

use super::EditError;
use crate::config::read;

/// The mode of a new file: the keys in it are its owner's alone.
pub(super) const MODE: u32 = 0o600;

/// Writes `text` to `path`, which must still hold `before`; `None`: there must be no file.
///
/// What was there stays until the new text is whole and on the disk. Mode and owner stay.
pub(super) fn save(path: &Path, before: Option<&str>, text: &str) -> Result<(), EditError> {
    let failed = |source| EditError::Write { path: path.to_owned(), source };
    let changed = || EditError::Changed { path: path.to_owned() };
    let Some(before) = before else {
        let draft = draft(path, text, MODE, None).map_err(failed)?;
        return match draft.persist_noclobber(path) {
            Ok(_) => settle(path).map_err(failed),
            Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => Err(changed()),
            Err(error) => Err(failed(error.error)),
        };
    };
    // A link stays a link: what it names is replaced.
    let path = fs::canonicalize(path).map_err(failed)?;
    let was = fs::metadata(&path).map_err(failed)?;
    let owner = (was.uid(), was.gid());
    let mode = was.permissions().mode() & 0o7777;
    let draft = draft(&path, text, mode, Some(owner)).map_err(failed)?;
    let (now, _) = read(&path).map_err(failed)?;
    if now != before {
        return Err(changed());
    }
    draft.persist(&path).map_err(|error| failed(error.error))?;
    settle(&path).map_err(failed)
}

/// The text in a file beside `path`, on the disk.
fn draft(
    path: &Path,
    text: &str,
    mode: u32,
    owner: Option<(u32, u32)>,
) -> io::Result<tempfile::NamedTempFile> {
    let mut draft = tempfile::Builder::new()
        .prefix(".ponte-config-")
        .permissions(Permissions::from_mode(MODE))
        .tempfile_in(folder(path))?;
    draft.write_all(text.as_bytes())?;
    let file = draft.as_file();
    if let Some((user, group)) = owner {
        let own = file.metadata()?;
        if (own.uid(), own.gid()) != (user, group) {
            fchown(file, Some(user), Some(group)).map_err(|error| {
                let words = format!("it belongs to somebody else, which must stay so ({error})");
                io::Error::new(error.kind(), words)
            })?;
        }
    }
    // After the owner: a change of owner may take bits away.
    file.set_permissions(Permissions::from_mode(mode))?;
    file.sync_all()?;
    Ok(draft)
}

/// Makes the rename last.
fn settle(path: &Path) -> io::Result<()> {
    File::open(folder(path))?.sync_all()
}

/// The folder that a file is in.
fn folder(path: &Path) -> PathBuf {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    }
}
