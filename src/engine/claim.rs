//! What is worked on: leads that are due, whose identities nobody else holds.
//!
//! Identities (contact, e-mail, CPF, phone, CNPJ, company name, record) of leads in work are held
//! in memory, those of steps in doubt in the ledger. Two leads that share one are never in work at
//! the same time. A lead with a step in doubt is looked after whatever its route is: paused, held or
//! no longer configured, its keys hold up others.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use super::{
    health::Go,
    observe::{self, Context},
    reference::{Lens, Loaded, Ready},
    shared::Shared,
    wake::FALLBACK_TICK,
};
use crate::{
    domain::{Lane, LeadId, LeadState, RouteId},
    ledger::{Hash, LedgerError, inbox, journal, journal::StepId, work, work::Work},
    mutation::{Protection, is_off},
    planner::{self, Plan},
    rules::Derived,
    transport::Verdict,
};

/// Each so many claims a lower lane is asked first, each in its turn: together they get a tenth of
/// the places at least.
const FLOOR_EVERY: u64 = 10;
/// Leads looked at in one go: those before may be held back by an identity in work.
const CANDIDATES: i64 = 64;
/// How often more are looked at: a thousand leads that all wait for one company are no reason to
/// read the whole queue at each claim.
const GOES_MAX: usize = 8;
/// Passes that lower lanes have at most: the rest is for a fresh lead, which then need not wait for
/// one of them to end.
const LOWER_MAX: usize = 6;
/// How long a lead waits for another that works on the same record: about one pass.
const RECORD_BUSY: Duration = Duration::from_secs(1);
/// How long it is kept that a record was in work: longer than an observation takes.
const RELEASED_KEPT: Duration = Duration::from_mins(5);

/// What is in work now.
#[derive(Default)]
pub(super) struct Busy(Mutex<InWork>);

#[derive(Default)]
struct InWork {
    leads: BTreeMap<LeadId, BTreeSet<Hash>>,
    /// Those of lower lanes among them.
    lower: BTreeSet<LeadId>,
    /// When what was in work was let go.
    released: BTreeMap<Hash, Instant>,
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
        let now = Instant::now();
        let mut busy = self.lock();
        let keys = busy.leads.remove(&lead).unwrap_or_default();
        busy.lower.remove(&lead);
        busy.released.retain(|_, at| now.duration_since(*at) < RELEASED_KEPT);
        busy.released.extend(keys.into_iter().map(|key| (key, now)));
    }

    /// Holds a lead with its keys, unless somebody in work has one of them.
    fn hold(&self, lead: LeadId, lane: Lane, keys: &BTreeSet<Hash>) -> bool {
        let mut busy = self.lock();
        let shared = !is_off(Protection::IdentityLock)
            && busy.leads.values().any(|others| !others.is_disjoint(keys));
        let taken = shared || busy.leads.contains_key(&lead);
        if !taken {
            busy.leads.insert(lead, keys.clone());
            if lane != Lane::Fresh {
                busy.lower.insert(lead);
            }
        }
        !taken
    }

    fn has(&self, lead: LeadId) -> bool {
        self.lock().leads.contains_key(&lead)
    }

    fn lock(&self) -> MutexGuard<'_, InWork> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A lead whose identities are held, with all that working on it needs.
pub(super) struct Claimed {
    pub(super) context: Context,
    pub(super) task: Task,
}

/// What is to be done with it.
pub(super) enum Task {
    /// Look for a write whose answer never came.
    Recover(Lens),
    /// Observe, plan, execute.
    Plan(Arc<Ready>, Box<Derived>),
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
                // Also where the answer says nothing of the key: the next probe is a minute away.
                let refused = error.verdict() == Verdict::WrongKey;
                shared.health.probed(refused, shared.now());
                return Claim::Nothing(Some(FALLBACK_TICK));
            }
        },
    }
    let now = shared.now();
    let waits = shared.ledger.read(move |conn| work::is_due(conn, now)).await;
    if !matches!(waits, Ok(true)) {
        return Claim::Nothing(next_due(shared).await);
    }
    // Read by a loop of its own: nobody waits for Ploomes here while others have its turn.
    let Some(reference) = shared.reference.last() else {
        return Claim::Nothing(Some(FALLBACK_TICK));
    };
    let claimed = match in_doubt(shared, &reference).await {
        Ok(None) => next_lead(shared, &reference).await,
        claimed => claimed,
    };
    match claimed {
        Ok(Some(claimed)) => Claim::Lead(Box::new(claimed)),
        Ok(None) => Claim::Nothing(next_due(shared).await),
        Err(error) => {
            tracing::error!(%error, "the queue cannot be read");
            Claim::Nothing(Some(FALLBACK_TICK))
        }
    }
}

