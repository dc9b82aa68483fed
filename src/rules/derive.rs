//! From a contact to the values of its records.

use std::borrow::Cow;

use minijinja::Value as Context;
use serde_json::Value;

use super::{
    Derived, Row, Rules, Values,
    source::{Names, Reader, says_nothing},
    target::{Record, Target},
    value::{self, Kind, Reading, items, joined},
};
use crate::{
    domain::{Contact, catalog::Slot},
    planner::OtherProperty,
};

/// The remark on a template that fails on the values of one contact.
const TEMPLATE_FAILED: &str = "cannot be made from this contact: the template fails";

/// The remark on several values for a field that takes one.
const SEVERAL: &str = "holds several values, and the field takes one";

impl Rules {
    /// The values of a contact's records; the same contact gives the same values.
    pub fn derive(&self, contact: &Contact, automation: &str) -> Derived {
        let names = Names::of(contact, &self.ignored);
        let context = self.templates.context(&names, automation);
        let mut draft =
            Draft { company_says_nothing: names.company_says_nothing, ..Draft::default() };
        for row in &self.rows {
            match self.read(&row.reader, &names, context.as_ref()) {
                Some(found) if self.is_no_company(row, &found) => {
                    draft.company_says_nothing = true;
                    draft.take(row, &[]);
                }
                Some(found) => draft.take(row, &found),
                None => draft.conclude(row, false, &[TEMPLATE_FAILED]),
            }
        }
        let note = self.note.as_ref().and_then(|reader| {
            let text = self.read(reader, &names, context.as_ref());
            if text.is_none() {
                draft.warnings.push(format!("note {TEMPLATE_FAILED}"));
            }
            text.map(|text| joined(&text).into_owned()).filter(|text| !text.is_empty())
        });
        self.finish(draft, &names, note)
    }

    /// The items of a source; `None` where a template fails.
    fn read<'a>(
        &self,
        reader: &Reader,
        names: &Names<'a>,
        context: Option<&Context>,
    ) -> Option<Vec<Cow<'a, str>>> {
        let Reader::Template(name) = reader else { return Some(names.read(reader)) };
        let text = self.templates.render(name, context?)?;
        Some(items(&text).into_iter().map(|item| Cow::Owned(item.to_owned())).collect())
    }

    /// Whether these are the name of a company that is none.
    fn is_no_company(&self, row: &Row, found: &[Cow<'_, str>]) -> bool {
        let is_name = matches!(&row.target, Target::Native { property, .. } if property == "Name");
        row.record == Record::Company
            && is_name
            && matches!(found, [name] if says_nothing(name, &self.ignored))
    }

    /// Gives each record what it cannot be without.
    fn finish(&self, mut draft: Draft, names: &Names<'_>, note: Option<String>) -> Derived {
        let behaviour = self.policy.behaviour;
        let name = draft.person.native.entry("Name".to_owned());
        let name = name.or_insert_with(|| names.stand_in().into());
        let title = match names.full_name.as_str() {
            "" => name.clone(),
            full_name => full_name.into(),
        };
        draft.deal.native.entry("Title".to_owned()).or_insert(title);

        let is_company = behaviour.has_company() && draft.company.native.contains_key("Name");
        let reason = if draft.company_says_nothing {
            "the contact's company name says nothing"
        } else {
            "the contact has no company name"
        };
        let is_missing = behaviour.has_company() && !is_company;
        Derived {
            person: draft.person,
            company: is_company.then_some(draft.company),
            no_company: is_missing.then(|| reason.to_owned()),
            deal: behaviour.has_deal().then_some(draft.deal),
            note,
            failure: (!draft.failures.is_empty()).then(|| draft.failures.join("; ")),
            warnings: draft.warnings,
        }
    }
}

/// What the rows have given so far.
#[derive(Default)]
struct Draft {
    person: Values,
    company: Values,
    deal: Values,
    company_says_nothing: bool,
    failures: Vec<String>,
    warnings: Vec<String>,
}

impl Draft {
    /// Writes what a source holds to the row's field.
    fn take(&mut self, row: &Row, found: &[Cow<'_, str>]) {
        let values = match row.record {
            Record::Company => &mut self.company,
            Record::Person => &mut self.person,
            Record::Deal => &mut self.deal,
        };
        let mut remarks = Vec::new();
        let written = match &row.target {
            Target::Phones => phones(values, found, &mut remarks),
            Target::Native { property, kind } => {
                let value = one(kind, found, &mut remarks);
                value.map(|value| values.native.insert(property.clone(), value)).is_some()
            }
            Target::Custom { key, slot, multiple, kind } => {
                let read: Vec<Value> = if *multiple {
                    let read = |item: &Cow<'_, str>| keep(kind.read(item), &mut remarks);
                    found.iter().filter_map(read).collect()
                } else {
                    one(kind, found, &mut remarks).into_iter().collect()
                };
                other(values, key, *slot, read)
            }
        };
        self.conclude(row, written, &remarks);
    }

    /// Keeps what is to be said of a row: a failure where it is required and nothing was written.
    fn conclude(&mut self, row: &Row, written: bool, remarks: &[&'static str]) {
        if row.required && !written {
            let remark = remarks.first().unwrap_or(&"is empty");
            self.failures.push(format!("{} {remark}", row.label));
            return;
        }
        for remark in remarks {
            self.warnings.push(if row.label == row.to {
                format!("{} {remark}", row.to)
            } else {
                format!("{}: {} {remark}", row.to, row.label)
            });
        }
    }
}

/// The one value of a field; several are one text where the field takes text.
fn one(kind: &Kind, found: &[Cow<'_, str>], remarks: &mut Vec<&'static str>) -> Option<Value> {
    match found {
        [] => None,
        [item] => keep(kind.read(item), remarks),
        items if kind.is_text() => keep(kind.read(&joined(items)), remarks),
        _ => {
            remarks.push(SEVERAL);
            None
        }
    }
}

/// The value of a reading; its remark is kept once.
fn keep(reading: Reading, remarks: &mut Vec<&'static str>) -> Option<Value> {
    if let Some(remark) = reading.remark.filter(|it| !remarks.contains(it)) {
        remarks.push(remark);
    }
    reading.value
}

fn phones(values: &mut Values, found: &[Cow<'_, str>], remarks: &mut Vec<&'static str>) -> bool {
    for text in found {
        let (phone, remark) = value::phone(text);
        if !values.phones.contains(&phone) {
            values.phones.push(phone);
        }
        if let Some(remark) = remark.filter(|it| !remarks.contains(it)) {
            remarks.push(remark);
        }
    }
    !found.is_empty()
}

fn other(values: &mut Values, key: &str, slot: Slot, read: Vec<Value>) -> bool {
    if read.is_empty() {
        return false;
    }
    let items = values.other.entry(key.to_owned()).or_default();
    for value in read {
        let item = OtherProperty { key: key.to_owned(), slot: slot.key().to_owned(), value };
        if !items.contains(&item) {
            items.push(item);
        }
    }
    true
}

#[cfg(test)]
mod tests;
