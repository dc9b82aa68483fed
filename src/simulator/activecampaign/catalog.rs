//! What the account has beside contacts: fields, tags, lists, accounts, automations, the user.

use super::{
    answer::Reply,
    json::Json,
    model::{Account, Automation, Contact, Field, List, Tag},
    query::{Filter, Page},
    routes::Ask,
    shape,
};

/// `GET /fields`.
pub(super) fn fields(ask: &Ask<'_>) -> Result<Reply, Reply> {
    // The one list whose default is not 20.
    let page = ask.query.page(100, &ask.model.switches)?;
    let perstag = ask.query.get("filters[perstag]");
    let mut rows: Vec<_> = ask.model.fields.rows().iter().collect();
    rows.retain(|it| perstag.is_none_or(|tag| it.perstag.eq_ignore_ascii_case(tag)));
    let shown = page.of(&rows);
    Ok(Reply::ok(&ask.model.switches, |json| {
        let options = shown.iter().flat_map(|it| {
            it.options.iter().zip(1..).map(|((id, text), place)| (it.id, *id, text, place))
        });
        json.list("fieldOptions", options, |json, (field, id, text, place)| {
            option(json, field, id, text, place);
        });
        json.list("fieldRels", shown, |json, it| {
            json.row(|json| {
                json.count("field", it.id);
                json.count("relid", 0);
                json.count("dorder", 0);
                json.iso("cdate", it.created);
                // An array here, an object elsewhere: PHP cannot tell an empty one apart.
                json.ids("links", []);
                json.count("id", it.id);
            });
        });
        json.list("fields", shown, |json, it| field(json, it));
        json.object("meta", |json| {
            json.count("total", count(rows.len()));
            json.none("selected");
        });
    }))
}

fn option(json: &mut Json, field: i64, id: i64, text: &str, place: i64) {
    json.row(|json| {
        json.count("field", field);
        json.count("orderid", place);
        json.text("value", text);
        json.text("label", text);
        json.flag("isdefault", false);
        json.none("cdate");
        json.none("udate");
        json.links("fieldOptions", id, &["field"]);
        json.count("id", id);
    });
}

fn field(json: &mut Json, it: &Field) {
    json.row(|json| {
        json.text("title", &it.title);
        json.none("descript");
        json.text("type", it.kind);
        json.flag("isrequired", false);
        json.text("perstag", &it.perstag);
        json.none("defval");
        json.flag("show_in_list", false);
        json.count("rows", 0);
        json.count("cols", 0);
        json.flag("visible", true);
        json.text("service", "");
        json.count("ordernum", it.id);
        json.iso("cdate", it.created);
        json.iso("udate", it.updated);
        json.wall("created_timestamp", it.created);
        json.wall("updated_timestamp", it.updated);
        json.count("created_by", 1);
        json.count("updated_by", 1);
        json.ids("options", it.options.iter().map(|(id, _)| *id));
        json.ids("relations", [it.id]);
        json.links("fields", it.id, &["options", "relations"]);
        json.count("id", it.id);
    });
}

/// `GET /tags`.
pub(super) fn tags(ask: &Ask<'_>) -> Result<Reply, Reply> {
    let search = ask.query.get("search").map(str::to_lowercase);
    let filters = ask.query.filters();
    listed(ask, "tags", ask.model.tags.rows(), tag, |it: &Tag| {
        search.as_ref().is_none_or(|text| it.name.to_lowercase().contains(text))
            && by_text(&filters, "search", &it.name)
    })
}

fn tag(json: &mut Json, it: &Tag) {
    json.row(|json| {
        json.text("tagType", "contact");
        json.text("tag", &it.name);
        json.text("description", "");
        json.count("subscriber_count", count(it.contacts.len()));
        json.iso("cdate", it.created);
        json.wall("created_timestamp", it.created);
        json.wall("updated_timestamp", it.touched);
        json.none("created_by");
        json.none("updated_by");
        json.flag("deleted", false);
        json.links("tags", it.id, &["contactGoalTags", "templateTags"]);
        json.count("id", it.id);
    });
}

/// `GET /lists`.
pub(super) fn lists(ask: &Ask<'_>) -> Result<Reply, Reply> {
    let filters = ask.query.filters();
    let wanted = |it: &List| by_text(&filters, "name", &it.name);
    listed(ask, "lists", ask.model.lists.rows(), |json, it| list(json, ask, it), wanted)
}

fn list(json: &mut Json, ask: &Ask<'_>, it: &List) {
    let on =
        |contact: &Contact| contact.lists.iter().any(|row| row.list == it.id && row.status == 1);
    let members = it.contacts.iter().filter_map(|&id| ask.model.contact(id).ok());
    let active = members.filter(|contact| on(contact)).count();
    json.row(|json| {
        json.text("stringid", &it.name.to_lowercase().replace(' ', "-"));
        json.count("userid", 1);
        json.text("name", &it.name);
        json.iso("cdate", it.created);
        json.count("non_deleted_subscribers", count(it.contacts.len()));
        json.count("active_subscribers", count(active));
        json.text("channel", "email");
        json.none("description");
        json.links("lists", it.id, &["contactGoalLists", "user", "addressLists"]);
        json.count("id", it.id);
        json.text("user", "1");
    });
}

/// `GET /accounts`.
pub(super) fn accounts(ask: &Ask<'_>) -> Result<Reply, Reply> {
    let search = ask.query.get("search").map(str::to_lowercase);
    listed(ask, "accounts", ask.model.accounts.rows(), account_row, |it: &Account| {
        search.as_ref().is_none_or(|text| it.name.to_lowercase().contains(text))
    })
}

