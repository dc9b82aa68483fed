//! What the ledger knows of a lead's records, before Ploomes is asked.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use crate::{
    domain::{LeadState, RecordId, RouteId},
    ledger::{Connection, LedgerError, journal, lead, lead::Lead},
    planner::{Known, StepKind},
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

/// The e-mail address that ponte gave to a person since `since`.
pub(super) fn email_given(
    conn: &Connection,
    kind: StepKind,
    record: RecordId,
    since: DateTime<Utc>,
) -> Result<Option<String>, LedgerError> {
    if kind != StepKind::Person {
        return Ok(None);
    }
    let last = journal::last_written(conn, kind, record)?;
    let email = last.values.get("Email").filter(|_| last.at >= Some(since));
    Ok(email.and_then(|it| it.as_str()).map(str::to_owned))
}

/// The companies and persons that were written into the lead's deal last.
fn named_on(conn: &Connection, lead: &Lead) -> Result<BTreeSet<RecordId>, LedgerError> {
    let Some(deal) = lead.deal else { return Ok(BTreeSet::new()) };
    let written = journal::written(conn, StepKind::Deal, deal, lead.contact)?;
    let last = ["ContactId", "PersonId"].into_iter().filter_map(|property| written.get(property));
    Ok(last.flatten().filter_map(serde_json::Value::as_i64).map(RecordId).collect())
}
