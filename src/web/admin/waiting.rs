//! What waits for a person, and trying it again: one, many or all.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Query, State},
    response::{IntoResponse, Redirect},
};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::json;

use super::{
    Desk, Settings,
    frame::{Frame, Here, Shown, html},
    rows::{Record, Row, moment, record, row},
    visit::{Posted, Visit},
};
use crate::{
    domain::{DeliveryId, Lane, LeadState},
    ledger::{
        Connection, LedgerError, Tx,
        drift::{Entity, Kind},
        job::kind,
        lead,
        leads::{self, Listed, Wanted, Which},
        retry as put,
        waiting::{self, Drifted, Quarantined},
    },
    web::{
        i18n::{
            Text,
            pages::{self, fill},
        },
        overview::LeadRow,
    },
};

/// Rows of each table: what somebody looks through.
const ROWS: usize = 50;
/// Rows that are read: one more says whether there are more.
const READ: u32 = 51;

/// Leads or webhooks put back by one form: all boxes of a page, and more than any page has.
const CHOSEN_MAX: usize = 500;

#[derive(Template)]
#[template(path = "admin/waiting.html")]
struct Page {
    frame: Frame,
    text: &'static Text,
    w: &'static pages::Waiting,
    c: &'static pages::Common,
    is_empty: bool,
    failed: Vec<Row>,
    failed_count: String,
    failed_older: String,
    retry_all_failed: String,
    quarantined: Vec<Held>,
    quarantined_count: String,
    quarantined_older: String,
    retry_all_quarantined: String,
    in_doubt: Vec<Row>,
    drift: Vec<Changed>,
    drift_count: String,
    drift_more: String,
}

/// A quarantined delivery.
struct Held {
    id: String,
    route: String,
    contact: i64,
    reason: String,
    moment: String,
    ago: String,
    choose: String,
}

