use serde_json::{Value, json};

use super::*;
use crate::{
    ploomes::tests::{Asked, Log, Reply, ploomes, rows},
    transport::Verdict,
};

const ME: RecordId = RecordId(11);

async fn find(
    search: &Search,
    controls: &[RecordId],
    answer: impl Fn(&Asked) -> Reply + Send + Sync + 'static,
) -> (Result<Found, CallError>, Log) {
    let (sender, log) = ploomes(move |asked| Some(answer(asked)));
    let reader = Reader::new(sender);
    (reader.find(search, controls, Some(ME), Some("deal_key"), Lane::Fresh).await, log)
}

fn by_email(email: &str) -> Search {
    Search { email: Some(email.to_owned()), ..Search::default() }
}

fn person(id: i64, email: &str, deals: &Value) -> Value {
    json!({"Id": id, "TypeId": 2, "Name": "Ana", "Email": email, "Deals": deals})
}

fn ids(records: &[ContactRecord]) -> Vec<i64> {
    records.iter().map(|it| it.id.0).collect()
}

#[tokio::test]
async fn one_call_asks_for_everything_by_every_key() {
    let search = Search {
        ids: vec![RecordId(5), RecordId(4)],
        email: Some("o'ana+b@example.com".to_owned()),
        cpf: vec!["52998224725".to_owned(), "529.982.247-25".to_owned()],
        phones: vec![5_511_900_000_000, 11_900_000_000],
        cnpj: vec!["12ABC34501DE35".to_owned()],
        company: Some("Pão & Cia #1".to_owned()),
        person_name: None,
    };
    let (found, log) = find(&search, &[RecordId(9)], |_| rows([])).await;
    assert_eq!(found.unwrap(), Found::default());
    let asked = log.asked();
    assert_eq!(asked.len(), 1);
    assert_eq!(
        asked[0].target,
        "/Contacts?$filter=((TypeId%20eq%202%20and%20(Email%20eq%20%27o%27%27ana%2Bb%40example.com\
         %27%20or%20CPF%20eq%20%2752998224725%27%20or%20CPF%20eq%20%27529.982.247-25%27%20or%20\
         Phones/any(p:%20p/SearchPhoneNumber%20eq%205511900000000)%20or%20Phones/any(p:%20p/\
         SearchPhoneNumber%20eq%2011900000000)))%20or%20(TypeId%20eq%201%20and%20(CNPJ%20eq%20%27\
         12ABC34501DE35%27%20or%20Register%20eq%20%2712ABC34501DE35%27%20or%20Name%20eq%20%27P%C3%A3o\
         %20%26%20Cia%20%231%27))%20or%20Id%20eq%204%20or%20Id%20eq%205%20or%20Id%20eq%209)\
         &$expand=Phones,Tags,OtherProperties,Deals($select%3DId,Title,StatusId,ContactId,PersonId,\
         CreatorId,CreateDate,PipelineId,StageId%3B$expand%3DOtherProperties%3B$filter%3D(StatusId\
         %20eq%201%20or%20CreatorId%20eq%2011))&$orderby=Id&$top=300"
    );
}

#[tokio::test]
async fn without_a_lead_key_field_or_a_user_less_is_asked() {
    let (sender, log) = ploomes(|_| Some(rows([])));
    let search = Search { ids: vec![RecordId(5)], ..Search::default() };
    Reader::new(sender).find(&search, &[], None, None, Lane::Fresh).await.unwrap();
    let asked = &log.asked()[0];
    assert_eq!(asked.option("$filter"), "Id eq 5");
    let deals = asked.option("$expand");
    assert!(deals.ends_with("PipelineId,StageId;$filter=StatusId eq 1)"), "{deals}");
}

#[tokio::test]
async fn with_no_key_nothing_is_asked() {
    let empty = Search {
        email: Some(" ".to_owned()),
        cpf: vec![String::new()],
        phones: vec![0],
        ..Search::default()
    };
    let (found, log) = find(&empty, &[], |_| panic!("asked")).await;
    assert_eq!(found.unwrap(), Found::default());
    assert!(log.asked().is_empty());
}

