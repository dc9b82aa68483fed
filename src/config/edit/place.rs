//! Finds where a key stands, or would stand, in the text, and changes the text there only.
//!
//! Pure functions from text to text. Spans come from `toml_edit`; a section that is written inline
//! or with dotted keys, where a line of its own is no answer, is left to `toml_edit`'s own editing.

use std::ops::Range;

use toml_edit::{Document, DocumentMut, Item, TableLike, Value};

/// A table of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place<'a> {
    /// `[name]`
    Section(&'a str),
    /// The `[[route]]` of this number, from 0.
    Route(usize),
}

impl Place<'_> {
    /// The item in a tree.
    fn item<'d>(&self, root: &'d Item) -> Option<&'d Item> {
        match self {
            Self::Section(name) => root.get(name),
            Self::Route(_) => None,
        }
    }

    /// The table in a tree; routes of a list that is written inline are tables too.
    pub(super) fn table<'d>(&self, root: &'d Item) -> Option<&'d dyn TableLike> {
        match self {
            Self::Section(_) => self.item(root)?.as_table_like(),
            Self::Route(index) => match root.get("route")? {
                Item::ArrayOfTables(routes) => Some(routes.get(*index)? as &dyn TableLike),
                routes => Some(routes.as_array()?.get(*index)?.as_inline_table()?),
            },
        }
    }

    /// The same, to change it.
    fn table_mut<'d>(&self, root: &'d mut Item) -> Option<&'d mut dyn TableLike> {
        match self {
            Self::Section(name) => root.get_mut(*name)?.as_table_like_mut(),
            Self::Route(index) => match root.get_mut("route")? {
                Item::ArrayOfTables(routes) => Some(routes.get_mut(*index)? as &mut dyn TableLike),
                routes => Some(routes.as_array_mut()?.get_mut(*index)?.as_inline_table_mut()?),
            },
        }
    }

    /// The `[header]` in the text; `None` where the table has none of its own.
    pub(super) fn header(&self, root: &Item) -> Option<Range<usize>> {
        let table = match self {
            Self::Section(name) => root.get(name)?.as_table()?,
            Self::Route(index) => root.get("route")?.as_array_of_tables()?.get(*index)?,
        };
        if table.is_dotted() || table.is_implicit() {
            return None;
        }
        table.span()
    }
}

/// `text` with `key` of `place` set to `value`.
pub(super) fn set(text: &str, place: Place<'_>, key: &str, value: &Value) -> String {
    let rendered = value.to_string();
    let Ok(document) = Document::parse(text) else { return text.to_owned() };
    let root = document.as_item();
    let found = place.table(root).and_then(|table| table.get(key)?.as_value()?.span());
    if let Some(span) = found {
        return spliced(text, span, rendered.trim());
    }
    let line = format!("{key} = {}", rendered.trim());
    if let Some(header) = place.header(root) {
        let extent = extent(root, &header, text.len());
        return uncommented(text, place, key, &line, value, &extent)
            .unwrap_or_else(|| after_the_last(text, root, place, &header, &line));
    }
    if let (None, Place::Section(name)) = (place.table(root), place) {
        return format!("{}\n[{name}]\n{line}\n", ended(text));
    }
    inserted(text, place, key, value)
}

/// `text` with the line of `key` made a comment.
pub(super) fn unset(text: &str, place: Place<'_>, key: &str, is_secret: bool) -> String {
    let Ok(document) = Document::parse(text) else { return text.to_owned() };
    let table = place.table(document.as_item());
    let Some((name, item)) = table.and_then(|it| it.get_key_value(key)) else {
        return text.to_owned();
    };
    let spans = (name.span(), item.as_value().and_then(Value::span));
    let (Some(name), Some(value)) = spans else { return removed(text, place, key) };
    let start = text[..name.start].rfind('\n').map_or(0, |at| at + 1);
    let has_own_line = text[start..name.start].trim().is_empty();
    if !has_own_line {
        return removed(text, place, key);
    }
    let mut shown = match &text[value.clone()] {
        _ if is_secret => "\"…\"".to_owned(),
        lines if lines.contains('\n') => compact(item),
        line => line.to_owned(),
    };
    shown.insert_str(0, &format!("{}# {key} = ", &text[start..name.start]));
    spliced(text, start..value.end, &shown)
}

