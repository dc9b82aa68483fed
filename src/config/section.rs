//! Reads the keys of one section by type, and says what is wrong with them.
//!
//! A getter gives `None` where the key is missing or wrong; what is wrong has then been said, so
//! callers ask for every key first and only then give up.

use std::{fs, io::Read, ops::RangeInclusive, os::unix::fs::PermissionsExt, time::Duration};

use secrecy::SecretString;

use super::{
    document::{Entry, Raw, Table, quote},
    environment,
    problem::{Fault, Findings, Place, Severity, Show},
    schema::{Kind, Need, Schema},
    value,
};

/// No key is longer: a larger file is another file.
const SECRET_BYTES_MAX: u64 = 65_536;

/// One section while it is read.
pub(super) struct Section<'s, 'f> {
    schema: &'static Schema,
    table: &'s Table,
    defaults: &'s Table,
    findings: &'s mut Findings<'f>,
}

impl<'s, 'f> Section<'s, 'f> {
    /// `defaults` is the same section of the example.
    pub(super) fn new(
        schema: &'static Schema,
        table: &'s Table,
        defaults: &'s Table,
        findings: &'s mut Findings<'f>,
    ) -> Self {
        Self { schema, table, defaults, findings }
    }

    /// The dotted name of a key.
    pub(super) fn path(&self, name: &str) -> String {
        format!("{}.{name}", self.table.path)
    }

