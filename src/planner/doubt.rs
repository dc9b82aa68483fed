//! Whether an unanswered request happened: how to look for what it made, and how to tell it.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, Value};

use super::{
    ContactRecord, DealRecord, Search, Seen, StepKind, keys, matching::CLOCKS_APART_MAX, same,
    search::spellings,
};
use crate::domain::RecordId;

/// How to look for a company or person whose creation went unanswered: by the keys of the request.
pub fn search_of_request(kind: StepKind, request: &Map<String, Value>) -> Search {
    let text = |property: &str| request.get(property).and_then(Value::as_str).unwrap_or_default();
    let name = Some(text("Name").trim().to_owned()).filter(|it| !it.is_empty());
    if kind == StepKind::Company {
        let documents = keys::documents(text("CNPJ"), text("Register"));
        return Search { cnpj: spellings(documents), company: name, ..Search::default() };
    }
    let email = Some(same::email(text("Email"))).filter(|it| !it.is_empty());
    let cpf = spellings(keys::cpf(text("CPF")));
    let phones = phones(request);
    let person_name = name.filter(|_| email.is_none() && cpf.is_empty() && phones.is_empty());
    Search { email, cpf, phones, person_name, ..Search::default() }
}

/// The phones of a request as Ploomes may have made `SearchPhoneNumber` of them: the digits, with
/// the country or without.
fn phones(request: &Map<String, Value>) -> Vec<i64> {
    let items = request.get("Phones").and_then(Value::as_array).into_iter().flatten();
    let numbers = items.filter_map(|item| item.get("PhoneNumber")?.as_str());
    let mut phones = BTreeSet::new();
    for digits in numbers.filter_map(same::digits).map(|it| it.to_string()) {
        let other = match digits.strip_prefix("55") {
            Some(national) if digits.len() > 11 => national.to_owned(),
            _ => format!("55{digits}"),
        };
        phones.extend([digits, other].iter().filter_map(|it| it.parse::<i64>().ok()));
    }
    phones.into_iter().collect()
}

/// The company or person that an unanswered request made, where it is there.
///
/// Not older than the request (clocks may be apart), made by our key's user,
/// and holding what was sent. Several mean that more went wrong: the lowest id is it.
pub fn made_by(
    kind: StepKind,
    request: &Map<String, Value>,
    seen: &Seen,
    sent_at: DateTime<Utc>,
) -> Option<RecordId> {
    let records = if kind == StepKind::Company { &seen.companies } else { &seen.persons };
    let holds = |record: &ContactRecord| {
        let text =
            |it: &str| request.get(it).and_then(Value::as_str).unwrap_or_default().to_owned();
        let email = same::email(&text("Email"));
        same::fold(record.text("Name")) == same::fold(&text("Name"))
            && (email.is_empty() || same::email(record.text("Email")) == email)
    };
    records
        .iter()
        .filter(|it| is_since(it.created_at, sent_at) && is_mine(it.id_of("CreatorId"), seen))
        .filter(|it| holds(it))
        .map(|it| it.id)
        .min()
}

/// The deal that an unanswered request made: ours, under the same contact, that no other lead
/// holds (`held`).
///
/// A deal that carries a lead key is it where the request sent that very key, and never else.
pub fn deal_made_by(
    request: &Map<String, Value>,
    seen: &Seen,
    held: &BTreeSet<RecordId>,
    sent_at: DateTime<Utc>,
) -> Option<RecordId> {
    let key = |deal: &DealRecord| deal.lead_key.clone().filter(|it| !it.trim().is_empty());
    let others = request.get("OtherProperties").and_then(Value::as_array);
    let sent = |key: &str| {
        let mut items = others.into_iter().flatten();
        items.any(|item| item.get("StringValue").and_then(Value::as_str) == Some(key))
    };
    let ours =
        || seen.deals.iter().filter(|it| !held.contains(&it.id) && is_mine(it.creator, seen));
    let by_key = ours().filter(|it| key(it).is_some_and(|key| sent(&key))).map(|it| it.id).min();
    let id_in = |property: &str| request.get(property).and_then(Value::as_i64).map(RecordId);
    let is_under = |deal: &DealRecord| {
        let person = id_in("PersonId");
        deal.contact == id_in("ContactId")
            && (person.is_none() || deal.person.is_none() || deal.person == person)
    };
    by_key.or_else(|| {
        ours()
            .filter(|it| key(it).is_none() && is_since(it.created_at, sent_at) && is_under(it))
            .map(|it| it.id)
            .min()
    })
}

fn is_since(created_at: Option<DateTime<Utc>>, sent_at: DateTime<Utc>) -> bool {
    // And a minute more for the way there: what is too old counts as never made, and is made twice;
    // what is a little too young still has our user, the same name and no lead of its own.
    created_at.is_some_and(|it| it >= sent_at - CLOCKS_APART_MAX - TimeDelta::minutes(1))
}

/// Whether our key's user made a record, as far as is known.
fn is_mine(creator: Option<RecordId>, seen: &Seen) -> bool {
    match (creator, seen.me) {
        (Some(creator), Some(me)) => creator == me,
        _ => true,
    }
}

#[cfg(test)]
mod tests;
