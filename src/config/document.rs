//! The file as tables of raw values, each with its place; checked for known keys and right types.
//!
//! Walks the document by hand against the [`schema`], so that every problem is found in one pass and
//! knows its place. What a value means is decided later, by the sections.

use std::collections::BTreeMap;

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{
    problem::{Fault, Findings, Place, Severity, Show},
    schema::{self, Key, Kind, Schema},
};

/// A value whose type is right and whose meaning is not yet known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Raw {
    /// A string, or a bare date as text.
    Text(String),
    /// A whole number.
    Whole(i64),
    /// `true` or `false`.
    Flag(bool),
    /// A list of the above.
    List(Vec<Entry>),
}

/// A value and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) raw: Raw,
    pub(super) place: Place,
}

/// A section, route or map row.
#[derive(Debug, Clone)]
pub(super) struct Table {
    /// What its keys are said to be in: `ploomes`, `route.site`, `route.site.map.2`.
    pub(super) path: String,
    /// Its header.
    pub(super) place: Place,
    /// Known keys with a value of the right type.
    pub(super) entries: BTreeMap<String, Entry>,
    /// Known keys that were given, with a value of the right type or not.
    given: Vec<String>,
}

impl Table {
    fn new(path: impl Into<String>, place: Place) -> Self {
        Self { path: path.into(), place, entries: BTreeMap::new(), given: Vec::new() }
    }

    /// Whether the key was given, be it with a value that cannot be used.
    pub(super) fn was_given(&self, name: &str) -> bool {
        self.given.iter().any(|given| given == name)
    }

    /// Sets a key; what stood there is gone.
    pub(super) fn set(&mut self, name: &str, entry: Option<Entry>) {
        self.given.push(name.to_owned());
        self.entries.remove(name);
        if let Some(entry) = entry {
            self.entries.insert(name.to_owned(), entry);
        }
    }

    /// Forgets a key.
    pub(super) fn unset(&mut self, name: &str) {
        self.given.retain(|given| given != name);
        self.entries.remove(name);
    }
}

/// A route's table and its map.
#[derive(Debug, Clone)]
pub(super) struct RouteTable {
    pub(super) table: Table,
    pub(super) rows: Vec<Table>,
}

/// The whole file.
#[derive(Debug, Clone)]
pub(super) struct Document {
    /// Every section of the schema, empty where the file has none.
    pub(super) sections: BTreeMap<&'static str, Table>,
    /// In the order of the file.
    pub(super) routes: Vec<RouteTable>,
}

impl Document {
    /// Reads `text`; `None` where it is no TOML.
    pub(super) fn parse(text: &str, findings: &mut Findings<'_>) -> Option<Self> {
        let (root, faults) = DeTable::parse_recoverable(text);
        for fault in &faults {
            let place = fault.span().map_or(Place::Nowhere, Place::File);
            // The parser does not know what is a secret, so nothing of the value is shown.
            let fault = Fault::new(format!("this is not TOML: {}", fault.message()));
            findings.add(Severity::Error, "", &place, Show::Nothing, fault);
        }
        // What was understood of broken text would only give problems that are not there.
        faults.is_empty().then(|| Self::walk(root.get_ref(), findings))
    }

    fn walk(root: &DeTable<'_>, findings: &mut Findings<'_>) -> Self {
        let mut document = Self { sections: BTreeMap::new(), routes: Vec::new() };
        for schema in schema::SECTIONS {
            document.sections.insert(schema.name, Table::new(schema.name, Place::Nowhere));
        }
        for (name, value) in root {
            let place = Place::File(name.span());
            let known = schema::SECTIONS.iter().find(|schema| schema.name == name.get_ref());
            match (known, value.get_ref()) {
                (Some(schema), DeValue::Table(table)) => {
                    let table = read_table(schema.name, place, table, schema, findings);
                    document.sections.insert(schema.name, table);
                }
                (Some(schema), other) => {
                    let expected = format!("a section, written as [{}]", schema.name);
                    findings.error(schema.name, &place, unexpected_type(other, &expected));
                }
                (None, value) if name.get_ref() == schema::ROUTE.name => {
                    document.routes = read_routes(&place, value, findings);
                }
                (None, _) => {
                    findings.error(name.get_ref(), &place, unknown_section(name.get_ref()));
                }
            }
        }
        document
    }

