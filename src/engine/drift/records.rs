//! Looks at the records that leads hold: what is there, and what it holds.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};

use super::{Finding, LANE, Look, OVERLAP, PART_MAX, WHOLE_MAX, strays::Member};
use crate::{
    domain::{LeadId, RecordId},
    engine::observe::ObserveError,
    ledger::{
        Hash,
        drift::{self, Entity, Holder, Kind, Part, Remembered},
        journal::{self, LastWritten},
    },
    planner::{ContactRecord, StepKind, drift as planner},
    ploomes::{DealView, standing::AT_ONCE},
    transport::CallError,
};

/// Records that changed since the last run, of either set, of a ledger that is not looked at whole:
/// five calls. More is an import, which the rest of the look comes round to.
const CHANGED_MAX: usize = 1_500;
/// How far back deletions of deals are asked for: the rest of the look comes round to older ones.
const DELETED_WITHIN: TimeDelta = TimeDelta::days(30);

/// A record as it was read.
pub(super) enum Record {
    Contact(ContactRecord),
    Deal(DealView),
}

impl Record {
    pub(super) const fn id(&self) -> RecordId {
        match self {
            Self::Contact(it) => it.id,
            Self::Deal(it) => it.record.id,
        }
    }

    pub(super) const fn created_at(&self) -> Option<DateTime<Utc>> {
        match self {
            Self::Contact(it) => it.created_at,
            Self::Deal(it) => it.record.created_at,
        }
    }

    fn holds(&self) -> planner::Holds<'_> {
        match self {
            Self::Contact(it) => it.into(),
            Self::Deal(it) => {
                planner::Holds { properties: &it.properties, phones: &[], other: &it.other }
            }
        }
    }
}

/// What was seen of a record that a lead holds.
pub(super) struct Shown {
    holder: Holder,
    state: State,
    /// The last time that ponte wrote to it or to its lead.
    changed_at: DateTime<Utc>,
    /// The edit of it that was reported last.
    reported: Option<Hash>,
}

enum State {
    AsWritten,
    Deleted,
    /// With the fingerprint of what its fields hold.
    Edited(Hash),
}

