//! A world that acts: people who become contacts, enter automations, change, come back.
//!
//! Everybody is invented and lives on `example.com`. The same seed and the same order of calls give
//! the same people and the same deeds.

mod document;
mod people;

#[cfg(test)]
mod tests;

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use tokio_util::sync::CancellationToken;

use self::people::Person;
use super::activecampaign::{ActiveCampaign, ContactChange, NewAutomation, NewField};
use crate::domain::{AutomationId, ContactId, FieldId};

/// What the world does. Chances are in so many of a thousand deeds.
#[derive(Debug, Clone)]
pub struct WorldPlan {
    /// The automations that people enter.
    pub automations: Vec<NewAutomation>,
    /// How long it is from one deed to the next, on average.
    pub every: Duration,
    /// Somebody known changes instead of somebody new coming.
    pub update_per_mille: u32,
    /// Somebody known enters an automation again, where that is possible.
    pub again_per_mille: u32,
    /// Somebody new enters two automations.
    pub both_per_mille: u32,
    /// Somebody new belongs to a company.
    pub company_per_mille: u32,
}

impl WorldPlan {
    /// A lively world with these automations.
    pub fn new(automations: Vec<NewAutomation>) -> Self {
        Self {
            automations,
            every: Duration::from_secs(1),
            update_per_mille: 80,
            again_per_mille: 50,
            both_per_mille: 100,
            company_per_mille: 500,
        }
    }
}

/// The custom fields of the account.
#[derive(Debug, Clone, Copy)]
pub struct Fields {
    /// A person's document, text.
    pub cpf: FieldId,
    /// A company's document, text.
    pub cnpj: FieldId,
    /// The position, text.
    pub cargo: FieldId,
    /// What the person is interested in, a dropdown.
    pub interesse: FieldId,
    /// A number as text.
    pub faturamento: FieldId,
    /// The birthday, a date.
    pub nascimento: FieldId,
    /// Long text.
    pub observacoes: FieldId,
    /// A checkbox.
    pub aceita: FieldId,
}

/// People who act on an account.
pub struct World {
    account: ActiveCampaign,
    plan: WorldPlan,
    fields: Fields,
    automations: Vec<AutomationId>,
    tags: Vec<i64>,
    list: i64,
    state: Mutex<State>,
}

struct State {
    rng: StdRng,
    /// People invented so far.
    invented: u64,
    known: Vec<ContactId>,
    /// Companies that others can belong to as well.
    companies: Vec<i64>,
}

impl World {
    /// Makes fields, tags, a list and the plan's automations in an account without people.
    pub fn new(account: ActiveCampaign, seed: u64, plan: WorldPlan) -> Self {
        let fields = add_fields(&account);
        let automations = plan.automations.iter().cloned();
        let automations = automations.map(|it| account.add_automation(it)).collect();
        // One with a comma: in a webhook's body it cannot be told from two.
        let tags = ["Lead site", "Evento, São Paulo", "VIP"].map(|it| account.add_tag(it)).to_vec();
        let list = account.add_list("Novidades");
        let state = State {
            rng: StdRng::seed_from_u64(seed),
            invented: 0,
            known: Vec::new(),
            companies: Vec::new(),
        };
        Self { account, plan, fields, automations, tags, list, state: Mutex::new(state) }
    }

    /// The automations, in the plan's order.
    pub fn automations(&self) -> &[AutomationId] {
        &self.automations
    }

    /// The custom fields.
    pub const fn fields(&self) -> Fields {
        self.fields
    }

    /// Acts until told to stop.
    pub async fn run(&self, stopping: CancellationToken) {
        loop {
            let pause = self.plan.every.mul_f64(self.lock().rng.random_range(0.5..1.5));
            tokio::select! {
                biased;
                () = stopping.cancelled() => return,
                () = tokio::time::sleep(pause) => self.act(),
            }
        }
    }

    /// Does one thing: somebody new comes, somebody known changes or comes back.
    pub fn act(&self) {
        let mut state = self.lock();
        let roll = state.rng.random_range(0..1000);
        let known = !state.known.is_empty();
        if known && roll < self.plan.update_per_mille {
            self.somebody_changes(&mut state);
        } else if known && roll < self.plan.update_per_mille + self.plan.again_per_mille {
            self.somebody_comes_back(&mut state);
        } else {
            self.somebody_comes(&mut state);
        }
    }

