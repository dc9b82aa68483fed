//! `--answers FILE`: the configuration as far as somebody knows it, and a section `[setup]`.

use std::{collections::BTreeMap, fs, path::Path};

use toml::{Table, Value};

use super::{
    Map, NewRoute, Wishes,
    accounts::{self, Accounts},
    draft::Draft,
};
use crate::{
    cli::{Failure, say},
    config::{EXAMPLE, MapRow, Problem, Problems, Setting, Severity, Source},
};

/// What a file of answers holds.
struct Answers {
    sections: BTreeMap<String, Vec<(String, Setting)>>,
    routes: Vec<NewRoute>,
    wishes: Wishes,
}

/// Fills in the draft from the file; nothing is written yet.
pub(super) async fn take(
    mut draft: Draft,
    file: &Path,
) -> Result<(Draft, Wishes, Accounts), Failure> {
    let answers = read(file)?;
    for (section, settings) in &answers.sections {
        for (key, setting) in settings {
            draft.set(section, key, setting)?;
        }
    }
    let config = draft.load().map_err(Failure::Configuration)?;
    let wrong = |key: &str, words: String| {
        let problem = Problem::of_key(Severity::Error, key, words, None);
        Failure::Configuration(Problems(vec![problem]))
    };
    let seen = accounts::activecampaign(&config).await;
    let mut seen = seen.map_err(|words| wrong("activecampaign", words))?;
    say("ActiveCampaign takes the key.");
    let catalog = accounts::ploomes(&config).await;
    seen.catalog = catalog.map_err(|words| wrong("ploomes", words))?;
    say("Ploomes takes the key.");
    if config.routes.is_empty() && answers.routes.is_empty() {
        let words =
            format!("{}: there is no [[route]], so nothing would be brought in", file.display());
        return Err(Failure::Usage(words));
    }
    for route in &answers.routes {
        draft.put_route(route, &seen)?;
    }
    draft.check(&answers.wishes.routes, &seen)?;
    Ok((draft, answers.wishes, seen))
}

fn read(file: &Path) -> Result<Answers, Failure> {
    let name = file.display();
    let text = fs::read_to_string(file)
        .map_err(|error| Failure::Usage(format!("cannot read {name}: {error}")))?;
    // The parser's own words: its excerpt may show a key.
    let table: Table = text.parse().map_err(|error: toml::de::Error| {
        let before = error.span().and_then(|span| text.get(..span.start));
        let line = before.map_or(1, |before| before.matches('\n').count() + 1);
        Failure::Usage(format!("{name}:{line}: this is not TOML: {}", error.message().trim()))
    })?;
    parse(table).map_err(|words| Failure::Usage(format!("{name}: {words}")))
}

fn parse(mut table: Table) -> Result<Answers, String> {
    let mut wishes = wishes(table.remove("setup"))?;
    let map = wishes.1;
    let routes = match table.remove("route") {
        None => Vec::new(),
        Some(Value::Array(routes)) => {
            let read = |it: Value| route(it, &map);
            routes.into_iter().map(read).collect::<Result<Vec<_>, _>>()?
        }
        Some(_) => return Err("write routes as [[route]]".to_owned()),
    };
    wishes.0.routes = routes.iter().map(|route| route.name.clone()).collect();
    let mut sections = BTreeMap::new();
    for (name, section) in table {
        let Value::Table(section) = section else {
            return Err(format!("`{name}` stands in no section"));
        };
        let settings = settings_of(section, &name)?;
        sections.insert(name, settings);
    }
    // A field that is named already needs no other.
    let named = |(key, _): &(String, Setting)| key == "lead_key_field";
    if sections.get("ploomes").is_some_and(|it| it.iter().any(named)) {
        wishes.0.lead_key_field = false;
    }
    Ok(Answers { sections, routes, wishes: wishes.0 })
}

/// `[setup]`, and the map of routes that have none of their own.
fn wishes(section: Option<Value>) -> Result<(Wishes, Map), String> {
    let mut wishes = Wishes { lead_key_field: true, ..Wishes::default() };
    let mut map = Map::Proposed;
    let section = match section {
        None => return Ok((wishes, map)),
        Some(Value::Table(section)) => section,
        Some(_) => return Err("write [setup]".to_owned()),
    };
    for (key, value) in section {
        match (key.as_str(), value) {
            ("public_url", Value::String(url)) => wishes.public_url = Some(url),
            ("lead_key_field", Value::Boolean(wanted)) => wishes.lead_key_field = wanted,
            ("map", Value::String(word)) if word == "proposed" => map = Map::Proposed,
            ("map", Value::String(word)) if word == "usual" => map = Map::Usual,
            ("public_url" | "lead_key_field" | "map", _) => {
                let words = "public_url is a URL, lead_key_field true or false, map \"proposed\" or \
                             \"usual\"";
                return Err(format!("setup.{key}: {words}"));
            }
            _ => {
                let known = "known: public_url, lead_key_field, map";
                return Err(format!("unknown key `setup.{key}` ({known})"));
            }
        }
    }
    Ok((wishes, map))
}

