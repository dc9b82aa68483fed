//! The report as one page that needs nothing else: no script, no other file; it prints.

use askama::Template;
use chrono::{DateTime, Utc};

use super::{
    Reconciliation,
    chart::{self, Chart},
    late,
    text::counts,
    words::{self, Words},
};
use crate::{
    domain::{LeadState, RecordId},
    ledger::{
        audit::hex,
        report::{Missed, RouteCounts},
    },
    report::{locale::lasting, told::told},
};

/// Rows of each table: a browser shows them at once, and a printer has 80 pages of them. The CSV
/// has them all.
const ROWS_MAX: usize = 2_000;

/// The page; see `templates/reconciliation.html`.
#[derive(Template)]
#[template(path = "reconciliation.html")]
struct Page {
    words: &'static Words,
    version: &'static str,
    run: i64,
    headline: String,
    is_bad: bool,
    about: Vec<String>,
    /// Each in pieces: every second one is what somebody would type.
    advice: Vec<Vec<String>>,
    /// The sums of all routes that say most: expected, received, missed, recovered.
    tiles: [Tile; 4],
    routes: Vec<RouteRow>,
    total: Option<RouteRow>,
    charts: Vec<Chart>,
    missed: Table,
    found_by_poll: Table,
    witness: Vec<[String; 3]>,
    drift: Vec<DriftRow>,
    drift_more: Vec<String>,
    head: String,
    prove: Vec<String>,
}

/// A number that is read from afar.
struct Tile {
    name: &'static str,
    value: String,
    is_bad: bool,
}

struct RouteRow {
    route: String,
    counts: Vec<Count>,
}

struct Count {
    text: String,
    /// There is some of what there should be none of.
    is_bad: bool,
}

/// Leads, and how many more there are.
struct Table {
    count: String,
    rows: Vec<Row>,
    more: Vec<String>,
}

struct Row {
    lead: String,
    state: &'static str,
    state_class: &'static str,
    remark: String,
    email: String,
    contact: i64,
    route: String,
    enrolled: String,
    found: String,
    repaired: String,
    late: String,
    record: String,
    /// Empty where the configuration does not say where links lead.
    url: String,
}

struct DriftRow {
    lead: String,
    record: String,
    url: String,
    kind: String,
}

impl Reconciliation {
    /// The report as a page, in the configured language, with every value escaped.
    pub fn html(&self) -> String {
        let words = words::of(self.language);
        let (run, detail) = (&self.run, &self.run.detail);
        let is_bad =
            !self.is_complete() || self.run.missed.iter().any(|it| !super::is_settled(it.state));
        let drift = detail.drift.iter().take(ROWS_MAX).map(|it| self.drift_row(it, words));
        let more = |rows: usize| match rows.saturating_sub(ROWS_MAX) {
            0 => Vec::new(),
            more => {
                let more = words.number(more.try_into().unwrap_or(i64::MAX));
                pieces(&(words.heads.more)(&more, run.id.0))
            }
        };
        let table = |rows: &[Missed]| Table {
            count: words.number(rows.len().try_into().unwrap_or(i64::MAX)),
            rows: rows.iter().take(ROWS_MAX).map(|it| self.row(it, words)).collect(),
            more: more(rows.len()),
        };
        let page = Page {
            words,
            version: env!("CARGO_PKG_VERSION"),
            run: run.id.0,
            headline: self.verdict(words),
            is_bad,
            about: self.about_html(words),
            advice: self.advice(words).iter().map(|it| pieces(it)).collect(),
            tiles: self.tiles(words),
            routes: detail.routes.iter().map(|it| route_row(it.route.clone(), it, words)).collect(),
            total: self.total(words),
            charts: self.charts(words),
            missed: table(&run.missed),
            found_by_poll: table(&run.found_by_poll),
            witness: detail
                .witness
                .iter()
                .map(|it| {
                    let [entered, read] = [it.automation_entered, it.enrollments_read];
                    [it.route.clone(), words.number(entered), words.number(read)]
                })
                .collect(),
            drift: drift.collect(),
            drift_more: more(detail.drift.len()),
            head: hex(&run.head),
            prove: pieces(words.heads.prove),
        };
        page.render().expect("a string takes all that is written to it")
    }

    fn about_html(&self, words: &Words) -> Vec<String> {
        let (run, heads) = (&self.run, &words.heads);
        let moment = |at: DateTime<Utc>| self.locale.written(at, words.moment);
        let outcome = if self.is_complete() { heads.complete } else { heads.partial };
        let time = match run.finished {
            Some(end) => format!("{} ({})", moment(run.started), lasting(end - run.started)),
            None => moment(run.started),
        };
        let contacts = run.detail.contacts;
        let contacts = (heads.contacts)(&words.number(contacts), contacts == 1);
        let mode = (words.mode)(&run.mode).to_owned();
        vec![format!("{} {}", heads.run, run.id.0), outcome.to_owned(), mode, time, contacts]
    }

