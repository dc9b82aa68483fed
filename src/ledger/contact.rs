//! Finding a contact by an address it was seen with; the address itself is kept as a keyed hash.

use rusqlite::{Connection, named_params};

use super::{LedgerError, Tx, digest::Hash};
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
