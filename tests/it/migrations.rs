//! The schema, step by step: a ledger that grew up with `ponte` is the same as a new one.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::{collections::BTreeSet, fs, path::Path};

use ponte::{
    clock::Clock,
    ledger::{self, EngineLock, Ledger, LedgerError, Options, open::Opener},
    simulator::activecampaign::NewContact,
};
use rusqlite::Connection;

use crate::support::{Accounts, Route, Service, Settings, Way, of_company};

/// The files of `schema/`, in order.
fn steps() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema");
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|it| it.unwrap().path()).collect();
    paths.retain(|it| it.extension().is_some_and(|it| it == "sql"));
    paths.sort();
    for (number, path) in (1..).zip(&paths) {
        let name = path.file_name().unwrap().to_str().unwrap();
        assert!(name.starts_with(&format!("{number:04}_")), "{name}");
    }
    paths.iter().map(|it| fs::read_to_string(it).unwrap()).collect()
}

/// Every table, index and trigger, as it was made.
fn schema(conn: &Connection) -> Vec<(String, String)> {
    let sql = "SELECT type || ' ' || name, coalesce(sql, '') FROM sqlite_schema ORDER BY 1";
    let mut statement = conn.prepare(sql).unwrap();
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    rows.map(Result::unwrap).collect()
}

/// The tables, each with its columns.
fn tables(conn: &Connection) -> Vec<(String, Vec<String>)> {
    let names: Vec<String> = schema(conn)
        .into_iter()
        .filter_map(|(name, _)| name.strip_prefix("table ").map(str::to_owned))
        .collect();
    names
        .into_iter()
        .map(|name| {
            let mut statement = conn.prepare("SELECT name FROM pragma_table_info(?1)").unwrap();
            let columns = statement.query_map([&name], |row| row.get(0)).unwrap();
            let columns = columns.map(Result::unwrap).collect();
            (name, columns)
        })
        .collect()
}

/// A ledger that brought leads in, lost webhooks and was refused things, and was closed.
async fn lived(home: &Path) {
    let accounts = Accounts::new(1);
    let automation = accounts.automation_of("site");
    let route = Route::new("site", "company-person-deal", automation)
        .with("note = \"Entrou\"")
        .with("tags = [\"lead\"]");
    let service = Service::start(&accounts, &Settings::new([route]), Way::InProcess).await;
    for number in 0..3 {
        let new = NewContact::new(&format!("pessoa.{number}@example.com"));
        accounts.enter(of_company(new, "Empresa"), automation);
    }
    service.send_webhooks().await;
    service.post("site", "nothing").await;
    service.post_to("/webhooks/a-token-nobody-has", "").await;
    service.poll().await;
    service.settled().await;
    let copy = home.join("lived.db");
    service.ledger.read(move |conn| ledger::backup(conn, &copy)).await.unwrap();
    service.stop().await;
}

/// A ledger as the first `version` steps made it, with the rows of `from` as far as it can hold
/// them; returns the tables that have any.
fn of_version(path: &Path, from: &Path, version: usize, steps: &[String]) -> BTreeSet<String> {
    let conn = Connection::open(path).unwrap();
    for step in &steps[..version] {
        conn.execute_batch(step).unwrap();
    }
    conn.pragma_update(None, "foreign_keys", false).unwrap();
    conn.execute("ATTACH ?1 AS lived", [from.to_str().unwrap()]).unwrap();
    let lived = tables(&Connection::open(from).unwrap());
    let mut filled = BTreeSet::new();
    // What triggers count comes last, over what they counted while the rows came in.
    let old = tables(&conn).into_iter();
    let (tally, others): (Vec<_>, Vec<_>) = old.partition(|(name, _)| name == "tally");
    for (table, columns) in others.into_iter().chain(tally) {
        let Some((_, newer)) = lived.iter().find(|(name, _)| *name == table) else { continue };
        let both: Vec<&str> =
            columns.iter().filter(|it| newer.contains(it)).map(String::as_str).collect();
        let both = both.join(", ");
        let sql = format!(
            "INSERT OR REPLACE INTO main.{table} ({both}) SELECT {both} FROM lived.{table}"
        );
        if conn.execute(&sql, []).unwrap() > 0 {
            filled.insert(table);
        }
    }
    // What makes the file a ledger, and of which version.
    conn.pragma_update(None, "application_id", 0x706e_7465).unwrap();
    conn.pragma_update(None, "user_version", i64::try_from(version).unwrap()).unwrap();
    filled
}

