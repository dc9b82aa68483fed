//! The account that every simulated Ploomes starts with, and the ids in it.

mod native;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::{
    dates,
    schema::{Kind, Table},
    store::{Body, Store},
    values::Values,
};

/// The user who set the account up, and as whom its automations act.
pub const ADMIN: i64 = 40_000_009;
/// The integration user whose key it is.
pub const ME: i64 = 40_000_010;
/// A person, `ana@example.com`.
pub const ANA: i64 = 40_000_011;
/// A person, `bruno@example.com`.
pub const BRUNO: i64 = 40_000_012;
/// A suspended person, `carla@example.com`.
pub const SUSPENDED: i64 = 40_000_013;
/// Those who can be given deals.
pub(super) const SELLERS: [i64; 2] = [ANA, BRUNO];

/// The pipeline "Vendas".
pub const SALES: i64 = 40_000_020;
/// Its stages "Lead novo", "Qualificação", "Proposta", "Fechamento".
pub const SALES_STAGES: [i64; 4] = [40_000_021, 40_000_022, 40_000_023, 40_000_024];
/// The pipeline "Pós-venda".
pub const AFTER_SALES: i64 = 40_000_030;
/// Its stages "Implantação", "Acompanhamento".
pub const AFTER_SALES_STAGES: [i64; 2] = [40_000_031, 40_000_032];
/// The reason "Sem retorno" for losing a deal of "Vendas".
pub const NO_ANSWER: i64 = 40_000_040;

/// The origin "`ActiveCampaign`".
pub const ORIGIN: i64 = 40_000_002;
/// The status that new contacts get.
pub(super) const CONTACT_STATUS: i64 = 40_000_001;
/// The tag "lead" of contacts.
pub const TAG_OF_CONTACTS: i64 = 40_000_501;
/// The tag "lead" of deals.
pub const TAG_OF_DEALS: i64 = 40_000_502;
/// The options "Pequena", "Média", "Grande" of the option lists of contacts and deals.
pub const OPTIONS: [i64; 3] = [40_000_801, 40_000_802, 40_000_803];
/// The option list.
const OPTIONS_TABLE: i64 = 40_000_800;
const PROFILE: i64 = 40_000_041;

/// `TypeId` of a text field.
pub const TYPE_TEXT: i64 = 1;
pub(super) const TYPE_LONG_TEXT: i64 = 2;
pub(super) const TYPE_PHONE: i64 = 3;
pub(super) const TYPE_INTEGER: i64 = 4;
pub(super) const TYPE_CURRENCY: i64 = 5;
pub(super) const TYPE_DECIMAL: i64 = 6;
/// `TypeId` of an option list.
pub const TYPE_OPTION: i64 = 7;
pub(super) const TYPE_DATE: i64 = 8;
pub(super) const TYPE_BOOL: i64 = 10;
pub(super) const TYPE_USER: i64 = 11;
pub(super) const TYPE_CONTACT: i64 = 12;
const TYPE_IMAGE: i64 = 18;

/// A custom field that the account has both for contacts and for deals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Custom {
    /// "Texto": `StringValue`.
    Text = 1,
    /// "Texto longo": `BigStringValue`.
    LongText = 2,
    /// "Inteiro": `IntegerValue`.
    Integer = 3,
    /// "Decimal": `DecimalValue`.
    Decimal = 4,
    /// "Moeda": `DecimalValue`.
    Currency = 5,
    /// "Data": `DateTimeValue`.
    Date = 6,
    /// "Sim ou não": `BoolValue`.
    Bool = 7,
    /// "Opções": `IntegerValue`, one of [`OPTIONS`].
    Options = 8,
    /// "Usuário": `IntegerValue`.
    User = 9,
    /// "Várias opções": any number of [`OPTIONS`].
    Multiple = 10,
    /// "Chave do lead": `StringValue`.
    LeadKey = 11,
}

