//! Leads of a time that a replay looks at.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, named_params};

use super::{
    LedgerError,
    time::{from_ms, to_ms},
};
use crate::domain::{LeadId, RouteId};

/// The leads of these routes that entered from `since` until before `until` and wait for nothing,
/// the oldest first, each with its time; at most `limit` of them.
///
/// A lead whose entry has no time counts from when it was found. Reads all leads of the routes: a
/// person asks, and no index serves both times.
pub fn leads(
    conn: &Connection,
    routes: &[RouteId],
    since: DateTime<Utc>,
    until: DateTime<Utc>,
    limit: usize,
) -> Result<Vec<(LeadId, DateTime<Utc>)>, LedgerError> {
    let sql = "
        SELECT id, coalesce(entered_at, found_at) AS at
        FROM lead
        WHERE route_id IN (SELECT value FROM json_each(:routes))
          AND coalesce(entered_at, found_at) >= :since
          AND coalesce(entered_at, found_at) < :until
          AND state IN ('done', 'skipped', 'failed')
        ORDER BY at, id
        LIMIT :limit";
    let routes: Vec<i64> = routes.iter().map(|route| route.0).collect();
    let arguments = named_params! {
        ":routes": serde_json::Value::from(routes).to_string(),
        ":since": to_ms(since),
        ":until": to_ms(until),
        ":limit": i64::try_from(limit).unwrap_or(i64::MAX),
    };
    let rows = conn
        .prepare_cached(sql)?
        .query_map(arguments, |row| Ok((LeadId(row.get("id")?), from_ms(row.get("at")?))))?
        .collect::<Result<_, _>>()?;
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        clock::Clock,
        domain::{ContactId, EnrollmentId, FoundBy, LeadState},
        ledger::{
            Ledger, Options, Tx, lead,
            open::Opener,
            route::{self, KeyKind},
        },
    };

    fn at(minutes: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_780_000_000 + minutes * 60, 0).expect("in range")
    }

    fn entered(tx: &Tx<'_>, route: RouteId, id: i64, entered_at: Option<i64>, state: LeadState) {
        let new = lead::NewLead {
            route,
            route_name: "site",
            contact: ContactId(id),
            enrollment: Some(EnrollmentId(id)),
            entered_at: entered_at.map(at),
            backfill: false,
            found_by: FoundBy::Poll,
        };
        let lead = lead::find(tx, &new, at(100)).expect("it is found");
        lead::set_state(tx, lead, state, &lead::Standing::default(), at(100)).expect("it stands");
    }

    async fn ledger() -> (Ledger, RouteId) {
        let ledger = Options::memory(7, Clock::system()).open(Opener::Command).expect("it opens");
        let route = ledger
            .write(|tx| {
                let route = route::register(tx, "site", KeyKind::Enrollment, at(0))?.id;
                entered(tx, route, 1, Some(30), LeadState::Done);
                entered(tx, route, 2, Some(10), LeadState::Skipped);
                entered(tx, route, 3, Some(20), LeadState::Pending);
                entered(tx, route, 4, None, LeadState::Failed);
                entered(tx, route, 5, Some(40), LeadState::Erased);
                Ok(route)
            })
            .await
            .expect("it is written");
        (ledger, route)
    }

    async fn found(routes: Vec<RouteId>, since: i64, until: i64, limit: usize) -> Vec<i64> {
        let (ledger, route) = ledger().await;
        let routes = if routes.is_empty() { vec![route] } else { routes };
        let read = move |conn: &Connection| leads(conn, &routes, at(since), at(until), limit);
        let leads = ledger.read(read).await.expect("it is read");
        leads.into_iter().map(|(lead, _)| lead.0).collect()
    }

    #[tokio::test]
    async fn leads_that_wait_for_nothing_come_in_order_of_time() {
        assert_eq!(found(Vec::new(), 0, 1_000, 10).await, [2, 1, 4]);
        assert_eq!(found(Vec::new(), 0, 1_000, 2).await, [2, 1]);
        assert_eq!(found(vec![RouteId(77)], 0, 1_000, 10).await, [0_i64; 0]);
    }

    #[tokio::test]
    async fn since_is_in_and_until_is_not() {
        assert_eq!(found(Vec::new(), 10, 30, 10).await, [2]);
        assert_eq!(found(Vec::new(), 11, 101, 10).await, [1, 4]);
    }
}
