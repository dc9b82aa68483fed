//! `check`: what is wrong with a configuration, here and in both accounts; and what every command
//! says of one that cannot be used.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::os::unix::fs::PermissionsExt as _;

use ponte::simulator::{
    fault::{Fault, FaultBody, Target, When},
    ploomes::standard::Custom,
};
use serde_json::{Value, json};

use crate::support::{Accounts, Ponte, Route, Served, Settings};

/// Accounts, and the text of a configuration that is right for them.
async fn scene() -> (Accounts, Served, Ponte, String) {
    let accounts = Accounts::new(1);
    let automation = accounts.automation_of("site");
    let route = Route::new("site", "company-person-deal", automation)
        .from("full_name", "person.Name")
        .from("email", "person.Email")
        .from("company", "company.Name")
        .from("phone", &format!("person.{}", Custom::Text.of_contacts()))
        .template("{{ full_name or email }}", "deal.Title");
    let settings = Settings {
        requests_per_minute: 100,
        requests_per_second: 4,
        lead_key_field: Some(Custom::LeadKey.of_deals()),
        ..Settings::new([route])
    };
    let served = accounts.serve().await;
    let ponte = Ponte::new(&settings, &served);
    let text = std::fs::read_to_string(ponte.config()).unwrap();
    (accounts, served, ponte, text)
}

