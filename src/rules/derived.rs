//! What comes out of a route's rules: the policy of its plans, and a contact's values.

use std::{collections::BTreeMap, fmt};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::{
    domain::{Behaviour, Existing, RecordId},
    planner::OtherProperty,
};

/// Changes when the form below does, so that old fingerprints are not compared with new ones.
const FINGERPRINT_VERSION: u8 = 1;

/// What a plan goes by, checked against the account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// What is created.
    pub behaviour: Behaviour,
    /// What happens to a person or company that exists.
    pub existing: Existing,
    /// No new deal while person or company has an open one.
    pub skip_if_open_deal: bool,
    /// The pipeline of a new deal; there is one where deals are created.
    pub pipeline: Option<RecordId>,
    /// The stage of a new deal; there is one where deals are created.
    pub stage: Option<RecordId>,
    /// Owners of what is created, taken in turn by the lead's number on its route; may be empty.
    pub owners: Vec<RecordId>,
    /// `OriginId` of what is created.
    pub origin: Option<RecordId>,
    /// Tags of a created person.
    pub person_tags: Vec<RecordId>,
    /// Tags of a created deal.
    pub deal_tags: Vec<RecordId>,
    /// The custom field of deals that carries the lead key.
    pub lead_key_field: Option<String>,
}

/// A contact's values, as its records are to hold them.
///
/// What is empty in `ActiveCampaign` is not here at all: an empty value never erases anything.
#[derive(Clone, PartialEq)]
pub struct Derived {
    /// The person's; `Name` is always there.
    pub person: Values,
    /// The company's; `None` where the route creates none, or the contact has no company name.
    pub company: Option<Values>,
    /// Why there is no company although the route creates them.
    pub no_company: Option<String>,
    /// The deal's; `None` where the route creates none.
    pub deal: Option<Values>,
    /// The text of the interaction record.
    pub note: Option<String>,
    /// Why the contact cannot be brought in, such as `field.CPF is empty`; no personal data.
    pub failure: Option<String>,
    /// What a person may want to know, such as an unknown option; no personal data.
    pub warnings: Vec<String>,
}

/// The values of one record.
#[derive(Clone, PartialEq, Default)]
pub struct Values {
    /// Native properties as they are written, such as `Name`, `Email`, `CPF`; without phones.
    pub native: BTreeMap<String, Value>,
    /// Phones, in the order of the map.
    pub phones: Vec<Phone>,
    /// Custom fields by `FieldKey`, as writable items; several where the field is `Multiple`.
    pub other: BTreeMap<String, Vec<OtherProperty>>,
}

/// A phone, as typed and as it is recognised.
#[derive(Clone, PartialEq, Eq)]
pub struct Phone {
    /// As typed, trimmed; what is written as `PhoneNumber`.
    pub raw: String,
    /// E.164, such as `+5511900000000`; `None` where it is no valid number.
    pub e164: Option<String>,
    /// `CountryId` 76 where the number is a Brazilian one.
    pub country_id: Option<i64>,
    /// `SearchPhoneNumber` in each way the number may be stored: with and without 55, with and
    /// without the ninth digit; and the digits as typed, which are alone where the number is not
    /// valid. Empty where these are too few to call, or too many.
    pub keys: Vec<i64>,
}

macro_rules! opaque {
    ($($name:ident),+) => {$(
        impl fmt::Debug for $name {
            /// Shows nothing of the values: they are personal data.
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(…)"))
            }
        }
    )+};
}

opaque!(Derived, Values, Phone);

impl Values {
    /// A native property as text; empty where it is absent or no text.
    pub fn text(&self, property: &str) -> &str {
        self.native.get(property).and_then(Value::as_str).unwrap_or_default()
    }
}

impl Derived {
    /// A fingerprint of what an update may write: person and company. Equal fingerprints mean that
    /// nothing changed, whatever the stamps say.
    ///
    /// Phones count as they were typed: reading them better one day changes no contact.
    pub fn fingerprint(&self) -> [u8; 32] {
        let canonical = json!([
            FINGERPRINT_VERSION,
            canonical(&self.person),
            self.company.as_ref().map(canonical),
        ]);
        Sha256::digest(canonical.to_string()).into()
    }
}

/// Values in a form that is the same for the same values: everything in order, nothing optional.
fn canonical(values: &Values) -> Value {
    let Values { native, phones, other } = values;
    let phones: Vec<&str> = phones.iter().map(|phone| phone.raw.as_str()).collect();
    let other: Vec<_> = other
        .values()
        .flatten()
        .map(|OtherProperty { key, slot, value }| json!([key, slot, value]))
        .collect();
    json!([native, phones, other])
}