async fn next_due(shared: &Shared) -> Option<Duration> {
    let now = shared.now();
    let next = shared.ledger.read(move |conn| work::next_due(conn, now)).await;
    shared.until(next.ok().flatten())
}

/// A lead with a step in doubt whose look is due, on any route.
async fn in_doubt(shared: &Shared, reference: &Loaded) -> Result<Option<Claimed>, LedgerError> {
    let now = shared.now();
    let due = shared.ledger.read(move |conn| work::due_in_doubt(conn, now, CANDIDATES)).await?;
    for work in due {
        let with_deals = shared.with_deals();
        let read = shared
            .ledger
            .read(move |conn| {
                let keys = journal::keys_of(conn, work.lead)?;
                Ok((keys, observe::of_open_step(conn, work, &with_deals)?))
            })
            .await?;
        let (keys, Some(mut context)) = read else { continue };
        if shared.busy.hold(work.lead, work.lane, &keys) {
            context.keys = keys;
            let task = Task::Recover(reference.lens(shared));
            return Ok(Some(Claimed { context, task }));
        }
    }
    Ok(None)
}

/// The lanes in the order in which they are asked now.
fn lanes(shared: &Shared) -> [Lane; 4] {
    let mut busy = shared.busy.lock();
    busy.claims += 1;
    let mut lanes = Lane::ALL;
    if busy.claims.is_multiple_of(FLOOR_EVERY) {
        let turn = usize::try_from(busy.claims / FLOOR_EVERY % 3).unwrap_or_default();
        lanes[..=turn + 1].rotate_right(1);
    }
    lanes
}

