//! What a date in a filter means, how far clocks are apart, how late rows are.

use std::time::Duration;

use chrono::TimeDelta;
use ponte::{
    domain::{AutomationId, Fate, FoundBy, LeadState},
    simulator::activecampaign::{ContactChange, DateReading, DateZone, Switches, UpdateStamp},
};

use crate::rig::{PATIENCE, Rig, START, Setup, ana, bruno};

/// Each way in which a date filter may be read.
fn readings() -> impl Iterator<Item = DateReading> {
    let zones = [DateZone::Utc, DateZone::Local, DateZone::DateOnly];
    let stamps = [UpdateStamp::Udate, UpdateStamp::UpdatedTimestamp];
    zones.into_iter().flat_map(move |zone| {
        stamps.into_iter().flat_map(move |stamp| {
            [false, true].into_iter().map(move |flag| DateReading {
                zone,
                stamp,
                inclusive: flag,
                adddate_in_utc: flag,
            })
        })
    })
}

/// The usual overlap hides much; so each reading is tried with a short one, and some with both.
fn overlaps(dates: DateReading) -> &'static [&'static str] {
    if dates.inclusive && dates.zone == DateZone::DateOnly { &["1h", "24h"] } else { &["1h"] }
}

#[tokio::test(start_paused = true)]
async fn every_change_is_noticed_however_a_date_is_read() {
    notices_every_change(START).await;
}

/// The account's zone is US Central: an hour that does not exist, and one that comes twice.
#[tokio::test(start_paused = true)]
async fn every_change_is_noticed_on_the_days_on_which_the_accounts_clock_changes() {
    for start in ["2026-03-07T20:00:00Z", "2026-10-31T20:00:00Z"] {
        notices_every_change(start).await;
    }
}

