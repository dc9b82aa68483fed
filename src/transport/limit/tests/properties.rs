//! Properties of the limiter: whatever comes, the limit holds, and nothing of it is wasted.

use std::{cell::RefCell, rc::Rc};

use futures_util::future::join_all;
use proptest::prelude::*;
use tokio::time::sleep;

use super::{Kept, limiter, start};
use crate::transport::limit::*;

/// Runs `test` in a runtime of its own with paused time.
fn paused<T>(test: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap()
        .block_on(test)
}

/// A request of a property: after `delay`, in `lane`; some are given up after a while.
#[derive(Debug, Clone)]
struct Arrival {
    delay: Duration,
    lane: Lane,
    patience: Option<Duration>,
}

#[derive(Debug, Clone)]
struct Life {
    arrivals: Vec<Arrival>,
    /// 429s at these times.
    throttles: Vec<Duration>,
    /// How long keeping a time takes.
    record: Duration,
    /// The process is killed then.
    dies: Duration,
}

fn arrival() -> impl Strategy<Value = Arrival> {
    let patience = prop_oneof![3 => Just(None), 1 => (1u64..5_000).prop_map(Some)];
    (0u64..90_000, 0i64..4, patience).prop_map(|(delay, lane, patience)| Arrival {
        delay: Duration::from_millis(delay),
        lane: Lane::from_rank(lane).unwrap(),
        patience: patience.map(Duration::from_millis),
    })
}

fn life() -> impl Strategy<Value = Life> {
    (
        prop::collection::vec(arrival(), 0..300),
        prop::collection::vec(0u64..90_000, 0..2),
        prop_oneof![Just(0u64), 0u64..40, 500u64..3_000],
        1u64..120_000,
    )
        .prop_map(|(arrivals, throttles, record, dies)| Life {
            arrivals,
            throttles: throttles.into_iter().map(Duration::from_millis).collect(),
            record: Duration::from_millis(record),
            dies: Duration::from_millis(dies),
        })
}

fn pace() -> impl Strategy<Value = Pace> {
    prop_oneof![
        (1u32..=120).prop_map(Pace::per_minute),
        (1u32..=20).prop_map(Pace::per_second),
        (1u32..=50, 1u64..90).prop_map(|(limit, per)| Pace {
            limit,
            per: Duration::from_secs(per),
            pause: Duration::from_secs(2)
        }),
    ]
}

/// Lives one life with the times kept in earlier ones; notes when requests left.
async fn live(pace: Pace, clock: &Clock, life: Life, kept: &Kept, left: &RefCell<Vec<Instant>>) {
    let limiter = Limiter::new(pace, clock.clone()).recorded_by(kept.record(life.record));
    limiter.restore(kept.times.lock().unwrap().clone());
    let arrivals = life.arrivals.into_iter().map(|it| {
        let limiter = &limiter;
        async move {
            sleep(it.delay).await;
            let granted = match it.patience {
                Some(patience) => tokio::time::timeout(patience, limiter.acquire(it.lane)).await,
                None => Ok(limiter.acquire(it.lane).await),
            };
            if let Ok(Ok(_permit)) = granted {
                left.borrow_mut().push(Instant::now());
            }
        }
    });
    let throttles = life.throttles.into_iter().map(|at| {
        let limiter = &limiter;
        async move {
            sleep(at).await;
            limiter.throttled(None);
        }
    });
    let all = async { tokio::join!(join_all(arrivals), join_all(throttles)) };
    let _killed = tokio::time::timeout(life.dies, all).await;
}

fn most_in_any(window: Duration, times: &[Instant]) -> usize {
    let within =
        |&from: &Instant| times.iter().filter(|&&at| at >= from && at - from < window).count();
    times.iter().map(within).max().unwrap_or(0)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_window_ever_holds_more_than_the_limit(
        pace in pace(),
        lives in prop::collection::vec(life(), 1..4),
    ) {
        let left = paused(async {
            let clock = Clock::simulated(start());
            let kept = Kept::default();
            let left = RefCell::default();
            for mut life in lives {
                // A crash between keeping a time and sending is covered up to this slack.
                life.record = life.record.min(RESTORE_SLACK);
                live(pace, &clock, life, &kept, &left).await;
            }
            left.into_inner()
        });
        prop_assert!(most_in_any(pace.per, &left) <= pace.limit as usize);
    }

    #[test]
    fn without_a_restart_even_slow_records_keep_the_limit(pace in pace(), life in life()) {
        let left = paused(async {
            let left = RefCell::default();
            live(pace, &Clock::simulated(start()), life, &Kept::default(), &left).await;
            left.into_inner()
        });
        prop_assert!(most_in_any(pace.per, &left) <= pace.limit as usize);
    }

    #[test]
    fn a_backlog_uses_97_percent_of_each_minute(
        limit in 10u32..=120,
        earlier in 0usize..200,
        idle in 0u64..70,
        record in 0u64..30,
    ) {
        let (begin, left) = paused(async {
            let kept = Kept::default();
            let limiter = limiter(Pace::per_minute(limit))
                .recorded_by(kept.record(Duration::from_millis(record)));
            // Some use, an idle time, then a backlog that never ends.
            for _ in 0..earlier.min(limit as usize / 2) {
                let _permit = limiter.acquire(Lane::Fresh).await.unwrap();
            }
            sleep(Duration::from_secs(idle)).await;
            let begin = Instant::now();
            let mut left = Vec::new();
            while begin.elapsed() < Duration::from_mins(6) {
                let _permit = limiter.acquire(Lane::Backfill).await.unwrap();
                left.push(Instant::now());
            }
            (begin, left)
        });
        // The first minute still shares its window with the time before it.
        for minute in 1..5u32 {
            let from = begin + Duration::from_mins(1) * minute;
            let within = |&&at: &&Instant| at >= from && at - from < Duration::from_mins(1);
            let used = left.iter().filter(within).count();
            // One more or less falls on the edges of the minute.
            prop_assert!(
                used + 1 >= (limit as usize * 97).div_ceil(100),
                "{used} of {limit} in minute {minute}"
            );
        }
    }

    #[test]
    fn the_order_inside_a_lane_is_the_order_of_arrival(lanes in prop::collection::vec(0i64..4, 1..120)) {
        let served = paused(async {
            let limiter = limiter(Pace::per_second(5));
            let served = Rc::new(RefCell::new(Vec::new()));
            join_all(lanes.iter().enumerate().map(|(number, &rank)| {
                let (limiter, served) = (&limiter, served.clone());
                async move {
                    let _permit = limiter.acquire(Lane::from_rank(rank).unwrap()).await.unwrap();
                    served.borrow_mut().push((rank, number));
                }
            }))
            .await;
            served.take()
        });
        prop_assert_eq!(served.len(), lanes.len());
        for lane in 0..4 {
            let of_lane: Vec<_> = served.iter().filter(|(rank, _)| *rank == lane).collect();
            prop_assert!(of_lane.is_sorted());
        }
        // While a lower lane waits, one of ten turns is not for the first.
        let last_low = served.iter().rposition(|(rank, _)| *rank > 0).unwrap_or(0);
        // The first two go at once, before anybody else has come.
        for turns in served.get(2..last_low).unwrap_or_default().windows(10) {
            prop_assert!(turns.iter().any(|(rank, _)| *rank > 0), "{turns:?}");
        }
    }
}
