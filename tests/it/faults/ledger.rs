//! The ledger cannot be written at the worst moment: between a request and the note of its answer.

use std::{path::Path, time::Duration};

use http::Method;
use ponte::{domain::LeadState, ledger::Connection, simulator::fault::Target};

use crate::rig::{PATIENCE, Rig, Setup, ana, bruno};

/// From now on every change of a step fails, as it does on a full disk.
fn break_steps(path: &Path) {
    let sql = "CREATE TRIGGER no_room BEFORE UPDATE ON step
               BEGIN SELECT RAISE(ABORT, 'no room'); END";
    Connection::open(path).unwrap().execute_batch(sql).unwrap();
}

/// There is room again.
fn mend(path: &Path) {
    Connection::open(path).unwrap().execute_batch("DROP TRIGGER no_room").unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_could_not_be_kept_is_looked_for_and_nothing_is_made_twice() {
    for (skip, path) in [(0, "/Contacts"), (1, "/Contacts"), (0, "/Deals"), (0, "/Interaction")] {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("ponte.db");
        let rig = Rig::with(Setup { file: Some(file.clone()), ..Setup::default() }).await;
        let target = || Target::new(Method::POST, path);
        for _ in 0..skip {
            rig.after(target(), || {});
        }
        let broken = file.clone();
        rig.after(target(), move || break_steps(&broken));
        rig.enters(ana(), 1).await;
        rig.pass(Duration::from_secs(90)).await;
        assert_eq!(rig.counts().await.leads(LeadState::Done), 0, "{path}");
        let made: usize = rig.made().iter().sum();
        mend(&file);
        // Somebody else goes on at once.
        rig.enters(bruno(), 1).await;
        rig.settled().await;
        assert_eq!(rig.made(), [2, 2, 2, 2], "{path}: {made} were made before");
        assert_eq!(rig.sent("POST", "/").len(), 8, "{path}: nothing was sent twice");
        rig.audited().await;
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_sent_that_could_not_be_written_down_first() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("ponte.db");
    let rig = Rig::with(Setup { file: Some(file.clone()), ..Setup::default() }).await;
    rig.enters(bruno(), 1).await;
    rig.settled().await;
    let sql = "CREATE TRIGGER no_room BEFORE INSERT ON step
               BEGIN SELECT RAISE(ABORT, 'no room'); END";
    Connection::open(&file).unwrap().execute_batch(sql).unwrap();
    rig.enters(ana(), 1).await;
    rig.pass(Duration::from_mins(10)).await;
    assert_eq!(rig.made(), [1, 1, 1, 1]);
    mend(&file);
    rig.until("it is done", PATIENCE * 2, |now| now.leads(LeadState::Done) == 2).await;
    assert_eq!(rig.made(), [2, 2, 2, 2]);
}
