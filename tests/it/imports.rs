//! A first import: an account's history is brought in, counted before, shown while it runs, and gone
//! on with after whatever stopped it. On the real binary.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::time::Duration;

use chrono::TimeDelta;
use http::Method;
use ponte::{
    domain::AutomationId,
    simulator::{
        activecampaign::NewContact,
        fault::{Fault, Target, When},
    },
};
use serde_json::{Value, json};

use crate::support::{Accounts, Ponte, Process, Route, Served, Settings, until};

/// A machine that does other things too.
const PATIENCE: Duration = Duration::from_mins(1);

/// So many entered in the weeks before the first start: two pages.
const PEOPLE: usize = 120;

/// An account with a history that `since` asks for.
struct Scene {
    accounts: Accounts,
    ponte: Ponte,
    _served: Served,
}

impl Scene {
    /// `per_minute` requests to Ploomes.
    async fn new(per_minute: u32) -> Self {
        let accounts = Accounts::new(31);
        let automation = accounts.automation_of("site");
        let begin = accounts.clock.now() - TimeDelta::days(40);
        for number in 0..PEOPLE {
            enter(&accounts, automation, number, begin);
        }
        let since = (begin - TimeDelta::days(1)).format("%F");
        let route = Route::new("site", "person-deal", automation);
        let route = route.with(&format!("since = \"{since}\""));
        let settings = Settings {
            requests_per_minute: per_minute,
            timeout: "60s",
            attempts: 1,
            max_repairs: 50,
            ..Settings::new([route])
        };
        let served = accounts.serve().await;
        let ponte = Ponte::new(&settings, &served);
        Self { accounts, ponte, _served: served }
    }

    async fn status(&self) -> Value {
        self.ponte.json(&["status", "--json"]).await
    }

    /// Waits until so many are done.
    async fn done(&self, count: i64) -> Value {
        until("leads are done", PATIENCE, async || {
            let status = self.status().await;
            (status["leads"]["done"].as_i64().unwrap() >= count).then_some(status)
        })
        .await
    }

    fn import(&self) -> Process {
        self.ponte.spawn(&["reconcile", "--all", "--yes", "--json"])
    }

    /// Everybody is there, once.
    async fn whole(&self) {
        assert_eq!(self.accounts.persons().len(), PEOPLE);
        assert_eq!(self.accounts.ploomes.deals().len(), PEOPLE);
        let status = self.status().await;
        assert_eq!((&status["leads"]["done"], &status["balance"]), (&json!(PEOPLE), &json!(0)));
        assert_eq!(
            (&status["reconciling"], &status["lanes"]["backfill"]),
            (&json!(null), &json!(0))
        );
        assert_eq!(self.ponte.json(&["audit", "--json"]).await["ok"], true);
    }
}

fn enter(
    accounts: &Accounts,
    automation: AutomationId,
    number: usize,
    begin: chrono::DateTime<chrono::Utc>,
) {
    let new = NewContact::new(&format!("antiga.{number}@example.com"));
    let contact = accounts.activecampaign.create_contact(new).unwrap();
    let at = begin + TimeDelta::minutes(i64::try_from(number).unwrap());
    accounts.activecampaign.enroll_at(contact, automation, at).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_import_goes_on_after_an_interrupt_and_after_a_kill_and_makes_nothing_twice() {
    let scene = Scene::new(900).await;
    let refused = scene.ponte.command(&["reconcile", "--all"]).await;
    assert_eq!(refused.status, 2, "{refused:?}");
    assert!(refused.err.contains("--yes"), "{}", refused.err);
    let alarm = scene.ponte.command(&["reconcile", "--json"]).await;
    assert_eq!((alarm.status, scene.accounts.ploomes.writes()), (1, 0), "{alarm:?}");

    let import = scene.import();
    let status = scene.done(10).await;
    let under_way = &status["reconciling"];
    assert_eq!((&under_way["contacts"], &under_way["mode"]), (&json!(PEOPLE), &json!("repair")));
    assert_eq!((&under_way["missed"], &under_way["stopped"]), (&json!(PEOPLE), &json!(null)));
    assert!(status["lanes"]["backfill"].as_i64().unwrap() > 0, "{status}");
    assert!(status["forecast"]["empty_at"].is_string(), "{status}");
    let text = scene.ponte.command(&["status"]).await.out;
    assert!(text.contains("120 contacts read, 120 leads missed"), "{text}");
    let progress = "120 contacts read, 120 leads missed";
    until("it says how far it is", PATIENCE, async || {
        import.err().contains(progress).then_some(())
    })
    .await;
    import.signal("INT");
    let stopped = import.ended().await;
    assert_eq!((stopped.status, stopped.out.as_str()), (3, ""), "{stopped:?}");
    for words in [
        "120 leads are missing and 0 are out of date.",
        "up to 480 calls to Ploomes: about 32 s at 900 a minute",
        "stays in the queue",
    ] {
        assert!(stopped.err.contains(words), "{words}: {}", stopped.err);
    }

    let done = scene.status().await["leads"]["done"].as_i64().unwrap();
    assert!((10..115).contains(&done), "it was stopped in the middle: {done}");
    let import = scene.import();
    scene.done(done + 2).await;
    let killed = import.kill().await;
    assert!(killed.err.contains("wait in the queue already"), "{}", killed.err);
    assert!(scene.accounts.ploomes.deals().len() < PEOPLE, "it was killed in the middle");

    let report = scene.ponte.json(&["reconcile", "--all", "--yes", "--json"]).await;
    let route = &report["routes"][0];
    assert_eq!(report["outcome"], "complete", "{report}");
    assert_eq!((&route["expected"], &route["recovered"]), (&json!(PEOPLE), &json!(PEOPLE)));
    assert_eq!(report["missed"].as_array().unwrap().len(), PEOPLE);
    scene.whole().await;
    let again = scene.ponte.json(&["reconcile", "--all", "--yes", "--json"]).await;
    assert_eq!((&again["mode"], &again["routes"][0]["missed"]), (&json!("report"), &json!(0)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_count_that_was_killed_reads_no_page_twice() {
    let scene = Scene::new(60_000).await;
    let account = &scene.accounts.activecampaign;
    account
        .faults()
        .stand(Target::new(Method::GET, "id_greater=100&"), Fault::Silence(When::Before));
    let counting = scene.import();
    until("the first page is compared", PATIENCE, async || {
        let said = counting.err().contains("100 contacts read");
        (said && scene.status().await["reconciling"]["contacts"] == 100).then_some(())
    })
    .await;
    counting.kill().await;
    account.faults().clear();
    let pages = |after: &str| {
        let page = format!("id_greater={after}&");
        account.requests().iter().filter(|it| it.target.contains(&page)).count()
    };
    let before = pages("0");

    let counted = scene.ponte.command(&["reconcile", "--mode", "report", "--json"]).await;
    assert_eq!(counted.status, 1, "something is missing: {counted:?}");
    assert_eq!(counted.json()["routes"][0]["missed"], PEOPLE);
    assert_eq!(pages("0"), before, "the first page was compared already");
    assert_eq!(scene.accounts.ploomes.writes(), 0);

    let report = scene.ponte.json(&["reconcile", "--all", "--yes", "--json"]).await;
    assert_eq!(report["routes"][0]["recovered"], PEOPLE);
    scene.whole().await;
}
