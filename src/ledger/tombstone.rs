//! Tombstones: people who were erased, and how they are recognised when they come again.
//!
//! Promises that whoever has a tombstone is known by contact id, e-mail, CPF or phone until it is
//! lifted, and that each tombstone stands in `<ledger>.erased` before it stands here.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use rand::RngCore as _;
use rusqlite::Connection;

use super::{
    LedgerError, Subject, Tx,
    audit::hex,
    digest::Hash,
    erased::Written,
    meta::Key,
    sql::{self, Millis},
};
use crate::{
    domain::{Contact, ContactId},
    mutation::{Protection, is_off},
    planner::person::{PersonKey, PersonKeyKind, is_same_person, keys_of_contact},
};

/// The kind of the contact's id under the ledger's own key.
const HERE: &str = "here";

/// A tombstone's row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct TombstoneId(pub i64);

/// Whether anybody is erased: else nobody need be compared with them.
pub fn any(conn: &Connection) -> Result<bool, LedgerError> {
    if is_off(Protection::Tombstone) {
        return Ok(false);
    }
    sql::one(conn, "SELECT EXISTS (SELECT 1 FROM tombstone WHERE lifted_at IS NULL)", [], |row| {
        row.get(0)
    })
}

/// Whether the contact of this id was erased.
pub fn of_id(tx: &Tx<'_>, contact: ContactId) -> Result<Option<TombstoneId>, LedgerError> {
    of_keys(tx, &BTreeSet::from([PersonKey::contact(contact)]))
}

/// Whether the person who stands behind a contact was erased, under this contact or another.
pub fn of_contact(tx: &Tx<'_>, contact: &Contact) -> Result<Option<TombstoneId>, LedgerError> {
    // Before anything is computed: nearly every ledger has none.
    if !any(tx)? {
        return Ok(None);
    }
    of_keys(tx, &keys_of_contact(contact))
}

/// The tombstone of whoever has these keys.
pub fn of_keys(
    tx: &Tx<'_>,
    keys: &BTreeSet<PersonKey>,
) -> Result<Option<TombstoneId>, LedgerError> {
    if !any(tx)? {
        return Ok(None);
    }
    let has: BTreeSet<PersonKeyKind> = keys.iter().map(|key| key.kind).collect();
    let mut shared: BTreeMap<TombstoneId, BTreeSet<PersonKeyKind>> = BTreeMap::new();
    for (kind, hash) in hashes(tx, tx.erased.key()?.as_ref(), keys) {
        for tombstone in with_key(tx, &hash)? {
            shared.entry(tombstone).or_default().insert(kind);
        }
    }
    for (tombstone, shared) in shared {
        if is_same_person(&has, &kinds(tx, tombstone)?, &shared) {
            return Ok(Some(tombstone));
        }
    }
    Ok(None)
}

/// All hashes under which these keys may stand.
fn hashes(
    tx: &Tx<'_>,
    key: Option<&Key>,
    keys: &BTreeSet<PersonKey>,
) -> Vec<(PersonKeyKind, Hash)> {
    let outside =
        keys.iter().filter_map(|it| Some((it.kind, key?.hash(it.as_str())))).collect::<Vec<_>>();
    let here = keys.iter().filter(|it| it.kind == PersonKeyKind::Contact);
    let here = here.map(|it| (it.kind, tx.keyed(&here_text(it))));
    outside.into_iter().chain(here).collect()
}

/// Another text than that of the identity key, so that nobody finds the one by the other.
fn here_text(key: &PersonKey) -> String {
    format!("erased {}", key.as_str())
}

fn with_key(conn: &Connection, key: &Hash) -> Result<Vec<TombstoneId>, LedgerError> {
    sql::all(
        conn,
        "SELECT tombstone_id
         FROM tombstone_key JOIN tombstone ON tombstone.id = tombstone_id
         WHERE key = ?1 AND lifted_at IS NULL
         ORDER BY tombstone_id",
        [key.as_slice()],
        |row| row.get(0).map(TombstoneId),
    )
}

fn kinds(conn: &Connection, of: TombstoneId) -> Result<BTreeSet<PersonKeyKind>, LedgerError> {
    let words: Vec<String> = sql::all(
        conn,
        "SELECT DISTINCT kind FROM tombstone_key WHERE tombstone_id = ?1",
        [of.0],
        |row| row.get(0),
    )?;
    Ok(words.iter().filter_map(|word| PersonKeyKind::from_word(word)).collect())
}

/// Takes down what a contact whose person was erased is seen with now: an address that they got
/// since keeps them out as well. Says whether they were erased.
pub fn saw(tx: &Tx<'_>, contact: &Contact, now: DateTime<Utc>) -> Result<bool, LedgerError> {
    let Some(tombstone) = of_id(tx, contact.id)? else { return Ok(false) };
    complete(tx, tombstone, &keys_of_contact(contact), now)?;
    Ok(true)
}

/// Sets up a tombstone, first in the file, then here; one that has these keys already gets those
/// that it lacks.
pub(super) fn set_up(
    tx: &Tx<'_>,
    keys: &BTreeSet<PersonKey>,
    now: DateTime<Utc>,
) -> Result<TombstoneId, LedgerError> {
    if let Some(stands) = of_keys(tx, keys)? {
        complete(tx, stands, keys, now)?;
        return Ok(stands);
    }
    let key = tx.erased.key_or_new(&mut *tx.rng.borrow_mut())?;
    let mut name = [0; 16];
    tx.rng.borrow_mut().fill_bytes(&mut name);
    let written = Written {
        name: hex(&name),
        at: now,
        keys: keys.iter().map(|it| (it.kind, key.hash(it.as_str()))).collect(),
        lifted_at: None,
    };
    tx.erased.append(&written)?;
    let id = insert(tx, &written)?;
    keep_here(tx, id, keys)?;
    tx.record(Subject::Tombstone, id.0, "erased", now)?;
    Ok(id)
}

