//! Finding rows in a chunk: guess as if they were evenly spread, then correct the guess.
//!
//! A scan of the rows between one found row and the next costs by the row, and a search by halves
//! waits for every look. A guess is a multiplication, and mostly near.

use core::hint::select_unpredictable;

use super::chunk::Pair;
use crate::AccountId;

/// So many rows are looked at one by one: a guess costs a division for each chunk.
const FEW: usize = 16;

/// Finds one drawn point after the other in a chunk's points.
#[derive(Copy, Clone, Debug)]
pub(super) struct Pace {
    /// Rows per point, times 2^32.
    rows: u64,
    /// Sums of the chunk fit 32 bits, of which the processor adds four at a time.
    is_small: bool,
}

impl Pace {
    /// For a chunk of so many rows, with so many points together.
    pub(super) fn new(rows: usize, sum: u64) -> Self {
        let is_few = rows <= FEW;
        Self {
            rows: if is_few {
                0
            } else {
                ((rows as u64) << 32) / sum.max(1)
            },
            is_small: u32::try_from(sum).is_ok(),
        }
    }

    /// The row in which a point lies and where on the line that row begins, given a row not
    /// behind it, and where that begins. The number of rows if it lies in none.
    #[inline]
    pub(super) fn seek(
        self,
        pairs: &[Pair],
        (from, start): (usize, u64),
        point: u64,
    ) -> (usize, u64) {
        // Below the number of rows times 2^32, since the point is at most at the chunk's end.
        let steps = ((point - start) * self.rows) >> 32;
        let mut at = (from + index(steps)).min(pairs.len());
        let skipped = pairs.get(from..at).unwrap_or_default();
        let mut start = start + self.sum(skipped);
        while start > point {
            at -= 1;
            start -= u64::from(pairs[at][1]);
        }
        while let Some([_, points]) = pairs.get(at)
            && start + u64::from(*points) <= point
        {
            start += u64::from(*points);
            at += 1;
        }
        (at, start)
    }

    #[inline]
    fn sum(self, pairs: &[Pair]) -> u64 {
        if self.is_small {
            let sum = pairs
                .iter()
                .fold(0_u32, |sum, [_, points]| sum.wrapping_add(*points));
            u64::from(sum)
        } else {
            pairs.iter().map(|[_, points]| u64::from(*points)).sum()
        }
    }
}

/// Finds one origin after the other in a chunk's origins.
#[derive(Copy, Clone, Debug)]
pub(super) struct Spread {
    /// The lowest origin there may be.
    head: u32,
    /// How many different ones there may be.
    span: u64,
    /// Rows per origin, times 2^32.
    rows: u64,
}

impl Spread {
    /// For so many rows, of origins from `head` on and below `end`.
    pub(super) fn new(rows: usize, head: u32, end: u64) -> Self {
        let span = end.saturating_sub(head.into()).max(1);
        Self {
            head,
            span,
            rows: ((rows as u64) << 32) / span,
        }
    }

    /// As far as the rows themselves tell.
    pub(super) fn of(pairs: &[Pair]) -> Self {
        match pairs {
            [[first, _], .., [last, _]] if pairs.len() > FEW => {
                Self::new(pairs.len(), *first, u64::from(*last) + 1)
            }
            _ => Self {
                head: 0,
                span: 0,
                rows: 0,
            },
        }
    }

    /// How many of the origins are below one, given some of which that is known.
    #[inline]
    pub(super) fn seek(self, pairs: &[Pair], from: usize, origin: u32) -> usize {
        // At most the number of rows times 2^32.
        let distance = u64::from(origin.saturating_sub(self.head)).min(self.span);
        let mut at = index((distance * self.rows) >> 32).max(from);
        while at > from && pairs[at - 1][0] >= origin {
            at -= 1;
        }
        while at < pairs.len() && pairs[at][0] < origin {
            at += 1;
        }
        at
    }
}

/// A guessed number of rows, which fits 32 bits.
#[inline]
fn index(rows: u64) -> usize {
    usize::try_from(rows).unwrap_or(0)
}

