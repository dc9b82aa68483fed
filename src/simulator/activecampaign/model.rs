//! What the account holds.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    hash::{DefaultHasher, Hash as _, Hasher as _},
};

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    input::{GlobalWebhook, Import, Refused, Step},
    outbox::Outbox,
    switches::Switches,
    table::{Keyed, Table},
    time::Second,
};

/// A contact. A million of them must fit, so strings are boxed and stamps short.
pub(super) struct Contact {
    pub id: i64,
    pub email: Box<str>,
    pub first_name: Box<str>,
    pub last_name: Box<str>,
    pub phone: Box<str>,
    pub orgname: Box<str>,
    /// `cdate`.
    pub created: Second,
    /// `udate`.
    pub updated: Second,
    /// `updated_timestamp`.
    pub touched: Second,
    /// The `updated_timestamp` before that.
    pub touched_before: Second,
    /// `adate` and `edate`.
    pub active: Option<Second>,
    pub values: Vec<Value>,
    pub tags: Vec<Tagging>,
    pub lists: Vec<Subscription>,
    /// Ids of its enrollments, ascending.
    pub entries: Vec<i64>,
    pub link: Option<Box<Link>>,
    pub anonymized: bool,
}

/// A `fieldValue`.
pub(super) struct Value {
    pub id: i64,
    pub field: i64,
    pub text: Box<str>,
    pub created: Second,
    pub updated: Second,
}

/// A `contactTag`.
pub(super) struct Tagging {
    pub id: i64,
    pub tag: i64,
    pub created: Second,
}

/// A `contactList`.
pub(super) struct Subscription {
    pub id: i64,
    pub list: i64,
    /// 1 active, 2 unsubscribed.
    pub status: u8,
    pub since: Second,
    pub left: Option<Second>,
}

/// An `accountContact`.
pub(super) struct Link {
    pub id: i64,
    pub account: i64,
    pub created: Second,
}

/// A `contactAutomation`.
pub(super) struct Enrollment {
    pub id: i64,
    pub contact: i64,
    pub automation: i64,
    /// `adddate`.
    pub added: Second,
    /// `lastdate`.
    pub last: Second,
    /// `remdate`: it has left.
    pub left: Option<Second>,
    /// Steps that are done.
    pub done: u32,
}

/// A custom field.
pub(super) struct Field {
    pub id: i64,
    pub title: String,
    pub perstag: String,
    pub kind: &'static str,
    /// Ids and texts.
    pub options: Vec<(i64, String)>,
    pub created: Second,
    pub updated: Second,
}

/// A tag, with the ids of the contacts that have it, ascending.
pub(super) struct Tag {
    pub id: i64,
    pub name: String,
    pub created: Second,
    pub touched: Second,
    pub contacts: Vec<i64>,
}

/// A list, with the ids of the contacts that are or were on it, ascending.
pub(super) struct List {
    pub id: i64,
    pub name: String,
    pub created: Second,
    pub contacts: Vec<i64>,
}

/// An account, with the number of its contacts.
pub(super) struct Account {
    pub id: i64,
    pub name: String,
    pub created: Second,
    pub contacts: u64,
}

/// An automation.
pub(super) struct Automation {
    pub id: i64,
    pub name: String,
    pub active: bool,
    pub multientry: bool,
    pub steps: Vec<Step>,
    pub created: Second,
    /// A counter that never goes back.
    pub entered: u64,
    pub exited: u64,
    /// Its enrollments, by `adddate` and id.
    pub entries: Vec<(Second, i64)>,
    /// Ids of the contacts with an enrollment, ascending.
    pub contacts: Vec<i64>,
}

macro_rules! keyed {
    ($($name:ty),+) => {$(
        impl Keyed for $name {
            fn id(&self) -> i64 {
                self.id
            }
        }
    )+};
}
keyed!(Box<Contact>, Enrollment, Field, Tag, List, Account, Automation);

