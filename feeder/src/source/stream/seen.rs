//! Which seqs of a stream have been delivered.

use super::super::spec::Position;
use crate::wire::Micros;
use std::collections::BTreeSet;
use std::time::{SystemTime, UNIX_EPOCH};

/// How many of the newest seqs are kept one by one, so that a frame that comes out of order is
/// told from one that comes twice. What is older counts as delivered.
const RECENT_MAX: usize = 1_024;
/// How far a frame's time may be ahead of our clock and be believed.
const CLOCK_SKEW: Micros = 60_000_000;

/// The seqs that have been delivered, as far as it matters.
pub(super) struct Seen {
    start: Position,
    /// Every seq up to here counts as delivered.
    floor: u64,
    recent: BTreeSet<u64>,
    newest: Option<u64>,
    /// No delivered frame is later than this.
    latest: Micros,
}

/// What [`Seen::note`] says of a seq.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Not delivered before: now it is.
    New,
    /// Delivered before.
    Duplicate,
    /// Not delivered before, although its seq was: the server counts from a new beginning.
    Restarted,
}

impl Seen {
    pub(super) fn new(start: Position) -> Self {
        let floor = if let Position::After(seq) = start {
            seq
        } else {
            0
        };
        // What was delivered before we started is not later than that.
        let latest = if floor > 0 {
            now() + CLOCK_SKEW
        } else {
            Micros::MIN
        };
        Self {
            start,
            floor,
            recent: BTreeSet::new(),
            newest: None,
            latest,
        }
    }

    /// The highest seq delivered since the start.
    pub(super) fn newest(&self) -> Option<u64> {
        self.newest
    }

    /// The cursor to ask for, leaving out `skip` seqs; `None` asks for what happens from now on.
    pub(super) fn cursor(&self, skip: u64) -> Option<u64> {
        let from = match (self.newest, self.start) {
            (Some(newest), _) => newest,
            (None, Position::Live) => return None,
            (None, Position::Oldest) => 0,
            (None, Position::From(cursor) | Position::After(cursor)) => cursor,
        };
        // A relay begins with the cursor itself, a PDS behind it: one more serves both.
        Some(if skip == 0 {
            from
        } else {
            from.saturating_add(skip).saturating_add(1)
        })
    }

    /// Takes note of a frame's seq and time.
    pub(super) fn note(&mut self, seq: u64, time: Option<Micros>) -> Verdict {
        let known = seq <= self.floor || self.recent.contains(&seq);
        if known && time.is_none_or(|time| time <= self.latest) {
            return Verdict::Duplicate;
        }
        if known {
            *self = Self::new(Position::Live);
        }
        self.recent.insert(seq);
        if self.recent.len() > RECENT_MAX
            && let Some(oldest) = self.recent.pop_first()
        {
            self.floor = oldest;
        }
        self.newest = self.recent.last().copied();
        // A time of the far future must not make everything after it look old.
        let time = time.map_or(Micros::MIN, |time| time.min(now() + CLOCK_SKEW));
        self.latest = self.latest.max(time);
        if known {
            Verdict::Restarted
        } else {
            Verdict::New
        }
    }
}

fn now() -> Micros {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Micros::try_from(since.as_micros()).unwrap_or(Micros::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use Verdict::{Duplicate, New, Restarted};

    #[test]
    fn duplicates_reorders_and_restarts_are_told_apart() {
        let mut seen = Seen::new(Position::Oldest);
        assert_eq!(seen.cursor(0), Some(0));
        let mut note = |seq, time| seen.note(seq, Some(time));
        assert_eq!(
            [note(10, 100), note(12, 120), note(11, 110)],
            [New, New, New]
        );
        assert_eq!([note(12, 120), note(10, 100)], [Duplicate, Duplicate]);
        assert_eq!(note(10, 130), Restarted);
        assert_eq!([note(11, 131), note(10, 130)], [New, Duplicate]);
        assert_eq!(seen.cursor(0), Some(11));
    }

    #[test]
    fn what_was_saved_is_a_duplicate_until_it_cannot_be() {
        let mut seen = Seen::new(Position::After(50));
        assert_eq!((seen.cursor(0), seen.newest()), (Some(50), None));
        assert_eq!(seen.note(50, Some(now())), Duplicate);
        assert_eq!(seen.note(7, None), Duplicate);
        assert_eq!(seen.note(7, Some(now() + 2 * CLOCK_SKEW)), Restarted);
        assert_eq!(seen.cursor(0), Some(7));
    }

    #[test]
    fn a_configured_cursor_drops_nothing() {
        let mut seen = Seen::new(Position::From(50));
        assert_eq!(seen.cursor(0), Some(50));
        assert_eq!(seen.note(50, None), New);
        assert_eq!(Seen::new(Position::Live).cursor(0), None);
    }

    #[test]
    fn memory_is_bounded_and_old_seqs_stay_known() {
        let mut seen = Seen::new(Position::Live);
        for seq in 1..=10 * RECENT_MAX as u64 {
            assert_eq!(seen.note(seq, Some(1)), New);
        }
        assert_eq!(seen.recent.len(), RECENT_MAX);
        assert_eq!(seen.note(3, Some(1)), Duplicate);
    }

    #[test]
    fn skipping_asks_beyond_the_next_seq_of_relays_and_pdses() {
        let mut seen = Seen::new(Position::Live);
        seen.note(20, Some(1));
        assert_eq!(
            (seen.cursor(0), seen.cursor(1), seen.cursor(4)),
            (Some(20), Some(22), Some(25))
        );
    }
}
