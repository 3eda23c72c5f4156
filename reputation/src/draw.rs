//! Systematic sampling: `count` points out of `worth`, evenly spread from a random start.

use crate::hash::scaled;

/// A systematic sample of `count` points out of `0..worth`: those at floor((i*worth + start)/count)
/// for i in `0..count`.
///
/// Every interval of the line gives the floor or the ceiling of its exact share, in expectation
/// over `start` exactly its share, and all of them together exactly `count`. Needs
/// `start < worth` (or all zero) and `count <= worth`.
/// Source: `docs/LEDGER.md`, "Transfer, rule systematic", step 2.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Draw {
    worth: u64,
    count: u64,
    start: u64,
    /// For division by `worth`, where products stay below 2^63.
    divider: Option<Divider>,
}

impl Draw {
    /// A sample whose start is the `k`-th number of (seed, nonce) below `worth`.
    pub(crate) fn new(seed: u64, nonce: u64, k: u64, worth: u64, count: u64) -> Self {
        Self::starting(scaled(seed, nonce, k, worth), worth, count)
    }

    fn starting(start: u64, worth: u64, count: u64) -> Self {
        let fits = worth.checked_mul(count).is_some_and(|most| most < 1 << 63);
        let divider = if fits { Divider::new(worth) } else { None };
        Self {
            worth,
            count,
            start,
            divider,
        }
    }

    /// How many points are drawn.
    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    /// How many of the drawn points lie below `x <= worth`:
    /// clamp(ceil((x*count - start) / worth), 0, count).
    pub(crate) fn below(&self, x: u64) -> u64 {
        if let Some(divider) = self.divider {
            let Some(over) = (x * self.count).checked_sub(self.start) else {
                return 0;
            };
            let (quotient, rest) = divider.div_rem(over);
            return quotient + u64::from(rest > 0);
        }
        let wide = u128::from(x) * u128::from(self.count);
        let Some(over) = wide.checked_sub(u128::from(self.start)) else {
            return 0;
        };
        let count = over.div_ceil(u128::from(self.worth.max(1)));
        u64::try_from(count).unwrap_or(self.count).min(self.count)
    }

    /// Walks the drawn points in order, from the `first` on.
    pub(crate) fn walk(&self, first: u64) -> Walk {
        let count = self.count.max(1);
        let (next, rest) = if self.divider.is_some() {
            let at = first * self.worth + self.start;
            (at / count, at % count)
        } else {
            let at = u128::from(first) * u128::from(self.worth) + u128::from(self.start);
            let small = |wide: u128| u64::try_from(wide).unwrap_or(u64::MAX);
            (small(at / u128::from(count)), small(at % u128::from(count)))
        };
        Walk {
            index: first,
            next: if first < self.count { next } else { u64::MAX },
            rest,
            count: self.count,
            stride: self.worth / count,
            stride_rest: self.worth % count,
        }
    }
}

/// The drawn points one after the other, by addition alone.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Walk {
    /// Which of the drawn points is next, from 0.
    pub(crate) index: u64,
    /// Where on the line it lies; `u64::MAX` when there is none.
    pub(crate) next: u64,
    rest: u64,
    count: u64,
    stride: u64,
    stride_rest: u64,
}

impl Walk {
    /// Goes on to the next drawn point.
    pub(crate) fn advance(&mut self) {
        self.index += 1;
        if self.index >= self.count {
            self.next = u64::MAX;
            return;
        }
        self.next += self.stride;
        self.rest += self.stride_rest;
        let carry = u64::from(self.rest >= self.count);
        self.next += carry;
        self.rest -= carry * self.count;
    }

    /// Takes all drawn points below `end`; answers with how many they were.
    pub(crate) fn take_below(&mut self, end: u64) -> u64 {
        let first = self.index;
        while self.next < end {
            self.advance();
        }
        self.index - first
    }
}

/// Division by the same number many times: a multiplication and a correction.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Divider {
    divisor: u64,
    /// floor((2^64 - 1) / divisor)
    inverse: u64,
}

