//! A calm moment, and what each thing that is wrong makes of it.

use std::str::FromStr;

use chrono::TimeDelta;
use chrono_tz::Tz;
use croner::Cron;
use serde_json::json;

use super::*;
use crate::{
    domain::{LeadId, RouteId},
    engine::alerts::{
        disk::Room,
        snapshot::{ApiSigns, RouteSigns, RunSigns},
    },
    ledger::{
        run::{Kind, Outcome},
        signs::{Ended, Group, Missed, Started},
    },
    transport::KeyState,
};

fn at(text: &str) -> DateTime<Utc> {
    text.parse().expect("a time")
}

fn now() -> DateTime<Utc> {
    at("2026-06-10T15:00:30Z")
}

fn minutes(minutes: i64) -> TimeDelta {
    TimeDelta::minutes(minutes)
}

fn runs(kind: Kind, cron: &str, began: &str) -> RunSigns {
    let (at, run) = (at(began), RunId(7));
    let (mode, detail) = match kind {
        Kind::Poll => (None, json!({ "routes": [] })),
        Kind::Reconcile => (
            Some("repair".to_owned()),
            json!({ "routes": [{ "route": "site", "missed": 0 }], "over_max_repairs": false,
                    "drift": [{ "lead": "site/1", "kind": "edited" }] }),
        ),
    };
    RunSigns {
        kind,
        cron: Cron::from_str(cron).expect("a cron expression"),
        started: Some(Started { run, at, is_running: false }),
        ended: Some(Ended {
            run,
            at,
            outcome: Outcome::Complete,
            mode,
            detail: detail.to_string(),
        }),
    }
}

fn api(name: &'static str) -> ApiSigns {
    ApiSigns { name, key: KeyState::Accepted, ahead: Some(TimeDelta::seconds(3)) }
}

/// Everything is well.
fn calm() -> Snapshot {
    Snapshot {
        now: now(),
        zone: Tz::America__Sao_Paulo,
        awake_since: at("2026-06-01T00:00:00Z"),
        silence: TimeDelta::hours(6),
        routes: vec![RouteSigns {
            id: RouteId(1),
            name: "site".to_owned(),
            first_start: at("2026-06-01T00:00:00Z"),
            is_held: Some(false),
            waiting: 0,
            missed: None,
            is_looking: false,
            last_delivery: Some(now() - minutes(5)),
            unannounced: (0, Vec::new()),
            reported: Vec::new(),
        }],
        failed: Vec::new(),
        quarantined: Vec::new(),
        polls: runs(Kind::Poll, "0 */5 * * * *", "2026-06-10T15:00:00Z"),
        reconciliations: runs(Kind::Reconcile, "0 0 2 * * *", "2026-06-10T05:00:00Z"),
        last_complete: Some(at("2026-06-10T15:00:00Z")),
        unknown_tokens: 0,
        apis: vec![api("ActiveCampaign"), api("Ploomes")],
        room: Some(Room { free: 50_000_000_000, size: 100_000_000_000 }),
        noticed: BTreeSet::new(),
    }
}

fn after(change: impl FnOnce(&mut Snapshot)) -> Causes {
    let mut snapshot = calm();
    change(&mut snapshot);
    causes(&snapshot)
}

/// The one cause that a change makes.
fn one(change: impl FnOnce(&mut Snapshot)) -> Cause {
    let mut holding = after(change).holding;
    assert_eq!(holding.len(), 1, "{holding:?}");
    holding.remove(0)
}

fn none(change: impl FnOnce(&mut Snapshot)) {
    assert_eq!(after(change).holding, []);
}

fn missed(until: &str) -> Missed {
    Missed {
        count: 3,
        backfill: 0,
        leads: vec!["site/51".to_owned(), "site/52".to_owned(), "site/53".to_owned()],
        since: at("2026-06-10T14:40:00Z"),
        until: at(until),
        newest: LeadId(9),
        run: Some(RunId(5)),
    }
}

fn group(count: i64) -> Group {
    let leads = (1..=20).map(|number| format!("site/{number}")).collect();
    Group { route: "site".to_owned(), count, leads, since: at("2026-06-09T12:00:00Z") }
}

#[test]
fn where_all_is_well_nobody_is_told() {
    assert_eq!(after(|_| ()), Causes::default());
}

#[test]
fn missed_leads_are_told_with_route_run_and_names() {
    let cause = one(|it| it.routes[0].missed = Some(missed("2026-06-10T15:00:10Z")));
    insta::assert_snapshot!(cause.text, @"3 leads of route site had no webhook. A poll or reconciliation found them, the first at 2026-06-10 11:40:00, and brings them into Ploomes. If there are more of them, look at the webhook in ActiveCampaign.");
    assert_eq!((cause.key.event, cause.count), (Event::MissedLeads, 3));
    assert_eq!((cause.route.as_deref(), cause.run), (Some("site"), Some(RunId(5))));
    assert_eq!(cause.leads, ["site/51", "site/52", "site/53"]);
    assert_eq!(cause.since, at("2026-06-10T14:40:00Z"));
}

