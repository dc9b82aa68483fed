//! A sentence with holes: recognised in English, written in Portuguese.

use std::collections::BTreeMap;

/// A sentence in both languages.
pub(super) struct Pattern {
    /// As it was written.
    pub(super) english: &'static str,
    /// Letters outside of holes: the more, the more telling.
    pub(super) weight: usize,
    /// Texts around the holes; one more than there are holes.
    texts: Vec<&'static str>,
    holes: Vec<(&'static str, Mode)>,
    portuguese: Vec<Piece>,
}

/// What a hole holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// Something as it came, without a semicolon.
    Raw,
    /// Something of ours.
    Told,
    /// Whatever it is.
    Any,
}

enum Piece {
    Text(&'static str),
    Hole(&'static str, Mode),
}

impl Pattern {
    pub(super) fn new(english: &'static str, portuguese: &'static str) -> Self {
        let portuguese: Vec<Piece> = pieces(portuguese).collect();
        let mode = |name: &str| {
            portuguese.iter().find_map(|it| match it {
                Piece::Hole(other, mode) if *other == name => Some(*mode),
                _ => None,
            })
        };
        let (mut texts, mut holes) = (vec![""], Vec::new());
        for piece in pieces(english) {
            match piece {
                Piece::Text(text) => *texts.last_mut().expect("there is one") = text,
                Piece::Hole(name, _) => {
                    holes.push((name, mode(name).unwrap_or(Mode::Any)));
                    texts.push("");
                }
            }
        }
        let weight = texts.iter().map(|it| it.len()).sum();
        Self { english, weight, texts, holes, portuguese }
    }

    /// The sentence in Portuguese, if `said` is it.
    pub(super) fn told(&self, said: &str, inner: impl Fn(&str) -> String) -> Option<String> {
        let rest = said.strip_prefix(self.texts[0])?;
        if self.holes.is_empty() {
            return rest.is_empty().then(|| self.portuguese_of(&BTreeMap::new(), inner));
        }
        let mut found = Vec::new();
        if !self.has_texts(rest) || !self.fits(0, rest, &mut found) {
            return None;
        }
        let values = self.holes.iter().zip(found).map(|((name, _), value)| (*name, value));
        Some(self.portuguese_of(&values.collect(), inner))
    }

    /// Whether all texts come one after the other: without one of them there is nothing to try.
    fn has_texts(&self, mut rest: &str) -> bool {
        self.texts[1..].iter().all(|text| {
            let end = rest.find(text).map(|at| at + text.len());
            rest = end.map_or("", |end| &rest[end..]);
            end.is_some()
        })
    }

    /// Whether `rest` is what stands in the hole at `at`, and all that comes after it.
    fn fits<'a>(&self, at: usize, rest: &'a str, found: &mut Vec<&'a str>) -> bool {
        let after = self.texts[at + 1];
        let is_last = at + 1 == self.holes.len();
        let ends: Vec<usize> = match (is_last, after) {
            (true, after) => rest.strip_suffix(after).map(str::len).into_iter().collect(),
            (false, after) => rest.match_indices(after).map(|(end, _)| end).collect(),
        };
        for end in ends {
            let value = &rest[..end];
            if self.holes[at].1 == Mode::Raw && value.contains("; ") {
                return false;
            }
            found.push(value);
            if is_last || self.fits(at + 1, &rest[end + after.len()..], found) {
                return true;
            }
            found.pop();
        }
        false
    }

    fn portuguese_of(
        &self,
        values: &BTreeMap<&str, &str>,
        inner: impl Fn(&str) -> String,
    ) -> String {
        let mut text = String::new();
        for piece in &self.portuguese {
            match piece {
                Piece::Text(words) => text.push_str(words),
                Piece::Hole(name, mode) => {
                    let value = values.get(name).copied().unwrap_or_default();
                    match mode {
                        Mode::Told => text.push_str(&inner(value)),
                        Mode::Raw | Mode::Any => text.push_str(value),
                    }
                }
            }
        }
        text
    }
}

/// Texts and holes of a sentence, in turn.
fn pieces(words: &'static str) -> impl Iterator<Item = Piece> {
    let mut rest = words;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        if let Some((name, after)) = rest.strip_prefix('{').and_then(|it| it.split_once('}')) {
            rest = after;
            return Some(match (name.strip_suffix('~'), name.strip_suffix('*')) {
                (Some(name), _) => Piece::Hole(name, Mode::Told),
                (_, Some(name)) => Piece::Hole(name, Mode::Any),
                (None, None) => Piece::Hole(name, Mode::Raw),
            });
        }
        let end = rest.find('{').unwrap_or(rest.len());
        let (text, after) = rest.split_at(end);
        rest = after;
        Some(Piece::Text(text))
    })
}
