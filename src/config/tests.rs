//! What is refused and how it is said, what is accepted and what it means.

use proptest::prelude::*;
use secrecy::ExposeSecret;

use super::*;
use crate::domain::{Behaviour, Existing};

/// The least that is accepted, with a route of each membership left out.
const LEAST: &str = r#"
[activecampaign]
url = "https://example.api-us1.com"
api_key = "ac-hidden"

[ploomes]
user_key = "ploomes-hidden"

[[route]]
name = "site"
webhook_token = "hidden-0123456789"
automation = 12
pipeline = "Vendas"
stage = 7
"#;

fn environment(variables: &[(&str, &str)]) -> BTreeMap<String, String> {
    variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn load_with(text: &str, variables: &[(&str, &str)]) -> Result<Loaded, Problems> {
    load_text("config.toml".to_owned(), text, 0o600, &environment(variables))
}

#[track_caller]
fn accepted(text: &str) -> Config {
    let loaded = load_with(text, &[]).map_err(|problems| problems.to_string());
    loaded.expect("it is accepted").config
}

/// What is printed, errors or warnings; never a secret.
#[track_caller]
fn said_with(text: &str, variables: &[(&str, &str)]) -> String {
    let problems = match load_with(text, variables) {
        Ok(loaded) => loaded.warnings,
        Err(problems) => problems.0,
    };
    let said = Problems(problems).to_string();
    assert!(!said.contains("hidden"), "a secret is printed:\n{said}");
    said
}

#[track_caller]
fn said(text: &str) -> String {
    said_with(text, &[])
}

#[test]
fn the_example_loads_as_it_is() {
    let loaded = load_text("config.example.toml".to_owned(), EXAMPLE, 0o600, &BTreeMap::new());
    let loaded = loaded.map_err(|problems| problems.to_string()).expect("it loads");
    assert_eq!(loaded.warnings, []);
}

#[test]
fn the_example_has_every_key() {
    let mut section = "";
    let mut seen: BTreeMap<&str, Vec<(&str, bool)>> = BTreeMap::new();
    for line in EXAMPLE.lines() {
        if line.starts_with('[') {
            section = line.trim_matches(['[', ']']).trim_start_matches("route.");
        } else if let Some((key, _)) = line.split_once(" = ") {
            let name = key.trim_start_matches("# ");
            seen.entry(section).or_default().push((name, !key.starts_with('#')));
        }
    }
    for schema in schema::SECTIONS.iter().chain([&schema::ROUTE, &schema::MAP]) {
        for key in schema.keys.iter().filter(|key| key.kind != schema::Kind::Rows) {
            let found = seen
                .get(schema.name)
                .and_then(|keys| keys.iter().find(|(name, _)| *name == key.name));
            let (_, live) = found.unwrap_or_else(|| panic!("{}.{}", schema.name, key.name));
            assert!(*live || key.need == schema::Need::May, "{}.{}", schema.name, key.name);
        }
    }
}

#[test]
fn the_example_shows_the_default_map() {
    let example = accepted(EXAMPLE).routes.remove(0).map;
    let mut default = accepted(LEAST).routes.remove(0).map;
    for (default, example) in default.iter_mut().zip(&example) {
        default.line = example.line;
    }
    assert_eq!(default, example);
}

#[test]
fn what_is_left_out_has_the_contracts_value() {
    let config = accepted(LEAST);
    let route = &config.routes[0];
    let seconds = |seconds| std::time::Duration::from_secs(seconds);
    assert_eq!(config.activecampaign.url, "https://example.api-us1.com/api/3");
    assert_eq!(config.activecampaign.host(), "example.api-us1.com");
    assert_eq!(config.activecampaign.api_key.expose_secret(), "ac-hidden");
    assert_eq!(config.activecampaign.requests_per_second, 4);
    assert_eq!(config.activecampaign.timeout, seconds(30));
    assert_eq!(config.ploomes.url, "https://api2.ploomes.com");
    assert_eq!(config.ploomes.requests_per_minute, 100);
    assert_eq!(config.ploomes.settle, seconds(30));
    assert_eq!(config.ploomes.lead_key_field, None);
    assert_eq!(config.receiver.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(config.receiver.max_body, 1_048_576);
    assert_eq!(config.admin.listen.to_string(), "127.0.0.1:8081");
    assert_eq!(config.admin.language, Language::Portuguese);
    assert_eq!(config.ledger.path, Path::new("ponte.db"));
    assert_eq!(config.ledger.keep_payloads, seconds(90 * 86_400));
    assert_eq!(config.schedule.timezone, chrono_tz::America::Sao_Paulo);
    assert_eq!(config.schedule.poll.as_str(), "0 */5 * * * *");
    assert_eq!(config.schedule.reconcile.as_str(), "0 0 2 * * *");
    assert_eq!(config.schedule.overlap, seconds(86_400));
    assert_eq!(config.retry.first, seconds(2));
    assert_eq!(config.retry.max, seconds(900));
    assert_eq!(config.retry.attempts, 6);
    assert_eq!(config.retry.give_up, seconds(72 * 3_600));
    assert_eq!(config.reconcile.mode, ReconcileMode::Repair);
    assert_eq!(config.reconcile.max_repairs, 1_000);
    assert_eq!(config.reconcile.drift, Drift::Report);
    assert_eq!(config.alerts.silence, seconds(6 * 3_600));
    assert!(config.alerts.url.is_none() && config.alerts.heartbeat.is_none());
    assert!(route.enabled && route.skip_if_open_deal);
    assert_eq!(route.membership, Membership::Automation(12));
    assert_eq!(route.expect_within, seconds(900));
    assert_eq!((route.create, route.existing), (Behaviour::CompanyPersonDeal, Existing::Fill));
    assert_eq!(route.pipeline, Some(NameOrId::Name("Vendas".to_owned())));
    assert_eq!(route.stage, Some(NameOrId::Id(7)));
    assert!(route.company_ignore.contains(&"autônomo".to_owned()));
}

#[test]
fn a_route_says_everything_that_it_can() {
    let text = LEAST.replace(
        "automation = 12",
        r#"
was = "landing"
enabled = false
webhook_token_previous = "older-hidden-0123"
tag = "Lead"
since = 2026-01-01
expect_within = "5m"
create = "person-deal"
skip_if_open_deal = false
existing = "leave"
owner = ["ana@example.com", 42]
origin = "ActiveCampaign"
tags = ["lead", "site"]
note = "Entrou por {{ automation.name }}"
company_ignore = []"#,
    ) + r#"
[[route.map]]
from = "full_name"
to = "person.Name"
[[route.map]]
from = "field.CPF"
to = "person.CPF"
required = true
[[route.map]]
template = "{{ full_name }} - site"
to = "deal.Title"
"#;
    let route = accepted(&text).routes.remove(0);
    assert_eq!(route.was.as_deref(), Some("landing"));
    assert!(!route.enabled && !route.skip_if_open_deal);
    assert!(route.webhook_token_previous.is_some());
    assert_eq!(route.membership, Membership::Tag("Lead".to_owned()));
    assert_eq!(route.since, Some(Since::Day("2026-01-01".parse().expect("a date"))));
    assert_eq!((route.create, route.existing), (Behaviour::PersonDeal, Existing::Leave));
    let owners = [OwnerRef::Email("ana@example.com".to_owned()), OwnerRef::Id(42)];
    assert_eq!(route.owner, owners);
    assert_eq!(route.origin.as_deref(), Some("ActiveCampaign"));
    assert_eq!(route.tags, ["lead", "site"]);
    assert_eq!(route.note.as_deref(), Some("Entrou por {{ automation.name }}"));
    assert!(route.company_ignore.is_empty());
    let [name, cpf, title] = route.map.as_slice() else { panic!("three rows") };
    assert_eq!(name.source, Source::From("full_name".to_owned()));
    assert_eq!((cpf.to.as_str(), cpf.required), ("person.CPF", true));
    assert_eq!(title.source, Source::Template("{{ full_name }} - site".to_owned()));
    assert_eq!(cpf.line, title.line.map(|line| line - 4));
}

#[test]
fn all_problems_are_said_at_once_with_their_places() {
    insta::assert_snapshot!(said(include_str!("tests/wrong.toml")));
}

#[test]
fn an_empty_file_names_what_is_missing() {
    insta::assert_snapshot!(said(""));
}

#[test]
fn text_that_is_no_toml_is_shown_without_its_values() {
    insta::assert_snapshot!(said(
        "[activecampaign]\napi_key = hidden\nurl = \"https://hidden\n[ploomes\nuser_key = \"hidden\\q\"\n\
         note = \"\"\"\nhidden"
    ));
}

#[test]
fn routes_that_collide_are_named_and_tokens_are_not_shown() {
    let second = LEAST.split_once("[[route]]").expect("it has a route").1;
    let third = second.replace("\"site\"", "\"blog\"\nwas = \"site\"");
    insta::assert_snapshot!(said(&format!("{LEAST}\n[[route]]{second}\n[[route]]{third}")));
}

#[test]
fn the_previous_token_of_one_route_is_not_the_token_of_another() {
    let other = LEAST.split_once("[[route]]").expect("it has a route").1;
    let other = other.replace("site", "blog").replace("hidden-0123456789", "hidden-other-token")
        + "webhook_token_previous = \"hidden-0123456789\"";
    let said = said(&format!("{LEAST}\n[[route]]{other}"));
    assert!(said.contains("route.blog.webhook_token_previous"), "{said}");
    assert!(said.contains("\"site\" has this token too (line 11)"), "{said}");
}

#[test]
fn rates_above_what_an_account_has_are_a_warning() {
    let text =
        LEAST.replace("[ploomes]", "requests_per_second = 6\n[ploomes]\nrequests_per_minute = 121");
    assert_eq!(accepted(&text).ploomes.requests_per_minute, 121);
    insta::assert_snapshot!(said(&text));
}

#[test]
fn a_rate_below_one_is_refused() {
    let text = LEAST.replace("[ploomes]", "[ploomes]\nrequests_per_minute = 0");
    assert!(said(&text).contains("found 0, expected between 1 and 100000"));
}

#[test]
fn the_environment_wins_over_the_file() {
    let loaded = load_with(
        LEAST,
        &[
            ("PONTE_ACTIVECAMPAIGN__URL", "http://127.0.0.1:9001"),
            ("PONTE_PLOOMES__USER_KEY", "other"),
            ("PONTE_PLOOMES__REQUESTS_PER_MINUTE", "60"),
            ("PONTE_SCHEDULE__POLL", "*/10 * * * * *"),
            ("PONTE_ROUTE__SITE__ENABLED", "false"),
            ("PONTE_ROUTE__SITE__STAGE", "Novo"),
            ("PONTE_CONFIG", "config.toml"),
            ("PONTE_LOG", "debug"),
            ("HOME", "/nowhere"),
        ],
    );
    let config = loaded.map_err(|problems| problems.to_string()).expect("it is accepted").config;
    assert_eq!(config.activecampaign.url, "http://127.0.0.1:9001/api/3");
    assert_eq!(config.activecampaign.host(), "127.0.0.1");
    assert_eq!(config.ploomes.user_key.expose_secret(), "other");
    assert_eq!(config.ploomes.requests_per_minute, 60);
    assert_eq!(config.schedule.poll.as_str(), "*/10 * * * * *");
    assert!(!config.routes[0].enabled);
    assert_eq!(config.routes[0].stage, Some(NameOrId::Name("Novo".to_owned())));
}

#[test]
fn a_variable_that_sets_nothing_is_a_problem() {
    insta::assert_snapshot!(said_with(
        LEAST,
        &[
            ("PONTE_PLOOMES__USER_KYE", "hidden"),
            ("PONTE_PLOMES__USER_KEY", "hidden"),
            ("PONTE_PLOOMES_USER_KEY", "hidden"),
            ("PONTE_PLOOMES__TIMEOUT", "soon"),
            ("PONTE_PLOOMES__REQUESTS_PER_MINUTE", "many"),
            ("PONTE_ACTIVECAMPAIGN__API_KEY", "hidden with spaces"),
            ("PONTE_ROUTE__SITE__TAGS", "lead"),
            ("PONTE_ROUTE__BLOG__ENABLED", "true"),
            ("PONTE_ROUTE__ENABLED", "true"),
            ("PONTE_UNRELATED", "1"),
        ],
    ));
}

#[test]
fn a_secret_comes_from_a_file_without_its_line_end() {
    let file = tempfile::NamedTempFile::new().expect("a file");
    fs::write(file.path(), "from-a-file\r\n").expect("written");
    let path = file.path().display().to_string();
    let text = LEAST.replace("user_key = \"ploomes-hidden\"", &format!("user_key_file = {path:?}"));
    assert_eq!(accepted(&text).ploomes.user_key.expose_secret(), "from-a-file");
}

#[test]
fn a_secret_in_the_environment_replaces_the_file_that_holds_it() {
    let text = LEAST.replace("user_key = \"ploomes-hidden\"", "user_key_file = \"/nowhere\"");
    let loaded = load_with(&text, &[("PONTE_PLOOMES__USER_KEY", "other")]).expect("it is accepted");
    assert_eq!(loaded.config.ploomes.user_key.expose_secret(), "other");
}

#[test]
fn a_secret_file_that_is_not_there_is_named() {
    let text = LEAST.replace("user_key = \"ploomes-hidden\"", "user_key_file = \"/nowhere/key\"");
    let said = said(&text);
    assert!(said.contains("ploomes.user_key_file: cannot read \"/nowhere/key\""), "{said}");
}

#[test]
fn a_secret_and_its_file_are_not_given_together() {
    let text = LEAST.replace("[[route]]", "user_key_file = \"/nowhere\"\n[[route]]");
    assert!(said(&text).contains("ploomes.user_key_file: `user_key` is given as well"));
}

#[test]
fn a_file_that_others_can_read_is_a_warning_where_it_holds_secrets() {
    let warnings = |text: &str, mode| {
        let loaded = load_text("config.toml".to_owned(), text, mode, &BTreeMap::new());
        loaded.expect("it is accepted").warnings
    };
    assert_eq!(warnings(LEAST, 0o640), []);
    let said = Problems(warnings(LEAST, 0o644)).to_string();
    assert!(said.contains("everybody on this machine can read the file"), "{said}");
}

#[test]
fn a_secret_file_that_others_can_read_is_a_warning() {
    let file = tempfile::NamedTempFile::new().expect("a file");
    fs::write(file.path(), "key").expect("written");
    fs::set_permissions(file.path(), fs::Permissions::from_mode(0o644)).expect("set");
    let path = file.path().display().to_string();
    let text = LEAST.replace("user_key = \"ploomes-hidden\"", &format!("user_key_file = {path:?}"));
    assert!(said(&text).contains("warning: ploomes.user_key_file: everybody on this machine"));
}

#[test]
fn a_file_that_is_not_there_is_a_problem_with_a_way_out() {
    let problems = load(Path::new("/nowhere/config.toml"), &BTreeMap::new());
    let said = problems.expect_err("it is not there").to_string();
    assert!(
        said.starts_with("/nowhere/config.toml: error: cannot read the configuration"),
        "{said}"
    );
    assert!(said.contains("hint: start from config.example.toml"), "{said}");
}

#[test]
fn a_file_is_loaded_with_its_mode() {
    let file = tempfile::NamedTempFile::new().expect("a file");
    fs::write(file.path(), LEAST).expect("written");
    fs::set_permissions(file.path(), fs::Permissions::from_mode(0o604)).expect("set");
    assert_eq!(load(file.path(), &BTreeMap::new()).expect("it is accepted").warnings.len(), 1);
}

#[test]
fn the_admin_page_on_the_network_has_a_password() {
    let open = format!("[admin]\nlisten = \"0.0.0.0:8081\"\n{LEAST}");
    assert!(said(&open).contains("0.0.0.0:8081 is not on loopback, so `password_hash` is needed"));
    let hash = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaGhhc2g";
    let closed = open.replace("8081\"\n", &format!("8081\"\npassword_hash = \"{hash}\"\n"));
    assert_eq!(accepted(&closed).admin.listen.port(), 8081);
}

#[test]
fn two_listeners_do_not_share_an_address() {
    let text = format!("[admin]\nlisten = \"127.0.0.1:8080\"\n{LEAST}");
    assert!(said(&text).contains("admin.listen: 127.0.0.1:8080 is the receiver's address too"));
    let any =
        format!("[admin]\nlisten = \"127.0.0.1:0\"\n[receiver]\nlisten = \"127.0.0.1:0\"\n{LEAST}");
    assert_eq!(accepted(&any).receiver.listen.port(), 0);
}

#[test]
fn nothing_secret_or_personal_is_in_the_debug_output() {
    let text = LEAST.replace("automation = 12", "automation = 12\nowner = \"ana@example.com\"");
    let shown = format!("{:?}", accepted(&text));
    assert!(!shown.contains("hidden") && !shown.contains("ana@"), "{shown}");
}

#[test]
fn a_configuration_without_routes_is_accepted_with_a_warning() {
    let text = LEAST.split_once("[[route]]").expect("it has a route").0;
    let loaded = load_with(text, &[]).expect("it is accepted");
    assert_eq!(loaded.warnings.len(), 1);
}

#[test]
fn a_mark_at_the_start_of_the_file_is_no_problem() {
    assert!(load_with(&format!("\u{feff}{LEAST}"), &[]).is_ok());
}

#[test]
fn a_name_that_two_routes_share_in_capitals_sets_neither() {
    let other = LEAST.split_once("[[route]]").expect("it has a route").1;
    let other = other.replace("hidden-0123456789", "hidden-9876543210").replace("site", "SITE");
    let said = said_with(&format!("{LEAST}[[route]]{other}"), &[("PONTE_ROUTE__SITE__LIST", "1")]);
    assert!(said.contains("more than one route has the name SITE here"), "{said}");
}

#[test]
fn a_secret_in_the_wrong_place_is_not_shown() {
    for text in [
        "ploomes = \"hidden\"",
        "activecampaign = [\"hidden\"]",
        "route = \"hidden\"",
        "[route]\nwebhook_token = \"hidden\"",
        "[ploomes]\nuser_key = { value = \"hidden\" }",
        "[ploomes]\nurl = \"https://user:hidden@example.com\"",
        "[alerts]\nurl = \"http://hooks.example.com/hidden\"",
    ] {
        assert!(said(text).contains("error"), "{text}");
    }
}

proptest! {
    #[test]
    fn no_slip_of_the_keyboard_makes_a_message_show_a_secret(
        at in 0..LEAST.len(),
        slip in "[\\[\\]{}=\"'#.,_\\\\\n a-z0-9]{1,4}",
    ) {
        let (before, after) = LEAST.split_at(at);
        said(&format!("{before}{slip}{after}"));
    }
}

#[test]
fn the_configuration_in_the_readme_is_enough() {
    let readme = include_str!("../../README.md");
    let fenced = readme.split_once("```toml").and_then(|(_, rest)| rest.split_once("```"));
    let (text, _) = fenced.expect("it shows a configuration");
    let text = text
        .replace("api_key_file = \"/etc/ponte/activecampaign.key\"", "api_key = \"key\"")
        .replace("user_key_file = \"/etc/ponte/ploomes.key\"", "user_key = \"key\"")
        .replace('…', "0123456789abcdef");
    assert_eq!(said(&text), "");
    assert_eq!(accepted(&text).routes.len(), 1);
}
