//! Whole routes: their map replaced, a route added, a route shown.

use toml_edit::{ArrayOfTables, Document, DocumentMut, Item, Table, Value};

use super::{
    At, Edit, EditError, Setting, path_of,
    place::{Place, ended, extent, headers, spliced},
};
use crate::config::{MapRow, Source, schema};

impl Edit {
    /// Gives a route this map, in this order. A row that stays keeps its comments; without rows the
    /// route has the default map.
    pub fn set_map(&mut self, route: &str, rows: &[MapRow]) -> Result<(), EditError> {
        let index = self.route_index(route)?;
        self.text = with_map(&self.text, index, rows);
        self.touched.push((path_of(At::Route(route)), "map".to_owned()));
        self.parsed().map(|_| ())
    }

    /// Adds a route behind the others, with these keys besides its name, in this order, and this
    /// map.
    pub fn add_route(
        &mut self,
        name: &str,
        settings: &[(&str, Setting)],
        rows: &[MapRow],
    ) -> Result<(), EditError> {
        let keys = settings.iter().map(|(key, it)| format!("{key} = {}\n", it.value()));
        let map = rows.iter().map(|row| format!("\n[[route.map]]\n{}", row_table(row)));
        let lines: String = keys.chain(map).collect();
        let name_is = Value::from(name);
        self.text = format!("{}\n[[route]]\nname = {name_is}\n{lines}", ended(&self.text));
        self.touched.push((path_of(At::Route(name)), "name".to_owned()));
        self.parsed().map(|_| ())
    }

    /// A route as the text has it, for somebody who writes it into the file by hand: of its secrets
    /// only the names.
    pub fn route_text(&self, route: &str) -> Result<String, EditError> {
        let index = self.route_index(route)?;
        let document = self.parsed()?;
        let root = document.as_item();
        let Some(header) = Place::Route(index).header(root) else { return Ok(String::new()) };
        let end = end_of(root, index, &header, self.text.len());
        let mut text = self.text[header.start..end].to_owned();
        let table = Place::Route(index).table(root);
        let mut secrets: Vec<_> = table
            .into_iter()
            .flat_map(|table| table.iter())
            .filter(|(key, _)| schema::ROUTE.key(key).is_some_and(|it| it.kind.is_secret()))
            .filter_map(|(_, item)| item.as_value()?.span())
            .collect();
        secrets.sort_by_key(|span| std::cmp::Reverse(span.start));
        for span in secrets {
            let own = span.start - header.start..span.end - header.start;
            text = spliced(&text, own, "\"…\"  # as it is in the file");
        }
        let kept = text.trim_end().lines().filter(|line| !shows_a_secret(line));
        let kept = kept.collect::<Vec<_>>();
        // What follows the last row up to the next header speaks of what comes next.
        let comments = kept.iter().rev().take_while(|it| it.starts_with('#') || it.is_empty());
        let kept = &kept[..kept.len() - comments.count()];
        Ok(kept.join("\n") + "\n")
    }
}

/// Whether a comment sets a secret: it may be one that was in use.
fn shows_a_secret(line: &str) -> bool {
    let comment = line.trim_start().strip_prefix('#').and_then(|it| it.split_once('='));
    comment
        .is_some_and(|(key, _)| schema::ROUTE.key(key.trim()).is_some_and(|it| it.kind.is_secret()))
}

/// The route of this name, counted from 0.
pub(super) fn index(document: &Document<&str>, name: &str) -> Option<usize> {
    let root = document.as_item();
    let mut at = 0;
    while let Some(table) = Place::Route(at).table(root) {
        if table.get("name").and_then(Item::as_str) == Some(name) {
            return Some(at);
        }
        at += 1;
    }
    None
}

/// Where a route and its map end: at the next header that is not of its map.
fn end_of(root: &Item, index: usize, header: &std::ops::Range<usize>, end: usize) -> usize {
    let route = root.get("route").and_then(Item::as_array_of_tables);
    let own: Vec<usize> = route
        .and_then(|it| it.get(index)?.get("map"))
        .map(|map| headers(map).into_iter().map(|it| it.start).collect())
        .unwrap_or_default();
    let mut last = header.clone();
    loop {
        let next = extent(root, &last, end).end;
        if !own.contains(&next) {
            return next;
        }
        last = next..next + 1;
    }
}

/// `text` with the map of a route replaced.
fn with_map(text: &str, index: usize, rows: &[MapRow]) -> String {
    let Ok(mut document) = text.parse::<DocumentMut>() else { return text.to_owned() };
    let tables = match document.get_mut("route") {
        Some(Item::ArrayOfTables(routes)) => routes.get_mut(index),
        _ => None,
    };
    if let Some(route) = tables {
        let old = match route.remove("map") {
            Some(Item::ArrayOfTables(old)) => old,
            _ => ArrayOfTables::new(),
        };
        if !rows.is_empty() {
            route.insert("map", Item::ArrayOfTables(merged(&old, rows)));
        }
        return document.to_string();
    }
    let Some(routes) = document.get_mut("route").and_then(Item::as_array_mut) else {
        return text.to_owned();
    };
    if let Some(route) = routes.get_mut(index).and_then(Value::as_inline_table_mut) {
        let rows = rows.iter().map(|row| Value::InlineTable(row_table(row).into_inline_table()));
        route.insert("map", Value::Array(rows.collect()));
    }
    document.to_string()
}

/// The new rows, each with the comments of the old row for the same target.
fn merged(old: &ArrayOfTables, rows: &[MapRow]) -> ArrayOfTables {
    let mut map = ArrayOfTables::new();
    for row in rows {
        let was = old.iter().find(|it| it.get("to").and_then(Item::as_str) == Some(&row.to));
        let mut table = was.map_or_else(|| row_table(row), |was| updated(was, row));
        // Its place is the one in this list, not the one that it had in the file.
        table.set_position(None);
        map.push(table);
    }
    // What is said before the first row is said of the map.
    let said = old.get(0).and_then(|first| first.decor().prefix().cloned());
    if let (Some(said), Some(first)) = (said, map.get_mut(0)) {
        first.decor_mut().set_prefix(said);
    }
    map
}

/// An old row with the values of the new one.
fn updated(was: &Table, row: &MapRow) -> Table {
    let mut table = was.clone();
    let (key, other, text) = source_of(row);
    set_in(&mut table, key, text.into());
    if table.contains_key(other) {
        table.remove(other);
    }
    if row.required || table.contains_key("required") {
        set_in(&mut table, "required", row.required.into());
    }
    table
}

/// A value in the place of the old one, with the comment behind that.
fn set_in(table: &mut Table, key: &str, mut value: Value) {
    if let Some(was) = table.get(key).and_then(Item::as_value) {
        *value.decor_mut() = was.decor().clone();
    }
    match table.get_mut(key) {
        Some(item) => *item = Item::Value(value),
        None => {
            table.insert(key, Item::Value(value));
        }
    }
}

/// A row as a table of its own.
fn row_table(row: &MapRow) -> Table {
    let mut table = Table::new();
    let (key, _, text) = source_of(row);
    table.insert(key, Item::Value(text.into()));
    table.insert("to", Item::Value(row.to.as_str().into()));
    if row.required {
        table.insert("required", Item::Value(true.into()));
    }
    table
}

/// The key of a row's source, the key that it excludes, and its text.
fn source_of(row: &MapRow) -> (&'static str, &'static str, &str) {
    match &row.source {
        Source::From(text) => ("from", "template", text),
        Source::Template(text) => ("template", "from", text),
    }
}
