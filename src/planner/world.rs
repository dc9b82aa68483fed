//! A tiny Ploomes and a tiny ledger in memory, for running plans step by step.
//!
//! Both remember; neither decides. The world answers searches as Ploomes does, takes `PATCH`es
//! that replace whole lists, and can lose a request or its answer. The ledger knows what the real
//! one knows, and no more: what it was told before a call, and after.

mod account;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, Value};

use super::{
    Action, ContactRecord, DealRecord, Known, Outcome, Plan, Purpose, Seen, Situation, Step,
    StepKind, deal_made_by, made_by, more_deals, plan, search, search_of_request,
    tests::samples::{ME, at, contact},
};
use crate::{
    domain::RecordId,
    rules::{Derived, Policy},
};

/// Where a call is cut off.
#[derive(Debug, Clone, Copy)]
pub enum Cut {
    /// The request is lost.
    Before,
    /// The answer is lost.
    After,
}

/// A lead in the ledger.
#[derive(Debug, Clone)]
pub struct Lead {
    pub contact: usize,
    pub entered_at: DateTime<Utc>,
    /// `None` while it waits.
    pub outcome: Option<Outcome>,
    pub company: Option<RecordId>,
    pub person: Option<RecordId>,
    pub deal: Option<RecordId>,
    noted: bool,
    open: Option<(StepKind, Map<String, Value>, DateTime<Utc>)>,
}

impl Lead {
    /// Whether a write of it was never answered.
    pub fn is_in_doubt(&self) -> bool {
        self.open.is_some()
    }
}

/// What a pass did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Passed {
    /// The whole plan; so many calls to Ploomes, and so many of them writes.
    Whole { calls: usize, writes: usize },
    /// It was cut off.
    Cut,
}

/// Ploomes, and the ledger.
#[derive(Debug, Clone)]
pub struct World {
    pub policy: Policy,
    pub now: DateTime<Utc>,
    pub companies: BTreeMap<RecordId, ContactRecord>,
    pub persons: BTreeMap<RecordId, ContactRecord>,
    pub deals: BTreeMap<RecordId, DealRecord>,
    pub notes: Vec<Map<String, Value>>,
    /// What our user made, what people deleted since included.
    pub made: Vec<(StepKind, RecordId)>,
    pub leads: Vec<Lead>,
    /// By record and field: the contact it was written for last, and the value.
    written: BTreeMap<RecordId, BTreeMap<String, (usize, Value)>>,
    last_id: i64,
}

impl World {
    pub fn new(policy: Policy) -> Self {
        Self {
            policy,
            now: at(0),
            companies: BTreeMap::new(),
            persons: BTreeMap::new(),
            deals: BTreeMap::new(),
            notes: Vec::new(),
            made: Vec::new(),
            leads: Vec::new(),
            written: BTreeMap::new(),
            last_id: 1000,
        }
    }

    /// A contact enters the route; gives its lead.
    pub fn enter(&mut self, contact: usize) -> usize {
        self.now += TimeDelta::seconds(30);
        self.leads.push(Lead {
            contact,
            entered_at: self.now,
            outcome: None,
            company: None,
            person: None,
            deal: None,
            noted: false,
            open: None,
        });
        self.leads.len() - 1
    }

    /// The ledger is lost, and each lead is found again by the next poll.
    pub fn lose_the_ledger(&mut self) {
        self.written.clear();
        for lead in &mut self.leads {
            *lead = Lead {
                outcome: None,
                company: None,
                person: None,
                deal: None,
                noted: false,
                open: None,
                ..lead.clone()
            };
        }
    }

    /// How many records of a kind our user made.
    pub fn made(&self, kind: StepKind) -> usize {
        self.made.iter().filter(|(it, _)| *it == kind).count()
    }

    /// One pass over a lead, as the engine makes it; `cut` names a write by its number.
    pub fn pass(&mut self, lead: usize, derived: &Derived, cut: Option<(usize, Cut)>) -> Passed {
        self.recover(lead);
        let (situation, reads) = self.observe(lead, derived);
        let plan = plan(&self.policy, derived, &situation);
        let Some(writes) = self.execute(lead, &plan, cut) else { return Passed::Cut };
        if situation.purpose == Purpose::Bring {
            self.leads[lead].outcome = Some(plan.outcome);
        }
        Passed::Whole { calls: reads + writes, writes }
    }

    /// Everything that a lead's plan depends on, and the calls that it took.
    pub fn observe(&self, index: usize, derived: &Derived) -> (Situation, usize) {
        let lead = &self.leads[index];
        let siblings = self.leads.iter().filter(|it| it.contact == lead.contact);
        let all = std::iter::once(lead).chain(siblings.rev());
        let older = self.leads[..index]
            .iter()
            .filter(|it| it.contact == lead.contact && it.deal.is_none() && it.outcome.is_none());
        let others = self.leads.iter().enumerate().filter(|(other, _)| *other != index);
        let known = Known {
            deal: lead.deal,
            named_on_deal: self.named_on(lead),
            noted: lead.noted,
            held: others.filter_map(|(_, it)| it.deal).collect(),
            older_waiting: older.map(|it| it.entered_at).collect(),
            written: self.written_for(lead.contact),
            ..Known::of_leads(all.map(|it| [it.company, it.person]))
        };
        let purpose = match lead.outcome {
            Some(Outcome::Done | Outcome::Skipped(_)) => Purpose::Refresh,
            Some(Outcome::Failed(_)) | None => Purpose::Bring,
        };
        let seen = self.find(&search(&self.policy, derived, &known));
        let mut situation = Situation {
            purpose,
            lead_key: format!("conta.example.com/site/{index}"),
            entered_at: Some(lead.entered_at),
            turn: index as u64,
            contact: contact(),
            automation: String::new(),
            known,
            seen,
        };
        let Some(ids) = more_deals(&self.policy, derived, &situation) else {
            return (situation, 1);
        };
        let known: BTreeSet<RecordId> = situation.seen.deals.iter().map(|it| it.id).collect();
        let more = self.deals_of(&ids).into_iter().filter(|it| !known.contains(&it.id));
        situation.seen.deals.extend(more);
        situation.seen.deals_read_of.extend(ids);
        (situation, 2)
    }

