//! Erases a person: a tombstone first, then everything is blanked.
//!
//! Written by whoever asks, beside a running engine: each thing that the engine could still write of
//! the person asks in its own transaction whether there is a tombstone, so that there is no window.

use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use chrono::{DateTime, Utc};

use super::{
    Who,
    held::{Held, gather},
};
use crate::{
    domain::{ContactId, DeliveryId, Fate, FoundBy, Lane, LeadId, RouteId},
    ledger::{
        EngineLock, Ledger, LedgerError, Subject, Tx, contact,
        copy::RESTORING,
        inbox,
        job::{self, JobId},
        journal::{self, Answer, StepId},
        meta, sql,
        sql::Millis,
        step::{StepEvent, StepState},
        tombstone::{self, TombstoneId},
    },
    planner::person::{PersonKey, PersonKeyKind, is_same_person},
};

/// Deliveries blanked in one transaction: the receiver's commits wait for it.
const BATCH: i64 = 500;

/// How often is tried to empty the write-ahead log, and how long between two tries: together longer
/// than any read of the engine takes.
const LOG_TRIES: u32 = 100;
const LOG_TRY_EVERY: Duration = Duration::from_millis(100);

/// Under which `meta` says that somebody's deliveries are not all blanked yet.
pub(super) const UNFINISHED: &str = "erasing";

/// What came of erasing somebody.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Erased {
    /// The contacts, those that AC merged into another included.
    pub contacts: BTreeSet<ContactId>,
    /// Deliveries that are `ignored: erased` now.
    pub deliveries: u64,
    /// Leads that are `erased` now.
    pub leads: u64,
    /// Writes to Ploomes of which nobody knows whether they happened: nobody looks any more.
    pub in_doubt: u64,
    /// Copies of the ledger beside it that were deleted: they still held the person.
    pub deleted: Vec<PathBuf>,
    /// Whether the write-ahead log was emptied; else something else reads it without end.
    pub log_emptied: bool,
}

/// Erases all that the ledger holds of a person, and keeps them out from now on.
///
/// Also where nothing is held, and once more where somebody was erased before. Once it returns no
/// byte of the person is in the ledger, in its log, or in copies that `ponte` made beside it.
pub async fn erase(ledger: &Ledger, who: &Who, now: DateTime<Utc>) -> Result<Erased, LedgerError> {
    let mut all = Erased::default();
    loop {
        let who = who.clone();
        let (done, is_more) = ledger
            .write(move |tx| {
                let held = gather(tx, |text| tx.keyed(text), &who)?;
                tombstone::set_up(tx, &held.keys, now)?;
                let done = blank(tx, &held, now)?;
                ask_for(tx, &held.contacts, now)?;
                Ok(done)
            })
            .await?;
        all.contacts.extend(done.contacts);
        all.deliveries += done.deliveries;
        all.leads += done.leads;
        all.in_doubt += done.in_doubt;
        if !is_more {
            break;
        }
    }
    all.deleted = delete_copies(ledger.path())?;
    all.log_emptied = empty_log(ledger).await?;
    Ok(all)
}

/// Has `ActiveCampaign` asked once more for those who were erased, on the route that was polled last.
///
/// The ledger may know nothing of a contact but the id, or an address that was given up since. What
/// is seen of somebody with a tombstone completes it, and nothing of it is kept.
fn ask_for(
    tx: &Tx<'_>,
    contacts: &BTreeSet<ContactId>,
    now: DateTime<Utc>,
) -> Result<(), LedgerError> {
    let route = sql::maybe(
        tx,
        "SELECT id FROM route LEFT JOIN watermark ON route_id = id ORDER BY at DESC, id DESC LIMIT 1",
        [],
        |row| row.get(0).map(RouteId),
    )?;
    let Some(route) = route else { return Ok(()) };
    for contact in contacts {
        inbox::note(tx, route, *contact, Lane::Update, FoundBy::Webhook, now)?;
    }
    Ok(())
}