/// Finds one row.
pub(super) fn find(pairs: &[Pair], origin: AccountId) -> Option<&Pair> {
    let pair = pairs.get(lower_bound(pairs, origin.0))?;
    (pair[0] == origin.0).then_some(pair)
}

/// How many of the origins are below one: a search by halves that does not branch on what it
/// finds, so that the processor can be at several at once.
#[inline]
fn lower_bound(pairs: &[Pair], origin: u32) -> usize {
    let (mut base, mut size) = (0, pairs.len());
    while size > 1 {
        let half = size / 2;
        base = select_unpredictable(pairs[base + half - 1][0] < origin, base + half, base);
        size -= half;
    }
    base + usize::from(size == 1 && pairs[base][0] < origin)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Numbers in runs of very different sizes, so that guesses are far off.
    fn uneven(most: u32) -> impl Strategy<Value = Vec<u32>> {
        let number = prop_oneof![3 => 1..=3_u32, 2 => 90..=110_u32, 1 => 1..=most];
        prop::collection::vec(number, 0..300)
    }

    proptest! {
        /// Every point is found in its row, from every row before it, with small and large sums.
        #[test]
        fn points_are_found(points in uneven(u32::MAX), ahead in 0..1_000_u64, share in 0..=1_000_u64) {
            let sum = points.iter().map(|points| u64::from(*points)).sum::<u64>();
            let pace = Pace::new(points.len(), sum);
            let pairs: Vec<Pair> = points.iter().map(|points| [7, *points]).collect();
            let (mut start, mut known) = (ahead, (0, ahead));
            for (at, &row) in points.iter().enumerate() {
                for point in [start, start + u64::from(row) * share / 1_001, start + u64::from(row) - 1] {
                    prop_assert_eq!(pace.seek(&pairs, (0, ahead), point), (at, start));
                    prop_assert_eq!(pace.seek(&pairs, known, point), (at, start));
                }
                if share % 7 < 3 || at % 5 == 0 {
                    known = (at, start);
                }
                start += u64::from(row);
            }
            prop_assert_eq!(pace.seek(&pairs, (0, ahead), start), (points.len(), start));
        }

        /// Every origin is found where halving finds it, from every row known to be before.
        #[test]
        fn origins_are_found(steps in uneven(1 << 20), every in 1..20_usize) {
            let mut last = 0;
            let mut next = |step: &u32| { last += step; last };
            let origins: Vec<u32> = steps.iter().map(&mut next).collect();
            let pairs: Vec<Pair> = origins.iter().map(|origin| [*origin, 7]).collect();
            // What may be there is more than what is there.
            let ends = (origins.first().map_or(0, |first| first / 2), u64::from(last) * 9 / 8 + 1);
            let spreads = [Spread::of(&pairs), Spread::new(pairs.len(), ends.0, ends.1)];
            let mut known = 0;
            for (at, &origin) in origins.iter().enumerate() {
                for origin in [origin - 1, origin, origin + 1] {
                    let want = origins.partition_point(|at| *at < origin);
                    prop_assert_eq!(lower_bound(&pairs, origin), want);
                    for spread in spreads {
                        prop_assert_eq!(spread.seek(&pairs, 0, origin), want);
                        prop_assert_eq!(spread.seek(&pairs, known, origin), want.max(known));
                    }
                    let found = find(&pairs, AccountId(origin));
                    prop_assert_eq!(found, pairs.get(want).filter(|pair| pair[0] == origin));
                }
                if at % every == 0 {
                    known = at;
                }
            }
        }
    }

    #[test]
    fn nothing_is_found_in_nothing() {
        assert_eq!(Pace::new(0, 0).seek(&[], (0, 5), 7), (0, 5));
        assert_eq!(Spread::of(&[]).seek(&[], 0, 7), 0);
        assert_eq!(Spread::of(&[[3, 1]]).seek(&[[3, 1]], 0, 7), 1);
        assert_eq!(Spread::of(&[[3, 1]]).seek(&[[3, 1]], 0, 2), 0);
        assert_eq!(find(&[], AccountId(1)), None);
    }
}