    /// Makes so many contacts at once, none of which enters an automation.
    pub fn populate(&self, count: usize) -> Vec<ContactId> {
        let mut state = self.lock();
        (0..count).map(|_| self.invent(&mut state)).collect()
    }

    fn somebody_comes(&self, state: &mut State) {
        let id = self.invent(state);
        if self.automations.is_empty() {
            return;
        }
        let first = state.rng.random_range(0..self.automations.len());
        let both = chance(&mut state.rng, self.plan.both_per_mille) && self.automations.len() > 1;
        self.enroll(id, first);
        if both {
            self.enroll(id, (first + 1) % self.automations.len());
        }
    }

    fn somebody_comes_back(&self, state: &mut State) {
        let id = anybody(state);
        if !self.automations.is_empty() {
            let automation = state.rng.random_range(0..self.automations.len());
            self.enroll(id, automation);
        }
    }

    /// Whoever was deleted or may not enter again is let be: that is the account's right.
    fn enroll(&self, id: ContactId, automation: usize) {
        let _refused = self.account.enroll(id, self.automations[automation]);
    }

    fn somebody_changes(&self, state: &mut State) {
        let id = anybody(state);
        let rng = &mut state.rng;
        // A test may have deleted the person meanwhile; then nothing happens.
        let _gone = match rng.random_range(0..5) {
            0 => {
                let change =
                    ContactChange { phone: Some(people::phone(rng)), ..ContactChange::default() };
                self.account.update_contact(id, change)
            }
            1 => self.account.set_field(id, self.fields.cargo, people::position(rng)),
            2 => self.account.set_field(id, self.fields.faturamento, &people::revenue(rng)),
            3 => self.account.set_field(id, self.fields.observacoes, &people::remark(rng)),
            _ => {
                let tag = self.tags[rng.random_range(0..self.tags.len())];
                self.account.tag(id, tag)
            }
        };
    }

    /// Makes a contact out of an invented person.
    fn invent(&self, state: &mut State) -> ContactId {
        state.invented += 1;
        let number = state.invented;
        let Person { contact, company } = people::person(&mut state.rng, number, self.fields);
        let belongs = chance(&mut state.rng, self.plan.company_per_mille);
        let contact = match &company {
            it if belongs => contact.field(self.fields.cnpj, &it.cnpj),
            _ => contact,
        };
        let id = self.account.create_contact(contact).expect("every invented e-mail is new");
        let tag = self.tags[state.rng.random_range(0..self.tags.len())];
        if chance(&mut state.rng, 600) {
            self.account.tag(id, tag).expect("the contact was just made");
        }
        if chance(&mut state.rng, 400) {
            self.account.subscribe(id, self.list).expect("the contact was just made");
        }
        if belongs {
            let account = self.company(state, &company.name);
            self.account.link_account(id, account).expect("the contact was just made");
        }
        state.known.push(id);
        id
    }

    /// A new company, or now and then one that has people already.
    fn company(&self, state: &mut State, name: &str) -> i64 {
        if !state.companies.is_empty() && chance(&mut state.rng, 250) {
            return state.companies[state.rng.random_range(0..state.companies.len())];
        }
        let id = self.account.add_account(name);
        state.companies.push(id);
        id
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn anybody(state: &mut State) -> ContactId {
    state.known[state.rng.random_range(0..state.known.len())]
}

fn chance(rng: &mut StdRng, per_mille: u32) -> bool {
    rng.random_range(0..1000) < per_mille
}

fn add_fields(account: &ActiveCampaign) -> Fields {
    let add = |title, kind| account.add_field(NewField::new(title, kind));
    Fields {
        cpf: add("CPF", "text"),
        cnpj: add("CNPJ", "text"),
        cargo: add("Cargo", "text"),
        interesse: account
            .add_field(NewField::new("Interesse", "dropdown").options(&people::INTERESTS)),
        faturamento: add("Faturamento", "text"),
        nascimento: add("Nascimento", "date"),
        observacoes: add("Observações", "textarea"),
        aceita: account.add_field(NewField::new("Aceita", "checkbox").options(&["Sim"])),
    }
}
