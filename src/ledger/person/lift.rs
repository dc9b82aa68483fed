//! Lets somebody who was erased in again.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use rusqlite::Connection;

use super::Who;
use crate::{
    domain::{ContactId, FoundBy, Lane, LeadId, LeadState, RouteId},
    ledger::{Ledger, LedgerError, Subject, Tx, inbox, sql, sql::Millis, tombstone, work},
    planner::person::PersonKey,
};

/// Lifts every tombstone of a person; returns how many there were.
///
/// What was blanked is gone, and is read again from `ActiveCampaign`. A lead that was done is done:
/// its records in Ploomes were not touched. All others wait for their turn again.
pub async fn lift(ledger: &Ledger, who: &Who, now: DateTime<Utc>) -> Result<u64, LedgerError> {
    let key = match who {
        Who::Contact(id) => Some(PersonKey::contact(*id)),
        Who::Email(address) => PersonKey::email(address),
    };
    let keys: BTreeSet<PersonKey> = key.into_iter().collect();
    ledger
        .write(move |tx| {
            let mut lifted = 0;
            while let Some(id) = tombstone::of_keys(tx, &keys)? {
                let leads = leads_of(tx, id)?;
                tombstone::lift(tx, id, now)?;
                for (lead, route, contact) in leads {
                    if tombstone::of_id(tx, contact)?.is_none() {
                        let_in(tx, (lead, route, contact), now)?;
                    }
                }
                lifted += 1;
            }
            Ok(lifted)
        })
        .await
}

/// The erased leads of a tombstone's contacts, whose ids stand there as hashes only.
fn leads_of(
    tx: &Tx<'_>,
    id: tombstone::TombstoneId,
) -> Result<Vec<(LeadId, RouteId, ContactId)>, LedgerError> {
    let mut statement =
        tx.prepare_cached("SELECT id, route_id, contact FROM lead WHERE state = 'erased'")?;
    let mut rows = statement.query([])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let (lead, route, contact) = (row.get(0)?, row.get(1)?, row.get(2)?);
        if tombstone::of_id(tx, contact)? == Some(id) {
            found.push((lead, route, contact));
        }
    }
    Ok(found)
}

/// Where a lead stood when it was erased.
fn before(conn: &Connection, lead: LeadId) -> Result<LeadState, LedgerError> {
    let state = sql::maybe(
        conn,
        "SELECT event FROM history
         WHERE subject = 'lead' AND subject_id = ?1
           AND event IN ('pending', 'in_doubt', 'done', 'skipped', 'failed')
         ORDER BY seq DESC LIMIT 1",
        [lead],
        |row| row.get(0),
    )?;
    Ok(state.unwrap_or(LeadState::Pending))
}

fn let_in(
    tx: &Tx<'_>,
    (lead, route, contact): (LeadId, RouteId, ContactId),
    now: DateTime<Utc>,
) -> Result<(), LedgerError> {
    let state = match before(tx, lead)? {
        settled @ (LeadState::Done | LeadState::Skipped) => settled,
        _ => LeadState::Pending,
    };
    sql::change_one(
        tx,
        "UPDATE lead SET state = ?1, reason = 'let in again', updated_at = ?2 WHERE id = ?3",
        (state, Millis(now), lead),
    )?;
    tx.record(Subject::Lead, lead.0, state.as_str(), now)?;
    if state == LeadState::Pending {
        work::ask(tx, lead, route, Lane::Repair, now)?;
    }
    inbox::note(tx, route, contact, Lane::Repair, FoundBy::Reconcile, now)
}
