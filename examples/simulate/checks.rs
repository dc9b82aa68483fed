//! What must be true after every seed, each of its own.
//!
//! They know nothing of how the engine works: they hold the two accounts, what people did and what
//! the ledger tells against each other.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::MutexGuard,
    time::Duration,
};

use chrono::TimeDelta;
use ponte::{
    domain::{AutomationId, ContactId, EnrollmentId, FoundBy, LeadState, RecordId},
    ledger::{
        audit::Outcome,
        explain::{Step, Story},
        leads::Listed,
        report::RunReport,
        run::Outcome as Ended,
        status::Counts,
    },
    simulator::{
        activecampaign::{ActiveCampaign, WebhookFate},
        ploomes::{Did, Ploomes},
    },
};

use super::{
    crowd::{Entered, Truth},
    plan::Plan,
};

/// All that there is when everything has come to rest.
pub(super) struct Facts<'a> {
    pub(super) plan: &'a Plan,
    pub(super) activecampaign: &'a ActiveCampaign,
    pub(super) ploomes: &'a Ploomes,
    pub(super) truth: MutexGuard<'a, Truth>,
    /// All bytes of the ledger and of what lies beside it.
    pub(super) files: Vec<u8>,
    /// Deliveries that the receiver said that it has, by the contact that caused them.
    pub(super) taken: BTreeMap<Option<ContactId>, usize>,
    pub(super) counts: Counts,
    pub(super) leads: Vec<Listed>,
    /// Those of them that were found without a webhook.
    pub(super) found: Vec<Listed>,
    pub(super) audit: Outcome,
    /// What `explain` tells, of everybody who ever was a contact.
    pub(super) stories: Vec<Story>,
    /// The last reconciliation, after which nothing was left to do.
    pub(super) last: Option<RunReport>,
}

type Check = fn(&Facts<'_>) -> Vec<String>;

/// The checkers, by name.
const CHECKS: [(&str, Check); 14] = [
    ("balance", balance),
    ("chain", chain),
    ("kept", kept),
    ("settled", settled),
    ("one lead", one_lead),
    ("one deal", one_deal),
    ("one person", one_person),
    ("newest wins", newest_wins),
    ("window", window),
    ("missed are reported", missed_are_reported),
    ("polls find", polls_find),
    ("nothing erased comes back", erased_stays_out),
    ("explained", explained),
    ("told in Portuguese", super::words::in_portuguese),
];

/// What is wrong.
pub(super) fn all(facts: &Facts<'_>) -> Vec<String> {
    let told = |(name, check): &(&str, Check)| -> Vec<String> {
        check(facts).into_iter().map(|it| format!("{name}: {it}")).collect()
    };
    CHECKS.iter().flat_map(told).collect()
}

impl Facts<'_> {
    /// Records made through the API, of one kind: the number in `TypeId`, or 0 for deals.
    fn made(&self, kind: i64) -> BTreeSet<i64> {
        let entity = if kind == 0 { "Deals" } else { "Contacts" };
        let applied = self.ploomes.applied().into_iter();
        applied
            .filter(|it| it.did == Did::Create && it.entity == entity)
            .filter(|it| kind == 0 || it.body["TypeId"] == kind)
            .map(|it| it.id)
            .collect()
    }

    /// Companies that were lost sight of because whom they were made for was erased: without the
    /// request, which is erased, nobody can look for one that is in doubt.
    fn lost_with_their_persons(&self) -> usize {
        let leads = self.stories.iter().flat_map(|it| &it.leads);
        let erased = leads.filter(|it| it.lead.state == LeadState::Erased);
        let lost = |it: &&Step| it.kind == "company" && it.action == "create" && it.state == "lost";
        erased.flat_map(|it| &it.steps).filter(lost).count()
    }

    /// Companies of which the ledger has the answer to their create.
    fn companies_made_for_certain(&self) -> BTreeSet<i64> {
        let steps = self.stories.iter().flat_map(|it| &it.leads).flat_map(|it| &it.steps);
        let made = steps.filter(|it| it.kind == "company" && it.action == "create");
        made.filter_map(|it| Some(it.record?.0)).collect()
    }

    /// Whether a person in Ploomes had a hand in it.
    fn touched(&self, id: i64) -> bool {
        self.truth.touched.contains(&id)
    }

    /// Entries that AC still has, on routes of an automation, with the contacts they belong to.
    fn entries(&self) -> Vec<(EnrollmentId, ContactId, &'static str)> {
        let name = |automation: i64| if automation == 1 { "site" } else { "event" };
        let all = self.activecampaign.enrollments().into_iter();
        all.map(|(id, contact, automation)| (id, contact, name(automation.0))).collect()
    }
}

