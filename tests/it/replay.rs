//! What another configuration would have done is shown, field by field, and written when asked for.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use chrono::TimeDelta;
use ponte::{
    clock::Clock,
    domain::{AutomationId, ContactId, LeadState},
    simulator::activecampaign::NewContact,
};
use serde_json::{Value, json};

use crate::support::{Accounts, Ponte, Route, Service, Settings, Way, proof};

fn accounts(seed: u64) -> Accounts {
    Accounts::at(Clock::simulated("2026-03-02T12:00:00Z".parse().unwrap()), seed)
}

fn ana() -> NewContact {
    NewContact::new("ana@example.com").named("Ana", "Lima").phone("(11) 3456-7890")
}

fn bia() -> NewContact {
    NewContact::new("bia@example.com").named("Bia", "Reis").phone("(11) 3456-7891")
}

/// Name and e-mail of a person, and a deal with this title.
fn route(automation: AutomationId, title: &str) -> Route {
    Route::new("site", "person-deal", automation)
        .from("full_name", "person.Name")
        .from("email", "person.Email")
        .template(title, "deal.Title")
}

fn settings(route: Route) -> Settings {
    Settings::new([route])
}

/// Everything that came in on that day.
async fn replay(service: &Service, apply: bool) -> Value {
    let arguments = json!({
        "since": "2026-03-02T00:00:00Z",
        "until": "2026-03-03T00:00:00Z",
        "route": null,
        "apply": apply,
    });
    service.engine.perform("replay", &arguments).await.unwrap()
}

/// The changes, a line each: lead, record, field, before, after.
fn lines(answer: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    for lead in answer["leads"].as_array().unwrap() {
        for it in lead["changes"].as_array().unwrap() {
            let word = |value: &Value| value.as_str().unwrap().to_owned();
            let (key, record, field) =
                (word(&lead["lead"]), word(&it["record"]), word(&it["field"]));
            lines.push(format!("{key} {record} {field}: {} -> {}", it["before"], it["after"]));
        }
    }
    lines
}

async fn brought_in(accounts: &Accounts, route: Route, who: Vec<NewContact>) -> Service {
    let automation = AutomationId(1);
    let service = Service::start(accounts, &settings(route), Way::Paused).await;
    for contact in who {
        accounts.enter(contact, automation);
    }
    service.send_webhooks().await;
    service.settled().await;
    service
}

