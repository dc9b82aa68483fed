//! By what two leads are recognised as being about the same people.

use std::{collections::BTreeSet, fmt};

use super::{Known, keys, same};
use crate::{
    domain::{Contact, RecordId},
    rules::Derived,
};

/// One identity key, such as `email:…`; leads that share one are never in work at the same time.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct IdentityKey(String);

impl IdentityKey {
    /// A record in Ploomes.
    pub fn record(id: RecordId) -> Self {
        Self(format!("record:{id}"))
    }

    /// Whether it is a key of companies, which many people share who are not each other.
    pub fn is_of_company(&self) -> bool {
        self.0.starts_with("company:") || self.0.starts_with("cnpj:")
    }

    /// The key's text, to be hashed before it is kept.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for IdentityKey {
    /// Shows the kind only: the rest is personal data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "IdentityKey({}:…)", self.0.split(':').next().unwrap_or_default())
    }
}

/// All identity keys of a lead: contact id, e-mail, CPF, phone keys, CNPJ, company name, and the
/// Ploomes ids that are known.
///
/// Every key by which the planner recognises a record is here, so that two leads that could take,
/// or make, the same record always share one.
pub fn identity(derived: &Derived, contact: &Contact, known: &Known) -> BTreeSet<IdentityKey> {
    let mut found = BTreeSet::from([IdentityKey(format!("contact:{}", contact.id))]);
    let mut add = |kind: &str, key: String| {
        if !key.is_empty() {
            found.insert(IdentityKey(format!("{kind}:{key}")));
        }
    };
    let person = &derived.person;
    add("email", same::email(&contact.email));
    add("email", keys::person_email(person).unwrap_or_default());
    add("cpf", keys::person_cpf(person).unwrap_or_default());
    for phone in keys::person_phones(person) {
        // The smallest stands for all ways of writing the number: they have the same set of keys.
        add("phone", phone.keys.iter().min().map(ToString::to_string).unwrap_or_default());
    }
    if let Some(company) = &derived.company {
        for document in keys::company_documents(company) {
            add("cnpj", document);
        }
        add("company", same::fold(company.text("Name")));
    }
    let records = known.companies().chain(known.persons()).chain(known.deal);
    found.extend(records.map(IdentityKey::record));
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::planner::tests::samples::{ana, company, contact, person_named, phone};

    #[test]
    fn all_that_tells_a_lead_is_a_key() {
        let mut derived = ana();
        derived.company = Some(company("Padaria São João", "11.222.333/0001-81"));
        let held = [[None, Some(RecordId(7))], [Some(RecordId(40)), Some(RecordId(6))]];
        let known = Known::of_leads(held.into_iter());
        let found = identity(&derived, &contact(), &known);
        let found: Vec<&str> = found.iter().map(IdentityKey::as_str).collect();
        let expected = [
            "cnpj:11222333000181",
            "company:padaria sao joao",
            "contact:1",
            "cpf:52998224725",
            "email:ana@example.com",
            "phone:1190000000",
            "record:40",
            "record:6",
            "record:7",
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn all_ways_of_writing_one_number_share_a_key() {
        let key_of = |raw: &str| {
            let mut derived = person_named("Bia");
            derived.person.phones = vec![phone(raw)];
            let mut found = identity(&derived, &contact(), &Known::default());
            found.retain(|key| key.as_str().starts_with("phone:"));
            found
        };
        let whole = key_of("+55 (11) 98888-7777");
        assert_eq!(whole.len(), 1);
        for other in ["11988887777", "(11) 8888-7777", "55 11 8888 7777"] {
            assert_eq!(key_of(other), whole, "{other}");
        }
        assert_ne!(key_of("11 98888-7778"), whole);
    }

    #[test]
    fn a_key_shows_its_kind_and_nothing_else() {
        let keys = identity(&ana(), &contact(), &Known::default());
        let shown = format!("{keys:?}");
        assert!(shown.contains("IdentityKey(email:…)"), "{shown}");
        assert!(!shown.contains("ana"), "{shown}");
    }
}
