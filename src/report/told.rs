//! What other parts of `ponte` say in English, in the language of who reads it.
//!
//! Reasons, warnings, problems and alerts are kept and handed out as JSON in English, whoever
//! reads them; a page shows them in its reader's language. As with gettext, the English sentence
//! is the key: it stands where it is said, and here once more beside its Portuguese. A test reads
//! the sources and fails where a sentence that can come to a page is not here, or where one here
//! is said nowhere any more.
//!
//! What is not ours (a server's words, a name, a parser's complaint) is shown as it came, inside a
//! sentence that is.

mod alerts;
mod calls;
mod config;
mod ledger;
mod pattern;
mod plans;
mod rules;

use std::{cell::Cell, sync::LazyLock};

use pattern::Pattern;

use crate::config::Language;

/// A sentence in English and in Portuguese, with what goes into it in braces.
///
/// In Portuguese `{name}` is put there as it came, `{name~}` in Portuguese where it is known; both
/// end before a semicolon, which separates reasons. `{name*}` is whatever came, to the end.
type Phrase = (&'static str, &'static str);

/// Readings of one text, whole or in parts: a reason takes twenty. A text that others made could
/// be made to take for ever.
const READINGS_MAX: u16 = 400;

/// Bytes of a text that is read: what is longer is none of ours.
const BYTES_MAX: usize = 4_000;

/// Readings that are left.
type Left = Cell<u16>;

/// Reasons in one text that are looked at; a lead has a handful.
const PARTS_MAX: usize = 40;

/// Semicolons of one sentence, and one: none has more than two.
const PARTS_OF_ONE_MAX: usize = 4;

static BOOK: LazyLock<Book> = LazyLock::new(Book::new);

/// All sentences, the most telling first.
struct Book {
    sentences: Vec<Pattern>,
    /// What only stands inside sentences.
    words: Vec<Pattern>,
}

/// What was said in English, in `language`; what is not known is left as it came.
pub fn told(language: Language, said: &str) -> String {
    match language {
        Language::English => said.to_owned(),
        Language::Portuguese => {
            BOOK.text(said, &Left::new(READINGS_MAX)).unwrap_or_else(|| said.to_owned())
        }
    }
}

/// Whether all of what was said is known in Portuguese; where something is put into it, there may be
/// `{}` or the like.
#[doc(hidden)]
pub fn is_known(said: &str) -> bool {
    let parts = BOOK.parts(said, &Left::new(READINGS_MAX));
    let as_words = || BOOK.filled(&BOOK.words, said, &Left::new(READINGS_MAX)).is_some();
    parts.iter().all(|(_, known)| *known) || as_words()
}

/// The English of every sentence that is known.
#[doc(hidden)]
pub fn all() -> impl Iterator<Item = &'static str> {
    BOOK.sentences.iter().chain(&BOOK.words).map(|it| it.english)
}

impl Book {
    fn new() -> Self {
        let sentences = [
            plans::SENTENCES,
            rules::SENTENCES,
            calls::SENTENCES,
            alerts::SENTENCES,
            ledger::SENTENCES,
            config::SENTENCES,
        ];
        let words = [plans::WORDS, rules::WORDS, calls::WORDS, alerts::WORDS, config::WORDS];
        let read = |all: &[&[Phrase]]| {
            let all = all.iter().flat_map(|it| it.iter());
            let mut all: Vec<Pattern> = all.map(|(en, pt)| Pattern::new(en, pt)).collect();
            all.sort_by_key(|it| std::cmp::Reverse(it.weight));
            all
        };
        let mut book = Self { sentences: read(&sentences), words: read(&words) };
        book.sentences.extend(plans::REMARKS.iter().map(|(en, pt)| Pattern::new(en, pt)));
        book
    }

    /// Reasons, separated by semicolons; `None` where none of them is known.
    fn text(&self, said: &str, left: &Left) -> Option<String> {
        let parts = self.parts(said, left);
        let told: Vec<&str> = parts.iter().map(|(text, _)| text.as_str()).collect();
        parts.iter().any(|(_, known)| *known).then(|| told.join("; "))
    }

    /// Each of them in Portuguese where it is known, and whether it is.
    fn parts(&self, said: &str, left: &Left) -> Vec<(String, bool)> {
        if said.len() > BYTES_MAX {
            return vec![(said.to_owned(), false)];
        }
        if let Some(whole) = self.one(said, left) {
            return vec![(whole, true)];
        }
        let parts: Vec<&str> = said.splitn(PARTS_MAX, "; ").collect();
        let (mut told, mut at) = (Vec::new(), 0);
        while at < parts.len() {
            // A sentence may have a semicolon of its own.
            let mut longest = (at + 1..=parts.len().min(at + PARTS_OF_ONE_MAX)).rev();
            let found =
                longest.find_map(|end| Some((self.one(&parts[at..end].join("; "), left)?, end)));
            let is_known = found.is_some();
            let (text, end) = found.unwrap_or_else(|| (parts[at].to_owned(), at + 1));
            told.push((text, is_known));
            at = end;
        }
        told
    }

    /// One sentence, alone or after what it is about.
    fn one(&self, said: &str, left: &Left) -> Option<String> {
        left.set(left.get().checked_sub(1)?);
        // Before a sentence whose end would take the hint for what stands in it.
        let hinted = said.strip_suffix(')').and_then(|it| it.rsplit_once(" ("));
        if let Some((before, hint)) = hinted
            && let (Some(told), Some(hint)) = (self.one(before, left), self.text(hint, left))
        {
            return Some(format!("{told} ({hint})"));
        }
        if let Some(told) = self.filled(&self.sentences, said, left) {
            return Some(told);
        }
        if let Some((about, rest)) = said.split_once(": ") {
            let told = self.one(rest, left).or_else(|| self.word(rest, left));
            if let Some(told) = told {
                let about = self.text(about, left).unwrap_or_else(|| about.to_owned());
                return Some(format!("{about}: {told}"));
            }
        }
        if let Some((before, hint)) = hinted
            && let Some(told) = self.one(before, left)
        {
            return Some(format!("{told} ({hint})"));
        }
        plans::REMARKS.iter().find_map(|(english, portuguese)| {
            let label = said.strip_suffix(english)?.strip_suffix(' ')?;
            (!label.contains(' ')).then(|| format!("{label} {portuguese}"))
        })
    }

    /// A part of a sentence.
    fn word(&self, said: &str, left: &Left) -> Option<String> {
        left.set(left.get().checked_sub(1)?);
        let plain = self.words.iter().find(|it| it.english == said);
        if let Some(plain) = plain.and_then(|it| it.told(said, str::to_owned)) {
            return Some(plain);
        }
        let found = self.text(said, left).or_else(|| self.filled(&self.words, said, left));
        found.or_else(|| {
            let (word, rest) = said.split_once(" (")?;
            Some(format!("{} ({rest}", self.filled(&self.words, word, left)?))
        })
    }

    fn filled(&self, patterns: &[Pattern], said: &str, left: &Left) -> Option<String> {
        patterns.iter().find_map(|it| {
            it.told(said, |inner| self.word(inner, left).unwrap_or_else(|| inner.to_owned()))
        })
    }
}

#[cfg(test)]
mod tests;
