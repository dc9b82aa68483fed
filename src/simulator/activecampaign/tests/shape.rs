//! Shapes against what was recorded of the real service, written down as lists of keys.

use serde_json::{Value, json};

use super::{account, account_with, add, get, keys, ok, send, start};
use crate::{
    clock::Clock,
    domain::FieldId,
    simulator::activecampaign::{
        ActiveCampaign, AddDate, NewAutomation, NewContact, NewField, Step, Switches,
    },
};

/// All 46 keys of a contact in a list, 2026.
const CONTACT: &str = "cdate email phone firstName lastName orgid orgname segmentio_id bounced_hard \
    bounced_soft bounced_date ip ua hash socialdata_lastcheck email_local email_domain sentcnt \
    rating_tstamp gravatar deleted anonymized adate udate edate deleted_at created_utc_timestamp \
    updated_utc_timestamp created_timestamp updated_timestamp created_by updated_by mpp_tracking \
    last_click_date last_open_date last_mpp_open_date best_send_hour sms_consent \
    sms_consent_updated_at whatsapp_id whatsapp_username scoreValues accountContacts links id \
    organization";

const ENROLLMENT: &str = "contact seriesid startid status batchid adddate remdate timespan lastblock \
    lastlogid lastdate in_als completedElements totalElements completed completeValue links id \
    automation";

const SUBSCRIPTION: &str = "contact list form seriesid sdate udate status responder sync unsubreason \
    campaign message first_name last_name ip4Sub sourceid autosyncLog ip4_last ip4Unsub \
    created_timestamp updated_timestamp created_by updated_by unsubscribeAutomation channel links id \
    automation";

const PAGE_INPUT: &str = "segmentid formid listid tagid limit offset search sort seriesid waitid \
    status forceQuery cacheid";

fn words(text: &str) -> Vec<&str> {
    text.split_whitespace().collect()
}

/// One contact with one of everything.
fn rich_account(change: impl FnOnce(&mut Switches)) -> ActiveCampaign {
    let (account, _) = account_with(change);
    let field = account.add_field(NewField::new("Canais de venda", "checkbox").options(&["Loja"]));
    let (tag, list) = (account.add_tag("Orçamento"), account.add_list("Novidades"));
    let company = account.add_account("Padaria Exemplo");
    let automation = account.add_automation(NewAutomation::new("Site", vec![Step::Hold]));
    let new = NewContact::new("joao@example.com").named("João", "Sá").field(field, "||Loja||");
    let id = account.create_contact(new).unwrap();
    account.tag(id, tag).unwrap();
    account.subscribe(id, list).unwrap();
    account.link_account(id, company).unwrap();
    account.enroll(id, automation).unwrap();
    account
}

const EVERYTHING: &str =
    "/contacts?include=contactAutomations,contactLists,contactTags,fieldValues";

#[tokio::test(start_paused = true)]
async fn a_contact_in_a_list_has_the_46_recorded_keys_in_order() {
    let account = rich_account(|_| ());
    let body = ok(&account, "/contacts").await;
    assert_eq!(keys(&body), ["scoreValues", "contacts", "meta"]);
    assert_eq!(keys(&body["contacts"][0]), words(CONTACT));
    assert_eq!(keys(&body["contacts"][0]["links"]).len(), 18);
    assert_eq!(keys(&body["meta"]["page_input"]), words(PAGE_INPUT));
    assert_eq!(body["meta"]["total"], "1");
    assert_eq!(body["contacts"][0]["hash"].as_str().unwrap().len(), 32);
}

#[tokio::test(start_paused = true)]
async fn a_contact_by_id_comes_with_its_rows_and_their_ids_but_not_its_tags() {
    let account = rich_account(|_| ());
    let body = ok(&account, "/contacts/1").await;
    let rows = "contactAutomations contactLists deals fieldValues geoIps accountContacts contact";
    assert_eq!(keys(&body), words(rows));
    let contact = &body["contact"];
    let own_keys = CONTACT.replace(
        "scoreValues accountContacts",
        "contactAutomations contactLists fieldValues geoIps deals accountContacts",
    );
    assert_eq!(keys(contact), words(&own_keys));
    for kind in ["contactAutomations", "contactLists", "fieldValues", "accountContacts"] {
        assert_eq!(contact[kind], json!([body[kind][0]["id"]]), "{kind}");
    }
}