impl Look<'_> {
    /// Looks at all records of the ledger, or at what changed and at a part.
    pub(super) async fn records(&mut self) -> Result<(), ObserveError> {
        let whole = self.part_after(LeadId(0), WHOLE_MAX).await?;
        let is_whole = whole.last.is_none();
        let part = if is_whole {
            whole
        } else {
            let after = LeadId(self.mark("after").await?.unwrap_or_default());
            self.part_after(after, PART_MAX).await?
        };
        let next = part.last;
        let of = |entity| {
            let again = self.remembered.iter().filter(move |it| it.entity == entity);
            again.flat_map(|it| [Some(it.record), it.twin]).flatten()
        };
        let contacts: BTreeSet<RecordId> =
            part.contacts.iter().copied().chain(of(Entity::Contact)).collect();
        let deals: BTreeSet<RecordId> =
            part.deals.iter().copied().chain(of(Entity::Deal)).collect();
        self.look_at(Entity::Contact, contacts).await?;
        self.look_at(Entity::Deal, deals).await?;
        if !is_whole {
            self.set_mark("after", next.map_or(0, |lead| lead.0));
            self.changed().await?;
        }
        self.set_mark("changed", (self.scope.started - OVERLAP).timestamp_millis());
        Ok(())
    }

    async fn part_after(&self, after: LeadId, most: usize) -> Result<Part, ObserveError> {
        let route = self.scope.route;
        Ok(self.shared.ledger.read(move |conn| drift::part(conn, route, after, most)).await?)
    }

    async fn look_at(
        &mut self,
        entity: Entity,
        ids: impl IntoIterator<Item = RecordId>,
    ) -> Result<(), ObserveError> {
        let ids: Vec<RecordId> = ids.into_iter().collect();
        for some in ids.chunks(AT_ONCE) {
            let there = self.standing(entity, some).await?;
            self.examine(entity, some.to_vec(), &there).await?;
        }
        Ok(())
    }

    /// Those of the records that are there.
    pub(super) async fn standing(
        &self,
        entity: Entity,
        ids: &[RecordId],
    ) -> Result<Vec<Record>, CallError> {
        let reader = &self.shared.reader;
        let field = self.lead_key_field.as_deref();
        let mut there = Vec::new();
        for some in ids.chunks(AT_ONCE) {
            match entity {
                Entity::Contact => {
                    let came = self.tried(|| reader.standing_contacts(some, LANE)).await?;
                    there.extend(came.into_iter().map(Record::Contact));
                }
                Entity::Deal => {
                    let came = self.tried(|| reader.standing_deals(some, field, LANE)).await?;
                    there.extend(came.into_iter().map(Record::Deal));
                }
            }
        }
        Ok(there)
    }

    /// What changed since the last run, of a ledger that is not looked at whole.
    async fn changed(&mut self) -> Result<(), ObserveError> {
        let since = self.mark_time("changed").await?.unwrap_or(self.scope.since);
        let (reader, field) = (&self.shared.reader, self.lead_key_field.as_deref());
        let contacts =
            self.tried(|| reader.contacts_changed_since(since, CHANGED_MAX, LANE)).await?;
        let deals =
            self.tried(|| reader.deals_changed_since(since, field, CHANGED_MAX, LANE)).await?;
        let deleted_since = since.max(self.scope.started - DELETED_WITHIN);
        let deleted = self.tried(|| reader.deleted_deals_since(deleted_since, LANE)).await?;
        for (entity, there) in [
            (Entity::Contact, contacts.into_iter().map(Record::Contact).collect::<Vec<_>>()),
            (Entity::Deal, deals.into_iter().map(Record::Deal).collect()),
        ] {
            for some in there.chunks(AT_ONCE) {
                let ids = some.iter().map(Record::id).collect();
                self.examine(entity, ids, some).await?;
            }
        }
        self.examine(Entity::Deal, deleted, &[]).await
    }

    /// Compares records with what the ledger says was written to them; those of `asked` that are
    /// not `there` are gone.
    async fn examine(
        &mut self,
        entity: Entity,
        asked: Vec<RecordId>,
        there: &[Record],
    ) -> Result<(), ObserveError> {
        self.asked.extend(asked.iter().map(|id| (entity, *id)));
        let route = self.scope.route;
        let held = self
            .shared
            .ledger
            .read(move |conn| {
                let mut held = Vec::with_capacity(asked.len());
                for id in asked {
                    if let Some(holder) = drift::holder(conn, entity, id, route)? {
                        let last = journal::last_written(conn, holder.kind, id)?;
                        held.push((id, holder, last, drift::reported_edit(conn, entity, id)?));
                    }
                }
                Ok(held)
            })
            .await?;
        for (id, holder, last, reported) in held {
            let record = there.iter().find(|it| it.id() == id);
            let state = match record {
                Some(record) => self.state(&holder, record, &last),
                None => State::Deleted,
            };
            if let Some(Record::Contact(person)) = record
                && holder.kind == StepKind::Person
            {
                self.note_person(person, &holder.key);
            }
            let changed_at = last.at.unwrap_or_default().max(holder.updated_at);
            self.shown.insert((entity, id), Shown { holder, state, changed_at, reported });
        }
        Ok(())
    }

    fn state(&self, holder: &Holder, record: &Record, last: &LastWritten) -> State {
        let field = self.lead_key_field.as_deref();
        let edited = planner::edited(holder.kind, record.holds(), &last.values, field);
        if edited.is_empty() {
            return State::AsWritten;
        }
        let text = serde_json::to_string(&edited).unwrap_or_default();
        State::Edited(self.shared.ledger.keyed(&text))
    }

    /// Remembers a person for the look for doubles.
    fn note_person(&mut self, person: &ContactRecord, lead: &str) {
        let email = person.text("Email").trim().to_lowercase();
        if !email.is_empty() && self.me.is_some() && person.id_of("CreatorId") == self.me {
            let member = Member::held(StepKind::Person, person.id, person.created_at, lead);
            self.persons.entry(email).or_default().insert(person.id, member);
        }
    }

    /// Looks once more at what seems to have drifted and was written just now: a write may become
    /// visible up to `settle` later.
    pub(super) async fn look_again_at_young(&mut self) -> Result<(), ObserveError> {
        let settle = self.shared.settings.settle;
        let since = self.shared.now() - TimeDelta::from_std(settle).unwrap_or(TimeDelta::MAX);
        let is_young = |it: &Shown| !matches!(it.state, State::AsWritten) && it.changed_at > since;
        let young: Vec<(Entity, RecordId)> =
            self.shown.iter().filter(|(_, it)| is_young(it)).map(|(id, _)| *id).collect();
        if young.is_empty() {
            return Ok(());
        }
        tokio::time::sleep(settle).await;
        for entity in [Entity::Contact, Entity::Deal] {
            let ids = young.iter().filter(|it| it.0 == entity).map(|it| it.1);
            self.look_at(entity, ids.collect::<Vec<_>>()).await?;
        }
        Ok(())
    }

    /// Says what was found, and what is to be remembered of it.
    pub(super) fn conclude(&mut self) {
        let gone: BTreeSet<(Entity, RecordId)> = self
            .remembered
            .iter()
            .filter(|it| it.kind == Kind::Deleted)
            .map(|it| (it.entity, it.record))
            .collect();
        for ((entity, id), shown) in std::mem::take(&mut self.shown) {
            let lead = Some(shown.holder.key);
            let finding = |kind| Finding { lead, record: shown.holder.kind, id, kind };
            let is_reported = shown.reported.is_some();
            match shown.state {
                State::Deleted => {
                    self.find(entity, finding(Kind::Deleted), None);
                    if is_reported {
                        self.forget(Kind::Edited, entity, id);
                    }
                    continue;
                }
                State::Edited(fingerprint) if shown.reported != Some(fingerprint) => {
                    let edit = Remembered { kind: Kind::Edited, entity, record: id, twin: None };
                    self.drift.memory.kept.push((edit, Some(fingerprint)));
                    self.drift.findings.push(finding(Kind::Edited));
                }
                State::AsWritten if is_reported => self.forget(Kind::Edited, entity, id),
                State::Edited(_) | State::AsWritten => {}
            }
            if gone.contains(&(entity, id)) {
                self.forget(Kind::Deleted, entity, id);
            }
        }
        let found: BTreeSet<(Kind, RecordId)> =
            self.drift.findings.iter().map(|it| (it.kind, it.id)).collect();
        for (entity, id) in gone {
            // No lead holds it any more: what was deleted was made again.
            if self.asked.contains(&(entity, id)) && !found.contains(&(Kind::Deleted, id)) {
                self.forget(Kind::Deleted, entity, id);
            }
        }
    }
}
