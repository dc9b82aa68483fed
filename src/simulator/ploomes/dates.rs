//! Times as the service writes them: `2022-12-15T14:59:45.13-03:00`.

use chrono::{
    DateTime, Datelike as _, FixedOffset, NaiveDate, NaiveDateTime, TimeDelta, Timelike as _, Utc,
};

/// The account's offset, in seconds: Brasília.
const OFFSET: i32 = -3 * 3600;

/// The years that the database can hold.
const YEARS: std::ops::RangeInclusive<i32> = 1753..=9999;

fn offset() -> FixedOffset {
    FixedOffset::east_opt(OFFSET).expect("three hours are an offset")
}

/// The time as it is written, rounded as the database does.
pub(super) fn written(time: DateTime<Utc>) -> String {
    let time = rounded(time).with_timezone(&offset());
    let whole = time.format("%Y-%m-%dT%H:%M:%S");
    let fraction = format!("{:03}", time.nanosecond() / 1_000_000);
    match fraction.trim_end_matches('0') {
        "" => format!("{whole}-03:00"),
        fraction => format!("{whole}.{fraction}-03:00"),
    }
}

/// To milliseconds that end in 0, 3 or 7, which is all that SQL Server's `datetime` can hold.
fn rounded(time: DateTime<Utc>) -> DateTime<Utc> {
    let up = TimeDelta::microseconds(500);
    let millis = time.checked_add_signed(up).unwrap_or(time).timestamp_millis();
    let last = match millis.rem_euclid(10) {
        0 | 1 => 0,
        2..=4 => 3,
        5..=8 => 7,
        _ => 10,
    };
    DateTime::from_timestamp_millis(millis - millis.rem_euclid(10) + last).unwrap_or(time)
}

/// A time in a body, as it is written; `None` where it is none.
///
/// Without an offset it is the account's, and a date alone is its midnight.
pub(super) fn accepted(text: &str) -> Option<String> {
    let time = DateTime::parse_from_rfc3339(text).ok().or_else(|| {
        let local = NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f")
            .ok()
            .or_else(|| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?.and_hms_opt(0, 0, 0))?;
        local.and_local_timezone(offset()).single()
    })?;
    YEARS.contains(&time.year()).then(|| written(time.to_utc()))
}

/// A written time as a point in time.
pub(super) fn read(text: &str) -> Option<DateTime<FixedOffset>> {
    DateTime::parse_from_rfc3339(text).ok()
}
