//! Writes: what a create, an update and a delete do to the account.
//!
//! The API and the people of the account go through the same rules; only who did it, and when it
//! is seen, differs.

mod contact;
mod custom;
mod deal;
mod field;

pub(super) use custom::SLOTS;
pub(super) use deal::Ending;

use chrono::{DateTime, TimeDelta, Utc};
use rand::rngs::StdRng;
use serde_json::{Map, Value, json};

use super::{
    collate::Collation,
    dates,
    incoming::{Incoming, incoming, invalid, objects},
    refusal::Refusal,
    schema::{Kind, Table},
    store::{Body, Row, Store},
    switches::{PatchMode, Switches},
    values::Values,
};

/// The account: what it holds, and how it behaves.
pub(super) struct Account {
    pub(super) store: Store,
    pub(super) switches: Switches,
    /// The user of the key.
    pub(super) me: i64,
    pub(super) rng: StdRng,
}

/// Who writes, and when.
#[derive(Debug, Clone, Copy)]
pub(super) struct Author {
    pub(super) user: i64,
    pub(super) now: DateTime<Utc>,
    /// How long until anybody sees it.
    pub(super) lag: TimeDelta,
    /// Through the API; people also set what the service derives.
    pub(super) through_api: bool,
}

impl Author {
    const fn moment(&self) -> (DateTime<Utc>, TimeDelta) {
        (self.now, self.lag)
    }
}

impl Account {
    /// Makes a record and returns its id.
    pub(super) fn create(
        &mut self,
        table: Table,
        body: &Map<String, Value>,
        author: Author,
    ) -> Result<i64, Refusal> {
        self.may_configure(table, author)?;
        let incoming = self.checked(table, body, true, author)?;
        self.check_deep(&incoming)?;
        let id = self.store.next_id(table);
        let mut record = Body { values: defaults(table, author), ..Body::default() };
        record.set("Id", id);
        self.apply(table, id, &mut record, &incoming, PatchMode::ReplaceAll)?;
        match table {
            Table::Contacts => self.belongs(&incoming)?,
            Table::Deals => self.place(&mut record, &incoming, true, author)?,
            Table::Fields => self.complete_field(&mut record, &incoming, author)?,
            _ => {}
        }
        self.finish(table, id, record, &incoming, author)?;
        match table {
            Table::Pipelines => self.make_stages(id, &incoming, author)?,
            Table::OptionsTables => self.make_options(id, &incoming, author)?,
            _ => {}
        }
        self.leave_traces(table, id, author);
        Ok(id)
    }

    /// Changes a record.
    pub(super) fn update(
        &mut self,
        table: Table,
        id: i64,
        body: &Map<String, Value>,
        author: Author,
    ) -> Result<(), Refusal> {
        let mode = self.switches.patch;
        self.change(table, id, body, mode, author)
    }

    /// Changes a record; `mode` says what happens to custom values that are not named.
    pub(super) fn change(
        &mut self,
        table: Table,
        id: i64,
        body: &Map<String, Value>,
        mode: PatchMode,
        author: Author,
    ) -> Result<(), Refusal> {
        let mut record = self.store.latest(table, id).ok_or_else(Refusal::not_found)?.clone();
        let incoming = self.checked(table, body, false, author)?;
        let before = record.clone();
        self.apply(table, id, &mut record, &incoming, mode)?;
        match table {
            Table::Contacts => self.belongs(&incoming)?,
            Table::Deals => self.place(&mut record, &incoming, false, author)?,
            _ => {}
        }
        stamp(&mut record, table, author);
        let renamed = record.values.get("Name") != before.values.get("Name");
        self.finish(table, id, record, &incoming, author)?;
        if table == Table::Contacts && renamed {
            self.rename_on_deals(id, author);
        }
        Ok(())
    }

    /// Deletes a record.
    pub(super) fn delete(&mut self, table: Table, id: i64, author: Author) -> Result<(), Refusal> {
        let record = self.store.latest(table, id).ok_or_else(Refusal::not_found)?;
        if table == Table::Deals {
            let mut deleted = record.clone();
            stamp(&mut deleted, table, author);
            self.store.put(Table::DeletedDeals, id, deleted, author.moment(), false);
        }
        self.store.remove(table, id, author.moment());
        Ok(())
    }

