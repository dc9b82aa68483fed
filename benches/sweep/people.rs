//! Invented contacts: what `ActiveCampaign` says of them, and what a ledger knows of them.
//!
//! On both sides `#` stands for the contact's id, so that fifty people make any number of contacts.

use std::fmt::Write as _;

use chrono::DateTime;
use ponte::domain::{Contact, ContactId, FieldId, FieldValue};

/// Different people. Contact `i` is person `i % PEOPLE`.
pub const PEOPLE: i64 = 50;

/// The automation that all of them entered once.
pub const AUTOMATION: i64 = 12;

/// Custom fields of the account: id and perstag. Everybody has a value in each, which is what real
/// accounts have on average.
pub const FIELDS: [(i64, &str); 3] = [(1, "CPF"), (2, "CARGO"), (3, "MENSAGEM")];

const FIRST: [&str; 10] =
    ["Ana", "João", "Márcia", "Luís", "Beatriz", "Antônio", "Sofia", "Caio", "Inês", "Otávio"];
const LAST: [&str; 5] = ["Lima", "de Souza", "Conceição", "Araújo Neto", "Peixoto"];

const CREATED: &str = "2026-01-12T09:15:02-06:00";
const UPDATED: &str = "2026-05-28T05:07:18-05:00";

/// Contact `id` as it is read from a page.
pub fn contact(id: i64) -> Contact {
    let person = usize::try_from(id % PEOPLE).expect("ids are positive");
    let (first_name, last_name) = (FIRST[person % 10], LAST[person / 10]);
    let values = [
        "529.982.247-25".to_owned(),
        "Gerente de compras".to_owned(),
        format!("Quero um orçamento para {person} lojas, com entrega em São Paulo."),
    ];
    let fields = FIELDS.iter().zip(values).map(|(&(id, perstag), value)| FieldValue {
        id: FieldId(id),
        perstag: perstag.to_owned(),
        value,
    });
    let time = |text| Some(DateTime::parse_from_rfc3339(text).expect("it is one"));
    Contact {
        id: ContactId(id),
        email: format!("p{id}@example.com"),
        first_name: first_name.to_owned(),
        last_name: last_name.to_owned(),
        phone: format!("+55119{:08}", 10_000_000 + 7_919 * person),
        company: format!("Padaria {last_name} {person}"),
        tags: Vec::new(),
        fields: fields.collect(),
        created_at: time(CREATED),
        updated_at: time(UPDATED),
    }
}

/// Each person as an observation keeps it.
pub fn observed() -> Vec<String> {
    let kept = |contact| serde_json::to_string(&contact).expect("it is a value");
    people().map(kept).map(|text| free(&text)).collect()
}

/// Each person as a page has it: the contact, its custom values, its enrollment. The shapes are those
/// of recorded answers, with all that nobody reads.
pub fn on_the_wire() -> Vec<[String; 3]> {
    people().map(|it| [row(&it), values(&it), enrollment()]).collect()
}

/// An id that is nobody's: it becomes the `#`. A multiple of `PEOPLE`.
const NOBODY: i64 = 987_654_321_000;

fn people() -> impl Iterator<Item = Contact> {
    (0..PEOPLE).map(|person| contact(NOBODY + person)).map(|it| Contact {
        email: format!("p{NOBODY}@example.com"),
        id: ContactId(NOBODY),
        ..it
    })
}

fn free(text: &str) -> String {
    text.replace(&NOBODY.to_string(), "#")
}

/// A JSON string as PHP writes it.
fn text(value: &str) -> String {
    let mut text = String::from('"');
    for unit in value.encode_utf16() {
        match char::from_u32(unit.into()) {
            Some('/') => text.push_str("\\/"),
            Some(letter) if letter.is_ascii() => text.push(letter),
            _ => {
                let _ = write!(text, "\\u{unit:04x}");
            }
        }
    }
    text + "\""
}

const LINKS: [&str; 18] = [
    "bounceLogs",
    "contactAutomations?limit=2500&orders%5Blastdate%5D=DESC",
    "contactData",
    "contactGoals",
    "contactLists",
    "contactLogs",
    "contactTags",
    "contactDeals",
    "deals",
    "fieldValues",
    "geoIps",
    "notes",
    "organization",
    "plusAppend",
    "trackingLogs",
    "scoreValues",
    "accountContacts",
    "automationEntryCounts",
];

fn links(kind: &str, names: &[&str]) -> String {
    let link = |target: &&str| {
        let name = target.split('?').next().unwrap_or_default();
        format!(r#""{name}":"https:\/\/acme.example.com\/api\/3\/{kind}\/#\/{target}""#)
    };
    format!("{{{}}}", names.iter().map(link).collect::<Vec<_>>().join(","))
}

fn row(contact: &Contact) -> String {
    let Contact { first_name, last_name, phone, company, .. } = contact;
    let [first, last, phone, company] = [first_name, last_name, phone, company].map(|it| text(it));
    let links = links("contacts", &LINKS);
    format!(
        r##"{{"cdate":"{CREATED}","email":"p#@example.com","phone":{phone},"firstName":{first},"lastName":{last},"orgid":"0","orgname":{company},"segmentio_id":"","bounced_hard":"0","bounced_soft":"0","bounced_date":null,"ip":"0","ua":"","hash":"89bfb7644f9d37788a664359ce0eecde","socialdata_lastcheck":null,"email_local":"","email_domain":"example.com","sentcnt":"0","rating_tstamp":null,"gravatar":"0","deleted":"0","anonymized":"0","adate":null,"udate":"{UPDATED}","edate":null,"deleted_at":null,"created_utc_timestamp":"2026-01-12 09:15:02","updated_utc_timestamp":"2026-05-28 05:07:18","created_timestamp":"2026-01-12 09:15:02","updated_timestamp":"2026-05-28 05:07:18","created_by":"0","updated_by":"0","mpp_tracking":"0","last_click_date":null,"last_open_date":null,"last_mpp_open_date":null,"best_send_hour":"0","sms_consent":"0","sms_consent_updated_at":"0000-00-00 00:00:00","whatsapp_id":null,"whatsapp_username":null,"scoreValues":[],"accountContacts":[],"links":{links},"id":"#","organization":null}}"##
    )
}

fn values(contact: &Contact) -> String {
    let links = links("fieldValues", &["owner", "field"]);
    let value = |it: &FieldValue| {
        let (field, value) = (it.id.0, text(&it.value));
        format!(
            r##"{{"contact":"#","field":"{field}","value":{value},"cdate":"{UPDATED}","udate":"{UPDATED}","created_by":"0","updated_by":"0","links":{links},"id":"{field}#","owner":"#"}}"##
        )
    };
    contact.fields.iter().map(value).collect::<Vec<_>>().join(",")
}

fn enrollment() -> String {
    let names = ["automation", "contact", "contactGoals", "automationLogs"];
    let links = links("contactAutomations", &names);
    format!(
        r##"{{"contact":"#","seriesid":"{AUTOMATION}","startid":"0","status":"2","batchid":"completed","adddate":"2026-05-28T05:07:18-05:00","remdate":"2026-05-28T05:07:19-05:00","timespan":"1","lastblock":"5","lastlogid":"0","lastdate":"2026-05-28T05:07:19-05:00","in_als":"3","completedElements":3,"totalElements":3,"completed":1,"completeValue":100,"links":{links},"id":"#","automation":"{AUTOMATION}"}}"##
    )
}
