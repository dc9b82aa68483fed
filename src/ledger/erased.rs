//! The tombstones' own file, `<ledger>.erased`: their key, and each of them.
//!
//! Promises that a tombstone is on disk here before the ledger has it, so that neither an old copy
//! of the ledger nor a lost one brings anybody back. The key stands here only: without this file the
//! hashes in the ledger, and in all its copies, tell nobody which person they are of.
//!
//! One JSON object a line: the key, a tombstone, or that one was lifted. Written inside write
//! transactions only, so that two processes never write at once.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use chrono::{DateTime, Utc};
use rand::RngCore;
use serde_json::{Value, json};

use super::{
    LedgerError,
    audit::hex,
    digest::Hash,
    lock::beside,
    meta::Key,
    owner,
    time::{from_ms, to_ms},
};
use crate::planner::person::PersonKeyKind;

/// A person who was erased, as the file has them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Written {
    /// Random: the same as in the ledger.
    pub(super) name: String,
    pub(super) at: DateTime<Utc>,
    pub(super) keys: BTreeSet<(PersonKeyKind, Hash)>,
    pub(super) lifted_at: Option<DateTime<Utc>>,
}

/// The file beside a ledger.
pub(super) struct ErasedFile {
    place: Place,
    /// Read once: it never changes.
    key: Mutex<Option<Key>>,
}

enum Place {
    Beside {
        path: PathBuf,
        ledger: PathBuf,
    },
    /// A ledger in memory has no copies that could bring anybody back; its own key serves.
    Nowhere(Key),
}

impl ErasedFile {
    /// The file of the ledger at `path`; it is not touched.
    pub(super) fn of(path: &Path) -> Self {
        let place = Place::Beside { path: beside(path, ".erased"), ledger: path.to_owned() };
        Self { place, key: Mutex::default() }
    }

    /// None: for a ledger in memory with this key.
    pub(super) fn nowhere(key: Key) -> Self {
        Self { place: Place::Nowhere(key), key: Mutex::default() }
    }

    /// The key of the tombstones' hashes; `None` where nobody was erased, or the file was lost.
    pub(super) fn key(&self) -> Result<Option<Key>, LedgerError> {
        let path = match &self.place {
            Place::Nowhere(key) => return Ok(Some(key.clone())),
            Place::Beside { path, .. } => path,
        };
        let mut kept = self.key.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.is_none() {
            *kept = read(path)?.map(|(key, _)| key);
        }
        Ok(kept.clone())
    }

    /// The key; the file is made where there is none.
    pub(super) fn key_or_new(&self, rng: &mut impl RngCore) -> Result<Key, LedgerError> {
        if let Some(key) = self.key()? {
            return Ok(key);
        }
        let Place::Beside { path, ledger } = &self.place else { unreachable!("it has a key") };
        let mut bytes = [0; 32];
        rng.fill_bytes(&mut bytes);
        let line = json!({ "erased": "ponte", "key": hex(&bytes) });
        create(path, ledger, &line)
            .map_err(|source| LedgerError::File { path: path.clone(), source })?;
        let key = Key::from(bytes);
        *self.key.lock().unwrap_or_else(PoisonError::into_inner) = Some(key.clone());
        Ok(key)
    }

    /// All tombstones, in the order in which they were set up.
    pub(super) fn tombstones(&self) -> Result<Vec<Written>, LedgerError> {
        let Place::Beside { path, .. } = &self.place else { return Ok(Vec::new()) };
        Ok(read(path)?.map(|(_, tombstones)| tombstones).unwrap_or_default())
    }

    /// Appends a tombstone, or more keys of one that stands.
    pub(super) fn append(&self, it: &Written) -> Result<(), LedgerError> {
        let keys: Vec<String> =
            it.keys.iter().map(|(kind, hash)| format!("{} {}", kind.as_str(), hex(hash))).collect();
        self.write(&json!({ "tombstone": it.name, "at": to_ms(it.at), "keys": keys }))
    }

    /// Appends that a tombstone was lifted.
    pub(super) fn lift(&self, name: &str, at: DateTime<Utc>) -> Result<(), LedgerError> {
        self.write(&json!({ "lifted": name, "at": to_ms(at) }))
    }

    fn write(&self, line: &Value) -> Result<(), LedgerError> {
        let Place::Beside { path, .. } = &self.place else { return Ok(()) };
        append(path, line).map_err(|source| LedgerError::File { path: path.clone(), source })
    }
}

fn create(path: &Path, ledger: &Path, line: &Value) -> io::Result<()> {
    let unfinished = beside(path, ".part");
    let mut options = OpenOptions::new();
    let mut file = options.create(true).truncate(true).write(true).mode(0o600).open(&unfinished)?;
    writeln!(file, "{line}")?;
    owner::give_to_owner(&unfinished, ledger)?;
    file.sync_all()?;
    fs::rename(&unfinished, path)?;
    sync_directory(path)
}

fn append(path: &Path, line: &Value) -> io::Result<()> {
    let is_cut_off = !fs::read(path)?.ends_with(b"\n");
    let mut file = OpenOptions::new().append(true).open(path)?;
    let before = if is_cut_off { "\n" } else { "" };
    // In one piece: a process that dies leaves a line or none.
    file.write_all(format!("{before}{line}\n").as_bytes())?;
    file.sync_all()
}

