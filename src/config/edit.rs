//! Changes `config.toml` as a person would: what is not meant stays as it is, comments included.
//!
//! An [`Edit`] holds the text of the file and changes it where a value stands. Nothing is written
//! before the product's own reader accepts the whole ([`Edit::check`]); it is then written beside
//! the file and renamed over it, so that a reader finds the old text or the new one. A file that
//! somebody else changed meanwhile is left alone.
//!
//! Values of secrets are taken and written, and are in no message and no `Debug`.

mod place;
mod route;
mod save;

use std::{
    collections::BTreeMap,
    fmt, io,
    path::{Path, PathBuf},
};

use super::{Loaded, Problems, load_text, read, schema};

/// What a key is set to.
#[derive(Clone, PartialEq, Eq)]
pub enum Setting {
    /// A string; durations, dates and secrets are strings too.
    Text(String),
    /// A whole number.
    Whole(i64),
    /// `true` or `false`.
    Flag(bool),
    /// A list of the above.
    List(Vec<Self>),
}

impl fmt::Debug for Setting {
    /// Hides texts: one may be a key, a token or somebody's address.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(_) => f.write_str("Text(…)"),
            Self::Whole(number) => write!(f, "Whole({number})"),
            Self::Flag(flag) => write!(f, "Flag({flag})"),
            Self::List(items) => f.debug_list().entries(items).finish(),
        }
    }
}

impl From<&str> for Setting {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<i64> for Setting {
    fn from(number: i64) -> Self {
        Self::Whole(number)
    }
}

impl From<bool> for Setting {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}

impl Setting {
    /// As TOML has it.
    fn value(&self) -> toml_edit::Value {
        match self {
            Self::Text(text) => text.as_str().into(),
            Self::Whole(number) => (*number).into(),
            Self::Flag(flag) => (*flag).into(),
            Self::List(items) => toml_edit::Value::Array(items.iter().map(Self::value).collect()),
        }
    }
}

/// Whose keys are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum At<'a> {
    /// A section, such as `ploomes`; it is made where the file has none.
    Section(&'a str),
    /// The route of this name.
    Route(&'a str),
}

/// Why a change was not made.
#[derive(Debug, thiserror::Error)]
pub enum EditError {
    /// The file cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file is no TOML, so nothing can be put into it. The parser's words only: its excerpt may
    /// show a secret.
    #[error("{} is not TOML (line {line}: {words}); put that right first", path.display())]
    NotToml {
        /// The file.
        path: PathBuf,
        /// Where, from 1.
        line: usize,
        /// What is wrong there.
        words: String,
    },
    /// No route has this name.
    #[error("{} has no route with the name {name:?}", path.display())]
    NoRoute {
        /// The file.
        path: PathBuf,
        /// The name.
        name: String,
    },
    /// What would be written is no configuration; nothing was written.
    #[error("{0}")]
    Refused(Problems),
    /// The environment wins over the file, so the change would do nothing.
    #[error(
        "{key} is set by {variable} in the environment, which wins over the file; set it there"
    )]
    Overridden {
        /// The key, dotted.
        key: String,
        /// The variable.
        variable: String,
    },
    /// Somebody else changed the file since it was read.
    #[error("{} was changed by somebody else meanwhile; look at it and try again", path.display())]
    Changed {
        /// The file.
        path: PathBuf,
    },
    /// The file cannot be written, or not with the owner that it has.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// A configuration file while it is changed.
#[derive(Clone)]
pub struct Edit {
    path: PathBuf,
    /// What the file held when it was read; `None`: there is to be no file yet.
    before: Option<String>,
    text: String,
    /// Keys that were set: what they are in, and their name.
    touched: Vec<(String, String)>,
}

impl fmt::Debug for Edit {
    /// Hides the text: secrets stand in it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Edit").field("path", &self.path).finish_non_exhaustive()
    }
}

impl Edit {
    /// Reads the file at `path`.
    pub fn open(path: &Path) -> Result<Self, EditError> {
        let (text, _) =
            read(path).map_err(|source| EditError::Read { path: path.to_owned(), source })?;
        let edit =
            Self { path: path.to_owned(), before: Some(text.clone()), text, touched: Vec::new() };
        edit.parsed()?;
        Ok(edit)
    }

