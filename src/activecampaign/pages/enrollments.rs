//! Enrollments of an automation, page by page, the oldest first.
//!
//! There is no cursor here, only an offset, and rows move while it advances: a row that goes away
//! shifts those behind it, and the order of rows of one second may differ from page to page. So pages
//! overlap, rows are told apart by id, and where fewer came than the total says, the list is read
//! again from its start, for what was missed.

use std::{collections::BTreeSet, sync::Arc};

use chrono::{DateTime, TimeDelta, Utc};

use super::EnrollmentPage;
use crate::{
    activecampaign::{
        AutomationEntry,
        account::{Account, CUT_ROWS_MIN, PAGE_ROWS},
        answer::Read,
        contact::oldest_first,
        model::{self, Problem, Row},
    },
    domain::{AutomationId, Lane},
    transport::CallError,
};

/// How much earlier than wanted is asked for.
///
/// The zone of the filter is not documented. It is written in US Central; read in any zone of the
/// Americas, or farther west, it then still is not later than wanted.
const ASK_EARLIER: TimeDelta = TimeDelta::hours(7);

/// How much older than wanted a row may be before the filter counts as ignored: what is asked
/// earlier, a day where only the date is looked at, and the farthest zone in the east.
const OLDER_MAX: TimeDelta = TimeDelta::hours(48);

/// Rows that a page repeats of the one before it.
///
/// As many rows may vanish between two pages, a fraction of a second apart, without hiding one.
const OVERLAP: u64 = 10;

/// How often a list is read until as many rows came as its total says.
const PASSES_MAX: u32 = 3;

/// Pages of one reading, 10 million enrollments.
const PAGES_MAX: u32 = 100_000;

/// Reads enrollments page by page.
pub struct EnrollmentPages {
    account: Arc<Account>,
    automation: AutomationId,
    since: Option<DateTime<Utc>>,
    lane: Lane,
    /// The ids that came, also those of other automations.
    seen: BTreeSet<i64>,
    place: Place,
}

/// How far a reading has come.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Place {
    /// Rows before the first one read, which an earlier reading had.
    start: u64,
    offset: u64,
    pages: u32,
    pass: u32,
    /// The ids of the page before, in this pass.
    previous: Vec<i64>,
    /// Pages without a new row, one after the other.
    stalled: u32,
    /// A page did not overlap the one before it: more rows vanished than the overlap has.
    gap: bool,
    done: bool,
}

/// A page, as far as it matters for where to go on.
struct Page<'a> {
    ids: &'a [i64],
    /// Rows that did not come before, in this page and in all.
    new: u64,
    seen: u64,
    total: Option<u64>,
}

impl EnrollmentPages {
    pub(in crate::activecampaign) fn new(
        account: Arc<Account>,
        automation: AutomationId,
        since: Option<DateTime<Utc>>,
        offset: u64,
        lane: Lane,
    ) -> Self {
        // A page earlier: rows may have vanished since the reading that ended there.
        let start = offset.saturating_sub(PAGE_ROWS as u64);
        let place = Place { start, offset: start, ..Place::default() };
        Self { account, automation, since, lane, seen: BTreeSet::new(), place }
    }

    /// The next page; `None` after the last. After an error the same page can be asked for again.
    pub async fn next(&mut self) -> Result<Option<EnrollmentPage>, CallError> {
        while !self.place.done {
            let read = self.read().await?;
            let rows = read.rows("contactAutomations")?;
            let ids = read
                .all(rows.iter().copied(), |row| row.id("id").ok_or("an enrollment has no id"))?;
            let new: BTreeSet<_> = ids.iter().filter(|id| !self.seen.contains(id)).collect();
            let total = read.total();
            let page = Page {
                ids: &ids,
                new: new.len() as u64,
                seen: (self.seen.len() + new.len()) as u64,
                total,
            };
            let place = self.place.after(&page).map_err(|problem| read.unreadable(problem))?;
            let (entries, filter_ignored) = self.take(&read, &rows, &new)?;

            let came = !new.is_empty();
            self.place = place;
            self.seen.extend(&ids);
            if came {
                let (offset, server_time) = (self.place.offset, read.server_time);
                return Ok(Some(EnrollmentPage {
                    entries,
                    filter_ignored,
                    offset,
                    total,
                    server_time,
                }));
            }
        }
        Ok(None)
    }

