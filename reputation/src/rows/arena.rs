//! Memory for chunks of rows: one long vector of words, cut into blocks of a few sizes.
//!
//! One allocation for all accounts: no header per account, nothing to walk when the ledger is
//! dropped, and growing it moves pages and not bytes (the allocator remaps large blocks). A freed
//! block is the head of its size's list, its first word naming the next.

/// Block sizes in words. Steps of a third at most, so that a block is 7/8 full on average.
const SIZES: [u32; 14] = [4, 8, 12, 16, 24, 32, 48, 64, 96, 128, 160, 192, 256, 384];

/// A place is counted in units of so many words, so that 32 bits reach 64 GiB.
const UNIT: usize = 4;

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

/// The vector of words and the lists of free blocks.
#[derive(Clone, Debug)]
pub(super) struct Arena {
    words: Vec<u32>,
    free: [u32; SIZES.len()],
    /// Words in free blocks.
    free_words: usize,
}

impl Default for Arena {
    fn default() -> Self {
        Self {
            words: Vec::new(),
            free: [NONE; SIZES.len()],
            free_words: 0,
        }
    }
}

impl Arena {
    /// The smallest block of at least so many words, of which there are at most 384.
    pub(super) fn allocate(&mut self, words: usize) -> Block {
        if words == 0 {
            return Block::EMPTY;
        }
        let class = class_of(words);
        let size = SIZES[class] as usize;
        let head = self.free[class];
        let place = if head == NONE {
            let place = self.words.len() / UNIT;
            self.words.resize(self.words.len() + size, 0);
            u32::try_from(place)
                .ok()
                .filter(|place| *place != NONE)
                .expect("less than 64 GiB of rows")
        } else {
            self.free[class] = self.words[head as usize * UNIT];
            self.free_words -= size;
            head
        };
        Block {
            place,
            class: u8::try_from(class).unwrap_or(0),
        }
    }

    pub(super) fn release(&mut self, block: Block) {
        if block.place == NONE {
            return;
        }
        let class = usize::from(block.class);
        self.words[block.place as usize * UNIT] = self.free[class];
        self.free[class] = block.place;
        self.free_words += SIZES[class] as usize;
    }

    #[inline]
    pub(super) fn words(&self, block: Block) -> &[u32] {
        let words = block.words();
        if words == 0 {
            return &[];
        }
        let start = block.place as usize * UNIT;
        &self.words[start..start + words]
    }

    #[inline]
    pub(super) fn words_mut(&mut self, block: Block) -> &mut [u32] {
        let words = block.words();
        if words == 0 {
            return &mut [];
        }
        let start = block.place as usize * UNIT;
        &mut self.words[start..start + words]
    }

    /// Words in use, and in free blocks.
    #[cfg(test)]
    pub(super) fn usage(&self) -> (usize, usize) {
        (self.words.len() - self.free_words, self.free_words)
    }
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
        for words in 1..=384 {
            let block = arena.allocate(words);
            assert!(block.words() >= words && (words < 8 || block.words() <= words * 3 / 2));
            arena.words_mut(block).fill(7);
            let (used, free) = arena.usage();
            arena.release(block);
            assert_eq!(arena.usage(), (used - block.words(), free + block.words()));
            assert_eq!(arena.allocate(words), block);
        }
        let total = arena.usage();
        let one = arena.allocate(10);
        let other = arena.allocate(10);
        assert_ne!(one, other);
        assert_eq!(arena.usage().0, total.0 + 24);
        let (place, class) = one.parts();
        assert_eq!(Block::from_parts((place, class)), one);
    }
}
