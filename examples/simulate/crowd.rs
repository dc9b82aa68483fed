//! People: they become contacts, enter automations, change, merge, go; others work in Ploomes.
//!
//! Keeps what is true, so that the checkers can hold the outcome against it.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use ponte::{
    clock::Clock,
    domain::{AutomationId, ContactId},
    simulator::{
        activecampaign::{ActiveCampaign, ContactChange, NewContact},
        ploomes::Ploomes,
    },
};
use rand::{Rng as _, rngs::StdRng, seq::IndexedRandom as _};
use serde_json::json;

use super::{mail::Mail, trace::Trace};

/// Companies that several people belong to, each written in more than one way.
const COMPANIES: [&str; 7] = [
    "",
    "Padaria Exemplo",
    "PADARIA EXEMPLO ",
    "Oficina São João",
    "oficina sao joao",
    "-",
    "Café D'Ávila",
];

/// Who is merged within so many seconds is merged in haste.
const HASTE: i64 = 6;

/// Somebody in ActiveCampaign, as it shows them now.
#[derive(Clone, Default)]
pub(super) struct Somebody {
    pub(super) first: String,
    pub(super) last: String,
    pub(super) email: String,
}

impl Somebody {
    pub(super) fn full_name(&self) -> String {
        format!("{} {}", self.first, self.last)
    }
}

/// An entry into an automation.
pub(super) struct Entered {
    pub(super) contact: ContactId,
    pub(super) automation: AutomationId,
    /// The second, which is all that `ActiveCampaign` shows of the time.
    pub(super) second: i64,
}

/// What is true.
#[derive(Default)]
pub(super) struct Truth {
    /// Everybody who is a contact now.
    pub(super) people: BTreeMap<ContactId, Somebody>,
    /// Everybody who ever was.
    pub(super) ever: BTreeSet<ContactId>,
    /// Contacts that a merge had a part in, or whose e-mail somebody else had before.
    pub(super) mixed: BTreeSet<ContactId>,
    /// All entries, each with its second.
    pub(super) entered: Vec<Entered>,
    /// Entries of people who were merged into others before `ActiveCampaign` had shown all there was:
    /// their webhooks cannot be told from those of the others.
    pub(super) hasty: BTreeSet<(AutomationId, i64)>,
    /// Contacts whose person was erased, and when that was done by the right time; `None` while it
    /// is under way, or was cut off.
    pub(super) erased: BTreeMap<ContactId, Option<DateTime<Utc>>>,
    /// Those of them whom the engine was shown since: it recognises them when they come again under
    /// another id. Somebody who is deleted before that, nobody can recognise.
    pub(super) recognised: BTreeSet<ContactId>,
    /// Contacts that are somebody erased who may be recognised, and may not.
    pub(super) unsure: BTreeSet<ContactId>,
    /// Contacts in whose name somebody posted a webhook.
    pub(super) forged: BTreeSet<ContactId>,
    /// Records of Ploomes that people changed, merged or deleted.
    pub(super) touched: BTreeSet<i64>,
    /// Those of them that are gone.
    pub(super) deleted: BTreeSet<i64>,
    /// How far our clock was stepped, in seconds.
    skew: i64,
    invented: u64,
}

/// The people, and where they act.
pub(super) struct Crowd {
    pub(super) activecampaign: ActiveCampaign,
    pub(super) ploomes: Arc<Ploomes>,
    pub(super) automations: Vec<AutomationId>,
    pub(super) vip: i64,
    pub(super) mail: Arc<Mail>,
    pub(super) trace: Arc<Trace>,
    /// Our clock, where it is stepped.
    pub(super) clock: Option<Clock>,
    /// How far it may be from where it began, in seconds.
    pub(super) steps: [i64; 3],
    truth: Mutex<Truth>,
}

