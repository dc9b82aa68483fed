//! Which path is answered by what.

use chrono::{DateTime, Utc};

use super::{
    answer::Reply,
    catalog, contacts, enrollments,
    json::Json,
    model::{Contact, Model},
    query::Query,
    shape,
    table::{Keyed, Table},
    time::Second,
};

/// A request, and what it is answered from.
#[derive(Clone, Copy)]
pub(super) struct Ask<'a> {
    pub model: &'a Model,
    pub query: &'a Query,
    pub now: DateTime<Utc>,
}

/// What is below the host.
const BASE: &str = "/api/3/";

/// The answer to a `GET`.
pub(super) fn get(path: &str, ask: &Ask<'_>) -> Reply {
    match route(path, ask) {
        Ok(reply) | Err(reply) => reply,
    }
}

fn route(path: &str, ask: &Ask<'_>) -> Result<Reply, Reply> {
    let switches = &ask.model.switches;
    let Some(rest) = path.strip_prefix(BASE) else { return Ok(Reply::page(404)) };
    let parts: Vec<&str> = rest.trim_end_matches('/').split('/').collect();
    match parts.as_slice() {
        ["users", "me"] => Ok(catalog::me(ask)),
        ["fields"] => catalog::fields(ask),
        ["tags"] => catalog::tags(ask),
        ["lists"] => catalog::lists(ask),
        ["accounts"] => catalog::accounts(ask),
        ["accounts", id] => {
            Ok(catalog::account(ask, find(ask, &ask.model.accounts, "CustomerAccount", id)?))
        }
        ["accountContacts"] => catalog::account_contacts(ask),
        ["automations"] => catalog::automations(ask),
        ["automations", id] => {
            Ok(catalog::automation(ask, find(ask, &ask.model.automations, "Series", id)?))
        }
        ["automations", id, "contactAutomations"] => {
            enrollments::of_automation(ask, find(ask, &ask.model.automations, "Series", id)?)
        }
        ["contactAutomations"] => enrollments::all(ask),
        ["contactAutomations", id] => {
            let row = find(ask, &ask.model.enrollments, "SubscriberSeries", id)?;
            if !ask.model.listed(row.added, ask.now) {
                return Err(Reply::not_found("SubscriberSeries", id, switches));
            }
            Ok(Reply::ok(switches, |json| {
                json.object("contactAutomation", |json| {
                    shape::enrollment_keys(json, ask.model, row);
                });
            }))
        }
        ["contacts"] => contacts::list(ask),
        ["contacts", id] => Ok(contact(ask, find(ask, &ask.model.contacts, "Subscriber", id)?)),
        ["contacts", id, nested] => {
            let contact = find(ask, &ask.model.contacts, "Subscriber", id)?;
            belongings(ask, contact, nested)?.ok_or_else(|| Reply::no_route(path, switches))
        }
        _ => Err(Reply::no_route(path, switches)),
    }
}

fn find<'a, T: Keyed>(
    ask: &Ask<'_>,
    table: &'a Table<T>,
    name: &str,
    id: &str,
) -> Result<&'a T, Reply> {
    let row = id.parse().ok().and_then(|id| table.get(id));
    row.ok_or_else(|| Reply::not_found(name, id, &ask.model.switches))
}

/// `GET /contacts/{id}`: with all it has, but for its tags.
fn contact(ask: &Ask<'_>, it: &Contact) -> Reply {
    let Ask { model, now, .. } = *ask;
    let hidden = model.switches.ignores.automation_sideload;
    let entries: Vec<_> = if hidden { Vec::new() } else { contacts::entries_of(ask, it).collect() };
    Reply::ok(&model.switches, |json| {
        if !hidden {
            json.list("contactAutomations", &entries, |json, row| {
                shape::enrollment(json, model, row);
            });
        }
        json.list("contactLists", &it.lists, |json, row| shape::subscription(json, it, row));
        json.ids("deals", []);
        json.list("fieldValues", &it.values, |json, row| shape::value(json, it.id, row));
        json.ids("geoIps", []);
        json.list("accountContacts", it.link.as_deref(), |json, row| {
            shape::account_link(json, it.id, row);
        });
        shape::single_contact(json, model, it, &entries, Second::of(now));
    })
}

/// A list that belongs to one contact, without `meta`; `None` where there is no such list.
fn belongings(ask: &Ask<'_>, it: &Contact, kind: &str) -> Result<Option<Reply>, Reply> {
    let model = ask.model;
    let page = ask.query.nested_page(&model.switches)?;
    let reply = |write: &mut dyn FnMut(&mut Json)| Reply::ok(&model.switches, write);
    Ok(Some(match kind {
        "contactAutomations" => {
            let mut rows: Vec<_> = contacts::entries_of(ask, it).collect();
            if ask.query.order().is_some_and(|it| it.descending) {
                rows.reverse();
            }
            reply(&mut |json| {
                json.list(kind, page.of(&rows), |json, row| shape::enrollment(json, model, row));
            })
        }
        "contactLists" => reply(&mut |json| {
            json.list(kind, page.of(&it.lists), |json, row| shape::subscription(json, it, row));
        }),
        "contactTags" => reply(&mut |json| {
            json.list(kind, page.of(&it.tags), |json, row| shape::tagging(json, it.id, row));
        }),
        "fieldValues" => reply(&mut |json| {
            json.list(kind, page.of(&it.values), |json, row| shape::value(json, it.id, row));
        }),
        "accountContacts" => reply(&mut |json| {
            json.list(kind, it.link.as_deref(), |json, row| shape::account_link(json, it.id, row));
        }),
        "automationEntryCounts" => reply(&mut |json| entry_counts(json, ask, it)),
        _ => return Ok(None),
    }))
}

/// How often the contact entered each automation.
fn entry_counts(json: &mut Json, ask: &Ask<'_>, it: &Contact) {
    let entries: Vec<_> = contacts::entries_of(ask, it).collect();
    let entered = |id: i64| entries.iter().filter(|row| row.automation == id).count();
    let rows = ask.model.automations.rows().iter().map(|it| (it, entered(it.id)));
    json.list(
        "automationEntryCounts",
        rows.filter(|(_, times)| *times > 0),
        |json, (it, times)| {
            json.row(|json| {
                json.count("id", it.id);
                json.text("name", &it.name);
                json.flag("status", it.active);
                json.flag("hidden", false);
                json.count("contactEntryCount", i128::try_from(times).unwrap_or(i128::MAX));
            });
        },
    );
}
