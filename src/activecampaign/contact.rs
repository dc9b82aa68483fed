//! One contact, with what belongs to it.
//!
//! `GET /contacts/{id}` brings most of it along. What it leaves out is asked for separately: a list
//! that is not there would otherwise look like one that is empty, and an empty one is a statement.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::{
    account::Account,
    answer::{self, Read},
    json::Object,
    model::{self, Problem, Row},
};
use crate::{
    domain::{AutomationId, Contact, ContactId, Enrollment, Lane},
    transport::{Call, CallError},
};

/// What to read of a contact beside its own and its custom fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Wants {
    /// Its tags: one more call.
    pub tags: bool,
    /// The name of its account, else `orgname`: sometimes one more call.
    pub company: bool,
    /// Its enrollments in this automation.
    pub automations: Option<AutomationId>,
}

/// A contact, as `ActiveCampaign` shows it now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContactView {
    /// The contact.
    pub contact: Contact,
    /// Its enrollments in the automation that was asked for, the oldest first.
    pub enrollments: Vec<AutomationEntry>,
    /// Its subscriptions, ended ones included.
    pub lists: Vec<Subscription>,
    /// Its tags, where they were asked for.
    pub tags: Vec<Tagging>,
    /// `ActiveCampaign`'s clock when it answered.
    pub server_time: DateTime<Utc>,
}

/// One pass of a contact through an automation (`contactAutomation`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AutomationEntry {
    /// Whose.
    pub contact: ContactId,
    /// Through which automation (`seriesid`, `automation`).
    pub automation: AutomationId,
    /// Its id and `adddate`.
    pub enrollment: Enrollment,
    /// `completed`: it has run through.
    pub completed: bool,
}

/// A contact on a list (`contactList`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subscription {
    /// The list's id.
    pub list: i64,
    /// `status` 1.
    pub active: bool,
    /// `sdate`.
    pub since: Option<DateTime<Utc>>,
}

/// A tag on a contact (`contactTag`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tagging {
    /// The tag's id.
    pub tag: i64,
    /// Its name; `None` where the tag list does not have it.
    pub name: Option<String>,
    /// `cdate`.
    pub since: Option<DateTime<Utc>>,
}

impl Account {
    /// Reads a contact, whatever its flags; `None` where there is none by this id.
    pub(super) async fn contact(
        &self,
        id: ContactId,
        wants: Wants,
        lane: Lane,
    ) -> Result<Option<ContactView>, CallError> {
        let Some(read) = self.find(&format!("/contacts/{id}"), lane).await? else {
            return Ok(None);
        };
        let row = read.row().object("contact");
        let row = row.ok_or_else(|| read.unreadable("`contact` is missing"))?;
        let mut contact = model::contact(row).map_err(|problem| read.unreadable(problem))?;
        if contact.id != id {
            // Merged into that one: this one is no more, and its enrollments are found there.
            return Ok(None);
        }

        let values = self.belongings(&read, id, "fieldValues", lane).await?;
        let ids = values.all(model::field_id)?.into_iter().collect();
        let perstags = self.perstags(&ids).await?;
        contact.fields = values.whole(|rows| model::fields(rows, &perstags))?;
        let lists = self.belongings(&read, id, "contactLists", lane).await?;
        let mut view = ContactView {
            lists: lists.all(model::subscription)?,
            enrollments: Vec::new(),
            tags: Vec::new(),
            server_time: read.server_time,
            contact,
        };
        if let Some(automation) = wants.automations {
            let rows = self.belongings(&read, id, "contactAutomations", lane).await?;
            view.enrollments = rows.all(|row| model::entry(row, Some(id), None))?;
            view.enrollments.retain(|entry| entry.automation == automation);
            oldest_first(&mut view.enrollments);
        }
        if wants.tags {
            let rows = self.nested(id, "contactTags", lane).await?;
            let ids = rows.all(model::tag_id)?.into_iter().collect();
            let names = self.tag_names(&ids).await?;
            view.tags = rows.all(|row| model::tagging(row, &names))?;
            view.contact.tags = tag_names(&view.tags);
        }
        if wants.company {
            let rows = self.belongings(&read, id, "accountContacts", lane).await?;
            let accounts = rows.all(|row| row.id("account").ok_or("a company has no id"))?;
            if let Some(&account) = accounts.first() {
                let name = self.company(account, lane).await?;
                if !name.trim().is_empty() {
                    view.contact.company = name;
                }
            }
        }
        Ok(Some(view))
    }

    /// What came along with contact `id` under `key`; what did not come, or not whole, is asked for.
    async fn belongings(
        &self,
        read: &Read,
        id: ContactId,
        key: &'static str,
        lane: Lane,
    ) -> Result<Rows, CallError> {
        if let Some(rows) = read.optional_rows(key)? {
            let came: BTreeSet<_> = rows.iter().filter_map(|row| row.id("id")).collect();
            let due = read.row().object("contact").map(|contact| contact.ids(key));
            if due.into_iter().flatten().all(|id| came.contains(&id)) {
                let objects = rows.into_iter().filter(|row| row.is_of(id)).map(Row::to_owned);
                return Ok(Rows { objects: objects.collect(), operation: read.operation.clone() });
            }
        }
        self.nested(id, key, lane).await
    }

    /// What `GET /contacts/{id}/{key}` lists.
    async fn nested(
        &self,
        id: ContactId,
        key: &'static str,
        lane: Lane,
    ) -> Result<Rows, CallError> {
        let path = format!("/contacts/{id}/{key}");
        let objects = self.list(&path, key, lane, |row| Ok(row.to_owned())).await?;
        Ok(Rows { objects, operation: Call::get(path).operation() })
    }
}

/// Rows of one kind that belong to one contact.
struct Rows {
    objects: Vec<Object>,
    operation: String,
}

impl Rows {
    fn all<T>(&self, convert: impl Fn(Row) -> Result<T, Problem>) -> Result<Vec<T>, CallError> {
        self.whole(|rows| rows.iter().map(|&row| convert(row)).collect())
    }

    fn whole<T>(&self, convert: impl Fn(&[Row]) -> Result<T, Problem>) -> Result<T, CallError> {
        let rows: Vec<_> = self.objects.iter().map(Row::new).collect();
        convert(&rows).map_err(|problem| answer::unreadable(self.operation.clone(), problem))
    }
}

/// Sorts enrollments by when they began; those that do not say come last, as if seen just now.
pub(super) fn oldest_first(entries: &mut [AutomationEntry]) {
    entries.sort_by_key(|AutomationEntry { enrollment, .. }| {
        (enrollment.entered_at.is_none(), enrollment.entered_at, enrollment.id)
    });
}

/// The names of `tags` that are known, sorted.
pub(super) fn tag_names(tags: &[Tagging]) -> Vec<String> {
    let names: BTreeSet<_> = tags.iter().filter_map(|tag| tag.name.clone()).collect();
    names.into_iter().collect()
}

#[cfg(test)]
mod tests;
