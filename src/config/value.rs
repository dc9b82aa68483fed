//! What single values mean: durations, URLs, cron expressions, zones, dates, names.
//!
//! Pure functions from text to value or [`Fault`]. None of them repeats a text that may be secret.

use std::{net::SocketAddr, str::FromStr, time::Duration};

use chrono::{
    DateTime, FixedOffset, MappedLocalTime, NaiveDate, NaiveTime, TimeDelta, TimeZone, Utc,
};
use chrono_tz::Tz;
use croner::{
    Cron,
    parser::{CronParser, Seconds, Year},
};
use http::Uri;

use super::{document::quote, problem::Fault, schema::nearest};

/// The longest duration: far beyond any use, and safe to add to any date.
const DAYS_MAX: u64 = 36_500;

/// Units of a duration and their milliseconds.
const UNITS: [(&str, u64); 5] =
    [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];

/// A duration as it is written: in the largest unit that has it whole.
pub fn written(duration: Duration) -> String {
    let millis = duration.as_millis();
    let whole = UNITS.iter().rev().find(|(_, unit)| millis.is_multiple_of(u128::from(*unit)));
    let (name, unit) = whole.filter(|_| millis > 0).copied().unwrap_or(("s", 1_000));
    format!("{}{name}", millis / u128::from(unit))
}

/// Reads `500ms`, `30s`, `15m`, `24h`, `90d`.
pub(super) fn duration(text: &str) -> Result<Duration, Fault> {
    let fault = || found(text, "a duration, such as \"30s\"").hint("units: ms, s, m, h, d");
    let digits = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(fault)?;
    let (number, unit) = text.split_at(digits);
    let (_, unit) = UNITS.into_iter().find(|(name, _)| *name == unit).ok_or_else(fault)?;
    let number: u64 = number.parse().map_err(|_| fault())?;
    number
        .checked_mul(unit)
        .map(Duration::from_millis)
        .filter(|it| *it <= Duration::from_secs(DAYS_MAX * 86_400))
        .ok_or_else(|| found(text, format!("at most \"{DAYS_MAX}d\"")))
}

/// Reads an expression of six fields (seconds minutes hours day month weekday) that comes due.
pub(super) fn cron(text: &str) -> Result<Cron, Fault> {
    let expected = "a cron expression of six fields";
    let fields = text.split_whitespace().count();
    if fields != 6 {
        let fault = found(text, expected);
        return Err(fault.hint(if fields == 5 {
            format!("the seconds come first: \"0 {}\"", text.trim())
        } else {
            "seconds minutes hours day month weekday, such as \"0 */5 * * * *\"".to_owned()
        }));
    }
    let parser = CronParser::builder().seconds(Seconds::Required).year(Year::Disallowed).build();
    let cron = parser.parse(text).map_err(|e| found(text, expected).hint(reason(&e)))?;
    // Any day will do to start from: what comes due at all comes due within the leap years' cycle.
    match cron.find_next_occurrence(&DateTime::UNIX_EPOCH, false) {
        Ok(_) => Ok(cron),
        Err(_) => {
            Err(found(text, "an expression that comes due")
                .hint("there is no such day in any year"))
        }
    }
}

/// The parser's words as a fragment.
fn reason(error: &croner::errors::CronError) -> String {
    let text = error.to_string();
    let text = text.rsplit(": ").next().unwrap_or(&text);
    text.trim_end_matches('.').to_owned()
}

/// Reads an IANA name.
pub(super) fn zone(text: &str) -> Result<Tz, Fault> {
    text.parse().map_err(|_| {
        let fault = found(text, "a time zone, such as \"America/Sao_Paulo\"");
        match nearest(text, chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name())) {
            Some(near) => fault.hint(format!("did you mean \"{near}\"?")),
            None => fault,
        }
    })
}

/// Reads an IP address and a port.
pub(super) fn address(text: &str) -> Result<SocketAddr, Fault> {
    text.parse().map_err(|_| {
        let fault = found(text, "an IP address and a port, such as \"127.0.0.1:8080\"");
        match text.strip_prefix("localhost:") {
            Some(port) => fault.hint(format!("write \"127.0.0.1:{port}\"")),
            None => fault,
        }
    })
}

/// Reads a base URL: no user, query or fragment; without the slash at its end.
pub(super) fn base_url(text: &str) -> Result<String, Fault> {
    let uri = web_url(text)?;
    if uri.query().is_some() || text.contains('#') {
        return Err(Fault::new("found a URL with `?` or `#`, expected one without"));
    }
    Ok(text.trim_end_matches('/').to_owned())
}

/// The base of AC's API: the account's URL, with `/api/3` where it is missing.
pub(super) fn activecampaign_url(text: &str) -> Result<String, Fault> {
    let url = base_url(text)?;
    Ok(if url.ends_with("/api/3") { url } else { format!("{url}/api/3") })
}

