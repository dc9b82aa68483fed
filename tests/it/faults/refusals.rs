//! What Ploomes refuses: for good, for now, or because of the key.

use std::{sync::Arc, time::Duration};

use crate::rig::{EVENT, PATIENCE, Rig, SITE, Setup, ana, bruno, status};
use chrono::TimeDelta;
use http::Method;
use ponte::{
    domain::{AutomationId, Fate, LeadState},
    simulator::{
        activecampaign::ContactChange,
        fault::{Fault, FaultBody, Target, When},
        ploomes::{ErrorBody, Switches, standard},
    },
};

const ERROR_BODIES: [ErrorBody; 5] =
    [ErrorBody::OData, ErrorBody::Value, ErrorBody::Message, ErrorBody::Text, ErrorBody::Empty];

#[tokio::test(start_paused = true)]
async fn what_is_rejected_fails_at_once_with_the_servers_words_and_nothing_personal() {
    // An address that somebody typed into a field of two hundred characters at most.
    let words = r#"{"error":{"message":"E-mail ana@example.com, CPF 529.982.247-25 e telefone 5511988880001 em uso"}}"#;
    for code in [400, 422] {
        let rig = Rig::start().await;
        rig.answer_next(Target::new(Method::POST, "/Deals"), code, words);
        rig.enters(ana(), 1).await;
        rig.enters(bruno(), 1).await;
        rig.until("one is done", PATIENCE, |now| now.leads(LeadState::Done) == 1).await;
        let leads = rig.leads().await;
        let failed = leads.iter().find(|it| it.state == LeadState::Failed).expect("it failed");
        let reason = failed.reason.as_deref().unwrap();
        assert_eq!(
            reason,
            format!("Ploomes refuses the deal ({code}): E-mail … CPF … e telefone … em uso")
        );
        // The refused one never reached the simulator.
        assert_eq!(rig.sent("POST", "/Deals").len(), 1, "each was sent once");
        // Its company and person are kept, so that a way back exists.
        assert!(failed.company.is_some() && failed.person.is_some());
        rig.pass(Duration::from_mins(30)).await;
        assert_eq!(rig.sent("POST", "/Deals").len(), 1, "and stays so");
    }
}

