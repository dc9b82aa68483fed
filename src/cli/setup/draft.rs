//! The configuration while it is put together.

use std::{collections::BTreeMap, fmt::Write as _, path::Path};

use rand::{RngCore, SeedableRng, rngs::StdRng};

use super::{Map, NewRoute, accounts::Accounts};
use crate::{
    cli::{Failure, compose, say},
    config::{At, Config, Edit, EditError, MapRow, Problem, Problems, Setting, Severity, Source},
    rules::{self, RouteSpec},
};

/// What a new file starts as.
const FRESH: &str = include_str!("fresh.toml");

/// Random bytes of a webhook token: nobody guesses 128 bits.
const TOKEN_BYTES: usize = 16;

/// A configuration that is not written yet.
#[derive(Clone)]
pub(super) struct Draft {
    edit: Edit,
    environment: BTreeMap<String, String>,
    is_new: bool,
}

impl Draft {
    /// From the file at `path`, or a new one where there is none.
    pub(super) fn open(
        path: &Path,
        environment: BTreeMap<String, String>,
    ) -> Result<Self, Failure> {
        let is_new = !path.try_exists()?;
        let edit = if is_new { Edit::fresh(path, FRESH)? } else { Edit::open(path)? };
        let draft = Self { edit, environment, is_new };
        if !is_new {
            match draft.edit.check(&draft.environment) {
                // As `check` says them, with their lines: it is to be put right first.
                Err(EditError::Refused(problems)) => return Err(Failure::Configuration(problems)),
                checked => checked.map(drop)?,
            }
        }
        Ok(draft)
    }

    pub(super) fn is_new(&self) -> bool {
        self.is_new
    }

    pub(super) fn environment(&self) -> &BTreeMap<String, String> {
        &self.environment
    }

    pub(super) fn set(&mut self, section: &str, key: &str, to: &Setting) -> Result<(), Failure> {
        Ok(self.edit.set(At::Section(section), key, to)?)
    }

    /// As the service would read it.
    pub(super) fn load(&self) -> Result<Config, Problems> {
        match self.edit.check(&self.environment) {
            Ok(loaded) => Ok(loaded.config),
            Err(EditError::Refused(problems)) => Err(named(problems)),
            Err(other) => Err(problem("", other.to_string())),
        }
    }

    /// The same while one side is not known yet: what is wrong with the other one's keys, or the
    /// configuration with an invented key for that side.
    pub(super) fn load_side(&self, section: &str) -> Result<Config, Problems> {
        let mut probe = self.edit.clone();
        for (other, key, invented) in [
            ("activecampaign", "url", "https://example.com"),
            ("activecampaign", "api_key", "invented"),
            ("ploomes", "user_key", "invented"),
        ] {
            let missing = format!("{other}.{key}");
            let lacks = |it: &Problem| it.key == missing;
            let is_missing = matches!(probe.check(&self.environment),
                Err(EditError::Refused(found)) if found.0.iter().any(lacks));
            if other != section && is_missing {
                let set = probe.set(At::Section(other), key, &invented.into());
                set.map_err(|error| problem("", error.to_string()))?;
            }
        }
        let draft = Self { edit: probe, environment: self.environment.clone(), is_new: false };
        match draft.load() {
            Ok(config) => Ok(config),
            Err(problems) => {
                let of_side = format!("{section}.");
                let own: Vec<_> =
                    problems.0.into_iter().filter(|it| it.key.starts_with(&of_side)).collect();
                Err(Problems(own))
            }
        }
    }

    /// Puts a route in, or what was answered of one that is there.
    pub(super) fn put_route(
        &mut self,
        route: &NewRoute,
        accounts: &Accounts,
    ) -> Result<(), Failure> {
        let NewRoute { name, settings, map } = route;
        if self.edit.route_text(name).is_ok() {
            for (key, setting) in settings {
                self.edit.set(At::Route(name), key, setting)?;
            }
            if let Map::Rows(rows) = map {
                self.edit.set_map(name, rows)?;
            }
            return Ok(());
        }
        let has_token = settings.iter().any(|(key, _)| key.starts_with("webhook_token"));
        let token = ("webhook_token", Setting::Text(token()));
        let given = settings.iter().map(|(key, setting)| (key.as_str(), setting.clone()));
        let all: Vec<_> = (!has_token).then_some(token).into_iter().chain(given).collect();
        let rows = match map {
            Map::Rows(rows) => rows.as_slice(),
            Map::Proposed | Map::Usual => &[],
        };
        self.edit.add_route(name, &all, rows)?;
        if *map == Map::Proposed {
            let spec = self.spec(name)?;
            let proposal = rules::propose(&spec, &accounts.catalog, &accounts.fields);
            let rows: Vec<MapRow> = proposal.rows.iter().map(configured).collect();
            self.edit.set_map(name, &rows)?;
            say(&format!("The route \"{name}\" maps:\n{}", map_text(&rows)));
            for (field, why) in &proposal.left {
                say(&format!("  not mapped: {:?}: {why}", field.title));
            }
        }
        Ok(())
    }

