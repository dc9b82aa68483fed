//! What is worked on: leads that are due, whose identities nobody else holds.
//!
//! Identities (contact, e-mail, CPF, phone, CNPJ, company name, record) of leads in work are held
//! in memory, those of steps in doubt in the ledger. Two leads that share one are never in work at
//! the same time.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use super::{
    health::Go,
    observe::{self, Context},
    reference::{Loaded, Ready},
    shared::Shared,
    wake::FALLBACK_TICK,
};
use crate::{
    domain::{Lane, LeadId},
    ledger::{LedgerError, journal, journal::StepId, work, work::Work},
    planner::{self, Plan},
    rules::Derived,
    transport::Verdict,
};

/// Each so many claims the lanes are asked in the reverse order: the lower ones get a tenth of
/// the places at least.
const FLOOR_EVERY: u64 = 10;
/// Leads looked at for one claim: those before may be held back by an identity in work.
const CANDIDATES: i64 = 64;

/// What is in work now.
#[derive(Default)]
pub(super) struct Busy(Mutex<InWork>);

#[derive(Default)]
struct InWork {
    leads: BTreeMap<LeadId, BTreeSet<[u8; 32]>>,
    given_up: BTreeMap<StepId, Instant>,
    claims: u64,
}

impl Busy {
    /// The answer of a step was given up, or it was looked for, just now.
    pub(super) fn given_up(&self, step: StepId) {
        self.lock().given_up.insert(step, Instant::now());
    }

    /// How long ago the answer of a step was given up; at least since the start, on the monotonic
    /// clock.
    pub(super) fn since_given_up(&self, step: StepId, started: Instant) -> Duration {
        self.lock().given_up.get(&step).copied().unwrap_or(started).elapsed()
    }

    /// A step is settled.
    pub(super) fn settled(&self, step: StepId) {
        self.lock().given_up.remove(&step);
    }

    /// Whether anything is in work.
    pub(super) fn is_idle(&self) -> bool {
        self.lock().leads.is_empty()
    }

    /// A lead is not in work any more.
    pub(super) fn release(&self, lead: LeadId) {
        self.lock().leads.remove(&lead);
    }

