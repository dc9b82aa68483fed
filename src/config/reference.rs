//! `docs/configuration.md`, made of the schema and of what the example says.

use super::{
    EXAMPLE, environment,
    schema::{self, Key, Kind, Need, Schema},
};

/// Where the page is, and how it is written anew.
const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/configuration.md");
const ANEW: &str = "PONTE_WRITE_DOCS";

/// What stands in the example of one key.
#[derive(Default)]
struct Shown {
    /// The comment before it.
    words: String,
    /// The value that it shows; a default where the line is no comment.
    value: String,
    is_comment: bool,
}

fn page() -> String {
    let mut page = format!(
        "# The configuration, key by key\n\n\
         Made from the program and from [config.example.toml](../config.example.toml); `{ANEW}=1 \
         cargo test --lib configuration_page` writes it anew.\n\n{}\n",
        head()
    );
    for schema in schema::SECTIONS.iter().chain([&schema::ROUTE, &schema::MAP]) {
        page.push_str(&section(schema));
    }
    page
}

/// What the example says before its first section.
fn head() -> String {
    let lines = EXAMPLE.lines().skip(1).take_while(|line| line.starts_with('#'));
    let lines = lines.map(|line| line.trim_start_matches('#').trim_start());
    lines.collect::<Vec<_>>().join("\n").trim().to_owned() + "\n"
}

fn title(schema: &Schema) -> String {
    match schema.name {
        "route" => "[[route]]".to_owned(),
        "map" => "[[route.map]]".to_owned(),
        name => format!("[{name}]"),
    }
}

fn section(schema: &Schema) -> String {
    let mut parts = vec![format!("\n## `{}`\n", title(schema))];
    for key in schema.keys.iter().filter(|key| key.kind != Kind::Rows) {
        let shown = shown(schema, key.name);
        let need = match key.need {
            Need::Must => "must be given".to_owned(),
            Need::May => "may be left out".to_owned(),
            Need::Default => format!("default `{}`", shown.value),
        };
        let variable = match (schema.name, key.name) {
            ("map", _) | ("route", "name") => String::new(),
            _ if !key.kind.is_scalar() => String::new(),
            ("route", name) => format!(", `PONTE_ROUTE__<NAME>__{}`", name.to_uppercase()),
            (section, name) => format!(", `{}`", environment::variable(section, name)),
        };
        let secret = if key.kind.is_secret() {
            format!(" or `{}_file`, the path of a file that holds it", key.name)
        } else {
            String::new()
        };
        let (name, holds) = (key.name, capital(&key.kind.expected()));
        let words = &shown.words;
        parts.push(format!("\n### `{name}`{secret}\n\n{holds}; {need}{variable}.\n\n{words}\n"));
        if shown.is_comment && !key.kind.is_secret() {
            parts.push(format!("\nSuch as `{name} = {}`.\n", shown.value));
        }
    }
    parts.concat()
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// What the example says of a key; of alternatives one comment speaks.
fn shown(schema: &Schema, name: &str) -> Shown {
    let header = title(schema);
    let lines = EXAMPLE.lines().skip_while(|line| **line != *header).skip(1);
    let (mut words, mut fresh): (Vec<&str>, bool) = (Vec::new(), true);
    for line in lines.take_while(|line| !line.starts_with('[') || **line == *header) {
        let comment = line.strip_prefix('#').map(str::trim);
        let key = comment.unwrap_or(line).split_once(" = ");
        let is_key = |it: &str| schema.key(it).is_some();
        match (key, comment) {
            (Some((key, value)), _) if is_key(key) => {
                if key == name {
                    let is_comment = comment.is_some();
                    return Shown { words: words.join("\n"), value: value.to_owned(), is_comment };
                }
                fresh = true;
            }
            (_, Some(said)) => {
                if fresh {
                    words.clear();
                }
                fresh = false;
                words.push(said);
            }
            _ => {}
        }
    }
    Shown::default()
}

#[test]
fn the_configuration_page_is_what_the_program_says() {
    let page = page();
    if std::env::var_os(ANEW).is_some() {
        std::fs::write(PAGE, &page).expect("it is written");
    }
    let found = std::fs::read_to_string(PAGE).unwrap_or_default();
    assert!(found == page, "docs/configuration.md is stale: {ANEW}=1 cargo test --lib page");
}

#[test]
fn of_each_key_something_is_said() {
    for schema in schema::SECTIONS.iter().chain([&schema::ROUTE, &schema::MAP]) {
        let keys = schema.keys.iter().filter(|key: &&Key| key.kind != Kind::Rows);
        for key in keys {
            let shown = shown(schema, key.name);
            assert!(!shown.value.is_empty(), "{}.{}", schema.name, key.name);
            let says = !shown.words.is_empty() || schema.name == "map";
            assert!(says, "{}.{}", schema.name, key.name);
        }
    }
}
