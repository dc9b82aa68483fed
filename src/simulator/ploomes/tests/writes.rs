use super::*;

#[tokio::test(start_paused = true)]
async fn an_echo_is_what_a_later_read_shows() {
    let client = Client::open();
    let company = json!({"Name": "Padaria", "TypeId": 1, "Phones": [{"PhoneNumber": "11 1"}]});
    let company = client.post("/Contacts", &company).await.one();
    let person = json!({"Name": "Ana", "TypeId": 2, "CompanyId": company["Id"],
        "Birthday": "1990-05-01", "Email": null});
    let person = client.post("/Contacts", &person).await.one();
    let deal = json!({"Title": "Site", "ContactId": company["Id"], "PersonId": person["Id"],
        "ContactName": "ignored", "StatusId": 1, "StartDate": "2026-01-15T18:15:01.1234-03:00"});
    let deal = client.post("/Deals", &deal).await.one();
    let note = json!({"ContactId": person["Id"], "Content": "hello", "Date": "2017-08-30"});
    let note = client.post("/InteractionRecords", &note).await.one();
    for (set, echo) in [("Deals", deal.clone()), ("InteractionRecords", note.clone())] {
        let read = client.find(set, &format!("Id eq {}", echo["Id"])).await.one();
        assert_eq!(read, echo);
    }
    assert_eq!(deal["ContactName"], "Padaria");
    assert_eq!(deal["StartDate"], "2026-01-15T18:15:01.123-03:00");
    assert_eq!(note["Date"], "2017-08-30T00:00:00-03:00");
    // A deal and a note leave their traces on the contact, and nothing else changes.
    let mut expected = person.clone();
    expected["LastInteractionRecordId"] = note["Id"].clone();
    let read = client.find("Contacts", &format!("Id eq {}", person["Id"])).await.one();
    assert_eq!(read, expected);
    assert_eq!(read["Birthday"], "1990-05-01T00:00:00-03:00");
    let read = client.find("Contacts", &format!("Id eq {}", company["Id"])).await.one();
    assert_eq!(read["LastDealId"], deal["Id"]);
}

#[tokio::test(start_paused = true)]
async fn an_echo_shows_what_it_is_asked_for() {
    let client = Client::open();
    let body = json!({"Name": "Ana", "TypeId": 2,
        "Phones": [{"PhoneNumber": "+55 (11) 90000-0000"}, {"PhoneNumber": "ramal"}]});
    let got = client.post("/Contacts?$select=Name&$expand=Phones", &body).await.one();
    assert_eq!(got["Name"], "Ana");
    assert!(got.get("TypeId").is_none());
    assert_eq!(got["Phones"][0]["SearchPhoneNumber"], 5_511_900_000_000_i64);
    assert_eq!(got["Phones"][1]["SearchPhoneNumber"], Value::Null);
}

#[tokio::test(start_paused = true)]
async fn a_patch_changes_what_it_names_and_replaces_lists() {
    let client = Client::open();
    let body = json!({"Name": "Ana", "TypeId": 2, "Note": "old", "Facebook": "f",
        "Phones": [{"PhoneNumber": "1"}, {"PhoneNumber": "2"}],
        "Tags": [{"TagId": TAG_OF_CONTACTS}]});
    let made = client.post("/Contacts", &body).await.one();
    assert_eq!(made["UpdaterId"], Value::Null);
    tokio::time::advance(Duration::from_secs(5)).await;
    let target = format!("/Contacts({})?$expand=Phones,Tags", made["Id"]);
    let change = json!({"Note": null, "Facebook": "g", "Phones": [{"PhoneNumber": "3"}]});
    let echo = client.patch(&target, &change).await.one();
    assert_eq!(echo["Note"], Value::Null);
    assert_eq!(echo["Facebook"], "g");
    assert_eq!(echo["Name"], "Ana");
    assert_eq!(echo["UpdaterId"], ME);
    assert_eq!(echo["CreateDate"], made["CreateDate"]);
    assert_ne!(echo["LastUpdateDate"], made["LastUpdateDate"]);
    assert_eq!(echo["Phones"].as_array().unwrap().len(), 1);
    assert_eq!(echo["Tags"].as_array().unwrap().len(), 1);
    let blank = client.patch(&format!("/Contacts({})", made["Id"]), &json!({"Name": null})).await;
    assert_eq!(blank.status, 400);
}

