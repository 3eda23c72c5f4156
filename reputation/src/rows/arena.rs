//! Memory for chunks of rows: segments of words, cut into blocks of a few sizes.
//!
//! One pool for all accounts: no header per account, nothing to walk when the ledger is dropped.
//! A freed block is the head of its size's list, its first word naming the next. Blocks lie in as
//! few cache lines as they can.

use core::ops::Range;

use crate::pool::Pool;

/// Block sizes in words. From 16 on steps of a half at most, from 48 on of a third; below 16 they
/// are parts of a cache line.
const SIZES: [u32; 22] = [
    4, 8, 16, 24, 32, 48, 64, 80, 96, 128, 160, 192, 256, 320, 384, 512, 640, 768, 896, 1024, 1280,
    1536,
];

/// Words in the largest block.
#[cfg(test)]
const MOST: usize = SIZES[SIZES.len() - 1] as usize;

/// A place is counted in units of so many words, so that 32 bits reach 64 GiB.
const UNIT: usize = 4;

/// Words in a cache line: memory is cut off the pool in whole ones.
const LINE: usize = 16;

/// More words than that are not in the cache: 4 MiB. Few in tests, which shall prefetch too.
const LARGE: usize = if cfg!(test) { 1 << 10 } else { 1 << 20 };

/// Words in a segment.
const SEGMENT: usize = Pool::<u32>::SEGMENT;

/// No block.
const NONE: u32 = u32::MAX;

/// Where a block lies, and how big it is.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub(super) struct Block {
    place: u32,
    class: u8,
}

impl Block {
    /// A block of no words.
    pub(super) const EMPTY: Self = Self {
        place: NONE,
        class: 0,
    };

    /// The same block as two numbers, which packs better.
    pub(super) const fn parts(self) -> (u32, u8) {
        (self.place, self.class)
    }

    pub(super) const fn from_parts((place, class): (u32, u8)) -> Self {
        Self { place, class }
    }

    /// Words in the block.
    pub(super) fn words(self) -> usize {
        if self.place == NONE {
            0
        } else {
            SIZES[usize::from(self.class)] as usize
        }
    }
}

/// The pool and the lists of free blocks.
#[derive(Debug)]
pub(super) struct Arena {
    pool: Pool<u32>,
    /// Words cut off the pool so far.
    used: usize,
    free: [u32; SIZES.len()],
    /// Words in free blocks.
    free_words: usize,
}

impl Default for Arena {
    fn default() -> Self {
        Self {
            pool: Pool::default(),
            used: 0,
            free: [NONE; SIZES.len()],
            free_words: 0,
        }
    }
}

impl Clone for Arena {
    fn clone(&self) -> Self {
        Self {
            pool: self.pool.copy(self.used),
            ..*self
        }
    }
}

impl Arena {
    /// The smallest block of at least so many words, of which there are at most 1,536.
    pub(super) fn allocate(&mut self, words: usize) -> Block {
        if words == 0 {
            return Block::EMPTY;
        }
        let class = class_of(words);
        let head = self.free[class];
        if head == NONE {
            return self.cut(class);
        }
        let block = Block {
            place: head,
            class: u8::try_from(class).unwrap_or(0),
        };
        self.free[class] = self.words(block)[0];
        self.free_words -= block.words();
        block
    }

    /// Cuts a new block off the pool: as many whole lines as hold one or several of its size, of
    /// which the others are free.
    #[cold]
    fn cut(&mut self, class: usize) -> Block {
        let size = SIZES[class] as usize;
        let mut together = size;
        while !together.is_multiple_of(LINE) {
            together += size;
        }
        let block = |at: usize| Block {
            place: u32::try_from(at / UNIT)
                .ok()
                .filter(|place| *place != NONE)
                .expect("less than 64 GiB of rows"),
            class: u8::try_from(class).unwrap_or(0),
        };
        // No block lies in two segments: what is left of one is not used.
        let mut first = self.used;
        if first / SEGMENT != (first + together - 1) / SEGMENT {
            first = first.next_multiple_of(SEGMENT);
        }
        self.used = first + together;
        self.pool.reserve(self.used);
        for at in (first + size..self.used).step_by(size) {
            self.release(block(at));
        }
        block(first)
    }

