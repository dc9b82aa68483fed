//! Holds Ploomes against what the crowd typed.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use ponte::simulator::ploomes::standard::{
    ANA, BRUNO, Custom, ORIGIN, SALES, SALES_STAGES, TAG_OF_CONTACTS, TAG_OF_DEALS,
};
use serde_json::{Value, json};

use super::crowd::{Before, CUSTOM, Company, Somebody};
use crate::support::Accounts;

const NAME_BEFORE: &str = "Nome de antes";
const TEXT_BEFORE: &str = "Texto de antes";

/// All that is in Ploomes at one moment.
pub(super) struct Picture {
    persons: BTreeMap<String, Value>,
    companies: BTreeMap<String, Value>,
    deals: BTreeMap<i64, Vec<Value>>,
}

impl Picture {
    /// Of now; fails the test where an e-mail has two persons, or a name two companies.
    pub(super) fn of(accounts: &Accounts) -> Self {
        let mut deals = BTreeMap::<i64, Vec<Value>>::new();
        for deal in accounts.ploomes.deals() {
            for of in ["ContactId", "PersonId"].iter().filter_map(|it| deal[it].as_i64()) {
                deals.entry(of).or_default().push(deal.clone());
            }
        }
        let by = |key: fn(&Value) -> String, contacts: Vec<Value>| {
            let count = contacts.len();
            let found: BTreeMap<_, _> = contacts.into_iter().map(|it| (key(&it), it)).collect();
            assert_eq!(found.len(), count, "two with one key");
            found
        };
        Self {
            persons: by(|it| it["Email"].as_str().unwrap().to_owned(), accounts.persons()),
            companies: by(|it| folded(it["Name"].as_str().unwrap()), accounts.companies()),
            deals,
        }
    }

    fn person(&self, somebody: &Somebody) -> &Value {
        &self.persons[&somebody.email()]
    }

    /// The id of the company, however its name is written; null where there is none.
    fn company(&self, somebody: &Somebody) -> &Value {
        somebody.company.map_or(&Value::Null, |it| &self.companies[&folded(&it.name(0))]["Id"])
    }

    fn deals_of(&self, person: &Value) -> &[Value] {
        self.deals.get(&person["Id"].as_i64().unwrap()).map_or(&[], Vec::as_slice)
    }
}

/// What is in Ploomes before anything comes.
pub(super) fn furnish(accounts: &Accounts, crowd: &[Somebody]) {
    let ploomes = &accounts.ploomes;
    for somebody in crowd {
        let mut person = json!({ "TypeId": 2, "Name": NAME_BEFORE });
        match somebody.before {
            Before::Unknown => continue,
            Before::ByEmail => {
                person["Email"] = json!(somebody.email());
                let text = json!({
                    "FieldKey": Custom::Text.of_contacts(), "StringValue": TEXT_BEFORE
                });
                person["OtherProperties"] = json!([text]);
            }
            Before::ByCpf => person["CPF"] = json!(somebody.cpf().1),
            Before::ByPhone => {
                let phone = json!({ "PhoneNumber": somebody.old_phone(), "TypeId": 2 });
                person["Phones"] = json!([phone]);
            }
        }
        ploomes.add_contact(&person).unwrap();
    }
    let companies: BTreeMap<usize, Company> =
        crowd.iter().filter_map(|it| it.company).map(|it| (it.0, it)).collect();
    for company in companies.into_values().filter(|it| it.is_known()) {
        ploomes.add_contact(&json!({ "TypeId": 1, "Name": company.name(1) })).unwrap();
    }
}

/// Everybody who came by the site.
pub(super) fn site(accounts: &Accounts, crowd: &[Somebody]) {
    let now = Picture::of(accounts);
    let mut owners = BTreeMap::<i64, usize>::new();
    let notes = accounts.ploomes.notes();
    assert_eq!(notes.len(), crowd.len(), "notes");
    for somebody in crowd {
        let person = site_person(&now, somebody);
        let deals = now.deals_of(person);
        assert_eq!(deals.len(), 1, "deals of {}", somebody.number);
        site_deal(&now, somebody, person, &deals[0]);
        *owners.entry(deals[0]["OwnerId"].as_i64().unwrap()).or_default() += 1;
        let note = notes.iter().find(|it| it["ContactId"] == person["Id"]).unwrap();
        assert_eq!(note["DealId"], deals[0]["Id"]);
        assert_eq!(note["Content"], "Entrou por Automação de site");
    }
    assert_eq!(owners, BTreeMap::from([(ANA, crowd.len() / 2), (BRUNO, crowd.len() / 2)]));
}

