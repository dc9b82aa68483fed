//! One `[[route]]`: which contacts, which webhook, what is created, and the field map.

use std::{fmt, time::Duration};

use secrecy::SecretString;

use super::{
    document::{Entry, Raw, RouteTable},
    map::{self, MapRow},
    problem::{Fault, Findings},
    schema,
    section::Section,
    value::{self, Since},
};
use crate::domain::{Behaviour, Existing};

/// One configured way from AC to Ploomes.
#[derive(Debug, Clone)]
pub struct Route {
    /// Part of the key of each of its leads.
    pub name: String,
    /// The name it had: its leads go on under the new one.
    pub was: Option<String>,
    /// Otherwise deliveries are kept and nothing is written.
    pub enabled: bool,
    /// The last part of the webhook's URL.
    pub webhook_token: SecretString,
    /// Accepted as well, while the URL is changed in AC.
    pub webhook_token_previous: Option<SecretString>,
    /// Which contacts belong.
    pub membership: Membership,
    /// Enrollments before this are no leads; `None`: before the route's first start.
    pub since: Option<Since>,
    /// How long after an enrollment the webhook may still come.
    pub expect_within: Duration,
    /// What is created.
    pub create: Behaviour,
    /// There is one where deals are created.
    pub pipeline: Option<NameOrId>,
    /// There is one where deals are created.
    pub stage: Option<NameOrId>,
    /// No new deal while person or company has an open one.
    pub skip_if_open_deal: bool,
    /// What happens to a person or company that exists.
    pub existing: Existing,
    /// Owners of what is created, taken in turn; may be empty.
    pub owner: Vec<OwnerRef>,
    /// The origin of what is created.
    pub origin: Option<String>,
    /// Tags of created persons and deals.
    pub tags: Vec<String>,
    /// A template for an interaction record.
    pub note: Option<String>,
    /// The field map, or the default one.
    pub map: Vec<MapRow>,
    /// Company names that say nothing and count as empty.
    pub company_ignore: Vec<String>,
}

/// Which contacts belong to a route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Membership {
    /// Those that enter this automation.
    Automation(i64),
    /// Those that have this tag.
    Tag(String),
    /// Those on this list.
    List(i64),
    /// All.
    EveryContact,
}

/// A pipeline or stage as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NameOrId {
    /// Its name.
    Name(String),
    /// Its id.
    Id(i64),
}

impl fmt::Display for NameOrId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => write!(f, "\"{name}\""),
            Self::Id(id) => id.fmt(f),
        }
    }
}

/// A user of Ploomes as it was written.
#[derive(Clone, PartialEq, Eq)]
pub enum OwnerRef {
    /// Their id.
    Id(i64),
    /// Their e-mail address.
    Email(String),
}

impl fmt::Debug for OwnerRef {
    /// Hides the address: it is personal data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(id) => write!(f, "Id({id})"),
            Self::Email(_) => f.write_str("Email(…)"),
        }
    }
}

impl Route {
    /// Reads a route; `defaults` is the route of the example.
    pub(super) fn read(
        source: &RouteTable,
        defaults: &RouteTable,
        findings: &mut Findings<'_>,
    ) -> Option<Self> {
        let mut section = Section::new(&schema::ROUTE, &source.table, &defaults.table, findings);
        let name = section.parsed("name", route_name);
        let was = section.parsed("was", route_name);
        let enabled = section.flag("enabled");
        let webhook_token = section.secret("webhook_token", value::token);
        let webhook_token_previous = section.secret("webhook_token_previous", value::token);
        let membership = membership(&mut section);
        let since = section.parsed("since", value::since);
        let expect_within = section.duration("expect_within");
        let create = section.choice("create", &Behaviour::ALL);
        let (pipeline, stage) = deal_place(&mut section, create);
        let skip_if_open_deal = section.flag("skip_if_open_deal");
        let existing = section.choice("existing", &Existing::ALL);
        let owner = owners(&mut section);
        let origin = section.parsed("origin", value::text);
        let tags = section.texts("tags");
        let note = section.parsed("note", map::checked_template);
        let company_ignore = section.texts("company_ignore");
        let map = read_map(source, defaults, create, findings);
        Some(Self {
            name: name?,
            was,
            enabled: enabled?,
            webhook_token: webhook_token?,
            webhook_token_previous,
            membership: membership?,
            since,
            expect_within: expect_within?,
            create: create?,
            pipeline,
            stage,
            skip_if_open_deal: skip_if_open_deal?,
            existing: existing?,
            owner,
            origin,
            tags,
            note,
            map: map?,
            company_ignore,
        })
    }
}

/// A name stands in lead keys, between slashes, and in tables.
fn route_name(text: &str) -> Result<String, Fault> {
    // Long enough for any name, short enough for a column.
    const CHARS_MAX: usize = 64;
    let name = value::text(text)?;
    if name.chars().count() > CHARS_MAX {
        return Err(value::found(text, format!("at most {CHARS_MAX} characters")));
    }
    if name != text || name.chars().any(|c| c == '/' || c.is_control()) {
        let fault = value::found(text, "a name without `/`, line ends, or spaces around it");
        return Err(fault.hint("it is part of each lead's key"));
    }
    Ok(name)
}

