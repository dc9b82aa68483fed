//! Leads that a merge in `ActiveCampaign` left behind.
//!
//! A merge takes the losing contact away and gives its rows to the winner, which may number them
//! anew. The row that a lead is about then reappears here, under another contact and id.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};

use super::{found::Failure, route::Route, shared::Shared};
use crate::{
    activecampaign::Wants,
    domain::{ContactId, DeliveryId, Enrollment, EnrollmentId, LeadId},
    ledger::{Connection, LedgerError, inbox::Hint, intake, lead},
};

/// A lead whose row reappeared under another contact.
pub(super) struct Moved {
    pub(super) lead: LeadId,
    /// The contact it had, which is gone.
    pub(super) from: ContactId,
    /// The row that is its own now.
    pub(super) enrollment: EnrollmentId,
}

/// How soon after its entry a delivery comes that is certainly that entry's own: AC sends it at once.
/// One that comes later may be of an entry whose row AC does not show yet, as rows lag behind webhooks.
const SOON: TimeDelta = TimeDelta::seconds(5);

/// How many others who entered in the same second are asked for where a delivery is not that soon:
/// more are an import, whose webhooks take their time, and asking for each of the others each time
/// would take as long as AC's pace allows for their square.
const ASKED_MAX: usize = 5;

/// An entry that may be that of one of these leads.
struct Twins {
    row: EnrollmentId,
    entered_at: DateTime<Utc>,
    leads: Vec<lead::Lead>,
}

/// Leads whose contact is gone and whose row reappeared among `entries` under a new id.
pub(super) async fn follow(
    shared: &Shared,
    route: &Route,
    hint: &Hint,
    before: Option<DeliveryId>,
    ahead: TimeDelta,
    entries: &[Enrollment],
) -> Result<Vec<Moved>, Failure> {
    let twins = shared
        .ledger
        .read({
            let (route, hint, entries) = (route.clone(), *hint, entries.to_vec());
            move |conn| may_have_moved(conn, &route, &hint, before, ahead, &entries)
        })
        .await?;
    let mut moved: Vec<Moved> = Vec::new();
    for Twins { row, leads, .. } in twins {
        shared.alive.row(row);
        let outlived = |twin: &&lead::Lead| shared.alive.outlived(twin.contact, row);
        for twin in leads.iter().filter(|twin| !outlived(twin)) {
            let _one_at_a_time = shared.alive.turn.lock().await;
            if outlived(&twin) || moved.iter().any(|it| it.lead == twin.id) {
                continue;
            }
            let asked = shared.alive.asking();
            let wants = Wants::default();
            if shared.activecampaign.contact(twin.contact, wants, hint.lane).await?.is_some() {
                shared.alive.contact(twin.contact, asked, []);
            } else {
                moved.push(Moved { lead: twin.id, from: twin.contact, enrollment: row });
                break;
            }
        }
    }
    Ok(moved)
}

/// The entries without a lead that entered at the very time of another contact's lead.
///
/// None where each entry in question has a delivery of its own: a merge sends no webhook.
fn may_have_moved(
    conn: &Connection,
    route: &Route,
    hint: &Hint,
    before: Option<DeliveryId>,
    ahead: TimeDelta,
    entries: &[Enrollment],
) -> Result<Vec<Twins>, LedgerError> {
    let within = TimeDelta::from_std(route.expect_within).unwrap_or(TimeDelta::MAX);
    let (mut twins, mut alone) = (Vec::new(), Vec::new());
    for entry in entries {
        let (Some(row), Some(entered_at)) = (entry.id, entry.entered_at) else { continue };
        if lead::of_enrollment(conn, route.id, row)?.is_some() {
            continue;
        }
        let leads = older_twins(conn, route, hint, row, entered_at)?;
        if leads.is_empty() {
            alone.push(entered_at);
        } else {
            twins.push(Twins { row, entered_at, leads });
        }
    }
    if twins.is_empty() {
        return Ok(twins);
    }
    let waiting = intake::waiting(conn, hint.route, hint.contact, before)?;
    let mut free: BTreeSet<_> = waiting.iter().map(|it| (it.received_at, it.delivery)).collect();
    // Takes the oldest delivery that came no later than `within` after an entry, and not before it: one
    // that came twice is no other entry's. Clocks are read to the second, and answers take time.
    let mut take = |entered_at: DateTime<Utc>, within: TimeDelta| {
        let fits = |at: DateTime<Utc>| at >= entered_at - SOON && at <= entered_at + within;
        let own = free.iter().find(|(at, _)| fits(*at + ahead)).copied();
        own.is_some_and(|own| free.remove(&own))
    };
    for entered_at in alone {
        take(entered_at, within);
    }
    let has_own = |it: &Twins| {
        let within = if it.leads.len() <= ASKED_MAX { SOON } else { within };
        take(it.entered_at, within)
    };
    Ok(if twins.iter().all(has_own) { Vec::new() } else { twins })
}

/// The leads of others whose row may be this one now: those that entered at the same time, whose own
/// row is older, as a merge makes it anew, and whose contact has none that is younger.
fn older_twins(
    conn: &Connection,
    route: &Route,
    hint: &Hint,
    row: EnrollmentId,
    entered_at: DateTime<Utc>,
) -> Result<Vec<lead::Lead>, LedgerError> {
    let mut leads = lead::entered_at(conn, route.id, entered_at, hint.contact)?;
    leads.retain(|it| it.enrollment < Some(row));
    if leads.len() > ASKED_MAX {
        return Ok(leads);
    }
    let mut older = Vec::with_capacity(leads.len());
    for lead in leads {
        let all = lead::of_contact(conn, lead.contact)?;
        // Whoever entered after this row was made was there then, and its own row was too.
        if all.iter().all(|it| it.enrollment < Some(row)) {
            older.push(lead);
        }
    }
    Ok(older)
}
