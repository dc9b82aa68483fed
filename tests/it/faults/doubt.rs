//! A write whose answer never came: looked for, adopted where it happened, and sent again only
//! after two looks where it did not.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use http::Method;
use ponte::{
    domain::{AutomationId, LeadState},
    ledger::{lead, work},
    simulator::{
        activecampaign::{ContactChange, NewContact},
        fault::{Fault, Target, When},
        ploomes::Switches,
    },
};
use serde_json::json;

use crate::rig::{EVENT, PATIENCE, Rig, SITE, Setup, ana, bruno, status};

/// `ploomes.settle` and `ploomes.timeout`, as configured by default.
const SETTLE: TimeDelta = TimeDelta::seconds(30);
const TIMEOUT: TimeDelta = TimeDelta::seconds(30);

/// The writes of a lead, and the faults that let those before them pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Write {
    Company,
    Person,
    Deal,
}

const WRITES: [Write; 3] = [Write::Company, Write::Person, Write::Deal];

impl Write {
    const fn path(self) -> &'static str {
        match self {
            Self::Company | Self::Person => "/Contacts",
            Self::Deal => "/Deals",
        }
    }

    /// Lets `fault` strike this write of the next lead.
    fn struck_by(self, fault: Fault, rig: &Rig) {
        let target = || Target::new(Method::POST, self.path());
        if self == Self::Person {
            // The company goes first, to the same address.
            rig.ploomes.faults().plan(target(), Fault::Slow(Duration::ZERO));
        }
        rig.ploomes.faults().plan(target(), fault);
    }

    /// When this write was sent, each time.
    fn sent(self, rig: &Rig) -> Vec<DateTime<Utc>> {
        let mut sent: Vec<_> = rig.sent("POST", self.path()).iter().map(|it| it.at).collect();
        // Company and person share an address; the company goes first.
        match self {
            Self::Company => drop(sent.pop()),
            Self::Person => drop(sent.remove(0)),
            Self::Deal => {}
        }
        sent
    }
}

/// What may mean either, with the work done or not.
fn faults(when: When) -> Vec<Fault> {
    let mut faults = vec![Fault::Silence(when), Fault::Reset(when)];
    faults.extend([408, 500, 502, 503, 504].map(|code| status(code, when)));
    faults
}

/// How long after it was sent the answer was given up.
fn given_up_after(fault: &Fault) -> TimeDelta {
    if matches!(fault, Fault::Silence(_)) { TIMEOUT } else { TimeDelta::zero() }
}

