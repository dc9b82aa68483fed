//! Conditions of `$filter`, and the values in them, quoted in one place.
//!
//! A path is a `&'static str` and a value is a [`Literal`]: text from outside can only ever be a
//! value. Percent-encoding is [`super::query`]'s part.

use std::fmt::{self, Write};

use chrono::{DateTime, SecondsFormat, SubsecRound, Utc};

use crate::domain::RecordId;

/// A condition of `$filter`, decoded.
///
/// What joins several conditions stands in brackets, so that conditions can be put together
/// without a thought for precedence.
#[derive(Clone, PartialEq, Eq)]
pub struct Filter(String);

impl fmt::Debug for Filter {
    /// Shows nothing of the condition: its values are personal data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Filter(…)")
    }
}

/// A value in a condition.
#[derive(Clone, PartialEq, Eq)]
pub enum Literal {
    /// Any text, as it is.
    Text(String),
    /// A number or an id.
    Number(i64),
    /// `true` or `false`.
    Bool(bool),
    /// A point in time, to the millisecond below: the server keeps no more.
    Time(DateTime<Utc>),
}

impl fmt::Display for Literal {
    /// Writes the literal as `OData` spells it, decoded.
    ///
    /// Text ends at the only quote that is not doubled, which is the last. Numbers are bare, and so
    /// are times: a quoted one fails.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => {
                f.write_char('\'')?;
                for piece in text.split_inclusive('\'') {
                    f.write_str(piece)?;
                    if piece.ends_with('\'') {
                        f.write_char('\'')?;
                    }
                }
                f.write_char('\'')
            }
            Self::Number(number) => number.fmt(f),
            Self::Bool(bool) => bool.fmt(f),
            Self::Time(time) => {
                f.write_str(&time.trunc_subsecs(3).to_rfc3339_opts(SecondsFormat::AutoSi, true))
            }
        }
    }
}

impl From<&str> for Literal {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<i64> for Literal {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

impl From<RecordId> for Literal {
    fn from(id: RecordId) -> Self {
        Self::Number(id.0)
    }
}

impl From<bool> for Literal {
    fn from(bool: bool) -> Self {
        Self::Bool(bool)
    }
}

impl From<DateTime<Utc>> for Literal {
    fn from(time: DateTime<Utc>) -> Self {
        Self::Time(time)
    }
}

impl Filter {
    /// `path eq value`.
    pub fn eq(path: &'static str, value: impl Into<Literal>) -> Self {
        Self(format!("{path} eq {}", value.into()))
    }

    /// `path ge value`.
    pub fn ge(path: &'static str, value: impl Into<Literal>) -> Self {
        Self(format!("{path} ge {}", value.into()))
    }

    /// `path in (a,b)`, or `path eq a` where there is one; `None` where there is none.
    pub fn one_of<L: Into<Literal>>(
        path: &'static str,
        values: impl IntoIterator<Item = L>,
    ) -> Option<Self> {
        let mut literals: Vec<String> =
            values.into_iter().map(|it| it.into().to_string()).collect();
        match literals.len() {
            0 | 1 => literals.pop().map(|it| Self(format!("{path} eq {it}"))),
            _ => Some(Self(format!("{path} in ({})", literals.join(",")))),
        }
    }

    /// `collection/any(p: p/property eq value)`.
    pub fn any(
        collection: &'static str,
        property: &'static str,
        value: impl Into<Literal>,
    ) -> Self {
        Self(format!("{collection}/any(p: p/{property} eq {})", value.into()))
    }

    /// At least one of `filters`; `None` where there is none.
    pub fn or(filters: impl IntoIterator<Item = Self>) -> Option<Self> {
        Self::joined(" or ", filters)
    }

    /// All of `filters`; `None` where there is none.
    pub fn and(filters: impl IntoIterator<Item = Self>) -> Option<Self> {
        Self::joined(" and ", filters)
    }

    fn joined(word: &str, filters: impl IntoIterator<Item = Self>) -> Option<Self> {
        let mut parts: Vec<String> = filters.into_iter().map(|it| it.0).collect();
        match parts.len() {
            0 | 1 => parts.pop().map(Self),
            _ => Some(Self(format!("({})", parts.join(word)))),
        }
    }

    /// The condition, decoded.
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests;