/// Everything that was accepted is accounted for.
fn balance(facts: &Facts<'_>) -> Vec<String> {
    let balance = facts.counts.balance();
    if balance == 0 { Vec::new() } else { vec![format!("{balance}")] }
}

/// The ledger can prove itself.
fn chain(facts: &Facts<'_>) -> Vec<String> {
    facts.audit.problems.iter().map(|it| format!("{:?} {}", it.kind, it.message)).collect()
}

/// What was answered 200 is in the ledger, contact by contact.
fn kept(facts: &Facts<'_>) -> Vec<String> {
    let mut wrong = Vec::new();
    let accepted = usize::try_from(facts.counts.accepted).unwrap_or_default();
    let answered: usize = facts.taken.values().sum();
    if accepted < answered {
        wrong.push(format!("{answered} deliveries were answered 200, {accepted} are kept"));
    }
    for (contact, answered) in facts.taken.iter().filter_map(|(it, count)| Some(((*it)?, count))) {
        let story = facts.stories.iter().find(|it| it.contact == contact);
        let kept = story.map_or(0, |it| it.deliveries.len());
        if kept < *answered && !facts.truth.erased.contains_key(&contact) {
            wrong.push(format!("{answered} of {contact} were answered 200, {kept} are kept"));
        }
    }
    wrong
}

/// Every lead is done, or is not with a reason.
fn settled(facts: &Facts<'_>) -> Vec<String> {
    let is_fine = |lead: &&Listed| match lead.state {
        LeadState::Done => lead.person.is_some(),
        LeadState::Skipped | LeadState::Failed => lead.reason.is_some(),
        LeadState::Erased => true,
        LeadState::Pending | LeadState::InDoubt => false,
    };
    let open = facts.leads.iter().filter(|it| !is_fine(it));
    open.map(|it| format!("{} is {} ({:?})", it.key, it.state, it.reason)).collect()
}

/// Each entry that AC has is exactly one lead, of the contact that has it now; and there are no
/// more leads than there were entries.
fn one_lead(facts: &Facts<'_>) -> Vec<String> {
    let mut wrong = Vec::new();
    for (id, contact, route) in facts.entries() {
        let (truth, who) = (&facts.truth, &contact);
        if truth.erased.contains_key(who) || truth.unsure.contains(who) {
            continue;
        }
        let is_it = |it: &&Listed| it.enrollment == Some(id) && it.route == route;
        let held: Vec<&Listed> = facts.leads.iter().filter(is_it).collect();
        match held.as_slice() {
            [lead] if lead.contact == contact => {}
            [lead] => wrong.push(format!("{} is of {}, not {contact}", lead.key, lead.contact)),
            held => wrong.push(format!("{route}/{id} of {contact} is {} leads", held.len())),
        }
    }
    for (route, automation) in [("site", 1), ("event", 2)] {
        let of_this = |it: &AutomationId| it.0 == automation;
        let entered = facts.truth.entered.iter().filter(|it| of_this(&it.automation)).count();
        let leads = facts.leads.iter().filter(|it| it.route == route).count();
        let alike = facts.truth.look_alikes().iter().filter(|(it, _)| of_this(it)).count();
        if leads > entered + alike {
            wrong.push(format!("{entered} entered {route}, and {leads} are leads"));
        }
    }
    wrong
}

/// Each deal that was made is one lead's, and each lead that is done has its deal.
fn one_deal(facts: &Facts<'_>) -> Vec<String> {
    let mut wrong = Vec::new();
    let held: BTreeMap<i64, &Listed> =
        facts.leads.iter().filter_map(|it| Some((it.deal?.0, it))).collect();
    for deal in facts.made(0) {
        if !held.contains_key(&deal) && !facts.touched(deal) && facts.truth.erased.is_empty() {
            wrong.push(format!("deal {deal} is nobody's"));
        }
    }
    let with_deal = facts.leads.iter().filter(|it| it.route != "vip");
    for lead in with_deal.filter(|it| it.state == LeadState::Done) {
        let deal = lead.deal.map(|it| it.0);
        let there = deal.is_some_and(|id| {
            facts.ploomes.deal(id).is_some() || facts.truth.deleted.contains(&id)
        });
        if !there {
            wrong.push(format!("{} is done, and its deal is {deal:?}", lead.key));
        }
    }
    wrong
}

