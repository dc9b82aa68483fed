//! ActiveCampaign fails while it is asked: hints wait, nothing is dropped, and a poll that did not
//! read everything says so and moves nothing.

use std::time::Duration;

use ponte::{
    domain::{Fate, FoundBy, LeadState},
    simulator::{
        activecampaign::{Switches, Throttle, ThrottleAnswer},
        fault::{Fault, FaultBody, Target, When},
    },
};

use crate::rig::{PATIENCE, Rig, Setup, ana, bruno};

const fn answered(code: u16, retry_after: Option<u64>, body: FaultBody) -> Fault {
    Fault::Status { code, retry_after, body, when: When::Before }
}

/// All that AC was seen to do instead of answering.
fn faults() -> Vec<Fault> {
    vec![
        answered(403, None, FaultBody::Json),
        answered(403, None, FaultBody::Html),
        answered(429, Some(30), FaultBody::Empty),
        answered(429, None, FaultBody::Html),
        answered(500, None, FaultBody::Json),
        answered(502, None, FaultBody::Html),
        answered(503, None, FaultBody::Html),
        answered(503, Some(9), FaultBody::Html),
        answered(301, None, FaultBody::Html),
        answered(404, None, FaultBody::Html),
        Fault::Empty,
        Fault::Truncated,
        Fault::Reset(When::Before),
        Fault::Silence(When::Before),
        Fault::Refused,
        Fault::Slow(Duration::from_secs(20)),
    ]
}

fn any() -> Target {
    Target::any()
}

fn contact() -> Target {
    Target { method: None, path: "/contacts/".to_owned() }
}