fn route(value: Value, usual: &Map) -> Result<NewRoute, String> {
    let Value::Table(mut table) = value else { return Err("write routes as [[route]]".to_owned()) };
    let Some(Value::String(name)) = table.remove("name") else {
        return Err("a [[route]] needs its name: name = \"site\"".to_owned());
    };
    let map = match table.remove("map") {
        None => usual.clone(),
        Some(Value::Array(rows)) => {
            let row = |it| {
                row(it).ok_or_else(|| {
                    format!(
                        "route.{name}.map: a row needs from or \
                                                          template, and to"
                    )
                })
            };
            Map::Rows(rows.into_iter().map(row).collect::<Result<_, _>>()?)
        }
        Some(_) => return Err(format!("route.{name}.map: write rows as [[route.map]]")),
    };
    let settings = settings_of(table, &format!("route.{name}"))?;
    Ok(NewRoute { name, settings, map })
}

fn row(value: Value) -> Option<MapRow> {
    let Value::Table(table) = value else { return None };
    let text = |key: &str| table.get(key).and_then(Value::as_str).map(str::to_owned);
    let source = text("from").map(Source::From).or(text("template").map(Source::Template))?;
    let required = table.get("required").and_then(Value::as_bool).unwrap_or(false);
    Some(MapRow { source, to: text("to")?, required, line: None })
}

/// The keys of a section or route, whose path is `path`, in the order of the example.
fn settings_of(table: Table, path: &str) -> Result<Vec<(String, Setting)>, String> {
    let read = |(key, value)| match setting(value) {
        Some(setting) => Ok((key, setting)),
        None => Err(format!("{path}.{key} is no plain value")),
    };
    let mut settings = table.into_iter().map(read).collect::<Result<Vec<_>, String>>()?;
    settings.sort_by_key(|(key, _)| {
        let key = key.trim_end_matches("_file");
        let place = |start: &str| EXAMPLE.find(&format!("\n{start}{key} = "));
        place("").or_else(|| place("# ")).unwrap_or(usize::MAX)
    });
    Ok(settings)
}

fn setting(value: Value) -> Option<Setting> {
    Some(match value {
        Value::String(text) => Setting::Text(text),
        Value::Integer(number) => Setting::Whole(number),
        Value::Boolean(flag) => Setting::Flag(flag),
        Value::Datetime(date) => Setting::Text(date.to_string()),
        Value::Array(items) => {
            Setting::List(items.into_iter().map(setting).collect::<Option<_>>()?)
        }
        Value::Float(_) | Value::Table(_) => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn refused(text: &str) -> String {
        parse(text.parse().expect("TOML")).err().expect("it is refused")
    }

    #[test]
    fn a_configuration_without_its_rest_is_understood() {
        let text = "[activecampaign]\nurl = \"u\"\n[ploomes]\nrequests_per_minute = 60\n\
                    [[route]]\nname = \"site\"\nautomation = 12\nowner = [\"a@example.com\", 7]\n\
                    since = 2026-01-01\n[[route.map]]\nfrom = \"email\"\nto = \"person.Email\"\n\
                    [[route]]\nname = \"feira\"\n[setup]\nmap = \"usual\"\npublic_url = \"p\"";
        let answers = parse(text.parse().expect("TOML")).expect("it is understood");
        assert_eq!(answers.sections["ploomes"][0], ("requests_per_minute".to_owned(), 60.into()));
        assert_eq!(answers.wishes.public_url.as_deref(), Some("p"));
        assert!(answers.wishes.lead_key_field);
        let [site, feira] = &answers.routes[..] else { panic!("two routes") };
        assert!(site.settings.contains(&("since".to_owned(), "2026-01-01".into())));
        assert!(matches!(&site.map, Map::Rows(rows) if rows[0].to == "person.Email"));
        assert_eq!((feira.name.as_str(), &feira.map), ("feira", &Map::Usual));
    }

    #[test]
    fn a_field_that_is_named_is_not_made() {
        let text = "[ploomes]\nlead_key_field = \"deal_key\"";
        assert!(!parse(text.parse().expect("TOML")).expect("good").wishes.lead_key_field);
    }

    #[test]
    fn what_makes_no_sense_is_said_with_its_place() {
        assert!(refused("[setup]\npublic = 1").contains("setup.public"));
        assert!(refused("[setup]\nmap = \"all\"").contains("setup.map"));
        assert!(refused("[[route]]\nautomation = 12").contains("name"));
        assert!(refused("[[route]]\nname = \"site\"\nmap = 1").contains("route.site.map"));
        assert!(refused("user_key = \"hidden\"").contains("`user_key` stands in no section"));
        assert!(refused("[ploomes]\nuser_key = 1.5").contains("ploomes.user_key"));
    }
}
