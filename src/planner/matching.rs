//! Pairs deliveries with enrollments: which webhook made which lead, and which never came.
//!
//! A webhook says neither which pass through the automation it belongs to nor when it was sent,
//! so the pairing goes by time. All times here are on `ActiveCampaign`'s own clock: the caller
//! shifts arrivals by the difference that the `Date` header showed.

use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::{DeliveryId, EnrollmentId, LeadId};

/// How far the enrollment's stamp may lie after its webhook's arrival.
///
/// The row is stamped before the webhook is sent; what is left is the difference between two
/// clocks, and ten minutes is what a machine without time service drifts in a season.
pub const CLOCKS_APART_MAX: TimeDelta = TimeDelta::minutes(10);

/// A delivery that waits for its fate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arrival {
    /// Which.
    pub delivery: DeliveryId,
    /// When it came, on AC's clock.
    pub at: DateTime<Utc>,
}

/// An enrollment that AC shows now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// The row's id; `None` on routes without an automation.
    pub enrollment: Option<EnrollmentId>,
    /// When the contact entered, or when the row was first seen where AC gives no time.
    pub entered_at: DateTime<Utc>,
    /// The lead that holds it.
    pub lead: Option<LeadId>,
}

/// A lead of the contact on the route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Holder {
    /// Which.
    pub lead: LeadId,
    /// When its contact entered.
    pub entered_at: Option<DateTime<Utc>>,
    /// Whether a delivery came for it.
    pub delivered: bool,
}

/// The route's rules for pairing, and the time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// How long after the enrollment the webhook may still come.
    pub expect_within: TimeDelta,
    /// Enrollments before this are leads only where their webhook came.
    pub since: DateTime<Utc>,
    /// Now, on AC's clock.
    pub now: DateTime<Utc>,
    /// Whether an enrollment without a delivery becomes a lead: a poll or reconciliation asks.
    pub finds: bool,
}

/// What becomes of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// It makes a lead of this entry.
    Apply(usize),
    /// It joins a lead that was there.
    Merge(LeadId),
    /// It joins the lead that this entry becomes in the same pairing.
    MergeNew(usize),
    /// AC may be behind: look again then.
    Wait(DateTime<Utc>),
    /// The contact never entered the route.
    Quarantine,
}

/// What an enrollment is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// A lead holds it.
    Held(LeadId),
    /// Its delivery came: it becomes a lead now.
    Applied,
    /// Its webhook may still come until then.
    Waiting(DateTime<Utc>),
    /// Its webhook is due and never came.
    Missed,
    /// It is older than the route's `since`.
    Excluded,
}

/// The result of a pairing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Pairing {
    /// One decision for each arrival, in the order given.
    pub decisions: Vec<Decision>,
    /// One class for each entry, in the order given.
    pub classes: Vec<Class>,
    /// When something here may turn out otherwise.
    pub look_again: Option<DateTime<Utc>>,
}

impl Pairing {
    /// Whether this entry becomes a lead now.
    pub fn makes_lead(&self, entry: usize, terms: Terms) -> bool {
        match self.classes.get(entry) {
            Some(Class::Applied) => true,
            Some(Class::Missed) => terms.finds,
            _ => false,
        }
    }
}

/// Pairs `arrivals` (in order of arrival) with `entries`.
///
/// Each delivery belongs to the oldest entry without a lead inside
/// `[arrival − expect_within, arrival + 10 min]`, else to the newest older one without a lead. One
/// that finds none joins the newest lead without a delivery, else the newest lead. Entries left
/// over wait while young, or while a delivery of the contact waits, and are missed when older.
pub fn pair(arrivals: &[Arrival], entries: &[Entry], leads: &[Holder], terms: Terms) -> Pairing {
    let mut taken: Vec<bool> = entries.iter().map(|it| it.lead.is_some()).collect();
    let mut applied: Vec<usize> = Vec::new();
    let mut holders = leads.to_vec();
    let mut decisions = Vec::with_capacity(arrivals.len());
    for arrival in arrivals {
        let decision = match entry_for(*arrival, entries, &taken, terms, holders.is_empty()) {
            Some(entry) => {
                taken[entry] = true;
                applied.push(entry);
                Decision::Apply(entry)
            }
            None => join(&mut holders, entries, &applied)
                .unwrap_or_else(|| wait_or_quarantine(*arrival, terms)),
        };
        decisions.push(decision);
    }
    let waiting_until = decisions.iter().filter_map(|it| match it {
        Decision::Wait(until) => Some(*until),
        _ => None,
    });
    let delivery_waits = waiting_until.max();
    let classes: Vec<Class> = entries
        .iter()
        .enumerate()
        .map(|(index, entry)| match entry.lead {
            Some(lead) => Class::Held(lead),
            None if applied.contains(&index) => Class::Applied,
            None => left_over(entry, delivery_waits, terms),
        })
        .collect();
    let look_again = classes
        .iter()
        .filter_map(|it| match it {
            Class::Waiting(until) if terms.finds => Some(*until),
            _ => None,
        })
        .chain(delivery_waits)
        .min();
    Pairing { decisions, classes, look_again }
}

