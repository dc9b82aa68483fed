//! `GET /contactAutomations` and `GET /automations/{id}/contactAutomations`.
//!
//! Of one automation, by ascending `adddate` and filtered by nothing else, a page costs as much
//! as it has rows.

use chrono::{DateTime, Utc};

use super::{
    answer::Reply,
    model::{Automation, Enrollment, Model},
    query::{Filter, Page},
    routes::Ask,
    shape,
    time::{Moment, Second},
};

type Test = Box<dyn Fn(&Enrollment) -> bool>;

/// Seconds from the first to the one after the last.
#[derive(Clone, Copy)]
struct Span {
    from: Option<DateTime<Utc>>,
    until: Option<DateTime<Utc>>,
}

impl Span {
    const ALWAYS: Self = Self { from: None, until: None };

    fn holds(self, at: Second) -> bool {
        self.from.is_none_or(|it| at.utc() >= it) && self.until.is_none_or(|it| at.utc() < it)
    }

    fn and(self, other: Self) -> Self {
        let from = self.from.max(other.from);
        let until = [self.until, other.until].into_iter().flatten().min();
        Self { from, until }
    }
}

/// What must hold of an enrollment.
struct Search {
    added: Span,
    tests: Vec<Test>,
}

/// All enrollments there are, page by page.
pub(super) fn all(ask: &Ask<'_>) -> Result<Reply, Reply> {
    let Ask { model, query, .. } = *ask;
    let page = query.page(20, &model.switches)?;
    let search = search(ask, model.switches.ignores.enrollment_filters)?;
    let mut rows: Vec<_> = model.enrollments.rows().iter().collect();
    rows.retain(|it| passes(ask, &search, it));
    Ok(answer(ask, rows, page))
}

/// Those of one automation.
pub(super) fn of_automation(ask: &Ask<'_>, automation: &Automation) -> Result<Reply, Reply> {
    let Ask { model, query, .. } = *ask;
    let ignores = model.switches.ignores;
    let page =
        if ignores.enrollment_pages { Page::ALL } else { query.page(20, &model.switches)? };
    let mut search = search(ask, ignores.automation_filters)?;
    if model.switches.automation_lists_in_it_now {
        search.tests.push(Box::new(|it| it.left.is_none()));
    }
    let entries = &automation.entries;
    let from = entries.partition_point(|(at, _)| search.added.from.is_some_and(|it| at.utc() < it));
    let to = entries.partition_point(|(at, _)| search.added.until.is_none_or(|it| at.utc() < it));
    let entries = &entries[from..to.max(from)];
    let by_date = query.order().is_some_and(|it| it.field == "adddate" && !it.descending);
    let plain = search.tests.is_empty() && model.switches.rows_late.is_zero();
    if plain && by_date && !ignores.enrollment_orders {
        let rows = page.of(entries).iter().filter_map(|(_, id)| model.enrollments.get(*id));
        return Ok(reply(ask, &rows.collect::<Vec<_>>(), entries.len()));
    }
    let mut rows: Vec<_> =
        entries.iter().filter_map(|(_, id)| model.enrollments.get(*id)).collect();
    rows.retain(|it| passes(ask, &search, it));
    Ok(answer(ask, rows, page))
}

fn passes(ask: &Ask<'_>, search: &Search, it: &Enrollment) -> bool {
    search.added.holds(it.added)
        && search.tests.iter().all(|test| test(it))
        && ask.model.listed(it.added, ask.now)
}

fn answer(ask: &Ask<'_>, mut rows: Vec<&Enrollment>, page: Page) -> Reply {
    sort(ask, &mut rows);
    reply(ask, page.of(&rows), rows.len())
}