#[tokio::test(start_paused = true)]
async fn a_contact_that_is_renamed_is_renamed_on_its_deals() {
    let client = Client::open();
    let id = client.person("ana@example.com").await;
    let deal = client.post("/Deals", &json!({"Title": "x", "ContactId": id})).await.id();
    client.0.edit_contact(id, &json!({"Name": "Ana Souza"})).unwrap();
    assert_eq!(client.0.deal(deal).unwrap()["ContactName"], "Ana Souza");
}

#[tokio::test(start_paused = true)]
async fn a_deal_is_won_lost_and_reopened() {
    let client = Client::open();
    let id = client.post("/Deals", &json!({"Title": "x"})).await.id();
    let won = client.post(&format!("/Deals({id})/Win"), &Value::Null).await.one();
    assert_eq!((won["StatusId"].clone(), won["FinishDate"].is_null()), (json!(2), false));
    let reason = json!({"LossReasonId": NO_ANSWER});
    let lost = client.post(&format!("/Deals({id})/Lose?$expand=LossReason"), &reason).await.one();
    assert_eq!(lost["StatusId"], 3);
    assert_eq!(lost["LossReason"]["Name"], "Sem retorno");
    let open = client.post(&format!("/Deals({id})/Reopen"), &json!({})).await.one();
    assert_eq!(open["StatusId"], 1);
    assert_eq!((&open["FinishDate"], &open["LossReasonId"]), (&Value::Null, &Value::Null));
    let wrong = json!({"LossReasonId": 1});
    assert_eq!(client.post(&format!("/Deals({id})/Lose"), &wrong).await.status, 400);
}

#[tokio::test(start_paused = true)]
async fn a_stage_decides_the_pipeline_and_a_pipeline_its_first_stage() {
    let client = Client::open();
    let stage = json!({"Title": "x", "StageId": AFTER_SALES_STAGES[1]});
    assert_eq!(client.post("/Deals", &stage).await.one()["PipelineId"], AFTER_SALES);
    let pipeline = json!({"Title": "x", "PipelineId": AFTER_SALES});
    let deal = client.post("/Deals", &pipeline).await.one();
    assert_eq!(deal["StageId"], AFTER_SALES_STAGES[0]);
    let moved = json!({"StageId": SALES_STAGES[2]});
    let moved = client.patch(&format!("/Deals({})", deal["Id"]), &moved).await.one();
    assert_eq!(moved["PipelineId"], SALES);
    let new = client.0.add_pipeline("Novo", &["A", "B"]).unwrap();
    let deal = client.post("/Deals", &json!({"Title": "x", "PipelineId": new})).await.id();
    let stage = client.get(&format!("/Deals({deal})?$expand=Stage")).await.one()["Stage"].clone();
    assert_eq!((stage["Name"].clone(), stage["PipelineId"].clone()), (json!("A"), json!(new)));
    client.0.archive_pipeline(new).unwrap();
    let refused = client.post("/Deals", &json!({"Title": "x", "PipelineId": new})).await;
    assert_eq!(refused.status, 400);
}

#[tokio::test(start_paused = true)]
async fn what_is_deleted_is_gone_and_deleted_deals_are_listed() {
    let client = Client::open();
    let contact = client.person("ana@example.com").await;
    let deal = client.post("/Deals", &json!({"Title": "x", "ContactId": contact})).await.id();
    let other = client.post("/Deals", &json!({"Title": "y"})).await.id();
    tokio::time::advance(Duration::from_mins(1)).await;
    let got = client.call(Method::DELETE, &format!("/Deals({deal})"), &Value::Null).await;
    assert_eq!((got.status, got.body.len()), (200, 0));
    client.0.delete_deal(other).unwrap();
    client.0.delete_contact(contact).unwrap();
    assert!(client.find("Deals", &format!("Id eq {deal}")).await.value().is_empty());
    assert!(client.find("Contacts", "Email eq 'ana@example.com'").await.value().is_empty());
    let since = "LastUpdateDate ge 2026-01-15T18:16:00-03:00";
    assert_eq!(client.find("Deals/GetDeletedDeals", since).await.ids(), [deal, other]);
    let since = "LastUpdateDate ge 2026-01-15T18:17:00-03:00";
    assert!(client.find("Deals/GetDeletedDeals", since).await.value().is_empty());
    assert_eq!(client.patch(&format!("/Deals({deal})"), &json!({"Title": "z"})).await.status, 404);
}

