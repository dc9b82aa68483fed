//! The body of a webhook: whatever a stranger posts, it points at a contact or says why not.

use ponte::activecampaign::webhook;

pub fn run(body: &[u8]) {
    let Ok(hint) = webhook::parse(body) else { return };
    assert!(hint.contact.0 > 0 && hint.automation.is_none_or(|it| it.0 > 0));
    if let Some(event) = hint.event {
        // It is logged as it is.
        assert!(event.len() <= 40 && event.bytes().all(|it| it.is_ascii_lowercase() || it == b'_'));
    }
}