/// Erases all that is held of a contact whose person turned out to have a tombstone, in the
/// transaction that found it. Where there is too much for one, [`super::apply_file`] does the rest.
pub fn met(
    tx: &Tx<'_>,
    tombstone: TombstoneId,
    contact: ContactId,
    keys: &BTreeSet<PersonKey>,
    now: DateTime<Utc>,
) -> Result<(), LedgerError> {
    let mut held = gather(tx, |text| tx.keyed(text), &Who::Contact(contact))?;
    held.keys.extend(keys.iter().cloned());
    tombstone::complete(tx, tombstone, &held.keys, now)?;
    blank(tx, &held, now).map(drop)
}

/// Empties the log, once no reader is in the way.
pub(super) async fn empty_log(ledger: &Ledger) -> Result<bool, LedgerError> {
    for _ in 0..LOG_TRIES {
        match ledger.truncate_log().await {
            Ok(true) => return Ok(true),
            Ok(false) | Err(LedgerError::Busy) => tokio::time::sleep(LOG_TRY_EVERY).await,
            Err(error) => return Err(error),
        }
    }
    Ok(false)
}

/// Deletes the copies that `ponte` made by itself beside the ledger: before a migration, and what a
/// restore replaced or left when it was stopped. They cannot be blanked one person at a time.
pub(super) fn delete_copies(ledger: &Path) -> Result<Vec<PathBuf>, LedgerError> {
    let failed = |path: &Path, source| LedgerError::File { path: path.to_owned(), source };
    let Some(name) = ledger.file_name().and_then(|it| it.to_str()) else { return Ok(Vec::new()) };
    let directory = match ledger.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let entries = match fs::read_dir(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(|source| failed(directory, source))?,
    };
    let (mut deleted, mut lock) = (Vec::new(), None);
    for entry in entries {
        let path = entry.map_err(|source| failed(directory, source))?.path();
        let rest = path.file_name().and_then(|it| it.to_str()?.strip_prefix(name));
        let is_copy = rest.is_some_and(|it| it.starts_with(".before-"));
        let is_left = rest.is_some_and(|it| it.starts_with(RESTORING));
        if is_left && lock.is_none() {
            // Held: by a restore, which is still at it, or by an engine, which began without any.
            lock = EngineLock::try_take(ledger)?;
        }
        if is_copy || (is_left && lock.is_some()) {
            fs::remove_file(&path).map_err(|source| failed(&path, source))?;
            deleted.push(path);
        }
    }
    deleted.sort();
    Ok(deleted)
}

/// Blanks what is held; returns what that was, and whether deliveries are left.
pub(super) fn blank(
    tx: &Tx<'_>,
    held: &Held,
    now: DateTime<Utc>,
) -> Result<(Erased, bool), LedgerError> {
    let mut done = Erased { contacts: held.contacts.clone(), ..Erased::default() };
    for lead in &held.leads {
        let (is_new, in_doubt) = lead_of(tx, *lead, now)?;
        done.leads += u64::from(is_new);
        done.in_doubt += in_doubt;
    }
    for contact in &held.contacts {
        contact_of(tx, *contact)?;
    }
    keys_of(tx, held)?;
    jobs_of(tx, &held.keys)?;
    let deliveries = deliveries_of(tx, held)?;
    let is_more = i64::try_from(deliveries.len()).unwrap_or(i64::MAX) >= BATCH;
    if is_more || meta::number(tx, UNFINISHED)? == Some(1) {
        meta::set(tx, UNFINISHED, i64::from(is_more))?;
    }
    for delivery in deliveries {
        ignore(tx, delivery, now)?;
        done.deliveries += 1;
    }
    Ok((done, is_more))
}

/// A delivery of somebody who was erased: no body, no contact is looked at.
pub fn ignore(tx: &Tx<'_>, delivery: DeliveryId, now: DateTime<Utc>) -> Result<(), LedgerError> {
    sql::execute(
        tx,
        "UPDATE payload SET body = NULL, salt = NULL
         WHERE id = (SELECT payload_id FROM delivery WHERE id = ?1) AND body IS NOT NULL",
        [delivery],
    )?;
    sql::change_one(
        tx,
        "UPDATE delivery SET fate = 'ignored', reason = 'erased' WHERE id = ?1",
        [delivery],
    )?;
    tx.record(Subject::Delivery, delivery.0, Fate::Ignored.as_str(), now)
}

