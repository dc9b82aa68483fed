//! What changes a contact, and what defines the account.

use super::{
    input::{ContactChange, NewAutomation, NewContact, NewField, Refused},
    model::{
        Account, Automation, Contact, Field, Link, List, Model, Subscription, Tag, Tagging, Value,
    },
    table::{insert_sorted, remove_sorted},
    time::Second,
};

/// Who makes a change; global webhooks tell them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Actor {
    /// A user or the API.
    Person,
    /// An automation.
    System,
}

impl Model {
    pub(super) fn create_contact(&mut self, new: NewContact, now: Second) -> Result<i64, Refused> {
        check_email(&new.email)?;
        if self.contact_by_email(&new.email).is_some() {
            return Err(Refused::Duplicate);
        }
        let filled: Vec<_> =
            new.fields.into_iter().filter(|(_, value)| !value.is_empty()).collect();
        let mut values = Vec::with_capacity(filled.len());
        for (field, value) in filled {
            self.need_field(field.0)?;
            let id = self.row_id();
            let text = value.into_boxed_str();
            values.push(Value { id, field: field.0, text, created: now, updated: now });
        }
        let email = new.email.into_boxed_str();
        let id = self.contacts.add(|id| {
            Box::new(Contact {
                id,
                email: email.clone(),
                first_name: new.first_name.into_boxed_str(),
                last_name: new.last_name.into_boxed_str(),
                phone: new.phone.into_boxed_str(),
                orgname: new.orgname.into_boxed_str(),
                created: now,
                updated: now,
                touched: now,
                touched_before: now,
                active: None,
                values,
                tags: Vec::new(),
                lists: Vec::new(),
                entries: Vec::new(),
                link: None,
                anonymized: false,
            })
        });
        self.index_email(&email, id);
        Ok(id)
    }

    pub(super) fn update_contact(
        &mut self,
        id: i64,
        change: ContactChange,
        now: Second,
    ) -> Result<(), Refused> {
        let contact = self.contact_mut(id)?;
        let ContactChange { first_name, last_name, phone, orgname } = change;
        for (slot, value) in [
            (&mut contact.first_name, first_name),
            (&mut contact.last_name, last_name),
            (&mut contact.phone, phone),
            (&mut contact.orgname, orgname),
        ] {
            if let Some(value) = value {
                *slot = value.into_boxed_str();
            }
        }
        self.touch(id, now, true);
        self.announce("update", id, &[], Actor::Person, now);
        Ok(())
    }

    pub(super) fn change_email(
        &mut self,
        id: i64,
        email: &str,
        now: Second,
    ) -> Result<(), Refused> {
        check_email(email)?;
        if self.contact_by_email(email).is_some_and(|owner| owner != id) {
            return Err(Refused::Duplicate);
        }
        let before = std::mem::replace(&mut self.contact_mut(id)?.email, email.into());
        self.unindex_email(&before, id);
        self.index_email(email, id);
        self.touch(id, now, true);
        self.announce("update", id, &[], Actor::Person, now);
        Ok(())
    }

    /// Sets a custom value; an empty one removes the row.
    pub(super) fn set_field(
        &mut self,
        id: i64,
        field: i64,
        value: &str,
        now: Second,
    ) -> Result<(), Refused> {
        self.need_field(field)?;
        let clears = value.is_empty();
        let row = self.row_id();
        let values = &mut self.contact_mut(id)?.values;
        match values.iter().position(|it| it.field == field) {
            Some(at) if clears => {
                values.remove(at);
            }
            Some(at) => {
                values[at].text = value.into();
                values[at].updated = now;
            }
            None if clears => return Ok(()),
            None => values.push(Value {
                id: row,
                field,
                text: value.into(),
                created: now,
                updated: now,
            }),
        }
        self.touch(id, now, !clears || self.switches.moves.field_cleared);
        self.announce("update", id, &[], Actor::Person, now);
        Ok(())
    }

    pub(super) fn tag(
        &mut self,
        id: i64,
        tag: i64,
        actor: Actor,
        now: Second,
    ) -> Result<(), Refused> {
        let row = self.row_id();
        self.need_tag(tag)?;
        let contact = self.contact_mut(id)?;
        if contact.tags.iter().any(|it| it.tag == tag) {
            return Ok(());
        }
        // Most contacts have one: the room that a vector takes by itself is for four.
        contact.tags.reserve_exact(1);
        contact.tags.push(Tagging { id: row, tag, created: now });
        let name = self.need_tag(tag)?;
        insert_sorted(&mut name.contacts, id);
        name.touched = now;
        let name = name.name.clone();
        self.touch(id, now, self.switches.moves.tag_added);
        self.announce("contact_tag_added", id, &[("tag", &name)], actor, now);
        Ok(())
    }

    pub(super) fn untag(&mut self, id: i64, tag: i64, now: Second) -> Result<(), Refused> {
        self.need_tag(tag)?;
        let tags = &mut self.contact_mut(id)?.tags;
        let Some(at) = tags.iter().position(|it| it.tag == tag) else { return Ok(()) };
        tags.remove(at);
        let row = self.need_tag(tag)?;
        remove_sorted(&mut row.contacts, &id);
        let name = row.name.clone();
        self.touch(id, now, self.switches.moves.tag_removed);
        self.announce("contact_tag_removed", id, &[("tag", &name)], Actor::Person, now);
        Ok(())
    }

