//! What is ignored in a question, and how an answer looks.

use std::time::Duration;

use chrono::TimeDelta;
use ponte::{
    domain::FoundBy,
    simulator::activecampaign::{
        AddDate, Ignores, LimitAboveMaximum, NewContact, Shape, Switches, UdateMoves,
    },
};

use crate::rig::{Rig, Setup, ana, bruno};

/// Turns one switch.
type Change<T> = fn(&mut T);

/// Two webhooks arrive and three are lost; a change follows. Everything is there once.
async fn all_arrive(what: &str, activecampaign: Switches, complete: bool) {
    let rig = Rig::with(Setup { activecampaign, ..Setup::default() }).await;
    rig.poll().await;
    rig.enters(ana(), 1).await;
    rig.enters(bruno(), 1).await;
    for number in 0..3 {
        let mut who = ana();
        // In another order than they came.
        who.email = format!("a{}@example.com", 9 - number);
        who.phone = format!("+55 41 95555-000{number}");
        who.orgname = format!("Firma {number}");
        rig.enters_unnoticed(who, 1);
        rig.pass(Duration::from_secs(2)).await;
    }
    let lost = rig.activecampaign.take_due();
    assert_eq!(lost.len(), 3);
    rig.pass(Duration::from_mins(3)).await;
    let outcome = if complete { "complete" } else { "partial" };
    assert_eq!(rig.poll().await["outcome"], outcome, "{what}");
    // What has no date counts from when it was first seen.
    rig.pass(Duration::from_mins(3)).await;
    rig.poll().await;
    rig.settled().await;
    assert_eq!(rig.made(), [5, 5, 5, 5], "{what}");
    let found = rig.leads().await.iter().filter(|it| it.found_by == FoundBy::Poll).count();
    assert_eq!(found, 3, "{what}");
    rig.audited().await;
}

#[tokio::test(start_paused = true)]
async fn whatever_is_ignored_in_a_question_everything_arrives() {
    let cases: [(&str, Change<Ignores>, bool); 10] = [
        ("contact filters", |it| it.contact_filters = true, true),
        ("contact scopes", |it| it.contact_scopes = true, true),
        ("the contact cursor", |it| it.contact_cursor = true, true),
        // A cursor that does not advance is no complete reading; who entered is read all the same.
        ("contact orders", |it| it.contact_orders = true, false),
        ("include", |it| it.include = true, true),
        ("the sideload of enrollments", |it| it.automation_sideload = true, true),
        ("the automation's filters", |it| it.automation_filters = true, true),
        ("enrollment filters", |it| it.enrollment_filters = true, true),
        ("enrollment orders", |it| it.enrollment_orders = true, true),
        ("enrollment pages", |it| it.enrollment_pages = true, true),
    ];
    for (what, ignore, complete) in cases {
        let mut switches = Switches::default();
        ignore(&mut switches.ignores);
        all_arrive(what, switches, complete).await;
    }
}

#[tokio::test(start_paused = true)]
async fn however_an_answer_looks_everything_arrives() {
    let cases: [(&str, Change<Shape>); 6] = [
        ("plain", |it| it.plain = true),
        ("swapped numbers", |it| it.swapped_numbers = true),
        ("zero dates", |it| it.zero_dates = true),
        ("absent keys", |it| it.absent_keys = true),
        ("empty links", |it| it.empty_links = true),
        ("JSON as HTML", |it| it.html_type = true),
    ];
    for (what, shape) in cases {
        let mut switches = Switches::default();
        shape(&mut switches.shape);
        all_arrive(what, switches, true).await;
    }
    for adddate in [AddDate::NoOffset, AddDate::Null, AddDate::Zero] {
        let mut switches = Switches::default();
        switches.shape.adddate = adddate;
        all_arrive(&format!("{adddate:?}"), switches, true).await;
    }
}

#[tokio::test(start_paused = true)]
async fn whatever_else_is_not_known_everything_arrives() {
    let cases: [(&str, Change<Switches>); 7] = [
        ("not found as 403", |it| it.not_found_as_403 = true),
        ("forbidden as a list", |it| it.forbidden_as_list = true),
        ("HTML errors", |it| it.html_errors = true),
        ("a stale echo", |it| it.stale_echo = true),
        ("limits refused", |it| it.limit_above_maximum = LimitAboveMaximum::Refused),
        ("the older body", |it| it.webhooks.older_body = true),
        ("empty fields", |it| it.webhooks.empty_fields = true),
    ];
    for (what, switch) in cases {
        let mut switches = Switches::default();
        switch(&mut switches);
        all_arrive(what, switches, true).await;
    }
    let moves = UdateMoves {
        tag_added: false,
        tag_removed: true,
        field_cleared: true,
        subscribed: true,
        account_linked: true,
        automation_entered: true,
        automation_left: true,
        merged: true,
        engaged: true,
    };
    all_arrive("stamps move", Switches { moves, ..Switches::default() }, true).await;
}

#[tokio::test(start_paused = true)]
async fn a_cursor_that_does_not_move_makes_the_poll_partial_and_hides_nobody() {
    let ignores = Ignores { contact_cursor: true, ..Ignores::default() };
    let activecampaign = Switches { ignores, ..Switches::default() };
    let rig = Rig::with(Setup { activecampaign, ..Setup::default() }).await;
    for number in 0..120 {
        let who = NewContact::new(&format!("contato{number}@example.com"));
        rig.activecampaign.create_contact(who).unwrap();
    }
    rig.enters_unnoticed(ana(), 1);
    rig.pass(Duration::from_mins(3)).await;
    let poll = rig.poll().await;
    assert_eq!(poll["outcome"], "partial");
    assert!(poll["reason"].as_str().unwrap().contains("cursor"), "{poll}");
    rig.settled().await;
    assert_eq!(rig.lead().await.found_by, FoundBy::Poll);
}

#[tokio::test(start_paused = true)]
async fn a_filter_that_is_ignored_is_said() {
    for ignored in [false, true] {
        let ignores = Ignores { contact_filters: ignored, ..Ignores::default() };
        let activecampaign = Switches { ignores, ..Switches::default() };
        let rig = Rig::with(Setup { activecampaign, ..Setup::default() }).await;
        rig.enters(ana(), 1).await;
        rig.settled().await;
        rig.poll().await;
        // Four days on: what a poll asks for is younger than her last change.
        rig.clock.step(TimeDelta::days(4));
        rig.poll().await;
        let poll = rig.poll().await;
        assert_eq!(poll["outcome"], "complete");
        assert_eq!(poll["routes"][0]["filter_ignored"], ignored, "{poll}");
        assert_eq!(poll["routes"][0]["changed"], 0, "{poll}");
    }
}
