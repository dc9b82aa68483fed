//! The one call that shows everything that could be a lead's person, company or deal.

use std::collections::BTreeSet;

use super::{
    Expand, Filter, Query,
    answer::Row,
    api::unusable,
    keys::{Keys, Kind, documents, is_asked, phones},
    model,
    reader::{Reader, concerns_us, deal_expands, deal_filter},
};
use crate::{
    domain::{Lane, RecordId},
    planner::{ContactRecord, DealRecord, Search},
    transport::CallError,
};

/// Pages of one search: 3,000 records that share a lead's keys are no answer but a filter that was
/// ignored, and the quota is not spent on reading the whole account.
const PAGES_MAX: usize = 10;

/// Everything of a deal that a plan depends on.
pub(super) const DEAL_PROPERTIES: [&str; 9] = [
    "Id",
    "Title",
    "StatusId",
    "ContactId",
    "PersonId",
    "CreatorId",
    "CreateDate",
    "PipelineId",
    "StageId",
];

/// What a search found.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Found {
    /// `TypeId` 1. A control record that no key asked for is left out.
    pub companies: Vec<ContactRecord>,
    /// `TypeId` 2. A control record that no key asked for is left out.
    pub persons: Vec<ContactRecord>,
    /// Their deals: open ones, and those that our key's user made.
    pub deals: Vec<DealRecord>,
    /// Whether one of the control ids was in the answer: only then is its emptiness proof.
    pub control_seen: bool,
}

impl Reader {
    /// Everything that could be a lead's person, company or deal, in one call.
    ///
    /// The deals are those whose `ContactId` is a record of the answer; those that are a person's
    /// by `PersonId` alone are read with [`Reader::deals_of`]. Nothing is asked, and nothing found,
    /// where there is neither a key nor a control.
    pub async fn find(
        &self,
        search: &Search,
        controls: &[RecordId],
        me: Option<RecordId>,
        lead_key_field: Option<&str>,
        lane: Lane,
    ) -> Result<Found, CallError> {
        let mut found = Found::default();
        let Some(filter) = asked(search, controls) else { return Ok(found) };
        let query = query(&filter, me, lead_key_field);
        let target = query.target();
        let rows = self.api.rows(query, PAGES_MAX, lane).await?;

        let (keys, mut deals_missing, mut known) = (Keys::of(search), Vec::new(), BTreeSet::new());
        for row in &rows {
            let Some(record) = model::contact(row) else { continue };
            found.control_seen |= controls.contains(&record.id);
            if !keys.fit(&record) {
                continue;
            }
            if has_all_deals(row) {
                let deals =
                    model::list(row, "Deals").filter_map(|it| model::deal(it, lead_key_field));
                found
                    .deals
                    .extend(deals.filter(|deal| concerns_us(deal, me) && known.insert(deal.id)));
            } else {
                deals_missing.push(record.id);
            }
            match Kind::of(&record) {
                Some(Kind::Company) => found.companies.push(record),
                Some(Kind::Person) => found.persons.push(record),
                // Left out, it would pass for a record that people deleted.
                None => return Err(unusable(&target, "a record without `TypeId`")),
            }
        }
        let more = self.deals_of(&deals_missing, me, lead_key_field, lane).await?;
        found.deals.extend(more.into_iter().filter(|deal| known.insert(deal.id)));
        Ok(found)
    }
}

/// Whether a row came with its deals, and with all of them.
///
/// A deal that is not seen would be made a second time: a null is none that came.
fn has_all_deals(row: &Row) -> bool {
    row.contains_key("Deals") && !row.contains_key("Deals@odata.nextLink")
}

fn query(filter: &Filter, me: Option<RecordId>, lead_key_field: Option<&str>) -> Query {
    let mut deals = Expand::of("Deals").select(&DEAL_PROPERTIES);
    let inner = deal_expands(lead_key_field);
    if !inner.is_empty() {
        deals = deals.expand(&inner);
    }
    let deals = deals.filter(&deal_filter(me));
    let expands = [Expand::of("Phones"), Expand::of("Tags"), Expand::of("OtherProperties"), deals];
    Query::of("/Contacts").filter(Some(filter)).expand(&expands).order_by("Id")
}

/// A person by a person's keys, a company by a company's, and any record by its id.
fn asked(search: &Search, controls: &[RecordId]) -> Option<Filter> {
    let eq = |property: &'static str| move |text: &String| Filter::eq(property, text.as_str());
    let text = |key: &'_ Option<String>| key.clone().filter(|it| is_asked(it));
    let person: Vec<Filter> = text(&search.email)
        .iter()
        .map(eq("Email"))
        .chain(documents(&search.cpf).map(eq("CPF")))
        .chain(phones(search).map(|it| Filter::any("Phones", "SearchPhoneNumber", it)))
        .chain(text(&search.person_name).iter().map(eq("Name")))
        .collect();
    let company: Vec<Filter> = documents(&search.cnpj)
        .flat_map(|it| [eq("CNPJ")(it), eq("Register")(it)])
        .chain(text(&search.company).iter().map(eq("Name")))
        .collect();

    let of_kind = |kind: Kind, keys: Vec<Filter>| {
        Filter::and([Filter::eq("TypeId", kind.type_id()), Filter::or(keys)?])
    };
    let ids: BTreeSet<RecordId> = search.ids.iter().chain(controls).copied().collect();
    let of_kinds = [of_kind(Kind::Person, person), of_kind(Kind::Company, company)];
    Filter::or(of_kinds.into_iter().flatten().chain(ids.into_iter().map(|id| Filter::eq("Id", id))))
}

#[cfg(test)]
mod tests;
