//! Slows those who try one webhook URL after the other.
//!
//! A token has 16 characters or more, so that nobody finds one by trying; this keeps trying cheap
//! for us and dull for them. It comes after the comparison, which is the same for every token: a
//! right one is never slowed, whatever others try.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    sync::Semaphore,
    time::{Instant, sleep},
};

/// Misses that cost nothing: a person who mistyped, a webhook that was deleted here and not in AC.
const FREE: u32 = 10;

/// The wait after the first one that is not free; each further one doubles it.
const PAUSE_FIRST: Duration = Duration::from_millis(100);

/// The longest wait: AC hangs up after 5 s, and should see the 404 of a token that was changed.
const PAUSE_MAX: Duration = Duration::from_secs(2);

/// After this long without a miss, they are forgotten.
const FORGET_AFTER: Duration = Duration::from_mins(1);

/// Misses that wait at once: an eighth of the receiver's connections. Further ones are told at
/// once, and to go.
const WAITING_MAX: usize = 64;

/// How a miss is answered, after its wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Manner {
    /// As any request.
    Plain,
    /// And the connection is closed, so that the next guess costs a new one.
    Close,
}

/// The misses of late.
pub(super) struct Guesses {
    recent: Mutex<Recent>,
    waiting: Semaphore,
}

#[derive(Default)]
struct Recent {
    misses: u32,
    last: Option<Instant>,
}

impl Default for Guesses {
    fn default() -> Self {
        Self { recent: Mutex::default(), waiting: Semaphore::new(WAITING_MAX) }
    }
}

impl Guesses {
    /// Notes a miss, and waits as long as it costs.
    pub(super) async fn miss(&self) -> Manner {
        let pause = self.note(Instant::now());
        if pause.is_zero() {
            return Manner::Plain;
        }
        if let Ok(_place) = self.waiting.try_acquire() {
            sleep(pause).await;
        }
        Manner::Close
    }

    fn note(&self, now: Instant) -> Duration {
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        if recent.last.is_none_or(|last| now - last > FORGET_AFTER) {
            recent.misses = 0;
        }
        recent.last = Some(now);
        recent.misses = recent.misses.saturating_add(1);
        match recent.misses.checked_sub(FREE + 1) {
            None => Duration::ZERO,
            Some(more) => PAUSE_FIRST.saturating_mul(1 << more.min(10)).min(PAUSE_MAX),
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::future::join_all;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_first_misses_are_free_and_the_next_ones_take_longer_and_longer() {
        let guesses = Guesses::default();
        let start = Instant::now();
        for _ in 0..FREE {
            assert_eq!(guesses.miss().await, Manner::Plain);
        }
        assert_eq!(start.elapsed(), Duration::ZERO);
        for _ in 0..7 {
            assert_eq!(guesses.miss().await, Manner::Close);
        }
        // 0.1 + 0.2 + 0.4 + 0.8 + 1.6 + 2 + 2 seconds.
        assert!(start.elapsed() >= Duration::from_millis(7_100), "{:?}", start.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn a_minute_of_peace_makes_up_for_it() {
        let guesses = Guesses::default();
        for _ in 0..=FREE {
            guesses.miss().await;
        }
        tokio::time::advance(FORGET_AFTER + Duration::from_secs(1)).await;
        assert_eq!(guesses.miss().await, Manner::Plain);
    }

    #[tokio::test(start_paused = true)]
    async fn those_who_guess_side_by_side_do_not_fill_the_place() {
        let guesses = Guesses::default();
        let start = Instant::now();
        let misses = (0..1_000).map(|_| async {
            guesses.miss().await;
            start.elapsed()
        });
        let waited = join_all(misses).await.into_iter().filter(|it| !it.is_zero()).count();
        assert_eq!(waited, WAITING_MAX);
    }
}
