//! One page of contacts against the ledger, in the page's transaction. Decides nothing about Ploomes.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use chrono::{DateTime, TimeDelta, Utc};

use super::counts::{Counts, Tally};
use crate::{
    activecampaign::ContactRow,
    domain::{Contact, ContactId, Enrollment, FoundBy, Lane, LeadState, RouteId},
    engine::{reference::Ready, route::Route},
    ledger::{
        Hash, LedgerError, Tx, inbox, lead, route,
        run::RunId,
        sweep::{self, NewFinding, SweptLead},
        tombstone,
    },
    planner::matching::{self, Class, Entry, Terms},
};
/// A page, and all that it is compared by.
pub(super) struct Page {
    pub(super) run: RunId,
    /// Whether what is found is also put right.
    pub(super) repairs: bool,
    /// The contact before the first, and the last.
    pub(super) after: ContactId,
    pub(super) to: ContactId,
    pub(super) rows: Vec<ContactRow>,
    pub(super) now: DateTime<Utc>,
    /// How far AC's clock is ahead of ours.
    pub(super) ahead: TimeDelta,
    pub(super) routes: Vec<(Route, Option<Arc<Ready>>)>,
}

/// Contacts that are not listed and are asked for one by one: on each page, and in all.
const ABSENT_MAX: [usize; 2] = [100, 1_000];

impl Page {
    /// Counts the page's enrollments, keeps what is missing and which contacts the page should have had,
    /// and keeps how far the sweep has come.
    pub(super) fn compare(&self, tx: &Tx<'_>, tally: &mut Tally) -> Result<(), LedgerError> {
        let known = sweep::leads(tx, self.after, self.to)?;
        let mut of: BTreeMap<ContactId, Vec<&SweptLead>> = BTreeMap::new();
        for lead in &known {
            of.entry(lead.contact).or_default().push(lead);
        }
        let waiting = sweep::with_delivery(tx, self.after, self.to)?;
        if tombstone::any(tx)? {
            for row in &self.rows {
                tombstone::saw(tx, &row.contact, self.now)?;
            }
        }
        for (route, ready) in &self.routes {
            let (derived, last) = match ready {
                Some(_) => (
                    sweep::derived(tx, route.id, self.after, self.to)?,
                    sweep::seen(tx, route.id, self.after, self.to)?,
                ),
                None => Default::default(),
            };
            for row in &self.rows {
                let leads = of.get(&row.contact.id).map_or(&[][..], Vec::as_slice);
                self.compare_entries(tx, route, row, leads, &waiting, tally)?;
                let id = row.contact.id;
                if let (Some(ready), Some(before), Some(last)) =
                    (ready, derived.get(&id), last.get(&id))
                {
                    compare_values(tx, (self.run, route, ready), row, leads, (before, last))?;
                }
            }
        }
        tally.contacts += self.rows.len() as u64;
        self.note_absent(tx, &of, tally)?;
        sweep::keep(tx, self.run, self.to, &serde_json::to_string(&tally).unwrap_or_default())
    }

    /// Leads whose contact is not among the rows: gone, as is known already, or to be asked for.
    fn note_absent(
        &self,
        tx: &Tx<'_>,
        of: &BTreeMap<ContactId, Vec<&SweptLead>>,
        tally: &mut Tally,
    ) -> Result<(), LedgerError> {
        let shown: BTreeSet<ContactId> = self.rows.iter().map(|row| row.contact.id).collect();
        let mut on_page = 0;
        for contact in of.keys().filter(|contact| !shown.contains(contact)) {
            if sweep::is_gone(tx, *contact)? {
                for lead in &of[contact] {
                    tally.of(lead.route).gone += 1;
                }
            } else if on_page < ABSENT_MAX[0] && tally.absent.len() < ABSENT_MAX[1] {
                on_page += 1;
                tally.absent.insert(*contact);
            } else {
                tally.not_asked += 1;
            }
        }
        Ok(())
    }

    /// One contact's entries into one route, each in its class.
    fn compare_entries(
        &self,
        tx: &Tx<'_>,
        route: &Route,
        row: &ContactRow,
        leads: &[&SweptLead],
        waiting: &BTreeSet<(RouteId, ContactId)>,
        tally: &mut Tally,
    ) -> Result<(), LedgerError> {
        let contact = row.contact.id;
        let Some(entries) = route.entries_of(row) else {
            // An automation's own list is read instead.
            if route.automation().is_none() {
                tally.not_shown.insert(route.name.clone());
            }
            return Ok(());
        };
        for entry in entries {
            let counts = tally.of(route.id);
            if let Some(lead) = swept(leads, route.id, &entry) {
                counts.read += 1;
                count_lead(lead, counts);
            } else if tombstone::of_contact(tx, &row.contact)?.is_some() {
                counts.read += 1;
                counts.excluded += 1;
            } else {
                let waits = waiting.contains(&(route.id, contact));
                let who = (contact, Some(row.contact.email.as_str()));
                self.compare_entry(tx, route, who, entry, waits, counts)?;
            }
        }
        Ok(())
    }

    /// A page without contacts: what an automation's own list shows.
    pub(super) fn of_entries(
        (run, repairs): (RunId, bool),
        now: DateTime<Utc>,
        ahead: TimeDelta,
    ) -> Self {
        let (after, to) = (ContactId(0), ContactId(0));
        Self { run, repairs, after, to, rows: Vec::new(), now, ahead, routes: Vec::new() }
    }