    fn lock(&self) -> MutexGuard<'_, InWork> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A lead whose identities are held, with all that planning needs.
pub(super) struct Claimed {
    pub(super) context: Context,
    pub(super) ready: Arc<Ready>,
    pub(super) derived: Derived,
}

/// Whether there is something to do.
pub(super) enum Claim {
    /// A lead, now held.
    Lead(Box<Claimed>),
    /// Nothing can be claimed now; the next lead is due after this long.
    Nothing(Option<Duration>),
}

/// Claims the most urgent lead that can be worked on now.
pub(super) async fn claim(shared: &Shared) -> Claim {
    match shared.health.go() {
        Go::Yes => {}
        Go::Wait(wait) => return Claim::Nothing(Some(wait)),
        Go::Probe => match shared.reader.account(Lane::Fresh).await {
            Ok(()) => shared.health.succeeded(shared.now()),
            Err(error) => {
                if error.verdict() == Verdict::WrongKey {
                    shared.health.key_refused(shared.now());
                }
                return Claim::Nothing(Some(FALLBACK_TICK));
            }
        },
    }
    let now = shared.now();
    let waits = shared.ledger.read(move |conn| work::is_due(conn, now)).await;
    if !matches!(waits, Ok(true)) {
        let next = shared.ledger.read(move |conn| work::next_due(conn, now)).await;
        return Claim::Nothing(shared.until(next.ok().flatten()));
    }
    let Ok(reference) = shared.reference.get(shared).await else {
        return Claim::Nothing(Some(FALLBACK_TICK));
    };
    match next_lead(shared, &reference).await {
        Ok(Some(claimed)) => Claim::Lead(Box::new(claimed)),
        Ok(None) => {
            let next = shared.ledger.read(move |conn| work::next_due(conn, now)).await;
            Claim::Nothing(shared.until(next.ok().flatten()))
        }
        Err(error) => {
            tracing::error!(%error, "the queue cannot be read");
            Claim::Nothing(Some(FALLBACK_TICK))
        }
    }
}

/// The most urgent lead that is due and shares no identity with one in work.
async fn next_lead(shared: &Shared, reference: &Loaded) -> Result<Option<Claimed>, LedgerError> {
    let mut lanes = Lane::ALL;
    {
        let mut busy = shared.busy.lock();
        busy.claims += 1;
        if busy.claims.is_multiple_of(FLOOR_EVERY) {
            lanes.reverse();
        }
    }
    let open: Vec<_> = shared
        .routes
        .iter()
        .filter(|route| route.enabled)
        .filter_map(|route| match reference.route(route.id) {
            Some(Ok(ready)) => Some((route.id, Arc::clone(ready))),
            _ => None,
        })
        .collect();
    let now = shared.now();
    for lane in lanes {
        let routes: Vec<_> = open.iter().map(|(id, _)| *id).collect();
        let mut due: Vec<Work> = shared
            .ledger
            .read(move |conn| {
                let mut due = Vec::new();
                for route in routes {
                    if !crate::ledger::route::is_paused(conn, route)? {
                        due.extend(work::due(conn, route, lane, now, CANDIDATES)?);
                    }
                }
                Ok(due)
            })
            .await?;
        due.sort_by_key(|work| (work.due_at, work.lead));
        for work in due {
            let Some((_, ready)) = open.iter().find(|(id, _)| *id == work.route) else { continue };
            if let Some(claimed) = try_claim(shared, work, ready).await? {
                return Ok(Some(claimed));
            }
        }
    }
    Ok(None)
}

/// Claims a lead where nobody in work, and no step in doubt of another lead, shares an identity.
async fn try_claim(
    shared: &Shared,
    work: Work,
    ready: &Arc<Ready>,
) -> Result<Option<Claimed>, LedgerError> {
    if shared.busy.lock().leads.contains_key(&work.lead) {
        return Ok(None);
    }
    let with_deals = shared.with_deals();
    let context = shared.ledger.read(move |conn| observe::context(conn, work, &with_deals)).await?;
    let Some(mut context) = context else {
        shared.ledger.write(move |tx| work::remove(tx, work.lead)).await?;
        return Ok(None);
    };
    let derived = ready.rules.derive(&context.contact, &ready.automation);
    let identity = planner::identity(&derived, &context.contact, &context.known);
    let keys: BTreeSet<[u8; 32]> =
        identity.iter().map(|key| shared.ledger.keyed(key.as_str())).collect();
    let (held_keys, lead) = (keys.clone(), work.lead);
    let held = shared.ledger.read(move |conn| journal::is_held(conn, &held_keys, lead)).await?;
    let mut busy = shared.busy.lock();
    let overlaps = busy.leads.values().any(|others| !others.is_disjoint(&keys));
    if held || overlaps {
        return Ok(None);
    }
    busy.leads.insert(work.lead, keys.clone());
    drop(busy);
    context.keys = keys;
    Ok(Some(Claimed { context, ready: Arc::clone(ready), derived }))
}

/// Adds the records that a plan is about to the lead's identity; `None` where another lead in work
/// has one of them: what was seen of it is about to be old.
pub(super) fn claim_records(
    shared: &Shared,
    context: &Context,
    plan: &Plan,
) -> Option<BTreeSet<[u8; 32]>> {
    let records: BTreeSet<[u8; 32]> = plan
        .records()
        .iter()
        .map(|id| shared.ledger.keyed(planner::IdentityKey::record(*id).as_str()))
        .collect();
    let mut busy = shared.busy.lock();
    let shared_with_another = busy
        .leads
        .iter()
        .any(|(lead, keys)| *lead != context.lead.id && !keys.is_disjoint(&records));
    if shared_with_another {
        return None;
    }
    let keys = busy.leads.entry(context.lead.id).or_default();
    keys.extend(records);
    Some(keys.clone())
}
