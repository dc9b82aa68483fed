use serde_json::{Value, json};

use super::*;
use crate::{
    activecampaign::testing::{account, asked, raw},
    transport::{
        Pace,
        wire::testing::{Scripted, answer},
    },
};

fn new(url: &str) -> Result<Client, BadEndpoint> {
    let clock = Clock::system();
    let limiter = Arc::new(Limiter::new(Pace::per_second(4), clock.clone()));
    let (_, remote) = account(|_| (200, json!({})));
    Client::new(url, "key".into(), Duration::from_secs(1), remote.wire(), limiter, clock)
}

#[test]
fn the_url_is_taken_with_or_without_path_and_slash() {
    for url in ["https://acme.example.com", "https://acme.example.com/"] {
        assert!(new(url).is_ok() && new(&format!("{url}/api/3")).is_ok(), "{url}");
    }
    assert!(matches!(new("acme"), Err(BadEndpoint::Url(url)) if url == "acme/api/3"));
}

#[tokio::test]
async fn the_path_of_the_api_is_added_once_and_the_key_is_in_its_header() {
    for url in ["http://acme.example.com", "http://acme.example.com/api/3/"] {
        let (_, remote) = account(|_| (200, json!({"contacts": []})));
        let limiter = Arc::new(Limiter::open());
        let wait = Duration::from_secs(1);
        let client =
            Client::new(url, "key-1".into(), wait, remote.wire(), limiter, Clock::system());

        client.unwrap().verify(Lane::Fresh).await.unwrap();

        let request = &remote.asked()[0];
        assert_eq!(request.uri(), "http://acme.example.com/api/3/contacts?limit=1");
        assert_eq!(request.headers()["api-token"], "key-1");
    }
}

#[tokio::test]
async fn a_key_that_was_taken_away_is_found_by_asking() {
    let forbidden = std::sync::atomic::AtomicBool::new(false);
    let (client, _) = account(move |_| {
        // The first call works, the others do not.
        if forbidden.swap(true, std::sync::atomic::Ordering::Relaxed) {
            (403, json!({"message": "Forbidden"}))
        } else {
            (200, json!({"contacts": []}))
        }
    });
    client.verify(Lane::Fresh).await.unwrap();

    let other = client.automations(Lane::Fresh).await.unwrap_err();
    let asked = client.verify(Lane::Fresh).await.unwrap_err();

    assert_eq!(other.verdict(), Verdict::TryLater { after: None });
    assert_eq!(asked.verdict(), Verdict::WrongKey);
}

#[tokio::test(start_paused = true)]
async fn a_503_that_asks_to_wait_pauses_everything() {
    let remote = Scripted::new(|_| {
        let mut answer = answer(503, "<html>slow down</html>");
        answer.headers_mut().insert(http::header::RETRY_AFTER, 30.into());
        Some(Ok(answer))
    });
    let clock = Clock::system();
    let limiter = Arc::new(Limiter::new(Pace::per_second(4), clock.clone()));
    let wait = Duration::from_secs(1);
    let url = "https://acme.example.com";
    let client = Client::new(url, "key".into(), wait, remote.wire(), limiter, clock).unwrap();

    let error = client.verify(Lane::Fresh).await.unwrap_err();

    let after = Duration::from_secs(30);
    assert_eq!(error.verdict(), Verdict::TryLater { after: Some(after) });
    assert_eq!(client.limiter().paused_for(), after);
}

#[tokio::test]
async fn a_200_that_carries_an_error_does_not_prove_the_key() {
    let (client, _) = account(|_| (200, json!({"success": 0, "message": "no"})));

    let error = client.verify(Lane::Fresh).await.unwrap_err();

    assert!(error.to_string().ends_with("`contacts` is missing"), "{error}");
}

