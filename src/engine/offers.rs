//! What both accounts offer: the names that a field map and a route's form can use.

use serde_json::{Value, json};

use super::{reference::believed, shared::Shared};
use crate::{
    domain::{
        Lane,
        catalog::{Entity, Named, Pipeline, PloomesCatalog},
    },
    transport::{CallError, Verdict},
};

/// What can be named on one side; of `both` also all else that a route's form offers.
pub(super) async fn fields(shared: &Shared, side: &str) -> Result<Value, String> {
    match side {
        "activecampaign" => from_rows(shared).await.map(Value::Array).map_err(|it| explain(&it)),
        "both" => Ok(everything(shared).await),
        _ => {
            let catalog = shared.reader.catalog(Lane::Fresh).await;
            Ok(Value::Array(to_rows(&catalog.map_err(|error| explain(&error))?)))
        }
    }
}

/// Why a call failed, for who asked.
pub(super) fn explain(error: &CallError) -> String {
    match error.verdict() {
        Verdict::WrongKey => format!("the key is refused ({error})"),
        _ => error.to_string(),
    }
}

/// The lists of both accounts; where one cannot be asked, those of the other, and why.
async fn everything(shared: &Shared) -> Value {
    let mut troubles = Vec::new();
    let mut kept = |found: Result<Value, CallError>| {
        found.unwrap_or_else(|error| {
            troubles.push(explain(&error));
            json!({})
        })
    };
    let members = kept(members(shared).await);
    let catalog = shared.reader.catalog(Lane::Fresh).await.and_then(believed);
    let places = kept(catalog.map(|it| places(&it)));
    let mut answer = json!({ "troubles": troubles });
    for part in [members, places] {
        if let (Value::Object(answer), Value::Object(part)) = (&mut answer, part) {
            answer.extend(part);
        }
    }
    answer
}

/// Values of contacts, and what a contact can be in.
async fn members(shared: &Shared) -> Result<Value, CallError> {
    let from = from_rows(shared).await?;
    let activecampaign = &shared.activecampaign;
    let automations = activecampaign.automations(Lane::Fresh).await?;
    let (lists, tags) =
        (activecampaign.lists(Lane::Fresh).await?, activecampaign.tags(Lane::Fresh).await?);
    let automation =
        |it: &crate::activecampaign::Automation| json!({ "id": it.id, "name": it.name });
    let item = |it: &crate::activecampaign::Item| json!({ "id": it.id, "name": it.name });
    Ok(json!({
        "from": from,
        "automations": automations.iter().map(automation).collect::<Vec<_>>(),
        "lists": lists.iter().map(item).collect::<Vec<_>>(),
        "contact_tags": tags.iter().map(item).collect::<Vec<_>>(),
    }))
}

/// Where records go, whose they are, and how they are marked; nothing that takes nothing new.
fn places(catalog: &PloomesCatalog) -> Value {
    let named = |it: &Named| json!({ "id": it.id, "name": it.name });
    let pipeline = |it: &Pipeline| {
        let stages = it.stages.iter().filter(|stage| !stage.archived);
        let stages = stages.map(|stage| json!({ "id": stage.id, "name": stage.name }));
        json!({ "id": it.id, "name": it.name, "stages": stages.collect::<Vec<_>>() })
    };
    let owners = catalog.users.iter().filter(|it| !it.suspended);
    let owners = owners.map(|it| json!({ "id": it.id, "email": it.email, "name": it.name }));
    let mut tags: Vec<&str> = catalog.tags.iter().map(|it| it.name.as_str()).collect();
    tags.sort_unstable();
    tags.dedup();
    json!({
        "to": to_rows(catalog),
        "pipelines":
            catalog.pipelines.iter().filter(|it| !it.archived).map(pipeline).collect::<Vec<_>>(),
        "owners": owners.collect::<Vec<_>>(),
        "origins": catalog.origins.iter().map(named).collect::<Vec<_>>(),
        "tags": tags.iter().map(|name| json!({ "name": name })).collect::<Vec<_>>(),
    })
}

async fn from_rows(shared: &Shared) -> Result<Vec<Value>, CallError> {
    let fields = shared.activecampaign.fields(Lane::Fresh).await?;
    let fixed = ["email", "first_name", "last_name", "full_name", "phone", "company", "tags"];
    let named = fixed.iter().map(|name| json!({ "from": name, "title": name, "type": "text" }));
    let custom = fields.iter().map(|field| {
        json!({
            "from": format!("field.{}", field.perstag),
            "id": field.id,
            "title": field.title,
            "type": field.kind,
        })
    });
    Ok(named.chain(custom).collect())
}

fn to_rows(catalog: &PloomesCatalog) -> Vec<Value> {
    let mut rows = Vec::new();
    for field in &catalog.fields {
        let name = match (&field.property, field.dynamic) {
            (Some(property), false) => property.clone(),
            (None, false) => continue,
            (_, true) => field.key.clone(),
        };
        let records: &[&str] = match field.entity {
            Entity::Contact => &["person", "company"],
            Entity::Deal => &["deal"],
        };
        let options: Option<Vec<&str>> = field
            .options
            .as_ref()
            .map(|options| options.iter().map(|option| option.name.as_str()).collect());
        for record in records {
            rows.push(json!({
                "to": format!("{record}.{name}"),
                "title": field.name,
                "type": field.slot.key(),
                "options": options,
            }));
        }
    }
    rows
}