/// No person and no company was made twice.
fn one_person(facts: &Facts<'_>) -> Vec<String> {
    let mut wrong = Vec::new();
    let there = facts.ploomes.contacts();
    let (certain, mut excused) =
        (facts.companies_made_for_certain(), facts.lost_with_their_persons());
    for (kind, property) in [(2, "Email"), (1, "Name")] {
        let made = facts.made(kind);
        let mut seen: BTreeMap<String, i64> = BTreeMap::new();
        for record in there.iter().filter(|it| it["TypeId"] == kind) {
            let Some(id) = record["Id"].as_i64() else { continue };
            let erased = |it: &ContactId| {
                let now = facts.truth.people.get(it);
                now.is_some_and(|now| record["Email"] == now.email.as_str())
            };
            if !made.contains(&id) || facts.touched(id) || facts.truth.erased.keys().any(erased) {
                continue;
            }
            let key = folded(record[property].as_str().unwrap_or_default());
            if let Some(other) = seen.insert(key, id) {
                let is_lost = kind == 1 && !(certain.contains(&other) && certain.contains(&id));
                if is_lost && excused > 0 {
                    excused -= 1;
                    continue;
                }
                wrong.push(format!("{property} of {other} and {id} is the same"));
            }
        }
    }
    wrong
}

/// Without case, accents and spaces at the ends.
fn folded(text: &str) -> String {
    use unicode_normalization::UnicodeNormalization as _;
    let base = text.trim().nfd().filter(|it| !unicode_normalization::char::is_combining_mark(*it));
    base.collect::<String>().to_lowercase()
}

/// A person that nobody else touched is called what its contact is called now.
fn newest_wins(facts: &Facts<'_>) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut contacts_of: BTreeMap<RecordId, BTreeSet<ContactId>> = BTreeMap::new();
    for lead in &facts.leads {
        contacts_of.extend(
            lead.person
                .map(|it| (it, BTreeSet::new()))
                .filter(|(it, _)| !contacts_of.contains_key(it)),
        );
        if let Some(contacts) = lead.person.and_then(|it| contacts_of.get_mut(&it)) {
            contacts.insert(lead.contact);
        }
    }
    let made = facts.made(2);
    for (person, contacts) in contacts_of {
        let Some(contact) = contacts.first().filter(|_| contacts.len() == 1) else { continue };
        if !made.contains(&person.0)
            || facts.touched(person.0)
            || facts.truth.mixed.contains(contact)
        {
            continue;
        }
        let Some(now) = facts.truth.people.get(contact) else { continue };
        if facts.truth.erased.contains_key(contact) {
            continue;
        }
        let failed = |it: &Listed| it.contact == *contact && it.warnings.is_some();
        if facts.leads.iter().any(failed) {
            continue;
        }
        let Some(record) = facts.ploomes.contact(person.0) else {
            wrong.push(format!("person {person} of {contact} is gone"));
            continue;
        };
        for (property, wanted) in [("Name", now.full_name()), ("Email", now.email.clone())] {
            if record[property] != wanted.as_str() {
                wrong.push(format!(
                    "{property} of person {person} is {}, and {contact} is {wanted:?}",
                    record[property]
                ));
            }
        }
    }
    wrong
}

/// Ploomes never saw more requests in any 60 s than the configuration says.
fn window(facts: &Facts<'_>) -> Vec<String> {
    let most = facts.ploomes.max_in_any_window(Duration::from_mins(1));
    let limit = facts.plan.per_minute as usize;
    if most <= limit { Vec::new() } else { vec![format!("{most} requests in a minute of {limit}")] }
}

