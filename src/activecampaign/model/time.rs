//! Points in time on the wire.

use chrono::{DateTime, FixedOffset, MappedLocalTime, NaiveDate, NaiveDateTime, TimeDelta, Utc};
use chrono_tz::{America::Chicago, Tz};

/// The wall clock of every account that was ever seen, wherever its owner lives.
const CENTRAL: Tz = Chicago;

/// Reads a time; one without an offset is US Central. `None` for nothing and for `0000-00-00`.
pub(in crate::activecampaign) fn parse(text: &str) -> Option<DateTime<FixedOffset>> {
    let text = text.trim();
    let with_offset = DateTime::parse_from_rfc3339(text)
        .or_else(|_| DateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f%z"));
    if let Ok(at) = with_offset {
        return Some(at);
    }
    let naive = NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f")
        .or_else(|_| NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f"))
        .or_else(|_| NaiveDate::parse_from_str(text, "%Y-%m-%d").map(NaiveDateTime::from))
        .ok()?;
    central(naive)
}

/// What a clock in US Central shows at `at`, for filters.
pub(in crate::activecampaign) fn wall_clock(at: DateTime<Utc>) -> String {
    at.with_timezone(&CENTRAL).format("%Y-%m-%d %H:%M:%S").to_string()
}

fn central(naive: NaiveDateTime) -> Option<DateTime<FixedOffset>> {
    let at = match naive.and_local_timezone(CENTRAL) {
        // The hour that comes twice: the first one, so that nothing looks younger than it is.
        MappedLocalTime::Single(at) | MappedLocalTime::Ambiguous(at, _) => at,
        // The hour that never comes: what the clock would have shown without the change.
        MappedLocalTime::None => {
            let hour = TimeDelta::hours(1);
            naive.checked_sub_signed(hour)?.and_local_timezone(CENTRAL).single()? + hour
        }
    };
    Some(at.fixed_offset())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utc(text: &str) -> Option<String> {
        parse(text).map(|at| at.to_utc().to_rfc3339())
    }

    #[test]
    fn an_offset_is_believed_and_kept() {
        let at = parse("2026-05-28T05:07:18-05:00").unwrap();

        assert_eq!(at.to_rfc3339(), "2026-05-28T05:07:18-05:00");
        assert_eq!(utc("2026-05-28T05:07:18.250Z").unwrap(), "2026-05-28T05:07:18.250+00:00");
        assert_eq!(utc("2026-05-28T05:07:18-0500").unwrap(), "2026-05-28T10:07:18+00:00");
    }

    #[test]
    fn a_time_without_an_offset_is_us_central_in_summer_and_winter() {
        assert_eq!(utc("2026-07-01 12:00:00").unwrap(), "2026-07-01T17:00:00+00:00");
        assert_eq!(utc("2026-01-01 12:00:00").unwrap(), "2026-01-01T18:00:00+00:00");
        assert_eq!(utc("2026-01-01").unwrap(), "2026-01-01T06:00:00+00:00");
    }

    #[test]
    fn the_hours_of_a_clock_change_have_a_time_too() {
        // 2026-03-08 02:30 never was; 2026-11-01 01:30 was twice.
        assert_eq!(utc("2026-03-08 02:30:00").unwrap(), "2026-03-08T08:30:00+00:00");
        assert_eq!(utc("2026-11-01 01:30:00").unwrap(), "2026-11-01T06:30:00+00:00");
    }

    #[test]
    fn no_date_is_no_time() {
        for text in ["", " ", "0000-00-00", "0000-00-00 00:00:00", "yesterday", "2026-13-01"] {
            assert_eq!(utc(text), None, "{text}");
        }
    }

    #[test]
    fn a_filter_is_asked_in_the_wall_clock_of_us_central() {
        let at = "2026-07-01T17:00:00Z".parse().unwrap();

        assert_eq!(wall_clock(at), "2026-07-01 12:00:00");
    }
}
