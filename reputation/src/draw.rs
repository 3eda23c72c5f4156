//! Systematic sampling: `count` points out of `worth`, evenly spread from a random start.

use crate::hash::scaled;

/// A systematic sample of `count` points out of `0..worth`: those at floor((i*worth + start)/count).
///
/// Every interval of the line gives the floor or the ceiling of its exact share, in expectation
/// over `start` exactly its share, and all of them together exactly `count`.
/// Source: `docs/LEDGER.md`, "Transfer, rule systematic", step 2.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Draw {
    worth: u64,
    count: u64,
    start: u64,
}

impl Draw {
    /// A sample whose start is the `k`-th number of (seed, nonce) below `worth`.
    pub(crate) const fn new(seed: u64, nonce: u64, k: u64, worth: u64, count: u64) -> Self {
        Self {
            worth,
            count,
            start: scaled(seed, nonce, k, worth),
        }
    }

    /// How many of the drawn points lie below `x`: clamp(ceil((x*count - start) / worth), 0, count).
    pub(crate) fn below(&self, x: u64) -> u64 {
        let wide = u128::from(x) * u128::from(self.count);
        let Some(over) = wide.checked_sub(u128::from(self.start)) else {
            return 0;
        };
        if self.worth == 0 {
            return 0;
        }
        let count = over
            .div_ceil(u128::from(self.worth))
            .min(u128::from(self.count));
        u64::try_from(count).unwrap_or(self.count)
    }
}
