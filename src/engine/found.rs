//! What `ActiveCampaign` shows of one contact: pairs its deliveries with its enrollments, makes the
//! leads and gives the fates, in one transaction.

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    merges::{self, Moved},
    route::{Membership, Route},
    shared::Shared,
};
use crate::{
    activecampaign::ContactView,
    domain::{
        Contact, DeliveryId, Enrollment, EnrollmentId, Fate, FoundBy, Lane, LeadId, LeadState,
    },
    ledger::{
        LedgerError, Tx, contact, inbox, inbox::Hint, intake, lead, observation, person, route,
        tombstone, work,
    },
    planner::{
        matching::{self, Arrival, Decision, Entry, Holder, Pairing, Terms},
        person::keys_of_contact,
    },
    transport::CallError,
};

/// The first wait for an AC that is behind its own webhook.
const LOOK_AGAIN_MIN: TimeDelta = TimeDelta::seconds(2);
/// The longest wait between two looks at the same contact.
const LOOK_AGAIN_MAX: TimeDelta = TimeDelta::minutes(5);

/// Why a contact could not be matched now.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    #[error("its route is not in the configuration")]
    NoRoute,
    #[error("the work on it broke off; please report this as a bug")]
    BrokeOff,
    #[error(transparent)]
    Call(#[from] CallError),
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

/// Looks a contact up, and writes down all that follows from what AC shows.
pub(super) async fn match_contact(
    shared: &Shared,
    route: &Route,
    hint: &Hint,
) -> Result<(), Failure> {
    let hint = *hint;
    // A delivery that comes while AC is asked may belong to an entry that the answer lacks: it
    // has a hint of its own.
    let before = shared
        .ledger
        .read(move |conn| intake::newest_waiting(conn, hint.route, hint.contact))
        .await?;
    let asked = shared.alive.asking();
    let view = shared.activecampaign.contact(hint.contact, route.wants(), hint.lane).await?;
    let now = shared.now();
    let Some(view) = view else {
        shared.ledger.write(move |tx| contact_gone(tx, &hint, before, now)).await?;
        return Ok(());
    };
    let entries = entries_of(route, &view);
    let rows = view.enrollments.iter().filter_map(|it| it.enrollment.id);
    shared.alive.contact(hint.contact, asked, rows);
    let ahead = view.server_time - now;
    let moved = merges::follow(shared, route, &hint, before, ahead, &entries).await?;
    let found = Found {
        route: route.clone(),
        hint,
        contact: view.contact,
        entries,
        before,
        moved,
        now,
        ahead,
    };
    shared.ledger.write(move |tx| found.apply(tx)).await?;
    Ok(())
}

/// The contact's entries into the route, as AC shows them now.
pub(super) fn entries_of(route: &Route, view: &ContactView) -> Vec<Enrollment> {
    let single = |entered_at| vec![Enrollment { id: None, entered_at }];
    match &route.membership {
        Membership::Automation(automation) => view
            .enrollments
            .iter()
            .filter(|entry| entry.automation == *automation)
            .map(|entry| entry.enrollment)
            .collect(),
        Membership::Tag(tag) => view
            .tags
            .iter()
            .find(|it| it.name.as_ref().is_some_and(|name| name.eq_ignore_ascii_case(tag)))
            .map(|tagging| single(tagging.since))
            .unwrap_or_default(),
        Membership::List(list) => view
            .lists
            .iter()
            .find(|row| row.list == *list && row.active)
            .map(|row| single(row.since))
            .unwrap_or_default(),
        Membership::EveryContact => {
            single(view.contact.created_at.map(|created| created.with_timezone(&Utc)))
        }
    }
}

/// The contact does not exist: its deliveries call for nothing, and what was not begun is skipped.
fn contact_gone(
    tx: &Tx<'_>,
    hint: &Hint,
    before: Option<DeliveryId>,
    now: DateTime<Utc>,
) -> Result<(), LedgerError> {
    let gone = Some("contact gone");
    for waiting in intake::waiting(tx, hint.route, hint.contact, before)? {
        intake::decide(tx, waiting.delivery, Fate::Ignored, None, gone, now)?;
    }
    for lead in lead::of_contact(tx, hint.contact)? {
        let begun = lead.company.or(lead.person).or(lead.deal).is_some();
        // Of somebody who was erased and let in again nothing is known any more.
        let over = !begun || observation::newest(tx, lead.route, lead.contact)?.is_none();
        let over = over && crate::ledger::journal::open_of(tx, lead.id)?.is_none();
        if lead.route == hint.route && lead.state == LeadState::Pending && over {
            let standing = lead::Standing { reason: gone, ..lead::Standing::default() };
            lead::set_state(tx, lead.id, LeadState::Skipped, &standing, now)?;
            work::remove(tx, lead.id)?;
        }
    }
    inbox::settle(tx, hint)
}

/// What AC showed of a contact, ready to be written down.
struct Found {
    route: Route,
    hint: Hint,
    contact: Contact,
    entries: Vec<Enrollment>,
    /// The newest delivery that waited when AC was asked.
    before: Option<DeliveryId>,
    moved: Vec<Moved>,
    now: DateTime<Utc>,
    /// How far AC's clock is ahead of ours.
    ahead: TimeDelta,
}

impl Found {
    fn apply(&self, tx: &Tx<'_>) -> Result<(), LedgerError> {
        if let Some(erased) = tombstone::of_contact(tx, &self.contact)? {
            // Maybe under another contact's id: nothing of what was just seen is kept.
            let keys = keys_of_contact(&self.contact);
            return person::met(tx, erased, self.contact.id, &keys, self.now);
        }
        for moved in &self.moved {
            let twin = lead::get(tx, moved.lead)?;
            if twin.is_none_or(|it| it.contact != moved.from) {
                // Another lookup was faster; the row may be another lead's, and not a new one.
                let reason = "another contact took the lead over";
                return inbox::postpone(tx, &self.hint, self.now, reason, inbox::Failed::No);
            }
        }
        for moved in &self.moved {
            self.take_over(tx, moved.lead, Some(moved.enrollment))?;
        }
        let terms = Terms {
            expect_within: TimeDelta::from_std(self.route.expect_within).unwrap_or(TimeDelta::MAX),
            since: self.route.since_on(self.ahead),
            now: self.now + self.ahead,
            finds: self.hint.source != FoundBy::Webhook,
        };
        let waiting = intake::waiting(tx, self.hint.route, self.contact.id, self.before)?;
        let arrivals: Vec<Arrival> = waiting
            .iter()
            .map(|it| Arrival { delivery: it.delivery, at: it.received_at + self.ahead })
            .collect();
        let (entries, holders) = self.entries_and_holders(tx)?;
        let pairing = matching::pair(&arrivals, &entries, &holders, terms);
        let made = self.make_leads(tx, &entries, &pairing, terms)?;
        self.decide(tx, &arrivals, &pairing, &made)?;
        self.observe(tx, !made.iter().all(Option::is_none))?;
        match pairing.look_again {
            Some(at) => {
                let due = (at - self.ahead).min(self.sooner(&arrivals, &pairing));
                let reason = "its time has not come";
                inbox::postpone(tx, &self.hint, due, reason, inbox::Failed::No)
            }
            None => inbox::settle(tx, &self.hint),
        }
    }

    /// Follows a merge: the lead is this contact's now. One that was skipped because its contact was
    /// gone is not: it waits for its turn again.
    fn take_over(
        &self,
        tx: &Tx<'_>,
        id: LeadId,
        enrollment: Option<EnrollmentId>,
    ) -> Result<(), LedgerError> {
        lead::move_to(tx, id, self.contact.id, enrollment, self.now)?;
        let Some(moved) = lead::get(tx, id)? else { return Ok(()) };
        let begun = moved.company.or(moved.person).or(moved.deal).is_some();
        if moved.state == LeadState::Skipped && !begun {
            let reason = Some("its contact was merged into another");
            let standing = lead::Standing { reason, ..lead::Standing::default() };
            lead::set_state(tx, id, LeadState::Pending, &standing, self.now)?;
        }
        if matches!(moved.state, LeadState::Skipped | LeadState::Pending | LeadState::InDoubt) {
            work::ask(tx, id, self.route.id, self.hint.lane, self.now)?;
        } else if moved.state == LeadState::Done && moved.person.is_some() {
            // Its person has the other contact's values, and nothing may change in this one for long.
            work::ask(tx, id, self.route.id, Lane::Update, self.now)?;
        }
        Ok(())
    }

    /// When to look again for deliveries that AC does not explain yet: after as long as the
    /// oldest has waited, so that an AC that is a second behind delays a lead by seconds.
    fn sooner(&self, arrivals: &[Arrival], pairing: &Pairing) -> DateTime<Utc> {
        let waits = arrivals.iter().zip(&pairing.decisions).filter_map(|(arrival, decision)| {
            matches!(decision, Decision::Wait(_)).then_some(arrival.at - self.ahead)
        });
        waits.min().map_or(DateTime::<Utc>::MAX_UTC, |oldest| {
            self.now + (self.now - oldest).clamp(LOOK_AGAIN_MIN, LOOK_AGAIN_MAX)
        })
    }

    /// The entries with the leads that hold them, and every lead of the contact on the route.
    fn entries_and_holders(&self, tx: &Tx<'_>) -> Result<(Vec<Entry>, Vec<Holder>), LedgerError> {
        let mut entries = Vec::with_capacity(self.entries.len());
        for enrollment in &self.entries {
            let holder = match enrollment.id {
                Some(id) => lead::of_enrollment(tx, self.route.id, id)?,
                None => lead::of_contact(tx, self.contact.id)?
                    .into_iter()
                    .find(|lead| lead.route == self.route.id && lead.enrollment.is_none()),
            };
            // A merge that kept the row's id moved it here from another contact.
            if let Some(lead) = holder.as_ref().filter(|lead| lead.contact != self.contact.id) {
                self.take_over(tx, lead.id, lead.enrollment)?;
            }
            let entered_at = match (enrollment.entered_at, enrollment.id) {
                (Some(at), _) => at,
                (None, Some(id)) => {
                    route::first_seen(tx, self.route.id, id, self.now + self.ahead)?
                }
                // Where a contact is the key, its own number stands for the row.
                (None, None) => {
                    let row = EnrollmentId(-self.contact.id.0);
                    route::first_seen(tx, self.route.id, row, self.now + self.ahead)?
                }
            };
            let lead = holder.map(|lead| lead.id);
            entries.push(Entry { enrollment: enrollment.id, entered_at, lead });
        }
        let mut holders = Vec::new();
        for lead in lead::of_contact(tx, self.contact.id)? {
            if lead.route == self.route.id {
                let delivered = lead::is_delivered(tx, lead.id)?;
                holders.push(Holder { lead: lead.id, entered_at: lead.entered_at, delivered });
            }
        }
        Ok((entries, holders))
    }

    /// Makes a lead of each entry that calls for one, and asks for it to be worked on.
    fn make_leads(
        &self,
        tx: &Tx<'_>,
        entries: &[Entry],
        pairing: &Pairing,
        terms: Terms,
    ) -> Result<Vec<Option<LeadId>>, LedgerError> {
        let mut made = vec![None; entries.len()];
        let mut order: Vec<usize> =
            (0..entries.len()).filter(|entry| pairing.makes_lead(*entry, terms)).collect();
        order.sort_by_key(|entry| (entries[*entry].entered_at, entries[*entry].enrollment));
        for index in order {
            let entry = entries[index];
            let delivered = pairing.classes[index] == matching::Class::Applied;
            let backfill = entry.entered_at < self.route.first_start + self.ahead;
            let new = lead::NewLead {
                route: self.route.id,
                route_name: &self.route.name,
                contact: self.contact.id,
                enrollment: entry.enrollment,
                entered_at: Some(entry.entered_at),
                backfill,
                found_by: if delivered { FoundBy::Webhook } else { self.hint.source },
            };
            let id = lead::find(tx, &new, self.now)?;
            let lane = match (delivered, backfill) {
                (true, _) => Lane::Fresh,
                (false, false) => Lane::Repair,
                (false, true) => Lane::Backfill,
            };
            work::ask(tx, id, self.route.id, lane, self.now)?;
            made[index] = Some(id);
        }
        Ok(made)
    }

    fn decide(
        &self,
        tx: &Tx<'_>,
        arrivals: &[Arrival],
        pairing: &Pairing,
        made: &[Option<LeadId>],
    ) -> Result<(), LedgerError> {
        for (arrival, decision) in arrivals.iter().zip(&pairing.decisions) {
            let (fate, lead, reason) = match decision {
                Decision::Apply(entry) => (Fate::Applied, made[*entry], None),
                Decision::MergeNew(entry) => (Fate::Merged, made[*entry], None),
                Decision::Merge(lead) => (Fate::Merged, Some(*lead), None),
                Decision::Wait(_) => continue,
                Decision::Quarantine => {
                    let reason = format!("contact not in {}", self.route.membership);
                    (Fate::Quarantined, None, Some(reason))
                }
            };
            let delivery = arrival.delivery;
            intake::decide(tx, delivery, fate, lead, reason.as_deref(), self.now)?;
            if let Some(lead) = lead {
                tracing::info!(
                    delivery.id = delivery.0,
                    lead.id = lead.0,
                    "a delivery is a lead's"
                );
            }
        }
        Ok(())
    }

    /// Keeps what was seen of the contact where it is new, and asks for what a change calls for:
    /// the newest lead that is done is refreshed, those that failed are tried again.
    fn observe(&self, tx: &Tx<'_>, made_lead: bool) -> Result<(), LedgerError> {
        let last = observation::newest(tx, self.route.id, self.contact.id)?;
        let leads: Vec<lead::Lead> = lead::of_contact(tx, self.contact.id)?
            .into_iter()
            .filter(|lead| lead.route == self.route.id)
            .collect();
        if leads.is_empty() {
            return Ok(());
        }
        let changed = last.as_ref().is_none_or(|last| differs(last, &self.contact));
        if !changed && !made_lead {
            if let Some(stamp) = self.contact.updated_at {
                // A stamp that moved for nothing is not looked at again.
                let stamp = stamp.with_timezone(&Utc);
                observation::touch(tx, self.route.id, self.contact.id, stamp)?;
            }
            return Ok(());
        }
        contact::remember_email(tx, self.contact.id, &self.contact.email)?;
        if changed {
            observation::keep(tx, self.route.id, &self.contact, self.now)?;
            contact::forget_shown(tx, self.contact.id)?;
        }
        if !changed || last.is_none() {
            return Ok(());
        }
        let done = |lead: &&lead::Lead| {
            matches!(lead.state, LeadState::Done | LeadState::Skipped) && lead.person.is_some()
        };
        if let Some(newest) = leads.iter().filter(done).max_by_key(|lead| lead.id) {
            work::ask(tx, newest.id, self.route.id, Lane::Update, self.now)?;
        }
        // Those in work were claimed with what was seen before: they are looked at once more.
        let open =
            |lead: &&lead::Lead| matches!(lead.state, LeadState::Pending | LeadState::InDoubt);
        for open in leads.iter().filter(open) {
            work::ask(tx, open.id, self.route.id, Lane::Update, self.now)?;
        }
        for failed in leads.iter().filter(|lead| lead.state == LeadState::Failed) {
            let standing = lead::Standing {
                reason: Some("the contact changed: tried again"),
                ..lead::Standing::default()
            };
            lead::set_state(tx, failed.id, LeadState::Pending, &standing, self.now)?;
            work::restart(tx, failed.id, self.route.id, Lane::Update, self.now)?;
        }
        Ok(())
    }
}

/// Whether a contact shows something else than before; a newer stamp alone is no change, and an
/// older observation never replaces a newer one.
pub(super) fn differs(last: &Contact, seen: &Contact) -> bool {
    let older = match (last.updated_at, seen.updated_at) {
        (Some(last), Some(seen)) => seen < last,
        _ => false,
    };
    let same = Contact { updated_at: last.updated_at, ..seen.clone() } == *last;
    !older && !same
}
