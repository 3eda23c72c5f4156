//! A synthetic network, the same on every machine: heavy-tailed out-degrees and popularity.

/// How large the network is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Network {
    /// Accounts there are.
    pub(crate) accounts: u32,
    /// The first so many are tracked.
    pub(crate) tracked: u32,
    /// The first so many are the interior: each but the tracked is followed by a tracked one.
    pub(crate) interior: u32,
    /// Mean follows of an interior account, about; Pareto of shape 1.25, at most 20,000.
    pub(crate) mean: f64,
}

/// SplitMix64.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Uniform in (0, 1].
    pub(crate) fn unit(&mut self) -> f64 {
        ((self.next() >> 11) + 1) as f64 / (1_u64 << 53) as f64
    }

    pub(crate) fn below(&mut self, bound: u32) -> u32 {
        ((u128::from(self.next()) * u128::from(bound)) >> 64) as u32
    }
}

impl Network {
    /// Whom an account of the interior follows, oldest record first.
    pub(crate) fn follows(&self, follower: u32) -> Vec<u32> {
        let mut random = Random(u64::from(follower) << 20);
        let degree = (self.mean / 4.3 * random.unit().powf(-0.8)).min(20_000.0) as usize;
        let mut follows: Vec<u32> = (0..degree).map(|_| self.popular(&mut random)).collect();
        if follower < self.tracked {
            follows = (self.tracked..self.interior)
                .filter(|hop_1| hop_1 % self.tracked == follower)
                .collect();
        }
        follows
    }

    /// An account, one of the first more likely than one of the last.
    fn popular(&self, random: &mut Random) -> u32 {
        let place = random.unit().powi(3);
        ((place * f64::from(self.accounts)) as u32).min(self.accounts - 1)
    }

    /// All accounts in an order that has nothing to do with anything.
    pub(crate) fn shuffled(&self) -> impl Iterator<Item = u32> + use<> {
        let accounts = u64::from(self.accounts);
        // A prime above the number of accounts visits each of them once.
        (0..accounts).map(move |n| (n * 2_147_483_647 % accounts) as u32)
    }
}

/// The DID of account `n`.
pub(crate) fn did(n: u32) -> String {
    let mut random = Random(u64::from(n) ^ 0xD1D);
    let mut text = String::from("did:plc:");
    for _ in 0..2 {
        let bits = random.next();
        text.extend((0..12).map(|i| char::from(LETTERS[(bits >> (5 * i)) as usize % 32])));
    }
    text
}

const LETTERS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// A TID, the later the greater `n` is.
pub(crate) fn rkey(n: u64) -> String {
    let bits = (1_700_000_000_000_000 + n * 1_000_003) << 10 | 7;
    let sortable = b"234567abcdefghijklmnopqrstuvwxyz";
    (0..13)
        .rev()
        .map(|i| char::from(sortable[(bits >> (5 * i)) as usize % 32]))
        .collect()
}
