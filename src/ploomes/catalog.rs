//! The reference data of an account. Read at start and now and then; a lead never pays for it.

use super::{
    Expand, Filter, Query,
    answer::{self, Row},
    model::{integer, list, text, truth},
    pages::PAGES_MAX,
    reader::Reader,
};
use crate::{
    domain::{
        Lane, RecordId,
        catalog::{Entity, Field, Named, Pipeline, PloomesCatalog, Slot, Stage, Tag, User},
    },
    transport::CallError,
};

impl Reader {
    /// The reference data of the account, fresh.
    pub async fn catalog(&self, lane: Lane) -> Result<PloomesCatalog, CallError> {
        let me = self.page(Query::of("/Self"), lane).await?;
        let pipelines = Query::of("/Deals@Pipelines").expand(&[Expand::of("Stages")]);
        let options = Expand::of("OptionsTable").expand(&[Expand::of("Options")]);
        let fields = Query::of("/Fields")
            .filter(Some(&of_both_entities()))
            .expand(&[Expand::of("Type"), options]);
        let tags = Query::of("/Tags").filter(Some(&of_both_entities()));
        Ok(PloomesCatalog {
            me: me.first().and_then(answer::id),
            pipelines: self.all(pipelines, pipeline, lane).await?,
            fields: self.all(fields, field, lane).await?,
            // No `$select`: some of what users have cannot be selected.
            users: self.all(Query::of("/Users"), user, lane).await?,
            origins: self.all(Query::of("/Contacts@Origins"), named, lane).await?,
            tags: self.all(tags, tag, lane).await?,
        })
    }

    /// `TypeId` of a short text field, for [`super::FieldSpec`]; `None` where the account has none.
    ///
    /// Several types keep a short text, an image's address too; the oldest is the plain one.
    pub async fn text_type(&self, lane: Lane) -> Result<Option<i64>, CallError> {
        let rows = self.api.rows(Query::of("/Fields@Types"), PAGES_MAX, lane).await?;
        let short = rows.iter().filter(|row| slot_of_type(row) == Some(Slot::String));
        Ok(short.filter_map(answer::id).map(|id| id.0).min())
    }

    /// All rows of `query`, each read by `read`; what cannot be read is left out.
    async fn all<T>(
        &self,
        query: Query,
        read: fn(&Row) -> Option<T>,
        lane: Lane,
    ) -> Result<Vec<T>, CallError> {
        let rows = self.api.rows(query, PAGES_MAX, lane).await?;
        Ok(rows.iter().filter_map(read).collect())
    }
}

/// Of contacts or of deals; the others are left out again when they are read.
fn of_both_entities() -> Filter {
    let [contact, deal] = [Entity::Contact, Entity::Deal].map(|it| Filter::eq("EntityId", it.id()));
    Filter::or([contact.clone(), deal]).unwrap_or(contact)
}

fn entity(row: &Row) -> Option<Entity> {
    let id = integer(row, "EntityId")?;
    [Entity::Contact, Entity::Deal].into_iter().find(|it| it.id() == id)
}

fn named(row: &Row) -> Option<Named> {
    Some(Named { id: answer::id(row)?, name: text(row, "Name")?.to_owned() })
}

fn pipeline(row: &Row) -> Option<Pipeline> {
    let Named { id, name } = named(row)?;
    let mut stages: Vec<&Row> = list(row, "Stages").collect();
    stages.sort_by_key(|stage| (integer(stage, "Ordination"), answer::id(stage)));
    let stages = stages.into_iter().filter_map(stage).collect();
    Some(Pipeline { id, name, archived: truth(row, "Archived"), stages })
}

fn stage(row: &Row) -> Option<Stage> {
    let Named { id, name } = named(row)?;
    Some(Stage { id, name, archived: truth(row, "Archived") })
}

fn user(row: &Row) -> Option<User> {
    Some(User {
        id: answer::id(row)?,
        name: text(row, "Name").unwrap_or_default().to_owned(),
        email: text(row, "Email").unwrap_or_default().to_owned(),
        suspended: truth(row, "Suspended"),
        integration: truth(row, "Integration") || truth(row, "NativeIntegration"),
    })
}

fn tag(row: &Row) -> Option<Tag> {
    let Named { id, name } = named(row)?;
    Some(Tag { id, name, entity: entity(row)? })
}

fn field(row: &Row) -> Option<Field> {
    let Named { id, name } = named(row)?;
    let kind = row.get("Type").and_then(|it| it.as_object());
    let dynamic = truth(row, "Dynamic");
    let slot = match kind.and_then(slot_of_type) {
        Some(slot) => slot,
        // A custom value without a slot cannot be written. A native property has none.
        None if dynamic => return None,
        None => Slot::String,
    };
    let property = text(row, "UpdatePropertyName").or_else(|| text(row, "PropertyName"));
    let table = row.get("OptionsTable").and_then(|it| it.as_object());
    Some(Field {
        id,
        key: text(row, "Key")?.to_owned(),
        name,
        entity: entity(row)?,
        dynamic,
        property: property.map(str::to_owned),
        slot,
        options: table.map(|table| list(table, "Options").filter_map(named).collect()),
        type_id: integer(row, "TypeId")
            .or_else(|| kind.and_then(answer::id).map(|RecordId(id)| id))
            .unwrap_or_default(),
        multiple: truth(row, "Multiple"),
        required: truth(row, "Required"),
    })
}

fn slot_of_type(kind: &Row) -> Option<Slot> {
    Slot::of_native_type(text(kind, "NativeType")?)
}

#[cfg(test)]
mod tests;
