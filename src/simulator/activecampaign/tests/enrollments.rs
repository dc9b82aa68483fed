//! Who entered an automation, and how contacts go through one.

use std::time::Duration;

use chrono::TimeDelta;

use super::{account, add, contact_ids, get, ids, ok};
use crate::{
    clock::Clock,
    domain::AutomationId,
    simulator::activecampaign::{ActiveCampaign, Import, NewAutomation, NewContact, Refused, Step},
};

const ROWS: &str = "/automations/1/contactAutomations";

async fn entries(account: &ActiveCampaign, query: &str) -> Vec<i64> {
    ids(&ok(account, &format!("{ROWS}?{query}")).await, "contactAutomations")
}

/// Three entries of three contacts, a day apart: 05:07:18 US Central on 28, 29 and 30 May.
fn three_days(account: &ActiveCampaign, clock: &Clock) -> AutomationId {
    let automation = account.add_automation(NewAutomation::new("Site", vec![Step::Hold]));
    for number in 0..3 {
        let id = add(account, &format!("p{number}@example.com"));
        account.enroll(id, automation).unwrap();
        clock.step(TimeDelta::days(1));
    }
    automation
}

#[tokio::test(start_paused = true)]
async fn a_date_means_the_whole_day_in_us_central() {
    let (account, clock) = account();
    three_days(&account, &clock);
    for (filter, expected) in [
        ("[gte]=2026-05-29", &[2, 3][..]),
        ("[gt]=2026-05-29", &[3]),
        ("[lte]=2026-05-29", &[1, 2]),
        ("[lt]=2026-05-29", &[1]),
        ("[eq]=2026-05-29", &[2]),
        ("=2026-05-29", &[2]),
        ("[gte]=2026-05-29 05:07:18", &[2, 3]),
        ("[gt]=2026-05-29 05:07:18", &[3]),
        ("[gte]=2026-05-29 10:07:18", &[3]),
        ("[gte]=2026-05-28&filters[adddate][lt]=2026-05-30", &[1, 2]),
    ] {
        for order in ["", "&orders[adddate]=ASC"] {
            let query = format!("filters[adddate]{filter}{order}");
            assert_eq!(entries(&account, &query).await, expected, "{query}");
        }
    }
    account.switch(|it| it.dates.adddate_in_utc = true);
    assert_eq!(entries(&account, "filters[adddate][gte]=2026-05-29 10:07:18").await, [2, 3]);
}

#[tokio::test(start_paused = true)]
async fn a_date_in_a_form_that_is_not_documented_is_refused() {
    let (account, clock) = account();
    three_days(&account, &clock);
    let target = format!("{ROWS}?filters[adddate][gte]=2026-05-29T00:00:00Z");
    assert_eq!(get(&account, &target).await.0, 400);
}

#[tokio::test(start_paused = true)]
async fn pages_of_an_automation_hold_each_row_once() {
    let (account, _) = account();
    let automation = account.add_automation(NewAutomation::new("Site", Vec::new()).multientry());
    let id = add(&account, "a@example.com");
    for _ in 0..45 {
        account.enroll(id, automation).unwrap();
    }
    let mut seen = Vec::new();
    for offset in [0, 20, 40, 60] {
        let body = ok(&account, &format!("{ROWS}?orders[adddate]=ASC&offset={offset}")).await;
        assert_eq!(body["meta"]["total"], "45");
        seen.extend(ids(&body, "contactAutomations"));
    }
    assert_eq!(seen, (1..=45).collect::<Vec<_>>());
    account.switch(|it| it.ignores.enrollment_pages = true);
    assert_eq!(entries(&account, "limit=10&offset=20").await.len(), 45);
}

#[tokio::test(start_paused = true)]
async fn filters_and_orders_of_enrollments_can_be_ignored() {
    let (account, clock) = account();
    three_days(&account, &clock);
    account.complete(crate::domain::EnrollmentId(2)).unwrap();
    assert_eq!(entries(&account, "filters[status]=1").await, [1, 3]);
    assert_eq!(entries(&account, "filters[subscriberid][in]=1,3").await, [1, 3]);
    assert_eq!(entries(&account, "orders[adddate]=DESC").await, [3, 2, 1]);
    account.switch(|it| it.ignores.enrollment_orders = true);
    assert_eq!(entries(&account, "orders[adddate]=ASC").await, [3, 2, 1], "the newest first");
    account.switch(|it| it.ignores.automation_filters = true);
    let query = "filters[adddate][gte]=2030-01-01&filters[status]=2";
    assert_eq!(entries(&account, query).await, [3, 2, 1]);
}

#[tokio::test(start_paused = true)]
async fn an_automation_may_list_only_who_is_in_it_now() {
    let (account, clock) = account();
    three_days(&account, &clock);
    account.complete(crate::domain::EnrollmentId(2)).unwrap();
    assert_eq!(entries(&account, "orders[adddate]=ASC").await, [1, 2, 3]);
    account.switch(|it| it.automation_lists_in_it_now = true);
    assert_eq!(entries(&account, "orders[adddate]=ASC").await, [1, 3]);
}

