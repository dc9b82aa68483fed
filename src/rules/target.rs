//! Targets: which field of which record a row of the map writes to.

mod native;

use std::sync::Arc;

use super::{
    RouteSpec,
    compile::Refusal,
    names::{fold, nearest, suggest},
    value::{Kind, choice::Choices},
};
use crate::domain::{
    Behaviour,
    catalog::{Entity, Field, PloomesCatalog, Slot},
};

/// The record that a row writes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Record {
    Company,
    Person,
    Deal,
}

impl Record {
    const ALL: [Self; 3] = [Self::Company, Self::Person, Self::Deal];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Company => "company",
            Self::Person => "person",
            Self::Deal => "deal",
        }
    }

    /// What its fields belong to.
    pub(super) const fn entity(self) -> Entity {
        match self {
            Self::Company | Self::Person => Entity::Contact,
            Self::Deal => Entity::Deal,
        }
    }

    const fn is_created(self, behaviour: Behaviour) -> bool {
        match self {
            Self::Company => behaviour.has_company(),
            Self::Person => true,
            Self::Deal => behaviour.has_deal(),
        }
    }
}

/// A field that takes a value.
#[derive(Debug, Clone)]
pub(super) enum Target {
    /// A native property.
    Native { property: String, kind: Kind },
    /// The phones of a contact.
    Phones,
    /// A custom field.
    Custom { key: String, slot: Slot, multiple: bool, kind: Kind },
}

/// Finds targets in an account.
pub(super) struct Targets<'a> {
    spec: &'a RouteSpec,
    catalog: &'a PloomesCatalog,
    users: Arc<Choices>,
}

impl<'a> Targets<'a> {
    pub(super) fn new(spec: &'a RouteSpec, catalog: &'a PloomesCatalog) -> Self {
        Self { spec, catalog, users: Arc::new(Choices::of_users(&catalog.users)) }
    }

    /// The field that `person.CPF` or `deal.deal_<GUID>` names.
    pub(super) fn find(&self, to: &str) -> Result<(Record, Target), Refusal> {
        let (record, property) = to.split_once('.').unwrap_or((to, ""));
        let record = Record::ALL.into_iter().find(|it| it.name() == record);
        let Some(record) = record.filter(|_| !property.is_empty()) else {
            let refusal = Refusal::new(format!("{to:?} is no field of a record"));
            return Err(refusal.hint("write person.…, company.… or deal.…"));
        };
        if !record.is_created(self.spec.create) {
            let refusal = Refusal::new(format!("the route creates no {}", record.name()));
            return Err(refusal.hint("leave the row out, or change `create`"));
        }
        if let Some(refusal) = self.refused(record, property) {
            return Err(refusal);
        }
        let target = match (record, property) {
            (Record::Company | Record::Person, "Phones") => Some(Target::Phones),
            _ => self.native(record, property).or_else(|| self.custom(record, property)),
        };
        target.map(|target| (record, target)).ok_or_else(|| self.unknown(record, property))
    }

    /// A field that exists and that a map cannot write.
    fn refused(&self, record: Record, property: &str) -> Option<Refusal> {
        if native::is_read_only(property) {
            let message = format!("`{property}` is kept by Ploomes and cannot be written");
            return Some(Refusal::new(message));
        }
        let elsewhere = match (record, property) {
            (_, "OwnerId") if !self.spec.owners.is_empty() => "the route's `owner` sets it",
            (_, "OriginId") if self.spec.origin.is_some() => "the route's `origin` sets it",
            (_, "Tags") => "the route's `tags` set them",
            (_, "TypeId") | (Record::Person, "CompanyId") => "it follows from `create`",
            (_, "OtherProperties") => "name the custom field itself, by its key",
            (Record::Deal, "ContactId" | "PersonId" | "ContactName" | "PersonName") => {
                "the deal belongs to the lead's own person and company"
            }
            (Record::Deal, "PipelineId") => "the route's `pipeline` sets it",
            (Record::Deal, "StageId") => "the route's `stage` sets it",
            (Record::Deal, "StatusId") => "a new deal is open",
            (Record::Deal, key) if self.spec.lead_key_field.as_deref() == Some(key) => {
                "it is the lead key field, which `ponte` fills"
            }
            _ => return None,
        };
        Some(Refusal::new(format!("`{property}` cannot be mapped")).hint(elsewhere))
    }