/// An entry whose webhook never came is a lead that the ledger says was found without one.
fn missed_are_reported(facts: &Facts<'_>) -> Vec<String> {
    let mut wrong = Vec::new();
    for record in facts.activecampaign.webhooks() {
        let Some((then, automation)) = record.enrollment else { continue };
        let Some(enrollment) = facts.activecampaign.enrollment_now(then) else { continue };
        let never_sent = record.fate == WebhookFate::Dropped;
        let alone = |it: &&Entered| it.contact == record.contact && it.automation == automation;
        let single = facts.truth.entered.iter().filter(alone).count() == 1;
        let truth = &facts.truth;
        let pure = !truth.erased.contains_key(&record.contact)
            && !truth.mixed.contains(&record.contact)
            && !truth.forged.contains(&record.contact);
        if !(never_sent && single && pure) {
            continue;
        }
        let route = if automation.0 == 1 { "site" } else { "event" };
        let is_it = |it: &&Listed| it.enrollment == Some(enrollment) && it.route == route;
        match facts.found.iter().find(is_it) {
            Some(lead) if lead.found_by != FoundBy::Webhook => {}
            _ => wrong.push(format!("{route}/{enrollment} was missed, and is not reported")),
        }
    }
    let found = i64::try_from(facts.found.len()).unwrap_or_default();
    if facts.counts.missed.found != found {
        wrong.push(format!("{found} were found, {} counted", facts.counts.missed.found));
    }
    wrong
}

/// After a quiet time in which polls went on, a reconciliation reads everything and finds nobody.
fn polls_find(facts: &Facts<'_>) -> Vec<String> {
    let Some(last) = &facts.last else { return Vec::new() };
    let mut wrong = Vec::new();
    // An account that shows nobody where people were known is never believed.
    if last.outcome != Ended::Complete && facts.activecampaign.contacts() > 0 {
        wrong.push(format!("the last reconciliation is {:?}: {:?}", last.outcome, last.reason));
    }
    // A row that a merge made anew counts as missing until its lead is found to be it.
    let merged = |it: ContactId| facts.truth.mixed.contains(&it);
    for missed in last.missed.iter().filter(|it| !merged(it.contact)) {
        wrong.push(format!("{} was found by the last reconciliation only", missed.lead));
    }
    for route in &last.detail.routes {
        let sum = route.received + route.without_webhook + route.waiting + route.missed;
        if sum != route.expected || route.waiting != 0 {
            wrong.push(format!("the last reconciliation counts {route:?}"));
        }
    }
    wrong
}

/// Of whoever was erased no byte is left, nothing is written any more, and no lead is open.
fn erased_stays_out(facts: &Facts<'_>) -> Vec<String> {
    let mut wrong = Vec::new();
    let done = facts.truth.erased.iter().filter_map(|(contact, at)| Some((contact, (*at)?)));
    for (contact, at) in done {
        for lead in facts.leads.iter().filter(|it| it.contact == *contact) {
            if lead.state != LeadState::Erased {
                wrong.push(format!("{} of {contact} is {}", lead.key, lead.state));
            }
        }
        let Some(now) = facts.truth.people.get(contact) else { continue };
        let email = now.email.as_bytes();
        if facts.files.windows(email.len()).any(|it| it.eq_ignore_ascii_case(email)) {
            wrong.push(format!("the address of {contact} is in the ledger's files"));
        }
        // A request that was on its way then arrives.
        let on_its_way = at + TimeDelta::seconds(1);
        for write in facts.ploomes.applied().iter().filter(|it| it.at > on_its_way) {
            if write.body["Email"] == now.email.as_str() {
                wrong.push(format!("{contact} is written to Ploomes at {}", write.at));
            }
        }
    }
    wrong
}

/// Each record that was made stands in somebody's story with its reason, and so does each lead and
/// each delivery that came to nothing.
fn explained(facts: &Facts<'_>) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut told: BTreeSet<i64> = BTreeSet::new();
    for story in &facts.stories {
        for delivery in &story.deliveries {
            if delivery.lead.is_none() && delivery.reason.is_none() {
                wrong.push(format!(
                    "delivery {} is {} without a reason",
                    delivery.id, delivery.fate
                ));
            }
        }
        for lead in &story.leads {
            for step in lead.steps.iter().filter(|it| !it.reason.trim().is_empty()) {
                told.extend(step.record.map(|it| it.0));
            }
            // That somebody was erased is the reason.
            let erased = lead.lead.state == LeadState::Erased;
            let any = erased || lead.lead.reason.is_some() || !lead.steps.is_empty();
            if !any {
                wrong.push(format!("nothing says why {} is {}", lead.lead.key, lead.lead.state));
            }
        }
    }
    for (kind, what) in [(0, "deal"), (1, "company"), (2, "person")] {
        for id in facts.made(kind).difference(&told) {
            // What was written of somebody who was erased then has no story any more.
            if !facts.touched(*id) && facts.truth.erased.is_empty() {
                wrong.push(format!("nobody's story tells of {what} {id}"));
            }
        }
    }
    wrong
}