#[tokio::test(start_paused = true)]
async fn a_contact_that_cannot_be_looked_up_waits_and_is_not_dropped() {
    for fault in faults() {
        // A slow answer is an answer.
        let most = if matches!(fault, Fault::Slow(_)) { 1 } else { 4 };
        for times in [1, most] {
            let rig = Rig::start().await;
            rig.enters(bruno(), 1).await;
            rig.settled().await;
            for _ in 0..times {
                rig.activecampaign.faults().plan(contact(), fault.clone());
            }
            rig.enters(ana(), 1).await;
            rig.settled().await;
            assert_eq!(rig.activecampaign.faults().planned(), 0, "{fault:?}");
            assert_eq!(rig.made(), [2, 2, 2, 2], "{fault:?}");
            assert_eq!(rig.counts().await.deliveries(Fate::Applied), 2, "{fault:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn hours_without_activecampaign_lose_nothing() {
    let rig = Rig::start().await;
    rig.activecampaign.faults().stand(any(), answered(503, None, FaultBody::Html));
    rig.enters(ana(), 1).await;
    rig.enters(bruno(), 1).await;
    // Longer than a webhook may take, and longer than a lead is given.
    rig.pass(Duration::from_hours(3)).await;
    assert_eq!(rig.counts().await.deliveries(Fate::Pending), 2);
    assert_eq!(rig.poll().await["outcome"], "partial");
    rig.activecampaign.faults().clear();
    rig.until("all is done", Duration::from_mins(20), |now| now.leads(LeadState::Done) == 2).await;
    assert_eq!(rig.counts().await.deliveries(Fate::Applied), 2);
    let leads = rig.leads().await;
    assert!(leads.iter().all(|it| it.found_by == FoundBy::Webhook));
    assert_eq!(rig.made(), [2, 2, 2, 2]);
}

#[tokio::test(start_paused = true)]
async fn a_rate_that_others_use_up_delays_and_loses_nothing() {
    for answer in [ThrottleAnswer::TooManyRequests, ThrottleAnswer::Unavailable] {
        for retry_after in [Some(1), None] {
            let throttle = Throttle { per_second: Some(2), answer, retry_after };
            let activecampaign = Switches { throttle, ..Switches::default() };
            let rig = Rig::with(Setup { activecampaign, ..Setup::default() }).await;
            for number in 0..10 {
                let mut who = ana();
                who.email = format!("lead{number}@example.com");
                (who.phone, who.orgname) = (String::new(), format!("Firma {number}"));
                rig.enters_unnoticed(who, 1);
            }
            rig.deliver().await;
            rig.poll().await;
            rig.settled().await;
            assert_eq!(rig.made(), [10, 10, 10, 10], "{answer:?} {retry_after:?}");
        }
    }
}

/// What the polls asked for: the dates in their filters, one for each question.
fn asked(rig: &Rig) -> Vec<String> {
    let mut asked = Vec::new();
    for request in rig.activecampaign.requests() {
        for (name, value) in form_urlencoded::parse(request.target.as_bytes()) {
            if name.contains("filters[adddate]") || name.contains("filters[updated_after]") {
                asked.push(value.into_owned());
            }
        }
    }
    asked
}

#[tokio::test(start_paused = true)]
async fn a_poll_that_could_not_read_a_page_is_partial_and_the_next_one_completes() {
    for fault in faults() {
        if matches!(fault, Fault::Slow(_)) {
            continue;
        }
        for path in ["/contactAutomations", "/contacts?"] {
            let rig = Rig::start().await;
            rig.poll().await;
            rig.pass(Duration::from_mins(2)).await;
            let before = asked(&rig).len();
            rig.poll().await;
            let last: Vec<_> = asked(&rig).split_off(before);
            // A webhook is lost, and every try of a page fails.
            rig.enters_unnoticed(ana(), 1);
            rig.pass(Duration::from_mins(3)).await;
            let target = Target { method: None, path: path.to_owned() };
            rig.activecampaign.faults().stand(target, fault.clone());
            let partial = rig.poll().await;
            assert_eq!(partial["outcome"], "partial", "{path} {fault:?}");
            assert!(partial["reason"].is_string(), "{path} {fault:?}");
            rig.activecampaign.faults().clear();
            let before = asked(&rig).len();
            assert_eq!(rig.poll().await["outcome"], "complete", "{path} {fault:?}");
            // It asks from where the last complete one began, which was two minutes later than
            // that one's own question, and not from where the partial one began.
            let next: Vec<_> = asked(&rig).split_off(before);
            for (last, next) in last.iter().zip(&next) {
                let minutes = minutes_between(last, next);
                assert_eq!(minutes, 2, "{path} {fault:?}: {last} and then {next}");
            }
            rig.settled().await;
            assert_eq!(rig.lead().await.found_by, FoundBy::Poll, "{path} {fault:?}");
        }
    }
}

fn minutes_between(from: &str, to: &str) -> i64 {
    let read = |text: &str| {
        let text = text.replace('T', " ").replace('Z', "");
        chrono::NaiveDateTime::parse_from_str(&text, "%Y-%m-%d %H:%M:%S").unwrap()
    };
    (read(to) - read(from)).num_minutes()
}

#[tokio::test(start_paused = true)]
async fn a_page_that_fails_a_few_times_is_read_in_the_end() {
    for fault in faults() {
        let rig = Rig::start().await;
        rig.enters_unnoticed(ana(), 1);
        rig.pass(Duration::from_mins(3)).await;
        for path in ["/contactAutomations", "/contacts?"] {
            for _ in 0..5 {
                let target = Target { method: None, path: path.to_owned() };
                rig.activecampaign.faults().plan(target, fault.clone());
            }
        }
        // The key has worked before.
        rig.engine
            .perform("fields", &serde_json::json!({ "side": "activecampaign" }))
            .await
            .unwrap();
        assert_eq!(rig.poll().await["outcome"], "complete", "{fault:?}");
        rig.until("it is found", PATIENCE, |now| now.missed.recovered == 1).await;
        assert_eq!(rig.made(), [1, 1, 1, 1], "{fault:?}");
    }
}