    /// Puts a contact on a list, or takes it off.
    pub(super) fn subscribe(
        &mut self,
        id: i64,
        list: i64,
        joins: bool,
        now: Second,
    ) -> Result<(), Refused> {
        let row = self.row_id();
        self.lists.get(list).ok_or(Refused::NotFound("_List", list))?;
        let status = if joins { 1 } else { 2 };
        let left = (!joins).then_some(now);
        let lists = &mut self.contact_mut(id)?.lists;
        match lists.iter_mut().find(|it| it.list == list) {
            Some(it) if it.status == status => return Ok(()),
            Some(it) => {
                (it.status, it.left) = (status, left);
                if joins {
                    it.since = now;
                }
            }
            None => {
                lists.reserve_exact(1);
                lists.push(Subscription { id: row, list, status, since: now, left });
            }
        }
        if let Some(it) = self.lists.get_mut(list) {
            insert_sorted(&mut it.contacts, id);
        }
        self.touch(id, now, self.switches.moves.subscribed);
        let event = if joins { "subscribe" } else { "unsubscribe" };
        self.announce(event, id, &[("list", &list.to_string())], Actor::Person, now);
        Ok(())
    }

    pub(super) fn link_account(
        &mut self,
        id: i64,
        account: i64,
        now: Second,
    ) -> Result<(), Refused> {
        let row = self.row_id();
        let missing = Refused::NotFound("CustomerAccount", account);
        self.accounts.get(account).ok_or(missing)?;
        let contact = self.contact_mut(id)?;
        if contact.link.is_some() {
            return Err(Refused::HasAccount);
        }
        contact.link = Some(Box::new(Link { id: row, account, created: now }));
        self.accounts.get_mut(account).ok_or(missing)?.contacts += 1;
        self.touch(id, now, self.switches.moves.account_linked);
        Ok(())
    }

    pub(super) fn engage(&mut self, id: i64, now: Second) -> Result<(), Refused> {
        self.contact_mut(id)?.active = Some(now);
        self.touch(id, now, self.switches.moves.engaged);
        Ok(())
    }

    pub(super) fn add_field(&mut self, new: NewField, now: Second) -> i64 {
        let options = new.options.into_iter().map(|text| (self.row_id(), text)).collect();
        let perstag = perstag(&new.title);
        let NewField { title, kind, .. } = new;
        self.fields.add(|id| Field {
            id,
            title,
            perstag,
            kind,
            options,
            created: now,
            updated: now,
        })
    }

    pub(super) fn rename_field(
        &mut self,
        id: i64,
        title: &str,
        now: Second,
    ) -> Result<(), Refused> {
        let field = self.fields.get_mut(id).ok_or(Refused::NotFound("Field", id))?;
        title.clone_into(&mut field.title);
        field.perstag = perstag(title);
        field.updated = now;
        Ok(())
    }

    pub(super) fn add_tag(&mut self, name: &str, now: Second) -> i64 {
        let name = name.to_owned();
        self.tags.add(|id| Tag { id, name, created: now, touched: now, contacts: Vec::new() })
    }

    pub(super) fn add_list(&mut self, name: &str, now: Second) -> i64 {
        let name = name.to_owned();
        self.lists.add(|id| List { id, name, created: now, contacts: Vec::new() })
    }

    pub(super) fn add_account(&mut self, name: &str, now: Second) -> i64 {
        let name = name.to_owned();
        self.accounts.add(|id| Account { id, name, created: now, contacts: 0 })
    }

    pub(super) fn add_automation(&mut self, new: NewAutomation, now: Second) -> i64 {
        let NewAutomation { name, multientry, steps } = new;
        self.automations.add(|id| Automation {
            id,
            name,
            active: true,
            multientry,
            steps,
            created: now,
            entered: 0,
            exited: 0,
            entries: Vec::new(),
            contacts: Vec::new(),
        })
    }

    fn need_field(&self, id: i64) -> Result<(), Refused> {
        self.fields.get(id).map(|_| ()).ok_or(Refused::NotFound("Field", id))
    }

    fn need_tag(&mut self, id: i64) -> Result<&mut Tag, Refused> {
        self.tags.get_mut(id).ok_or(Refused::NotFound("Tag", id))
    }
}

/// Upper case, with `_` for spaces and nothing for what a tag cannot hold.
fn perstag(title: &str) -> String {
    let upper = title.to_uppercase().replace(' ', "_");
    upper.chars().filter_map(without_accent).collect()
}

fn without_accent(c: char) -> Option<char> {
    use unicode_normalization::UnicodeNormalization as _;
    let base = std::iter::once(c).nfd().next()?;
    (base.is_ascii_alphanumeric() || matches!(base, '_' | '-')).then_some(base)
}

/// The account's own check is not known; this refuses what certainly is no address.
fn check_email(email: &str) -> Result<(), Refused> {
    let (local, domain) = email.split_once('@').ok_or(Refused::EmailInvalid)?;
    let fine = !local.is_empty()
        && domain.contains('.')
        && !domain.contains('@')
        && !email.contains(char::is_whitespace);
    fine.then_some(()).ok_or(Refused::EmailInvalid)
}
