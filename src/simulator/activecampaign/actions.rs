//! What people and programs do with the account.

use chrono::{DateTime, Utc};

use super::{
    ActiveCampaign,
    change::Actor,
    input::{ContactChange, GlobalWebhook, Import, NewAutomation, NewContact, NewField, Refused},
    model::Model,
    time::Second,
};
use crate::domain::{AutomationId, ContactId, EnrollmentId, FieldId};

impl ActiveCampaign {
    /// Makes a custom field.
    pub fn add_field(&self, new: NewField) -> FieldId {
        FieldId(self.act(|model, now| model.add_field(new, Second::of(now))))
    }

    /// Renames a custom field: its personalisation tag changes too, its id stays.
    pub fn rename_field(&self, field: FieldId, title: &str) -> Result<(), Refused> {
        self.act(|model, now| model.rename_field(field.0, title, Second::of(now)))
    }

    /// Makes a tag.
    pub fn add_tag(&self, name: &str) -> i64 {
        self.act(|model, now| model.add_tag(name, Second::of(now)))
    }

    /// Makes a list.
    pub fn add_list(&self, name: &str) -> i64 {
        self.act(|model, now| model.add_list(name, Second::of(now)))
    }

    /// Makes an account, which is what a company is here.
    pub fn add_account(&self, name: &str) -> i64 {
        self.act(|model, now| model.add_account(name, Second::of(now)))
    }

    /// Makes an automation, active.
    pub fn add_automation(&self, new: NewAutomation) -> AutomationId {
        AutomationId(self.act(|model, now| model.add_automation(new, Second::of(now))))
    }

    /// Switches an automation on or off.
    pub fn set_active(&self, automation: AutomationId, active: bool) -> Result<(), Refused> {
        self.act(|model, _| {
            let found = model.automations.get_mut(automation.0);
            found.ok_or(Refused::NotFound("Series", automation.0))?.active = active;
            Ok(())
        })
    }

    /// Makes a global webhook.
    pub fn add_webhook(&self, webhook: GlobalWebhook) {
        self.act(|model, _| model.hooks.push((webhook, true)));
    }

    /// Makes a contact.
    pub fn create_contact(&self, new: NewContact) -> Result<ContactId, Refused> {
        self.act(|model, now| model.create_contact(new, Second::of(now))).map(ContactId)
    }

    /// Changes names, phone or organisation.
    pub fn update_contact(&self, id: ContactId, change: ContactChange) -> Result<(), Refused> {
        self.act(|model, now| model.update_contact(id.0, change, Second::of(now)))
    }

    /// Sets a custom value; an empty one removes it.
    pub fn set_field(&self, id: ContactId, field: FieldId, value: &str) -> Result<(), Refused> {
        self.act(|model, now| model.set_field(id.0, field.0, value, Second::of(now)))
    }

    /// Changes the e-mail; the id stays.
    pub fn change_email(&self, id: ContactId, email: &str) -> Result<(), Refused> {
        self.act(|model, now| model.change_email(id.0, email, Second::of(now)))
    }

    /// Gives a tag.
    pub fn tag(&self, id: ContactId, tag: i64) -> Result<(), Refused> {
        self.act(|model, now| model.tag(id.0, tag, Actor::Person, Second::of(now)))
    }

    /// Takes a tag away.
    pub fn untag(&self, id: ContactId, tag: i64) -> Result<(), Refused> {
        self.act(|model, now| model.untag(id.0, tag, Second::of(now)))
    }

    /// Puts a contact on a list.
    pub fn subscribe(&self, id: ContactId, list: i64) -> Result<(), Refused> {
        self.act(|model, now| model.subscribe(id.0, list, true, Second::of(now)))
    }

    /// Ends a subscription; its row stays.
    pub fn unsubscribe(&self, id: ContactId, list: i64) -> Result<(), Refused> {
        self.act(|model, now| model.subscribe(id.0, list, false, Second::of(now)))
    }

    /// Links a contact to an account: one at most.
    pub fn link_account(&self, id: ContactId, account: i64) -> Result<(), Refused> {
        self.act(|model, now| model.link_account(id.0, account, Second::of(now)))
    }

    /// Mail was opened, a site was visited.
    pub fn engage(&self, id: ContactId) -> Result<(), Refused> {
        self.act(|model, now| model.engage(id.0, Second::of(now)))
    }

    /// Lets a contact enter an automation: its steps run, and its webhook is queued.
    pub fn enroll(&self, id: ContactId, automation: AutomationId) -> Result<EnrollmentId, Refused> {
        self.act(|model, now| model.enroll(id.0, automation.0, now)).map(EnrollmentId)
    }

    /// Makes an enrollment of another time, run through, without any webhook: history.
    pub fn enroll_at(
        &self,
        id: ContactId,
        automation: AutomationId,
        at: DateTime<Utc>,
    ) -> Result<EnrollmentId, Refused> {
        self.act(|model, _| model.enroll_in_the_past(id.0, automation.0, at)).map(EnrollmentId)
    }

    /// Ends an enrollment; the steps that it still had before it are left out.
    pub fn complete(&self, enrollment: EnrollmentId) -> Result<(), Refused> {
        self.act(|model, now| {
            let found = model.enrollments.get(enrollment.0);
            found.ok_or(Refused::NotFound("SubscriberSeries", enrollment.0))?;
            model.leave(enrollment.0, Second::of(now));
            Ok(())
        })
    }

    /// Deletes a contact with all its rows; nothing is left of it.
    pub fn delete(&self, id: ContactId) -> Result<(), Refused> {
        self.act(|model, _| model.delete(id.0))
    }

    /// Merges `loser` into `winner`; the id of `loser` is gone. No webhook says so.
    pub fn merge(&self, winner: ContactId, loser: ContactId) -> Result<(), Refused> {
        self.act(|model, now| model.merge(winner.0, loser.0, Second::of(now)))
    }

    /// Blanks what identifies a person; the contact stays.
    pub fn anonymise(&self, id: ContactId) -> Result<(), Refused> {
        self.act(|model, now| model.anonymise(id.0, Second::of(now)))
    }

    /// Imports contacts: they are there some seconds later, and then enter automations.
    pub fn bulk_import(&self, import: Import) {
        self.act(|model, now| model.import(import, now));
    }

    /// What an enrollment is called now: a merge may have given it a new id.
    ///
    /// `None` where it is gone.
    pub fn enrollment_now(&self, enrollment: EnrollmentId) -> Option<EnrollmentId> {
        let state = self.settled();
        let mut id = enrollment.0;
        while let Some(next) = state.model.moved.get(&id) {
            id = *next;
        }
        state.model.enrollments.get(id).map(|it| EnrollmentId(it.id))
    }

    /// Does something by this service's clock, after everything that was due before.
    fn act<T>(&self, action: impl FnOnce(&mut Model, DateTime<Utc>) -> T) -> T {
        let now = self.now();
        let result = {
            let mut state = self.lock();
            state.model.settle(now);
            action(&mut state.model, now)
        };
        self.0.news.notify_one();
        result
    }
}
