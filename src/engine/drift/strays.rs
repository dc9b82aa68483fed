//! What our key made and the ledger does not know, and what there is twice.
//!
//! Two deals of ours are a double where they carry the same lead's key, or else have the same
//! title, client and person; two persons of ours where they have the same e-mail. What the ledger
//! does not know and is no double is an orphan: it is adopted when its lead is planned, if it has
//! one.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::{Finding, LANE, Look, OVERLAP, records::Record};
use crate::{
    domain::RecordId,
    engine::{observe::ObserveError, shared::Shared},
    ledger::{
        Connection, LedgerError, contact,
        drift::{self, Entity, Kind},
        journal::{self, OpenStep},
        lead,
    },
    planner::{self, ContactRecord, DealRecord, Seen, StepKind},
    ploomes::DealView,
};

/// Records of ours, of either set, that are asked for since the last run: five calls. The next run
/// goes on where this one stopped.
const MADE_MAX: usize = 1_500;

/// Up to when what our key made was looked at, of either set.
const MADE_CONTACTS: &str = "made_contacts";
const MADE_DEALS: &str = "made_deals";

/// A record among those that may be doubles of one another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Member {
    record: StepKind,
    id: RecordId,
    created_at: Option<DateTime<Utc>>,
    /// The lead that holds it.
    lead: Option<String>,
}

impl Member {
    pub(super) fn held(
        record: StepKind,
        id: RecordId,
        created_at: Option<DateTime<Utc>>,
        lead: &str,
    ) -> Self {
        Self { record, id, created_at, lead: Some(lead.to_owned()) }
    }

    fn unknown(record: StepKind, id: RecordId, created_at: Option<DateTime<Utc>>) -> Self {
        Self { record, id, created_at, lead: None }
    }
}

/// What is wrong with records that stand for the same: all but the oldest are doubles, and one that
/// no lead holds is an orphan. With each double comes its older twin.
fn sort_out(mut members: Vec<Member>) -> Vec<(Finding, Option<RecordId>)> {
    members.sort_by_key(|it| (it.created_at.is_none(), it.created_at, it.id));
    let lead = members.iter().find_map(|it| it.lead.clone());
    let Some(oldest) = members.first().map(|it| it.id) else { return Vec::new() };
    let found = |it: Member, kind| {
        let lead = if kind == Kind::Orphan { None } else { it.lead.or_else(|| lead.clone()) };
        Finding { lead, record: it.record, id: it.id, kind }
    };
    let mut found_all = Vec::new();
    for member in members {
        if member.id != oldest {
            found_all.push((found(member, Kind::Duplicated), Some(oldest)));
        } else if lead.is_none() {
            found_all.push((found(member, Kind::Orphan), None));
        }
    }
    found_all
}

/// Records that the ledger does not know, and the creates that were open at that moment: one of
/// them may have made such a record.
pub(super) struct Unknown {
    pub(super) ids: Vec<RecordId>,
    pub(super) open: Vec<OpenStep>,
}

/// Those of the records that the ledger does not know.
pub(super) async fn unknown(
    shared: &Shared,
    entity: Entity,
    ids: Vec<RecordId>,
) -> Result<Unknown, LedgerError> {
    shared
        .ledger
        .read(move |conn| {
            let mut unknown = Vec::new();
            for id in ids {
                if !drift::is_known(conn, entity, id)? {
                    unknown.push(id);
                }
            }
            Ok(Unknown { ids: unknown, open: drift::open_creates(conn)? })
        })
        .await
}

/// Records of ours that the ledger does not know.
struct Strays {
    there: Vec<Record>,
    open: Vec<OpenStep>,
    /// Where the next run goes on.
    next: DateTime<Utc>,
}