/// A record that is not as it was written.
struct Changed {
    record: Record,
    kind: &'static str,
    twin: String,
    lead: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Asked {
    failed_before: String,
    quarantined_before: String,
    said: String,
    count: u64,
}

/// What is read for the page.
struct Found {
    failed: Vec<Listed>,
    quarantined: Vec<Quarantined>,
    in_doubt: Vec<Listed>,
    drift: Vec<Drifted>,
    drift_count: i64,
}

impl Found {
    fn read(conn: &Connection, asked: &Asked) -> Result<Self, LedgerError> {
        let of = |state, before: &str| Wanted {
            which: Which::State(state),
            route: None,
            before: (!before.is_empty()).then(|| before.to_owned()),
        };
        let failed = of(LeadState::Failed, &asked.failed_before);
        let before = asked.quarantined_before.parse().map(DeliveryId).ok();
        Ok(Self {
            failed: leads::page(conn, &failed, ROWS + 1)?,
            quarantined: waiting::quarantined(conn, before, READ)?,
            in_doubt: leads::page(conn, &of(LeadState::InDoubt, ""), ROWS)?,
            drift: waiting::drifted(conn, READ - 1)?,
            drift_count: waiting::drift_count(conn)?,
        })
    }
}

pub(super) async fn show(
    State(desk): State<Arc<Desk>>,
    visit: Visit,
    Query(asked): Query<Asked>,
) -> Shown {
    let (said, count) = (asked.said.clone(), asked.count);
    let found = desk.look(&visit, move |conn| Found::read(conn, &asked)).await?;
    let overview = desk.overview().await.map_err(|error| visit.failed(&error))?;
    let w = &visit.words().waiting;
    let mut frame = desk.frame(&visit, Here::Waiting, w.title).await;
    frame.notice = notice(visit.text(), &said, count);
    let counts = (overview.leads.failed, overview.deliveries.quarantined);
    let now = desk.clock.now();
    Ok(html(&page(&visit, frame, found, counts, now)))
}

fn page(
    visit: &Visit,
    frame: Frame,
    mut found: Found,
    (failed, quarantined): (i64, i64),
    now: DateTime<Utc>,
) -> Page {
    let (text, settings) = (visit.text(), &visit.settings);
    let w = &text.pages.waiting;
    let has_more_failed = found.failed.len() > ROWS;
    found.failed.truncate(ROWS);
    let has_more_quarantined = found.quarantined.len() > ROWS;
    found.quarantined.truncate(ROWS);
    let last_failed = found.failed.last().filter(|_| has_more_failed);
    let last_quarantined = found.quarantined.last().filter(|_| has_more_quarantined);
    let row_of = |it: Listed| {
        let choose = fill(w.choose, &[("what", &it.key)]);
        Row { choose, ..row(settings, &LeadRow::from(it), now) }
    };
    let all = |words: &str, count| fill(words, &[("count", &text.number(count))]);
    let shown = i64::try_from(found.drift.len()).unwrap_or(i64::MAX);
    Page {
        frame,
        text,
        w,
        c: &text.pages.common,
        is_empty: found.failed.is_empty()
            && found.quarantined.is_empty()
            && found.in_doubt.is_empty()
            && found.drift.is_empty(),
        failed_older: last_failed.map_or_else(String::new, |it| {
            let key: String = form_urlencoded::byte_serialize(it.key.as_bytes()).collect();
            format!("/waiting?failed_before={key}")
        }),
        quarantined_older: last_quarantined
            .map_or_else(String::new, |it| format!("/waiting?quarantined_before={}", it.id)),
        failed: found.failed.into_iter().map(row_of).collect(),
        failed_count: text.number(failed),
        retry_all_failed: all(w.retry_all_failed, failed),
        quarantined: found.quarantined.into_iter().map(|it| held(settings, it, now)).collect(),
        quarantined_count: text.number(quarantined),
        retry_all_quarantined: all(w.retry_all_quarantined, quarantined),
        in_doubt: found.in_doubt.into_iter().map(row_of).collect(),
        drift: found.drift.into_iter().map(|it| changed(settings, it)).collect(),
        drift_count: text.number(found.drift_count),
        drift_more: if found.drift_count > shown {
            all(w.more, found.drift_count)
        } else {
            String::new()
        },
    }
}

fn held(settings: &Settings, it: Quarantined, now: DateTime<Utc>) -> Held {
    let text = settings.text;
    let id = it.id.to_string();
    Held {
        choose: fill(text.pages.waiting.choose, &[("what", &id)]),
        id,
        route: it.route,
        contact: it.contact.map_or(0, |it| it.0),
        reason: text.told(&it.reason.unwrap_or_default()),
        moment: moment(settings, it.received_at),
        ago: (text.ago)(now - it.received_at),
    }
}

fn changed(settings: &Settings, it: Drifted) -> Changed {
    let text = settings.text;
    let w = &text.pages.waiting;
    let [_, person, deal] = text.records;
    let name = match it.entity {
        Entity::Deal => deal,
        // Companies and persons are one set there.
        Entity::Contact => person,
    };
    Changed {
        record: record(settings, name, it.entity, it.record),
        kind: match it.kind {
            Kind::Deleted => w.deleted,
            Kind::Edited => w.edited,
            Kind::Duplicated => w.duplicated,
            Kind::Orphan => w.orphan,
        },
        twin: it.twin.map(|id| fill(w.twin, &[("id", &id.to_string())])).unwrap_or_default(),
        lead: it.lead.unwrap_or_default(),
    }
}

/// What is said after something was put back.
pub(super) fn notice(text: &Text, said: &str, count: u64) -> String {
    let w = &text.pages.notices;
    let words = match (said, count) {
        ("retried" | "looked", 0) => w.nothing,
        ("retried", 1) => w.retried_one,
        ("retried", _) => w.retried,
        ("looked", 1) => w.looked_one,
        ("looked", _) => w.looked,
        ("none", _) => w.none_chosen,
        _ => return String::new(),
    };
    fill(words, &[("count", &text.number(i64::try_from(count).unwrap_or(i64::MAX)))])
}

/// Puts leads or deliveries back: those that were chosen, or all.
pub(super) async fn retry(State(desk): State<Arc<Desk>>, posted: Posted) -> Shown {
    let visit = &posted.visit;
    let owned = |name| posted.all(name).take(CHOSEN_MAX).map(str::to_owned).collect();
    let (leads, deliveries): (Vec<String>, Vec<String>) = (owned("lead"), owned("delivery"));
    let (said, count) = match posted.get("all") {
        // Of a million, no page waits for the end.
        what @ ("failed" | "quarantined") => return all(&desk, visit, what).await,
        _ if !leads.is_empty() => {
            let subject = leads.join(", ");
            let put = move |tx: &Tx<'_>, now| put_leads(tx, &leads, now);
            ("retried", desk.act(visit, "retry", subject, put).await?)
        }
        _ if !deliveries.is_empty() => {
            let subject = deliveries.join(", ");
            let put = move |tx: &Tx<'_>, now| put_deliveries(tx, &deliveries, now);
            ("looked", desk.act(visit, "retry", subject, put).await?)
        }
        _ => ("none", 0),
    };
    if count > 0 {
        desk.wake(visit).await?;
    }
    // A lead's story says by itself how it goes on.
    let to = match posted.to() {
        to if to.starts_with("/contacts/") => to.to_owned(),
        _ => format!("/waiting?said={said}&count={count}"),
    };
    Ok(Redirect::to(&to).into_response())
}

/// Asks the engine to put all of a kind back.
async fn all(desk: &Desk, visit: &Visit, what: &str) -> Shown {
    let overview = desk.overview().await.map_err(|error| visit.failed(&error))?;
    let (action, count) = match what {
        "failed" => ("retry_failed", overview.leads.failed),
        _ => ("retry_quarantined", overview.deliveries.quarantined),
    };
    let job = (kind::RETRY, json!({ "what": what }));
    let id = desk.ask(visit, job, action, count.to_string()).await?;
    Ok(Redirect::to(&format!("/jobs/{}", id.0)).into_response())
}

fn put_leads(tx: &Tx<'_>, keys: &[String], now: DateTime<Utc>) -> Result<u64, LedgerError> {
    let mut ids = Vec::new();
    for key in keys {
        ids.extend(lead::by_key(tx, key)?.map(|it| it.id));
    }
    Ok(put::put_back(tx, &ids, &put::ANY, Lane::Fresh, now)?.len() as u64)
}

fn put_deliveries(tx: &Tx<'_>, ids: &[String], now: DateTime<Utc>) -> Result<u64, LedgerError> {
    let mut count = 0;
    for id in ids.iter().filter_map(|it| it.parse().ok()) {
        count += u64::from(waiting::retry_delivery(tx, DeliveryId(id), now)?);
    }
    Ok(count)
}