    fn native(&self, record: Record, property: &str) -> Option<Target> {
        let field = self.fields(record).find(|field| is_native(field, property));
        let kind = match property {
            "OwnerId" => Kind::Choice(Arc::clone(&self.users)),
            "OriginId" => Kind::Choice(Arc::new(Choices::of_origins(&self.catalog.origins))),
            _ => match native::kind(record, property) {
                Some(kind) => kind,
                None => match self.kind(field?) {
                    Kind::ShortText | Kind::LongText => Kind::Line,
                    kind => kind,
                },
            },
        };
        Some(Target::Native { property: property.to_owned(), kind })
    }

    fn custom(&self, record: Record, key: &str) -> Option<Target> {
        let field = self.fields(record).find(|field| field.dynamic && field.key == key)?;
        Some(Target::Custom {
            key: key.to_owned(),
            slot: field.slot,
            multiple: field.multiple,
            kind: self.kind(field),
        })
    }

    fn kind(&self, field: &Field) -> Kind {
        match (field.slot, &field.options) {
            (Slot::Integer, Some(options)) => Kind::Choice(Arc::new(Choices::of_options(options))),
            // Users and contacts have no list here; what the number is the type does not tell.
            (Slot::Integer, None) => Kind::Choice(Arc::clone(&self.users)),
            (Slot::String, _) => Kind::ShortText,
            (Slot::BigString, _) => Kind::LongText,
            (Slot::Decimal, _) => Kind::Decimal,
            (Slot::DateTime, _) => Kind::Date,
            (Slot::Bool, _) => Kind::Flag,
        }
    }

    fn fields(&self, record: Record) -> impl Iterator<Item = &'a Field> + Clone {
        self.catalog.fields.iter().filter(move |field| field.entity == record.entity())
    }

    /// Why there is no such field, as far as it can be guessed.
    fn unknown(&self, record: Record, property: &str) -> Refusal {
        let name = record.name();
        let other = |field: &&Field| field.dynamic && field.key == property;
        if let Some(field) = self.catalog.fields.iter().find(other) {
            let (message, hint) = match field.entity {
                Entity::Contact => ("persons and companies", "person.… or company.…"),
                Entity::Deal => ("deals", "deal.…"),
            };
            let message = format!("`{property}` is a field of {message}");
            return Refusal::new(message).hint(format!("write {hint}"));
        }
        let refusal = Refusal::new(format!("a {name} has no field `{property}`"));
        let called = |field: &&Field| {
            field.key == property || (field.dynamic && fold(&field.name) == fold(property))
        };
        if let Some(field) = self.fields(record).find(called) {
            let meant = field.property.as_ref().filter(|_| !field.dynamic).unwrap_or(&field.key);
            return refusal.hint(format!("did you mean \"{name}.{meant}\"?"));
        }
        let mut known: Vec<&str> = native::names(record).collect();
        known.extend(self.fields(record).filter_map(|field| {
            if field.dynamic { Some(field.key.as_str()) } else { field.property.as_deref() }
        }));
        known.retain(|known| !native::is_read_only(known));
        match nearest(property, known) {
            Some(near) => refusal.hint(format!("did you mean \"{name}.{near}\"?")),
            None => refusal.hint("`ponte fields ploomes` lists them"),
        }
    }
}

/// Checks the custom field of deals that carries the lead key.
pub(super) fn lead_key_field(key: &str, catalog: &PloomesCatalog) -> Result<(), Refusal> {
    let Some(field) = catalog.fields.iter().find(|field| field.dynamic && field.key == key) else {
        let deals = catalog.fields.iter().filter(|it| it.dynamic && it.entity == Entity::Deal);
        let texts = deals.filter(|it| is_text(it)).map(|it| it.key.as_str());
        let refusal = Refusal::new(format!("there is no custom field `{key}`"));
        return Err(refusal.maybe_hint(suggest(key, texts)));
    };
    if field.entity != Entity::Deal {
        return Err(Refusal::new(format!("`{key}` is no field of deals")));
    }
    if !is_text(field) {
        let message = format!("`{key}` is no text field that holds a single value");
        return Err(Refusal::new(message).hint("the lead key is a text"));
    }
    Ok(())
}

fn is_text(field: &Field) -> bool {
    matches!(field.slot, Slot::String | Slot::BigString) && !field.multiple
}

fn is_native(field: &Field, property: &str) -> bool {
    !field.dynamic && field.property.as_deref() == Some(property)
}
