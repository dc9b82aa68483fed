//! What to ask Ploomes for before planning: the keys by which a lead's records may be there.

use std::collections::BTreeSet;

use super::{Known, keys};
use crate::{
    domain::RecordId,
    rules::{Derived, Policy},
};

/// One question: everything that could be this lead's person or company, in one call.
///
/// The answer holds the open deals of each, and every deal of theirs that our key's user made.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Search {
    /// Ids the ledger knows, companies and persons alike.
    pub ids: Vec<RecordId>,
    /// Lower-cased e-mail of the person.
    pub email: Option<String>,
    /// `CPF` as digits, and as it is usually punctuated.
    pub cpf: Vec<String>,
    /// `SearchPhoneNumber` in each way the number may be stored.
    pub phones: Vec<i64>,
    /// `CNPJ`, and `Register`, as characters without punctuation, and punctuated.
    pub cnpj: Vec<String>,
    /// The trimmed company name.
    pub company: Option<String>,
    /// The trimmed name of a person, only where a request that went unanswered has no other key.
    pub person_name: Option<String>,
}

/// What to ask Ploomes for before planning.
pub fn search(policy: &Policy, derived: &Derived, known: &Known) -> Search {
    let person = &derived.person;
    let phones: BTreeSet<i64> =
        keys::person_phones(person).flat_map(|phone| phone.keys.iter().copied()).collect();
    let company = derived.company.as_ref().filter(|_| policy.behaviour.has_company());
    let mut ids: BTreeSet<RecordId> = known.contacts().chain(known.persons()).collect();
    if company.is_some() {
        ids.extend(known.companies());
    }
    let documents = company.map(keys::company_documents).unwrap_or_default();
    Search {
        ids: ids.into_iter().collect(),
        email: keys::person_email(person),
        cpf: spellings(keys::person_cpf(person)),
        phones: phones.into_iter().collect(),
        cnpj: spellings(documents),
        company: company.map(|it| it.text("Name").trim().to_owned()).filter(|it| !it.is_empty()),
        person_name: None,
    }
}

/// Documents without punctuation, and as they are usually punctuated.
pub(super) fn spellings(documents: impl IntoIterator<Item = String>) -> Vec<String> {
    let mut spellings = Vec::new();
    for document in documents {
        let punctuated = keys::punctuated(&document);
        let differs = punctuated != document;
        spellings.push(document);
        if differs {
            spellings.push(punctuated);
        }
    }
    spellings
}

impl Search {
    /// Whether there is nothing to ask for.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl std::fmt::Debug for Search {
    /// Shows which keys there are, not what they are: they are personal data.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Search")
            .field("ids", &self.ids)
            .field("email", &self.email.is_some())
            .field("cpf", &self.cpf.len())
            .field("phones", &self.phones.len())
            .field("cnpj", &self.cnpj.len())
            .field("company", &self.company.is_some())
            .field("person_name", &self.person_name.is_some())
            .finish()
    }
}
