//! Contacts and what belongs to them, as JSON.

use super::{
    json::Json,
    model::{Contact, Enrollment, Link, Model, Subscription, Tagging, Value},
    time::Second,
};

/// What the account can show of a contact under an address of its own.
const CONTACT_LINKS: [&str; 18] = [
    "bounceLogs",
    "contactAutomations",
    "contactData",
    "contactGoals",
    "contactLists",
    "contactLogs",
    "contactTags",
    "contactDeals",
    "deals",
    "fieldValues",
    "geoIps",
    "notes",
    "organization",
    "plusAppend",
    "trackingLogs",
    "scoreValues",
    "accountContacts",
    "automationEntryCounts",
];

/// A contact in a list.
pub(super) fn contact(json: &mut Json, model: &Model, it: &Contact, now: Second) {
    json.row(|json| {
        contact_head(json, model, it, now);
        json.list("scoreValues", [(); 0], |_, ()| ());
        json.list("accountContacts", [(); 0], |_, ()| ());
        contact_tail(json, it);
    });
}

/// A contact asked for by its id, with the ids of its rows.
pub(super) fn single_contact(
    json: &mut Json,
    model: &Model,
    it: &Contact,
    entries: &[&Enrollment],
    now: Second,
) {
    json.object("contact", |json| {
        contact_head(json, model, it, now);
        json.ids("contactAutomations", entries.iter().map(|it| it.id));
        json.ids("contactLists", it.lists.iter().map(|it| it.id));
        json.ids("fieldValues", it.values.iter().map(|it| it.id));
        json.ids("geoIps", []);
        json.ids("deals", []);
        json.ids("accountContacts", it.link.iter().map(|it| it.id));
        contact_tail(json, it);
    });
}

fn contact_head(json: &mut Json, model: &Model, it: &Contact, now: Second) {
    json.iso("cdate", it.created);
    json.text("email", &it.email);
    json.text("phone", &it.phone);
    json.text("firstName", &it.first_name);
    json.text("lastName", &it.last_name);
    json.count("orgid", 0);
    json.text("orgname", &it.orgname);
    json.text("segmentio_id", "");
    json.count("bounced_hard", 0);
    json.count("bounced_soft", 0);
    json.no_date("bounced_date");
    json.text("ip", "0");
    json.none("ua");
    json.text("hash", &hash(model.seed, it.id));
    json.no_date("socialdata_lastcheck");
    json.text("email_local", "");
    json.text("email_domain", it.email.rsplit('@').next().unwrap_or_default());
    json.count("sentcnt", 0);
    json.no_date("rating_tstamp");
    json.text("gravatar", "0");
    json.flag("deleted", false);
    json.flag("anonymized", it.anonymized);
    json.iso("adate", it.active);
    json.iso("udate", it.updated);
    json.iso("edate", it.active);
    json.no_date("deleted_at");
    // Not UTC, whatever their names say.
    json.wall("created_utc_timestamp", it.created);
    json.wall("updated_utc_timestamp", it.updated);
    json.wall("created_timestamp", it.created);
    json.wall("updated_timestamp", shown_touch(model, it, now));
    json.none("created_by");
    json.none("updated_by");
    json.count("mpp_tracking", 0);
    json.no_date("last_click_date");
    json.no_date("last_open_date");
    json.no_date("last_mpp_open_date");
    json.none("best_send_hour");
    json.none("sms_consent");
    json.no_date("sms_consent_updated_at");
    json.none("whatsapp_id");
    json.none("whatsapp_username");
}

fn contact_tail(json: &mut Json, it: &Contact) {
    json.links("contacts", it.id, &CONTACT_LINKS);
    json.count("id", it.id);
    json.none("organization");
}

fn shown_touch(model: &Model, it: &Contact, now: Second) -> Second {
    let fresh = now.seconds_since(it.touched) <= 1;
    if model.switches.stale_echo && fresh { it.touched_before } else { it.touched }
}

/// 32 hex digits that stay with the contact.
pub(super) fn hash(seed: u64, id: i64) -> String {
    let mix = |salt: u64| {
        // SplitMix64's last steps: every bit of the input moves every bit of the output.
        let mut z = (seed ^ id.cast_unsigned()).wrapping_add(salt);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    };
    format!("{:016x}{:016x}", mix(0x9e37_79b9_7f4a_7c15), mix(0x3c6e_f372_fe94_f82a))
}

