//! Reads.
//!
//! What the server says is compared with what was asked: a filter that was ignored is an error or
//! makes no difference, never a finding.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::{
    Expand, Filter, Query,
    answer::{self, Row},
    api::{Api, probe, unusable},
    model::{self, DealView},
    pages::{PAGES_MAX, ROWS_MAX},
    search::DEAL_PROPERTIES,
};
use crate::{
    domain::{Lane, RecordId},
    planner::{ContactRecord, DealRecord},
    transport::{CallError, Limiter, Sender, Standing},
};

/// Records asked for by id in one call: as many as an answer holds. Their ids take about 3 kB of
/// the URL, and servers take 8.
const IDS_MAX: usize = ROWS_MAX;

/// Pages of one such answer, where the server makes them smaller than asked. More is a filter that
/// was ignored.
const ID_PAGES_MAX: usize = 10;

/// Companies and persons whose deals are asked for in one call: each takes two conditions.
const OWNERS_MAX: usize = 20;

/// Reads Ploomes; clones share the limiter.
#[derive(Clone)]
pub struct Reader {
    pub(super) api: Api,
}

impl Reader {
    /// A reader over `sender`.
    pub fn new(sender: Sender) -> Self {
        Self { api: Api::new(sender) }
    }

    /// The limiter that everything to this API goes through.
    pub fn limiter(&self) -> &Limiter {
        self.api.limiter()
    }

    /// How far its clock is ahead, and whether it takes the key.
    pub fn standing(&self) -> &Standing {
        self.api.standing()
    }

    /// Deals of these companies and persons, on either side: open ones, and those `me` made.
    pub async fn deals_of(
        &self,
        contacts: &[RecordId],
        me: Option<RecordId>,
        lead_key_field: Option<&str>,
        lane: Lane,
    ) -> Result<Vec<DealRecord>, CallError> {
        let contacts: BTreeSet<RecordId> = contacts.iter().copied().collect();
        let all: Vec<RecordId> = contacts.iter().copied().collect();
        let is_theirs = |deal: &DealRecord| {
            [deal.contact, deal.person].into_iter().flatten().any(|id| contacts.contains(&id))
        };
        let (mut deals, mut known) = (Vec::new(), BTreeSet::new());
        for some in all.chunks(OWNERS_MAX) {
            let sides = |id: &RecordId| {
                Filter::or([Filter::eq("ContactId", *id), Filter::eq("PersonId", *id)])
            };
            let theirs = Filter::or(some.iter().filter_map(sides));
            let filter = Filter::and(theirs.into_iter().chain([deal_filter(me)]));
            let rows = self
                .api
                .rows(deals_where(filter.as_ref(), lead_key_field), PAGES_MAX, lane)
                .await?;
            let came = rows.iter().filter_map(|row| model::deal(row, lead_key_field));
            // The deal of a company and its person may come twice, once for each.
            deals.extend(
                came.filter(|deal| {
                    is_theirs(deal) && concerns_us(deal, me) && known.insert(deal.id)
                }),
            );
        }
        Ok(deals)
    }

    /// A company or person by id.
    pub async fn contact(
        &self,
        id: RecordId,
        lane: Lane,
    ) -> Result<Option<ContactRecord>, CallError> {
        Ok(self.contacts(&[id], lane).await?.pop())
    }

    /// Companies and persons by id; those that are gone are not in the answer.
    pub async fn contacts(
        &self,
        ids: &[RecordId],
        lane: Lane,
    ) -> Result<Vec<ContactRecord>, CallError> {
        let expands = [Expand::of("Phones"), Expand::of("Tags"), Expand::of("OtherProperties")];
        let rows = self.by_id("/Contacts", &expands, ids, lane).await?;
        Ok(rows.iter().filter_map(model::contact).collect())
    }

    /// A deal by id.
    pub async fn deal(
        &self,
        id: RecordId,
        lead_key_field: Option<&str>,
        lane: Lane,
    ) -> Result<Option<DealView>, CallError> {
        Ok(self.deals(&[id], lead_key_field, lane).await?.pop())
    }

    /// Deals by id; those that are gone are not in the answer.
    pub async fn deals(
        &self,
        ids: &[RecordId],
        lead_key_field: Option<&str>,
        lane: Lane,
    ) -> Result<Vec<DealView>, CallError> {
        let expands = [Expand::of("OtherProperties"), Expand::of("Tags")];
        let rows = self.by_id("/Deals", &expands, ids, lane).await?;
        Ok(rows.iter().filter_map(|row| model::deal_view(row, lead_key_field)).collect())
    }

