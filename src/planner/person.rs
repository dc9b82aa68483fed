//! By what somebody who was erased is recognised when they come again, under whatever contact.
//!
//! The texts are those of [`super::identity()`], so that one keyed hash serves both. What a route
//! maps is not asked: rules change, and an erased person must stay erased.

use std::{collections::BTreeSet, fmt};

use serde_json::{Map, Value};

use super::{keys, same};
use crate::{
    domain::{Contact, ContactId},
    rules::Phone,
};

/// What a key is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PersonKeyKind {
    /// The contact's id in `ActiveCampaign`.
    Contact,
    /// An e-mail address.
    Email,
    /// A CPF.
    Cpf,
    /// A phone number, the same for all ways of writing it.
    Phone,
}

impl PersonKeyKind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Contact, Self::Email, Self::Cpf, Self::Phone];

    /// The word kept in the ledger and in the file of tombstones.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Contact => "contact",
            Self::Email => "email",
            Self::Cpf => "cpf",
            Self::Phone => "phone",
        }
    }

    /// The kind of a word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

/// One key of a person, to be hashed before it is kept.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PersonKey {
    /// What it is about.
    pub kind: PersonKeyKind,
    /// Its text, such as `email:maria@example.com`.
    text: String,
}

impl PersonKey {
    /// The key of a contact's id.
    pub fn contact(id: ContactId) -> Self {
        Self::of(PersonKeyKind::Contact, &id.to_string())
    }

    /// The key of an address; `None` for what is none.
    pub fn email(address: &str) -> Option<Self> {
        let address = same::email(address);
        address.contains('@').then(|| Self::of(PersonKeyKind::Email, &address))
    }

    /// The key of a text that is a valid CPF and nothing else.
    pub fn cpf(text: &str) -> Option<Self> {
        let is_document = |c: char| c.is_ascii_digit() || matches!(c, '.' | '-' | ' ');
        let only = text.trim().chars().all(is_document);
        let digits = if only { keys::cpf(text) } else { None };
        digits.map(|digits| Self::of(PersonKeyKind::Cpf, &digits))
    }

    /// The key of a text that is a valid phone number and nothing else.
    pub fn phone(text: &str) -> Option<Self> {
        let is_number = |c: char| c.is_ascii_digit() || "+-.() ".contains(c);
        if !text.trim().chars().all(is_number) {
            return None;
        }
        let phone = Phone::read(text);
        let key = phone.e164.is_some().then(|| phone.keys.iter().min().copied()).flatten();
        key.map(|key| Self::of(PersonKeyKind::Phone, &key.to_string()))
    }

    fn of(kind: PersonKeyKind, value: &str) -> Self {
        Self { kind, text: format!("{}:{value}", kind.as_str()) }
    }

    /// The text that is hashed.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// What it is, without its kind.
    pub fn value(&self) -> &str {
        self.text.split_once(':').map_or("", |(_, value)| value)
    }
}

impl fmt::Debug for PersonKey {
    /// Shows the kind only: the rest is personal data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PersonKey({}:…)", self.kind.as_str())
    }
}

/// The keys of a contact as `ActiveCampaign` shows it.
///
/// Any field whose whole value is a valid CPF or phone counts: which field has it is the map's
/// business, and a map can change.
pub fn keys_of_contact(contact: &Contact) -> BTreeSet<PersonKey> {
    let mut found = BTreeSet::from([PersonKey::contact(contact.id)]);
    found.extend(PersonKey::email(&contact.email));
    found.extend(PersonKey::phone(&contact.phone));
    for field in &contact.fields {
        let cpf = PersonKey::cpf(&field.value);
        // Eleven digits with the check digits of a CPF are no mobile number.
        if cpf.is_none() {
            found.extend(PersonKey::phone(&field.value));
        }
        found.extend(cpf);
    }
    found
}

