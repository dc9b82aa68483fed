//! A contact of `ActiveCampaign`, as one answer showed it.

use std::fmt;

use chrono::{DateTime, FixedOffset};
use serde::{Deserialize, Serialize};

use super::{ContactId, FieldId};

/// A contact with what a field map can name.
///
/// Missing values are empty strings: `ActiveCampaign` does not tell "absent" from "empty" either.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    /// Its id, which never changes.
    pub id: ContactId,
    /// As stored in `ActiveCampaign`, not normalised.
    pub email: String,
    /// `firstName`.
    pub first_name: String,
    /// `lastName`.
    pub last_name: String,
    /// As typed.
    pub phone: String,
    /// The name of the contact's account, else `orgname`.
    pub company: String,
    /// Names of the tags, sorted; empty where no route asks for tags.
    pub tags: Vec<String>,
    /// Custom fields with a value, sorted by id.
    pub fields: Vec<FieldValue>,
    /// `cdate`.
    pub created_at: Option<DateTime<FixedOffset>>,
    /// `udate`; moves when the contact or a custom field changes, not on every change.
    pub updated_at: Option<DateTime<FixedOffset>>,
}

impl Contact {
    /// A contact of which nothing but its id is known.
    pub const fn unknown(id: ContactId) -> Self {
        Self {
            id,
            email: String::new(),
            first_name: String::new(),
            last_name: String::new(),
            phone: String::new(),
            company: String::new(),
            tags: Vec::new(),
            fields: Vec::new(),
            created_at: None,
            updated_at: None,
        }
    }
}

/// One custom field of a contact.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldValue {
    /// The field's id.
    pub id: FieldId,
    /// The personalisation tag, upper case, as the field list has it today.
    pub perstag: String,
    /// As stored: several values are `||a||b||`, dates `YYYY-MM-DD`, date-times ISO 8601.
    pub value: String,
}

impl fmt::Debug for Contact {
    /// Shows the id only: the rest is personal data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Contact({})", self.id)
    }
}

impl fmt::Debug for FieldValue {
    /// Shows the field only: the value is personal data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FieldValue({})", self.perstag)
    }
}
