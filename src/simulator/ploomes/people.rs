//! What the people of the account do, and what can be looked up beside the API.
//!
//! Their work goes through the same rules as the API's; it is seen at once, is in no journal, and
//! can set what the service derives, such as `CreateDate` or `StatusId`, so that a test can begin
//! with an account that has a past.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, Value, json};

use super::{
    Ploomes, State,
    odata::{Expand, Options},
    refusal::Refusal,
    schema::{Link, Table},
    shape::Entity,
    standard,
    store::Row,
    write::{Account, Author, Ending},
};

impl Ploomes {
    /// Makes a company or person and returns its id.
    pub fn add_contact(&self, body: &Value) -> Result<i64, Refusal> {
        self.add(Table::Contacts, body)
    }

    /// Makes a deal and returns its id.
    pub fn add_deal(&self, body: &Value) -> Result<i64, Refusal> {
        self.add(Table::Deals, body)
    }

    /// Changes a company or person.
    pub fn edit_contact(&self, id: i64, body: &Value) -> Result<(), Refusal> {
        self.edit(Table::Contacts, id, body)
    }

    /// Changes a deal.
    pub fn edit_deal(&self, id: i64, body: &Value) -> Result<(), Refusal> {
        self.edit(Table::Deals, id, body)
    }

    /// Deletes a company or person.
    pub fn delete_contact(&self, id: i64) -> Result<(), Refusal> {
        self.as_person(|account, author| account.delete(Table::Contacts, id, author))
    }

    /// Deletes a deal.
    pub fn delete_deal(&self, id: i64) -> Result<(), Refusal> {
        self.as_person(|account, author| account.delete(Table::Deals, id, author))
    }

    /// Merges `from` into `into`: its deals and persons go over, and it is deleted.
    pub fn merge_contacts(&self, from: i64, into: i64) -> Result<(), Refusal> {
        self.as_person(|account, author| {
            for (table, by) in [
                (Table::Deals, "ContactId"),
                (Table::Deals, "PersonId"),
                (Table::Contacts, "CompanyId"),
            ] {
                let held = account.store.holders(table, by, &json!(from)).unwrap_or_default();
                let held: Vec<i64> = held.to_vec();
                for id in held {
                    let record = account.store.latest(table, id);
                    if record.is_some_and(|it| it.id_of(by) == Some(from)) {
                        let change = Map::from_iter([(by.to_owned(), json!(into))]);
                        account.update(table, id, &change, author)?;
                    }
                }
            }
            account.delete(Table::Contacts, from, author)
        })
    }

    /// Wins a deal.
    pub fn win(&self, id: i64) -> Result<(), Refusal> {
        self.as_person(|account, author| account.end(id, Ending::Win, &Map::new(), author))
    }

    /// Loses a deal.
    pub fn lose(&self, id: i64) -> Result<(), Refusal> {
        self.as_person(|account, author| account.end(id, Ending::Lose, &Map::new(), author))
    }

    /// Makes a pipeline with these stages and returns its id.
    pub fn add_pipeline(&self, name: &str, stages: &[&str]) -> Result<i64, Refusal> {
        let stages: Vec<Value> = stages.iter().map(|it| json!({ "Name": it })).collect();
        self.add(Table::Pipelines, &json!({ "Name": name, "Stages": stages }))
    }

    /// Archives a pipeline: it takes no new deals.
    pub fn archive_pipeline(&self, id: i64) -> Result<(), Refusal> {
        self.edit(Table::Pipelines, id, &json!({ "Archived": true }))
    }

    /// Gives a stage another name.
    pub fn rename_stage(&self, id: i64, name: &str) -> Result<(), Refusal> {
        self.edit(Table::Stages, id, &json!({ "Name": name }))
    }

    /// Makes a custom field, in the body of `POST /Fields`, and returns its key.
    pub fn add_field(&self, body: &Value) -> Result<String, Refusal> {
        let id = self.add(Table::Fields, body)?;
        let state = self.lock();
        let field = state.account.store.latest(Table::Fields, id);
        let key = field.and_then(|it| it.values.get("Key")?.as_str().map(str::to_owned));
        key.ok_or_else(Refusal::not_found)
    }

    /// Suspends a user, or takes it back.
    pub fn suspend_user(&self, id: i64, suspended: bool) -> Result<(), Refusal> {
        self.edit(Table::Users, id, &json!({ "Suspended": suspended }))
    }

    /// All companies and persons, with `Phones`, `Tags` and `OtherProperties`, by id.
    pub fn contacts(&self) -> Vec<Value> {
        self.all(Table::Contacts)
    }

    /// All deals, with `Tags` and `OtherProperties`, by id.
    pub fn deals(&self) -> Vec<Value> {
        self.all(Table::Deals)
    }

    /// All interaction records, by id.
    pub fn notes(&self) -> Vec<Value> {
        self.all(Table::InteractionRecords)
    }

    /// All tags, by id.
    pub fn tags(&self) -> Vec<Value> {
        self.all(Table::Tags)
    }

    /// Custom and native fields, by id.
    pub fn fields(&self) -> Vec<Value> {
        self.all(Table::Fields)
    }

    /// A company or person, as [`Ploomes::contacts`] shows it.
    pub fn contact(&self, id: i64) -> Option<Value> {
        self.one(Table::Contacts, id)
    }

    /// A deal, as [`Ploomes::deals`] shows it.
    pub fn deal(&self, id: i64) -> Option<Value> {
        self.one(Table::Deals, id)
    }

    fn add(&self, table: Table, body: &Value) -> Result<i64, Refusal> {
        let body = object(body)?;
        self.as_person(|account, author| account.create(table, body, author))
    }

    fn edit(&self, table: Table, id: i64, body: &Value) -> Result<(), Refusal> {
        let body = object(body)?;
        self.as_person(|account, author| account.update(table, id, body, author))
    }

    fn as_person<T>(&self, work: impl FnOnce(&mut Account, Author) -> T) -> T {
        let user = standard::ANA;
        let now = self.clock.now();
        let author = Author { user, now, lag: TimeDelta::zero(), through_api: false };
        work(&mut self.lock().account, author)
    }

    fn all(&self, table: Table) -> Vec<Value> {
        let state = self.lock();
        state.account.store.rows(table, EVER).map(|it| shown(&state, it)).collect()
    }

    fn one(&self, table: Table, id: i64) -> Option<Value> {
        let state = self.lock();
        state.account.store.row(table, id, EVER).map(|it| shown(&state, it))
    }
}

/// Late enough to see what the API does not show yet.
const EVER: DateTime<Utc> = DateTime::<Utc>::MAX_UTC;

/// The default entity with everything that is part of it.
fn shown(state: &State, row: Row<'_>) -> Value {
    let parts = row.table.schema().navigations.iter();
    let parts = parts.filter(|it| matches!(it.link, Link::Owned(_)));
    let expand = |name: &str| Expand { name: name.to_owned(), options: Options::default() };
    let expand = parts.map(|it| expand(it.name)).collect();
    let options = Options { expand, ..Options::default() };
    let reader = state.account.reader(EVER);
    Value::Object(Entity { reader, row, options: &options }.object())
}

fn object(body: &Value) -> Result<&Map<String, Value>, Refusal> {
    body.as_object().ok_or_else(|| Refusal::bad("The body is no object."))
}
