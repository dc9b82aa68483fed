//! A ledger with more records than one run looks at.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use serde_json::{Map, Value, json};

use super::bench::{Bench, finding, ours, written};
use crate::{
    domain::{ContactId, EnrollmentId, FoundBy, LeadState, RecordId, RouteId},
    ledger::{
        LedgerError, Tx,
        drift::Kind,
        journal::{self, Answer, Sending},
        lead::{self, Lead, NewLead, Standing},
        step::StepEvent,
    },
    planner::StepKind::{self, Deal, Person},
};

const LEADS: i64 = 3_050;

/// A record that a lead made, as the journal has it.
fn make(
    tx: &Tx<'_>,
    lead: crate::domain::LeadId,
    (kind, record, request): (StepKind, RecordId, &Map<String, Value>),
    now: chrono::DateTime<chrono::Utc>,
) -> Result<(), LedgerError> {
    let fields: Vec<String> = request.keys().cloned().collect();
    let sending = Sending {
        lead,
        kind,
        record: None,
        reason: "invented",
        request,
        fields: &fields,
        keys: &BTreeSet::new(),
    };
    let step = journal::send(tx, &sending, now)?;
    journal::advance(tx, step, StepEvent::Succeed, Some(record), Answer::default(), now)?;
    lead::hold(tx, lead, kind, Some(record), now)
}

/// Leads of persons with a deal each, made long ago, in both the account and the ledger.
async fn fill(bench: &Bench) -> Vec<Lead> {
    let route = bench.engine.route_id("site").unwrap();
    let now = bench.clock.now() - TimeDelta::hours(1);
    let mut made = Vec::new();
    for number in 0..LEADS {
        let long_ago = written(now - TimeDelta::hours(3) + TimeDelta::seconds(number));
        let dated = |mut body: Value| {
            body["CreateDate"] = long_ago.clone();
            body["LastUpdateDate"] = long_ago.clone();
            ours(body)
        };
        let person = json!({"TypeId": 2, "Name": format!("Pessoa {number}")});
        let id = bench.ploomes.add_contact(&dated(person.clone())).unwrap();
        let deal = json!({"Title": format!("Pessoa {number} - site"), "ContactId": id});
        let deal_id = bench.ploomes.add_deal(&dated(deal.clone())).unwrap();
        made.push((number, (id, person), (deal_id, deal)));
    }
    let filled = bench.ledger.write(move |tx| {
        for (number, (person, person_body), (deal, deal_body)) in &made {
            let lead = find(tx, route, *number, now)?;
            let body = person_body.as_object().unwrap();
            make(tx, lead, (Person, RecordId(*person), body), now)?;
            make(tx, lead, (Deal, RecordId(*deal), deal_body.as_object().unwrap()), now)?;
            lead::set_state(tx, lead, LeadState::Done, &Standing::default(), now)?;
        }
        Ok(())
    });
    filled.await.unwrap();
    bench.leads().await
}

fn find(
    tx: &Tx<'_>,
    route: RouteId,
    number: i64,
    now: chrono::DateTime<chrono::Utc>,
) -> Result<crate::domain::LeadId, LedgerError> {
    let new = NewLead {
        route,
        route_name: "site",
        contact: ContactId(1 + number),
        enrollment: Some(EnrollmentId(1 + number)),
        entered_at: None,
        backfill: false,
        found_by: FoundBy::Webhook,
    };
    lead::find(tx, &new, now)
}

#[tokio::test(start_paused = true)]
async fn a_ledger_of_more_than_6_000_records_costs_no_more_calls_and_is_come_round_to() {
    let bench = Bench::reporting().await;
    let leads = fill(&bench).await;
    let mut calls = Vec::new();
    let mut look = async || {
        let before = bench.ploomes.requests().len();
        let scope = bench.scope();
        let drift = super::super::look(&bench.engine.shared(), &scope).await.unwrap();
        assert_eq!(drift.doubts, Vec::<String>::new());
        calls.push(bench.ploomes.requests().len() - before);
        let (memory, findings) = (drift.memory, drift.findings);
        bench.ledger.write(move |tx| memory.keep(tx)).await.unwrap();
        findings
    };
    assert_eq!(look().await, []);
    // Behind the part that comes next: only what changed shows it.
    let far = &leads[3_020];
    let person = far.person.unwrap().0;
    bench.ploomes.edit_contact(person, &json!({"Name": "Outra"})).unwrap();
    bench.ploomes.delete_deal(leads[3_021].deal.unwrap().0).unwrap();
    let deleted = finding(&leads[3_021], Deal, Kind::Deleted);
    assert_eq!(look().await, [deleted.clone(), finding(far, Person, Kind::Edited)]);
    // A deleted person is in no list of changes: the look comes round to it.
    bench.ploomes.delete_contact(leads[100].person.unwrap().0).unwrap();
    let gone = finding(&leads[100], Person, Kind::Deleted);
    let mut rounds = 0;
    while !look().await.contains(&gone) {
        rounds += 1;
        assert!(rounds < 4, "it is never come round to");
    }
    assert_eq!(look().await, [gone, deleted], "both are said by each run, wherever it looks");
    let most = calls.iter().skip(1).max().unwrap();
    assert!(*most <= 25, "{calls:?}");
    assert!(calls[0] <= 45, "{calls:?}");
}
