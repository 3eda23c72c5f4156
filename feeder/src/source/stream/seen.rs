//! What of a stream has been delivered, and so from where to resume.

use super::super::spec::Position;
use super::endpoint::Protocol;
use crate::wire::Micros;
use std::collections::{BTreeMap, HashSet, VecDeque};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::time::{SystemTime, UNIX_EPOCH};

/// How many of the newest seqs are kept one by one, so that a frame that comes out of order is
/// told from one that comes twice. What is older counts as delivered.
const RECENT_MAX: usize = 1_024;
/// How many of the newest frames of a Jetstream v1 are known by their hashes: more than come in
/// the time that is rewound.
const HASHES_MAX: usize = 16_384;
/// How far a frame's time may be ahead of our clock and be believed.
pub(super) const CLOCK_SKEW: Micros = 60_000_000;
/// How far a Jetstream v1 is rewound at every reconnect, in microseconds. Its switch from replay
/// to live loses and reorders events.
const REWIND: u64 = 5_000_000;
/// A Jetstream takes smaller cursors for seqs, others for microseconds; and so the oldest time
/// that it can be asked for.
const TIMES_FROM: u64 = 1_000_000_000_000_000;

/// What has been delivered, as far as it matters.
pub(super) struct Seen {
    protocol: Protocol,
    overlap: u64,
    start: Position,
    /// Every seq up to here counts as delivered.
    floor: u64,
    recent: BTreeMap<u64, Option<Micros>>,
    /// Instead of the seqs, for Jetstream v1, which orders nothing.
    hashes: Hashes,
    newest: Option<u64>,
    /// No delivered frame is later than this.
    latest: Micros,
}

/// What [`Seen::note`] says of a frame.
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
    /// What is known at a start; a firehose is rewound by `overlap` seqs.
    pub(super) fn new(start: Position, protocol: Protocol, overlap: u64) -> Self {
        let saved = match start {
            Position::After(seq) | Position::AfterEvent { seq, .. } => seq,
            Position::Live | Position::Oldest | Position::From(_) => 0,
        };
        let floor = match protocol {
            Protocol::Firehose => saved.saturating_sub(overlap),
            // The cursor of another version says nothing of this one's seqs.
            Protocol::V2 if saved < TIMES_FROM => saved,
            Protocol::V2 | Protocol::V1 => 0,
        };
        // What was delivered before we started is not later than that.
        let latest = if floor > 0 {
            now() + CLOCK_SKEW
        } else {
            Micros::MIN
        };
        Self {
            protocol,
            overlap,
            start,
            floor,
            recent: BTreeMap::new(),
            hashes: Hashes::default(),
            newest: None,
            latest,
        }
    }

    /// The highest seq delivered since the start.
    pub(super) fn newest(&self) -> Option<u64> {
        self.newest
    }

    /// The highest seq that counts as delivered, if any does.
    pub(super) fn position(&self) -> Option<u64> {
        self.newest.or((self.floor > 0).then_some(self.floor))
    }

    /// The cursor to ask for, leaving out `skip` seqs; `None` asks for what happens from now on.
    pub(super) fn cursor(&self, skip: u64) -> Option<u64> {
        let (from, is_ours) = match (self.newest, self.start) {
            (Some(newest), _) => (newest, true),
            (None, Position::Live) => return None,
            (None, Position::Oldest) if self.protocol.is_jetstream() => (TIMES_FROM, false),
            (None, Position::Oldest) => (0, false),
            (None, Position::From(cursor)) => (cursor, false),
            (None, Position::After(cursor) | Position::AfterEvent { seq: cursor, .. }) => {
                (cursor, true)
            }
        };
        Some(match (self.protocol, skip) {
            (Protocol::V1, 0) if is_ours && from >= TIMES_FROM => {
                from.saturating_sub(REWIND).max(TIMES_FROM)
            }
            // Not to 0, which asks for the oldest.
            (Protocol::Firehose, 0) if is_ours => {
                from.saturating_sub(self.overlap).max(from.min(1))
            }
            (_, 0) => from,
            // In microseconds: a thousand of them have few events.
            (Protocol::V1, skip) => from.saturating_add(skip.saturating_mul(1_000)),
            // A relay begins with the cursor itself, a PDS behind it: one more serves both.
            (_, skip) => from.saturating_add(skip).saturating_add(1),
        })
    }

    /// Takes note of a frame, by its seq and time.
    pub(super) fn note(&mut self, seq: u64, time: Option<Micros>, frame: &[u8]) -> Verdict {
        if self.protocol == Protocol::V1 {
            let is_new = self.hashes.insert(frame);
            // A cursor of the far future would skip everything until then.
            if Micros::try_from(seq).is_ok_and(|time| time <= now() + CLOCK_SKEW) {
                self.newest = self.newest.max(Some(seq));
            }
            return if is_new {
                Verdict::New
            } else {
                Verdict::Duplicate
            };
        }
        let before = self.recent.get(&seq);
        if before == Some(&time) {
            // Also one of a time that has not come yet.
            return Verdict::Duplicate;
        }
        let known = seq <= self.floor || before.is_some();
        if known && time.is_none_or(|time| time <= self.latest) {
            return Verdict::Duplicate;
        }
        if known {
            *self = Self::new(Position::Live, self.protocol, self.overlap);
        }
        self.recent.insert(seq, time);
        if self.recent.len() > RECENT_MAX
            && let Some((oldest, _)) = self.recent.pop_first()
        {
            self.floor = oldest;
        }
        self.newest = self.recent.last_key_value().map(|(seq, _)| *seq);
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

/// The hashes of the newest frames.
#[derive(Default)]
struct Hashes {
    set: HashSet<u64>,
    order: VecDeque<u64>,
}

impl Hashes {
    /// Whether the frame is not known.
    fn insert(&mut self, frame: &[u8]) -> bool {
        let mut hasher = DefaultHasher::new();
        frame.hash(&mut hasher);
        let hash = hasher.finish();
        let is_new = self.set.insert(hash);
        if is_new {
            self.order.push_back(hash);
        }
        if self.order.len() > HASHES_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.set.remove(&oldest);
        }
        is_new
    }
}

