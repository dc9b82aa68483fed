//! Any edit of one value of the evidence is found.

use proptest::prelude::*;
use rusqlite::{Connection, types::Value};

use super::super::audit;
use crate::ledger::{Subject, sample};

/// An edit of one column of one row of the evidence; numbers pick from what there is.
#[derive(Debug, Clone)]
struct Edit {
    table: usize,
    row: usize,
    column: usize,
    number: i64,
    text: String,
}

fn edits() -> impl Strategy<Value = Edit> {
    (0..Subject::ALL.len(), any::<usize>(), any::<usize>(), any::<i64>(), "[a-z]{0,8}")
        .prop_map(|(table, row, column, number, text)| Edit { table, row, column, number, text })
}

impl Edit {
    /// Makes the edit; `None` where the schema does not let it in or it changes nothing.
    fn make(&self, conn: &Connection) -> Option<String> {
        let table = Subject::ALL[self.table].as_str();
        let pick = |count: usize, number: usize| number % count;
        let columns: Vec<(String, String, bool)> = conn
            .prepare(&format!(
                "SELECT name, type, NOT \"notnull\" AND NOT pk FROM pragma_table_info('{table}')"
            ))
            .and_then(|mut it| {
                it.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?.collect()
            })
            .expect("the table is there");
        let ids: Vec<i64> = conn
            .prepare(&format!("SELECT id FROM {table}"))
            .and_then(|mut it| it.query_map([], |row| row.get(0))?.collect())
            .expect("the table is there");
        let (column, kind, nullable) = &columns[pick(columns.len(), self.column)];
        let id = ids[pick(ids.len(), self.row)];
        let old: Value = conn
            .query_row(&format!("SELECT {column} FROM {table} WHERE id = ?1"), [id], |row| {
                row.get(0)
            })
            .expect("the row is there");
        let new = match &old {
            Value::Null if kind == "INTEGER" => Value::Integer(self.number),
            Value::Null => Value::Text(self.text.clone()),
            _ if self.number % 4 == 0 && *nullable => Value::Null,
            Value::Integer(old) => Value::Integer(old.wrapping_add(self.number.max(1))),
            _ => Value::Text(self.text.clone()),
        };
        let sql = format!("UPDATE {table} SET {column} = ?1 WHERE id = ?2");
        let is_made = new != old && conn.execute(&sql, (&new, id)).is_ok();
        is_made.then(|| format!("{table} {id}: {column} from {old:?} to {new:?}"))
    }
}

#[test]
fn any_edit_of_any_column_of_the_evidence_is_found() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let conn = runtime.block_on(async { sample::raw(&sample::small().await).await });
    let made = std::cell::Cell::new(0);
    // The seed of a failure is of no use: what it found becomes a test of its own.
    let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::default() };
    proptest!(config, |(edit in edits())| {
        conn.execute_batch("SAVEPOINT before").unwrap();
        let edited = edit.make(&conn);
        let outcome = audit(&conn, None).unwrap();
        conn.execute_batch("ROLLBACK TO before; RELEASE before").unwrap();
        if let Some(edit) = edited {
            made.set(made.get() + 1);
            prop_assert!(!outcome.ok(), "{edit}");
        }
    });
    assert!(made.get() > 200, "most edits must be ones that can be made");
    assert!(audit(&conn, None).unwrap().ok(), "all of them were taken back");
}