#[tokio::test(start_paused = true)]
async fn a_failed_lead_is_tried_again_once_its_contact_changes() {
    let rig = Rig::start().await;
    rig.answer_next(Target::new(Method::POST, "/Deals"), 400, r#"{"value":"não"}"#);
    let contact = rig.enters(ana(), 1).await;
    rig.until("it failed", PATIENCE, |now| now.leads(LeadState::Failed) == 1).await;
    rig.pass(Duration::from_mins(1)).await;
    let change = ContactChange { last_name: Some("Souza".to_owned()), ..Default::default() };
    rig.activecampaign.update_contact(contact, change).unwrap();
    rig.poll().await;
    rig.until("it is done", PATIENCE, |now| now.leads(LeadState::Done) == 1).await;
    assert_eq!(rig.made(), [1, 1, 1, 1]);
}

#[tokio::test(start_paused = true)]
async fn a_rejected_origin_or_tag_is_left_out_once_with_a_warning() {
    for error_body in ERROR_BODIES {
        for (origin_refused, tags_refused) in [(true, false), (false, true)] {
            let ploomes =
                Switches { error_body, origin_refused, tags_refused, ..Switches::default() };
            let rig = Rig::with(Setup { ploomes, ..Setup::default() }).await;
            rig.enters(ana(), 1).await;
            rig.settled().await;
            let what = format!("{error_body:?}, origin: {origin_refused}");
            assert_eq!(rig.made(), [1, 1, 1, 1], "{what}");
            let warnings = rig.lead().await.warnings.unwrap_or_default();
            let named = if origin_refused { "OriginId" } else { "Tags" };
            assert!(warnings.contains(named), "{what}: {warnings}");
            // What bears neither is sent once, what bears one of them twice at most.
            assert!(rig.sent("POST", "/Contacts").len() <= 4, "{what}");
            assert!(rig.sent("POST", "/Deals").len() <= 2, "{what}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_stage_that_takes_no_deal_fails_the_lead_with_its_words() {
    for error_body in ERROR_BODIES {
        let checklist_stages = standard::SALES_STAGES.into();
        let ploomes = Switches { error_body, checklist_stages, ..Switches::default() };
        let rig = Rig::with(Setup { ploomes, ..Setup::default() }).await;
        rig.enters(ana(), 1).await;
        rig.until("it failed", PATIENCE, |now| now.leads(LeadState::Failed) == 1).await;
        let lead = rig.lead().await;
        let reason = lead.reason.unwrap();
        if error_body == ErrorBody::Empty {
            // Nothing says why: origin and tags are left out once, to be sure.
            assert_eq!(rig.sent("POST", "/Deals").len(), 2);
        } else {
            assert!(reason.contains("The checklist of this stage"), "{reason}");
            assert_eq!(rig.sent("POST", "/Deals").len(), 1, "{error_body:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_refused_key_stops_every_write_until_it_is_taken_again() {
    for code in [401, 403] {
        let rig = Rig::start().await;
        rig.enters(bruno(), 1).await;
        rig.settled().await;
        rig.ploomes.faults().stand(Target::any(), status(code, When::Before));
        rig.enters(ana(), 1).await;
        rig.pass(Duration::from_secs(10)).await;
        assert!(rig.engine.key_refused_since().is_some(), "{code}");
        let before = rig.ploomes.requests().len();
        rig.pass(Duration::from_mins(90)).await;
        let asked = rig.ploomes.requests().len() - before;
        // A probe a minute, and reference data now and then, for longer than leads are given.
        assert!((60..=200).contains(&asked), "{code}: {asked} requests while it was refused");
        assert_eq!(rig.sent("POST", "/").len(), 4, "{code}: nothing is written");
        assert_eq!(rig.counts().await.leads(LeadState::Pending), 1, "{code}");
        rig.ploomes.faults().clear();
        rig.settled().await;
        assert!(rig.engine.key_refused_since().is_none(), "{code}");
        assert_eq!(rig.made(), [2, 2, 2, 2], "{code}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_403_where_the_account_is_fine_fails_the_lead_alone() {
    for body in [FaultBody::Text, FaultBody::Html, FaultBody::Json, FaultBody::Empty] {
        let rig = Rig::start().await;
        let fault = Fault::Status { code: 403, retry_after: None, body, when: When::Before };
        rig.ploomes.faults().plan(Target::new(Method::POST, "/Deals"), fault);
        rig.enters(ana(), 1).await;
        rig.enters(bruno(), 1).await;
        rig.until("one is done", PATIENCE, |now| now.leads(LeadState::Done) == 1).await;
        assert_eq!(rig.counts().await.leads(LeadState::Failed), 1, "{body:?}");
        assert!(rig.engine.key_refused_since().is_none());
        assert_eq!(rig.sent("GET", "/Account").len(), 1, "one question tells");
    }
}

#[tokio::test(start_paused = true)]
async fn a_403_that_cannot_be_told_apart_is_tried_again() {
    let rig = Rig::start().await;
    let plan = |method, path, code| {
        rig.ploomes.faults().plan(Target::new(method, path), status(code, When::Before));
    };
    plan(Method::POST, "/Deals", 403);
    plan(Method::GET, "/Account", 503);
    rig.enters(ana(), 1).await;
    rig.settled().await;
    assert_eq!(rig.made(), [1, 1, 1, 1]);
}

#[tokio::test(start_paused = true)]
async fn a_record_that_people_delete_before_its_update_is_planned_anew() {
    let rig = Rig::with(Setup { routes: [SITE, EVENT].concat(), ..Setup::default() }).await;
    let contact = rig.enters(ana(), 1).await;
    rig.settled().await;
    let person = rig.lead().await.person.unwrap().0;
    rig.pass(Duration::from_mins(5)).await;
    let change = ContactChange { last_name: Some("Souza".to_owned()), ..Default::default() };
    rig.activecampaign.update_contact(contact, change).unwrap();
    rig.activecampaign.enroll(contact, AutomationId(2)).unwrap();
    let ploomes = Arc::clone(&rig.ploomes);
    rig.before(Target::new(Method::PATCH, "/Contacts"), move || {
        ploomes.delete_contact(person).unwrap();
    });
    rig.deliver().await;
    rig.settled().await;
    assert_eq!(rig.sent("PATCH", &format!("/Contacts({person})")).len(), 1);
    let leads = rig.leads().await;
    assert!(leads.iter().all(|it| it.state == LeadState::Done), "{leads:?}");
    assert_eq!(rig.made(), [1, 2, 2, 1], "the person is made again for the new lead only");
    let event = leads.iter().find(|it| it.route == "event").unwrap();
    let made = rig.ploomes.contact(event.person.unwrap().0).unwrap();
    assert_eq!(made["Name"], "Ana Souza");
}

#[tokio::test(start_paused = true)]
async fn a_stage_or_pipeline_that_vanished_holds_its_route_and_nothing_else() {
    let rename = |rig: &Rig, name: &str| {
        rig.ploomes.rename_stage(standard::SALES_STAGES[0], name).unwrap();
    };
    let rig = Rig::with(Setup { routes: [SITE, EVENT].concat(), ..Setup::default() }).await;
    rename(&rig, "Entrada");
    rig.enters(ana(), 1).await;
    rig.enters(bruno(), 2).await;
    rig.until("the other route goes on", PATIENCE, |now| now.leads(LeadState::Done) == 1).await;
    rig.pass(Duration::from_mins(90)).await;
    let now = rig.counts().await;
    assert_eq!(now.leads(LeadState::Pending), 1, "it is held, however long");
    assert_eq!(now.deliveries(Fate::Applied), 2, "and was received");
    let held = rig.engine.held_routes();
    assert_eq!(held.len(), 1);
    assert!(held[0].0 == "site" && held[0].1[0].contains("stage"), "{held:?}");
    rename(&rig, "Lead novo");
    rig.settled().await;
    assert!(rig.engine.held_routes().is_empty());
    assert_eq!(rig.made(), [1, 2, 2, 1]);
}

#[tokio::test(start_paused = true)]
async fn a_pipeline_archived_just_now_holds_its_leads_and_fails_none() {
    let rig = Rig::start().await;
    rig.enters(bruno(), 1).await;
    rig.settled().await;
    rig.pass(Duration::from_mins(1)).await;
    // Its data was read minutes ago, and says nothing of this.
    rig.ploomes.archive_pipeline(standard::SALES).unwrap();
    rig.enters(ana(), 1).await;
    rig.pass(Duration::from_mins(30)).await;
    assert_eq!(rig.counts().await.leads(LeadState::Pending), 1);
    assert_eq!(rig.engine.held_routes().len(), 1);
    let posts = rig.sent("POST", "/Deals").len();
    assert!(posts <= 3, "{posts} deals were sent to a pipeline that takes none");
}

#[tokio::test(start_paused = true)]
async fn a_lead_that_alone_keeps_failing_is_given_up_and_time_in_which_nothing_works_does_not_count()
 {
    let rig = Rig::with(Setup { routes: [SITE, EVENT].concat(), ..Setup::default() }).await;
    // Two hours of nothing for anybody, which is twice what a lead is given.
    rig.ploomes.faults().stand(Target::any(), Fault::Refused);
    rig.enters(ana(), 1).await;
    rig.pass(Duration::from_hours(2)).await;
    assert_eq!(rig.lead().await.state, LeadState::Pending);
    rig.ploomes.faults().clear();
    // Then everything works but its note.
    let note = Target::new(Method::POST, "/InteractionRecords");
    rig.ploomes.faults().stand(note, Fault::Refused);
    let begun = rig.now();
    let mut number = 0;
    while rig.counts().await.leads(LeadState::Failed) == 0 {
        number += 1;
        assert!(number < 40, "never given up");
        let mut other = bruno();
        other.email = format!("other{number}@example.com");
        other.phone = String::new();
        rig.enters(other, 2).await;
        rig.pass(Duration::from_mins(5)).await;
    }
    let leads = rig.leads().await;
    let failed = leads.iter().find(|it| it.state == LeadState::Failed).unwrap();
    assert_eq!(failed.route, "site");
    assert!(failed.reason.as_deref().unwrap().starts_with("given up: "), "{failed:?}");
    let took = rig.now() - begun;
    assert!(took >= TimeDelta::minutes(55) && took <= TimeDelta::minutes(100), "{took}");
}

#[tokio::test(start_paused = true)]
async fn a_lead_whose_write_always_ends_in_doubt_is_given_up_too_and_not_hammered() {
    let rig = Rig::with(Setup { routes: [SITE, EVENT].concat(), ..Setup::default() }).await;
    rig.ploomes.faults().stand(Target::new(Method::POST, "/Deals"), status(500, When::Before));
    rig.enters(ana(), 1).await;
    let mut number = 0;
    while rig.counts().await.leads(LeadState::Failed) == 0 {
        number += 1;
        assert!(number < 60, "never given up");
        rig.pass(Duration::from_mins(5)).await;
    }
    // Every failed write waits longer before the next.
    let sent = rig.sent("POST", "/Deals").len();
    assert!(sent <= 20, "{sent} times in an hour");
    assert!(rig.lead().await.reason.unwrap().starts_with("given up: "));
    assert_eq!(rig.made(), [1, 1, 0, 0]);
}
