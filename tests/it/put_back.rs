//! Copies of the ledger: made under load, put back by `restore` or by hand, and no second deal.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    time::Duration,
};

use ponte::{domain::AutomationId, simulator::activecampaign::NewContact};
use rusqlite::Connection;

use crate::support::{Accounts, Ponte, Route, Running, Served, Settings, until};

const PATIENCE: Duration = Duration::from_mins(1);

struct Scene {
    accounts: Accounts,
    automation: AutomationId,
    ponte: Ponte,
    _served: Served,
}

async fn scene() -> Scene {
    let accounts = Accounts::new(1);
    let automation = accounts.automation_of("site");
    let route = Route::new("site", "person-deal", automation)
        .with("skip_if_open_deal = false")
        .with("expect_within = \"1s\"");
    let served = accounts.serve().await;
    let ponte = Ponte::new(&Settings::new([route]), &served);
    Scene { accounts, automation, ponte, _served: served }
}

impl Scene {
    fn copy(&self) -> PathBuf {
        self.ponte.ledger().with_file_name("copy.db")
    }

    /// So many come, and are brought in.
    async fn come(&self, running: &Running, from: usize, to: usize) {
        for number in from..to {
            let new = NewContact::new(&format!("pessoa.{number}@example.com"));
            self.accounts.enter(new, self.automation);
        }
        running.send_webhooks(&self.accounts).await;
        self.deals(to).await;
    }

    async fn deals(&self, count: usize) {
        until("the deals are made", PATIENCE, async || {
            (self.accounts.ploomes.deals().len() >= count).then_some(())
        })
        .await;
    }

