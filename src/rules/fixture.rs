//! A small account and a route on it, for the tests of this module.

use super::{MapRow, NameOrId, RouteSpec, Source};
use crate::domain::{
    Behaviour, Existing, FieldId, RecordId,
    catalog::{AcField, Entity, Field, Named, Pipeline, PloomesCatalog, Slot, Stage, Tag, User},
};

pub(super) fn route() -> RouteSpec {
    RouteSpec {
        name: "site".to_owned(),
        create: Behaviour::CompanyPersonDeal,
        pipeline: Some(NameOrId::Name("Vendas".to_owned())),
        stage: Some(NameOrId::Name("Lead novo".to_owned())),
        skip_if_open_deal: true,
        existing: Existing::Fill,
        owners: Vec::new(),
        origin: None,
        tags: Vec::new(),
        note: None,
        map: Vec::new(),
        company_ignore: vec!["-".to_owned(), "autônomo".to_owned()],
        lead_key_field: None,
    }
}

pub(super) fn from(source: &str, to: &str) -> MapRow {
    MapRow { source: Source::From(source.to_owned()), to: to.to_owned(), required: false }
}

pub(super) fn template(text: &str, to: &str) -> MapRow {
    MapRow { source: Source::Template(text.to_owned()), to: to.to_owned(), required: false }
}

pub(super) fn fields() -> Vec<AcField> {
    let field = |(id, perstag, kind): (i64, &str, &str)| AcField {
        id: FieldId(id),
        perstag: perstag.to_owned(),
        title: perstag.to_owned(),
        kind: kind.to_owned(),
    };
    [
        (1, "CPF", "text"),
        (2, "SEGMENTO", "dropdown"),
        (3, "CANAIS", "checkbox"),
        (4, "VISITA", "date"),
        (5, "VALOR", "text"),
        (6, "TEXTO", "textarea"),
    ]
    .map(field)
    .to_vec()
}

pub(super) fn catalog() -> PloomesCatalog {
    PloomesCatalog {
        me: Some(RecordId(42)),
        pipelines: vec![
            pipeline(10, "Vendas", false, &[(11, "Lead novo"), (12, "Proposta"), (13, "Velho")]),
            pipeline(20, "Pós-venda", false, &[(21, "Implantação"), (22, "Lead novo")]),
            pipeline(30, "Antigo", true, &[(31, "Lead novo")]),
            pipeline(34, "Dobro", false, &[]),
            pipeline(35, "Dobro", false, &[]),
        ],
        fields: native_fields().into_iter().chain(custom_fields()).collect(),
        users: vec![
            user(40, "Bruno Exemplo", "bruno@example.com", false),
            user(41, "Ana Exemplo", "ana@example.com", false),
            user(43, "Célia Exemplo", "celia@example.com", true),
        ],
        origins: vec![named(50, "ActiveCampaign"), named(51, "Indicação")],
        tags: vec![
            tag(60, "Lead", Entity::Contact),
            tag(61, "Lead", Entity::Deal),
            tag(62, "Só Deal", Entity::Deal),
        ],
    }
}

fn pipeline(id: i64, name: &str, archived: bool, stages: &[(i64, &str)]) -> Pipeline {
    let stage = |&(id, name): &(i64, &str)| Stage {
        id: RecordId(id),
        name: name.to_owned(),
        archived: name == "Velho",
    };
    let stages = stages.iter().map(stage).collect();
    Pipeline { id: RecordId(id), name: name.to_owned(), archived, stages }
}

fn native_fields() -> Vec<Field> {
    let native = |(entity, property, key, slot): (Entity, &str, &str, Slot)| Field {
        dynamic: false,
        property: Some(property.to_owned()),
        ..custom(entity, key, property, slot)
    };
    [
        (Entity::Contact, "Name", "contact_name", Slot::String),
        (Entity::Contact, "Email", "contact_email", Slot::String),
        (Entity::Contact, "AvatarUrl", "contact_avatar_url", Slot::String),
        (Entity::Contact, "HasConsent", "contact_has_consent", Slot::Bool),
        (Entity::Contact, "CreateDate", "contact_create_date", Slot::DateTime),
        (Entity::Deal, "Title", "deal_title", Slot::String),
    ]
    .map(native)
    .to_vec()
}

fn custom_fields() -> Vec<Field> {
    let options =
        Some(vec![named(801, "Não informado"), named(802, "Padaria"), named(803, "Site")]);
    let with = |field: Field, options: &Option<Vec<Named>>, multiple| Field {
        type_id: if options.is_some() { 7 } else { 1 },
        options: options.clone(),
        multiple,
        ..field
    };
    let (contact, deal) = (Entity::Contact, Entity::Deal);
    vec![
        with(custom(contact, "contact_segment", "Segmento", Slot::Integer), &options, false),
        with(custom(contact, "contact_channels", "Canais", Slot::Integer), &options, true),
        with(custom(contact, "contact_labels", "Etiquetas", Slot::String), &None, true),
        custom(contact, "contact_short", "Curto", Slot::String),
        custom(contact, "contact_long", "Longo", Slot::BigString),
        custom(contact, "contact_seller", "Vendedor", Slot::Integer),
        custom(contact, "contact_visit", "Visita", Slot::DateTime),
        custom(contact, "contact_optin", "Aceita", Slot::Bool),
        custom(deal, "deal_sum", "Soma", Slot::Decimal),
        custom(deal, "deal_key", "Chave", Slot::String),
        with(custom(deal, "deal_many", "Muitos", Slot::String), &None, true),
    ]
}

fn custom(entity: Entity, key: &str, name: &str, slot: Slot) -> Field {
    Field {
        id: RecordId(700),
        key: key.to_owned(),
        name: name.to_owned(),
        entity,
        dynamic: true,
        property: None,
        slot,
        options: None,
        type_id: 1,
        multiple: false,
        required: false,
    }
}

fn user(id: i64, name: &str, email: &str, suspended: bool) -> User {
    User {
        id: RecordId(id),
        name: name.to_owned(),
        email: email.to_owned(),
        suspended,
        integration: false,
    }
}

fn named(id: i64, name: &str) -> Named {
    Named { id: RecordId(id), name: name.to_owned() }
}

fn tag(id: i64, name: &str, entity: Entity) -> Tag {
    Tag { id: RecordId(id), name: name.to_owned(), entity }
}
