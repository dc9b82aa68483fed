//! What a request does: reads with `OData`, writes that echo what they made.

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use http::{HeaderMap, Method, header::CONTENT_TYPE};
use serde_json::{Map, Value, json};

use super::{
    check::check,
    eval::Reader,
    journal::Did,
    odata::Options,
    path::{Key, Target},
    refusal::Refusal,
    respond,
    schema::Table,
    shape::{Entity, PAGE_MAX, Page, context, envelope},
    store::Row,
    switches::{PatchMode, TopAbove300},
    write::{Account, Author, Ending, SLOTS},
};

/// How many rows come at most when a large `$top` is cut without a word.
const SILENT_MAX: usize = 1_500;

/// A request.
pub(super) struct Ask<'r> {
    pub(super) method: &'r Method,
    pub(super) path: &'r str,
    /// Still encoded.
    pub(super) query: &'r str,
    pub(super) headers: &'r HeaderMap,
    pub(super) body: &'r Bytes,
    /// Scheme and host that the client used.
    pub(super) base: String,
    pub(super) now: DateTime<Utc>,
}

/// What comes of it.
pub(super) struct Reply {
    pub(super) status: u16,
    /// `None`: an empty body.
    pub(super) body: Option<Vec<u8>>,
    /// What was changed.
    pub(super) wrote: Option<(Did, Table, i64, Value)>,
}

impl Account {
    /// Does what was asked.
    pub(super) fn handle(&mut self, ask: &Ask<'_>) -> Result<Reply, Refusal> {
        let target = Target::read(ask.path).ok_or_else(Refusal::not_found)?;
        match *ask.method {
            Method::GET => self.read(ask, &target),
            Method::POST if target.key.is_none() => self.post(ask, &target),
            Method::POST => self.act(ask, &target),
            Method::PATCH => self.patch(ask, &target),
            Method::DELETE => self.erase(ask, &target),
            _ => Err(Refusal::method()),
        }
    }

