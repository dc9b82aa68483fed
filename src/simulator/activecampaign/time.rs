//! Stamps as `ActiveCampaign` writes them, and moments as it may read them.

use chrono::{
    DateTime, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, SecondsFormat, TimeDelta, TimeZone,
    Utc,
};
use chrono_tz::America::Chicago;

/// A stored point in time: whole seconds since 1970, UTC; good until 2106 and half the size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) struct Second(u32);

impl Second {
    pub(super) fn of(time: DateTime<Utc>) -> Self {
        Self(u32::try_from(time.timestamp().max(0)).unwrap_or(u32::MAX))
    }

    pub(super) fn utc(self) -> DateTime<Utc> {
        DateTime::from_timestamp(i64::from(self.0), 0).expect("every u32 of seconds is a date")
    }

    /// US Central with its offset, as in `udate`.
    pub(super) fn iso(self) -> String {
        self.utc().with_timezone(&Chicago).to_rfc3339_opts(SecondsFormat::Secs, false)
    }

    /// The same wall clock without an offset, as in `updated_timestamp` and, falsely, in
    /// `updated_utc_timestamp`.
    pub(super) fn wall(self) -> String {
        self.utc().with_timezone(&Chicago).naive_local().to_string()
    }

    pub(super) fn seconds_since(self, earlier: Self) -> u32 {
        self.0.saturating_sub(earlier.0)
    }
}

/// A moment as somebody wrote it in a query.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment {
    wall: NaiveDateTime,
    offset: Option<FixedOffset>,
    /// Only a date was given.
    pub whole_day: bool,
}

impl Moment {
    /// Reads a date, a date with a time, or RFC 3339.
    pub(super) fn read(text: &str) -> Option<Self> {
        if let Ok(date) = NaiveDate::parse_from_str(text, "%Y-%m-%d") {
            return Some(Self {
                wall: date.and_time(NaiveTime::MIN),
                offset: None,
                whole_day: true,
            });
        }
        for format in ["%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S"] {
            if let Ok(wall) = NaiveDateTime::parse_from_str(text, format) {
                return Some(Self { wall, offset: None, whole_day: false });
            }
        }
        let time = DateTime::parse_from_rfc3339(text).ok()?;
        Some(Self { wall: time.naive_local(), offset: Some(*time.offset()), whole_day: false })
    }

    /// Whether it names its offset from UTC.
    pub(super) const fn has_offset(self) -> bool {
        self.offset.is_some()
    }

    /// Its own offset is honoured; without one it is UTC.
    pub(super) fn as_utc(self) -> DateTime<Utc> {
        let offset = self.offset.map_or(0, |it| it.local_minus_utc());
        (self.wall - TimeDelta::seconds(i64::from(offset))).and_utc()
    }

    /// Its wall clock is read as US Central, whatever offset it names.
    pub(super) fn as_central(self) -> DateTime<Utc> {
        central(self.wall)
    }

    /// The midnight in US Central that begins its date.
    pub(super) fn as_central_date(self) -> DateTime<Utc> {
        central(self.wall.date().and_time(NaiveTime::MIN))
    }

    /// The same wall clock a day later.
    pub(super) fn next_day(self) -> Self {
        Self { wall: self.wall + TimeDelta::days(1), ..self }
    }
}

/// In the hour that comes twice, the first; in the hour that never comes, an hour later.
fn central(wall: NaiveDateTime) -> DateTime<Utc> {
    Chicago
        .from_local_datetime(&wall)
        .earliest()
        .or_else(|| Chicago.from_local_datetime(&(wall + TimeDelta::hours(1))).earliest())
        .map_or_else(|| wall.and_utc(), |time| time.with_timezone(&Utc))
}
