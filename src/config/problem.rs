//! What is wrong with a configuration, said so that a person can put it right.
//!
//! A [`Problem`] names the key, the place, what was found, what was expected and, where one can be
//! guessed, the way out. It prints like a compiler's message, with the line and a caret. Nothing
//! that may be a secret is in it: of a line only the key, and the value where the problem is the
//! value and the value is not a secret.

use std::{fmt, ops::Range};

/// How bad a problem is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Nothing runs with it.
    Error,
    /// It runs, and somebody should know.
    Warning,
}

impl Severity {
    /// The word that is printed.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The file, or the name of the environment variable; empty where neither is to blame.
    pub place: String,
    /// The key it is about, dotted: `ploomes.user_key`, `route.site.stage`; may be empty.
    pub key: String,
    /// The line in the file, from 1.
    pub line: Option<usize>,
    /// The column in that line in characters, from 1.
    pub column: Option<usize>,
    /// What is wrong: what was found, what was expected.
    pub message: String,
    /// The way out.
    pub hint: Option<String>,
    /// How bad it is.
    pub severity: Severity,
    excerpt: Option<Excerpt>,
}

impl Problem {
    /// A problem of a key that has no place in a file, such as one found by asking an API.
    pub fn of_key(
        severity: Severity,
        key: impl Into<String>,
        message: impl Into<String>,
        hint: Option<String>,
    ) -> Self {
        Self {
            place: String::new(),
            key: key.into(),
            line: None,
            column: None,
            message: message.into(),
            hint,
            severity,
            excerpt: None,
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.place)?;
        if let (Some(line), Some(column)) = (self.line, self.column) {
            write!(f, ":{line}:{column}")?;
        }
        if !self.place.is_empty() {
            f.write_str(": ")?;
        }
        write!(f, "{}: ", self.severity.as_str())?;
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        f.write_str(&self.message)?;
        let line = self.line.map(|line| line.to_string()).unwrap_or_default();
        let margin = line.len();
        if let Some(Excerpt { text, start, length }) = &self.excerpt {
            let carets = "^".repeat((*length).max(1));
            write!(f, "\n{:margin$} |\n{line} | {text}\n", "")?;
            write!(f, "{:margin$} | {:start$}{carets}", "", "")?;
        }
        if let Some(hint) = &self.hint {
            write!(f, "\n{:margin$} = hint: {hint}", "")?;
        }
        Ok(())
    }
}

/// All that is wrong, errors and warnings, in the order of the file; at least one is an error.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Problems(pub Vec<Problem>);

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, problem) in self.0.iter().enumerate() {
            write!(f, "{}{problem}", if i == 0 { "" } else { "\n\n" })?;
        }
        Ok(())
    }
}

/// Where something was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// In the file, as a range of bytes.
    File(Range<usize>),
    /// In this environment variable.
    Variable(String),
    /// Nowhere: it is a default, or missing.
    Nowhere,
}

/// How much of the line may be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Show {
    /// The marked text: it is a key, or a value that is no secret.
    Marked,
    /// Not even that.
    Nothing,
}

/// Collects problems while a file is read.
pub(super) struct Findings<'a> {
    file: String,
    text: &'a str,
    problems: Vec<Problem>,
}

impl<'a> Findings<'a> {
    /// Nothing found yet in `text`, which is what `file` holds.
    pub(super) fn new(file: String, text: &'a str) -> Self {
        Self { file, text, problems: Vec::new() }
    }

    /// Adds an error; its marked text may be shown.
    pub(super) fn error(&mut self, key: &str, place: &Place, fault: Fault) {
        self.add(Severity::Error, key, place, Show::Marked, fault);
    }

    /// Adds a warning; its marked text may be shown.
    pub(super) fn warning(&mut self, key: &str, place: &Place, fault: Fault) {
        self.add(Severity::Warning, key, place, Show::Marked, fault);
    }

    /// Adds a problem.
    pub(super) fn add(
        &mut self,
        severity: Severity,
        key: &str,
        place: &Place,
        show: Show,
        fault: Fault,
    ) {
        let mut problem = Problem::of_key(severity, key, fault.message, fault.hint);
        problem.place.clone_from(&self.file);
        match place {
            Place::Nowhere => {}
            Place::Variable(name) => problem.place.clone_from(name),
            Place::File(span) => {
                let (line, column) = position(self.text, span.start);
                problem.line = Some(line);
                problem.column = Some(column);
                problem.excerpt = Some(Excerpt::of(self.text, span, show));
            }
        }
        self.problems.push(problem);
    }