    async fn read(&self) -> Result<Read, CallError> {
        let path = format!("/automations/{}/contactAutomations", self.automation);
        let since = self.since.map(|since| model::wall_clock(since - ASK_EARLIER));
        let (limit, offset) = (PAGE_ROWS.to_string(), self.place.offset.to_string());
        let mut query = vec![("orders[adddate]", "ASC"), ("limit", &*limit), ("offset", &*offset)];
        if let Some(since) = &since {
            query.push(("filters[adddate][gte]", since));
        }
        self.account.get(&path, &query, self.lane).await
    }

    /// Makes entries of the rows that are `new`; says whether the filter was ignored.
    fn take(
        &self,
        read: &Read,
        rows: &[Row<'_>],
        new: &BTreeSet<&i64>,
    ) -> Result<(Vec<AutomationEntry>, bool), CallError> {
        let mut entries =
            read.all(rows.iter().copied(), |row| model::entry(row, None, Some(self.automation)))?;
        let oldest = self.since.map(|since| since - OLDER_MAX);
        let asked = |entry: &AutomationEntry| entry.automation == self.automation;
        let ignored = entries.iter().any(|entry| {
            let too_old = oldest.zip(entry.enrollment.entered_at).is_some_and(|(o, at)| at < o);
            !asked(entry) || too_old
        });
        let mut taken = BTreeSet::new();
        entries.retain(|entry| {
            let id = entry.enrollment.id.map_or(0, |id| id.0);
            asked(entry) && new.contains(&id) && taken.insert(id)
        });
        oldest_first(&mut entries);
        Ok((entries, ignored))
    }
}

impl Place {
    /// Where to go on after `page`.
    fn after(&self, page: &Page) -> Result<Self, Problem> {
        let rows = page.ids.len();
        let count = rows as u64;
        let whole = page.total.is_none_or(|total| total <= self.start + page.seen);
        let overlaps = self.previous.len() as u64 > 2 * OVERLAP;
        let gap = self.gap || (overlaps && rows > 0 && page.new == count);
        let repeated = rows > 0 && page.ids == self.previous;
        let stalled = if page.new == 0 && count > OVERLAP { self.stalled + 1 } else { 0 };
        let ends = match (rows, page.total) {
            (0, _) => true,
            // All of it in one answer: this list is not cut into pages.
            _ if rows > PAGE_ROWS => true,
            _ if repeated && page.total.is_some() => whole,
            // As long as a page may be, and the same again: the offset is ignored.
            (PAGE_ROWS | CUT_ROWS_MIN, None) => false,
            (_, None) => repeated,
            _ => rows < PAGE_ROWS && whole,
        };
        let step = if count > 2 * OVERLAP { count - OVERLAP } else { count };
        let next = Self {
            offset: self.offset + step,
            pages: self.pages + 1,
            previous: page.ids.to_vec(),
            stalled,
            gap,
            done: ends && whole && !gap,
            ..*self
        };
        if next.done {
            return Ok(next);
        }
        if next.pages >= PAGES_MAX {
            return Err("the list does not end");
        }
        if !ends {
            // Read again, every page is without a new row.
            let stuck = repeated || (self.pass == 0 && stalled >= 2);
            return if stuck { Err("the offset does not advance") } else { Ok(next) };
        }
        if self.pass + 1 < PASSES_MAX {
            return Ok(Self { pages: next.pages, pass: self.pass + 1, ..Self::default() });
        }
        if page.new > 0 {
            // What came is taken; the same page then says again that it is not all.
            return Ok(Self { pages: next.pages, ..self.clone() });
        }
        Err("fewer enrollments came than their total says")
    }
}

#[cfg(test)]
mod tests;
