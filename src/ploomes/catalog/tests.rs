use serde_json::{Value, json};

use super::*;
use crate::ploomes::tests::{Reply, ploomes, rows};

fn field_row(id: i64, key: &str, native_type: Option<&str>) -> Value {
    json!({"Id": id, "Key": key, "Name": key, "EntityId": 1, "Dynamic": true, "TypeId": 1,
           "Type": {"Id": 1, "NativeType": native_type}, "OptionsTable": null})
}

fn account(path: &str) -> Reply {
    match path {
        "/Self" => rows([json!({"Id": 11, "Name": "Integração"})]),
        "/Deals@Pipelines" => rows([json!({
            "Id": 20, "Name": "Vendas", "Archived": false,
            "Stages": [{"Id": 22, "Name": "Proposta", "Ordination": 2},
                       {"Id": 21, "Name": "Lead novo", "Ordination": 1, "Archived": true}],
        })]),
        "/Fields" => rows([
            json!({"Id": 1, "Key": "contact_register", "Name": "CNPJ", "EntityId": 1,
                   "Dynamic": false, "TypeId": 1, "PropertyName": "Register",
                   "UpdatePropertyName": null, "Type": {"Id": 1, "NativeType": "String"}}),
            json!({"Id": 2, "Key": "contact_origin", "Name": "Origem", "EntityId": 2,
                   "Dynamic": true, "TypeId": 7, "Multiple": true, "Required": true,
                   "PropertyName": "Origin", "UpdatePropertyName": "OriginId",
                   "Type": {"Id": 7, "NativeType": "Integer"},
                   "OptionsTable": {"Id": 3, "Options": [{"Id": 31, "Name": "Site"}]}}),
            field_row(3, "contact_odd", Some("Object")),
            field_row(4, "contact_none", None),
            json!({"Id": 5, "Key": "order_x", "Name": "x", "EntityId": 4,
                   "Type": {"Id": 1, "NativeType": "String"}}),
        ]),
        "/Users" => rows([
            json!({"Id": 11, "Name": "Integração", "Email": null, "NativeIntegration": true}),
            json!({"Id": 12, "Name": "Ana", "Email": "ana@example.com", "Suspended": true}),
        ]),
        "/Contacts@Origins" => rows([json!({"Id": 41, "Name": "ActiveCampaign"})]),
        "/Tags" => rows([
            json!({"Id": 51, "Name": "lead", "EntityId": 1}),
            json!({"Id": 52, "Name": "lead", "EntityId": 2}),
            json!({"Id": 53, "Name": "lead", "EntityId": 12}),
        ]),
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn the_reference_data_is_read_in_six_calls() {
    let (sender, log) = ploomes(|asked| Some(account(asked.path())));
    let catalog = Reader::new(sender).catalog(Lane::Fresh).await.unwrap();
    assert_eq!(catalog.me, Some(RecordId(11)));
    let stages: Vec<_> =
        catalog.pipelines[0].stages.iter().map(|it| (it.id.0, it.archived)).collect();
    assert_eq!(stages, [(21, true), (22, false)], "in their order");
    let users: Vec<_> = catalog.users.iter().map(|it| (it.suspended, it.integration)).collect();
    assert_eq!(users, [(false, true), (true, false)]);
    assert_eq!(catalog.origins[0].name, "ActiveCampaign");
    let tags: Vec<_> = catalog.tags.iter().map(|it| (it.id.0, it.entity)).collect();
    assert_eq!(tags, [(51, Entity::Contact), (52, Entity::Deal)]);
    assert_eq!(
        log.targets(),
        [
            "/Self",
            "/Deals@Pipelines?$expand=Stages&$top=300",
            "/Fields?$filter=(EntityId%20eq%201%20or%20EntityId%20eq%202)\
             &$expand=Type,OptionsTable($expand%3DOptions)&$top=300",
            "/Users?$top=300",
            "/Contacts@Origins?$top=300",
            "/Tags?$filter=(EntityId%20eq%201%20or%20EntityId%20eq%202)&$top=300",
        ]
    );
}

#[tokio::test]
async fn a_field_says_where_and_how_it_is_written() {
    let (sender, _) = ploomes(|asked| Some(account(asked.path())));
    let fields = Reader::new(sender).catalog(Lane::Fresh).await.unwrap().fields;
    let keys: Vec<&str> = fields.iter().map(|it| it.key.as_str()).collect();
    assert_eq!(keys, ["contact_register", "contact_origin"], "none without a slot or of a sale");
    assert_eq!(fields[0].property.as_deref(), Some("Register"));
    assert_eq!(
        fields[1],
        Field {
            id: RecordId(2),
            key: "contact_origin".to_owned(),
            name: "Origem".to_owned(),
            entity: Entity::Deal,
            dynamic: true,
            property: Some("OriginId".to_owned()),
            slot: Slot::Integer,
            options: Some(vec![Named { id: RecordId(31), name: "Site".to_owned() }]),
            type_id: 7,
            multiple: true,
            required: true,
        }
    );
}

#[tokio::test]
async fn a_part_that_cannot_be_read_is_no_empty_part() {
    let (sender, _) = ploomes(|asked| {
        Some(if asked.path() == "/Tags" { (200, "[".to_owned()) } else { account(asked.path()) })
    });
    assert!(Reader::new(sender).catalog(Lane::Fresh).await.is_err());
}

#[tokio::test]
async fn the_plain_text_type_is_the_oldest_short_one() {
    let (sender, _) = ploomes(|_| {
        let kind = |id: i64, native: &str| json!({"Id": id, "Name": "x", "NativeType": native});
        Some(rows([kind(18, "String"), kind(2, "BigString"), kind(1, "String"), kind(0, "x")]))
    });
    let error = Reader::new(sender).text_type(Lane::Fresh).await.err().unwrap();
    assert!(error.to_string().contains("without `Id`"));
    let (sender, _) = ploomes(|_| {
        let kind = |id: i64, native: &str| json!({"Id": id, "Name": "x", "NativeType": native});
        Some(rows([kind(18, "String"), kind(2, "BigString"), kind(1, "String")]))
    });
    assert_eq!(Reader::new(sender).text_type(Lane::Fresh).await.unwrap(), Some(1));
}