/// The keys in a request that wrote a person to Ploomes.
pub fn keys_of_request(request: &Map<String, Value>) -> BTreeSet<PersonKey> {
    let text = |property: &str| request.get(property).and_then(Value::as_str).unwrap_or_default();
    let mut found = BTreeSet::new();
    found.extend(PersonKey::email(text("Email")));
    found.extend(PersonKey::cpf(text("CPF")));
    let phones = request.get("Phones").and_then(Value::as_array);
    for phone in phones.into_iter().flatten() {
        found.extend(phone["PhoneNumber"].as_str().and_then(PersonKey::phone));
    }
    found
}

/// Whether somebody who has keys of the kinds `has` is the person whose tombstone has keys of the
/// kinds `stands`, where those of the kinds `shared` are the same.
///
/// Whole families and offices share a phone: it tells only where neither an address nor a CPF says
/// otherwise, as for a record in Ploomes.
pub fn is_same_person(
    has: &BTreeSet<PersonKeyKind>,
    stands: &BTreeSet<PersonKeyKind>,
    shared: &BTreeSet<PersonKeyKind>,
) -> bool {
    let differs = |kind| has.contains(&kind) && stands.contains(&kind) && !shared.contains(&kind);
    shared.iter().any(|kind| *kind != PersonKeyKind::Phone)
        || (shared.contains(&PersonKeyKind::Phone)
            && !differs(PersonKeyKind::Email)
            && !differs(PersonKeyKind::Cpf))
}

#[cfg(test)]
mod tests {
    use super::{PersonKeyKind as Kind, *};
    use crate::domain::{FieldId, FieldValue};

    fn texts(keys: &BTreeSet<PersonKey>) -> Vec<&str> {
        keys.iter().map(PersonKey::as_str).collect()
    }

    #[test]
    fn a_contact_is_known_by_its_id_address_phones_and_documents() {
        let field = |id, value: &str| FieldValue {
            id: FieldId(id),
            perstag: "X".to_owned(),
            value: value.to_owned(),
        };
        let contact = Contact {
            email: " Maria@Example.com ".to_owned(),
            phone: "+55 (11) 98888-7777".to_owned(),
            fields: vec![
                field(1, "529.982.247-25"),
                field(2, "11 3333-4444"),
                field(3, "São Paulo"),
                field(4, "pedido 1133334445 de 2026"),
            ],
            ..Contact::unknown(ContactId(7))
        };
        assert_eq!(
            texts(&keys_of_contact(&contact)),
            [
                "contact:7",
                "email:maria@example.com",
                "cpf:52998224725",
                "phone:1133334444",
                "phone:1188887777"
            ]
        );
    }

    #[test]
    fn a_request_is_known_by_what_it_wrote() {
        let request = serde_json::json!({
            "Name": "Maria", "Email": "maria@example.com", "CPF": "52998224725",
            "Phones": [{ "PhoneNumber": "(11) 98888-7777" }, { "PhoneNumber": "ramal 12" }],
        });
        assert_eq!(
            texts(&keys_of_request(request.as_object().unwrap())),
            ["email:maria@example.com", "cpf:52998224725", "phone:1188887777"]
        );
    }

    #[test]
    fn a_phone_alone_tells_only_where_nothing_says_otherwise() {
        let of = |kinds: &[Kind]| kinds.iter().copied().collect::<BTreeSet<_>>();
        let whole = of(&[Kind::Contact, Kind::Email, Kind::Cpf, Kind::Phone]);
        for kind in [Kind::Contact, Kind::Email, Kind::Cpf] {
            assert!(is_same_person(&whole, &whole, &of(&[kind])), "{kind:?}");
        }
        assert!(!is_same_person(&whole, &whole, &of(&[Kind::Phone])), "another address");
        assert!(!is_same_person(&whole, &whole, &of(&[])));
        let nameless = of(&[Kind::Contact, Kind::Phone]);
        assert!(is_same_person(&nameless, &whole, &of(&[Kind::Phone])));
    }
}
