//! Answers of ActiveCampaign, to everything that is ever asked of it.

use std::{collections::BTreeSet, sync::Arc};

use ponte::{
    activecampaign::{Client, ContactFilter, Include, Wants},
    clock::Clock,
    domain::{AutomationId, ContactId, Lane},
    transport::Limiter,
};

use super::script::{self, Script};

const CONTACT: ContactId = ContactId(7);
const AUTOMATION: AutomationId = AutomationId(12);
const LANE: Lane = Lane::Fresh;

pub fn run(input: &[u8]) {
    script::run(async {
        let script = Script::new(input);
        let client = client(&script);
        one_contact(&client, &script).await;
        reference(&client, &script).await;
        contacts(&client, &script).await;
        enrollments(&client, &script).await;
    });
}

fn client(script: &Arc<Script>) -> Client {
    let (limiter, clock) = (Arc::new(Limiter::open()), Clock::system());
    let url = "https://acme.example.com";
    Client::new(url, "key".into(), script::TIMEOUT, script.wire(), limiter, clock)
        .expect("a good address")
}

async fn one_contact(client: &Client, script: &Script) {
    let wants = Wants { tags: true, company: true, automations: Some(AUTOMATION) };
    let contact = client.contact(CONTACT, wants, LANE).await;
    if let Some(Some(view)) = script.heard("a contact", contact) {
        assert_eq!(view.contact.id, CONTACT);
        assert!(view.enrollments.iter().all(|it| it.automation == AUTOMATION));
        // Whatever somebody calls himself, the log does not have it.
        assert!(view.contact.email.len() < 8 || !format!("{view:?}").contains(&view.contact.email));
    }
    script.heard("an address", client.contact_with("ana@example.com", LANE).await);
}

async fn reference(client: &Client, script: &Script) {
    script.heard("the key", client.verify(LANE).await);
    script.heard("the fields", client.fields(LANE).await);
    script.heard("an automation", client.automation(AUTOMATION, LANE).await);
    script.heard("the automations", client.automations(LANE).await);
    script.heard("the lists", client.lists(LANE).await);
    script.heard("the tags", client.tags(LANE).await);
}

async fn contacts(client: &Client, script: &Script) {
    let all = Include { fields: true, enrollments: true, lists: true, tags: true };
    let any = ContactFilter { include: all, ..ContactFilter::default() };
    let some = ContactFilter { tag: Some(3), list: Some(4), automation: Some(AUTOMATION), ..any };
    for filter in [any, some] {
        let mut pages = client.contacts(filter, ContactId(0), LANE);
        let mut last = ContactId(0);
        loop {
            let page = pages.next().await;
            let Some(Some(page)) = script.heard("a page of contacts", page) else { break };
            for row in &page.rows {
                assert!(row.contact.id > last, "contacts come twice");
                last = row.contact.id;
            }
            assert!(page.cursor >= last);
        }
    }
}

async fn enrollments(client: &Client, script: &Script) {
    let since = "2026-01-01T00:00:00Z".parse().expect("a time");
    for (since, offset) in [(None, 0), (Some(since), 250)] {
        let mut pages = client.enrollments(AUTOMATION, since, offset, LANE);
        let mut seen = BTreeSet::new();
        loop {
            let page = pages.next().await;
            let Some(Some(page)) = script.heard("a page of enrollments", page) else { break };
            for entry in page.entries {
                assert_eq!(entry.automation, AUTOMATION);
                assert!(seen.insert(entry.enrollment.id), "an enrollment comes twice");
            }
        }
    }
}