/// Puts into a ledger what its older version could not hold: a row of that time would never have
/// had it, and the chain of `from` speaks of it.
fn complete(path: &Path, from: &Path, version: usize, steps: &[String]) {
    let old = Connection::open_in_memory().unwrap();
    for step in &steps[..version] {
        old.execute_batch(step).unwrap();
    }
    let conn = Connection::open(path).unwrap();
    conn.execute("ATTACH ?1 AS lived", [from.to_str().unwrap()]).unwrap();
    let new = tables(&conn);
    for (table, columns) in tables(&old) {
        let (_, newer) = new.iter().find(|(name, _)| *name == table).unwrap();
        for column in newer.iter().filter(|it| !columns.contains(it)) {
            let value =
                format!("SELECT it.{column} FROM lived.{table} it WHERE it.rowid = {table}.rowid");
            conn.execute(&format!("UPDATE {table} SET {column} = ({value})"), []).unwrap();
        }
    }
}

fn opened(path: &Path, opener: Opener<'_>) -> Result<Ledger, LedgerError> {
    Options::file(path, Clock::system()).open(opener)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_of_any_version_becomes_the_same_as_a_new_one_and_keeps_its_proof() {
    let home = tempfile::tempdir().unwrap();
    let at = |name: &str| home.path().join(name);
    lived(home.path()).await;
    opened(&at("new.db"), Opener::Command).unwrap().close().await;
    let new = schema(&Connection::open(at("new.db")).unwrap());

    let steps = steps();
    for version in 1..steps.len() {
        let path = at(&format!("version-{version}.db"));
        let filled = of_version(&path, &at("lived.db"), version, &steps);
        for table in ["delivery", "lead", "step", "payload", "history", "run", "control", "tally"] {
            assert!(filled.contains(table), "{table} has no sample: {filled:?}");
        }
        let lock = EngineLock::take(&path).unwrap();
        opened(&path, Opener::Engine(&lock)).unwrap().close().await;
        complete(&path, &at("lived.db"), version, &steps);
        let ledger = opened(&path, Opener::Engine(&lock)).unwrap();
        let outcome = ledger.read(|conn| ledger::audit::audit(conn, None)).await.unwrap();
        assert!(outcome.ok(), "from version {version}: {outcome:?}");
        ledger.close().await;
        let conn = Connection::open(&path).unwrap();
        assert_eq!(schema(&conn), new, "from version {version}");
        let check: String = conn.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
        assert_eq!(check, "ok");
        let mut broken = conn.prepare("PRAGMA foreign_key_check").unwrap();
        assert!(!broken.exists([]).unwrap(), "from version {version}");
        assert!(at(&format!("version-{version}.db.before-{version}")).exists());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_of_a_newer_ponte_and_a_file_of_somebody_else_are_refused_and_untouched() {
    let home = tempfile::tempdir().unwrap();
    let newer = home.path().join("newer.db");
    opened(&newer, Opener::Command).unwrap().close().await;
    let conn = Connection::open(&newer).unwrap();
    conn.pragma_update(None, "user_version", 9_999).unwrap();
    drop(conn);
    assert!(matches!(
        opened(&newer, Opener::Command).unwrap_err(),
        LedgerError::Newer { found: 9_999, .. }
    ));

    let foreign = home.path().join("foreign.db");
    Connection::open(&foreign).unwrap().execute_batch("CREATE TABLE mine (id)").unwrap();
    assert!(matches!(opened(&foreign, Opener::Command).unwrap_err(), LedgerError::Foreign { .. }));
    assert_eq!(schema(&Connection::open(&foreign).unwrap()).len(), 1);
}
