//! Reads a list to its end, page by page.
//!
//! The server's paging is not trusted: a page that brings nothing new, a link that was followed
//! already and a list without an end are errors, and what is cut without a link is read on.

use std::collections::BTreeSet;

use super::{
    Query,
    answer::{self, Row},
    api::{Api, unusable},
};
use crate::{domain::Lane, transport::CallError};

/// Rows that one answer holds at most: the limit of Ploomes. More is cut, sometimes silently.
pub(super) const ROWS_MAX: usize = 300;

/// Pages of a list that is read whole: 60,000 rows, two minutes of the whole quota. No account has
/// that many stages, users, fields or tags.
pub(super) const PAGES_MAX: usize = 200;

impl Api {
    /// All rows of `query`, each once, in the order in which they came.
    pub(super) async fn rows(
        &self,
        query: Query,
        pages_max: usize,
        lane: Lane,
    ) -> Result<Vec<Row>, CallError> {
        self.rows_until(query, usize::MAX, pages_max, lane).await
    }

    /// The same, where it is known that there are no more than `enough` rows.
    pub(super) async fn rows_until(
        &self,
        query: Query,
        enough: usize,
        pages_max: usize,
        lane: Lane,
    ) -> Result<Vec<Row>, CallError> {
        let query = query.top(ROWS_MAX);
        let mut target = query.target();
        let mut asked = BTreeSet::new();
        let mut known = BTreeSet::new();
        let mut rows = Vec::new();
        // Rows that came, doubles included; and those of them since `$skip` was set by us.
        let (mut came, mut window) = (0, 0);
        for _ in 0..pages_max {
            let answer = self.get(target.clone(), lane).await?;
            let page = answer::page(&answer.body).map_err(|problem| unusable(&target, problem))?;
            asked.insert(target);
            let (here, before) = (page.rows.len(), rows.len());
            rows.extend(page.rows.into_iter().filter(|row| known.insert(answer::id(row))));
            (came, window) = (came + here, window + here);
            let is_last = page.next.is_none() && (here == 0 || window < ROWS_MAX);
            if is_last || rows.len() >= enough {
                return Ok(rows);
            }
            target = page.next.and_then(|link| query.follow(&link)).unwrap_or_else(|| {
                window = 0;
                query.clone().skip(came).target()
            });
            if asked.contains(&target) || (here > 0 && rows.len() == before) {
                return Err(unusable(&target, "the pages do not move on"));
            }
        }
        Err(unusable(&target, format!("more than {pages_max} pages")))
    }
}

#[cfg(test)]
mod tests;
