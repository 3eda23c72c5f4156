//! How fast events come: learned, and used to tell what is too long.

use crate::wire::Micros;
use std::time::Duration;

/// Events between two looks at the clock of the events.
const WINDOW: u32 = 100;
/// How much longer than usual is too long.
const TOO_LONG: u32 = 1_000;

/// The mean time between events, by their own times; so it is the pace of the network also while
/// old events are replayed.
#[derive(Debug, Default)]
pub(super) struct Pace {
    began: Option<Micros>,
    count: u32,
    mean: Option<Micros>,
}

impl Pace {
    /// Takes note of an event.
    pub(super) fn note(&mut self, time: Micros) {
        let began = *self.began.get_or_insert(time);
        self.count += 1;
        if self.count < WINDOW {
            return;
        }
        let span = time.saturating_sub(began) / Micros::from(self.count);
        (self.began, self.count) = (Some(time), 0);
        if span > 0 {
            // Three parts of the old to one of the new: steady, and quick enough.
            self.mean = Some(
                self.mean
                    .map_or(span, |mean| (mean * 3).saturating_add(span) / 4),
            );
        }
    }

    /// Mean time between events; `None` before a hundred were seen.
    pub(super) fn mean(&self) -> Option<Duration> {
        let micros = u64::try_from(self.mean?).ok()?;
        Some(Duration::from_micros(micros.max(1)))
    }

    /// A time without events that is no longer usual: at least `min`.
    pub(super) fn too_long(&self, min: Duration) -> Option<Duration> {
        Some(self.mean()?.saturating_mul(TOO_LONG).max(min))
    }

    /// How many events come in a time.
    pub(super) fn events_in(&self, time: Duration) -> Option<u128> {
        Some(time.as_micros() / self.mean()?.as_micros().max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pace_is_learned_from_the_events_own_times() {
        let mut pace = Pace::default();
        for i in 0..99 {
            pace.note(i * 2_000);
        }
        assert_eq!(pace.mean(), None, "too few to judge");
        for i in 99..1_000 {
            pace.note(i * 2_000);
        }
        let mean = pace.mean().unwrap();
        assert!((1_900..=2_100).contains(&mean.as_micros()), "{mean:?}");
        let second = Duration::from_secs(1);
        assert!((480..=520).contains(&pace.events_in(second).unwrap()));
        assert_eq!(pace.too_long(30 * second), Some(30 * second));
        assert!(pace.too_long(second).unwrap() > second);
    }

    #[test]
    fn times_that_stand_still_or_leap_do_no_harm() {
        let mut pace = Pace::default();
        for _ in 0..1_000 {
            pace.note(7);
        }
        assert_eq!(pace.mean(), None);
        for time in [Micros::MAX, Micros::MIN, 0]
            .into_iter()
            .cycle()
            .take(1_000)
        {
            pace.note(time);
        }
        assert!(
            pace.too_long(Duration::ZERO)
                .is_none_or(|time| time > Duration::ZERO)
        );
    }
}
