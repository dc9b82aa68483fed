//! The field map of a route: rows, the names they can use, and the map of a route without one.

use std::collections::BTreeMap;

use minijinja::{Environment, ErrorKind};

use super::{problem::Fault, schema::nearest, section::Section, value};
use crate::domain::Behaviour;

/// What `from` can name, besides `field.<PERSTAG>` and `field.<id>`.
pub const SOURCES: [&str; 7] =
    ["email", "first_name", "last_name", "full_name", "phone", "company", "tags"];

/// What a template can name: the above, `field.<PERSTAG>`, and `automation.name`.
const TEMPLATE_NAMES: [&str; 9] = [
    "email",
    "first_name",
    "last_name",
    "full_name",
    "phone",
    "company",
    "tags",
    "field",
    "automation",
];

/// One row of a map.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MapRow {
    /// Where the value comes from.
    pub source: Source,
    /// `person.<Property>`, `company.<Property>`, `deal.<Property>`, or with a field key.
    pub to: String,
    /// Whether a lead without a value fails.
    pub required: bool,
    /// The row's line in the file; `None` in the default map.
    pub line: Option<usize>,
}

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// One of [`SOURCES`], `field.<PERSTAG>` or `field.<id>`.
    From(String),
    /// A template over the same names.
    Template(String),
}

impl MapRow {
    /// The record that is written to: `company`, `person` or `deal`.
    pub fn entity(&self) -> &str {
        self.to.split_once('.').map_or("", |(entity, _)| entity)
    }

    pub(super) fn read(
        section: &mut Section<'_, '_>,
        behaviour: Option<Behaviour>,
        line: Option<usize>,
    ) -> Option<Self> {
        let from = section.parsed("from", source);
        let template = section.parsed("template", checked_template);
        let to = section.parsed("to", |text| target(text, behaviour));
        let required = section.flag("required");
        match (section.has("from"), section.has("template")) {
            (true, true) => {
                let fault = Fault::new("`from` and `template` are both given");
                section.error("template", fault.hint("keep one of the two"));
            }
            (false, false) => {
                let fault = Fault::new("neither `from` nor `template` is given");
                section.error("from", fault.hint("for example: from = \"email\""));
            }
            _ => {}
        }
        let source = from.map(Source::From).or(template.map(Source::Template));
        Some(Self { source: source?, to: to?, required: required?, line })
    }
}

/// The map of a route that has none, for the records that it creates.
pub(super) fn default_map(behaviour: Behaviour) -> Vec<MapRow> {
    let from = |name: &str| Source::From(name.to_owned());
    let rows = [
        ("person.Name", from("full_name")),
        ("person.Email", from("email")),
        ("person.Phones", from("phone")),
        ("company.Name", from("company")),
        ("deal.Title", Source::Template("{{ full_name or email }}".to_owned())),
    ];
    rows.into_iter()
        .map(|(to, source)| MapRow { source, to: to.to_owned(), required: false, line: None })
        .filter(|row| creates(behaviour, row.entity()))
        .collect()
}

/// What a map must give: without it Ploomes refuses the record.
pub(super) fn needed(behaviour: Behaviour) -> impl Iterator<Item = &'static str> {
    let all = ["company.Name", "person.Name", "deal.Title"];
    all.into_iter().filter(move |to| creates(behaviour, to.split('.').next().unwrap_or_default()))
}

fn creates(behaviour: Behaviour, entity: &str) -> bool {
    match entity {
        "company" => behaviour.has_company(),
        "deal" => behaviour.has_deal(),
        _ => true,
    }
}

fn source(text: &str) -> Result<String, Fault> {
    let is_field = text.strip_prefix("field.").is_some_and(|field| !field.trim().is_empty());
    if is_field || SOURCES.contains(&text) {
        return Ok(text.to_owned());
    }
    let fault = value::found(text, "the name of a contact's value");
    Err(match nearest(text, SOURCES) {
        Some(near) => fault.hint(format!("did you mean \"{near}\"?")),
        None if text == "field." => fault.hint("name the field: field.<PERSTAG> or field.<id>"),
        None => fault.hint(format!("known: {}, field.<PERSTAG>, field.<id>", SOURCES.join(", "))),
    })
}

fn target(text: &str, behaviour: Option<Behaviour>) -> Result<String, Fault> {
    const ENTITIES: [&str; 3] = ["person", "company", "deal"];
    let expected = "person.<Property>, company.<Property> or deal.<Property>";
    let (entity, property) = text.split_once('.').unwrap_or((text, ""));
    if !ENTITIES.contains(&entity) {
        let fault = value::found(text, expected);
        return Err(match nearest(entity, ENTITIES) {
            Some(near) => fault.hint(format!("did you mean \"{near}.{property}\"?")),
            None => fault,
        });
    }
    if property.is_empty() || !property.chars().all(|c| c.is_alphanumeric() || "_-@".contains(c)) {
        return Err(value::found(text, expected).hint("`ponte fields ploomes` lists them"));
    }
    let owner = property.split_once('_').map(|(owner, _)| owner);
    match (entity, owner) {
        ("person" | "company", Some("deal")) | ("deal", Some("contact")) => {
            let fault =
                Fault::new(format!("found {text:?}, and that field is not one of a {entity}"));
            return Err(fault.hint("contact_… belongs to persons and companies, deal_… to deals"));
        }
        _ => {}
    }
    if let Some((name, _)) =
        Behaviour::ALL.into_iter().find(|(_, it)| Some(*it) == behaviour && !creates(*it, entity))
    {
        let fault = Fault::new(format!("found {text:?}, but \"{name}\" creates no {entity}"));
        return Err(fault.hint("leave the row out, or change `create`"));
    }
    Ok(text.to_owned())
}

