//! `replay`: what today's configuration would do with the leads of a time.

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};

use super::{Failure, args::Replay, handover, say, say_json};
use crate::{clock::Clock, config::Config, engine::jobs::kind, report};

/// Characters of a value in the table: a long one is whole in the JSON.
const VALUE_MAX: usize = 60;

/// Shows each field that differs; with `--apply`, the worker writes them.
pub(super) async fn replay(config: &Config, replay: &Replay) -> Result<(), Failure> {
    super::is_configured(config, replay.route.as_deref())?;
    let zone = config.schedule.timezone;
    let since = replay.since.at(zone);
    let until = replay.until.map_or_else(|| Clock::system().now(), |until| until.at(zone));
    if since >= until {
        return Err(Failure::Usage("--since must be before --until, and in the past".to_owned()));
    }
    let time = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::AutoSi, true);
    let arguments = json!({
        "since": time(since),
        "until": time(until),
        "route": replay.route,
        "apply": replay.apply,
    });
    let answer = handover::perform(config, kind::REPLAY, arguments, replay.apply).await?;
    if replay.output.json {
        say_json(&answer);
    } else {
        say(&text(&answer));
    }
    // A route that is held was not looked at.
    if rows(&answer["held"]).next().is_none() { Ok(()) } else { Err(Failure::Wrong) }
}

/// The answer for people.
fn text(answer: &Value) -> String {
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut parts = Vec::new();
    for held in rows(&answer["held"]) {
        let reasons: Vec<String> = rows(&held["reasons"]).map(word).collect();
        parts.push(format!("{}: held\n  {}", word(&held["route"]), reasons.join("\n  ")));
    }
    let changes = || {
        rows(&answer["leads"])
            .flat_map(|it| rows(&it["changes"]).map(|change| (&it["lead"], change)))
    };
    let (fields, leads) = (changes().count(), rows(&answer["leads"]).count());
    if fields > 0 {
        let cells = changes().map(|(lead, it)| {
            let record = match it["id"].as_i64() {
                Some(id) => format!("{} {id}", word(&it["record"])),
                None => format!("new {}", word(&it["record"])),
            };
            vec![word(lead), record, word(&it["field"]), shown(&it["before"]), shown(&it["after"])]
        });
        parts.push(report::table(&["lead", "record", "field", "before", "after"], cells));
    }
    let looked_at = counted(answer["looked_at"].as_u64().unwrap_or_default(), "lead");
    let differ =
        format!("{} of {}", counted(fields as u64, "field"), counted(leads as u64, "lead"));
    parts.push(match (fields, answer["applied"] == true) {
        (0, _) => format!("nothing differs ({looked_at} looked at)"),
        (_, false) => format!("{differ} would be written ({looked_at} looked at); --apply does it"),
        (_, true) => format!(
            "{differ}: put into the queue ({looked_at} looked at); `ponte explain CONTACT` tells \
             what was written"
        ),
    });
    if let Some(at) = answer["cut_at"].as_str() {
        parts.push(format!("there are more leads: go on with --since {at}"));
    }
    parts.join("\n")
}

fn rows(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn counted(number: u64, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

/// A value on one line.
fn shown(value: &Value) -> String {
    let text = match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(shown).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    };
    if text.chars().count() <= VALUE_MAX {
        return text;
    }
    text.chars().take(VALUE_MAX - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(applied: bool) -> Value {
        json!({
            "since": "2026-03-01T00:00:00-03:00",
            "until": "2026-03-02T00:00:00-03:00",
            "applied": applied,
            "leads": [
                { "lead": "site/51", "contact": 1, "state": "done", "changes": [
                    { "record": "person", "id": 7, "field": "Phones", "before": null,
                      "after": ["(11) 3000-0000", "11 2000-0000"] },
                    { "record": "deal", "id": 1, "field": "Amount", "before": 10, "after": 12.5 },
                ] },
                { "lead": "site/52", "contact": 2, "state": "skipped", "changes": [
                    { "record": "deal", "id": null, "field": "Title", "before": null,
                      "after": "x".repeat(61) },
                ] },
            ],
            "looked_at": 9,
            "cut_at": null,
            "held": [],
        })
    }

    #[test]
    fn each_field_is_a_line_and_the_last_one_says_how_to_write_them() {
        insta::assert_snapshot!(text(&answer(false)), @"
        lead     record    field   before  after
        site/51  person 7  Phones          (11) 3000-0000, 11 2000-0000
        site/51  deal 1    Amount  10      12.5
        site/52  new deal  Title           xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…

        3 fields of 2 leads would be written (9 leads looked at); --apply does it
        ");
    }

    #[test]
    fn what_was_applied_is_in_the_queue() {
        let said = text(&answer(true));
        assert!(
            said.contains("3 fields of 2 leads: put into the queue (9 leads looked at)"),
            "{said}"
        );
    }

    #[test]
    fn nothing_more_leads_and_held_routes_are_said() {
        let mut answer = answer(false);
        answer["leads"] = json!([]);
        answer["cut_at"] = json!("2026-03-01T08:00:00-03:00");
        answer["held"] = json!([{ "route": "site", "reasons": ["stage \"Lead novo\" is gone"] }]);
        insta::assert_snapshot!(text(&answer), @r#"
        site: held
          stage "Lead novo" is gone
        nothing differs (9 leads looked at)
        there are more leads: go on with --since 2026-03-01T08:00:00-03:00
        "#);
    }
}