impl Custom {
    const ALL: [(Self, &'static str, i64); 11] = [
        (Self::Text, "Texto", TYPE_TEXT),
        (Self::LongText, "Texto longo", TYPE_LONG_TEXT),
        (Self::Integer, "Inteiro", TYPE_INTEGER),
        (Self::Decimal, "Decimal", TYPE_DECIMAL),
        (Self::Currency, "Moeda", TYPE_CURRENCY),
        (Self::Date, "Data", TYPE_DATE),
        (Self::Bool, "Sim ou não", TYPE_BOOL),
        (Self::Options, "Opções", TYPE_OPTION),
        (Self::User, "Usuário", TYPE_USER),
        (Self::Multiple, "Várias opções", TYPE_OPTION),
        (Self::LeadKey, "Chave do lead", TYPE_TEXT),
    ];

    /// Its key on contacts.
    pub fn of_contacts(self) -> String {
        format!("contact_00000000-0000-4000-8000-{:012}", self as i64)
    }

    /// Its key on deals.
    pub fn of_deals(self) -> String {
        format!("deal_00000000-0000-4000-8000-{:012}", self as i64)
    }
}

/// Fills an empty store with the standard account, as it was set up before `now`.
pub(super) fn furnish(store: &mut Store, now: DateTime<Utc>) {
    let mut desk = Desk { store, since: dates::written(now - TimeDelta::days(365)) };
    desk.people();
    desk.pipelines();
    desk.reference();
    desk.places();
    desk.fields();
    native::fields(&mut desk);
}

/// Puts rows of the standard account into the store.
struct Desk<'s> {
    store: &'s mut Store,
    since: String,
}

