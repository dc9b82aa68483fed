//! The bodies of webhooks.
//!
//! A body is read as flat pairs: a parser that builds arrays of bracketed keys loses the ids of custom
//! fields, and can be made to work hard by whoever knows the address. Only three keys are looked at,
//! wherever they stand, and the first of each counts. Time and memory are linear in the body's length.

use std::borrow::Cow;

use crate::domain::{AutomationId, ContactId};

/// What a delivery points at; its body decides nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hint {
    /// `contact[id]`.
    pub contact: ContactId,
    /// `seriesid`, where the body has one.
    pub automation: Option<AutomationId>,
    /// Which of the two kinds of webhook sent it.
    pub kind: HintKind,
    /// `type` of a global webhook, such as `subscribe`; only ever a short lower-case word.
    pub event: Option<String>,
}

/// Which kind of webhook sent a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HintKind {
    /// The Webhook action of an automation: no `type`.
    Automation,
    /// A global webhook: it has a `type`.
    Global,
}

/// Why a body points at no contact; the words are kept as the reason of a quarantined delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    /// The body is empty.
    #[error("the body is empty")]
    Empty,
    /// The body is JSON.
    #[error("the body is JSON, not a form")]
    Json,
    /// There is no `contact[id]`.
    #[error("no contact[id]")]
    NoContact,
    /// `contact[id]` is no positive number.
    #[error("contact[id] is no positive number")]
    BadContact,
}

/// The longest `type` that is kept; the longest one known, `account_contact_update`, has 22 letters.
const EVENT_BYTES_MAX: usize = 40;

/// Reads the body of a delivery.
pub fn parse(body: &[u8]) -> Result<Hint, Unusable> {
    let body = body.trim_ascii();
    if body.is_empty() {
        return Err(Unusable::Empty);
    }
    let (mut contact, mut series, mut event) = (None, None, None);
    for (key, value) in form_urlencoded::parse(body) {
        let slot = match &*key {
            "contact[id]" => &mut contact,
            "seriesid" => &mut series,
            "type" => &mut event,
            _ => continue,
        };
        slot.get_or_insert(value);
    }
    let Some(contact) = contact else {
        let json = body.starts_with(b"{") || body.starts_with(b"[");
        return Err(if json { Unusable::Json } else { Unusable::NoContact });
    };
    Ok(Hint {
        contact: id(&contact).map(ContactId).ok_or(Unusable::BadContact)?,
        automation: series.and_then(|series| id(&series)).map(AutomationId),
        kind: if event.is_some() { HintKind::Global } else { HintKind::Automation },
        event: event.and_then(word),
    })
}

fn id(text: &str) -> Option<i64> {
    let text = text.trim();
    // No sign: `parse` alone would take one.
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|&id| digits && id > 0)
}

/// `text`, where it is a word that may be shown and logged as it is.
fn word(text: Cow<str>) -> Option<String> {
    let letters = text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    (letters && (1..=EVENT_BYTES_MAX).contains(&text.len())).then(|| text.into_owned())
}

#[cfg(test)]
mod tests;
