//! Reads of many records at once: what of them still stands, what changed, what somebody made.
//!
//! What is missing in an answer is gone only where the answer is proved to be one: under
//! throttling Ploomes was seen to answer 200 with nothing.

use chrono::{DateTime, Utc};

use super::{
    DealView, Expand, Filter, Query,
    answer::{self, Row},
    api::unusable,
    model,
    pages::ROWS_MAX,
    reader::Reader,
};
use crate::{
    domain::{Lane, RecordId},
    planner::ContactRecord,
    transport::CallError,
};

/// Records asked for by id in one call, with room for one that is known to exist.
pub const AT_ONCE: usize = ROWS_MAX - 1;

/// Companies and persons.
const CONTACTS: &str = "/Contacts";

/// Deals.
const DEALS: &str = "/Deals";

impl Reader {
    /// Those of up to [`AT_ONCE`] companies and persons that are there; the others are gone.
    pub async fn standing_contacts(
        &self,
        ids: &[RecordId],
        lane: Lane,
    ) -> Result<Vec<ContactRecord>, CallError> {
        let there = self.contacts(ids, lane).await?;
        if !there.is_empty() || ids.is_empty() {
            return Ok(there);
        }
        let Some(control) = self.control(CONTACTS, lane).await? else { return Ok(there) };
        let asked: Vec<RecordId> = ids.iter().copied().chain([control]).collect();
        let mut there = self.contacts(&asked, lane).await?;
        is_proof(CONTACTS, there.iter().any(|it| it.id == control))?;
        there.retain(|it| ids.contains(&it.id));
        Ok(there)
    }

    /// The same of deals.
    pub async fn standing_deals(
        &self,
        ids: &[RecordId],
        lead_key_field: Option<&str>,
        lane: Lane,
    ) -> Result<Vec<DealView>, CallError> {
        let there = self.deals(ids, lead_key_field, lane).await?;
        if !there.is_empty() || ids.is_empty() {
            return Ok(there);
        }
        let Some(control) = self.control(DEALS, lane).await? else { return Ok(there) };
        let asked: Vec<RecordId> = ids.iter().copied().chain([control]).collect();
        let mut there = self.deals(&asked, lead_key_field, lane).await?;
        is_proof(DEALS, there.iter().any(|it| it.record.id == control))?;
        there.retain(|it| ids.contains(&it.record.id));
        Ok(there)
    }

    /// Companies and persons that changed since `since`: the newest changes first, about `most` of
    /// them.
    pub async fn contacts_changed_since(
        &self,
        since: DateTime<Utc>,
        most: usize,
        lane: Lane,
    ) -> Result<Vec<ContactRecord>, CallError> {
        let rows = self.changed(CONTACTS, since, most, lane).await?;
        Ok(rows.iter().filter_map(model::contact).collect())
    }

    /// The same of deals.
    pub async fn deals_changed_since(
        &self,
        since: DateTime<Utc>,
        lead_key_field: Option<&str>,
        most: usize,
        lane: Lane,
    ) -> Result<Vec<DealView>, CallError> {
        let rows = self.changed(DEALS, since, most, lane).await?;
        Ok(rows.iter().filter_map(|row| model::deal_view(row, lead_key_field)).collect())
    }

    /// Companies and persons that `creator` made since `since`, the oldest first, about `most` of
    /// them, each with its time.
    pub async fn contacts_made_since(
        &self,
        creator: RecordId,
        since: DateTime<Utc>,
        most: usize,
        lane: Lane,
    ) -> Result<Vec<(RecordId, DateTime<Utc>)>, CallError> {
        self.made(CONTACTS, creator, since, most, lane).await
    }

    /// The same of deals.
    pub async fn deals_made_since(
        &self,
        creator: RecordId,
        since: DateTime<Utc>,
        most: usize,
        lane: Lane,
    ) -> Result<Vec<(RecordId, DateTime<Utc>)>, CallError> {
        self.made(DEALS, creator, since, most, lane).await
    }

    async fn changed(
        &self,
        path: &'static str,
        since: DateTime<Utc>,
        most: usize,
        lane: Lane,
    ) -> Result<Vec<Row>, CallError> {
        let filter = Filter::ge("LastUpdateDate", since);
        let mut expands = vec![Expand::of("Tags"), Expand::of("OtherProperties")];
        if path == CONTACTS {
            expands.push(Expand::of("Phones"));
        }
        let query = Query::of(path)
            .filter(Some(&filter))
            .expand(&expands)
            .order_by("LastUpdateDate desc,Id desc");
        self.api.rows_until(query, most, pages(most), lane).await
    }

    async fn made(
        &self,
        path: &'static str,
        creator: RecordId,
        since: DateTime<Utc>,
        most: usize,
        lane: Lane,
    ) -> Result<Vec<(RecordId, DateTime<Utc>)>, CallError> {
        let filter =
            Filter::and([Filter::eq("CreatorId", creator), Filter::ge("CreateDate", since)]);
        let query = Query::of(path)
            .filter(filter.as_ref())
            .select(&["Id", "CreatorId", "CreateDate"])
            .order_by("CreateDate,Id");
        let rows = self.api.rows_until(query, most, pages(most), lane).await?;
        // Compared again, lest a filter that was ignored makes everybody's records ours.
        let ours = rows.iter().filter(|row| model::creator(row) == Some(creator));
        Ok(ours
            .filter_map(|row| Some((answer::id(row)?, model::created_at(row)?)))
            .filter(|(_, at)| *at >= since)
            .collect())
    }

    /// The newest company or person; `None` where the account has none, which is proved.
    pub async fn proved_newest_contact(&self, lane: Lane) -> Result<Option<RecordId>, CallError> {
        self.control("/Contacts", lane).await
    }

    /// The newest record at `path`; `None` where the account has none, which is proved.
    async fn control(&self, path: &'static str, lane: Lane) -> Result<Option<RecordId>, CallError> {
        let newest = || Query::of(path).order_by("Id desc").top(1).select(&["Id"]);
        let first = |rows: &[Row]| rows.first().and_then(answer::id);
        if let Some(newest) = first(&self.page(newest(), lane).await?) {
            return Ok(Some(newest));
        }
        // Whose key it is has an answer always: after that, nothing is nothing.
        let me = self.page(Query::of("/Self"), lane).await?;
        is_proof("/Self", !me.is_empty())?;
        Ok(first(&self.page(newest(), lane).await?))
    }
}

fn is_proof(path: &'static str, shown: bool) -> Result<(), CallError> {
    if shown { Ok(()) } else { Err(unusable(path, "not even a record that is known to exist")) }
}

/// Pages for so many rows, where the server makes them a tenth as large as asked.
const fn pages(most: usize) -> usize {
    most.div_ceil(ROWS_MAX) * 10
}

#[cfg(test)]
mod tests;
