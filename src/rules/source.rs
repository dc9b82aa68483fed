//! Sources: the names by which a map and its templates reach the values of a contact.

use std::{borrow::Cow, collections::BTreeSet};

use super::{
    names::fold,
    value::{items, joined},
};
use crate::domain::{Contact, FieldId};

/// What a row can name, beside `field.<PERSTAG>` and `field.<id>`.
pub(super) const NAMES: [&str; 7] =
    ["email", "first_name", "last_name", "full_name", "phone", "company", "tags"];

/// Where a row's value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reader {
    Email,
    FirstName,
    LastName,
    FullName,
    Phone,
    Company,
    Tags,
    Field(FieldId),
    /// The name of a template.
    Template(String),
}

impl Reader {
    /// The reader of one of [`NAMES`].
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "email" => Self::Email,
            "first_name" => Self::FirstName,
            "last_name" => Self::LastName,
            "full_name" => Self::FullName,
            "phone" => Self::Phone,
            "company" => Self::Company,
            "tags" => Self::Tags,
            _ => return None,
        })
    }
}

/// The values of a contact, as the map knows them: trimmed, and empty where they say nothing.
pub(super) struct Names<'a> {
    contact: &'a Contact,
    pub(super) email: String,
    pub(super) full_name: String,
    pub(super) company: &'a str,
    /// The contact has a company name, and it counts as empty.
    pub(super) company_says_nothing: bool,
}

impl<'a> Names<'a> {
    /// `ignored` holds folded company names that count as empty.
    pub(super) fn of(contact: &'a Contact, ignored: &BTreeSet<String>) -> Self {
        let company = contact.company.trim();
        let company_says_nothing = !company.is_empty() && says_nothing(company, ignored);
        let names =
            contact.first_name.split_whitespace().chain(contact.last_name.split_whitespace());
        Self {
            contact,
            email: contact.email.trim().to_lowercase(),
            full_name: names.collect::<Vec<_>>().join(" "),
            company: if company_says_nothing { "" } else { company },
            company_says_nothing,
        }
    }

    pub(super) fn first_name(&self) -> &'a str {
        self.contact.first_name.trim()
    }

    pub(super) fn last_name(&self) -> &'a str {
        self.contact.last_name.trim()
    }

    pub(super) fn phone(&self) -> &'a str {
        self.contact.phone.trim()
    }

    pub(super) fn tags(&self) -> Vec<Cow<'a, str>> {
        let tags = self.contact.tags.iter().map(|tag| tag.trim());
        tags.filter(|tag| !tag.is_empty()).map(Cow::Borrowed).collect()
    }

    /// The items of a custom field; more than one where it holds several values.
    pub(super) fn field(&self, id: FieldId) -> Vec<Cow<'a, str>> {
        let found = self.contact.fields.iter().find(|field| field.id == id);
        found.map_or_else(Vec::new, |field| all(&field.value))
    }

    /// The custom fields that hold something, each as one text.
    pub(super) fn fields(&self) -> impl Iterator<Item = (FieldId, Cow<'a, str>)> {
        let filled = self.contact.fields.iter().map(|field| (field.id, joined(&all(&field.value))));
        filled.filter(|(_, text)| !text.is_empty())
    }

    /// The items of a source that is no template; none where it is empty.
    pub(super) fn read(&self, reader: &Reader) -> Vec<Cow<'a, str>> {
        let text = match reader {
            Reader::Email => Cow::Owned(self.email.clone()),
            Reader::FullName => Cow::Owned(self.full_name.clone()),
            Reader::FirstName => Cow::Borrowed(self.first_name()),
            Reader::LastName => Cow::Borrowed(self.last_name()),
            Reader::Phone => Cow::Borrowed(self.phone()),
            Reader::Company => Cow::Borrowed(self.company),
            Reader::Tags => return self.tags(),
            Reader::Field(id) => return self.field(*id),
            Reader::Template(_) => return Vec::new(),
        };
        if text.is_empty() { Vec::new() } else { vec![text] }
    }

    /// A name for a person or deal that has none: the e-mail, which `ActiveCampaign` asks for; else
    /// what tells the contact from others.
    pub(super) fn stand_in(&self) -> String {
        if !self.email.is_empty() {
            return self.email.clone();
        }
        match self.phone() {
            "" => format!("ActiveCampaign {}", self.contact.id),
            phone => phone.to_owned(),
        }
    }
}

/// Whether a company of this name is none.
pub(super) fn says_nothing(company: &str, ignored: &BTreeSet<String>) -> bool {
    ignored.contains(&fold(company))
}

fn all(text: &str) -> Vec<Cow<'_, str>> {
    items(text).into_iter().map(Cow::Borrowed).collect()
}