/// The time that a saved cursor of a Jetstream is; `None` if it is a seq.
pub(super) fn time_of_cursor(cursor: u64, protocol: Protocol) -> Option<Micros> {
    let is_time = protocol.is_jetstream() && cursor >= TIMES_FROM;
    Micros::try_from(cursor).ok().filter(|_| is_time)
}

/// Our clock.
pub(super) fn now() -> Micros {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Micros::try_from(since.as_micros()).unwrap_or(Micros::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use Verdict::{Duplicate, New, Restarted};

    fn firehose(start: Position) -> Seen {
        Seen::new(start, Protocol::Firehose, 0)
    }

    #[test]
    fn duplicates_reorders_and_restarts_are_told_apart() {
        let mut seen = firehose(Position::Oldest);
        assert_eq!(seen.cursor(0), Some(0));
        let mut note = |seq, time| seen.note(seq, Some(time), b"");
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
        let mut seen = firehose(Position::After(50));
        assert_eq!((seen.cursor(0), seen.newest()), (Some(50), None));
        assert_eq!(seen.note(50, Some(now()), b""), Duplicate);
        assert_eq!(seen.note(7, None, b""), Duplicate);
        let later = Some(now() + 2 * CLOCK_SKEW);
        assert_eq!(seen.note(7, later, b""), Restarted);
        assert_eq!(seen.cursor(0), Some(7));
    }

    /// A server whose clock is fast is not one that begins anew.
    #[test]
    fn an_event_of_a_later_time_may_come_twice() {
        let mut seen = firehose(Position::Oldest);
        let later = Some(now() + 5 * CLOCK_SKEW);
        assert_eq!(seen.note(10, later, b""), New);
        assert_eq!(seen.note(10, later, b""), Duplicate);
        assert_eq!(seen.note(10, later.map(|time| time + 1), b""), Restarted);
    }

    #[test]
    fn a_firehose_is_rewound_and_what_comes_twice_is_dropped_if_known() {
        let mut seen = Seen::new(Position::After(500), Protocol::Firehose, 100);
        assert_eq!(
            seen.cursor(0),
            Some(400),
            "after a restart the reader tells by rev"
        );
        assert_eq!(seen.note(450, Some(1), b""), New);
        assert_eq!(seen.note(600, Some(2), b""), New);
        assert_eq!(seen.cursor(0), Some(500));
        assert_eq!(
            [seen.note(600, Some(2), b""), seen.note(599, Some(2), b"")],
            [Duplicate, New]
        );
        let few = Seen::new(Position::After(7), Protocol::Firehose, 100);
        assert_eq!(few.cursor(0), Some(1), "0 would ask for the oldest");
    }

    #[test]
    fn a_configured_cursor_drops_nothing() {
        let mut seen = firehose(Position::From(50));
        assert_eq!(seen.cursor(0), Some(50));
        assert_eq!(seen.note(50, None, b""), New);
        assert_eq!(firehose(Position::Live).cursor(0), None);
    }

    #[test]
    fn memory_is_bounded_and_old_seqs_stay_known() {
        let mut seen = firehose(Position::Live);
        for seq in 1..=10 * RECENT_MAX as u64 {
            assert_eq!(seen.note(seq, Some(1), b""), New);
        }
        assert_eq!(seen.recent.len(), RECENT_MAX);
        assert_eq!(seen.note(3, Some(1), b""), Duplicate);
        let mut seen = Seen::new(Position::Live, Protocol::V1, 0);
        for seq in 1..=2 * HASHES_MAX as u64 {
            assert_eq!(seen.note(seq, None, &seq.to_le_bytes()), New);
        }
        assert_eq!(seen.hashes.set.len(), HASHES_MAX);
    }

    #[test]
    fn skipping_asks_beyond_the_next_seq_of_relays_and_pdses() {
        let mut seen = firehose(Position::Live);
        seen.note(20, Some(1), b"");
        assert_eq!(
            (seen.cursor(0), seen.cursor(1), seen.cursor(4)),
            (Some(20), Some(22), Some(25))
        );
    }

    #[test]
    fn a_jetstream_v1_is_rewound_and_drops_only_what_is_the_same() {
        let time = 1_783_175_888_085_434;
        let mut seen = Seen::new(Position::After(time), Protocol::V1, 0);
        assert_eq!(seen.cursor(0), Some(time - REWIND));
        let from = Seen::new(Position::From(time), Protocol::V1, 0);
        assert_eq!(from.cursor(0), Some(time), "as it was written");
        let oldest = Seen::new(Position::Oldest, Protocol::V1, 0);
        assert_eq!(oldest.cursor(0), Some(TIMES_FROM));
        assert_eq!(seen.note(time - 3, None, b"one"), New);
        assert_eq!(seen.note(time - 3, None, b"two"), New);
        assert_eq!(seen.note(time - 3, None, b"one"), Duplicate);
        assert_eq!(seen.note(time + 9, None, b"three"), New);
        assert_eq!(seen.note(9 * TIMES_FROM, None, b"nonsense"), New);
        assert_eq!(seen.cursor(0), Some(time + 9 - REWIND));
    }

    #[test]
    fn a_jetstream_v2_resumes_at_its_seq_and_takes_times_too() {
        let mut seen = Seen::new(Position::After(70), Protocol::V2, 0);
        assert_eq!(seen.cursor(0), Some(70));
        assert_eq!(seen.note(70, Some(1), b""), Duplicate);
        assert_eq!(seen.note(71, Some(1), b""), New);
        let time = 1_783_175_888_085_434;
        let mut seen = Seen::new(Position::After(time), Protocol::V2, 0);
        assert_eq!(seen.cursor(0), Some(time), "saved by a v1");
        assert_eq!(seen.note(71, Some(1), b""), New);
        assert_eq!(seen.cursor(0), Some(71));
    }
}
