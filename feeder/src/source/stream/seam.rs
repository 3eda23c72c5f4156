//! Where a connection begins behind what was heard before: whether something is missing between.
//!
//! The time of an event is what its host says, whoever passes it on. One that is long before what
//! was heard (a slow clock), or of the future, or none at all, tells nothing: the next event may.

use super::super::channel::Gap;
use super::seen::CLOCK_SKEW;
use crate::wire::Micros;
use std::time::Duration;

/// What was heard before, until an event tells whether more was said.
#[derive(Debug)]
pub(super) struct Seam {
    /// How a gap would be called.
    pub(super) reason: &'static str,
    /// Up to when was heard, and up to which seq.
    pub(super) from: Micros,
    pub(super) from_seq: Option<u64>,
    /// The first event may be later by this; None: it is no event of before, and what is not later tells
    /// nothing.
    pub(super) allowed: Option<Duration>,
}

/// What an event tells of a seam.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Told {
    Nothing,
    Whole,
    Missing(Gap),
}

impl Seam {
    /// Looks at an event that came so long after the first.
    pub(super) fn look_at(
        &self,
        seq: u64,
        time: Option<Micros>,
        elapsed: Duration,
        now: Micros,
    ) -> Told {
        let believed = self.from.saturating_sub(CLOCK_SKEW)..=now.saturating_add(CLOCK_SKEW);
        let Some(time) = time.filter(|time| believed.contains(time)) else {
            return Told::Nothing;
        };
        let later = time.saturating_sub(self.from);
        match self.allowed {
            // The time since the first has been heard.
            Some(allowed) if later <= micros(allowed.saturating_add(elapsed)) => {
                return Told::Whole;
            }
            None if later <= 0 => return Told::Nothing,
            _ => {}
        }
        Told::Missing(Gap {
            from_time: Some(self.from),
            to_time: Some(time),
            from_seq: self.from_seq,
            to_seq: Some(seq),
            ..Gap::new(
                self.reason,
                "the first event is later than the last before it",
            )
        })
    }
}

fn micros(duration: Duration) -> Micros {
    Micros::try_from(duration.as_micros()).unwrap_or(Micros::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Micros = 1_000_000;
    const HEARD: Micros = 1_783_173_600 * SECOND;
    const NOW: Micros = HEARD + 7_200 * SECOND;

    fn look_at(allowed: Option<u64>, seconds: i64, elapsed: u64) -> Told {
        let seam = Seam {
            reason: "clamped",
            from: HEARD,
            from_seq: Some(7),
            allowed: allowed.map(Duration::from_secs),
        };
        let time = Some(HEARD + seconds * SECOND);
        seam.look_at(9, time, Duration::from_secs(elapsed), NOW)
    }

    #[test]
    fn only_a_believable_time_tells() {
        for (seconds, told) in [
            (-61, "nothing"),
            (-60, "whole"),
            (0, "whole"),
            (30, "whole"),
            (31, "missing"),
            (7_260, "missing"),
            (7_261, "nothing"),
            (i64::MAX / SECOND - HEARD / SECOND, "nothing"),
        ] {
            let is = match look_at(Some(30), seconds, 0) {
                Told::Nothing => "nothing",
                Told::Whole => "whole",
                Told::Missing(_) => "missing",
            };
            assert_eq!(is, told, "{seconds} s");
        }
    }

    #[test]
    fn what_is_heard_meanwhile_is_not_missing() {
        assert_eq!(look_at(Some(30), 3_600, 3_570), Told::Whole);
        assert!(matches!(look_at(Some(30), 3_600, 3_569), Told::Missing(_)));
    }

    /// Who joins live is told nothing of before: an old time is a slow clock's.
    #[test]
    fn nothing_makes_up_for_what_was_not_asked_for() {
        for seconds in [-60, -1, 0] {
            assert_eq!(look_at(None, seconds, 3_600), Told::Nothing, "{seconds} s");
        }
        assert!(matches!(look_at(None, 1, 3_600), Told::Missing(_)));
    }
}