fn membership(section: &mut Section<'_, '_>) -> Option<Membership> {
    let automation = section.whole("automation", 1..=i64::MAX);
    let tag = section.parsed("tag", value::text);
    let list = section.whole("list", 1..=i64::MAX);
    let every_contact = section.flag("every_contact");

    let mut given = vec!["automation", "tag", "list", "every_contact"];
    given.retain(|name| section.has(name));
    // `every_contact = false` says nothing, whoever writes it.
    given.retain(|name| *name != "every_contact" || every_contact != Some(false));
    match given.as_slice() {
        [_] => {}
        [] => {
            let fault = Fault::new("which contacts belong to the route is missing");
            let hint = "write one of automation = 12, tag = \"…\", list = 3, every_contact = true";
            section.error("automation", fault.hint(hint));
        }
        [.., surplus] => {
            let all = given.join("` and `");
            let fault = Fault::new(format!("`{all}` are given, expected one of them"));
            section.error(surplus, fault.hint("for both, write two routes"));
        }
    }
    automation
        .map(Membership::Automation)
        .or(tag.map(Membership::Tag))
        .or(list.map(Membership::List))
        .or((every_contact == Some(true)).then_some(Membership::EveryContact))
}

/// Pipeline and stage: needed where a deal is created, of no use elsewhere.
fn deal_place(
    section: &mut Section<'_, '_>,
    create: Option<Behaviour>,
) -> (Option<NameOrId>, Option<NameOrId>) {
    let [pipeline, stage] = ["pipeline", "stage"].map(|name| {
        match (create.map(Behaviour::has_deal), section.has(name)) {
            (Some(true), false) => {
                let fault = Fault::new(format!("`{name}` is missing, and the route creates deals"));
                section
                    .error(name, fault.hint("`ponte fields ploomes` lists pipelines and stages"));
            }
            (Some(false), true) => {
                let fault = Fault::new("this says nothing: the route creates no deals");
                section.warning(name, fault);
            }
            _ => {}
        }
        match &section.raw(name)?.raw {
            Raw::Whole(id) if *id > 0 => Some(NameOrId::Id(*id)),
            Raw::Text(text) => match value::text(text) {
                Ok(name) => Some(NameOrId::Name(name)),
                Err(fault) => {
                    section.error(name, fault);
                    None
                }
            },
            _ => {
                section.error(name, Fault::new("found no id, expected a number above 0"));
                None
            }
        }
    });
    (pipeline, stage)
}

fn owners(section: &mut Section<'_, '_>) -> Vec<OwnerRef> {
    let entries = match section.raw("owner") {
        None => return Vec::new(),
        Some(Entry { raw: Raw::List(entries), .. }) => entries.as_slice(),
        Some(entry) => std::slice::from_ref(entry),
    };
    let mut owners = Vec::new();
    for entry in entries {
        match &entry.raw {
            Raw::Whole(id) if *id > 0 => owners.push(OwnerRef::Id(*id)),
            Raw::Text(text) if email_address::EmailAddress::is_valid(text.trim()) => {
                owners.push(OwnerRef::Email(text.trim().to_owned()));
            }
            _ => {
                let fault = Fault::new("found neither an id nor an e-mail address");
                section.error_at("owner", &entry.place, fault);
            }
        }
    }
    if entries.is_empty() {
        section.error("owner", Fault::new("the list is empty").hint("leave `owner` out"));
    }
    owners
}

fn read_map(
    source: &RouteTable,
    defaults: &RouteTable,
    create: Option<Behaviour>,
    findings: &mut Findings<'_>,
) -> Option<Vec<MapRow>> {
    if source.rows.is_empty() && !source.table.was_given("map") {
        return create.map(map::default_map);
    }
    let default = defaults.rows.first().expect("the example has a map");
    let mut rows: Vec<Option<MapRow>> = Vec::new();
    for table in &source.rows {
        let line = findings.line(&table.place);
        let mut section = Section::new(&schema::MAP, table, default, findings);
        let row = MapRow::read(&mut section, create, line);
        let twice = |other: &&MapRow| row.as_ref().is_some_and(|row| row.to == other.to);
        if let Some(other) = rows.iter().flatten().find(twice) {
            let line = other.line.map(|line| format!(" by line {line}")).unwrap_or_default();
            section.error("to", Fault::new(format!("{:?} is mapped already{line}", other.to)));
        }
        rows.push(row);
    }
    let rows: Option<Vec<MapRow>> = rows.into_iter().collect();
    // A row that cannot be read may have been the one that gives what is needed.
    let (rows, create) = (rows?, create?);
    for to in map::needed(create).filter(|to| rows.iter().all(|row| row.to != *to)) {
        let (name, _) = Behaviour::ALL.into_iter().find(|(_, it)| *it == create)?;
        let fault = Fault::new(format!("the map does not give `{to}`, which \"{name}\" needs"));
        let hint = format!("add a [[route.map]] with to = \"{to}\"");
        let path = format!("{}.map", source.table.path);
        findings.error(&path, &source.table.place, fault.hint(hint));
    }
    Some(rows)
}
