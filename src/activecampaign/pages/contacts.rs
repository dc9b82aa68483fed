//! Contacts, page by page, by ascending id.

use std::{collections::BTreeMap, sync::Arc};

use chrono::{SecondsFormat, TimeDelta};

use super::{ContactFilter, ContactPage, ContactRow};
use crate::{
    activecampaign::{
        account::{Account, PAGE_ROWS},
        answer::Read,
        contact::{oldest_first, tag_names},
        model::{self, Row},
    },
    domain::{ContactId, Lane},
    transport::CallError,
};

/// How much earlier than wanted is asked for.
///
/// The filter may be read in US Central, whatever offset it has, and then lies six hours later.
const ASK_EARLIER: TimeDelta = TimeDelta::hours(7);

/// How much older than wanted a contact may be before the filter counts as ignored: what is asked
/// earlier, a day where only the date is looked at, and a zone other than it was written in.
const OLDER_MAX: TimeDelta = TimeDelta::hours(33);

/// Pages of one reading, 100 million contacts: no account has as many.
const PAGES_MAX: u32 = 1_000_000;

/// Reads contacts page by page.
pub struct ContactPages {
    account: Arc<Account>,
    filter: ContactFilter,
    lane: Lane,
    cursor: ContactId,
    pages: u32,
    /// Contacts read so far.
    seen: u64,
    /// `meta.total` of the first page: never less than what this reading has to bring.
    ///
    /// It is not known whether the total counts what comes after the cursor or everything; on the
    /// first page both are at least that.
    total: Option<u64>,
    done: bool,
}

impl ContactPages {
    pub(in crate::activecampaign) fn new(
        account: Arc<Account>,
        filter: ContactFilter,
        after: ContactId,
        lane: Lane,
    ) -> Self {
        let cursor = ContactId(after.0.max(0));
        Self { account, filter, lane, cursor, pages: 0, seen: 0, total: None, done: false }
    }

    /// The next page; `None` after the last. After an error the same page can be asked for again.
    pub async fn next(&mut self) -> Result<Option<ContactPage>, CallError> {
        if self.done {
            return Ok(None);
        }
        let read = self.read("ASC", PAGE_ROWS, Some(self.cursor)).await?;
        let rows = read.rows("contacts")?;
        let total = read.total();
        if rows.is_empty() {
            if total != Some(0) && self.total.is_none_or(|all| self.seen < all) {
                self.prove_the_end().await?;
            }
            self.done = true;
            return Ok(None);
        }
        let mut cursor = self.cursor;
        for row in &rows {
            let id = row.id("id").ok_or_else(|| read.unreadable("a contact has no id"))?;
            if id <= cursor.0 {
                return Err(read.unreadable("the cursor does not move"));
            }
            cursor = ContactId(id);
        }
        if self.pages >= PAGES_MAX {
            return Err(read.unreadable("the list does not end"));
        }
        let (contacts, filter_ignored) = self.take(&read, &rows).await?;

        self.cursor = cursor;
        self.pages += 1;
        self.seen += rows.len() as u64;
        self.total = self.total.or(total);
        let rest = total.is_some_and(|total| total <= rows.len() as u64);
        let whole = self.total.is_some_and(|all| all <= self.seen);
        // A short page may have been cut: it is the last one only where the total agrees.
        self.done = rows.len() < PAGE_ROWS && (rest || whole);
        let server_time = read.server_time;
        Ok(Some(ContactPage { rows: contacts, filter_ignored, cursor, total, server_time }))
    }

    async fn read(
        &self,
        order: &str,
        limit: usize,
        after: Option<ContactId>,
    ) -> Result<Read, CallError> {
        let mut query = vec![("orders[id]", order.to_owned()), ("limit", limit.to_string())];
        if let Some(after) = after {
            query.push(("id_greater", after.to_string()));
        }
        let ContactFilter { tag, list, automation, updated_after, include: wish } = self.filter;
        if let Some(tag) = tag {
            query.push(("tagid", tag.to_string()));
        }
        if let Some(list) = list {
            query.push(("listid", list.to_string()));
        }
        if let Some(automation) = automation {
            query.push(("seriesid", automation.to_string()));
        }
        if let Some(at) = updated_after {
            let at = (at - ASK_EARLIER).to_rfc3339_opts(SecondsFormat::Secs, true);
            query.push(("filters[updated_after]", at));
        }
        let include: Vec<&str> = [
            ("fieldValues", wish.fields),
            ("contactTags", wish.tags || tag.is_some()),
            ("contactLists", wish.lists || list.is_some()),
            ("contactAutomations", wish.enrollments || automation.is_some()),
        ]
        .into_iter()
        .filter_map(|(name, wanted)| wanted.then_some(name))
        .collect();
        if !include.is_empty() {
            query.push(("include", include.join(",")));
        }
        let query: Vec<_> = query.iter().map(|(key, value)| (*key, value.as_str())).collect();
        self.account.get("/contacts", &query, self.lane).await
    }

