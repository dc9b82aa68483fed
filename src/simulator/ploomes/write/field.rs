//! What an administrator makes: fields, option lists, pipelines.

use rand::Rng as _;
use serde_json::{Map, Value, json};

use super::{Account, Author, Table, incoming, invalid, objects};
use crate::simulator::ploomes::{incoming::Incoming, refusal::Refusal, standard, store::Body};

impl Account {
    /// Gives a new field its key, and its options.
    pub(super) fn complete_field(
        &mut self,
        record: &mut Body,
        incoming: &Incoming<'_>,
        author: Author,
    ) -> Result<(), Refusal> {
        let prefix = match record.id_of("EntityId") {
            Some(1) => "contact",
            Some(2) => "deal",
            _ => "other",
        };
        record.set("Key", format!("{prefix}_{}", self.guid()));
        record.set("Dynamic", true);
        for property in ["Filterable", "FormFilterable", "Importable", "ValueEditable"] {
            record.set(property, true);
        }
        let listed = record.id_of("TypeId") == Some(standard::TYPE_OPTION);
        let table = incoming.parts.get("OptionsTable");
        if listed != (table.is_some() || record.id_of("OptionsTableId").is_some()) {
            return Err(invalid("OptionsTable", "option lists have one, and nothing else does"));
        }
        if let Some(table) = table {
            let Value::Object(table) = table else {
                return Err(invalid("OptionsTable", "an object was expected"));
            };
            record.set("OptionsTableId", self.create(Table::OptionsTables, table, author)?);
        }
        Ok(())
    }

    /// Refuses a deep insert that could not be made, before anything of it is.
    pub(super) fn check_deep(&self, deep: &Incoming<'_>) -> Result<(), Refusal> {
        let unknown = self.switches.unknown_property;
        for (name, table) in [("Stages", Table::Stages), ("Options", Table::Options)] {
            let Some(items) = deep.parts.get(name) else { continue };
            for item in objects(name, items)? {
                // What it belongs to is not made yet, so only its name can be asked for.
                let item = incoming(table, item, unknown)?;
                if item.values.get("Name").is_none_or(Value::is_null) {
                    return Err(invalid(name, "each has a Name"));
                }
            }
        }
        if let Some(Value::Object(table)) = deep.parts.get("OptionsTable") {
            let table = incoming(Table::OptionsTables, table, unknown)?;
            table.require(Table::OptionsTables, true)?;
            self.check_deep(&table)?;
        }
        Ok(())
    }

    /// The options of a new option list.
    pub(super) fn make_options(
        &mut self,
        table: i64,
        incoming: &Incoming<'_>,
        author: Author,
    ) -> Result<(), Refusal> {
        let Some(options) = incoming.parts.get("Options") else { return Ok(()) };
        for option in objects("Options", options)? {
            let mut option = option.clone();
            option.insert("TableId".to_owned(), json!(table));
            self.create(Table::Options, &option, author)?;
        }
        Ok(())
    }

    /// The stages of a new pipeline, in the order given or as they say.
    pub(super) fn make_stages(
        &mut self,
        pipeline: i64,
        incoming: &Incoming<'_>,
        author: Author,
    ) -> Result<(), Refusal> {
        let Some(stages) = incoming.parts.get("Stages") else { return Ok(()) };
        let stages = objects("Stages", stages)?;
        let last = stages.len().saturating_sub(1);
        for (at, stage) in stages.into_iter().enumerate() {
            let mut stage: Map<String, Value> = stage.clone();
            stage.entry("Ordination").or_insert_with(|| json!(at + 1));
            let id = self.create(Table::Stages, &stage, author)?;
            let Some(record) = self.store.latest(Table::Stages, id) else { continue };
            let mut record = record.clone();
            record.set("PipelineId", pipeline);
            record.set("LastPipelineStage", at == last);
            self.store.put(Table::Stages, id, record, author.moment(), false);
        }
        Ok(())
    }

    /// A name that no other field has.
    fn guid(&mut self) -> String {
        let bits: u128 = self.rng.random();
        let hex = format!("{bits:032x}");
        let parts = [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]];
        parts.join("-")
    }
}
