//! Leads: what was found, where each stands, and which records it holds.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension, Row, named_params};

use super::{
    LedgerError, Subject, Tx,
    time::{ensure_one, from_ms, to_ms},
};
use crate::{
    domain::{ContactId, EnrollmentId, FoundBy, LeadId, LeadState, RecordId, RouteId},
    planner::StepKind,
};

/// A lead as the ledger has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lead {
    /// Its row.
    pub id: LeadId,
    /// Its name for people, `<route>/<enrollment>` or `<route>/c<contact>`; never changes.
    pub key: String,
    /// Its route.
    pub route: RouteId,
    /// The contact it belongs to now.
    pub contact: ContactId,
    /// Its enrollment, where the route has an automation.
    pub enrollment: Option<EnrollmentId>,
    /// When the contact entered.
    pub entered_at: Option<DateTime<Utc>>,
    /// Its number on its route, from 0.
    pub turn: u64,
    /// Whether it is older than the route's first start.
    pub backfill: bool,
    /// How it was first noticed.
    pub found_by: FoundBy,
    /// Where it stands.
    pub state: LeadState,
    /// Its company in Ploomes.
    pub company: Option<RecordId>,
    /// Its person in Ploomes.
    pub person: Option<RecordId>,
    /// Its deal in Ploomes.
    pub deal: Option<RecordId>,
}

const COLUMNS: &str = "id, key, route_id, contact, enrollment, entered_at, turn, backfill, \
                       found_by, state, company, person, deal";

/// A lead that was just found.
#[derive(Debug, Clone)]
pub struct NewLead<'a> {
    /// Its route.
    pub route: RouteId,
    /// The route's name, for the key.
    pub route_name: &'a str,
    /// Its contact.
    pub contact: ContactId,
    /// Its enrollment, where the route has an automation.
    pub enrollment: Option<EnrollmentId>,
    /// When the contact entered.
    pub entered_at: Option<DateTime<Utc>>,
    /// Whether it is older than the route's first start.
    pub backfill: bool,
    /// How it was noticed.
    pub found_by: FoundBy,
}

/// The name of a lead for people: `site/51`, or `site/c7` on routes without an automation.
pub fn key_of(route: &str, contact: ContactId, enrollment: Option<EnrollmentId>) -> String {
    match enrollment {
        Some(enrollment) => format!("{route}/{enrollment}"),
        None => format!("{route}/c{contact}"),
    }
}

/// Makes a lead, `pending`.
///
/// Its key is taken where a renamed route left its old name to a new one: the route's row then tells
/// the two apart, `site/51~2`.
pub fn find(tx: &Tx<'_>, new: &NewLead<'_>, now: DateTime<Utc>) -> Result<LeadId, LedgerError> {
    let mut key = key_of(new.route_name, new.contact, new.enrollment);
    if by_key(tx, &key)?.is_some() {
        key = format!("{key}~{}", new.route);
    }
    let sql = "
        INSERT INTO lead (key, route_id, contact, enrollment, entered_at, turn, backfill,
                          found_by, found_at, state, updated_at)
        VALUES (:key, :route, :contact, :enrollment, :entered_at,
                (SELECT coalesce(max(turn), -1) + 1 FROM lead WHERE route_id = :route),
                :backfill, :found_by, :now, 'pending', :now)";
    tx.prepare_cached(sql)?.execute(named_params! {
        ":key": key,
        ":route": new.route.0,
        ":contact": new.contact.0,
        ":enrollment": new.enrollment.map(|it| it.0),
        ":entered_at": new.entered_at.map(to_ms),
        ":backfill": new.backfill,
        ":found_by": new.found_by.as_str(),
        ":now": to_ms(now),
    })?;
    let id = LeadId(tx.last_insert_rowid());
    tx.record(Subject::Lead, id.0, "found", now)?;
    Ok(id)
}

/// Returns a lead.
pub fn get(conn: &Connection, id: LeadId) -> Result<Option<Lead>, LedgerError> {
    let sql = format!("SELECT {COLUMNS} FROM lead WHERE id = :id");
    Ok(conn.prepare_cached(&sql)?.query_row(named_params! { ":id": id.0 }, from_row).optional()?)
}

/// Returns the lead of a key, such as `site/51`.
pub fn by_key(conn: &Connection, key: &str) -> Result<Option<Lead>, LedgerError> {
    let sql = format!("SELECT {COLUMNS} FROM lead WHERE key = :key");
    Ok(conn.prepare_cached(&sql)?.query_row(named_params! { ":key": key }, from_row).optional()?)
}

/// Whether a contact has a lead on a route.
pub fn is_on_route(
    conn: &Connection,
    route: RouteId,
    contact: ContactId,
) -> Result<bool, LedgerError> {
    let sql = "SELECT EXISTS (SELECT 1 FROM lead WHERE contact = :contact AND route_id = :route)";
    let arguments = named_params! { ":contact": contact.0, ":route": route.0 };
    Ok(conn.prepare_cached(sql)?.query_row(arguments, |row| row.get(0))?)
}

