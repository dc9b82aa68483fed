//! Configuration keys, and the variables that stand for them.

use std::fmt::Write as _;

use serde_json::Value;

use super::{configure, ponte, text, write_private};

const HASH: &str = "$argon2id$v=19$m=19456,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZg$\
                    SwHKlk1mEdMwVFeQSXKhJ6MbWfGQTX2qzBsPTkMUkfk";

/// Section, key, and a value that is right and not the default.
const KEYS: [(&str, &str, &str); 31] = [
    ("activecampaign", "url", "https://acme.api-us1.com"),
    ("activecampaign", "api_key", "hidden-key-of-activecampaign"),
    ("activecampaign", "requests_per_second", "3"),
    ("activecampaign", "timeout", "20s"),
    ("ploomes", "url", "https://api2.ploomes.com"),
    ("ploomes", "user_key", "hidden-key-of-ploomes"),
    ("ploomes", "requests_per_minute", "90"),
    ("ploomes", "timeout", "500ms"),
    ("ploomes", "settle", "1m"),
    ("ploomes", "lead_key_field", "deal_0123"),
    ("ploomes", "app_url", "https://app.ploomes.com"),
    ("receiver", "listen", "127.0.0.1:18080"),
    ("receiver", "max_body", "4096"),
    ("admin", "listen", "127.0.0.1:18081"),
    ("admin", "password_hash", HASH),
    ("admin", "language", "en"),
    ("ledger", "path", "other.db"),
    ("ledger", "keep_payloads", "30d"),
    ("schedule", "timezone", "America/Manaus"),
    ("schedule", "poll", "0 */10 * * * *"),
    ("schedule", "reconcile", "0 0 3 * * *"),
    ("schedule", "overlap", "12h"),
    ("retry", "first", "1s"),
    ("retry", "max", "10m"),
    ("retry", "attempts", "4"),
    ("retry", "give_up", "48h"),
    ("reconcile", "mode", "report"),
    ("reconcile", "max_repairs", "10"),
    ("reconcile", "drift", "off"),
    ("alerts", "url", "https://hooks.example.com/hidden"),
    ("alerts", "heartbeat", "https://beat.example.com/hidden"),
];

const SECRETS: [(&str, &str); 5] = [
    ("activecampaign", "api_key"),
    ("ploomes", "user_key"),
    ("admin", "password_hash"),
    ("alerts", "url"),
    ("alerts", "heartbeat"),
];

const NUMBERS: [&str; 4] = ["requests_per_second", "requests_per_minute", "max_body", "attempts"];

/// Every key of a route that the contract has.
const ROUTE: &str = r#"
[[route]]
name = "site"
enabled = true
webhook_token = "hidden-token-of-site"
webhook_token_previous = "hidden-token-before"
automation = 12
since = "2026-01-01"
expect_within = "15m"
create = "company-person-deal"
pipeline = "Vendas"
stage = 7
skip_if_open_deal = true
existing = "fill"
owner = ["ana@example.com", 7]
origin = "ActiveCampaign"
tags = ["lead"]
note = "Entrou por {{ automation.name }}"

[[route.map]]
from = "full_name"
to = "person.Name"
required = true

[[route.map]]
from = "field.CPF"
to = "person.CPF"
required = false

[[route.map]]
from = "company"
to = "company.Name"

[[route.map]]
template = "{{ company or full_name }} - site"
to = "deal.Title"
"#;

/// The file with all keys, `of` as given, where `Some`: without it, or with another value.
fn file(without: Option<(&str, &str)>, line: &str) -> String {
    let mut text = String::new();
    let mut last = "";
    for (section, key, value) in KEYS {
        if section != last {
            writeln!(text, "[{section}]").unwrap();
            last = section;
        }
        let bare = NUMBERS.contains(&key) || key == "max_repairs";
        let value = if bare { value.to_owned() } else { format!("\"{value}\"") };
        if without == Some((section, key)) {
            text.push_str(line);
        } else {
            writeln!(text, "{key} = {value}").unwrap();
        }
    }
    text.push_str("silence = \"3h\"\n");
    text + ROUTE
}