#[tokio::test(start_paused = true)]
async fn rows_of_a_contact_have_the_recorded_keys() {
    let account = rich_account(|_| ());
    let body = ok(&account, EVERYTHING).await;
    assert_eq!(keys(&body["contactAutomations"][0]), words(ENROLLMENT));
    assert_eq!(keys(&body["contactLists"][0]), words(SUBSCRIPTION));
    assert_eq!(
        keys(&body["contactTags"][0]),
        words(
            "contact tag cdate created_timestamp updated_timestamp created_by updated_by links id"
        )
    );
    assert_eq!(
        keys(&body["fieldValues"][0]),
        words("contact field value cdate udate created_by updated_by links id owner")
    );
    assert_eq!(body["contactAutomations"][0]["status"], "1");
    assert_eq!(body["contactAutomations"][0]["completed"], 0);
    assert_eq!(body["contactTags"][0]["tag"], "1", "the tag's id, not its name");
}

#[tokio::test(start_paused = true)]
async fn nested_lists_hold_the_same_rows_without_meta() {
    let account = rich_account(|_| ());
    let all = ok(&account, EVERYTHING).await;
    for kind in ["contactAutomations", "contactLists", "contactTags", "fieldValues"] {
        let nested = ok(&account, &format!("/contacts/1/{kind}")).await;
        assert_eq!(keys(&nested), [kind]);
        assert_eq!(nested[kind], all[kind]);
    }
    let counts = ok(&account, "/contacts/1/automationEntryCounts").await;
    assert_eq!(
        counts["automationEntryCounts"],
        json!([{"id":"1","name":"Site","status":"1","hidden":"0","contactEntryCount":"1"}])
    );
    let link = ok(&account, "/contacts/1/accountContacts").await;
    assert_eq!(link["accountContacts"][0]["account"], "1");
}

#[tokio::test(start_paused = true)]
async fn fields_come_with_options_and_with_a_relation_whose_links_are_an_array() {
    let account = rich_account(|_| ());
    let body = ok(&account, "/fields?limit=100").await;
    assert_eq!(keys(&body), ["fieldOptions", "fieldRels", "fields", "meta"]);
    let field = &body["fields"][0];
    assert_eq!(field["perstag"], "CANAIS_DE_VENDA");
    assert_eq!(field["type"], "checkbox");
    assert_eq!(field["options"], json!([body["fieldOptions"][0]["id"]]));
    assert_eq!(body["fieldOptions"][0]["field"], field["id"]);
    assert_eq!(body["fieldRels"][0]["links"], json!([]));
    assert_eq!(body["meta"], json!({"total": "1", "selected": null}));
}

#[tokio::test(start_paused = true)]
async fn a_renamed_field_keeps_its_id() {
    let account = rich_account(|_| ());
    account.rename_field(FieldId(1), "Canal").unwrap();
    let body = ok(&account, "/fields?filters[perstag]=CANAL").await;
    assert_eq!(body["fields"][0]["id"], "1");
}

#[tokio::test(start_paused = true)]
async fn the_rest_of_the_account_has_the_documented_names() {
    let account = rich_account(|_| ());
    assert_eq!(ok(&account, "/tags?search=ORÇA").await["tags"][0]["tag"], "Orçamento");
    let starts = ok(&account, "/tags?filters[search][starts_with]=x").await;
    assert_eq!(starts["tags"], json!([]));
    let list = ok(&account, "/lists").await;
    assert_eq!(list["lists"][0]["active_subscribers"], "1");
    assert_eq!(ok(&account, "/accounts").await["accounts"][0]["contactCount"], "1");
    assert_eq!(ok(&account, "/accounts/1").await["account"]["name"], "Padaria Exemplo");
    let links = ok(&account, "/accountContacts?filters[contact]=1").await;
    assert_eq!(links["accountContacts"][0]["account"], "1");
    assert_eq!(links["meta"]["total"], "1");
    let none = ok(&account, "/accountContacts?filters[account]=2").await;
    assert_eq!(none["accountContacts"], json!([]));
    let automation = ok(&account, "/automations/1").await;
    assert_eq!(automation["automation"]["entered"], "1");
    assert_eq!(automation["automation"]["multientry"], "0");
    assert_eq!(ok(&account, "/automations").await["automations"][0]["status"], "1");
    assert_eq!(ok(&account, "/users/me").await["user"]["id"], "1");
}

