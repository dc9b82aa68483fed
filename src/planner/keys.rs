//! The keys of a record: by what a person or company is recognised.
//!
//! Only keys that tell one from another: a document whose check digits are wrong, or a number that
//! is no valid phone, is what many people type who do not want to give theirs.

use super::same::{characters, email};
use crate::rules::{Phone, Values};

/// Characters that a register number other than a CNPJ needs at least: below, it says too little.
const REGISTER_MIN: usize = 6;

/// Characters of a CNPJ.
const CNPJ_LEN: usize = 14;

/// The person's e-mail address, as it is compared.
pub(super) fn person_email(person: &Values) -> Option<String> {
    Some(email(person.text("Email"))).filter(|it| !it.is_empty())
}

/// The person's CPF as digits, where it is a valid one.
pub(super) fn person_cpf(person: &Values) -> Option<String> {
    cpf(person.text("CPF"))
}

/// A CPF as digits, where it is a valid one.
pub(super) fn cpf(document: &str) -> Option<String> {
    let digits = characters(document);
    cpf_cnpj::cpf::validate(&digits).then_some(digits)
}

/// The person's phones that are valid numbers.
pub(super) fn person_phones(person: &Values) -> impl Iterator<Item = &Phone> {
    person.phones.iter().filter(|phone| phone.e164.is_some())
}

/// The company's CNPJ and register number, as characters, where they tell it from others.
pub(super) fn company_documents(company: &Values) -> Vec<String> {
    documents(company.text("CNPJ"), company.text("Register"))
}

/// The same for the two properties as they are written.
pub(super) fn documents(cnpj: &str, register: &str) -> Vec<String> {
    let cnpj = Some(characters(cnpj)).filter(|it| is_cnpj(it));
    let register = Some(characters(register)).filter(|it| tells(it));
    let mut documents: Vec<String> = cnpj.into_iter().chain(register).collect();
    documents.dedup();
    documents
}

/// Whether characters are a valid CNPJ, numeric or alphanumeric.
pub(super) fn is_cnpj(characters: &str) -> bool {
    cpf_cnpj::cnpj::validate(characters)
}

fn tells(register: &str) -> bool {
    let mut characters = register.bytes();
    let first = characters.next();
    let all_alike = characters.all(|it| Some(it) == first);
    match register.len() {
        CNPJ_LEN => is_cnpj(register),
        length => length >= REGISTER_MIN && !all_alike,
    }
}

/// A CPF or CNPJ as it is usually punctuated; others as they are.
pub(super) fn punctuated(characters: &str) -> String {
    let part = |range| characters.get(range).unwrap_or_default();
    match characters.len() {
        11 => format!("{}.{}.{}-{}", part(0..3), part(3..6), part(6..9), part(9..11)),
        CNPJ_LEN => {
            format!("{}.{}.{}/{}-{}", part(0..2), part(2..5), part(5..8), part(8..12), part(12..14))
        }
        _ => characters.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_many_people_type_is_no_key() {
        assert_eq!(cpf("000.000.000-00"), None);
        assert_eq!(cpf("529.982.247-26"), None);
        assert_eq!(documents("11.111.111/1111-11", "0000000"), Vec::<String>::new());
        assert_eq!(documents("", "123"), Vec::<String>::new());
    }

    #[test]
    fn documents_are_told_by_their_characters() {
        assert_eq!(cpf("529.982.247-25").as_deref(), Some("52998224725"));
        assert_eq!(documents("12.abc.345/01DE-35", "NIF 501-442"), ["12ABC34501DE35", "NIF501442"]);
        assert_eq!(documents("11222333000181", "11.222.333/0001-81"), ["11222333000181"]);
    }

    #[test]
    fn documents_are_searched_for_as_people_write_them() {
        assert_eq!(punctuated("52998224725"), "529.982.247-25");
        assert_eq!(punctuated("12ABC34501DE35"), "12.ABC.345/01DE-35");
        assert_eq!(punctuated("NIF501442"), "NIF501442");
    }
}
