//! Asks `ActiveCampaign` two questions: who entered, and who changed?
//!
//! Writes hints and findings, never a lead: the same matcher that serves webhooks decides. The
//! watermark is the start of the last poll that read every page; a partial poll moves nothing.
//! What was asked for is filtered again here, on parsed times: filters are not believed.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::{
    jobs,
    route::{Membership, Route},
    shared::{Shared, log_call},
};
use crate::{
    activecampaign::{
        ContactFilter, ContactPage, ContactPages, ContactRow, EnrollmentPage, EnrollmentPages,
    },
    domain::{ContactId, Enrollment, FoundBy, Lane},
    ledger::{
        LedgerError, inbox, lead, observation, route, run,
        run::{Kind, Outcome, Question},
        tombstone,
    },
    mutation::{Protection, is_off},
    transport::{CallError, Verdict},
};

/// What a poll saw on one route.
#[derive(Debug, Clone, Copy, Default)]
struct Counts {
    /// Entries read.
    entered: u64,
    /// Entries without a lead, old enough to be one.
    hinted: u64,
    /// Contacts that changed.
    changed: u64,
    /// AC sent rows that were not asked for: what belongs is told here, and reading takes longer.
    filter_ignored: bool,
}

impl Counts {
    fn told(&self, route: &str) -> Value {
        json!({
            "route": route,
            "entered": self.entered,
            "without_lead": self.hinted,
            "changed": self.changed,
            "filter_ignored": self.filter_ignored,
        })
    }
}

/// One poll of every route; the answer is what `ponte poll --json` prints.
pub(super) async fn poll(shared: &Shared) -> Result<Value, LedgerError> {
    // The schedule and a person may ask at the same time: the second waits, and reads little.
    let _one_at_a_time = shared.polling.lock().await;
    jobs::ending(shared, Kind::Poll, Box::pin(one(shared))).await
}

async fn one(shared: &Shared) -> Result<Value, LedgerError> {
    let started = shared.now();
    let id = shared.ledger.write(move |tx| run::start(tx, Kind::Poll, None, started)).await?;
    let mut counts: BTreeMap<&str, Counts> = BTreeMap::new();
    let (mut reason, mut broken) = (None, None);
    for route in &shared.routes {
        let mut seen = Counts::default();
        let polled = poll_route(shared, route, started, &mut seen).await;
        counts.insert(&route.name, seen);
        match polled {
            Ok(()) => {}
            Err(PollError::Ledger(error)) => {
                reason = Some(format!("{}: the ledger could not be used", route.name));
                broken = Some(error);
                break;
            }
            Err(PollError::Call(error)) => {
                log_call(&error, "a poll");
                if error.api() == "ActiveCampaign" && error.status() == Some(403) {
                    // Now and then for nothing; but again and again it may be the key.
                    let _noted = shared.activecampaign.verify(Lane::Update).await;
                }
                reason = Some(format!("{}: {}", route.name, error.plain()));
            }
        }
    }
    let outcome = if reason.is_none() { Outcome::Complete } else { Outcome::Partial };
    let routes: Vec<Value> = counts.iter().map(|(route, seen)| seen.told(route)).collect();
    let finished = shared.now();
    let detail = json!({ "routes": routes }).to_string();
    let (kept, why) = (detail.clone(), reason.clone());
    let ended = shared
        .ledger
        .write(move |tx| run::finish(tx, id, outcome, why.as_deref(), &kept, finished))
        .await;
    if let Some(error) = broken {
        return Err(error);
    }
    ended?;
    shared.wake.matcher.notify_one();
    shared.wake.alerts.notify_one();
    if outcome == Outcome::Complete {
        shared.wake.heartbeat.notify_one();
    }
    tracing::info!(run.id = id.0, outcome = outcome.as_str(), "polled");
    let zone = shared.settings.timezone;
    Ok(json!({
        "run": id.0.to_string(),
        "outcome": outcome.as_str(),
        "reason": reason,
        "started": started.with_timezone(&zone).to_rfc3339(),
        "finished": finished.with_timezone(&zone).to_rfc3339(),
        "routes": routes,
    }))
}