#[tokio::test(start_paused = true)]
async fn a_dry_run_lists_exactly_what_differs_and_writes_nothing() {
    let accounts = accounts(31);
    let automation = accounts.automation_of("site");
    let key = accounts.ploomes.add_field(&json!({ "Name": "De onde", "EntityId": 2, "TypeId": 1 }));
    let key = key.unwrap();
    let before = route(automation, "{{ full_name }}");
    let service = brought_in(&accounts, before, vec![ana(), bia()]).await;
    let after = route(automation, "{{ full_name }} - site")
        .from("phone", "person.Phones")
        .template("site", &format!("deal.{key}"));
    let service = service.restart_with(&settings(after)).await;
    let (writes, history) = (accounts.ploomes.writes(), service.ledger.clone());
    let chain = async || {
        let outcome = history.read(|conn| ponte::ledger::audit::audit(conn, None)).await.unwrap();
        format!("{outcome:?}")
    };
    let (before, answer, after) = (chain().await, replay(&service, false).await, chain().await);
    assert_eq!(
        lines(&answer),
        [
            r#"site/1 person Phones: null -> ["(11) 3456-7890"]"#.to_owned(),
            r#"site/1 deal Title: "Ana Lima" -> "Ana Lima - site""#.to_owned(),
            format!(r#"site/1 deal {key}: null -> "site""#),
            r#"site/2 person Phones: null -> ["(11) 3456-7891"]"#.to_owned(),
            r#"site/2 deal Title: "Bia Reis" -> "Bia Reis - site""#.to_owned(),
            format!(r#"site/2 deal {key}: null -> "site""#),
        ]
    );
    assert_eq!(answer["since"], "2026-03-01T21:00:00-03:00");
    assert_eq!((&answer["applied"], &answer["leads"][0]["contact"]), (&json!(false), &json!(1)));
    assert_eq!(accounts.ploomes.writes(), writes);
    assert_eq!(before, after, "nothing of the ledger's evidence changed");
    let calls = accounts.calls();
    assert_eq!(lines(&replay(&service, false).await).len(), 6);
    assert_eq!(accounts.calls() - calls, 2, "the contacts in one call, the deals in another");
    service.stop().await;
}

#[tokio::test(start_paused = true)]
async fn applied_it_writes_what_differs_and_then_nothing_differs() {
    let accounts = accounts(32);
    let automation = accounts.automation_of("site");
    let key = accounts.ploomes.add_field(&json!({ "Name": "De onde", "EntityId": 2, "TypeId": 1 }));
    let key = key.unwrap();
    let before = route(automation, "{{ full_name }}");
    let service = brought_in(&accounts, before, vec![ana(), bia()]).await;
    // Bia's deal says already what the new map says, and only a dry run knows.
    let bia = accounts.deals_of(&accounts.person("bia@example.com"))[0].clone();
    let after = route(automation, "{{ full_name }}{% if first_name == 'Ana' %} - site{% endif %}");
    let service = service.restart_with(&settings(after.clone())).await;
    let writes = accounts.ploomes.writes();
    let answer = replay(&service, true).await;
    service.settled().await;
    assert_eq!(lines(&answer), [r#"site/1 deal Title: "Ana Lima" -> "Ana Lima - site""#]);
    assert_eq!(answer["applied"], true);
    assert_eq!(accounts.ploomes.writes(), writes + 1);
    let person = accounts.person("ana@example.com");
    assert_eq!(accounts.deals_of(&person)[0]["Title"], "Ana Lima - site");
    assert_eq!(accounts.deals_of(&accounts.person("bia@example.com"))[0], bia);
    assert!(lines(&replay(&service, false).await).is_empty());

    // What was written by a replay is ponte's, and follows the map again.
    let after = after.template("site", &format!("deal.{key}"));
    let service = service.restart_with(&settings(after)).await;
    replay(&service, true).await;
    service.settled().await;
    assert!(lines(&replay(&service, true).await).is_empty());
    assert_eq!(accounts.ploomes.writes(), writes + 3);
    assert_eq!(accounts.ploomes.deals().len(), 2);
    proof::all(&service).await;
    service.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_a_person_changed_is_kept() {
    let accounts = accounts(33);
    let automation = accounts.automation_of("site");
    let before = route(automation, "{{ full_name }}");
    let service = brought_in(&accounts, before, vec![ana(), bia()]).await;
    let deal = accounts.deals_of(&accounts.person("ana@example.com"))[0]["Id"].as_i64().unwrap();
    accounts.ploomes.edit_deal(deal, &json!({ "Title": "Ana, ligar cedo" })).unwrap();
    let after = route(automation, "{{ full_name }} - site");
    let service = service.restart_with(&settings(after)).await;
    let answer = replay(&service, true).await;
    service.settled().await;
    assert_eq!(lines(&answer), [r#"site/2 deal Title: "Bia Reis" -> "Bia Reis - site""#]);
    assert_eq!(accounts.ploomes.deal(deal).unwrap()["Title"], "Ana, ligar cedo");
    proof::all(&service).await;
    service.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_won_deal_keeps_its_stage_its_owner_and_its_end() {
    let accounts = accounts(34);
    let automation = accounts.automation_of("site");
    let service = brought_in(&accounts, route(automation, "{{ full_name }}"), vec![ana()]).await;
    let deal = accounts.ploomes.deals()[0]["Id"].as_i64().unwrap();
    accounts.ploomes.win(deal).unwrap();
    let won = accounts.ploomes.deal(deal).unwrap();
    let other = route(automation, "{{ full_name }} - site")
        .with("owner = \"bruno@example.com\"")
        .with("existing = \"overwrite\"");
    let service = service.restart_with(&settings(other)).await;
    let answer = replay(&service, true).await;
    assert_eq!(answer["held"], json!([]));
    service.settled().await;
    let now = accounts.ploomes.deal(deal).unwrap();
    assert_eq!(now["Title"], "Ana Lima - site");
    for property in ["StageId", "PipelineId", "StatusId", "OwnerId", "FinishDate"] {
        assert_eq!(now[property], won[property], "{property}");
    }
    proof::all(&service).await;
    service.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_skipped_lead_is_brought_in_once_its_open_deal_is_closed() {
    let accounts = accounts(35);
    let automation = accounts.automation_of("site");
    let person = json!({ "Name": "Ana Lima", "Email": "ana@example.com", "TypeId": 2 });
    let person = accounts.ploomes.add_contact(&person).unwrap();
    let deal = json!({ "Title": "De antes", "ContactId": person });
    let deal = accounts.ploomes.add_deal(&deal).unwrap();
    let guarded = route(automation, "{{ full_name }}").with("skip_if_open_deal = true");
    let service = brought_in(&accounts, guarded, vec![ana()]).await;
    // The contact enters again: two leads wait for one deal to be closed.
    accounts.activecampaign.enroll(ContactId(1), automation).unwrap();
    service.send_webhooks().await;
    assert_eq!(service.settled().await.leads(LeadState::Skipped), 2);
    assert!(lines(&replay(&service, true).await).is_empty(), "the deal is still open");

    accounts.ploomes.lose(deal).unwrap();
    let answer = replay(&service, false).await;
    let shown = lines(&answer);
    assert!(shown.iter().all(|it| it.starts_with("site/1 deal ")), "{shown:#?}");
    assert!(shown.contains(&r#"site/1 deal Title: null -> "Ana Lima""#.to_owned()), "{shown:#?}");
    assert_eq!(answer["leads"][0]["changes"][0]["id"], Value::Null);
    assert_eq!(accounts.ploomes.deals().len(), 1);

    assert_eq!(lines(&replay(&service, true).await), shown);
    let counts = service.settled().await;
    assert_eq!((counts.leads(LeadState::Done), counts.leads(LeadState::Skipped)), (1, 1));
    assert_eq!(accounts.ploomes.deals().len(), 2);
    assert!(lines(&replay(&service, true).await).is_empty());
    service.settled().await;
    assert_eq!(accounts.ploomes.deals().len(), 2);
    proof::all(&service).await;
    service.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_failed_lead_is_brought_in_by_a_map_that_asks_for_less() {
    let accounts = accounts(36);
    let automation = accounts.automation_of("site");
    let strict = route(automation, "{{ full_name }}").required("phone", "person.Phones");
    let nobody = NewContact::new("sem@example.com").named("Sem", "Fone");
    let gone = NewContact::new("foi@example.com").named("Foi", "Embora");
    let service = brought_in(&accounts, strict, vec![nobody, gone]).await;
    assert_eq!(service.counts().await.leads(LeadState::Failed), 2);
    assert!(lines(&replay(&service, false).await).is_empty());
    accounts.activecampaign.delete(ContactId(2)).unwrap();
    let service = service.restart_with(&settings(route(automation, "{{ full_name }}"))).await;
    let answer = replay(&service, true).await;
    let leads = answer["leads"].as_array().unwrap();
    assert_eq!((leads.len(), &leads[0]["state"]), (1, &json!("failed")), "{answer}");
    let counts = service.settled().await;
    assert_eq!((counts.leads(LeadState::Done), counts.leads(LeadState::Failed)), (1, 1));
    assert_eq!((accounts.persons().len(), accounts.ploomes.deals().len()), (1, 1));
    proof::all(&service).await;
    service.stop().await;
}

#[tokio::test(start_paused = true)]
async fn leads_of_one_person_change_the_person_once_and_each_its_own_deal() {
    let accounts = accounts(37);
    let automation = accounts.automation_of("site");
    let before = route(automation, "{{ full_name }}").with("skip_if_open_deal = false");
    let service = brought_in(&accounts, before, vec![ana()]).await;
    accounts.activecampaign.enroll(ContactId(1), automation).unwrap();
    service.send_webhooks().await;
    service.settled().await;
    let after = route(automation, "{{ full_name }} - site").from("phone", "person.Phones");
    let service = service.restart_with(&settings(after)).await;
    let answer = replay(&service, true).await;
    assert_eq!(
        lines(&answer),
        [
            r#"site/1 person Phones: null -> ["(11) 3456-7890"]"#,
            r#"site/1 deal Title: "Ana Lima" -> "Ana Lima - site""#,
            r#"site/2 deal Title: "Ana Lima" -> "Ana Lima - site""#,
        ]
    );
    service.settled().await;
    assert!(lines(&replay(&service, false).await).is_empty());
    proof::all(&service).await;
    service.stop().await;
}

/// Tags were not asked for before the map named them.
#[tokio::test(start_paused = true)]
async fn what_the_old_map_never_asked_for_is_read_now() {
    let accounts = accounts(38);
    let automation = accounts.automation_of("site");
    let service = brought_in(&accounts, route(automation, "{{ full_name }}"), vec![ana()]).await;
    let tag = accounts.activecampaign.add_tag("quente");
    accounts.activecampaign.tag(ContactId(1), tag).unwrap();
    let after = route(automation, "{{ full_name }} ({{ tags }})");
    let service = service.restart_with(&settings(after)).await;
    let answer = replay(&service, true).await;
    assert_eq!(lines(&answer), [r#"site/1 deal Title: "Ana Lima" -> "Ana Lima (quente)""#]);
    service.settled().await;
    assert_eq!(accounts.ploomes.deals()[0]["Title"], "Ana Lima (quente)");
    assert!(lines(&replay(&service, false).await).is_empty());
    service.stop().await;
}

/// The time is that of the entry; leads that wait in the queue are the queue's.
#[tokio::test(start_paused = true)]
async fn leads_of_another_time_and_another_route_are_left() {
    let accounts = accounts(39);
    let automation = accounts.automation_of("site");
    let service = brought_in(&accounts, route(automation, "{{ full_name }}"), vec![ana()]).await;
    let service = service.restart_with(&settings(route(automation, "outro"))).await;
    let ask = async |since: &str, until: &str, route: Value| {
        let arguments = json!({ "since": since, "until": until, "route": route, "apply": true });
        service.engine.perform("replay", &arguments).await
    };
    let none = json!([]);
    let (from, at) = ("2026-03-01T12:00:00Z", "2026-03-02T12:00:00Z");
    assert_eq!(ask(from, at, Value::Null).await.unwrap()["leads"], none);
    assert_eq!(
        ask("2026-03-02T12:00:01Z", "2027-01-01T00:00:00Z", Value::Null).await.unwrap()["leads"],
        none
    );
    assert!(ask(at, "2027-01-01T00:00:00Z", json!("loja")).await.is_err());
    let found = ask(at, "2027-01-01T00:00:00Z", json!("site")).await.unwrap();
    assert_eq!(lines(&found), [r#"site/1 deal Title: "Ana Lima" -> "outro""#]);
    service.settled().await;
    service.stop().await;
}

/// As a person does it: the binary does the work by itself, since no service runs.
#[tokio::test(flavor = "multi_thread")]
async fn the_command_shows_and_then_writes() {
    let accounts = Accounts::new(40);
    let served = accounts.serve().await;
    let automation = accounts.automation_of("site");
    let since = |route: Route| settings(route.with("since = \"2020-01-01\""));
    let ponte = Ponte::new(&since(route(automation, "{{ full_name }}")), &served);
    let contact = accounts.activecampaign.create_contact(ana()).unwrap();
    let entered = accounts.clock.now() - TimeDelta::hours(2);
    accounts.activecampaign.enroll_at(contact, automation, entered).unwrap();
    ponte.json(&["poll", "--json"]).await;
    assert_eq!(accounts.ploomes.deals()[0]["Title"], "Ana Lima");

    let text = since(route(automation, "{{ full_name }} - site"));
    ponte.configure(&text.toml(served.activecampaign, served.ploomes, &ponte.ledger()));
    let writes = accounts.ploomes.writes();
    let shown = ponte.command(&["replay", "--since", "2020-01-01"]).await;
    assert_eq!(shown.status, 0, "{shown:?}");
    assert!(shown.out.contains("1 field of 1 lead would be written"), "{shown:?}");
    assert_eq!(accounts.ploomes.writes(), writes);

    let applied = ponte.json(&["replay", "--since", "2020-01-01", "--apply", "--json"]).await;
    assert_eq!(applied["applied"], true);
    assert_eq!(accounts.ploomes.deals()[0]["Title"], "Ana Lima - site");
    let again = ponte.json(&["replay", "--since", "2020-01-01", "--json"]).await;
    assert_eq!((&again["leads"], &again["looked_at"]), (&json!([]), &json!(1)));
    for usage in [
        ["replay", "--since", "2999-01-01"].as_slice(),
        &["replay", "--since", "2020-01-01", "--until", "2019-12-31"],
        &["replay", "--since", "2020-01-01", "--route", "loja"],
    ] {
        assert_eq!(ponte.command(usage).await.status, 2, "{usage:?}");
    }
}