impl Look<'_> {
    /// Looks for orphans and doubles.
    pub(super) async fn strays(&mut self) -> Result<(), ObserveError> {
        let Some(me) = self.me else {
            self.drift.doubts.push("whose key it is is not known".to_owned());
            return Ok(());
        };
        let (contacts, deals) =
            (self.unknown(me, Entity::Contact).await?, self.unknown(me, Entity::Deal).await?);
        let mut persons = Vec::new();
        let mut groups = Vec::new();
        for contact in without_open_contacts(contacts.there, &contacts.open, me) {
            match kind_of(&contact) {
                StepKind::Person if !contact.text("Email").trim().is_empty() => {
                    persons.push(contact);
                }
                kind => groups.push(vec![Member::unknown(kind, contact.id, contact.created_at)]),
            }
        }
        self.add_persons(me, persons).await?;
        let persons = std::mem::take(&mut self.persons).into_values();
        groups.extend(persons.map(|group| group.into_values().collect()));
        let mut found: Vec<(Entity, Finding, Option<RecordId>)> = Vec::new();
        let in_set =
            |entity| move |(finding, twin): (Finding, Option<RecordId>)| (entity, finding, twin);
        found.extend(groups.into_iter().flat_map(sort_out).map(in_set(Entity::Contact)));
        let unknown = without_open_deals(deals.there, &deals.open, me);
        let groups = self.deals_in_groups(unknown).await?;
        found.extend(groups.into_iter().flat_map(sort_out).map(in_set(Entity::Deal)));
        self.remember_strays(found);
        self.set_mark(MADE_CONTACTS, contacts.next.timestamp_millis());
        self.set_mark(MADE_DEALS, deals.next.timestamp_millis());
        Ok(())
    }

    /// Records that our key made and the ledger does not know: made since the last run, and found
    /// by earlier ones. Those that are gone again are left out.
    async fn unknown(&self, me: RecordId, entity: Entity) -> Result<Strays, ObserveError> {
        let mark = match entity {
            Entity::Contact => MADE_CONTACTS,
            Entity::Deal => MADE_DEALS,
        };
        let since = self.mark_time(mark).await?.unwrap_or(self.scope.since - OVERLAP);
        let reader = &self.shared.reader;
        let made = match entity {
            Entity::Contact => {
                self.tried(|| reader.contacts_made_since(me, since, MADE_MAX, LANE)).await?
            }
            Entity::Deal => {
                self.tried(|| reader.deals_made_since(me, since, MADE_MAX, LANE)).await?
            }
        };
        // A full answer ends somewhere before now; one that did not get on is not gone on with.
        let read_to = made.last().map(|(_, at)| *at);
        let read_to = read_to.filter(|at| made.len() >= MADE_MAX && *at > since);
        let next = read_to.unwrap_or(self.scope.started - OVERLAP);
        let earlier = self.remembered.iter().filter(|it| it.entity == entity);
        let earlier = earlier.filter(|it| it.kind != Kind::Deleted);
        let earlier = earlier.flat_map(|it| [Some(it.record), it.twin]).flatten();
        let ids: BTreeSet<RecordId> = made.iter().map(|(id, _)| *id).chain(earlier).collect();
        let Unknown { ids, open } = unknown(self.shared, entity, ids.into_iter().collect()).await?;
        Ok(Strays { there: self.standing(entity, &ids).await?, open, next })
    }

    /// Puts persons whom the ledger does not know beside those who have the same e-mail.
    async fn add_persons(
        &mut self,
        me: RecordId,
        unknown: Vec<ContactRecord>,
    ) -> Result<(), ObserveError> {
        let email = |it: &ContactRecord| it.text("Email").trim().to_lowercase();
        let keys: Vec<_> = unknown
            .iter()
            .map(|it| self.shared.ledger.keyed(&contact::email_key(it.text("Email"))))
            .collect();
        let known = self
            .shared
            .ledger
            .read(move |conn| {
                let mut known = BTreeMap::new();
                for key in keys {
                    for id in drift::persons_with_email(conn, &key)? {
                        if let Some(holder) = drift::holder(conn, Entity::Contact, id, None)? {
                            known.insert(id, holder.key);
                        }
                    }
                }
                Ok(known)
            })
            .await?;
        let ids: Vec<RecordId> = known.keys().copied().collect();
        for record in self.standing(Entity::Contact, &ids).await? {
            let Record::Contact(person) = record else { continue };
            if person.id_of("CreatorId") == Some(me) {
                let lead = &known[&person.id];
                let member = Member::held(StepKind::Person, person.id, person.created_at, lead);
                self.persons.entry(email(&person)).or_default().insert(person.id, member);
            }
        }
        for person in unknown {
            let member = Member::unknown(StepKind::Person, person.id, person.created_at);
            self.persons.entry(email(&person)).or_default().insert(person.id, member);
        }
        Ok(())
    }

    /// Puts deals that the ledger does not know beside the deal of which each may be a double.
    async fn deals_in_groups(
        &self,
        unknown: Vec<DealView>,
    ) -> Result<Vec<Vec<Member>>, ObserveError> {
        let (unknown, twins) = self
            .shared
            .ledger
            .read(move |conn| {
                let twins: Result<Vec<_>, _> = unknown.iter().map(|it| twin(conn, it)).collect();
                Ok((unknown, twins?))
            })
            .await?;
        let ids: BTreeSet<RecordId> = twins.iter().flatten().map(|(id, _)| *id).collect();
        let ids: Vec<RecordId> = ids.into_iter().collect();
        let there: BTreeMap<RecordId, Option<DateTime<Utc>>> = self
            .standing(Entity::Deal, &ids)
            .await?
            .iter()
            .map(|it| (it.id(), it.created_at()))
            .collect();
        let mut groups: BTreeMap<String, Vec<Member>> = BTreeMap::new();
        for (deal, twin) in unknown.into_iter().zip(twins) {
            let (id, created_at) = (deal.record.id, deal.record.created_at);
            let twin = twin.and_then(|(id, lead)| Some((id, *there.get(&id)?, lead)));
            let name = match (&twin, lead_key(&deal.record)) {
                (Some((twin, ..)), _) => format!("twin {twin}"),
                (None, Some(key)) => format!("key {key}"),
                (None, None) => format!("alone {id}"),
            };
            let group = groups.entry(name).or_default();
            if let (Some((twin, created_at, lead)), true) = (&twin, group.is_empty()) {
                group.push(Member::held(StepKind::Deal, *twin, *created_at, lead));
            }
            group.push(Member::unknown(StepKind::Deal, id, created_at));
        }
        Ok(groups.into_values().collect())
    }

    /// Keeps what was found, and forgets what earlier runs found and this one did not.
    fn remember_strays(&mut self, found: Vec<(Entity, Finding, Option<RecordId>)>) {
        let lasting: BTreeSet<(Kind, Entity, RecordId)> =
            found.iter().map(|(entity, it, _)| (it.kind, *entity, it.id)).collect();
        for (entity, finding, twin) in found {
            self.find(entity, finding, twin);
        }
        if !self.complete {
            return;
        }
        let earlier: Vec<_> = self
            .remembered
            .iter()
            .filter(|it| it.kind != Kind::Deleted)
            .map(|it| (it.kind, it.entity, it.record))
            .filter(|it| !lasting.contains(it))
            .collect();
        for (kind, entity, record) in earlier {
            self.forget(kind, entity, record);
        }
    }
}

