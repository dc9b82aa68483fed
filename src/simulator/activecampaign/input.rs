//! What is put into the account, and why it may be refused.

use std::time::Duration;

use crate::domain::{AutomationId, FieldId};

/// A contact to be made.
#[derive(Clone, Default)]
pub struct NewContact {
    /// Needed, and nobody else's.
    pub email: String,
    /// `firstName`.
    pub first_name: String,
    /// `lastName`.
    pub last_name: String,
    /// As typed.
    pub phone: String,
    /// `orgname`.
    pub orgname: String,
    /// Custom values; several in one are `||a||b||`.
    pub fields: Vec<(FieldId, String)>,
}

impl NewContact {
    /// A contact of whom only the e-mail is known.
    pub fn new(email: &str) -> Self {
        Self { email: email.to_owned(), ..Self::default() }
    }

    /// With this name.
    pub fn named(self, first: &str, last: &str) -> Self {
        Self { first_name: first.to_owned(), last_name: last.to_owned(), ..self }
    }

    /// With this phone.
    pub fn phone(self, phone: &str) -> Self {
        Self { phone: phone.to_owned(), ..self }
    }

    /// With this custom value.
    pub fn field(mut self, field: FieldId, value: &str) -> Self {
        self.fields.push((field, value.to_owned()));
        self
    }
}

/// What of a contact changes; `None` stays.
#[derive(Clone, Default)]
pub struct ContactChange {
    /// `firstName`.
    pub first_name: Option<String>,
    /// `lastName`.
    pub last_name: Option<String>,
    /// `phone`.
    pub phone: Option<String>,
    /// `orgname`.
    pub orgname: Option<String>,
}

/// A custom field to be made.
#[derive(Debug, Clone)]
pub struct NewField {
    /// As people see it; the personalisation tag is made of it.
    pub title: String,
    /// `text`, `textarea`, `date`, `dropdown`, `checkbox` and the like.
    pub kind: &'static str,
    /// What can be chosen.
    pub options: Vec<String>,
}

impl NewField {
    /// A field without options.
    pub fn new(title: &str, kind: &'static str) -> Self {
        Self { title: title.to_owned(), kind, options: Vec::new() }
    }

    /// With these options.
    pub fn options(self, options: &[&str]) -> Self {
        Self { options: options.iter().map(|&it| it.to_owned()).collect(), ..self }
    }
}

/// An automation to be made.
#[derive(Debug, Clone)]
pub struct NewAutomation {
    /// As people see it.
    pub name: String,
    /// A contact may enter it again and again.
    pub multientry: bool,
    /// What each contact goes through; after the last one it has run through.
    pub steps: Vec<Step>,
}

impl NewAutomation {
    /// An active automation that each contact enters once.
    pub fn new(name: &str, steps: Vec<Step>) -> Self {
        Self { name: name.to_owned(), multientry: false, steps }
    }

    /// Contacts may enter it again.
    pub fn multientry(self) -> Self {
        Self { multientry: true, ..self }
    }
}

/// A step of an automation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Ends here for who does not have the tag.
    OnlyWithTag(i64),
    /// Goes on after this long.
    Wait(Duration),
    /// Posts the contact to this address: a URL, or a path at the receiver.
    Webhook(String),
    /// Gives the tag.
    Tag(i64),
    /// Stays until [`super::ActiveCampaign::complete`].
    Hold,
}

/// A webhook of the account's own, not of an automation.
#[derive(Debug, Clone)]
pub struct GlobalWebhook {
    /// A URL, or a path at the receiver.
    pub target: String,
    /// Such as `subscribe`, `update`, `contact_tag_added`.
    pub events: Vec<String>,
    /// Also for changes made by automations (the source `system`).
    pub system: bool,
}

/// Contacts to be imported in bulk.
#[derive(Clone, Default)]
pub struct Import {
    /// Known ones, by e-mail, are updated.
    pub contacts: Vec<NewContact>,
    /// The automations that the import triggers.
    pub automations: Vec<AutomationId>,
}

/// Why the account refused an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Another contact has the e-mail.
    #[error("the e-mail address already exists")]
    Duplicate,
    /// The e-mail is none.
    #[error("the e-mail address is not valid")]
    EmailInvalid,
    /// There is no such record; the name is the one in the API's own messages.
    #[error("no {0} with id {1}")]
    NotFound(&'static str, i64),
    /// The automation is off, or the contact was in it and may not enter again.
    #[error("could not create SubscriberSeries")]
    NotEnrolled,
    /// The contact has an account already.
    #[error("the contact already belongs to an account")]
    HasAccount,
}