/// Returns the leads of a contact, on all routes, oldest first.
pub fn of_contact(conn: &Connection, contact: ContactId) -> Result<Vec<Lead>, LedgerError> {
    let sql = format!("SELECT {COLUMNS} FROM lead WHERE contact = :contact ORDER BY id");
    let rows = conn
        .prepare_cached(&sql)?
        .query_map(named_params! { ":contact": contact.0 }, from_row)?
        .collect::<Result<_, _>>()?;
    Ok(rows)
}

/// Returns the lead of an enrollment on a route, whichever contact it belongs to.
pub fn of_enrollment(
    conn: &Connection,
    route: RouteId,
    enrollment: EnrollmentId,
) -> Result<Option<Lead>, LedgerError> {
    let sql =
        format!("SELECT {COLUMNS} FROM lead WHERE route_id = :route AND enrollment = :enrollment");
    Ok(conn
        .prepare_cached(&sql)?
        .query_row(named_params! { ":route": route.0, ":enrollment": enrollment.0 }, from_row)
        .optional()?)
}

/// Returns leads of other contacts on a route that entered at this very time: what a merge in AC
/// leaves behind when it gives the row a new id.
pub fn entered_at(
    conn: &Connection,
    route: RouteId,
    at: DateTime<Utc>,
    not_of: ContactId,
) -> Result<Vec<Lead>, LedgerError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM lead
         WHERE route_id = :route AND entered_at = :at AND contact <> :contact
           AND enrollment IS NOT NULL
         ORDER BY id"
    );
    let rows = conn
        .prepare_cached(&sql)?
        .query_map(
            named_params! { ":route": route.0, ":at": to_ms(at), ":contact": not_of.0 },
            from_row,
        )?
        .collect::<Result<_, _>>()?;
    Ok(rows)
}

/// Follows a merge in AC: the lead now belongs to `contact`, under `enrollment`.
pub fn move_to(
    tx: &Tx<'_>,
    lead: LeadId,
    contact: ContactId,
    enrollment: Option<EnrollmentId>,
    now: DateTime<Utc>,
) -> Result<(), LedgerError> {
    let sql = "
        UPDATE lead SET contact = :contact, enrollment = :enrollment, updated_at = :now
        WHERE id = :id";
    let changed = tx.prepare_cached(sql)?.execute(named_params! {
        ":contact": contact.0,
        ":enrollment": enrollment.map(|it| it.0),
        ":now": to_ms(now),
        ":id": lead.0,
    })?;
    ensure_one(changed)?;
    tx.record(Subject::Lead, lead.0, "moved", now)
}

/// Whether any delivery belongs to the lead.
pub fn is_delivered(conn: &Connection, lead: LeadId) -> Result<bool, LedgerError> {
    let sql = "SELECT EXISTS (SELECT 1 FROM delivery WHERE lead_id = :id)";
    Ok(conn.prepare_cached(sql)?.query_row(named_params! { ":id": lead.0 }, |row| row.get(0))?)
}

/// Where a lead stands from now on, and why.
#[derive(Debug, Clone, Default)]
pub struct Standing<'a> {
    /// Why, for people; no personal data.
    pub reason: Option<&'a str>,
    /// Why a person should look at it.
    pub review: Option<&'a str>,
    /// What a person may want to know, a line each.
    pub warnings: Option<&'a str>,
}

/// Whether the lead's person was erased.
pub fn is_erased(conn: &Connection, lead: LeadId) -> Result<bool, LedgerError> {
    let sql = "SELECT EXISTS (SELECT 1 FROM lead WHERE id = :id AND state = 'erased')";
    Ok(conn.prepare_cached(sql)?.query_row(named_params! { ":id": lead.0 }, |row| row.get(0))?)
}

/// Changes where a lead stands; one of somebody who was erased stands where it stands.
pub fn set_state(
    tx: &Tx<'_>,
    lead: LeadId,
    state: LeadState,
    standing: &Standing<'_>,
    now: DateTime<Utc>,
) -> Result<(), LedgerError> {
    if is_erased(tx, lead)? {
        return Ok(());
    }
    let sql = "
        UPDATE lead
        SET state = :state, reason = :reason, review = coalesce(:review, review),
            warnings = coalesce(:warnings, warnings), updated_at = :now
        WHERE id = :id";
    let changed = tx.prepare_cached(sql)?.execute(named_params! {
        ":state": state.as_str(),
        ":reason": standing.reason,
        ":review": standing.review,
        ":warnings": standing.warnings,
        ":now": to_ms(now),
        ":id": lead.0,
    })?;
    ensure_one(changed)?;
    tx.record(Subject::Lead, lead.0, state.as_str(), now)
}

