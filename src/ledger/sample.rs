//! Made-up ledgers for tests: a small one in which everything happens once, and a large one.

pub(crate) mod reconciled;

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::Connection;
use serde_json::{Map, Value, json};

use super::{
    Ledger, LedgerError, PayloadKind, Subject, Tx, action, inbox, intake,
    journal::{self, Answer, Sending, StepId},
    lead::{self, NewLead, Standing},
    open::{Opener, Options},
    route::{self, KeyKind, Route},
    sql,
    step::StepEvent,
    work,
};
use crate::{
    clock::Clock,
    domain::{
        ContactId, DeliveryId, EnrollmentId, Fate, FoundBy, Lane, LeadId, LeadState, RecordId,
    },
    planner::StepKind,
};

/// Tuesday, 9 June 2026, 12:00 UTC, and some seconds.
pub(crate) fn at(second: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_781_006_400 + second, 0).expect("in range")
}

/// When the small ledger is looked at.
pub(crate) fn now() -> DateTime<Utc> {
    at(600)
}

/// A ledger in which each thing that can happen has happened: the same one each time.
pub(crate) async fn small() -> Ledger {
    let ledger = Options::memory(7, Clock::system()).open(Opener::Command).expect("memory opens");
    ledger
        .write(|tx| {
            let site = route::register(tx, "site", KeyKind::Enrollment, at(0))?;
            let shop = route::register(tx, "shop", KeyKind::Contact, at(0))?;
            maria_is_done(tx, &site)?;
            joao_was_missed(tx, &site)?;
            ana_failed(tx, &site)?;
            rui_is_in_doubt(tx, &site)?;
            lia_waits(tx, &shop)?;
            others(tx, &site)?;
            runs(tx, &site)?;
            route::set_paused(tx, Some(&shop.name), true).map(drop)
        })
        .await
        .expect("it is written");
    ledger
}

/// A connection to a copy of the ledger, with which anybody may do anything.
pub(crate) async fn raw(ledger: &Ledger) -> Connection {
    ledger
        .read(|conn| {
            let mut copy = Connection::open_in_memory()?;
            rusqlite::backup::Backup::new(conn, &mut copy)?.run_to_completion(
                1_000,
                std::time::Duration::ZERO,
                None,
            )?;
            copy.pragma_update(None, "foreign_keys", false)?;
            copy.pragma_update(None, "ignore_check_constraints", true)?;
            Ok(copy)
        })
        .await
        .expect("memory can be copied")
}

/// A ledger of `count` leads, each with its delivery and its person's step, and none of it proved:
/// one in a hundred was missed, and the last hundred wait.
pub(crate) async fn large(count: i64) -> Ledger {
    let ledger = Options::memory(7, Clock::system()).open(Opener::Command).expect("memory opens");
    ledger
        .write(move |tx| {
            route::register(tx, "site", KeyKind::Enrollment, at(0))?;
            tx.execute("PRAGMA defer_foreign_keys = true", [])?;
            tx.execute(
                "CREATE TEMP TABLE n AS
                 WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)
                 SELECT i FROM n WHERE i <= ?1",
                [count],
            )?;
            for sql in LARGE {
                tx.execute(sql, [count])?;
            }
            Ok(())
        })
        .await
        .expect("it is written");
    ledger
}

/// `?1` is how many.
const LARGE: [&str; 5] = [
    "INSERT INTO lead (id, key, route_id, contact, enrollment, turn, backfill, found_by, found_at,
                       state, updated_at)
     SELECT i, 'site/' || i, 1, i, i, i, 0,
            CASE WHEN i % 100 = 0 THEN 'reconcile' ELSE 'webhook' END, i,
            CASE WHEN i > ?1 - 100 THEN 'pending' WHEN i % 1000 = 7 THEN 'failed' ELSE 'done' END, i
     FROM n",
    "INSERT INTO payload (id, kind, at, hash)
     SELECT i, 'delivery', i, zeroblob(32) FROM n WHERE ?1 > 0",
    "INSERT INTO delivery (id, route_id, received_at, peer, headers, payload_id, fate, contact,
                           lead_id)
     SELECT i, 1, i, '127.0.0.1', '{}', i, 'applied', i, i FROM n WHERE ?1 > 0",
    "INSERT INTO step (lead_id, kind, action, reason, state, record, sent_at)
     SELECT i, 'person', 'create', 'nobody has this e-mail', 'done', i, i FROM n WHERE ?1 > 0",
    "INSERT INTO work (lead_id, route_id, lane, due_at)
     SELECT i, 1, 0, i FROM n WHERE i > ?1 - 100",
];

