//! Any course of events: each cause is told in order, and never twice.

use chrono::TimeZone as _;
use proptest::prelude::*;

use super::*;
use crate::ledger::alert::Event;

fn at(hour: i64) -> DateTime<Utc> {
    Utc.timestamp_opt(1_781_000_000 + hour * 3600, 0).unwrap()
}

fn cause(count: i64) -> Cause {
    Cause {
        key: Key { event: Event::FailedLeads, subject: "site".to_owned() },
        route: Some("site".to_owned()),
        count,
        leads: Vec::new(),
        since: at(0),
        run: None,
        text: format!("{count} leads failed"),
    }
}

fn holding(count: i64) -> Causes {
    Causes { holding: vec![cause(count)], ..Causes::default() }
}

fn unknown() -> Causes {
    Causes { undecided: [cause(0).key].into(), ..Causes::default() }
}

/// The ledger's row of one cause, and what was told about it.
#[derive(Default)]
struct Told {
    kept: Option<Alert>,
    messages: Vec<(Owed, i64)>,
}

impl Told {
    fn look(&mut self, seen: &Causes, hour: i64) {
        let changes = advance(self.kept.clone().into_iter().collect(), seen, at(hour));
        assert!(changes.len() <= 1);
        if let Some(change) = changes.into_iter().next() {
            self.kept = Some(change.alert);
        }
    }

    fn tell(&mut self, hour: i64) {
        if let Some((owed, alert)) = self.kept.clone().and_then(|it| Some((it.owed?, it))) {
            self.messages.push((owed, alert.count));
            self.kept = taken(alert, at(hour));
        }
    }
}

#[test]
fn a_cause_is_told_once_then_daily_and_at_its_end() {
    use Owed::{Raised, Reminder, Resolved};
    let mut told = Told::default();
    for hour in 0..60 {
        told.look(&holding(hour), hour);
        told.tell(hour);
    }
    assert_eq!(told.messages, [(Raised, 0), (Reminder, 24), (Reminder, 48)]);
    for hour in 60..200 {
        told.look(&Causes::default(), hour);
        told.tell(hour);
    }
    assert_eq!(told.messages[3..], [(Resolved, 59)]);
    assert_eq!(told.kept, None);
}

#[test]
fn what_nobody_can_say_is_neither_over_nor_reminded_of() {
    let mut told = Told::default();
    told.look(&holding(1), 0);
    told.tell(0);
    told.look(&unknown(), 30);
    told.tell(30);
    assert_eq!(told.messages.len(), 1);
    told.look(&holding(1), 31);
    told.tell(31);
    assert_eq!(told.messages[1..], [(Owed::Reminder, 1)]);
}

#[test]
fn what_ended_before_it_was_told_is_told_and_then_its_end() {
    let mut told = Told::default();
    told.look(&holding(1), 0);
    told.look(&Causes::default(), 1);
    assert!(told.messages.is_empty());
    told.tell(2);
    told.tell(2);
    assert_eq!(told.messages, [(Owed::Raised, 1), (Owed::Resolved, 1)]);
    assert_eq!(told.kept, None);
}

#[test]
fn what_comes_back_before_its_end_was_told_never_ended() {
    let mut told = Told::default();
    told.look(&holding(1), 0);
    told.tell(0);
    told.look(&Causes::default(), 1);
    told.look(&holding(2), 2);
    told.tell(2);
    assert_eq!(told.messages, [(Owed::Raised, 1)]);
    let kept = told.kept.unwrap();
    assert_eq!((kept.is_over, kept.owed, kept.since), (false, None, at(0)));
}

#[test]
fn a_message_that_was_put_off_keeps_its_time() {
    for owed in [Owed::Raised, Owed::Reminder] {
        let told_at = (owed == Owed::Reminder).then(|| at(0));
        let raised = raised(&cause(1), at(0));
        let kept = Alert { owed: Some(owed), told_at, attempts: 3, due_at: at(31), ..raised };
        assert_eq!(advance(vec![kept], &holding(1), at(30)), []);
    }
}

#[test]
fn the_end_of_a_cause_is_said_once() {
    let mut told = Told::default();
    told.look(&holding(1), 0);
    let kept = told.kept.clone().unwrap();
    let first = advance(vec![kept], &Causes::default(), at(1));
    assert!(first[0].ends);
    assert_eq!(advance(vec![first[0].alert.clone()], &Causes::default(), at(2)), []);
}

proptest! {
    #[test]
    fn any_course_is_told_in_order(steps in prop::collection::vec((0..3_u8, any::<bool>(), 0..40_i64), 0..60)) {
        let (mut told, mut hour, mut last) = (Told::default(), 0, 0);
        for (what, is_taken, passes) in steps {
            hour += passes;
            let seen = match what {
                0 => Causes::default(),
                1 => holding(hour),
                _ => unknown(),
            };
            if what < 2 {
                last = what;
            }
            told.look(&seen, hour);
            if is_taken {
                told.tell(hour);
            }
        }
        // All that is owed goes out in the end.
        told.tell(hour);
        told.tell(hour);
        prop_assert_eq!(told.kept.as_ref().and_then(|it| it.owed), None);
        prop_assert_eq!(told.kept.is_some(), last == 1);
        let mut is_open = false;
        for (owed, _) in told.messages {
            prop_assert_eq!(owed == Owed::Raised, !is_open);
            is_open = owed != Owed::Resolved;
        }
    }
}
