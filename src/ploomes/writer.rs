//! Writes.

use bytes::Bytes;
use http::Method;
use serde_json::{Map, Value, json};

use super::{
    answer,
    api::{Api, Turn, unconfirmed},
};
use crate::{
    domain::{Lane, RecordId, catalog::Entity},
    transport::{Answer, CallError, Sender},
};

/// As much of an answer as is kept: a record with all its lists takes a few kilobytes.
const BODY_MAX: usize = 64 * 1_024;

/// A write that was applied.
#[derive(Clone, PartialEq, Eq)]
pub struct Written {
    /// The record; always there on a create.
    pub id: Option<RecordId>,
    /// The HTTP status.
    pub status: u16,
    /// The answer as it came, at most 64 kB of it.
    pub body: Bytes,
}

impl std::fmt::Debug for Written {
    /// Shows the id only: the rest is personal data.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Written({})", self.id.map_or_else(String::new, |id| id.to_string()))
    }
}

/// A custom text field to be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FieldSpec<'a> {
    /// As people see it.
    pub name: &'a str,
    /// What it belongs to.
    pub entity: Entity,
    /// `TypeId` of a text field, from `Fields@Types`.
    pub type_id: i64,
}

/// Writes Ploomes. Nothing here is repeated: a failure says whether to look first.
pub struct Writer {
    api: Api,
}

impl Writer {
    /// A writer over `sender`.
    pub fn new(sender: Sender) -> Self {
        Self { api: Api::new(sender) }
    }

    /// Waits for leave to send one write.
    pub async fn turn(&self, lane: Lane) -> Result<Turn, CallError> {
        self.api.turn(lane).await
    }

    /// `POST /Contacts`: a company or a person.
    pub async fn create_contact(
        &self,
        body: &Map<String, Value>,
        turn: Turn,
    ) -> Result<Written, CallError> {
        self.create("/Contacts", body, turn).await
    }

    /// `PATCH /Contacts(id)`.
    pub async fn update_contact(
        &self,
        id: RecordId,
        body: &Map<String, Value>,
        turn: Turn,
    ) -> Result<Written, CallError> {
        self.update("/Contacts", id, body, turn).await
    }

    /// `POST /Deals`.
    pub async fn create_deal(
        &self,
        body: &Map<String, Value>,
        turn: Turn,
    ) -> Result<Written, CallError> {
        self.create("/Deals", body, turn).await
    }

    /// `PATCH /Deals(id)`.
    pub async fn update_deal(
        &self,
        id: RecordId,
        body: &Map<String, Value>,
        turn: Turn,
    ) -> Result<Written, CallError> {
        self.update("/Deals", id, body, turn).await
    }

    /// `POST /InteractionRecords`.
    pub async fn create_note(
        &self,
        body: &Map<String, Value>,
        turn: Turn,
    ) -> Result<Written, CallError> {
        self.create("/InteractionRecords", body, turn).await
    }

    /// `POST /Tags`.
    pub async fn create_tag(
        &self,
        name: &str,
        entity: Entity,
        turn: Turn,
    ) -> Result<Written, CallError> {
        // The colour is in every documented request; black is the one they show.
        let body = json!({"Name": name, "EntityId": entity.id(), "Color": "#000000"});
        self.create("/Tags", &object(body), turn).await
    }

    /// `POST /Fields`.
    pub async fn create_field(
        &self,
        field: FieldSpec<'_>,
        turn: Turn,
    ) -> Result<Written, CallError> {
        let body = json!({
            "Name": field.name,
            "EntityId": field.entity.id(),
            "TypeId": field.type_id,
            "Multiple": false,
            "Required": false,
        });
        self.create("/Fields", &object(body), turn).await
    }

    /// A success that names no record may have made one.
    async fn create(
        &self,
        path: &'static str,
        body: &Map<String, Value>,
        turn: Turn,
    ) -> Result<Written, CallError> {
        let answer = self.api.write(Method::POST, path.to_owned(), body, turn).await?;
        let page = answer::page(&answer.body).map_err(|problem| unconfirmed(path, problem))?;
        let Some(id) = page.rows.first().and_then(answer::id) else {
            return Err(unconfirmed(path, "no record"));
        };
        Ok(written(id, &answer))
    }

    /// A success is one, whatever it says: sending absolute values again changes nothing.
    async fn update(
        &self,
        path: &'static str,
        id: RecordId,
        body: &Map<String, Value>,
        turn: Turn,
    ) -> Result<Written, CallError> {
        let answer = self.api.write(Method::PATCH, format!("{path}({id})"), body, turn).await?;
        Ok(written(id, &answer))
    }
}

fn written(id: RecordId, answer: &Answer) -> Written {
    let body = &answer.body;
    // A slice would keep the whole answer in memory.
    let body = if body.len() > BODY_MAX {
        Bytes::copy_from_slice(&body[..BODY_MAX])
    } else {
        body.clone()
    };
    Written { id: Some(id), status: answer.status, body }
}

fn object(body: Value) -> Map<String, Value> {
    match body {
        Value::Object(body) => body,
        _ => Map::new(),
    }
}

#[cfg(test)]
mod tests;