    pub(super) fn release(&mut self, block: Block) {
        if block.place == NONE {
            return;
        }
        let class = usize::from(block.class);
        let next = self.free[class];
        self.words_mut(block)[0] = next;
        self.free[class] = block.place;
        self.free_words += block.words();
    }

    #[inline]
    pub(super) fn words(&self, block: Block) -> &[u32] {
        let words = block.words();
        if words == 0 {
            return &[];
        }
        self.pool.get(range(block, words))
    }

    #[inline]
    pub(super) fn words_mut(&mut self, block: Block) -> &mut [u32] {
        let words = block.words();
        if words == 0 {
            return &mut [];
        }
        self.pool.get_mut(range(block, words))
    }

    /// Whether there is more than caches hold, so that prefetching may pay.
    pub(super) fn is_large(&self) -> bool {
        self.used > LARGE
    }

    /// The words of two different blocks, the first to be copied to the second.
    pub(super) fn two(&mut self, from: Block, to: Block) -> Option<(&[u32], &mut [u32])> {
        let two = self
            .pool
            .two(range(from, from.words()), range(to, to.words()));
        two.map(|(from, to)| (&*from, to))
    }

    /// Words in blocks in use, and in free ones.
    #[cfg(test)]
    pub(super) fn usage(&self) -> (usize, usize) {
        (self.used - self.free_words, self.free_words)
    }
}

/// Where a block of so many words lies.
#[inline]
fn range(block: Block, words: usize) -> Range<usize> {
    let start = block.place as usize * UNIT;
    start..start + words
}

/// The class of the smallest block of at least so many words.
pub(super) fn class_of(words: usize) -> usize {
    SIZES
        .iter()
        .position(|size| *size as usize >= words)
        .unwrap_or(SIZES.len() - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_fit_and_are_used_again() {
        let mut arena = Arena::default();
        assert_eq!(arena.words(Block::EMPTY), &[0_u32; 0]);
        for words in 1..=MOST {
            let block = arena.allocate(words);
            assert!(block.words() >= words && block.words() <= LINE.max(words * 3 / 2));
            arena.words_mut(block).fill(7);
            let (used, free) = arena.usage();
            arena.release(block);
            assert_eq!(arena.usage(), (used - block.words(), free + block.words()));
            assert_eq!(arena.allocate(words), block);
        }
        let used = arena.usage().0;
        let (one, other) = (arena.allocate(10), arena.allocate(10));
        assert_ne!(one, other);
        assert_eq!(arena.usage().0, used + 2 * LINE);
        let (place, class) = one.parts();
        assert_eq!(Block::from_parts((place, class)), one);
    }

    #[test]
    fn blocks_lie_apart_and_in_as_few_lines_as_they_can() {
        let mut arena = Arena::default();
        let mut blocks = Vec::new();
        for (at, size) in (0_u32..).zip(SIZES.iter().cycle()).take(200) {
            let block = arena.allocate(*size as usize);
            arena.words_mut(block).fill(at);
            let (start, end) = (block.place as usize * UNIT, block.words());
            let lines = (start + end).div_ceil(LINE) - start / LINE;
            assert_eq!(lines, block.words().div_ceil(LINE), "of {size} words");
            blocks.push(block);
        }
        let copy = arena.clone();
        for (at, block) in (0_u32..).zip(&blocks) {
            assert!(arena.words(*block).iter().all(|word| *word == at));
        }
        let (old, new) = arena.two(blocks[3], blocks[4]).unwrap();
        assert_eq!((old.len(), new.len()), (24, 32));
        assert_eq!((old[0], new[0]), (3, 4));
        arena.words_mut(blocks[0]).fill(9);
        assert_eq!(copy.words(blocks[0]), [0; 4], "a copy is a copy");
    }
}
