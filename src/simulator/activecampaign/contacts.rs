//! `GET /contacts`.
//!
//! By ascending id and without a filter, a page costs as much as it has rows, however many
//! contacts there are: that is how a sweep reads them. Everything else looks at all of them.

use std::{borrow::Cow, cmp::Ordering};

use chrono::{DateTime, Utc};

use super::{
    answer::Reply,
    json::Json,
    model::{Contact, Enrollment, Model},
    query::{Page, Query},
    routes::Ask,
    shape,
    switches::{DateZone, UpdateStamp},
    time::{Moment, Second},
};

type Test<'a> = Box<dyn Fn(&Contact) -> bool + 'a>;

/// Where to look, and what must hold.
struct Search<'a> {
    /// Ids to look at, ascending; `None` is all between the cursors.
    ids: Option<Cow<'a, [i64]>>,
    above: i64,
    below: i64,
    tests: Vec<Test<'a>>,
}

/// A page of contacts.
pub(super) fn list(ask: &Ask<'_>) -> Result<Reply, Reply> {
    let Ask { model, query, .. } = *ask;
    let page = query.page(20, &model.switches)?;
    let search = search(ask)?;
    let order = order(model, query);
    let (rows, total) = if search.tests.is_empty() && order.is_none() {
        search.plain_page(model, page)
    } else {
        let mut found: Vec<&Contact> = search.all(model);
        if let Some((field, descending)) = order {
            sort(&mut found, field, descending);
        }
        (page.of(&found).to_vec(), found.len())
    };
    let now = Second::of(ask.now);
    Ok(Reply::ok(&model.switches, |json| {
        sideloads(json, ask, &rows);
        json.list("scoreValues", [(); 0], |_, ()| ());
        json.list("contacts", &rows, |json, it| shape::contact(json, model, it, now));
        meta(json, ask, page, total);
    }))
}

impl<'a> Search<'a> {
    /// A page where nothing has to be tested: its rows and the number of all.
    fn plain_page(&self, model: &'a Model, page: Page) -> (Vec<&'a Contact>, usize) {
        match &self.ids {
            None => {
                let rows = model.contacts.between(self.above, self.below);
                (page.of(rows).iter().map(Box::as_ref).collect(), rows.len())
            }
            Some(ids) => {
                let ids = self.narrowed(ids);
                let rows = page.of(ids).iter().filter_map(|&id| model.contact(id).ok());
                (rows.collect(), ids.len())
            }
        }
    }

    /// All contacts that pass, by ascending id.
    fn all(&self, model: &'a Model) -> Vec<&'a Contact> {
        let passes = |it: &&Contact| self.tests.iter().all(|test| test(it));
        match &self.ids {
            None => {
                let rows = model.contacts.between(self.above, self.below);
                rows.iter().map(Box::as_ref).filter(passes).collect()
            }
            Some(ids) => {
                let ids = self.narrowed(ids);
                ids.iter().filter_map(|&id| model.contact(id).ok()).filter(passes).collect()
            }
        }
    }

    fn narrowed<'b>(&self, ids: &'b [i64]) -> &'b [i64] {
        let from = ids.partition_point(|&id| id <= self.above);
        let to = ids.partition_point(|&id| id < self.below);
        &ids[from..to.max(from)]
    }

    /// Looks at these ids only; those of an earlier call become a test.
    fn only(&mut self, ids: Cow<'a, [i64]>) {
        if let Some(before) = self.ids.replace(ids) {
            self.tests.push(Box::new(move |it| before.binary_search(&it.id).is_ok()));
        }
    }
}

fn search<'a>(ask: &Ask<'a>) -> Result<Search<'a>, Reply> {
    let Ask { model, query, now } = *ask;
    let switches = &model.switches;
    let mut search = Search { ids: None, above: 0, below: i64::MAX, tests: Vec::new() };
    if !switches.ignores.contact_cursor {
        search.above = query.number("id_greater", switches)?.unwrap_or(0);
        search.below = query.number("id_less", switches)?.unwrap_or(i64::MAX);
    }
    if let Some(ids) = query.ids() {
        search.only(Cow::Owned(ids));
    }
    if let Some(email) = query.get("email") {
        search.only(Cow::Owned(model.contact_by_email(email).into_iter().collect()));
    }
    if !switches.ignores.contact_scopes {
        scopes(ask, &mut search)?;
    }
    if let Some(id) = query.number("exclude", switches)? {
        search.tests.push(Box::new(move |it| it.id != id));
    }
    texts(query, &mut search.tests);
    if !switches.ignores.contact_filters {
        filters(ask, &mut search.tests)?;
    }
    if !switches.rows_late.is_zero() {
        search.tests.push(Box::new(move |it| model.listed(it.created, now)));
    }
    Ok(search)
}