/// What happens by itself when its time comes.
pub(super) enum Due {
    /// An enrollment goes on at this step.
    Continue { enrollment: i64, step: usize },
    /// An import is done.
    Import(Import),
}

/// The account.
pub(super) struct Model {
    pub switches: Switches,
    pub seed: u64,
    pub contacts: Table<Box<Contact>>,
    pub enrollments: Table<Enrollment>,
    pub fields: Table<Field>,
    pub tags: Table<Tag>,
    pub lists: Table<List>,
    pub accounts: Table<Account>,
    pub automations: Table<Automation>,
    pub hooks: Vec<(GlobalWebhook, bool)>,
    pub outbox: Outbox,
    /// Ids of enrollments that a merge gave a new one.
    pub moved: BTreeMap<i64, i64>,
    pub agenda: BTreeMap<DateTime<Utc>, VecDeque<Due>>,
    /// Hashes of e-mails, lower-cased, with the contact: a third of the size of the e-mails.
    emails: BTreeSet<(u64, i64)>,
    last_row: i64,
}

impl Model {
    pub(super) fn new(seed: u64, switches: Switches) -> Self {
        Self {
            switches,
            seed,
            contacts: Table::default(),
            enrollments: Table::default(),
            fields: Table::default(),
            tags: Table::default(),
            lists: Table::default(),
            accounts: Table::default(),
            automations: Table::default(),
            hooks: Vec::new(),
            outbox: Outbox::new(seed),
            moved: BTreeMap::new(),
            agenda: BTreeMap::new(),
            emails: BTreeSet::new(),
            last_row: 0,
        }
    }

    /// An id for a row that has no table of its own, such as a `fieldValue` or an option.
    pub(super) fn row_id(&mut self) -> i64 {
        self.last_row += 1;
        self.last_row
    }

    pub(super) fn contact(&self, id: i64) -> Result<&Contact, Refused> {
        self.contacts.get(id).map(Box::as_ref).ok_or(Refused::NotFound("Subscriber", id))
    }

    pub(super) fn contact_mut(&mut self, id: i64) -> Result<&mut Contact, Refused> {
        self.contacts.get_mut(id).map(Box::as_mut).ok_or(Refused::NotFound("Subscriber", id))
    }

    /// The contact with this e-mail, in any case.
    pub(super) fn contact_by_email(&self, email: &str) -> Option<i64> {
        let hash = email_hash(email);
        self.emails
            .range((hash, 0)..=(hash, i64::MAX))
            .map(|&(_, id)| id)
            .find(|&id| self.contacts.get(id).is_some_and(|it| same_email(&it.email, email)))
    }

    pub(super) fn index_email(&mut self, email: &str, id: i64) {
        self.emails.insert((email_hash(email), id));
    }

    pub(super) fn unindex_email(&mut self, email: &str, id: i64) {
        self.emails.remove(&(email_hash(email), id));
    }

    /// Notes a change of a contact; `moves` says whether `udate` shows it.
    pub(super) fn touch(&mut self, id: i64, now: Second, moves: bool) {
        if let Some(contact) = self.contacts.get_mut(id) {
            contact.touched_before = contact.touched;
            contact.touched = now;
            if moves {
                contact.updated = now;
            }
        }
    }

    /// Puts something on the agenda, behind what is there for the same moment.
    pub(super) fn plan(&mut self, at: DateTime<Utc>, what: Due) {
        self.agenda.entry(at).or_default().push_back(what);
    }

    /// Whether a row made at `created` is in lists yet.
    pub(super) fn listed(&self, created: Second, now: DateTime<Utc>) -> bool {
        let late = TimeDelta::from_std(self.switches.rows_late).unwrap_or(TimeDelta::MAX);
        late.is_zero() || now.signed_duration_since(created.utc()) >= late
    }
}

fn same_email(one: &str, other: &str) -> bool {
    one.len() == other.len() && one.to_lowercase() == other.to_lowercase()
}

/// The same in every process: a seed must give the same account.
fn email_hash(email: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    email.to_lowercase().hash(&mut hasher);
    hasher.finish()
}
