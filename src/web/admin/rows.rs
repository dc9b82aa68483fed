//! A lead as tables show it, all of it text by then.

use chrono::{DateTime, Utc};

use super::Settings;
use crate::{
    domain::{LeadState, RecordId},
    ledger::drift::Entity,
    web::overview::LeadRow,
};

/// One lead.
pub(super) struct Row {
    pub(super) key: String,
    pub(super) contact: i64,
    pub(super) state: &'static str,
    pub(super) state_class: &'static str,
    pub(super) reason: String,
    pub(super) found_by: &'static str,
    pub(super) records: Vec<Record>,
    pub(super) moment: String,
    pub(super) ago: String,
    /// What its box says where it can be chosen; empty elsewhere.
    pub(super) choose: String,
}

/// A record in Ploomes.
pub(super) struct Record {
    pub(super) name: &'static str,
    pub(super) id: i64,
    /// Empty where the configuration has no `app_url`.
    pub(super) url: String,
}

/// A moment as people read it, in the configured zone.
pub(super) fn moment(settings: &Settings, at: DateTime<Utc>) -> String {
    at.with_timezone(&settings.timezone).format(settings.text.moment).to_string()
}

pub(super) fn row(settings: &Settings, lead: &LeadRow, now: DateTime<Utc>) -> Row {
    let text = settings.text;
    let [company, person, deal] = text.records;
    let records = [
        (company, Entity::Contact, lead.company),
        (person, Entity::Contact, lead.person),
        (deal, Entity::Deal, lead.deal),
    ];
    Row {
        key: lead.key.clone(),
        contact: lead.contact.0,
        state: (text.state)(lead.state),
        state_class: class(lead.state),
        reason: text.told(lead.reason.as_deref().unwrap_or_default()),
        found_by: (text.found_by)(lead.found_by),
        records: records
            .into_iter()
            .filter_map(|(name, entity, id)| Some(record(settings, name, entity, id?)))
            .collect(),
        moment: moment(settings, lead.updated_at),
        ago: (text.ago)(now - lead.updated_at),
        choose: String::new(),
    }
}

/// A record's name, and its address in Ploomes' own page.
pub(super) fn record(
    settings: &Settings,
    name: &'static str,
    entity: Entity,
    id: RecordId,
) -> Record {
    let url = settings.app_url.as_ref().map(|base| {
        let base = base.trim_end_matches('/');
        format!("{base}/{}/{id}", entity.as_str())
    });
    Record { name, id: id.0, url: url.unwrap_or_default() }
}

/// The style's name for where a lead stands.
pub(super) const fn class(state: LeadState) -> &'static str {
    match state {
        LeadState::Done => "good",
        LeadState::Skipped => "fair",
        LeadState::Pending => "wait",
        LeadState::InDoubt => "doubt",
        LeadState::Failed => "bad",
        LeadState::Erased => "mute",
    }
}