/// A value on one line, without the comments inside it.
fn compact(item: &Item) -> String {
    match item.as_value() {
        Some(Value::Array(items)) => {
            let mut items: toml_edit::Array = items.iter().cloned().collect();
            items.iter_mut().for_each(|item| item.decor_mut().clear());
            items.to_string().trim().to_owned()
        }
        Some(Value::String(text)) => format!("{:?}", text.value()),
        _ => "…".to_owned(),
    }
}

/// From a header to the next one, or the end of the text.
pub(super) fn extent(root: &Item, header: &Range<usize>, end: usize) -> Range<usize> {
    let next =
        headers(root).into_iter().filter(|it| it.start > header.start).min_by_key(|it| it.start);
    header.end..next.map_or(end, |it| it.start)
}

/// All headers of the file.
pub(super) fn headers(item: &Item) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut tables = Vec::new();
    match item {
        Item::Table(table) => tables.push(table),
        Item::ArrayOfTables(list) => tables.extend(list.iter()),
        _ => {}
    }
    for table in tables {
        if !table.is_dotted() && !table.is_implicit() {
            found.extend(table.span());
        }
        found.extend(table.iter().flat_map(|(_, item)| headers(item)));
    }
    found
}

/// The line put where a comment in the section shows the key; `None` where none does.
fn uncommented(
    text: &str,
    place: Place<'_>,
    key: &str,
    line: &str,
    value: &Value,
    extent: &Range<usize>,
) -> Option<String> {
    let mut at = extent.start;
    for shown in text[extent.clone()].split_inclusive('\n') {
        let range = at..at + shown.trim_end_matches(['\n', '\r']).len();
        at += shown.len();
        let comment = shown.trim_start().strip_prefix('#').map(str::trim_start);
        let names = comment.and_then(|it| it.strip_prefix(key)).map(str::trim_start);
        if !names.is_some_and(|rest| rest.starts_with('=')) {
            continue;
        }
        let text = spliced(text, range, line);
        // A line that only looks like a comment stands inside a longer text.
        let holds = Document::parse(text.as_str()).is_ok_and(|document| {
            let found =
                place.table(document.as_item()).and_then(|table| table.get(key)?.as_value());
            found.is_some_and(|found| found.to_string().trim() == value.to_string().trim())
        });
        if holds {
            return Some(text);
        }
    }
    None
}

/// The line put after the last key of the section, or after its header.
fn after_the_last(
    text: &str,
    root: &Item,
    place: Place<'_>,
    header: &Range<usize>,
    line: &str,
) -> String {
    let values = place.table(root).into_iter().flat_map(|table| table.iter());
    let ends = values.filter_map(|(_, item)| item.as_value()?.span()).map(|span| span.end);
    let last = ends.max().unwrap_or(header.end);
    let end = text[last..].find('\n').map_or(text.len(), |at| last + at);
    spliced(text, end..end, &format!("\n{line}"))
}

/// The key put where `toml_edit` puts it.
fn inserted(text: &str, place: Place<'_>, key: &str, value: &Value) -> String {
    changed(text, place, |table| {
        table.insert(key, Item::Value(value.clone()));
    })
}

/// The key taken out, and what was written before it with it.
fn removed(text: &str, place: Place<'_>, key: &str) -> String {
    changed(text, place, |table| {
        table.remove(key);
    })
}

fn changed(text: &str, place: Place<'_>, change: impl FnOnce(&mut dyn TableLike)) -> String {
    let Ok(mut document) = text.parse::<DocumentMut>() else { return text.to_owned() };
    if let Some(table) = place.table_mut(document.as_item_mut()) {
        change(table);
    }
    document.to_string()
}

/// `text` with `range` replaced.
pub(super) fn spliced(text: &str, range: Range<usize>, by: &str) -> String {
    format!("{}{by}{}", &text[..range.start], &text[range.end..])
}

/// `text`, with its last line ended.
pub(super) fn ended(text: &str) -> String {
    let end = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
    format!("{text}{end}")
}