fn kind_of(contact: &ContactRecord) -> StepKind {
    const COMPANY: i64 = 1;
    match contact.properties.get("TypeId").and_then(Value::as_i64) {
        Some(COMPANY) => StepKind::Company,
        _ => StepKind::Person,
    }
}

/// Without what a write made whose answer is not in the ledger yet: it is looked for elsewhere.
fn without_open_contacts(
    records: Vec<Record>,
    open: &[OpenStep],
    me: RecordId,
) -> Vec<ContactRecord> {
    let contacts = records.into_iter().filter_map(|it| match it {
        Record::Contact(contact) => Some(contact),
        Record::Deal(_) => None,
    });
    let (companies, persons): (Vec<_>, Vec<_>) =
        contacts.partition(|it| kind_of(it) == StepKind::Company);
    let mut seen = Seen { companies, persons, me: Some(me), ..Seen::default() };
    for step in open.iter().filter(|it| it.kind != StepKind::Deal) {
        let made = planner::made_by(step.kind, &step.request, &seen, step.sent_at);
        seen.companies.retain(|it| Some(it.id) != made);
        seen.persons.retain(|it| Some(it.id) != made);
    }
    seen.companies.into_iter().chain(seen.persons).collect()
}

/// The same of deals.
pub(super) fn without_open_deals(
    records: Vec<Record>,
    open: &[OpenStep],
    me: RecordId,
) -> Vec<DealView> {
    let deals = records.into_iter().filter_map(|it| match it {
        Record::Deal(deal) => Some(deal),
        Record::Contact(_) => None,
    });
    let mut deals: Vec<DealView> = deals.collect();
    let mut seen = Seen {
        deals: deals.iter().map(|it| it.record.clone()).collect(),
        me: Some(me),
        ..Seen::default()
    };
    for step in open.iter().filter(|it| it.kind == StepKind::Deal) {
        let made = planner::deal_made_by(&step.request, &seen, &BTreeSet::new(), step.sent_at);
        seen.deals.retain(|it| Some(it.id) != made);
        deals.retain(|it| Some(it.record.id) != made);
    }
    deals
}

