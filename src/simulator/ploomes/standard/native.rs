//! The native fields of contacts and deals, as `/Fields` lists them.

use serde_json::json;

use super::{
    Desk, TYPE_BOOL, TYPE_CONTACT, TYPE_CURRENCY, TYPE_DATE, TYPE_INTEGER, TYPE_LONG_TEXT,
    TYPE_OPTION, TYPE_PHONE, TYPE_TEXT, TYPE_USER, Table,
};

/// The first id of the native fields.
const FIRST: i64 = 1_400;

/// Key after the entity's prefix, name, type, property.
type Native = (&'static str, &'static str, i64, &'static str);

const OF_CONTACTS: [Native; 30] = [
    ("name", "Nome", TYPE_TEXT, "Name"),
    ("legal_name", "Razão social", TYPE_TEXT, "LegalName"),
    ("email", "E-mail", TYPE_TEXT, "Email"),
    ("phones", "Telefones", TYPE_PHONE, "Phones"),
    ("register", "Registro", TYPE_TEXT, "Register"),
    ("cnpj", "CNPJ", TYPE_TEXT, "CNPJ"),
    ("cpf", "CPF", TYPE_TEXT, "CPF"),
    ("identity_document", "RG", TYPE_TEXT, "IdentityDocument"),
    ("type", "Tipo", TYPE_OPTION, "TypeId"),
    ("status", "Status", TYPE_OPTION, "StatusId"),
    ("company", "Empresa", TYPE_CONTACT, "CompanyId"),
    ("owner", "Responsável", TYPE_USER, "OwnerId"),
    ("origin", "Origem", TYPE_OPTION, "OriginId"),
    ("line_of_business", "Segmento", TYPE_OPTION, "LineOfBusinessId"),
    ("number_of_employees", "Nº de funcionários", TYPE_OPTION, "NumberOfEmployeesId"),
    ("relationship", "Relação", TYPE_OPTION, "RelationshipId"),
    ("role", "Cargo", TYPE_OPTION, "RoleId"),
    ("department", "Departamento", TYPE_OPTION, "DepartmentId"),
    ("birthday", "Aniversário", TYPE_DATE, "Birthday"),
    ("note", "Observações", TYPE_LONG_TEXT, "Note"),
    ("website", "Site", TYPE_TEXT, "Website"),
    ("skype", "Skype", TYPE_TEXT, "Skype"),
    ("facebook", "Facebook", TYPE_TEXT, "Facebook"),
    ("street_address", "Logradouro", TYPE_TEXT, "StreetAddress"),
    ("street_address_number", "Número", TYPE_TEXT, "StreetAddressNumber"),
    ("street_address_line2", "Complemento", TYPE_TEXT, "StreetAddressLine2"),
    ("neighborhood", "Bairro", TYPE_TEXT, "Neighborhood"),
    ("zip_code", "CEP", TYPE_INTEGER, "ZipCode"),
    ("city", "Cidade", TYPE_OPTION, "CityId"),
    ("email_marketing", "Aceita e-mails", TYPE_BOOL, "EmailMarketing"),
];

const OF_DEALS: [Native; 11] = [
    ("title", "Título", TYPE_TEXT, "Title"),
    ("contact", "Cliente", TYPE_CONTACT, "ContactId"),
    ("person", "Contato", TYPE_CONTACT, "PersonId"),
    ("pipeline", "Funil", TYPE_OPTION, "PipelineId"),
    ("stage", "Estágio", TYPE_OPTION, "StageId"),
    ("status", "Status", TYPE_OPTION, "StatusId"),
    ("owner", "Responsável", TYPE_USER, "OwnerId"),
    ("origin", "Origem", TYPE_OPTION, "OriginId"),
    ("amount", "Valor", TYPE_CURRENCY, "Amount"),
    ("currency", "Moeda", TYPE_OPTION, "CurrencyId"),
    ("start_date", "Data de início", TYPE_DATE, "StartDate"),
];

/// Puts them into the store.
pub(super) fn fields(desk: &mut Desk<'_>) {
    let contacts = OF_CONTACTS.iter().map(|it| ("contact", 1, it));
    let deals = OF_DEALS.iter().map(|it| ("deal", 2, it));
    for (id, (prefix, entity, (key, name, type_id, property))) in
        (FIRST..).zip(contacts.chain(deals))
    {
        desk.with_bools(
            Table::Fields,
            id,
            [
                ("Key", json!(format!("{prefix}_{key}"))),
                ("Name", json!(name)),
                ("EntityId", json!(entity)),
                ("TypeId", json!(type_id)),
                ("Required", json!(matches!(*property, "Name" | "Title"))),
                ("Multiple", json!(*property == "Phones")),
                ("Permanent", json!(true)),
                ("Filterable", json!(true)),
                ("Importable", json!(true)),
                ("ValueEditable", json!(true)),
                ("PropertyName", json!(property)),
                ("UpdatePropertyName", json!(property)),
            ],
        );
    }
}