    /// The section of this name.
    pub(super) fn section(&self, name: &str) -> &Table {
        self.sections.get(name).expect("every section of the schema has a table")
    }
}

fn read_routes(place: &Place, value: &DeValue<'_>, findings: &mut Findings<'_>) -> Vec<RouteTable> {
    let Some(tables) = tables_of(value) else {
        findings.error("route", place, unexpected_type(value, "tables written as [[route]]"));
        return Vec::new();
    };
    let mut routes = Vec::new();
    for (i, (place, table)) in tables.into_iter().enumerate() {
        let name = table.get("name").and_then(|name| name.get_ref().as_str());
        let path = match name {
            Some(name) if !name.is_empty() => format!("route.{name}"),
            _ => format!("route.{}", i + 1),
        };
        let read = read_table(&path, place, table, &schema::ROUTE, findings);
        let rows = table
            .get("map")
            .and_then(|map| tables_of(map.get_ref()))
            .unwrap_or_default()
            .into_iter()
            .enumerate()
            .map(|(i, (place, row))| {
                let path = format!("{path}.map.{}", i + 1);
                read_table(&path, place, row, &schema::MAP, findings)
            })
            .collect();
        routes.push(RouteTable { table: read, rows });
    }
    routes
}

/// The tables of an array of tables, with their places.
fn tables_of<'a, 'i>(value: &'a DeValue<'i>) -> Option<Vec<(Place, &'a DeTable<'i>)>> {
    let items = value.as_array()?;
    items.iter().map(|it| Some((Place::File(it.span()), it.get_ref().as_table()?))).collect()
}

fn read_table(
    path: &str,
    place: Place,
    source: &DeTable<'_>,
    schema: &Schema,
    findings: &mut Findings<'_>,
) -> Table {
    let mut table = Table::new(path, place);
    for (name, value) in source {
        let path = format!("{path}.{}", name.get_ref());
        let Some(key) = schema.key(name.get_ref()) else {
            let fault = unknown_key(name.get_ref(), schema);
            findings.error(&path, &Place::File(name.span()), fault);
            continue;
        };
        let place = Place::File(value.span());
        let raw = raw(key.kind, value);
        if raw.is_none() {
            wrong_type(&path, key, value, &place, findings);
        }
        table.set(name.get_ref(), raw.map(|raw| Entry { raw, place }));
    }
    table
}

/// The raw value, where its type is right.
fn raw(kind: Kind, value: &Spanned<DeValue<'_>>) -> Option<Raw> {
    match (kind, value.get_ref()) {
        (Kind::Whole | Kind::NameOrId | Kind::Owners, DeValue::Integer(number)) => {
            i64::from_str_radix(number.as_str(), number.radix()).ok().map(Raw::Whole)
        }
        (Kind::Whole | Kind::Flag | Kind::Texts | Kind::Rows, DeValue::String(_)) => None,
        (_, DeValue::String(text)) => Some(Raw::Text(text.to_string())),
        (Kind::Flag, DeValue::Boolean(flag)) => Some(Raw::Flag(*flag)),
        (Kind::Date, DeValue::Datetime(date)) => Some(Raw::Text(date.to_string())),
        (Kind::Texts | Kind::Owners, DeValue::Array(items)) => list(item_kind(kind), items),
        (Kind::Rows, rows) => tables_of(rows).map(|_| Raw::List(Vec::new())),
        _ => None,
    }
}

/// What the items of a list are.
const fn item_kind(list: Kind) -> Kind {
    if matches!(list, Kind::Owners) { Kind::NameOrId } else { Kind::Text }
}

