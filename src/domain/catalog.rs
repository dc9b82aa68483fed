//! What an account offers: pipelines, stages, fields, options, users, origins, tags.
//!
//! Reference data, read at start and now and then; a lead never pays for it. Pure values, filled
//! by the clients and read by [`crate::rules`].

use super::{FieldId, RecordId};

/// The reference data of a Ploomes account.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PloomesCatalog {
    /// The user whose key is used (`GET /Self`): the creator of everything that `ponte` makes.
    pub me: Option<RecordId>,
    /// Pipelines with their stages, archived ones included.
    pub pipelines: Vec<Pipeline>,
    /// Native and custom fields of contacts and deals.
    pub fields: Vec<Field>,
    /// Users, suspended ones included.
    pub users: Vec<User>,
    /// `Contacts@Origins`, used by contacts and deals.
    pub origins: Vec<Named>,
    /// Tags of contacts and deals.
    pub tags: Vec<Tag>,
}

/// An id with a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// `Id`.
    pub id: RecordId,
    /// `Name`.
    pub name: String,
}

/// A pipeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pipeline {
    /// `Id`.
    pub id: RecordId,
    /// `Name`.
    pub name: String,
    /// `Archived`: takes no new deals.
    pub archived: bool,
    /// In order (`Ordination`).
    pub stages: Vec<Stage>,
}

/// A stage of a pipeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stage {
    /// `Id`.
    pub id: RecordId,
    /// `Name`.
    pub name: String,
    /// `Archived`, where the account has it.
    pub archived: bool,
}

/// A user.
#[derive(Clone, PartialEq, Eq)]
pub struct User {
    /// `Id`.
    pub id: RecordId,
    /// `Name`.
    pub name: String,
    /// `Email`, as stored.
    pub email: String,
    /// `Suspended`: can own nothing new.
    pub suspended: bool,
    /// `Integration`: made for a key, not for a person.
    pub integration: bool,
}

impl std::fmt::Debug for User {
    /// Shows the id only: name and e-mail are personal data.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "User({})", self.id)
    }
}

/// A tag; each belongs to one entity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag {
    /// `Id`.
    pub id: RecordId,
    /// `Name`.
    pub name: String,
    /// `EntityId`.
    pub entity: Entity,
}

/// What a field or tag belongs to (`EntityId`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Entity {
    /// 1, "Cliente": companies and persons.
    Contact,
    /// 2, "Negócio".
    Deal,
}

impl Entity {
    /// `EntityId` on the wire.
    pub const fn id(self) -> i64 {
        match self {
            Self::Contact => 1,
            Self::Deal => 2,
        }
    }
}

/// A field, native or custom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// `Id`.
    pub id: RecordId,
    /// `Key`, such as `contact_<GUID>`; what a custom value is written under.
    pub key: String,
    /// `Name`, as people see it.
    pub name: String,
    /// `EntityId`.
    pub entity: Entity,
    /// `Dynamic`: a custom field.
    pub dynamic: bool,
    /// `UpdatePropertyName`, else `PropertyName`: the native property.
    pub property: Option<String>,
    /// The slot its values are written in (`Type.NativeType`).
    pub slot: Slot,
    /// The options, where it has an option list.
    pub options: Option<Vec<Named>>,
    /// `Type.Id`; 7 is an option list.
    pub type_id: i64,
    /// `Multiple`: several values under one key.
    pub multiple: bool,
    /// `Required`, on forms; whether the API enforces it is not known.
    pub required: bool,
}

/// The slot of a custom value, `NativeType` + `Value`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Slot {
    /// `StringValue`, at most 250 characters.
    String,
    /// `BigStringValue`.
    BigString,
    /// `IntegerValue`; options, users and contacts too.
    Integer,
    /// `DecimalValue`; currency too.
    Decimal,
    /// `DateTimeValue`, with an offset.
    DateTime,
    /// `BoolValue`.
    Bool,
}

impl Slot {
    /// All slots.
    pub const ALL: [Self; 6] =
        [Self::String, Self::BigString, Self::Integer, Self::Decimal, Self::DateTime, Self::Bool];

    /// The key on the wire.
    pub const fn key(self) -> &'static str {
        match self {
            Self::String => "StringValue",
            Self::BigString => "BigStringValue",
            Self::Integer => "IntegerValue",
            Self::Decimal => "DecimalValue",
            Self::DateTime => "DateTimeValue",
            Self::Bool => "BoolValue",
        }
    }

    /// The slot of a `NativeType`.
    pub fn of_native_type(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|slot| slot.key().strip_suffix("Value") == Some(name))
    }
}

/// A custom field of `ActiveCampaign`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AcField {
    /// `id`.
    pub id: FieldId,
    /// `perstag`, upper case.
    pub perstag: String,
    /// `title`.
    pub title: String,
    /// `type`, such as `text`, `date`, `checkbox`.
    pub kind: String,
}
