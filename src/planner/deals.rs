//! Which deal is this lead's already, and whether a new one is withheld.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    ContactRecord, DealRecord, Purpose, Situation, StepKind,
    found::{How, Who},
};
use crate::{
    domain::{Existing, RecordId},
    rules::{Derived, Policy},
};

/// How far Ploomes' clock may be behind AC's, or ours, when ages are compared.
///
/// All three keep network time; a minute is more than such clocks differ, and less than two passes
/// of one contact through an automation lie apart.
pub(super) const CLOCKS_APART_MAX: TimeDelta = TimeDelta::minutes(1);

/// A deal that is this lead's, and why.
pub(super) struct Own {
    pub(super) deal: RecordId,
    pub(super) why: &'static str,
}

/// Finds the deal that ponte made for this lead and does not remember.
///
/// Only deals that our key's user made and no other lead holds: by the lead key where the deal has
/// one, else by age.
pub(super) fn own(who: &Who<'_>, situation: &Situation) -> Option<Own> {
    let by_key = own_by_key(situation)
        .map(|deal| Own { deal, why: "a deal of ours carries this lead's key" });
    by_key.or_else(|| {
        let deal = own_by_age(who, situation)?;
        Some(Own { deal, why: "a deal of ours, not older than the enrollment, that no lead holds" })
    })
}

/// The deal that carries this lead's key.
fn own_by_key(situation: &Situation) -> Option<RecordId> {
    let key = Some(situation.lead_key.as_str());
    ours(situation).filter(|deal| lead_key(deal) == key).map(|deal| deal.id).min()
}

/// A deal of this very person that is not older than the enrollment. Each of the contact's older
/// leads that still wait takes the oldest that fits it first, so that the oldest enrollment gets
/// the oldest deal.
fn own_by_age(who: &Who<'_>, situation: &Situation) -> Option<RecordId> {
    let known = &situation.known;
    let persons = persons(who, situation);
    let companies: BTreeSet<RecordId> =
        who.company.iter().map(|it| it.record.id).chain(known.company).collect();
    let is_of_person = |deal: &DealRecord| match deal.person {
        Some(person) => persons.contains(&person),
        None => deal.contact.is_some_and(|it| persons.contains(&it) || companies.contains(&it)),
    };
    let mut free: Vec<(DateTime<Utc>, RecordId)> = ours(situation)
        .filter(|deal| lead_key(deal).is_none() && is_of_person(deal))
        .filter_map(|deal| Some((deal.created_at?, deal.id)))
        .collect();
    free.sort_unstable();
    free.dedup();
    let mut earlier = known.older_waiting.clone();
    earlier.sort_unstable();
    for entered_at in earlier {
        if let Some(taken) = fits(&free, Some(entered_at)) {
            free.remove(taken);
        }
    }
    Some(free[fits(&free, situation.entered_at)?].1)
}

/// Deals that our key's user made and no other lead holds.
fn ours(situation: &Situation) -> impl Iterator<Item = &DealRecord> {
    let (known, seen) = (&situation.known, &situation.seen);
    let is_ours = |deal: &&DealRecord| seen.me.is_some() && deal.creator == seen.me;
    seen.deals.iter().filter(is_ours).filter(|deal| !known.held.contains(&deal.id))
}

/// The persons whose deals can be this lead's: every one that its key fits, since the oldest of
/// them may have come to light after the deal was made; and the ledger's, deleted or not.
fn persons(who: &Who<'_>, situation: &Situation) -> BTreeSet<RecordId> {
    let found = who.person.iter().flat_map(|it| it.candidates.iter().copied());
    found.chain(situation.known.person).collect()
}

/// Where the oldest deal stands that is not older than an enrollment.
fn fits(free: &[(DateTime<Utc>, RecordId)], entered_at: Option<DateTime<Utc>>) -> Option<usize> {
    let earliest = entered_at.map(|it| it - CLOCKS_APART_MAX);
    free.iter().position(|(created_at, _)| earliest.is_none_or(|it| *created_at >= it))
}

fn lead_key(deal: &DealRecord) -> Option<&str> {
    deal.lead_key.as_deref().map(str::trim).filter(|it| !it.is_empty())
}

