//! The epoch clock: event time in, boundaries out.

use kith_store::batch::{Clock, ClockStart, Micros};

/// Counts epochs in event time. It never goes back.
#[derive(Debug, Clone)]
pub(super) struct EpochClock {
    kept: Clock,
    /// A new length from the config: takes effect at the next boundary.
    next_micros: Micros,
}

impl EpochClock {
    /// A clock as it was kept, with the length that the config asks for.
    pub(super) fn new(kept: Clock, epoch_micros: Micros) -> EpochClock {
        EpochClock {
            kept,
            next_micros: epoch_micros,
        }
    }

    /// Takes another length, from the next boundary on.
    pub(super) fn set_epoch_micros(&mut self, epoch_micros: Micros) {
        self.next_micros = epoch_micros;
    }

    /// As it is to be kept.
    pub(super) fn kept(&self) -> Clock {
        self.kept
    }

    /// The current epoch; None before the first event.
    pub(super) fn epoch(&self) -> Option<i64> {
        self.kept.started.map(|start| start.epoch)
    }

    /// The greatest event time so far; None before the first event.
    pub(super) fn now(&self) -> Option<Micros> {
        self.kept.started.map(|start| start.now_micros)
    }

    /// Stands where a journal was written.
    pub(super) fn set(&mut self, epoch: i64, time: Micros) {
        let start = self.kept.started.get_or_insert(ClockStart {
            base_epoch: epoch,
            base_micros: epoch.saturating_mul(self.kept.epoch_micros),
            epoch,
            now_micros: time,
        });
        (start.epoch, start.now_micros) = (epoch, time);
    }

    /// The next boundary; None before the first event.
    pub(super) fn next_boundary(&self) -> Option<Micros> {
        let start = self.kept.started?;
        (start.epoch + 1 - start.base_epoch)
            .checked_mul(self.kept.epoch_micros)?
            .checked_add(start.base_micros)
    }

    /// Starts at the time of the first event; epochs are counted from 1970 in the length in force.
    pub(super) fn start(&mut self, time: Micros) {
        self.kept.epoch_micros = self.next_micros;
        let epoch = time.div_euclid(self.kept.epoch_micros);
        self.kept.started = Some(ClockStart {
            base_epoch: epoch,
            base_micros: epoch.saturating_mul(self.kept.epoch_micros),
            epoch,
            now_micros: time,
        });
    }

    /// Passes one boundary if `time` lies beyond it; returns the epoch that begins there.
    pub(super) fn pass_boundary(&mut self, time: Micros) -> Option<i64> {
        let length = self.kept.epoch_micros;
        let boundary = self.next_boundary()?;
        let start = self.kept.started.as_mut()?;
        let next = start.epoch + 1;
        if time < boundary {
            return None;
        }
        start.epoch = next;
        start.now_micros = start.now_micros.max(boundary);
        if self.next_micros != length {
            (start.base_epoch, start.base_micros) = (next, boundary);
            self.kept.epoch_micros = self.next_micros;
        }
        Some(next)
    }

    /// Moves the clock on within the epoch.
    pub(super) fn see(&mut self, time: Micros) {
        if let Some(start) = &mut self.kept.started {
            start.now_micros = start.now_micros.max(time);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clock(length: Micros) -> EpochClock {
        EpochClock::new(
            Clock {
                epoch_micros: length,
                started: None,
            },
            length,
        )
    }

    #[test]
    fn epochs_count_from_1970_at_the_first_event() {
        let mut clock = clock(10);
        clock.start(57);
        assert_eq!((clock.epoch(), clock.now()), (Some(5), Some(57)));
        assert_eq!(clock.pass_boundary(59), None);
        assert_eq!(clock.pass_boundary(75), Some(6));
        assert_eq!(clock.pass_boundary(75), Some(7));
        assert_eq!(clock.pass_boundary(75), None);
    }

    #[test]
    fn the_clock_never_goes_back() {
        let mut clock = clock(10);
        clock.start(57);
        clock.see(40);
        assert_eq!((clock.pass_boundary(40), clock.now()), (None, Some(57)));
    }

    #[test]
    fn a_new_length_waits_for_the_boundary() {
        let mut old = clock(10);
        old.start(57);
        let mut clock = EpochClock::new(old.kept(), 100);
        assert_eq!(clock.pass_boundary(60), Some(6));
        assert_eq!(clock.pass_boundary(159), None);
        assert_eq!(clock.pass_boundary(160), Some(7));
    }
}