/// A `fieldValue`.
pub(super) fn value(json: &mut Json, contact: i64, it: &Value) {
    json.row(|json| {
        json.count("contact", contact);
        json.count("field", it.field);
        json.text("value", &it.text);
        json.iso("cdate", it.created);
        json.iso("udate", it.updated);
        json.count("created_by", 0);
        json.count("updated_by", 0);
        json.links("fieldValues", it.id, &["owner", "field"]);
        json.count("id", it.id);
        json.count("owner", contact);
    });
}

/// A `contactTag`.
pub(super) fn tagging(json: &mut Json, contact: i64, it: &Tagging) {
    json.row(|json| {
        json.count("contact", contact);
        json.count("tag", it.tag);
        json.iso("cdate", it.created);
        json.wall("created_timestamp", it.created);
        json.wall("updated_timestamp", it.created);
        json.none("created_by");
        json.none("updated_by");
        json.links("contactTags", it.id, &["tag", "contact"]);
        json.count("id", it.id);
    });
}

/// A `contactList`.
pub(super) fn subscription(json: &mut Json, contact: &Contact, it: &Subscription) {
    let links = [
        "automation",
        "list",
        "contact",
        "form",
        "autosyncLog",
        "campaign",
        "unsubscribeAutomation",
        "message",
    ];
    json.row(|json| {
        json.count("contact", contact.id);
        json.count("list", it.list);
        json.none("form");
        json.count("seriesid", 0);
        json.iso("sdate", it.since);
        json.iso("udate", it.left);
        json.count("status", it.status);
        json.count("responder", 1);
        json.count("sync", 0);
        json.text("unsubreason", "");
        json.none("campaign");
        json.none("message");
        json.text("first_name", &contact.first_name);
        json.text("last_name", &contact.last_name);
        json.text("ip4Sub", "0");
        json.count("sourceid", 4);
        json.none("autosyncLog");
        json.text("ip4_last", "0");
        json.text("ip4Unsub", "0");
        json.wall("created_timestamp", it.since);
        json.wall("updated_timestamp", it.left.unwrap_or(it.since));
        json.count("created_by", 0);
        json.count("updated_by", 0);
        json.none("unsubscribeAutomation");
        json.text("channel", "email");
        json.links("contactLists", it.id, &links);
        json.count("id", it.id);
        json.none("automation");
    });
}

/// An `accountContact`.
pub(super) fn account_link(json: &mut Json, contact: i64, it: &Link) {
    json.row(|json| {
        json.count("account", it.account);
        json.count("contact", contact);
        json.text("jobTitle", "");
        json.iso("createdTimestamp", it.created);
        json.iso("updatedTimestamp", it.created);
        json.links("accountContacts", it.id, &["account", "contact"]);
        json.count("id", it.id);
    });
}

/// A `contactAutomation`.
pub(super) fn enrollment(json: &mut Json, model: &Model, it: &Enrollment) {
    json.row(|json| enrollment_keys(json, model, it));
}

pub(super) fn enrollment_keys(json: &mut Json, model: &Model, it: &Enrollment) {
    let automation = model.automations.get(it.automation);
    let steps = automation.map_or(0, |it| u32::try_from(it.steps.len()).unwrap_or(u32::MAX));
    let done = it.done.min(steps);
    let ended = it.left.is_some();
    let percent = if ended || steps == 0 { 100 } else { done * 100 / steps };
    json.count("contact", it.contact);
    json.count("seriesid", it.automation);
    json.count("startid", 0);
    json.count("status", if ended { 2 } else { 1 });
    if ended {
        json.text("batchid", "completed");
    } else {
        json.none("batchid");
    }
    json.adddate(it.added);
    json.iso("remdate", it.left);
    match it.left {
        Some(left) => json.count("timespan", left.seconds_since(it.added)),
        None => json.none("timespan"),
    }
    json.count("lastblock", done);
    json.count("lastlogid", 0);
    json.iso("lastdate", it.last);
    json.count("in_als", 3);
    json.int("completedElements", done);
    json.int("totalElements", steps);
    json.int("completed", u8::from(ended));
    json.int("completeValue", percent);
    let links = ["automation", "contact", "contactGoals", "automationLogs"];
    json.links("contactAutomations", it.id, &links);
    json.count("id", it.id);
    json.count("automation", it.automation);
}