/// `tagid`, `listid`, `seriesid`, `status`.
fn scopes<'a>(ask: &Ask<'a>, search: &mut Search<'a>) -> Result<(), Reply> {
    let Ask { model, query, now } = *ask;
    let switches = &model.switches;
    let known = |ids: Option<&'a Vec<i64>>| Cow::Borrowed(ids.map_or(&[][..], Vec::as_slice));
    if let Some(id) = scope(ask, "tagid")? {
        search.only(known(model.tags.get(id).map(|it| &it.contacts)));
    }
    let list = scope(ask, "listid")?;
    if let Some(id) = list {
        search.only(known(model.lists.get(id).map(|it| &it.contacts)));
    }
    if let Some(id) = scope(ask, "seriesid")? {
        search.only(known(model.automations.get(id).map(|it| &it.contacts)));
        let in_it_now = switches.seriesid_means_in_it_now;
        if in_it_now || !switches.rows_late.is_zero() {
            search.tests.push(Box::new(move |it| {
                let mut rows = it.entries.iter().filter_map(|&id| model.enrollments.get(id));
                rows.any(|row| {
                    let stays = !in_it_now || row.left.is_none();
                    row.automation == id && stays && model.listed(row.added, now)
                })
            }));
        }
    }
    // -1 is any, like no status at all.
    if let Some(status) = query.get("status").and_then(|it| it.parse::<u8>().ok()) {
        search.tests.push(Box::new(move |it| {
            let mut on = it.lists.iter().filter(|row| list.is_none_or(|id| row.list == id));
            on.any(|row| row.status == status)
        }));
    }
    Ok(())
}

/// Zero means "not asked for", as in `page_input`.
fn scope(ask: &Ask<'_>, key: &str) -> Result<Option<i64>, Reply> {
    Ok(ask.query.number(key, &ask.model.switches)?.filter(|it| *it > 0))
}

fn texts<'a>(query: &'a Query, tests: &mut Vec<Test<'a>>) {
    if let Some(part) = query.get("email_like") {
        tests.push(Box::new(move |it| it.email.contains(part)));
    }
    if let Some(start) = query.get("phone") {
        tests.push(Box::new(move |it| it.phone.starts_with(start)));
    }
    if let Some(text) = query.get("search") {
        let text = text.to_lowercase();
        tests.push(Box::new(move |it| {
            let name = format!("{} {}", it.first_name, it.last_name);
            let mut all = [name.as_str(), &it.orgname, &it.phone, &it.email].into_iter();
            all.any(|it| it.to_lowercase().contains(&text))
        }));
    }
}

/// `filters[created_after]` and its like; those with other names are ignored.
fn filters<'a>(ask: &Ask<'a>, tests: &mut Vec<Test<'a>>) -> Result<(), Reply> {
    let reading = ask.model.switches.dates;
    for filter in ask.query.filters() {
        let known = ["created_before", "created_after", "updated_before", "updated_after"];
        if !known.contains(&filter.field) {
            continue;
        }
        let cutoff = cutoff(ask, filter.field, filter.value)?;
        let (updated, after) =
            (filter.field.starts_with("updated"), filter.field.ends_with("after"));
        tests.push(Box::new(move |it| {
            let stamp = match reading.stamp {
                _ if !updated => it.created,
                UpdateStamp::Udate => it.updated,
                UpdateStamp::UpdatedTimestamp => it.touched,
            };
            match stamp.utc().cmp(&cutoff) {
                Ordering::Less => !after,
                Ordering::Equal => after && reading.inclusive,
                Ordering::Greater => after,
            }
        }));
    }
    Ok(())
}