    /// A route in the words of the rules.
    pub(super) fn spec(&self, name: &str) -> Result<RouteSpec, Failure> {
        let config = self.load().map_err(Failure::Configuration)?;
        let route = config.routes.iter().find(|route| route.name == name);
        let field = config.ploomes.lead_key_field.clone();
        let route = route.ok_or_else(|| Failure::Usage(format!("no route is called {name:?}")))?;
        Ok(compose::spec(route, field))
    }

    /// What both accounts say against these routes.
    pub(super) fn check(&self, names: &[String], accounts: &Accounts) -> Result<(), Failure> {
        let config = self.load().map_err(Failure::Configuration)?;
        let mut found = Vec::new();
        for route in config.routes.iter().filter(|it| names.contains(&it.name)) {
            let mut add = |key: &str, message: String, hint: Option<String>| {
                let key = format!("route.{}.{key}", route.name);
                found.push(Problem::of_key(Severity::Error, key, message, hint));
            };
            if let Some((key, message, hint)) = accounts.lacks(&route.membership) {
                add(key, message, hint);
            }
            let spec = compose::spec(route, config.ploomes.lead_key_field.clone());
            let compiled = rules::compile(&spec, &accounts.catalog, &accounts.fields);
            for problem in compiled.err().into_iter().flatten() {
                add(&problem.key, problem.message, problem.hint);
            }
        }
        if found.is_empty() { Ok(()) } else { Err(Failure::Configuration(Problems(found))) }
    }

    /// Writes it; gives what the service will read.
    pub(super) fn save(&self) -> Result<Config, Failure> {
        let mut edit = self.edit.clone();
        match edit.save(&self.environment) {
            Ok(loaded) => Ok(loaded.config),
            Err(EditError::Refused(problems)) => Err(Failure::Configuration(named(problems))),
            Err(other) => Err(other.into()),
        }
    }
}

/// The problems by their keys alone: their lines are of a text that nobody has seen.
fn named(problems: Problems) -> Problems {
    let named = |it: Problem| Problem::of_key(it.severity, it.key, it.message, it.hint);
    Problems(
        problems.0.into_iter().filter(|it| it.severity == Severity::Error).map(named).collect(),
    )
}

fn problem(key: &str, message: String) -> Problems {
    Problems(vec![Problem::of_key(Severity::Error, key, message, None)])
}

/// A token that nobody guesses.
fn token() -> String {
    let mut bytes = [0; TOKEN_BYTES];
    StdRng::from_os_rng().fill_bytes(&mut bytes);
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// A row as the configuration has it.
pub(super) fn configured(row: &rules::MapRow) -> MapRow {
    let source = match &row.source {
        rules::Source::From(from) => Source::From(from.clone()),
        rules::Source::Template(template) => Source::Template(template.clone()),
    };
    MapRow { source, to: row.to.clone(), required: row.required, line: None }
}

/// A map for people to read.
pub(super) fn map_text(rows: &[MapRow]) -> String {
    rows.iter().map(|row| format!("  {}", row_text(row))).collect::<Vec<_>>().join("\n")
}

/// One row of it.
pub(super) fn row_text(row: &MapRow) -> String {
    let (Source::From(source) | Source::Template(source)) = &row.source;
    format!("{source:<28} → {}", row.to)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fresh_file_lacks_the_accounts_alone() {
        let edit = Edit::fresh(Path::new("config.toml"), FRESH).expect("it is TOML");
        let draft = Draft { edit, environment: BTreeMap::new(), is_new: true };
        let keys = |problems: Problems| -> Vec<String> {
            problems.0.into_iter().map(|it| it.key).collect()
        };
        let missing = keys(draft.load().expect_err("keys are missing"));
        assert_eq!(missing, ["activecampaign.url", "activecampaign.api_key", "ploomes.user_key"]);
        let side = keys(draft.load_side("ploomes").expect_err("a key is missing"));
        assert_eq!(side, ["ploomes.user_key"]);
    }

    #[test]
    fn tokens_are_long_and_differ() {
        let (one, other) = (token(), token());
        assert_eq!(one.len(), 32);
        assert_ne!(one, other);
    }
}
