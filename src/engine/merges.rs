//! Leads that a merge in `ActiveCampaign` left behind.
//!
//! A merge takes the losing contact away and gives its rows to the winner, which may number them
//! anew. The row that a lead is about then reappears here, under another contact and id.

use chrono::TimeDelta;

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

/// Leads that a merge may have left behind, by the entry that may be theirs now.
type Twins = Vec<(EnrollmentId, Vec<lead::Lead>)>;

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
    for (enrollment, twins) in twins {
        shared.alive.row(enrollment);
        // The row that a merge makes is younger than the one it replaces.
        let older = twins.iter().filter(|twin| twin.enrollment < Some(enrollment));
        let outlived = |twin: &&lead::Lead| shared.alive.outlived(twin.contact, enrollment);
        for twin in older.filter(|twin| !outlived(twin)) {
            let _one_at_a_time = shared.alive.turn.lock().await;
            if outlived(&twin) || moved.iter().any(|it| it.lead == twin.id) {
                continue;
            }
            let asked = shared.alive.asking();
            let wants = Wants::default();
            if shared.activecampaign.contact(twin.contact, wants, hint.lane).await?.is_some() {
                shared.alive.contact(twin.contact, asked);
            } else {
                moved.push(Moved { lead: twin.id, from: twin.contact, enrollment });
                break;
            }
        }
    }
    Ok(moved)
}

/// The entries without a lead that entered at the very time of another contact's lead.
///
/// None where each entry in question has a delivery of its own: a merge sends no webhook. An import
/// lets thousands enter in one second, and asking AC for each of the others each time would take as
/// long as AC's pace allows for their square.
fn may_have_moved(
    conn: &Connection,
    route: &Route,
    hint: &Hint,
    before: Option<DeliveryId>,
    ahead: TimeDelta,
    entries: &[Enrollment],
) -> Result<Twins, LedgerError> {
    let waiting = intake::waiting(conn, hint.route, hint.contact, before)?;
    let within = TimeDelta::from_std(route.expect_within).unwrap_or(TimeDelta::MAX);
    let mut twins = Vec::new();
    let mut in_question = 0;
    for entry in entries {
        let (Some(id), Some(at)) = (entry.id, entry.entered_at) else { continue };
        if lead::of_enrollment(conn, route.id, id)?.is_some() {
            continue;
        }
        let of_others = lead::entered_at(conn, route.id, at, hint.contact)?;
        let is_expected = waiting.iter().any(|it| it.received_at + ahead <= at + within);
        in_question += usize::from(is_expected || !of_others.is_empty());
        if !of_others.is_empty() {
            twins.push((id, of_others));
        }
    }
    Ok(if in_question <= waiting.len() { Vec::new() } else { twins })
}
