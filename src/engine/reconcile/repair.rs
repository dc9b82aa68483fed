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
    ledger::{
        LedgerError, inbox, journal, lead,
        sweep::{self as progress, FindingId},
        work,
        work::Work,
    },
    planner::{self, ContactRecord, Purpose, Seen, Situation, StepKind},
    transport::CallError,
};

/// Leads whose records are read together: mostly two each, and a page has 300.
const BATCH: i64 = 100;

/// Contacts that changed, asked for one by one in one run: more are stale without being planned.
const CHANGED_MAX: usize = 2_000;

/// Rows changed in one transaction: the receiver waits for it with a webhook in its hand.
const AT_ONCE: usize = 500;

/// Findings whose leads are looked for in one go: each passes all that wait, a million perhaps.
const TIED_AT_ONCE: i64 = 50_000;

/// A lead for which something would be written.
#[derive(Clone)]
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
            let id = self.id;
            let read = move |conn: &_| progress::suspects(conn, id, after, BATCH);
            let suspects = self.shared.ledger.read(read).await?;
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
        let known = contexts.iter().map(|(it, _)| &it.known);
        let ids: BTreeSet<RecordId> =
            known.flat_map(|it| it.companies().chain(it.persons())).collect();
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
        // Which of them are the lead's is the planner's to say.
        let there = |id: RecordId| records.get(&id).cloned();
        let persons: Vec<_> = context.known.persons().filter_map(there).collect();
        let companies: Vec<_> = context.known.companies().filter_map(there).collect();
        let contact_id = context.lead.contact;
        let kinds: Vec<(StepKind, RecordId)> = persons
            .iter()
            .map(|it| (StepKind::Person, it.id))
            .chain(companies.iter().map(|it| (StepKind::Company, it.id)))
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
            seen: Seen { persons, companies, me: ready.me, ..Seen::default() },
        };
        let plan = planner::plan(ready.rules.policy(), &derived, &situation);
        Ok(plan.steps.iter().any(|step| step.action.body().is_some()))
    }

    /// Brings in what was found, where this run may; returns whether there was too much of it: of what is
    /// missing, or of what is out of date, neither of which keeps the other waiting.
    pub(super) async fn repair(&mut self, stale: Vec<Stale>) -> Result<bool, LedgerError> {
        let missed: i64 = self.tally.routes.values().map(|it| it.missed).sum();
        let old = i64::try_from(stale.len()).unwrap_or(i64::MAX);
        let max = i64::try_from(self.shared.settings.max_repairs).unwrap_or(i64::MAX);
        let all = self.request.all;
        let is_over = |count: i64| count > max && !all;
        let over = is_over(missed) || is_over(old);
        if self.request.mode == Mode::Report {
            return Ok(over);
        }
        if over {
            tracing::error!(
                run.id = self.id.0,
                missed,
                stale = old,
                "that is more than a run may repair: look, then `ponte reconcile --all`"
            );
        }
        if is_over(old) {
            self.not_refreshed = old;
        } else {
            self.refresh(&stale).await?;
        }
        self.tie().await?;
        if !is_over(missed) {
            self.hint().await?;
        }
        self.shared.wake.matcher.notify_one();
        self.shared.wake.worker.notify_one();
        self.await_repairs().await?;
        Ok(over)
    }

    /// Asks for every lead that is stale to be looked at again.
    async fn refresh(&self, stale: &[Stale]) -> Result<(), LedgerError> {
        let now = self.shared.now();
        for some in stale.chunks(AT_ONCE) {
            let some = some.to_vec();
            self.shared
                .ledger
                .write(move |tx| {
                    for it in some {
                        if it.changed {
                            // Whoever asks like a webhook makes no lead of what else is missing.
                            let source = FoundBy::Webhook;
                            inbox::note(tx, it.route, it.contact, Lane::Update, source, now)?;
                        } else {
                            work::ask(tx, it.lead, it.route, Lane::Update, now)?;
                        }
                    }
                    Ok(())
                })
                .await?;
        }
        Ok(())
    }

    /// Hints at everything that was found and that nothing was made of yet.
    async fn hint(&self) -> Result<(), LedgerError> {
        let (id, limit) = (self.id, i64::try_from(AT_ONCE).unwrap_or(i64::MAX));
        let first_starts: BTreeMap<_, _> =
            self.routes.iter().map(|route| (route.id, route.first_start)).collect();
        let mut after = FindingId(0);
        loop {
            let (now, first_starts) = (self.shared.now(), first_starts.clone());
            let found =
                self.shared.ledger.read(move |conn| progress::findings(conn, id, after, limit));
            let (rows, found): (Vec<_>, Vec<_>) = found.await?.into_iter().unzip();
            let Some(last) = rows.last() else { return Ok(()) };
            after = *last;
            self.shared
                .ledger
                .write(move |tx| hint_missing(tx, &found, &first_starts, now))
                .await?;
        }
    }

    /// Ties what was found to the leads that were made of it since.
    async fn tie(&self) -> Result<(), LedgerError> {
        let id = self.id;
        loop {
            let made =
                self.shared.ledger.read(move |conn| progress::untied(conn, id, TIED_AT_ONCE));
            let made = made.await?;
            if made.is_empty() {
                return Ok(());
            }
            for some in made.chunks(AT_ONCE) {
                let (some, now) = (some.to_vec(), self.shared.now());
                self.shared.ledger.write(move |tx| progress::tie(tx, &some, now)).await?;
            }
        }
    }

    /// What waits beside its own findings.
    pub(super) async fn left(&self) -> Result<i64, LedgerError> {
        if self.request.mode == Mode::Report {
            return Ok(0);
        }
        let (id, routes) = (self.id, self.routes.iter().map(|route| route.id).collect::<Vec<_>>());
        self.shared.ledger.read(move |conn| progress::left(conn, id, &routes)).await
    }

    /// Waits until what was found is settled or has failed, by this run or one that was cut off, or
    /// the time is up.
    async fn await_repairs(&self) -> Result<(), LedgerError> {
        let (id, deadline) = (self.id, Instant::now() + self.request.wait);
        loop {
            let begin = Instant::now();
            self.tie().await?;
            let open =
                self.shared.ledger.read(move |conn| progress::open_findings(conn, id)).await?;
            if open + self.left().await? == 0 || Instant::now() >= deadline {
                return Ok(());
            }
            // Among a million of them looking takes a second, and is done the less often.
            let pause = FALLBACK_TICK.max(10 * begin.elapsed());
            tokio::time::sleep(pause.min(deadline - Instant::now())).await;
        }
    }
}
