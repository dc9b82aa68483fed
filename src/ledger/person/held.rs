//! Which contacts, leads and keys are one person's, as far as the ledger can tell.

use std::collections::BTreeSet;

use rusqlite::Connection;

use super::Who;
use crate::{
    domain::{Contact, ContactId, LeadId},
    ledger::{LedgerError, contact, digest::Hash, observation, sql},
    planner::person::{PersonKey, PersonKeyKind, keys_of_contact, keys_of_request},
};

/// What is one person's.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Held {
    /// The contacts, those that AC merged into another included.
    pub(super) contacts: BTreeSet<ContactId>,
    /// Their leads, and those that their deliveries belong to.
    pub(super) leads: BTreeSet<LeadId>,
    /// By what the person is recognised.
    pub(super) keys: BTreeSet<PersonKey>,
}

/// Finds all that belongs to a person. `keyed` is the ledger's keyed hash.
///
/// Bodies of deliveries are not believed: whoever guesses a webhook's URL could name other people in
/// them.
pub(super) fn gather(
    conn: &Connection,
    keyed: impl Fn(&str) -> Hash,
    who: &Who,
) -> Result<Held, LedgerError> {
    let mut held = Held::default();
    let mut current = BTreeSet::new();
    match who {
        Who::Contact(id) => held.contacts.extend([*id]),
        Who::Email(address) => current.extend(PersonKey::email(address)),
    }
    held.keys.extend(current.iter().cloned());
    let mut done = BTreeSet::new();
    loop {
        while let Some(next) = held.contacts.difference(&done).next().copied() {
            done.insert(next);
            one_contact(conn, next, &mut held, &mut current)?;
        }
        others(conn, &keyed, &current, &mut held)?;
        if held.contacts.len() == done.len() {
            return Ok(held);
        }
    }
}

/// Adds a contact's leads, contacts that AC merged into it, and what it was seen with.
fn one_contact(
    conn: &Connection,
    id: ContactId,
    held: &mut Held,
    current: &mut BTreeSet<PersonKey>,
) -> Result<(), LedgerError> {
    held.keys.insert(PersonKey::contact(id));
    let leads: Vec<LeadId> = sql::all(
        conn,
        "SELECT id FROM lead WHERE contact = ?1
         UNION SELECT lead_id FROM delivery WHERE contact = ?1 AND lead_id IS NOT NULL",
        [id],
        |row| row.get(0),
    )?;
    for lead in leads {
        if !held.leads.insert(lead) {
            continue;
        }
        let merged: Vec<ContactId> = sql::all(
            conn,
            "SELECT contact FROM lead WHERE id = ?1
             UNION SELECT contact FROM delivery WHERE lead_id = ?1 AND contact IS NOT NULL",
            [lead],
            |row| row.get(0),
        )?;
        held.contacts.extend(merged);
        held.keys.extend(keys_sent(conn, lead)?);
    }
    let seen = observations(conn, id)?;
    held.keys.extend(seen.iter().flat_map(keys_of_contact));
    let now = newest_email(conn, id)?;
    held.keys.extend(now.clone());
    current.extend(now);
    Ok(())
}

/// What the person's records in Ploomes were written with.
fn keys_sent(conn: &Connection, lead: LeadId) -> Result<BTreeSet<PersonKey>, LedgerError> {
    let bodies: Vec<Vec<u8>> = sql::all(
        conn,
        "SELECT body FROM step JOIN payload ON payload.id = request_id
         WHERE lead_id = ?1 AND step.kind = 'person' AND body IS NOT NULL",
        [lead],
        |row| row.get(0),
    )?;
    let requests = bodies.iter().filter_map(|body| serde_json::from_slice(body).ok());
    Ok(requests.flat_map(|it| keys_of_request(&it)).collect())
}

/// All that AC showed of a contact and was not blanked, oldest first, without doubles.
fn observations(conn: &Connection, id: ContactId) -> Result<Vec<Contact>, LedgerError> {
    let bodies: Vec<Vec<u8>> = sql::all(
        conn,
        "SELECT body FROM observation JOIN payload ON payload.id = payload_id
         WHERE contact = ?1 AND body IS NOT NULL ORDER BY observation.id",
        [id],
        |row| row.get(0),
    )?;
    Ok(bodies.iter().filter_map(|body| serde_json::from_slice(body).ok()).collect())
}

/// Looks who else was seen with the person's addresses.
///
/// Whoever has an address now that is the person's now, or has no lead any more because AC merged
/// them, is the person. An address that the person gave up and somebody else has now is no key.
fn others(
    conn: &Connection,
    keyed: impl Fn(&str) -> Hash,
    current: &BTreeSet<PersonKey>,
    held: &mut Held,
) -> Result<(), LedgerError> {
    let addresses: Vec<PersonKey> =
        held.keys.iter().filter(|key| key.kind == PersonKeyKind::Email).cloned().collect();
    for address in addresses {
        let hash = keyed(&contact::email_key(address.value()));
        for other in contact::by_email(conn, &hash)? {
            if held.contacts.contains(&other) || newest_email(conn, other)? != Some(address.clone())
            {
                continue;
            }
            let is_merged = crate::ledger::lead::of_contact(conn, other)?.is_empty();
            if is_merged || current.contains(&address) {
                held.contacts.insert(other);
            } else {
                held.keys.remove(&address);
            }
        }
    }
    Ok(())
}

fn newest_email(conn: &Connection, id: ContactId) -> Result<Option<PersonKey>, LedgerError> {
    let email = crate::ledger::explain::email(conn, id)?;
    Ok(email.as_deref().and_then(PersonKey::email))
}

/// What AC showed last of a contact, on whichever route.
pub(super) fn newest(conn: &Connection, id: ContactId) -> Result<Option<Contact>, LedgerError> {
    let routes = sql::all(
        conn,
        "SELECT route_id FROM observation WHERE contact = ?1 GROUP BY route_id ORDER BY max(id) DESC",
        [id],
        |row| row.get(0),
    )?;
    for route in routes {
        if let Some(contact) = observation::newest(conn, route, id)? {
            return Ok(Some(contact));
        }
    }
    Ok(None)
}
