//! The parameters of the ledger, and which sets of them make sense.

use crate::Points;

/// The largest number of own points, and of points in one transfer: 2^28.
///
/// It keeps every product of points and counts inside 64 bits where speed matters.
pub const MAX_POINTS: u32 = 1 << 28;

/// Which arithmetic a transfer and a tick follow.
#[derive(Copy, Clone, Eq, PartialEq, Hash, Debug, Default)]
pub enum RuleKind {
    /// Systematic sampling: exact in expectation for every piece, moves exactly what was asked.
    #[default]
    Systematic,
    /// The arithmetic of the Morat reference in exact integers, for comparison.
    Reference,
}

/// The parameters of the ledger. Plain data; [`Rules::check`] says whether it makes sense.
#[derive(Copy, Clone, Eq, PartialEq, Hash, Debug)]
pub struct Rules {
    /// Which arithmetic is used.
    pub rule: RuleKind,
    /// Points an account may give per epoch, `1..=MAX_POINTS`.
    pub own_points: Points,
    /// Rows (of origins that are not pinned) an account keeps at a tick; the rest goes to others.
    pub keep_top: u32,
    /// Percent of the received points that decay at each tick, `0..=100`.
    pub decay_percent: u8,
    /// Percent of each transfer that goes to the sink, `0..=100`.
    pub sink_percent: u8,
    /// Ticks an unclaimed entry lives, at least 1.
    pub unclaimed_ticks: u32,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            rule: RuleKind::Systematic,
            own_points: 100_000,
            keep_top: 1_000,
            decay_percent: 10,
            sink_percent: 1,
            unclaimed_ticks: 10,
        }
    }
}

impl Rules {
    /// Says whether this set of parameters makes sense.
    ///
    /// # Errors
    /// The first parameter out of its range.
    pub fn check(&self) -> Result<(), RulesError> {
        if self.own_points == 0 || self.own_points > MAX_POINTS {
            return Err(RulesError::OwnPoints(self.own_points));
        }
        if self.decay_percent > 100 {
            return Err(RulesError::DecayPercent(self.decay_percent));
        }
        if self.sink_percent > 100 {
            return Err(RulesError::SinkPercent(self.sink_percent));
        }
        if self.unclaimed_ticks == 0 {
            return Err(RulesError::UnclaimedTicks);
        }
        Ok(())
    }
}

/// A parameter out of its range.
#[derive(Copy, Clone, Eq, PartialEq, Debug, thiserror::Error)]
pub enum RulesError {
    /// Own points are zero or above [`MAX_POINTS`].
    #[error("own_points is {0}, use 1 to {MAX_POINTS}")]
    OwnPoints(u32),
    /// Decay above 100 %.
    #[error("decay_percent is {0}, use 0 to 100")]
    DecayPercent(u8),
    /// Sink cut above 100 %.
    #[error("sink_percent is {0}, use 0 to 100")]
    SinkPercent(u8),
    /// Unclaimed entries that would not live one tick.
    #[error("unclaimed_ticks is 0, use at least 1")]
    UnclaimedTicks,
}
