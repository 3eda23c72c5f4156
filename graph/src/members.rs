//! A sieve before the lookup of a member.
//!
//! Nearly every frame is of a stranger, so "is this a member?" must be a no without a walk
//! through memory: looking a DID up touches four places of tables as large as all accounts, some
//! 300 ns when they are not in the cache. The sieve is a Bloom filter over the members alone, two
//! to three bytes each, of which a question looks at one word.

/// Bits of a word that one member sets.
const BITS: u32 = 4;

/// Members for each word of a new sieve. It is worn, at the latest, with 7/4 of them.
const FRESH: usize = 3;

/// How much more somebody who leaves wears it than somebody who enters: those who left are asked
/// about again, those who never were in pass by chance only.
const LEAVING: usize = 4;

/// A Bloom filter in words of 64 bits. Says no only to those who were never added.
///
/// Nothing is ever taken out: whoever left stays in as a false "maybe". So the sieve wears with
/// everyone who enters or leaves, and is then made anew from those who are in. About one stranger
/// in a hundred passes a worn one.
#[derive(Clone, Debug)]
pub(crate) struct Sieve {
    words: Box<[u64]>,
    /// How many may still enter, or four times as many as may leave.
    left: usize,
}

impl Sieve {
    /// A sieve of these hashes.
    ///
    /// `share`, 0 to 255, sets how soon it is worn: after 3/8 to 6/8 as many have entered.
    /// Sieves of a kind that grow together would else wear out together, and stall their owner.
    pub(crate) fn of(hashes: &[u64], share: u8) -> Self {
        let mut sieve = Self {
            words: vec![0; hashes.len() / FRESH + 1].into_boxed_slice(),
            left: (hashes.len() * (256 + usize::from(share)) * 3 / (8 * 256)).max(2),
        };
        for hash in hashes {
            let place = sieve.place(*hash);
            sieve.words[place] |= bits(*hash);
        }
        sieve
    }

    /// Whether `hash` may have been added. No is certain.
    pub(crate) fn may_hold(&self, hash: u64) -> bool {
        let bits = bits(hash);
        self.words[self.place(hash)] & bits == bits
    }

    /// Adds `hash`. Says whether the sieve is worn now.
    pub(crate) fn enter(&mut self, hash: u64) -> bool {
        let place = self.place(hash);
        self.words[place] |= bits(hash);
        self.wear(1)
    }

    /// Notes that somebody left. Says whether the sieve is worn now.
    pub(crate) fn leave(&mut self) -> bool {
        self.wear(LEAVING)
    }

    fn wear(&mut self, by: usize) -> bool {
        self.left = self.left.saturating_sub(by);
        self.left == 0
    }

    /// One of the words, by the lower half of the hash.
    fn place(&self, hash: u64) -> usize {
        (((hash & u64::from(u32::MAX)) * self.words.len() as u64) >> 32) as usize
    }
}

/// Four of 64 bits.
fn bits(hash: u64) -> u64 {
    // The golden ratio: spreads what `place` did not use over the upper bits.
    let spread = hash.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (1..=BITS).fold(0, |bits, nth| {
        bits | (1 << ((spread >> (64 - 6 * nth)) & 63))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(n: u64) -> u64 {
        let z = (n ^ (n >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn maybes(sieve: &Sieve) -> usize {
        (1_000_000..1_100_000)
            .filter(|n| sieve.may_hold(hash(*n)))
            .count()
    }

    #[test]
    fn never_a_false_no_and_few_false_maybes() {
        for share in [0, 255] {
            let mut sieve = Sieve::of(&[], share);
            let (mut held, mut remade) = (Vec::new(), 0);
            for n in 1..=20_000 {
                held.push(hash(n));
                if sieve.enter(hash(n)) {
                    assert!(n < 1_000 || maybes(&sieve) < 3_000, "worn at {n}");
                    sieve = Sieve::of(&held, share);
                    remade += 1;
                }
            }
            assert!(held.iter().all(|hash| sieve.may_hold(*hash)));
            assert!(remade < 40, "made anew {remade} times");
            // Those who left pass until the sieve is worn by them, which is soon.
            let left = 1 + std::iter::repeat_with(|| sieve.leave())
                .take_while(|worn| !worn)
                .count();
            assert!(left < 20_000 / 5, "worn after {left} left");
        }
    }
}
