//! The plan of a lead: company, person, deal, note, each with its reason.

use serde_json::Map;

use super::{
    Action, ContactRecord, Outcome, Plan, Purpose, Situation, Step, StepKind,
    body::{self, New, Target},
    deals,
    found::{self, Found, How, Who},
    keys,
    merge::{Changes, Merge},
    same::email,
};
use crate::{
    domain::{Existing, RecordId},
    rules::{Derived, Policy, Values},
};

/// Decides what to do for a lead.
///
/// * A person who belongs to a company in Ploomes stays with it, unless ponte wrote that link last
///   or the route overwrites. The deal is the lead's company's all the same, with the person
///   beside it: it is about what the lead asked for, not about where the person is filed.
/// * [`Purpose::Refresh`] is about person and company only, and makes no person: one that people
///   deleted stays deleted. It makes a company where the contact had none before.
/// * [`Purpose::Replay`] is the same, and about the mapped fields of the deal where the lead has one
///   that is there. Pipeline, stage, owner and status are where people work: they are left.
/// * A deal that the ledger holds is this lead's for good, even where people deleted it. While it
///   is open, it is given the company and person that are made again in place of deleted ones.
pub fn plan(policy: &Policy, derived: &Derived, situation: &Situation) -> Plan {
    let mut warnings = derived.warnings.clone();
    if let Some(failure) = &derived.failure {
        let outcome = match situation.purpose {
            Purpose::Bring => Outcome::Failed(failure.clone()),
            // What is there stays as it is, and so does the lead.
            Purpose::Refresh | Purpose::Replay => {
                warnings.push(format!("nothing is updated: {failure}"));
                Outcome::Done
            }
        };
        return Plan { steps: Vec::new(), outcome, warnings, review: None };
    }
    let who = Who::is_there(policy, derived, situation);
    let reviews: Vec<&str> = [&who.person, &who.company]
        .into_iter()
        .flatten()
        .filter_map(|it| it.review.as_deref())
        .collect();
    let review = (!reviews.is_empty()).then(|| reviews.join("; "));
    let mut planner = Planner {
        policy,
        derived,
        situation,
        who: &who,
        plan: Plan { steps: Vec::new(), outcome: Outcome::Done, warnings, review },
    };
    let company = planner.company();
    let person = planner.person(company);
    match (situation.purpose, person) {
        (Purpose::Bring, Some(person)) => {
            let deal = planner.deal(company, person);
            planner.note(person, deal);
        }
        (Purpose::Replay, _) => planner.deal_again(),
        (Purpose::Bring | Purpose::Refresh, _) => {}
    }
    planner.plan
}

/// Properties of a deal that people work with: a replay leaves them, whatever the map says.
const PEOPLES: [&str; 4] = ["OwnerId", "PipelineId", "StageId", "StatusId"];

struct Planner<'a> {
    policy: &'a Policy,
    derived: &'a Derived,
    situation: &'a Situation,
    who: &'a Who<'a>,
    plan: Plan,
}

