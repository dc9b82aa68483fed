//! Records as JSON: the default properties or the selected ones, and what is expanded.

use serde_json::{Map, Value, json};

use super::{
    eval::Reader,
    odata::{Expand, Options},
    schema::{Link, Table},
    store::Row,
};

/// The largest page, and the default.
pub(super) const PAGE_MAX: usize = 300;

/// The account's shard: not the host that clients are told to use.
pub(super) const HOST: &str = "https://public6-api2.ploomes.com";

impl Reader<'_> {
    /// The record as `options` want it.
    pub(super) fn entity(&self, row: Row<'_>, options: &Options) -> Map<String, Value> {
        let mut entity = Map::new();
        for property in row.table.schema().properties {
            let wanted = options.select.as_ref();
            if wanted.is_none_or(|names| names.iter().any(|it| it == property.name)) {
                entity.insert(property.name.to_owned(), row.value(property.name).clone());
            }
        }
        for expand in &options.expand {
            self.expand(row, expand, &mut entity);
        }
        entity
    }

    fn expand(&self, row: Row<'_>, expand: &Expand, entity: &mut Map<String, Value>) {
        let Expand { name, options } = expand;
        let Some(navigation) = row.table.schema().navigation(name) else { return };
        let mut rows = self.linked(row, navigation.name);
        if matches!(navigation.link, Link::One { .. } | Link::NoOne) {
            let row = rows.pop().map(|it| Value::Object(self.entity(it, options)));
            entity.insert(name.clone(), row.unwrap_or_default());
            return;
        }
        self.refine(&mut rows, options);
        rows.drain(..options.skip.unwrap_or(0).min(rows.len()));
        rows.truncate(options.top.unwrap_or(usize::MAX));
        let page = self.switches.nested_page.unwrap_or(usize::MAX);
        let cut = rows.len() > page;
        rows.truncate(page);
        let rows = rows.into_iter().map(|it| Value::Object(self.entity(it, options)));
        entity.insert(name.clone(), rows.collect());
        if cut && self.switches.next_link {
            let (set, id) = (row.table.path(), row.value("Id"));
            let rest = format!("{HOST}/{set}({id})/{name}?$skip={page}");
            entity.insert(format!("{name}@odata.nextLink"), json!(rest));
        }
    }
}

/// What an answer is about, as the service writes it: the shard's host, whoever was asked.
pub(super) fn context(table: Table, options: &Options) -> String {
    let select = options.select.as_ref().map(|it| format!("({})", it.join(",")));
    let select = select.unwrap_or_default();
    format!("{HOST}/$metadata#{}{select}", table.path())
}

/// The envelope around `value`.
pub(super) fn envelope(context: &str, value: Vec<Value>) -> Map<String, Value> {
    let mut envelope = Map::new();
    envelope.insert("@odata.context".to_owned(), json!(context));
    envelope.insert("value".to_owned(), Value::Array(value));
    envelope
}
