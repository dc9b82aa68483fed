//! What to ask Ploomes for before planning: the keys by which a lead's records may be there.

use crate::domain::RecordId;

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
            .finish()
    }
}