/// Reads any `https` URL, or `http` on loopback; the text is not repeated, it may be secret.
pub(super) fn web_url(text: &str) -> Result<Uri, Fault> {
    let example = "such as \"https://example.com\"";
    let uri: Uri =
        text.parse().map_err(|_| Fault::new(format!("no URL, expected one {example}")))?;
    let host = uri.host().unwrap_or_default();
    match uri.scheme_str() {
        _ if host.is_empty() => Err(Fault::new(format!("no host, expected a URL {example}"))),
        _ if uri.authority().is_some_and(|it| it.as_str().contains('@')) => {
            Err(Fault::new("a URL with a user or password, expected one without"))
        }
        Some("https") => Ok(uri),
        Some("http") if is_loopback(host) => Ok(uri),
        Some("http") => Err(Fault::new("found http://, expected https://").hint(
            "plain http:// is for loopback hosts only: the key would be readable on its way",
        )),
        _ => Err(Fault::new(format!("expected a URL with https://, {example}"))),
    }
}

/// Whether a host as it stands in a URL is this machine.
fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    let is_loopback = |it: std::net::IpAddr| it.is_loopback();
    host.eq_ignore_ascii_case("localhost") || address.parse().is_ok_and(is_loopback)
}

/// From when on enrollments are leads: a day, or a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Since {
    /// From midnight in the schedule's zone.
    Day(NaiveDate),
    /// From this moment, with the offset that was written.
    Moment(DateTime<FixedOffset>),
}

impl Since {
    /// The moment, in `zone`; where midnight does not exist there, the first moment of the day.
    pub fn at(self, zone: Tz) -> DateTime<Utc> {
        let day = match self {
            Self::Moment(moment) => return moment.to_utc(),
            Self::Day(day) => day,
        };
        // Clocks go forward by an hour at midnight in some zones: the day starts at one.
        let midnight = day.and_time(NaiveTime::MIN);
        let starts =
            (0..24).map(|hours| zone.from_local_datetime(&(midnight + TimeDelta::hours(hours))));
        let first = starts.map(MappedLocalTime::earliest).find_map(|start| start);
        first.map_or_else(|| midnight.and_utc(), |start| start.to_utc())
    }
}

impl FromStr for Since {
    type Err = String;

    /// Reads a time for the command line, as the configuration does.
    fn from_str(text: &str) -> Result<Self, String> {
        since(text).map_err(|fault| {
            let hint = fault.hint.map(|hint| format!("; {hint}"));
            format!("{}{}", fault.message, hint.unwrap_or_default())
        })
    }
}

/// Reads `2026-01-31`, or RFC 3339 with an offset.
pub(super) fn since(text: &str) -> Result<Since, Fault> {
    if let Ok(day) = text.parse() {
        return Ok(Since::Day(day));
    }
    DateTime::parse_from_rfc3339(text).map(Since::Moment).map_err(|_| {
        found(text, "a date, such as \"2026-01-31\"")
            .hint("with a time it needs an offset: \"2026-01-31T08:00:00-03:00\"")
    })
}

/// Reads a text that says something.
pub(super) fn text(text: &str) -> Result<String, Fault> {
    match text.trim() {
        "" => Err(Fault::new("found an empty string")),
        trimmed => Ok(trimmed.to_owned()),
    }
}

/// Checks a key, which goes into a header: visible ASCII only.
pub(super) fn credential(text: &str) -> Result<(), Fault> {
    match text {
        "" => Err(Fault::new("it is empty")),
        _ if text.chars().all(|c| c.is_ascii_graphic()) => Ok(()),
        _ => Err(Fault::new("it holds characters that no key has, such as a space or a line end")),
    }
}

/// The shortest webhook token: with 64 possible characters, 96 bits.
const TOKEN_CHARS_MIN: usize = 16;

/// Checks a webhook token, which stands in a URL's path as it is.
pub(super) fn token(text: &str) -> Result<(), Fault> {
    let length = text.chars().count();
    if length < TOKEN_CHARS_MIN {
        let found = format!("found {length} characters, expected at least {TOKEN_CHARS_MIN}");
        return Err(Fault::new(found).hint("`openssl rand -hex 16` makes a good one"));
    }
    if text.chars().all(|c| c.is_ascii_alphanumeric() || "-._~".contains(c)) {
        return Ok(());
    }
    Err(Fault::new("it holds characters that a URL does not carry as they are")
        .hint("use letters, digits, `-`, `.`, `_` and `~`"))
}

/// Checks the shape of an argon2 PHC string; the hash itself is checked at log-in.
pub(super) fn password_hash(text: &str) -> Result<(), Fault> {
    let parts: Vec<&str> = text.split('$').collect();
    match parts.as_slice() {
        ["", "argon2id" | "argon2i" | "argon2d", .., salt, hash]
            if parts.len() >= 5 && !salt.is_empty() && !hash.is_empty() =>
        {
            Ok(())
        }
        _ => Err(Fault::new("this is no argon2 hash").hint("`ponte password` makes one")),
    }
}

