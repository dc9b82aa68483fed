use std::collections::BTreeSet;

use super::*;

/// A company with two persons, deals on the company.
async fn furnished() -> (Client, [i64; 3], [i64; 2]) {
    let client = Client::open();
    let company = json!({"Name": "Padaria São João", "TypeId": 1, "CNPJ": "00000000000000"});
    let company = client.post("/Contacts", &company).await.id();
    let ana = json!({"Name": "Ana Lima", "TypeId": 2, "Email": "Ana.Lima@example.com",
        "CompanyId": company, "OwnerId": ANA,
        "Phones": [{"PhoneNumber": "(11) 90000-0000", "TypeId": 2, "CountryId": 76}],
        "Tags": [{"TagId": TAG_OF_CONTACTS}]});
    let ana = client.post("/Contacts", &ana).await.id();
    let bia = json!({"Name": "Bia", "TypeId": 2, "Email": "ana+b@example.com"});
    let bia = client.post("/Contacts", &bia).await.id();
    let deal = json!({"Title": "Pão - site", "ContactId": company, "PersonId": ana, "Amount": 5});
    let first = client.post("/Deals", &deal).await.id();
    let deal = json!({"Title": "Outro", "ContactId": company, "StageId": AFTER_SALES_STAGES[1]});
    let second = client.post("/Deals", &deal).await.id();
    (client, [company, ana, bia], [first, second])
}

#[tokio::test(start_paused = true)]
async fn filters_find_what_they_say() {
    let (client, [company, ana, bia], _) = furnished().await;
    for (filter, found) in [
        ("Email eq 'ana.lima@example.com'", vec![ana]),
        ("Email eq 'ana+b@example.com'", vec![bia]),
        ("Email eq 'ana b@example.com'", vec![]),
        ("Email eq 'ANA.LIMA@EXAMPLE.COM   '", vec![ana]),
        ("Name eq 'padaria sao joao'", vec![company]),
        ("contains(Name,'são')", vec![company]),
        ("startswith(Name,'an') and TypeId eq 2", vec![ana]),
        ("endswith(Name,'A')", vec![ana, bia]),
        ("not contains(Name,'a')", vec![]),
        ("Phones/any(p: p/SearchPhoneNumber eq 11900000000)", vec![ana]),
        ("Phones/any(p: p/PhoneNumber eq '(11) 90000-0000' and p/TypeId eq 1)", vec![]),
        ("not Phones/any()", vec![company, bia]),
        ("Tags/any(t: t/Tag/Name eq 'Lead')", vec![ana]),
        ("Company/CNPJ eq '00000000000000'", vec![ana]),
        ("Owner/Email eq 'ana@example.com'", vec![ana]),
        ("Contacts/any(c: c/Id eq 0)", vec![]),
        ("Deals/any(d: d/StatusId eq 1 and contains(d/Title,'pao'))", vec![company]),
        ("CompanyId eq null", vec![company, bia]),
        ("CompanyId ne 1", vec![company, ana, bia]),
        (
            "Email eq 'nobody@example.com' or Phones/any(p: p/SearchPhoneNumber eq 11900000000)",
            vec![ana],
        ),
        ("CreateDate ge 2026-01-15T18:15:01-03:00", vec![company, ana, bia]),
        ("CreateDate lt 2026-01-15T21:15:01Z", vec![]),
        ("Lists/any(l: l/ListId eq 123)", vec![]),
    ] {
        let got = client.find("Contacts", filter).await;
        assert_eq!(got.ids(), found, "{filter}");
    }
    let or = format!("Id in ({company},{bia}) or Id eq {ana}");
    assert_eq!(client.find("Contacts", &or).await.ids(), [company, ana, bia]);
}

