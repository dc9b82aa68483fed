//! Who comes: people with everything that people type, and what each must look like in Ploomes.
//!
//! What is typed and what must come out stand beside each other, written by hand: nothing here asks
//! the product.

use ponte::{
    domain::{ContactId, FieldId},
    simulator::{
        activecampaign::{NewContact, NewField},
        ploomes::standard::{ANA, BRUNO, Custom, OPTIONS},
    },
};
use serde_json::{Value, json};

use crate::support::Accounts;

/// First and last names; the last one has none at all.
const NAMES: [(&str, &str); 8] = [
    ("João", "D'Ávila"),
    ("Maria \"Zé\"", "da Conceição"),
    ("Ana & Bia", "Gonçalves"),
    ("Łukasz", "Müller"),
    ("Zoë", "O'Brien-Sant'Anna"),
    ("José", "100% Silva + filhos"),
    ("Renée", "Côté 🎪"),
    ("", ""),
];

/// Custom fields of each type: typed, and what Ploomes holds then; null where nothing is written.
fn typed(custom: Custom, number: usize) -> (&'static str, Value) {
    let choices: Vec<(&'static str, Value)> = match custom {
        Custom::Text => vec![
            ("Loja & \"Oficina\" d'Água", json!("Loja & \"Oficina\" d'Água")),
            ("50% + 10%", json!("50% + 10%")),
            ("", json!(null)),
        ],
        Custom::LongText => vec![
            ("linha 1\nlinha 2 <b>\\ 'fim'", json!("linha 1\nlinha 2 <b>\\ 'fim'")),
            ("Não é só \u{201c}isso\u{201d}…", json!("Não é só \u{201c}isso\u{201d}…")),
        ],
        Custom::Integer => {
            vec![("1.000", json!(1000)), ("042", json!(42)), ("uns dez", json!(null))]
        }
        Custom::Decimal => vec![
            ("1.234,56", json!(1234.56)),
            ("1000.50", json!(1000.5)),
            ("12.345", json!(12345)),
            ("1,2,3", json!(null)),
        ],
        Custom::Currency => vec![("99,90", json!(99.9)), ("2500", json!(2500))],
        Custom::Date => vec![
            ("2026-01-31", json!("2026-01-31T00:00:00-03:00")),
            ("29/02/2024", json!("2024-02-29T00:00:00-03:00")),
            ("2026-05-28T05:07:18-05:00", json!("2026-05-28T05:07:18-05:00")),
        ],
        Custom::Bool => vec![("Sim", json!(true)), ("não", json!(false))],
        Custom::Options => vec![
            ("media", json!(OPTIONS[1])),
            ("GRANDE", json!(OPTIONS[2])),
            ("Gigante", json!(null)),
        ],
        Custom::User => vec![("ana@example.com", json!(ANA)), ("Bruno Exemplo", json!(BRUNO))],
        Custom::Multiple => vec![
            ("||Pequena||Grande||", json!([OPTIONS[0], OPTIONS[2]])),
            ("||Média||", json!([OPTIONS[1]])),
        ],
        Custom::LeadKey => unreachable!("nobody types it"),
    };
    choices[number % choices.len()].clone()
}

/// The custom fields that people fill in, with the slot of each in Ploomes and its title here.
pub(super) const CUSTOM: [(Custom, &str, &str); 10] = [
    (Custom::Text, "StringValue", "Texto"),
    (Custom::LongText, "BigStringValue", "Texto longo"),
    (Custom::Integer, "IntegerValue", "Inteiro"),
    (Custom::Decimal, "DecimalValue", "Decimal"),
    (Custom::Currency, "DecimalValue", "Moeda"),
    (Custom::Date, "DateTimeValue", "Data"),
    (Custom::Bool, "BoolValue", "Aceita"),
    (Custom::Options, "IntegerValue", "Opções"),
    (Custom::User, "IntegerValue", "Vendedor"),
    (Custom::Multiple, "IntegerValue", "Interesses"),
];

/// How somebody is in Ploomes before the first webhook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Before {
    /// Not at all.
    Unknown,
    /// With the e-mail in capitals, another name and another text; nothing else.
    ByEmail,
    /// With the CPF as it is punctuated, and no e-mail.
    ByCpf,
    /// With the phone as it was written before 2016, and no e-mail.
    ByPhone,
}

/// A company that several people belong to, each writing it another way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Company(pub(super) usize);

impl Company {
    /// One of the ways in which its name is written.
    pub(super) fn name(self, way: usize) -> String {
        let name = format!("Padaria São João & Irmãos \"{}\" Ltda", self.0);
        match way % 3 {
            0 => name,
            1 => name.to_uppercase(),
            _ => name.replace('ã', "a"),
        }
    }

    /// What its people type as its CNPJ, and what Ploomes holds then.
    pub(super) fn cnpj(self) -> Option<(String, String)> {
        let plain = with_check_digits(&format!("{:08}0001", 11_222_000 + self.0), 5);
        let typed = format!(
            "{}.{}.{}/{}-{}",
            &plain[..2],
            &plain[2..5],
            &plain[5..8],
            &plain[8..12],
            &plain[12..]
        );
        self.0.is_multiple_of(2).then_some((typed, plain))
    }

    /// Whether it is in Ploomes before, in capitals and without a CNPJ.
    pub(super) const fn is_known(self) -> bool {
        self.0 % 6 == 1
    }
}

