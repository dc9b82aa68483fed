//! Runs polls when they are due.
//!
//! A cron job only wakes this loop; the loop asks whether a poll is due, in the configured zone,
//! against the last start that the ledger has. So runs never overlap, a run that was missed while
//! the machine was off is caught up, and neither daylight saving nor a stepped clock matters.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use croner::Cron;
use tokio::sync::Notify;
use tokio_cron_scheduler::{Job, JobScheduler};
use tokio_util::sync::CancellationToken;

use super::{
    drift, jobs, poll,
    reconcile::{self, Request},
    shared::Shared,
    wake::woken_or_due,
};
use crate::ledger::{meta, route, run, status, sweep};

/// How often the cron job wakes the loop.
const WAKE_EVERY: &str = "*/10 * * * * *";

pub(super) async fn run(shared: Arc<Shared>, stopping: CancellationToken) {
    // The cron scheduler goes by the machine's clock: a simulation has the tick alone.
    let cron = if shared.clock.is_simulated() {
        None
    } else {
        start_waker(Arc::clone(&shared.wake.scheduler)).await
    };
    tokio::select! {
        biased;
        () = stopping.cancelled() => {}
        () = keep_schedule(&shared) => {}
    }
    if let Some(mut cron) = cron {
        // It only wakes: nothing is in flight that would have to be waited for.
        let _ = cron.shutdown().await;
    }
}

/// Starts the cron job; without it the loop's own fallback tick does the same, later.
async fn start_waker(notify: Arc<Notify>) -> Option<JobScheduler> {
    let started = async {
        let scheduler = JobScheduler::new().await?;
        let job = Job::new_async(WAKE_EVERY, move |_, _| {
            let notify = Arc::clone(&notify);
            Box::pin(async move { notify.notify_one() })
        })?;
        scheduler.add(job).await?;
        scheduler.start().await?;
        Ok::<_, tokio_cron_scheduler::JobSchedulerError>(scheduler)
    };
    match started.await {
        Ok(scheduler) => Some(scheduler),
        Err(error) => {
            tracing::error!(%error, "the cron scheduler did not start; polls go by their tick");
            None
        }
    }
}

async fn keep_schedule(shared: &Shared) {
    let alive = name_the_gap(shared).await;
    // Beside the first poll, which waits for nothing.
    let orphans = async {
        drift::name_orphans(shared, alive).await;
        Ok(())
    };
    tokio::join!(jobs::survive(run::Kind::Reconcile, orphans), keep_polling(shared));
}

async fn keep_polling(shared: &Shared) {
    // What came while nobody was here is looked at before anything else.
    let mut first = true;
    loop {
        let now = shared.now();
        let last = shared.ledger.read(|conn| run::last_start(conn, run::Kind::Poll)).await;
        match last {
            Ok(last)
                if first || is_due(&shared.settings.poll, shared.settings.timezone, last, now) =>
            {
                first = false;
                jobs::survive(run::Kind::Poll, poll::poll(shared)).await;
            }
            Ok(_) => {}
            Err(error) => tracing::error!(%error, "the last poll cannot be read"),
        }
        shared.wake.reconciler.notify_one();
        let alive = shared.ledger.write(move |tx| meta::note_alive(tx, now)).await;
        if let Err(error) = alive {
            tracing::error!(%error, "the ledger cannot be written");
        }
        woken_or_due(&shared.wake.scheduler, None, shared.settings.tick).await;
    }
}

/// Makes the reconciliations that are due: beside the polls, which go on meanwhile.
pub(super) async fn run_reconciler(shared: Arc<Shared>, stopping: CancellationToken) {
    tokio::select! {
        biased;
        () = stopping.cancelled() => {}
        () = keep_reconciling(&shared) => {}
    }
}

async fn keep_reconciling(shared: &Shared) {
    loop {
        let now = shared.now();
        let last = shared
            .ledger
            .read(|conn| {
                let last = run::last_start(conn, run::Kind::Reconcile)?;
                // A ledger without any run is new: its first night is its first reconciliation.
                last.map_or_else(|| route::oldest_start(conn), |last| Ok(Some(last)))
            })
            .await;
        match last {
            Ok(Some(last)) => {
                if let Some(request) = wanted(shared, last, now).await {
                    let run = reconcile::reconcile(shared, &request);
                    jobs::survive(run::Kind::Reconcile, run).await;
                }
            }
            Ok(None) => {}
            Err(error) => tracing::error!(%error, "the last reconciliation cannot be read"),
        }
        woken_or_due(&shared.wake.reconciler, None, shared.settings.tick).await;
    }
}

/// The run that is due, if any: the night's, or one that goes on with the last.
async fn wanted(shared: &Shared, last: DateTime<Utc>, now: DateTime<Utc>) -> Option<Request> {
    let settings = &shared.settings;
    let is_due = is_due(&settings.reconcile, settings.timezone, Some(last), now);
    (is_due || is_to_resume(shared).await).then_some(Request {
        route: None,
        mode: settings.reconcile_mode,
        all: false,
        wait: reconcile::WAIT,
        goes_on: !is_due,
    })
}

/// Whether a run was cut off, or could not read everything, a while ago.
async fn is_to_resume(shared: &Shared) -> bool {
    let mode = shared.settings.reconcile_mode.as_str();
    let now = shared.now();
    let unfinished = shared.ledger.read(sweep::unfinished).await;
    let Ok(Some(sweep)) = unfinished else { return false };
    let ended = shared
        .ledger
        .read(move |conn| run::finished_at(conn, sweep.run))
        .await
        .ok()
        .flatten()
        .unwrap_or(sweep.started_at);
    sweep.mode == mode && now - ended >= status::RESUME_AFTER
}