#[tokio::test(start_paused = true)]
async fn one_read_can_hold_a_contact_with_everything_around_it() {
    let (client, [company, ana, _], [first, second]) = furnished().await;
    let target = format!(
        "/Contacts?$filter=Id+eq+{company}+or+Id+eq+{ana}&$select=Id,Name&$orderby=Id+desc&$expand=\
         Phones($select=PhoneNumber),Tags($expand=Tag($select=Name)),Company($select=Name),\
         Deals($select=Id,StatusId;$filter=StatusId+eq+1+and+CreatorId+eq+{ME};$orderby=Id+desc)"
    );
    let got = client.get(&target).await;
    let context = "https://public6-api2.ploomes.com/$metadata#Contacts(Id,Name)";
    assert_eq!(got.json()["@odata.context"], context);
    assert_eq!(
        got.value(),
        [
            json!({"Id": ana, "Name": "Ana Lima", "Phones": [{"PhoneNumber": "(11) 90000-0000"}],
                "Tags": [{"Id": 80_000_501, "TagId": TAG_OF_CONTACTS, "NoteId": null,
                    "InteractionRecordId": null, "TaskId": null, "ContactId": ana, "DealId": null,
                    "LeadId": null, "EmailId": null, "Tag": {"Name": "lead"}}],
                "Company": {"Name": "Padaria São João"}, "Deals": []}),
            json!({"Id": company, "Name": "Padaria São João", "Phones": [], "Tags": [],
                "Company": null,
                "Deals": [{"Id": second, "StatusId": 1}, {"Id": first, "StatusId": 1}]}),
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn without_select_every_property_is_there_and_null_is_explicit() {
    let (client, [_, ana, _], [first, _]) = furnished().await;
    let person = client.find("Contacts", &format!("Id eq {ana}")).await.one();
    assert_eq!(person.as_object().unwrap().len(), 68);
    assert_eq!(person["Key"], Value::Null);
    assert_eq!(person["CreateDate"], "2026-01-15T18:15:01.727-03:00");
    let deal = client.get(&format!("/Deals({first})")).await.one();
    assert_eq!(deal.as_object().unwrap().len(), 51);
    assert_eq!(deal["ContactName"], "Padaria São João");
    assert_eq!(deal["PersonName"], "Ana Lima");
    assert_eq!(deal["PipelineId"], SALES);
    assert_eq!(deal["StageId"], SALES_STAGES[0]);
    assert!(deal.get("Tags").is_none());
}

#[tokio::test(start_paused = true)]
async fn pages_have_300_rows_and_links_lead_through_all_of_them() {
    let client = Client::open();
    for at in 0..650 {
        client.0.add_contact(&json!({"Name": format!("P{at}"), "TypeId": 2})).unwrap();
    }
    let mut seen = Vec::new();
    let mut target = "/Contacts?$select=Id&$count=true&$filter=TypeId+eq+2".to_owned();
    loop {
        let request = Request::get(&target).header("user-KEY", KEY).header("Host", "127.0.0.1:9");
        let got = client.try_send(request.body(Bytes::new()).unwrap()).await.unwrap();
        assert_eq!(got.json()["@odata.count"], 650);
        seen.extend(got.ids());
        match got.json()["@odata.nextLink"].as_str() {
            Some(next) => {
                target = next.strip_prefix("http://127.0.0.1:9").unwrap().to_owned();
            }
            None => break,
        }
    }
    assert_eq!(seen.len(), 650);
    assert_eq!(seen.iter().collect::<BTreeSet<_>>().len(), 650);
    let last = client.get("/Contacts?$top=300&$skip=600").await;
    assert_eq!(last.value().len(), 50);
    let many = client.get("/Contacts?$top=500").await;
    assert_eq!(many.value().len(), 300);
    let next = many.json()["@odata.nextLink"].as_str().unwrap().to_owned();
    assert_eq!(next, "http://localhost/Contacts?$top=200&$skip=300");
    let newest = client.get("/Contacts?$orderby=Id+desc&$top=1&$select=Id").await;
    assert_eq!(newest.ids(), [*seen.last().unwrap()]);
}

#[tokio::test(start_paused = true)]
async fn an_account_shows_what_a_setup_needs() {
    let client = Client::open();
    assert_eq!(client.get("/Account?$top=1&$select=Id").await.value().len(), 1);
    assert_eq!(client.get("/Self").await.id(), ME);
    let rights = client.get("/Self?$expand=Profile").await.one();
    assert_eq!(rights["Profile"]["ContactsView"], 1);
    let pipelines = client.get("/Deals@Pipelines?$expand=Stages").await.value();
    assert_eq!(pipelines[0]["Name"], "Vendas");
    assert_eq!(pipelines[0]["Stages"][3]["Name"], "Fechamento");
    let stages = format!("/Deals@Stages?$filter=PipelineId+eq+{SALES}&$orderby=Ordination+asc");
    assert_eq!(client.get(&stages).await.ids(), SALES_STAGES);
    let fields = "/Fields?$filter=EntityId+eq+1+and+Dynamic+eq+true\
                  &$expand=Type,OptionsTable($expand=Options)";
    let fields = client.get(fields).await.value();
    let options = fields.iter().find(|it| it["Key"] == json!(Custom::Options.of_contacts()));
    let options = options.unwrap();
    assert_eq!(options["Type"]["NativeType"], "Integer");
    assert_eq!(options["OptionsTable"]["Options"][1]["Name"], "Média");
    let native = client.find("Fields", "Key eq 'contact_cpf'").await.one();
    assert_eq!(native["UpdatePropertyName"], "CPF");
    assert_eq!(client.get("/Contacts@Origins").await.ids()[0], ORIGIN);
    let users = client.get("/Users").await.value();
    assert_eq!(users.iter().filter(|it| it["Suspended"] == json!(true)).count(), 1);
    let owners = client.get("/Users/GetDealOwners?contactId=1").await.value();
    assert_eq!(owners.len(), users.len() - 1);
    let city = client.find("Cities", "Name eq 'São Paulo' and State/Short eq 'SP'").await;
    assert_eq!(city.ids(), [3941]);
}