/// `GET /accounts/{id}`.
pub(super) fn account(ask: &Ask<'_>, it: &Account) -> Reply {
    Reply::ok(&ask.model.switches, |json| json.object("account", |json| account_keys(json, it)))
}

fn account_row(json: &mut Json, it: &Account) {
    json.row(|json| account_keys(json, it));
}

fn account_keys(json: &mut Json, it: &Account) {
    json.text("name", &it.name);
    json.none("accountUrl");
    json.iso("createdTimestamp", it.created);
    json.iso("updatedTimestamp", it.created);
    json.count("owner", 1);
    json.count("contactCount", it.contacts);
    json.count("dealCount", 0);
    json.links("accounts", it.id, &["notes", "accountCustomFieldData", "accountContacts"]);
    json.count("id", it.id);
}

/// `GET /accountContacts`.
pub(super) fn account_contacts(ask: &Ask<'_>) -> Result<Reply, Reply> {
    let page = ask.query.page(20, &ask.model.switches)?;
    let filters = ask.query.filters();
    let wanted = |field: &str| {
        let filter = filters.iter().find(|it| it.field == field);
        filter.map(|it| it.value.parse::<i64>().unwrap_or(-1))
    };
    let (contact, account) = (wanted("contact"), wanted("account"));
    let contacts = ask.model.contacts.rows().iter();
    let rows: Vec<_> = contacts
        .filter(|it| contact.is_none_or(|id| it.id == id))
        .filter_map(|it| Some((it.id, it.link.as_deref()?)))
        .filter(|(_, link)| account.is_none_or(|id| link.account == id))
        .collect();
    Ok(Reply::ok(&ask.model.switches, |json| {
        json.list("accountContacts", page.of(&rows), |json, (id, link)| {
            shape::account_link(json, *id, link);
        });
        total(json, rows.len());
    }))
}

/// `GET /automations`.
pub(super) fn automations(ask: &Ask<'_>) -> Result<Reply, Reply> {
    listed(ask, "automations", ask.model.automations.rows(), automation_row, |_| true)
}

/// `GET /automations/{id}`.
pub(super) fn automation(ask: &Ask<'_>, it: &Automation) -> Reply {
    Reply::ok(&ask.model.switches, |json| {
        json.object("automation", |json| automation_keys(json, it));
    })
}

fn automation_row(json: &mut Json, it: &Automation) {
    json.row(|json| automation_keys(json, it));
}

fn automation_keys(json: &mut Json, it: &Automation) {
    let links = [
        "campaigns",
        "contactGoals",
        "contactAutomations",
        "blocks",
        "goals",
        "sms",
        "sitemessages",
        "triggers",
    ];
    json.text("name", &it.name);
    json.iso("cdate", it.created);
    json.iso("mdate", it.created);
    json.count("userid", 1);
    json.flag("status", it.active);
    json.count("entered", it.entered);
    json.count("exited", it.exited);
    json.flag("hidden", false);
    json.flag("multientry", it.multientry);
    json.flag("exit_on_unsubscribe", false);
    json.flag("exit_on_conversion", false);
    json.flag("entitlements_violation", false);
    json.none("source");
    json.none("description");
    json.text("defaultscreenshot", "");
    json.none("screenshot");
    json.links("automations", it.id, &links);
    json.count("id", it.id);
}

/// `GET /users/me`: the user of the key.
pub(super) fn me(ask: &Ask<'_>) -> Reply {
    Reply::ok(&ask.model.switches, |json| {
        json.object("user", |json| {
            json.text("username", "integration");
            json.text("firstName", "Integração");
            json.text("lastName", "");
            json.text("email", "integration@example.com");
            json.text("phone", "");
            json.text("signature", "");
            json.text("lang", "brazilian");
            json.count("localZoneid", 0);
            json.links("users", 1, &["lists", "userGroup", "dealGroupTotals", "configs"]);
            json.count("id", 1);
        });
    })
}

/// A page of a list under `key`, with `meta.total`.
fn listed<T>(
    ask: &Ask<'_>,
    key: &str,
    rows: &[T],
    write: impl Fn(&mut Json, &T),
    wanted: impl Fn(&T) -> bool,
) -> Result<Reply, Reply> {
    let page: Page = ask.query.page(20, &ask.model.switches)?;
    let rows: Vec<&T> = rows.iter().filter(|it| wanted(it)).collect();
    Ok(Reply::ok(&ask.model.switches, |json| {
        json.list(key, page.of(&rows), |json, it| write(json, it));
        total(json, rows.len());
    }))
}

/// Whether a text passes the filters on `field`.
fn by_text(filters: &[Filter<'_>], field: &str, text: &str) -> bool {
    let text = text.to_lowercase();
    filters.iter().filter(|it| it.field == field).all(|filter| {
        let value = filter.value.to_lowercase();
        match filter.op {
            "eq" => text == value,
            "neq" => text != value,
            "lt" => text < value,
            "lte" => text <= value,
            "gt" => text > value,
            "gte" => text >= value,
            "contains" => text.contains(&value),
            "starts_with" => text.starts_with(&value),
            _ => true,
        }
    })
}

fn total(json: &mut Json, rows: usize) {
    json.object("meta", |json| json.count("total", count(rows)));
}

fn count(rows: usize) -> i128 {
    i128::try_from(rows).unwrap_or(i128::MAX)
}
