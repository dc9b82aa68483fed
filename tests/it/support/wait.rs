//! Waiting for something to be so.

use std::time::Duration;

use tokio::time::Instant;

/// From one look to the next, at least.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Looks again and again until there is something to see, and returns it; the longer it takes, the
/// rarer it looks.
///
/// Fails the test after so much time, real or paused, saying what was waited for.
pub async fn until<T>(what: &str, within: Duration, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let begin = Instant::now();
    loop {
        if let Some(seen) = look().await {
            return seen;
        }
        let waited = begin.elapsed();
        assert!(waited < within, "waited {within:?} in vain: {what}");
        let pause = LOOK_EVERY.max(waited / 50).min(within.saturating_sub(waited));
        tokio::time::sleep(pause.max(Duration::from_millis(1))).await;
    }
}
