//! The page: what its template shows, all of it text by then.

use askama::Template;
use chrono::{DateTime, Utc};

use super::{
    Settings,
    attention::{Item, Weight},
};
use crate::{
    domain::{LeadState, RecordId},
    web::{
        engine_state::EngineView,
        i18n::Text,
        overview::{LeadRow, Outcome, Overview, Run},
    },
};

/// The page; see `templates/page.html`.
#[derive(Template)]
#[template(path = "page.html")]
pub(super) struct Page {
    text: &'static Text,
    version: &'static str,
    as_of: String,
    heading: String,
    must_act: bool,
    attention: Vec<Item>,
    balance: String,
    is_balanced: bool,
    done: String,
    of_total: String,
    waiting: String,
    waiting_note: String,
    missed: String,
    missed_note: String,
    deliveries: Bar,
    last_delivery: String,
    leads: Bar,
    lanes: Bar,
    quota: Quota,
    runs: [RunShown; 2],
    recent: Vec<Row>,
    found: Vec<Row>,
}

/// Counts side by side: a bar, and a legend.
struct Bar {
    total: String,
    parts: Vec<Part>,
}

/// One count of a bar.
struct Part {
    /// The style's name for it.
    class: &'static str,
    name: &'static str,
    count: String,
    /// Where it begins and how long it is, in thousandths of the bar.
    from: i64,
    length: i64,
}

/// Requests in the last minute.
struct Quota {
    used: i64,
    limit: u32,
    activecampaign: String,
}

/// A kind of run: its last and its next.
struct RunShown {
    name: &'static str,
    last: String,
    outcome: &'static str,
    is_partial: bool,
    next: String,
}

/// One lead.
struct Row {
    key: String,
    contact: i64,
    state: &'static str,
    state_class: &'static str,
    reason: String,
    found_by: &'static str,
    records: Vec<Record>,
    moment: String,
    ago: String,
}

/// A record in Ploomes.
struct Record {
    name: &'static str,
    id: i64,
    /// Empty where the configuration has no `app_url`.
    url: String,
}

/// A moment as people read it, in the configured zone.
pub(super) fn moment(settings: &Settings, at: DateTime<Utc>) -> String {
    at.with_timezone(&settings.timezone).format(settings.text.moment).to_string()
}

impl Page {
    /// The page of one moment.
    pub(super) fn new(
        settings: &Settings,
        overview: &Overview,
        view: Option<&EngineView>,
        attention: Vec<Item>,
        now: DateTime<Utc>,
    ) -> Self {
        let text = settings.text;
        let Overview { deliveries, leads, missed, .. } = overview;
        let number = |number| text.number(number);
        let to_act = attention.iter().filter(|item| item.weight == Weight::Act).count();
        let waiting = leads.pending + leads.in_doubt + deliveries.pending;
        Self {
            text,
            version: env!("CARGO_PKG_VERSION"),
            as_of: moment(settings, now),
            heading: match to_act {
                0 => text.all_well.to_owned(),
                _ => (text.must_act)(to_act),
            },
            must_act: to_act > 0,
            attention,
            balance: number(overview.balance),
            is_balanced: overview.balance == 0,
            done: number(leads.done),
            of_total: (text.tiles.of_total)(&number(leads.total)),
            waiting: number(waiting),
            waiting_note: waiting_note(settings, overview, view, now),
            missed: number(missed.found),
            missed_note: (text.tiles.recovered)(&number(missed.recovered), &number(missed.late)),
            deliveries: deliveries_bar(text, overview),
            last_delivery: overview
                .last_delivery
                .map_or_else(|| text.engine.never.to_owned(), |at| (text.ago)(now - at)),
            leads: leads_bar(text, overview),
            lanes: lanes_bar(text, overview),
            quota: Quota {
                used: overview.ploomes_used,
                limit: settings.ploomes_rate,
                activecampaign: (text.engine.activecampaign_rate)(settings.activecampaign_rate),
            },
            runs: [
                run(
                    settings,
                    text.engine.poll,
                    overview.last_poll,
                    view.and_then(|it| it.next_poll),
                    now,
                ),
                run(
                    settings,
                    text.engine.reconcile,
                    overview.last_reconcile,
                    view.and_then(|it| it.next_reconcile),
                    now,
                ),
            ],
            recent: overview.recent.iter().map(|lead| row(settings, lead, now)).collect(),
            found: overview.found.iter().map(|lead| row(settings, lead, now)).collect(),
        }
    }

    /// The page as HTML, with every value escaped.
    pub(super) fn html(&self) -> String {
        self.render().expect("a string takes all that is written to it")
    }
}

