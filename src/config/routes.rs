//! What must hold between routes: one name, one token each.

use std::collections::BTreeMap;

use secrecy::{ExposeSecret, SecretString};

use super::{
    document::{RouteTable, Table},
    problem::{Fault, Findings, Place, Severity, Show},
    route::Route,
};

/// Says which names and tokens stand in two routes; a `None` is a route with problems of its own.
pub(super) fn check(tables: &[RouteTable], routes: &[Option<Route>], findings: &mut Findings<'_>) {
    let read: Vec<(&Table, &Route)> = tables
        .iter()
        .zip(routes)
        .filter_map(|(table, route)| Some((&table.table, route.as_ref()?)))
        .collect();
    names(&read, findings);
    tokens(&read, findings);
}

fn names(routes: &[(&Table, &Route)], findings: &mut Findings<'_>) {
    let mut seen: BTreeMap<&str, &Table> = BTreeMap::new();
    for (table, route) in routes {
        if let Some(first) = seen.insert(&route.name, table) {
            let line = at_line(&place(first, "name"), findings);
            let fault = Fault::new(format!("a route{line} has the name {:?} too", route.name));
            findings.error(&path(table, "name"), &place(table, "name"), fault);
        }
    }
    let mut renamed: BTreeMap<&str, &Table> = BTreeMap::new();
    for (table, route) in routes {
        let Some(was) = &route.was else { continue };
        let message = if seen.contains_key(was.as_str()) {
            format!("found {was:?}, which a route still has as its name")
        } else if renamed.insert(was, table).is_some() {
            format!("found {was:?}, which another route gives as its old name too")
        } else {
            continue;
        };
        findings.error(&path(table, "was"), &place(table, "was"), Fault::new(message));
    }
}

fn tokens(routes: &[(&Table, &Route)], findings: &mut Findings<'_>) {
    // Values only as keys of a map that is dropped here; messages name the routes.
    let mut seen: BTreeMap<&str, (&str, Place)> = BTreeMap::new();
    for (table, route) in routes {
        let both: [(&str, Option<&SecretString>); 2] = [
            ("webhook_token", Some(&route.webhook_token)),
            ("webhook_token_previous", route.webhook_token_previous.as_ref()),
        ];
        for (key, token) in both {
            let Some(token) = token else { continue };
            let place = secret_place(table, key);
            let Some((other, first)) = seen.get(token.expose_secret()) else {
                seen.insert(token.expose_secret(), (&route.name, place));
                continue;
            };
            let line = at_line(first, findings);
            let fault = Fault::new(format!("the route {other:?} has this token too{line}"))
                .hint("each needs its own: it tells whose delivery it is");
            findings.add(Severity::Error, &path(table, key), &place, Show::Nothing, fault);
        }
    }
}

fn at_line(place: &Place, findings: &Findings<'_>) -> String {
    findings.line(place).map(|line| format!(" (line {line})")).unwrap_or_default()
}

fn path(table: &Table, key: &str) -> String {
    format!("{}.{key}", table.path)
}

fn place(table: &Table, key: &str) -> Place {
    table.entries.get(key).map_or(&table.place, |entry| &entry.place).clone()
}

/// A secret may stand in a file of its own.
fn secret_place(table: &Table, key: &str) -> Place {
    let file = format!("{key}_file");
    place(table, if table.entries.contains_key(key) { key } else { &file })
}
