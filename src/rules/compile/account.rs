//! What a route names of the account, beside its map: owners, origin, tags, lead key field.

use super::{Findings, Refusal, place};
use crate::{
    domain::{
        RecordId,
        catalog::{Entity, PloomesCatalog, User},
    },
    rules::{
        OwnerRef, Policy, RouteSpec,
        names::{named, suggest},
        target::lead_key_field,
    },
};

/// The route's policy, and its tags that the account does not have.
pub(super) fn check(
    spec: &RouteSpec,
    catalog: &PloomesCatalog,
    findings: &mut Findings,
) -> (Policy, Vec<(Entity, String)>) {
    let has_deal = spec.create.has_deal();
    let (pipeline, stage) =
        if has_deal { place::check(spec, catalog, findings) } else { (None, None) };
    let origin =
        spec.origin.as_deref().and_then(|name| findings.keep("origin", origin(name, catalog)));
    let lead_key = spec.lead_key_field.clone().filter(|_| has_deal);
    if let Some(key) = &lead_key {
        findings.keep("lead_key_field", lead_key_field(key, catalog));
    }
    let mut missing = Vec::new();
    let person_tags = tags(spec, Entity::Contact, catalog, &mut missing);
    let deal_tags =
        if has_deal { tags(spec, Entity::Deal, catalog, &mut missing) } else { Vec::new() };
    for (entity, tag) in &missing {
        let of = match entity {
            Entity::Contact => "contacts",
            Entity::Deal => "deals",
        };
        findings.warning(format!("tags: there is no tag {tag:?} of {of} yet"));
    }
    let policy = Policy {
        behaviour: spec.create,
        existing: spec.existing,
        skip_if_open_deal: spec.skip_if_open_deal,
        pipeline,
        stage,
        owners: owners(&spec.owners, catalog, findings),
        origin,
        person_tags,
        deal_tags,
        lead_key_field: lead_key,
    };
    (policy, missing)
}

/// Users who can own something new. Their addresses are not shown: they are personal data.
fn owners(wanted: &[OwnerRef], catalog: &PloomesCatalog, findings: &mut Findings) -> Vec<RecordId> {
    let mut owners = Vec::new();
    for (index, wanted) in wanted.iter().enumerate() {
        let what = match wanted {
            OwnerRef::Id(id) => format!("the id {id}"),
            OwnerRef::Email(_) => format!("the e-mail address of entry {}", index + 1),
        };
        let is_wanted = |user: &&User| match wanted {
            OwnerRef::Id(id) => user.id.0 == *id,
            OwnerRef::Email(email) => {
                user.email.trim().to_lowercase() == email.trim().to_lowercase()
            }
        };
        let found = || catalog.users.iter().filter(is_wanted);
        let owner = match found().find(|user| !user.suspended).or_else(|| found().next()) {
            Some(user) if user.suspended => {
                Err(Refusal::new(format!("the user with {what} is suspended"))
                    .hint("name somebody who can own what is created"))
            }
            Some(user) => Ok(user.id),
            None => Err(Refusal::new(format!("there is no user with {what}"))
                .hint("write the e-mail address or the id of a user of Ploomes")),
        };
        owners.extend(findings.keep("owner", owner));
    }
    owners
}

fn origin(name: &str, catalog: &PloomesCatalog) -> Result<RecordId, Refusal> {
    let found = named(name, &catalog.origins, |it| &it.name);
    // Two of one name are the same to everybody who reads it; the oldest is the one in use.
    found.iter().map(|it| it.id).min().ok_or_else(|| {
        Refusal::new(format!("there is no origin {name:?}"))
            .maybe_hint(suggest(name, catalog.origins.iter().map(|it| it.name.as_str())))
    })
}

fn tags(
    spec: &RouteSpec,
    entity: Entity,
    catalog: &PloomesCatalog,
    missing: &mut Vec<(Entity, String)>,
) -> Vec<RecordId> {
    let mut found = Vec::new();
    let known: Vec<_> = catalog.tags.iter().filter(|tag| tag.entity == entity).collect();
    for name in spec.tags.iter().map(|name| name.trim()).filter(|name| !name.is_empty()) {
        match named(name, known.iter().copied(), |tag| &tag.name).iter().map(|tag| tag.id).min() {
            Some(id) if found.contains(&id) => {}
            Some(id) => found.push(id),
            None => {
                let tag = (entity, name.to_owned());
                if !missing.contains(&tag) {
                    missing.push(tag);
                }
            }
        }
    }
    found
}