/// Gives a tombstone the keys that it lacks: the person came again under another contact.
pub(super) fn complete(
    tx: &Tx<'_>,
    id: TombstoneId,
    keys: &BTreeSet<PersonKey>,
    now: DateTime<Utc>,
) -> Result<(), LedgerError> {
    let key = tx.erased.key_or_new(&mut *tx.rng.borrow_mut())?;
    let mut lacks = BTreeSet::new();
    for it in keys {
        let hash = key.hash(it.as_str());
        if !with_key(tx, &hash)?.contains(&id) {
            lacks.insert((it.kind, hash));
        }
    }
    if lacks.is_empty() {
        return Ok(());
    }
    let name = name_of(tx, id)?;
    if let Some(name) = name {
        let at = now;
        tx.erased.append(&Written { name, at, keys: lacks.clone(), lifted_at: None })?;
    }
    keep(tx, id, &lacks)?;
    keep_here(tx, id, keys)?;
    tx.record(Subject::Tombstone, id.0, "met", now)
}

/// Takes over a tombstone that the file has and the ledger lacks.
pub(super) fn take_over(
    tx: &Tx<'_>,
    written: &Written,
    now: DateTime<Utc>,
) -> Result<TombstoneId, LedgerError> {
    let id = insert(tx, written)?;
    tx.record(Subject::Tombstone, id.0, "erased", now)?;
    Ok(id)
}

/// Gives a tombstone the keys that the file has and the ledger lacks; says whether there were any.
pub(super) fn catch_up(
    tx: &Tx<'_>,
    id: TombstoneId,
    written: &Written,
    now: DateTime<Utc>,
) -> Result<bool, LedgerError> {
    let mut lacks = BTreeSet::new();
    for (kind, hash) in &written.keys {
        if !with_key(tx, hash)?.contains(&id) {
            lacks.insert((*kind, *hash));
        }
    }
    if lacks.is_empty() {
        return Ok(false);
    }
    keep(tx, id, &lacks)?;
    tx.record(Subject::Tombstone, id.0, "met", now)?;
    Ok(true)
}

/// Lets whoever a tombstone is of in again.
pub(super) fn lift(tx: &Tx<'_>, id: TombstoneId, now: DateTime<Utc>) -> Result<(), LedgerError> {
    if let Some(name) = name_of(tx, id)? {
        tx.erased.lift(&name, now)?;
    }
    mark_lifted(tx, id, now)
}

/// Keeps that a tombstone was lifted, which the file says already.
pub(super) fn mark_lifted(
    tx: &Tx<'_>,
    id: TombstoneId,
    at: DateTime<Utc>,
) -> Result<(), LedgerError> {
    sql::change_one(
        tx,
        "UPDATE tombstone SET lifted_at = ?1 WHERE id = ?2 AND lifted_at IS NULL",
        (Millis(at), id.0),
    )?;
    tx.record(Subject::Tombstone, id.0, "lifted", at)
}

/// A tombstone by its name, and whether it was lifted.
pub(super) fn by_name(
    conn: &Connection,
    name: &str,
) -> Result<Option<(TombstoneId, bool)>, LedgerError> {
    sql::maybe(
        conn,
        "SELECT id, lifted_at IS NOT NULL FROM tombstone WHERE name = ?1",
        [name],
        |row| Ok((TombstoneId(row.get(0)?), row.get(1)?)),
    )
}

/// How many tombstones stand whose file is not there any more: they are known by contact id only.
pub fn without_key(tx: &Tx<'_>) -> Result<i64, LedgerError> {
    if tx.erased.key()?.is_some() {
        return Ok(0);
    }
    sql::one(tx, "SELECT count(*) FROM tombstone WHERE lifted_at IS NULL", [], |row| row.get(0))
}

fn name_of(conn: &Connection, id: TombstoneId) -> Result<Option<String>, LedgerError> {
    sql::one(conn, "SELECT name FROM tombstone WHERE id = ?1", [id.0], |row| row.get(0))
}

fn insert(tx: &Tx<'_>, written: &Written) -> Result<TombstoneId, LedgerError> {
    let id = sql::insert(
        tx,
        "INSERT INTO tombstone (name, at) VALUES (?1, ?2)",
        (&written.name, Millis(written.at)),
    )?;
    keep(tx, TombstoneId(id), &written.keys)?;
    Ok(TombstoneId(id))
}

fn keep(
    tx: &Tx<'_>,
    id: TombstoneId,
    keys: &BTreeSet<(PersonKeyKind, Hash)>,
) -> Result<(), LedgerError> {
    keys.iter().try_for_each(|(kind, hash)| keep_one(tx, id, kind.as_str(), hash))
}

fn keep_here(tx: &Tx<'_>, id: TombstoneId, keys: &BTreeSet<PersonKey>) -> Result<(), LedgerError> {
    let contacts = keys.iter().filter(|it| it.kind == PersonKeyKind::Contact);
    contacts.into_iter().try_for_each(|it| keep_one(tx, id, HERE, &tx.keyed(&here_text(it))))
}

fn keep_one(tx: &Tx<'_>, id: TombstoneId, kind: &str, hash: &Hash) -> Result<(), LedgerError> {
    sql::execute(
        tx,
        "INSERT OR IGNORE INTO tombstone_key (key, tombstone_id, kind) VALUES (?1, ?2, ?3)",
        (hash.as_slice(), id.0, kind),
    )
    .map(drop)
}