fn site_person<'a>(now: &'a Picture, somebody: &Somebody) -> &'a Value {
    let person = now.person(somebody);
    let is_new = somebody.before == Before::Unknown;
    let name = if is_new { somebody.full_name() } else { NAME_BEFORE.to_owned() };
    let seen = |property: &str| &person[property];
    assert_eq!(seen("Name"), &name, "{}", somebody.number);
    assert_eq!(seen("CPF"), &somebody.cpf().1);
    assert_eq!(seen("Birthday"), "1990-02-28T00:00:00-03:00");
    let phone = match somebody.before {
        Before::ByPhone => somebody.old_phone(),
        _ => somebody.phone(),
    };
    assert_eq!(phones(person), [phone]);
    let mut wanted = wanted(somebody, Custom::of_contacts);
    if somebody.before == Before::ByEmail {
        wanted.insert(Custom::Text.of_contacts(), json!([TEXT_BEFORE]));
    }
    assert_eq!(custom(person), wanted, "{}", somebody.number);
    assert_eq!(seen("CompanyId"), now.company(somebody), "{}", somebody.number);
    if is_new {
        assert_eq!(seen("OriginId"), ORIGIN);
        assert_eq!(tags(person), [TAG_OF_CONTACTS]);
    } else {
        assert_eq!(seen("OriginId"), &json!(null));
        assert!(tags(person).is_empty());
    }
    person
}

fn site_deal(now: &Picture, somebody: &Somebody, person: &Value, deal: &Value) {
    let title = somebody.company_name().unwrap_or_else(|| somebody.full_name());
    assert_eq!(deal["Title"], format!("{title} - site"));
    let (client, beside) = match now.company(somebody) {
        Value::Null => (&person["Id"], &Value::Null),
        company => (company, &person["Id"]),
    };
    assert_eq!((&deal["ContactId"], &deal["PersonId"]), (client, beside));
    assert_eq!((&deal["PipelineId"], &deal["StageId"]), (&json!(SALES), &json!(SALES_STAGES[0])));
    assert_eq!((&deal["OriginId"], &deal["StatusId"]), (&json!(ORIGIN), &json!(1)));
    assert_eq!(tags(deal), [TAG_OF_DEALS]);
    let amount = somebody.custom(Custom::Currency).1;
    assert_eq!(deal["Amount"].as_f64(), amount.as_f64());
    assert_eq!(custom(deal), wanted(somebody, Custom::of_deals), "{}", somebody.number);
    if somebody.before == Before::Unknown {
        assert_eq!(deal["OwnerId"], person["OwnerId"], "one lead, one owner");
    }
}

/// Everybody who came by the event, which overwrites.
pub(super) fn event(accounts: &Accounts, crowd: &[&Somebody]) {
    let now = Picture::of(accounts);
    for somebody in crowd {
        let person = now.person(somebody);
        let number = somebody.number;
        let first = match somebody.names() {
            ("", _) if somebody.before == Before::Unknown => somebody.full_name(),
            // AC has no name, and what is there is not taken away for it.
            ("", _) => NAME_BEFORE.to_owned(),
            (first, _) => first.to_owned(),
        };
        assert_eq!(person["Name"], first, "{number}");
        let long = somebody.custom(Custom::LongText).1;
        assert_eq!(custom(person)[&Custom::Text.of_contacts()], json!([long]), "{number}");
        let deals = now.deals_of(person).iter();
        let deals: Vec<&Value> =
            deals.filter(|it| it["Title"].as_str().unwrap().starts_with("Evento:")).collect();
        assert_eq!(deals.len(), 1, "{number}");
        let deal = deals[0];
        let title = format!("Evento: {}", somebody.names().0);
        assert_eq!(deal["Title"], title.trim());
        assert_eq!((&deal["ContactId"], &deal["PersonId"]), (&person["Id"], &json!(null)));
        assert_eq!(deal["OwnerId"], BRUNO);
        assert_eq!(deal["OriginId"], json!(null));
        assert!(tags(deal).is_empty());
    }
}

