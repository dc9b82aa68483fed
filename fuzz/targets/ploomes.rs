//! Answers of Ploomes: envelopes, refusals, records; to everything that is ever asked of it.

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use ponte::{
    clock::Clock,
    domain::{Lane, RecordId},
    planner::Search,
    ploomes::{Reader, Writer, sender},
    transport::{Limiter, Sender},
};
use serde_json::Map;

use super::script::{self, Script};

const IDS: [RecordId; 2] = [RecordId(7), RecordId(8)];
const ME: RecordId = RecordId(11);
const KEY: Option<&str> = Some("deal_lead_key");
const LANE: Lane = Lane::Fresh;

pub fn run(input: &[u8]) {
    script::run(async {
        let script = Script::new(input);
        let reader = Reader::new(way(&script));
        records(&reader, &script).await;
        search(&reader, &script).await;
        changes(&reader, &script).await;
        reference(&reader, &script).await;
        writes(&Writer::new(way(&script)), &script).await;
    });
}

fn way(script: &Arc<Script>) -> Sender {
    let (limiter, clock) = (Arc::new(Limiter::open()), Clock::system());
    sender("https://api2.ploomes.com", "key".into(), script::TIMEOUT, script.wire(), limiter, clock)
        .expect("a good address")
}

fn since() -> DateTime<Utc> {
    "2026-01-01T00:00:00Z".parse().expect("a time")
}

async fn records(reader: &Reader, script: &Script) {
    if let Some(contacts) = script.heard("contacts", reader.contacts(&IDS, LANE).await) {
        assert!(contacts.iter().all(|it| IDS.contains(&it.id)));
    }
    if let Some(deals) = script.heard("deals", reader.deals(&IDS, KEY, LANE).await) {
        assert!(deals.iter().all(|it| IDS.contains(&it.record.id)));
    }
    if let Some(there) = script.heard("standing", reader.standing_contacts(&IDS, LANE).await) {
        assert!(there.iter().all(|it| IDS.contains(&it.id)));
    }
    if let Some(there) = script.heard("standing", reader.standing_deals(&IDS, KEY, LANE).await) {
        assert!(there.iter().all(|it| IDS.contains(&it.record.id)));
    }
    if let Some(deals) = script.heard("deals of", reader.deals_of(&IDS, Some(ME), KEY, LANE).await)
    {
        assert!(deals.iter().all(|it| it.open || it.creator == Some(ME)));
    }
}

async fn search(reader: &Reader, script: &Script) {
    let search = Search {
        ids: IDS.to_vec(),
        email: Some("ana@example.com".to_owned()),
        cpf: vec!["11144477735".to_owned()],
        phones: vec![5_511_900_000_000],
        cnpj: vec!["11222333000181".to_owned()],
        company: Some("Padaria".to_owned()),
        person_name: Some("Ana".to_owned()),
    };
    let controls = [RecordId(5)];
    let found = reader.find(&search, &controls, Some(ME), KEY, LANE).await;
    let Some(found) = script.heard("a search", found) else { return };
    assert!(found.deals.iter().all(|it| it.open || it.creator == Some(ME)));
}

async fn changes(reader: &Reader, script: &Script) {
    script.heard("the newest", reader.newest_contact(LANE).await);
    script.heard("the account", reader.account(LANE).await);
    script.heard("deleted", reader.deleted_deals_since(since(), LANE).await);
    script.heard("changed", reader.contacts_changed_since(since(), 500, LANE).await);
    script.heard("changed", reader.deals_changed_since(since(), KEY, 500, LANE).await);
    script.heard("made", reader.contacts_made_since(ME, since(), 500, LANE).await);
    script.heard("made", reader.deals_made_since(ME, since(), 500, LANE).await);
    let created = reader.deals_created_since(ME, since(), KEY, LANE).await;
    if let Some(created) = script.heard("created", created) {
        assert!(created.iter().all(|it| it.creator == Some(ME)));
    }
}

async fn reference(reader: &Reader, script: &Script) {
    script.heard("the catalog", reader.catalog(LANE).await);
    script.heard("the types", reader.text_type(LANE).await);
}

async fn writes(writer: &Writer, script: &Script) {
    let body = Map::new();
    let turn = writer.turn(LANE).await.expect("nobody closes the limiter");
    let created = writer.create_deal(&body, turn).await;
    if let Some(written) = script.heard("a create", created) {
        assert!(written.id.is_some_and(|id| id.0 > 0) && written.body.len() <= 64 * 1_024);
    }
    let turn = writer.turn(LANE).await.expect("nobody closes the limiter");
    let updated = writer.update_contact(ME, &body, turn).await;
    if let Some(written) = script.heard("an update", updated) {
        assert_eq!(written.id, Some(ME));
    }
    assert!(writer_waits_for_nobody(writer).await < Duration::from_hours(25));
}

/// How long the next turn takes: an answer must not park the work for good.
async fn writer_waits_for_nobody(writer: &Writer) -> Duration {
    let begun = tokio::time::Instant::now();
    drop(writer.turn(LANE).await);
    begun.elapsed()
}
