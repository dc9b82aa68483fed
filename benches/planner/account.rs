//! An invented account, and a route on it with a field map of either length.

use ponte::{
    domain::{
        Behaviour, Existing, FieldId, RecordId,
        catalog::{AcField, Entity, Field, Named, Pipeline, PloomesCatalog, Slot, Stage, Tag},
    },
    rules::{self, MapRow, NameOrId, RouteSpec, Rules, Source},
};

/// Rows of the map that a route has without one of its own.
pub const DEFAULT_ROWS: usize = 5;

/// Rows of a map that uses what there is: texts, options, dates, sums, documents, a template.
pub const LONG_ROWS: usize = 15;

/// The user of our key.
pub const ME: RecordId = RecordId(900);

/// Custom fields of the contacts: id, perstag, type, value.
pub const FIELDS: [(i64, &str, &str, &str); 10] = [
    (1, "CPF", "text", "529.982.247-25"),
    (2, "CARGO", "text", "Gerente de compras"),
    (3, "SEGMENTO", "dropdown", "Padaria"),
    (4, "CANAIS", "checkbox", "||Site||Indicação||"),
    (5, "VISITA", "date", "2026-06-09"),
    (6, "ACEITA", "radio", "Sim"),
    (7, "CNPJ", "text", "11.222.333/0001-81"),
    (8, "SITE", "text", "https://padaria.example.com"),
    (9, "VALOR", "text", "R$ 12.345,67"),
    (10, "MENSAGEM", "textarea", "Quero um orçamento para três lojas, com entrega em São Paulo."),
];

const MAP: [(&str, &str); LONG_ROWS - 1] = [
    ("full_name", "person.Name"),
    ("email", "person.Email"),
    ("phone", "person.Phones"),
    ("company", "company.Name"),
    ("field.CPF", "person.CPF"),
    ("field.CARGO", "person.contact_role"),
    ("field.SEGMENTO", "person.contact_segment"),
    ("field.CANAIS", "person.contact_channels"),
    ("field.VISITA", "person.contact_visit"),
    ("field.ACEITA", "person.contact_consent"),
    ("field.CNPJ", "company.CNPJ"),
    ("field.SITE", "company.Website"),
    ("field.VALOR", "deal.Amount"),
    ("field.MENSAGEM", "deal.deal_message"),
];

/// The rules of a route whose map has so many rows.
pub fn rules(rows: usize) -> Rules {
    let map = if rows == LONG_ROWS { long_map() } else { Vec::new() };
    let route = RouteSpec {
        name: "site".to_owned(),
        create: Behaviour::CompanyPersonDeal,
        pipeline: Some(NameOrId::Name("Vendas".to_owned())),
        stage: Some(NameOrId::Name("Lead novo".to_owned())),
        skip_if_open_deal: true,
        existing: Existing::Fill,
        owners: Vec::new(),
        origin: Some("ActiveCampaign".to_owned()),
        tags: vec!["Lead".to_owned()],
        note: None,
        map,
        company_ignore: ["-", "não tem", "autônomo"].map(str::to_owned).to_vec(),
        lead_key_field: Some("deal_key".to_owned()),
    };
    let fields = FIELDS.map(|(id, perstag, kind, _)| AcField {
        id: FieldId(id),
        perstag: perstag.to_owned(),
        title: perstag.to_owned(),
        kind: kind.to_owned(),
    });
    let (rules, warnings) =
        rules::compile(&route, &catalog(), &fields).expect("the account has all of it");
    assert!(warnings.is_empty(), "{warnings:?}");
    rules
}

fn long_map() -> Vec<MapRow> {
    let from = |(from, to): (&str, &str)| MapRow {
        source: Source::From(from.to_owned()),
        to: to.to_owned(),
        required: false,
    };
    let title = MapRow {
        source: Source::Template("{{ company or full_name }} - site".to_owned()),
        to: "deal.Title".to_owned(),
        required: true,
    };
    MAP.map(from).into_iter().chain([title]).collect()
}

fn catalog() -> PloomesCatalog {
    let options = |names: &[&str]| {
        let named = (801..).zip(names).map(|(id, name)| named(id, name));
        Some(named.collect::<Vec<_>>())
    };
    let field = |entity, key: &str, slot, options: Option<Vec<Named>>| Field {
        id: RecordId(700),
        key: key.to_owned(),
        name: key.to_owned(),
        entity,
        dynamic: true,
        property: None,
        slot,
        type_id: if options.is_some() { 7 } else { 1 },
        multiple: key == "contact_channels",
        options,
        required: false,
    };
    let (contact, deal) = (Entity::Contact, Entity::Deal);
    let tag = |id, entity| Tag { id: RecordId(id), name: "Lead".to_owned(), entity };
    PloomesCatalog {
        me: Some(ME),
        pipelines: vec![Pipeline {
            id: RecordId(10),
            name: "Vendas".to_owned(),
            archived: false,
            stages: vec![Stage { id: RecordId(11), name: "Lead novo".to_owned(), archived: false }],
        }],
        fields: vec![
            field(contact, "contact_role", Slot::String, None),
            field(contact, "contact_segment", Slot::Integer, options(&["Indústria", "Padaria"])),
            field(contact, "contact_channels", Slot::Integer, options(&["Site", "Indicação"])),
            field(contact, "contact_visit", Slot::DateTime, None),
            field(contact, "contact_consent", Slot::Bool, None),
            field(deal, "deal_message", Slot::BigString, None),
            field(deal, "deal_key", Slot::String, None),
        ],
        users: Vec::new(),
        origins: vec![named(50, "ActiveCampaign")],
        tags: vec![tag(60, contact), tag(61, deal)],
    }
}

fn named(id: i64, name: &str) -> Named {
    Named { id: RecordId(id), name: name.to_owned() }
}
