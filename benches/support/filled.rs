//! A ledger with any number of leads, made in bulk.
//!
//! Each lead has its delivery with a body, its observation, three steps with requests and answers,
//! and a link of the chain for each. A thousand failed. The hashes are zeros, so `audit`
//! would refuse it; no question that is measured looks at them.

use std::fs;

use ponte::{
    clock::Clock,
    domain::RouteId,
    ledger::{
        Options,
        open::Opener,
        route::{self, KeyKind},
    },
};
use rusqlite::{Connection, params};
use tokio::time::Instant;

use crate::place::Place;

/// When the first lead was found, in seconds since 1970; the others follow in steps of 30 s.
pub const FROM: i64 = 1_700_000_000;

/// Leads that failed, in every ledger that has ten times as many.
const FAILED: i64 = 1_000;

/// What AC showed of a contact where a benchmark does not say.
const SEEN: &str = r#"{"id":#,"email":"p#@example.com","first_name":"Ana","last_name":"Lima de Souza","phone":"(11) 3000-0000","company":"","tags":[],"fields":[],"created_at":null,"updated_at":null}"#;

/// Makes a ledger of so many leads, and says how large it is and how long it took. `seen` is what AC
/// showed of their contacts, taken in turn, with `#` for a contact's id.
pub fn fill(place: &Place, leads: i64, seen: &[&str]) {
    let begin = Instant::now();
    found(place);
    in_bulk(place, leads, seen).expect("the schema is as this file has it");
    let megabytes = fs::metadata(place.ledger()).expect("it was made").len() / 1_000_000;
    let seconds = begin.elapsed().as_secs_f64();
    println!("{leads} leads: {megabytes} MB on disk, filled in {seconds:.1} s");
}

/// Makes the ledger as the program does.
fn found(place: &Place) {
    let clock = Clock::system();
    let now = clock.now();
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime.expect("a runtime of this thread").block_on(async {
        let ledger = Options::file(place.ledger(), clock).open(Opener::Command);
        let ledger = ledger.expect("a new ledger opens");
        let site = ledger
            .write(move |tx| route::register(tx, "site", KeyKind::Enrollment, now))
            .await
            .expect("a route is registered");
        assert_eq!(site.id, RouteId(1));
        ledger.close().await;
    });
}

/// Fills the tables without their indexes and triggers, then makes these again: many times faster
/// than row by row, with the same result.
fn in_bulk(place: &Place, leads: i64, seen: &[&str]) -> rusqlite::Result<()> {
    let conn = Connection::open(place.ledger())?;
    conn.execute_batch(HASTE)?;
    let objects: Vec<(String, String)> = conn
        .prepare(
            "SELECT 'DROP ' || type || ' ' || name, sql FROM sqlite_schema
             WHERE type IN ('index', 'trigger') AND sql IS NOT NULL",
        )?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    for (drop, _) in &objects {
        conn.execute_batch(drop)?;
    }
    conn.execute(NUMBERS, [leads, FAILED.min(leads / 10)])?;
    conn.execute_batch(PARTS)?;
    for body in if seen.is_empty() { &[SEEN] } else { seen } {
        conn.execute("INSERT INTO seen (body) VALUES (?1)", [body])?;
    }
    for sql in ROWS {
        conn.execute(sql, params![FROM * 1000])?;
    }
    for (_, create) in &objects {
        conn.execute_batch(create)?;
    }
    conn.execute_batch(TALLY)?;
    conn.execute_batch("COMMIT; PRAGMA journal_mode = wal;")
}

/// A ledger that a crash spoils is made again.
const HASTE: &str = "
    PRAGMA journal_mode = off; PRAGMA synchronous = off; PRAGMA foreign_keys = off;
    PRAGMA temp_store = memory; PRAGMA cache_size = -100000; BEGIN;";

const NUMBERS: &str = "
    CREATE TEMP TABLE n AS
    WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)
    SELECT i, i * 30000 AS later, ?1 / ?2 AS every FROM n";

/// Of what a lead has several.
const PARTS: &str = "
    CREATE TEMP TABLE part AS SELECT i - 1 AS part FROM n WHERE i <= 8;
    CREATE TEMP TABLE seen (number INTEGER PRIMARY KEY, body TEXT NOT NULL);";

