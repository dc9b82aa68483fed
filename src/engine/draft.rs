//! A route that is not saved yet, for a dry run: as somebody filled in its form.
//!
//! It comes with the keys of the configuration. Nothing is written for it, and what reads it only
//! asks.

use serde_json::Value;

use super::route::{Membership, Route};
use crate::{
    domain::{AutomationId, Behaviour, Existing},
    rules::{MapRow, NameOrId, OwnerRef, RouteSpec, Source},
};

/// The route `saved` with what `draft` says in place of its own.
pub(super) fn route(saved: &Route, draft: &Value) -> Result<Route, String> {
    let unclear = || "the draft of the route cannot be read".to_owned();
    let spec = spec(saved, draft).ok_or_else(unclear)?;
    let membership = membership(draft).ok_or_else(unclear)?;
    Ok(Route { membership, spec, ..saved.clone() })
}

fn membership(draft: &Value) -> Option<Membership> {
    if let Some(id) = draft["automation"].as_i64() {
        return Some(Membership::Automation(AutomationId(id)));
    }
    if let Some(tag) = draft["tag"].as_str() {
        return Some(Membership::Tag(tag.to_owned()));
    }
    if let Some(list) = draft["list"].as_i64() {
        return Some(Membership::List(list));
    }
    (draft["every_contact"] == true).then_some(Membership::EveryContact)
}

fn spec(saved: &Route, draft: &Value) -> Option<RouteSpec> {
    let text = |key: &str| draft[key].as_str().map(str::to_owned);
    let items = |key: &str| draft[key].as_array().into_iter().flatten();
    let map: Option<Vec<MapRow>> = items("map").map(row).collect();
    Some(RouteSpec {
        name: saved.name.clone(),
        create: word(&Behaviour::ALL, &draft["create"])?,
        pipeline: name_or_id(&draft["pipeline"]),
        stage: name_or_id(&draft["stage"]),
        skip_if_open_deal: draft["skip_if_open_deal"].as_bool()?,
        existing: word(&Existing::ALL, &draft["existing"])?,
        owners: items("owner").filter_map(owner).collect(),
        origin: text("origin"),
        tags: items("tags").filter_map(Value::as_str).map(str::to_owned).collect(),
        note: text("note"),
        map: map?,
        company_ignore: saved.spec.company_ignore.clone(),
        lead_key_field: saved.spec.lead_key_field.clone(),
    })
}

fn row(row: &Value) -> Option<MapRow> {
    let source = match (row["from"].as_str(), row["template"].as_str()) {
        (Some(from), _) => Source::From(from.to_owned()),
        (None, template) => Source::Template(template?.to_owned()),
    };
    let required = row["required"].as_bool()?;
    Some(MapRow { source, to: row["to"].as_str()?.to_owned(), required })
}

fn name_or_id(value: &Value) -> Option<NameOrId> {
    let name = || value.as_str().map(|it| NameOrId::Name(it.to_owned()));
    value.as_i64().map(NameOrId::Id).or_else(name)
}

fn owner(value: &Value) -> Option<OwnerRef> {
    let email = || value.as_str().map(|it| OwnerRef::Email(it.to_owned()));
    value.as_i64().map(OwnerRef::Id).or_else(email)
}

/// The value of a word of the configuration.
fn word<T: Copy>(all: &[(&'static str, T)], word: &Value) -> Option<T> {
    all.iter().find(|it| *word == it.0).map(|it| it.1)
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use serde_json::json;

    use super::*;
    use crate::domain::RouteId;

    fn saved() -> Route {
        Route {
            id: RouteId(1),
            name: "site".to_owned(),
            enabled: true,
            membership: Membership::EveryContact,
            since: DateTime::UNIX_EPOCH,
            first_start: DateTime::UNIX_EPOCH,
            expect_within: std::time::Duration::ZERO,
            spec: RouteSpec {
                name: "site".to_owned(),
                create: Behaviour::CompanyPerson,
                pipeline: None,
                stage: None,
                skip_if_open_deal: true,
                existing: Existing::Fill,
                owners: Vec::new(),
                origin: None,
                tags: Vec::new(),
                note: None,
                map: Vec::new(),
                company_ignore: Vec::new(),
                lead_key_field: Some("deal_key".to_owned()),
            },
        }
    }

    #[test]
    fn a_draft_takes_the_place_of_what_is_saved() {
        let draft = json!({
            "automation": 12, "create": "person-deal", "pipeline": "Vendas", "stage": 7,
            "skip_if_open_deal": false, "existing": "leave", "owner": ["ana@example.com", 3],
            "tags": ["lead"], "note": null, "origin": null,
            "map": [{ "from": "email", "to": "person.Email", "required": true },
                    { "template": "{{ email }}", "to": "deal.Title", "required": false }],
        });
        let route = route(&saved(), &draft).unwrap();
        assert_eq!(route.membership.to_string(), "automation 12");
        let spec = &route.spec;
        assert_eq!((spec.create, spec.existing), (Behaviour::PersonDeal, Existing::Leave));
        assert_eq!(spec.pipeline, Some(NameOrId::Name("Vendas".to_owned())));
        assert_eq!(spec.stage, Some(NameOrId::Id(7)));
        assert_eq!(spec.owners, [OwnerRef::Email("ana@example.com".to_owned()), OwnerRef::Id(3)]);
        assert_eq!((spec.map.len(), spec.map[0].required, spec.tags.len()), (2, true, 1));
        assert_eq!(spec.lead_key_field, saved().spec.lead_key_field);
    }

    #[test]
    fn what_is_no_draft_is_refused() {
        for draft in [json!({}), json!({ "automation": 12 }), json!([1])] {
            assert!(route(&saved(), &draft).is_err(), "{draft}");
        }
    }
}
