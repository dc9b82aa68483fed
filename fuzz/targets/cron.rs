//! Schedules: an expression is refused, or comes due again and again, whatever the clocks do.
//!
//! Three lines: the expression, the time zone, and from when on, in seconds.

use chrono::{DateTime, Datelike as _, TimeDelta, Utc};
use ponte::{
    config,
    engine::scheduler::{is_due, next_due},
};

/// The least that is a configuration.
const LEAST: &str = "\
[activecampaign]
url = \"https://example.api-us1.com\"
api_key = \"0123456789abcdef\"
[ploomes]
user_key = \"0123456789abcdef\"
";

/// Times that are looked at, one after the other.
const TIMES: usize = 12;

/// Years that anybody will run this in; the search for a time ends some millennia later.
const YEARS: std::ops::Range<i32> = 1970..2200;

pub fn run(input: &[u8]) {
    let Ok(input) = std::str::from_utf8(input) else { return };
    let mut lines = input.split('\n');
    let (expression, zone) = (lines.next().unwrap_or_default(), lines.next().unwrap_or("UTC"));
    let seconds = lines.next().and_then(|it| it.trim().parse().ok()).unwrap_or(1_700_000_000);
    let quoted = |text: &str| toml::Value::String(text.to_owned()).to_string();
    let text =
        format!("{LEAST}[schedule]\npoll = {}\ntimezone = {}\n", quoted(expression), quoted(zone));
    let Ok(loaded) = config::parse("config.toml", &text) else { return };
    let (cron, zone) = (loaded.config.schedule.poll, loaded.config.schedule.timezone);
    let after = DateTime::<Utc>::from_timestamp(seconds, 0);
    let Some(mut after) = after.filter(|it| YEARS.contains(&it.year())) else { return };
    for _ in 0..TIMES {
        let Some(next) = next_due(&cron, zone, after) else { panic!("it is never due again") };
        assert!(next > after, "{after} is due at {next}");
        let before = next - TimeDelta::nanoseconds(1);
        assert!(
            is_due(&cron, zone, Some(after), next) && !is_due(&cron, zone, Some(after), before)
        );
        // From anywhere on the way, the next time is the same.
        let halfway = after + (next - after) / 2;
        assert_eq!(next_due(&cron, zone, halfway), Some(next), "from {after} and from {halfway}");
        after = next;
    }
}