#[test]
fn missed_leads_are_over_once_a_later_complete_run_found_none_and_not_before_they_were_noticed() {
    let found = |until: &str, noticed: bool, looking: bool| {
        let mut snapshot = calm();
        snapshot.routes[0].missed = Some(missed(until));
        snapshot.routes[0].is_looking = looking;
        if noticed {
            snapshot.noticed.insert(snapshot.routes[0].missed_key());
        }
        !causes(&snapshot).holding.is_empty()
    };
    let (before, after) = ("2026-06-10T14:59:50Z", "2026-06-10T15:00:10Z");
    assert!(found(before, false, false), "news are told, even where a run was clean since");
    assert!(found(after, true, false), "no run looked since");
    assert!(found(before, true, true), "what that run asked about is not looked at yet");
    assert!(!found(before, true, false));
}

#[test]
fn leads_of_before_the_first_start_are_named_as_such() {
    let missed = Missed { backfill: 2, ..missed("2026-06-10T15:00:10Z") };
    let cause = one(|it| it.routes[0].missed = Some(missed));
    assert!(cause.text.contains(" 2 of them entered before the route's first start."));
}

#[test]
fn a_reconciliation_that_only_reports_tells_what_it_found() {
    let report = |it: &mut Snapshot, over: bool| {
        let run = it.reconciliations.ended.as_mut().unwrap();
        run.mode = Some("report".to_owned());
        run.detail = json!({ "routes": [{ "route": "shop", "missed": 9 },
                                        { "route": "site", "missed": 2 }],
                             "over_max_repairs": over })
        .to_string();
        it.routes[0].reported = vec!["site/51".to_owned(), "site/52".to_owned()];
    };
    let cause = one(|it| report(it, false));
    assert_eq!((cause.key.event, cause.count), (Event::MissedLeads, 2));
    assert_eq!((cause.leads.len(), cause.run), (2, Some(RunId(7))));
    assert_ne!(cause.key, calm().routes[0].missed_key());
    assert_eq!(one(|it| report(it, true)).key.event, Event::MaxRepairs);
}

#[test]
fn failed_leads_are_counted_and_the_first_twenty_named() {
    let cause = one(|it| it.failed = vec![group(1)]);
    insta::assert_snapshot!(cause.text, @"1 lead of route site failed: a person is needed. `ponte leads --state failed` says why, `ponte retry --failed` tries again.");
    let mut many = group(73);
    many.leads.push("site/21".to_owned());
    let cause = one(|it| it.failed = vec![many]);
    assert_eq!((cause.key.event, cause.count), (Event::FailedLeads, 73));
    assert_eq!(cause.leads.len(), LEADS_MAX);
    assert_eq!(cause.since, at("2026-06-09T12:00:00Z"));
}

#[test]
fn quarantined_deliveries_name_no_lead() {
    let cause = one(|it| it.quarantined = vec![group(4)]);
    assert_eq!((cause.key.event, cause.count), (Event::Quarantined, 4));
    assert_eq!((cause.route.as_deref(), cause.leads.len()), (Some("site"), 0));
}

#[test]
fn a_route_that_is_held_is_told_and_one_that_nobody_knows_of_stays_as_it_is() {
    let cause = one(|it| {
        it.routes[0].is_held = Some(true);
        it.routes[0].waiting = 12;
    });
    assert_eq!((cause.key.event, cause.count), (Event::FailedLeads, 12));
    assert!(cause.text.contains("12 leads wait"), "{}", cause.text);
    let unknown = after(|it| it.routes[0].is_held = None);
    assert_eq!((unknown.holding.len(), unknown.undecided.contains(&cause.key)), (0, true));
}

#[test]
fn silence_is_no_delivery_for_so_long_although_somebody_entered() {
    let silent = |hours, entered| {
        move |it: &mut Snapshot| {
            it.routes[0].last_delivery = Some(now() - TimeDelta::hours(hours));
            it.routes[0].unannounced = (entered, vec!["site/51".to_owned()]);
        }
    };
    none(silent(5, 2));
    none(silent(50, 0));
    let cause = one(silent(6, 2));
    assert_eq!((cause.key.event, cause.count), (Event::Silence, 2));
    assert_eq!(cause.since, now() - TimeDelta::hours(6));
    for likely in ["URL", "TLS", "firewall", "automation or its webhook step is off"] {
        assert!(cause.text.contains(likely), "{}", cause.text);
    }
    let never = one(|it| {
        silent(0, 2)(it);
        it.routes[0].last_delivery = None;
    });
    assert_eq!(never.since, calm().routes[0].first_start);
}

#[test]
fn a_partial_run_is_told_by_its_kind() {
    let partial = |runs: &mut RunSigns| runs.ended.as_mut().unwrap().outcome = Outcome::Partial;
    let poll = one(|it| partial(&mut it.polls));
    assert_eq!((poll.key.event, poll.run), (Event::PartialRun, Some(RunId(7))));
    assert_eq!(poll.key.subject, "poll");
    let both = after(|it| {
        partial(&mut it.polls);
        partial(&mut it.reconciliations);
    });
    assert_eq!(both.holding.len(), 2);
}

