//! What must hold of what a loss of power left: the product opens it, knows all that anybody was
//! told, proves it, and goes on.

use std::{collections::BTreeMap, path::PathBuf};

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use ponte::{
    clock::Clock,
    domain::RouteId,
    ledger::{
        self, EngineLock, Options,
        delivery::{self, NewDelivery},
        open::Opener,
        quota,
        route::{self, KeyKind},
    },
};
use rusqlite::Connection;
use serde_json::Value;
use tempfile::TempDir;

use crate::{
    disk::{Image, Told},
    life::{LEDGER, put},
};

/// Times of requests that the ledger keeps at most.
const TIMES_MAX: usize = 1_000;

/// What is not as somebody was told.
#[derive(Debug)]
pub struct Wrong(pub String);

/// A directory in memory where the machine has one: what is opened here was lost already.
fn home() -> TempDir {
    tempfile::tempdir_in("/dev/shm")
        .or_else(|_| tempfile::tempdir())
        .expect("a temporary directory can be made")
}

/// Opens `image` as the engine does, and holds it against what was told.
pub async fn check(image: &Image, told: &[Told]) -> Result<(), Wrong> {
    let home = home();
    put(home.path(), image);
    let path = home.path().join(LEDGER);
    let wrong = |what: &str, error: &dyn std::fmt::Display| Wrong(format!("{what}: {error}"));
    let lock = EngineLock::take(&path).map_err(|it| wrong("the lock", &it))?;
    let ledger = Options::file(&path, Clock::system())
        .open(Opener::Engine(&lock))
        .map_err(|it| wrong("it does not open", &it))?;
    let told = told.to_vec();
    let known = ledger.read(move |conn| Ok(all_is_known(conn, &told))).await;
    known.map_err(|it| wrong("it cannot be read", &it))??;
    // The next webhook is kept, and continues the chain.
    let kept = ledger.write(move |tx| {
        let now = Clock::system().now();
        let route = route::register(tx, "site", KeyKind::Enrollment, now)?.id;
        delivery::accept(tx, &next(route, now))
    });
    kept.await.map_err(|it| wrong("it cannot be written", &it))?;
    let audit = ledger.read(|conn| ledger::audit::audit(conn, None)).await;
    let audit = audit.map_err(|it| wrong("it cannot be audited", &it))?;
    ledger.close().await;
    if !audit.ok() {
        return Err(Wrong(format!("the audit fails: {:?}", audit.problems)));
    }
    Ok(())
}

/// Keeps an image that is wrong, to be looked at.
pub fn keep(image: &Image) -> PathBuf {
    let home = tempfile::Builder::new().prefix("power-loss-").tempdir();
    let home = home.expect("a temporary directory can be made").keep();
    put(&home, image);
    home
}

fn next(route: RouteId, received_at: DateTime<Utc>) -> NewDelivery {
    NewDelivery {
        route,
        received_at,
        peer: String::new(),
        headers: "{}".to_owned(),
        body: Bytes::from_static(b"contact[id]=1"),
    }
}

fn all_is_known(conn: &Connection, told: &[Told]) -> Result<(), Wrong> {
    deliveries_are_known(conn, told)?;
    steps_are_known(conn, told)?;
    requests_are_known(conn, told)
}

/// Every body that was answered with 200 is there, as it came.
fn deliveries_are_known(conn: &Connection, told: &[Told]) -> Result<(), Wrong> {
    let sql = "SELECT body FROM delivery JOIN payload ON payload.id = payload_id
               WHERE delivery.id = ?1";
    let mut body_of = conn.prepare(sql).map_err(unreadable)?;
    for told in told {
        let Told::Kept { receipt, body } = told else { continue };
        match body_of.query_row([receipt], |row| row.get::<_, Vec<u8>>(0)) {
            Ok(found) if found == *body => {}
            Ok(_) => return Err(Wrong(format!("receipt {receipt} has another body"))),
            Err(error) => return Err(Wrong(format!("receipt {receipt} is lost: {error}"))),
        }
    }
    Ok(())
}

/// Every write that reached Ploomes stands in the journal.
fn steps_are_known(conn: &Connection, told: &[Told]) -> Result<(), Wrong> {
    let sql = "SELECT body FROM step JOIN payload ON payload.id = request_id";
    let mut statement = conn.prepare(sql).map_err(unreadable)?;
    let mut journal = BTreeMap::<String, usize>::new();
    let bodies = statement.query_map([], |row| row.get::<_, Vec<u8>>(0)).map_err(unreadable)?;
    for body in bodies {
        *journal.entry(folded(&body.map_err(unreadable)?)).or_default() += 1;
    }
    for told in told {
        let Told::Written { body } = told else { continue };
        match journal.get_mut(&folded(body)) {
            Some(count) if *count > 0 => *count -= 1,
            _ => {
                let body = String::from_utf8_lossy(body);
                return Err(Wrong(format!("a write that Ploomes had is not known: {body}")));
            }
        }
    }
    Ok(())
}

/// Every request of the last minute counts against the next ones.
fn requests_are_known(conn: &Connection, told: &[Told]) -> Result<(), Wrong> {
    let asked = || {
        told.iter().filter_map(|it| match it {
            Told::Asked(at) => Some(*at),
            _ => None,
        })
    };
    let Some(newest) = asked().max() else { return Ok(()) };
    let least = asked().filter(|at| newest - *at < TimeDelta::seconds(50)).count().min(TIMES_MAX);
    let times = quota::times(conn, Clock::system().moment()).map_err(|it| Wrong(it.to_string()))?;
    let known = times.iter().filter(|at| newest - **at < TimeDelta::seconds(60)).count();
    if known < least {
        return Err(Wrong(format!("{least} requests were sent, and {known} are known")));
    }
    Ok(())
}

/// JSON in one order.
fn folded(body: &[u8]) -> String {
    let mut value: Value = serde_json::from_slice(body).unwrap_or_default();
    value.sort_all_objects();
    value.to_string()
}

fn unreadable(error: rusqlite::Error) -> Wrong {
    Wrong(format!("it cannot be read: {error}"))
}
