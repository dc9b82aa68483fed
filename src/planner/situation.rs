//! Everything a plan may depend on, as a value.
//!
//! What `ActiveCampaign` says of the contact, what the ledger knows, and what Ploomes showed. Two
//! equal situations give the same plan, byte for byte.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::domain::{Contact, RecordId};

/// Why a lead is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To bring it into Ploomes: company, person, deal, note.
    Bring,
    /// Its contact changed after it was written: person and company only, never a deal.
    Refresh,
    /// A person asked what today's configuration says of it, after it was written: as a refresh,
    /// and the mapped fields of its deal too.
    Replay,
}

/// Companies, and persons, of a contact's other leads that are looked at beside its own.
///
/// A contact has a second one where people deleted the first, where contacts were merged or, of
/// companies, where its employer changed: more than a few are a life's work, or somebody's mistake. Each
/// takes some 25 characters of a search's URL.
const OTHERS_MAX: usize = 8;

/// What is known and seen of one lead.
#[derive(Debug, Clone)]
pub struct Situation {
    /// Why it is looked at.
    pub purpose: Purpose,
    /// The lead key, `<AC host>/<route>/<enrollment>`, written to the lead key field.
    pub lead_key: String,
    /// When the contact entered the route, where AC says so.
    pub entered_at: Option<DateTime<Utc>>,
    /// The lead's number on its route, from 0: owners are taken in turn by it.
    pub turn: u64,
    /// The contact as last observed in AC.
    pub contact: Contact,
    /// The automation's name, for templates; empty on routes without one.
    pub automation: String,
    /// What the ledger knows.
    pub known: Known,
    /// What Ploomes showed.
    pub seen: Seen,
}

/// What the ledger knows of a lead's records.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// The company of this lead, else of the contact's newest lead that has one.
    pub company: Option<RecordId>,
    /// The person of this lead, else of the contact's newest lead on any route that has one.
    pub person: Option<RecordId>,
    /// Companies of the contact's other leads, the newest lead's first: where `company` is gone from
    /// Ploomes, the first of them that is there and fits is the lead's.
    pub other_companies: Vec<RecordId>,
    /// Persons of the contact's other leads, the newest lead's first: where `person` is gone from
    /// Ploomes, the first of them that is there is the lead's.
    pub other_persons: Vec<RecordId>,
    /// The deal of this very lead.
    pub deal: Option<RecordId>,
    /// The companies and persons that ponte wrote into that deal last.
    pub named_on_deal: BTreeSet<RecordId>,
    /// The note of this lead was written, or may have been: it is never written again.
    pub noted: bool,
    /// Deals that other leads in the ledger hold.
    pub held: BTreeSet<RecordId>,
    /// Entry times of this contact's other leads that wait for a deal and are older than this one;
    /// each of them comes before this one when deals of ours are adopted.
    pub older_waiting: Vec<DateTime<Utc>>,
    /// What any route of `ponte` wrote last, by record, then by property or `FieldKey`.
    ///
    /// Left out is what a step's whole list merely carried (see [`super::Step::fields`]), and what
    /// was written last for another contact: two contacts who share a company, or a person, and do
    /// not agree about it would write over each other for ever.
    ///
    /// A native property holds the JSON that was sent; a custom field the item sent for it, such
    /// as `{"FieldKey":"…","StringValue":"…"}`.
    ///
    /// Several, where an answer never came: the record may hold any of them.
    pub written: BTreeMap<RecordId, BTreeMap<String, Vec<Value>>>,
}

impl Known {
    /// What is known by the companies and persons that leads hold: the lead's own first, then those of
    /// its contact's other leads, the newest first.
    pub fn of_leads(held: impl Iterator<Item = [Option<RecordId>; 2]> + Clone) -> Self {
        let (company, other_companies) = first_and_others(held.clone().filter_map(|it| it[0]));
        let (person, other_persons) = first_and_others(held.filter_map(|it| it[1]));
        Self { company, person, other_companies, other_persons, ..Self::default() }
    }

    /// The companies that may be the lead's, the likeliest first.
    pub fn companies(&self) -> impl Iterator<Item = RecordId> {
        self.company.into_iter().chain(self.other_companies.iter().copied())
    }

    /// The persons that may be the lead's: the first that is there is.
    pub fn persons(&self) -> impl Iterator<Item = RecordId> {
        self.person.into_iter().chain(self.other_persons.iter().copied())
    }

