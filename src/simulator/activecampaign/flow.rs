//! Contacts on their way through automations, and what happens by itself as time goes on.

use std::{collections::VecDeque, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    change::Actor,
    input::{ContactChange, Import, NewContact, Refused, Step},
    model::{Due, Enrollment, Model},
    table::insert_sorted,
    time::Second,
};

/// How long an import takes until its contacts are there, as once recorded.
const IMPORT_TAKES: Duration = Duration::from_secs(7);

impl Model {
    /// Lets a contact enter an automation, and runs the steps up to the first that waits.
    pub(super) fn enroll(
        &mut self,
        contact: i64,
        automation: i64,
        now: DateTime<Utc>,
    ) -> Result<i64, Refused> {
        let id = self.add_enrollment(contact, automation, Second::of(now))?;
        self.touch(contact, Second::of(now), self.switches.moves.automation_entered);
        self.go_on(id, 0, now);
        Ok(id)
    }

    /// Makes an enrollment of long ago, whose steps are done and whose webhook is history.
    pub(super) fn enroll_in_the_past(
        &mut self,
        contact: i64,
        automation: i64,
        at: DateTime<Utc>,
    ) -> Result<i64, Refused> {
        let id = self.add_enrollment(contact, automation, Second::of(at))?;
        self.leave(id, Second::of(at));
        Ok(id)
    }

    fn add_enrollment(
        &mut self,
        contact: i64,
        automation: i64,
        added: Second,
    ) -> Result<i64, Refused> {
        self.contact(contact)?;
        let missing = Refused::NotFound("Series", automation);
        let it = self.automations.get_mut(automation).ok_or(missing)?;
        let again = it.contacts.binary_search(&contact).is_ok();
        if !it.active || (again && !it.multientry) {
            return Err(Refused::NotEnrolled);
        }
        it.entered += 1;
        insert_sorted(&mut it.contacts, contact);
        let id = self.enrollments.add(|id| Enrollment {
            id,
            contact,
            automation,
            added,
            last: added,
            left: None,
            done: 0,
        });
        insert_sorted(&mut it.entries, (added, id));
        let entries = &mut self.contact_mut(contact)?.entries;
        entries.reserve_exact(1);
        insert_sorted(entries, id);
        Ok(id)
    }

    /// Runs the steps of an enrollment from `step` on, until one waits or the end.
    fn go_on(&mut self, id: i64, mut step: usize, now: DateTime<Utc>) {
        let second = Second::of(now);
        loop {
            let Some(row) = self.enrollments.get_mut(id) else { return };
            if row.left.is_some() {
                return;
            }
            row.last = second;
            row.done = u32::try_from(step).unwrap_or(u32::MAX);
            let (contact, automation) = (row.contact, row.automation);
            let steps = self.automations.get(automation).map(|it| it.steps.as_slice());
            let Some(next) = steps.and_then(|it| it.get(step)).cloned() else {
                return self.leave(id, second);
            };
            step += 1;
            match next {
                Step::Hold => return,
                Step::Wait(long) => {
                    let at = now + TimeDelta::from_std(long).unwrap_or(TimeDelta::MAX);
                    return self.plan(at, Due::Continue { enrollment: id, step });
                }
                Step::OnlyWithTag(tag) => {
                    let has = |it: &super::model::Contact| it.tags.iter().any(|it| it.tag == tag);
                    if !self.contact(contact).is_ok_and(has) {
                        return self.leave(id, second);
                    }
                }
                Step::Webhook(target) => self.post_step(id, &target, now),
                Step::Tag(tag) => {
                    // A tag that was never made: the real step fails, and the contact goes on.
                    let _gone = self.tag(contact, tag, Actor::System, second);
                }
            }
        }
    }

    /// Ends an enrollment; what it still had to go through is left out.
    pub(super) fn leave(&mut self, id: i64, now: Second) {
        let Some(row) = self.enrollments.get_mut(id) else { return };
        if row.left.is_some() {
            return;
        }
        (row.left, row.last) = (Some(now), now);
        let (contact, automation) = (row.contact, row.automation);
        if let Some(it) = self.automations.get_mut(automation) {
            it.exited += 1;
            row.done = u32::try_from(it.steps.len()).unwrap_or(u32::MAX);
        }
        self.touch(contact, now, self.switches.moves.automation_left);
    }

    /// Queues an import; its contacts are there some seconds later.
    pub(super) fn import(&mut self, import: Import, now: DateTime<Utc>) {
        self.plan(now + IMPORT_TAKES, Due::Import(import));
    }

    /// Lets everything happen that is due by `now`, each at its own time.
    pub(super) fn settle(&mut self, now: DateTime<Utc>) {
        while let Some(first) = self.agenda.first_entry() {
            if *first.key() > now {
                return;
            }
            let (at, dues) = first.remove_entry();
            self.happen(dues, at);
        }
    }

    fn happen(&mut self, dues: VecDeque<Due>, at: DateTime<Utc>) {
        for due in dues {
            match due {
                Due::Continue { enrollment, step } => self.go_on(enrollment, step, at),
                Due::Import(import) => {
                    for contact in import.contacts {
                        self.import_one(contact, &import.automations, at);
                    }
                }
            }
        }
    }

    /// Makes or updates a contact; one that is refused is left out, as the real import does.
    fn import_one(
        &mut self,
        new: NewContact,
        automations: &[crate::domain::AutomationId],
        at: DateTime<Utc>,
    ) {
        let second = Second::of(at);
        let known = self.contact_by_email(&new.email);
        let imported = match known {
            Some(id) => self.import_into(id, new, second).map(|()| id),
            None => self.create_contact(new, second),
        };
        let Ok(id) = imported else { return };
        for automation in automations {
            let _refused = self.enroll(id, automation.0, at);
        }
    }

    fn import_into(&mut self, id: i64, new: NewContact, now: Second) -> Result<(), Refused> {
        let some = |text: String| (!text.is_empty()).then_some(text);
        let change = ContactChange {
            first_name: some(new.first_name),
            last_name: some(new.last_name),
            phone: some(new.phone),
            orgname: some(new.orgname),
        };
        self.update_contact(id, change, now)?;
        for (field, value) in new.fields {
            self.set_field(id, field.0, &value, now)?;
        }
        Ok(())
    }
}
