//! `export`: everything that is held of a person, as one JSON document.

use serde_json::{Value, json};

use super::{Explain, locale::Locale};
use crate::{
    config::Config,
    ledger::person::export::{Change, Delivered, Exported, Observed},
};

/// The document of the contract, with all there is besides.
///
/// Values are as they were stored: the person is to see what is held, and not a description of it.
pub fn export(all: Exported, config: &Config) -> Value {
    let locale = Locale::of(config);
    let delivery = |it: &Delivered| {
        json!({
            "receipt": it.id.to_string(),
            "route": it.route,
            "received_at": locale.json(it.received_at),
            "peer": it.peer,
            "headers": serde_json::from_str::<Value>(&it.headers).unwrap_or_default(),
            "contact": it.contact,
            "fate": it.fate,
            "reason": it.reason,
            "body": it.body,
        })
    };
    let observation = |it: &Observed| {
        json!({
            "contact": it.contact,
            "route": it.route,
            "at": locale.json(it.at),
            "values": it.values,
        })
    };
    let change = |it: &Change| {
        json!({
            "seq": it.seq,
            "at": locale.json(it.at),
            "subject": it.subject,
            "id": it.id,
            "event": it.event,
        })
    };
    let mut leads: Vec<Value> = Vec::new();
    for story in all.stories {
        let told = Explain::new(story, config).json();
        for lead in told["leads"].as_array().into_iter().flatten() {
            if !leads.iter().any(|it| it["lead"] == lead["lead"]) {
                leads.push(lead.clone());
            }
        }
    }
    json!({
        "contact": all.contacts.last(),
        "contacts": all.contacts,
        "email": all.email,
        "deliveries": all.deliveries.iter().map(delivery).collect::<Value>(),
        "observations": all.observations.iter().map(observation).collect::<Value>(),
        "leads": leads,
        "history": all.history.iter().map(change).collect::<Value>(),
    })
}