/// The open deal that withholds a new one: of the person or the company, in any pipeline.
///
/// A company that only has the same name may be another one: its deals count only where the person
/// belongs to it. The company that the person belongs to in Ploomes always counts.
pub(super) fn open_one(who: &Who<'_>, situation: &Situation) -> Option<RecordId> {
    let person = who.person.as_ref().map(|it| it.record);
    let employer = person.and_then(employer);
    let company = who.company.as_ref().filter(|it| it.how != How::Name).map(|it| it.record.id);
    let counting: BTreeSet<RecordId> =
        person.map(|it| it.id).into_iter().chain(employer).chain(company).collect();
    let counts = |it: Option<RecordId>| it.is_some_and(|it| counting.contains(&it));
    let open = situation.seen.deals.iter().filter(|deal| deal.open);
    open.filter(|deal| counts(deal.contact) || counts(deal.person)).map(|deal| deal.id).min()
}

/// Companies and persons whose deals must be read too before planning.
///
/// The first answer holds the deals of each company and person in it, but of a person only those
/// whose client (`ContactId`) they are. What it cannot show is a deal whose client is a company
/// that is not in the answer, with this person beside it (`PersonId`). That matters in two cases,
/// and only for a person who exists, and where the first answer has not decided already:
///
/// * The guard asks for open deals of the company that the person belongs to. Where that company
///   is not in the answer, it costs one more call.
/// * Our own deal of this lead, which a restored ledger has forgotten, may stand under a company
///   that no longer is found: it was renamed, or the contact changed employers. The person was
///   linked to a company before that deal was made, so only a person with a company can have one;
///   or any person where the route leaves existing persons as they are, and links none.
///
/// A lead that holds its deal needs no other; but where its person or company is gone from Ploomes,
/// the deal is read to see whether it still names what is gone.
///
/// All other leads pay nothing: new persons, persons without a company, and persons whose company
/// is the one that was found.
pub fn more_deals(
    policy: &Policy,
    derived: &Derived,
    situation: &Situation,
) -> Option<Vec<RecordId>> {
    let seen = &situation.seen;
    let brings = situation.purpose == Purpose::Bring && derived.failure.is_none();
    if !brings || !policy.behaviour.has_deal() {
        return None;
    }
    if situation.known.deal.is_some() {
        let gone = gone(situation);
        let unread: Vec<RecordId> = gone.difference(&seen.deals_read_of).copied().collect();
        return (!unread.is_empty()).then_some(unread);
    }
    let who = Who::is_there(policy, derived, situation);
    let person = who.person.as_ref()?.record;
    let employer = employer(person);
    let is_read = |id: RecordId| {
        seen.deals_read_of.contains(&id) || seen.companies.iter().any(|it| it.id == id)
    };
    let unread = employer.filter(|it| !is_read(*it));
    let guarded = unread.filter(|_| policy.skip_if_open_deal);
    let is_unlinked = employer.is_none() && policy.existing == Existing::Leave;
    let renamed = derived.company.is_some() && who.company.is_none();
    let forgotten = policy.behaviour.has_company() && (unread.is_some() || is_unlinked && renamed);
    // Not by age: which deals other leads hold may be looked up after this.
    let is_decided = || {
        own_by_key(situation).is_some()
            || policy.skip_if_open_deal && open_one(&who, situation).is_some()
    };
    if guarded.is_none() && !forgotten || seen.deals_read_of.contains(&person.id) || is_decided() {
        return None;
    }
    Some(guarded.into_iter().chain([person.id]).collect())
}

/// The companies and persons that the ledger knows of and Ploomes does not have any more.
fn gone(situation: &Situation) -> BTreeSet<RecordId> {
    let seen = &situation.seen;
    let is_there =
        |id: RecordId| seen.persons.iter().chain(&seen.companies).any(|record| record.id == id);
    situation.known.contacts().filter(|id| !is_there(*id)).collect()
}

/// What the lead's own deal names that is gone from Ploomes, where it is open: the property, and
/// what is to take the place.
pub(super) fn lost_links(situation: &Situation, deal: RecordId) -> Vec<(&'static str, StepKind)> {
    let own = situation.seen.deals.iter().find(|it| it.id == deal && it.open);
    let Some(own) = own else { return Vec::new() };
    let (gone, known) = (gone(situation), &situation.known);
    // The client is a company where there is one.
    let named =
        [("ContactId", own.contact, StepKind::Company), ("PersonId", own.person, StepKind::Person)];
    let lost = named.into_iter().filter_map(|(property, id, kind)| {
        let id = id.filter(|id| gone.contains(id))?;
        Some((property, if Some(id) == known.person { StepKind::Person } else { kind }))
    });
    lost.collect()
}

/// The company that a person belongs to in Ploomes.
fn employer(person: &ContactRecord) -> Option<RecordId> {
    person.id_of("CompanyId").filter(|it| it.0 != 0)
}
