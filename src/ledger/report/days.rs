//! Webhooks and missed leads by day and route, for the chart.
//!
//! A lead counts once: on the day on which the webhook came that made it, else, where it was found
//! without one, on the day on which its contact entered.

use std::collections::BTreeMap;

use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;
use rusqlite::{Connection, Row, named_params};

use crate::{
    domain::RouteId,
    ledger::{
        LedgerError,
        sql::{self, Millis},
    },
};

/// Days that are counted: what fits a page, and shows each weekday more than eight times.
pub const DAYS_MAX: u64 = 60;

/// What came and what did not, of one route on one day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Day {
    /// The day, in the configured zone.
    pub day: NaiveDate,
    /// The route's name.
    pub route: String,
    /// Leads whose webhook came.
    pub received: i64,
    /// Leads without.
    pub missed: i64,
}

/// Counts so many days up to `end`, by route and then by day.
pub fn days(
    conn: &Connection,
    end: DateTime<Utc>,
    zone: Tz,
    count: u64,
) -> Result<Vec<Day>, LedgerError> {
    let last = end.with_timezone(&zone).date_naive();
    let first = last.checked_sub_days(Days::new(count.saturating_sub(1))).unwrap_or(last);
    let from = midnight(first, zone);
    let mut days: BTreeMap<(i64, NaiveDate), (i64, i64)> = BTreeMap::new();
    let arguments = named_params! {
        ":first": first_since(conn, from)?, ":from": Millis(from), ":end": Millis(end),
    };
    for (route, day, rows) in sql::all(conn, RECEIVED, arguments, |row| quarter(row, zone))? {
        days.entry((route, day)).or_default().0 += rows;
    }
    let arguments = named_params! { ":from": Millis(from), ":end": Millis(end) };
    for statement in [FOUND, NOT_MADE] {
        for (route, day, rows) in sql::all(conn, statement, arguments, |row| quarter(row, zone))? {
            days.entry((route, day)).or_default().1 += rows;
        }
    }
    let names: BTreeMap<RouteId, String> =
        sql::all(conn, "SELECT id, name FROM route", [], |row| Ok((row.get(0)?, row.get(1)?)))?
            .into_iter()
            .collect();
    let day = |((route, day), (received, missed))| {
        let route = names.get(&RouteId(route))?.clone();
        Some(Day { day, route, received, missed })
    };
    Ok(days.into_iter().filter_map(day).collect())
}

/// Counted by quarters of an hour, which no zone's midnight divides.
const RECEIVED: &str = "
    SELECT route_id, received_at / 900000 AS quarter, count(*) AS rows
    FROM delivery NOT INDEXED
    WHERE id >= :first AND received_at BETWEEN :from AND :end AND fate IN ('applied', 'pending')
    GROUP BY 1, 2";

const FOUND: &str = "
    SELECT route_id, coalesce(entered_at, found_at) / 900000 AS quarter, count(*) AS rows
    FROM lead INDEXED BY lead_found
    WHERE found_by <> 'webhook' AND coalesce(entered_at, found_at) BETWEEN :from AND :end
    GROUP BY 1, 2";

/// What nothing was made of; found by each run again, and counted once.
const NOT_MADE: &str = "
    SELECT route_id, coalesce(enrolled_at, found_at) / 900000 AS quarter,
           count(DISTINCT coalesce(enrollment, -contact)) AS rows
    FROM finding
    WHERE coalesce(enrolled_at, found_at) BETWEEN :from AND :end AND lead_id IS NULL
      AND NOT EXISTS (SELECT 1 FROM lead
                      WHERE lead.route_id = finding.route_id
                        AND lead.enrollment = finding.enrollment)
      AND NOT EXISTS (SELECT 1 FROM lead
                      WHERE lead.route_id = finding.route_id AND lead.contact = finding.contact
                        AND lead.enrollment IS NULL AND finding.enrollment IS NULL)
    GROUP BY 1, 2";

fn quarter(row: &Row<'_>, zone: Tz) -> rusqlite::Result<(i64, NaiveDate, i64)> {
    let quarter: i64 = row.get("quarter")?;
    let at = DateTime::from_timestamp(quarter * 900, 0).unwrap_or_default();
    Ok((row.get("route_id")?, at.with_timezone(&zone).date_naive(), row.get("rows")?))
}

/// The first moment of a day: one o'clock where daylight saving skips its midnight.
fn midnight(day: NaiveDate, zone: Tz) -> DateTime<Utc> {
    let midnight = day.and_time(NaiveTime::MIN);
    let local = |naive| zone.from_local_datetime(&naive).earliest();
    local(midnight)
        .or_else(|| local(midnight + TimeDelta::hours(1)))
        .map_or_else(|| midnight.and_utc(), |at| at.with_timezone(&Utc))
}

/// The first delivery that came at or after a moment, by halving: ids grow with time, and there is
/// no index by time, which each webhook would have to pay for.
fn first_since(conn: &Connection, at: DateTime<Utc>) -> Result<i64, LedgerError> {
    // Each by itself is the end of the table; both at once would be all of it.
    let bounds = "
        SELECT coalesce((SELECT min(id) FROM delivery), 0),
               coalesce((SELECT max(id) FROM delivery), 0)";
    let at_or_after = "
        SELECT id, received_at FROM delivery NOT INDEXED WHERE id >= ?1 ORDER BY id LIMIT 1";
    let (mut low, mut high): (i64, i64) =
        sql::one(conn, bounds, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
    while low < high {
        let middle = low + (high - low) / 2;
        let (id, came) = sql::one(conn, at_or_after, [middle], |row| {
            Ok((row.get::<_, i64>("id")?, sql::time_of(row, "received_at")?))
        })?;
        if came < at {
            low = id + 1;
        } else {
            high = middle;
        }
    }
    Ok(low)
}
