//! Looks for a write whose answer never came, before anything else is done for its lead.
//!
//! After `settle` the write has become visible or died. Found: it is adopted. Not found: looked for
//! once more after another `settle`; only then is it lost, and may be planned again.

use chrono::TimeDelta;

use super::{
    observe::{self, Context, ObserveError},
    reference::Lens,
    shared::Shared,
};
use crate::{
    domain::{Lane, LeadState, RecordId},
    ledger::{
        LedgerError, control,
        journal::{self, Answer, OpenStep, StepId},
        lead::{self, Lead},
        made,
        step::{StepEvent, StepState},
        work,
    },
    planner::{self, StepKind},
};

/// Looks that must show nothing before a write counts as lost.
const LOOKS: u32 = 2;

/// How a look ended.
pub(super) enum Recovered {
    /// The step is settled: the lead can be planned.
    Settled,
    /// The write never arrived: the lead can be planned, after a while.
    Lost,
    /// The time for the next look has not come.
    Waits,
}

/// Settles the open step of a lead, where its time has come.
pub(super) async fn recover(
    shared: &Shared,
    context: &Context,
    open: &OpenStep,
    lens: &Lens,
) -> Result<Recovered, ObserveError> {
    let settle = TimeDelta::from_std(shared.settings.settle).unwrap_or(TimeDelta::MAX);
    let (lead, now) = (context.lead.id, shared.now());
    if open.state == StepState::Sent {
        // Its answer came, or was given up, while the ledger could not be written.
        let reason = "the ledger could not be written when an answer came";
        let look = doubt(shared, &context.lead, open.id, (None, None), reason).await?;
        return Ok(if look { Recovered::Waits } else { Recovered::Settled });
    }
    let waited = shared.busy.since_given_up(open.id, shared.started);
    if let Some(rest) = shared.settings.settle.checked_sub(waited).filter(|rest| !rest.is_zero()) {
        let due = now + TimeDelta::from_std(rest).unwrap_or(settle);
        shared.ledger.write(move |tx| work::postpone(tx, lead, due, "waits for its look")).await?;
        return Ok(Recovered::Waits);
    }
    let found = look(shared, context, open, lens).await?;
    let (id, kind, looks) = (open.id, open.kind, open.looks + 1);
    if let Some(record) = found {
        tracing::info!(
            lead.id = lead.0,
            record.id = record.0,
            "found a {} in doubt",
            kind.as_str()
        );
        settled(shared, context, StepEvent::Find, open, Some(record)).await?;
        return Ok(Recovered::Settled);
    }
    if looks < LOOKS {
        shared.busy.given_up(id);
        shared
            .ledger
            .write(move |tx| {
                journal::looked(tx, id, now)?;
                work::postpone(tx, lead, now + settle, "waits for its second look")
            })
            .await?;
        return Ok(Recovered::Waits);
    }
    settled(shared, context, StepEvent::ProveLost, open, None).await?;
    Ok(Recovered::Lost)
}

/// Nobody knows whether a write happened: it is looked for after `settle`. Returns false where nobody
/// has to, such as for a note.
pub(super) async fn doubt(
    shared: &Shared,
    lead: &Lead,
    step: StepId,
    (status, said): (Option<u16>, Option<String>),
    reason: &'static str,
) -> Result<bool, LedgerError> {
    let (lead, now) = ((lead.id, lead.route), shared.now());
    let settle = TimeDelta::from_std(shared.settings.settle).unwrap_or(TimeDelta::MAX);
    let look = shared
        .ledger
        .write(move |tx| {
            let answer = Answer { status, body: said.as_ref().map(String::as_bytes) };
            let look = journal::doubt(tx, step, answer, reason, now)?;
            if look {
                work::wait_for_look(tx, lead, now + settle)?;
            }
            Ok(look)
        })
        .await?;
    if look {
        shared.busy.given_up(step);
    }
    Ok(look)
}

async fn settled(
    shared: &Shared,
    context: &Context,
    event: StepEvent,
    open: &OpenStep,
    record: Option<RecordId>,
) -> Result<(), LedgerError> {
    let (lead, id, kind, now) = (context.lead.id, open.id, open.kind, shared.now());
    let keys = context.keys_of(kind);
    let (in_doubt, holds) = (context.lead.state == LeadState::InDoubt, context.holds(kind));
    shared.busy.settled(id);
    shared
        .ledger
        .write(move |tx| {
            journal::advance(tx, id, event, record, Answer::default(), now)?;
            if let Some(record) = record {
                if holds {
                    lead::hold(tx, lead, kind, Some(record), now)?;
                }
                if kind != StepKind::Deal && !lead::is_erased(tx, lead)? {
                    made::keep(tx, &keys, record, now)?;
                    control::remember(tx, record, now)?;
                }
            }
            // An update that was in doubt leaves the lead where it stands.
            if !in_doubt {
                return Ok(());
            }
            let standing = lead::Standing::default();
            lead::set_state(tx, lead, LeadState::Pending, &standing, now)
        })
        .await
}

/// Where no record is known to exist, nothing proves a search that found nothing: the account must
/// have no record at all, which is proved otherwise. What was to be found may be the first one.
async fn ensure_nobody_is_known(shared: &Shared, lane: Lane) -> Result<(), ObserveError> {
    let known = shared.ledger.read(|conn| control::recent(conn, 1)).await?;
    if !known.is_empty() {
        return Ok(());
    }
    let Some(newest) = shared.reader.proved_newest_contact(lane).await? else { return Ok(()) };
    let now = shared.now();
    shared.ledger.write(move |tx| control::remember(tx, newest, now)).await?;
    Err(ObserveError::NoControl)
}

/// Asks Ploomes whether the write happened.
async fn look(
    shared: &Shared,
    context: &Context,
    open: &OpenStep,
    lens: &Lens,
) -> Result<Option<RecordId>, ObserveError> {
    let lane = context.work.lane;
    if matches!(open.kind, StepKind::Company | StepKind::Person) {
        let search = planner::search_of_request(open.kind, &open.request);
        let seen = observe::search(shared, &search, lens, lane).await?;
        let found = planner::made_by(open.kind, &open.request, &seen, open.sent_at);
        if found.is_none() {
            ensure_nobody_is_known(shared, lane).await?;
        }
        return Ok(found);
    }
    let id_in = |property: &str| {
        open.request.get(property).and_then(serde_json::Value::as_i64).map(RecordId)
    };
    let owners: Vec<RecordId> = id_in("ContactId").into_iter().chain(id_in("PersonId")).collect();
    // Through the contacts rather than the deals: the answer then holds the contact itself, and
    // shows that an absent deal is absent.
    let search = planner::Search { ids: owners.clone(), ..planner::Search::default() };
    let mut seen = observe::search(shared, &search, lens, lane).await?;
    let more = observe::deals_of(shared, &owners, lens, lane).await?;
    let known: Vec<RecordId> = seen.deals.iter().map(|deal| deal.id).collect();
    seen.deals.extend(more.into_iter().filter(|deal| !known.contains(&deal.id)));
    let lead = context.lead.id;
    let deals = known.into_iter().chain(seen.deals.iter().map(|deal| deal.id)).collect::<Vec<_>>();
    let held = shared.ledger.read(move |conn| lead::held_by_others(conn, lead, deals)).await?;
    Ok(planner::deal_made_by(&open.request, &seen, &held, open.sent_at))
}
