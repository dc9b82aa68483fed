//! Bodies of webhooks, as PHP's `http_build_query` writes them.

use std::fmt::Write as _;

use super::{
    model::{Contact, Model},
    time::Second,
};

/// A form that is being written.
#[derive(Default)]
struct Form(String);

impl Form {
    fn pair(&mut self, key: &str, value: &str) {
        if !self.0.is_empty() {
            self.0.push('&');
        }
        encode(&mut self.0, key);
        self.0.push('=');
        encode(&mut self.0, value);
    }

    fn contact(&mut self, key: &str, value: &str) {
        self.pair(&format!("contact[{key}]"), value);
    }
}

/// Letters, digits, `-`, `_` and `.` stay; a space is `+`.
fn encode(out: &mut String, text: &str) {
    for byte in text.bytes() {
        match byte {
            b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'-' | b'_' | b'.' => out.push(byte.into()),
            b' ' => out.push('+'),
            other => write!(out, "%{other:02X}").expect("a String takes everything"),
        }
    }
}

impl Model {
    /// The body of an automation's Webhook step, as the contact is now.
    pub(super) fn automation_body(&self, contact: &Contact, automation: i64) -> String {
        let luck = self.switches.webhooks;
        let mut form = Form::default();
        form.contact("id", &contact.id.to_string());
        form.contact("email", &contact.email);
        form.contact("first_name", &contact.first_name);
        form.contact("last_name", &contact.last_name);
        form.contact("phone", &contact.phone);
        form.contact("orgname", self.company_of(contact));
        if !luck.older_body {
            form.contact("customer_acct_name", self.account_name(contact).unwrap_or_default());
            form.contact("tags", &self.tag_names(contact));
        }
        form.contact("ip4", &address(contact.id));
        for (_, perstag, value) in self.body_fields(contact) {
            form.contact(&format!("fields][{}", perstag.to_lowercase()), value);
        }
        form.pair("seriesid", &automation.to_string());
        form.0
    }

    /// The body of a global webhook for `event`; `extra` are the event's own pairs.
    pub(super) fn global_body(
        &self,
        event: &str,
        contact: &Contact,
        extra: &[(&str, &str)],
        initiated_from: &str,
        now: Second,
    ) -> String {
        let list = extra.iter().find(|(key, _)| *key == "list").map_or("0", |(_, id)| id);
        let account = contact.link.as_ref().map_or(0, |it| it.account).to_string();
        let account_name = self.account_name(contact).unwrap_or_default();
        let mut form = Form::default();
        form.pair("type", event);
        form.pair("date_time", &now.iso());
        form.pair("initiated_from", initiated_from);
        form.pair("initiated_by", initiated_from);
        form.pair("list", list);
        form.contact("id", &contact.id.to_string());
        form.contact("email", &contact.email);
        form.contact("first_name", &contact.first_name);
        form.contact("last_name", &contact.last_name);
        form.contact("phone", &contact.phone);
        form.contact("ip", &address(contact.id));
        form.contact("tags", &self.tag_names(contact));
        form.contact("orgname", self.company_of(contact));
        form.contact("customer_acct_name", account_name);
        for (field, _, value) in self.body_fields(contact) {
            form.contact(&format!("fields][{field}"), value);
        }
        form.pair("customer_acct_name", account_name);
        form.pair("customer_acct_id", &account);
        form.pair("orgname", self.company_of(contact));
        form.pair("account_id", &account);
        for (key, value) in extra.iter().filter(|(key, _)| *key != "list") {
            form.pair(key, value);
        }
        form.0
    }

    /// Id, personalisation tag and value of each custom field that is in a body.
    fn body_fields<'a>(&'a self, contact: &'a Contact) -> Vec<(i64, &'a str, &'a str)> {
        let empty = self.switches.webhooks.empty_fields;
        let fields = self.fields.rows().iter().filter_map(|field| {
            let row = contact.values.iter().find(|it| it.field == field.id);
            let value = row.map(|it| it.text.as_ref()).or(empty.then_some(""))?;
            Some((field.id, field.perstag.as_str(), value))
        });
        fields.collect()
    }

    /// All tags in one text; one that holds a comma cannot be told from two.
    fn tag_names(&self, contact: &Contact) -> String {
        let names = contact.tags.iter().filter_map(|it| self.tags.get(it.tag));
        names.map(|it| it.name.as_str()).collect::<Vec<_>>().join(", ")
    }

    pub(super) fn account_name(&self, contact: &Contact) -> Option<&str> {
        let link = contact.link.as_ref()?;
        self.accounts.get(link.account).map(|it| it.name.as_str())
    }

    /// `orgname`; the account's name where there is an account.
    fn company_of<'a>(&'a self, contact: &'a Contact) -> &'a str {
        self.account_name(contact).unwrap_or(&contact.orgname)
    }
}

/// An address out of those that documentation may use.
fn address(contact: i64) -> String {
    format!("203.0.113.{}", contact % 254 + 1)
}
