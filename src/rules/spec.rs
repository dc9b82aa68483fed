//! A route as it was configured, in the words of the rules.

use std::fmt;

use crate::domain::{Behaviour, Existing};

/// What a route creates, and from what.
#[derive(Debug, Clone)]
pub struct RouteSpec {
    /// Its name.
    pub name: String,
    /// What is created.
    pub create: Behaviour,
    /// There is one where deals are created.
    pub pipeline: Option<NameOrId>,
    /// There is one where deals are created.
    pub stage: Option<NameOrId>,
    /// No new deal while person or company has an open one.
    pub skip_if_open_deal: bool,
    /// What happens to a person or company that exists.
    pub existing: Existing,
    /// Owners of what is created, taken in turn; may be empty.
    pub owners: Vec<OwnerRef>,
    /// The origin of what is created.
    pub origin: Option<String>,
    /// Tags of created persons and deals.
    pub tags: Vec<String>,
    /// A template for an interaction record.
    pub note: Option<String>,
    /// The field map; empty: the default one.
    pub map: Vec<MapRow>,
    /// Company names that say nothing and count as empty; case and accents make no difference.
    pub company_ignore: Vec<String>,
    /// The key of the custom field of deals that carries the lead key.
    pub lead_key_field: Option<String>,
}

/// A row of the field map.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MapRow {
    /// Where the value comes from.
    pub source: Source,
    /// `person.Name`, `company.CNPJ`, `deal.deal_<GUID>`.
    pub to: String,
    /// A lead without the value fails.
    pub required: bool,
}

/// Where a mapped value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// `email`, `first_name`, `last_name`, `full_name`, `phone`, `company`, `tags`,
    /// `field.<PERSTAG>`, `field.<id>`.
    From(String),
    /// A minijinja template over the same names.
    Template(String),
}

/// A pipeline or stage as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NameOrId {
    /// Its name.
    Name(String),
    /// Its id.
    Id(i64),
}

/// A user of Ploomes as it was written.
#[derive(Clone, PartialEq, Eq)]
pub enum OwnerRef {
    /// Their id.
    Id(i64),
    /// Their e-mail address.
    Email(String),
}

impl fmt::Debug for OwnerRef {
    /// Hides the address: it is personal data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(id) => write!(f, "Id({id})"),
            Self::Email(_) => f.write_str("Email(…)"),
        }
    }
}
