//! Looks at leads, and says what would be written for each.
//!
//! A lead that was written holds its records, and a hundred leads' records are two calls. Only where
//! another record could play a part, a search by the lead's keys is made, as the worker makes it.

use std::{
    collections::{BTreeMap, BTreeSet},
    future::Future,
    sync::Arc,
};

use serde_json::{Value, json};

use super::changes::{Change, changes};
use crate::{
    domain::{Contact, ContactId, Lane, LeadId, LeadState, RecordId, RouteId},
    engine::{
        found::differs,
        observe::{self, Context, ObserveError},
        poll::wait_or_fail,
        reference::Ready,
        route::Route,
        shared::Shared,
    },
    ledger::{LedgerError, lead::Lead, work::Work},
    planner::{self, Action, ContactRecord, DealFields, Plan, Purpose, Seen, Situation, StepKind},
    rules::Derived,
};

/// How a lead would be worked on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// Its records are updated; where it stands does not change.
    Update,
    /// It was skipped, or failed, and is brought in.
    Bring,
}

/// What would be written for a lead: something.
pub(super) struct Would {
    pub(super) lead: LeadId,
    pub(super) way: Way,
    /// The contact as AC shows it, where it was asked for and differs from what was known.
    pub(super) seen: Option<Contact>,
    key: String,
    contact: ContactId,
    state: LeadState,
    changes: Vec<Change>,
}

impl Would {
    pub(super) fn json(&self) -> Value {
        json!({
            "lead": self.key,
            "contact": self.contact,
            "state": self.state,
            "changes": self.changes.iter().map(Change::json).collect::<Vec<_>>(),
        })
    }
}

/// One replay.
pub(super) struct Look<'a> {
    shared: &'a Shared,
    routes: BTreeMap<RouteId, (Route, Arc<Ready>)>,
    /// Changes of companies and persons that an earlier lead makes already.
    told: BTreeSet<(RecordId, String, String)>,
    /// Contacts for whom an earlier lead would make a deal.
    dealt: BTreeSet<ContactId>,
}

/// The records that leads hold, by id.
#[derive(Default)]
struct Records {
    contacts: BTreeMap<RecordId, ContactRecord>,
    deals: BTreeMap<RecordId, DealFields>,
}

impl<'a> Look<'a> {
    pub(super) const fn new(
        shared: &'a Shared,
        routes: BTreeMap<RouteId, (Route, Arc<Ready>)>,
    ) -> Self {
        Self { shared, routes, told: BTreeSet::new(), dealt: BTreeSet::new() }
    }

    /// Those of the leads for which something would be written.
    pub(super) async fn at(&mut self, leads: Vec<LeadId>) -> Result<Vec<Would>, ObserveError> {
        let contexts = self.contexts(leads).await?;
        let records = self.records(&contexts).await?;
        let mut would = Vec::new();
        for context in contexts {
            would.extend(self.look(context, &records).await?);
        }
        Ok(would)
    }

    /// What the ledger knows of leads that wait for nothing.
    async fn contexts(&self, leads: Vec<LeadId>) -> Result<Vec<Context>, LedgerError> {
        let (now, with_deals) = (self.shared.now(), self.shared.with_deals());
        self.shared
            .ledger
            .read(move |conn| {
                let mut contexts = Vec::with_capacity(leads.len());
                for id in leads {
                    // The context names the route; a lane is all that is asked of the work.
                    let work = Work::asked(id, RouteId(0), Lane::Backfill, now);
                    let context = observe::context(conn, work, &with_deals)?;
                    contexts.extend(context.filter(|it| it.open.is_none()));
                }
                Ok(contexts)
            })
            .await
    }