    /// Asks for the last contact of all, where an empty page came and no total says that it is right.
    async fn prove_the_end(&self) -> Result<(), CallError> {
        let read = self.read("DESC", 1, None).await?;
        let last = read.rows("contacts")?.iter().filter_map(|row| row.id("id")).max();
        // No row and a total: this answer is no better than the one that it is to prove.
        let is_due = || read.total().is_some_and(|total| total > 0);
        if last.map_or_else(is_due, |last| last > self.cursor.0) {
            return Err(read.unreadable("an empty page came although contacts were due"));
        }
        Ok(())
    }

    /// Makes contacts of `rows`; says whether the filter was ignored.
    async fn take(
        &self,
        read: &Read,
        rows: &[Row<'_>],
    ) -> Result<(Vec<ContactRow>, bool), CallError> {
        let values = included(read, "fieldValues")?;
        let ContactFilter { tag, list, automation, .. } = self.filter;
        let taggings = included_for(read, "contactTags", tag.is_some())?;
        let lists = included_for(read, "contactLists", list.is_some())?;
        let entries = included_for(read, "contactAutomations", automation.is_some())?;
        let field_ids = read.all(all(values.as_ref()), model::field_id)?;
        let perstags = self.account.perstags(&field_ids.into_iter().collect()).await?;
        let tag_ids = read.all(all(taggings.as_ref()), model::tag_id)?;
        let names = self.account.tag_names(&tag_ids.into_iter().collect()).await?;

        let (mut contacts, mut ignored) = (Vec::new(), false);
        for &row in rows {
            let contact = model::contact(row).map_err(|problem| read.unreadable(problem))?;
            let id = contact.id;
            let mut row = ContactRow {
                contact,
                fields_included: values.is_some(),
                enrollments: None,
                lists: None,
                tags: None,
            };
            if let Some(values) = &values {
                let values = model::fields(of(values, id), &perstags);
                row.contact.fields = values.map_err(|problem| read.unreadable(problem))?;
            }
            if let Some(taggings) = &taggings {
                let convert = |row| model::tagging(row, &names);
                let tags = read.all(of(taggings, id).iter().copied(), convert)?;
                row.contact.tags = tag_names(&tags);
                row.tags = Some(tags);
            }
            if let Some(lists) = &lists {
                row.lists = Some(read.all(of(lists, id).iter().copied(), model::subscription)?);
            }
            if let Some(entries) = &entries {
                let convert = |row| model::entry(row, Some(id), None);
                let mut entries = read.all(of(entries, id).iter().copied(), convert)?;
                entries
                    .retain(|entry| self.filter.automation.is_none_or(|it| entry.automation == it));
                oldest_first(&mut entries);
                row.enrollments = Some(entries);
            }
            let belongs = self.belongs(&row);
            ignored |= !belongs || self.is_too_old(&row);
            if belongs {
                contacts.push(row);
            }
        }
        Ok((contacts, ignored))
    }

    /// Whether the contact may be what was asked for; what was not included may always be.
    fn belongs(&self, row: &ContactRow) -> bool {
        let ContactFilter { tag, list, automation, .. } = self.filter;
        let tagged = tag.zip(row.tags.as_ref());
        let listed = list.zip(row.lists.as_ref());
        let entered = automation.zip(row.enrollments.as_ref());
        tagged.is_none_or(|(id, tags)| tags.iter().any(|tag| tag.tag == id))
            && listed.is_none_or(|(id, lists)| lists.iter().any(|list| list.list == id))
            && entered.is_none_or(|(_, entries)| !entries.is_empty())
    }

    fn is_too_old(&self, row: &ContactRow) -> bool {
        let asked = self.filter.updated_after.zip(row.contact.updated_at);
        asked.is_some_and(|(after, updated)| updated < after - OLDER_MAX)
    }
}

/// Included rows by contact.
type Included<'a> = BTreeMap<i64, Vec<Row<'a>>>;

/// The rows that came along under `key`; `None` where AC ignored the wish.
fn included<'a>(read: &'a Read, key: &str) -> Result<Option<Included<'a>>, CallError> {
    let Some(rows) = read.optional_rows(key)? else { return Ok(None) };
    let mut included = Included::new();
    for row in rows {
        let owner = row.id("contact").or_else(|| row.id("owner"));
        let owner = owner.ok_or_else(|| read.unreadable("an included row has no contact"))?;
        included.entry(owner).or_default().push(row);
    }
    Ok(Some(included))
}

/// As [`included`]. Where a filter is checked against the rows, a page on which nobody has any says
/// that rows were not included, not that nobody matches.
fn included_for<'a>(
    read: &'a Read,
    key: &str,
    filtered: bool,
) -> Result<Option<Included<'a>>, CallError> {
    Ok(included(read, key)?.filter(|rows| !filtered || !rows.is_empty()))
}

fn all<'a>(included: Option<&Included<'a>>) -> Vec<Row<'a>> {
    included.into_iter().flat_map(Included::values).flatten().copied().collect()
}

fn of<'r, 'a>(included: &'r Included<'a>, id: ContactId) -> &'r [Row<'a>] {
    included.get(&id.0).map_or(&[], Vec::as_slice)
}

#[cfg(test)]
mod tests;