    /// The companies and persons that the ledger knows of for this very lead, or would have it hold.
    pub(super) fn contacts(&self) -> impl Iterator<Item = RecordId> {
        let held = [self.company, self.person].into_iter().flatten();
        held.chain(self.named_on_deal.iter().copied())
    }
}

/// The first of some records, and some more that are not the same.
fn first_and_others(held: impl Iterator<Item = RecordId>) -> (Option<RecordId>, Vec<RecordId>) {
    let mut distinct: Vec<RecordId> = Vec::new();
    for id in held {
        if distinct.len() > OTHERS_MAX {
            break;
        }
        if !distinct.contains(&id) {
            distinct.push(id);
        }
    }
    let mut distinct = distinct.into_iter();
    (distinct.next(), distinct.collect())
}

/// What Ploomes showed.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    /// Persons that match by any key, or were asked for by id.
    pub persons: Vec<ContactRecord>,
    /// Companies that match by any key, or were asked for by id.
    pub companies: Vec<ContactRecord>,
    /// Deals of those, open ones and those that our key's user created.
    pub deals: Vec<DealRecord>,
    /// Companies and persons whose deals were read although the first answer did not have them.
    pub deals_read_of: BTreeSet<RecordId>,
    /// The user of our key.
    pub me: Option<RecordId>,
    /// What the deal of this very lead holds, where it is replayed and the deal is there.
    pub deal: Option<DealFields>,
}

/// A company or person in Ploomes.
#[derive(Clone, PartialEq)]
pub struct ContactRecord {
    /// `Id`.
    pub id: RecordId,
    /// Native properties as they came, `Name`, `Email`, `CPF`, `CompanyId`, `OwnerId` and all
    /// others, expanded collections left out; null and absent are both absent.
    pub properties: BTreeMap<String, Value>,
    /// `Phones`, each as it came.
    pub phones: Vec<PhoneRecord>,
    /// `TagId`s of `Tags`.
    pub tags: Vec<RecordId>,
    /// `OtherProperties` as writable items: `FieldKey` and the one slot that holds a value.
    pub other: Vec<OtherProperty>,
    /// `CreateDate`.
    pub created_at: Option<DateTime<Utc>>,
}

/// A phone of a contact in Ploomes.
#[derive(Clone, PartialEq, Eq)]
pub struct PhoneRecord {
    /// `PhoneNumber`, as typed.
    pub number: String,
    /// `SearchPhoneNumber`, the digits.
    pub search: Option<i64>,
    /// `TypeId`.
    pub type_id: Option<i64>,
    /// `CountryId`; 76 is Brazil.
    pub country_id: Option<i64>,
}

/// A custom value in Ploomes.
#[derive(Clone, PartialEq)]
pub struct OtherProperty {
    /// `FieldKey`.
    pub key: String,
    /// The slot's key on the wire, such as `StringValue`, and its value.
    pub slot: String,
    /// The value.
    pub value: Value,
}

/// A deal in Ploomes.
#[derive(Clone, PartialEq)]
pub struct DealRecord {
    /// `Id`.
    pub id: RecordId,
    /// `StatusId` 1.
    pub open: bool,
    /// `ContactId`: a company or a person.
    pub contact: Option<RecordId>,
    /// `PersonId`.
    pub person: Option<RecordId>,
    /// `CreatorId`.
    pub creator: Option<RecordId>,
    /// `CreateDate`.
    pub created_at: Option<DateTime<Utc>>,
    /// The value of the lead key field, where one is configured.
    pub lead_key: Option<String>,
}

/// What a deal in Ploomes holds.
#[derive(Clone, PartialEq)]
pub struct DealFields {
    /// `Id`.
    pub id: RecordId,
    /// Native properties as they came; null and absent are both absent.
    pub properties: BTreeMap<String, Value>,
    /// `OtherProperties` as writable items.
    pub other: Vec<OtherProperty>,
}

impl ContactRecord {
    /// A native property as text; empty where it is absent or no text.
    pub fn text(&self, property: &str) -> &str {
        self.properties.get(property).and_then(Value::as_str).unwrap_or_default()
    }

    /// A native property as an id.
    pub fn id_of(&self, property: &str) -> Option<RecordId> {
        self.properties.get(property).and_then(Value::as_i64).map(RecordId)
    }
}

macro_rules! debug_by_id {
    ($($name:ident),+) => {$(
        impl std::fmt::Debug for $name {
            /// Shows the id only: the rest is personal data.
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.id)
            }
        }
    )+};
}

debug_by_id!(ContactRecord, DealRecord, DealFields);