/// Says from when to when nothing was received or polled; returns when it last was.
async fn name_the_gap(shared: &Shared) -> Option<DateTime<Utc>> {
    let zone = shared.settings.timezone;
    let alive = shared.ledger.read(meta::last_alive).await.ok().flatten();
    let now = shared.now();
    if let Some(alive) = alive.filter(|alive| now - *alive > TimeDelta::seconds(5)) {
        let (from, to) = (alive.with_timezone(&zone), now.with_timezone(&zone));
        tracing::warn!(
            "stopped from {} to {}, looking at that interval first",
            from.format("%F %T"),
            to.format("%F %T")
        );
    }
    alive
}

/// Whether a run is due: its next time after the last start has come, or there never was one.
///
/// A last start in the future (the clock was stepped back) counts as now.
pub fn is_due(cron: &Cron, zone: Tz, last: Option<DateTime<Utc>>, now: DateTime<Utc>) -> bool {
    let Some(last) = last else { return true };
    match next_due(cron, zone, last.min(now)) {
        Some(next) => next <= now,
        None => false,
    }
}

/// The next time after `after`.
pub fn next_due(cron: &Cron, zone: Tz, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let next = cron.find_next_occurrence(&after.with_timezone(&zone), false).ok()?;
    Some(next.with_timezone(&Utc))
}

#[cfg(test)]
mod tests {
    use std::str::FromStr;

    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().expect("a time")
    }

    fn cron(text: &str) -> Cron {
        Cron::from_str(text).expect("a cron expression")
    }

    #[test]
    fn a_run_that_was_never_made_is_due() {
        assert!(is_due(&cron("0 */5 * * * *"), Tz::UTC, None, at("2026-01-01T00:00:00Z")));
    }

    #[test]
    fn a_run_missed_while_the_machine_was_off_is_due_once() {
        let (cron, zone) = (cron("0 0 2 * * *"), Tz::America__Sao_Paulo);
        let now = at("2026-06-10T12:00:00Z");
        assert!(is_due(&cron, zone, Some(at("2026-06-07T05:00:00Z")), now));
        assert!(!is_due(&cron, zone, Some(now), at("2026-06-10T12:00:01Z")));
    }

    #[test]
    fn a_clock_stepped_back_neither_repeats_nor_silences() {
        let cron = cron("0 */5 * * * *");
        let last = Some(at("2026-06-10T12:00:00Z"));
        assert!(!is_due(&cron, Tz::UTC, last, at("2026-06-10T11:01:00Z")));
        assert!(is_due(&cron, Tz::UTC, last, at("2026-06-10T12:05:00Z")));
    }

    /// Looks each ten seconds from one moment to another, as the loop does; returns when it is due.
    fn due_times(cron: &Cron, zone: Tz, from: &str, to: &str) -> Vec<String> {
        let (mut now, to, mut last) = (at(from), at(to), at(from));
        let mut due = Vec::new();
        while now < to {
            now += TimeDelta::seconds(10);
            if is_due(cron, zone, Some(last), now) {
                due.push(now.with_timezone(&zone).to_rfc3339());
                last = now;
            }
        }
        due
    }

    #[test]
    fn each_night_has_one_run_also_where_its_hour_is_skipped_or_comes_twice() {
        let (cron, zone) = (cron("0 30 2 * * *"), Tz::America__New_York);
        // 02:30 does not exist on the second night.
        let spring = due_times(&cron, zone, "2026-03-07T05:00:00Z", "2026-03-10T04:00:00Z");
        assert_eq!(spring.len(), 3, "{spring:?}");
        assert!(spring[0].starts_with("2026-03-07T02:30:00-05:00"), "{spring:?}");
        assert!(spring[1].starts_with("2026-03-08T03:"), "{spring:?}");
        assert!(spring[2].starts_with("2026-03-09T02:30:00-04:00"), "{spring:?}");
        // 01:30 comes twice on the second night.
        let cron = self::cron("0 30 1 * * *");
        let autumn = due_times(&cron, zone, "2026-10-31T04:00:00Z", "2026-11-03T05:00:00Z");
        assert_eq!(autumn.len(), 3, "{autumn:?}");
        assert!(autumn[1].starts_with("2026-11-01T01:30:00"), "{autumn:?}");
        assert!(autumn[2].starts_with("2026-11-02T01:30:00-05:00"), "{autumn:?}");
    }

    #[test]
    fn polls_of_every_five_minutes_neither_stop_nor_crowd_while_the_clock_changes() {
        let (cron, zone) = (cron("0 */5 * * * *"), Tz::America__New_York);
        for (from, to) in [
            ("2026-03-08T05:00:00Z", "2026-03-08T10:00:00Z"),
            ("2026-11-01T04:00:00Z", "2026-11-01T09:00:00Z"),
        ] {
            let due = due_times(&cron, zone, from, to);
            assert_eq!(due.len(), 60, "five hours: {due:?}");
        }
    }

    #[test]
    fn the_day_after_a_change_to_summer_time_is_not_hours_off() {
        let (cron, zone) = (cron("0 0 8 * * *"), Tz::America__Sao_Paulo);
        let next = next_due(&cron, zone, at("2018-11-04T04:00:00Z"));
        assert_eq!(next, Some(at("2018-11-04T10:00:00Z")));
    }
}