impl Truth {
    /// Automations and seconds in which several entered of whom one is gone since, or somebody who was
    /// merged at once. Where somebody was merged the row may have moved, where they were deleted none
    /// has; `ActiveCampaign` shows the same.
    pub(super) fn look_alikes(&self) -> BTreeSet<(AutomationId, i64)> {
        let mut groups: BTreeMap<_, BTreeSet<ContactId>> = BTreeMap::new();
        for it in &self.entered {
            groups.entry((it.automation, it.second)).or_default().insert(it.contact);
        }
        let is_one = |who: &BTreeSet<ContactId>| {
            who.len() > 1 && who.iter().any(|it| !self.people.contains_key(it))
        };
        let groups = groups.into_iter().filter(|(_, who)| is_one(who)).map(|(at, _)| at);
        groups.chain(self.hasty.iter().copied()).collect()
    }
}

impl Crowd {
    pub(super) fn new(
        activecampaign: ActiveCampaign,
        ploomes: Arc<Ploomes>,
        automations: Vec<AutomationId>,
        mail: Arc<Mail>,
        trace: Arc<Trace>,
        (clock, steps): (Option<Clock>, [i64; 3]),
    ) -> Self {
        let vip = activecampaign.add_tag("VIP");
        let truth = Mutex::default();
        Self { activecampaign, ploomes, automations, vip, mail, trace, clock, steps, truth }
    }

    pub(super) fn truth(&self) -> MutexGuard<'_, Truth> {
        self.truth.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Acts for ever.
    pub(super) async fn run(&self, mut rng: StdRng, every: Duration) {
        loop {
            self.act(&mut rng);
            let often = if rng.random_ratio(1, 4) { 0.02 } else { rng.random_range(0.2..1.8) };
            tokio::time::sleep(every.mul_f64(often)).await;
        }
    }

    /// Somebody who may be erased now.
    pub(super) fn somebody(&self, rng: &mut StdRng) -> Option<ContactId> {
        let truth = self.truth();
        let can = |it: &ContactId| !truth.mixed.contains(it) && !truth.erased.contains_key(it);
        let all: Vec<ContactId> = truth.people.keys().copied().filter(can).collect();
        all.choose(rng).copied()
    }

    fn act(&self, rng: &mut StdRng) {
        let mut truth = self.truth();
        let truth = &mut *truth;
        let anybody = truth.people.keys().copied().collect::<Vec<_>>().choose(rng).copied();
        let deed = match (rng.random_range(0..100), anybody) {
            (0..30, _) | (_, None) => self.comes(rng, truth),
            (30..45, Some(who)) => self.enters(rng, truth, who),
            (45..57, Some(who)) => self.changes(rng, truth, who),
            (57..61, Some(who)) => self.moves(rng, truth, who),
            (61..65, Some(who)) => self.merges(rng, truth, who),
            (65..68, Some(who)) => self.goes(rng, truth, who),
            (68..72, Some(who)) => self.is_known_already(rng, truth, who),
            (72..86, _) => self.somebody_works_in_ploomes(rng, truth),
            (86..92, _) => self.forges(rng, truth),
            (92..95, _) => self.steps_the_clock(rng, truth),
            (_, Some(who)) => self.tags(who),
        };
        let now = self.activecampaign.now().format("%H:%M:%S%.3f");
        self.trace.say(format!("{now} crowd: {deed}"));
    }

    fn comes(&self, rng: &mut StdRng, truth: &mut Truth) -> String {
        truth.invented += 1;
        let number = truth.invented;
        let first = *["Ana", "João", "Íris", "Renê"].choose(rng).unwrap_or(&"Ana");
        let it = Somebody {
            first: first.to_owned(),
            last: format!("Exemplo {number}"),
            email: format!("p{number}@example.com"),
        };
        // Now and then two people have one phone.
        let phone = if rng.random_ratio(1, 6) { 1 } else { number };
        let company = COMPANIES.choose(rng).copied().unwrap_or_default();
        let new = NewContact::new(&it.email).named(&it.first, &it.last);
        let new = new.phone(&format!("+55 11 9{:04}-{:04}", 8000 + phone / 1000, phone % 10_000));
        let new = NewContact { orgname: company.to_owned(), ..new };
        let Ok(id) = self.activecampaign.create_contact(new) else {
            return "somebody has the address already".to_owned();
        };
        truth.people.insert(id, it);
        truth.ever.insert(id);
        let entered = self.enters(rng, truth, id);
        format!("{id} comes; {entered}")
    }