#[track_caller]
fn problems(answer: &Value) -> &Vec<Value> {
    answer["problems"].as_array().unwrap()
}

/// What `check --json` says: its status and its document.
fn check(home: &std::path::Path, variables: &[(&str, &str)]) -> (i32, Value) {
    let ended = ponte(home, &["check", "--json"], variables);
    let out = text(&ended.stdout);
    assert!(!(out.clone() + &text(&ended.stderr)).contains("hidden"), "a secret shows: {out}");
    let answer = serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out:?}"));
    (ended.status.code().unwrap(), answer)
}

#[test]
fn every_key_of_the_contract_is_taken() {
    let home = tempfile::tempdir().unwrap();
    configure(home.path(), &file(None, ""));
    let (status, answer) = check(home.path(), &[]);
    assert_eq!((status, &answer["ok"]), (0, &Value::Bool(true)), "{answer:#}");
    assert!(problems(&answer).is_empty(), "{answer:#}");
}

#[test]
fn every_key_of_the_wrong_type_is_named_with_its_line() {
    let home = tempfile::tempdir().unwrap();
    for (section, key, _) in KEYS {
        let text = file(Some((section, key)), &format!("{key} = []\n"));
        configure(home.path(), &text);
        let line = text.lines().position(|it| it == format!("{key} = []")).unwrap() + 1;
        let (status, answer) = check(home.path(), &[]);
        assert_eq!((status, &answer["ok"]), (2, &Value::Bool(false)), "{section}.{key}");
        let named = problems(&answer).iter().find(|it| it["key"] == format!("{section}.{key}"));
        let named = named.unwrap_or_else(|| panic!("{section}.{key} is not named: {answer:#}"));
        assert_eq!(named["line"], line, "{named}");
        assert!(named["message"].is_string() && named.get("hint").is_some(), "{named}");
    }
}

#[test]
fn every_key_has_its_variable() {
    let home = tempfile::tempdir().unwrap();
    for (section, key, value) in KEYS {
        configure(home.path(), &file(Some((section, key)), ""));
        let variable = format!("PONTE_{section}__{key}").to_uppercase();
        let (status, answer) = check(home.path(), &[(&variable, value)]);
        assert_eq!(status, 0, "{variable}: {answer:#}");
        if ["api_key", "user_key", "lead_key_field", "path"].contains(&key) {
            // Any text will do.
            continue;
        }
        let (status, answer) = check(home.path(), &[(&variable, "!?")]);
        assert_eq!(status, 2, "{variable}: {answer:#}");
        let named = problems(&answer).iter().find(|it| it["key"] == format!("{section}.{key}"));
        assert!(named.is_some_and(|it| it["place"] == variable), "{variable}: {answer:#}");
    }
    let (status, answer) = check(home.path(), &[("PONTE_PLOOMES__USER_KYE", "hidden")]);
    assert_eq!(status, 2, "{answer:#}");
    assert!(answer.to_string().contains("user_key"), "{answer:#}");
}

#[test]
fn every_secret_can_be_in_a_file_named_by_a_key_or_a_variable() {
    let home = tempfile::tempdir().unwrap();
    for (section, key) in SECRETS {
        let (.., value) = KEYS.iter().find(|it| (it.0, it.1) == (section, key)).unwrap();
        write_private(&home.path().join("secret"), &format!("{value}\n"));
        configure(home.path(), &file(Some((section, key)), &format!("{key}_file = \"secret\"\n")));
        let (status, answer) = check(home.path(), &[]);
        assert_eq!(status, 0, "{section}.{key}_file: {answer:#}");
        assert!(problems(&answer).is_empty(), "{section}.{key}_file: {answer:#}");

        configure(home.path(), &file(Some((section, key)), ""));
        let variable = format!("PONTE_{section}__{key}_FILE").to_uppercase();
        let (status, answer) = check(home.path(), &[(&variable, "secret")]);
        assert_eq!(status, 0, "{variable}: {answer:#}");
        let (status, answer) = check(home.path(), &[(&variable, "nowhere")]);
        assert_eq!(status, 2, "{variable}: {answer:#}");
    }
    write_private(&home.path().join("secret"), "hidden-0123456789");
    for key in ["webhook_token", "webhook_token_previous"] {
        let old = ROUTE.lines().find(|it| it.starts_with(&format!("{key} = "))).unwrap();
        let whole = file(None, "").replace(old, &format!("{key}_file = \"secret\""));
        configure(home.path(), &whole);
        let (status, answer) = check(home.path(), &[]);
        assert_eq!(status, 0, "route.{key}_file: {answer:#}");
    }
}

