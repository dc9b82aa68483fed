use super::*;

#[tokio::test(start_paused = true)]
async fn what_the_service_refuses_is_refused() {
    let client = Client::open();
    let id = client.person("ana@example.com").await;
    for (target, status) in [
        ("/Nothing", 404),
        ("/", 404),
        ("/Contacts@Nothing", 404),
        ("/Contacts(1)", 404),
        ("/Tags(1)", 404),
        ("/Contacts(x)", 404),
        ("/Contacts?$select=Id,Document", 403),
        ("/Contacts?$filter=Document+eq+'x'", 403),
        ("/Contacts?$filter=Company/Document+eq+'x'", 403),
        ("/Contacts?$filter=Phones/any(p:p/Number+eq+'x')", 403),
        ("/Contacts?$filter=Emails/any()", 403),
        ("/Contacts?$expand=Everything", 403),
        ("/Contacts?$expand=Deals($select=CloseDate)", 403),
        ("/Deals?$orderby=LastStageUpdate", 403),
        ("/Users?$select=Id,Active", 400),
        ("/Contacts?$filter=Email", 400),
        ("/Contacts?$filter=Email+eq", 400),
        ("/Contacts?$filter=Email+eq+5", 400),
        ("/Contacts?$filter=Id+eq+'5'", 400),
        ("/Contacts?$filter=Id+in+(1,'2')", 400),
        ("/Contacts?$filter=CreateDate+ge+'2019-05-01T00:00:00-03:00'", 400),
        ("/Contacts?$filter=CreateDate+ge+2019-05-01", 400),
        ("/Contacts?$filter=CreateDate+ge+2019-05-01T00:00:00+03:00", 400),
        ("/Contacts?$filter=EmailMarketing+gt+true", 400),
        ("/Contacts?$filter=contains(Id,'1')", 400),
        ("/Contacts?$filter=Company/any()", 400),
        ("/Contacts?$filter=Phones/PhoneNumber+eq+'x'", 400),
        ("/Contacts?$top=many", 400),
        ("/Contacts?$expand=Company($expand=Company($expand=Company($expand=Company)))", 400),
    ] {
        assert_eq!(client.get(target).await.status, status, "{target}");
    }
    let record = format!("/Contacts({id})");
    assert_eq!(client.call(Method::PUT, &record, &json!({"Name": "x"})).await.status, 405);
    assert_eq!(client.call(Method::PUT, "/Contacts", &json!({"Name": "x"})).await.status, 405);
    assert_eq!(client.post("/Users", &json!({"Name": "x"})).await.status, 405);
    assert_eq!(client.patch("/Contacts", &json!({"Name": "x"})).await.status, 405);
    assert_eq!(client.patch("/Contacts(1)", &json!({"Name": "x"})).await.status, 404);
    assert_eq!(client.post("/Contacts(1)/Win", &json!({})).await.status, 404);
    assert_eq!(client.post(&format!("{record}/Win"), &json!({})).await.status, 404);
    assert_eq!(client.0.writes(), 1);
}

