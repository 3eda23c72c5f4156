//! The memory of accounts and rows: segments, in huge pages where the system has them.

use core::marker::PhantomData;
use core::ops::Range;

use memmap2::{MmapMut, MmapOptions};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// Items, all bits 0 at first, in segments that are neither copied nor moved when there are more.
///
/// A vector of the allocator that grows is moved by the system, page by page, and loses its huge
/// pages each time; and without them a large ledger, which is read all over the place, waits for
/// page tables nearly as long as for what it reads.
#[derive(Debug)]
pub(crate) struct Pool<T> {
    segments: Vec<MmapMut>,
    items: PhantomData<T>,
}

/// Bytes of a segment, of which what was never written takes no memory.
const BYTES: usize = 64 << 20;

/// Bytes of the first segment before which no huge pages are asked for: a small ledger shall stay
/// small.
#[cfg(target_os = "linux")]
const SMALL: usize = 4 << 20;

impl<T> Default for Pool<T> {
    fn default() -> Self {
        Self {
            segments: Vec::new(),
            items: PhantomData,
        }
    }
}

impl<T: FromBytes + IntoBytes + Immutable + KnownLayout + Copy> Pool<T> {
    /// Items of a segment.
    pub(crate) const SEGMENT: usize = {
        assert!(BYTES.is_multiple_of(size_of::<T>()), "whole items");
        BYTES / size_of::<T>()
    };

    /// Makes room for so many items.
    ///
    /// # Panics
    /// The system has no memory left.
    pub(crate) fn reserve(&mut self, items: usize) {
        while self.segments.len() * Self::SEGMENT < items {
            let map = MmapOptions::new().len(BYTES).map_anon();
            let map = map.expect("memory for the ledger");
            #[cfg(target_os = "linux")]
            {
                let from = if self.segments.is_empty() { SMALL } else { 0 };
                // Without huge pages it is slower, nothing else.
                let _ = map.advise_range(memmap2::Advice::HugePage, from, BYTES - from);
            }
            self.segments.push(map);
        }
    }

    /// A copy of the first items.
    pub(crate) fn copy(&self, items: usize) -> Self {
        let mut copy = Self::default();
        copy.reserve(items);
        for (to, from) in copy.segments.iter_mut().zip(self.segments(items)) {
            slice_mut(to)[..from.len()].copy_from_slice(from);
        }
        copy
    }

    /// The segments of the first items.
    pub(crate) fn segments(&self, items: usize) -> impl Iterator<Item = &[T]> {
        let slices = self.segments.iter().map(slice);
        slices
            .zip(Self::lengths(items))
            .map(|(slice, len)| &slice[..len])
    }

    /// The segments of the first items.
    pub(crate) fn segments_mut(&mut self, items: usize) -> impl Iterator<Item = &mut [T]> {
        let slices = self.segments.iter_mut().map(slice_mut);
        let parts = slices.zip(Self::lengths(items));
        parts.map(|(slice, len)| &mut slice[..len])
    }

    /// Items that lie in one segment.
    #[inline]
    pub(crate) fn get(&self, range: Range<usize>) -> &[T] {
        let (segment, range) = Self::within(range);
        &slice(&self.segments[segment])[range]
    }

    /// Items that lie in one segment.
    #[inline]
    pub(crate) fn get_mut(&mut self, range: Range<usize>) -> &mut [T] {
        let (segment, range) = Self::within(range);
        &mut slice_mut(&mut self.segments[segment])[range]
    }

    /// Items twice; None where they overlap.
    pub(crate) fn two(
        &mut self,
        one: Range<usize>,
        other: Range<usize>,
    ) -> Option<(&mut [T], &mut [T])> {
        let ((segment, one), (second, other)) = (Self::within(one), Self::within(other));
        if segment == second {
            let two = slice_mut(&mut self.segments[segment]).get_disjoint_mut([one, other]);
            return two.ok().map(|[one, other]| (one, other));
        }
        let two = self.segments.get_disjoint_mut([segment, second]).ok();
        two.map(|[a, b]| (&mut slice_mut(a)[one], &mut slice_mut(b)[other]))
    }

    /// How many of the first items lie in each segment.
    fn lengths(items: usize) -> impl Iterator<Item = usize> {
        let starts = (0..items).step_by(Self::SEGMENT);
        starts.map(move |start| (items - start).min(Self::SEGMENT))
    }

    /// The segment, and where in it.
    #[inline]
    fn within(range: Range<usize>) -> (usize, Range<usize>) {
        let start = range.start % Self::SEGMENT;
        (range.start / Self::SEGMENT, start..start + range.len())
    }
}

#[inline]
fn slice<T: FromBytes + Immutable + KnownLayout>(map: &MmapMut) -> &[T] {
    <[T]>::ref_from_bytes(map).expect("whole items")
}

#[inline]
fn slice_mut<T: FromBytes + IntoBytes + KnownLayout>(map: &mut MmapMut) -> &mut [T] {
    <[T]>::mut_from_bytes(map).expect("whole items")
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEGMENT: usize = Pool::<u32>::SEGMENT;

    #[test]
    fn items_of_different_segments_are_told_apart() {
        let mut pool = Pool::<u32>::default();
        pool.reserve(SEGMENT + 1);
        for (at, item) in [(0, 1), (SEGMENT - 1, 2), (SEGMENT, 3)] {
            pool.get_mut(at..at + 1)[0] = item;
        }
        let copy = pool.copy(SEGMENT + 1);
        let (one, other) = pool
            .two(SEGMENT - 1..SEGMENT, SEGMENT..SEGMENT + 1)
            .expect("they lie apart");
        assert_eq!((one[0], other[0]), (2, 3));
        other[0] = 4;
        assert!(pool.two(0..8, 4..12).is_none());
        let found =
            [0, SEGMENT - 1, SEGMENT].map(|at| (copy.get(at..at + 1)[0], pool.get(at..at + 1)[0]));
        assert_eq!(found, [(1, 1), (2, 2), (3, 4)]);
    }

    #[test]
    fn the_first_items_lie_in_as_few_segments_as_they_can() {
        let mut pool = Pool::<u32>::default();
        pool.reserve(SEGMENT + 3);
        pool.get_mut(SEGMENT..SEGMENT + 3)
            .copy_from_slice(&[1, 2, 3]);
        for (items, lengths) in [
            (0, vec![]),
            (1, vec![1]),
            (SEGMENT, vec![SEGMENT]),
            (SEGMENT + 2, vec![SEGMENT, 2]),
        ] {
            let found: Vec<usize> = pool.segments(items).map(<[u32]>::len).collect();
            assert_eq!(found, lengths);
            let found: Vec<usize> = pool
                .segments_mut(items)
                .map(|segment| segment.len())
                .collect();
            assert_eq!(found, lengths);
        }
        assert_eq!(pool.segments(SEGMENT + 2).last(), Some(&[1, 2][..]));
    }
}