    /// The records that the ledger says these leads hold, as they are now.
    async fn records(&self, contexts: &[Context]) -> Result<Records, ObserveError> {
        let settled = || contexts.iter().filter(|it| it.settled().is_some());
        let contacts: BTreeSet<RecordId> =
            settled().flat_map(|it| [it.known.company, it.known.person]).flatten().collect();
        let contacts: Vec<RecordId> = contacts.into_iter().collect();
        let deals: Vec<RecordId> = settled().filter_map(|it| it.known.deal).collect();
        let reader = &self.shared.reader;
        let contacts =
            self.again(|| async { Ok(reader.contacts(&contacts, Lane::Backfill).await?) }).await?;
        let deals =
            self.again(|| async { Ok(reader.deals(&deals, None, Lane::Backfill).await?) }).await?;
        Ok(Records {
            contacts: contacts.into_iter().map(|it| (it.id, it)).collect(),
            deals: deals.into_iter().map(observe::deal_fields).map(|it| (it.id, it)).collect(),
        })
    }

    /// What would be written for a lead; `None` where nothing is.
    async fn look(
        &mut self,
        mut context: Context,
        records: &Records,
    ) -> Result<Option<Would>, ObserveError> {
        let Some((route, ready)) = self.routes.get(&context.lead.route).cloned() else {
            return Ok(None);
        };
        let seen = match self.contact_now(&route, &context).await? {
            Now::Gone => return Ok(None),
            Now::AsKnown => None,
            Now::Changed(contact) => Some(*contact),
        };
        if let Some(contact) = &seen {
            context.contact = contact.clone();
        }
        let derived = ready.rules.derive(&context.contact, &ready.automation);
        if derived.failure.is_some() {
            return Ok(None);
        }
        let (way, changes) = match context.lead.state {
            LeadState::Done => {
                (Way::Update, self.update(&context, &ready, &derived, records).await?)
            }
            _ => self.bring(&context, &ready, &derived).await?,
        };
        let changes = self.keep_account(context.lead.contact, way, changes);
        let Lead { id: lead, key, contact, state, .. } = context.lead;
        let would = Would { lead, way, seen, key, contact, state, changes };
        Ok(Some(would).filter(|it| !it.changes.is_empty()))
    }

    /// Leads of one contact share its person and company: what one of them changes, the next ones
    /// do not.
    fn keep_account(&mut self, contact: ContactId, way: Way, changes: Vec<Change>) -> Vec<Change> {
        let mut kept = Vec::with_capacity(changes.len());
        for it in changes {
            let shared = matches!(it.record, StepKind::Company | StepKind::Person);
            let told = it.id.filter(|_| shared);
            let is_new = told
                .is_none_or(|id| self.told.insert((id, it.field.clone(), it.after.to_string())));
            if it.record == StepKind::Deal && it.id.is_none() {
                self.dealt.insert(contact);
            }
            // What is brought in is shown whole.
            if is_new || way == Way::Bring {
                kept.push(it);
            }
        }
        kept
    }

    /// The contact as AC shows it.
    ///
    /// Asked for only where what is known may lack what today's map names, or where its records would
    /// be made: those of a contact that AC has no longer are not.
    async fn contact_now(&self, route: &Route, context: &Context) -> Result<Now, ObserveError> {
        let (wants, known) = (route.wants(), &context.contact);
        let lacks =
            wants.tags && known.tags.is_empty() || wants.company && known.company.is_empty();
        if context.lead.state == LeadState::Done && !lacks {
            return Ok(Now::AsKnown);
        }
        let account = &self.shared.activecampaign;
        let ask = || async { Ok(account.contact(known.id, wants, Lane::Backfill).await?) };
        Ok(match self.again(ask).await? {
            None => Now::Gone,
            Some(view) if differs(known, &view.contact) => Now::Changed(Box::new(view.contact)),
            Some(_) => Now::AsKnown,
        })
    }