    /// One entry whose lead, if any, belongs to another contact as far as the ledger knows. The
    /// address is told where AC showed it.
    pub(super) fn compare_entry(
        &self,
        tx: &Tx<'_>,
        route: &Route,
        (contact, email): (ContactId, Option<&str>),
        entry: Enrollment,
        waits: bool,
        counts: &mut Counts,
    ) -> Result<(), LedgerError> {
        counts.read += 1;
        if let Some(lead) = moved_here(tx, route, &entry)? {
            count_lead(&lead, counts);
            if self.repairs && lead.contact != contact {
                // The matcher moves the lead. Whoever asks like a webhook makes none of what is missing.
                let (lane, source) = (Lane::Repair, FoundBy::Webhook);
                inbox::note(tx, route.id, contact, lane, source, self.now)?;
            }
            return Ok(());
        }
        if tombstone::of_id(tx, contact)?.is_some() {
            counts.excluded += 1;
            return Ok(());
        }
        let entered_at = match (entry.entered_at, entry.id) {
            (Some(at), _) => at,
            (None, Some(id)) => route::first_seen(tx, route.id, id, self.now + self.ahead)?,
            (None, None) => self.now + self.ahead,
        };
        match self.class(route, &entry, entered_at) {
            Class::Excluded => counts.excluded += 1,
            Class::Missed if !waits => {
                counts.missed += 1;
                let finding = NewFinding {
                    route: route.id,
                    contact,
                    enrollment: entry.id,
                    enrolled_at: Some(entered_at),
                };
                sweep::find(tx, self.run, &finding, email, self.now)?;
            }
            _ => counts.waiting += 1,
        }
        Ok(())
    }

    fn class(&self, route: &Route, entry: &Enrollment, entered_at: DateTime<Utc>) -> Class {
        let terms = Terms {
            expect_within: TimeDelta::from_std(route.expect_within).unwrap_or(TimeDelta::MAX),
            since: route.since_on(self.ahead),
            now: self.now + self.ahead,
            finds: true,
        };
        let entry = Entry { enrollment: entry.id, entered_at, lead: None };
        matching::pair(&[], &[entry], &[], terms).classes[0]
    }
}

/// Notes a lead whose derived values are not those that were written last.
fn compare_values(
    tx: &Tx<'_>,
    (run, route, ready): (RunId, &Route, &Ready),
    row: &ContactRow,
    leads: &[&SweptLead],
    (before, last): (&Hash, &Contact),
) -> Result<(), LedgerError> {
    let newest = leads
        .iter()
        .filter(|lead| lead.route == route.id)
        .filter(|lead| matches!(lead.state, LeadState::Done | LeadState::Skipped))
        .max_by_key(|lead| lead.id);
    let Some(newest) = newest else { return Ok(()) };
    let seen = merged(row, last, route.wants().company);
    let derived = ready.rules.derive(&seen, &ready.automation);
    if derived.fingerprint() != *before {
        sweep::suspect(tx, run, newest.id, seen != *last)?;
    }
    Ok(())
}

/// The lead of an enrollment that AC moved here from another contact.
fn moved_here(
    tx: &Tx<'_>,
    route: &Route,
    entry: &Enrollment,
) -> Result<Option<SweptLead>, LedgerError> {
    let Some(id) = entry.id else { return Ok(None) };
    let Some(found) = lead::of_enrollment(tx, route.id, id)? else { return Ok(None) };
    Ok(Some(SweptLead {
        id: found.id,
        route: found.route,
        contact: found.contact,
        enrollment: found.enrollment,
        found_by: found.found_by,
        state: found.state,
        delivered: lead::is_delivered(tx, found.id)?,
    }))
}

/// The contact as the page shows it, with what a page does not show as it was last seen.
fn merged(row: &ContactRow, last: &Contact, wants_company: bool) -> Contact {
    let mut seen = row.contact.clone();
    if !row.fields_included {
        seen.fields.clone_from(&last.fields);
    }
    if row.tags.is_none() {
        seen.tags.clone_from(&last.tags);
    }
    // A page has `orgname` only; where the company is asked for, it may be an account's name.
    if wants_company || seen.company.is_empty() {
        seen.company.clone_from(&last.company);
    }
    if (Contact { updated_at: last.updated_at, ..seen.clone() }) == *last {
        return last.clone();
    }
    seen
}

fn swept<'a>(leads: &[&'a SweptLead], route: RouteId, entry: &Enrollment) -> Option<&'a SweptLead> {
    leads.iter().copied().find(|lead| lead.route == route && lead.enrollment == entry.id)
}

fn count_lead(lead: &SweptLead, counts: &mut Counts) {
    if lead.state == LeadState::Erased {
        counts.excluded += 1;
        return;
    }
    if lead.delivered || lead.found_by == FoundBy::Webhook {
        counts.received += 1;
    } else {
        counts.without_webhook += 1;
    }
    if lead.state == LeadState::Failed {
        counts.failed += 1;
    }
}

/// Hints at those whom a run found missing; the matcher makes the leads.
pub(super) fn hint_missing(
    tx: &Tx<'_>,
    missing: &[NewFinding],
    first_starts: &BTreeMap<RouteId, DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Result<(), LedgerError> {
    for finding in missing {
        let backfill = first_starts
            .get(&finding.route)
            .is_some_and(|start| finding.enrolled_at.is_some_and(|at| at < *start));
        let lane = if backfill { Lane::Backfill } else { Lane::Repair };
        inbox::note(tx, finding.route, finding.contact, lane, FoundBy::Reconcile, now)?;
    }
    Ok(())
}