fn sort(ask: &Ask<'_>, rows: &mut [&Enrollment]) {
    if ask.model.switches.ignores.enrollment_orders {
        // The newest first: while new ones come in, later pages repeat rows.
        rows.sort_by_key(|it| std::cmp::Reverse(it.id));
        return;
    }
    let order = ask.query.order();
    match order.as_ref().map(|it| it.field) {
        Some("adddate") => rows.sort_by_key(|it| (it.added, it.id)),
        Some("status") => rows.sort_by_key(|it| (it.left.is_some(), it.id)),
        Some("seriesid") => rows.sort_by_key(|it| (it.automation, it.id)),
        Some("subscriberid") => rows.sort_by_key(|it| (it.contact, it.id)),
        _ => return rows.sort_by_key(|it| it.id),
    }
    if order.is_some_and(|it| it.descending) {
        rows.reverse();
    }
}

fn reply(ask: &Ask<'_>, rows: &[&Enrollment], total: usize) -> Reply {
    let model: &Model = ask.model;
    Reply::ok(&model.switches, |json| {
        json.list("contactAutomations", rows, |json, it| shape::enrollment(json, model, it));
        json.object("meta", |json| {
            json.count("total", i128::try_from(total).unwrap_or(i128::MAX));
            json.list("showcase_stats", [(); 0], |_, ()| ());
        });
    })
}

fn search(ask: &Ask<'_>, ignored: bool) -> Result<Search, Reply> {
    let mut search = Search { added: Span::ALWAYS, tests: Vec::new() };
    if ignored {
        return Ok(search);
    }
    for filter in ask.query.filters() {
        if filter.field == "adddate" {
            search.added = search.added.and(added(ask, &filter)?);
        } else if let Some(test) = number_test(&filter) {
            search.tests.push(test);
        }
    }
    Ok(search)
}

/// A filter on a number; `None` where it is unknown, and so ignored.
fn number_test(filter: &Filter<'_>) -> Option<Test> {
    let read: fn(&Enrollment) -> i64 = match filter.field {
        "subscriberid" | "contact" => |it| it.contact,
        "seriesid" | "automation" => |it| it.automation,
        "status" => |it| if it.left.is_some() { 2 } else { 1 },
        "lastblock" => |it| i64::from(it.done),
        _ => return None,
    };
    if filter.op == "in" {
        let wanted: Vec<i64> = filter.value.split(',').filter_map(|it| it.parse().ok()).collect();
        return Some(Box::new(move |it| wanted.contains(&read(it))));
    }
    // What is no number matches nothing.
    let wanted: i64 = filter.value.parse().unwrap_or(-1);
    Some(match filter.op {
        "eq" => Box::new(move |it| read(it) == wanted),
        "gt" => Box::new(move |it| read(it) > wanted),
        "gte" => Box::new(move |it| read(it) >= wanted),
        "lt" => Box::new(move |it| read(it) < wanted),
        "lte" => Box::new(move |it| read(it) <= wanted),
        _ => return None,
    })
}

/// `filters[adddate][…]`: a date means the whole day, a date with a time the second. Both are
/// documented without a zone, and nothing else is documented: the rest is refused.
fn added(ask: &Ask<'_>, filter: &Filter<'_>) -> Result<Span, Reply> {
    let switches = &ask.model.switches;
    let moment = Moment::read(filter.value).filter(|it| !it.has_offset()).ok_or_else(|| {
        Reply::bad_parameter("filters.adddate", "Not YYYY-MM-DD or YYYY-MM-DD HH:MM:SS", switches)
    })?;
    let read = |it: Moment| {
        if switches.dates.adddate_in_utc { it.as_utc() } else { it.as_central() }
    };
    let from = read(moment);
    let until = if moment.whole_day {
        read(moment.next_day())
    } else {
        from + chrono::TimeDelta::seconds(1)
    };
    Ok(match filter.op {
        "eq" | "in" => Span { from: Some(from), until: Some(until) },
        "gt" => Span { from: Some(until), until: None },
        "gte" => Span { from: Some(from), until: None },
        "lt" => Span { from: None, until: Some(from) },
        "lte" => Span { from: None, until: Some(until) },
        _ => Span::ALWAYS,
    })
}
