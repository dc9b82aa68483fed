//! Who is there already: the record in Ploomes that is this lead's person or company.
//!
//! The record that the ledger holds comes first, then the keys, the most telling one first. A
//! record that people deleted is not in the answer, and so is as if it never was.

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::{
    ContactRecord, Situation, keys,
    same::{self, characters, email, fold},
};
use crate::{
    domain::RecordId,
    rules::{Derived, Policy, Values},
};

/// How a record was recognised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum How {
    /// The ledger holds it for this contact.
    Ledger,
    /// By its e-mail address.
    Email,
    /// By its CPF.
    Cpf,
    /// By a phone, and nothing says that it is somebody else's.
    Phone,
    /// By its CNPJ or register number.
    Document,
    /// By its name alone.
    Name,
}

impl How {
    /// The words that a reason begins with.
    pub(super) const fn words(self) -> &'static str {
        match self {
            Self::Ledger => "the ledger holds it",
            Self::Email => "it has this e-mail",
            Self::Cpf => "it has this CPF",
            Self::Phone => "it has this phone and no other e-mail or CPF",
            Self::Document => "it has this CNPJ or register number",
            Self::Name => "it has this name",
        }
    }

    const fn key(self) -> &'static str {
        match self {
            Self::Ledger => "id",
            Self::Email => "e-mail",
            Self::Cpf => "CPF",
            Self::Phone => "phone",
            Self::Document => "CNPJ or register number",
            Self::Name => "name",
        }
    }
}

/// A record that is the lead's.
pub(super) struct Found<'a> {
    /// It.
    pub(super) record: &'a ContactRecord,
    /// How it was recognised.
    pub(super) how: How,
    /// All records that the same key fits, the oldest, which is `record`, first.
    pub(super) candidates: Vec<RecordId>,
    /// Why a person should look at it.
    pub(super) review: Option<String>,
}

impl<'a> Found<'a> {
    fn known(record: &'a ContactRecord) -> Self {
        Self { record, how: How::Ledger, candidates: vec![record.id], review: None }
    }

    /// The oldest of those that a key fits; several are for a person to look at.
    fn oldest(
        what: &str,
        how: How,
        fitting: impl Iterator<Item = &'a ContactRecord>,
    ) -> Option<Self> {
        let mut fitting: Vec<&ContactRecord> = fitting.collect();
        fitting.sort_by_key(|record| age(record));
        fitting.dedup_by_key(|record| record.id);
        let record = *fitting.first()?;
        let candidates: Vec<RecordId> = fitting.iter().map(|it| it.id).collect();
        let review = (candidates.len() > 1).then(|| {
            let ids: Vec<String> = candidates.iter().map(ToString::to_string).collect();
            let (count, ids, key) = (ids.len(), ids.join(", "), how.key());
            format!("{count} {what} have this {key}: {ids}; the oldest is taken")
        });
        Some(Self { record, how, candidates, review })
    }
}

/// The order of age: `CreateDate`, then `Id`; a record without a date is the youngest.
fn age(record: &ContactRecord) -> (bool, Option<DateTime<Utc>>, RecordId) {
    (record.created_at.is_none(), record.created_at, record.id)
}

/// The records that are the lead's.
pub(super) struct Who<'a> {
    /// The person.
    pub(super) person: Option<Found<'a>>,
    /// The company; `None` too where the lead has none.
    pub(super) company: Option<Found<'a>>,
}

impl<'a> Who<'a> {
    /// Recognises person and company among what Ploomes showed.
    pub(super) fn is_there(policy: &Policy, derived: &Derived, situation: &'a Situation) -> Self {
        let company = derived.company.as_ref().filter(|_| policy.behaviour.has_company());
        Self {
            person: person(&derived.person, situation),
            company: company.and_then(|company| self::company(company, situation)),
        }
    }
}

fn person<'a>(wanted: &Values, situation: &'a Situation) -> Option<Found<'a>> {
    let persons = &situation.seen.persons;
    // Where people deleted the newest, what another lead was given is the contact's all the same: a
    // search by what the contact is called today may not show it.
    let held = |id| persons.iter().find(|it| it.id == id);
    if let Some(record) = situation.known.persons().find_map(held) {
        return Some(Found::known(record));
    }
    let mail = keys::person_email(wanted);
    let cpf = keys::person_cpf(wanted);
    let by_email = || persons.iter().filter(|it| has_email(it, mail.as_deref()));
    let by_cpf = || persons.iter().filter(|it| has_cpf(it, cpf.as_deref()));
    let by_phone =
        || persons.iter().filter(|it| has_phone(it, wanted) && !is_somebody_else(it, wanted));
    let mut found = Found::oldest("persons", How::Email, by_email())
        .or_else(|| Found::oldest("persons", How::Cpf, by_cpf()))
        .or_else(|| Found::oldest("persons", How::Phone, by_phone()))?;
    if found.how == How::Email
        && found.review.is_none()
        && let Some(other) = by_cpf().filter(|it| it.id != found.record.id).min_by_key(|it| age(it))
    {
        let ids = (found.record.id, other.id);
        found.review =
            Some(format!("the e-mail is person {}'s, the CPF is person {}'s", ids.0, ids.1));
    }
    Some(found)
}

