//! Writes JSON as PHP does, in the shape that the switches ask for.

use std::fmt::Write as _;

use super::{
    switches::{AddDate, Shape},
    time::Second,
};

/// The account's own address, in `links`.
const HOST: &str = "https://account.example.com/api/3/";

const ZERO_DATE: &str = "0000-00-00 00:00:00";

/// A JSON document that is being written, front to back.
///
/// A page of contacts has thousands of values; writing them straight into the text is what makes
/// a sweep of a million contacts bearable.
pub(super) struct Json {
    out: String,
    shape: Shape,
}

impl Json {
    /// Writes an object as a whole document.
    pub(super) fn document(shape: Shape, write: impl FnOnce(&mut Self)) -> String {
        let mut json = Self { out: String::new(), shape };
        json.row(write);
        json.out
    }

    /// An object without a key: the document, or an element of a list.
    pub(super) fn row(&mut self, write: impl FnOnce(&mut Self)) {
        self.separate();
        self.out.push('{');
        write(self);
        self.out.push('}');
    }

    pub(super) fn object(&mut self, key: &str, write: impl FnOnce(&mut Self)) {
        self.key(key);
        self.row(write);
    }

    pub(super) fn list<T>(
        &mut self,
        key: &str,
        items: impl IntoIterator<Item = T>,
        mut write: impl FnMut(&mut Self, T),
    ) {
        self.key(key);
        self.out.push('[');
        for item in items {
            write(self, item);
        }
        self.out.push(']');
    }

    /// A list of ids, always strings.
    pub(super) fn ids(&mut self, key: &str, ids: impl IntoIterator<Item = i64>) {
        self.list(key, ids, |json, id| {
            json.separate();
            json.string(&id.to_string());
        });
    }

    pub(super) fn text(&mut self, key: &str, value: &str) {
        self.key(key);
        self.string(value);
    }

    /// A number that usually comes as a string.
    pub(super) fn count(&mut self, key: &str, value: impl Into<i128>) {
        self.key(key);
        self.number(value.into(), self.shape.swapped_numbers);
    }

    /// A number that usually comes as one.
    pub(super) fn int(&mut self, key: &str, value: impl Into<i128>) {
        self.key(key);
        self.number(value.into(), !self.shape.swapped_numbers);
    }

    pub(super) fn flag(&mut self, key: &str, value: bool) {
        self.count(key, u8::from(value));
    }

    /// A key that is true.
    pub(super) fn yes(&mut self, key: &str) {
        self.key(key);
        self.out.push_str("true");
    }

    /// A key without a value.
    pub(super) fn none(&mut self, key: &str) {
        if !self.shape.absent_keys {
            self.key(key);
            self.out.push_str("null");
        }
    }

    /// A date that there is none of.
    pub(super) fn no_date(&mut self, key: &str) {
        if self.shape.zero_dates {
            self.text(key, ZERO_DATE);
        } else {
            self.none(key);
        }
    }

    pub(super) fn iso(&mut self, key: &str, at: impl Into<Option<Second>>) {
        match at.into() {
            Some(at) => self.text(key, &at.iso()),
            None => self.no_date(key),
        }
    }

    pub(super) fn wall(&mut self, key: &str, at: Second) {
        self.text(key, &at.wall());
    }

    pub(super) fn adddate(&mut self, at: Second) {
        match self.shape.adddate {
            AddDate::WithOffset => self.text("adddate", &at.iso()),
            AddDate::NoOffset => self.text("adddate", &at.wall()),
            AddDate::Null => self.none("adddate"),
            AddDate::Zero => self.text("adddate", ZERO_DATE),
        }
    }

    /// Addresses of what belongs to a record.
    pub(super) fn links(&mut self, kind: &str, id: i64, names: &[&str]) {
        self.key("links");
        if self.shape.empty_links {
            self.out.push_str("[]");
            return;
        }
        self.row(|json| {
            for &name in names {
                // What the account itself proposes for the enrollments of a contact.
                let enrollments = kind == "contacts" && name == "contactAutomations";
                let query = if enrollments { "?limit=2500&orders%5Blastdate%5D=DESC" } else { "" };
                json.text(name, &format!("{HOST}{kind}/{id}/{name}{query}"));
            }
        });
    }

    fn key(&mut self, key: &str) {
        self.separate();
        self.string(key);
        self.out.push(':');
    }

    /// A comma, unless this is the first of its kind or follows its key. Text ends in a quote, so
    /// the last character tells.
    fn separate(&mut self) {
        if !matches!(self.out.as_bytes().last(), None | Some(b'{' | b'[' | b':')) {
            self.out.push(',');
        }
    }

    fn number(&mut self, value: i128, bare: bool) {
        if bare {
            self.out.push_str(&value.to_string());
        } else {
            self.string(&value.to_string());
        }
    }

    fn string(&mut self, text: &str) {
        self.out.push('"');
        let plain = self.shape.plain;
        let special = |c: char| {
            matches!(c, '"' | '\\') || c.is_control() || (!plain && (c == '/' || !c.is_ascii()))
        };
        let mut rest = text;
        while let Some(at) = rest.find(special) {
            let (before, from) = rest.split_at(at);
            self.out.push_str(before);
            let mut after = from.chars();
            match after.next() {
                Some('\n') => self.out.push_str("\\n"),
                Some('\r') => self.out.push_str("\\r"),
                Some('\t') => self.out.push_str("\\t"),
                Some(c @ ('"' | '\\' | '/')) => self.out.extend(['\\', c]),
                Some(c) => self.escape(c),
                None => {}
            }
            rest = after.as_str();
        }
        self.out.push_str(rest);
        self.out.push('"');
    }

    /// `\uXXXX`, twice for what does not fit in one.
    fn escape(&mut self, c: char) {
        for unit in c.encode_utf16(&mut [0; 2]) {
            write!(self.out, "\\u{unit:04x}").expect("a String takes everything");
        }
    }
}