    /// Polls until every lead is done, and proves that there is one deal a person.
    async fn whole(&self, running: Running, count: usize) {
        until("every lead is done", PATIENCE, async || {
            self.ponte.command(&["poll"]).await;
            let status = self.ponte.json(&["status", "--json"]).await;
            (status["leads"]["done"] == count && status["leads"]["total"] == count).then_some(())
        })
        .await;
        assert_eq!(self.accounts.ploomes.deals().len(), count, "a second deal");
        assert_eq!(self.accounts.persons().len(), count);
        assert_eq!(self.ponte.json(&["audit", "--json"]).await["ok"], true);
        assert_eq!(running.process.terminate().await.status, 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_ledger_makes_no_second_deal_whichever_way_it_is_put_back() {
    for by_hand in [false, true] {
        let scene = scene().await;
        let running = scene.ponte.run().await;
        scene.come(&running, 0, 5).await;
        let copy = scene.copy();
        let name = copy.to_str().unwrap();
        let done = scene.ponte.json(&["backup", name, "--json"]).await;
        assert_eq!(fs::metadata(&copy).unwrap().permissions().mode() & 0o777, 0o600);
        scene.come(&running, 5, 55).await;
        running.process.kill().await;

        let ledger = scene.ponte.ledger();
        if by_hand {
            for suffix in ["-wal", "-shm"] {
                let _ = fs::remove_file(format!("{}{suffix}", ledger.display()));
            }
            fs::copy(&copy, &ledger).unwrap();
        } else {
            let restored = scene.ponte.json(&["restore", name, "--yes", "--json"]).await;
            assert_eq!(restored["head"], done["head"]);
            let kept = PathBuf::from(restored["kept"].as_str().unwrap());
            let leads = |path: &PathBuf| -> i64 {
                let conn = Connection::open(path).unwrap();
                conn.query_row("SELECT count(*) FROM lead", [], |row| row.get(0)).unwrap()
            };
            assert_eq!(leads(&kept), 55, "what was replaced is kept");
            assert_eq!(fs::metadata(&kept).unwrap().permissions().mode() & 0o777, 0o600);
        }
        let head = done["head"].as_str().unwrap();
        let audit = scene.ponte.json(&["audit", "--json", "--head", head]).await;
        assert_eq!(audit["ok"], true);
        let running = scene.ponte.run().await;
        scene.whole(running, 55).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_whose_ledger_is_gone_is_not_read_into_what_is_put_back() {
    let scene = scene().await;
    let running = scene.ponte.run().await;
    scene.come(&running, 0, 3).await;
    let copy = scene.copy();
    let name = copy.to_str().unwrap();
    let done = scene.ponte.json(&["backup", name, "--json"]).await;
    scene.come(&running, 3, 20).await;
    running.process.kill().await;
    let ledger = scene.ponte.ledger();
    let log = PathBuf::from(format!("{}-wal", ledger.display()));
    let lost = fs::read(&log).unwrap();
    assert!(lost.len() > 4_096, "nothing would be read into it");
    fs::remove_file(&ledger).unwrap();

    let restored = scene.ponte.json(&["restore", name, "--yes", "--json"]).await;
    assert_eq!(restored["kept"], serde_json::Value::Null, "{restored}");
    let head = done["head"].as_str().unwrap();
    let audit = scene.ponte.json(&["audit", "--json", "--head", head]).await;
    assert_eq!(audit["ok"], true);
    let conn = Connection::open(&ledger).unwrap();
    let found: String = conn.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(found, "ok");
    let kept = ledger.with_file_name("ponte.db.before-restore-left-wal");
    assert_eq!(fs::read(kept).unwrap(), lost, "the last commits of the lost ledger are in it");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_is_refused_where_it_would_do_harm_and_touches_nothing() {
    let scene = scene().await;
    let running = scene.ponte.run().await;
    scene.come(&running, 0, 3).await;
    let copy = scene.copy();
    let name = copy.to_str().unwrap();
    scene.ponte.json(&["backup", name, "--json"]).await;
    let ended = scene.ponte.command(&["restore", name, "--yes"]).await;
    assert_eq!(
        (ended.status, ended.err.contains("running on this ledger")),
        (1, true),
        "{ended:?}"
    );
    assert_eq!(running.process.terminate().await.status, 0);
    let ended = scene.ponte.command(&["restore", name]).await;
    assert_eq!(ended.status, 2, "{ended:?}");

    let before = fs::read(scene.ponte.ledger()).unwrap();
    let bad = copy.with_file_name("bad.db");
    for (how, words) in SPOILS {
        spoil(how, &copy, &bad);
        let ended = scene.ponte.command(&["restore", bad.to_str().unwrap(), "--yes"]).await;
        assert_eq!(ended.status, 1, "{how}: {ended:?}");
        assert!(ended.err.contains(words), "{how}: {ended:?}");
        assert_eq!(fs::read(scene.ponte.ledger()).unwrap(), before, "{how}");
        let left = fs::read_dir(copy.parent().unwrap()).unwrap();
        let left = left.map(|it| it.unwrap().file_name().into_string().unwrap());
        assert_eq!(left.filter(|it| it.contains("restor")).count(), 0, "{how}");
    }
    // Nor does a copy take the place of something that is none.
    let ended = scene.ponte.command(&["backup", bad.to_str().unwrap()]).await;
    assert_eq!(ended.status, 1, "{ended:?}");
    let ledger = scene.ponte.ledger();
    let ended = scene.ponte.command(&["backup", ledger.to_str().unwrap()]).await;
    assert_eq!(ended.status, 1, "{ended:?}");
}

/// Ways in which a copy is none, with words of the error.
const SPOILS: [(&str, &str); 4] = [
    ("missing", "no such file"),
    ("tampered", "audit finds"),
    ("damaged", "ponte: "),
    ("letter", "ponte: "),
];

fn spoil(how: &str, copy: &Path, bad: &Path) {
    match how {
        "tampered" => {
            fs::copy(copy, bad).unwrap();
            let conn = Connection::open(bad).unwrap();
            conn.execute("UPDATE lead SET deal = NULL WHERE id = 1", []).unwrap();
        }
        "damaged" => {
            let mut bytes = fs::read(copy).unwrap();
            let half = bytes.len() / 2;
            bytes[half..half + 2_000].fill(0x55);
            fs::write(bad, bytes).unwrap();
        }
        "letter" => fs::write(bad, "no database at all, but a letter to somebody").unwrap(),
        _ => {}
    }
}
