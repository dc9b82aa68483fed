//! The loop, from what happens to who is told.

mod rig;

use chrono::TimeDelta;
use http::{Method, StatusCode, header::CONTENT_TYPE};

use self::rig::{Does, HEARTBEAT, Rig, URL};
use super::*;
use crate::{
    ledger::audit::{self, hex},
    simulator::fault::{Fault, FaultBody, Target, When},
};

#[tokio::test(start_paused = true)]
async fn a_cause_is_told_once_in_the_contracts_words() {
    let rig = Rig::new();
    let running = rig.start().await;
    rig.failed_lead(&running, 51).await;
    rig.failed_lead(&running, 52).await;
    rig.told(1).await;
    let head = rig.ledger.read(Head::read).await.unwrap().hash;
    rig.pass(3600).await;
    let taken = rig.receiver.taken();
    assert_eq!(taken.len(), 1);
    assert_eq!((taken[0].method(), taken[0].uri().to_string().as_str()), (&Method::POST, URL));
    assert_eq!(taken[0].headers()[CONTENT_TYPE], "application/json");
    let head = hex(&head);
    let body = String::from_utf8(taken[0].body().to_vec()).unwrap().replace(&head, "<head>");
    insta::assert_snapshot!(body, @r#"{"event":"failed_leads","route":"site","count":2,"leads":["site/51","site/52"],"since":"2026-06-10T09:00:00-03:00","run":null,"head":"<head>","text":"2 leads of route site failed: a person is needed. `ponte leads --state failed` says why, `ponte retry --failed` tries again."}"#);
    let outcome = rig.ledger.read(move |conn| audit::audit(conn, None)).await.unwrap();
    assert_eq!((outcome.ok(), hex(&outcome.head)), (true, head), "the alert's head is the chain's");
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_is_not_taken_is_told_again_until_it_is_and_holds_up_nothing_else() {
    let rig = Rig::new();
    let running = rig.start().await;
    for does in [Does::Answers(500), Does::Answers(302), Does::Nothing] {
        rig.receiver.does("failed_leads", does);
        let lead =
            rig.failed_lead(&running, 51 + i64::try_from(rig.receiver.asked()).unwrap()).await;
        let before = rig.receiver.messages().len();
        running.engine.count_unknown(2).await.unwrap();
        rig.told(before + 1).await;
        assert!(rig.receiver.messages()[before]["event"] != "failed_leads");
        rig.pass(300).await;
        assert_eq!(rig.receiver.messages().len(), before + 1);
        rig.receiver.does("failed_leads", Does::Answers(204));
        rig.told(before + 2).await;
        assert_eq!(rig.receiver.messages()[before + 1]["event"], "failed_leads");
        // Over, so that the next turn begins anew.
        rig.put_right(lead).await;
        rig.clock.step(TimeDelta::hours(3));
        rig.told(before + 4).await;
    }
    assert!(rig.receiver.asked() > rig.receiver.messages().len() + 10, "told again and again");
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn never_more_than_one_request_is_on_its_way() {
    let rig = Rig::new();
    rig.receiver.does("chat.example.com", Does::TakesAfter(5));
    let running = rig.start().await;
    rig.activecampaign.switch(|it| it.clock_skew = TimeDelta::minutes(5));
    rig.failed_lead(&running, 51).await;
    running.engine.count_unknown(2).await.unwrap();
    running.poll().await;
    rig.told(3).await;
    let mut events = rig.receiver.events();
    events.sort();
    assert_eq!(events, ["clock: The", "failed_leads: 1", "unknown_token: 2"]);
    assert_eq!(rig.receiver.at_once_max(), 1);
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_day_later_there_is_a_reminder_and_at_the_end_one_message_more() {
    let rig = Rig::new();
    let running = rig.start().await;
    let lead = rig.failed_lead(&running, 51).await;
    rig.told(1).await;
    rig.clock.step(TimeDelta::hours(23));
    rig.pass(60).await;
    assert_eq!(rig.receiver.events(), ["failed_leads: 1"]);
    rig.clock.step(TimeDelta::hours(1));
    rig.told(2).await;
    rig.pass(60).await;
    assert_eq!(rig.receiver.events()[1..], ["failed_leads: Still"]);
    rig.put_right(lead).await;
    rig.told(3).await;
    rig.clock.step(TimeDelta::hours(50));
    rig.pass(60).await;
    assert_eq!(rig.receiver.events()[2..], ["resolved: Over"]);
    let over = &rig.receiver.messages()[2];
    assert!(over["text"].as_str().unwrap().starts_with("Over: failed_leads of route site."));
    assert_eq!((&over["route"], &over["count"]), (&"site".into(), &1.into()));
    assert_eq!(over["since"], rig.receiver.messages()[0]["since"]);
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_restart_neither_repeats_nor_forgets() {
    let rig = Rig::new();
    let running = rig.start().await;
    let told = rig.failed_lead(&running, 51).await;
    rig.told(1).await;
    rig.receiver.does("unknown_token", Does::Answers(503));
    running.engine.count_unknown(2).await.unwrap();
    rig.pass(30).await;
    running.stop().await;

    let running = rig.start().await;
    rig.receiver.does("unknown_token", Does::Answers(200));
    rig.told(2).await;
    rig.pass(300).await;
    assert_eq!(rig.receiver.events(), ["failed_leads: 1", "unknown_token: 2"]);
    running.stop().await;

    // It ends while nobody looks.
    rig.put_right(told).await;
    let running = rig.start().await;
    rig.told(3).await;
    assert_eq!(rig.receiver.events()[2..], ["resolved: Over"]);
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_message_that_is_taken_while_the_service_stops_is_not_repeated() {
    let rig = Rig::new();
    rig.receiver.does("failed_leads", Does::TakesAfter(2));
    let running = rig.start().await;
    rig.failed_lead(&running, 51).await;
    while rig.receiver.asked() == 0 {
        rig.pass(1).await;
    }
    running.stop().await;
    assert_eq!(rig.receiver.events(), ["failed_leads: 1"]);
    let running = rig.start().await;
    rig.pass(60).await;
    assert_eq!(rig.receiver.asked(), 1);
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_lost_webhook_is_told_without_anything_personal_and_over_after_a_clean_poll() {
    let rig = Rig::new();
    let running = rig.start().await;
    let entered = rig.maria_enters();
    rig.pass(90).await;
    let found_by = running.poll().await;
    rig.told(1).await;
    let message = rig.receiver.messages().remove(0);
    assert_eq!((&message["event"], &message["route"]), (&"missed_leads".into(), &"site".into()));
    assert_eq!((&message["count"], &message["run"]), (&1.into(), &found_by["run"]));
    assert_eq!(message["leads"][0], "site/1");
    let since: DateTime<Utc> = message["since"].as_str().unwrap().parse().unwrap();
    assert!(since > entered && message["since"].as_str().unwrap().ends_with("-03:00"));
    rig.pass(60).await;
    assert_eq!(rig.receiver.messages().len(), 1);
    running.poll().await;
    rig.told(2).await;
    assert_eq!(rig.receiver.events()[1], "resolved: Over");
    running.poll().await;
    rig.pass(60).await;
    let all = format!("{:?}", rig.receiver.messages());
    assert_eq!(rig.receiver.messages().len(), 2, "{all}");
    for personal in ["maria", "Maria", "Souza", "example.com"] {
        assert!(!all.contains(personal), "{personal} in {all}");
    }
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn missed_leads_are_told_even_where_a_clean_poll_comes_before_the_next_look() {
    let rig = Rig::new();
    let running = rig.start_without_address().await;
    rig.maria_enters();
    rig.pass(90).await;
    running.poll().await;
    running.engine.drained().await.unwrap();
    running.stop().await;
    // Nobody looked meanwhile: what was kept is as before the poll.
    rig.ledger
        .write(|tx| {
            for alert in alert::all(tx)? {
                alert::remove(tx, &alert.key)?;
            }
            Ok(())
        })
        .await
        .unwrap();
    let running = rig.start().await;
    running.poll().await;
    rig.told(2).await;
    assert_eq!(rig.receiver.events(), ["missed_leads: 1", "resolved: Over"]);
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_route_on_which_nothing_is_received_any_more_is_silent() {
    let rig = Rig::new();
    let running = rig.start().await;
    rig.clock.step(TimeDelta::hours(7));
    rig.pass(60).await;
    assert_eq!(rig.receiver.asked(), 0, "nobody entered");
    rig.maria_enters();
    rig.pass(90).await;
    running.poll().await;
    rig.told(2).await;
    assert_eq!(rig.receiver.events(), ["missed_leads: 1", "silence: No"]);
    assert_eq!(rig.receiver.messages()[1]["leads"][0], "site/1");
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn only_a_complete_poll_has_a_heartbeat_and_a_partial_one_is_told() {
    let rig = Rig::new();
    let running = rig.start().await;
    running.poll().await;
    rig.pass(30).await;
    assert_eq!(rig.receiver.taken().len(), 1);
    let beat = rig.receiver.taken().remove(0);
    assert_eq!((beat.method(), beat.uri().to_string().as_str()), (&Method::GET, HEARTBEAT));
    let fault = Fault::Status {
        code: StatusCode::INTERNAL_SERVER_ERROR.as_u16(),
        retry_after: None,
        body: FaultBody::Text,
        when: When::Before,
    };
    rig.activecampaign.faults().stand(Target::new(Method::GET, "/"), fault);
    let run = running.poll().await;
    assert_eq!(run["outcome"], "partial");
    rig.told(1).await;
    rig.pass(30).await;
    assert_eq!(rig.receiver.taken().len(), 2, "no further heartbeat");
    let message = rig.receiver.messages().remove(0);
    assert_eq!((&message["event"], &message["route"]), (&"partial_run".into(), &().into()));
    assert_eq!(message["run"], run["run"]);
    rig.activecampaign.faults().clear();
    running.poll().await;
    rig.told(2).await;
    assert_eq!(rig.receiver.events()[1], "resolved: Over");
    assert!(rig.receiver.messages()[1]["text"].as_str().unwrap().contains("partial_run (poll)"));
    rig.pass(30).await;
    assert_eq!(rig.receiver.taken().len(), 4, "two heartbeats, two messages");
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_wrong_key_is_told_and_is_over_once_it_is_taken_not_once_ponte_is_restarted() {
    let rig = Rig::new();
    let running = rig.start_with_a_wrong_key().await;
    running.poll().await;
    rig.told(2).await;
    let mut events = rig.receiver.events();
    events.sort();
    assert_eq!(events, ["partial_run: The", "wrong_key: ActiveCampaign"]);
    running.stop().await;
    let running = rig.start_with_a_wrong_key().await;
    rig.pass(120).await;
    assert_eq!(rig.receiver.messages().len(), 2);
    running.stop().await;
    let running = rig.start().await;
    // The first thing asked of ActiveCampaign, its list of fields, shows that the key is taken.
    rig.told(3).await;
    running.poll().await;
    rig.told(4).await;
    assert_eq!(rig.receiver.events()[2..], ["resolved: Over", "resolved: Over"]);
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_key_that_is_taken_away_is_a_wrong_key_although_it_worked() {
    let rig = Rig::new();
    let running = rig.start().await;
    running.poll().await;
    let fault = Fault::Status {
        code: StatusCode::FORBIDDEN.as_u16(),
        retry_after: None,
        body: FaultBody::Text,
        when: When::Before,
    };
    rig.activecampaign.faults().stand(Target::new(Method::GET, "/"), fault);
    running.poll().await;
    rig.told(2).await;
    assert!(rig.receiver.events().contains(&"wrong_key: ActiveCampaign".to_owned()));
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn without_an_address_each_cause_is_said_once_and_nothing_is_posted() {
    let rig = Rig::new();
    let running = rig.start_without_address().await;
    let lead = rig.failed_lead(&running, 51).await;
    rig.pass(60).await;
    let kept = rig.ledger.read(alert::all).await.unwrap();
    assert_eq!((kept.len(), kept[0].owed, kept[0].told_at.is_some()), (1, None, true));
    rig.put_right(lead).await;
    rig.pass(60).await;
    assert_eq!(rig.ledger.read(alert::all).await.unwrap(), []);
    assert_eq!(rig.receiver.asked(), 0);
    running.stop().await;
}

#[test]
fn an_address_is_not_shown() {
    let url = SecretString::from(URL);
    let settings = Settings::new(Some(&url), None, Duration::from_hours(6)).unwrap();
    assert!(!format!("{settings:?}").contains("example.com"));
    assert!(Settings::new(Some(&SecretString::from("no url")), None, Duration::ZERO).is_err());
}