/// Those of the person that are not ignored yet, up to one batch, and those that nobody could read
/// or has read, and that name the person.
fn deliveries_of(tx: &Tx<'_>, held: &Held) -> Result<Vec<DeliveryId>, LedgerError> {
    let mut found = BTreeSet::new();
    let of_contact = "
        SELECT delivery.id FROM delivery JOIN payload ON payload.id = payload_id
        WHERE contact = ?1 AND (reason IS NOT 'erased' OR body IS NOT NULL) LIMIT ?2";
    for contact in &held.contacts {
        let ids: Vec<DeliveryId> = sql::all(tx, of_contact, (contact, BATCH), |row| row.get(0))?;
        found.extend(ids);
    }
    let of_lead = "
        SELECT delivery.id FROM delivery JOIN payload ON payload.id = payload_id
        WHERE lead_id = ?1 AND (reason IS NOT 'erased' OR body IS NOT NULL) LIMIT ?2";
    for lead in &held.leads {
        let ids: Vec<DeliveryId> = sql::all(tx, of_lead, (lead, BATCH), |row| row.get(0))?;
        found.extend(ids);
    }
    for sql in [
        "SELECT delivery.id, body FROM delivery JOIN payload ON payload.id = payload_id
         WHERE fate = 'pending' AND contact IS NULL AND body IS NOT NULL",
        "SELECT delivery.id, body FROM delivery JOIN payload ON payload.id = payload_id
         WHERE fate = 'quarantined' AND contact IS NULL AND body IS NOT NULL",
    ] {
        let mut statement = tx.prepare_cached(sql)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let keys = named(row.get_ref(1)?.as_blob().unwrap_or_default());
            if is_same(&keys, &held.keys) {
                found.insert(row.get(0)?);
            }
        }
    }
    Ok(found.into_iter().take(usize::try_from(BATCH).unwrap_or(usize::MAX)).collect())
}

/// Whether whoever has keys `named` is the person with keys `held`.
fn is_same(named: &BTreeSet<PersonKey>, held: &BTreeSet<PersonKey>) -> bool {
    let kinds = |keys: &BTreeSet<PersonKey>| keys.iter().map(|it| it.kind).collect();
    let shared = named.intersection(held).map(|it| it.kind).collect();
    is_same_person(&kinds(named), &kinds(held), &shared)
}

/// Whom the body of a delivery names, be it a form or any other text.
pub(super) fn named(body: &[u8]) -> BTreeSet<PersonKey> {
    let mut found = BTreeSet::new();
    let mut add = |text: &str| {
        found.extend(PersonKey::email(text));
        found.extend(PersonKey::cpf(text).or_else(|| PersonKey::phone(text)));
    };
    let mut contacts = BTreeSet::new();
    for (name, value) in form_urlencoded::parse(body) {
        if name == "contact[id]" {
            contacts.extend(value.trim().parse().map(|id| PersonKey::contact(ContactId(id))));
        } else {
            add(&value);
        }
    }
    let is_edge = |c: char| c.is_whitespace() || "\"'<>(),;:=&?[]{}".contains(c);
    String::from_utf8_lossy(body).split(is_edge).for_each(&mut add);
    found.extend(contacts);
    found
}

