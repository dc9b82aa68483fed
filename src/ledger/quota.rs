//! When requests were sent to Ploomes, so that a restart cannot exceed the limit.
//!
//! Each time is kept on two clocks, because the time of day may be stepped between two lives of the
//! engine: ages are told by the steady one, as long as the machine was not started anew.

use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::Connection;

use super::{
    LedgerError, Tx, sql,
    time::{from_ms, to_ms},
};
use crate::clock::{Moment, Steady};

/// How long a time is kept: the window is a minute, and clocks are stepped.
const KEEP: TimeDelta = TimeDelta::minutes(3);

/// Keeps the time of a request that is about to be sent, and forgets what is old.
pub fn record(tx: &Tx<'_>, now: Moment) -> Result<(), LedgerError> {
    let (boot, steady) = columns(now.steady);
    sql::execute(
        tx,
        "INSERT INTO request_time (at, boot, steady) VALUES (?1, ?2, ?3)",
        (to_ms(now.at), boot, steady),
    )?;
    // By id as well, so that a clock that was stepped neither keeps a row for ever nor drops a fresh
    // one that stands behind it.
    let keep = KEEP.num_milliseconds();
    sql::execute(
        tx,
        "DELETE FROM request_time
         WHERE id <= (SELECT max(id) FROM request_time) - 1000
            OR (id < (SELECT max(id) FROM request_time)
                AND CASE WHEN boot = ?1 THEN steady < ?2 ELSE at < ?3 END)",
        (boot, steady.map(|ms| ms - keep), to_ms(now.at) - keep),
    )?;
    Ok(())
}

/// Returns the times that are kept, oldest first, as the clock would have shown them that it shows
/// `now`.
pub fn times(conn: &Connection, now: Moment) -> Result<Vec<DateTime<Utc>>, LedgerError> {
    let (boot, steady) = columns(now.steady);
    let sql = "
        SELECT CASE WHEN boot = ?1 THEN ?3 - max(?2 - steady, 0) ELSE at END
        FROM request_time
        ORDER BY id";
    sql::all(conn, sql, (boot, steady, to_ms(now.at)), |row| row.get(0).map(from_ms))
}

/// A request as it is kept: the time of day, the start of the machine, the time since.
pub(super) type Kept = (i64, Option<i64>, Option<i64>);

/// All that is kept, for another ledger.
pub(super) fn kept(conn: &Connection) -> Result<Vec<Kept>, LedgerError> {
    let sql = "SELECT at, boot, steady FROM request_time ORDER BY id";
    sql::all(conn, sql, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
}

/// Adds what another ledger kept.
pub(super) fn take_over(conn: &Connection, kept: Vec<Kept>) -> Result<(), LedgerError> {
    for row in kept {
        sql::execute(conn, "INSERT INTO request_time (at, boot, steady) VALUES (?1, ?2, ?3)", row)?;
    }
    Ok(())
}

fn columns(steady: Option<Steady>) -> (Option<i64>, Option<i64>) {
    (steady.map(|it| it.boot), steady.map(|it| it.ms))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::tests::{at, in_memory};

    /// A second of the time of day, and one of a start of the machine.
    fn moment(second: i64, boot: i64, steady: i64) -> Moment {
        Moment { at: at(second), steady: Some(Steady { boot, ms: steady * 1_000 }) }
    }

    #[tokio::test]
    async fn a_clock_that_is_stepped_makes_no_request_older_or_younger() {
        let ledger = in_memory();
        ledger
            .write(|tx| {
                record(tx, moment(100, 1, 10))?;
                record(tx, moment(110, 1, 20))?;
                // Ten minutes forwards: nothing is forgotten for it.
                record(tx, moment(720, 1, 30))?;
                assert_eq!(times(tx, moment(725, 1, 35))?, [at(700), at(710), at(720)]);
                // And back.
                assert_eq!(times(tx, moment(105, 1, 45))?, [at(70), at(80), at(90)]);
                // The machine was started anew: there is only the time of day.
                assert_eq!(times(tx, moment(725, 2, 5))?, [at(100), at(110), at(720)]);
                // Old by the clock that tells.
                record(tx, moment(60, 1, 215))?;
                assert_eq!(times(tx, moment(60, 1, 215))?, [at(60)]);
                Ok(())
            })
            .await
            .unwrap();
    }
}
