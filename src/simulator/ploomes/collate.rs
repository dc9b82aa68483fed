//! How texts compare: as SQL Server does with the usual collation.

use unicode_normalization::{UnicodeNormalization as _, char::is_combining_mark};

/// How texts compare.
#[derive(Debug, Clone, Copy)]
pub(super) struct Collation {
    /// By case and accents, and with trailing spaces.
    pub(super) sensitive: bool,
}

impl Collation {
    /// The text as `contains` and its like see it.
    pub(super) fn folded(self, text: &str) -> String {
        if self.sensitive { text.to_owned() } else { fold(text) }
    }

    /// The text as `eq` and its like see it: equal texts have equal keys.
    pub(super) fn key(self, text: &str) -> String {
        if self.sensitive { text.to_owned() } else { fold(text.trim_end_matches(' ')) }
    }
}

/// Without case and accents.
fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    text.nfd().filter(|it| !is_combining_mark(*it)).flat_map(char::to_lowercase).collect()
}