    /// The body, sorted, with everything refused that can be without looking at the record.
    fn checked<'b>(
        &self,
        table: Table,
        body: &'b Map<String, Value>,
        create: bool,
        author: Author,
    ) -> Result<Incoming<'b>, Refusal> {
        let incoming = incoming(table, body, self.switches.unknown_property)?;
        incoming.require(table, create)?;
        incoming.refer(table, &self.store)?;
        if !author.through_api || !matches!(table, Table::Contacts | Table::Deals) {
            return Ok(incoming);
        }
        if self.switches.origin_refused && is_set(&incoming, "OriginId") {
            return Err(invalid("OriginId", "it is not allowed here"));
        }
        if self.switches.tags_refused && incoming.parts.contains_key("Tags") {
            return Err(invalid("Tags", "they are not allowed here"));
        }
        if self.switches.suspended_owner_refused && self.owner_is_suspended(&incoming) {
            return Err(invalid("OwnerId", "the user is suspended"));
        }
        Ok(incoming)
    }

    fn owner_is_suspended(&self, incoming: &Incoming<'_>) -> bool {
        let owner = incoming.values.get("OwnerId").and_then(Value::as_i64);
        let user = owner.and_then(|id| self.store.latest(Table::Users, id));
        user.is_some_and(|it| it.values.get("Suspended") == Some(&json!(true)))
    }

    /// Refuses what the profile of the key may not make.
    fn may_configure(&self, table: Table, author: Author) -> Result<(), Refusal> {
        let data = matches!(table, Table::Contacts | Table::Deals | Table::InteractionRecords);
        if author.through_api && self.switches.may_not_configure && !data {
            return Err(Refusal::forbidden());
        }
        Ok(())
    }

    /// Puts what came into the record.
    fn apply(
        &mut self,
        table: Table,
        id: i64,
        record: &mut Body,
        incoming: &Incoming<'_>,
        mode: PatchMode,
    ) -> Result<(), Refusal> {
        for (name, value) in incoming.values.iter() {
            record.set(name, value.clone());
        }
        for (name, value) in &incoming.parts {
            let items = match *name {
                "Phones" => self.phones(id, value)?,
                "Tags" => self.tag_links(table, id, value)?,
                "OtherProperties" => {
                    let held = record.owned.get(name).map_or(&[][..], Vec::as_slice);
                    self.custom_values(table, id, held, value, mode)?
                }
                _ => continue,
            };
            record.owned.insert(name, items);
        }
        Ok(())
    }

    /// Checks what can only be checked on the whole record, and keeps it.
    fn finish(
        &mut self,
        table: Table,
        id: i64,
        mut record: Body,
        incoming: &Incoming<'_>,
        author: Author,
    ) -> Result<(), Refusal> {
        if !author.through_api {
            for (name, value) in incoming.derived.iter().filter(|(name, _)| *name != "Id") {
                record.set(name, value.clone());
            }
        }
        self.unique(table, id, &record)?;
        self.store.put(table, id, record, author.moment(), author.through_api);
        Ok(())
    }

    /// Refuses a value that another record holds, for fields that are `Unique`.
    fn unique(&self, table: Table, id: i64, record: &Body) -> Result<(), Refusal> {
        for key in &self.switches.unique {
            let held = self.values_of(key, table, &record.values, &record.owned);
            if held.is_empty() {
                continue;
            }
            let others = self.store.rows(table, DateTime::<Utc>::MAX_UTC);
            let taken = |row: Row<'_>| {
                let owned = row.owned.cloned().unwrap_or_default();
                let theirs = self.values_of(key, table, row.values, &owned);
                row.id_of("Id") != Some(id) && theirs.iter().any(|it| held.contains(it))
            };
            if others.into_iter().any(taken) {
                return Err(Refusal::bad(format!(
                    "There already is a record with this value of {key}."
                )));
            }
        }
        Ok(())
    }

    /// What a record holds in a field, native or custom, as it compares.
    fn values_of(
        &self,
        key: &str,
        table: Table,
        values: &Values,
        owned: &super::store::Owned,
    ) -> Vec<String> {
        let Some(field) = self.field(key).filter(|it| it.table == Some(table)) else {
            return Vec::new();
        };
        let text = |it: &Value| match it {
            Value::String(it) => Collation { sensitive: false }.key(it),
            it => it.to_string(),
        };
        if let Some(property) = field.property {
            return values.get(property.as_str()).map(text).into_iter().collect();
        }
        let rows = owned.get("OtherProperties").into_iter().flatten();
        let rows = rows.filter(|it| it.get("FieldKey").and_then(Value::as_str) == Some(key));
        rows.filter_map(|it| it.get(field.slot).map(text)).collect()
    }

    /// What other records show of a new one.
    fn leave_traces(&mut self, table: Table, id: i64, author: Author) {
        let (property, owners) = match table {
            Table::Deals => ("LastDealId", &["ContactId"][..]),
            Table::InteractionRecords => ("LastInteractionRecordId", &["ContactId", "DealId"][..]),
            _ => return,
        };
        for by in owners {
            let owner = self.store.latest(table, id).and_then(|it| it.id_of(by));
            let owner_table = if *by == "DealId" { Table::Deals } else { Table::Contacts };
            let Some(owner) = owner else { continue };
            let Some(record) = self.store.latest(owner_table, owner) else { continue };
            let mut record = record.clone();
            record.set(property, id);
            self.store.put(owner_table, owner, record, author.moment(), false);
        }
    }
}

fn is_set(incoming: &Incoming<'_>, property: &str) -> bool {
    incoming.values.get(property).is_some_and(|it| !it.is_null())
}

/// Notes who changed a record, and when.
fn stamp(record: &mut Body, table: Table, author: Author) {
    for (property, value) in
        [("UpdaterId", json!(author.user)), ("LastUpdateDate", json!(dates::written(author.now)))]
    {
        if table.schema().property(property).is_some() {
            record.set(property, value);
        }
    }
}

/// What a record holds before anything is said about it.
fn defaults(table: Table, author: Author) -> Values {
    let now = json!(dates::written(author.now));
    let mut values = Values::default();
    for (property, value) in
        [("CreatorId", json!(author.user)), ("CreateDate", now.clone()), ("LastUpdateDate", now)]
    {
        if table.schema().property(property).is_some() {
            values.insert(property, value);
        }
    }
    match table {
        Table::Contacts => values.extend(contact::defaults()),
        Table::Deals => values.extend(deal::defaults(author)),
        Table::InteractionRecords => values.extend([
            ("Date", json!(dates::written(author.now))),
            ("TypeId", json!(1)),
            ("Editable", json!(true)),
            ("Deletable", json!(true)),
        ]),
        Table::Tags => values.extend([("Color", json!("#000000"))]),
        Table::Webhooks => {
            values.extend([("Active", json!(true)), ("UserWebhook", json!(false))]);
        }
        Table::Fields | Table::Pipelines | Table::Options | Table::OptionsTables => {
            let bools = table.schema().properties.iter().filter(|it| it.kind == Kind::Bool);
            values.extend(bools.map(|it| (it.name, json!(false))));
        }
        _ => {}
    }
    values
}
