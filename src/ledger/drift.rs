//! Which records the ledger speaks of, who holds each, and what was found of them in Ploomes.
//!
//! Records are gone through in the order of the leads that hold them, a part at a time, so that a
//! ledger of any size costs the same. What a run found is kept as a row a finding: it is looked at
//! again by the next one.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension, named_params};

use super::{
    LedgerError, Tx,
    digest::Hash,
    journal::{self, OpenStep},
    run::RunId,
    sql,
    time::from_ms,
};
use crate::{
    domain::{LeadId, LeadState, RecordId, RouteId},
    planner::StepKind,
};

/// Leads read at once while a part is put together.
const LEADS_AT_ONCE: i64 = 1_000;

/// Writes on their way that are looked at: there are as many as passes side by side, or a few more
/// in doubt. Thousands are an outage, in which nothing is found anyhow.
const OPEN_MAX: i64 = 1_000;

/// Leads with a deal that are read of one company or person: more than any person has, and of a
/// company so large the next run reads those that are left.
const HOLDERS_MAX: i64 = 1_000;

/// The two sets of records in Ploomes; each counts its own ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Entity {
    /// Companies and persons.
    Contact,
    /// Deals.
    Deal,
}

/// What is not as it was written.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A record that a lead holds is not there any more.
    Deleted,
    /// A mapped field holds something else.
    Edited,
    /// There is an older record of ours for the same.
    Duplicated,
    /// Our key made it, and the ledger does not know it.
    Orphan,
}

sql::word_columns! {
    Entity { Contact = "contact", Deal = "deal" }
    Kind {
        Deleted = "deleted", Edited = "edited", Duplicated = "duplicated", Orphan = "orphan",
    }
}

/// Records of a run of leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Companies and persons.
    pub contacts: BTreeSet<RecordId>,
    /// Deals.
    pub deals: BTreeSet<RecordId>,
    /// The last lead of the part; `None` where no lead comes after it.
    pub last: Option<LeadId>,
}

/// Returns the records of leads after `after`, on one route or on all, until there are more than
/// `most`.
pub fn part(
    conn: &Connection,
    route: Option<RouteId>,
    after: LeadId,
    most: usize,
) -> Result<Part, LedgerError> {
    let mut statement = conn.prepare_cached(PART)?;
    let mut part = Part { contacts: BTreeSet::new(), deals: BTreeSet::new(), last: Some(after) };
    while let Some(after) = part.last {
        part.last = None;
        let mut rows = statement.query(named_params! {
            ":after": after,
            ":route": route,
            ":limit": LEADS_AT_ONCE,
        })?;
        while let Some(row) = rows.next()? {
            part.contacts.extend(row.get::<_, Option<RecordId>>("company")?);
            part.contacts.extend(row.get::<_, Option<RecordId>>("person")?);
            part.deals.extend(row.get::<_, Option<RecordId>>("deal")?);
            part.last = Some(row.get("id")?);
            if part.contacts.len() + part.deals.len() > most {
                return Ok(part);
            }
        }
    }
    Ok(part)
}

const PART: &str = "
    SELECT id, company, person, deal FROM lead
    WHERE id > :after AND (:route IS NULL OR route_id = :route) AND state <> 'erased'
      AND (company IS NOT NULL OR person IS NOT NULL OR deal IS NOT NULL)
    ORDER BY id
    LIMIT :limit";

/// The newest lead that holds a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// Its name.
    pub key: String,
    /// As what it holds the record.
    pub kind: StepKind,
    /// When it changed last.
    pub updated_at: DateTime<Utc>,
}

/// Returns the newest lead, on one route or on all, that holds a record and is not erased.
pub fn holder(
    conn: &Connection,
    entity: Entity,
    record: RecordId,
    route: Option<RouteId>,
) -> Result<Option<Holder>, LedgerError> {
    let ways: &[(StepKind, &'static str)] = match entity {
        Entity::Contact => &[(StepKind::Person, PERSON), (StepKind::Company, COMPANY)],
        Entity::Deal => &[(StepKind::Deal, DEAL)],
    };
    for (kind, sql) in ways {
        let arguments = named_params! { ":record": record, ":route": route };
        let row = conn
            .prepare_cached(sql)?
            .query_row(arguments, |row| Ok((row.get("key")?, row.get("updated_at")?)))
            .optional()?;
        if let Some((key, updated_at)) = row {
            return Ok(Some(Holder { key, kind: *kind, updated_at: from_ms(updated_at) }));
        }
    }
    Ok(None)
}

macro_rules! newest_holder {
    ($column:literal) => {
        concat!(
            "SELECT key, updated_at FROM lead WHERE ",
            $column,
            " = :record AND state <> 'erased' AND (:route IS NULL OR route_id = :route)
             ORDER BY id DESC LIMIT 1"
        )
    };
}

const PERSON: &str = newest_holder!("person");
const COMPANY: &str = newest_holder!("company");
const DEAL: &str = newest_holder!("deal");

/// Whether the ledger knows a record at all: a lead holds it, or a step made or took it.
pub fn is_known(conn: &Connection, entity: Entity, record: RecordId) -> Result<bool, LedgerError> {
    let sql = match entity {
        Entity::Contact => {
            "SELECT EXISTS (SELECT 1 FROM lead WHERE person = :record)
                 OR EXISTS (SELECT 1 FROM lead WHERE company = :record)
                 OR EXISTS (SELECT 1 FROM step
                            WHERE kind IN ('company', 'person') AND record = :record)"
        }
        Entity::Deal => {
            "SELECT EXISTS (SELECT 1 FROM lead WHERE deal = :record)
                 OR EXISTS (SELECT 1 FROM step WHERE kind = 'deal' AND record = :record)"
        }
    };
    sql::one(conn, sql, named_params! { ":record": record }, |row| row.get(0))
}

/// Returns the creates that are on their way or in doubt: what they made is not known yet.
pub fn open_creates(conn: &Connection) -> Result<Vec<OpenStep>, LedgerError> {
    let sql = "
        SELECT step.id, step.kind, action, state, record, sent_at, looks, body
        FROM step LEFT JOIN payload ON payload.id = request_id
        WHERE state IN ('sent', 'in_doubt') AND action = 'create'
        LIMIT :limit";
    sql::all(conn, sql, named_params! { ":limit": OPEN_MAX }, journal::open_from_row)
}

/// A deal that a lead holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldDeal {
    /// The lead.
    pub lead: LeadId,
    /// Its name.
    pub key: String,
    /// Its route.
    pub route: RouteId,
    /// Whether it is done.
    pub done: bool,
    /// The deal.
    pub deal: RecordId,
}