/// The entry a delivery belongs to.
fn entry_for(
    arrival: Arrival,
    entries: &[Entry],
    taken: &[bool],
    terms: Terms,
    no_lead_yet: bool,
) -> Option<usize> {
    let free = || entries.iter().enumerate().filter(|(index, _)| !taken[*index]);
    let by_age = |(_, entry): &(usize, &Entry)| (entry.entered_at, entry.enrollment);
    let earliest = arrival.at - terms.expect_within;
    let latest = arrival.at + CLOCKS_APART_MAX;
    let inside =
        free().filter(|(_, it)| (earliest..=latest).contains(&it.entered_at)).min_by_key(by_age);
    let older = || free().filter(|(_, it)| it.entered_at < earliest).max_by_key(by_age);
    // Clocks further apart than anybody should have them: once waiting has brought nothing
    // better, a delivery of a contact without any lead is still a delivery of that contact.
    let newer = || {
        let overdue = terms.now >= arrival.at + terms.expect_within;
        free().filter(|_| no_lead_yet && overdue).min_by_key(by_age)
    };
    inside.or_else(older).or_else(newer).map(|(index, _)| index)
}

/// The lead that a delivery without an entry joins: the newest without a delivery, else the newest.
fn join(holders: &mut [Holder], entries: &[Entry], applied: &[usize]) -> Option<Decision> {
    let newest_new = applied.iter().copied().max_by_key(|index| entries[*index].entered_at);
    let newest = |delivered: Option<bool>| {
        holders
            .iter()
            .enumerate()
            .filter(|(_, it)| delivered.is_none_or(|wanted| it.delivered == wanted))
            .max_by_key(|(_, it)| (it.entered_at, it.lead))
            .map(|(index, _)| index)
    };
    if let Some(index) = newest(Some(false)) {
        holders[index].delivered = true;
        return Some(Decision::Merge(holders[index].lead));
    }
    match (newest(None), newest_new) {
        (Some(index), Some(new)) if holders[index].entered_at > Some(entries[new].entered_at) => {
            Some(Decision::Merge(holders[index].lead))
        }
        (_, Some(new)) => Some(Decision::MergeNew(new)),
        (Some(index), None) => Some(Decision::Merge(holders[index].lead)),
        (None, None) => None,
    }
}

fn wait_or_quarantine(arrival: Arrival, terms: Terms) -> Decision {
    let until = arrival.at + terms.expect_within;
    if terms.now < until { Decision::Wait(until) } else { Decision::Quarantine }
}

