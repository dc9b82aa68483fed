mod properties;

use std::{
    cell::RefCell,
    sync::atomic::{AtomicU32, Ordering},
};

use futures_util::{FutureExt, future::join_all};
use tokio::time::{advance, sleep};

use super::*;

fn start() -> DateTime<Utc> {
    "2026-03-02T12:00:00Z".parse().unwrap()
}

fn limiter(pace: Pace) -> Limiter {
    Limiter::new(pace, Clock::simulated(start()))
}

/// The times that a ledger keeps.
#[derive(Clone, Default)]
struct Kept {
    times: Arc<Mutex<Vec<DateTime<Utc>>>>,
}

impl Kept {
    fn record(&self, takes: Duration) -> Record {
        let times = self.times.clone();
        Arc::new(move |at| {
            let times = times.clone();
            async move {
                times.lock().unwrap().push(at);
                sleep(takes).await;
                Ok(())
            }
            .boxed()
        })
    }
}

/// When each of `count` requests that all wait from now on is let through.
async fn times(limiter: &Limiter, count: usize) -> Vec<Duration> {
    let begin = Instant::now();
    let one = |_| async move {
        let _permit = limiter.acquire(Lane::Update).await.unwrap();
        begin.elapsed()
    };
    join_all((0..count).map(one)).await
}

#[tokio::test(start_paused = true)]
async fn the_calls_of_one_lead_need_not_wait_for_each_other() {
    let limiter = limiter(Pace::per_minute(100));

    assert_eq!(times(&limiter, 4).await, [Duration::ZERO; 4]);
}

#[tokio::test(start_paused = true)]
async fn a_burst_does_not_leave_a_hole_a_window_later() {
    let limiter = limiter(Pace::per_minute(100));

    let times = times(&limiter, 400).await;

    let longest = times.windows(2).map(|pair| pair[1].saturating_sub(pair[0])).max().unwrap();
    assert!(longest < Duration::from_millis(1_500), "{longest:?}");
}

#[tokio::test(start_paused = true)]
async fn a_fresh_request_passes_a_long_backlog_within_two_turns() {
    let limiter = limiter(Pace::per_minute(100));
    let backlog = join_all((0..300).map(|_| async { drop(limiter.acquire(Lane::Backfill).await) }));
    let fresh = async {
        sleep(Duration::from_mins(2)).await;
        let begin = Instant::now();
        let _permit = limiter.acquire(Lane::Fresh).await.unwrap();
        begin.elapsed()
    };

    let (_, waited) = tokio::join!(backlog, fresh);

    assert!(waited < Duration::from_millis(1_300), "{waited:?}");
}

#[tokio::test(start_paused = true)]
async fn every_lower_lane_gets_something_while_fresh_ones_never_end() {
    let limiter = limiter(Pace::per_minute(120));
    let served = RefCell::new([0u32; 4]);
    let endless = Lane::ALL.into_iter().flat_map(|lane| (0..20).map(move |_| lane)).map(|lane| {
        let (limiter, served) = (&limiter, &served);
        async move {
            loop {
                let _permit = limiter.acquire(lane).await.unwrap();
                served.borrow_mut()[lane as usize] += 1;
            }
        }
    });

    let _endless = tokio::time::timeout(Duration::from_mins(10), join_all(endless)).await;

    let [fresh, update, repair, backfill] = served.into_inner();
    let low = update + repair + backfill;
    let all = fresh + low;
    // The first burst goes before the lower lanes have come.
    assert!(low * 10 + 20 >= all && low * 9 <= all, "{low} of {all}");
    assert!(update > repair && repair > backfill && backfill >= 5, "{update} {repair} {backfill}");
}

#[tokio::test(start_paused = true)]
async fn requests_of_an_earlier_process_count() {
    let limiter = limiter(Pace::per_minute(10));
    let ago = |seconds| start() - chrono::TimeDelta::seconds(seconds);
    // One of them in the future: a clock that was set back.
    limiter.restore([ago(70), ago(-5), ago(30), ago(30), ago(20), ago(20), ago(20), ago(20)]);
    limiter.restore([ago(20), ago(20), ago(20)]);

    assert_eq!(limiter.used_last_60s(), 10);
    let times = times(&limiter, 1).await;

    // The oldest leaves the window 61.55 s after it was kept.
    assert_eq!(times[0].as_millis(), 31_550);
}

#[tokio::test(start_paused = true)]
async fn a_429_pauses_everything_then_halves_the_pace_for_a_while() {
    let limiter = limiter(Pace::per_minute(120));
    limiter.throttled(Some(Duration::from_secs(30)));
    assert_eq!(limiter.paused_for(), Duration::from_secs(30));

    let times = times(&limiter, 1_200).await;

    assert_eq!(times[0].as_millis(), 30_000);
    let in_minute = |minute: u64| {
        let from = Duration::from_secs(30 + 60 * minute);
        times.iter().filter(|&&at| at >= from && at < from + Duration::from_mins(1)).count()
    };
    assert!((58..=66).contains(&in_minute(0)), "{}", in_minute(0));
    assert!((86..=94).contains(&in_minute(5)), "{}", in_minute(5));
    assert!(in_minute(10) >= 117, "{}", in_minute(10));
    assert!(!limiter.throttled_within(Duration::from_mins(10)));
    assert!(limiter.throttled_within(Duration::from_mins(20)));
}