impl Planner<'_> {
    fn step(&mut self, kind: StepKind, action: Action, fields: Vec<String>, reason: String) {
        self.plan.steps.push(Step { kind, action, fields, reason });
    }

    fn skip(&mut self, kind: StepKind, reason: impl Into<String>) {
        self.step(kind, Action::Skip, Vec::new(), reason.into());
    }

    fn adopt(&mut self, kind: StepKind, record: RecordId, reason: String) -> Target {
        self.step(kind, Action::Adopt { record }, Vec::new(), reason);
        Target::Record(record)
    }

    fn create(&mut self, kind: StepKind, new: New, reason: String) -> Target {
        let fields = new.fields();
        self.step(kind, Action::Create { body: new.body, links: new.links }, fields, reason);
        Target::Made(kind)
    }

    fn company(&mut self) -> Option<Target> {
        if !self.policy.behaviour.has_company() {
            return None;
        }
        let Some(wanted) = &self.derived.company else {
            let reason = self.derived.no_company.as_deref();
            self.skip(StepKind::Company, reason.unwrap_or("the contact has no company name"));
            return None;
        };
        if let Some(found) = &self.who.company {
            return Some(self.existing(StepKind::Company, found, wanted, None));
        }
        let known = self.situation.known.company;
        if self.situation.purpose != Purpose::Bring
            && (known.is_some() || self.who.person.is_none())
        {
            self.skip(StepKind::Company, "it is not in Ploomes, and an update makes none again");
            return None;
        }
        let keys = if keys::company_documents(wanted).is_empty() {
            "name"
        } else {
            "CNPJ, register number or name"
        };
        let reason = self.not_there("company", keys, known);
        let new = New::company(self.policy, wanted, self.situation);
        Some(self.create(StepKind::Company, new, reason))
    }

    fn person(&mut self, company: Option<Target>) -> Option<Target> {
        let wanted = &self.derived.person;
        if let Some(found) = &self.who.person {
            return Some(self.existing(StepKind::Person, found, wanted, company));
        }
        if self.situation.purpose != Purpose::Bring {
            self.skip(StepKind::Person, "it is not in Ploomes, and an update makes none again");
            return None;
        }
        let has_phone = keys::person_phones(wanted).next().is_some();
        let keys = [
            ("e-mail", keys::person_email(wanted).is_some()),
            ("CPF", keys::person_cpf(wanted).is_some()),
            ("phone", has_phone),
        ];
        let keys: Vec<&str> = keys.into_iter().filter_map(|(key, is)| is.then_some(key)).collect();
        let reason = self.not_there("person", &listed(&keys), self.situation.known.person);
        let new = New::person(self.policy, wanted, company, self.situation);
        Some(self.create(StepKind::Person, new, reason))
    }

    /// Why a record is created.
    fn not_there(&self, what: &str, keys: &str, known: Option<RecordId>) -> String {
        let none = match keys {
            "" => format!("there is nothing to recognise a {what} by"),
            keys => format!("no {what} has this {keys}"),
        };
        let gone = known.filter(|id| {
            let seen = &self.situation.seen;
            !seen.persons.iter().chain(&seen.companies).any(|it| it.id == *id)
        });
        match gone {
            Some(id) => format!("{what} {id} is gone from Ploomes; {none}"),
            None => none,
        }
    }

    /// A company or person that is there: updated where something differs, else adopted.
    fn existing(
        &mut self,
        kind: StepKind,
        found: &Found<'_>,
        wanted: &Values,
        company: Option<Target>,
    ) -> Target {
        let record = found.record;
        // Only a contact who was brought in before can update: for anybody else the record is one
        // that was there, whoever made it.
        let is_ours = found.how == How::Ledger;
        let merge = Merge {
            record: record.into(),
            written: self.situation.known.written.get(&record.id).filter(|_| is_ours),
            existing: self.existing_of_held(),
        };
        let mut left = Vec::new();
        if kind == StepKind::Person && self.only_has_a_stand_in_for_the_name_of(record) {
            left.push("Name");
        }
        if kind == StepKind::Person
            && let Some(other) = self.holder_of_email(found)
            && wanted.native.get("Email").and_then(|it| merge.native("Email", it)).is_some()
        {
            left.push("Email");
            let words = format!("the e-mail is left as it is: person {} has it", other.id);
            self.plan.warnings.push(words);
        }
        let changes = merge.changes(wanted, company, &left);
        self.write(kind, record.id, found.how.words(), changes)
    }

    /// A record that is there is given what differs; where nothing does, it is adopted.
    fn write(&mut self, kind: StepKind, record: RecordId, how: &str, changes: Changes) -> Target {
        if changes.is_empty() {
            let rest = match self.policy.existing {
                Existing::Leave => "what exists is left as it is",
                Existing::Fill | Existing::Overwrite => "nothing to write",
            };
            return self.adopt(kind, record, format!("{how}; {rest}"));
        }
        let reason = format!("{how}; {}", changes.words());
        let action = Action::Update { record, body: changes.body, links: changes.links };
        self.step(kind, action, changes.fields, reason);
        Target::Record(record)
    }

    /// How existing records are treated: those of a lead whose deal is made were overwritten then,
    /// and what people changed since is theirs when a record beside them is made again.
    fn existing_of_held(&self) -> Existing {
        let is_made =
            self.situation.purpose == Purpose::Bring && self.situation.known.deal.is_some();
        match self.policy.existing {
            Existing::Overwrite if is_made => Existing::Fill,
            existing => existing,
        }
    }

    /// Whether AC has no name, and Ploomes has one: the e-mail that stands in for a missing name is
    /// no reason to take a name away.
    fn only_has_a_stand_in_for_the_name_of(&self, record: &ContactRecord) -> bool {
        let wanted = &self.derived.person;
        let name = email(wanted.text("Name"));
        let is_email = |text: &str| !name.is_empty() && email(text) == name;
        let current = record.text("Name").trim();
        (is_email(wanted.text("Email")) || is_email(&self.situation.contact.email))
            && !current.is_empty()
            && !current.contains('@')
    }

    /// Another person who has the e-mail address that this one would be given.
    fn holder_of_email(&self, found: &Found<'_>) -> Option<&ContactRecord> {
        let email = keys::person_email(&self.derived.person);
        let others = self.situation.seen.persons.iter().filter(|it| it.id != found.record.id);
        others.filter(|it| found::has_email(it, email.as_deref())).min_by_key(|it| it.id)
    }

    fn deal(&mut self, company: Option<Target>, person: Target) -> Option<Target> {
        if !self.policy.behaviour.has_deal() {
            return None;
        }
        if let Some(deal) = self.situation.known.deal {
            return Some(self.held_deal(deal, company, person));
        }
        if let Some(own) = deals::own(self.who, self.situation) {
            return Some(self.adopt(StepKind::Deal, own.deal, own.why.to_owned()));
        }
        let guard = self.policy.skip_if_open_deal;
        if guard && let Some(open) = deals::open_one(self.who, self.situation) {
            let reason = format!("open deal {open}");
            self.skip(StepKind::Deal, reason.as_str());
            self.plan.outcome = Outcome::Skipped(reason);
            return None;
        }
        let reason = if guard {
            "no deal of ours is this lead's, and none is open"
        } else {
            "no deal of ours is this lead's"
        };
        let wanted = self.derived.deal.clone().unwrap_or_default();
        let new = New::deal(self.policy, &wanted, company, person, self.situation);
        Some(self.create(StepKind::Deal, new, reason.to_owned()))
    }

    /// The deal that the ledger holds: it is given what took the place of a company or person that
    /// people deleted, and is else left as it is.
    fn held_deal(&mut self, deal: RecordId, company: Option<Target>, person: Target) -> Target {
        let (mut body, mut links, mut fields) = (Map::new(), Vec::new(), Vec::new());
        for (property, kind) in deals::lost_links(self.situation, deal) {
            let target = if kind == StepKind::Company { company.unwrap_or(person) } else { person };
            body::put(&mut body, &mut links, property, target);
            fields.push(property.to_owned());
        }
        if fields.is_empty() {
            return self.adopt(StepKind::Deal, deal, "the ledger holds it".to_owned());
        }
        let reason = "the ledger holds it; what it named is gone from Ploomes".to_owned();
        let action = Action::Update { record: deal, body, links };
        self.step(StepKind::Deal, action, fields, reason);
        Target::Record(deal)
    }

    /// The deal of a lead that was written before: what the map says today, and nothing else.
    fn deal_again(&mut self) {
        let known = &self.situation.known;
        let (Some(id), Some(wanted)) = (known.deal, &self.derived.deal) else { return };
        let Some(deal) = self.situation.seen.deal.as_ref().filter(|it| it.id == id) else {
            self.skip(StepKind::Deal, "it is not in Ploomes, and an update makes none again");
            return;
        };
        let merge = Merge {
            record: deal.into(),
            written: known.written.get(&id),
            existing: self.policy.existing,
        };
        let mut wanted = wanted.clone();
        if let Some(key) = &self.policy.lead_key_field {
            wanted.other.remove(key);
        }
        let changes = merge.changes(&wanted, None, &PEOPLES);
        self.write(StepKind::Deal, id, How::Ledger.words(), changes);
    }

    fn note(&mut self, person: Target, deal: Option<Target>) {
        let Some(content) = &self.derived.note else { return };
        if self.situation.known.noted {
            self.skip(StepKind::Note, "it was written, or may have been");
            return;
        }
        let new = New::note(content, person, deal);
        self.create(StepKind::Note, new, "the route asks for one".to_owned());
    }
}

/// Words as a list: `e-mail, CPF or phone`.
fn listed(words: &[&str]) -> String {
    match words {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [firsts @ .., last] => format!("{} or {last}", firsts.join(", ")),
    }
}
