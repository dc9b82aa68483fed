use serde_json::json;

use super::*;
use crate::{
    ploomes::tests::{Asked, Log, Reply, ploomes, rows},
    transport::Verdict,
};

fn writer(answer: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> (Writer, Log) {
    let (sender, log) = ploomes(move |asked| Some(answer(asked)));
    (Writer::new(sender), log)
}

async fn turn(writer: &Writer) -> Turn {
    writer.turn(Lane::Fresh).await.expect("nothing waits")
}

fn body() -> Map<String, Value> {
    object(json!({"Name": "Ana Lima", "TypeId": 2}))
}

#[tokio::test]
async fn each_write_is_one_request() {
    let (writer, log) = writer(|_| rows([json!({"Id": 7})]));
    let id = RecordId(7);
    let field = FieldSpec { name: "Lead", entity: Entity::Deal, type_id: 1 };
    let written = [
        writer.create_contact(&body(), turn(&writer).await).await,
        writer.update_contact(id, &body(), turn(&writer).await).await,
        writer.create_deal(&body(), turn(&writer).await).await,
        writer.update_deal(id, &body(), turn(&writer).await).await,
        writer.create_note(&body(), turn(&writer).await).await,
        writer.create_tag("lead", Entity::Contact, turn(&writer).await).await,
        writer.create_field(field, turn(&writer).await).await,
    ];
    assert!(written.iter().all(|it| it.as_ref().unwrap().id == Some(id)));
    let asked = log.asked();
    let calls: Vec<_> = asked.iter().map(|it| format!("{} {}", it.method, it.target)).collect();
    assert_eq!(
        calls,
        [
            "POST /Contacts",
            "PATCH /Contacts(7)",
            "POST /Deals",
            "PATCH /Deals(7)",
            "POST /InteractionRecords",
            "POST /Tags",
            "POST /Fields"
        ]
    );
    assert!(asked[..5].iter().all(|it| it.body == Value::Object(body())));
    assert_eq!(asked[5].body, json!({"Name": "lead", "EntityId": 1, "Color": "#000000"}));
    assert_eq!(
        asked[6].body,
        json!({"Name": "Lead", "EntityId": 2, "TypeId": 1, "Multiple": false, "Required": false})
    );
}

#[tokio::test]
async fn a_create_that_names_no_record_may_have_made_one() {
    let answers = ["", "ok", "{}", r#"{"value":[]}"#, r#"{"value":[{"Name":"Ana"}]}"#, "<html>"];
    for answer in answers {
        let (writer, log) = writer(move |_| (201, answer.to_owned()));
        let error = writer.create_contact(&body(), turn(&writer).await).await.err().unwrap();
        assert_eq!(error.verdict(), Verdict::Look, "{answer}");
        assert_eq!(log.asked().len(), 1);
    }
}

#[tokio::test]
async fn a_create_is_confirmed_by_a_bare_record_too() {
    let (writer, _) = writer(|_| (201, r#"{"Id":40000101,"Name":"Ana"}"#.to_owned()));
    let written = writer.create_contact(&body(), turn(&writer).await).await.unwrap();
    assert_eq!((written.id, written.status), (Some(RecordId(40_000_101)), 201));
    assert_eq!(format!("{written:?}"), "Written(40000101)");
}

#[tokio::test]
async fn an_update_is_done_whatever_its_success_says() {
    for answer in ["", "{}", r#"{"value":[]}"#, "<html>"] {
        let (writer, _) = writer(move |_| (200, answer.to_owned()));
        let written = writer.update_deal(RecordId(7), &body(), turn(&writer).await).await.unwrap();
        assert_eq!(written.id, Some(RecordId(7)));
    }
}

#[tokio::test]
async fn a_record_that_is_gone_is_not_there() {
    let (writer, _) = writer(|_| (404, String::new()));
    let error =
        writer.update_contact(RecordId(7), &body(), turn(&writer).await).await.err().unwrap();
    assert_eq!(error.verdict(), Verdict::NotFound);
}

#[tokio::test]
async fn of_a_long_answer_the_beginning_is_kept() {
    let (writer, _) = writer(|_| rows([json!({"Id": 7, "Note": "x".repeat(100_000)})]));
    let written = writer.create_note(&body(), turn(&writer).await).await.unwrap();
    assert_eq!((written.id, written.body.len()), (Some(RecordId(7)), 64 * 1_024));
}
