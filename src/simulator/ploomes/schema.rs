//! What each entity is made of: properties, their kinds, and ways to other entities.
//!
//! The order of properties is that of the answers. Only properties marked `w` can be written; the
//! others may be sent and are ignored, as the real service does with what it derives.

mod contacts;
mod deals;
mod fields;
mod reference;

/// A set of records of one entity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Table {
    /// `/Account`: one row.
    Account,
    /// `/Cities`.
    Cities,
    /// `/Contacts`: companies and persons.
    Contacts,
    /// `/Contacts@Origins`, of deals too.
    Origins,
    /// `/Contacts@Status`.
    ContactStatus,
    /// `/Contacts@Types`.
    ContactTypes,
    /// `/Cities@Countries`.
    Countries,
    /// `/Currencies`.
    Currencies,
    /// `/Deals`.
    Deals,
    /// `/Deals@Status`.
    DealStatus,
    /// `/Deals/GetDeletedDeals`.
    DeletedDeals,
    /// `/Fields@Entities`.
    Entities,
    /// `/Fields`.
    Fields,
    /// `/Fields@Types`.
    FieldTypes,
    /// `/InteractionRecords`.
    InteractionRecords,
    /// `/Deals@LossReasons`.
    LossReasons,
    /// `/Fields@OptionsTables@Options`.
    Options,
    /// `/Fields@OptionsTables`.
    OptionsTables,
    /// Custom values of a company or person.
    OtherOfContacts,
    /// Custom values of a deal.
    OtherOfDeals,
    /// Phones of a company or person.
    Phones,
    /// `/PhoneTypes`.
    PhoneTypes,
    /// `/Deals@Pipelines`.
    Pipelines,
    /// `/Users@Profiles`.
    Profiles,
    /// `/Deals@Stages`.
    Stages,
    /// `/Cities@Countries@States`.
    States,
    /// Tags of a record.
    TagLinks,
    /// `/Tags`.
    Tags,
    /// `/Tasks@Types`, of interaction records.
    TaskTypes,
    /// `/Users`.
    Users,
    /// `/Webhooks@Actions`.
    WebhookActions,
    /// `/Webhooks`.
    Webhooks,
}

/// What kind of value a property holds; any of them can be null.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Bool,
    Int,
    Decimal,
    Text,
    /// A time with the account's offset.
    Date,
}

/// A property.
#[derive(Debug)]
pub(super) struct Property {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    /// Whether a write can set it.
    pub(super) writable: bool,
}

/// A way to other records.
#[derive(Debug)]
pub(super) struct Navigation {
    pub(super) name: &'static str,
    pub(super) link: Link,
}

/// Where a navigation leads.
#[derive(Debug, Clone, Copy)]
pub(super) enum Link {
    /// The one record of `table` whose id this property holds.
    One { table: Table, by: &'static str },
    /// The records of `table` whose property holds this record's id.
    Many { table: Table, by: &'static str },
    /// Rows that are part of the record itself.
    Owned(Table),
    /// A record that is not simulated: null.
    NoOne,
    /// Records that are not simulated: none.
    Nothing,
}

/// What an entity is made of.
#[derive(Debug)]
pub(super) struct Schema {
    pub(super) properties: &'static [Property],
    pub(super) navigations: &'static [Navigation],
}

impl Schema {
    /// The property of this name.
    pub(super) fn property(&self, name: &str) -> Option<&'static Property> {
        self.properties.iter().find(|it| it.name == name)
    }

    /// The navigation of this name.
    pub(super) fn navigation(&self, name: &str) -> Option<&'static Navigation> {
        self.navigations.iter().find(|it| it.name == name)
    }
}

