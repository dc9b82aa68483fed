//! Reads what a plan depends on: the ledger, then Ploomes. Decides nothing, writes nothing.

use std::{collections::BTreeSet, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    bare, known,
    reference::{Lens, Ready},
    shared::Shared,
};
use crate::{
    domain::{Contact, Lane, LeadState, RecordId, RouteId},
    ledger::{
        Connection, LedgerError, control, journal, lead, lead::Lead, made, observation, work::Work,
    },
    planner::{self, DealFields, DealRecord, Known, Purpose, Search, Seen, Situation, StepKind},
    ploomes::{DealView, Found},
    rules::Derived,
    transport::CallError,
};

/// A refusal for pace makes an empty answer suspect for this long.
const THROTTLED_LATELY: Duration = Duration::from_mins(1);

/// Controls asked for in one search: one may have been deleted since.
const CONTROLS: i64 = 2;

/// How long a search may lag behind a create: minutes were never reported, an hour is safe.
const MADE_LATELY: TimeDelta = TimeDelta::hours(1);

/// A lead with all that the ledger knows of it.
pub(super) struct Context {
    pub(super) work: Work,
    pub(super) lead: Lead,
    pub(super) contact: Contact,
    pub(super) known: Known,
    pub(super) open: Option<journal::OpenStep>,
    pub(super) derived_before: Option<[u8; 32]>,
    /// Keyed hashes of the lead's identity keys, once they are known.
    pub(super) keys: BTreeSet<[u8; 32]>,
    /// Those of them that are its company's.
    pub(super) company_keys: BTreeSet<[u8; 32]>,
}

impl Context {
    /// The keys under which a record that was made for this lead is found again: a person not under
    /// those of the company, or every colleague would be asked for at every other.
    pub(super) fn keys_of(&self, kind: StepKind) -> BTreeSet<[u8; 32]> {
        match kind {
            StepKind::Person => self.keys.difference(&self.company_keys).copied().collect(),
            StepKind::Company | StepKind::Deal | StepKind::Note => self.keys.clone(),
        }
    }

    /// The same where the lead's person was erased while the write was on its way: a company is
    /// others' as well.
    pub(super) fn keys_after_erase(&self, kind: StepKind) -> BTreeSet<[u8; 32]> {
        if kind == StepKind::Company { self.company_keys.clone() } else { BTreeSet::new() }
    }

    /// Where the lead stands, where it is settled: what is left is an update.
    pub(super) fn settled(&self) -> Option<LeadState> {
        match self.lead.state {
            state @ (LeadState::Done | LeadState::Skipped) => Some(state),
            _ => None,
        }
    }

    /// Why it is planned now.
    pub(super) fn purpose(&self) -> Purpose {
        match self.settled() {
            None => Purpose::Bring,
            Some(_) if self.work.replay => Purpose::Replay,
            Some(_) => Purpose::Refresh,
        }
    }

    /// Whether the lead holds from now on what a step was about.
    ///
    /// A refresh leaves the deal alone. Where people deleted the person that the deal names, and the
    /// refresh found another of the contact's, the lead goes on holding the one that is gone: by it,
    /// drift sees that the deal has lost it.
    pub(super) fn holds(&self, kind: StepKind) -> bool {
        let held = match kind {
            StepKind::Company => self.lead.company,
            StepKind::Person => self.lead.person,
            StepKind::Deal | StepKind::Note => None,
        };
        held.is_none() || self.lead.deal.is_none() || self.purpose() != Purpose::Refresh
    }
}

/// Reads what the ledger knows of a lead; `None` where there is nothing to work on. `with_deals` are
/// the routes that make deals.
pub(super) fn context(
    conn: &Connection,
    work: Work,
    with_deals: &BTreeSet<RouteId>,
) -> Result<Option<Context>, LedgerError> {
    let Some(lead) = lead::get(conn, work.lead)? else { return Ok(None) };
    let Some(contact) = observation::newest(conn, lead.route, lead.contact)? else {
        return Ok(None);
    };
    context_with(conn, work, lead, contact, with_deals).map(Some)
}

/// The same of a lead with a step in doubt; its contact may be unknown by now.
pub(super) fn of_open_step(
    conn: &Connection,
    work: Work,
    with_deals: &BTreeSet<RouteId>,
) -> Result<Option<Context>, LedgerError> {
    let Some(lead) = lead::get(conn, work.lead)? else { return Ok(None) };
    let contact = observation::newest(conn, lead.route, lead.contact)?;
    let contact = contact.unwrap_or_else(|| Contact::unknown(lead.contact));
    let context = context_with(conn, work, lead, contact, with_deals)?;
    Ok(Some(context).filter(|it| it.open.is_some()))
}

/// The same for a contact as just seen, and a lead that may not exist yet.
pub(super) fn context_with(
    conn: &Connection,
    work: Work,
    lead: Lead,
    contact: Contact,
    with_deals: &BTreeSet<RouteId>,
) -> Result<Context, LedgerError> {
    let known = known::known(conn, &lead, with_deals)?;
    let open = journal::open_of(conn, lead.id)?;
    let derived_before = observation::derived(conn, lead.route, lead.contact)?;
    let (keys, company_keys) = (BTreeSet::new(), BTreeSet::new());
    Ok(Context { work, lead, contact, known, open, derived_before, keys, company_keys })
}

