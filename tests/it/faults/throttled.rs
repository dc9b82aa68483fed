//! Ploomes asks for a pause, or answers with nothing under load: nothing is made twice, everything
//! waits as long as it was asked to, and the pace comes back.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use http::Method;
use ponte::{
    domain::LeadState,
    simulator::{
        activecampaign::NewContact,
        fault::{Fault, FaultBody, Target, When},
        ploomes::{LimiterKind, Switches},
    },
};
use serde_json::json;

use crate::rig::{Rig, Setup, ana, bruno};

const BODIES: [FaultBody; 4] =
    [FaultBody::Empty, FaultBody::Text, FaultBody::Html, FaultBody::Json];

fn too_many(retry_after: Option<u64>, body: FaultBody) -> Fault {
    Fault::Status { code: 429, retry_after, body, when: When::Before }
}

fn times(rig: &Rig) -> Vec<DateTime<Utc>> {
    rig.ploomes.requests().iter().map(|it| it.at).collect()
}

#[tokio::test(start_paused = true)]
async fn a_429_pauses_everything_as_long_as_it_says_and_repeats_nothing_that_was_done() {
    for body in BODIES {
        for (retry_after, pause) in [(Some(7), 7), (Some(90), 90), (None, 15)] {
            for (method, path) in
                [(Method::GET, "/Contacts"), (Method::POST, "/Contacts"), (Method::POST, "/Deals")]
            {
                let rig = Rig::start().await;
                let target = Target::new(method.clone(), path);
                rig.ploomes.faults().plan(target, too_many(retry_after, body));
                rig.enters(ana(), 1).await;
                rig.enters(bruno(), 1).await;
                rig.settled().await;
                let what = format!("{method} {path} {body:?} {retry_after:?}");
                assert_eq!(rig.made(), [2, 2, 2, 2], "{what}");
                let refused = rig.ploomes.requests().into_iter().find(|it| it.status == Some(429));
                let refused = refused.expect("a request was refused").at;
                let end = refused + TimeDelta::seconds(pause);
                let meanwhile = times(&rig).into_iter().filter(|at| *at > refused && *at < end);
                assert_eq!(meanwhile.count(), 0, "{what}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn after_a_429_the_pace_is_half_and_comes_back_over_ten_minutes() {
    let rig = Rig::with(Setup { per_minute: 40, ..Setup::default() }).await;
    crowd(&rig, 160).await;
    rig.pass(Duration::from_mins(2)).await;
    rig.ploomes.faults().plan(Target::any(), too_many(Some(20), FaultBody::Empty));
    rig.pass(Duration::from_mins(14)).await;
    let refused = rig.ploomes.requests().into_iter().find(|it| it.status == Some(429)).unwrap().at;
    let in_minute = |minute: i64| {
        let from = refused + TimeDelta::seconds(20 + 60 * minute);
        let within = |at: &&DateTime<Utc>| **at >= from && **at < from + TimeDelta::minutes(1);
        times(&rig).iter().filter(within).count()
    };
    // Who waited through the pause looks anew, and takes no turn that it does not use.
    assert!((19..=22).contains(&in_minute(0)), "{} at first", in_minute(0));
    assert!((27..=33).contains(&in_minute(5)), "{} in the middle", in_minute(5));
    assert!((37..=40).contains(&in_minute(10)), "{} in the end", in_minute(10));
    assert!(rig.ploomes.max_in_any_window(Duration::from_mins(1)) <= 40);
}

#[tokio::test(start_paused = true)]
async fn a_long_queue_goes_on_while_reference_data_is_read_again() {
    let rig = Rig::with(Setup { per_minute: 20, ..Setup::default() }).await;
    crowd(&rig, 70).await;
    // Twice as long as that data is kept, and all of that time leads wait for their turn.
    let mut before = 0;
    for minute in 1..=14 {
        rig.pass(Duration::from_mins(1)).await;
        let requests = rig.ploomes.requests().len();
        assert!(requests >= before + 15, "{} in minute {minute}", requests - before);
        before = requests;
    }
    assert!(rig.sent("GET", "/Deals@Pipelines").len() >= 2);
}

/// So many people enter at once.
async fn crowd(rig: &Rig, count: usize) {
    for number in 0..count {
        let who = NewContact::new(&format!("lead{number}@example.com"));
        rig.enters_unnoticed(who.named("Lead", &format!("Nº {number}")), 1);
    }
    rig.deliver().await;
}

#[tokio::test(start_paused = true)]
async fn an_empty_answer_under_load_is_no_proof_that_nobody_is_there() {
    for limiter in [LimiterKind::Sliding, LimiterKind::Fixed, LimiterKind::Bucket] {
        // The neighbours leave so little that most searches are answered with nothing.
        let ploomes = Switches {
            limiter,
            neighbours: 100,
            throttled_empty: true,
            retry_after: false,
            ..Switches::default()
        };
        let rig = Rig::with(Setup { ploomes, ..Setup::default() }).await;
        for number in 0..6 {
            let email = format!("known{number}@example.com");
            let person =
                json!({ "Name": format!("Conhecida {number}"), "TypeId": 2, "Email": email });
            rig.ploomes.add_contact(&person).unwrap();
            let company = json!({ "Name": format!("Firma {number}"), "TypeId": 1 });
            rig.ploomes.add_contact(&company).unwrap();
            let who = NewContact::new(&email).named("Conhecida", &number.to_string());
            let who = NewContact { orgname: format!("Firma {number}"), ..who };
            rig.enters_unnoticed(who, 1);
        }
        rig.deliver().await;
        rig.until("all are done", Duration::from_hours(2), |now| now.leads(LeadState::Done) == 6)
            .await;
        assert_eq!(rig.made(), [0, 0, 6, 6], "{limiter:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_single_empty_answer_makes_no_second_person() {
    for reads in 1..=3 {
        let rig = Rig::start().await;
        let known = json!({ "Name": "Ana Lima", "TypeId": 2, "Email": "ana@example.com" });
        rig.ploomes.add_contact(&known).unwrap();
        rig.enters(bruno(), 1).await;
        rig.settled().await;
        for _ in 0..reads {
            let target = Target::new(Method::GET, "/Contacts");
            rig.ploomes.faults().plan(target, Fault::Empty);
        }
        rig.enters(ana(), 1).await;
        rig.settled().await;
        assert_eq!(rig.ploomes.faults().planned(), 0);
        // Bruno's company and person, and Ana's company.
        assert_eq!(rig.made()[..2], [2, 1], "{reads} empty answers");
    }
}