fn cutoff(ask: &Ask<'_>, field: &str, value: &str) -> Result<DateTime<Utc>, Reply> {
    let switches = &ask.model.switches;
    let moment = Moment::read(value)
        .ok_or_else(|| Reply::bad_parameter(&format!("filters.{field}"), "Not a date", switches))?;
    Ok(match switches.dates.zone {
        DateZone::Utc => moment.as_utc(),
        DateZone::Local => moment.as_central(),
        DateZone::DateOnly => moment.as_central_date(),
    })
}

/// By what to sort; `None` is by ascending id, the order in which they are.
fn order<'a>(model: &Model, query: &'a Query) -> Option<(&'a str, bool)> {
    let known = ["id", "cdate", "email", "first_name", "last_name", "name"];
    let order = query.order().filter(|it| known.contains(&it.field));
    match order {
        Some(it) if !model.switches.ignores.contact_orders => {
            (it.field != "id" || it.descending).then_some((it.field, it.descending))
        }
        // Not by id, which is what makes careless paging skip rows.
        _ => Some(("email", false)),
    }
}

fn sort(rows: &mut [&Contact], field: &str, descending: bool) {
    match field {
        "id" => {}
        "cdate" => rows.sort_by_key(|it| it.created),
        "first_name" => rows.sort_by_cached_key(|it| it.first_name.to_lowercase()),
        "last_name" => rows.sort_by_cached_key(|it| it.last_name.to_lowercase()),
        "name" => rows
            .sort_by_cached_key(|it| (it.first_name.to_lowercase(), it.last_name.to_lowercase())),
        _ => rows.sort_by_cached_key(|it| it.email.to_lowercase()),
    }
    if descending {
        rows.reverse();
    }
}

/// What `include` asks for, beside the contacts and told apart by `contact`.
fn sideloads(json: &mut Json, ask: &Ask<'_>, rows: &[&Contact]) {
    let Ask { model, query, .. } = *ask;
    if model.switches.ignores.include {
        return;
    }
    let wanted = query.includes();
    if wanted.contains("contactAutomations") && !model.switches.ignores.automation_sideload {
        let entries = rows.iter().flat_map(|it| entries_of(ask, it));
        json.list("contactAutomations", entries, |json, it| shape::enrollment(json, model, it));
    }
    if wanted.contains("contactLists") {
        let lists = rows.iter().flat_map(|it| it.lists.iter().map(move |row| (it, row)));
        json.list("contactLists", lists, |json, (it, row)| shape::subscription(json, it, row));
    }
    if wanted.contains("contactTags") {
        let tags = rows.iter().flat_map(|it| it.tags.iter().map(|row| (it.id, row)));
        json.list("contactTags", tags, |json, (id, row)| shape::tagging(json, id, row));
    }
    if wanted.contains("fieldValues") {
        let values = rows.iter().flat_map(|it| it.values.iter().map(|row| (it.id, row)));
        json.list("fieldValues", values, |json, (id, row)| shape::value(json, id, row));
    }
}

/// The enrollments of a contact that can be seen by now.
pub(super) fn entries_of<'a>(
    ask: &Ask<'a>,
    contact: &'a Contact,
) -> impl Iterator<Item = &'a Enrollment> + use<'a> {
    let Ask { model, now, .. } = *ask;
    let rows = contact.entries.iter().filter_map(|&id| model.enrollments.get(id));
    rows.filter(move |it| model.listed(it.added, now))
}

fn meta(json: &mut Json, ask: &Ask<'_>, page: Page, total: usize) {
    let query = ask.query;
    let given = |key| query.get(key).and_then(|it| it.parse::<i64>().ok());
    let size = |it: usize| i128::try_from(it).unwrap_or(i128::MAX);
    json.object("meta", |json| {
        json.object("page_input", |json| {
            json.none("segmentid");
            json.int("formid", given("formid").unwrap_or(0));
            json.int("listid", given("listid").unwrap_or(0));
            json.int("tagid", given("tagid").unwrap_or(0));
            json.int("limit", size(page.limit));
            json.int("offset", size(page.offset));
            match query.get("search") {
                Some(text) => json.text("search", text),
                None => json.none("search"),
            }
            json.none("sort");
            json.int("seriesid", given("seriesid").unwrap_or(0));
            json.int("waitid", 0);
            json.int("status", given("status").unwrap_or(-1));
            json.int("forceQuery", 0);
            json.text("cacheid", &shape::hash(ask.model.seed, ask.now.timestamp()));
        });
        json.count("total", size(total));
        json.yes("sortable");
    });
}