    /// The line of a place, from 1.
    pub(super) fn line(&self, place: &Place) -> Option<usize> {
        match place {
            Place::File(span) => Some(position(self.text, span.start).0),
            Place::Variable(_) | Place::Nowhere => None,
        }
    }

    /// Whether an error is among them.
    pub(super) fn any_error(&self) -> bool {
        self.problems.iter().any(|it| it.severity == Severity::Error)
    }

    /// All of them, in the order of the file; those without a line come last.
    pub(super) fn into_problems(mut self) -> Vec<Problem> {
        self.problems.sort_by_key(|it| (it.line.unwrap_or(usize::MAX), it.column));
        self.problems
    }
}

/// What is wrong with one value, not yet where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    /// What was found, what was expected.
    pub(super) message: String,
    /// The way out.
    pub(super) hint: Option<String>,
}

impl Fault {
    /// A fault without a hint.
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), hint: None }
    }

    /// The same, with a hint.
    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// Line and column of a byte, both from 1; the column counts characters.
fn position(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
}

/// The part of a line that may be shown, and where the carets go, in characters.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Excerpt {
    text: String,
    start: usize,
    length: usize,
}

impl Excerpt {
    /// The line where `span` starts. What stands left of it is cut after the first `=`, what
    /// stands right of it is left out: other keys' values are on no problem's line.
    fn of(text: &str, span: &Range<usize>, show: Show) -> Self {
        let before = text.get(..span.start).unwrap_or(text);
        let left = before.rsplit('\n').next().unwrap_or_default();
        let right = text.get(span.start..).unwrap_or_default();
        let right = right.split('\n').next().unwrap_or_default().trim_end_matches('\r');
        let (marked, after) = right.split_at(right.len().min(span.len()));

        let mut shown = match left.split_once('=') {
            Some((key, value)) if !value.trim_matches([' ', '\t', '[', '{']).is_empty() => {
                // One mark is enough where the marked text is not shown either.
                if show == Show::Marked { format!("{key}= … ") } else { format!("{key}= ") }
            }
            _ => left.to_owned(),
        };
        let is_key = !left.contains('=');
        // A line in the middle of a text of many lines has no key: nothing of it is shown.
        let inside = show == Show::Nothing && is_key;
        if inside {
            shown = " ".repeat(left.len() - left.trim_start().len());
        }
        let start = shown.chars().count();
        match show {
            Show::Marked => shown.push_str(marked),
            Show::Nothing => shown.push('…'),
        }
        let length = shown.chars().count() - start;
        let brackets = after.len() - after.trim_start_matches(']').len();
        shown.push_str(&after[..brackets]);
        if is_key && !inside && after.contains('=') {
            shown.push_str(" = …");
        }
        Self { text: shown.replace('\t', " "), start, length }
    }

    #[cfg(test)]
    fn shown(&self) -> &str {
        &self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn excerpt(text: &str, marked: &str, show: Show) -> String {
        let start = text.find(marked).expect("the text has it");
        Excerpt::of(text, &(start..start + marked.len()), show).shown().to_owned()
    }

    #[test]
    fn a_key_is_shown_without_its_value() {
        assert_eq!(excerpt("user_kye = \"hidden\"", "user_kye", Show::Marked), "user_kye = …");
    }

    #[test]
    fn a_value_is_shown_where_it_is_the_problem() {
        assert_eq!(excerpt("a = 1\nb = \"x\" # why", "\"x\"", Show::Marked), "b = \"x\"");
    }

    #[test]
    fn a_secret_value_is_not_shown() {
        assert_eq!(excerpt("user_key = 12345", "12345", Show::Nothing), "user_key = …");
    }

    #[test]
    fn values_of_other_keys_on_the_line_are_not_shown() {
        let line = "ploomes = { user_key = \"hidden\", timeout = 3, url = 'x' }";
        assert_eq!(excerpt(line, "3", Show::Marked), "ploomes = … 3");
    }

    #[test]
    fn a_line_inside_a_long_text_is_not_shown() {
        assert_eq!(excerpt("a = \"\"\"\n  hidden\n", "hidden", Show::Nothing), "  …");
    }

    #[test]
    fn columns_count_characters() {
        assert_eq!(position("é = 1\nção = 2", "é = 1\nção".len()), (2, 4));
    }

    #[test]
    fn a_place_past_the_end_is_the_end() {
        assert_eq!(position("a", 10), (1, 2));
    }
}
