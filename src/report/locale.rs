//! How reports show times, and where their links lead.

use chrono::{DateTime, NaiveDate, SecondsFormat, TimeDelta, Utc};
use chrono_tz::Tz;
use serde_json::Value;

use crate::{config::Config, domain::RecordId};

/// A number as people read it: its digits in groups of three.
pub fn grouped(number: i64, thousands: char) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3 + 1);
    if number < 0 {
        text.push('−');
    }
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(thousands);
        }
        text.push(digit);
    }
    text
}

/// The zone of reports, and the base of links.
#[derive(Debug, Clone)]
pub(super) struct Locale {
    zone: Tz,
    app_url: Option<String>,
}

impl Locale {
    pub(super) fn of(config: &Config) -> Self {
        Self { zone: config.schedule.timezone, app_url: config.ploomes.app_url.clone() }
    }

    /// RFC 3339 with the zone's offset.
    pub(super) fn json(&self, at: DateTime<Utc>) -> Value {
        at.with_timezone(&self.zone).to_rfc3339_opts(SecondsFormat::AutoSi, false).into()
    }

    /// The same, or null.
    pub(super) fn json_of(&self, at: Option<DateTime<Utc>>) -> Value {
        at.map_or(Value::Null, |at| self.json(at))
    }

    /// The zone's wall clock, in a format of `chrono`.
    pub(super) fn written(&self, at: DateTime<Utc>, format: &str) -> String {
        at.with_timezone(&self.zone).format(format).to_string()
    }

    /// The zone's day.
    pub(super) fn day(&self, at: DateTime<Utc>) -> NaiveDate {
        at.with_timezone(&self.zone).date_naive()
    }

    /// The zone's wall clock.
    pub(super) fn text(&self, at: DateTime<Utc>) -> String {
        self.written(at, "%F %T")
    }

    /// The same, or nothing.
    pub(super) fn text_of(&self, at: Option<DateTime<Utc>>) -> String {
        at.map(|at| self.text(at)).unwrap_or_default()
    }

    /// A deal as a link, where the configuration says where links lead, else its id.
    pub(super) fn deal(&self, id: RecordId) -> String {
        self.record("deal", id)
    }

    /// The same for a person or a company: Ploomes calls both contacts.
    pub(super) fn contact(&self, id: RecordId) -> String {
        self.record("contact", id)
    }

    fn record(&self, page: &str, id: RecordId) -> String {
        match &self.app_url {
            Some(base) => format!("{}/{page}/{id}", base.trim_end_matches('/')),
            None => id.to_string(),
        }
    }
}

/// A length of time in its two largest units: `3 h 20 min`.
pub fn lasting(length: TimeDelta) -> String {
    let seconds = length.num_seconds().max(0);
    let (days, hours) = (seconds / 86_400, seconds / 3_600 % 24);
    let (minutes, rest) = (seconds / 60 % 60, seconds % 60);
    let parts = match (days, hours, minutes) {
        (0, 0, 0) => [(rest, "s"), (0, "")],
        (0, 0, _) => [(minutes, "min"), (rest, "s")],
        (0, _, _) => [(hours, "h"), (minutes, "min")],
        _ => [(days, "d"), (hours, "h")],
    };
    let (first, unit) = parts[0];
    match parts[1] {
        (0, _) => format!("{first} {unit}"),
        (second, smaller) => format!("{first} {unit} {second} {smaller}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_has_its_two_largest_units() {
        for (seconds, text) in [
            (-5, "0 s"),
            (0, "0 s"),
            (59, "59 s"),
            (60, "1 min"),
            (61, "1 min 1 s"),
            (3_600, "1 h"),
            (12_059, "3 h 20 min"),
            (90_000, "1 d 1 h"),
            (86_400 * 30, "30 d"),
        ] {
            assert_eq!(lasting(TimeDelta::seconds(seconds)), text);
        }
    }

    #[test]
    fn times_carry_the_offset_of_the_zone_on_that_day() {
        let locale = Locale { zone: Tz::America__New_York, app_url: None };
        let at = |text: &str| text.parse().expect("a time");
        assert_eq!(locale.json(at("2026-01-09T12:00:00Z")), "2026-01-09T07:00:00-05:00");
        assert_eq!(locale.json(at("2026-06-09T12:00:00.5Z")), "2026-06-09T08:00:00.500-04:00");
        let utc = Locale { zone: Tz::UTC, app_url: None };
        assert_eq!(utc.json(at("2026-06-09T12:00:00Z")), "2026-06-09T12:00:00+00:00");
    }

    #[test]
    fn a_base_of_links_may_end_in_a_slash() {
        let links = |app_url: &str| Locale { zone: Tz::UTC, app_url: Some(app_url.to_owned()) };
        let deal = "https://app.ploomes.com/deal/7";
        assert_eq!(links("https://app.ploomes.com").deal(RecordId(7)), deal);
        assert_eq!(links("https://app.ploomes.com/").deal(RecordId(7)), deal);
    }
}