#[test]
fn what_the_contract_refuses_is_refused_and_named() {
    let home = tempfile::tempdir().unwrap();
    let cases = [
        ("user_key = \"hidden-key-of-ploomes\"", "user_kye = \"hidden\"", "user_key"),
        ("poll = \"0 */10 * * * *\"", "poll = \"*/10 * * * *\"", "schedule.poll"),
        ("America/Manaus", "America/Manau", "America/Manaus"),
        ("https://acme.api-us1.com", "http://acme.api-us1.com", "activecampaign.url"),
        ("requests_per_minute = 90", "requests_per_minute = 0", "ploomes.requests_per_minute"),
        ("webhook_token = \"hidden-token-of-site\"", "webhook_token = \"hidden\"", "webhook_token"),
        (
            "webhook_token_previous = \"hidden-token-before\"",
            "webhook_token_previous = \"hidden-token-of-site\"",
            "webhook_token",
        ),
        ("automation = 12", "automation = 12\ntag = \"Lead\"", "tag"),
        ("automation = 12\n", "", "automation"),
        ("create = \"company-person-deal\"", "create = \"deal\"", "company-person-deal"),
        ("to = \"person.Name\"", "to = \"person.LegalName\"", "person.Name"),
        ("timeout = \"500ms\"", "timeout = \"500\"", "ploomes.timeout"),
        ("listen = \"127.0.0.1:18081\"", "listen = \"127.0.0.1:18080\"", "admin.listen"),
        (
            "listen = \"127.0.0.1:18081\"\npassword_hash",
            "listen = \"0.0.0.0:18081\"\n# ",
            "password_hash",
        ),
    ];
    for (right, wrong, named) in cases {
        let text = file(None, "");
        assert!(text.contains(right), "{right}");
        configure(home.path(), &text.replacen(right, wrong, 1));
        let (status, answer) = check(home.path(), &[]);
        assert_eq!(status, 2, "{wrong}: {answer:#}");
        assert!(answer.to_string().contains(named), "{named}: {answer:#}");
    }
}

#[test]
fn rates_above_what_the_services_allow_are_a_warning() {
    let home = tempfile::tempdir().unwrap();
    for (key, value) in [("REQUESTS_PER_SECOND", "6"), ("REQUESTS_PER_MINUTE", "121")] {
        configure(home.path(), &file(None, ""));
        let section = if key.ends_with("SECOND") { "ACTIVECAMPAIGN" } else { "PLOOMES" };
        let (status, answer) = check(home.path(), &[(&format!("PONTE_{section}__{key}"), value)]);
        assert_eq!(status, 0, "{answer:#}");
        assert_eq!(problems(&answer).len(), 1, "{answer:#}");
    }
}

#[test]
fn a_route_s_members_are_said_in_one_of_four_ways() {
    let home = tempfile::tempdir().unwrap();
    for members in ["automation = 12", "tag = \"Lead\"", "list = 3", "every_contact = true"] {
        configure(home.path(), &file(None, "").replace("automation = 12", members));
        let (status, answer) = check(home.path(), &[]);
        assert_eq!(status, 0, "{members}: {answer:#}");
    }
}
