//! A route as the engine reads a draft of it: the keys of the configuration, without secrets.

use serde_json::{Value, json};

use crate::{
    config::{MapRow, Membership, NameOrId, OwnerRef, Route, Source},
    domain::{Behaviour, Existing},
};

/// The route with its keys; see `engine::draft`.
pub(super) fn route(route: &Route) -> Value {
    let mut plain = json!({
        "create": word(&Behaviour::ALL, route.create),
        "pipeline": route.pipeline.as_ref().map(name_or_id),
        "stage": route.stage.as_ref().map(name_or_id),
        "skip_if_open_deal": route.skip_if_open_deal,
        "existing": word(&Existing::ALL, route.existing),
        "owner": route.owner.iter().map(owner).collect::<Vec<_>>(),
        "origin": route.origin,
        "tags": route.tags,
        "note": route.note,
        "map": route.map.iter().map(row).collect::<Vec<_>>(),
    });
    let (key, value) = match &route.membership {
        Membership::Automation(id) => ("automation", json!(id)),
        Membership::Tag(tag) => ("tag", json!(tag)),
        Membership::List(id) => ("list", json!(id)),
        Membership::EveryContact => ("every_contact", json!(true)),
    };
    plain[key] = value;
    plain
}

fn row(row: &MapRow) -> Value {
    let (key, source) = match &row.source {
        Source::From(from) => ("from", from),
        Source::Template(template) => ("template", template),
    };
    json!({ key: source, "to": row.to, "required": row.required })
}

fn name_or_id(it: &NameOrId) -> Value {
    match it {
        NameOrId::Name(name) => json!(name),
        NameOrId::Id(id) => json!(id),
    }
}

fn owner(it: &OwnerRef) -> Value {
    match it {
        OwnerRef::Id(id) => json!(id),
        OwnerRef::Email(email) => json!(email),
    }
}

/// The word of a value in the configuration.
fn word<T: PartialEq + Copy>(all: &[(&'static str, T)], value: T) -> Option<&'static str> {
    all.iter().find(|it| it.1 == value).map(|it| it.0)
}