async fn notices_every_change(start: &'static str) {
    for dates in readings() {
        for overlap in overlaps(dates) {
            let activecampaign = Switches { dates, ..Switches::default() };
            let setup = Setup { activecampaign, overlap, start, ..Setup::default() };
            let rig = Rig::with(setup).await;
            let contact = rig.enters(ana(), 1).await;
            rig.settled().await;
            rig.poll().await;
            // Once around the clock, so that each zone has its midnight in between.
            for hour in (5..=30).step_by(5) {
                rig.clock.step(TimeDelta::hours(5));
                rig.poll().await;
                rig.pass(Duration::from_secs(20)).await;
                let name = format!("Souza {hour}");
                let last_name = Some(name.clone());
                let change = ContactChange { last_name, ..ContactChange::default() };
                rig.activecampaign.update_contact(contact, change).unwrap();
                rig.pass(Duration::from_secs(20)).await;
                assert_eq!(rig.poll().await["outcome"], "complete");
                rig.settled().await;
                let person = rig.lead().await.person.unwrap().0;
                let person = rig.ploomes.contact(person).unwrap();
                assert_eq!(person["Name"], format!("Ana {name}"), "{dates:?} {overlap}");
            }
            assert_eq!(rig.made(), [1, 1, 1, 1], "{dates:?} {overlap}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn every_lost_webhook_is_found_however_a_date_is_read() {
    finds_every_lost_webhook(START).await;
}

#[tokio::test(start_paused = true)]
async fn every_lost_webhook_is_found_on_the_days_on_which_the_accounts_clock_changes() {
    for start in ["2026-03-07T20:00:00Z", "2026-10-31T20:00:00Z"] {
        finds_every_lost_webhook(start).await;
    }
}

async fn finds_every_lost_webhook(start: &'static str) {
    for dates in readings() {
        for overlap in overlaps(dates) {
            let activecampaign = Switches { dates, ..Switches::default() };
            let setup = Setup { activecampaign, overlap, start, ..Setup::default() };
            let rig = Rig::with(setup).await;
            rig.poll().await;
            for number in 0..5 {
                rig.clock.step(TimeDelta::hours(5));
                rig.poll().await;
                let mut who = ana();
                who.email = format!("lost{number}@example.com");
                (who.phone, who.orgname) = (String::new(), String::new());
                rig.enters_unnoticed(who, 1);
                rig.pass(Duration::from_mins(3)).await;
                assert_eq!(rig.poll().await["outcome"], "complete");
                rig.settled().await;
                let found = rig.counts().await.missed.recovered;
                assert_eq!(found, number + 1, "{dates:?} {overlap}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn clocks_ten_minutes_apart_lose_and_double_nothing() {
    for minutes in [-10, -9, -1, 0, 1, 9, 10] {
        let clock_skew = TimeDelta::minutes(minutes);
        let activecampaign = Switches { clock_skew, ..Switches::default() };
        let rig = Rig::with(Setup { activecampaign, overlap: "1h", ..Setup::default() }).await;
        rig.poll().await;
        rig.enters(ana(), 1).await;
        rig.enters_unnoticed(bruno(), 1);
        rig.until("the first is done", PATIENCE, |now| now.leads(LeadState::Done) == 1).await;
        // It is younger than its webhook may be, by AC's own clock.
        rig.pass(Duration::from_secs(80)).await;
        rig.poll().await;
        rig.pass(Duration::from_secs(10)).await;
        assert_eq!(rig.counts().await.total, 1, "{minutes} min: found too early");
        rig.pass(Duration::from_mins(3)).await;
        rig.poll().await;
        rig.settled().await;
        assert_eq!(rig.made(), [2, 2, 2, 2], "{minutes} min");
        let mut found: Vec<_> = rig.leads().await.iter().map(|it| it.found_by).collect();
        found.sort();
        assert_eq!(found, [FoundBy::Webhook, FoundBy::Poll], "{minutes} min");
        // The lost one comes after all: it changes nothing.
        rig.deliver().await;
        rig.settled().await;
        assert_eq!(rig.made(), [2, 2, 2, 2], "{minutes} min");
        assert_eq!(rig.counts().await.missed.late, 1, "{minutes} min");
    }
}

#[tokio::test(start_paused = true)]
async fn rows_that_lists_show_late_are_found_by_a_later_poll() {
    // A little less than a webhook may take.
    let rows_late = Duration::from_secs(110);
    let activecampaign = Switches { rows_late, ..Switches::default() };
    let rig = Rig::with(Setup { activecampaign, overlap: "1h", ..Setup::default() }).await;
    rig.poll().await;
    rig.enters(ana(), 1).await;
    rig.settled().await;
    rig.enters_unnoticed(bruno(), 1);
    for _ in 0..5 {
        rig.pass(Duration::from_mins(1)).await;
        assert_eq!(rig.poll().await["outcome"], "complete");
    }
    rig.settled().await;
    assert_eq!(rig.counts().await.missed.recovered, 1);
    assert_eq!(rig.made(), [2, 2, 2, 2]);
}

#[tokio::test(start_paused = true)]
async fn each_pass_through_the_automation_is_a_lead_whatever_became_of_its_webhook() {
    let rig = Rig::start().await;
    let contact = rig.enters(ana(), 1).await;
    rig.settled().await;
    let again = |rig: &Rig| {
        rig.activecampaign.enroll(contact, AutomationId(1)).unwrap();
    };
    rig.pass(Duration::from_mins(5)).await;
    // The second webhook is lost, the third arrives, the fourth arrives twice.
    again(&rig);
    let lost = rig.activecampaign.take_due();
    assert_eq!(lost.len(), 1);
    rig.pass(Duration::from_mins(5)).await;
    again(&rig);
    rig.deliver().await;
    rig.settled().await;
    rig.pass(Duration::from_mins(5)).await;
    rig.poll().await;
    rig.settled().await;
    again(&rig);
    let body = rig.activecampaign.take_due().remove(0).body;
    for _ in 0..2 {
        assert_eq!(rig.post("/webhooks/token-of-the-site", &body).await, 200);
    }
    rig.settled().await;
    rig.pass(Duration::from_mins(5)).await;
    rig.poll().await;
    rig.settled().await;
    let now = rig.counts().await;
    assert_eq!((now.total, now.missed.found), (4, 1));
    assert_eq!((now.deliveries(Fate::Applied), now.deliveries(Fate::Merged)), (3, 1));
    assert_eq!(rig.made(), [1, 1, 4, 4]);
}
