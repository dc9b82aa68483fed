//! The environment over the file: `PONTE_<SECTION>__<KEY>`, and `PONTE_ROUTE__<NAME>__<KEY>`.
//!
//! In `<NAME>` a route's name is in capitals, with `_` for what is neither letter nor digit. A
//! variable wins over the file; a secret and the file that holds it stand for each other.

use std::collections::BTreeMap;

use super::{
    document::{Document, Entry, Raw, Table, quote, unknown_key},
    problem::{Fault, Findings, Place, Severity, Show},
    schema::{self, Key, Kind, Schema},
};

/// What all variables of `ponte` start with.
const PREFIX: &str = "PONTE_";

/// Variables that are no keys.
const OTHERS: &[&str] = &["PONTE_CONFIG", "PONTE_LOG"];

/// Lays the environment over `document`; a variable that names no key is a problem.
pub(super) fn overlay(
    document: &mut Document,
    environment: &BTreeMap<String, String>,
    findings: &mut Findings<'_>,
) {
    for (variable, value) in environment {
        let Some(name) = variable.strip_prefix(PREFIX) else { continue };
        let Some((section, key)) = name.split_once("__") else {
            warn_of_a_slip(variable, findings);
            continue;
        };
        match table_of(document, section, key, variable) {
            Ok((table, schema, key)) => set(table, schema, &key, variable, value, findings),
            Err(fault) => {
                let path = name.replace("__", ".").to_lowercase();
                findings.error(&path, &Place::Variable(variable.clone()), fault);
            }
        }
    }
}

/// The name of the variable that sets a key of a section, whose path is `ploomes` or `route.site`.
pub(super) fn variable(path: &str, key: &str) -> String {
    let path = match path.split_once('.') {
        Some((section, name)) => format!("{section}__{}", shout(name)),
        None => path.to_owned(),
    };
    format!("{PREFIX}{path}__{key}").to_uppercase()
}

/// A route's name as variables have it.
fn shout(name: &str) -> String {
    let letter = |c: char| if c.is_alphanumeric() { c } else { '_' };
    name.chars().map(letter).collect::<String>().to_uppercase()
}

/// The table, its schema and the key that a variable speaks of.
fn table_of<'a>(
    document: &'a mut Document,
    section: &str,
    key: &str,
    variable: &str,
) -> Result<(&'a mut Table, &'static Schema, String), Fault> {
    if section == "ROUTE" {
        let (route, key) = key.rsplit_once("__").ok_or_else(|| {
            Fault::new("a route's key is set as PONTE_ROUTE__<NAME>__<KEY>")
                .hint("for example PONTE_ROUTE__SITE__WEBHOOK_TOKEN")
        })?;
        let mut tables = document.routes.iter_mut().map(|it| &mut it.table).filter(|table| {
            table.path.split_once('.').is_some_and(|(_, name)| shout(name) == route)
        });
        let table = tables.next().ok_or_else(|| {
            Fault::new(format!("no route has the name {route}"))
                .hint("a route and its name come from the file; its name is in capitals here")
        })?;
        if tables.next().is_some() {
            return Err(Fault::new(format!("more than one route has the name {route} here")));
        }
        return Ok((table, &schema::ROUTE, key.to_lowercase()));
    }
    let schema = schema::SECTIONS.iter().find(|it| it.name.to_uppercase() == section);
    let Some(schema) = schema else {
        let names = all_variables();
        let near = schema::nearest(variable, names.iter().map(String::as_str));
        let fault = Fault::new(format!("no section has the name {section}"));
        return Err(match near {
            Some(near) => fault.hint(format!("did you mean {near}?")),
            None => fault,
        });
    };
    let table = document.sections.get_mut(schema.name);
    let table = table.expect("every section of the schema has a table");
    Ok((table, schema, key.to_lowercase()))
}

fn set(
    table: &mut Table,
    schema: &Schema,
    name: &str,
    variable: &str,
    value: &str,
    findings: &mut Findings<'_>,
) {
    let place = Place::Variable(variable.to_owned());
    let path = format!("{}.{name}", table.path);
    let Some(key) = schema.key(name) else {
        findings.error(&path, &place, unknown_key(name, schema));
        return;
    };
    if !key.kind.is_scalar() || (schema.name == "route" && name == "name") {
        let fault = Fault::new("this cannot be set from the environment");
        findings.error(&path, &place, fault.hint("write it into the file"));
        return;
    }
    // Whichever of the two the file has: the variable stands for both.
    match name.strip_suffix("_file").filter(|_| schema.keys.iter().all(|key| key.name != name)) {
        Some(secret) => table.unset(secret),
        None => table.unset(&format!("{name}_file")),
    }
    let raw = raw(key, value);
    if raw.is_none() {
        let fault = Fault::new(format!("found {}, expected {}", quote(value), key.kind.expected()));
        findings.add(Severity::Error, &path, &place, Show::Nothing, fault);
    }
    table.set(name, raw.map(|raw| Entry { raw, place }));
}

fn raw(key: Key, value: &str) -> Option<Raw> {
    match key.kind {
        Kind::Whole => value.trim().parse().ok().map(Raw::Whole),
        Kind::Flag => value.trim().parse().ok().map(Raw::Flag),
        Kind::NameOrId | Kind::Owners => {
            Some(value.parse().map_or_else(|_| Raw::Text(value.to_owned()), Raw::Whole))
        }
        _ => Some(Raw::Text(value.to_owned())),
    }
}

/// Every variable that sets a key of a section.
fn all_variables() -> Vec<String> {
    let of = |schema: &Schema| {
        let section = schema.name;
        let name = move |key: String| format!("{PREFIX}{section}__{key}").to_uppercase();
        schema.names().into_iter().map(name).collect::<Vec<_>>()
    };
    schema::SECTIONS.iter().flat_map(of).collect()
}

/// `PONTE_PLOOMES_USER_KEY`, with one underscore, would silently set nothing.
fn warn_of_a_slip(variable: &str, findings: &mut Findings<'_>) {
    let meant = all_variables().into_iter().find(|it| it.replace("__", "_") == variable);
    if let (Some(meant), false) = (meant, OTHERS.contains(&variable)) {
        let fault = Fault::new("this sets nothing").hint(format!("did you mean {meant}?"));
        findings.warning("", &Place::Variable(variable.to_owned()), fault);
    }
}