/// Why nothing could be observed.
#[derive(Debug, thiserror::Error)]
pub(super) enum ObserveError {
    #[error(transparent)]
    Call(#[from] CallError),
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    #[error(
        "Ploomes answered a search with nothing although a record known to exist was asked for"
    )]
    NoControl,
    #[error("Ploomes does not show yet what ponte made a moment ago")]
    NotYetSeen,
}

/// What Ploomes shows for a search, with proof where it is empty.
///
/// Under throttling Ploomes was seen to answer 200 with nothing. So each search also asks for
/// records known to exist; an answer without one of them that lacks anything that was asked for is
/// asked again with the newest contact there is, and is no answer where that is missing too.
pub(super) async fn search(
    shared: &Shared,
    search: &Search,
    lens: &Lens,
    lane: Lane,
) -> Result<Seen, ObserveError> {
    let controls = shared.ledger.read(|conn| control::recent(conn, CONTROLS)).await?;
    let find = |controls: Vec<RecordId>| async move {
        let field = lens.lead_key_field.as_deref();
        shared.reader.find(search, &controls, lens.me, field, lane).await
    };
    let throttled = shared.reader.limiter().throttled_within(THROTTLED_LATELY);
    let first = find(controls.clone()).await?;
    // Whoever answers is not down: what fails now fails for a reason of its own.
    shared.health.succeeded(shared.now());
    if first.control_seen {
        shared.bare.shown();
    }
    if shows_all(&first, search) || (controls.is_empty() && !throttled) {
        return Ok(seen(first, lens));
    }
    match shared.reader.newest_contact(lane).await? {
        Some(newest) => {
            shared.bare.shown();
            let now = shared.now();
            shared
                .ledger
                .write(move |tx| {
                    // Those that were asked for and did not show are deleted, or hidden.
                    for gone in controls {
                        control::forget(tx, gone)?;
                    }
                    control::remember(tx, newest, now)
                })
                .await?;
            let again = find(vec![newest]).await?;
            if shows_all(&again, search) {
                Ok(seen(again, lens))
            } else {
                Err(ObserveError::NoControl)
            }
        }
        // Asked twice, it said the same.
        None if bare::is_bare(shared, &controls, lane).await? => {
            Ok(seen(find(Vec::new()).await?, lens))
        }
        None => Err(ObserveError::NoControl),
    }
}

/// Whether what an answer lacks is certainly not there.
fn shows_all(found: &Found, search: &Search) -> bool {
    let asks_person = search.email.is_some()
        || !search.cpf.is_empty()
        || !search.phones.is_empty()
        || search.person_name.is_some();
    let asks_company = !search.cnpj.is_empty() || search.company.is_some();
    let asks_ids = !search.ids.is_empty();
    let has_ids = search
        .ids
        .iter()
        .all(|id| found.persons.iter().chain(&found.companies).any(|it| it.id == *id));
    found.control_seen
        || ((!asks_person || !found.persons.is_empty())
            && (!asks_company || !found.companies.is_empty())
            && (!asks_ids || has_ids)
            && (asks_person || asks_company || asks_ids))
}

/// Deals of these companies and persons, on either side. An answer without any is asked for twice
/// where Ploomes refused somebody for pace a moment ago.
pub(super) async fn deals_of(
    shared: &Shared,
    owners: &[RecordId],
    lens: &Lens,
    lane: Lane,
) -> Result<Vec<DealRecord>, CallError> {
    let field = lens.lead_key_field.as_deref();
    let deals = shared.reader.deals_of(owners, lens.me, field, lane).await?;
    let throttled = shared.reader.limiter().throttled_within(THROTTLED_LATELY);
    if !deals.is_empty() || !throttled || owners.is_empty() {
        return Ok(deals);
    }
    shared.reader.deals_of(owners, lens.me, field, lane).await
}

fn seen(found: Found, lens: &Lens) -> Seen {
    Seen {
        persons: found.persons,
        companies: found.companies,
        deals: found.deals,
        deals_read_of: BTreeSet::new(),
        me: lens.me,
        deal: None,
    }
}

/// What the deal of a lead holds; `None` where it is gone.
async fn deal(shared: &Shared, id: RecordId, lane: Lane) -> Result<Option<DealFields>, CallError> {
    let mut view = shared.reader.deal(id, None, lane).await?;
    if view.is_none() && shared.reader.limiter().throttled_within(THROTTLED_LATELY) {
        view = shared.reader.deal(id, None, lane).await?;
    }
    Ok(view.map(deal_fields))
}

/// The part of a deal that a plan may change.
pub(super) fn deal_fields(view: DealView) -> DealFields {
    DealFields { id: view.record.id, properties: view.properties, other: view.other }
}