    fn enters(&self, rng: &mut StdRng, truth: &mut Truth, who: ContactId) -> String {
        let both = rng.random_ratio(1, 4);
        let one = self.automations.choose(rng).copied();
        let mut said = String::new();
        for automation in &self.automations {
            if (both || one == Some(*automation))
                && let Ok(enrollment) = self.activecampaign.enroll(who, *automation)
            {
                let second = self.activecampaign.now().timestamp();
                truth.entered.push(Entered { contact: who, automation: *automation, second });
                let _ = write!(said, "{who} enters {automation} by {enrollment}; ");
            }
        }
        said
    }

    fn changes(&self, rng: &mut StdRng, truth: &mut Truth, who: ContactId) -> String {
        let Some(it) = truth.people.get_mut(&who) else { return String::new() };
        it.last = format!("Exemplo {}", rng.random_range(1_000..9_999));
        let change = ContactChange {
            first_name: None,
            last_name: Some(it.last.clone()),
            phone: None,
            orgname: rng
                .random_ratio(1, 5)
                .then(|| COMPANIES.choose(rng).copied().unwrap_or_default().to_owned()),
        };
        let done = self.activecampaign.update_contact(who, change);
        format!("{who} is called {} now: {done:?}", it.last)
    }

    fn moves(&self, rng: &mut StdRng, truth: &mut Truth, who: ContactId) -> String {
        if truth.erased.contains_key(&who) {
            return format!("{who} was erased");
        }
        let email = format!("q{}@example.com", rng.random_range(0..1_000_000));
        let done = self.activecampaign.change_email(who, &email);
        if done.is_ok()
            && let Some(it) = truth.people.get_mut(&who)
        {
            it.email = email;
        }
        format!("{who} has a new address: {done:?}")
    }

    fn merges(&self, rng: &mut StdRng, truth: &mut Truth, winner: ContactId) -> String {
        let is_other = |it: &ContactId| *it != winner && !truth.erased.contains_key(it);
        let others: Vec<ContactId> = truth.people.keys().copied().filter(is_other).collect();
        if truth.erased.contains_key(&winner) {
            return format!("{winner} was erased");
        }
        let Some(loser) = others.choose(rng).copied() else { return "alone".to_owned() };
        let done = self.activecampaign.merge(winner, loser);
        if done.is_ok() {
            let late = self.activecampaign.now().timestamp() - HASTE;
            let hasty = truth.entered.iter().filter(|it| it.contact == loser && it.second >= late);
            let hasty: Vec<_> = hasty.map(|it| (it.automation, it.second)).collect();
            truth.hasty.extend(hasty);
            truth.people.remove(&loser);
            truth.mixed.extend([winner, loser]);
        }
        format!("{loser} is merged into {winner}: {done:?}")
    }

    /// Is deleted; whoever was erased comes again under another id.
    fn goes(&self, rng: &mut StdRng, truth: &mut Truth, who: ContactId) -> String {
        let done = self.activecampaign.delete(who);
        let gone = truth.people.remove(&who);
        if let (Some(Some(at)), Some(it)) = (truth.erased.get(&who).copied(), gone) {
            let new = NewContact::new(&it.email).named(&it.first, &it.last);
            let Ok(id) = self.activecampaign.create_contact(new) else { return String::new() };
            truth.people.insert(id, it);
            truth.ever.insert(id);
            if truth.recognised.contains(&who) {
                truth.erased.insert(id, Some(at));
                truth.recognised.insert(id);
            } else {
                truth.unsure.insert(id);
                truth.mixed.insert(id);
            }
            let entered = self.enters(rng, truth, id);
            return format!("{who}, who was erased, comes again as {id}; {entered}");
        }
        format!("{who} is deleted: {done:?}")
    }

    fn tags(&self, who: ContactId) -> String {
        let done = self.activecampaign.tag(who, self.vip);
        format!("{who} is tagged: {done:?}")
    }

