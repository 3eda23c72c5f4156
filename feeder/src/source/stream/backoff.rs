//! How long to wait before connecting again: exponential, with full jitter and a ceiling.

use std::time::Duration;

/// Waits that grow: each is drawn evenly from nothing to a bound, and the bound doubles up to
/// a ceiling. Full jitter, so that the clients of a relay that restarts do not come back at once.
pub(super) struct Backoff {
    first: Duration,
    max: Duration,
    bound: Duration,
    random: fastrand::Rng,
}

impl Backoff {
    pub(super) fn new(first: Duration, max: Duration) -> Self {
        let first = first.min(max);
        Self {
            first,
            max,
            bound: first,
            random: fastrand::Rng::new(),
        }
    }

    /// Begins again with the first bound.
    pub(super) fn reset(&mut self) {
        self.bound = self.first;
    }

    /// Draws the next wait.
    pub(super) fn next(&mut self) -> Duration {
        let bound = self.bound;
        self.bound = (bound * 2).min(self.max);
        self.draw(bound)
    }

    /// Draws a wait of the longest kind, and goes on from there.
    pub(super) fn longest(&mut self) -> Duration {
        self.bound = self.max;
        self.draw(self.max)
    }

    fn draw(&mut self, bound: Duration) -> Duration {
        let nanos = u64::try_from(bound.as_nanos()).unwrap_or(u64::MAX);
        Duration::from_nanos(self.random.u64(0..=nanos))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_the_ceiling_and_begin_again() {
        let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(1));
        let bounds = [100, 200, 400, 800, 1_000, 1_000];
        for round in 0..200 {
            backoff.random = fastrand::Rng::with_seed(round);
            for bound in bounds {
                assert!(
                    backoff.next() <= Duration::from_millis(bound),
                    "round {round}"
                );
            }
            backoff.reset();
        }
        backoff.random = fastrand::Rng::with_seed(7);
        backoff.bound = backoff.max;
        let long = (0..100)
            .filter(|_| backoff.next() > Duration::from_millis(500))
            .count();
        assert!(
            (20..=80).contains(&long),
            "{long} of 100 waits in the upper half"
        );
    }
}