/// The most urgent lead that is due and shares no identity with one in work.
async fn next_lead(shared: &Shared, reference: &Loaded) -> Result<Option<Claimed>, LedgerError> {
    let enabled = shared.routes.iter().filter(|route| route.enabled);
    let open: BTreeMap<RouteId, Arc<Ready>> = enabled
        .filter_map(|route| match reference.route(route.id) {
            Some(Ok(ready)) => Some((route.id, Arc::clone(ready))),
            _ => None,
        })
        .collect();
    let now = shared.now();
    let lower_full = shared.busy.lock().lower.len() >= LOWER_MAX;
    for lane in lanes(shared) {
        if lower_full && lane != Lane::Fresh {
            continue;
        }
        for (route, ready) in &open {
            let mut after = None;
            for _ in 0..GOES_MAX {
                let route = *route;
                let due = shared
                    .ledger
                    .read(move |conn| {
                        if crate::ledger::route::is_paused(conn, route)? {
                            return Ok(Vec::new());
                        }
                        work::due(conn, route, lane, now, after, CANDIDATES)
                    })
                    .await?;
                for work in &due {
                    if let Some(claimed) = try_claim(shared, *work, ready).await? {
                        return Ok(Some(claimed));
                    }
                }
                match due.last() {
                    Some(last) => after = Some((last.due_at, last.lead)),
                    None => break,
                }
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
    if shared.busy.has(work.lead) {
        return Ok(None);
    }
    let Some(mut context) = read(shared, work).await? else { return Ok(None) };
    if context.open.is_some() {
        return Ok(None);
    }
    let derived = ready.rules.derive(&context.contact, &ready.automation);
    let keys = keys_of(shared, &derived, &context);
    let (held_keys, lead) = (keys.clone(), work.lead);
    let held = shared.ledger.read(move |conn| journal::is_held(conn, &held_keys, lead)).await?;
    if held || !shared.busy.hold(lead, work.lane, &keys) {
        return Ok(None);
    }
    // Whoever had it before may have written meanwhile: what counts is what stands there now.
    let now = read_due(shared, lead).await;
    let same = match &now {
        Ok(Some(now)) => {
            let derived = ready.rules.derive(&now.contact, &ready.automation);
            keys_of(shared, &derived, now) == keys && now.open.is_none()
        }
        _ => false,
    };
    match now {
        Ok(Some(now)) if same => context = now,
        Ok(_) => {
            shared.busy.release(lead);
            return Ok(None);
        }
        Err(error) => {
            shared.busy.release(lead);
            return Err(error);
        }
    }
    let derived = ready.rules.derive(&context.contact, &ready.automation);
    context.company_keys = company_keys_of(shared, &derived, &context);
    context.keys = keys;
    Ok(Some(Claimed { context, task: Task::Plan(Arc::clone(ready), Box::new(derived)) }))
}

fn keys_of(shared: &Shared, derived: &Derived, context: &Context) -> BTreeSet<Hash> {
    let identity = planner::identity(derived, &context.contact, &context.known);
    identity.iter().map(|key| shared.ledger.keyed(key.as_str())).collect()
}

/// The keys that a lead shares with everybody of its company.
fn company_keys_of(shared: &Shared, derived: &Derived, context: &Context) -> BTreeSet<Hash> {
    let identity = planner::identity(derived, &context.contact, &context.known);
    let companies: BTreeSet<_> =
        context.known.companies().map(planner::IdentityKey::record).collect();
    let of_company = identity.iter().filter(|key| key.is_of_company()).chain(&companies);
    of_company.map(|key| shared.ledger.keyed(key.as_str())).collect()
}

/// What the ledger knows of a lead. One whose contact nobody can read any more is looked up again.
async fn read(shared: &Shared, work: Work) -> Result<Option<Context>, LedgerError> {
    let with_deals = shared.with_deals();
    let context = shared.ledger.read(move |conn| observe::context(conn, work, &with_deals)).await?;
    if context.is_none() {
        let (now, due) = (shared.now(), shared.retry_at(work.attempts, None));
        shared
            .ledger
            .write(move |tx| {
                let Some(lead) = crate::ledger::lead::get(tx, work.lead)? else {
                    return work::remove(tx, work.lead);
                };
                if lead.state == LeadState::Erased {
                    return work::remove(tx, work.lead);
                }
                let source = crate::domain::FoundBy::Webhook;
                inbox::note(tx, lead.route, lead.contact, work.lane, source, now)?;
                work::postpone(tx, work.lead, due, "its contact is looked up again")
            })
            .await?;
        shared.wake.matcher.notify_one();
    }
    Ok(context)
}

/// The same of a lead that is held now, where it is still due.
async fn read_due(shared: &Shared, lead: LeadId) -> Result<Option<Context>, LedgerError> {
    let (now, with_deals) = (shared.now(), shared.with_deals());
    shared
        .ledger
        .read(move |conn| match work::get(conn, lead)? {
            Some(work) if work.due_at <= now => observe::context(conn, work, &with_deals),
            _ => Ok(None),
        })
        .await
}

/// Adds the records that a plan is about to the lead's identity.
///
/// Where another lead has one of them in work, in doubt, or had since it was observed, what was seen of
/// it is old, or about to be: then it is returned how long to wait.
pub(super) async fn claim_records(
    shared: &Shared,
    context: &Context,
    plan: &Plan,
    observed: Instant,
) -> Result<Result<BTreeSet<Hash>, Duration>, LedgerError> {
    let records: BTreeSet<Hash> = plan
        .records()
        .iter()
        .map(|id| shared.ledger.keyed(planner::IdentityKey::record(*id).as_str()))
        .collect();
    let lead = context.lead.id;
    {
        let mut busy = shared.busy.lock();
        let in_work =
            busy.leads.iter().any(|(other, keys)| *other != lead && !keys.is_disjoint(&records));
        let since =
            records.iter().any(|key| busy.released.get(key).is_some_and(|at| *at > observed));
        if (in_work || since) && !is_off(Protection::IdentityLock) {
            return Ok(Err(RECORD_BUSY));
        }
        busy.leads.entry(lead).or_default().extend(records.iter().copied());
    }
    let held = shared.ledger.read(move |conn| journal::is_held(conn, &records, lead)).await?;
    if held {
        // Nobody can know more before the other looks, and each try reads Ploomes again.
        return Ok(Err(shared.settings.settle.max(RECORD_BUSY)));
    }
    Ok(shared.busy.lock().leads.get(&lead).cloned().ok_or(RECORD_BUSY))
}
