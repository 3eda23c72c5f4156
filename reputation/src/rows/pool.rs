//! The words that rows lie in: one stretch of addresses, in huge pages where the system has them.

use memmap2::{MmapMut, MmapOptions};
use zerocopy::FromBytes;

/// Words, all 0 at first. Addresses are reserved for as many as there can ever be; memory is used
/// from the first write to a page on.
///
/// So growing neither copies nor moves anything. A vector of the allocator would be moved by the
/// system, page by page, and lose its huge pages each time; and without them a large ledger, whose
/// rows are read all over the place, waits for page tables nearly as long as for rows.
#[derive(Debug)]
pub(super) struct Pool(MmapMut);

/// The most bytes: what 32 bits of places reach.
const MOST: usize = 1 << 36;

/// The fewest that are worth a try, where addresses are short.
const LEAST: usize = 1 << 26;

/// From this byte on huge pages are asked for: a small ledger shall stay small.
#[cfg(target_os = "linux")]
const HUGE_FROM: usize = 1 << 22;

impl Pool {
    pub(super) fn new() -> Self {
        // Where addresses are limited, what can be had: half as much, and half again.
        let sizes = core::iter::successors(Some(MOST), |size| Some(size / 2));
        let map = sizes
            .take_while(|size| *size >= LEAST)
            .find_map(|size| {
                let mut options = MmapOptions::new();
                options.len(size).no_reserve_swap().map_anon().ok()
            })
            .expect("addresses for rows");
        #[cfg(target_os = "linux")]
        {
            // Without huge pages it is slower, nothing else.
            let rest = map.len() - HUGE_FROM;
            let _ = map.advise_range(memmap2::Advice::HugePage, HUGE_FROM, rest);
        }
        Self(map)
    }

    /// A copy of the first words.
    pub(super) fn copy(&self, words: usize) -> Self {
        let mut copy = Self::new();
        copy.words_mut()[..words].copy_from_slice(&self.words()[..words]);
        copy
    }

    #[inline]
    pub(super) fn words(&self) -> &[u32] {
        <[u32]>::ref_from_bytes(&self.0).expect("whole words")
    }

    #[inline]
    pub(super) fn words_mut(&mut self) -> &mut [u32] {
        <[u32]>::mut_from_bytes(&mut self.0).expect("whole words")
    }
}