fn left_over(entry: &Entry, delivery_waits: Option<DateTime<Utc>>, terms: Terms) -> Class {
    let due = entry.entered_at + terms.expect_within;
    if entry.entered_at < terms.since {
        Class::Excluded
    } else if terms.now < due {
        Class::Waiting(due)
    } else if let Some(until) = delivery_waits {
        Class::Waiting(until)
    } else {
        Class::Missed
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(minutes: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_780_000_000 + minutes * 60, 0).expect("in range")
    }

    fn arrival(id: i64, minutes: i64) -> Arrival {
        Arrival { delivery: DeliveryId(id), at: at(minutes) }
    }

    fn entry(id: i64, minutes: i64) -> Entry {
        Entry { enrollment: Some(EnrollmentId(id)), entered_at: at(minutes), lead: None }
    }

    fn held(id: i64, minutes: i64, lead: i64) -> Entry {
        Entry { lead: Some(LeadId(lead)), ..entry(id, minutes) }
    }

    fn lead(id: i64, minutes: i64, delivered: bool) -> Holder {
        Holder { lead: LeadId(id), entered_at: Some(at(minutes)), delivered }
    }

    fn terms(now: i64) -> Terms {
        Terms {
            expect_within: TimeDelta::minutes(15),
            since: at(-1_000_000),
            now: at(now),
            finds: true,
        }
    }

    #[test]
    fn a_delivery_makes_a_lead_of_the_oldest_entry_in_its_window() {
        let pairing = pair(&[arrival(1, 12)], &[entry(2, 11), entry(1, 10)], &[], terms(12));
        assert_eq!(pairing.decisions, [Decision::Apply(1)]);
        assert_eq!(pairing.classes, [Class::Waiting(at(26)), Class::Applied]);
        assert_eq!(pairing.look_again, Some(at(26)));
    }

    #[test]
    fn a_late_delivery_belongs_to_the_newest_older_entry() {
        let pairing = pair(&[arrival(1, 100)], &[entry(1, 10), entry(2, 20)], &[], terms(100));
        assert_eq!(pairing.decisions, [Decision::Apply(1)]);
        assert_eq!(pairing.classes, [Class::Missed, Class::Applied]);
    }

    #[test]
    fn two_deliveries_of_one_entry_give_one_lead() {
        let arrivals = [arrival(1, 11), arrival(2, 11)];
        let pairing = pair(&arrivals, &[entry(1, 10)], &[], terms(11));
        assert_eq!(pairing.decisions, [Decision::Apply(0), Decision::MergeNew(0)]);
    }

    #[test]
    fn a_delivery_after_its_repair_joins_the_repaired_lead() {
        let leads = [lead(7, 10, false), lead(8, 12, true)];
        let entries = [held(1, 10, 7), held(2, 12, 8)];
        let pairing = pair(&[arrival(1, 40)], &entries, &leads, terms(40));
        assert_eq!(pairing.decisions, [Decision::Merge(LeadId(7))]);
    }

    #[test]
    fn two_late_deliveries_join_two_undelivered_leads() {
        let leads = [lead(7, 10, false), lead(8, 12, false)];
        let entries = [held(1, 10, 7), held(2, 12, 8)];
        let pairing = pair(&[arrival(1, 40), arrival(2, 41)], &entries, &leads, terms(41));
        assert_eq!(pairing.decisions, [Decision::Merge(LeadId(8)), Decision::Merge(LeadId(7))]);
    }

    #[test]
    fn a_delivery_of_a_stranger_waits_and_is_then_quarantined() {
        let early = pair(&[arrival(1, 10)], &[], &[], terms(11));
        assert_eq!(early.decisions, [Decision::Wait(at(25))]);
        assert_eq!(early.look_again, Some(at(25)));
        let late = pair(&[arrival(1, 10)], &[], &[], terms(25));
        assert_eq!(late.decisions, [Decision::Quarantine]);
    }

    #[test]
    fn a_webhook_that_came_is_a_lead_although_it_is_older_than_since() {
        let terms = Terms { since: at(50), ..terms(11) };
        let pairing = pair(&[arrival(1, 11)], &[entry(1, 10), entry(2, -100)], &[], terms);
        assert_eq!(pairing.decisions, [Decision::Apply(0)]);
        assert_eq!(pairing.classes, [Class::Applied, Class::Excluded]);
    }

    #[test]
    fn an_entry_is_missed_only_when_it_is_due() {
        assert_eq!(pair(&[], &[entry(1, 10)], &[], terms(24)).classes, [Class::Waiting(at(25))]);
        assert_eq!(pair(&[], &[entry(1, 10)], &[], terms(25)).classes, [Class::Missed]);
    }

    #[test]
    fn clocks_far_apart_still_pair_after_waiting() {
        let entries = [entry(1, 40)];
        let early = pair(&[arrival(1, 10)], &entries, &[], terms(12));
        assert_eq!(early.decisions, [Decision::Wait(at(25))]);
        let late = pair(&[arrival(1, 10)], &entries, &[], terms(25));
        assert_eq!(late.decisions, [Decision::Apply(0)]);
    }

    proptest! {
        /// However deliveries and entries lie in time, no entry is used twice, each delivery gets
        /// a decision, and nothing that is due stays without a class.
        #[test]
        fn no_entry_makes_two_leads(
            arrivals in prop::collection::vec(0_i64..200, 0..8),
            entered in prop::collection::vec(0_i64..200, 0..8),
            now in 0_i64..400,
        ) {
            let mut arrivals = arrivals;
            arrivals.sort_unstable();
            let arrivals: Vec<Arrival> =
                (1..).zip(&arrivals).map(|(id, at)| arrival(id, *at)).collect();
            let entries: Vec<Entry> = (1..).zip(&entered).map(|(id, at)| entry(id, *at)).collect();
            let pairing = pair(&arrivals, &entries, &[], terms(now));
            prop_assert_eq!(pairing.decisions.len(), arrivals.len());
            prop_assert_eq!(pairing.classes.len(), entries.len());
            let mut used: Vec<usize> = pairing.decisions.iter().filter_map(|it| match it {
                Decision::Apply(entry) => Some(*entry),
                _ => None,
            }).collect();
            let count = used.len();
            used.sort_unstable();
            used.dedup();
            prop_assert_eq!(used.len(), count);
            for (index, class) in pairing.classes.iter().enumerate() {
                prop_assert_eq!(*class == Class::Applied, used.contains(&index));
            }
        }
    }
}
