//! Companies and persons: phones, tags, and what is derived.

use serde_json::{Value, json};

use super::{Account, Author, incoming, invalid, objects};
use crate::simulator::ploomes::{
    incoming::Incoming, refusal::Refusal, schema::Table, standard, switches::Unknown,
    values::Values,
};

/// What a company or person holds before anything is said about it.
pub(super) fn defaults() -> [(&'static str, Value); 7] {
    [
        // Not known of the real service, so whoever leaves it out gets what is least wanted.
        ("TypeId", json!(1)),
        ("StatusId", json!(standard::CONTACT_STATUS)),
        ("ClassId", json!(0)),
        ("TasksOrdination", json!(2)),
        ("Editable", json!(true)),
        ("Deletable", json!(true)),
        ("HasScheduledTasks", json!(false)),
    ]
}

impl Account {
    /// Refuses a link to something that is no company.
    pub(super) fn belongs(&self, incoming: &Incoming<'_>) -> Result<(), Refusal> {
        let company = incoming.values.get("CompanyId").and_then(Value::as_i64);
        let company = company.and_then(|id| self.store.latest(Table::Contacts, id));
        if company.is_some_and(|it| it.id_of("TypeId") != Some(1)) {
            return Err(invalid("CompanyId", "it is no company"));
        }
        Ok(())
    }

    /// The phones of a contact, all of them.
    pub(super) fn phones(&mut self, contact: i64, value: &Value) -> Result<Vec<Values>, Refusal> {
        let mut phones = Vec::new();
        for item in objects("Phones", value)? {
            let incoming = self.part(Table::Phones, item)?;
            let mut phone = incoming.values;
            let digits: String = match phone.get("PhoneNumber") {
                Some(Value::String(text)) => text.chars().filter(char::is_ascii_digit).collect(),
                _ => String::new(),
            };
            if let Ok(digits) = digits.parse::<i64>() {
                phone.insert("SearchPhoneNumber", json!(digits));
            }
            phone.insert("Id", json!(self.store.next_id(Table::Phones)));
            phone.insert("ContactId", json!(contact));
            phone.drop_nulls();
            phones.push(phone);
        }
        Ok(phones)
    }

    /// The tags of a record, all of them.
    pub(super) fn tag_links(
        &mut self,
        table: Table,
        owner: i64,
        value: &Value,
    ) -> Result<Vec<Values>, Refusal> {
        let (entity, by) = match table {
            Table::Contacts => (1, "ContactId"),
            Table::Deals => (2, "DealId"),
            _ => (36, "InteractionRecordId"),
        };
        let mut links = Vec::new();
        for item in objects("Tags", value)? {
            let incoming = self.part(Table::TagLinks, item)?;
            let tag = incoming.values.get("TagId").and_then(Value::as_i64).unwrap_or_default();
            let tagged = self.store.latest(Table::Tags, tag).and_then(|it| it.id_of("EntityId"));
            if tagged != Some(entity) {
                return Err(invalid("Tags", "the tag belongs to another entity"));
            }
            let id = self.store.next_id(Table::TagLinks);
            links.push(Values::from([
                ("Id", json!(id)),
                ("TagId", json!(tag)),
                (by, json!(owner)),
            ]));
        }
        Ok(links)
    }

    /// One item of a part, checked.
    pub(super) fn part<'b>(
        &self,
        table: Table,
        item: &'b serde_json::Map<String, Value>,
    ) -> Result<Incoming<'b>, Refusal> {
        let incoming = incoming(table, item, Unknown::Refused)?;
        incoming.require(table, true)?;
        incoming.refer(table, &self.store)?;
        Ok(incoming)
    }

    /// Deals show the names of their contacts.
    pub(super) fn rename_on_deals(&mut self, contact: i64, author: Author) {
        let id = json!(contact);
        let name = self.store.latest(Table::Contacts, contact);
        let name = name.and_then(|it| it.values.get("Name").cloned()).unwrap_or_default();
        for (by, shown) in [("ContactId", "ContactName"), ("PersonId", "PersonName")] {
            let deals = self.store.holders(Table::Deals, by, &id).unwrap_or_default().to_vec();
            for deal in deals {
                let Some(record) = self.store.latest(Table::Deals, deal) else { continue };
                if record.id_of(by) != Some(contact) {
                    continue;
                }
                let mut record = record.clone();
                record.set(shown, name.clone());
                self.store.put(Table::Deals, deal, record, author.moment(), false);
            }
        }
    }
}
