//! What the ledger knows of a lead's records, before Ploomes is asked and beside what it shows.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::shared::Shared;
use crate::{
    domain::{LeadState, RecordId, RouteId},
    ledger::{Connection, LedgerError, journal, lead, lead::Lead},
    planner::{ContactRecord, Known, Seen, StepKind},
};

/// Reads it. `with_deals` are the routes that make deals.
pub(super) fn known(
    conn: &Connection,
    lead: &Lead,
    with_deals: &BTreeSet<RouteId>,
) -> Result<Known, LedgerError> {
    let siblings = lead::of_contact(conn, lead.contact)?;
    let is_older_waiting = |other: &&Lead| {
        other.id != lead.id
            && other.deal.is_none()
            && with_deals.contains(&other.route)
            && matches!(other.state, LeadState::Pending | LeadState::InDoubt)
            && (other.entered_at, other.id) < (lead.entered_at, lead.id)
    };
    let older_waiting = siblings.iter().filter(is_older_waiting);
    // Its own first; it stands among the others once more, which makes no difference.
    let all = std::iter::once(lead).chain(siblings.iter().rev());
    Ok(Known {
        deal: lead.deal,
        named_on_deal: named_on(conn, lead)?,
        noted: journal::is_noted(conn, lead.id)?,
        older_waiting: older_waiting.filter_map(|other| other.entered_at).collect(),
        ..Known::of_leads(all.map(|it| [it.company, it.person]))
    })
}

/// Whether every person shows an address that it was given a moment ago: else another of the same
/// contact would be given it as well.
pub(super) async fn shows_new_emails(
    shared: &Shared,
    seen: &Seen,
    settled: DateTime<Utc>,
) -> Result<bool, LedgerError> {
    let persons: Vec<RecordId> = seen.persons.iter().map(|it| it.id).collect();
    let given =
        shared.ledger.read(move |conn| journal::emails_given_since(conn, persons, settled)).await?;
    let shows = |it: &ContactRecord, given: &BTreeSet<String>| {
        given.iter().any(|given| given.trim().eq_ignore_ascii_case(it.text("Email").trim()))
    };
    Ok(seen.persons.iter().all(|it| given.get(&it.id).is_none_or(|given| shows(it, given))))
}

/// The companies and persons that were written into the lead's deal last.
fn named_on(conn: &Connection, lead: &Lead) -> Result<BTreeSet<RecordId>, LedgerError> {
    let Some(deal) = lead.deal else { return Ok(BTreeSet::new()) };
    let written = journal::written(conn, StepKind::Deal, deal, lead.contact)?;
    let last = ["ContactId", "PersonId"].into_iter().filter_map(|property| written.get(property));
    Ok(last.flatten().filter_map(serde_json::Value::as_i64).map(RecordId).collect())
}
