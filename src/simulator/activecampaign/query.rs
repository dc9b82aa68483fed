//! Query strings, as PHP reads them.

use std::collections::BTreeSet;

use super::{
    answer::Reply,
    switches::{LimitAboveMaximum, Switches},
};

/// The most rows of a page.
const MAX_PAGE: usize = 100;

/// The most rows of a list that belongs to one contact: its own links propose this.
const MAX_NESTED: usize = 2500;

/// A parsed query string.
pub(super) struct Query(Vec<(String, String)>);

/// `filters[field][op]=value`; without an operator it is `eq`.
pub(super) struct Filter<'a> {
    pub field: &'a str,
    pub op: &'a str,
    pub value: &'a str,
}

/// `orders[field]=ASC|DESC`.
pub(super) struct Order<'a> {
    pub field: &'a str,
    pub descending: bool,
}

/// Which rows of a list.
#[derive(Clone, Copy)]
pub(super) struct Page {
    pub limit: usize,
    pub offset: usize,
}

impl Page {
    /// Every row.
    pub(super) const ALL: Self = Self { limit: usize::MAX, offset: 0 };

    pub(super) fn of<T>(self, rows: &[T]) -> &[T] {
        let from = self.offset.min(rows.len());
        let to = from.saturating_add(self.limit).min(rows.len());
        &rows[from..to]
    }
}

impl Query {
    pub(super) fn parse(text: &str) -> Self {
        Self(form_urlencoded::parse(text.as_bytes()).into_owned().collect())
    }

    /// The last value of a key: as in PHP, it hides the others. An empty one is none.
    pub(super) fn get(&self, key: &str) -> Option<&str> {
        let found = self.0.iter().rev().find(|(name, _)| name == key);
        found.map(|(_, value)| value.as_str()).filter(|it| !it.is_empty())
    }

    pub(super) fn number(&self, key: &str, switches: &Switches) -> Result<Option<i64>, Reply> {
        let Some(text) = self.get(key) else { return Ok(None) };
        let number = text.parse::<i64>().ok().filter(|it| *it >= 0);
        number.map(Some).ok_or_else(|| Reply::bad_parameter(key, "Not a number", switches))
    }

    /// `ids[]`, repeated.
    pub(super) fn ids(&self) -> Option<Vec<i64>> {
        let given = self.0.iter().filter(|(name, _)| name == "ids[]");
        let mut ids: Vec<i64> = given.filter_map(|(_, value)| value.parse().ok()).collect();
        ids.sort_unstable();
        ids.dedup();
        (!ids.is_empty()).then_some(ids)
    }

    pub(super) fn includes(&self) -> BTreeSet<&str> {
        let text = self.get("include").unwrap_or_default();
        text.split(',').map(str::trim).filter(|it| !it.is_empty()).collect()
    }

    pub(super) fn filters(&self) -> Vec<Filter<'_>> {
        let pairs = self.0.iter().filter_map(|(key, value)| {
            let inner = key.strip_prefix("filters[")?.strip_suffix(']')?;
            let (field, op) = inner.split_once("][").unwrap_or((inner, "eq"));
            Some(Filter { field, op, value })
        });
        pairs.collect()
    }

    pub(super) fn order(&self) -> Option<Order<'_>> {
        let mut orders = self.0.iter().filter_map(|(key, value)| {
            let field = key.strip_prefix("orders[")?.strip_suffix(']')?;
            Some(Order { field, descending: value.eq_ignore_ascii_case("DESC") })
        });
        orders.next()
    }

    pub(super) fn page(&self, default: usize, switches: &Switches) -> Result<Page, Reply> {
        let page = self.any_page(default, switches)?;
        if page.limit <= MAX_PAGE {
            return Ok(page);
        }
        match switches.limit_above_maximum {
            LimitAboveMaximum::Clamped => Ok(Page { limit: MAX_PAGE, ..page }),
            LimitAboveMaximum::Refused => Err(Reply::limit_refused(switches)),
        }
    }

    /// The page of a list that belongs to one contact.
    pub(super) fn nested_page(&self, switches: &Switches) -> Result<Page, Reply> {
        let page = self.any_page(20, switches)?;
        Ok(Page { limit: page.limit.min(MAX_NESTED), ..page })
    }

    fn any_page(&self, default: usize, switches: &Switches) -> Result<Page, Reply> {
        let limit = self.number("limit", switches)?.filter(|it| *it > 0);
        let offset = self.number("offset", switches)?.unwrap_or(0);
        let size = |it: i64| usize::try_from(it).unwrap_or(usize::MAX);
        Ok(Page { limit: limit.map_or(default, size), offset: size(offset) })
    }
}