/// Returns the leads with a deal that hold one of these companies or persons, oldest first.
pub fn with_deal(
    conn: &Connection,
    contacts: impl IntoIterator<Item = RecordId>,
) -> Result<Vec<HeldDeal>, LedgerError> {
    let sql = "
        SELECT id, key, route_id, state, deal FROM lead
        WHERE (person = :record OR company = :record) AND deal IS NOT NULL AND state <> 'erased'
        ORDER BY id
        LIMIT :limit";
    let mut statement = conn.prepare_cached(sql)?;
    let mut held = Vec::new();
    for record in contacts {
        let arguments = named_params! { ":record": record, ":limit": HOLDERS_MAX };
        let rows = statement.query_map(arguments, |row| {
            Ok(HeldDeal {
                lead: row.get("id")?,
                key: row.get("key")?,
                route: row.get("route_id")?,
                done: row.get::<_, LeadState>("state")? == LeadState::Done,
                deal: row.get("deal")?,
            })
        })?;
        for row in rows {
            held.push(row?);
        }
    }
    Ok(held)
}

/// Returns the persons of leads whose contact was seen with the e-mail address of this key.
pub fn persons_with_email(conn: &Connection, key: &Hash) -> Result<Vec<RecordId>, LedgerError> {
    let sql = "
        SELECT DISTINCT person
        FROM contact_email JOIN lead ON lead.contact = contact_email.contact
        WHERE email = :email AND person IS NOT NULL AND state <> 'erased'";
    sql::all(conn, sql, named_params! { ":email": key.as_slice() }, |row| row.get(0))
}

/// A finding that is looked at again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Remembered {
    /// What it is.
    pub kind: Kind,
    /// In which set.
    pub entity: Entity,
    /// The record.
    pub record: RecordId,
    /// The older record of a double.
    pub twin: Option<RecordId>,
}

/// Returns what earlier runs found that may last, edits apart.
pub fn remembered(conn: &Connection, most: i64) -> Result<Vec<Remembered>, LedgerError> {
    let sql = "
        SELECT kind, entity, record, twin FROM drift
        WHERE kind IN ('deleted', 'duplicated', 'orphan')
        ORDER BY kind, entity, record
        LIMIT :most";
    sql::all(conn, sql, named_params! { ":most": most }, |row| {
        Ok(Remembered {
            kind: row.get("kind")?,
            entity: row.get("entity")?,
            record: row.get("record")?,
            twin: row.get("twin")?,
        })
    })
}

/// Returns the fingerprint of the edit of a record that was reported last.
pub fn reported_edit(
    conn: &Connection,
    entity: Entity,
    record: RecordId,
) -> Result<Option<Hash>, LedgerError> {
    let sql = "
        SELECT fingerprint FROM drift
        WHERE kind = 'edited' AND entity = :entity AND record = :record";
    let arguments = named_params! { ":entity": entity, ":record": record };
    sql::maybe(conn, sql, arguments, |row| row.get(0))
}

/// Keeps a finding; `fingerprint` is an edit's.
pub fn remember(
    tx: &Tx<'_>,
    finding: &Remembered,
    fingerprint: Option<&Hash>,
) -> Result<(), LedgerError> {
    let sql = "
        INSERT INTO drift (kind, entity, record, twin, fingerprint)
        VALUES (:kind, :entity, :record, :twin, :fingerprint)
        ON CONFLICT (kind, entity, record) DO UPDATE
        SET twin = excluded.twin, fingerprint = excluded.fingerprint";
    let arguments = named_params! {
        ":kind": finding.kind,
        ":entity": finding.entity,
        ":record": finding.record,
        ":twin": finding.twin,
        ":fingerprint": fingerprint.map(Hash::as_slice),
    };
    sql::change_one(tx, sql, arguments)
}

/// Forgets a finding: it does not last.
pub fn forget(
    tx: &Tx<'_>,
    kind: Kind,
    entity: Entity,
    record: RecordId,
) -> Result<(), LedgerError> {
    let sql = "DELETE FROM drift WHERE kind = :kind AND entity = :entity AND record = :record";
    let arguments = named_params! { ":kind": kind, ":entity": entity, ":record": record };
    sql::execute(tx, sql, arguments).map(drop)
}

/// Returns what an earlier part of the same run wrote down, where it was partial.
pub fn detail(conn: &Connection, run: RunId) -> Result<Option<String>, LedgerError> {
    let sql = "SELECT detail FROM run WHERE id = :run";
    Ok(sql::maybe(conn, sql, named_params! { ":run": run.0 }, |row| row.get(0))?.flatten())
}

#[cfg(test)]
mod tests;
