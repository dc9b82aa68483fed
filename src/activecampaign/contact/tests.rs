use std::time::Duration;

use serde_json::{Value, json};

use super::*;
use crate::{
    activecampaign::testing::{Asked, account, asked, raw, server_time},
    transport::Verdict,
};

const EVERYTHING: Wants = Wants { tags: true, company: true, automations: Some(AutomationId(17)) };
const ID: ContactId = ContactId(7);

/// `GET /contacts/7`, whole.
fn whole() -> Value {
    json!({
        "contactAutomations": [
            {"contact": "7", "seriesid": "17", "adddate": "2026-05-28T06:00:00-05:00", "completed": 0, "id": "9"},
            {"contact": "7", "seriesid": "17", "adddate": "2026-05-28T05:07:18-05:00", "completed": 1, "id": "6"},
            {"contact": "7", "seriesid": "4", "adddate": "2026-01-28T05:07:18-06:00", "id": "2"},
        ],
        "contactLists": [{"contact": "7", "list": "3", "status": "2", "sdate": "2026-01-12T09:15:03-06:00", "id": "1"}],
        "deals": [{"title": "cut", "id": "1", "isDisabled": true}],
        "fieldValues": [{"contact": "7", "field": "4", "value": "Padaria", "id": "14"}],
        "accountContacts": [{"account": "9", "contact": "7", "id": "3"}],
        "contact": {
            "id": "7", "email": "ana.lima@example.com", "firstName": "Ana", "lastName": "Lima",
            "phone": "+55 11 90000 0000", "orgname": "Old name", "deleted": "0", "anonymized": "0",
            "cdate": "2026-01-12T09:15:02-06:00", "udate": "2026-05-28T05:07:18-05:00",
            "contactAutomations": ["2", "6", "9"], "contactLists": ["1"], "fieldValues": ["14"],
            "accountContacts": ["3"], "links": [],
        },
    })
}

/// What belongs to the contact besides.
fn rest(asked: &Asked) -> (u16, Value) {
    let body = match asked.path.as_str() {
        "/fields" => {
            json!({"fields": [{"id": "4", "perstag": "SEGMENTO"}], "meta": {"total": "1"}})
        }
        "/tags" => {
            json!({"tags": [{"id": "20", "tag": "Lead, site"}, {"id": "21", "tag": "A"}], "meta": {"total": "2"}})
        }
        "/contacts/7/contactTags" => json!({"contactTags": [
            {"contact": "7", "tag": "20", "cdate": "2026-05-28T04:03:25-05:00", "id": "13"},
            {"contact": "7", "tag": "21", "cdate": null, "id": "14"},
        ]}),
        "/accounts/9" => json!({"account": {"id": "9", "name": "Padaria Exemplo"}}),
        _ => return (404, json!({"message": "No Result found"})),
    };
    (200, body)
}

/// An account where `GET /contacts/7` answers `contact`.
fn with(
    contact: Value,
) -> (crate::activecampaign::Client, std::sync::Arc<crate::transport::wire::testing::Scripted>) {
    account(move |asked| match asked.path.as_str() {
        "/contacts/7" => (200, contact.clone()),
        _ => rest(asked),
    })
}

async fn read(contact: Value, wants: Wants) -> ContactView {
    with(contact).0.contact(ID, wants, Lane::Fresh).await.unwrap().unwrap()
}

#[tokio::test]
async fn a_contact_comes_with_what_was_asked_for() {
    let view = read(whole(), EVERYTHING).await;

    let contact = &view.contact;
    assert_eq!((&*contact.email, &*contact.company), ("ana.lima@example.com", "Padaria Exemplo"));
    assert_eq!((&*contact.first_name, &*contact.last_name), ("Ana", "Lima"));
    assert_eq!((contact.fields[0].id.0, &*contact.fields[0].perstag), (4, "SEGMENTO"));
    assert_eq!(contact.fields[0].value, "Padaria");
    assert_eq!(contact.updated_at.unwrap().to_rfc3339(), "2026-05-28T05:07:18-05:00");
    assert_eq!(contact.tags, ["A", "Lead, site"]);
    assert_eq!(view.tags[0].since.unwrap().to_rfc3339(), "2026-05-28T09:03:25+00:00");
    let ids: Vec<_> = view.enrollments.iter().map(|it| it.enrollment.id.unwrap().0).collect();
    assert_eq!(ids, [6, 9]);
    assert_eq!((view.lists[0].list, view.lists[0].active), (3, false));
    assert_eq!(view.server_time, server_time());
}

#[tokio::test]
async fn a_contact_costs_one_call_when_only_its_fields_and_enrollments_are_asked_for() {
    let (client, remote) = with(whole());
    let wants = Wants { automations: Some(AutomationId(17)), ..Wants::default() };
    client.contact(ID, wants, Lane::Fresh).await.unwrap();

    let view = client.contact(ID, wants, Lane::Fresh).await.unwrap().unwrap();

    assert_eq!(asked(&remote), ["/contacts/7", "/fields?limit=100&offset=0", "/contacts/7"]);
    assert_eq!(view.contact.company, "Old name");
    assert!(view.tags.is_empty());
}