    /// Where a key is; the section's header where the key is missing.
    pub(super) fn place(&self, name: &str) -> &'s Place {
        self.table.entries.get(name).map_or(&self.table.place, |entry| &entry.place)
    }

    /// Whether the key was given, be it with a value that cannot be used.
    pub(super) fn has(&self, name: &str) -> bool {
        self.table.was_given(name)
    }

    /// Says what is wrong with a key.
    pub(super) fn error(&mut self, name: &str, fault: Fault) {
        self.findings.error(&self.path(name), self.place(name), fault);
    }

    /// Says what is wrong with a part of a key's value.
    pub(super) fn error_at(&mut self, name: &str, place: &Place, fault: Fault) {
        self.findings.error(&self.path(name), place, fault);
    }

    /// Says what somebody should know of a key.
    pub(super) fn warning(&mut self, name: &str, fault: Fault) {
        self.findings.warning(&self.path(name), self.place(name), fault);
    }

    /// The raw value: given, else the default, else missing, which is said where it must be there.
    pub(super) fn raw(&mut self, name: &str) -> Option<&'s Entry> {
        let key = self.schema.key(name).expect("only keys of the schema are asked for");
        if self.has(name) {
            return self.table.entries.get(name);
        }
        if key.need == Need::Default {
            return self.defaults.entries.get(name);
        }
        if key.need == Need::Must {
            self.missing(name, key.kind);
        }
        None
    }

    /// The value that `parse` makes of a text.
    pub(super) fn parsed<T>(
        &mut self,
        name: &str,
        parse: impl FnOnce(&str) -> Result<T, Fault>,
    ) -> Option<T> {
        let Raw::Text(text) = &self.raw(name)?.raw else { return None };
        let fault = match parse(text) {
            Ok(value) => return Some(value),
            Err(fault) => fault,
        };
        // A URL may carry a password, which is one of the things that are wrong with it.
        let is_url = self.schema.key(name).is_some_and(|key| key.kind == Kind::Url);
        let show = if is_url && text.contains('@') { Show::Nothing } else { Show::Marked };
        self.findings.add(Severity::Error, &self.path(name), self.place(name), show, fault);
        None
    }

    /// A duration; may be zero.
    pub(super) fn duration(&mut self, name: &str) -> Option<Duration> {
        self.parsed(name, value::duration)
    }

    /// A duration of which zero makes no sense.
    pub(super) fn positive_duration(&mut self, name: &str) -> Option<Duration> {
        self.parsed(name, |text| match value::duration(text)? {
            Duration::ZERO => Err(value::found(text, "more than nothing")),
            duration => Ok(duration),
        })
    }

    /// A whole number within `range`.
    pub(super) fn whole<T: TryFrom<i64>>(
        &mut self,
        name: &str,
        range: RangeInclusive<i64>,
    ) -> Option<T> {
        let Raw::Whole(number) = self.raw(name)?.raw else { return None };
        if !range.contains(&number) {
            let expected = match (*range.start(), *range.end()) {
                (least, i64::MAX) => format!("at least {least}"),
                (least, most) => format!("between {least} and {most}"),
            };
            self.error(name, Fault::new(format!("found {number}, expected {expected}")));
            return None;
        }
        T::try_from(number).ok()
    }

    /// `true` or `false`.
    pub(super) fn flag(&mut self, name: &str) -> Option<bool> {
        let Raw::Flag(flag) = self.raw(name)?.raw else { return None };
        Some(flag)
    }

    /// The value of a word.
    pub(super) fn choice<T: Copy>(&mut self, name: &str, words: &[(&str, T)]) -> Option<T> {
        let expected = self.schema.key(name).map(|key| key.kind.expected()).unwrap_or_default();
        self.parsed(name, |text| {
            let word = words.iter().find(|(word, _)| *word == text);
            word.map(|(_, value)| *value).ok_or_else(|| value::found(text, expected))
        })
    }

    /// A list of texts that say something.
    pub(super) fn texts(&mut self, name: &str) -> Vec<String> {
        let Some(Entry { raw: Raw::List(items), .. }) = self.raw(name) else { return Vec::new() };
        let mut texts = Vec::new();
        for item in items {
            let Raw::Text(text) = &item.raw else { continue };
            match value::text(text) {
                Ok(text) => texts.push(text),
                Err(fault) => self.findings.error(&self.path(name), &item.place, fault),
            }
        }
        texts
    }

    /// A secret, written out or in the file that `<name>_file` names; `check` must not repeat it.
    pub(super) fn secret(
        &mut self,
        name: &str,
        check: impl FnOnce(&str) -> Result<(), Fault>,
    ) -> Option<SecretString> {
        let file = format!("{name}_file");
        if !self.has(&file) {
            let Raw::Text(text) = &self.raw(name)?.raw else { return None };
            return self.checked(name, text, check);
        }
        if self.has(name) {
            let fault = Fault::new(format!("`{name}` is given as well"));
            self.error(&file, fault.hint("keep one of the two"));
            return None;
        }
        let path = self.parsed(&file, value::text)?;
        let text = self.read(&file, &path)?;
        self.checked(&file, text.trim_end_matches(['\n', '\r']), check)
    }

    fn checked(
        &mut self,
        name: &str,
        text: &str,
        check: impl FnOnce(&str) -> Result<(), Fault>,
    ) -> Option<SecretString> {
        if let Err(fault) = check(text) {
            let place = self.place(name).clone();
            self.findings.add(Severity::Error, &self.path(name), &place, Show::Nothing, fault);
            return None;
        }
        Some(text.into())
    }

    fn read(&mut self, name: &str, path: &str) -> Option<String> {
        let mut text = String::new();
        let read = fs::File::open(path).and_then(|file| {
            let mode = file.metadata()?.permissions().mode();
            file.take(SECRET_BYTES_MAX + 1).read_to_string(&mut text)?;
            Ok(mode)
        });
        match read {
            Err(error) => {
                let fault = Fault::new(format!("cannot read {}: {error}", quote(path)));
                self.error(name, fault.hint("paths start from the directory that ponte runs in"));
                None
            }
            Ok(_) if text.len() as u64 > SECRET_BYTES_MAX => {
                self.error(name, Fault::new(format!("{} is too large for a secret", quote(path))));
                None
            }
            Ok(mode) => {
                if mode & 0o004 != 0 {
                    let fault =
                        Fault::new(format!("everybody on this machine can read {}", quote(path)));
                    self.warning(name, fault.hint(format!("chmod o-rwx {path}")));
                }
                Some(text)
            }
        }
    }

    fn missing(&mut self, name: &str, kind: Kind) {
        let file = if kind == Kind::Secret { format!(" or `{name}_file`") } else { String::new() };
        let header = match self.table.place {
            Place::Nowhere => format!(" under [{}]", self.schema.name),
            _ => String::new(),
        };
        let variable = match (self.schema.name, name) {
            ("map", _) | ("route", "name") => String::new(),
            _ => format!(", or set {}", environment::variable(&self.table.path, name)),
        };
        let hint = format!("write `{name}`{file}{header}{variable}");
        let fault = Fault::new(format!("`{name}` is missing")).hint(hint);
        self.findings.error(&self.path(name), &self.table.place, fault);
    }
}
