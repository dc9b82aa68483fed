//! Where a request goes: `/Set`, `/Set@SubSet`, `/Set(123)`, `/Set(123)/Action`, `/Set/Function`.

use percent_encoding::percent_decode_str;

/// A path, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    /// The set, with its sub-sets.
    pub(super) set: String,
    /// The record.
    pub(super) key: Option<Key>,
    /// What comes after a slash.
    pub(super) action: Option<String>,
}

/// Which record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Key {
    Id(i64),
    Text(String),
}

impl Target {
    /// Reads a path; `None` where it leads nowhere.
    pub(super) fn read(path: &str) -> Option<Self> {
        let path = percent_decode_str(path).decode_utf8().ok()?;
        let path = path.strip_prefix('/')?;
        let (head, action) = match path.rsplit_once('/') {
            Some((head, action)) => (head, Some(action.to_owned())),
            None => (path, None),
        };
        let (set, key) = match head.split_once('(') {
            Some((set, rest)) => (set, Some(Key::read(rest.strip_suffix(')')?)?)),
            None => (head, None),
        };
        Some(Self { set: set.to_owned(), key, action })
    }
}

impl Key {
    fn read(text: &str) -> Option<Self> {
        if let Some(text) = text.strip_prefix('\'').and_then(|it| it.strip_suffix('\'')) {
            return Some(Self::Text(text.replace("''", "'")));
        }
        text.parse().ok().map(Self::Id)
    }
}