impl Table {
    /// What its records are made of.
    pub(super) const fn schema(self) -> &'static Schema {
        match self {
            Self::Contacts => &contacts::CONTACT,
            Self::Phones => &contacts::PHONE,
            Self::OtherOfContacts => &fields::OTHER_OF_CONTACT,
            Self::InteractionRecords => &contacts::INTERACTION_RECORD,
            Self::Deals | Self::DeletedDeals => &deals::DEAL,
            Self::OtherOfDeals => &fields::OTHER_OF_DEAL,
            Self::Pipelines => &deals::PIPELINE,
            Self::Stages => &deals::STAGE,
            Self::LossReasons => &deals::LOSS_REASON,
            Self::TagLinks => &deals::TAG_LINK,
            Self::Fields => &fields::FIELD,
            Self::FieldTypes => &fields::FIELD_TYPE,
            Self::OptionsTables => &fields::OPTIONS_TABLE,
            Self::Options => &fields::OPTION,
            Self::Account => &reference::ACCOUNT,
            Self::Users => &reference::USER,
            Self::Profiles => &reference::PROFILE,
            Self::Tags => &reference::TAG,
            Self::Cities => &reference::CITY,
            Self::States => &reference::STATE,
            Self::Countries => &reference::COUNTRY,
            Self::Currencies => &reference::CURRENCY,
            Self::Webhooks => &reference::WEBHOOK,
            Self::Origins
            | Self::ContactStatus
            | Self::ContactTypes
            | Self::DealStatus
            | Self::Entities
            | Self::PhoneTypes
            | Self::TaskTypes
            | Self::WebhookActions => &reference::NAMED,
        }
    }

    /// Its path after the base, without the leading slash.
    pub(super) const fn path(self) -> &'static str {
        match self {
            Self::Account => "Account",
            Self::Cities => "Cities",
            Self::Contacts => "Contacts",
            Self::Origins => "Contacts@Origins",
            Self::ContactStatus => "Contacts@Status",
            Self::ContactTypes => "Contacts@Types",
            Self::Countries => "Cities@Countries",
            Self::Currencies => "Currencies",
            Self::Deals => "Deals",
            Self::DealStatus => "Deals@Status",
            Self::DeletedDeals => "Deals/GetDeletedDeals",
            Self::Entities => "Fields@Entities",
            Self::Fields => "Fields",
            Self::FieldTypes => "Fields@Types",
            Self::InteractionRecords => "InteractionRecords",
            Self::LossReasons => "Deals@LossReasons",
            Self::Options => "Fields@OptionsTables@Options",
            Self::OptionsTables => "Fields@OptionsTables",
            // Parts of other records; no path leads to them.
            Self::OtherOfContacts | Self::OtherOfDeals => "OtherProperties",
            Self::Phones => "Phones",
            Self::TagLinks => "TagLinks",
            Self::PhoneTypes => "PhoneTypes",
            Self::Pipelines => "Deals@Pipelines",
            Self::Profiles => "Users@Profiles",
            Self::Stages => "Deals@Stages",
            Self::States => "Cities@Countries@States",
            Self::Tags => "Tags",
            Self::TaskTypes => "Tasks@Types",
            Self::Users => "Users",
            Self::WebhookActions => "Webhooks@Actions",
            Self::Webhooks => "Webhooks",
        }
    }

    /// The table at `path`, where there is one.
    pub(super) fn at(path: &str) -> Option<Self> {
        Self::REACHABLE.into_iter().find(|it| it.path() == path)
    }

    /// The tables that a path leads to.
    const REACHABLE: [Self; 28] = [
        Self::Account,
        Self::Cities,
        Self::Contacts,
        Self::Origins,
        Self::ContactStatus,
        Self::ContactTypes,
        Self::Countries,
        Self::Currencies,
        Self::Deals,
        Self::DealStatus,
        Self::DeletedDeals,
        Self::Entities,
        Self::Fields,
        Self::FieldTypes,
        Self::InteractionRecords,
        Self::LossReasons,
        Self::Options,
        Self::OptionsTables,
        Self::PhoneTypes,
        Self::Pipelines,
        Self::Profiles,
        Self::Stages,
        Self::States,
        Self::Tags,
        Self::TaskTypes,
        Self::Users,
        Self::WebhookActions,
        Self::Webhooks,
    ];
}

/// Properties as `Name: Kind`, with `w` after those that can be written.
macro_rules! properties {
    ($($name:ident: $kind:ident $($mark:ident)?),* $(,)?) => {
        &[$($crate::simulator::ploomes::schema::Property {
            name: stringify!($name),
            kind: $crate::simulator::ploomes::schema::Kind::$kind,
            writable: $crate::simulator::ploomes::schema::writable!($($mark)?),
        }),*]
    };
}

macro_rules! writable {
    () => {
        false
    };
    (w) => {
        true
    };
}

use {properties, writable};

const fn one(name: &'static str, table: Table, by: &'static str) -> Navigation {
    Navigation { name, link: Link::One { table, by } }
}

const fn many(name: &'static str, table: Table, by: &'static str) -> Navigation {
    Navigation { name, link: Link::Many { table, by } }
}

const fn owned(name: &'static str, table: Table) -> Navigation {
    Navigation { name, link: Link::Owned(table) }
}

const fn no_one(name: &'static str) -> Navigation {
    Navigation { name, link: Link::NoOne }
}

const fn nothing(name: &'static str) -> Navigation {
    Navigation { name, link: Link::Nothing }
}