/// One of the crowd.
#[derive(Debug, Clone)]
pub(super) struct Somebody {
    pub(super) number: usize,
    pub(super) before: Before,
    pub(super) company: Option<Company>,
    /// Once they are a contact.
    pub(super) contact: Option<ContactId>,
}

impl Somebody {
    pub(super) const fn new(number: usize, before: Before, company: Option<Company>) -> Self {
        Self { number, before, company, contact: None }
    }

    /// As they type it.
    pub(super) fn typed_email(&self) -> String {
        let n = self.number;
        match n % 4 {
            0 => format!("maria.{n}+site@example.com"),
            1 => format!("o'brien.{n}@example.com"),
            2 => format!("Joao.{n}@Example.com"),
            _ => format!("x_{n}-y@sub.example.com"),
        }
    }

    /// As Ploomes has to hold it.
    pub(super) fn email(&self) -> String {
        match self.before {
            // Already there, in capitals: it is the same address, and stays as it is.
            Before::ByEmail => self.typed_email().to_uppercase(),
            _ => self.typed_email().to_lowercase(),
        }
    }

    pub(super) const fn names(&self) -> (&'static str, &'static str) {
        NAMES[self.number % NAMES.len()]
    }

    /// Both names, or the e-mail where there is none.
    pub(super) fn full_name(&self) -> String {
        match self.names() {
            ("", _) => self.typed_email().to_lowercase(),
            (first, last) => format!("{first} {last}"),
        }
    }

    /// Two neighbours have the same phone: a family, not one person.
    pub(super) fn phone(&self) -> String {
        let number = match self.before {
            Before::ByPhone => 5_000 + self.number,
            _ => self.number / 2,
        };
        match self.number % 3 {
            0 => format!("+55 (11) 98000-{number:04}"),
            1 => format!("11 98000 {number:04}"),
            _ => format!("(11) 98000-{number:04}"),
        }
    }

    /// The same as people wrote it before 2016.
    pub(super) fn old_phone(&self) -> String {
        format!("(11) 8000-{:04}", 5_000 + self.number)
    }

    /// A CPF with leading zeros: typed, and its digits.
    pub(super) fn cpf(&self) -> (String, String) {
        let plain = with_check_digits(&format!("{:09}", 1_234_000 + self.number), 10);
        let typed = format!("{}.{}.{}-{}", &plain[..3], &plain[3..6], &plain[6..9], &plain[9..]);
        (typed, plain)
    }

    /// What they typed into a custom field, and what Ploomes has to hold of it.
    pub(super) fn custom(&self, custom: Custom) -> (&'static str, Value) {
        // Another number for each field, so that all values meet each other.
        typed(custom, self.number / (custom as usize))
    }

    /// What they call their own company.
    pub(super) fn company_name(&self) -> Option<String> {
        self.company.map(|it| it.name(self.number))
    }
}

/// The fields that the contacts have.
pub(super) struct Fields {
    cpf: FieldId,
    cnpj: FieldId,
    birthday: FieldId,
    custom: Vec<(Custom, FieldId)>,
}

impl Fields {
    pub(super) fn new(accounts: &Accounts) -> Self {
        let add = |title: &str, kind| accounts.activecampaign.add_field(NewField::new(title, kind));
        Self {
            cpf: add("CPF", "text"),
            cnpj: add("CNPJ", "text"),
            birthday: add("Nascimento", "date"),
            custom: CUSTOM.map(|(custom, _, title)| (custom, add(title, "text"))).to_vec(),
        }
    }

    /// The id of the field that holds a custom value.
    pub(super) fn of(&self, custom: Custom) -> FieldId {
        self.custom.iter().find(|(it, _)| *it == custom).unwrap().1
    }

    /// Makes somebody a contact.
    pub(super) fn create(&self, accounts: &Accounts, somebody: &mut Somebody) -> ContactId {
        let (first, last) = somebody.names();
        let mut contact = NewContact::new(&somebody.typed_email())
            .named(first, last)
            .phone(&somebody.phone())
            .field(self.cpf, &somebody.cpf().0)
            .field(self.birthday, "1990-02-28");
        contact.orgname = somebody.company_name().unwrap_or_default();
        if let Some((typed, _)) = somebody.company.and_then(Company::cnpj) {
            contact = contact.field(self.cnpj, &typed);
        }
        for (custom, field) in &self.custom {
            contact = contact.field(*field, somebody.custom(*custom).0);
        }
        let id = accounts.activecampaign.create_contact(contact).unwrap();
        somebody.contact = Some(id);
        id
    }
}

/// Adds the two check digits of a CPF or CNPJ, by the rule that both publish.
fn with_check_digits(base: &str, heaviest: u32) -> String {
    let mut digits: Vec<u32> = base.chars().map(|it| it.to_digit(10).unwrap()).collect();
    for heaviest in [heaviest, heaviest + 1] {
        // Down to 2, and for the longer of the two once more from 9 on.
        let weights = (2..=heaviest).rev().chain((2..=9).rev());
        let sum: u32 = digits.iter().zip(weights).map(|(digit, weight)| digit * weight).sum();
        digits.push(if sum % 11 < 2 { 0 } else { 11 - sum % 11 });
    }
    digits.iter().map(u32::to_string).collect()
}
