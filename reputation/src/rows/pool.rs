//! The words that rows lie in: segments of memory, in huge pages where the system has them.

use core::ops::Range;

use memmap2::{MmapMut, MmapOptions};
use zerocopy::FromBytes;

/// Words, all 0 at first, in segments that are neither copied nor moved when there are more.
///
/// A vector of the allocator that grows is moved by the system, page by page, and loses its huge
/// pages each time; and without them a large ledger, whose rows are read all over the place, waits
/// for page tables nearly as long as for rows.
#[derive(Debug, Default)]
pub(super) struct Pool(Vec<MmapMut>);

/// Words of a segment: 64 MiB, of which what was never written takes no memory.
pub(super) const SEGMENT: usize = 1 << 24;

/// Bytes of the first segment before which no huge pages are asked for: a small ledger shall stay
/// small.
#[cfg(target_os = "linux")]
const SMALL: usize = 1 << 22;

impl Pool {
    /// Makes room for so many words.
    ///
    /// # Panics
    /// The system has no memory left.
    pub(super) fn reserve(&mut self, words: usize) {
        while self.0.len() * SEGMENT < words {
            let bytes = SEGMENT * size_of::<u32>();
            let map = MmapOptions::new().len(bytes).map_anon();
            let map = map.expect("memory for rows");
            #[cfg(target_os = "linux")]
            {
                let from = if self.0.is_empty() { SMALL } else { 0 };
                // Without huge pages it is slower, nothing else.
                let _ = map.advise_range(memmap2::Advice::HugePage, from, bytes - from);
            }
            self.0.push(map);
        }
    }

    /// A copy of the first words.
    pub(super) fn copy(&self, words: usize) -> Self {
        let mut copy = Self::default();
        copy.reserve(words);
        for (segment, (from, to)) in self.0.iter().zip(&mut copy.0).enumerate() {
            let words = words.saturating_sub(segment * SEGMENT).min(SEGMENT);
            slice_mut(to)[..words].copy_from_slice(&slice(from)[..words]);
        }
        copy
    }

    /// Words that lie in one segment.
    #[inline]
    pub(super) fn words(&self, range: Range<usize>) -> &[u32] {
        let (segment, range) = within(range);
        &slice(&self.0[segment])[range]
    }

    /// Words that lie in one segment.
    #[inline]
    pub(super) fn words_mut(&mut self, range: Range<usize>) -> &mut [u32] {
        let (segment, range) = within(range);
        &mut slice_mut(&mut self.0[segment])[range]
    }

    /// Words twice; None where they overlap.
    pub(super) fn two(
        &mut self,
        one: Range<usize>,
        other: Range<usize>,
    ) -> Option<(&mut [u32], &mut [u32])> {
        let ((segment, one), (second, other)) = (within(one), within(other));
        if segment == second {
            let two = slice_mut(&mut self.0[segment]).get_disjoint_mut([one, other]);
            return two.ok().map(|[one, other]| (one, other));
        }
        let two = self.0.get_disjoint_mut([segment, second]).ok();
        two.map(|[a, b]| (&mut slice_mut(a)[one], &mut slice_mut(b)[other]))
    }
}

/// The segment, and where in it.
#[inline]
fn within(range: Range<usize>) -> (usize, Range<usize>) {
    let start = range.start % SEGMENT;
    (range.start / SEGMENT, start..start + range.len())
}

#[inline]
fn slice(map: &MmapMut) -> &[u32] {
    <[u32]>::ref_from_bytes(map).expect("whole words")
}

#[inline]
fn slice_mut(map: &mut MmapMut) -> &mut [u32] {
    <[u32]>::mut_from_bytes(map).expect("whole words")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_different_segments_are_told_apart() {
        let mut pool = Pool::default();
        pool.reserve(SEGMENT + 1);
        for (at, word) in [(0, 1), (SEGMENT - 1, 2), (SEGMENT, 3)] {
            pool.words_mut(at..at + 1)[0] = word;
        }
        let copy = pool.copy(SEGMENT + 1);
        let (one, other) = pool
            .two(SEGMENT - 1..SEGMENT, SEGMENT..SEGMENT + 1)
            .expect("they lie apart");
        assert_eq!((one[0], other[0]), (2, 3));
        other[0] = 4;
        assert!(pool.two(0..8, 4..12).is_none());
        let found = [0, SEGMENT - 1, SEGMENT]
            .map(|at| (copy.words(at..at + 1)[0], pool.words(at..at + 1)[0]));
        assert_eq!(found, [(1, 1), (2, 2), (3, 4)]);
    }
}
