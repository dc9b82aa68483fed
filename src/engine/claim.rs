//! What is worked on: leads that are due, whose identities nobody else holds.
//!
//! Identities (contact, e-mail, CPF, phone, CNPJ, company name, record) of leads in work are held
//! in memory, those of steps in doubt in the ledger. Two leads that share one are never in work at
//! the same time. A lead with a step in doubt is looked after whatever its route is: paused, held or
//! no longer configured, its keys hold up others.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use tokio::time::Instant;

use super::{
    busy::Outlook,
    health::Go,
    observe::{self, Context},
    reference::{Lens, Loaded, Ready},
    shared::Shared,
    wake::FALLBACK_TICK,
};
use crate::{
    domain::{Lane, LeadId, LeadState, RouteId},
    ledger::{
        Hash, LedgerError, inbox, journal, work,
        work::{Queue, Work},
    },
    planner::{self, Plan},
    rules::Derived,
    transport::Verdict,
};

/// Leads looked at in one go: those before may be held back by an identity in work.
const CANDIDATES: u32 = 64;
/// How often more are looked at: a thousand leads that all wait for one company are no reason to
/// read the whole queue at each claim.
const GOES_MAX: usize = 8;
/// How long a lead waits for another that works on the same record: about one pass.
const RECORD_BUSY: Duration = Duration::from_secs(1);

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
    let look = match look(shared, now).await {
        Ok(look) => look,
        Err(error) => return unreadable(&error),
    };
    if look.due.is_empty() && look.in_doubt.is_empty() {
        return Claim::Nothing(shared.until(look.next));
    }
    // Read by a loop of its own: nobody waits for Ploomes here while others have its turn.
    let Some(reference) = shared.reference.last() else {
        return Claim::Nothing(Some(FALLBACK_TICK));
    };
    let claimed = match in_doubt(shared, &reference, &look.in_doubt).await {
        Ok(None) => next_lead(shared, &reference, &look.due).await,
        claimed => claimed,
    };
    match claimed {
        Ok(Some(claimed)) => Claim::Lead(Box::new(claimed)),
        // Some may have been put off meanwhile, or have become due.
        Ok(None) => match next_due(shared, now).await {
            Ok(next) => Claim::Nothing(shared.until(next)),
            Err(error) => unreadable(&error),
        },
        Err(error) => unreadable(&error),
    }
}

fn unreadable(error: &LedgerError) -> Claim {
    tracing::error!(%error, "the queue cannot be read");
    Claim::Nothing(Some(FALLBACK_TICK))
}

/// What the queue holds at a moment.
struct Look {
    /// Where leads are due.
    due: BTreeSet<(Lane, RouteId)>,
    /// Leads with a step in doubt whose look is due, on any route.
    in_doubt: Vec<Work>,
    /// When the next lead is due that is not now.
    next: Option<DateTime<Utc>>,
}

async fn look(shared: &Shared, now: DateTime<Utc>) -> Result<Look, LedgerError> {
    let read = move |conn: &_| {
        let queues = work::queues(conn, now)?;
        Ok(Look {
            due: queues.iter().filter(|it| it.is_due).map(|it| (it.lane, it.route)).collect(),
            in_doubt: work::due_in_doubt(conn, now, CANDIDATES)?,
            next: first(&queues),
        })
    };
    shared.ledger.read(read).await
}

/// When the first lead is due after `now`, which may be past.
async fn next_due(
    shared: &Shared,
    now: DateTime<Utc>,
) -> Result<Option<DateTime<Utc>>, LedgerError> {
    shared.ledger.read(move |conn| Ok(first(&work::queues(conn, now)?))).await
}

fn first(queues: &[Queue]) -> Option<DateTime<Utc>> {
    queues.iter().filter_map(|queue| queue.next).min()
}

/// A lead with a step in doubt whose look is due, on any route.
async fn in_doubt(
    shared: &Shared,
    reference: &Loaded,
    in_doubt: &[Work],
) -> Result<Option<Claimed>, LedgerError> {
    for work in in_doubt.iter().filter(|work| !shared.busy.has(work.lead)) {
        let (work, with_deals) = (*work, shared.with_deals());
        let read = shared
            .ledger
            .read(move |conn| {
                let keys = journal::keys_of(conn, work.lead)?;
                Ok((keys, observe::of_open_step(conn, work, &with_deals)?))
            })
            .await?;
        let (keys, Some(mut context)) = read else { continue };
        if shared.busy.hold(&work, &keys) {
            context.keys = keys;
            let task = Task::Recover(reference.lens(shared));
            return Ok(Some(Claimed { context, task }));
        }
    }
    Ok(None)
}

/// The most urgent lead that is due and shares no identity with one in work.
async fn next_lead(
    shared: &Shared,
    reference: &Loaded,
    queues: &BTreeSet<(Lane, RouteId)>,
) -> Result<Option<Claimed>, LedgerError> {
    let now = shared.now();
    for lane in shared.busy.lanes() {
        for route in shared.routes.iter().filter(|it| it.enabled) {
            let (route, ready) = match reference.route(route.id) {
                Some(Ok(ready)) if queues.contains(&(lane, route.id)) => (route.id, ready),
                _ => continue,
            };
            let mut after = None;
            for _ in 0..GOES_MAX {
                let due = move |conn: &_| work::due(conn, route, lane, now, after, CANDIDATES);
                let due = shared.ledger.read(due).await?;
                for work in &due {
                    if let Some(claimed) = try_claim(shared, *work, ready).await? {
                        return Ok(Some(claimed));
                    }
                }
                match due.last() {
                    Some(last) if due.len() == CANDIDATES as usize => {
                        after = Some((last.due_at, last.lead));
                    }
                    _ => break,
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
    let seen = match shared.busy.outlook(&work) {
        Outlook::Waits => return Ok(None),
        Outlook::Free(seen) => seen,
    };
    let Some(mut context) = read(shared, work, seen).await? else { return Ok(None) };
    if context.open.is_some() {
        return Ok(None);
    }
    let derived = ready.rules.derive(&context.contact, &ready.automation);
    let keys = keys_of(shared, &derived, &context);
    let (held_keys, lead) = (keys.clone(), work.lead);
    let held = shared.ledger.read(move |conn| journal::is_held(conn, &held_keys, lead)).await?;
    if held || !shared.busy.hold(&work, &keys) {
        shared.busy.waits(&work, &keys);
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

/// What the ledger knows of a lead, unless a step in doubt holds one of the keys that were `seen` of it.
/// One whose contact nobody can read any more is looked up again.
async fn read(
    shared: &Shared,
    work: Work,
    seen: Option<BTreeSet<Hash>>,
) -> Result<Option<Context>, LedgerError> {
    let with_deals = shared.with_deals();
    let read = move |conn: &_| {
        if let Some(seen) = seen
            && journal::is_held(conn, &seen, work.lead)?
        {
            return Ok(None);
        }
        observe::context(conn, work, &with_deals).map(Some)
    };
    let Some(context) = shared.ledger.read(read).await? else { return Ok(None) };
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
    if !shared.busy.hold_records(lead, &records, observed) {
        return Ok(Err(RECORD_BUSY));
    }
    let held = shared.ledger.read(move |conn| journal::is_held(conn, &records, lead)).await?;
    if held {
        // Nobody can know more before the other looks, and each try reads Ploomes again.
        return Ok(Err(shared.settings.settle.max(RECORD_BUSY)));
    }
    Ok(shared.busy.keys(lead).ok_or(RECORD_BUSY))
}