/// What was found and what was expected.
pub(super) fn found(text: &str, expected: impl AsRef<str>) -> Fault {
    Fault::new(format!("found {}, expected {}", quote(text), expected.as_ref()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn durations_are_a_number_and_a_unit() {
        let read = |text: &str| duration(text).map(|it| it.as_millis()).ok();
        assert_eq!(read("500ms"), Some(500));
        assert_eq!(read("30s"), Some(30_000));
        assert_eq!(read("15m"), Some(900_000));
        assert_eq!(read("24h"), Some(86_400_000));
        assert_eq!(read("90d"), Some(7_776_000_000));
        for wrong in ["", "30", "s", "-1s", "1.5h", "1 h", "1h30m", "1w", "99999999999999999999d"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
        assert_eq!(duration("36501d"), Err(found("36501d", "at most \"36500d\"")));
    }

    proptest! {
        #[test]
        fn a_duration_is_read_as_written(number in 0_u64..36_500, unit in 0_usize..5) {
            let (name, millis) = UNITS[unit];
            let read = duration(&format!("{number}{name}"));
            prop_assert_eq!(read, Ok(Duration::from_millis(number * millis)));
            let again = written(Duration::from_millis(number * millis));
            prop_assert_eq!(duration(&again), Ok(Duration::from_millis(number * millis)));
        }

        #[test]
        fn no_text_makes_a_parser_panic(text in ".{0,40}") {
            let _ = (duration(&text), address(&text), since(&text), cron(&text));
            let _ = (base_url(&text), token(&text), password_hash(&text), credential(&text));
        }
    }

    #[test]
    fn five_fields_and_days_that_never_come_are_refused() {
        assert!(cron("0 */5 * * * *").is_ok());
        assert!(cron("0 0 8 29 2 *").is_ok(), "29 February comes in leap years");
        assert!(cron("0 0 2 * * MON-FRI").is_ok());
        let five = cron("*/5 * * * *").expect_err("the seconds are missing");
        assert_eq!(five.hint.as_deref(), Some("the seconds come first: \"0 */5 * * * *\""));
        let never = cron("0 0 0 31 2 *").expect_err("no such day");
        assert_eq!(never.hint.as_deref(), Some("there is no such day in any year"));
        for wrong in ["", "@daily", "0 61 * * * *", "a b c d e f", "0 0 0 1 1 * 2030"] {
            assert!(cron(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_zone_misspelt_is_recognised() {
        assert_eq!(zone("America/Sao_Paulo"), Ok(Tz::America__Sao_Paulo));
        let fault = zone("America/SaoPaulo").expect_err("the underscore is missing");
        assert_eq!(fault.hint.as_deref(), Some("did you mean \"America/Sao_Paulo\"?"));
    }

    #[test]
    fn plain_http_is_for_loopback() {
        for url in
            ["https://a.example.com", "http://localhost:1", "http://127.9.9.9", "http://[::1]:80"]
        {
            assert!(web_url(url).is_ok(), "{url}");
        }
        let remote = ["http://a.example.com", "http://127.0.0.1.example.com", "http://10.0.0.1"];
        let other =
            ["ftp://a.example.com", "a.example.com", "https://", "", "https://u:p@a.example.com"];
        for url in remote.into_iter().chain(other) {
            assert!(web_url(url).is_err(), "{url}");
        }
    }

    #[test]
    fn the_api_path_is_added_once() {
        for url in
            ["https://a.example.com", "https://a.example.com/", "https://a.example.com/api/3/"]
        {
            assert_eq!(
                activecampaign_url(url),
                Ok("https://a.example.com/api/3".to_owned()),
                "{url}"
            );
        }
        assert!(activecampaign_url("https://a.example.com/?x=1").is_err());
    }

    #[test]
    fn a_day_starts_at_midnight_in_the_zone() {
        let at = |text: &str, zone: Tz| since(text).expect("a date").at(zone).to_rfc3339();
        assert_eq!(at("2026-01-01", Tz::America__Sao_Paulo), "2026-01-01T03:00:00+00:00");
        assert_eq!(at("2026-01-01T10:00:00-03:00", Tz::UTC), "2026-01-01T13:00:00+00:00");
    }

    #[test]
    fn a_day_without_a_midnight_starts_at_one() {
        let day = since("2018-11-04").expect("a date");
        assert_eq!(day.at(Tz::America__Sao_Paulo).to_rfc3339(), "2018-11-04T03:00:00+00:00");
    }

    #[test]
    fn a_time_needs_an_offset() {
        assert!(since("2026-01-01T10:00:00").is_err());
        assert!(since("2026-02-30").is_err());
    }

    #[test]
    fn tokens_are_long_and_stand_in_a_url() {
        assert!(token("0123456789abcdef").is_ok());
        assert!(token("0123456789abcde").is_err());
        assert!(token("0123456789abcde/").is_err());
    }

    #[test]
    fn a_hash_has_the_shape_of_argon2() {
        assert!(password_hash("$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaGhhc2g").is_ok());
        for wrong in ["", "secret", "$2b$10$abc", "$argon2id$v=19$m=19456$salt$"] {
            assert!(password_hash(wrong).is_err(), "{wrong}");
        }
    }
}
