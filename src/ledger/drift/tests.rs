use serde_json::{Map, json};

use super::*;
use crate::{
    domain::ContactId,
    ledger::{
        journal::{Answer, LastWritten, Sending, last_written},
        lead::{self, NewLead},
        sample::{assert_is_short, at, large, raw},
        step::StepEvent,
        tests::in_memory,
    },
};

fn found(tx: &Tx<'_>, contact: i64) -> Result<LeadId, LedgerError> {
    let route = crate::ledger::tests::site(tx)?;
    let new = NewLead {
        route: route.id,
        route_name: "site",
        contact: ContactId(contact),
        enrollment: Some(crate::domain::EnrollmentId(contact)),
        entered_at: None,
        backfill: false,
        found_by: crate::domain::FoundBy::Webhook,
    };
    lead::find(tx, &new, at(0))
}

fn hold(tx: &Tx<'_>, lead: LeadId, kind: StepKind, record: i64) -> Result<(), LedgerError> {
    lead::hold(tx, lead, kind, Some(RecordId(record)), at(1))
}

#[tokio::test]
async fn parts_come_round_to_every_record_and_none_is_in_two() {
    let ledger = in_memory();
    ledger
        .write(|tx| {
            for number in 1..=2_500 {
                let lead = found(tx, number)?;
                if number % 2 == 0 {
                    hold(tx, lead, StepKind::Person, number)?;
                    hold(tx, lead, StepKind::Deal, number)?;
                }
            }
            Ok(())
        })
        .await
        .unwrap();
    let (mut after, mut parts, mut contacts) = (LeadId(0), Vec::new(), BTreeSet::new());
    loop {
        let part = ledger.read(move |conn| part(conn, None, after, 999)).await.unwrap();
        assert_eq!(part.contacts.len(), part.deals.len());
        parts.push(part.contacts.len());
        contacts.extend(part.contacts);
        match part.last {
            Some(last) => after = last,
            None => break,
        }
    }
    assert_eq!(parts, [500, 500, 250]);
    assert_eq!(contacts.len(), 1_250);
}

#[tokio::test]
async fn the_newest_lead_that_is_not_erased_is_the_holder() {
    let ledger = in_memory();
    let held = ledger
        .write(|tx| {
            for number in 1..=3 {
                let lead = found(tx, number)?;
                hold(tx, lead, StepKind::Company, 7)?;
            }
            let erased = lead::by_key(tx, "site/3")?.expect("it was found").id;
            lead::set_state(tx, erased, LeadState::Erased, &lead::Standing::default(), at(2))?;
            let known = is_known(tx, Entity::Contact, RecordId(7))?;
            Ok((holder(tx, Entity::Contact, RecordId(7), None)?, known))
        })
        .await
        .unwrap();
    let holder = Holder { key: "site/2".to_owned(), kind: StepKind::Company, updated_at: at(1) };
    assert_eq!(held, (Some(holder), true));
}

#[tokio::test]
async fn a_field_whose_last_write_may_not_have_been_applied_is_left_out() {
    let ledger = in_memory();
    let last = ledger
        .write(|tx| {
            let lead = found(tx, 1)?;
            let write = |record: Option<i64>, body, second| -> Result<_, LedgerError> {
                let request = Map::from_iter::<[(String, serde_json::Value); 2]>(body);
                let fields: Vec<String> = request.keys().cloned().collect();
                let sending = Sending {
                    lead,
                    kind: StepKind::Person,
                    record: record.map(RecordId),
                    reason: "invented",
                    request: &request,
                    fields: &fields,
                    keys: &BTreeSet::new(),
                };
                journal::send(tx, &sending, at(second))
            };
            let body = |name: &str, note: &str| {
                [("Name".to_owned(), json!(name)), ("Note".to_owned(), json!(note))]
            };
            let created = write(None, body("Ana", "a"), 1)?;
            let (record, answer) = (Some(RecordId(7)), Answer::default());
            journal::advance(tx, created, StepEvent::Succeed, record, answer, at(2))?;
            let lost = [("Name".to_owned(), json!("Bia")), ("Email".to_owned(), json!("b"))];
            let lost = write(Some(7), lost, 3)?;
            journal::doubt(tx, lost, answer, "invented", at(4))?;
            last_written(tx, StepKind::Person, RecordId(7))
        })
        .await
        .unwrap();
    let values = [("Note".to_owned(), json!("a"))].into_iter().collect();
    assert_eq!(last, LastWritten { values, at: Some(at(3)) });
}

#[tokio::test]
async fn no_question_walks_a_large_ledger() {
    let conn = raw(&large(10).await).await;
    for sql in [PERSON, COMPANY, DEAL, PART] {
        assert_is_short(&conn, sql);
    }
}