    fn tiles(&self, words: &Words) -> [Tile; 4] {
        let (missed, recovered) = (self.sum(|it| it.missed), self.sum(|it| it.recovered));
        let tile = |name, count: i64, is_bad| Tile { name, value: words.number(count), is_bad };
        let [expected, received, _, _, lost, repaired, ..] = words.counts;
        [
            tile(expected, self.sum(|it| it.expected), false),
            tile(received, self.sum(|it| it.received), false),
            tile(lost, missed, missed > recovered),
            tile(repaired, recovered, false),
        ]
    }

    fn total(&self, words: &Words) -> Option<RouteRow> {
        let routes = &self.run.detail.routes;
        let mut total = RouteCounts::default();
        for it in routes {
            total.expected += it.expected;
            total.received += it.received;
            total.without_webhook += it.without_webhook;
            total.waiting += it.waiting;
            total.missed += it.missed;
            total.recovered += it.recovered;
            total.stale += it.stale;
            total.failed += it.failed;
            total.excluded += it.excluded;
            total.gone += it.gone;
        }
        (routes.len() > 1).then(|| route_row(words.heads.total.to_owned(), &total, words))
    }

    fn charts(&self, words: &Words) -> Vec<Chart> {
        let run = &self.run;
        let mut routes: Vec<String> = run.detail.routes.iter().map(|it| it.route.clone()).collect();
        if routes.is_empty() {
            routes = run.days.iter().map(|it| it.route.clone()).collect();
            routes.dedup();
        }
        let last = self.locale.day(run.finished.unwrap_or(run.started));
        chart::charts(&run.days, &routes, last, words)
    }

    fn row(&self, it: &Missed, words: &Words) -> Row {
        let moment = |at: Option<DateTime<Utc>>| {
            at.map(|at| self.locale.written(at, words.moment)).unwrap_or_default()
        };
        let late_after_all = it.webhook_at.map(|_| words.heads.webhook_late.to_owned());
        let reason = it.reason.as_deref().map(|it| told(words.language, it));
        let remarks: Vec<String> = reason.into_iter().chain(late_after_all).collect();
        let record = self.record(it);
        Row {
            lead: it.lead.clone(),
            state: (words.state)(it.state),
            state_class: class(it.state),
            remark: remarks.join("; "),
            email: it.email.clone().unwrap_or_default(),
            contact: it.contact.0,
            route: it.route.clone(),
            enrolled: moment(it.enrolled_at),
            found: moment(Some(it.found_at)),
            repaired: moment(it.recovered_at),
            late: late(it).map(lasting).unwrap_or_default(),
            record: record
                .as_ref()
                .map(|it| format!("{} {}", (words.record)(it.kind), it.id))
                .unwrap_or_default(),
            url: record.and_then(|it| it.url).unwrap_or_default(),
        }
    }

    fn drift_row(&self, it: &serde_json::Value, words: &Words) -> DriftRow {
        let word = |key: &str| it[key].as_str().unwrap_or_default();
        let (record, id) = (word("record"), it["id"].as_i64());
        let link = id.map(|id| self.link(record, RecordId(id)));
        DriftRow {
            lead: word("lead").to_owned(),
            record: match id {
                Some(id) => format!("{} {id}", (words.record)(record)),
                None => (words.record)(record).to_owned(),
            },
            url: link.filter(|it| it.starts_with("http")).unwrap_or_default(),
            kind: (words.drift)(word("kind")).to_owned(),
        }
    }
}

/// A text at whose backticks something to type begins or ends.
fn pieces(text: &str) -> Vec<String> {
    text.split('`').map(str::to_owned).collect()
}

fn route_row(route: String, it: &RouteCounts, words: &Words) -> RouteRow {
    // The places of what there should be none of: missed, stale, failed.
    let counts = (0..).zip(counts(it)).map(|(place, count)| Count {
        text: words.number(count),
        is_bad: count > 0 && [4, 6, 7].contains(&place),
    });
    RouteRow { route, counts: counts.collect() }
}

/// The style's name for where a lead stands.
const fn class(state: Option<LeadState>) -> &'static str {
    match state {
        Some(LeadState::Done) => "good",
        Some(LeadState::Skipped) => "fair",
        Some(LeadState::Failed) => "bad",
        Some(LeadState::Erased) => "mute",
        Some(LeadState::Pending | LeadState::InDoubt) | None => "wait",
    }
}