    /// The companies and persons that were written into a lead's deal last.
    fn named_on(&self, lead: &Lead) -> BTreeSet<RecordId> {
        let written = lead.deal.and_then(|deal| self.written.get(&deal));
        let id_in = |property: &str| written?.get(property)?.1.as_i64().map(RecordId);
        ["ContactId", "PersonId"].into_iter().filter_map(id_in).collect()
    }

    fn written_for(&self, contact: usize) -> BTreeMap<RecordId, BTreeMap<String, Vec<Value>>> {
        let of_contact = |fields: &BTreeMap<String, (usize, Value)>| {
            let own = fields.iter().filter(|(_, (writer, _))| *writer == contact);
            own.map(|(field, (_, value))| (field.clone(), vec![value.clone()])).collect()
        };
        self.written.iter().map(|(record, fields)| (*record, of_contact(fields))).collect()
    }

    /// Settles a write whose answer never came.
    fn recover(&mut self, lead: usize) {
        let Some((kind, request, sent_at)) = self.leads[lead].open.take() else { return };
        let found = match kind {
            StepKind::Company | StepKind::Person => {
                let seen = self.find(&search_of_request(kind, &request));
                made_by(kind, &request, &seen, sent_at)
            }
            StepKind::Deal => {
                let id_in =
                    |property: &str| request.get(property).and_then(Value::as_i64).map(RecordId);
                let owners: Vec<RecordId> =
                    id_in("ContactId").into_iter().chain(id_in("PersonId")).collect();
                let deals = self.deals_of(&owners);
                let seen = Seen { deals, me: Some(ME), ..Seen::default() };
                let held = self.leads.iter().filter_map(|it| it.deal).collect();
                deal_made_by(&request, &seen, &held, sent_at)
            }
            StepKind::Note => None,
        };
        if let Some(record) = found {
            self.hold(lead, kind, record);
            let contact = self.leads[lead].contact;
            self.remember(record, contact, &request, None);
        }
    }

    fn execute(&mut self, lead: usize, plan: &Plan, cut: Option<(usize, Cut)>) -> Option<usize> {
        let mut made = BTreeMap::new();
        let mut writes = 0;
        for step in &plan.steps {
            let record = match &step.action {
                Action::Skip => continue,
                Action::Adopt { record } => *record,
                Action::Create { body, links } | Action::Update { body, links, .. } => {
                    let mut body = body.clone();
                    for link in links {
                        let made: &RecordId = made.get(&link.to).expect("made by an earlier step");
                        body.insert(link.property.to_owned(), Value::from(made.0));
                    }
                    let at = cut.filter(|(write, _)| *write == writes).map(|(_, cut)| cut);
                    writes += 1;
                    self.write(lead, step, &body, at)?
                }
            };
            self.hold(lead, step.kind, record);
            made.insert(step.kind, record);
        }
        Some(writes)
    }

    /// Sends one write; `None` where the pass ends here, not knowing.
    fn write(
        &mut self,
        lead: usize,
        step: &Step,
        body: &Map<String, Value>,
        cut: Option<Cut>,
    ) -> Option<RecordId> {
        let open = (step.kind, body.clone(), self.now);
        match (&step.action, step.kind) {
            (Action::Create { .. }, StepKind::Note) => self.leads[lead].noted = true,
            (Action::Create { .. }, _) => self.leads[lead].open = Some(open),
            _ => {}
        }
        if matches!(cut, Some(Cut::Before)) {
            return None;
        }
        self.now += TimeDelta::seconds(2);
        let record = match step.action {
            Action::Update { record, .. } => {
                self.patch(step.kind, record, body);
                record
            }
            _ => self.create(step.kind, body),
        };
        if matches!(cut, Some(Cut::After)) {
            return None;
        }
        self.leads[lead].open = None;
        let contact = self.leads[lead].contact;
        self.remember(record, contact, body, Some(&step.fields));
        Some(record)
    }

    fn hold(&mut self, lead: usize, kind: StepKind, record: RecordId) {
        let lead = &mut self.leads[lead];
        match kind {
            StepKind::Company => lead.company = Some(record),
            StepKind::Person => lead.person = Some(record),
            StepKind::Deal => lead.deal = Some(record),
            StepKind::Note => {}
        }
    }

    /// Keeps what was written, by property and `FieldKey`; of a whole list what the step set.
    fn remember(
        &mut self,
        record: RecordId,
        contact: usize,
        body: &Map<String, Value>,
        own: Option<&[String]>,
    ) {
        let written = self.written.entry(record).or_default();
        for (property, value) in body {
            let items = value.as_array().filter(|_| property == "OtherProperties");
            let Some(items) = items else {
                written.insert(property.clone(), (contact, value.clone()));
                continue;
            };
            for item in items {
                let key = item["FieldKey"].as_str().expect("an item has a key");
                if own.is_none_or(|own| own.iter().any(|it| it == key)) {
                    written.insert(key.to_owned(), (contact, item.clone()));
                }
            }
        }
    }
}