#[test]
fn a_run_is_late_after_twice_its_interval_or_an_hour() {
    let polled = |began: &'static str| {
        move |it: &mut Snapshot| it.polls.started.as_mut().unwrap().at = at(began)
    };
    // Due at 14:50, so late after 15:00.
    none(polled("2026-06-10T14:50:00Z"));
    let cause = one(polled("2026-06-10T14:49:00Z"));
    assert_eq!((cause.key.event, cause.key.subject.as_str()), (Event::LateRun, "poll"));
    assert_eq!(cause.since, at("2026-06-10T14:50:00Z"));
    // In São Paulo it is 02:00 at 05:00: an hour later somebody knows.
    let reconciled = |moment: &'static str| {
        move |it: &mut Snapshot| {
            it.now = at(moment);
            it.polls.started.as_mut().unwrap().at = it.now;
        }
    };
    none(reconciled("2026-06-11T06:00:00Z"));
    let cause = one(reconciled("2026-06-11T06:00:01Z"));
    assert_eq!(cause.key.subject, "reconciliation");
}

#[test]
fn what_was_due_while_nobody_was_there_is_caught_up_and_not_late() {
    none(|it| {
        it.polls.started.as_mut().unwrap().at = at("2026-06-08T00:00:00Z");
        it.reconciliations.started.as_mut().unwrap().at = at("2026-06-08T00:00:00Z");
        it.awake_since = now() - minutes(1);
    });
}

#[test]
fn a_run_that_never_began_is_late_once_its_time_has_passed() {
    none(|it| {
        it.polls.started = None;
        it.awake_since = now() - minutes(4);
    });
    let cause = one(|it| it.polls.started = None);
    assert!(cause.text.contains("there never was one"), "{}", cause.text);
    assert_eq!(cause.run, None);
}

#[test]
fn a_clock_stepped_back_makes_no_run_late() {
    none(|it| it.polls.started.as_mut().unwrap().at = now() + TimeDelta::days(300));
}

#[test]
fn more_than_may_be_repaired_is_told_with_its_number() {
    let cause = one(|it| {
        it.reconciliations.ended.as_mut().unwrap().detail =
            json!({ "routes": [{ "route": "site", "missed": 1500 }, { "route": "shop", "missed": 7 }],
                    "over_max_repairs": true })
            .to_string();
    });
    assert_eq!((cause.key.event, cause.count), (Event::MaxRepairs, 1507));
    assert!(cause.text.contains("`ponte reconcile --all`"), "{}", cause.text);
}

#[test]
fn doubles_that_a_reconciliation_found_name_their_leads() {
    let double = |lead: &str, record: &str| json!({ "lead": lead, "record": record, "id": 5, "kind": "duplicated" });
    let cause = one(|it| {
        it.reconciliations.ended.as_mut().unwrap().detail = json!({ "drift": [
            double("site/1", "person"), double("site/1", "deal"),
            { "lead": "site/2", "kind": "edited" }, double("site/3", "deal")] })
        .to_string();
    });
    assert_eq!((cause.key.event, cause.count), (Event::DuplicateFound, 3));
    assert_eq!(cause.leads, ["site/1", "site/3"]);
}

#[test]
fn a_key_that_is_refused_is_told_and_one_that_was_not_used_yet_stays_as_it_is() {
    let since = at("2026-06-10T14:00:00Z");
    for (index, setting) in [(0, "activecampaign.api_key"), (1, "ploomes.user_key")] {
        let cause = one(|it| it.apis[index].key = KeyState::Refused(since));
        assert_eq!((cause.key.event, cause.since), (Event::WrongKey, since));
        assert!(cause.text.contains(setting), "{}", cause.text);
        let unknown = after(|it| it.apis[index].key = KeyState::Unknown);
        assert_eq!((unknown.holding.len(), unknown.undecided.contains(&cause.key)), (0, true));
    }
}

#[test]
fn clocks_may_differ_by_two_minutes_and_no_more() {
    let differ =
        |seconds| move |it: &mut Snapshot| it.apis[1].ahead = Some(TimeDelta::seconds(seconds));
    none(differ(120));
    none(differ(-120));
    let ahead = one(differ(121));
    insta::assert_snapshot!(ahead.text, @"The clock of Ploomes is 121 s ahead of the clock of this machine. Look whether time synchronisation runs here.");
    assert!(one(differ(-500)).text.contains("500 s behind the clock"));
    let unknown = after(|it| it.apis[1].ahead = None);
    assert_eq!((unknown.holding.len(), unknown.undecided.contains(&ahead.key)), (0, true));
}

#[test]
fn strangers_and_a_full_disk_are_told() {
    let cause = one(|it| it.unknown_tokens = 4);
    assert_eq!((cause.key.event, cause.count), (Event::UnknownToken, 4));
    let full = Room { free: 400_000_000, size: 100_000_000_000 };
    let cause = one(|it| it.room = Some(full));
    assert_eq!(cause.key.event, Event::Disk);
    assert!(cause.text.contains("400 MB free of 100000 MB"), "{}", cause.text);
    let unknown = after(|it| it.room = None);
    assert_eq!((unknown.holding.len(), unknown.undecided.contains(&cause.key)), (0, true));
}
