//! Reads everybody, page by page, and has each page compared with the ledger.

use std::sync::Arc;

use chrono::TimeDelta;

use super::{Mode, Run, compare::Page, counts::Tally};
use crate::{
    activecampaign::{ContactFilter, ContactPage, Include, Wants},
    domain::{ContactId, FoundBy, Lane},
    engine::{
        poll::{next_contacts, next_enrollments},
        reference::Ready,
        route::{Membership, Route},
        shared::log_call,
    },
    ledger::{LedgerError, contact, inbox, sweep as progress, tombstone},
    transport::CallError,
};

/// Missing contacts that are asked for their address one by one: a minute and a half of calls.
const ADDRESSES_MAX: i64 = 500;

/// Contacts of leads behind the last one that AC has, compared at once: as many as a page has.
const CONTACTS_AT_ONCE: i64 = 100;

impl Run<'_> {
    /// Reads all contacts from the cursor on, and asks for those that an earlier try did not get an answer
    /// for. What could not be read makes the run partial.
    pub(super) async fn sweep(&mut self) -> Result<(), LedgerError> {
        let routes = self.ready_routes().await;
        let include = include(&self.routes);
        let filter = ContactFilter { include, ..ContactFilter::default() };
        let shared = self.shared;
        let mut pages = shared.activecampaign.contacts(filter, self.cursor, Lane::Repair);
        self.look_after().await?;
        let mut page = next_contacts(shared, &mut pages).await;
        loop {
            match page {
                Ok(Some(read)) => {
                    if include.enrollments && read.rows.iter().any(|row| row.enrollments.is_none())
                    {
                        self.tally.without_include = true;
                    }
                    // The next page is on its way while this one is compared.
                    let compared = self.compare(&routes, Some(read));
                    let next = async { Ok(next_contacts(shared, &mut pages).await) };
                    ((), page) = tokio::try_join!(compared, next)?;
                }
                Ok(None) => break,
                Err(error) => {
                    self.doubt(&error, "reading contacts");
                    return Ok(());
                }
            }
        }
        if !self.compare_the_rest(&routes).await? {
            return Ok(());
        }
        if self.tally.without_include {
            self.read_automations(&routes).await?;
        }
        self.keep(self.cursor, self.tally.clone()).await?;
        self.tally.is_read = true;
        self.tally.doubts.extend(self.tally.standing_doubts());
        Ok(())
    }

    async fn keep(&self, cursor: ContactId, tally: Tally) -> Result<(), LedgerError> {
        let (run, counts) = (self.id, serde_json::to_string(&tally).unwrap_or_default());
        self.shared.ledger.write(move |tx| progress::keep(tx, run, cursor, &counts)).await
    }

    /// Leads of contacts behind the last one that AC has, a range at a time. Returns false where the
    /// whole must be read again.
    async fn compare_the_rest(
        &mut self,
        routes: &[(Route, Option<Arc<Ready>>)],
    ) -> Result<bool, LedgerError> {
        loop {
            let before = self.cursor;
            self.compare(routes, None).await?;
            if self.cursor == before {
                return Ok(true);
            }
            if self.tally.contacts == 0 {
                // No account loses everybody; an answer may. Whoever goes on begins anew.
                self.tally.doubts.push("ActiveCampaign listed no contact at all".to_owned());
                let tally = Tally { of: self.tally.of.clone(), ..Tally::default() };
                self.keep(ContactId(0), tally).await?;
                return Ok(false);
            }
        }
    }

    pub(super) fn doubt(&mut self, error: &CallError, what: &str) {
        log_call(error, what);
        self.tally.doubts.push(format!("{what}: {}", error.plain()));
    }

    /// The routes with their rules, where the accounts allow them now.
    async fn ready_routes(&self) -> Vec<(Route, Option<Arc<Ready>>)> {
        let reference = self.shared.reference.get(self.shared).await.ok();
        let ready = |route: &Route| match reference.as_ref()?.route(route.id)? {
            Ok(ready) => Some(Arc::clone(ready)),
            Err(_) => None,
        };
        self.routes.iter().map(|route| (route.clone(), ready(route))).collect()
    }

    /// Compares a page, or what lies behind the last one, and looks after what it lacks.
    async fn compare(
        &mut self,
        routes: &[(Route, Option<Arc<Ready>>)],
        page: Option<ContactPage>,
    ) -> Result<(), LedgerError> {
        let now = self.shared.now();
        let after = self.cursor;
        let (to, rows, ahead) = if let Some(page) = page {
            (page.cursor, page.rows, page.server_time - now)
        } else {
            let end = move |conn: &_| progress::range_end(conn, after, CONTACTS_AT_ONCE);
            let Some(to) = self.shared.ledger.read(end).await? else { return Ok(()) };
            (to, Vec::new(), TimeDelta::zero())
        };
        let (run, repairs) = (self.id, self.request.mode == Mode::Repair);
        let page = Page { run, repairs, after, to, rows, now, ahead, routes: routes.to_vec() };
        let mut tally = self.tally.clone();
        self.tally = self
            .shared
            .ledger
            .write(move |tx| page.compare(tx, &mut tally).map(|()| tally))
            .await?;
        self.cursor = to;
        self.look_after().await
    }

    /// Asks for contacts that should have been on a page: gone, or hidden?
    async fn look_after(&mut self) -> Result<(), LedgerError> {
        let absent: Vec<ContactId> = self.tally.absent.difference(&self.asked).copied().collect();
        for contact in absent {
            self.asked.insert(contact);
            let wants = Wants::default();
            match self.shared.activecampaign.contact(contact, wants, Lane::Repair).await {
                Ok(None) => {
                    self.note_gone(contact).await?;
                    self.tally.absent.remove(&contact);
                }
                Ok(Some(_)) => self
                    .tally
                    .doubts
                    .push(format!("ActiveCampaign has contact {contact} and did not list it")),
                Err(error) => self.doubt(&error, "asking for a contact that was not listed"),
            }
        }
        Ok(())
    }

    /// AC has the contact no longer: its leads are gone, and what waits for it is settled.
    async fn note_gone(&mut self, contact: ContactId) -> Result<(), LedgerError> {
        let now = self.shared.now();
        let leads = self
            .shared
            .ledger
            .write(move |tx| {
                progress::note_gone(tx, contact, now)?;
                let before = ContactId(contact.0 - 1);
                let leads = progress::leads(tx, before, contact)?;
                for lead in &leads {
                    // The matcher skips what was not begun.
                    inbox::note(tx, lead.route, contact, Lane::Repair, FoundBy::Webhook, now)?;
                }
                Ok(leads)
            })
            .await?;
        for lead in leads {
            self.tally.of(lead.route).gone += 1;
        }
        Ok(())
    }

    /// The second way: each automation's own list, where contacts came without their enrollments.
    async fn read_automations(
        &mut self,
        routes: &[(Route, Option<Arc<Ready>>)],
    ) -> Result<(), LedgerError> {
        for (route, _) in routes {
            let Some(automation) = route.automation() else { continue };
            *self.tally.of(route.id) = super::counts::Counts {
                gone: self.tally.of(route.id).gone,
                ..super::counts::Counts::default()
            };
            let mut pages =
                self.shared.activecampaign.enrollments(automation, None, 0, Lane::Repair);
            loop {
                match next_enrollments(self.shared, &mut pages).await {
                    Ok(Some(page)) => self.compare_entries(route, page).await?,
                    Ok(None) => break,
                    Err(error) => {
                        self.doubt(&error, "reading an automation's entries");
                        break;
                    }
                }
            }
            self.read_addresses(route).await?;
        }
        Ok(())
    }

    /// Who is missing is told by address, and an automation's own list has none.
    async fn read_addresses(&mut self, route: &Route) -> Result<(), LedgerError> {
        let (run, route) = (self.id, route.id);
        let some = move |conn: &_| progress::without_email(conn, run, route, ADDRESSES_MAX);
        for id in self.shared.ledger.read(some).await? {
            let wants = Wants::default();
            match self.shared.activecampaign.contact(id, wants, Lane::Repair).await {
                Ok(Some(seen)) => {
                    let (seen, now) = (seen.contact, self.shared.now());
                    self.shared
                        .ledger
                        .write(move |tx| match tombstone::of_contact(tx, &seen)? {
                            None => contact::show_email(tx, id, &seen.email, now),
                            Some(_) => Ok(()),
                        })
                        .await?;
                }
                // Whoever is gone is noticed by the matcher, and nothing depends on an address.
                Ok(None) => {}
                Err(error) => {
                    log_call(&error, "asking for the address of a contact that is missing");
                    break;
                }
            }
        }
        Ok(())
    }

    async fn compare_entries(
        &mut self,
        route: &Route,
        page: crate::activecampaign::EnrollmentPage,
    ) -> Result<(), LedgerError> {
        let now = self.shared.now();
        let (run, route, mut tally) = (self.id, route.clone(), self.tally.clone());
        let repairs = self.request.mode == Mode::Repair;
        let ahead = page.server_time - now;
        let entries = page.entries;
        self.tally = self
            .shared
            .ledger
            .write(move |tx| {
                let page = Page::of_entries((run, repairs), now, ahead);
                for entry in entries {
                    let counts = tally.of(route.id);
                    let waits = crate::ledger::intake::newest_waiting(tx, route.id, entry.contact)?;
                    let (who, waits) = ((entry.contact, None), waits.is_some());
                    page.compare_entry(tx, &route, who, entry.enrollment, waits, counts)?;
                }
                Ok(tally)
            })
            .await?;
        Ok(())
    }
}

/// What must be included of each contact, for these routes.
fn include(routes: &[Route]) -> Include {
    let any = |of: fn(&Route) -> bool| routes.iter().any(of);
    Include {
        fields: true,
        enrollments: any(|it| matches!(it.membership, Membership::Automation(_))),
        tags: any(|it| it.wants().tags),
        lists: any(|it| matches!(it.membership, Membership::List(_))),
    }
}