/// `?1` is the time of the first lead. The payloads of lead `i` are `8 * i` and the seven before.
const ROWS: [&str; 7] = [
    "INSERT INTO payload (id, kind, at, hash, salt, body)
     SELECT 8 * i + part - 7,
            CASE part WHEN 0 THEN 'delivery' WHEN 1 THEN 'observation'
                      WHEN 2 THEN 'request' WHEN 4 THEN 'request' WHEN 6 THEN 'request'
                      ELSE 'answer' END,
            ?1 + later, zeroblob(32), zeroblob(16),
            CAST(CASE WHEN part = 0
                 THEN 'contact[id]=' || i || '&contact[email]=p' || i || '@example.com&seriesid=12'
                      || '&contact[first_name]=Ana&contact[last_name]=Lima&contact[phone]=1130000000'
                 WHEN part = 1
                 THEN (SELECT replace(body, '#', i) FROM seen
                       WHERE number = 1 + i % (SELECT count(*) FROM seen))
                 ELSE '{\"Id\":' || i || ',\"email\":\"p' || i || '@example.com\",\"Name\":'
                      || '\"Ana Lima de Souza\",\"Phones\":[{\"PhoneNumber\":\"(11) 3000-0000\"}]}'
                 END AS BLOB)
     FROM n CROSS JOIN part WHERE part < 8",
    "INSERT INTO lead (id, key, route_id, contact, enrollment, entered_at, turn, backfill, found_by,
                       found_at, state, reason, company, person, deal, updated_at)
     SELECT i, 'site/' || i, 1, i, i, ?1 + later - 2000, i - 1, 0,
            CASE WHEN i % 100 = 0 THEN 'reconcile' ELSE 'webhook' END, ?1 + later,
            CASE WHEN i % every = 0 THEN 'failed' ELSE 'done' END,
            CASE WHEN i % every = 0 THEN 'field.CPF is empty' END,
            3 * i, 3 * i + 1, 3 * i + 2, ?1 + later + 4000
     FROM n",
    "INSERT INTO delivery (id, route_id, received_at, peer, headers, payload_id, fate, contact,
                           lead_id)
     SELECT i, 1, ?1 + later, '192.0.2.7',
            '{\"content-type\":\"application/x-www-form-urlencoded\",\"user-agent\":\"AC\"}',
            8 * i - 7, 'applied', i, i FROM n",
    "INSERT INTO observation (id, route_id, contact, at, updated_at, fingerprint, payload_id)
     SELECT i, 1, i, ?1 + later, ?1 + later, zeroblob(32), 8 * i - 6 FROM n",
    "INSERT INTO step (id, lead_id, kind, action, reason, state, request_id, answer_id, status,
                       record, sent_at, ended_at, fields)
     SELECT 3 * i + part - 2, i,
            CASE part WHEN 0 THEN 'company' WHEN 1 THEN 'person' ELSE 'deal' END, 'create',
            'no person has this e-mail, CPF or phone', 'done', 8 * i - 5 + 2 * part,
            8 * i - 4 + 2 * part, 200, 3 * i + part, ?1 + later + 1000 * part,
            ?1 + later + 1000 * part + 800, '[\"Name\",\"Email\",\"Phones\"]'
     FROM n CROSS JOIN part WHERE part < 3",
    "INSERT INTO history (seq, at, subject, subject_id, event, digest, accepted, total, hash)
     SELECT 5 * i + part - 4, ?1 + later,
            CASE part WHEN 0 THEN 'delivery' WHEN 1 THEN 'lead' ELSE 'step' END,
            CASE WHEN part < 2 THEN i ELSE 3 * i + part - 4 END,
            CASE part WHEN 0 THEN 'accepted' WHEN 1 THEN 'found' ELSE 'done' END,
            zeroblob(32), i, i - (part = 0), zeroblob(32)
     FROM n CROSS JOIN part WHERE part < 5",
    "INSERT INTO run (kind, started_at, finished_at, outcome)
     SELECT 'poll', ?1 + later, ?1 + later + 900, 'complete' FROM n WHERE i % 10 = 0",
];

/// What the triggers would have counted.
const TALLY: &str = "
    UPDATE tally SET rows = (SELECT count(*) FROM delivery WHERE fate = value)
    WHERE subject = 'delivery';
    UPDATE tally SET rows = (SELECT count(*) FROM lead WHERE state = value)
    WHERE subject = 'lead';
    UPDATE tally SET rows = (SELECT count(*) FROM lead
                             WHERE state = value AND found_by <> 'webhook')
    WHERE subject = 'missed' AND value <> 'late';
    UPDATE tally SET rows = (SELECT count(*) FROM lead WHERE found_by <> 'webhook')
    WHERE subject = 'missed' AND value = 'late';";