#[tokio::test(start_paused = true)]
async fn a_write_that_happened_is_found_and_never_sent_again() {
    let only_after = [Fault::Truncated, Fault::Empty];
    for write in WRITES {
        for fault in faults(When::After).into_iter().chain(only_after.clone()) {
            let rig = Rig::start().await;
            write.struck_by(fault.clone(), &rig);
            rig.enters(ana(), 1).await;
            rig.settled().await;
            assert_eq!(rig.ploomes.faults().planned(), 0, "{write:?} {fault:?}");
            assert_eq!(rig.made(), [1, 1, 1, 1], "{write:?} {fault:?}");
            assert_eq!(write.sent(&rig).len(), 1, "{write:?} {fault:?}");
            let lead = rig.lead().await;
            assert_eq!(lead.state, LeadState::Done, "{write:?} {fault:?}");
            assert!(lead.company.is_some() && lead.person.is_some() && lead.deal.is_some());
            rig.audited().await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_write_that_did_not_happen_is_sent_again_after_two_looks() {
    for write in WRITES {
        for fault in faults(When::Before) {
            let rig = Rig::start().await;
            write.struck_by(fault.clone(), &rig);
            rig.enters(ana(), 1).await;
            rig.settled().await;
            assert_eq!(rig.made(), [1, 1, 1, 1], "{write:?} {fault:?}");
            let sent = write.sent(&rig);
            assert_eq!(sent.len(), 2, "{write:?} {fault:?}");
            let given_up = sent[0] + given_up_after(&fault);
            let looks: Vec<_> = rig.sent("GET", "/Contacts?").iter().map(|it| it.at).collect();
            let first = looks.iter().find(|at| **at >= given_up + SETTLE && **at < sent[1]);
            let first = first.unwrap_or_else(|| panic!("{write:?} {fault:?}: no look"));
            let second = looks.iter().find(|at| **at >= *first + SETTLE && **at <= sent[1]);
            assert!(second.is_some(), "{write:?} {fault:?}: no second look");
            let between = looks.iter().filter(|at| **at > given_up && **at < given_up + SETTLE);
            assert_eq!(between.count(), 0, "{write:?} {fault:?}: looked before it had settled");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_note_is_written_at_most_once() {
    for when in [When::Before, When::After] {
        for fault in faults(when) {
            let rig = Rig::start().await;
            rig.ploomes.faults().plan(Target::new(Method::POST, "/Interaction"), fault.clone());
            rig.enters(ana(), 1).await;
            rig.settled().await;
            let written = usize::from(when == When::After);
            assert_eq!(rig.made(), [1, 1, 1, written], "{fault:?}");
            assert_eq!(rig.sent("POST", "/InteractionRecords").len(), 1, "{fault:?}");
            assert_eq!(rig.lead().await.state, LeadState::Done, "{fault:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_update_is_sent_again_and_changes_nothing_else() {
    for when in [When::Before, When::After] {
        for fault in faults(when) {
            let rig = Rig::start().await;
            let contact = rig.enters(ana(), 1).await;
            rig.settled().await;
            rig.pass(Duration::from_mins(2)).await;
            let change =
                ContactChange { last_name: Some("Lima Souza".to_owned()), ..Default::default() };
            rig.activecampaign.update_contact(contact, change).unwrap();
            rig.ploomes.faults().plan(Target::new(Method::PATCH, "/Contacts"), fault.clone());
            rig.poll().await;
            rig.settled().await;
            let times = if when == When::Before { 2 } else { 1 };
            assert_eq!(rig.sent("PATCH", "/Contacts").len(), times, "{fault:?}");
            let lead = rig.lead().await;
            let person = rig.ploomes.contact(lead.person.unwrap().0).unwrap();
            assert_eq!(person["Name"], "Ana Lima Souza", "{fault:?}");
            assert_eq!(lead.state, LeadState::Done, "{fault:?}");
            assert_eq!(rig.made(), [1, 1, 1, 1], "{fault:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_success_that_names_no_record_is_looked_for() {
    let ploomes = Switches { without_id: true, ..Switches::default() };
    let rig = Rig::with(Setup { ploomes, ..Setup::default() }).await;
    rig.enters(ana(), 1).await;
    rig.settled().await;
    // Whether the note was written cannot be known, so it counts as written.
    assert_eq!(rig.made(), [1, 1, 1, 1]);
    assert_eq!(rig.lead().await.state, LeadState::Done);
}

#[tokio::test(start_paused = true)]
async fn a_write_that_shows_late_is_found_at_the_second_look_at_the_latest() {
    let delayed = |delayed_apply| Switches { delayed_apply, ..Switches::default() };
    let lagging = |search_lag| Switches { search_lag, ..Switches::default() };
    for seconds in [1, 29, 31, 55] {
        for make in [delayed, lagging] {
            for write in WRITES {
                let ploomes = make(Duration::from_secs(seconds));
                let rig = Rig::with(Setup { ploomes, ..Setup::default() }).await;
                write.struck_by(Fault::Reset(When::After), &rig);
                rig.enters(ana(), 1).await;
                rig.settled().await;
                assert_eq!(rig.made(), [1, 1, 1, 1], "{write:?} after {seconds} s");
                assert_eq!(write.sent(&rig).len(), 1, "{write:?} after {seconds} s");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_second_lead_of_the_same_person_waits_until_the_first_ones_records_show() {
    for seconds in [2, 29] {
        let lag = Duration::from_secs(seconds);
        let slow = [
            Switches { delayed_apply: lag, ..Switches::default() },
            Switches { search_lag: lag, ..Switches::default() },
        ];
        for ploomes in slow {
            let routes = [SITE, EVENT].concat();
            let rig = Rig::with(Setup { routes, ploomes, ..Setup::default() }).await;
            let contact = rig.enters_unnoticed(ana(), 1);
            rig.activecampaign.enroll(contact, AutomationId(2)).unwrap();
            rig.deliver().await;
            rig.settled().await;
            assert_eq!(rig.made(), [1, 1, 2, 1], "{seconds} s");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn while_a_step_is_in_doubt_its_lead_is_in_doubt_and_never_failed() {
    let rig = Rig::start().await;
    Write::Deal.struck_by(Fault::Reset(When::Before), &rig);
    rig.enters(ana(), 1).await;
    rig.until("the deal is in doubt", PATIENCE, |now| now.leads(LeadState::InDoubt) == 1).await;
    // Nobody answers for longer than leads are given.
    rig.ploomes.faults().stand(Target::any(), status(503, When::Before));
    for _ in 0..90 {
        rig.pass(Duration::from_mins(1)).await;
        assert_eq!(rig.lead().await.state, LeadState::InDoubt);
    }
    rig.ploomes.faults().clear();
    rig.until("it is done", Duration::from_mins(40), |now| now.leads(LeadState::Done) == 1).await;
    assert_eq!(rig.made(), [1, 1, 1, 1]);
}

#[tokio::test(start_paused = true)]
async fn leads_that_share_an_identity_wait_and_others_go_on() {
    let rig = Rig::start().await;
    Write::Company.struck_by(Fault::Silence(When::Before), &rig);
    rig.enters(ana(), 1).await;
    rig.pass(Duration::from_secs(5)).await;
    // A colleague of hers, and somebody who has nothing to do with either.
    let mut colleague = bruno();
    colleague.orgname = ana().orgname;
    colleague.email = "carla@example.com".to_owned();
    colleague.phone = "+55 31 96666-0003".to_owned();
    rig.enters(colleague, 1).await;
    rig.enters(bruno(), 1).await;
    rig.pass(Duration::from_secs(15)).await;
    let now = rig.counts().await;
    assert_eq!((now.leads(LeadState::Done), rig.made()[0]), (1, 1), "the stranger is through");
    rig.settled().await;
    assert_eq!(rig.made(), [2, 3, 3, 3]);
    rig.audited().await;
}

#[tokio::test(start_paused = true)]
async fn a_stop_in_the_middle_of_a_doubt_forgets_nothing() {
    for when in [When::Before, When::After] {
        for write in WRITES {
            let mut rig = Rig::start().await;
            write.struck_by(Fault::Reset(when), &rig);
            rig.enters(ana(), 1).await;
            rig.until("it is in doubt", PATIENCE, |now| now.leads(LeadState::InDoubt) == 1).await;
            rig.pass(Duration::from_secs(20)).await;
            rig.restart().await;
            let restarted = rig.now();
            // A colleague must wait although this process never sent anything.
            let mut colleague = bruno();
            colleague.orgname = ana().orgname;
            rig.enters(colleague, 1).await;
            rig.settled().await;
            assert_eq!(rig.made(), [1, 2, 2, 2], "{write:?} {when:?}");
            let sent = rig.sent("POST", "/");
            let again = sent.iter().find(|it| it.at > restarted).unwrap();
            assert!(again.at >= restarted + SETTLE, "{write:?} {when:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_deal_of_a_moment_ago_withholds_the_next_one_although_it_does_not_show_yet() {
    let guarded = EVENT.replace("skip_if_open_deal = false", "skip_if_open_deal = true");
    let ploomes = Switches { delayed_apply: Duration::from_secs(29), ..Switches::default() };
    let setup = Setup { routes: [SITE, &guarded].concat(), ploomes, ..Setup::default() };
    let rig = Rig::with(setup).await;
    let contact = rig.enters(ana(), 1).await;
    rig.until("the first is done", PATIENCE, |now| now.leads(LeadState::Done) == 1).await;
    rig.activecampaign.enroll(contact, AutomationId(2)).unwrap();
    rig.deliver().await;
    rig.settled().await;
    assert_eq!(rig.counts().await.leads(LeadState::Skipped), 1);
    assert_eq!(rig.made(), [1, 1, 1, 1]);
}

#[tokio::test(start_paused = true)]
async fn many_leads_that_wait_for_one_in_doubt_hold_up_nobody_behind_them() {
    let rig = Rig::start().await;
    Write::Company.struck_by(Fault::Reset(When::Before), &rig);
    rig.enters(ana(), 1).await;
    rig.until("it is in doubt", PATIENCE, |now| now.leads(LeadState::InDoubt) == 1).await;
    for number in 0..80 {
        let colleague = NewContact::new(&format!("colleague{number}@example.com"));
        let colleague = NewContact { orgname: ana().orgname, ..colleague };
        rig.enters_unnoticed(colleague, 1);
    }
    rig.deliver().await;
    // All of them are matched at AC's pace, 4 a second, while the doubt is not settled.
    rig.pass(Duration::from_secs(22)).await;
    let begun = rig.now();
    rig.enters(bruno(), 1).await;
    rig.until("the stranger is through", Duration::from_secs(8), |now| {
        now.leads(LeadState::Done) == 1
    })
    .await;
    assert!(rig.sent("POST", "/Deals").iter().all(|it| it.at >= begun));
}

#[tokio::test(start_paused = true)]
async fn a_doubt_while_a_skipped_lead_is_refreshed_makes_no_deal_of_it() {
    for when in [When::Before, When::After] {
        let routes = SITE.replace("skip_if_open_deal = false", "skip_if_open_deal = true");
        let rig = Rig::with(Setup { routes, ..Setup::default() }).await;
        let person = json!({ "Name": "Ana Lima", "TypeId": 2, "Email": "ana@example.com" });
        let person = rig.ploomes.add_contact(&person).unwrap();
        let open = json!({ "Title": "Negócio em curso", "ContactId": person });
        let open = rig.ploomes.add_deal(&open).unwrap();
        let who = NewContact { orgname: String::new(), ..ana() };
        let contact = rig.enters(who, 1).await;
        rig.until("it is skipped", PATIENCE, |now| now.leads(LeadState::Skipped) == 1).await;
        let reason = rig.lead().await.reason;
        rig.pass(Duration::from_mins(1)).await;
        // Now she has a company, and her deal is won.
        let orgname = Some("Padaria Exemplo".to_owned());
        let change = ContactChange { orgname, ..ContactChange::default() };
        rig.activecampaign.update_contact(contact, change).unwrap();
        rig.ploomes.win(open).unwrap();
        rig.ploomes.faults().plan(Target::new(Method::POST, "/Contacts"), Fault::Reset(when));
        rig.poll().await;
        rig.settled().await;
        assert_eq!(rig.ploomes.faults().planned(), 0);
        // The note says that she came, and was written before.
        assert_eq!(rig.made(), [1, 0, 0, 1], "{when:?}");
        let lead = rig.lead().await;
        assert_eq!((lead.state, lead.reason), (LeadState::Skipped, reason), "{when:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_write_in_doubt_of_a_lead_that_was_settled_meanwhile_is_looked_for_all_the_same() {
    let rig = Rig::start().await;
    Write::Person.struck_by(Fault::Silence(When::After), &rig);
    let contact = rig.enters_unnoticed(ana(), 1);
    let ledger = rig.ledger.clone();
    let now = rig.now();
    // While its person is on its way, the matcher hears that the contact is gone.
    let gone = move || {
        let skipping = ledger.write(move |tx| {
            let lead = lead::of_contact(tx, contact)?.remove(0).id;
            let standing = lead::Standing { reason: Some("gone"), ..Default::default() };
            lead::set_state(tx, lead, LeadState::Skipped, &standing, now)?;
            work::remove(tx, lead)
        });
        futures_util::FutureExt::now_or_never(skipping).expect("it works in place").unwrap();
    };
    rig.before(Target::new(Method::POST, "/Contacts"), || {});
    rig.before(Target::new(Method::POST, "/Contacts"), gone);
    rig.deliver().await;
    rig.pass(Duration::from_mins(10)).await;
    let open = "SELECT (SELECT count(*) FROM step WHERE state IN ('sent', 'in_doubt'))
                     + (SELECT count(*) FROM step_key)";
    let open =
        rig.ledger.read(move |conn| Ok(conn.query_row(open, [], |row| row.get::<_, i64>(0))?));
    assert_eq!(open.await.unwrap(), 0, "a step in doubt holds the person's keys for ever");
    // Whoever has the same company is not held up by it.
    rig.enters(bruno(), 1).await;
    rig.settled().await;
    rig.audited().await;
}