#[tokio::test(start_paused = true)]
async fn a_429_without_retry_after_pauses_for_the_paces_pause() {
    let limiter = limiter(Pace::per_second(4));

    limiter.throttled(None);
    limiter.pause_until(Instant::now() + Duration::from_secs(1));

    assert_eq!(limiter.paused_for(), Duration::from_secs(5));
}

#[tokio::test(start_paused = true)]
async fn the_forecast_is_what_then_happens() {
    let limiter = limiter(Pace::per_minute(100));
    limiter.throttled(Some(Duration::from_secs(20)));
    for requests in [200u64, 2_000] {
        let forecast = limiter.forecast(requests).as_secs_f64();

        let took = times(&limiter, usize::try_from(requests).unwrap()).await;

        let took = took.last().unwrap().as_secs_f64();
        assert!((took - forecast).abs() < 0.04 * took + 8.0, "{forecast} s forecast, {took} s");
    }
}

#[tokio::test(start_paused = true)]
async fn a_waiter_that_goes_away_holds_up_nobody() {
    let limiter = limiter(Pace::per_second(1));
    drop(limiter.acquire(Lane::Fresh).await.unwrap());
    let mut gone = Box::pin(limiter.acquire(Lane::Fresh));
    let mut next = Box::pin(limiter.acquire(Lane::Fresh));
    assert!(gone.as_mut().now_or_never().is_none());
    assert!(next.as_mut().now_or_never().is_none());
    advance(Duration::from_secs(10)).await;

    drop(gone);

    assert!(next.await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_time_that_cannot_be_kept_means_no_permit_and_stays_counted() {
    let record: Record = Arc::new(|_| async { Err(RecordError::from("disk full")) }.boxed());
    let limiter = limiter(Pace::per_minute(10)).recorded_by(record);

    let refused = limiter.acquire(Lane::Fresh).await;

    assert!(matches!(refused, Err(Refused::NotRecorded(_))));
    assert_eq!(limiter.used_last_60s(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_time_is_kept_before_the_permit_is_given() {
    let kept = Kept::default();
    let limiter = limiter(Pace::per_minute(10)).recorded_by(kept.record(Duration::from_secs(2)));
    let begin = Instant::now();
    let leaves = limiter.acquire(Lane::Fresh);
    let used_meanwhile = async {
        sleep(Duration::from_secs(1)).await;
        limiter.used_last_60s()
    };

    let (permit, used) = tokio::join!(leaves, used_meanwhile);

    assert!(permit.is_ok());
    assert_eq!(used, 1);
    assert_eq!(begin.elapsed(), Duration::from_secs(2));
    assert_eq!(*kept.times.lock().unwrap(), [start()]);
}

#[tokio::test(start_paused = true)]
async fn closing_sends_everybody_home() {
    let limiter = limiter(Pace::per_minute(1));
    drop(limiter.acquire(Lane::Fresh).await.unwrap());
    let refused = AtomicU32::new(0);
    let waiting = join_all((0..3).map(|_| async {
        if matches!(limiter.acquire(Lane::Repair).await, Err(Refused::Closed)) {
            refused.fetch_add(1, Ordering::Relaxed);
        }
    }));
    let begin = Instant::now();

    tokio::join!(waiting, async { limiter.close() });

    assert_eq!(refused.into_inner(), 3);
    assert_eq!(begin.elapsed(), Duration::ZERO);
    assert!(matches!(limiter.acquire(Lane::Fresh).await, Err(Refused::Closed)));
}

#[tokio::test(start_paused = true)]
async fn an_open_limiter_lets_everything_through() {
    let limiter = Limiter::open();
    limiter.throttled(None);
    let begin = Instant::now();

    for _ in 0..10_000 {
        let _permit = limiter.acquire(Lane::Backfill).await.unwrap();
    }

    assert_eq!(begin.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn who_follows_another_counts_its_requests_and_keeps_its_pauses() {
    let pace = Pace::per_second(4);
    let earlier = Limiter::new(pace, Clock::system());
    for _ in 0..4 {
        drop(earlier.acquire(Lane::Fresh).await.unwrap());
    }
    let on_its_way = earlier.acquire(Lane::Fresh).await.unwrap();
    let next = Limiter::new(pace, Clock::system());
    assert_eq!(next.used_last_60s(), 0);
    next.follow(&earlier);
    assert_eq!(next.used_last_60s(), 5);
    drop(on_its_way);
    // Its window is full: a new limiter would let the next one through at once.
    let before = Instant::now();
    drop(next.acquire(Lane::Fresh).await.unwrap());
    assert!(before.elapsed() > Duration::ZERO);

    next.throttled(Some(Duration::from_secs(30)));
    let last = Limiter::new(pace, Clock::system());
    last.follow(&next);
    assert_eq!(last.paused_for(), next.paused_for());
    assert!(last.throttled_within(Duration::from_secs(1)));
}
