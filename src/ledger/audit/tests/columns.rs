//! Every column of the schema is covered, or named here with the reason why not.

use std::collections::BTreeSet;

use rusqlite::{Connection, types::Value};

use super::super::audit;
use crate::ledger::{Tx, sample, tombstone};

/// Tables whose rows nobody has to trust: caches, queues, cursors and counters that are rebuilt or
/// looked up again, and what tells the engine where it was. `docs/integrity.md` says the same.
const NOT_EVIDENCE: [(&str, &str); 22] = [
    ("meta", "the ledger's id and key, and cursors"),
    ("route", "names, first starts and pauses: settings"),
    ("observation", "a cache of what AC shows; asked for again"),
    ("derived", "a cache: without it a contact is planned once more"),
    ("contact_email", "an index"),
    ("inbox", "a queue of hints"),
    ("work", "a queue"),
    ("step_key", "held while a step is open"),
    ("made", "a cache of two hours"),
    ("watermark", "where the next poll begins"),
    ("first_seen", "when an enrollment without a date was seen"),
    ("job", "questions of the command line"),
    ("request_time", "the last minutes of the quota"),
    ("control", "a cache"),
    ("unknown_token", "a counter of strangers"),
    ("sweep", "where a reconciliation goes on"),
    ("gone", "a cache"),
    ("found_contact", "a cache of what AC shows"),
    ("suspect", "a queue of the sweep that runs"),
    ("drift", "looked at again by each run"),
    ("alert", "what is still to be told"),
    ("alert_cursor", "what was told"),
];

/// Columns of covered tables that nothing depends on.
const NOT_COVERED: [(&str, &str, &str); 2] = [
    ("payload", "at", "when bytes were stored: their row has its own time"),
    // Of an observation, whose row is a cache; of all others the row that points there is not right.
    ("payload", "id", "a number; which bytes a row means is told by their hash"),
];

async fn ledger() -> Connection {
    let ledger = sample::small().await;
    ledger
        .write(|tx: &Tx<'_>| {
            let keys = [crate::planner::person::PersonKey::contact(crate::domain::ContactId(77))];
            tombstone::set_up(tx, &keys.into(), sample::now())?;
            // Every counter of what waits and of what is evidence is checked; this one too.
            Ok(())
        })
        .await
        .unwrap();
    sample::raw(&ledger).await
}

fn names(conn: &Connection, sql: &str) -> Vec<String> {
    let mut statement = conn.prepare(sql).unwrap();
    let names = statement.query_map([], |row| row.get(0)).unwrap();
    names.map(Result::unwrap).collect()
}

/// Another value of the same type; text for what is NULL.
fn another(value: Value) -> Value {
    match value {
        Value::Null => Value::Text("somebody was here".to_owned()),
        Value::Integer(number) => Value::Integer(number.wrapping_add(1_000_003)),
        Value::Real(number) => Value::Real(number + 1.0),
        Value::Text(text) => Value::Text(format!("{text}!")),
        Value::Blob(mut bytes) => {
            for byte in &mut bytes {
                *byte = !*byte;
            }
            Value::Blob(bytes)
        }
    }
}

#[tokio::test]
async fn every_column_of_the_evidence_is_covered_and_every_other_table_is_named() {
    let conn = ledger().await;
    let tables = names(
        &conn,
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
    );
    let not_evidence: BTreeSet<&str> = NOT_EVIDENCE.iter().map(|(table, _)| *table).collect();
    let mut covered = Vec::new();
    for table in tables.iter().filter(|it| !not_evidence.contains(it.as_str())) {
        covered.push(table.as_str());
        let columns = names(&conn, &format!("SELECT name FROM pragma_table_info('{table}')"));
        for column in columns {
            if NOT_COVERED.iter().any(|(of, it, _)| of == table && *it == column) {
                continue;
            }
            // One row of each kind there is: the first, and the last.
            for order in ["ASC", "DESC"] {
                conn.execute_batch("SAVEPOINT before").unwrap();
                let row = format!("FROM {table} ORDER BY 1 {order} LIMIT 1");
                let old: Value =
                    conn.query_row(&format!("SELECT {column} {row}"), [], |it| it.get(0)).unwrap();
                let sql = format!("SELECT name FROM pragma_table_info('{table}') WHERE pk > 0");
                let key = names(&conn, &sql).join(", ");
                let sql = format!(
                    "UPDATE {table} SET {column} = ?1 WHERE ({key}) = (SELECT {key} {row})"
                );
                // STRICT refuses a text in a column of numbers.
                let changed = conn
                    .execute(&sql, [another(old.clone())])
                    .or_else(|_| conn.execute(&sql, [Value::Integer(4_711)]))
                    .or_else(|_| conn.execute(&sql, [Value::Blob(vec![7; 16])]));
                assert!(changed.unwrap_or_else(|error| panic!("{table}.{column}: {error}")) > 0);
                assert!(!audit(&conn, None).unwrap().ok(), "{table}.{column} of the row {order}");
                conn.execute_batch("ROLLBACK TO before").unwrap();
                assert!(audit(&conn, None).unwrap().ok(), "taken back");
            }
        }
    }
    assert_eq!(
        covered,
        [
            "payload",
            "delivery",
            "lead",
            "step",
            "run",
            "finding",
            "tombstone",
            "tombstone_key",
            "history",
            "tally",
            "action"
        ]
    );
    for table in &not_evidence {
        assert!(tables.iter().any(|it| it == table), "{table} is not there any more");
    }
}

#[tokio::test]
async fn a_key_of_a_tombstone_that_was_taken_away_or_added_is_found() {
    for sql in [
        "DELETE FROM tombstone_key WHERE kind = 'contact'",
        "INSERT INTO tombstone_key (key, tombstone_id, kind)
         SELECT zeroblob(32), tombstone_id, kind FROM tombstone_key LIMIT 1",
        "UPDATE tombstone_key SET kind = 'phone' WHERE kind = 'contact'",
    ] {
        let conn = ledger().await;
        assert!(conn.execute(sql, []).unwrap() > 0, "{sql}");
        let outcome = audit(&conn, None).unwrap();
        assert_eq!(outcome.problems.len(), 1, "{sql}: {outcome:?}");
        assert_eq!(outcome.problems[0].subject, "tombstone");
    }
}