#[tokio::test(start_paused = true)]
async fn bodies_that_are_wrong_change_nothing() {
    let client = Client::open();
    let person = client.person("ana@example.com").await;
    let writes = client.0.writes();
    for (set, body) in [
        ("Contacts", json!({"TypeId": 2})),
        ("Contacts", json!({"Name": " ", "TypeId": 2})),
        ("Contacts", json!({"Name": "x", "TypeId": 3})),
        ("Contacts", json!({"Name": "x", "TypeId": "2"})),
        ("Contacts", json!({"Name": 5, "TypeId": 2})),
        ("Contacts", json!({"Name": "x", "Mail": "x"})),
        ("Contacts", json!({"Name": "x", "Company": {"Name": "y"}})),
        ("Contacts", json!({"Name": "x", "CompanyId": 1})),
        ("Contacts", json!({"Name": "x", "OwnerId": 1})),
        ("Contacts", json!({"Name": "x", "Birthday": "yesterday"})),
        ("Contacts", json!({"Name": "x", "ZipCode": "01000-000"})),
        ("Contacts", json!({"Name": "x", "Phones": {"PhoneNumber": "1"}})),
        ("Contacts", json!({"Name": "x", "Phones": ["1"]})),
        ("Contacts", json!({"Name": "x", "Phones": [{"Number": "1"}]})),
        ("Contacts", json!({"Name": "x", "Phones": [{"PhoneNumber": ""}]})),
        ("Contacts", json!({"Name": "x", "Phones": [{"PhoneNumber": "1", "TypeId": 99}]})),
        ("Contacts", json!({"Name": "x", "Tags": [{"TagId": TAG_OF_DEALS}]})),
        ("Contacts", json!({"Name": "x", "Tags": [{"TagId": 1}]})),
        ("Contacts", json!({"Name": "x", "TypeId": 2, "CompanyId": person})),
        ("Contacts", json!([])),
        ("Deals", json!({"ContactId": person})),
        ("Deals", json!({"Title": "x", "ContactId": 1})),
        ("Deals", json!({"Title": "x", "StageId": 1})),
        ("Deals", json!({"Title": "x", "StageId": SALES_STAGES[0], "PipelineId": AFTER_SALES})),
        ("Deals", json!({"Title": "x", "Amount": "5"})),
        ("InteractionRecords", json!({"ContactId": person})),
        ("InteractionRecords", json!({"Content": "x", "DealId": 0})),
        ("Tags", json!({"Name": "x"})),
        ("Fields", json!({"Name": "x", "EntityId": 1})),
        ("Fields", json!({"Name": "x", "EntityId": 1, "TypeId": 99})),
        ("Fields", json!({"Name": "x", "EntityId": 1, "TypeId": TYPE_OPTION})),
        (
            "Fields",
            json!({"Name": "x", "EntityId": 1, "TypeId": TYPE_OPTION,
            "OptionsTable": {"Name": "x", "Options": [{"Name": "y"}, {}]}}),
        ),
        ("Deals@Pipelines", json!({"Name": "x", "Stages": [{"Ordination": 1}]})),
    ] {
        let got = client.post(&format!("/{set}"), &body).await;
        assert_eq!(got.status, 400, "{set} {body}");
        let message = got.json()["error"]["message"].as_str().unwrap_or_default().to_owned();
        assert!(!message.is_empty(), "{set} {body}");
    }
    let request = Request::post("/Contacts").header("User-Key", KEY);
    let bare = request.body(Bytes::from_static(b"{}")).unwrap();
    assert_eq!(client.try_send(bare).await.unwrap().status, 415);
    let request = Request::post("/Contacts").header("User-Key", KEY);
    let request = request.header("Content-Type", "application/json");
    let broken = request.body(Bytes::from_static(b"{\"Name\":")).unwrap();
    assert_eq!(client.try_send(broken).await.unwrap().status, 400);
    let unknown = client.post("/Contacts?$expand=Phone", &json!({"Name": "x"})).await;
    assert_eq!(unknown.status, 403);
    assert_eq!(client.0.writes(), writes);
    assert_eq!(client.0.contacts().len(), 1);
    assert_eq!(client.get("/Fields@OptionsTables").await.value().len(), 1);
    assert_eq!(client.get("/Deals@Pipelines").await.value().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn only_the_key_opens_whatever_the_case_of_its_header() {
    let client = Client::open();
    for (header, key, status) in [
        ("user-Key", KEY, 200),
        ("USER-KEY", KEY, 200),
        ("User-Key", "other", 401),
        ("Key", KEY, 401),
    ] {
        let request = Request::get("/Self").header(header, key).body(Bytes::new()).unwrap();
        assert_eq!(client.try_send(request).await.unwrap().status, status, "{header}");
    }
    let statuses: Vec<_> = client.0.requests().iter().map(|it| it.status).collect();
    assert_eq!(statuses, [Some(200), Some(200), Some(401), Some(401)]);
}

#[tokio::test(start_paused = true)]
async fn a_403_is_plain_text_that_hides_its_reason_and_answers_are_dated() {
    let client = Client::open();
    let got = client.get("/Contacts?$select=Document").await;
    assert_eq!(got.body, "Your request has been forbidden");
    assert_eq!(got.headers["date"], "Thu, 15 Jan 2026 21:15:01 GMT");
}
