//! Whether a record that came is one that was asked for.
//!
//! A filter that the server ignores must not make candidates of strangers, so each record is
//! compared again. This comparison is never narrower than the server's, which knows neither case
//! nor accents nor trailing spaces: what it drops, the server cannot have meant. What a candidate
//! is worth is decided by the planner.

use std::collections::BTreeSet;

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

use crate::{
    domain::RecordId,
    planner::{ContactRecord, PhoneRecord, Search},
};

/// What a record is: `TypeId`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Company,
    Person,
}

impl Kind {
    /// `None` where the record does not say.
    pub(super) fn of(record: &ContactRecord) -> Option<Self> {
        match record.properties.get("TypeId")?.as_i64()? {
            1 => Some(Self::Company),
            2 => Some(Self::Person),
            _ => None,
        }
    }

    /// `TypeId`.
    pub(super) const fn type_id(self) -> i64 {
        match self {
            Self::Company => 1,
            Self::Person => 2,
        }
    }
}

/// The keys of a search, as they are compared.
pub(super) struct Keys {
    ids: BTreeSet<RecordId>,
    email: Option<String>,
    cpf: BTreeSet<String>,
    phones: BTreeSet<i64>,
    cnpj: BTreeSet<String>,
    company: Option<String>,
    person_name: Option<String>,
}

impl Keys {
    pub(super) fn of(search: &Search) -> Self {
        Self {
            ids: search.ids.iter().copied().collect(),
            email: search.email.as_deref().filter(|it| is_asked(it)).map(folded),
            cpf: documents(&search.cpf).map(|it| document(it)).collect(),
            phones: phones(search).collect(),
            cnpj: documents(&search.cnpj).map(|it| document(it)).collect(),
            company: search.company.as_deref().filter(|it| is_asked(it)).map(folded),
            person_name: search.person_name.as_deref().filter(|it| is_asked(it)).map(folded),
        }
    }

    /// Whether `record` was asked for: by its id, or by a key of its kind.
    pub(super) fn fit(&self, record: &ContactRecord) -> bool {
        let same = |key: &Option<String>, property| {
            key.as_ref().is_some_and(|key| *key == folded(record.text(property)))
        };
        let one_of =
            |keys: &BTreeSet<String>, property| keys.contains(&document(record.text(property)));
        self.ids.contains(&record.id)
            || match Kind::of(record) {
                Some(Kind::Person) => {
                    same(&self.email, "Email")
                        || same(&self.person_name, "Name")
                        || one_of(&self.cpf, "CPF")
                        || record.phones.iter().any(|it| self.has_phone(it))
                }
                Some(Kind::Company) => {
                    one_of(&self.cnpj, "CNPJ")
                        || one_of(&self.cnpj, "Register")
                        || same(&self.company, "Name")
                }
                None => false,
            }
    }

    fn has_phone(&self, phone: &PhoneRecord) -> bool {
        let digits = || {
            let digits: String = phone.number.chars().filter(char::is_ascii_digit).collect();
            digits.parse().ok()
        };
        phone.search.or_else(digits).is_some_and(|number| self.phones.contains(&number))
    }
}

/// Whether a text is one to ask for: nothing would match everything that has nothing.
pub(super) fn is_asked(text: &str) -> bool {
    !text.trim().is_empty()
}

/// The documents that are ones to ask for.
pub(super) fn documents(texts: &[String]) -> impl Iterator<Item = &String> {
    texts.iter().filter(|text| !document(text).is_empty())
}

/// The phones that are ones to ask for.
pub(super) fn phones(search: &Search) -> impl Iterator<Item = i64> {
    search.phones.iter().copied().filter(|it| *it > 0)
}

/// A text without what the server's collation does not see: case, accents, widths, ligatures,
/// spaces around it, characters without weight.
fn folded(text: &str) -> String {
    let mut folded = String::new();
    // Upper case first: it takes `ß` apart, which lower case leaves alone.
    for character in text.nfkd().flat_map(char::to_uppercase).flat_map(char::to_lowercase).nfkd() {
        match character {
            'æ' => folded.push_str("ae"),
            'œ' => folded.push_str("oe"),
            'þ' => folded.push_str("th"),
            'ø' => folded.push('o'),
            'đ' | 'ð' => folded.push('d'),
            'ł' => folded.push('l'),
            'ı' => folded.push('i'),
            // Some of these count as letters.
            _ if is_combining_mark(character) => {}
            // Old collations give no weight to what is beyond the basic plane.
            _ if character.is_alphanumeric() && character <= '\u{FFFF}' => folded.push(character),
            ' '..='~' => folded.push(character),
            _ => {}
        }
    }
    folded.trim().to_owned()
}

/// A document's letters and digits: it is asked for in each way it may be punctuated.
fn document(text: &str) -> String {
    folded(text).chars().filter(char::is_ascii_alphanumeric).collect()
}

#[cfg(test)]
mod tests;