    /// Looks at the account as it is seen at `now`.
    pub(super) fn reader(&self, now: DateTime<Utc>) -> Reader<'_> {
        Reader { store: &self.store, switches: &self.switches, me: self.me, now }
    }

    fn read(&self, ask: &Ask<'_>, target: &Target) -> Result<Reply, Refusal> {
        let options = Options::from_query(ask.query)?;
        let reader = self.reader(ask.now);
        let (table, mut rows) = match (target.set.as_str(), &target.key, target.action.as_deref()) {
            ("Self", None, None) => {
                check(Table::Users, &options, &self.switches)?;
                (Table::Users, reader.row(Table::Users, self.me).into_iter().collect())
            }
            ("Users", None, Some("GetContactOwners" | "GetDealOwners")) => {
                check(Table::Users, &options, &self.switches)?;
                let mut owners = reader.search(Table::Users, &options);
                owners.retain(|it| it.value("Suspended") != &json!(true));
                (Table::Users, owners)
            }
            (set, None, action) => {
                let table = table_of(set, action)?;
                check(table, &options, &self.switches)?;
                (table, reader.search(table, &options))
            }
            (set @ ("Contacts" | "Deals"), Some(Key::Id(id)), None) => {
                let table = table_of(set, None)?;
                check(table, &options, &self.switches)?;
                let row = reader.row(table, *id).ok_or_else(Refusal::not_found)?;
                (table, vec![row])
            }
            _ => return Err(Refusal::not_found()),
        };
        let body = respond::written(&self.page(ask, table, &options, &mut rows));
        Ok(Reply { status: 200, body: Some(body), wrote: None })
    }

    /// One page of `rows`, and where the rest is.
    fn page<'a>(
        &'a self,
        ask: &Ask<'_>,
        table: Table,
        options: &'a Options,
        rows: &mut Vec<Row<'a>>,
    ) -> Page<'a> {
        let total = rows.len();
        let skip = options.skip.unwrap_or(0);
        let wanted = options.top.unwrap_or(usize::MAX);
        let silent = options.top.is_some_and(|it| it > PAGE_MAX)
            && self.switches.top_above_300 == TopAbove300::CutSilently;
        let most = if silent { SILENT_MAX } else { PAGE_MAX };
        rows.drain(..skip.min(total));
        let cut = rows.len().min(wanted) > most && !silent;
        rows.truncate(wanted.min(most));
        let reader = self.reader(ask.now);
        let entity = |row: &Row<'a>| Entity { reader, row: *row, options };
        let next = cut && self.switches.next_link;
        Page {
            context: context(table, options),
            count: options.count.then_some(total),
            value: rows.iter().map(entity).collect(),
            next_link: next.then(|| next_link(ask, options)),
        }
    }

    fn post(&mut self, ask: &Ask<'_>, target: &Target) -> Result<Reply, Refusal> {
        if target.action.is_some() {
            return Err(Refusal::not_found());
        }
        let table = table_of(&target.set, None)?;
        if !is_writable(table) {
            return Err(Refusal::method());
        }
        let options = self.echo_options(ask, table)?;
        let body = json_body(ask)?;
        let author = self.author(ask.now);
        let id = self.create(table, &body, author)?;
        let mut reply = self.echo(table, id, &options, (Did::Create, body));
        reply.status = self.switches.post_status;
        if self.switches.owner_overwritten && table == Table::Deals {
            self.distribute(id, author);
        }
        Ok(reply)
    }

    fn patch(&mut self, ask: &Ask<'_>, target: &Target) -> Result<Reply, Refusal> {
        let (table, id) = self.record_of(target)?;
        if target.action.is_some() {
            return Err(Refusal::method());
        }
        let options = self.echo_options(ask, table)?;
        let body = json_body(ask)?;
        self.update(table, id, &body, self.author(ask.now))?;
        Ok(self.echo(table, id, &options, (Did::Update, body)))
    }

    fn erase(&mut self, ask: &Ask<'_>, target: &Target) -> Result<Reply, Refusal> {
        let (table, id) = self.record_of(target)?;
        if target.action.is_some() {
            return Err(Refusal::method());
        }
        self.delete(table, id, self.author(ask.now))?;
        Ok(Reply { status: 200, body: None, wrote: Some((Did::Delete, table, id, Value::Null)) })
    }

    /// `POST /Set(id)/Action`.
    fn act(&mut self, ask: &Ask<'_>, target: &Target) -> Result<Reply, Refusal> {
        let (table, id) = self.record_of(target)?;
        let action = target.action.as_deref().ok_or_else(Refusal::method)?;
        let ending = match (table, action) {
            (Table::Deals, "Win") => Some(Ending::Win),
            (Table::Deals, "Lose") => Some(Ending::Lose),
            (Table::Deals, "Reopen") => Some(Ending::Reopen),
            (Table::Contacts | Table::Deals, "UpdateOtherProperty") => None,
            _ => return Err(Refusal::not_found()),
        };
        let options = self.echo_options(ask, table)?;
        let author = self.author(ask.now);
        let body = match ending {
            // These work without a body.
            Some(_) if ask.body.is_empty() => Map::new(),
            _ => json_body(ask)?,
        };
        if let Some(ending) = ending {
            self.end(id, ending, &body, author)?;
        } else {
            let items = one_field(&body)?;
            self.change(table, id, &items, PatchMode::MergeOtherProperties, author)?;
        }
        Ok(self.echo(table, id, &options, (Did::Update, body)))
    }

    /// The record that a key names; 404 where the key's user does not see it.
    fn record_of(&self, target: &Target) -> Result<(Table, i64), Refusal> {
        let table = table_of(&target.set, None)?;
        let id = match &target.key {
            None => return Err(Refusal::method()),
            Some(Key::Id(id)) => *id,
            Some(Key::Text(key)) if table == Table::Fields => {
                self.field_id(key).ok_or_else(Refusal::not_found)?
            }
            Some(Key::Text(_)) => return Err(Refusal::not_found()),
        };
        if !is_writable(table) {
            return Err(Refusal::method());
        }
        let forever = self.reader(DateTime::<Utc>::MAX_UTC);
        forever.row(table, id).map(|_| (table, id)).ok_or_else(Refusal::not_found)
    }

    fn author(&self, now: DateTime<Utc>) -> Author {
        let lag = TimeDelta::from_std(self.switches.delayed_apply).unwrap_or(TimeDelta::MAX);
        Author { user: self.me, now, lag, through_api: true }
    }

    /// What the echo of a write shows, checked before anything is written.
    fn echo_options(&self, ask: &Ask<'_>, table: Table) -> Result<Options, Refusal> {
        let options = Options::from_query(ask.query)?;
        check(table, &options, &self.switches)?;
        Ok(options)
    }

    /// The record as it is after a write.
    fn echo(
        &self,
        table: Table,
        id: i64,
        options: &Options,
        (did, body): (Did, Map<String, Value>),
    ) -> Reply {
        // What was just written is seen by its writer, however late others see it.
        let latest = DateTime::<Utc>::MAX_UTC;
        let row = self.store.row(table, id, latest);
        let reader = self.reader(latest);
        let entity = row.map(|row| Entity { reader, row, options }.object());
        let mut entity = entity.unwrap_or_default();
        if did == Did::Create && self.switches.without_id {
            entity.shift_remove("Id");
        }
        let answer = if self.switches.bare_object {
            entity
        } else {
            envelope(&context(table, options), vec![Value::Object(entity)])
        };
        let wrote = Some((did, table, id, Value::Object(body)));
        Reply { status: 200, body: Some(respond::written(&answer)), wrote }
    }
}