fn list(kind: Kind, items: &[Spanned<DeValue<'_>>]) -> Option<Raw> {
    let entry = |item: &Spanned<DeValue<'_>>| {
        Some(Entry { raw: raw(kind, item)?, place: Place::File(item.span()) })
    };
    items.iter().map(entry).collect::<Option<_>>().map(Raw::List)
}

fn wrong_type(
    path: &str,
    key: Key,
    value: &Spanned<DeValue<'_>>,
    place: &Place,
    findings: &mut Findings<'_>,
) {
    let expected = key.kind.expected();
    if key.kind == Kind::Secret {
        let fault = Fault::new(format!("found {}, expected {expected}", type_of(value.get_ref())));
        findings.add(Severity::Error, path, place, Show::Nothing, fault);
        return;
    }
    if let (Kind::Texts | Kind::Owners, DeValue::Array(items)) = (key.kind, value.get_ref()) {
        let kind = item_kind(key.kind);
        for item in items.iter().filter(|item| raw(kind, item).is_none()) {
            let fault = unexpected(item.get_ref(), &kind.expected());
            findings.error(path, &Place::File(item.span()), fault);
        }
        return;
    }
    let mut fault = unexpected(value.get_ref(), &expected);
    fault.hint = match (key.kind, value.get_ref()) {
        (Kind::Duration, DeValue::Integer(number)) => {
            Some(format!("give the unit: \"{}s\"", number.as_str()))
        }
        (Kind::Whole, DeValue::String(text)) if text.parse::<i64>().is_ok() => {
            Some("write it without quotes".to_owned())
        }
        (Kind::Flag, DeValue::String(text)) if text.parse::<bool>().is_ok() => {
            Some("write it without quotes".to_owned())
        }
        (Kind::Rows, DeValue::Table(_)) => Some("write [[route.map]]".to_owned()),
        _ => None,
    };
    findings.error(path, place, fault);
}

/// What was found, with the value.
fn unexpected(value: &DeValue<'_>, expected: &str) -> Fault {
    let found = match value {
        DeValue::String(text) => format!("the string {}", quote(text)),
        DeValue::Integer(number) => format!("the number {}", number.as_str()),
        DeValue::Float(number) => format!("the number {}", number.as_str()),
        DeValue::Boolean(flag) => flag.to_string(),
        other => type_of(other).to_owned(),
    };
    Fault::new(format!("found {found}, expected {expected}"))
}

/// What was found, by its type: the value may be a secret.
fn unexpected_type(value: &DeValue<'_>, expected: &str) -> Fault {
    Fault::new(format!("found {}, expected {expected}", type_of(value)))
}

/// The type in words.
fn type_of(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) | DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

/// A text in quotes, cut where it is long.
pub(super) fn quote(text: &str) -> String {
    // Enough to recognise a value by, short enough for one line.
    const SHOWN_MAX: usize = 60;
    if text.chars().count() <= SHOWN_MAX {
        return format!("{text:?}");
    }
    format!("{:?}", text.chars().take(SHOWN_MAX).chain(['…']).collect::<String>())
}

/// The fault of a key that the schema does not have.
pub(super) fn unknown_key(name: &str, schema: &Schema) -> Fault {
    let names = schema.names();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    Fault::new(format!("unknown key `{name}`")).hint(match schema::nearest(name, names.clone()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("known here: {}", names.join(", ")),
    })
}

fn unknown_section(name: &str) -> Fault {
    let mut names: Vec<&str> = schema::SECTIONS.iter().map(|it| it.name).collect();
    names.push(schema::ROUTE.name);
    let fault = Fault::new(format!("unknown section `{name}`"));
    if let Some(near) = schema::nearest(name, names.clone()) {
        return fault.hint(format!("did you mean `{near}`?"));
    }
    let home = schema::SECTIONS.iter().find(|it| it.key(name).is_some());
    fault.hint(match home {
        Some(section) => format!("`{name}` belongs under [{}]", section.name),
        None => format!("known sections: {}", names.join(", ")),
    })
}
