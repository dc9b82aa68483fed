//! A field map proposed for a route, by name and type.
//!
//! What every contact has comes first, then each custom field of `ActiveCampaign` for which Ploomes
//! has a field of the same name that can hold its values. A person looks at it before it is used;
//! it proposes nothing that [`super::compile()`] would refuse.

use std::collections::BTreeSet;

use super::{
    MapRow, RouteSpec, Source,
    names::fold,
    target::{Record, Target, Targets},
    value::Kind,
};
use crate::domain::catalog::{AcField, Entity, Field, PloomesCatalog};

/// A map to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// The rows; those that every map needs come first.
    pub rows: Vec<MapRow>,
    /// Fields of `ActiveCampaign` that are not in it, each with the reason.
    pub left: Vec<(AcField, &'static str)>,
}

/// Names by which people in Brazil call native properties, folded.
const NATIVE: &[(&str, &str)] = &[
    ("cpf", "person.CPF"),
    ("cnpj", "company.CNPJ"),
    ("razao social", "company.LegalName"),
    ("data de nascimento", "person.Birthday"),
    ("nascimento", "person.Birthday"),
    ("aniversario", "person.Birthday"),
    ("birthday", "person.Birthday"),
    ("rg", "person.IdentityDocument"),
    ("cep", "person.ZipCode"),
    ("zip code", "person.ZipCode"),
    ("endereco", "person.StreetAddress"),
    ("bairro", "person.Neighborhood"),
    ("site", "company.Website"),
    ("website", "company.Website"),
    ("observacao", "person.Note"),
    ("observacoes", "person.Note"),
    ("mensagem", "person.Note"),
    ("valor", "deal.Amount"),
    ("valor do negocio", "deal.Amount"),
];

/// Proposes a map for `spec`, whose own map is not looked at.
pub fn propose(spec: &RouteSpec, catalog: &PloomesCatalog, fields: &[AcField]) -> Proposal {
    let targets = Targets::new(spec, catalog);
    let mut proposal = Proposal { rows: usual(&targets), left: Vec::new() };
    let mut taken: BTreeSet<String> = proposal.rows.iter().map(|row| row.to.clone()).collect();
    for field in fields {
        let mut reason = "Ploomes has no field of this name";
        let mut chosen = None;
        for to in candidates(field, catalog) {
            let Ok((_, target)) = targets.find(&to) else { continue };
            if taken.contains(&to) {
                reason = "another field goes there";
            } else if fits(field, &target) {
                chosen = Some(to);
                break;
            } else {
                reason = "the field of this name in Ploomes has another type";
            }
        }
        match chosen {
            Some(to) => {
                taken.insert(to.clone());
                proposal.rows.push(row(Source::From(format!("field.{}", field.perstag)), &to));
            }
            None => proposal.left.push((field.clone(), reason)),
        }
    }
    proposal
}

/// What every contact has, as far as the route creates the record.
fn usual(targets: &Targets<'_>) -> Vec<MapRow> {
    let from = |name: &str| Source::From(name.to_owned());
    let title = Source::Template("{{ full_name or email }}".to_owned());
    [
        (from("full_name"), "person.Name"),
        (from("email"), "person.Email"),
        (from("phone"), "person.Phones"),
        (from("company"), "company.Name"),
        (title, "deal.Title"),
    ]
    .into_iter()
    .filter(|(_, to)| targets.find(to).is_ok())
    .map(|(source, to)| row(source, to))
    .collect()
}

fn row(source: Source, to: &str) -> MapRow {
    MapRow { source, to: to.to_owned(), required: false }
}

/// Where a field might go, the likeliest first: a custom field was made for something, so it comes
/// before a native property; a person's before a company's before a deal's.
fn candidates(field: &AcField, catalog: &PloomesCatalog) -> Vec<String> {
    let names = [fold(&field.title), fold(&field.perstag.replace('_', " "))];
    let is_called = |it: &&Field| it.dynamic && names.contains(&fold(&it.name));
    let mut found = Vec::new();
    for record in [Record::Person, Record::Company, Record::Deal] {
        let custom = catalog.fields.iter().filter(is_called);
        let custom = custom.filter(|it| it.entity == record.entity());
        found.extend(custom.map(|it| format!("{}.{}", record.name(), it.key)));
    }
    let known = NATIVE.iter().filter(|(name, _)| names.iter().any(|it| it == name));
    found.extend(known.map(|(_, to)| (*to).to_owned()));
    for field in catalog.fields.iter().filter(|it| !it.dynamic && names.contains(&fold(&it.name))) {
        let Some(property) = &field.property else { continue };
        let record = match field.entity {
            Entity::Contact => Record::Person,
            Entity::Deal => Record::Deal,
        };
        found.push(format!("{}.{property}", record.name()));
    }
    found
}