    /// What a lead that was written would be given.
    async fn update(
        &self,
        context: &Context,
        ready: &Ready,
        derived: &Derived,
        records: &Records,
    ) -> Result<Vec<Change>, ObserveError> {
        let of = |id: Option<RecordId>| id.and_then(|id| records.contacts.get(&id)).cloned();
        let known = &context.known;
        let seen = Seen {
            persons: of(known.person).into_iter().collect(),
            companies: of(known.company).into_iter().collect(),
            deal: known.deal.and_then(|id| records.deals.get(&id)).cloned(),
            me: ready.me,
            ..Seen::default()
        };
        let mut situation = observe::seeing(self.shared, context, ready, Purpose::Replay, seen);
        observe::remember(self.shared, context, &mut situation).await?;
        let plan = planner::plan(ready.rules.policy(), derived, &situation);
        if is_certain(derived, &situation, &plan) {
            return Ok(changes(&plan, &situation));
        }
        let situation = self.observe(context, ready, derived, Purpose::Replay).await?;
        let plan = planner::plan(ready.rules.policy(), derived, &situation);
        Ok(changes(&plan, &situation))
    }

    /// What a lead that was skipped, or failed, would be given.
    ///
    /// One that would be skipped again is looked at as one that was written.
    async fn bring(
        &self,
        context: &Context,
        ready: &Ready,
        derived: &Derived,
    ) -> Result<(Way, Vec<Change>), ObserveError> {
        let policy = ready.rules.policy();
        let situation = self.observe(context, ready, derived, Purpose::Bring).await?;
        let plan = planner::plan(policy, derived, &situation);
        let is_new_deal = |it: &planner::Step| {
            it.kind == StepKind::Deal && matches!(it.action, Action::Create { .. })
        };
        // The deal of an earlier lead would be open by then.
        let guarded = policy.skip_if_open_deal && self.dealt.contains(&context.lead.contact);
        if context.lead.state == LeadState::Failed {
            let mut changes = changes(&plan, &situation);
            changes.retain(|it| it.record != StepKind::Deal || !guarded);
            return Ok((Way::Bring, changes));
        }
        if !guarded && plan.steps.iter().any(is_new_deal) {
            return Ok((Way::Bring, changes(&plan, &situation)));
        }
        let situation = Situation { purpose: Purpose::Replay, ..situation };
        let plan = planner::plan(policy, derived, &situation);
        Ok((Way::Update, changes(&plan, &situation)))
    }

    async fn observe(
        &self,
        context: &Context,
        ready: &Ready,
        derived: &Derived,
        purpose: Purpose,
    ) -> Result<Situation, ObserveError> {
        self.again(|| observe::situation(self.shared, context, ready, derived, purpose)).await
    }

    /// Reads, again after a failure, as often as `[retry]` says.
    async fn again<T, F>(&self, read: impl Fn() -> F) -> Result<T, ObserveError>
    where
        F: Future<Output = Result<T, ObserveError>>,
    {
        let mut failures = 0;
        loop {
            match read().await {
                Err(ObserveError::Call(error)) => {
                    wait_or_fail(self.shared, error, &mut failures).await?;
                }
                answer => return answer,
            }
        }
    }
}

/// What AC says of a contact.
enum Now {
    /// Nothing new.
    AsKnown,
    /// It shows something else.
    Changed(Box<Contact>),
    /// It has the contact no longer.
    Gone,
}

/// Whether a search by the lead's keys would show nothing that matters: every record that the plan is
/// about is there and is the ledger's, its company has the wanted name and is told by nothing else,
/// and nobody is given an address that another may have.
fn is_certain(derived: &Derived, situation: &Situation, plan: &Plan) -> bool {
    let (known, seen) = (&situation.known, &situation.seen);
    let company = derived.company.as_ref().is_none_or(|wanted| {
        let name = wanted.text("Name").trim();
        let documents = ["CNPJ", "Register"].iter().any(|it| wanted.native.contains_key(*it));
        !documents && seen.companies.iter().any(|it| it.text("Name").trim() == name)
    });
    let email = plan.steps.iter().any(|step| {
        step.kind == StepKind::Person && step.fields.iter().any(|field| field == "Email")
    });
    let deal = known.deal.is_none() || seen.deal.is_some();
    !seen.persons.is_empty() && company && deal && !email
}
