//! Commands, their options and their help.

use super::{ponte, text};

/// Each command with the options and arguments that its help must name.
const COMMANDS: [(&str, &[&str]); 24] = [
    ("run", &[]),
    ("demo", &["--seconds", "--seed", "--json"]),
    ("simulate", &["--activecampaign", "--ploomes"]),
    ("setup", &["--answers"]),
    ("check", &["--online", "--json"]),
    ("poll", &["--json"]),
    (
        "reconcile",
        &[
            "--route", "--mode", "report", "repair", "--all", "--format", "text", "json", "csv",
            "html", "--output", "--wait", "1h", "--yes",
        ],
    ),
    ("plan", &["<CONTACT>", "--route"]),
    ("pause", &["--route"]),
    ("resume", &["--route"]),
    ("report", &["[RUN]", "--format", "--output"]),
    ("status", &["--json"]),
    ("explain", &["<CONTACT>", "--json"]),
    ("leads", &["--state", "--route", "--json"]),
    ("retry", &["LEAD", "--failed", "--quarantined"]),
    ("replay", &["--since", "--until", "--route", "--apply", "--json"]),
    ("audit", &["--head", "--json"]),
    ("fields", &["activecampaign", "ploomes"]),
    ("export", &["<CONTACT>", "--output", "--json"]),
    ("erase", &["<CONTACT>", "--yes", "--lift", "--json"]),
    ("password", &[]),
    ("backup", &["<FILE>", "--json"]),
    ("restore", &["<FILE>", "--yes", "--json"]),
    ("--help", &["--config", "PONTE_CONFIG", "config.toml", "--log", "json", "ponte demo"]),
];

#[test]
fn the_help_of_each_command_says_what_it_does_in_one_line_and_shows_an_example() {
    let home = tempfile::tempdir().unwrap();
    for (command, names) in COMMANDS {
        let ended = ponte(home.path(), &[command, "--help"], &[]);
        let help = text(&ended.stdout);
        assert_eq!(ended.status.code(), Some(0), "{command}");
        assert!(ended.stderr.is_empty(), "{command}");
        let mut lines = help.lines();
        let first = lines.next().unwrap();
        assert!((10..=100).contains(&first.len()), "{command}: {first}");
        assert_eq!(lines.next(), Some(""), "{command}: more than a line\n{help}");
        if command != "--help" {
            let example = help.split_once("Example:\n").map(|it| it.1);
            let example = example.unwrap_or_else(|| panic!("{command} shows no example\n{help}"));
            let shown = example.trim_start().starts_with("ponte ") && example.contains(command);
            assert!(shown, "{example}");
        }
        for name in names {
            assert!(help.contains(name), "{command} does not name {name}\n{help}");
        }
        for option in ["--config", "--log"] {
            assert!(help.contains(option), "{command} does not take {option}");
        }
    }
}

#[test]
fn a_line_that_is_no_command_is_a_usage_error() {
    let home = tempfile::tempdir().unwrap();
    let lines: [&[&str]; 29] = [
        &[],
        &["runn"],
        &["run", "--fast"],
        &["--log", "xml", "status"],
        &["demo", "--seconds", "soon"],
        &["simulate"],
        &["simulate", "--activecampaign", "127.0.0.1:0"],
        &["reconcile", "--mode", "maybe"],
        &["reconcile", "--format", "pdf"],
        &["reconcile", "--wait", "long"],
        &["plan"],
        &["plan", "somebody"],
        &["report", "last"],
        &["explain"],
        &["leads", "--state", "lost"],
        &["retry"],
        &["retry", "--failed", "--quarantined"],
        &["retry", "seventeen"],
        &["replay"],
        &["replay", "--since", "yesterday"],
        &["fields"],
        &["fields", "hubspot"],
        &["setup", "--answers"],
        &["export"],
        &["erase"],
        &["erase", "somebody"],
        &["erase", "--lift"],
        &["backup"],
        &["restore"],
    ];
    for line in lines {
        let ended = ponte(home.path(), line, &[]);
        assert_eq!(ended.status.code(), Some(2), "{line:?}: {}", text(&ended.stderr));
        assert!(ended.stdout.is_empty() && !ended.stderr.is_empty(), "{line:?}");
    }
}

#[test]
fn without_a_configuration_each_command_that_needs_one_says_so() {
    let home = tempfile::tempdir().unwrap();
    let lines: [&[&str]; 19] = [
        &["run"],
        &["check"],
        &["poll"],
        &["reconcile"],
        &["plan", "1"],
        &["pause"],
        &["resume"],
        &["report"],
        &["status"],
        &["explain", "1"],
        &["leads"],
        &["retry", "--failed"],
        &["replay", "--since", "2026-01-01"],
        &["audit"],
        &["fields", "ploomes"],
        &["export", "1"],
        &["erase", "1", "--yes"],
        &["backup", "copy.db"],
        &["restore", "copy.db", "--yes"],
    ];
    for line in lines {
        let ended = ponte(home.path(), line, &[]);
        let said = text(&ended.stderr) + &text(&ended.stdout);
        assert_eq!(ended.status.code(), Some(2), "{line:?}: {said}");
        assert!(said.contains("config.toml"), "{line:?}: {said}");
        let elsewhere = ponte(home.path(), line, &[("PONTE_CONFIG", "elsewhere.toml")]);
        let said = text(&elsewhere.stderr) + &text(&elsewhere.stdout);
        assert!(said.contains("elsewhere.toml"), "{line:?}: {said}");
    }
}