    /// Starts a new file at `path` from `text`; [`Edit::save`] refuses where there is one by then.
    pub fn fresh(path: &Path, text: &str) -> Result<Self, EditError> {
        let text = text.to_owned();
        let edit = Self { path: path.to_owned(), before: None, text, touched: Vec::new() };
        edit.parsed()?;
        Ok(edit)
    }

    /// Sets a key. A key that stands there gets the new value in its place; a commented line with
    /// the key is taken for it; else it comes after the others of its section.
    pub fn set(&mut self, at: At<'_>, key: &str, setting: &Setting) -> Result<(), EditError> {
        self.text = place::set(&self.text, self.place_of(at)?, key, &setting.value());
        self.touched.push((path_of(at), key.to_owned()));
        self.parsed().map(|_| ())
    }

    /// Takes a key out: its line becomes a comment, without the value where that is a secret. A key
    /// that is not there stays away.
    pub fn unset(&mut self, at: At<'_>, key: &str) -> Result<(), EditError> {
        let place = self.place_of(at)?;
        let schema = match at {
            At::Section(name) => schema::SECTIONS.iter().find(|it| it.name == name),
            At::Route(_) => Some(&schema::ROUTE),
        };
        let is_secret = schema.and_then(|it| it.key(key)).is_some_and(|it| it.kind.is_secret());
        self.text = place::unset(&self.text, place, key, is_secret);
        self.touched.push((path_of(at), key.to_owned()));
        self.parsed().map(|_| ())
    }

    /// The text as it would be written, secrets included.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Where it would be written.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether anything differs from the file.
    pub fn is_changed(&self) -> bool {
        self.before.as_deref() != Some(self.text.as_str())
    }

    /// Reads the text as the service would, with `environment` over it.
    pub fn check(&self, environment: &BTreeMap<String, String>) -> Result<Loaded, EditError> {
        // The mode that a new file gets; that of an old one was warned of when it was read.
        let file = self.path.display().to_string();
        load_text(file, &self.text, save::MODE, environment).map_err(EditError::Refused)
    }

    /// Checks the text and writes it: beside the file first, then renamed over it, with the mode
    /// and the owner that the file has. A new file is its owner's alone.
    pub fn save(&mut self, environment: &BTreeMap<String, String>) -> Result<Loaded, EditError> {
        for (path, key) in &self.touched {
            for name in [key.clone(), format!("{key}_file")] {
                let variable = super::environment::variable(path, &name);
                if environment.contains_key(&variable) {
                    return Err(EditError::Overridden { key: format!("{path}.{key}"), variable });
                }
            }
        }
        let loaded = self.check(environment)?;
        if self.is_changed() {
            save::save(&self.path, self.before.as_deref(), &self.text)?;
            self.before = Some(self.text.clone());
        }
        Ok(loaded)
    }

    /// Puts the file back as it was before a save, where nobody changed it since.
    pub fn put_back(&self, was: &Self) -> Result<(), EditError> {
        save::save(&self.path, Some(&self.text), &was.text)
    }

    /// The text as a tree with places.
    fn parsed(&self) -> Result<toml_edit::Document<&str>, EditError> {
        toml_edit::Document::parse(self.text.as_str()).map_err(|error| {
            let start = error.span().map_or(0, |span| span.start.min(self.text.len()));
            let before = self.text.get(..start).unwrap_or_default();
            let line = before.matches('\n').count() + 1;
            let words = error.message().trim().replace('\n', ", ");
            EditError::NotToml { path: self.path.clone(), line, words }
        })
    }

    /// Where the keys of `at` are.
    fn place_of<'a>(&self, at: At<'a>) -> Result<place::Place<'a>, EditError> {
        match at {
            At::Section(name) => Ok(place::Place::Section(name)),
            At::Route(name) => self.route_index(name).map(place::Place::Route),
        }
    }

    /// The route of this name, counted from 0 in the order of the file.
    fn route_index(&self, name: &str) -> Result<usize, EditError> {
        let document = self.parsed()?;
        route::index(&document, name)
            .ok_or_else(|| EditError::NoRoute { path: self.path.clone(), name: name.to_owned() })
    }
}

/// What the keys of `at` are said to be in.
fn path_of(at: At<'_>) -> String {
    match at {
        At::Section(name) => name.to_owned(),
        At::Route(name) => format!("route.{name}"),
    }
}

#[cfg(test)]
mod tests;