/// A page of `total` tags; `limit` and `offset` are obeyed as far as `rows_max` allows.
fn tags(asked: &crate::activecampaign::testing::Asked, total: i64, rows_max: i64) -> Value {
    let first = asked.number("offset").unwrap_or(0);
    let limit = asked.number("limit").unwrap_or(20).min(rows_max);
    let rows: Vec<_> = (first..(first + limit).min(total))
        .map(|number| json!({"id": (number + 1).to_string(), "tag": format!("t, {number}")}))
        .collect();
    json!(rows)
}

#[tokio::test]
async fn a_list_is_read_to_its_end_however_it_is_cut() {
    for (count, rows_max) in [(0, 100), (20, 20), (100, 100), (105, 100), (250, 20), (61, 20)] {
        for with_total in [true, false] {
            let (client, _) = account(move |asked| {
                let mut body = json!({"tags": tags(asked, count, rows_max)});
                if with_total {
                    body["meta"] = json!({"total": count.to_string()});
                }
                (200, body)
            });

            let tags = client.tags(Lane::Fresh).await.unwrap();

            assert_eq!(tags.len(), usize::try_from(count).unwrap(), "{rows_max} {with_total}");
        }
    }
}

#[tokio::test]
async fn a_list_that_is_not_cut_into_pages_is_read_once() {
    let (client, _) = account(|_| {
        let rows: Vec<_> = (1..=130).map(|id| json!({"id": id, "name": "n"})).collect();
        (200, json!({"lists": rows}))
    });

    assert_eq!(client.lists(Lane::Fresh).await.unwrap().len(), 130);
}

#[tokio::test]
async fn a_list_that_ends_before_its_total_is_an_error() {
    let (client, _) =
        account(|asked| (200, json!({"tags": tags(asked, 150, 100), "meta": {"total": "200"}})));

    let error = client.tags(Lane::Fresh).await.unwrap_err();

    assert_eq!(error.verdict(), Verdict::TryLater { after: None });
    assert!(error.to_string().ends_with("the list ends before its total"), "{error}");
}

#[tokio::test]
async fn a_short_list_with_a_total_costs_one_call() {
    let (client, remote) =
        account(|asked| (200, json!({"tags": tags(asked, 30, 100), "meta": {"total": 30}})));

    client.tags(Lane::Fresh).await.unwrap();

    assert_eq!(asked(&remote), ["/tags?limit=100&offset=0"]);
}

#[tokio::test]
async fn an_automation_is_there_or_not() {
    let (client, _) = account(|asked| match asked.path.as_str() {
        "/automations/12" => {
            let row = json!({"id": "12", "name": "Leads", "entered": "5", "status": "1"});
            (200, json!({ "automation": row }))
        }
        _ => (403, json!({"message": "No Result found for Series with id 13"})),
    });

    let there = client.automation(AutomationId(12), Lane::Fresh).await.unwrap().unwrap();
    let not_there = client.automation(AutomationId(13), Lane::Fresh).await.unwrap();

    let name = "Leads".to_owned();
    assert_eq!(there, Automation { id: AutomationId(12), name, entered: Some(5), active: true });
    assert_eq!(not_there, None);
}

#[tokio::test]
async fn fields_have_their_tag_in_upper_case() {
    let (client, _) = raw(|_| {
        let body = r#"{"fieldOptions":[],"fields":[{"id":"4","perstag":"cpf","title":"CPF",
            "type":"text","links":[]}],"meta":{"total":"1","selected":[]}}"#;
        (200, body.to_owned())
    });

    let fields = client.fields(Lane::Fresh).await.unwrap();

    assert_eq!((&*fields[0].perstag, &*fields[0].kind), ("CPF", "text"));
}

#[test]
fn reading_can_be_done_in_any_thread() {
    fn sendable(_: impl Send) {}
    let (client, _) = account(|_| (200, json!({})));

    sendable(client.contact(ContactId(1), Wants::default(), Lane::Fresh));
    sendable(client.contacts(ContactFilter::default(), ContactId(0), Lane::Fresh).next());
    sendable(client.enrollments(AutomationId(1), None, 0, Lane::Fresh).next());
    sendable(client.fields(Lane::Fresh));
}
