//! What is in `packaging/`: units that systemd takes and finds tight, manual pages, completions.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::{fs, path::Path, process::Command};

use crate::support::Ponte;

/// The most that `systemd-analyze security` may find exposed, in tenths: today's is 12.
const EXPOSED_MAX: &str = "15";

fn packaged(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging").join(name)).unwrap()
}

/// Runs `systemd-analyze`; `None` on a machine without it.
fn analyze(arguments: &[&str]) -> Option<(bool, String)> {
    let output = Command::new("systemd-analyze").args(arguments).output().ok()?;
    let said = [output.stdout, output.stderr].concat();
    Some((output.status.success(), String::from_utf8_lossy(&said).into_owned()))
}

#[test]
fn the_units_are_taken_by_systemd_and_tight() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["ponte.service", "ponte@.service"] {
        let unit = packaged(&format!("systemd/{name}"));
        for line in ["Type=notify", "WatchdogSec=60", "User=ponte", "ProtectSystem=strict"] {
            assert!(unit.lines().any(|it| it == line), "{name}: {line}");
        }
        // It would hide the boot id, which the quota's steady clock goes by.
        assert!(!unit.lines().any(|it| it.starts_with("ProcSubset=")), "{name}");
        // What it runs must be there.
        let unit = unit.replace("/usr/bin/ponte", env!("CARGO_BIN_EXE_ponte"));
        let path = folder.path().join(name);
        fs::write(&path, unit).unwrap();
        let path = path.to_str().unwrap();
        let Some((is_good, said)) = analyze(&["verify", "--man=no", path]) else { return };
        assert!(is_good && !said.contains(name), "{said}");
        let threshold = format!("--threshold={EXPOSED_MAX}");
        let security = analyze(&["security", "--offline=true", &threshold, path]);
        let (is_tight, said) = security.unwrap();
        assert!(is_tight, "{}", said.lines().last().unwrap_or_default());
    }
}

#[test]
fn the_two_units_differ_in_the_account_alone() {
    let lines = |name: &str| -> Vec<String> {
        let unit = packaged(&format!("systemd/{name}"));
        let lines = unit.lines().filter(|it| !it.starts_with('#') && !it.is_empty());
        lines.map(str::to_owned).collect()
    };
    let one = lines("ponte.service");
    let many = lines("ponte@.service");
    let as_one = |line: &String| {
        line.replace("%i.toml", "config.toml").replace("/%i", "").replace(" (%i)", "")
    };
    assert_eq!(one, many.iter().map(as_one).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn manual_pages_and_completions_know_every_command() {
    let ponte = Ponte::bare();
    let folder = ponte.put("ignored", "").replace("ignored", "man");
    let ended = ponte.command(&["man", &folder]).await;
    assert_eq!(ended.status, 0, "{}", ended.err);
    let page = fs::read_to_string(format!("{folder}/ponte.1")).unwrap();
    let bash = ponte.command(&["completions", "bash"]).await.out;
    for command in ["run", "setup", "reconcile", "explain", "audit"] {
        assert!(page.contains(command), "{command}");
        assert!(bash.contains(command), "{command}");
        assert!(Path::new(&format!("{folder}/ponte-{command}.1")).exists(), "{command}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_json_log_names_deliveries_and_leads_by_id() {
    use crate::support::{Accounts, Route, Settings, until};

    let accounts = Accounts::new(1);
    let automation = accounts.automation_of("site");
    let served = accounts.serve().await;
    let route = Route::new("site", "person-deal", automation);
    let ponte = Ponte::new(&Settings::new([route]), &served);
    let running = ponte.run().await;
    let new = ponte::simulator::activecampaign::NewContact::new("maria@example.com");
    accounts.enter(new, automation);
    assert_eq!(running.send_webhooks(&accounts).await, 1);
    let within = std::time::Duration::from_mins(1);
    let events = until("the lead is settled", within, async || {
        let log = running.process.err();
        let events: Vec<serde_json::Value> = log
            .lines()
            .map(|line| serde_json::from_str(line).expect("each line is JSON"))
            .collect();
        events.iter().any(|it| it["message"] == "settled a lead").then_some(events)
    })
    .await;
    let kept = events.iter().find(|it| it["message"] == "kept a delivery").unwrap();
    assert_eq!(kept["delivery.id"], 1, "{kept}");
    let lead = events.iter().find(|it| it["message"] == "a delivery is a lead's").unwrap();
    assert_eq!((&lead["delivery.id"], &lead["lead.id"]), (&1.into(), &1.into()), "{lead}");
    let settled = events.iter().find(|it| it["message"] == "settled a lead").unwrap();
    assert_eq!(settled["lead.id"], 1);
    assert!(!running.process.err().contains("maria"));
}