    /// Somebody in Ploomes had typed the same person before.
    fn is_known_already(&self, rng: &mut StdRng, truth: &mut Truth, who: ContactId) -> String {
        let email = truth.people.get(&who).map(|it| it.email.clone()).unwrap_or_default();
        let there = self.ploomes.contacts();
        if there.iter().any(|it| it["Email"].as_str() == Some(email.as_str())) {
            return "is there".to_owned();
        }
        let _ = rng;
        if truth.erased.contains_key(&who) {
            return format!("{who} was erased");
        }
        truth.mixed.insert(who);
        let made = self.ploomes.add_contact(&json!({
            "TypeId": 2, "Name": "Digitado à mão", "Email": email,
        }));
        if let Ok(id) = made {
            truth.touched.insert(id);
        }
        format!("somebody typed {who} into Ploomes: {:?}", made.ok())
    }

    fn somebody_works_in_ploomes(&self, rng: &mut StdRng, truth: &mut Truth) -> String {
        let ids = |list: Vec<serde_json::Value>| -> Vec<i64> {
            list.iter().filter_map(|it| it["Id"].as_i64()).collect()
        };
        let contacts = ids(self.ploomes.contacts());
        let deals = ids(self.ploomes.deals());
        let (contact, deal) = (contacts.choose(rng).copied(), deals.choose(rng).copied());
        let (what, id, done) = match (rng.random_range(0..7), contact, deal) {
            (0 | 1, Some(id), _) => {
                let name = json!({ "Name": format!("Corrigido {}", rng.random_range(0..1000)) });
                ("edits", id, self.ploomes.edit_contact(id, &name).is_ok())
            }
            (2, Some(id), _) => ("deletes", id, self.ploomes.delete_contact(id).is_ok()),
            (3, _, Some(id)) => ("wins", id, self.ploomes.win(id).is_ok()),
            (4, _, Some(id)) => ("loses", id, self.ploomes.lose(id).is_ok()),
            (5, _, Some(id)) => ("deletes", id, self.ploomes.delete_deal(id).is_ok()),
            (_, _, Some(id)) => {
                let title = json!({ "Title": "Corrigido" });
                ("edits", id, self.ploomes.edit_deal(id, &title).is_ok())
            }
            _ => return "nothing to do in Ploomes".to_owned(),
        };
        if done {
            truth.touched.insert(id);
        }
        if done && what == "deletes" {
            truth.deleted.insert(id);
        }
        format!("somebody {what} {id} in Ploomes: {done}")
    }

    fn forges(&self, rng: &mut StdRng, truth: &mut Truth) -> String {
        let someone = rng.random_range(1..40);
        truth.forged.insert(ContactId(someone));
        let (path, body) = match rng.random_range(0..5) {
            0 => ("/webhooks/token-of-the-site", String::new()),
            1 => ("/webhooks/token-of-the-site", "contact[id]=x&%zz[[=".to_owned()),
            2 => ("/webhooks/nobody-has-this-token", format!("contact[id]={someone}")),
            3 => ("/webhooks/token-of-the-site", "type=subscribe&contact[id]=99999".to_owned()),
            _ => ("/webhooks/token-of-the-site", format!("seriesid=1&contact[id]={someone}")),
        };
        self.mail.strange(path, &body);
        format!("somebody posts {body:?} to {path}")
    }

    fn steps_the_clock(&self, rng: &mut StdRng, truth: &mut Truth) -> String {
        let Some(clock) = &self.clock else { return "the clock is right".to_owned() };
        // One way only: what is due by the fast clock waits no longer than it was fast.
        let to = *self.steps.choose(rng).unwrap_or(&0);
        let by = to - std::mem::replace(&mut truth.skew, to);
        clock.step(TimeDelta::seconds(by));
        format!("our clock is stepped by {by} s")
    }

    /// The clock shows the latest time that it was ever set to: nothing is due later than that.
    pub(super) fn sets_the_clock(&self) {
        let Some(clock) = &self.clock else { return };
        let to = self.steps.iter().copied().max().unwrap_or_default();
        let by = to - std::mem::replace(&mut self.truth().skew, to);
        clock.step(TimeDelta::seconds(by));
        self.trace.say(format!("our clock is stepped by {by} s"));
    }
}
