//! Finding a contact by an address it was seen with, which is kept as a keyed hash; and the address
//! of one that is missing, of which nothing else was seen yet.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, named_params};
use serde_json::json;

use super::{LedgerError, PayloadKind, Tx, digest::Hash, explain, payload, sql};
use crate::domain::ContactId;

/// What is hashed of an address: equal for all ways of writing it in capitals.
pub fn email_key(email: &str) -> String {
    format!("email:{}", email.trim().to_lowercase())
}

/// Keeps that a contact was seen with an address.
pub fn remember_email(tx: &Tx<'_>, contact: ContactId, email: &str) -> Result<(), LedgerError> {
    if email.trim().is_empty() {
        return Ok(());
    }
    let key = tx.keyed(&email_key(email));
    let sql = "INSERT OR IGNORE INTO contact_email (email, contact) VALUES (:email, :contact)";
    tx.prepare_cached(sql)?
        .execute(named_params! { ":email": key.as_slice(), ":contact": contact.0 })?;
    Ok(())
}

/// Returns the contacts that were seen with the address of this key, lowest id first.
pub fn by_email(conn: &Connection, key: &Hash) -> Result<Vec<ContactId>, LedgerError> {
    let sql = "SELECT contact FROM contact_email WHERE email = :email ORDER BY contact";
    let rows = conn
        .prepare_cached(sql)?
        .query_map(named_params! { ":email": key.as_slice() }, |row| row.get(0).map(ContactId))?
        .collect::<Result<_, _>>()?;
    Ok(rows)
}

/// Keeps the address of a contact that a run found missing, where it is not what was seen last.
pub fn show_email(
    tx: &Tx<'_>,
    contact: ContactId,
    email: &str,
    now: DateTime<Utc>,
) -> Result<(), LedgerError> {
    let email = email.trim();
    if email.is_empty() || explain::email(tx, contact)?.as_deref() == Some(email) {
        return Ok(());
    }
    forget_shown(tx, contact)?;
    let body = json!({ "email": email }).to_string();
    let payload = tx.put_payload(PayloadKind::Observation, now, body.as_bytes())?;
    let sql = "INSERT INTO found_contact (contact, payload_id) VALUES (?1, ?2)";
    sql::execute(tx, sql, (contact, payload))?;
    remember_email(tx, contact, email)
}

/// Forgets the address of a contact that was found missing: more was seen of it, or it is erased.
pub fn forget_shown(tx: &Tx<'_>, contact: ContactId) -> Result<(), LedgerError> {
    let sql = "DELETE FROM found_contact WHERE contact = ?1 RETURNING payload_id";
    if let Some(id) = sql::maybe(tx, sql, [contact], |row| row.get(0))? {
        payload::blank(tx, id)?;
    }
    Ok(())
}
