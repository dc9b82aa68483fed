//! A path with its query options, percent-encoded in one place.

use std::fmt::Write;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::Url;

use super::Filter;

/// What is encoded in the value of a query option: all but unreserved characters and those that
/// `OData` is written with and a query may hold.
///
/// `+`, `&`, `#`, `;`, `=`, `'` and the space are encoded, so it makes no difference whether the
/// server reads a query as a form or as a URI.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'$')
    .remove(b'(')
    .remove(b')')
    .remove(b',')
    .remove(b'/')
    .remove(b':');

/// An expanded collection or entity, with options of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expand {
    name: &'static str,
    options: Vec<String>,
}

impl Expand {
    /// All of `name`.
    pub const fn of(name: &'static str) -> Self {
        Self { name, options: Vec::new() }
    }

    /// These properties only.
    pub fn select(self, properties: &[&'static str]) -> Self {
        self.option(format!("$select={}", properties.join(",")))
    }

    /// With these expanded in it.
    pub fn expand(self, inner: &[Self]) -> Self {
        self.option(format!("$expand={}", written(inner)))
    }

    /// Those that `filter` holds for.
    pub fn filter(self, filter: &Filter) -> Self {
        self.option(format!("$filter={}", filter.as_str()))
    }

    fn option(mut self, option: String) -> Self {
        self.options.push(option);
        self
    }
}

/// `A,B($select=C;$filter=D eq 1)`, decoded.
fn written(expands: &[Expand]) -> String {
    let mut text = String::new();
    for (at, expand) in expands.iter().enumerate() {
        if at > 0 {
            text.push(',');
        }
        text.push_str(expand.name);
        if !expand.options.is_empty() {
            text.push('(');
            text.push_str(&expand.options.join(";"));
            text.push(')');
        }
    }
    text
}

/// A path with its query.
#[derive(Clone, PartialEq, Eq)]
pub struct Query {
    path: &'static str,
    options: Vec<(&'static str, String)>,
}

impl std::fmt::Debug for Query {
    /// Shows the path only: what is asked for is personal data.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Query({})", self.path)
    }
}

impl Query {
    /// A query of everything at `path`, which starts with a slash and needs no encoding.
    pub const fn of(path: &'static str) -> Self {
        Self { path, options: Vec::new() }
    }

    /// `$filter`; everything where there is no condition.
    pub fn filter(self, filter: Option<&Filter>) -> Self {
        match filter {
            Some(filter) => self.option("$filter", filter.as_str().to_owned()),
            None => self,
        }
    }

    /// `$expand`.
    pub fn expand(self, expands: &[Expand]) -> Self {
        self.option("$expand", written(expands))
    }

    /// `$select`.
    pub fn select(self, properties: &[&'static str]) -> Self {
        self.option("$select", properties.join(","))
    }

    /// `$orderby`, such as `Id desc`.
    pub fn order_by(self, order: &'static str) -> Self {
        self.option("$orderby", order.to_owned())
    }

    /// `$top`.
    pub fn top(self, rows: usize) -> Self {
        self.option("$top", rows.to_string())
    }

    /// `$skip`; nothing where no row is skipped.
    pub fn skip(self, rows: usize) -> Self {
        if rows == 0 { self } else { self.option("$skip", rows.to_string()) }
    }

    fn option(mut self, name: &'static str, value: String) -> Self {
        self.options.push((name, value));
        self
    }

    /// Path and query, encoded.
    pub fn target(&self) -> String {
        let mut target = self.path.to_owned();
        for (at, (name, value)) in self.options.iter().enumerate() {
            let mark = if at == 0 { '?' } else { '&' };
            write!(target, "{mark}{name}={}", utf8_percent_encode(value, ENCODED))
                .expect("writing to a string cannot fail");
        }
        target
    }

    /// Our own path with the query of `link`, the server's `@odata.nextLink`.
    ///
    /// `None` where it leads elsewhere: to a host that is neither Ploomes' nor this machine, or to
    /// another path. Whatever it says, the key is never sent anywhere but to the configured host.
    pub(super) fn follow(&self, link: &str) -> Option<String> {
        // Shards name themselves, whatever the host that was asked; a relative link names no host.
        let base = Url::parse("https://api2.ploomes.com/").expect("a constant that is a URL");
        let link = base.join(link).ok()?;
        let host = link.host_str()?;
        let ours = host == "ploomes.com" || host.ends_with(".ploomes.com");
        let here = matches!(host, "localhost" | "127.0.0.1" | "[::1]");
        let query = link.query()?;
        ((ours || here) && link.path().ends_with(self.path))
            .then(|| format!("{}?{query}", self.path))
    }
}

#[cfg(test)]
mod tests;