/// Reads everything a lead's plan depends on.
pub(super) async fn situation(
    shared: &Shared,
    context: &Context,
    ready: &Ready,
    derived: &Derived,
    purpose: Purpose,
) -> Result<Situation, ObserveError> {
    let (lane, policy) = (context.work.lane, ready.rules.policy());
    let seen = people_and_companies(shared, context, ready, derived).await?;
    let mut situation = seeing(shared, context, ready, purpose, seen);
    if let Some(ids) = planner::more_deals(policy, derived, &situation) {
        // Nothing here is known to exist, so nothing proves an empty answer: it is asked twice.
        let deals = deals_of(shared, &ids, &ready.lens(), lane).await?;
        let known: BTreeSet<RecordId> = situation.seen.deals.iter().map(|deal| deal.id).collect();
        situation.seen.deals.extend(deals.into_iter().filter(|deal| !known.contains(&deal.id)));
        situation.seen.deals_read_of.extend(&ids);
    }
    if purpose == Purpose::Replay
        && let Some(id) = context.known.deal
    {
        situation.seen.deal = deal(shared, id, lane).await?;
    }
    let is_guarded = policy.skip_if_open_deal && context.known.deal.is_none();
    if is_guarded && purpose == Purpose::Bring && !shows_new_deals(shared, &situation.seen).await? {
        return Err(ObserveError::NotYetSeen);
    }
    remember(shared, context, &mut situation).await?;
    Ok(situation)
}

/// Everybody who may be the lead's person or company, and their deals.
async fn people_and_companies(
    shared: &Shared,
    context: &Context,
    ready: &Ready,
    derived: &Derived,
) -> Result<Seen, ObserveError> {
    let mut question = planner::search(ready.rules.policy(), derived, &context.known);
    let (keys, now) = (context.keys.clone(), shared.now());
    let settled = settled_by(shared);
    let (made, just_made) = shared
        .ledger
        .read(move |conn| {
            let made = made::since(conn, &keys, now - MADE_LATELY)?;
            Ok((made, made::since(conn, &keys, settled)?))
        })
        .await?;
    question.ids.extend(made);
    let seen = search(shared, &question, &ready.lens(), context.work.lane).await?;
    // What was made may show only after `settle`: until then it is not gone.
    let shows = |id: &RecordId| seen.persons.iter().chain(&seen.companies).any(|it| it.id == *id);
    let all_show =
        just_made.iter().all(shows) && known::shows_new_emails(shared, &seen, settled).await?;
    if all_show { Ok(seen) } else { Err(ObserveError::NotYetSeen) }
}

/// Whether every deal is seen that was made a moment ago for these people and companies.
async fn shows_new_deals(shared: &Shared, seen: &Seen) -> Result<bool, LedgerError> {
    let contacts: BTreeSet<RecordId> =
        seen.persons.iter().chain(&seen.companies).map(|it| it.id).collect();
    let settled = settled_by(shared);
    let made =
        shared.ledger.read(move |conn| journal::deals_made_since(conn, &contacts, settled)).await?;
    Ok(made.iter().all(|id| seen.deals.iter().any(|deal| deal.id == *id)))
}

/// What was written before this shows, or never will.
fn settled_by(shared: &Shared) -> DateTime<Utc> {
    shared.now() - TimeDelta::from_std(shared.settings.settle).unwrap_or(TimeDelta::MAX)
}

/// A lead's situation before it is known what was written to the records that were seen.
pub(super) fn seeing(
    shared: &Shared,
    context: &Context,
    ready: &Ready,
    purpose: Purpose,
    seen: Seen,
) -> Situation {
    Situation {
        purpose,
        lead_key: format!("{}/{}", shared.settings.activecampaign_host, context.lead.key),
        entered_at: context.lead.entered_at,
        turn: context.lead.turn,
        contact: context.contact.clone(),
        automation: ready.automation.clone(),
        known: context.known.clone(),
        seen,
    }
}

/// Reads which of the deals other leads hold, and what was written last to the records.
pub(super) async fn remember(
    shared: &Shared,
    context: &Context,
    situation: &mut Situation,
) -> Result<(), LedgerError> {
    let (lead, contact) = (context.lead.id, context.lead.contact);
    let deals: Vec<RecordId> = situation.seen.deals.iter().map(|deal| deal.id).collect();
    let records: Vec<(StepKind, RecordId)> = situation
        .seen
        .persons
        .iter()
        .map(|it| (StepKind::Person, it.id))
        .chain(situation.seen.companies.iter().map(|it| (StepKind::Company, it.id)))
        .chain(situation.seen.deal.iter().map(|it| (StepKind::Deal, it.id)))
        .collect();
    let (held, written) = shared
        .ledger
        .read(move |conn| {
            let held = lead::held_by_others(conn, lead, deals)?;
            let mut written = std::collections::BTreeMap::new();
            for (kind, record) in records {
                let last = journal::written(conn, kind, record, contact)?;
                if !last.is_empty() {
                    written.insert(record, last);
                }
            }
            Ok((held, written))
        })
        .await?;
    situation.known.held = held;
    situation.known.written = written;
    Ok(())
}
