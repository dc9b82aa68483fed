//! The overview: is anything broken that somebody must act on?

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use chrono::{DateTime, Utc};

use super::{
    Desk, Settings,
    attention::{self, Item, Weight},
    chart,
    frame::{Frame, Here, Shown, html},
    rows::{Row, class, moment, row},
    visit::Visit,
};
use crate::{
    domain::LeadState,
    ledger::LedgerError,
    web::{
        engine_state::EngineView,
        i18n::Text,
        overview::{Outcome, Overview, Run},
    },
};

/// How often the page is loaded again where no script runs, in seconds.
const REFRESH: u32 = 5;

/// What of the overview makes it another one; how long ago things were does not.
pub(super) type Shape = (Arc<Overview>, Option<EngineView>);

/// The page; see `templates/admin/overview.html`.
#[derive(Template)]
#[template(path = "admin/overview.html")]
struct Whole {
    frame: Frame,
    /// HTML of the part.
    part: String,
}

/// The part of the page that follows the numbers.
#[derive(Template)]
#[template(path = "admin/overview_main.html")]
struct Page {
    text: &'static Text,
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
    days: Vec<chart::Bar>,
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

pub(super) async fn show(State(desk): State<Arc<Desk>>, visit: Visit) -> Shown {
    let (_, part) = fragment(&desk, &visit).await.map_err(|error| visit.failed(&error))?;
    let title = visit.words().frame.overview;
    let mut frame = desk.frame(&visit, Here::Overview, title).await;
    frame.refresh = REFRESH;
    Ok(html(&Whole { frame, part }))
}

/// The part that follows the numbers, and what makes it another one.
pub(super) async fn fragment(desk: &Desk, visit: &Visit) -> Result<(Shape, String), LedgerError> {
    let settings = &visit.settings;
    let overview = desk.overview().await?;
    let now = desk.clock.now();
    let days = desk.chart.bars(&desk.ledger, settings, now).await?;
    let late = desk.readiness.late(&overview, now);
    let view = desk.state.view();
    let attention = attention::of(&overview, view.as_ref(), late, settings);
    let page = Page::new(settings, &overview, view.as_ref(), (attention, days), now);
    let part = page.render().expect("a string takes all that is written to it");
    Ok(((overview, view), part))
}

impl Page {
    /// The page of one moment.
    fn new(
        settings: &Settings,
        overview: &Overview,
        view: Option<&EngineView>,
        (attention, days): (Vec<Item>, Vec<chart::Bar>),
        now: DateTime<Utc>,
    ) -> Self {
        let text = settings.text;
        let Overview { deliveries, leads, missed, .. } = overview;
        let number = |number| text.number(number);
        let to_act = attention.iter().filter(|item| item.weight == Weight::Act).count();
        let waiting = leads.pending + leads.in_doubt + deliveries.pending;
        Self {
            text,
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
            days,
        }
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
