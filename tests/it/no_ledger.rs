//! Commands where there is no ledger, and what they are asked for that nobody knows.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::fs;

use serde_json::json;

use crate::support::{Accounts, Ponte, Route, Served, Settings};

async fn ponte() -> (Ponte, Served) {
    let accounts = Accounts::new(1);
    let automation = accounts.automation_of("site");
    let served = accounts.serve().await;
    let ponte =
        Ponte::new(&Settings::new([Route::new("site", "person-deal", automation)]), &served);
    (ponte, served)
}

fn files(ponte: &Ponte) -> usize {
    fs::read_dir(ponte.ledger().parent().unwrap()).unwrap().count()
}

#[tokio::test(flavor = "multi_thread")]
async fn who_only_looks_sees_an_empty_ledger_and_leaves_no_file_behind() {
    let (ponte, _served) = ponte().await;
    let status = ponte.json(&["status", "--json"]).await;
    assert_eq!((&status["leads"]["total"], &status["balance"]), (&json!(0), &json!(0)));
    assert_eq!(ponte.json(&["leads", "--json"]).await, json!([]));
    assert_eq!(ponte.json(&["leads", "--route", "site", "--json"]).await, json!([]));
    assert_eq!(ponte.json(&["audit", "--json"]).await["ok"], true);
    assert_eq!(ponte.json(&["pause", "--json"]).await, json!({ "paused": [] }));
    for (arguments, words) in [
        (&["explain", "1"][..], "nothing of this contact"),
        (&["report"], "no reconciliation yet"),
        (&["pause", "--route", "site"], "`ponte run` makes it known"),
    ] {
        let ended = ponte.command(arguments).await;
        assert_eq!((ended.status, ended.err.contains(words)), (1, true), "{ended:?}");
    }
    assert_eq!(files(&ponte), 0);
    // Where nobody can look, nothing is told of what is there.
    let (config, ledger) = (ponte.config(), ponte.ledger());
    let text = fs::read_to_string(&config).unwrap();
    let below_a_file = config.join("ponte.db");
    ponte.configure(&text.replace(ledger.to_str().unwrap(), below_a_file.to_str().unwrap()));
    let ended = ponte.command(&["status", "--json"]).await;
    assert_eq!((ended.status, ended.out.as_str()), (1, ""), "{ended:?}");
    assert!(ended.err.contains("cannot be looked for"), "{ended:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_works_on_a_ledger_refuses_where_there_is_none_and_makes_none() {
    let (ponte, _served) = ponte().await;
    let copy = ponte.put("copy.db", "").replace("copy.db", "other.db");
    for arguments in [
        &["erase", "maria@example.com", "--yes"][..],
        &["erase", "maria@example.com", "--lift"],
        &["export", "1"],
        &["retry", "--failed"],
        &["retry", "site/1"],
        &["backup", &copy],
    ] {
        let ended = ponte.command(arguments).await;
        let words = format!("there is no ledger at {}", ponte.ledger().display());
        assert_eq!((ended.status, ended.err.contains(&words)), (1, true), "{ended:?}");
    }
    assert_eq!(files(&ponte), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_knows_is_a_mistake_in_usage() {
    let (ponte, _served) = ponte().await;
    for (arguments, words) in [
        (&["leads", "--route", "nosuch"][..], "no route is called \"nosuch\""),
        (&["audit", "--head", "0123"], "no hash of 16 to 64"),
        (&["audit", "--head", "0123456789abcdefg"], "no hash of 16 to 64"),
    ] {
        let ended = ponte.command(arguments).await;
        assert_eq!((ended.status, ended.err.contains(words)), (2, true), "{ended:?}");
    }
    // A hash that may be one is looked for.
    let ended = ponte.command(&["audit", "--head", "0123456789abcdef"]).await;
    assert_eq!(ended.status, 1, "{ended:?}");
    assert!(ended.out.contains("does not continue that head"), "{ended:?}");
}