#[tokio::test(start_paused = true)]
async fn slashes_and_accents_are_escaped_as_php_does() {
    let account = rich_account(|_| ());
    let path = "/api/3/contacts/1";
    let body = send(&account, http::Method::GET, path, super::KEY).await.unwrap().into_body();
    let text = String::from_utf8(body.to_vec()).unwrap();
    assert!(text.contains(r#""firstName":"Jo\u00e3o""#), "{text}");
    assert!(text.contains(r"https:\/\/account.example.com\/api\/3\/contacts\/1\/notes"), "{text}");
    assert!(text.is_ascii());
}

#[tokio::test(start_paused = true)]
async fn what_does_not_fit_in_one_escape_gets_two() {
    let (account, _) = account();
    account.create_contact(NewContact::new("a@example.com").named("🎪", "\"\\\u{1}")).unwrap();
    let path = "/api/3/contacts/1";
    let body = send(&account, http::Method::GET, path, super::KEY).await.unwrap().into_body();
    let text = String::from_utf8(body.to_vec()).unwrap();
    assert!(text.contains(r#""firstName":"\ud83c\udfaa""#), "{text}");
    let json: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(json["contact"]["firstName"], "🎪");
    assert_eq!(json["contact"]["lastName"], "\"\\\u{1}");
}

#[tokio::test(start_paused = true)]
async fn stamps_are_us_central_and_those_called_utc_are_too() {
    let (summer, _) = account();
    add(&summer, "a@example.com");
    let contact = &ok(&summer, "/contacts/1").await["contact"];
    assert_eq!(contact["cdate"], "2026-05-28T05:07:18-05:00");
    assert_eq!(contact["created_utc_timestamp"], "2026-05-28 05:07:18");
    assert_eq!(contact["updated_timestamp"], "2026-05-28 05:07:18");

    let clock = Clock::simulated("2026-01-12T15:15:02Z".parse().unwrap());
    let winter = ActiveCampaign::new(clock, 1, super::KEY, Switches::default());
    add(&winter, "a@example.com");
    let contact = &ok(&winter, "/contacts/1").await["contact"];
    assert_eq!(contact["cdate"], "2026-01-12T09:15:02-06:00");
}

#[tokio::test(start_paused = true)]
async fn each_switch_of_the_shape_shows() {
    let account = rich_account(|it| it.shape.plain = true);
    let plain = ok(&account, EVERYTHING).await;
    assert_eq!(plain, ok(&rich_account(|_| ()), EVERYTHING).await, "the same JSON, written apart");

    let swapped = ok(&rich_account(|it| it.shape.swapped_numbers = true), EVERYTHING).await;
    assert_eq!(swapped["contacts"][0]["id"], 1);
    assert_eq!(swapped["meta"]["total"], 1);
    assert_eq!(swapped["contactAutomations"][0]["completed"], "0");

    let zero = ok(&rich_account(|it| it.shape.zero_dates = true), EVERYTHING).await;
    assert_eq!(zero["contacts"][0]["edate"], "0000-00-00 00:00:00");
    assert_eq!(zero["contactAutomations"][0]["remdate"], "0000-00-00 00:00:00");
    assert_eq!(zero["contacts"][0]["organization"], Value::Null, "no date");

    let absent = ok(&rich_account(|it| it.shape.absent_keys = true), EVERYTHING).await;
    assert!(absent["contacts"][0].get("edate").is_none());
    assert!(absent["contactAutomations"][0].get("batchid").is_none());

    let links = ok(&rich_account(|it| it.shape.empty_links = true), EVERYTHING).await;
    assert_eq!(links["contacts"][0]["links"], json!([]));
}

#[tokio::test(start_paused = true)]
async fn an_entry_can_have_a_date_without_offset_or_none() {
    for (form, expected) in [
        (AddDate::WithOffset, json!("2026-05-28T05:07:18-05:00")),
        (AddDate::NoOffset, json!("2026-05-28 05:07:18")),
        (AddDate::Null, Value::Null),
        (AddDate::Zero, json!("0000-00-00 00:00:00")),
    ] {
        let account = rich_account(|it| it.shape.adddate = form);
        let (_, body) = get(&account, "/contactAutomations").await;
        assert_eq!(body["contactAutomations"][0]["adddate"], expected, "{form:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_stale_echo_lasts_a_second() {
    let (account, clock) = account_with(|it| it.stale_echo = true);
    let id = add(&account, "a@example.com");
    clock.step(chrono::TimeDelta::seconds(60));
    account.change_email(id, "b@example.com").unwrap();
    let contact = ok(&account, "/contacts/1").await["contact"].clone();
    assert_eq!(contact["udate"], "2026-05-28T05:08:18-05:00");
    assert_eq!(contact["updated_timestamp"], "2026-05-28 05:07:18");
    clock.step(chrono::TimeDelta::seconds(2));
    let contact = ok(&account, "/contacts/1").await["contact"].clone();
    assert_eq!(contact["updated_timestamp"], "2026-05-28 05:08:18");
    assert_eq!(start().timestamp() + 62, account.now().timestamp());
}