/// Makes a new name in a directory last.
pub(super) fn sync_directory(of: &Path) -> io::Result<()> {
    let directory = of.parent().filter(|it| !it.as_os_str().is_empty());
    File::open(directory.unwrap_or(Path::new(".")))?.sync_all()
}

/// The key and the tombstones; `None` where there is no file.
fn read(path: &Path) -> Result<Option<(Key, Vec<Written>)>, LedgerError> {
    let text = match fs::read_to_string(path) {
        Err(source) if source.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(LedgerError::File { path: path.to_owned(), source }),
        Ok(text) => text,
    };
    parse(&text).map(Some).ok_or_else(|| LedgerError::Tombstones { path: path.to_owned() })
}

fn parse(text: &str) -> Option<(Key, Vec<Written>)> {
    let mut lines = text.split_inclusive('\n');
    let head: Value = serde_json::from_str(lines.next()?).ok()?;
    let key = Key::from(hash(head["key"].as_str()?)?);
    let mut order = Vec::new();
    let mut found: BTreeMap<String, Written> = BTreeMap::new();
    for line in lines {
        let Ok(line) = serde_json::from_str::<Value>(line) else {
            // Where a process died, or a disk was full, at the end of the file at that time: it was
            // never said to be kept.
            continue;
        };
        let at = from_ms(line["at"].as_i64()?);
        if let Some(name) = line["lifted"].as_str() {
            found.get_mut(name)?.lifted_at = Some(at);
            continue;
        }
        let name = line["tombstone"].as_str()?.to_owned();
        let keys: BTreeSet<_> =
            line["keys"].as_array()?.iter().filter_map(|it| key_of(it.as_str()?)).collect();
        if let Some(stands) = found.get_mut(&name) {
            stands.keys.extend(keys);
        } else {
            order.push(name.clone());
            found.insert(name.clone(), Written { name, at, keys, lifted_at: None });
        }
    }
    Some((key, order.into_iter().filter_map(|name| found.remove(&name)).collect()))
}

fn key_of(text: &str) -> Option<(PersonKeyKind, Hash)> {
    let (kind, digits) = text.split_once(' ')?;
    Some((PersonKeyKind::from_word(kind)?, hash(digits)?))
}

fn hash(digits: &str) -> Option<Hash> {
    if digits.len() != 64 || !digits.is_ascii() {
        return None;
    }
    let mut hash = [0; 32];
    for (byte, place) in hash.iter_mut().zip((0..).step_by(2)) {
        *byte = u8::from_str_radix(&digits[place..place + 2], 16).ok()?;
    }
    Some(hash)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use rand::{SeedableRng as _, rngs::StdRng};

    use super::*;
    use crate::ledger::tests::at;

    fn tombstone(name: &str, byte: u8) -> Written {
        let keys = BTreeSet::from([(PersonKeyKind::Contact, [byte; 32])]);
        Written { name: name.to_owned(), at: at(1), keys, lifted_at: None }
    }

    #[test]
    fn what_was_appended_is_read_and_a_line_that_was_cut_off_is_not() {
        let directory = tempfile::TempDir::new().unwrap();
        let file = ErasedFile::of(&directory.path().join("ponte.db"));
        assert!(file.key().unwrap().is_none());
        let key = file.key_or_new(&mut StdRng::seed_from_u64(1)).unwrap();
        let path = directory.path().join("ponte.db.erased");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        file.append(&tombstone("a", 1)).unwrap();
        let mut cut = fs::read_to_string(&path).unwrap();
        cut.push_str("{\"tombstone\":\"lost\",\"at\":1,\"ke");
        fs::write(&path, cut).unwrap();
        file.append(&tombstone("b", 2)).unwrap();
        file.append(&tombstone("a", 3)).unwrap();
        file.lift("b", at(9)).unwrap();

        let again = ErasedFile::of(&directory.path().join("ponte.db"));
        assert_eq!(again.key().unwrap().unwrap().hash("x"), key.hash("x"));
        let mut first = tombstone("a", 1);
        first.keys.insert((PersonKeyKind::Contact, [3; 32]));
        let second = Written { lifted_at: Some(at(9)), ..tombstone("b", 2) };
        assert_eq!(again.tombstones().unwrap(), [first, second]);
    }

    #[test]
    fn the_file_belongs_to_whom_the_ledger_belongs_to() {
        let directory = tempfile::TempDir::new().unwrap();
        let ledger = directory.path().join("ponte.db");
        fs::write(&ledger, "").unwrap();
        let is_given = owner::tests::give_away(&ledger);
        ErasedFile::of(&ledger).key_or_new(&mut StdRng::seed_from_u64(1)).unwrap();
        let owner = owner::tests::owner(&directory.path().join("ponte.db.erased"));
        assert_eq!(owner == owner::tests::OTHER, is_given);
    }

    #[test]
    fn a_file_without_a_key_is_an_error_and_not_nobody() {
        let directory = tempfile::TempDir::new().unwrap();
        fs::write(directory.path().join("ponte.db.erased"), "nothing\n").unwrap();
        let file = ErasedFile::of(&directory.path().join("ponte.db"));
        assert!(matches!(file.key(), Err(LedgerError::Tombstones { .. })));
    }
}
