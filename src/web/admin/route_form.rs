//! The form that edits a route: as the file has it, with the live lists of both accounts, and what
//! of it is written where it is saved.

use crate::{
    config::{
        At, Edit, EditError, MapRow, Membership, NameOrId, OwnerRef, Route, Setting, Since, Source,
        written,
    },
    domain::{Behaviour, Existing},
};

use super::visit::Posted;

/// Rows that a form can have: more than both accounts have fields.
pub(super) const ROWS_MAX: usize = 500;

/// Empty rows below the map, for who has no script to add one.
const SPARE: usize = 3;

/// What the form says of a route: texts as they stand in its fields.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Draft {
    pub(super) enabled: bool,
    /// Which key says which contacts belong; see [`MEMBERS`].
    pub(super) member: String,
    /// What stands under that key.
    pub(super) member_of: String,
    pub(super) since: String,
    pub(super) expect_within: String,
    pub(super) create: String,
    pub(super) pipeline: String,
    pub(super) stage: String,
    pub(super) guard: bool,
    pub(super) existing: String,
    pub(super) owner: String,
    pub(super) origin: String,
    pub(super) tags: String,
    pub(super) note: String,
    pub(super) rows: Vec<DraftRow>,
}

/// The keys that say which contacts belong to a route.
pub(super) const MEMBERS: [&str; 4] = ["automation", "tag", "list", "every_contact"];

/// A field of the form: its key, its text now and before, and what the text means.
type Field<'a> = (&'static str, &'a str, &'a str, fn(&str) -> Setting);

/// A row of the map; one without a target is none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct DraftRow {
    /// A name, or a template where it has braces.
    pub(super) from: String,
    pub(super) to: String,
    pub(super) required: bool,
}

impl Draft {
    /// A route as it is configured.
    pub(super) fn of(route: &Route) -> Self {
        let name = |it: &Option<NameOrId>| match it {
            Some(NameOrId::Name(name)) => name.clone(),
            Some(NameOrId::Id(id)) => id.to_string(),
            None => String::new(),
        };
        let owners: Vec<String> = route
            .owner
            .iter()
            .map(|it| match it {
                OwnerRef::Id(id) => id.to_string(),
                OwnerRef::Email(email) => email.clone(),
            })
            .collect();
        let (member, member_of) = match &route.membership {
            Membership::Automation(id) => (MEMBERS[0], id.to_string()),
            Membership::Tag(tag) => (MEMBERS[1], tag.clone()),
            Membership::List(id) => (MEMBERS[2], id.to_string()),
            Membership::EveryContact => (MEMBERS[3], String::new()),
        };
        Self {
            enabled: route.enabled,
            member: member.to_owned(),
            member_of,
            since: match route.since {
                Some(Since::Day(day)) => day.to_string(),
                Some(Since::Moment(moment)) => moment.to_rfc3339(),
                None => String::new(),
            },
            expect_within: written(route.expect_within),
            create: word(&Behaviour::ALL, route.create),
            pipeline: name(&route.pipeline),
            stage: name(&route.stage),
            guard: route.skip_if_open_deal,
            existing: word(&Existing::ALL, route.existing),
            owner: owners.join(", "),
            origin: route.origin.clone().unwrap_or_default(),
            tags: route.tags.join(", "),
            note: route.note.clone().unwrap_or_default(),
            rows: route.map.iter().map(DraftRow::of).collect(),
        }
    }

    /// A route as somebody filled in the form.
    pub(super) fn read(posted: &Posted) -> Self {
        let text = |name: &str| posted.get(name).trim().to_owned();
        let rows = (0..ROWS_MAX)
            .map(|row| DraftRow {
                from: text(&format!("from-{row}")),
                to: text(&format!("to-{row}")),
                required: posted.get(&format!("required-{row}")) == "yes",
            })
            .filter(|it| !it.from.is_empty() || !it.to.is_empty())
            .collect();
        Self {
            enabled: posted.get("enabled") == "yes",
            member: text("member"),
            member_of: text("member_of"),
            since: text("since"),
            expect_within: text("expect_within"),
            create: text("create"),
            pipeline: text("pipeline"),
            stage: text("stage"),
            guard: posted.get("guard") == "yes",
            existing: text("existing"),
            owner: text("owner"),
            origin: text("origin"),
            tags: text("tags"),
            note: text("note"),
            rows,
        }
    }

    /// The rows of the form: those that there are, and some to fill in.
    pub(super) fn with_spare_rows(&self) -> Vec<DraftRow> {
        let spare = std::iter::repeat_n(DraftRow::default(), SPARE);
        self.rows.iter().cloned().chain(spare).collect()
    }

    /// Puts into the file what differs from `was`, whose map is `map`, and nothing else.
    pub(super) fn write(
        &self,
        edit: &mut Edit,
        route: &str,
        (was, map): (&Self, &[MapRow]),
    ) -> Result<(), EditError> {
        let at = At::Route(route);
        for (key, now, before) in
            [("enabled", self.enabled, was.enabled), ("skip_if_open_deal", self.guard, was.guard)]
        {
            if now != before {
                edit.set(at, key, &now.into())?;
            }
        }
        self.write_members(edit, at, was)?;
        let settings = self.fields(was);
        for (key, now, before, setting) in settings {
            if in_a_field(now) == in_a_field(before) {
                continue;
            }
            if now.is_empty() {
                edit.unset(at, key)?;
            } else {
                edit.set(at, key, &setting(now))?;
            }
        }
        let rows = self.map_after(map);
        if !rows.iter().eq(&Self::placeless(map)) {
            edit.set_map(route, &rows)?;
        }
        Ok(())
    }