#[tokio::test(start_paused = true)]
async fn the_whole_table_can_be_filtered_unless_filters_are_ignored() {
    let (account, _) = account();
    for name in ["A", "B"] {
        account.add_automation(NewAutomation::new(name, vec![Step::Hold]));
    }
    for (number, automation) in [(0, 1), (1, 2), (2, 1)] {
        let id = add(&account, &format!("p{number}@example.com"));
        account.enroll(id, AutomationId(automation)).unwrap();
    }
    let rows = async |query: &str| {
        ids(&ok(&account, &format!("/contactAutomations?{query}")).await, "contactAutomations")
    };
    assert_eq!(rows("").await, [1, 2, 3]);
    assert_eq!(rows("filters[seriesid]=1").await, [1, 3]);
    assert_eq!(rows("filters[automation]=2&filters[nonsense]=7").await, [2]);
    assert_eq!(rows("filters[contact]=3").await, [3]);
    account.switch(|it| it.ignores.enrollment_filters = true);
    assert_eq!(rows("filters[seriesid]=1").await, [1, 2, 3]);
    assert_eq!(ok(&account, "/contactAutomations/2").await["contactAutomation"]["contact"], "2");
}

#[tokio::test(start_paused = true)]
async fn an_automation_is_entered_once_unless_it_says_otherwise() {
    let (account, _) = account();
    let once = account.add_automation(NewAutomation::new("Once", Vec::new()));
    let often = account.add_automation(NewAutomation::new("Often", Vec::new()).multientry());
    let id = add(&account, "a@example.com");
    account.enroll(id, once).unwrap();
    assert_eq!(account.enroll(id, once), Err(Refused::NotEnrolled));
    account.enroll(id, often).unwrap();
    account.enroll(id, often).unwrap();
    account.set_active(often, false).unwrap();
    assert_eq!(account.enroll(id, often), Err(Refused::NotEnrolled));
    let automation = ok(&account, "/automations/2").await["automation"].clone();
    assert_eq!(automation["entered"], "2");
    assert_eq!(automation["status"], "0");
}

#[tokio::test(start_paused = true)]
async fn a_contact_goes_through_the_steps_in_their_time() {
    let (account, clock) = account();
    let tag = account.add_tag("Feito");
    let automation = account.add_automation(NewAutomation::new(
        "Site",
        vec![
            Step::Wait(Duration::from_mins(1)),
            Step::Webhook("/hook".into()),
            Step::Wait(Duration::from_mins(1)),
            Step::Tag(tag),
        ],
    ));
    let id = add(&account, "a@example.com");
    account.enroll(id, automation).unwrap();
    assert!(account.webhooks().is_empty());
    clock.step(TimeDelta::seconds(90));
    let row = ok(&account, "/contactAutomations/1").await["contactAutomation"].clone();
    assert_eq!(row["status"], "1");
    assert_eq!(row["completeValue"], 50);
    assert_eq!(row["lastdate"], "2026-05-28T05:08:18-05:00", "when it was due, not when asked");
    assert_eq!(account.webhooks().len(), 1);
    clock.step(TimeDelta::seconds(60));
    let row = ok(&account, "/contactAutomations/1").await["contactAutomation"].clone();
    assert_eq!((row["status"].as_str(), row["completed"].as_i64()), (Some("2"), Some(1)));
    assert_eq!(row["timespan"], "120");
    assert_eq!(contact_ids(&account, "tagid=1").await, [1]);
}

#[tokio::test(start_paused = true)]
async fn who_leaves_before_the_webhook_causes_none() {
    let (account, clock) = account();
    let tag = account.add_tag("Sim");
    let wait = Step::Wait(Duration::from_mins(1));
    let hook = Step::Webhook("/hook".into());
    let waits = account.add_automation(NewAutomation::new("A", vec![wait, hook.clone()]));
    let asks = account.add_automation(NewAutomation::new("B", vec![Step::OnlyWithTag(tag), hook]));
    let (one, two) = (add(&account, "a@example.com"), add(&account, "b@example.com"));
    let entry = account.enroll(one, waits).unwrap();
    account.complete(entry).unwrap();
    account.enroll(one, asks).unwrap();
    clock.step(TimeDelta::seconds(61));
    assert!(account.webhooks().is_empty(), "{:?}", account.webhooks());
    account.tag(two, tag).unwrap();
    account.enroll(two, asks).unwrap();
    assert_eq!(account.webhooks().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn history_has_rows_but_no_webhook() {
    let (account, _) = account();
    let steps = vec![Step::Webhook("/hook".into())];
    let automation = account.add_automation(NewAutomation::new("Site", steps));
    let id = add(&account, "a@example.com");
    let at = "2025-01-01T12:00:00Z".parse().unwrap();
    account.enroll_at(id, automation, at).unwrap();
    assert!(account.webhooks().is_empty());
    let row = ok(&account, ROWS).await["contactAutomations"][0].clone();
    assert_eq!(row["adddate"], "2025-01-01T06:00:00-06:00");
    assert_eq!(row["status"], "2");
}

#[tokio::test(start_paused = true)]
async fn an_import_is_there_seven_seconds_later_and_runs_automations() {
    let (account, clock) = account();
    let steps = vec![Step::Webhook("/hook".into())];
    let automation = account.add_automation(NewAutomation::new("Site", steps));
    add(&account, "known@example.com");
    let known = NewContact::new("KNOWN@example.com").named("Ana", "");
    let import = vec![NewContact::new("new@example.com"), NewContact::new("bad"), known];
    account.bulk_import(Import { contacts: import, automations: vec![automation] });
    clock.step(TimeDelta::seconds(6));
    assert_eq!(contact_ids(&account, "").await, [1]);
    clock.step(TimeDelta::seconds(1));
    assert_eq!(contact_ids(&account, "").await, [1, 2]);
    assert_eq!(contact_ids(&account, "search=Ana").await, [1]);
    assert_eq!(account.webhooks().len(), 2);
}
