//! What a run does about what it found: leads that changed are refreshed, what never came is brought
//! in, where there is not more of it than a run may repair.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use tokio::time::Instant;

use super::{Mode, Run, compare::hint_missing};
use crate::{
    domain::{Contact, ContactId, FoundBy, Lane, LeadId, RecordId, RouteId},
    engine::{
        observe::{self, Context},
        wake::FALLBACK_TICK,
    },
    ledger::{LedgerError, inbox, journal, lead, sweep as progress, work, work::Work},
    planner::{self, ContactRecord, Purpose, Seen, Situation, StepKind},
    transport::CallError,
};

/// Leads whose records are read in one call: two each, and a page has 300.
const BATCH: i64 = 100;

/// Contacts that changed, asked for one by one in one run: more are stale without being planned.
const CHANGED_MAX: usize = 2_000;

/// A lead for which something would be written.
pub(super) struct Stale {
    lead: LeadId,
    route: RouteId,
    contact: ContactId,
    /// The contact itself changed: AC is asked for it again.
    changed: bool,
}

impl Run<'_> {
    /// Plans every suspect, and returns those for which something would be written.
    pub(super) async fn count_stale(&mut self) -> Result<Vec<Stale>, LedgerError> {
        let mut stale = Vec::new();
        let (mut after, mut asked) = (LeadId(0), 0);
        loop {
            let suspects =
                self.shared.ledger.read(move |conn| progress::suspects(conn, after, BATCH)).await?;
            let Some((last, _)) = suspects.last() else { break };
            after = *last;
            let contexts = self.contexts(suspects).await?;
            let records = match self.records_of(&contexts).await {
                Ok(records) => records,
                Err(error) => {
                    self.doubt(&error, "reading records of leads that changed");
                    break;
                }
            };
            for (mut context, changed) in contexts {
                let (lead, route, contact) =
                    (context.lead.id, context.lead.route, context.lead.contact);
                if changed && asked < CHANGED_MAX {
                    asked += 1;
                    match self.seen_now(&context).await {
                        Ok(Some(seen)) => context.contact = seen,
                        Ok(None) => continue,
                        Err(error) => {
                            self.doubt(&error, "reading a contact that changed");
                            continue;
                        }
                    }
                }
                if self.would_write(context, &records).await? {
                    self.tally.of(route).stale += 1;
                    stale.push(Stale { lead, route, contact, changed });
                }
            }
        }
        Ok(stale)
    }

    /// The contact of a lead as AC has it now, with all that its route asks for.
    async fn seen_now(&self, context: &Context) -> Result<Option<Contact>, CallError> {
        let Some(route) = self.shared.route(context.lead.route) else { return Ok(None) };
        let contact = context.lead.contact;
        let view =
            self.shared.activecampaign.contact(contact, route.wants(), Lane::Backfill).await?;
        Ok(view.map(|view| view.contact))
    }

    async fn contexts(
        &self,
        suspects: Vec<(LeadId, bool)>,
    ) -> Result<Vec<(Context, bool)>, LedgerError> {
        let (now, with_deals) = (self.shared.now(), self.shared.with_deals());
        self.shared
            .ledger
            .read(move |conn| {
                let mut contexts = Vec::with_capacity(suspects.len());
                for (id, changed) in suspects {
                    let Some(lead) = lead::get(conn, id)? else { continue };
                    let work = Work::asked(id, lead.route, Lane::Update, now);
                    let context = observe::context(conn, work, &with_deals)?;
                    contexts.extend(context.map(|context| (context, changed)));
                }
                Ok(contexts)
            })
            .await
    }

    async fn records_of(
        &self,
        contexts: &[(Context, bool)],
    ) -> Result<BTreeMap<RecordId, ContactRecord>, CallError> {
        let known = |(it, _): &(Context, bool)| it.known.company.into_iter().chain(it.known.person);
        let ids: BTreeSet<RecordId> = contexts.iter().flat_map(known).collect();
        let ids: Vec<RecordId> = ids.into_iter().collect();
        let records = self.shared.reader.contacts(&ids, Lane::Backfill).await?;
        Ok(records.into_iter().map(|record| (record.id, record)).collect())
    }

    /// Whether a refresh of the lead would write anything, as its records stand.
    async fn would_write(
        &self,
        context: Context,
        records: &BTreeMap<RecordId, ContactRecord>,
    ) -> Result<bool, LedgerError> {
        let Ok(reference) = self.shared.reference.get(self.shared).await else { return Ok(false) };
        let Some(Ok(ready)) = reference.route(context.lead.route) else { return Ok(false) };
        let of = |id: Option<RecordId>| id.and_then(|id| records.get(&id)).cloned();
        let (person, company) = (of(context.known.person), of(context.known.company));
        let contact_id = context.lead.contact;
        let kinds: Vec<(StepKind, RecordId)> = person
            .iter()
            .map(|it| (StepKind::Person, it.id))
            .chain(company.iter().map(|it| (StepKind::Company, it.id)))
            .collect();
        let written: BTreeMap<RecordId, BTreeMap<String, Vec<Value>>> = self
            .shared
            .ledger
            .read(move |conn| {
                let mut written = BTreeMap::new();
                for (kind, record) in kinds {
                    written.insert(record, journal::written(conn, kind, record, contact_id)?);
                }
                Ok(written)
            })
            .await?;
        let derived = ready.rules.derive(&context.contact, &ready.automation);
        let situation = Situation {
            purpose: Purpose::Refresh,
            lead_key: String::new(),
            entered_at: context.lead.entered_at,
            turn: context.lead.turn,
            contact: context.contact,
            automation: ready.automation.clone(),
            known: planner::Known { written, ..context.known },
            seen: Seen {
                persons: person.into_iter().collect(),
                companies: company.into_iter().collect(),
                me: ready.me,
                ..Seen::default()
            },
        };
        let plan = planner::plan(ready.rules.policy(), &derived, &situation);
        Ok(plan.steps.iter().any(|step| step.action.body().is_some()))
    }

    /// Brings in what was found, where this run may; returns whether there was too much of it.
    pub(super) async fn repair(&mut self, stale: Vec<Stale>) -> Result<bool, LedgerError> {
        let missed: i64 = self.tally.routes.values().map(|it| it.missed).sum();
        let max = i64::try_from(self.shared.settings.max_repairs).unwrap_or(i64::MAX);
        let over = missed > max && !self.request.all;
        if self.request.mode == Mode::Report {
            return Ok(over);
        }
        if over {
            tracing::error!(
                run.id = self.id.0,
                missed,
                "more leads are missing than a run may repair: look, then `ponte reconcile --all`"
            );
            return Ok(true);
        }
        let (id, now) = (self.id, self.shared.now());
        let first_starts: BTreeMap<_, _> =
            self.routes.iter().map(|route| (route.id, route.first_start)).collect();
        self.shared
            .ledger
            .write(move |tx| {
                for it in stale {
                    if it.changed {
                        // Whoever asks like a webhook makes no lead of what else is missing.
                        let source = FoundBy::Webhook;
                        inbox::note(tx, it.route, it.contact, Lane::Update, source, now)?;
                    } else {
                        work::ask(tx, it.lead, it.route, Lane::Update, now)?;
                    }
                }
                hint_missing(tx, id, &first_starts, now)
            })
            .await?;
        self.shared.wake.matcher.notify_one();
        self.shared.wake.worker.notify_one();
        self.await_repairs().await?;
        Ok(false)
    }

    /// Waits until what was found is settled or has failed, or the time is up.
    async fn await_repairs(&self) -> Result<(), LedgerError> {
        let (id, deadline) = (self.id, Instant::now() + self.request.wait);
        loop {
            let now = self.shared.now();
            self.shared.ledger.write(move |tx| progress::tie(tx, id, now)).await?;
            let open =
                self.shared.ledger.read(move |conn| progress::open_findings(conn, id)).await?;
            if open == 0 || Instant::now() >= deadline {
                return Ok(());
            }
            tokio::time::sleep(FALLBACK_TICK.min(deadline - Instant::now())).await;
        }
    }
}
