use super::*;

/// A deal with these custom values, and its echo.
async fn deal_with(client: &Client, values: &Value) -> Got {
    let body = json!({"Title": "x", "OtherProperties": values});
    client.post("/Deals?$expand=OtherProperties", &body).await
}

/// Field keys and what they hold, without null.
fn held(record: &Value) -> Vec<(String, Value)> {
    let slots = write::SLOTS;
    let values = record["OtherProperties"].as_array().unwrap().iter().map(|it| {
        let slot = slots.iter().find(|slot| !it[**slot].is_null()).unwrap();
        (it["FieldKey"].as_str().unwrap().to_owned(), it[*slot].clone())
    });
    values.collect()
}

#[tokio::test(start_paused = true)]
async fn each_kind_of_field_has_its_slot() {
    let client = Client::open();
    for (custom, slot, value) in [
        (Custom::Text, "StringValue", json!("x")),
        (Custom::LongText, "BigStringValue", json!("x".repeat(1000))),
        (Custom::Integer, "IntegerValue", json!(5)),
        (Custom::Decimal, "DecimalValue", json!(5.5)),
        (Custom::Currency, "DecimalValue", json!(5)),
        (Custom::Date, "DateTimeValue", json!("2023-06-30T00:00:00-03:00")),
        (Custom::Bool, "BoolValue", json!(true)),
        (Custom::Options, "IntegerValue", json!(OPTIONS[1])),
        (Custom::User, "IntegerValue", json!(BRUNO)),
    ] {
        let item = json!([{"FieldKey": custom.of_deals(), slot: value}]);
        let got = deal_with(&client, &item).await;
        assert_eq!(held(&got.one()), [(custom.of_deals(), value)], "{custom:?}");
        for other in write::SLOTS.into_iter().filter(|it| *it != slot) {
            let value = match other {
                "BoolValue" => json!(true),
                "StringValue" | "BigStringValue" => json!("x"),
                "DateTimeValue" => json!("2023-06-30T00:00:00-03:00"),
                _ => json!(1),
            };
            let item = json!([{"FieldKey": custom.of_deals(), other: value}]);
            assert_eq!(deal_with(&client, &item).await.status, 400, "{custom:?} {other}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_option_and_a_user_are_shown_by_name() {
    let client = Client::open();
    let values = json!([
        {"FieldKey": Custom::Options.of_deals(), "IntegerValue": OPTIONS[2]},
        {"FieldKey": Custom::User.of_deals(), "IntegerValue": BRUNO},
    ]);
    let deal = deal_with(&client, &values).await.one();
    let [option, user] = deal["OtherProperties"].as_array().unwrap().as_slice() else {
        panic!("two were written")
    };
    assert_eq!(option.as_object().unwrap().len(), 26);
    assert_eq!(option["ObjectValueId"], OPTIONS[2]);
    assert_eq!(option["ObjectValueName"], "Grande");
    assert_eq!(option["DealId"], deal["Id"]);
    assert_eq!(user["UserValueName"], "Bruno Exemplo");
    let other = json!({"Name": "Outra", "EntityId": 2, "TypeId": TYPE_OPTION,
        "OptionsTable": {"Name": "Outras", "Options": [{"Name": "OP"}]}});
    client.0.add_field(&other).unwrap();
    let of_another_list = client.find("Fields@OptionsTables@Options", "Name eq 'OP'").await.id();
    for wrong in [of_another_list, BRUNO] {
        let item = json!([{"FieldKey": Custom::Options.of_deals(), "IntegerValue": wrong}]);
        assert_eq!(deal_with(&client, &item).await.status, 400, "{wrong}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_says_nothing_that_is_understood_is_ignored() {
    let client = Client::open();
    let values = json!([
        {"FieldId": 40_000_751, "StringValue": "only an id"},
        {"FieldKey": "origin", "StringValue": "no such field"},
        {"FieldKey": Custom::Text.of_contacts(), "StringValue": "of another entity"},
        {"FieldKey": Custom::Options.of_deals(), "ObjectValueId": OPTIONS[0]},
        {"FieldKey": Custom::Text.of_deals(), "StringValue": null},
    ]);
    assert!(held(&deal_with(&client, &values).await.one()).is_empty());
    let unknown = json!([{"FieldKey": Custom::Text.of_deals(), "Value": "x"}]);
    assert_eq!(deal_with(&client, &unknown).await.status, 400);
}

#[tokio::test(start_paused = true)]
async fn several_values_need_a_field_that_takes_several() {
    let client = Client::open();
    let several = |it: Custom| {
        let key = it.of_deals();
        json!([{"FieldKey": key, "IntegerValue": OPTIONS[0]},
            {"FieldKey": key, "IntegerValue": OPTIONS[1]}])
    };
    let many = deal_with(&client, &several(Custom::Multiple)).await.one();
    assert_eq!(held(&many).len(), 2);
    let one = deal_with(&client, &several(Custom::Options)).await.one();
    assert_eq!(held(&one), [(Custom::Options.of_deals(), json!(OPTIONS[1]))]);
}

#[tokio::test(start_paused = true)]
async fn a_patch_merges_by_field_or_replaces_all_of_them() {
    for (mode, left) in [
        (PatchMode::MergeOtherProperties, vec![Custom::Integer, Custom::Text]),
        (PatchMode::ReplaceAll, vec![Custom::Text]),
    ] {
        let client = Client::open();
        client.0.switch(|it| it.patch = mode);
        let values = json!([
            {"FieldKey": Custom::Text.of_deals(), "StringValue": "old"},
            {"FieldKey": Custom::Integer.of_deals(), "IntegerValue": 5},
            {"FieldKey": Custom::Bool.of_deals(), "BoolValue": true},
        ]);
        let id = deal_with(&client, &values).await.id();
        let change = json!({"OtherProperties": [
            {"FieldKey": Custom::Text.of_deals(), "StringValue": "new"},
            {"FieldKey": Custom::Bool.of_deals(), "BoolValue": null},
        ]});
        let target = format!("/Deals({id})?$expand=OtherProperties");
        let got = held(&client.patch(&target, &change).await.one());
        let keys: Vec<_> = got.iter().map(|(key, _)| key.clone()).collect();
        let left: Vec<_> = left.into_iter().map(Custom::of_deals).collect();
        assert_eq!(keys, left);
        assert_eq!(got.last().unwrap().1, "new");
    }
}

#[tokio::test(start_paused = true)]
async fn one_field_can_be_updated_alone_whatever_a_patch_does() {
    let client = Client::open();
    client.0.switch(|it| it.patch = PatchMode::ReplaceAll);
    let contact = json!({"Name": "x", "TypeId": 2, "OtherProperties": [
        {"FieldKey": Custom::Text.of_contacts(), "StringValue": "old"},
        {"FieldKey": Custom::Integer.of_contacts(), "IntegerValue": 5},
    ]});
    let id = client.post("/Contacts", &contact).await.id();
    let target = format!("/Contacts({id})/UpdateOtherProperty?$expand=OtherProperties");
    let change =
        json!({"FieldKey": Custom::Text.of_contacts(), "Values": [{"StringValue": "new"}]});
    let got = held(&client.post(&target, &change).await.one());
    assert_eq!(
        got,
        [(Custom::Integer.of_contacts(), json!(5)), (Custom::Text.of_contacts(), json!("new")),]
    );
    let clear = json!({"FieldKey": Custom::Text.of_contacts(), "Values": []});
    let got = held(&client.post(&target, &clear).await.one());
    assert_eq!(got, [(Custom::Integer.of_contacts(), json!(5))]);
    assert_eq!(client.0.applied().last().unwrap().did, Did::Update);
}

#[tokio::test(start_paused = true)]
async fn custom_values_are_found_by_id_and_by_key_of_their_field() {
    let client = Client::open();
    let key = Custom::LeadKey.of_deals();
    let values = json!([{"FieldKey": key, "StringValue": "host/site/1"}]);
    let id = deal_with(&client, &values).await.id();
    deal_with(&client, &json!([{"FieldKey": key, "StringValue": "host/site/11"}])).await;
    for filter in [
        "OtherProperties/any(o: o/FieldId eq 40000761 and (o/StringValue eq 'host/site/1'))".into(),
        format!("OtherProperties/any(o: o/FieldKey eq '{key}' and o/StringValue eq 'HOST/site/1')"),
    ] {
        assert_eq!(client.find("Deals", &filter).await.ids(), [id], "{filter}");
    }
    let shown = "/Deals?$select=Id&$expand=OtherProperties($select=StringValue;\
                 $filter=FieldId+eq+40000761)&$top=1";
    let shown = client.get(shown).await.one();
    assert_eq!(shown["OtherProperties"], json!([{"StringValue": "host/site/1"}]));
}
