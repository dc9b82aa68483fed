//! `reconcile` and `report` on the real binary, while `run` holds the ledger: the job goes through it.
use std::{fs, os::unix::fs::PermissionsExt as _, time::Duration};

use ponte::simulator::activecampaign::NewContact;
use serde_json::{Value, json};

use crate::support::{Accounts, Ponte, Route, Settings, until};

#[tokio::test(flavor = "multi_thread")]
async fn a_reconciliation_is_made_by_run_and_its_report_comes_in_every_form() {
    let accounts = Accounts::new(51);
    let automation = accounts.automation_of("site");
    let route = Route::new("site", "person-deal", automation).with("expect_within = \"1ms\"");
    let served = accounts.serve().await;
    let ponte = Ponte::new(&Settings::new([route]), &served);
    let running = ponte.run().await;
    for number in 0..4 {
        let new = NewContact::new(&format!("pessoa.{number}@example.com"));
        accounts.enter(new.phone("+55 11 98888-0001").named("=Ana", "Lima"), automation);
        if number == 0 {
            assert_eq!(running.send_webhooks(&accounts).await, 1);
        }
    }
    for lost in accounts.activecampaign.take_due() {
        accounts.activecampaign.sent(&lost, None);
    }
    until("the first is there", Duration::from_secs(30), async || {
        (accounts.ploomes.deals().len() == 1).then_some(())
    })
    .await;

    let only = ponte.command(&["reconcile", "--mode", "report", "--json"]).await;
    assert_eq!((only.status, accounts.ploomes.deals().len()), (1, 1), "it found and wrote nothing");
    assert_eq!(only.json()["routes"][0]["missed"], 3);
    let repaired = ponte.json(&["reconcile", "--json"]).await;
    let route = &repaired["routes"][0];
    assert_eq!((&route["missed"], &route["recovered"]), (&json!(3), &json!(3)), "{repaired}");
    assert_eq!(accounts.ploomes.deals().len(), 4);
    assert_eq!(
        running.process.err().matches("\"message\":\"reconciled\"").count(),
        2,
        "run did it"
    );

    let first = only.json()["run"].as_str().unwrap().to_owned();
    assert_eq!(ponte.json(&["report", "--json"]).await["run"], repaired["run"]);
    assert_eq!(ponte.json(&["report", &first, "--json"]).await["run"], first.as_str());
    assert_eq!(ponte.command(&["report", "999"]).await.status, 2);
    let text = ponte.command(&["report"]).await.out;
    assert!(text.contains("site") && text.contains("pessoa.3@example.com"), "{text}");
    for (format, begins) in [("csv", "\u{feff}"), ("html", "<!doctype html>")] {
        let file = ponte.ledger().with_extension(format);
        let arguments = ["report", "--format", format, "--output", file.to_str().unwrap()];
        assert_eq!(ponte.command(&arguments).await.status, 0);
        let document = fs::read_to_string(&file).unwrap();
        assert!(document.starts_with(begins), "{document}");
        assert!(document.contains("pessoa.3@example.com"), "{document}");
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }
    let healthy = ponte.json(&["reconcile", "--json"]).await;
    assert_eq!((&healthy["missed"], &healthy["outcome"]), (&json!([]), &json!("complete")));
    assert_eq!(running.process.terminate().await.status, 0);
}

/// A run of one route that was cut off says nothing of the others.
#[tokio::test(flavor = "multi_thread")]
async fn a_run_of_one_route_that_was_cut_off_is_not_gone_on_with_by_one_of_all() {
    let accounts = Accounts::new(52);
    let (site, event) = (accounts.automation_of("site"), accounts.automation_of("event"));
    let route = |name: &str, automation| {
        Route::new(name, "person-deal", automation).with("expect_within = \"1ms\"")
    };
    let settings =
        Settings { timeout: "60s", ..Settings::new([route("site", site), route("event", event)]) };
    let served = accounts.serve().await;
    let ponte = Ponte::new(&settings, &served);
    // The ledger knows both routes from here on.
    ponte.json(&["poll", "--json"]).await;
    for number in 0..120 {
        let new = NewContact::new(&format!("pessoa.{number}@example.com"));
        accounts.enter(new, if number % 2 == 0 { site } else { event });
    }
    let second = ponte::simulator::fault::Target::new(http::Method::GET, "id_greater=100&");
    let silence = ponte::simulator::fault::Fault::Silence(ponte::simulator::fault::When::Before);
    accounts.activecampaign.faults().stand(second, silence);
    let cut_off = ponte.spawn(&["reconcile", "--route", "site", "--mode", "report"]);
    until("its first page is read", Duration::from_secs(30), async || {
        let status = ponte.json(&["status", "--json"]).await;
        (status["reconciling"]["contacts"] == 100).then_some(())
    })
    .await;
    cut_off.kill().await;
    accounts.activecampaign.faults().clear();
    let all = ponte.command(&["reconcile", "--mode", "report", "--json"]).await.json();
    // Who came in this very second is waited for: ActiveCampaign's times are whole seconds.
    let found =
        |route: &Value| route["missed"].as_i64().unwrap() + route["waiting"].as_i64().unwrap();
    let found: Vec<_> = all["routes"].as_array().unwrap().iter().map(found).collect();
    assert_eq!((all["outcome"].as_str(), found), (Some("complete"), vec![60, 60]), "{all}");
}
