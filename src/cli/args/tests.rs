//! What is understood, what is refused, and what `--help` says.

use clap::CommandFactory;

use super::*;

fn parsed(line: &str) -> Result<Args, clap::Error> {
    Args::try_parse_from(line.split(' '))
}

/// The help of a command, as wide as a terminal; the environment shows nothing of its own.
fn help(command: &str) -> String {
    let all = Args::command().term_width(100).mut_arg("config", |it| it.hide_env_values(true));
    let line = ["ponte", command, "--help"].into_iter().filter(|word| !word.is_empty());
    let help = all.try_get_matches_from(line).expect_err("help ends the program");
    assert_eq!(help.exit_code(), 0);
    help.to_string()
}

#[test]
fn the_definitions_are_consistent() {
    Args::command().debug_assert();
}

#[test]
fn help_says_what_each_command_does() {
    insta::assert_snapshot!("help", help(""));
    for command in Args::command().get_subcommands() {
        let name = command.get_name();
        insta::assert_snapshot!(format!("help_{name}"), help(name));
    }
}

#[test]
fn every_command_does_one_thing_in_one_line_and_has_an_example() {
    for command in Args::command().get_subcommands() {
        let name = command.get_name();
        let about = command.get_about().map(ToString::to_string).unwrap_or_default();
        assert!(!about.is_empty() && about.len() <= 90 && !about.contains('\n'), "{name}: {about}");
        let example = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        assert!(example.contains("\n  ponte "), "{name}");
        for line in example.lines().skip(1) {
            assert!(parsed(line.trim()).is_ok(), "{line}");
        }
    }
}

#[test]
fn global_options_stand_before_or_behind_the_command() {
    for line in
        ["ponte --config a.toml --log json status", "ponte status --log json --config a.toml"]
    {
        let args = parsed(line).expect("it is understood");
        assert_eq!((args.config, args.log), (PathBuf::from("a.toml"), LogFormat::Json));
    }
}

#[test]
fn a_usage_error_ends_with_status_2() {
    for line in [
        "ponte",
        "ponte dance",
        "ponte status --colour",
        "ponte reconcile --mode dance",
        "ponte reconcile --wait 1",
        "ponte reconcile --format xml",
        "ponte reconcile --format csv --json",
        "ponte report site",
        "ponte report 0",
        "ponte simulate --activecampaign 127.0.0.1:1",
        "ponte leads --state lost",
        "ponte fields hubspot",
        "ponte explain",
        "ponte explain maria",
        "ponte retry",
        "ponte retry site/1 --failed",
        "ponte retry --failed --quarantined",
        "ponte retry 17",
        "ponte replay",
        "ponte replay --since yesterday",
        "ponte replay --since 2026-03-01T08:00:00",
        "ponte demo --seconds 0",
        "ponte status --log xml",
    ] {
        assert_eq!(parsed(line).expect_err(line).exit_code(), 2, "{line}");
    }
}

#[test]
fn a_contact_is_an_id_or_an_address() {
    assert_eq!("42".parse(), Ok(ContactRef::Id(ContactId(42))));
    assert_eq!("a@example.com".parse(), Ok(ContactRef::Email("a@example.com".to_owned())));
    for wrong in ["", "maria", "99999999999999999999"] {
        assert!(wrong.parse::<ContactRef>().is_err(), "{wrong}");
    }
}

#[test]
fn an_address_is_not_in_the_debug_output() {
    let args = parsed("ponte explain maria@example.com").expect("it is understood");
    assert!(!format!("{args:?}").contains("maria"));
}

#[test]
fn leads_to_retry_are_named_as_they_are_listed() {
    let Command::Retry(retry) =
        parsed("ponte retry site/17 vendas/c18").expect("it is understood").command
    else {
        panic!("it is a retry");
    };
    assert_eq!(retry.what.leads, ["site/17", "vendas/c18"]);
}

#[test]
fn the_readme_names_every_command() {
    let readme = include_str!("../../../README.md");
    let table = readme.lines().filter(|line| line.starts_with("| `")).collect::<String>();
    for command in Args::command().get_subcommands() {
        let name = command.get_name();
        let named = [format!("`{name}`"), format!("`{name} ")].iter().any(|it| table.contains(it));
        assert!(named, "{name}");
    }
}