/// Keeps what a person may want to know of a settled lead's update; where it stands does not change.
pub fn warn(
    tx: &Tx<'_>,
    lead: LeadId,
    state: LeadState,
    standing: &Standing<'_>,
    now: DateTime<Utc>,
) -> Result<(), LedgerError> {
    if is_erased(tx, lead)? {
        return Ok(());
    }
    let sql = "
        UPDATE lead
        SET state = :state, review = coalesce(:review, review),
            warnings = coalesce(:warnings, warnings), updated_at = :now
        WHERE id = :id";
    let changed = tx.prepare_cached(sql)?.execute(named_params! {
        ":state": state.as_str(),
        ":review": standing.review,
        ":warnings": standing.warnings,
        ":now": to_ms(now),
        ":id": lead.0,
    })?;
    ensure_one(changed)?;
    tx.record(Subject::Lead, lead.0, "refreshed", now)
}

/// Keeps which record a lead holds; a note is not kept here.
pub fn hold(
    tx: &Tx<'_>,
    lead: LeadId,
    kind: StepKind,
    record: Option<RecordId>,
    now: DateTime<Utc>,
) -> Result<(), LedgerError> {
    let sql = match kind {
        StepKind::Company => "UPDATE lead SET company = :record, updated_at = :now WHERE id = :id",
        StepKind::Person => "UPDATE lead SET person = :record, updated_at = :now WHERE id = :id",
        StepKind::Deal => "UPDATE lead SET deal = :record, updated_at = :now WHERE id = :id",
        StepKind::Note => return Ok(()),
    };
    let changed = tx.prepare_cached(sql)?.execute(named_params! {
        ":record": record.map(|it| it.0),
        ":now": to_ms(now),
        ":id": lead.0,
    })?;
    ensure_one(changed)?;
    tx.record(Subject::Lead, lead.0, kind.as_str(), now)
}

/// Returns those of `deals` that leads other than `lead` hold.
pub fn held_by_others(
    conn: &Connection,
    lead: LeadId,
    deals: impl IntoIterator<Item = RecordId>,
) -> Result<BTreeSet<RecordId>, LedgerError> {
    let sql = "SELECT 1 FROM lead WHERE deal = :deal AND id <> :id";
    let mut statement = conn.prepare_cached(sql)?;
    let mut held = BTreeSet::new();
    for deal in deals {
        if statement.exists(named_params! { ":deal": deal.0, ":id": lead.0 })? {
            held.insert(deal);
        }
    }
    Ok(held)
}

/// Returns leads that failed, after `after`, oldest first.
pub fn failed_after(
    conn: &Connection,
    after: LeadId,
    limit: i64,
) -> Result<Vec<LeadId>, LedgerError> {
    // The second condition is the partial index's own: without it the whole table is read.
    let sql = "
        SELECT id FROM lead
        WHERE state = 'failed' AND state IN ('pending', 'in_doubt', 'failed') AND id > :after
        ORDER BY id
        LIMIT :limit";
    let rows = conn
        .prepare_cached(sql)?
        .query_map(named_params! { ":after": after.0, ":limit": limit }, |row| {
            row.get(0).map(LeadId)
        })?
        .collect::<Result<_, _>>()?;
    Ok(rows)
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<Lead> {
    let record =
        |column: &str| Ok::<_, rusqlite::Error>(row.get::<_, Option<i64>>(column)?.map(RecordId));
    Ok(Lead {
        id: LeadId(row.get("id")?),
        key: row.get("key")?,
        route: RouteId(row.get("route_id")?),
        contact: ContactId(row.get("contact")?),
        enrollment: row.get::<_, Option<i64>>("enrollment")?.map(EnrollmentId),
        entered_at: row.get::<_, Option<i64>>("entered_at")?.map(from_ms),
        turn: row.get::<_, i64>("turn")?.unsigned_abs(),
        backfill: row.get("backfill")?,
        found_by: row.get::<_, String>("found_by")?.parse().map_err(|error| text(7, error))?,
        state: row.get::<_, String>("state")?.parse().map_err(|error| text(9, error))?,
        company: record("company")?,
        person: record("person")?,
        deal: record("deal")?,
    })
}

fn text(column: usize, error: crate::domain::lead::UnknownWord) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, Box::new(error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::{
        route::{self, KeyKind},
        tests::{at, in_memory},
    };

    #[tokio::test]
    async fn a_name_that_is_used_again_after_a_renaming_makes_keys_of_its_own() {
        let ledger = in_memory();
        let keys = ledger
            .write(|tx| {
                let old = route::register(tx, "site", KeyKind::Enrollment, at(0))?;
                let mut new = NewLead {
                    route: old.id,
                    route_name: "site",
                    contact: ContactId(7),
                    enrollment: Some(EnrollmentId(51)),
                    entered_at: None,
                    backfill: false,
                    found_by: FoundBy::Webhook,
                };
                let mut leads = vec![find(tx, &new, at(1))?];
                route::rename(tx, "site", "shop")?;
                new.route = route::register(tx, "site", KeyKind::Enrollment, at(2))?.id;
                leads.push(find(tx, &new, at(3))?);
                let key = |id| Ok(get(tx, id)?.expect("it was made").key);
                leads.into_iter().map(key).collect::<Result<Vec<_>, LedgerError>>()
            })
            .await
            .unwrap();
        assert_eq!(keys, ["site/51", "site/51~2"]);
    }
}
