//! What is on the wire, read leniently, and its one conversion into domain values.
//!
//! The same key comes as `"1"`, as `1` or not at all; an empty object as `[]`; an absent date as
//! `null` or `"0000-00-00"`. So objects are not deserialised into structs, which would refuse all of
//! that, but read key by key: what cannot be read is absent, and only an id must be there.

mod time;

use std::collections::BTreeMap;

use super::{
    Automation, AutomationEntry, Item, Subscription, Tagging,
    json::{Json, Object},
};
use crate::domain::{
    AutomationId, Contact, ContactId, Enrollment, EnrollmentId, FieldId, FieldValue,
    catalog::AcField,
};
use chrono::{DateTime, FixedOffset, Utc};

pub(super) use self::time::wall_clock;

/// What is wrong with an answer, without its content.
pub(super) type Problem = &'static str;

/// A JSON object of an answer, and how it is read.
#[derive(Clone, Copy)]
pub(super) struct Row<'a>(&'a Object);

impl<'a> Row<'a> {
    pub(super) fn new(object: &'a Object) -> Self {
        Self(object)
    }

    pub(super) fn to_owned(self) -> Object {
        self.0.clone()
    }

    /// The object under `key`; an empty array, which is an empty object in PHP, is none.
    pub(super) fn object(self, key: &str) -> Option<Self> {
        self.0.get(key)?.as_object().map(Self)
    }

    /// The objects under `key`; `None` where the key is absent or null.
    ///
    /// PHP writes a list with gaps as an object with numbers for keys: that is read too.
    pub(super) fn rows(self, key: &str) -> Option<Result<Vec<Self>, Problem>> {
        let values: Vec<&Json> = match self.0.get(key)? {
            Json::List(values) => values.iter().collect(),
            Json::Object(values) => values.values().collect(),
            Json::Null => return None,
            _ => return Some(Err("a list is no list")),
        };
        let rows = values.into_iter().map(|value| value.as_object().map(Self));
        Some(rows.collect::<Option<_>>().ok_or("a list holds something that is no object"))
    }

    /// The ids in the array under `key`; none where there is no such array.
    pub(super) fn ids(self, key: &str) -> Vec<i64> {
        match self.0.get(key) {
            Some(Json::List(values)) => values.iter().filter_map(number).collect(),
            _ => Vec::new(),
        }
    }

    /// The text under `key`, as stored; empty where there is none.
    pub(super) fn text(self, key: &str) -> String {
        self.0.get(key).map(text).unwrap_or_default()
    }

    pub(super) fn number(self, key: &str) -> Option<i64> {
        self.0.get(key).and_then(number)
    }

    /// A positive number: 0 is how "none" is written.
    pub(super) fn id(self, key: &str) -> Option<i64> {
        self.number(key).filter(|&id| id > 0)
    }

    fn time(self, key: &str) -> Option<DateTime<FixedOffset>> {
        time::parse(self.0.get(key)?.as_str()?)
    }

    fn utc(self, key: &str) -> Option<DateTime<Utc>> {
        self.time(key).map(|at| at.to_utc())
    }

    /// Whether the row belongs to `contact`; one that names nobody does.
    pub(super) fn is_of(self, contact: ContactId) -> bool {
        self.id("contact").is_none_or(|owner| owner == contact.0)
    }
}

fn number(value: &Json) -> Option<i64> {
    match value {
        Json::Number(number) => number.as_i64(),
        Json::Text(text) => text.as_str().trim().parse().ok(),
        Json::Bool(yes) => Some((*yes).into()),
        _ => None,
    }
}

fn text(value: &Json) -> String {
    match value {
        Json::Text(text) => text.as_str().to_owned(),
        Json::Number(number) => number.to_string(),
        Json::Bool(yes) => u8::from(*yes).to_string(),
        // Several values, written the way they are written everywhere else.
        Json::List(values) if !values.is_empty() => {
            values.iter().fold("||".to_owned(), |all, value| all + &text(value) + "||")
        }
        Json::List(_) | Json::Object(_) | Json::Null => String::new(),
    }
}