impl Divider {
    /// `None` for division by 0.
    pub(crate) fn new(divisor: u64) -> Option<Self> {
        let inverse = u64::MAX.checked_div(divisor)?;
        Some(Self { divisor, inverse })
    }

    /// Quotient and remainder of `number < 2^63`.
    ///
    /// The inverse is short of 2^64/divisor by less than 1 + 1/divisor, so the product is short
    /// of the quotient by less than number * 2 / 2^64 < 1, and its floor by at most 1.
    pub(crate) fn div_rem(self, number: u64) -> (u64, u64) {
        debug_assert!(number < 1 << 63);
        let wide = u128::from(number) * u128::from(self.inverse);
        let quotient = (wide >> 64) as u64;
        let rest = number - quotient * self.divisor;
        let short = u64::from(rest >= self.divisor);
        (quotient + short, rest - short * self.divisor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All sets of worth, count and start with worth up to 24, against points picked one by one.
    #[test]
    fn a_sample_is_exact_for_all_small_cases() {
        for worth in 1..=24_u64 {
            for count in 0..=worth {
                for from in 0..worth {
                    for to in from..=worth {
                        let mut all = 0;
                        let (floor, ceil) = (
                            count * (to - from) / worth,
                            (count * (to - from)).div_ceil(worth),
                        );
                        for start in 0..worth {
                            let draw = Draw::starting(start, worth, count);
                            let picked = (0..count).map(|i| (i * worth + start) / count);
                            let picked = picked.filter(|x| (from..to).contains(x)).count() as u64;
                            let given = draw.below(to) - draw.below(from);
                            assert_eq!(given, picked);
                            assert!(
                                given == floor || given == ceil,
                                "floor or ceiling of its share"
                            );
                            assert!(given <= to - from, "no more than it has");
                            let mut walk = draw.walk(draw.below(from));
                            assert_eq!(walk.take_below(to), picked);
                            all += given;
                        }
                        assert_eq!(
                            all,
                            count * (to - from),
                            "over all starts exactly its share"
                        );
                    }
                }
            }
        }
    }

    /// Beyond 63 bits the other arithmetic is used: it must agree where both are possible.
    #[test]
    fn wide_and_narrow_arithmetic_agree() {
        let (mut x, mut seen) = (1_u64, 0);
        let mut next = |bits: u32| {
            x = x
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            x >> (64 - bits)
        };
        for _ in 0..20_000 {
            let worth = 1 + next(34);
            let count = (1 + next(28)).min(worth);
            let draw = Draw::starting(next(34) % worth, worth, count);
            let wide = Draw {
                divider: None,
                ..draw
            };
            let at = next(34) % (worth + 1);
            assert_eq!(draw.below(at), wide.below(at));
            assert_eq!((draw.below(0), draw.below(worth)), (0, count));
            let first = draw.below(at);
            let (walk, wide) = (draw.walk(first), wide.walk(first));
            assert!(walk.next >= at);
            assert_eq!((walk.next, walk.rest), (wide.next, wide.rest));
            seen += u32::from(draw.divider.is_some());
        }
        assert!(seen > 10_000);
        let huge = Draw::starting(5, u64::MAX / 2, 1 << 28);
        assert!(huge.divider.is_none());
        assert_eq!(
            (huge.below(0), huge.below(5), huge.below(u64::MAX / 2)),
            (0, 1, 1 << 28)
        );
    }

    #[test]
    fn dividers_divide() {
        assert!(Divider::new(0).is_none());
        let edge = |x: u64| [x.saturating_sub(1), x, x + 1];
        let numbers = (0..63)
            .flat_map(|bit| edge(1 << bit))
            .filter(|x| *x < 1 << 63);
        let numbers: Vec<u64> = numbers.chain([99, 100, 101, (1 << 63) - 1]).collect();
        for &divisor in numbers.iter().filter(|x| **x > 0) {
            let divider = Divider::new(divisor).unwrap();
            for &number in &numbers {
                assert_eq!(
                    divider.div_rem(number),
                    (number / divisor, number % divisor)
                );
            }
        }
    }
}
