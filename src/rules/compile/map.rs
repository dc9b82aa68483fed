//! The field map: each row's source and target must exist.

use super::{Findings, Refusal};
use crate::{
    domain::{
        Behaviour,
        catalog::{AcField, Entity, PloomesCatalog, Slot},
    },
    rules::{
        MapRow, RouteSpec, Row, Source,
        names::nearest,
        source::{NAMES, Reader},
        target::{Record, Target, Targets},
        template::{Templates, field_named, unknown_field},
        value::Kind,
    },
};

/// The rows of the map, compiled; those with a problem are left out.
pub(super) fn check(
    spec: &RouteSpec,
    catalog: &PloomesCatalog,
    fields: &[AcField],
    templates: &mut Templates,
    findings: &mut Findings,
) -> Vec<Row> {
    let default;
    let map = if spec.map.is_empty() {
        default = default_map(spec.create);
        &default
    } else {
        &spec.map
    };
    let targets = Targets::new(spec, catalog);
    let mut rows = Vec::new();
    for (index, row) in map.iter().enumerate() {
        let key = format!("map.{}", index + 1);
        let reader = reader(row, &key, templates, findings);
        let target = findings.keep(&format!("{key}.to"), targets.find(&row.to));
        let (Some(reader), Some((record, target))) = (reader, target) else { continue };
        let label = match &row.source {
            Source::From(name) => name.clone(),
            Source::Template(_) => row.to.clone(),
        };
        if takes_one(&target) && holds_several(&reader, fields) {
            let to = &row.to;
            findings.warning(format!("{key}: {label} may hold several values, and {to} takes one"));
        }
        let (to, required) = (row.to.clone(), row.required);
        rows.push(Row { reader, label, to, record, target, required });
    }
    if findings.problems.is_empty() {
        warn_of_gaps(&rows, spec.create, catalog, findings);
    }
    rows
}

/// The map of a route that has none, for the records that it creates.
fn default_map(behaviour: Behaviour) -> Vec<MapRow> {
    let from = |name: &str| Source::From(name.to_owned());
    let mut map = vec![
        ("person.Name", from("full_name")),
        ("person.Email", from("email")),
        ("person.Phones", from("phone")),
    ];
    if behaviour.has_company() {
        map.push(("company.Name", from("company")));
    }
    if behaviour.has_deal() {
        map.push(("deal.Title", Source::Template("{{ full_name or email }}".to_owned())));
    }
    let row = |(to, source): (&str, _)| MapRow { source, to: to.to_owned(), required: false };
    map.into_iter().map(row).collect()
}

fn reader(
    row: &MapRow,
    key: &str,
    templates: &mut Templates,
    findings: &mut Findings,
) -> Option<Reader> {
    match &row.source {
        Source::From(name) => findings.keep(&format!("{key}.from"), reader_named(name, templates)),
        Source::Template(text) => match templates.add(key, text) {
            Ok(()) => Some(Reader::Template(key.to_owned())),
            Err(refusals) => {
                for refusal in refusals {
                    findings.problem(format!("{key}.template"), refusal);
                }
                None
            }
        },
    }
}

fn reader_named(name: &str, templates: &Templates) -> Result<Reader, Refusal> {
    if let Some(field) = name.strip_prefix("field.") {
        let known = templates.known();
        let id = field_named(field.trim(), known).ok_or_else(|| unknown_field(field, known));
        return id.map(Reader::Field);
    }
    Reader::named(name).ok_or_else(|| {
        let refusal = Refusal::new(format!("a contact has no value {name:?}"));
        match nearest(name, NAMES) {
            Some(near) => refusal.hint(format!("did you mean {near:?}?")),
            None => refusal.hint(format!("there is {}, field.<PERSTAG>", NAMES.join(", "))),
        }
    })
}

/// Whether a field takes one value, and several cannot be joined.
const fn takes_one(target: &Target) -> bool {
    match target {
        Target::Native { kind, .. } | Target::Custom { kind, multiple: false, .. } => {
            !kind.is_text()
        }
        Target::Phones | Target::Custom { multiple: true, .. } => false,
    }
}

fn holds_several(reader: &Reader, fields: &[AcField]) -> bool {
    match reader {
        Reader::Tags => true,
        Reader::Field(id) => fields
            .iter()
            .any(|field| field.id == *id && matches!(field.kind.as_str(), "checkbox" | "listbox")),
        _ => false,
    }
}

/// What is allowed, and may surprise.
fn warn_of_gaps(
    rows: &[Row],
    create: Behaviour,
    catalog: &PloomesCatalog,
    findings: &mut Findings,
) {
    let writes_email = rows.iter().any(|row| {
        let is_email = matches!(&row.target, Target::Native { kind: Kind::Email, .. });
        row.record == Record::Person && is_email
    });
    if !writes_email {
        let warning = "map: without person.Email, a person is known again by CPF or phone only";
        findings.warning(warning.to_owned());
    }
    for field in catalog.fields.iter().filter(|field| field.dynamic && field.required) {
        let gives =
            |row: &Row| matches!(&row.target, Target::Custom { key, .. } if *key == field.key);
        let is_created = field.entity == Entity::Contact || create.has_deal();
        // A tick that is not given is a no.
        if is_created && field.slot != Slot::Bool && !rows.iter().any(gives) {
            findings.warning(format!(
                "map: {:?} ({}) is required on the forms of Ploomes, and no row gives it",
                field.name, field.key
            ));
        }
    }
}