fn table_of(set: &str, action: Option<&str>) -> Result<Table, Refusal> {
    let path = action.map_or_else(|| set.to_owned(), |action| format!("{set}/{action}"));
    Table::at(&path).ok_or_else(Refusal::not_found)
}

/// Whether the API makes, changes and deletes records of this table.
const fn is_writable(table: Table) -> bool {
    matches!(
        table,
        Table::Contacts
            | Table::Deals
            | Table::InteractionRecords
            | Table::Tags
            | Table::Origins
            | Table::LossReasons
            | Table::Fields
            | Table::OptionsTables
            | Table::Options
            | Table::Pipelines
            | Table::Webhooks
    )
}

/// The largest body that the service takes, in bytes; documented as 10 MB.
const BODY_MAX: usize = 10 << 20;

/// The body as a JSON object.
fn json_body(ask: &Ask<'_>) -> Result<Map<String, Value>, Refusal> {
    let content_type = ask.headers.get(CONTENT_TYPE).and_then(|it| it.to_str().ok());
    if !content_type.is_some_and(|it| it.starts_with("application/json")) {
        return Err(Refusal::media_type());
    }
    if ask.body.len() > BODY_MAX {
        return Err(Refusal::too_large());
    }
    match serde_json::from_slice(ask.body) {
        Ok(Value::Object(body)) => Ok(body),
        Ok(_) => Err(Refusal::bad("The body is no object.")),
        Err(_) => Err(Refusal::bad("The body is no JSON.")),
    }
}

/// The body of `UpdateOtherProperty` as that of a `PATCH`.
fn one_field(body: &Map<String, Value>) -> Result<Map<String, Value>, Refusal> {
    let (Some(key @ Value::String(_)), Some(Value::Array(values)), 2) =
        (body.get("FieldKey"), body.get("Values"), body.len())
    else {
        return Err(Refusal::bad("FieldKey and Values were expected."));
    };
    let mut items = Vec::new();
    for value in values {
        let Value::Object(value) = value else {
            return Err(Refusal::bad("Values has no objects."));
        };
        let mut item = value.clone();
        item.insert("FieldKey".to_owned(), key.clone());
        items.push(Value::Object(item));
    }
    if items.is_empty() {
        let mut item: Map<_, _> =
            SLOTS.map(|it| (it.to_owned(), Value::Null)).into_iter().collect();
        item.insert("FieldKey".to_owned(), key.clone());
        items.push(Value::Object(item));
    }
    Ok(Map::from_iter([("OtherProperties".to_owned(), Value::Array(items))]))
}

/// The same request for the next page.
fn next_link(ask: &Ask<'_>, options: &Options) -> String {
    let moved = |pair: &&str| {
        let name = pair.split('=').next().unwrap_or_default().replace("%24", "$");
        !pair.is_empty() && name != "$skip" && name != "$top"
    };
    let mut pairs: Vec<String> = ask.query.split('&').filter(moved).map(str::to_owned).collect();
    if let Some(top) = options.top {
        pairs.push(format!("$top={}", top - PAGE_MAX));
    }
    pairs.push(format!("$skip={}", options.skip.unwrap_or(0) + PAGE_MAX));
    format!("{}{}?{}", ask.base, ask.path, pairs.join("&"))
}