/// Blanks a lead and all that was written for it; returns whether it was not erased before, and how
/// many writes nobody will look for.
fn lead_of(tx: &Tx<'_>, lead: LeadId, now: DateTime<Utc>) -> Result<(bool, u64), LedgerError> {
    let changed = sql::execute(
        tx,
        "UPDATE lead SET state = 'erased', reason = NULL, review = NULL, warnings = NULL,
                         updated_at = ?1
         WHERE id = ?2 AND state <> 'erased'",
        (Millis(now), lead),
    )?;
    if changed > 0 {
        tx.record(Subject::Lead, lead.0, "erased", now)?;
    }
    sql::execute(
        tx,
        "UPDATE payload SET body = NULL, salt = NULL
         WHERE body IS NOT NULL
           AND id IN (SELECT request_id FROM step WHERE lead_id = ?1
                      UNION SELECT answer_id FROM step WHERE lead_id = ?1)",
        [lead],
    )?;
    let mut in_doubt = 0;
    if let Some(open) = journal::open_of(tx, lead)? {
        in_doubt = 1;
        // One that is on its way is left to its answer, which is not far; without its request nobody
        // can look for one in doubt.
        if open.state == StepState::InDoubt {
            lose(tx, open.id, now)?;
        }
    }
    for sql in [
        "DELETE FROM work WHERE lead_id = ?1",
        "DELETE FROM suspect WHERE lead_id = ?1",
        "DELETE FROM drift WHERE kind = 'edited' AND record IN
            (SELECT person FROM lead WHERE id = ?1 UNION SELECT deal FROM lead WHERE id = ?1)",
    ] {
        sql::execute(tx, sql, [lead])?;
    }
    Ok((changed > 0, in_doubt))
}

/// Nobody knows any more whether a write happened.
pub(in crate::ledger) fn lose(
    tx: &Tx<'_>,
    step: StepId,
    now: DateTime<Utc>,
) -> Result<(), LedgerError> {
    journal::advance(tx, step, StepEvent::ProveLost, None, Answer::default(), now)
}

/// Blanks what was seen of a contact, and forgets where it would be looked at again.
fn contact_of(tx: &Tx<'_>, contact: ContactId) -> Result<(), LedgerError> {
    for sql in [
        "UPDATE payload SET body = NULL, salt = NULL
         WHERE body IS NOT NULL
           AND id IN (SELECT payload_id FROM observation WHERE contact = ?1)",
        "UPDATE observation SET fingerprint = zeroblob(32) WHERE contact = ?1",
        "DELETE FROM derived WHERE contact = ?1 AND route_id IN (SELECT id FROM route)",
        "DELETE FROM inbox WHERE contact = ?1 AND route_id IN (SELECT id FROM route)",
    ] {
        sql::execute(tx, sql, [contact])?;
    }
    contact::forget_shown(tx, contact)
}

/// Forgets the keyed hashes of a person's identity: whoever has the ledger has their key, and could
/// try out every CPF there is.
fn keys_of(tx: &Tx<'_>, held: &Held) -> Result<(), LedgerError> {
    for key in &held.keys {
        let hash = tx.keyed(key.as_str());
        sql::execute(tx, "DELETE FROM made WHERE key = ?1", [hash.as_slice()])?;
        let address = tx.keyed(&contact::email_key(key.value()));
        for contact in &held.contacts {
            let sql = "DELETE FROM contact_email WHERE email = ?1 AND contact = ?2";
            sql::execute(tx, sql, (address.as_slice(), contact))?;
        }
    }
    Ok(())
}

/// Blanks all answers to the command line, which are read within moments or never, and questions
/// that name the person.
fn jobs_of(tx: &Tx<'_>, keys: &BTreeSet<PersonKey>) -> Result<(), LedgerError> {
    let jobs: Vec<(JobId, bool, String)> =
        sql::all(tx, "SELECT id, state IN ('done', 'failed'), arguments FROM job", [], |row| {
            Ok((JobId(row.get(0)?), row.get(1)?, row.get(2)?))
        })?;
    let addresses: Vec<&str> =
        keys.iter().filter(|key| key.kind == PersonKeyKind::Email).map(PersonKey::value).collect();
    for (job, is_finished, arguments) in jobs {
        let arguments = arguments.to_lowercase();
        if is_finished || addresses.iter().any(|it| arguments.contains(it)) {
            job::blank(tx, job)?;
        }
    }
    Ok(())
}