fn waiting_note(
    settings: &Settings,
    overview: &Overview,
    view: Option<&EngineView>,
    now: DateTime<Utc>,
) -> String {
    let text = settings.text;
    if let Some(at) = view.and_then(|it| it.queue_empty_at) {
        return (text.tiles.empty_at)(&moment(settings, at));
    }
    match overview.oldest_pending {
        Some(since) => (text.tiles.oldest)(&(text.ago)(now - since)),
        None => text.tiles.none_waits.to_owned(),
    }
}

fn deliveries_bar(text: &Text, overview: &Overview) -> Bar {
    let it = &overview.deliveries;
    let counts = [it.applied, it.merged, it.ignored, it.quarantined, it.pending];
    let classes = ["good", "fair", "mute", "bad", "wait"];
    bar(text, it.accepted, classes.into_iter().zip(text.fates).zip(counts))
}

fn leads_bar(text: &Text, overview: &Overview) -> Bar {
    let it = &overview.leads;
    let counts = [
        (LeadState::Done, it.done),
        (LeadState::Skipped, it.skipped),
        (LeadState::Pending, it.pending),
        (LeadState::InDoubt, it.in_doubt),
        (LeadState::Failed, it.failed),
        (LeadState::Erased, it.erased),
    ];
    let parts =
        counts.into_iter().map(|(state, count)| ((class(state), (text.state)(state)), count));
    bar(text, it.total, parts)
}

fn lanes_bar(text: &Text, overview: &Overview) -> Bar {
    let it = &overview.lanes;
    let counts = [it.fresh, it.update, it.repair, it.backfill];
    let classes = ["good", "fair", "wait", "mute"];
    bar(text, counts.iter().sum(), classes.into_iter().zip(text.lanes).zip(counts))
}

fn bar(
    text: &Text,
    total: i64,
    counts: impl Iterator<Item = ((&'static str, &'static str), i64)>,
) -> Bar {
    let mut parts = Vec::new();
    let mut sum = 0;
    let thousandths = |count: i64| if total > 0 { count * 1000 / total } else { 0 };
    for ((class, name), count) in counts {
        let from = thousandths(sum);
        sum += count;
        let length = thousandths(sum) - from;
        parts.push(Part { class, name, count: text.number(count), from, length });
    }
    Bar { total: text.number(total), parts }
}

fn run(
    settings: &Settings,
    name: &'static str,
    last: Option<Run>,
    next: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> RunShown {
    let text = settings.text;
    let (outcome, is_partial) = match last {
        None => ("", false),
        Some(Run { ended: None, .. }) => (text.engine.running, false),
        Some(Run { ended: Some((_, Outcome::Complete)), .. }) => (text.engine.complete, false),
        Some(Run { ended: Some((_, Outcome::Partial)), .. }) => (text.engine.partial, true),
    };
    RunShown {
        name,
        last: last
            .map_or_else(|| text.engine.never.to_owned(), |run| (text.ago)(now - run.started_at)),
        outcome,
        is_partial,
        next: next.map_or_else(|| "–".to_owned(), |at| moment(settings, at)),
    }
}

fn row(settings: &Settings, lead: &LeadRow, now: DateTime<Utc>) -> Row {
    let text = settings.text;
    let [company, person, deal] = text.records;
    let records = [
        (company, "contact", lead.company),
        (person, "contact", lead.person),
        (deal, "deal", lead.deal),
    ];
    Row {
        key: lead.key.clone(),
        contact: lead.contact.0,
        state: (text.state)(lead.state),
        state_class: class(lead.state),
        reason: lead.reason.clone().unwrap_or_default(),
        found_by: (text.found_by)(lead.found_by),
        records: records
            .into_iter()
            .filter_map(|(name, path, id)| Some(record(settings, name, path, id?)))
            .collect(),
        moment: moment(settings, lead.updated_at),
        ago: (text.ago)(now - lead.updated_at),
    }
}

/// A record's name, and its address in Ploomes' own page.
fn record(settings: &Settings, name: &'static str, path: &str, id: RecordId) -> Record {
    let url = settings.app_url.as_ref().map(|base| {
        let base = base.trim_end_matches('/');
        format!("{base}/{path}/{id}")
    });
    Record { name, id: id.0, url: url.unwrap_or_default() }
}

/// The style's name for where a lead stands.
const fn class(state: LeadState) -> &'static str {
    match state {
        LeadState::Done => "good",
        LeadState::Skipped => "fair",
        LeadState::Pending => "wait",
        LeadState::InDoubt => "doubt",
        LeadState::Failed => "bad",
        LeadState::Erased => "mute",
    }
}