#[tokio::test]
async fn companies_and_persons_are_told_apart_and_their_deals_gathered() {
    let search = Search { company: Some("padaria".to_owned()), ..by_email("ana@example.com") };
    let deal = json!({
        "Id": 200, "StatusId": 1, "ContactId": 100, "PersonId": 101, "CreatorId": 12,
        "OtherProperties": [{"FieldKey": "deal_key", "StringValue": "example/site/9"}],
    });
    let ours = json!({"Id": 201, "StatusId": 3, "ContactId": 101, "CreatorId": 11});
    let foreign = json!({"Id": 202, "StatusId": 3, "ContactId": 101, "CreatorId": 12});
    let (found, log) = find(&search, &[], move |_| {
        let company = json!({"Id": 100, "TypeId": 1, "Name": "PADARIA", "Deals": [deal]});
        rows([company, person(101, "Ana@Example.com", &json!([ours, deal, foreign]))])
    })
    .await;
    let found = found.unwrap();
    assert_eq!((ids(&found.companies), ids(&found.persons)), (vec![100], vec![101]));
    let deals: Vec<_> = found.deals.iter().map(|it| (it.id.0, it.open)).collect();
    assert_eq!(
        deals,
        [(200, true), (201, false)],
        "each once, and a stranger's lost one not at all"
    );
    assert_eq!(found.deals[0].lead_key.as_deref(), Some("example/site/9"));
    assert_eq!(log.asked().len(), 1);
}

#[tokio::test]
async fn a_control_is_seen_but_is_no_candidate() {
    let open = json!([{"Id": 300, "StatusId": 1, "ContactId": 9}]);
    let control = person(9, "other@example.com", &open);
    let search = by_email("ana@example.com");
    let (found, _) = find(&search, &[RecordId(9)], move |_| rows([control.clone()])).await;
    assert_eq!(found.unwrap(), Found { control_seen: true, ..Found::default() });
}

#[tokio::test]
async fn a_control_that_a_key_asks_for_too_is_a_candidate() {
    let search = by_email("ana@example.com");
    let (found, _) =
        find(&search, &[RecordId(9)], |_| rows([person(9, "ANA@example.com", &json!([]))])).await;
    let found = found.unwrap();
    assert!(found.control_seen);
    assert_eq!(ids(&found.persons), [9]);
}

#[tokio::test]
async fn a_filter_that_is_ignored_makes_no_candidates() {
    let (found, _) = find(&by_email("ana@example.com"), &[], |_| {
        rows([
            person(1, "bia@example.com", &json!([{"Id": 5, "StatusId": 1, "ContactId": 1}])),
            person(2, "ana@example.com", &json!([])),
            json!({"Id": 3, "TypeId": 1, "Email": "ana@example.com", "Deals": []}),
        ])
    })
    .await;
    let found = found.unwrap();
    assert_eq!((ids(&found.persons), ids(&found.companies)), (vec![2], vec![]));
    assert!(found.deals.is_empty());
}

#[tokio::test]
async fn an_account_that_is_read_whole_ends_after_ten_pages() {
    let (found, log) = find(&by_email("ana@example.com"), &[], |asked| {
        let from: i64 = asked.option("$skip").parse().unwrap_or_default();
        rows((from..from + 300).map(|id| person(id + 1, "bia@example.com", &json!([]))))
    })
    .await;
    assert_eq!(found.err().unwrap().verdict(), Verdict::TryLater { after: None });
    assert_eq!(log.asked().len(), 10);
}

#[tokio::test]
async fn deals_that_did_not_come_along_are_read() {
    let cuts =
        [json!({}), json!({"Deals": null}), json!({"Deals": [], "Deals@odata.nextLink": "x"})];
    for cut in cuts {
        let (found, log) = find(&by_email("ana@example.com"), &[], move |asked| {
            if asked.path() == "/Deals" {
                return rows([json!({"Id": 200, "StatusId": 1, "PersonId": 101})]);
            }
            let mut row = json!({"Id": 101, "TypeId": 2, "Email": "ana@example.com"});
            row.as_object_mut().unwrap().extend(cut.as_object().unwrap().clone());
            rows([row])
        })
        .await;
        assert_eq!(found.unwrap().deals.len(), 1);
        assert_eq!(log.asked().len(), 2);
    }
}

#[tokio::test]
async fn a_known_record_of_unknown_kind_is_not_taken_for_deleted() {
    let search = Search { ids: vec![RecordId(5)], ..Search::default() };
    let (found, _) = find(&search, &[], |_| rows([json!({"Id": 5, "Deals": []})])).await;
    assert_eq!(found.err().unwrap().verdict(), Verdict::TryLater { after: None });
}

#[tokio::test]
async fn a_refused_key_is_not_an_empty_answer() {
    let (found, _) = find(&by_email("ana@example.com"), &[], |_| (401, String::new())).await;
    assert_eq!(found.err().unwrap().verdict(), Verdict::WrongKey);
}
