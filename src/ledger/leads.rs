//! Leads as a table, for `leads` and the page.

mod page;

use chrono::{DateTime, Utc};
use rusqlite::{Connection, Row, ToSql};

use super::{LedgerError, route, sql};
use crate::domain::{ContactId, EnrollmentId, FoundBy, LeadState, RecordId};

pub use page::{Wanted, Which, of_contacts, of_number, page};

/// A lead as a table shows it; no personal data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its name for people, such as `site/51`.
    pub key: String,
    /// The name of its route.
    pub route: String,
    /// The contact it belongs to now.
    pub contact: ContactId,
    /// Its enrollment, where the route has an automation.
    pub enrollment: Option<EnrollmentId>,
    /// Where it stands.
    pub state: LeadState,
    /// Why.
    pub reason: Option<String>,
    /// Why a person should look at it.
    pub review: Option<String>,
    /// What a person may want to know, a line each.
    pub warnings: Option<String>,
    /// How it was first noticed.
    pub found_by: FoundBy,
    /// When it was.
    pub found_at: DateTime<Utc>,
    /// When the contact entered.
    pub entered_at: Option<DateTime<Utc>>,
    /// Its company in Ploomes.
    pub company: Option<RecordId>,
    /// Its person in Ploomes.
    pub person: Option<RecordId>,
    /// Its deal in Ploomes.
    pub deal: Option<RecordId>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

pub(super) const COLUMNS: &str = "lead.key, route.name AS route, lead.contact, lead.enrollment, \
    lead.state, lead.reason, lead.review, lead.warnings, lead.found_by, lead.found_at, \
    lead.entered_at, lead.company, lead.person, lead.deal, lead.updated_at";

/// Returns leads, the newest first: those in `state`, those of the route of that name, at most
/// `limit` of them; `None` asks for all.
pub fn list(
    conn: &Connection,
    state: Option<LeadState>,
    route: Option<&str>,
    limit: Option<u32>,
) -> Result<Vec<Listed>, LedgerError> {
    let route = match route.map(|name| route::find(conn, name)).transpose()? {
        // No route of that name ever started, so it has no lead.
        Some(None) => return Ok(Vec::new()),
        route => route.flatten().map(|it| it.id),
    };
    let limit = limit.map_or(-1, i64::from);
    let mut arguments: Vec<(&str, &dyn ToSql)> = vec![(":limit", &limit)];
    if let Some(id) = &route {
        arguments.push((":route", id));
    }
    let rows = conn
        .prepare_cached(&statement(state, route.is_some()))?
        .query_map(arguments.as_slice(), from_row)?
        .collect::<Result<_, _>>()?;
    Ok(rows)
}

/// Returns leads that were found without a webhook, the newest first, at most `limit` of them.
pub fn found(conn: &Connection, limit: i64) -> Result<Vec<Listed>, LedgerError> {
    let sql = format!(
        "SELECT {COLUMNS}
         FROM lead CROSS JOIN route ON route.id = lead.route_id
         WHERE lead.found_by <> 'webhook'
         ORDER BY lead.id DESC
         LIMIT ?1"
    );
    let rows =
        conn.prepare_cached(&sql)?.query_map([limit], from_row)?.collect::<Result<_, _>>()?;
    Ok(rows)
}

/// The statement for these conditions.
///
/// It walks an index, or the table, backwards and sorts nothing, so that a limit bounds its cost.
/// `CROSS JOIN` keeps `lead` the outer loop. On a route, `turn` is the order of ids.
fn statement(state: Option<LeadState>, of_route: bool) -> String {
    let is_open =
        matches!(state, Some(LeadState::Pending | LeadState::InDoubt | LeadState::Failed));
    // The condition of the partial index, without which it is not used.
    let open = is_open.then(|| "lead.state IN ('pending', 'in_doubt', 'failed')".to_owned());
    let state = state.map(|state| format!("lead.state = '{state}'"));
    let (route, order) = match (of_route, is_open) {
        (false, _) => (None, "lead.id"),
        (true, false) => (Some("lead.route_id = :route"), "lead.turn"),
        // The state leaves fewer rows than the route, and the plus keeps the route's index out.
        (true, true) => (Some("+lead.route_id = :route"), "lead.id"),
    };
    let all = [Some("true".to_owned()), open, state, route.map(str::to_owned)];
    let conditions = all.into_iter().flatten().collect::<Vec<_>>().join(" AND ");
    format!(
        "SELECT {COLUMNS}
         FROM lead CROSS JOIN route ON route.id = lead.route_id
         WHERE {conditions}
         ORDER BY {order} DESC
         LIMIT :limit"
    )
}

pub(super) fn from_row(row: &Row<'_>) -> rusqlite::Result<Listed> {
    Ok(Listed {
        key: row.get("key")?,
        route: row.get("route")?,
        contact: row.get("contact")?,
        enrollment: row.get("enrollment")?,
        state: row.get("state")?,
        reason: row.get("reason")?,
        review: row.get("review")?,
        warnings: row.get("warnings")?,
        found_by: row.get("found_by")?,
        found_at: sql::time_of(row, "found_at")?,
        entered_at: sql::time(row, "entered_at")?,
        company: row.get("company")?,
        person: row.get("person")?,
        deal: row.get("deal")?,
        updated_at: sql::time_of(row, "updated_at")?,
    })
}

#[cfg(test)]
mod tests;