/// Whether a person has this e-mail address.
pub(super) fn has_email(record: &ContactRecord, wanted: Option<&str>) -> bool {
    wanted.is_some_and(|wanted| email(record.text("Email")) == wanted)
}

fn has_cpf(record: &ContactRecord, wanted: Option<&str>) -> bool {
    wanted.is_some_and(|wanted| characters(record.text("CPF")) == wanted)
}

fn has_phone(record: &ContactRecord, wanted: &Values) -> bool {
    record.phones.iter().any(|phone| {
        let number = phone.search.or_else(|| same::digits(&phone.number));
        number.is_some_and(|it| keys::person_phones(wanted).any(|phone| phone.keys.contains(&it)))
    })
}

/// Phones are shared, in families and offices: one whose own e-mail or CPF differs is another.
fn is_somebody_else(record: &ContactRecord, wanted: &Values) -> bool {
    let differs =
        |left: String, right: String| !left.is_empty() && !right.is_empty() && left != right;
    differs(email(record.text("Email")), email(wanted.text("Email")))
        || differs(characters(record.text("CPF")), characters(wanted.text("CPF")))
}

/// The company: the ledger's, then by CNPJ or register number, then by name.
///
/// The ledger's is passed over only where the lead certainly means another one: that other one is
/// there and fits while the ledger's does not, or the ledger's has another CNPJ that ponte did not
/// write. Else a contact who changes employers would rename the old company, with everybody in it.
///
/// Where the ledger's is gone, the company of another lead of the contact is taken, if it certainly is
/// the wanted one: it may as well be that of an earlier employer.
fn company<'a>(wanted: &Values, situation: &'a Situation) -> Option<Found<'a>> {
    let companies = &situation.seen.companies;
    let documents = keys::company_documents(wanted);
    let name = fold(wanted.text("Name"));
    let has_document =
        |it: &ContactRecord| company_documents(it).iter().any(|it| documents.contains(it));
    let has_name = |it: &ContactRecord| {
        !name.is_empty() && fold(it.text("Name")) == name && !has_other_cnpj(it, wanted)
    };
    let by_key = || {
        let by_document = companies.iter().filter(|it| has_document(it));
        let by_name = companies.iter().filter(|it| has_name(it));
        Found::oldest("companies", How::Document, by_document)
            .or_else(|| Found::oldest("companies", How::Name, by_name))
    };
    let wrote = |it: &ContactRecord, property: &str, value: &str| {
        let written = situation.known.written.get(&it.id).and_then(|it| it.get(property));
        let is_it = |it: &Value| same::same(property, it, &Value::from(value));
        written.is_some_and(|it| it.iter().any(is_it))
    };
    let is_another =
        |it: &ContactRecord| has_other_cnpj(it, wanted) && !wrote(it, "CNPJ", it.text("CNPJ"));
    let fits = |it: &ContactRecord| {
        has_document(it)
            || has_name(it)
            || (!is_another(it) && wrote(it, "Name", wanted.text("Name")))
    };
    let held = |id: RecordId| companies.iter().find(|it| it.id == id);
    let Some(known) = situation.known.company.and_then(held) else {
        let others = situation.known.other_companies.iter().filter_map(|id| held(*id));
        let mut fitting = others.filter(|it| fits(it));
        return fitting.next().map(Found::known).or_else(by_key);
    };
    if fits(known) {
        return Some(Found::known(known));
    }
    if is_another(known) {
        return by_key();
    }
    by_key().or_else(|| Some(Found::known(known)))
}

fn company_documents(record: &ContactRecord) -> Vec<String> {
    keys::documents(record.text("CNPJ"), record.text("Register"))
}

/// Whether a company's CNPJ says that it is not this one: branches and namesakes share names.
fn has_other_cnpj(record: &ContactRecord, wanted: &Values) -> bool {
    let (theirs, ours) = (characters(record.text("CNPJ")), characters(wanted.text("CNPJ")));
    theirs != ours && keys::is_cnpj(&theirs) && keys::is_cnpj(&ours)
}