fn problems(answer: &Value) -> &[Value] {
    answer["problems"].as_array().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_right_configuration_is_ok_here_and_online() {
    let (accounts, _served, ponte, _) = scene().await;
    let answer = ponte.json(&["check", "--json"]).await;
    assert_eq!((&answer["ok"], problems(&answer)), (&json!(true), &[] as &[Value]));
    assert_eq!(accounts.calls(), 0, "offline asks nobody");

    for with_run in [false, true] {
        let _running = if with_run { Some(ponte.run().await) } else { None };
        let answer = ponte.json(&["check", "--online", "--json"]).await;
        assert_eq!(answer["ok"], true, "{answer:#}");
        assert_eq!(accounts.ploomes.writes(), 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_in_the_file_is_named_with_its_key_and_line() {
    let (_, _served, ponte, right) = scene().await;
    let line_of =
        |text: &str, part: &str| 1 + text.lines().position(|line| line.contains(part)).unwrap();
    for (from, to, key, words) in [
        ("settle =", "setle =", "ploomes.setle", "settle"),
        (
            "requests_per_minute = 100",
            "requests_per_minute = \"many\"",
            "ploomes.requests_per_minute",
            "number",
        ),
        ("poll = \"0 0 0 29 2 *\"", "poll = \"often\"", "schedule.poll", "often"),
        ("first = \"50ms\"", "first = \"fifty\"", "retry.first", "fifty"),
        ("create = \"company-person-deal\"", "create = \"everything\"", "create", "everything"),
    ] {
        let text = right.replace(from, to);
        assert_ne!(text, right);
        ponte.configure(&text);
        let ended = ponte.command(&["check", "--json"]).await;
        assert_eq!(ended.status, 2, "{to}: {ended:?}");
        let answer = ended.json();
        assert_eq!(answer["ok"], false);
        let problem = &problems(&answer)[0];
        assert!(problem["key"].as_str().unwrap().ends_with(key), "{problem}");
        assert_eq!(problem["line"], line_of(&text, to), "{problem}");
        let said = format!("{} {}", problem["message"], problem["hint"]);
        assert!(said.contains(words), "{said}");

        // Any other command says the same, for people: file, line and key.
        let ended = ponte.command(&["status", "--json"]).await;
        assert_eq!((ended.status, ended.out.as_str()), (2, ""), "{ended:?}");
        let place = format!("config.toml:{}", line_of(&text, to));
        assert!(ended.err.contains(&place) && ended.err.contains(key), "{}", ended.err);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_not_there_or_no_command_is_a_usage_error() {
    let (_, _served, ponte, _) = scene().await;
    std::fs::remove_file(ponte.config()).unwrap();
    let ended = ponte.command(&["status"]).await;
    assert_eq!(ended.status, 2, "{ended:?}");
    assert!(ended.err.contains("config.toml"), "{ended:?}");
    assert_eq!(ponte.command(&[]).await.status, 2);
    assert_eq!(ponte.command(&["fly"]).await.status, 2);
    assert_eq!(ponte.command(&["--help"]).await.status, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_is_ever_shown() {
    let (_, _served, ponte, right) = scene().await;
    let secrets = ["key-of-activecampaign", "key-of-ploomes", "token-of-the-route-site"];
    let wrong = right.replace("[schedule]", "[shedule]").replace("user_key =", "user_kei =");
    for text in [right, wrong] {
        ponte.configure(&text);
        for command in [&["check"][..], &["check", "--json"], &["status"], &["leads", "--json"]] {
            let ended = ponte.command(command).await;
            for secret in secrets {
                assert!(!ended.out.contains(secret) && !ended.err.contains(secret), "{ended:?}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_everybody_can_read_is_a_warning() {
    let (_, _served, ponte, _) = scene().await;
    let everybody = std::fs::Permissions::from_mode(0o644);
    std::fs::set_permissions(ponte.config(), everybody).unwrap();
    let answer = ponte.json(&["check", "--json"]).await;
    assert_eq!((&answer["ok"], problems(&answer).len()), (&json!(true), 1));
}

/// What `check --online` finds wrong after a change of the configuration.
async fn online(ponte: &Ponte, text: &str) -> Vec<String> {
    ponte.configure(text);
    let ended = ponte.command(&["check", "--online", "--json"]).await;
    assert_eq!(ended.status, 1, "{ended:?}");
    let answer = ended.json();
    assert_eq!(answer["ok"], false, "{answer:#}");
    problems(&answer)
        .iter()
        .map(|it| {
            for key in ["key", "line", "message", "hint"] {
                assert!(it.get(key).is_some(), "{key}: {it}");
            }
            format!("{}: {} {}", it["key"], it["message"], it["hint"])
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn online_names_each_thing_that_the_accounts_do_not_have() {
    let (_, _served, ponte, right) = scene().await;
    let custom = Custom::Text.of_contacts();
    for (from, to, words) in [
        ("pipeline = \"Vendas\"", "pipeline = \"Venda\"", "Vendas"),
        ("stage = \"Lead novo\"", "stage = \"Lead nova\"", "Lead novo"),
        ("automation = 1", "automation = 99", "99"),
        (&format!("person.{custom}"), "person.contact_nothing", "contact_nothing"),
        ("from = \"phone\"", "from = \"field.NOTHING\"", "NOTHING"),
        (
            "pipeline = \"Vendas\"",
            "owner = \"nobody@example.com\"\npipeline = \"Vendas\"",
            "no user",
        ),
        ("pipeline = \"Vendas\"", "origin = \"Nowhere\"\npipeline = \"Vendas\"", "Nowhere"),
        (&Custom::LeadKey.of_deals(), "deal_nothing", "deal_nothing"),
        (&Custom::LeadKey.of_deals(), &Custom::Bool.of_deals(), "text"),
    ] {
        let text = right.replace(from, to);
        assert_ne!(text, right);
        let found = online(&ponte, &text).await;
        assert!(found.iter().any(|it| it.contains(words)), "{to}: {found:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn online_names_a_key_that_is_refused_and_a_service_that_is_not_there() {
    let (accounts, served, ponte, right) = scene().await;
    for (from, to, key) in [
        ("key-of-activecampaign", "another-key", "activecampaign.api_key"),
        ("key-of-ploomes", "another-key", "ploomes.user_key"),
    ] {
        let found = online(&ponte, &right.replace(from, to)).await;
        assert!(found.iter().any(|it| it.contains(key)), "{key}: {found:?}");
    }
    let down =
        Fault::Status { code: 503, retry_after: None, body: FaultBody::Html, when: When::Before };
    accounts.ploomes.faults().stand(Target::any(), down);
    let found = online(&ponte, &right).await;
    assert!(found.iter().any(|it| it.contains("503")), "{found:?}");
    drop(served);
}