/// How much work `SQLite` has with `ask`, in tens of its machine's instructions: what time depends
/// on, and the same on every machine.
pub(crate) fn cost<T>(
    conn: &mut Connection,
    ask: impl FnOnce(&Connection) -> Result<T, LedgerError>,
) -> u32 {
    let passed = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&passed);
    let tick = move || {
        count.fetch_add(1, Ordering::Relaxed);
        false
    };
    conn.progress_handler(10, Some(tick)).expect("a connection has a handler");
    ask(conn).expect("it is answered");
    conn.progress_handler(0, None::<fn() -> bool>).expect("a connection has a handler");
    passed.load(Ordering::Relaxed)
}

/// Fails where a statement walks one of the tables that grow with every lead, or sorts.
#[track_caller]
pub(crate) fn assert_is_short(conn: &Connection, sql: &str) {
    let grows = ["delivery", "lead", "step", "payload", "history", "observation", "run"];
    let mut statement = conn.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).expect("it is SQL");
    let arguments = vec![rusqlite::types::Value::Null; statement.parameter_count()];
    let plan: Vec<String> = statement
        .query_map(rusqlite::params_from_iter(arguments), |row| row.get("detail"))
        .and_then(Iterator::collect)
        .expect("it can be explained");
    for line in plan {
        let table = line.strip_prefix("SCAN ").and_then(|it| it.split(' ').next());
        let walks = table.is_some_and(|it| grows.contains(&it)) && !line.contains("USING");
        assert!(!walks && !line.contains("TEMP B-TREE"), "{line}\n{sql}");
    }
}

fn deliver(
    tx: &Tx<'_>,
    route: &Route,
    contact: i64,
    second: i64,
) -> Result<DeliveryId, LedgerError> {
    let new = super::delivery::NewDelivery {
        route: route.id,
        received_at: at(second),
        peer: "192.0.2.7".to_owned(),
        headers: r#"{"content-type":"application/x-www-form-urlencoded"}"#.to_owned(),
        body: format!("contact[id]={contact}&seriesid=12").into(),
    };
    let id = super::delivery::accept(tx, &new)?;
    intake::name_contact(tx, id, ContactId(contact), at(second + 1))?;
    Ok(id)
}

fn find(
    tx: &Tx<'_>,
    route: &Route,
    contact: i64,
    found_by: FoundBy,
    second: i64,
) -> Result<LeadId, LedgerError> {
    let by_enrollment = route.key_kind == KeyKind::Enrollment;
    let new = NewLead {
        route: route.id,
        route_name: &route.name,
        contact: ContactId(contact),
        enrollment: by_enrollment.then_some(EnrollmentId(50 + contact)),
        entered_at: Some(at(second - 20)),
        backfill: false,
        found_by,
    };
    lead::find(tx, &new, at(second))
}

fn observe(tx: &Tx<'_>, route: &Route, contact: i64, email: &str) -> Result<(), LedgerError> {
    let body = json!({ "id": contact, "email": email }).to_string();
    let payload = tx.put_payload(PayloadKind::Observation, at(contact), body.as_bytes())?;
    sql::execute(
        tx,
        "INSERT INTO observation (route_id, contact, at, fingerprint, payload_id)
         VALUES (?1, ?2, ?3, ?4, ?5)",
        (route.id, contact, sql::Millis(at(contact)), [0_u8; 32], payload),
    )
    .map(drop)
}

fn send(
    tx: &Tx<'_>,
    lead: LeadId,
    kind: StepKind,
    (reason, request): (&str, &Value),
    second: i64,
) -> Result<StepId, LedgerError> {
    let request: &Map<String, Value> = request.as_object().expect("a request is an object");
    let keys = BTreeSet::new();
    let fields: Vec<String> = request.keys().cloned().collect();
    let sending =
        Sending { lead, kind, record: None, reason, request, fields: &fields, keys: &keys };
    journal::send(tx, &sending, at(second))
}

