//! Leads that came by their webhook, and those that did not, by day.

use std::{collections::BTreeMap, time::Duration};

use chrono::{DateTime, Days, NaiveDate, Utc};
use tokio::{sync::Mutex, time::Instant};

use super::Settings;
use crate::ledger::{
    Ledger, LedgerError,
    report::{self, Day},
};

/// Days that are shown: two weeks, so that weekdays can be compared.
const DAYS: u64 = 14;

/// How long the counts are shown again: reading them costs more than all else on the page.
const KEPT_FOR: Duration = Duration::from_secs(30);

/// The height of the highest bar, where bars stand, and how wide a day is; as in the template.
const HIGH: i64 = 88;
const GROUND: i64 = 112;
const WIDE: i64 = 60;

/// The counts by day, as they were read last.
#[derive(Default)]
pub(super) struct Chart(Mutex<Option<(Instant, Vec<Day>)>>);

/// A day of the chart.
pub(super) struct Bar {
    pub(super) name: String,
    pub(super) title: String,
    pub(super) x: i64,
    pub(super) middle: i64,
    pub(super) came: i64,
    pub(super) came_y: i64,
    pub(super) missed: i64,
    pub(super) missed_y: i64,
    pub(super) count: String,
    pub(super) count_y: i64,
}

impl Chart {
    /// The bars of the days up to now.
    pub(super) async fn bars(
        &self,
        ledger: &Ledger,
        settings: &Settings,
        now: DateTime<Utc>,
    ) -> Result<Vec<Bar>, LedgerError> {
        let mut kept = self.0.lock().await;
        let fresh = kept.as_ref().filter(|(at, _)| at.elapsed() < KEPT_FOR);
        let days = if let Some((_, days)) = fresh {
            days.clone()
        } else {
            let zone = settings.timezone;
            let days = ledger.read(move |conn| report::days(conn, now, zone, DAYS)).await?;
            *kept = Some((Instant::now(), days.clone()));
            days
        };
        Ok(bars(&days, settings, now.with_timezone(&settings.timezone).date_naive()))
    }
}

fn bars(days: &[Day], settings: &Settings, today: NaiveDate) -> Vec<Bar> {
    let mut sums: BTreeMap<NaiveDate, (i64, i64)> = BTreeMap::new();
    for day in days {
        let sum = sums.entry(day.day).or_default();
        sum.0 += day.received;
        sum.1 += day.missed;
    }
    let most = sums.values().map(|(came, missed)| came + missed).max().unwrap_or(0).max(1);
    let text = settings.text;
    let height = |count: i64| match count {
        0 => 0,
        _ => (count * HIGH / most).max(2),
    };
    let mut bars = Vec::new();
    for (place, back) in (0..).zip((0..DAYS).rev()) {
        let Some(day) = today.checked_sub_days(Days::new(back)) else { continue };
        let (came, missed) = sums.get(&day).copied().unwrap_or_default();
        let (tall, rest) = (height(came), height(missed));
        let x = place * WIDE + 12;
        let name = day.format(text.day).to_string();
        let all = came + missed;
        bars.push(Bar {
            title: format!(
                "{name}: {} {}, {} {}",
                text.number(came),
                text.heads.by_webhook,
                text.number(missed),
                text.heads.missed
            ),
            name,
            x,
            middle: x + 18,
            came: tall,
            came_y: GROUND - tall,
            missed: rest,
            missed_y: GROUND - tall - rest,
            count: if all > 0 { text.number(all) } else { String::new() },
            count_y: GROUND - tall - rest - 5,
        });
    }
    bars
}
