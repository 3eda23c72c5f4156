//! The only randomness of the ledger: SplitMix64 of (seed, nonce).

/// The output function of SplitMix64. All arithmetic is modulo 2^64.
///
/// Source: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014.
pub(crate) const fn mix(x: u64) -> u64 {
    let z = x.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// The `k`-th number of (seed, nonce), scaled to `0..m` (0 if m is 0): `(mix(..) * m) >> 64`.
pub(crate) const fn scaled(seed: u64, nonce: u64, k: u64, m: u64) -> u64 {
    let x = (seed ^ nonce).wrapping_add(k);
    ((mix(x) as u128 * m as u128) >> 64) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first outputs of `SplitMix64` seeded with 1234567, as its authors publish them.
    #[test]
    fn mix_is_splitmix64() {
        let gamma = 0x9E37_79B9_7F4A_7C15_u64;
        let got: Vec<u64> = (0..5)
            .map(|i| mix(1_234_567_u64.wrapping_add(gamma.wrapping_mul(i))))
            .collect();
        let want = [
            6_457_827_717_110_365_317,
            3_203_168_211_198_807_973,
            9_817_491_932_198_370_423,
            4_593_380_528_125_082_431,
            16_408_922_859_458_223_821,
        ];
        assert_eq!(got, want);
    }

    #[test]
    fn scaled_stays_below() {
        for m in [0, 1, 2, 100, u64::MAX] {
            for k in 0..100 {
                let r = scaled(9, 7, k, m);
                assert!(r < m || (m == 0 && r == 0));
            }
        }
    }
}