/// Everybody who came by the list, which leaves what is there; some were at the event as well.
pub(super) fn list(
    accounts: &Accounts,
    crowd: &[&Somebody],
    event: &[&Somebody],
    before: &Picture,
) {
    let now = Picture::of(accounts);
    for somebody in crowd {
        let person = now.person(somebody);
        if let Some(before) = before.persons.get(&somebody.email()) {
            if !event.iter().any(|it| it.number == somebody.number) {
                assert_eq!(person, before, "{}", somebody.number);
            }
            continue;
        }
        assert_eq!(person["Name"], somebody.full_name());
        assert_eq!(phones(person), [somebody.phone()]);
        assert_eq!(person["CPF"], json!(null), "it is not in the default map");
        assert_eq!(&person["CompanyId"], now.company(somebody));
        assert!(now.deals_of(person).is_empty());
    }
}

/// No person and no company that nobody asked for; and each company's CNPJ is its own.
pub(super) fn nothing_else(accounts: &Accounts, crowd: &[Somebody]) {
    let now = Picture::of(accounts);
    assert_eq!(now.persons.len(), crowd.len());
    // The event's route makes no companies.
    let only_at_event = super::ON_SITE..super::ON_SITE + super::ELSEWHERE;
    let others = crowd.iter().filter(|it| !only_at_event.contains(&it.number));
    let named = others.filter_map(|it| it.company);
    let companies: BTreeMap<_, _> = named.map(|it| (folded(&it.name(0)), it)).collect();
    let (there, wanted): (Vec<_>, Vec<_>) =
        (now.companies.keys().collect(), companies.keys().collect());
    assert_eq!(there, wanted);
    for (name, company) in companies {
        let cnpj = company.cnpj().map_or(json!(null), |(_, plain)| json!(plain));
        // The list's map has no CNPJ.
        if company.0 < super::ON_SITE {
            assert_eq!(now.companies[&name]["CNPJ"], cnpj, "{name}");
        }
    }
}

/// Without case, and without the one accent that is written in two ways.
fn folded(name: &str) -> String {
    name.to_lowercase().replace('ã', "a")
}

fn phones(contact: &Value) -> Vec<String> {
    let phones = contact["Phones"].as_array().unwrap().iter();
    phones.map(|it| it["PhoneNumber"].as_str().unwrap().to_owned()).collect()
}

fn tags(record: &Value) -> Vec<i64> {
    let tags = record["Tags"].as_array().unwrap().iter();
    tags.map(|it| it["TagId"].as_i64().unwrap()).collect()
}

/// The custom values of a record, by key, each from exactly the slot of its type.
fn custom(record: &Value) -> BTreeMap<String, Value> {
    let mut found = BTreeMap::<String, Vec<Value>>::new();
    for item in record["OtherProperties"].as_array().unwrap() {
        let key = item["FieldKey"].as_str().unwrap();
        let of = |it: &Custom| it.of_contacts() == key || it.of_deals() == key;
        let (_, slot, _) = CUSTOM.into_iter().find(|(custom, _, _)| of(custom)).unwrap();
        let slots = item.as_object().unwrap().iter();
        let filled: Vec<&str> = slots
            .filter(|(name, value)| name.ends_with("Value") && !value.is_null())
            .map(|(name, _)| name.as_str())
            .collect();
        assert_eq!(filled, [slot], "{key}");
        found.entry(key.to_owned()).or_default().push(item[slot].clone());
    }
    found.into_iter().map(|(key, values)| (key, plain(&json!(values)))).collect()
}

/// What somebody's custom values have to be.
fn wanted(somebody: &Somebody, key: impl Fn(Custom) -> String) -> BTreeMap<String, Value> {
    let all = CUSTOM.iter().map(|(custom, _, _)| (key(*custom), somebody.custom(*custom).1));
    let there = all.filter(|(_, value)| !value.is_null());
    let listed = there.map(|(key, value)| match value {
        Value::Array(_) => (key, value),
        value => (key, json!([value])),
    });
    listed.map(|(key, value)| (key, plain(&value))).collect()
}

/// Numbers as doubles, `2500` and `2500.0` being one value, and dates as moments: Ploomes shows all
/// at its own offset.
fn plain(list: &Value) -> Value {
    let items = list.as_array().unwrap().iter();
    let plain = items.map(|it| match (it.as_f64(), it.as_str()) {
        (Some(number), _) => json!(number),
        (_, Some(text)) => DateTime::parse_from_rfc3339(text)
            .map_or_else(|_| it.clone(), |moment| json!(moment.with_timezone(&Utc).to_rfc3339())),
        _ => it.clone(),
    });
    plain.collect()
}