#[derive(Debug, thiserror::Error)]
enum PollError {
    #[error(transparent)]
    Call(#[from] CallError),
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

async fn poll_route(
    shared: &Shared,
    route: &Route,
    started: DateTime<Utc>,
    seen: &mut Counts,
) -> Result<(), PollError> {
    let mut filter = ContactFilter::default();
    match &route.membership {
        Membership::Automation(_) => match who_entered(shared, route, seen).await {
            Err(_) if is_off(Protection::WatermarkRule) => {}
            read => read?,
        },
        Membership::Tag(name) => {
            let tags = shared.activecampaign.tags(Lane::Update).await?;
            let tag = tags.iter().find(|tag| tag.name.eq_ignore_ascii_case(name));
            // Nobody can have a tag that does not exist.
            let Some(tag) = tag else { return Ok(()) };
            filter.tag = Some(tag.id);
        }
        Membership::List(list) => filter.list = Some(*list),
        Membership::EveryContact => {}
    }
    who_changed(shared, route, filter, seen).await?;
    // Both or none: what is read in part moves nothing.
    let (id, now) = (route.id, shared.now());
    let enters = route.automation().is_some();
    shared
        .ledger
        .write(move |tx| {
            if enters {
                run::set_watermark(tx, id, Question::Entered, started, now)?;
            }
            run::set_watermark(tx, id, Question::Changed, started, now)
        })
        .await?;
    Ok(())
}

/// Hints at everybody who entered the automation and has no lead.
async fn who_entered(shared: &Shared, route: &Route, seen: &mut Counts) -> Result<(), PollError> {
    let Some(automation) = route.automation() else { return Ok(()) };
    let since = look_from(shared, route, Question::Entered).await?;
    let mut pages = shared.activecampaign.enrollments(automation, Some(since), 0, Lane::Repair);
    while let Some(page) = next_enrollments(shared, &mut pages).await? {
        let ahead = page.server_time - shared.now();
        let begins = since.max(route.since_on(ahead));
        seen.filter_ignored |= page.filter_ignored;
        let rows: Vec<_> = page
            .entries
            .into_iter()
            .filter(|row| row.automation == automation)
            .filter(|row| {
                let entered_at = row.enrollment.entered_at;
                entered_at.is_none_or(|at| at >= begins)
            })
            .collect();
        rows.iter().filter_map(|row| row.enrollment.id).for_each(|row| shared.alive.row(row));
        seen.entered += rows.len() as u64;
        let (route, now) = (route.clone(), shared.now());
        seen.hinted += shared
            .ledger
            .write(move |tx| {
                let mut hinted = 0;
                for row in &rows {
                    let Some(enrollment) = row.enrollment.id else { continue };
                    let holder = lead::of_enrollment(tx, route.id, enrollment)?;
                    if holder.as_ref().is_some_and(|lead| lead.contact == row.contact) {
                        continue;
                    }
                    if tombstone::of_id(tx, row.contact)?.is_some() {
                        continue;
                    }
                    let entered = match row.enrollment.entered_at {
                        Some(at) => at,
                        None => route::first_seen(tx, route.id, enrollment, now + ahead)?,
                    };
                    // One that a merge gave to another contact has had its time.
                    let due = match holder {
                        Some(_) => now,
                        None => due_at(&route, entered - ahead, now),
                    };
                    hinted += u64::from(due == now);
                    let lane = route.lane_of_missed(Some(entered));
                    inbox::note(tx, route.id, row.contact, lane, FoundBy::Poll, due)?;
                }
                Ok(hinted)
            })
            .await?;
    }
    Ok(())
}

/// When an entry that came at `entered` on our clock is old enough to be a lead without a webhook.
fn due_at(route: &Route, entered: DateTime<Utc>, now: DateTime<Utc>) -> DateTime<Utc> {
    let within = TimeDelta::from_std(route.expect_within).unwrap_or(TimeDelta::MAX);
    entered.checked_add_signed(within).unwrap_or(DateTime::<Utc>::MAX_UTC).max(now)
}

/// Hints at every contact that changed and has a lead on the route, and, on routes without an
/// automation, at every contact that entered since the route's `since` and has none.
async fn who_changed(
    shared: &Shared,
    route: &Route,
    filter: ContactFilter,
    seen: &mut Counts,
) -> Result<(), PollError> {
    let since = look_from(shared, route, Question::Changed).await?;
    // Subscribing does not move the contact's stamp, so lists are read whole.
    let updated_after = (filter.list.is_none()).then_some(since);
    let filter = ContactFilter { updated_after, ..filter };
    let enters = !matches!(route.membership, Membership::Automation(_));
    let mut pages = shared.activecampaign.contacts(filter, ContactId(0), Lane::Update);
    while let Some(page) = next_contacts(shared, &mut pages).await? {
        seen.filter_ignored |= page.filter_ignored;
        let (route, now) = (route.clone(), shared.now());
        let ahead = page.server_time - now;
        let found = shared
            .ledger
            .write(move |tx| {
                let (id, mut found) = (route.id, Counts::default());
                for row in &page.rows {
                    let contact = row.contact.id;
                    if tombstone::saw(tx, &row.contact, now)? {
                        continue;
                    }
                    let updated_at = row.contact.updated_at.map(|at| at.with_timezone(&Utc));
                    let (lane, due) = match observation::newest_stamp(tx, id, contact)? {
                        None if enters && !lead::is_on_route(tx, id, contact)? => {
                            let Some(entry) = entry_of(&route, row, ahead) else { continue };
                            let due = match entry.entered_at {
                                Some(at) => due_at(&route, at - ahead, now),
                                None => now,
                            };
                            found.entered += 1;
                            found.hinted += u64::from(due == now);
                            (route.lane_of_missed(entry.entered_at), due)
                        }
                        Some(last) if updated_at > last => {
                            found.changed += 1;
                            (Lane::Update, now)
                        }
                        _ => continue,
                    };
                    inbox::note(tx, id, contact, lane, FoundBy::Poll, due)?;
                }
                Ok(found)
            })
            .await?;
        seen.changed += found.changed;
        seen.entered += found.entered;
        seen.hinted += found.hinted;
    }
    Ok(())
}

/// A contact's entry into a route that has one a contact; `None` where it is not in it, or was before
/// the route's `since`. Without a time where the page does not tell.
fn entry_of(route: &Route, row: &ContactRow, ahead: TimeDelta) -> Option<Enrollment> {
    let Some(entries) = route.entries_of(row) else {
        return Some(Enrollment { id: None, entered_at: None });
    };
    entries.into_iter().find(|entry| entry.entered_at.is_none_or(|at| at >= route.since_on(ahead)))
}

/// The next page of contacts, tried again as often as `[retry]` says.
pub(super) async fn next_contacts(
    shared: &Shared,
    pages: &mut ContactPages,
) -> Result<Option<ContactPage>, CallError> {
    let mut failures = 0;
    loop {
        match pages.next().await {
            Err(error) => wait_or_fail(shared, error, &mut failures).await?,
            page => {
                return page;
            }
        }
    }
}

/// The same of enrollments.
pub(super) async fn next_enrollments(
    shared: &Shared,
    pages: &mut EnrollmentPages,
) -> Result<Option<EnrollmentPage>, CallError> {
    let mut failures = 0;
    loop {
        match pages.next().await {
            Err(error) => wait_or_fail(shared, error, &mut failures).await?,
            page => {
                return page;
            }
        }
    }
}

/// Waits before the next try of a read, or gives the run up.
pub(super) async fn wait_or_fail(
    shared: &Shared,
    error: CallError,
    failures: &mut u32,
) -> Result<(), CallError> {
    *failures += 1;
    let Verdict::TryLater { after } = error.verdict() else { return Err(error) };
    if *failures >= shared.settings.attempts {
        return Err(error);
    }
    log_call(&error, "reading a page");
    let backoff = shared.settings.backoff;
    let wait = backoff.after(*failures - 1, after, &mut *shared.rng());
    // Whatever is asked for: a run that sleeps for hours keeps the next one from beginning.
    tokio::time::sleep(wait.min(backoff.max)).await;
    Ok(())
}

/// Where a question is asked from: its watermark less the overlap, or the route's `since`.
async fn look_from(
    shared: &Shared,
    route: &Route,
    question: Question,
) -> Result<DateTime<Utc>, LedgerError> {
    let id = route.id;
    let mark = shared.ledger.read(move |conn| run::watermark(conn, id, question)).await?;
    Ok(match mark {
        // One in the future was set by a clock that was wrong.
        Some(mark) => mark.min(shared.now()) - shared.settings.overlap,
        // Nothing was read yet: everything since the route's beginning is asked for.
        None => route.since - shared.settings.overlap,
    })
}
