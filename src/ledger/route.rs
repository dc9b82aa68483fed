//! Routes as the ledger knows them: their rows, which outlive what the configuration says.
//!
//! The kind of key that a route's leads have, and when it first started, are decided once and
//! never change: both are part of what "exactly once" means for it.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, Row};

use super::{
    LedgerError, Tx,
    sql::{self, Millis},
};
use crate::domain::{EnrollmentId, RouteId};

/// What tells the leads of a route apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyKind {
    /// The enrollment: routes with an automation.
    Enrollment,
    /// The contact: all other routes.
    Contact,
}

sql::word_columns! {
    KeyKind { Enrollment = "enrollment", Contact = "contact" }
}

/// A route's row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// Its id, which a new name does not change.
    pub id: RouteId,
    /// Its name in the configuration.
    pub name: String,
    /// What tells its leads apart.
    pub key_kind: KeyKind,
    /// When it first started: enrollments before it are leads only where `since` asks for them.
    pub first_start: DateTime<Utc>,
    /// Whether a person paused it.
    pub is_paused: bool,
}

const ROUTE: &str = "SELECT id, name, key_kind, first_start, paused FROM route WHERE name = ?1";

fn from_row(row: &Row<'_>) -> rusqlite::Result<Route> {
    Ok(Route {
        id: row.get("id")?,
        name: row.get("name")?,
        key_kind: row.get("key_kind")?,
        first_start: sql::time_of(row, "first_start")?,
        is_paused: row.get("paused")?,
    })
}

/// The route of that name.
pub fn find(conn: &Connection, name: &str) -> Result<Option<Route>, LedgerError> {
    sql::maybe(conn, ROUTE, [name], from_row)
}

/// All routes that ever started, in the order in which they first did.
pub fn all(conn: &Connection) -> Result<Vec<Route>, LedgerError> {
    sql::all(
        conn,
        "SELECT id, name, key_kind, first_start, paused FROM route ORDER BY id",
        [],
        from_row,
    )
}

/// When the first route of the ledger first started.
pub fn oldest_start(conn: &Connection) -> Result<Option<DateTime<Utc>>, LedgerError> {
    sql::one(conn, "SELECT min(first_start) AS at FROM route", [], |row| sql::time(row, "at"))
}

/// The route of that name; made with `key_kind` where this is its first start.
///
/// A route that is there keeps its kind of key: the caller compares.
pub fn register(
    tx: &Tx<'_>,
    name: &str,
    key_kind: KeyKind,
    at: DateTime<Utc>,
) -> Result<Route, LedgerError> {
    sql::execute(
        tx,
        "INSERT INTO route (name, key_kind, first_start) VALUES (?1, ?2, ?3)
         ON CONFLICT (name) DO NOTHING",
        (name, key_kind, Millis(at)),
    )?;
    sql::one(tx, ROUTE, [name], from_row)
}

/// Gives the route `was` a new name; returns whether there was one to rename.
///
/// Nothing happens where `name` is there already: the renaming was done before.
pub fn rename(tx: &Tx<'_>, was: &str, name: &str) -> Result<bool, LedgerError> {
    let renamed = sql::execute(
        tx,
        "UPDATE route SET name = ?2
         WHERE name = ?1 AND NOT EXISTS (SELECT 1 FROM route WHERE name = ?2)",
        (was, name),
    )?;
    Ok(renamed == 1)
}

/// A configured route that is about to run.
#[derive(Debug, Clone)]
pub struct Start {
    /// Its name.
    pub name: String,
    /// The name it had before, where it says so.
    pub was: Option<String>,
    /// What tells its leads apart.
    pub key_kind: KeyKind,
    /// Which contacts belong, in words, such as `automation 12`.
    pub members: String,
}

/// Makes the ledger know the routes that are about to run; returns their rows in the same order.
///
/// A route that is there under another name, or whose leads are told apart in another way, is an
/// error: both are part of its leads' keys.
pub fn start(tx: &Tx<'_>, routes: &[Start], now: DateTime<Utc>) -> Result<Vec<Route>, LedgerError> {
    for route in routes {
        if let Some(was) = &route.was {
            rename(tx, was, &route.name)?;
        }
    }
    for route in routes {
        if let Some(old) = renamed_silently(tx, route, routes)? {
            return Err(LedgerError::Renamed { old, new: route.name.clone() });
        }
    }
    let mut rows = Vec::with_capacity(routes.len());
    for route in routes {
        let row = register(tx, &route.name, route.key_kind, now)?;
        if row.key_kind != route.key_kind {
            return Err(LedgerError::KeyKind { route: route.name.clone() });
        }
        let sql = "UPDATE route SET members = ?2 WHERE id = ?1";
        sql::change_one(tx, sql, (row.id, &route.members))?;
        rows.push(row);
    }
    Ok(rows)
}

