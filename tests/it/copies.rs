//! A ledger that is old, copied or lost: what it does not know is found again, and not made again.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::{collections::BTreeSet, fs, path::Path, time::Duration};

use chrono::TimeDelta;
use ponte::{domain::AutomationId, simulator::activecampaign::NewContact};
use serde_json::json;

use crate::support::{Accounts, Ponte, Route, Served, Settings, of_company, until};

const PATIENCE: Duration = Duration::from_mins(1);

struct Scene {
    accounts: Accounts,
    automation: AutomationId,
    settings: Settings,
    served: Served,
}

impl Scene {
    async fn new() -> Self {
        let accounts = Accounts::new(41);
        let automation = accounts.automation_of("site");
        let since = (accounts.clock.now() - TimeDelta::days(2)).format("%F");
        let route = Route::new("site", "company-person-deal", automation)
            .with("expect_within = \"1ms\"")
            .with(&format!("since = \"{since}\""));
        let settings = Settings::new([route]);
        let served = accounts.serve().await;
        Self { accounts, automation, settings, served }
    }

    fn ponte(&self) -> Ponte {
        Ponte::new(&self.settings, &self.served)
    }

    /// `run` brings five more in, from webhooks, and stops.
    async fn five(&self, ponte: &Ponte, first: usize) {
        let running = ponte.run().await;
        for number in first..first + 5 {
            let who = NewContact::new(&format!("pessoa.{number}@example.com"));
            self.accounts.enter(of_company(who, &format!("Empresa {number}")), self.automation);
        }
        assert_eq!(running.send_webhooks(&self.accounts).await, 5);
        until("they are in Ploomes", PATIENCE, async || {
            let status = ponte.json(&["status", "--json"]).await;
            let open = status["leads"]["pending"].as_i64().unwrap();
            (self.accounts.ploomes.deals().len() == first + 5 && open == 0).then_some(())
        })
        .await;
        assert_eq!(running.process.terminate().await.status, 0);
    }

    /// After a reconciliation with this ledger, each of so many has the one deal that it had.
    async fn nothing_twice(&self, ponte: &Ponte, count: usize) {
        let deals = self.accounts.ploomes.deals();
        assert_eq!(deals.len(), count);
        assert_eq!(self.accounts.persons().len(), count);
        assert_eq!(self.accounts.companies().len(), count);
        let leads = ponte.json(&["leads", "--json"]).await;
        let held: BTreeSet<i64> =
            leads.as_array().unwrap().iter().map(|it| it["deal"].as_i64().unwrap()).collect();
        let made: BTreeSet<i64> = deals.iter().map(|it| it["Id"].as_i64().unwrap()).collect();
        assert_eq!(held, made, "each lead holds its deal");
        assert_eq!(ponte.json(&["audit", "--json"]).await["ok"], true);
    }
}

/// Copies a ledger that nobody has open.
fn copy(from: &Path, to: &Path) {
    for end in ["", "-wal", "-shm"] {
        let file = |path: &Path| format!("{}{end}", path.display());
        let _ = fs::remove_file(file(to));
        if Path::new(&file(from)).exists() {
            fs::copy(file(from), file(to)).unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stale_a_copied_and_a_lost_ledger_make_no_second_deal() {
    let scene = Scene::new().await;
    let ponte = scene.ponte();
    scene.five(&ponte, 0).await;
    let old = scene.ponte();
    copy(&ponte.ledger(), &old.ledger());
    let lost = scene.ponte();
    scene.five(&ponte, 5).await;
    let writes = scene.accounts.ploomes.writes();

    // ActiveCampaign's times are whole seconds: who came in this one is waited for.
    until("nobody came just now", PATIENCE, async || {
        let report = old.command(&["reconcile", "--mode", "report", "--json"]).await.json();
        (report["routes"][0]["waiting"] == 0).then_some(())
    })
    .await;
    // The copy knows five, as one that was put back from a backup would.
    let report = old.json(&["reconcile", "--json"]).await;
    let route = &report["routes"][0];
    assert_eq!((&route["missed"], &route["recovered"]), (&json!(5), &json!(5)), "{report}");
    scene.nothing_twice(&old, 10).await;

    // Nothing at all is known: everything is in Ploomes already.
    let report = lost.json(&["reconcile", "--all", "--yes", "--json"]).await;
    assert_eq!(report["routes"][0]["recovered"], 10, "{report}");
    scene.nothing_twice(&lost, 10).await;
    assert_eq!(scene.accounts.ploomes.writes(), writes, "they wrote nothing at all");

    // And the first one goes on as if nothing had been.
    let report = ponte.json(&["reconcile", "--json"]).await;
    assert_eq!((&report["routes"][0]["missed"], &report["drift"]), (&json!(0), &json!([])));
    scene.nothing_twice(&ponte, 10).await;
}
