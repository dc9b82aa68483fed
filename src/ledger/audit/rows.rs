//! The rows that the chain speaks of, and the bytes that they point to.

use rusqlite::{Connection, types::ValueRef};

use super::{Kind, Problems};
use crate::ledger::{LedgerError, digest, digest::Hash, history::Subject, sql};

/// The index holds it all, in this order.
pub(super) const NEWEST: &str = "
    SELECT subject, subject_id, max(seq)
    FROM history INDEXED BY history_subject
    GROUP BY subject, subject_id";

/// Compares each row with the newest thing that the chain says of it.
pub(super) fn as_in_chain(conn: &Connection, problems: &mut Problems) -> Result<(), LedgerError> {
    let mut statement = conn.prepare_cached(NEWEST)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let word = row.get_ref("subject")?;
        let word = word.as_str().unwrap_or_default();
        let (id, seq): (i64, i64) = (row.get(1)?, row.get(2)?);
        let Some(subject) = Subject::ALL.into_iter().find(|it| it.as_str() == word) else {
            // The walk has named it.
            continue;
        };
        let said: Vec<u8> =
            sql::one(conn, "SELECT digest FROM history WHERE seq = ?1", [seq], |row| row.get(0))?;
        let (kind, message) = match subject.digest(conn, id)? {
            None => (Kind::Deleted, format!("row {seq} of the chain speaks of it, and it is gone")),
            Some(_) if points_to_nothing(conn, subject, id)? => {
                (Kind::Changed, "a payload to which it points is gone".to_owned())
            }
            Some(now) if now[..] != said[..] => {
                (Kind::Changed, format!("it is not what row {seq} of the chain says"))
            }
            Some(_) => continue,
        };
        problems.add(kind, subject.as_str(), Some(id), message);
    }
    Ok(())
}

/// Whether a row points to a payload that is not there: to the digest it looks as if it pointed to
/// none.
fn points_to_nothing(conn: &Connection, subject: Subject, id: i64) -> Result<bool, LedgerError> {
    let sql = match subject {
        Subject::Delivery => {
            "SELECT NOT EXISTS (SELECT 1 FROM payload WHERE id = payload_id)
             FROM delivery WHERE id = ?1"
        }
        Subject::Step => {
            "SELECT EXISTS (SELECT 1 FROM (SELECT request_id AS id UNION ALL SELECT answer_id) AS it
                            WHERE it.id IS NOT NULL
                              AND NOT EXISTS (SELECT 1 FROM payload WHERE payload.id = it.id))
             FROM step WHERE id = ?1"
        }
        Subject::Lead | Subject::Run | Subject::Finding | Subject::Tombstone | Subject::Action => {
            return Ok(false);
        }
    };
    sql::one(conn, sql, [id], |row| row.get(0))
}

/// Names the rows of a table that the chain never spoke of.
pub(super) fn unknown_to_chain(
    conn: &Connection,
    subject: Subject,
    problems: &mut Problems,
) -> Result<(), LedgerError> {
    let table = subject.as_str();
    let mut statement = conn.prepare_cached(&unknown_to_chain_sql(subject))?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let message = "the chain knows nothing of it".to_owned();
        problems.add(Kind::Inserted, table, Some(row.get(0)?), message);
    }
    Ok(())
}

pub(super) fn unknown_to_chain_sql(subject: Subject) -> String {
    let table = subject.as_str();
    format!(
        "SELECT id
         FROM {table}
         WHERE NOT EXISTS (SELECT 1 FROM history
                           WHERE subject = '{table}' AND subject_id = {table}.id)
         ORDER BY id"
    )
}

pub(super) const PAYLOADS: &str = "SELECT id, hash, salt, body FROM payload ORDER BY id";

/// Compares all bytes that were not blanked with their hash, and what they are with who points to
/// them.
pub(super) fn payloads(conn: &Connection, problems: &mut Problems) -> Result<(), LedgerError> {
    let mut statement = conn.prepare_cached(PAYLOADS)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let is_as_stored = match (row.get_ref("salt")?, row.get_ref("body")?) {
            // Erased: the hash is proved by the row that points here.
            (ValueRef::Null, ValueRef::Null) => true,
            (ValueRef::Blob(salt), ValueRef::Blob(body)) => {
                let hash: Hash = digest::payload(salt, body);
                row.get_ref("hash")?.as_blob().is_ok_and(|it| it == hash)
            }
            _ => false,
        };
        if !is_as_stored {
            let message = "its bytes are not those of its hash".to_owned();
            problems.add(Kind::Changed, "payload", Some(row.get(0)?), message);
        }
    }
    for (sql, kind, message) in MISPLACED {
        let mut statement = conn.prepare_cached(sql)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            problems.add(kind, "payload", Some(row.get(0)?), message.to_owned());
        }
    }
    Ok(())
}

/// Payloads that are not what the row is that points to them, or that should have such a row.
///
/// Observations are no evidence, and an answer may be replaced by a later one: those may stand
/// alone. Requests have no index by payload, so that the last statement looks for a stray one
/// only where there are too many.
const MISPLACED: [(&str, Kind, &str); 5] = [
    (
        "SELECT payload.id FROM delivery JOIN payload ON payload.id = payload_id
         WHERE payload.kind <> 'delivery'",
        Kind::Changed,
        "a delivery points to it, and it says that it is something else",
    ),
    (
        "SELECT payload.id FROM step JOIN payload ON payload.id = request_id
         WHERE payload.kind <> 'request'",
        Kind::Changed,
        "a step has it as its request, and it says that it is something else",
    ),
    (
        "SELECT payload.id FROM step JOIN payload ON payload.id = answer_id
         WHERE payload.kind <> 'answer'",
        Kind::Changed,
        "a step has it as its answer, and it says that it is something else",
    ),
    (
        "SELECT id FROM payload
         WHERE kind = 'delivery'
           AND NOT EXISTS (SELECT 1 FROM delivery WHERE payload_id = payload.id)",
        Kind::Inserted,
        "no delivery points to it",
    ),
    (
        "SELECT id FROM payload
         WHERE (SELECT count(*) FROM payload WHERE kind = 'request')
                   > (SELECT count(request_id) FROM step)
           AND kind = 'request'
           AND id NOT IN (SELECT request_id FROM step WHERE request_id IS NOT NULL)",
        Kind::Inserted,
        "no step points to it",
    ),
];