/// The routes as they would be if they ran now; changes nothing, and fails where [`start`] would.
///
/// A route that never ran has a provisional row: its id is negative, its first start is now.
pub fn look(
    conn: &Connection,
    routes: &[Start],
    now: DateTime<Utc>,
) -> Result<Vec<Route>, LedgerError> {
    let mut rows = Vec::with_capacity(routes.len());
    for (provisional, route) in (1..).zip(routes) {
        let known = match (find(conn, &route.name)?, &route.was) {
            (None, Some(was)) => find(conn, was)?,
            (known, _) => known,
        };
        let row = if let Some(row) = known {
            Route { name: route.name.clone(), ..row }
        } else if let Some(old) = renamed_silently(conn, route, routes)? {
            return Err(LedgerError::Renamed { old, new: route.name.clone() });
        } else {
            Route {
                id: RouteId(-provisional),
                name: route.name.clone(),
                key_kind: route.key_kind,
                first_start: now,
                is_paused: false,
            }
        };
        if row.key_kind != route.key_kind {
            return Err(LedgerError::KeyKind { route: route.name.clone() });
        }
        rows.push(row);
    }
    Ok(rows)
}

/// The route whose contacts are those of the new route `route`, and which is configured no more.
fn renamed_silently(
    conn: &Connection,
    route: &Start,
    routes: &[Start],
) -> Result<Option<String>, LedgerError> {
    if find(conn, &route.name)?.is_some() {
        return Ok(None);
    }
    let olds: Vec<String> = sql::all(
        conn,
        "SELECT name FROM route
         WHERE members = ?1 AND EXISTS (SELECT 1 FROM lead WHERE route_id = route.id)
         ORDER BY id DESC",
        [&route.members],
        |row| row.get(0),
    )?;
    let is_configured =
        |old: &String| routes.iter().any(|it| it.name == *old || it.was.as_ref() == Some(old));
    Ok(olds.into_iter().find(|old| !is_configured(old)))
}

/// Whether a person paused the route.
pub fn is_paused(conn: &Connection, route: RouteId) -> Result<bool, LedgerError> {
    sql::one(conn, "SELECT paused FROM route WHERE id = ?1", [route], |row| row.get(0))
}

/// When an enrollment without `adddate` was first seen: now, where it is seen for the first time.
pub fn first_seen(
    tx: &Tx<'_>,
    route: RouteId,
    enrollment: EnrollmentId,
    now: DateTime<Utc>,
) -> Result<DateTime<Utc>, LedgerError> {
    sql::execute(
        tx,
        "INSERT OR IGNORE INTO first_seen (route_id, enrollment, at) VALUES (?1, ?2, ?3)",
        (route, enrollment, Millis(now)),
    )?;
    sql::one(
        tx,
        "SELECT at FROM first_seen WHERE route_id = ?1 AND enrollment = ?2",
        (route, enrollment),
        |row| sql::time_of(row, "at"),
    )
}

/// Stops the writing for the route of that name, or for all where there is no name, or lets it go
/// on; returns the names of the routes.
pub fn set_paused(
    tx: &Tx<'_>,
    name: Option<&str>,
    paused: bool,
) -> Result<Vec<String>, LedgerError> {
    let routes: Vec<Route> =
        all(tx)?.into_iter().filter(|it| name.is_none_or(|name| it.name == name)).collect();
    for route in &routes {
        let sql = "UPDATE route SET paused = ?2 WHERE id = ?1";
        sql::change_one(tx, sql, (route.id, paused))?;
    }
    Ok(routes.into_iter().map(|it| it.name).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::tests::{at, in_memory};

    fn route(name: &str, was: Option<&str>) -> Start {
        Start {
            name: name.to_owned(),
            was: was.map(str::to_owned),
            key_kind: KeyKind::Enrollment,
            members: format!("automation of {name}"),
        }
    }

    #[tokio::test]
    async fn looking_shows_routes_as_they_would_start_and_changes_nothing() {
        let ledger = in_memory();
        ledger
            .write(|tx| {
                let old = start(tx, &[route("site", None)], at(0))?.remove(0);
                let routes = [route("shop", Some("site")), route("new", None)];
                let seen = look(tx, &routes, at(9))?;
                assert_eq!((seen[0].id, seen[0].first_start), (old.id, at(0)));
                assert_eq!((seen[1].id, seen[1].first_start), (RouteId(-2), at(9)));
                assert_eq!(all(tx)?, [old]);
                let contact = Start { key_kind: KeyKind::Contact, ..route("site", None) };
                let refused = look(tx, &[contact], at(9));
                assert!(matches!(refused, Err(LedgerError::KeyKind { .. })));
                Ok(())
            })
            .await
            .unwrap();
    }
}