fn lead_key(deal: &DealRecord) -> Option<&str> {
    deal.lead_key.as_deref().map(str::trim).filter(|it| !it.is_empty())
}

/// The deal of a lead that a deal of ours doubles, and the lead.
fn twin(conn: &Connection, deal: &DealView) -> Result<Option<(RecordId, String)>, LedgerError> {
    if let Some((_host, key)) = lead_key(&deal.record).and_then(|key| key.split_once('/')) {
        let lead = lead::by_key(conn, key)?;
        return Ok(lead.and_then(|lead| Some((lead.deal?, lead.key))));
    }
    let named = [deal.record.contact, deal.record.person].into_iter().flatten();
    for held in drift::with_deal(conn, named)? {
        let written = journal::last_written(conn, StepKind::Deal, held.deal)?.values;
        let same = ["Title", "ContactId", "PersonId"]
            .iter()
            .all(|it| written.get(*it) == deal.properties.get(*it));
        if same {
            return Ok(Some((held.deal, held.key)));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(id: i64, minute: i64, lead: Option<&str>) -> Member {
        Member {
            record: StepKind::Deal,
            id: RecordId(id),
            created_at: DateTime::from_timestamp(minute * 60, 0),
            lead: lead.map(str::to_owned),
        }
    }

    fn sorted(members: Vec<Member>) -> Vec<(i64, Kind, Option<String>)> {
        sort_out(members).into_iter().map(|(it, _)| (it.id.0, it.kind, it.lead)).collect()
    }

    #[test]
    fn the_younger_of_two_is_the_double_whoever_holds_which() {
        let lead = || Some("site/1".to_owned());
        let held_first = vec![member(9, 1, Some("site/1")), member(7, 2, None)];
        assert_eq!(sorted(held_first), [(7, Kind::Duplicated, lead())]);
        let held_last = vec![member(9, 2, Some("site/1")), member(7, 1, None)];
        assert_eq!(sorted(held_last), [(9, Kind::Duplicated, lead())]);
    }

    #[test]
    fn of_those_that_nobody_holds_the_oldest_is_an_orphan() {
        let found = sorted(vec![member(9, 2, None), member(8, 2, None), member(7, 3, None)]);
        let kinds: Vec<_> = found.iter().map(|it| (it.0, it.1)).collect();
        assert_eq!(kinds, [(8, Kind::Orphan), (9, Kind::Duplicated), (7, Kind::Duplicated)]);
    }

    #[test]
    fn one_that_a_lead_holds_is_as_it_should_be() {
        assert!(sorted(vec![member(9, 1, Some("site/1"))]).is_empty());
    }
}
