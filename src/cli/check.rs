//! `check`: whether the configuration can be used, and all that is wrong with it.
//!
//! What the two accounts say is asked elsewhere and added as further [`Problem`]s.

use std::{collections::BTreeMap, path::Path};

use serde_json::{Value, json};

use crate::config::{self, Config, Problem, Severity};

/// Validates the configuration without asking anybody.
///
/// Gives the configuration, where it can be used, and all problems, warnings included.
pub fn offline(
    path: &Path,
    environment: &BTreeMap<String, String>,
) -> (Option<Config>, Vec<Problem>) {
    match config::load(path, environment) {
        Ok(loaded) => (Some(loaded.config), loaded.warnings),
        Err(problems) => (None, problems.0),
    }
}

/// Whether none of the problems is an error.
pub fn is_ok(problems: &[Problem]) -> bool {
    problems.iter().all(|problem| problem.severity != Severity::Error)
}

/// `{"ok":…,"problems":[{"key","line","message","hint",…}]}`; `line` is null where there is none.
pub fn problems_json(problems: &[Problem]) -> Value {
    let problem = |it: &Problem| {
        json!({
            "key": it.key,
            "line": it.line,
            "message": it.message,
            "hint": it.hint,
            "severity": it.severity.as_str(),
            "place": it.place,
            "column": it.column,
        })
    };
    json!({
        "ok": is_ok(problems),
        "problems": problems.iter().map(problem).collect::<Vec<_>>(),
    })
}

/// The same for people: each problem with its line, then what it comes to.
pub fn problems_text(problems: &[Problem]) -> String {
    let count = |severity, one: &str, more: &str| match problems
        .iter()
        .filter(|it| it.severity == severity)
        .count()
    {
        0 => None,
        1 => Some(format!("1 {one}")),
        count => Some(format!("{count} {more}")),
    };
    let errors = count(Severity::Error, "error", "errors");
    let warnings = count(Severity::Warning, "warning", "warnings");
    let counts = [errors, warnings].into_iter().flatten().collect::<Vec<_>>();
    let sum = match (is_ok(problems), counts.as_slice()) {
        (true, []) => "the configuration is good".to_owned(),
        (true, counts) => format!("the configuration can be used: {}", counts.join(", ")),
        (false, counts) => format!("the configuration cannot be used: {}", counts.join(", ")),
    };
    let mut parts: Vec<String> = problems.iter().map(ToString::to_string).collect();
    parts.push(format!("{sum}\n"));
    parts.join("\n\n")
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;
    use crate::config::EXAMPLE;

    fn checked(text: &str) -> (Option<Config>, Vec<Problem>) {
        let mut file = tempfile::NamedTempFile::new().expect("a file");
        file.write_all(text.as_bytes()).expect("written");
        offline(file.path(), &BTreeMap::new())
    }

    #[test]
    fn the_example_is_good() {
        let (config, problems) = checked(EXAMPLE);
        assert!(config.is_some());
        assert_eq!(problems_json(&problems), json!({"ok": true, "problems": []}));
        assert_eq!(problems_text(&problems), "the configuration is good\n");
    }

    #[test]
    fn an_error_is_named_with_its_key_and_line() {
        let text = EXAMPLE.replace("poll = \"0 */5 * * * *\"", "poll = \"*/5 * * * *\"");
        let line = 1 + text.lines().position(|line| line.starts_with("poll")).expect("it is there");
        let (config, problems) = checked(&text);
        let json = problems_json(&problems);
        let problem = &json["problems"][0];
        assert!(config.is_none());
        assert_eq!(json["ok"], false);
        assert_eq!(problem["key"], "schedule.poll");
        assert_eq!(problem["line"], line);
        assert_eq!(
            problem["message"],
            "found \"*/5 * * * *\", expected a cron expression of six fields"
        );
        assert_eq!(problem["hint"], "the seconds come first: \"0 */5 * * * *\"");
        assert!(
            problems_text(&problems).ends_with("\nthe configuration cannot be used: 1 error\n")
        );
    }

    #[test]
    fn a_warning_alone_is_ok() {
        let text = EXAMPLE.replace("requests_per_second = 4", "requests_per_second = 9");
        let (config, problems) = checked(&text);
        assert!(config.is_some() && is_ok(&problems));
        assert_eq!(problems_json(&problems)["problems"][0]["severity"], "warning");
        let text = problems_text(&problems);
        assert!(text.ends_with("\nthe configuration can be used: 1 warning\n"), "{text}");
    }
}