/// A step that was answered with an id, and the lead that holds the record.
fn make(
    tx: &Tx<'_>,
    lead: LeadId,
    kind: StepKind,
    what: (&str, &Value),
    (record, second): (i64, i64),
) -> Result<(), LedgerError> {
    let step = send(tx, lead, kind, what, second)?;
    let body = json!({ "value": [{ "Id": record }] }).to_string();
    let answer = Answer { status: Some(201), body: Some(body.as_bytes()) };
    let record = Some(RecordId(record));
    journal::advance(tx, step, StepEvent::Succeed, record, answer, at(second + 1))?;
    lead::hold(tx, lead, kind, record, at(second + 1))
}

/// Maria's webhook came twice; her person and deal were made.
fn maria_is_done(tx: &Tx<'_>, site: &Route) -> Result<(), LedgerError> {
    let first = deliver(tx, site, 1, 10)?;
    let second = deliver(tx, site, 1, 12)?;
    observe(tx, site, 1, "maria@example.org")?;
    observe(tx, site, 1, "maria@example.com")?;
    let lead = find(tx, site, 1, FoundBy::Webhook, 14)?;
    intake::decide(tx, first, Fate::Applied, Some(lead), None, at(14))?;
    let reason = Some("AC delivered twice");
    intake::decide(tx, second, Fate::Merged, Some(lead), reason, at(14))?;
    let reason = "the contact has no company";
    journal::decide(tx, lead, StepKind::Company, None, reason, at(15))?;
    let person = json!({ "Name": "Maria Lima", "Email": "maria@example.com" });
    make(tx, lead, StepKind::Person, ("nobody has this e-mail", &person), (9001, 16))?;
    let deal = json!({ "Title": "Maria Lima", "ContactId": 9001 });
    make(tx, lead, StepKind::Deal, ("the person has no open deal", &deal), (7001, 18))?;
    let standing =
        Standing { warnings: Some("field.UF: \"XX\" is no option"), ..Standing::default() };
    lead::set_state(tx, lead, LeadState::Done, &standing, at(20))
}

/// João's webhook never came, a reconciliation found him, and then it did.
fn joao_was_missed(tx: &Tx<'_>, site: &Route) -> Result<(), LedgerError> {
    observe(tx, site, 2, "joao@example.com")?;
    let lead = find(tx, site, 2, FoundBy::Reconcile, 30)?;
    let reason = "the person of this e-mail";
    journal::decide(tx, lead, StepKind::Person, Some(RecordId(9002)), reason, at(31))?;
    lead::hold(tx, lead, StepKind::Person, Some(RecordId(9002)), at(31))?;
    let standing = Standing { review: Some("two persons have this e-mail"), ..Standing::default() };
    lead::set_state(tx, lead, LeadState::Done, &standing, at(32))?;
    let delivery = deliver(tx, site, 2, 40)?;
    intake::decide(tx, delivery, Fate::Merged, Some(lead), Some("the webhook came late"), at(41))
}

/// Ploomes rejected Ana's deal.
fn ana_failed(tx: &Tx<'_>, site: &Route) -> Result<(), LedgerError> {
    let delivery = deliver(tx, site, 3, 50)?;
    observe(tx, site, 3, "ana@example.com")?;
    let lead = find(tx, site, 3, FoundBy::Webhook, 52)?;
    intake::decide(tx, delivery, Fate::Applied, Some(lead), None, at(52))?;
    let person = json!({ "Name": "Ana Souza", "Email": "ana@example.com" });
    make(tx, lead, StepKind::Person, ("nobody has this e-mail", &person), (9003, 54))?;
    let deal = json!({ "Title": "Ana Souza", "ContactId": 9003, "OriginId": 1 });
    let reason = "the person has no open deal";
    let step = send(tx, lead, StepKind::Deal, (reason, &deal), 56)?;
    let answer = Answer { status: Some(400), body: Some(b"OriginId 1 does not exist.") };
    journal::advance(tx, step, StepEvent::Refuse, None, answer, at(57))?;
    let standing =
        Standing { reason: Some("Ploomes: OriginId 1 does not exist."), ..Standing::default() };
    lead::set_state(tx, lead, LeadState::Failed, &standing, at(58))
}