#[tokio::test]
async fn names_of_tags_and_companies_are_remembered() {
    let (client, remote) = with(whole());

    for _ in 0..3 {
        client.contact(ID, EVERYTHING, Lane::Fresh).await.unwrap();
    }

    let asked = asked(&remote);
    let times = |path: &str| asked.iter().filter(|it| it.starts_with(path)).count();
    assert_eq!([times("/tags"), times("/accounts"), times("/fields")], [1, 1, 1]);
    assert_eq!(asked.len(), 3 * 2 + 3);
}

#[tokio::test]
async fn enrollments_that_were_left_out_are_asked_for() {
    let mut without = whole();
    without.as_object_mut().unwrap().remove("contactAutomations");
    let mut some = whole();
    some["contactAutomations"].as_array_mut().unwrap().remove(1);
    for contact in [without, some] {
        let (client, remote) = account(move |asked| match asked.path.as_str() {
            "/contacts/7" => (200, contact.clone()),
            "/contacts/7/contactAutomations" => {
                (200, json!({"contactAutomations": whole()["contactAutomations"]}))
            }
            _ => rest(asked),
        });
        let wants = Wants { automations: Some(AutomationId(17)), ..Wants::default() };

        let view = client.contact(ID, wants, Lane::Fresh).await.unwrap().unwrap();

        assert_eq!(view.enrollments.len(), 2);
        let last = asked(&remote).pop().unwrap();
        assert_eq!(last, "/contacts/7/contactAutomations?limit=100&offset=0");
    }
}

#[tokio::test]
async fn the_company_is_orgname_where_there_is_no_account() {
    let mut none = whole();
    none["accountContacts"] = json!([]);
    none["contact"]["accountContacts"] = json!([]);
    let mut gone = whole();
    gone["accountContacts"][0]["account"] = json!(404);

    for contact in [none, gone] {
        assert_eq!(read(contact, EVERYTHING).await.contact.company, "Old name");
    }
}

#[tokio::test]
async fn a_contact_that_is_not_there_is_no_error() {
    let gone = |status, body: &'static str| async move {
        let (client, _) = raw(move |_| (status, body.to_owned()));
        client.contact(ID, Wants::default(), Lane::Fresh).await
    };
    let words = r#"{"message":"No Result found for Subscriber with id 7"}"#;

    assert_eq!(gone(404, words).await.unwrap(), None);
    assert_eq!(gone(403, words).await.unwrap(), None);
    // Merged: the winner answers.
    assert_eq!(gone(200, r#"{"contact":{"id":"8"}}"#).await.unwrap(), None);
    let error = gone(404, "<html>no such site</html>").await.unwrap_err();
    assert_eq!(error.verdict(), Verdict::TryLater { after: None });
}

#[tokio::test]
async fn an_answer_without_the_contact_is_not_taken_for_gone() {
    for body in ["{}", r#"{"contact":[]}"#, r#"{"contact":{"email":"a"}}"#, r#"{"result_code":0}"#]
    {
        let (client, _) = raw(|_| (200, body.to_owned()));

        let error = client.contact(ID, Wants::default(), Lane::Fresh).await.unwrap_err();

        assert_eq!(error.verdict(), Verdict::TryLater { after: None }, "{body}");
    }
}

#[tokio::test]
async fn flags_do_not_make_a_contact_vanish() {
    let mut contact = whole();
    contact["contact"]["deleted"] = json!("1");
    contact["contact"]["anonymized"] = json!(1);

    assert_eq!(read(contact, Wants::default()).await.contact.id, ID);
}

#[tokio::test(start_paused = true)]
async fn the_field_list_is_read_again_for_a_new_field_and_every_ten_minutes() {
    let mut contact = whole();
    contact["fieldValues"] = json!([
        {"contact": "7", "field": "4", "value": "a", "id": "14"},
        {"contact": "7", "field": "5", "value": "b", "id": "15"},
    ]);
    let (client, remote) = with(contact);
    let field_lists = || asked(&remote).iter().filter(|it| it.starts_with("/fields")).count();
    client.fields(Lane::Fresh).await.unwrap();

    // Field 5 is new to us, and is not there after the second reading either.
    for _ in 0..3 {
        let view = client.contact(ID, Wants::default(), Lane::Fresh).await.unwrap().unwrap();
        assert_eq!(view.contact.fields[1].perstag, "");
    }
    assert_eq!(field_lists(), 2);

    tokio::time::advance(Duration::from_mins(10)).await;
    client.contact(ID, Wants::default(), Lane::Fresh).await.unwrap();
    assert_eq!(field_lists(), 3);
}