#[tokio::test(start_paused = true)]
async fn every_applied_write_is_in_the_journal_once_and_in_order() {
    let client = Client::open();
    let contact = client.person("ana@example.com").await;
    client.get("/Contacts").await;
    client.post("/Contacts", &json!({"Name": ""})).await;
    client.patch(&format!("/Contacts({contact})?$select=Id"), &json!({"Note": "n"})).await;
    client.call(Method::DELETE, &format!("/Contacts({contact})"), &Value::Null).await;
    client.0.add_contact(&json!({"Name": "By a person"})).unwrap();
    let applied: Vec<_> = client
        .0
        .applied()
        .into_iter()
        .map(|it| (it.number, it.did, it.path, it.entity, it.id, it.body))
        .collect();
    let path = format!("/Contacts({contact})");
    let body = json!({"Name": "Ana Lima", "TypeId": 2, "Email": "ana@example.com"});
    assert_eq!(
        applied,
        [
            (1, Did::Create, "/Contacts".to_owned(), "Contacts", contact, body),
            (4, Did::Update, path.clone(), "Contacts", contact, json!({"Note": "n"})),
            (5, Did::Delete, path, "Contacts", contact, Value::Null),
        ]
    );
    let request = Request::get("/__simulator/applied").body(Bytes::new()).unwrap();
    let shown = client.try_send(request).await.unwrap().json();
    assert_eq!(shown[1]["did"], "update");
    assert_eq!(shown.as_array().unwrap().len(), 3);
    let request = Request::get("/__simulator/requests").body(Bytes::new()).unwrap();
    let shown = client.try_send(request).await.unwrap().json();
    assert_eq!(shown.as_array().unwrap().len(), 5);
    assert_eq!(shown[2]["status"], 400);
}

#[tokio::test(start_paused = true)]
async fn people_make_records_with_a_past_and_merge_contacts() {
    let client = Client::open();
    let [from, into] = ["a@example.com", "b@example.com"].map(|email| {
        let body = json!({"Name": "x", "TypeId": 2, "Email": email,
            "CreateDate": "2020-01-01T00:00:00Z", "CreatorId": BRUNO});
        client.0.add_contact(&body).unwrap()
    });
    let deal = json!({"Title": "x", "ContactId": from, "StatusId": 2});
    let deal = client.0.add_deal(&deal).unwrap();
    let shown = client.0.contact(from).unwrap();
    assert_eq!(shown["CreateDate"], "2019-12-31T21:00:00-03:00");
    assert_eq!(shown["CreatorId"], BRUNO);
    client.0.merge_contacts(from, into).unwrap();
    assert!(client.0.contact(from).is_none());
    let deal = client.0.deal(deal).unwrap();
    assert_eq!((deal["ContactId"].clone(), deal["StatusId"].clone()), (json!(into), json!(2)));
    assert_eq!(deal["UpdaterId"], ANA);
    assert!(client.0.applied().is_empty());
}

#[tokio::test(start_paused = true)]
async fn fields_tags_and_origins_can_be_made() {
    let client = Client::open();
    let body = json!({"Name": "ID da integração", "EntityId": 2, "TypeId": TYPE_TEXT,
        "Multiple": false, "Required": false});
    let field = client.post("/Fields", &body).await.one();
    let key = field["Key"].as_str().unwrap();
    assert!(key.starts_with("deal_") && key.len() == 41, "{key}");
    let deal = json!({"Title": "x", "OtherProperties": [{"FieldKey": key, "StringValue": "k"}]});
    let deal = client.post("/Deals?$expand=OtherProperties", &deal).await.one();
    assert_eq!(deal["OtherProperties"][0]["FieldId"], field["Id"]);
    let list = json!({"Name": "Opção", "EntityId": 2, "TypeId": TYPE_OPTION,
        "OptionsTable": {"Name": "Opções", "Options": [{"Name": "OP"}]}});
    let list = client.post("/Fields?$expand=OptionsTable($expand=Options)", &list).await.one();
    assert_eq!(list["OptionsTable"]["Options"][0]["Name"], "OP");
    let option = json!({"TableId": list["OptionsTableId"], "Name": "OP 2"});
    assert_eq!(client.post("/Fields@OptionsTables@Options", &option).await.status, 200);
    let tag = client.post("/Tags", &json!({"Name": "quente", "EntityId": 1})).await.one();
    assert_eq!(client.find("Tags", "EntityId eq 1 and Name eq 'QUENTE'").await.one(), tag);
    assert_eq!(client.post("/Contacts@Origins", &json!({"Name": "Feira"})).await.status, 200);
    let patched = client.patch(&format!("/Fields('{key}')"), &json!({"Name": "Novo"})).await;
    assert_eq!(patched.one()["Name"], "Novo");
}
