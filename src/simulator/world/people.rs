//! Invented people, with all that makes real ones hard to copy: accents, quotes, plus signs, five
//! ways to write a phone number.

use rand::{Rng as _, rngs::StdRng};
use unicode_normalization::UnicodeNormalization as _;

use super::{Fields, document};
use crate::simulator::activecampaign::NewContact;

/// What can be chosen in the dropdown.
pub(super) const INTERESTS: [&str; 4] = ["Produto", "Serviço", "Parceria", "Suporte técnico"];

const FIRST: [&str; 24] = [
    "Ana",
    "João",
    "Maria",
    "José",
    "Antônio",
    "Conceição",
    "Luís",
    "Mônica",
    "Caio",
    "Fabrício",
    "Letícia",
    "Márcia",
    "Renê",
    "Íris",
    "Gonçalo",
    "Beatriz",
    "Otávio",
    "Vitória",
    "Débora",
    "Henrique",
    "Júlia",
    "Estêvão",
    "Thaís",
    "Ângela",
];

const LAST: [&str; 20] = [
    "Silva",
    "Souza",
    "D'Ávila",
    "Sant'Anna",
    "Lima",
    "Araújo",
    "Gonçalves",
    "Conceição",
    "Pães",
    "Müller",
    "Guimarães",
    "Brandão",
    "Nuñez",
    "Assunção",
    "Falcão",
    "Sá",
    "Mota",
    "Exemplo",
    "Brás",
    "dos Anjos",
];

const TRADES: [&str; 10] = [
    "Padaria",
    "Mecânica",
    "Construções",
    "Clínica",
    "Informática",
    "Café",
    "Transportes",
    "Agropecuária",
    "Estúdio",
    "Comércio de Pães & Cia",
];

const FORMS: [&str; 4] = ["Ltda", "ME", "S/A", "EIRELI"];

const POSITIONS: [&str; 8] = [
    "Sócia",
    "Diretor",
    "Compras",
    "Analista Sênior",
    "CEO",
    "Gerente de T.I.",
    "Estagiário",
    "Sócia & diretora",
];

const REMARKS: [&str; 6] = [
    "Quer proposta até sexta",
    "Ligar depois das 18h\nNão mandar e-mail",
    "Disse: \"só em dezembro\"",
    "Veio da feira 🎪 com mais 3 pessoas",
    "Preço > concorrência; 10% de desconto?",
    "Já é cliente da filial de São João del-Rei",
];

/// Somebody, and the company where they may work.
pub(super) struct Person {
    pub contact: NewContact,
    pub company: Company,
}

/// A company.
pub(super) struct Company {
    pub name: String,
    pub cnpj: String,
}

/// The person with this number; the number makes the e-mail new.
pub(super) fn person(rng: &mut StdRng, number: u64, fields: Fields) -> Person {
    let (first, last) = (pick(rng, &FIRST), pick(rng, &LAST));
    let plus = if rng.random_range(0..10) == 0 { "+site" } else { "" };
    let email = format!("{}.{}.{number}{plus}@example.com", plain(first), plain(last));
    let birthday = format!(
        "{}-{:02}-{:02}",
        rng.random_range(1950..2006),
        rng.random_range(1..13),
        rng.random_range(1..29),
    );
    let mut contact = NewContact::new(&email)
        .named(first, last)
        .phone(&phone(rng))
        .field(fields.interesse, pick(rng, &INTERESTS))
        .field(fields.nascimento, &birthday);
    // Not everybody fills everything in.
    for (field, value) in [
        (fields.cpf, document::cpf(rng)),
        (fields.cargo, position(rng).to_owned()),
        (fields.faturamento, revenue(rng)),
        (fields.observacoes, remark(rng)),
        (fields.aceita, "||Sim||".to_owned()),
    ] {
        if rng.random_range(0..3) > 0 {
            contact = contact.field(field, &value);
        }
    }
    let name = format!("{} {} {}", pick(rng, &TRADES), pick(rng, &LAST), pick(rng, &FORMS));
    Person { contact, company: Company { name, cnpj: document::cnpj(rng) } }
}

/// A mobile phone, written in one of the ways people write it. The prefix 90000 is given to nobody.
pub(super) fn phone(rng: &mut StdRng) -> String {
    let area = [11, 21, 31, 41, 51, 71, 81][rng.random_range(0..7)];
    let number = rng.random_range(0..10_000);
    match rng.random_range(0..5) {
        0 => format!("+55 {area} 90000-{number:04}"),
        1 => format!("({area}) 90000-{number:04}"),
        2 => format!("{area}90000{number:04}"),
        3 => format!("55{area}90000{number:04}"),
        _ => String::new(),
    }
}

/// A position.
pub(super) fn position(rng: &mut StdRng) -> &'static str {
    pick(rng, &POSITIONS)
}

/// A number, written in one of the ways people write it.
pub(super) fn revenue(rng: &mut StdRng) -> String {
    let thousands = rng.random_range(1..1000);
    match rng.random_range(0..4) {
        0 => format!("{thousands}.000,50"),
        1 => format!("{thousands}000"),
        2 => format!("{thousands}.000"),
        _ => format!("{thousands}000.5"),
    }
}

/// Something that somebody wrote into a form.
pub(super) fn remark(rng: &mut StdRng) -> String {
    let remark = pick(rng, &REMARKS);
    // Now and then far longer than the 250 characters that a short text takes.
    if rng.random_range(0..20) == 0 { remark.repeat(20) } else { remark.to_owned() }
}

fn pick(rng: &mut StdRng, from: &[&'static str]) -> &'static str {
    from[rng.random_range(0..from.len())]
}

/// Lower case, without accents, quotes and spaces.
fn plain(name: &str) -> String {
    name.nfd().filter(char::is_ascii_alphabetic).collect::<String>().to_lowercase()
}