/// Checks a template: its syntax, the names it uses, and that it renders at all.
pub(super) fn checked_template(text: &str) -> Result<String, Fault> {
    let fault = |error: &minijinja::Error| {
        let detail = error.detail().map(|it| format!(": {it}")).unwrap_or_default();
        Fault::new(format!("this template does not work: {}{detail}", error.kind()))
            .hint("for example: \"{{ company or full_name }} - site\"")
    };
    let environment = Environment::new();
    let template = environment.template_from_str(text).map_err(|error| fault(&error))?;
    let globals: Vec<&str> = environment.globals().map(|(name, _)| name).collect();
    // Sorted, so that the first unknown name is always the same one.
    let names: std::collections::BTreeSet<String> =
        template.undeclared_variables(false).into_iter().collect();
    for name in names {
        if TEMPLATE_NAMES.contains(&name.as_str()) || globals.contains(&name.as_str()) {
            continue;
        }
        let fault = Fault::new(format!("the template names `{name}`, which there is not"));
        return Err(match nearest(&name, TEMPLATE_NAMES) {
            Some(near) => fault.hint(format!("did you mean `{near}`?")),
            None => fault.hint(format!("known: {}", TEMPLATE_NAMES.join(", "))),
        });
    }
    // Unknown filters and tests show only when a template is rendered; other errors of rendering
    // may be due to the values of the sample.
    match template.render(sample()) {
        Err(error) if is_of_the_template(error.kind()) => Err(fault(&error)),
        _ => Ok(text.to_owned()),
    }
}

const fn is_of_the_template(kind: ErrorKind) -> bool {
    use ErrorKind::{UnknownFilter, UnknownFunction, UnknownMethod, UnknownTest};
    matches!(kind, UnknownFilter | UnknownTest | UnknownFunction | UnknownMethod)
}

/// Values of the kinds that a template meets.
fn sample() -> BTreeMap<&'static str, minijinja::Value> {
    let mut values: BTreeMap<_, _> =
        SOURCES.into_iter().map(|name| (name, minijinja::Value::from("x"))).collect();
    let nothing = BTreeMap::<String, String>::new();
    values.insert("field", minijinja::Value::from(nothing));
    values.insert("automation", BTreeMap::from([("name".to_owned(), "x".to_owned())]).into());
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_map_writes_only_what_the_route_creates() {
        let targets =
            |behaviour| default_map(behaviour).into_iter().map(|row| row.to).collect::<Vec<_>>();
        assert_eq!(
            targets(Behaviour::PersonDeal),
            ["person.Name", "person.Email", "person.Phones", "deal.Title"]
        );
        assert_eq!(
            targets(Behaviour::CompanyPerson),
            ["person.Name", "person.Email", "person.Phones", "company.Name"]
        );
    }

    #[test]
    fn the_default_map_gives_what_is_needed_and_works() {
        for (_, behaviour) in Behaviour::ALL {
            let rows = default_map(behaviour);
            for to in needed(behaviour) {
                assert!(rows.iter().any(|row| row.to == to), "{to}");
            }
            for row in rows {
                match row.source {
                    Source::From(name) => assert!(source(&name).is_ok(), "{name}"),
                    Source::Template(text) => assert!(checked_template(&text).is_ok(), "{text}"),
                }
                assert!(target(&row.to, Some(behaviour)).is_ok(), "{}", row.to);
            }
        }
    }

    #[test]
    fn templates_use_known_names_filters_and_functions() {
        for good in [
            "plain",
            "{{ company or full_name }} - site",
            "{{ field.CPF }} {{ field['12'] }} {{ automation.name }}",
            "{% if phone %}{{ phone | upper }}{% endif %}",
            "{% for i in range(3) %}{{ i }}{% endfor %}",
        ] {
            assert!(checked_template(good).is_ok(), "{good}");
        }
        for bad in ["{{ ", "{{ nome }}", "{{ email | shout }}", "{{ shout() }}", "{% if %}"] {
            assert!(checked_template(bad).is_err(), "{bad}");
        }
        let near = checked_template("{{ ful_name }}").expect_err("a letter is missing");
        assert_eq!(near.hint.as_deref(), Some("did you mean `full_name`?"));
    }

    #[test]
    fn fields_belong_to_their_record() {
        assert!(target("person.contact_1A2B", None).is_ok());
        assert!(target("deal.contact_1A2B", None).is_err());
        assert!(target("person.deal_1A2B", None).is_err());
        assert!(target("persons.Name", None).is_err());
        assert!(target("person.", None).is_err());
        assert!(target("person", None).is_err());
    }

    #[test]
    fn a_record_that_the_route_does_not_create_cannot_be_mapped() {
        assert!(target("deal.Title", Some(Behaviour::CompanyPerson)).is_err());
        assert!(target("company.Name", Some(Behaviour::PersonDeal)).is_err());
        assert!(target("company.Name", Some(Behaviour::CompanyPerson)).is_ok());
    }
}
