//! The account's database: records, who can see which version of them when, and indexes.
//!
//! An index only narrows a search, so what it once held stays in it: a record is looked at again
//! before it is found.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

use super::{
    collate::Collation,
    schema::{Link, Table},
    values::Values,
};

/// The rows that are part of a record, by navigation: `Phones`, `Tags`, `OtherProperties`.
pub(super) type Owned = BTreeMap<&'static str, Vec<Values>>;

/// A record at one time.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Body {
    /// Its properties.
    pub(super) values: Values,
    /// Its parts.
    pub(super) owned: Owned,
}

impl Body {
    /// A property as an id.
    pub(super) fn id_of(&self, property: &str) -> Option<i64> {
        self.values.get(property).and_then(Value::as_i64)
    }

    fn shrink(&mut self) {
        self.values.shrink();
        for rows in self.owned.values_mut() {
            rows.shrink_to_fit();
            rows.iter_mut().for_each(Values::shrink);
        }
    }

    /// Sets a property; null takes it away.
    pub(super) fn set(&mut self, property: &'static str, value: impl Into<Value>) {
        match value.into() {
            Value::Null => self.values.remove(property),
            value => self.values.insert(property, value),
        }
    }
}

/// A record as a query sees it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row<'a> {
    /// What it is.
    pub(super) table: Table,
    /// Its properties.
    pub(super) values: &'a Values,
    /// Its parts; a part has none.
    pub(super) owned: Option<&'a Owned>,
    /// When the API made it: searches may lag behind. `None` where they cannot.
    pub(super) made: Option<DateTime<Utc>>,
}

impl Row<'_> {
    /// A property.
    pub(super) fn value(&self, property: &str) -> &Value {
        self.values.get(property).unwrap_or(&Value::Null)
    }

    /// A property as an id.
    pub(super) fn id_of(&self, property: &str) -> Option<i64> {
        self.value(property).as_i64()
    }
}

#[derive(Debug)]
struct Record {
    made: Option<DateTime<Utc>>,
    /// Oldest first; each is what is seen from its time on. Never empty.
    versions: Vec<Version>,
}

#[derive(Debug)]
struct Version {
    /// `MIN` where there is no lag, so that a clock that is stepped back hides nothing.
    from: DateTime<Utc>,
    /// `None`: deleted.
    body: Option<Body>,
}

impl Record {
    fn seen(&self, now: DateTime<Utc>) -> Option<&Body> {
        self.versions.iter().rev().find(|it| it.from <= now)?.body.as_ref()
    }

    fn latest(&self) -> Option<&Body> {
        self.versions.last()?.body.as_ref()
    }

    /// Adds what is seen from `now + lag` on, and forgets what nobody can see any more.
    fn push(&mut self, body: Option<Body>, now: DateTime<Utc>, lag: TimeDelta) {
        let pending = self.versions.last().is_some_and(|it| it.from > now);
        if lag.is_zero() && !pending {
            self.versions.clear();
            self.versions.push(Version { from: DateTime::<Utc>::MIN_UTC, body });
            return;
        }
        let due = now.checked_add_signed(lag).unwrap_or(DateTime::<Utc>::MAX_UTC);
        let from = self.versions.last().map_or(due, |last| last.from.max(due));
        let current = self.versions.iter().rposition(|it| it.from <= now).unwrap_or(0);
        self.versions.drain(..current);
        self.versions.push(Version { from, body });
    }
}

/// Everything the account holds.
#[derive(Debug, Default)]
pub(super) struct Store {
    tables: BTreeMap<Table, BTreeMap<i64, Record>>,
    index: BTreeMap<(Table, &'static str), BTreeMap<String, Vec<i64>>>,
    last_ids: BTreeMap<Table, i64>,
}

impl Store {
    /// The next id of a table, never given before.
    pub(super) fn next_id(&mut self, table: Table) -> i64 {
        let last = self.last_ids.entry(table).or_insert_with(|| first_id(table));
        *last += 1;
        *last
    }

    /// Writes a record, made or changed at `now`, seen from `now + lag` on.
    ///
    /// `through_api` on a new record makes searches lag behind as the switches say.
    pub(super) fn put(
        &mut self,
        table: Table,
        id: i64,
        mut body: Body,
        (now, lag): (DateTime<Utc>, TimeDelta),
        through_api: bool,
    ) {
        body.shrink();
        self.note(table, id, &body);
        let record =
            self.tables.entry(table).or_default().entry(id).or_insert_with(|| Record {
                made: through_api.then_some(now),
                versions: Vec::new(),
            });
        record.push(Some(body), now, lag);
    }

