use super::*;

fn with(change: impl FnOnce(&mut Switches)) -> Client {
    let client = Client::open();
    client.0.switch(change);
    client
}

#[tokio::test(start_paused = true)]
async fn answers_to_writes_come_in_every_known_shape() {
    let body = json!({"Name": "x", "TypeId": 2});
    let created = with(|it| it.post_status = 201).post("/Contacts", &body).await;
    assert_eq!(created.status, 201);
    let bare = with(|it| it.bare_object = true).post("/Contacts", &body).await.json();
    assert_eq!((bare["Name"].clone(), bare.get("value")), (json!("x"), None));
    let without = with(|it| it.without_id = true).post("/Contacts", &body).await.one();
    assert_eq!(without.get("Id"), None);
    for (shape, pointer) in [
        (ErrorBody::OData, "/error/message"),
        (ErrorBody::Value, "/value"),
        (ErrorBody::Message, "/Message"),
    ] {
        let client = with(|it| it.error_body = shape);
        let got = client.post("/Contacts", &json!({})).await;
        assert_eq!(got.json().pointer(pointer), Some(&json!("The field Name is required.")));
    }
    let text = with(|it| it.error_body = ErrorBody::Text).post("/Contacts", &json!({})).await;
    assert_eq!(text.body, "The field Name is required.");
    let empty = with(|it| it.error_body = ErrorBody::Empty).post("/Contacts", &json!({})).await;
    assert!(empty.body.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_search_that_lags_finds_a_new_record_by_id_only() {
    let client = with(|it| it.search_lag = Duration::from_secs(10));
    let id = client.person("ana@example.com").await;
    let control =
        client.0.add_contact(&json!({"Name": "Old", "Email": "old@example.com"})).unwrap();
    let by_email = format!("Email eq 'ana@example.com' or Id eq {control}");
    let negated = format!("not (Email eq 'old@example.com') or Id eq {control}");
    for filter in [&by_email, &negated] {
        assert_eq!(client.find("Contacts", filter).await.ids(), [control], "{filter}");
    }
    assert_eq!(client.find("Contacts", &format!("Id eq {id}")).await.ids(), [id]);
    tokio::time::advance(Duration::from_secs(10)).await;
    assert_eq!(client.find("Contacts", &by_email).await.ids(), [id, control]);
}

#[tokio::test(start_paused = true)]
async fn lambdas_can_lag_alone() {
    let client = with(|it| it.any_filter_lag = Duration::from_secs(10));
    let body = json!({"Name": "x", "Email": "x@example.com", "Phones": [{"PhoneNumber": "11"}]});
    let id = client.post("/Contacts", &body).await.id();
    let phone = "Phones/any(p: p/SearchPhoneNumber eq 11)";
    assert!(client.find("Contacts", phone).await.value().is_empty());
    assert_eq!(client.find("Contacts", "Email eq 'x@example.com'").await.ids(), [id]);
    tokio::time::advance(Duration::from_secs(10)).await;
    assert_eq!(client.find("Contacts", phone).await.ids(), [id]);
}

#[tokio::test(start_paused = true)]
async fn a_delayed_write_is_seen_by_nobody_until_it_is_applied() {
    let client = with(|it| it.delayed_apply = Duration::from_secs(20));
    let id = client.person("ana@example.com").await;
    let by_id = format!("Id eq {id}");
    assert!(client.find("Contacts", &by_id).await.value().is_empty());
    tokio::time::advance(Duration::from_secs(20)).await;
    assert_eq!(client.find("Contacts", &by_id).await.ids(), [id]);
    let target = format!("/Contacts({id})");
    assert_eq!(client.patch(&target, &json!({"Note": "new"})).await.one()["Note"], "new");
    assert_eq!(client.find("Contacts", &by_id).await.one()["Note"], Value::Null);
    client.call(Method::DELETE, &target, &Value::Null).await;
    tokio::time::advance(Duration::from_secs(19)).await;
    assert_eq!(client.find("Contacts", &by_id).await.one()["Note"], Value::Null);
    tokio::time::advance(Duration::from_secs(1)).await;
    assert!(client.find("Contacts", &by_id).await.value().is_empty());
    assert_eq!(client.0.writes(), 3);
}

#[tokio::test(start_paused = true)]
async fn custom_values_can_be_forbidden_in_filters() {
    let client = with(|it| it.other_filter_forbidden = true);
    let filter = "OtherProperties/any(o: o/FieldId eq 1 and (o/StringValue eq 'x'))";
    for set in ["Contacts", "Deals"] {
        let got = client.find(set, filter).await;
        assert_eq!((got.status, &got.body[..]), (403, &b"Your request has been forbidden"[..]));
    }
    assert_eq!(client.get("/Deals?$expand=OtherProperties").await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn what_is_unknown_or_too_long_is_refused_ignored_or_cut() {
    let item = |key: &str, text: &str| json!({"Title": "x", "OtherProperties": [{"FieldKey": key, "StringValue": text}]});
    let client = with(|it| it.unknown_field_key = Unknown::Refused);
    assert_eq!(client.post("/Deals", &item("origin", "x")).await.status, 400);
    let client = with(|it| it.unknown_property = Unknown::Ignored);
    let got = client.post("/Deals", &json!({"Title": "x", "Colour": "red"})).await;
    assert_eq!(got.status, 200);
    let long = item(&Custom::Text.of_deals(), &"ç".repeat(251));
    assert_eq!(client.post("/Deals", &long).await.status, 400);
    client.0.switch(|it| it.long_string = LongString::Truncated);
    let got = client.post("/Deals?$expand=OtherProperties", &long).await.one();
    assert_eq!(got["OtherProperties"][0]["StringValue"], "ç".repeat(250));
}

#[tokio::test(start_paused = true)]
async fn an_owner_is_overwritten_right_after_the_echo() {
    let client = with(|it| it.owner_overwritten = true);
    let deal = client.post("/Deals", &json!({"Title": "x", "OwnerId": ANA})).await.one();
    assert_eq!(deal["OwnerId"], ANA);
    let now = client.find("Deals", &format!("Id eq {}", deal["Id"])).await.one();
    assert_eq!(now["OwnerId"], BRUNO);
    assert_eq!(now["CreatorId"], ME);
    assert_eq!(client.0.writes(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_write_can_be_refused_for_its_stage_origin_tags_or_owner() {
    let client = with(|it| it.checklist_stages = [SALES_STAGES[1]].into());
    let into = json!({"Title": "x", "StageId": SALES_STAGES[1]});
    let got = client.post("/Deals", &into).await;
    assert_eq!(got.status, 400);
    assert!(got.json()["error"]["message"].as_str().unwrap().contains("checklist"));
    let deal = client.post("/Deals", &json!({"Title": "x"})).await.id();
    assert_eq!(client.patch(&format!("/Deals({deal})"), &into).await.status, 400);
    client.0.switch(|it| {
        it.origin_refused = true;
        it.tags_refused = true;
        it.suspended_owner_refused = true;
    });
    for (body, word) in [
        (json!({"Title": "x", "OriginId": ORIGIN}), "OriginId"),
        (json!({"Title": "x", "Tags": [{"TagId": TAG_OF_DEALS}]}), "Tags"),
        (json!({"Title": "x", "OwnerId": SUSPENDED}), "OwnerId"),
    ] {
        let got = client.post("/Deals", &body).await;
        assert_eq!(got.status, 400);
        assert!(got.json()["error"]["message"].as_str().unwrap().contains(word), "{word}");
    }
    client.0.switch(|it| *it = Switches { limit: None, ..Switches::default() });
    let all = json!({"Title": "x", "OriginId": ORIGIN, "Tags": [{"TagId": TAG_OF_DEALS}],
        "OwnerId": SUSPENDED, "StageId": SALES_STAGES[1]});
    assert_eq!(client.post("/Deals", &all).await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn a_restricted_profile_sees_its_own_records_only() {
    let client = Client::open();
    let theirs = client.0.add_contact(&json!({"Name": "x", "Email": "x@example.com"})).unwrap();
    let mine = client.person("x@example.com").await;
    client.0.switch(|it| it.restricted_profile = true);
    assert_eq!(client.find("Contacts", "Email eq 'x@example.com'").await.ids(), [mine]);
    assert!(client.find("Contacts", &format!("Id eq {theirs}")).await.value().is_empty());
    let hidden = client.patch(&format!("/Contacts({theirs})"), &json!({"Note": "x"})).await;
    assert_eq!(hidden.status, 404);
    let profile = client.get("/Self?$expand=Profile").await.one();
    assert_eq!(profile["Profile"]["ContactsView"], 3);
}

#[tokio::test(start_paused = true)]
async fn strings_can_compare_by_case_and_accents() {
    let client = with(|it| it.case_sensitive = true);
    let id = client.0.add_contact(&json!({"Name": "São", "Email": "Ana@example.com"})).unwrap();
    for (filter, found) in [
        ("Email eq 'ana@example.com'", vec![]),
        ("Email eq 'Ana@example.com'", vec![id]),
        ("Name eq 'Sao'", vec![]),
        ("contains(Name,'sã')", vec![]),
        ("contains(Name,'Sã')", vec![id]),
    ] {
        assert_eq!(client.find("Contacts", filter).await.ids(), found, "{filter}");
    }
}

#[tokio::test(start_paused = true)]
async fn unique_fields_refuse_a_value_that_is_held_already() {
    let key = Custom::LeadKey.of_deals();
    let client = with(|it| it.unique = ["contact_email".to_owned(), key.clone()].into());
    let id = client.person("ana@example.com").await;
    let again = json!({"Name": "y", "Email": "ANA@example.com"});
    assert_eq!(client.post("/Contacts", &again).await.status, 400);
    let other = client.person("bia@example.com").await;
    let taken = json!({"Email": "ana@example.com"});
    assert_eq!(client.patch(&format!("/Contacts({other})"), &taken).await.status, 400);
    assert_eq!(client.patch(&format!("/Contacts({id})"), &taken).await.status, 200);
    let deal = json!({"Title": "x", "OtherProperties": [{"FieldKey": key, "StringValue": "k"}]});
    assert_eq!(client.post("/Deals", &deal).await.status, 200);
    assert_eq!(client.post("/Deals", &deal).await.status, 400);
    assert_eq!(client.post("/Deals", &json!({"Title": "y"})).await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn a_key_may_be_barred_from_making_tags_and_fields() {
    let client = with(|it| it.may_not_configure = true);
    let tag = json!({"Name": "x", "EntityId": 1});
    assert_eq!(client.post("/Tags", &tag).await.status, 403);
    assert_eq!(client.post("/Contacts@Origins", &json!({"Name": "x"})).await.status, 403);
    assert_eq!(client.post("/Contacts", &json!({"Name": "x"})).await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn a_large_top_can_be_cut_without_a_word() {
    let client = with(|it| it.top_above_300 = TopAbove300::CutSilently);
    for at in 0..1_600 {
        client.0.add_contact(&json!({"Name": format!("P{at}")})).unwrap();
    }
    for (query, rows, link) in
        [("?$top=2000", 1_500, false), ("?$top=1000", 1_000, false), ("", 300, true)]
    {
        let got = client.get(&format!("/Contacts{query}")).await;
        assert_eq!(got.value().len(), rows);
        assert_eq!(got.json().get("@odata.nextLink").is_some(), link, "{query}");
    }
    client.0.switch(|it| it.next_link = false);
    assert_eq!(client.get("/Contacts").await.json().get("@odata.nextLink"), None);
}

#[tokio::test(start_paused = true)]
async fn an_expanded_collection_can_be_cut() {
    let client = with(|it| it.nested_page = Some(2));
    let id = client.person("ana@example.com").await;
    for title in ["a", "b", "c"] {
        client.post("/Deals", &json!({"Title": title, "ContactId": id})).await;
    }
    let person = client.get("/Contacts?$expand=Deals,Phones").await.one();
    assert_eq!(person["Deals"].as_array().unwrap().len(), 2);
    assert!(person.get("Deals@odata.nextLink").is_some());
    assert!(person.get("Phones@odata.nextLink").is_none());
    let two = client.get("/Contacts?$expand=Deals($top=2)").await.one();
    assert!(two.get("Deals@odata.nextLink").is_none());
}