    /// All that is text, beside what it was.
    fn fields<'a>(&'a self, was: &'a Self) -> [Field<'a>; 10] {
        [
            ("since", &self.since, &was.since, |it| it.into()),
            ("expect_within", &self.expect_within, &was.expect_within, |it| it.into()),
            ("create", &self.create, &was.create, |it| it.into()),
            ("pipeline", &self.pipeline, &was.pipeline, name_or_id),
            ("stage", &self.stage, &was.stage, name_or_id),
            ("existing", &self.existing, &was.existing, |it| it.into()),
            ("owner", &self.owner, &was.owner, |it| list(it, name_or_id)),
            ("origin", &self.origin, &was.origin, |it| it.into()),
            ("tags", &self.tags, &was.tags, |it| list(it, |tag| tag.into())),
            ("note", &self.note, &was.note, |it| it.into()),
        ]
    }

    /// A form that nobody filled in: the route would keep what comes, and write nothing yet.
    pub(super) fn blank() -> Self {
        Self {
            member: MEMBERS[0].to_owned(),
            expect_within: "15m".to_owned(),
            guard: true,
            ..Self::default()
        }
    }

    /// All that the form says, for a route that is to be added.
    pub(super) fn settings(&self) -> Vec<(&'static str, Setting)> {
        let nothing = Self::default();
        let mut settings: Vec<(&'static str, Setting)> = vec![("enabled", self.enabled.into())];
        if let Some(member) = MEMBERS.into_iter().find(|it| *it == self.member) {
            settings.push((member, self.members()));
        }
        let given = self.fields(&nothing).into_iter().filter(|it| !it.1.is_empty());
        settings.extend(given.map(|(key, now, _, setting)| (key, setting(now))));
        settings.push(("skip_if_open_deal", self.guard.into()));
        settings
    }

    /// The rows of the map; none for the usual one.
    pub(super) fn map(&self) -> Vec<MapRow> {
        self.map_after(&[])
    }

    /// Which contacts belong, as it is written under its key.
    fn members(&self) -> Setting {
        match self.member.as_str() {
            "every_contact" => true.into(),
            "tag" => self.member_of.as_str().into(),
            _ => name_or_id(&self.member_of),
        }
    }

    /// Puts in which contacts belong: one key takes the place of another.
    fn write_members(&self, edit: &mut Edit, at: At<'_>, was: &Self) -> Result<(), EditError> {
        if (&self.member, &self.member_of) == (&was.member, &was.member_of) {
            return Ok(());
        }
        for key in MEMBERS.into_iter().filter(|key| *key != self.member) {
            edit.unset(at, key)?;
        }
        // A key that is none of them is said to be none.
        edit.set(at, &self.member, &self.members())
    }

    /// The map as the form has it. A row that nobody touched is the one of `was`, with all that a field
    /// of a form does not show: that a text without braces is a template, and where its lines end.
    fn map_after(&self, was: &[MapRow]) -> Vec<MapRow> {
        let mut left = Self::placeless(was);
        let row = |row: &DraftRow| match left.iter().position(|it| row.is(it)) {
            Some(at) => MapRow { required: row.required, ..left.remove(at) },
            None => row.row(),
        };
        self.rows.iter().map(row).collect()
    }

    /// Rows without where they stand.
    fn placeless(map: &[MapRow]) -> Vec<MapRow> {
        map.iter().map(|it| MapRow { line: None, ..it.clone() }).collect()
    }
}

impl DraftRow {
    fn of(row: &MapRow) -> Self {
        let (Source::From(from) | Source::Template(from)) = &row.source;
        Self { from: from.clone(), to: row.to.clone(), required: row.required }
    }

    /// Whether it shows this row, required or not.
    fn is(&self, row: &MapRow) -> bool {
        let shown = Self::of(row);
        in_a_field(&self.from) == in_a_field(&shown.from)
            && in_a_field(&self.to) == in_a_field(&shown.to)
    }

    fn row(&self) -> MapRow {
        let source = if self.from.contains("{{") || self.from.contains("{%") {
            Source::Template(self.from.clone())
        } else {
            Source::From(self.from.clone())
        };
        MapRow { source, to: self.to.clone(), required: self.required, line: None }
    }
}

/// A text as it comes back from a field of one line: without line ends, and without blanks around it.
fn in_a_field(text: &str) -> String {
    text.replace(['\r', '\n'], "").trim().to_owned()
}

/// A name, or an id where it is a number.
fn name_or_id(text: &str) -> Setting {
    text.parse::<i64>().map_or_else(|_| text.into(), Setting::from)
}

fn list(text: &str, one: fn(&str) -> Setting) -> Setting {
    let items = text.split(',').map(str::trim).filter(|it| !it.is_empty());
    Setting::List(items.map(one).collect())
}

/// The word of a value in the configuration.
fn word<T: PartialEq + Copy>(all: &[(&'static str, T)], value: T) -> String {
    all.iter().find(|it| it.1 == value).map_or_else(String::new, |it| it.0.to_owned())
}

#[cfg(test)]
mod tests;
