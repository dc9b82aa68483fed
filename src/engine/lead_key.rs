//! The custom field of deals that carries lead keys: found by its name, or made.
//!
//! Asked for by `setup`. The journal belongs to leads, so this write has no row in it, as that of a
//! missing tag has none: it is made once the list of fields was read twice without it, and where its
//! answer does not come, it is looked for and never sent again.

use serde_json::{Value, json};

use super::{reference::believed, shared::Shared};
use crate::{
    domain::{
        Lane,
        catalog::{Entity, Field, Slot},
    },
    ploomes::FieldSpec,
    rules::fold,
    transport::{CallError, Verdict},
};

/// What people see in Ploomes.
const NAME: &str = "Chave do lead (ponte)";

/// The key of the field, `{"key", "made"}`.
pub(super) async fn field(shared: &Shared) -> Result<Value, String> {
    let answer = |key: String, made: bool| Ok(json!({ "key": key, "made": made }));
    // A list that came empty is no proof: it is read again.
    for _ in 0..2 {
        if let Some(key) = find(shared).await? {
            return answer(key, false);
        }
    }
    let type_id = shared.reader.text_type(Lane::Fresh).await.map_err(|it| it.to_string())?;
    let type_id = type_id.ok_or("Ploomes names no type of field for a short text")?;
    let made = async {
        let turn = shared.writer.turn(Lane::Fresh).await?;
        let spec = FieldSpec { name: NAME, entity: Entity::Deal, type_id };
        shared.writer.create_field(spec, turn).await
    };
    let refused = |error: &CallError| {
        format!(
            "Ploomes did not make the field: {error}; make a text field of deals by hand, and \
             write its key as ploomes.lead_key_field (`ponte fields ploomes` shows it)"
        )
    };
    match made.await {
        Ok(_) => {}
        Err(error) if error.verdict() == Verdict::Look => {
            // It may still be on its way.
            tokio::time::sleep(shared.settings.settle).await;
        }
        Err(error) => return Err(refused(&error)),
    }
    match find(shared).await? {
        Some(key) => answer(key, true),
        None => Err("Ploomes does not show the field yet; try again in a minute".to_owned()),
    }
}

async fn find(shared: &Shared) -> Result<Option<String>, String> {
    let catalog = shared.reader.catalog(Lane::Fresh).await.and_then(believed);
    let catalog = catalog.map_err(|error| error.to_string())?;
    let ours = |it: &&Field| {
        let is_text = it.slot == Slot::String && !it.multiple;
        it.dynamic && it.entity == Entity::Deal && is_text && fold(&it.name) == fold(NAME)
    };
    // Made twice by two people: the older one.
    let found = catalog.fields.iter().filter(ours).min_by_key(|it| it.id);
    Ok(found.map(|field| field.key.clone()))
}