/// Whether Rui's person was made is not known.
fn rui_is_in_doubt(tx: &Tx<'_>, site: &Route) -> Result<(), LedgerError> {
    let delivery = deliver(tx, site, 4, 60)?;
    let lead = find(tx, site, 4, FoundBy::Webhook, 62)?;
    intake::decide(tx, delivery, Fate::Applied, Some(lead), None, at(62))?;
    let person = json!({ "Name": "Rui Prado" });
    let what = ("nobody has this e-mail", &person);
    let step = send(tx, lead, StepKind::Person, what, 64)?;
    journal::advance(tx, step, StepEvent::Doubt, None, Answer::default(), at(94))?;
    journal::looked(tx, step, at(124))?;
    let standing = Standing { reason: Some("no answer came in 30 s"), ..Standing::default() };
    lead::set_state(tx, lead, LeadState::InDoubt, &standing, at(94))?;
    work::ask(tx, lead, site.id, Lane::Fresh, at(154))
}

/// A poll found Lia on a route that is paused.
fn lia_waits(tx: &Tx<'_>, shop: &Route) -> Result<(), LedgerError> {
    let lead = find(tx, shop, 5, FoundBy::Poll, 70)?;
    work::ask(tx, lead, shop.id, Lane::Repair, at(70))?;
    let nothing = TimeDelta::zero();
    let row = work::get(tx, lead)?.expect("it was just asked for");
    work::failed(tx, &row, at(900), "Ploomes answered 503", nothing, at(80))
}

/// Deliveries with every other fate, and leads with every other state.
fn others(tx: &Tx<'_>, site: &Route) -> Result<(), LedgerError> {
    let quarantined = deliver(tx, site, 6, 300)?;
    let reason = Some("contact not in automation 12");
    intake::decide(tx, quarantined, Fate::Quarantined, None, reason, at(320))?;
    let ignored = deliver(tx, site, 7, 330)?;
    intake::decide(tx, ignored, Fate::Ignored, None, Some("contact gone"), at(331))?;
    deliver(tx, site, 8, 540)?;
    inbox::note(tx, site.id, ContactId(8), Lane::Fresh, FoundBy::Webhook, at(540))?;
    let skipped = find(tx, site, 9, FoundBy::Webhook, 340)?;
    let standing = Standing { reason: Some("open deal 123"), ..Standing::default() };
    lead::set_state(tx, skipped, LeadState::Skipped, &standing, at(341))?;
    let erased = find(tx, site, 10, FoundBy::Webhook, 350)?;
    let person = json!({ "Name": "Somebody" });
    make(tx, erased, StepKind::Person, ("nobody has this e-mail", &person), (9010, 351))?;
    lead::set_state(tx, erased, LeadState::Erased, &Standing::default(), at(360))?;
    tx.execute(
        "UPDATE payload SET salt = NULL, body = NULL
         WHERE id IN (SELECT request_id FROM step WHERE lead_id = ?1
                      UNION SELECT answer_id FROM step WHERE lead_id = ?1)",
        [erased],
    )?;
    tx.execute("INSERT INTO tombstone (id, at) VALUES (1, ?1)", [sql::Millis(at(360))])?;
    tx.record(Subject::Tombstone, 1, "erased", at(360))
}

/// Two polls, one of them running, and a reconciliation that read only a part.
fn runs(tx: &Tx<'_>, site: &Route) -> Result<(), LedgerError> {
    let runs = [
        (1, "poll", None, 300, Some(302), Some("complete"), None),
        (2, "reconcile", Some("repair"), 400, Some(425), Some("partial"), Some("page 3: timeout")),
        (3, "poll", None, 599, None, None, None),
    ];
    for (id, kind, mode, started, finished, outcome, reason) in runs {
        tx.execute(
            "INSERT INTO run (id, kind, mode, started_at, finished_at, outcome, reason)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            (
                id,
                kind,
                mode,
                sql::Millis(at(started)),
                finished.map(|it| sql::Millis(at(it))),
                outcome,
                reason,
            ),
        )?;
        tx.record(Subject::Run, id, "run", at(started))?;
    }
    action::record(tx, "127.0.0.1", "retry", "site/1", at(409))?;
    tx.execute(
        "INSERT INTO finding (id, run_id, route_id, contact, enrollment, found_at, lead_id)
         VALUES (1, 2, ?1, 2, 52, ?2, 2)",
        (site.id, sql::Millis(at(410))),
    )?;
    tx.record(Subject::Finding, 1, "missed", at(410))?;
    for second in [500, 541, 570, 599] {
        tx.execute("INSERT INTO request_time (at) VALUES (?1)", [sql::Millis(at(second))])?;
    }
    Ok(())
}