/// Whether a field of this kind holds what the target takes. Text may hold anything but a user.
fn fits(field: &AcField, target: &Target) -> bool {
    let (kind, multiple) = match target {
        // The lead's phone goes there already.
        Target::Phones => return false,
        Target::Native { kind, .. } => (kind, false),
        Target::Custom { kind, multiple, .. } => (kind, *multiple),
    };
    let is_text = matches!(kind, Kind::Line | Kind::LongText | Kind::ShortText);
    match field.kind.as_str() {
        "date" | "datetime" => is_text || matches!(kind, Kind::Date),
        "dropdown" | "radio" => is_text || is_option(kind) || matches!(kind, Kind::Flag),
        "checkbox" | "listbox" => is_text || (is_option(kind) && multiple),
        "textarea" => is_text,
        "currency" | "number" => is_text || matches!(kind, Kind::Decimal),
        // A whole number is the id of a row in some list of Ploomes; nobody types that.
        _ => !matches!(kind, Kind::Choice(_) | Kind::Whole) || is_option(kind),
    }
}

fn is_option(kind: &Kind) -> bool {
    matches!(kind, Kind::Choice(choices) if choices.are_options())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::{Behaviour, FieldId},
        rules::{compile, fixture},
    };

    fn field(perstag: &str, title: &str, kind: &str) -> AcField {
        AcField {
            id: FieldId(1),
            perstag: perstag.to_owned(),
            title: title.to_owned(),
            kind: kind.to_owned(),
        }
    }

    fn proposed(fields: &[AcField], create: Behaviour) -> Proposal {
        let spec = RouteSpec { create, ..fixture::route() };
        propose(&spec, &fixture::catalog(), fields)
    }

    #[track_caller]
    fn target_of(field: AcField) -> Result<String, &'static str> {
        let proposal = proposed(&[field], Behaviour::CompanyPersonDeal);
        match proposal.left.first() {
            Some((_, reason)) => Err(reason),
            None => Ok(proposal.rows.last().expect("a row").to.clone()),
        }
    }

    #[test]
    fn what_every_contact_has_comes_first_as_far_as_the_route_creates_it() {
        let names = |create| {
            let rows = proposed(&[], create).rows;
            rows.into_iter().map(|row| row.to).collect::<Vec<_>>()
        };
        assert_eq!(
            names(Behaviour::CompanyPersonDeal),
            ["person.Name", "person.Email", "person.Phones", "company.Name", "deal.Title"]
        );
        let [person_deal, company_person] = [Behaviour::PersonDeal, Behaviour::CompanyPerson];
        assert!(!names(person_deal).contains(&"company.Name".to_owned()));
        assert!(!names(company_person).contains(&"deal.Title".to_owned()));
    }

    #[test]
    fn a_field_goes_to_the_field_of_its_name_whatever_case_and_accents() {
        let to = |field| target_of(field).expect("it is proposed");
        assert_eq!(to(field("X", "SEGMENTO", "dropdown")), "person.contact_segment");
        assert_eq!(to(field("CANAIS", "Por onde veio", "checkbox")), "person.contact_channels");
        assert_eq!(to(field("VISITA", "Visita", "date")), "person.contact_visit");
        assert_eq!(to(field("SOMA", "Soma", "text")), "deal.deal_sum");
        assert_eq!(to(field("CPF", "CPF", "text")), "person.CPF");
        assert_eq!(to(field("RS", "Razão Social", "text")), "company.LegalName");
    }

    #[test]
    fn a_field_that_cannot_hold_the_values_is_left_with_the_reason() {
        let kind = Err("the field of this name in Ploomes has another type");
        assert_eq!(target_of(field("VISITA", "Visita", "checkbox")), kind);
        assert_eq!(target_of(field("SEGMENTO", "Segmento", "listbox")), kind);
        assert_eq!(target_of(field("VENDEDOR", "Vendedor", "text")), kind);
        let mut catalog = fixture::catalog();
        let role = catalog.fields.iter_mut().find(|it| it.key == "contact_avatar_url");
        let role = role.expect("it is there");
        (role.property, role.name) = (Some("RoleId".to_owned()), "Cargo".to_owned());
        let proposal = propose(&fixture::route(), &catalog, &[field("CARGO", "Cargo", "text")]);
        assert_eq!(proposal.left.first().map(|(_, why)| *why), kind.err());
        let name = Err("Ploomes has no field of this name");
        assert_eq!(target_of(field("GIZ", "Giz", "text")), name);
        assert_eq!(target_of(field("CREATEDATE", "contact_create_date", "date")), name);
    }

    #[test]
    fn two_fields_never_go_to_one_place() {
        let twins = [field("CPF", "CPF", "text"), field("CPF2", "cpf", "text")];
        let proposal = proposed(&twins, Behaviour::PersonDeal);
        assert_eq!(proposal.left, [(twins[1].clone(), "another field goes there")]);
    }

    #[test]
    fn what_is_proposed_compiles() {
        let mut fields = fixture::fields();
        fields.extend([field("SOMA", "Soma", "text"), field("OWNER", "Vendedor", "text")]);
        fields.extend([field("CHAVE", "Chave", "text"), field("MUITOS", "Muitos", "listbox")]);
        for (_, create) in Behaviour::ALL {
            let key = Some("deal_key".to_owned());
            let spec = RouteSpec { create, lead_key_field: key, ..fixture::route() };
            let map = propose(&spec, &fixture::catalog(), &fields).rows;
            assert!(map.iter().all(|row| row.to != "deal.deal_key"));
            let problems = compile(&RouteSpec { map, ..spec }, &fixture::catalog(), &fields).err();
            let places = problems.into_iter().flatten().filter(|it| it.key.starts_with("map"));
            assert_eq!(places.collect::<Vec<_>>(), []);
        }
    }
}