    /// Deletes a record; it is seen until `now + lag`.
    pub(super) fn remove(&mut self, table: Table, id: i64, (now, lag): (DateTime<Utc>, TimeDelta)) {
        let Some(rows) = self.tables.get_mut(&table) else { return };
        if lag.is_zero() {
            rows.remove(&id);
        } else if let Some(record) = rows.get_mut(&id) {
            record.push(None, now, lag);
        }
    }

    /// The record as it was last written, seen or not yet.
    pub(super) fn latest(&self, table: Table, id: i64) -> Option<&Body> {
        self.tables.get(&table)?.get(&id)?.latest()
    }

    /// The record as it is seen at `now`.
    pub(super) fn row(&self, table: Table, id: i64, now: DateTime<Utc>) -> Option<Row<'_>> {
        as_row(table, self.tables.get(&table)?.get(&id)?, now)
    }

    /// The records of a table as they are seen at `now`, by id.
    pub(super) fn rows(
        &self,
        table: Table,
        now: DateTime<Utc>,
    ) -> impl DoubleEndedIterator<Item = Row<'_>> {
        let records = self.tables.get(&table).into_iter().flat_map(BTreeMap::values);
        records.filter_map(move |record| as_row(table, record, now))
    }

    /// Ids of records that may hold this value: all that do, and some that once did.
    ///
    /// `None` where there is no index.
    pub(super) fn holders(&self, table: Table, property: &str, value: &Value) -> Option<&[i64]> {
        let (_, property) = *INDEXED.iter().find(|it| **it == (table, property))?;
        let entries = self.index.get(&(table, property));
        let ids = entries.and_then(|it| it.get(&index_key(value)?));
        Some(ids.map_or(&[], Vec::as_slice))
    }

    /// Puts what a record holds into the indexes.
    fn note(&mut self, table: Table, id: i64, body: &Body) {
        self.note_values(table, id, &body.values);
        for (name, rows) in &body.owned {
            let link = table.schema().navigation(name).map(|it| it.link);
            let Some(Link::Owned(part)) = link else { continue };
            for row in rows {
                self.note_values(part, id, row);
            }
        }
    }

    fn note_values(&mut self, table: Table, id: i64, values: &Values) {
        for (indexed, property) in INDEXED.iter().filter(|(indexed, _)| *indexed == table) {
            let Some(key) = values.get(property).and_then(index_key) else { continue };
            let entries = self.index.entry((*indexed, *property)).or_default();
            let ids = entries.entry(key).or_default();
            if let Err(at) = ids.binary_search(&id) {
                ids.insert(at, id);
            }
        }
    }
}

fn as_row(table: Table, record: &Record, now: DateTime<Utc>) -> Option<Row<'_>> {
    let body = record.seen(now)?;
    Some(Row { table, values: &body.values, owned: Some(&body.owned), made: record.made })
}

/// What a value is found under: equal values have equal keys, whatever the collation.
fn index_key(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(Collation { sensitive: false }.key(text)),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// What is searched for by value; owned tables lead to their owners.
const INDEXED: [(Table, &str); 17] = [
    (Table::Contacts, "Name"),
    (Table::Contacts, "LegalName"),
    (Table::Contacts, "Email"),
    (Table::Contacts, "CPF"),
    (Table::Contacts, "CNPJ"),
    (Table::Contacts, "Register"),
    (Table::Contacts, "CompanyId"),
    (Table::Phones, "PhoneNumber"),
    (Table::Phones, "SearchPhoneNumber"),
    (Table::OtherOfContacts, "StringValue"),
    (Table::OtherOfDeals, "StringValue"),
    (Table::Deals, "ContactId"),
    (Table::Deals, "PersonId"),
    (Table::Deals, "Title"),
    (Table::InteractionRecords, "ContactId"),
    (Table::InteractionRecords, "DealId"),
    (Table::Options, "TableId"),
];

/// Where the ids of a table start, less one.
///
/// All carry the account's shard prefix, and no two tables that are written much share a range, so
/// that an id used for the wrong thing is not found.
const fn first_id(table: Table) -> i64 {
    match table {
        Table::Contacts => 40_000_100,
        Table::Deals => 50_000_200,
        Table::InteractionRecords => 60_000_300,
        Table::Phones => 70_000_400,
        Table::TagLinks => 80_000_500,
        Table::OtherOfContacts | Table::OtherOfDeals => 90_000_600,
        _ => 40_009_000,
    }
}