/// A contact's own columns; company is `orgname`, tags and custom fields are empty.
///
/// One that is flagged `deleted` or `anonymized` is a contact all the same: AC shows it, so what it
/// means is decided where all contacts are decided on.
pub(super) fn contact(row: Row) -> Result<Contact, Problem> {
    Ok(Contact {
        id: ContactId(row.id("id").ok_or("a contact has no id")?),
        email: row.text("email"),
        first_name: row.text("firstName"),
        last_name: row.text("lastName"),
        phone: row.text("phone"),
        company: row.text("orgname"),
        tags: Vec::new(),
        fields: Vec::new(),
        created_at: row.time("cdate"),
        updated_at: row.time("udate"),
    })
}

/// A row of `contactAutomations`. `contact` and `automation` are those of the request, for rows that
/// do not say.
pub(super) fn entry(
    row: Row,
    contact: Option<ContactId>,
    automation: Option<AutomationId>,
) -> Result<AutomationEntry, Problem> {
    let id = row.id("id").ok_or("an enrollment has no id")?;
    let own_contact = row.id("contact").map(ContactId);
    let own_automation = row.id("seriesid").or_else(|| row.id("automation")).map(AutomationId);
    Ok(AutomationEntry {
        contact: own_contact.or(contact).ok_or("an enrollment has no contact")?,
        automation: own_automation.or(automation).ok_or("an enrollment has no automation")?,
        enrollment: Enrollment { id: Some(EnrollmentId(id)), entered_at: row.utc("adddate") },
        completed: row.number("completed") == Some(1),
    })
}

/// Rows of `contactLists`.
pub(super) fn subscription(row: Row) -> Result<Subscription, Problem> {
    Ok(Subscription {
        list: row.id("list").ok_or("a subscription has no list")?,
        active: row.number("status") == Some(1),
        since: row.utc("sdate"),
    })
}

/// A row of `contactTags`, with the tag's name from `names`.
pub(super) fn tagging(row: Row, names: &BTreeMap<i64, String>) -> Result<Tagging, Problem> {
    let tag = tag_id(row)?;
    Ok(Tagging { tag, name: names.get(&tag).cloned(), since: row.utc("cdate") })
}

/// The tag of a row of `contactTags`.
pub(super) fn tag_id(row: Row) -> Result<i64, Problem> {
    row.id("tag").ok_or("a tagging has no tag")
}

/// The field of a row of `fieldValues`.
pub(super) fn field_id(row: Row) -> Result<i64, Problem> {
    row.id("field").ok_or("a custom value has no field")
}

/// The values of `fieldValues` that are not empty, by field, with the tags of `perstags`.
///
/// A field that the field list does not have has an empty tag: it can still be named by its id.
pub(super) fn fields(
    rows: &[Row],
    perstags: &BTreeMap<i64, String>,
) -> Result<Vec<FieldValue>, Problem> {
    let mut values = BTreeMap::new();
    for &row in rows {
        values.insert(field_id(row)?, row.text("value"));
    }
    let values = values.into_iter().filter(|(_, value)| !value.is_empty());
    let perstag = |id| perstags.get(&id).cloned().unwrap_or_default();
    Ok(values
        .map(|(id, value)| FieldValue { id: FieldId(id), perstag: perstag(id), value })
        .collect())
}

pub(super) fn field(row: Row) -> Result<AcField, Problem> {
    Ok(AcField {
        id: FieldId(row.id("id").ok_or("a field has no id")?),
        perstag: row.text("perstag").to_uppercase(),
        title: row.text("title"),
        kind: row.text("type"),
    })
}

pub(super) fn automation(row: Row) -> Result<Automation, Problem> {
    Ok(Automation {
        id: AutomationId(row.id("id").ok_or("an automation has no id")?),
        name: row.text("name"),
        entered: row.number("entered"),
        active: row.number("status") == Some(1),
    })
}

/// A list (`name`) or a tag (`tag`).
pub(super) fn item(row: Row, name: &str) -> Result<Item, Problem> {
    Ok(Item { id: row.id("id").ok_or("a list or tag has no id")?, name: row.text(name) })
}

#[cfg(test)]
mod tests;
