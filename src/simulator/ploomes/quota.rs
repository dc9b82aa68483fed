//! How many requests the account takes, counted in each way that the real service may count.

use std::collections::VecDeque;

use chrono::{DateTime, TimeDelta, Utc};

use super::switches::{LimiterKind, Switches};

/// The window, in seconds.
const WINDOW: i64 = 60;

/// What has been let through lately.
#[derive(Debug, Default)]
pub(super) struct Quota {
    /// Times of requests let through, of the last minute at least.
    times: VecDeque<DateTime<Utc>>,
    /// What the bucket held, and when.
    bucket: Option<(f64, DateTime<Utc>)>,
}

impl Quota {
    /// Lets one request through, or says after how many seconds to come back.
    pub(super) fn take(&mut self, now: DateTime<Utc>, switches: &Switches) -> Result<(), u64> {
        let Some(limit) = switches.limit else { return Ok(()) };
        // Neighbours are taken to be spread evenly: they hold their share of any window.
        let share = limit.saturating_sub(switches.neighbours);
        match switches.limiter {
            LimiterKind::Sliding => self.take_counted(now, now - TimeDelta::seconds(WINDOW), share),
            LimiterKind::Fixed => {
                let into = now.timestamp().rem_euclid(WINDOW);
                let start = now
                    - TimeDelta::seconds(into)
                    - TimeDelta::nanoseconds(i64::from(now.timestamp_subsec_nanos()) + 1);
                self.take_counted(now, start, share).map_err(|_| seconds(WINDOW - into))
            }
            LimiterKind::Bucket => self.take_from_bucket(now, f64::from(limit), f64::from(share)),
        }
    }

    /// Counts what came after `start`.
    fn take_counted(
        &mut self,
        now: DateTime<Utc>,
        start: DateTime<Utc>,
        share: u32,
    ) -> Result<(), u64> {
        while self.times.front().is_some_and(|it| *it <= now - TimeDelta::seconds(WINDOW)) {
            self.times.pop_front();
        }
        let share = usize::try_from(share).unwrap_or(usize::MAX);
        let counted = self.times.iter().filter(|it| **it > start).count();
        if counted < share {
            self.times.push_back(now);
            return Ok(());
        }
        // When enough of them have left the window.
        let leaving = self.times.len().checked_sub(share.max(1)).and_then(|at| self.times.get(at));
        let wait =
            leaving.map_or(TimeDelta::seconds(WINDOW), |it| *it + TimeDelta::seconds(WINDOW) - now);
        Err(seconds(wait.num_seconds() + 1))
    }

    fn take_from_bucket(&mut self, now: DateTime<Utc>, size: f64, share: f64) -> Result<(), u64> {
        let (held, at) = self.bucket.unwrap_or((size, now));
        #[expect(clippy::cast_precision_loss, reason = "at most a window of milliseconds counts")]
        let passed = (now - at).num_milliseconds().clamp(0, 1000 * WINDOW) as f64 / 1000.0;
        let held = (held + passed * share / 60.0).min(size);
        if held >= 1.0 {
            self.bucket = Some((held - 1.0, now));
            return Ok(());
        }
        self.bucket = Some((held, now));
        Err(1)
    }
}

fn seconds(wait: i64) -> u64 {
    u64::try_from(wait.max(1)).unwrap_or(1)
}
