//! Dates as `ActiveCampaign` stores them and as people type them.

use chrono::{DateTime, FixedOffset, NaiveDate, NaiveTime, SecondsFormat, TimeZone, Timelike};

/// Official time in most of Brazil, all year round; the offset of what has none of its own.
const BRASILIA: FixedOffset = FixedOffset::west_opt(3 * 3600).expect("three hours are in range");

/// What `ActiveCampaign` has where there is no date.
pub(super) fn is_no_date(text: &str) -> bool {
    text.trim_start().starts_with("0000-00-00")
}

/// Reads a date, with or without a time; gives it as RFC 3339.
///
/// `2026-01-31`, `31/01/2026`, each also with a time, and ISO 8601 with an offset, which is kept. A
/// date alone is its first moment. What has no offset is read at that of Brasília, `-03:00`: the
/// people who type it are in Brazil, and midnight at another offset would be another day there.
pub(super) fn parse(text: &str) -> Option<String> {
    let text = text.trim();
    let (date, rest) = text.split_at_checked(10)?;
    let date = parse_date(date)?;
    let Some(rest) = rest.strip_prefix(['T', 't', ' ']) else {
        return rest.is_empty().then(|| rfc3339(date, NaiveTime::MIN, BRASILIA))?;
    };
    let (time, offset) = match rest.find(['Z', 'z', '+', '-']) {
        Some(at) => (rest[..at].trim(), parse_offset(&rest[at..])?),
        None => (rest.trim(), BRASILIA),
    };
    rfc3339(date, parse_time(time)?, offset)
}

fn rfc3339(date: NaiveDate, time: NaiveTime, offset: FixedOffset) -> Option<String> {
    let moment: DateTime<FixedOffset> =
        offset.from_local_datetime(&date.and_time(time)).single()?;
    Some(moment.to_rfc3339_opts(SecondsFormat::AutoSi, false))
}

fn parse_date(text: &str) -> Option<NaiveDate> {
    // Before this year the dates of SQL Server's `datetime` begin to fail.
    const YEAR_MIN: i32 = 1753;
    let separators = text.bytes().enumerate().filter(|(_, byte)| !byte.is_ascii_digit());
    let date = match separators.collect::<Vec<_>>().as_slice() {
        [(4, b'-'), (7, b'-')] => NaiveDate::parse_from_str(text, "%Y-%m-%d"),
        [(2, b'/'), (5, b'/')] => NaiveDate::parse_from_str(text, "%d/%m/%Y"),
        _ => return None,
    };
    date.ok().filter(|date| date >= &NaiveDate::from_ymd_opt(YEAR_MIN, 1, 1).unwrap_or_default())
}

fn parse_time(text: &str) -> Option<NaiveTime> {
    let time = NaiveTime::parse_from_str(text, "%H:%M:%S%.f")
        .or_else(|_| NaiveTime::parse_from_str(text, "%H:%M"));
    // A leap second, which chrono takes and Ploomes does not, is a second past its last nanosecond.
    time.ok().filter(|time| time.nanosecond() < 1_000_000_000)
}

fn parse_offset(text: &str) -> Option<FixedOffset> {
    // The widest there is is +14:00.
    const HOURS_MAX: i32 = 14;
    if matches!(text, "Z" | "z") {
        return FixedOffset::east_opt(0);
    }
    let sign = if text.starts_with('-') { -1 } else { 1 };
    let digits = text.get(1..)?.replacen(':', "", 1);
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) || !matches!(digits.len(), 2 | 4) {
        return None;
    }
    let hours: i32 = digits[..2].parse().ok()?;
    let minutes: i32 = digits[2..].parse().unwrap_or(0);
    if hours > HOURS_MAX || minutes > 59 {
        return None;
    }
    FixedOffset::east_opt(sign * (hours * 3600 + minutes * 60))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_as_they_are_stored_and_typed() {
        for (text, moment) in [
            ("2026-01-31", "2026-01-31T00:00:00-03:00"),
            ("31/01/2026", "2026-01-31T00:00:00-03:00"),
            (" 29/02/2024 ", "2024-02-29T00:00:00-03:00"),
            ("2026-01-31 18:05:09", "2026-01-31T18:05:09-03:00"),
            ("31/01/2026 18:05", "2026-01-31T18:05:00-03:00"),
            ("2026-01-31T18:05:09", "2026-01-31T18:05:09-03:00"),
            ("2026-05-28T05:07:18-05:00", "2026-05-28T05:07:18-05:00"),
            ("2026-05-28T05:07:18+0530", "2026-05-28T05:07:18+05:30"),
            ("2026-05-28 05:07:18 -03", "2026-05-28T05:07:18-03:00"),
            ("2026-03-10T12:08:35.769Z", "2026-03-10T12:08:35.769+00:00"),
            ("2026-03-10T12:08:35.13-03:00", "2026-03-10T12:08:35.130-03:00"),
        ] {
            assert_eq!(parse(text).as_deref(), Some(moment), "{text}");
        }
    }

    #[test]
    fn what_is_no_date_is_not_read() {
        for text in [
            "",
            "ontem",
            "2026",
            "2026-13-01",
            "2026-02-30",
            "30/02/2026",
            "01/31/2026",
            "31-01-2026",
            "2026/01/31",
            "1/2/2026",
            "31/01/26",
            "2026-01-31T",
            "2026-01-31T25:00",
            "2026-01-31 18",
            "2026-01-31T18:05:09+25:00",
            "2026-01-31T18:05:09+3",
            "2026-01-31-",
            "2026-01-31T18:05:60",
            "0001-01-01",
            "2026-01-31 amanhã",
            "2026-01-3１",
            "20é6-01-31",
            "2026-01-31T18:05:09-03:00 x",
            "2026-01-31+03:00",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn the_stamp_that_stands_for_no_date_is_recognised() {
        assert!(is_no_date("0000-00-00"));
        assert!(is_no_date("0000-00-00 00:00:00"));
        assert!(!is_no_date("2026-01-31"));
    }
}