impl Desk<'_> {
    fn put<const N: usize>(&mut self, table: Table, id: i64, values: [(&'static str, Value); N]) {
        let mut record = Body { values: Values::from([("Id", json!(id))]), ..Body::default() };
        for property in table.schema().properties {
            match property.name {
                "CreatorId" => record.set("CreatorId", ADMIN),
                "CreateDate" | "UpdateDate" | "LastUpdateDate" => {
                    record.set(property.name, self.since.as_str());
                }
                _ => {}
            }
        }
        for (property, value) in values {
            record.set(property, value);
        }
        self.store.put(table, id, record, (DateTime::<Utc>::MIN_UTC, TimeDelta::zero()), false);
    }

    fn named(&mut self, table: Table, rows: &[(i64, &str)]) {
        for (id, name) in rows {
            self.put(table, *id, [("Name", json!(name))]);
        }
    }

    /// A row whose booleans are false until they are set.
    fn with_bools<const N: usize>(
        &mut self,
        table: Table,
        id: i64,
        values: [(&'static str, Value); N],
    ) {
        let bools = table.schema().properties.iter().filter(|it| it.kind == Kind::Bool);
        let bools: Vec<&'static str> = bools.map(|it| it.name).collect();
        self.put(table, id, values);
        if let Some(record) = self.store.latest(table, id) {
            let mut record = record.clone();
            for name in bools {
                if record.values.get(name).is_none() {
                    record.set(name, false);
                }
            }
            let always = (DateTime::<Utc>::MIN_UTC, TimeDelta::zero());
            self.store.put(table, id, record, always, false);
        }
    }

    fn people(&mut self) {
        for (id, name, email) in [
            (ADMIN, "Admin Exemplo", "admin@example.com"),
            (ME, "Integração", "integracao@example.com"),
            (ANA, "Ana Exemplo", "ana@example.com"),
            (BRUNO, "Bruno Exemplo", "bruno@example.com"),
            (SUSPENDED, "Carla Exemplo", "carla@example.com"),
        ] {
            let values = [
                ("Name", json!(name)),
                ("Email", json!(email)),
                ("AvatarUrl", json!("https://files.example.com/avatar_default.jpg")),
                ("ProfileId", json!(PROFILE)),
                ("Integration", json!(id == ME)),
                ("Suspended", json!(id == SUSPENDED)),
                ("AccountOwner", json!(id == ADMIN)),
                ("Editable", json!(true)),
                ("Language", json!("pt-BR")),
                ("LanguageId", json!(1)),
                ("NativeIntegration", json!(false)),
                ("ActiveSmtp", json!(false)),
                ("ResetPassword", json!(false)),
            ];
            self.put(Table::Users, id, values);
        }
        self.put(
            Table::Account,
            1_000_001,
            [("Name", json!("Conta Exemplo")), ("Email", json!("conta@example.com"))],
        );
        rights(self.store, false, false);
    }

    fn pipelines(&mut self) {
        let sales = ["Lead novo", "Qualificação", "Proposta", "Fechamento"];
        self.pipeline((SALES, "Vendas"), &SALES_STAGES, &sales);
        let after = ["Implantação", "Acompanhamento"];
        self.pipeline((AFTER_SALES, "Pós-venda"), &AFTER_SALES_STAGES, &after);
        let reason = [("Name", json!("Sem retorno")), ("PipelineId", json!(SALES))];
        self.put(Table::LossReasons, NO_ANSWER, reason);
    }

    fn pipeline(&mut self, (id, name): (i64, &str), stages: &[i64], names: &[&str]) {
        let values = [
            ("Name", json!(name)),
            ("MayWinDeals", json!(true)),
            ("MayLoseDeals", json!(true)),
            ("SingularUnitName", json!("Negócio")),
            ("PluralUnitName", json!("Negócios")),
            ("GenderId", json!(1)),
            ("Color", json!("#1920c7")),
        ];
        self.with_bools(Table::Pipelines, id, values);
        for (at, (stage, name)) in stages.iter().zip(names).enumerate() {
            let values = [
                ("Name", json!(name)),
                ("PipelineId", json!(id)),
                ("Ordination", json!(at + 1)),
                ("LastPipelineStage", json!(at + 1 == stages.len())),
            ];
            self.put(Table::Stages, *stage, values);
        }
    }

    fn reference(&mut self) {
        self.named(Table::Origins, &[(ORIGIN, "ActiveCampaign"), (40_000_003, "Site")]);
        self.named(Table::ContactTypes, &[(1, "Empresa"), (2, "Pessoa")]);
        self.named(Table::ContactStatus, &[(CONTACT_STATUS, "Ativo"), (40_000_004, "Inativo")]);
        self.named(Table::DealStatus, &[(1, "Em aberto"), (2, "Ganha"), (3, "Perdida")]);
        self.named(
            Table::Entities,
            &[(1, "Cliente"), (2, "Negócio"), (12, "Tarefa"), (36, "Registro de contato")],
        );
        self.named(Table::PhoneTypes, &[(1, "Comercial"), (2, "Celular"), (3, "Residencial")]);
        self.named(Table::TaskTypes, &[(1, "Telefonema"), (2, "E-mail"), (3, "Reunião")]);
        self.named(
            Table::WebhookActions,
            &[(1, "Create"), (2, "Update"), (3, "Delete"), (4, "Win"), (5, "Lose")],
        );
        for (id, entity) in [(TAG_OF_CONTACTS, 1), (TAG_OF_DEALS, 2)] {
            let color = ("Color", json!("#000000"));
            self.put(
                Table::Tags,
                id,
                [("Name", json!("lead")), color, ("EntityId", json!(entity))],
            );
        }
        let real = [("Name", json!("Real")), ("Symbol", json!("R$")), ("Code", json!("BRL"))];
        self.put(Table::Currencies, 1, real);
    }

    fn places(&mut self) {
        self.put(Table::Countries, 76, [("Name", json!("Brasil")), ("Short", json!("BRA"))]);
        for (state, short, name, city, city_name) in [
            (26, "SP", "São Paulo", 3941, "SÃO PAULO"),
            (19, "RJ", "Rio de Janeiro", 3658, "RIO DE JANEIRO"),
            (13, "MG", "Minas Gerais", 2310, "BELO HORIZONTE"),
        ] {
            let country = ("CountryId", json!(76));
            let values = [("Name", json!(name)), ("Short", json!(short)), country.clone()];
            self.put(Table::States, state, values);
            let values = [("Name", json!(city_name)), ("StateId", json!(state)), country];
            self.put(Table::Cities, city, values);
        }
    }

    fn fields(&mut self) {
        for (id, name, native, multipliable) in [
            (TYPE_TEXT, "Texto simples", "String", false),
            (TYPE_LONG_TEXT, "Texto multilinhas", "BigString", false),
            (TYPE_PHONE, "Telefone", "String", true),
            (TYPE_INTEGER, "Inteiro", "Integer", false),
            (TYPE_CURRENCY, "Moeda", "Decimal", false),
            (TYPE_DECIMAL, "Decimal", "Decimal", false),
            (TYPE_OPTION, "Opções", "Integer", true),
            (TYPE_DATE, "Data", "DateTime", false),
            (TYPE_BOOL, "Caixa de seleção", "Bool", false),
            (TYPE_USER, "Usuário", "Integer", true),
            (TYPE_CONTACT, "Cliente", "Integer", true),
            (TYPE_IMAGE, "Imagem", "String", false),
        ] {
            let values = [
                ("Name", json!(name)),
                ("NativeType", json!(native)),
                ("Listable", json!(true)),
                ("Multipliable", json!(multipliable)),
            ];
            self.put(Table::FieldTypes, id, values);
        }
        let list = [("Name", json!("Porte")), ("AutoSort", json!(false))];
        self.put(Table::OptionsTables, OPTIONS_TABLE, list);
        for (id, name) in OPTIONS.into_iter().zip(["Pequena", "Média", "Grande"]) {
            let values = [("Name", json!(name)), ("TableId", json!(OPTIONS_TABLE))];
            self.with_bools(Table::Options, id, values);
        }
        for (custom, name, type_id) in Custom::ALL {
            let at = custom as i64;
            self.custom((40_000_700 + at, 1), custom, &custom.of_contacts(), name, type_id);
            self.custom((40_000_750 + at, 2), custom, &custom.of_deals(), name, type_id);
        }
    }

    fn custom(
        &mut self,
        (id, entity): (i64, i64),
        custom: Custom,
        key: &str,
        name: &str,
        type_id: i64,
    ) {
        let options = (type_id == TYPE_OPTION).then_some(OPTIONS_TABLE);
        self.with_bools(
            Table::Fields,
            id,
            [
                ("Key", json!(key)),
                ("Dynamic", json!(true)),
                ("Name", json!(name)),
                ("EntityId", json!(entity)),
                ("TypeId", json!(type_id)),
                ("OptionsTableId", json!(options)),
                ("Multiple", json!(custom == Custom::Multiple)),
                ("Filterable", json!(true)),
                ("Importable", json!(true)),
                ("ValueEditable", json!(true)),
            ],
        );
    }
}

/// Writes down what the profile of all users may do; 1 is everything, 3 its own records.
pub(super) fn rights(store: &mut Store, restricted: bool, may_not_configure: bool) {
    let mut values = Values::from([("Id", json!(PROFILE)), ("Name", json!("Administrador"))]);
    let view = if restricted { 3 } else { 1 };
    for name in
        ["ContactsView", "ContactsEdit", "ContactsDelete", "DealsView", "DealsEdit", "DealsDelete"]
    {
        values.insert(name, json!(view));
    }
    for name in ["ContactsCreatePermission", "DealsCreatePermission"] {
        values.insert(name, json!(true));
    }
    for name in
        ["OtherOptionsCreatePermission", "TagsCreatePermission", "LossReasonsCreatePermission"]
    {
        values.insert(name, json!(!may_not_configure));
    }
    let record = Body { values, ..Body::default() };
    let always = (DateTime::<Utc>::MIN_UTC, TimeDelta::zero());
    store.put(Table::Profiles, PROFILE, record, always, false);
}