    /// The newest company or person: a record known to exist, for controls.
    pub async fn newest_contact(&self, lane: Lane) -> Result<Option<RecordId>, CallError> {
        let query = Query::of("/Contacts").order_by("Id desc").top(1).select(&["Id"]);
        Ok(self.page(query, lane).await?.first().and_then(answer::id))
    }

    /// Deals that `creator` made since `since`, by ascending id.
    pub async fn deals_created_since(
        &self,
        creator: RecordId,
        since: DateTime<Utc>,
        lead_key_field: Option<&str>,
        lane: Lane,
    ) -> Result<Vec<DealRecord>, CallError> {
        let filter =
            Filter::and([Filter::eq("CreatorId", creator), Filter::ge("CreateDate", since)]);
        let rows =
            self.api.rows(deals_where(filter.as_ref(), lead_key_field), PAGES_MAX, lane).await?;
        let deals = rows.iter().filter_map(|row| model::deal(row, lead_key_field));
        let mut deals: Vec<DealRecord> = deals
            .filter(|deal| deal.creator == Some(creator))
            .filter(|deal| deal.created_at.is_none_or(|created| created >= since))
            .collect();
        deals.sort_by_key(|deal| deal.id);
        Ok(deals)
    }

    /// Deals that people deleted since `since`.
    pub async fn deleted_deals_since(
        &self,
        since: DateTime<Utc>,
        lane: Lane,
    ) -> Result<Vec<RecordId>, CallError> {
        let filter = Filter::ge("LastUpdateDate", since);
        let query = Query::of("/Deals/GetDeletedDeals").filter(Some(&filter));
        let rows = self.api.rows(query, PAGES_MAX, lane).await?;
        Ok(rows.iter().filter_map(answer::id).collect())
    }

    /// Asks whether the key is taken at all.
    pub async fn account(&self, lane: Lane) -> Result<(), CallError> {
        self.page(probe(), lane).await.map(drop)
    }

    /// The rows of a query that has one page.
    pub(super) async fn page(&self, query: Query, lane: Lane) -> Result<Vec<Row>, CallError> {
        let target = query.target();
        let answer = self.api.get(target.clone(), lane).await?;
        let page = answer::page(&answer.body).map_err(|problem| unusable(&target, problem))?;
        Ok(page.rows)
    }

    /// The rows at `path` that have one of `ids`.
    ///
    /// An answer with others did not obey the filter: what is missing in it proves nothing.
    async fn by_id(
        &self,
        path: &'static str,
        expands: &[Expand],
        ids: &[RecordId],
        lane: Lane,
    ) -> Result<Vec<Row>, CallError> {
        let ids: Vec<RecordId> = ids.iter().copied().collect::<BTreeSet<_>>().into_iter().collect();
        let mut rows = Vec::new();
        for some in ids.chunks(IDS_MAX) {
            let filter = Filter::one_of("Id", some.iter().copied());
            let query = Query::of(path).filter(filter.as_ref()).expand(expands).order_by("Id");
            let target = query.target();
            let came = self.api.rows_until(query, some.len(), ID_PAGES_MAX, lane).await?;
            let is_asked = |row| answer::id(row).is_some_and(|id| some.contains(&id));
            if !came.iter().all(is_asked) {
                return Err(unusable(&target, "rows that were not asked for"));
            }
            rows.extend(came);
        }
        Ok(rows)
    }
}

/// Deals of anybody, with what a plan depends on.
fn deals_where(filter: Option<&Filter>, lead_key_field: Option<&str>) -> Query {
    let query = Query::of("/Deals").filter(filter).select(&DEAL_PROPERTIES);
    let expands = deal_expands(lead_key_field);
    let query = if expands.is_empty() { query } else { query.expand(&expands) };
    query.order_by("Id")
}

/// The custom values of a deal where one of them is the lead key.
///
/// All of them: some accounts refuse a filter on custom values.
pub(super) fn deal_expands(lead_key_field: Option<&str>) -> Vec<Expand> {
    lead_key_field.map(|_| Expand::of("OtherProperties")).into_iter().collect()
}

/// Open deals, and those that `me` made.
pub(super) fn deal_filter(me: Option<RecordId>) -> Filter {
    let open = Filter::eq("StatusId", 1);
    let ours = me.map(|me| Filter::eq("CreatorId", me));
    Filter::or([open.clone()].into_iter().chain(ours)).unwrap_or(open)
}

/// Whether [`deal_filter`] holds for a deal.
pub(super) fn concerns_us(deal: &DealRecord, me: Option<RecordId>) -> bool {
    deal.open || (me.is_some() && deal.creator == me)
}

#[cfg(test)]
mod tests;
