//! How long to wait after a failure: exponential with full jitter, `Retry-After` obeyed.

use std::time::Duration;

use rand::Rng;

/// The bounds of the waits, `[retry]` in the configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// The first wait at most.
    pub first: Duration,
    /// Any wait at most, `Retry-After` apart.
    pub max: Duration,
}

impl Backoff {
    /// The wait after `failures` failures before this one, at least what the other side asked for.
    ///
    /// Full jitter spreads those that failed together; a tenth of the bound is the least, so that
    /// nobody hammers.
    pub fn after(
        &self,
        failures: u32,
        retry_after: Option<Duration>,
        rng: &mut impl Rng,
    ) -> Duration {
        let bound = self.first.saturating_mul(2_u32.saturating_pow(failures.min(20))).min(self.max);
        let wait = bound.mul_f64(rng.random_range(0.1..=1.0));
        wait.max(retry_after.unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use rand::{SeedableRng, rngs::SmallRng};

    use super::*;

    #[test]
    fn waits_grow_to_the_bound_and_obey_retry_after() {
        let backoff = Backoff { first: Duration::from_secs(2), max: Duration::from_mins(15) };
        let mut rng = SmallRng::seed_from_u64(1);
        for failures in 0..40 {
            let wait = backoff.after(failures, None, &mut rng);
            let bound = 2_u64.saturating_pow(failures.min(20) + 1).min(900);
            assert!(wait <= Duration::from_secs(bound), "{failures}: {wait:?}");
            assert!(wait >= Duration::from_secs(bound) / 10, "{failures}: {wait:?}");
        }
        let asked = Some(Duration::from_hours(1));
        assert_eq!(backoff.after(0, asked, &mut rng), Duration::from_hours(1));
    }
}
