//! Records as JSON: the default properties or the selected ones, and what is expanded.

use serde::{Serialize, Serializer, ser::SerializeMap};
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

/// A record as `options` want it, written straight into the answer: what is kept of an account is read
/// whole at each start of an engine.
pub(super) struct Entity<'a> {
    pub(super) reader: Reader<'a>,
    pub(super) row: Row<'a>,
    pub(super) options: &'a Options,
}

impl Entity<'_> {
    /// The same as a value.
    pub(super) fn object(&self) -> Map<String, Value> {
        match serde_json::to_value(self) {
            Ok(Value::Object(object)) => object,
            _ => unreachable!("a record is an object, and all its keys are texts"),
        }
    }

    fn expand<M: SerializeMap>(&self, expand: &Expand, map: &mut M) -> Result<(), M::Error> {
        let (reader, row) = (self.reader, self.row);
        let Expand { name, options } = expand;
        let Some(navigation) = row.table.schema().navigation(name) else { return Ok(()) };
        let entity = |row| Entity { reader, row, options };
        let mut rows = reader.linked(row, navigation.name);
        if matches!(navigation.link, Link::One { .. } | Link::NoOne) {
            return map.serialize_entry(name, &rows.pop().map(entity));
        }
        reader.refine(&mut rows, options);
        rows.drain(..options.skip.unwrap_or(0).min(rows.len()));
        rows.truncate(options.top.unwrap_or(usize::MAX));
        let page = reader.switches.nested_page.unwrap_or(usize::MAX);
        let cut = rows.len() > page;
        rows.truncate(page);
        map.serialize_entry(name, &rows.into_iter().map(entity).collect::<Vec<_>>())?;
        if cut && reader.switches.next_link {
            let (set, id) = (row.table.path(), row.value("Id"));
            let rest = format!("{HOST}/{set}({id})/{name}?$skip={page}");
            map.serialize_entry(&format!("{name}@odata.nextLink"), &rest)?;
        }
        Ok(())
    }
}

impl Serialize for Entity<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        let wanted = self.options.select.as_ref();
        for property in self.row.table.schema().properties {
            if wanted.is_none_or(|names| names.iter().any(|it| it == property.name)) {
                map.serialize_entry(property.name, self.row.value(property.name))?;
            }
        }
        self.options.expand.iter().try_for_each(|it| self.expand(it, &mut map))?;
        map.end()
    }
}

/// A page of records, in the order in which the service writes its parts.
#[derive(Serialize)]
pub(super) struct Page<'a> {
    #[serde(rename = "@odata.context")]
    pub(super) context: String,
    #[serde(rename = "@odata.count", skip_serializing_if = "Option::is_none")]
    pub(super) count: Option<usize>,
    pub(super) value: Vec<Entity<'a>>,
    #[serde(rename = "@odata.nextLink", skip_serializing_if = "Option::is_none")]
    pub(super) next_link: Option<String>,
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
