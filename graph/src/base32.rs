//! The two base32 alphabets of the AT Protocol, eight characters at a time.
//!
//! A `did:plc` is 24 characters of RFC 4648 base32 in lower case; a TID is 13 characters of the
//! sortable alphabet. Both are packed so that an account costs 16 bytes and a record key 8. The
//! eight characters lie in the eight bytes ("lanes") of a `u64`, the first in the highest.

/// One in every lane.
const ONES: u64 = 0x0101_0101_0101_0101;

/// A base32 alphabet made of the letters a-z and the digits 2-7, in either order.
pub(crate) struct Alphabet {
    /// Character minus value, for digits.
    digits: u64,
    /// Character minus value, for letters.
    letters: u64,
    /// 32 minus the first value of the second range.
    bias: u64,
    /// Whether the second range is the letters.
    letters_last: bool,
}

/// RFC 4648 in lower case: a-z, then 2-7.
pub(crate) const PLAIN: Alphabet = Alphabet {
    digits: (b'2' - 26) as u64,
    letters: b'a' as u64,
    bias: 32 - 26,
    letters_last: false,
};

/// The alphabet of TIDs: 2-7, then a-z, so that text order is value order.
pub(crate) const SORTABLE: Alphabet = Alphabet {
    digits: b'2' as u64,
    letters: (b'a' - 6) as u64,
    bias: 32 - 6,
    letters_last: true,
};

impl Alphabet {
    /// Eight characters as 40 bits, the first character highest; `None` if one is not of the
    /// alphabet.
    pub(crate) fn pack(&self, text: [u8; 8]) -> Option<u64> {
        let text = u64::from_be_bytes(text);
        let letter = (text >> 6) & ONES;
        let values = text.wrapping_sub(self.offsets(letter)) & (ONES * 31);
        // Valid characters are exactly those that come back.
        (self.characters(values) == text).then(|| squeeze(values))
    }

    /// The eight characters of 40 bits. Inverse of [`Self::pack`].
    pub(crate) fn unpack(&self, bits: u64) -> [u8; 8] {
        self.characters(spread(bits)).to_be_bytes()
    }

    fn characters(&self, values: u64) -> u64 {
        let second = ((values + ONES * self.bias) >> 5) & ONES;
        let letter = if self.letters_last {
            second
        } else {
            second ^ ONES
        };
        values + self.offsets(letter)
    }

    /// What to add to each lane's value, given a one in the lanes that hold letters.
    fn offsets(&self, letter: u64) -> u64 {
        ONES * self.digits + letter * (self.letters - self.digits)
    }
}

/// Eight lanes of five bits as 40 bits.
fn squeeze(lanes: u64) -> u64 {
    let tens = (lanes & 0x001f_001f_001f_001f) | ((lanes & 0x1f00_1f00_1f00_1f00) >> 3);
    let twenties = (tens & 0x0000_03ff_0000_03ff) | ((tens & 0x03ff_0000_03ff_0000) >> 6);
    (twenties & 0xf_ffff) | ((twenties & 0x000f_ffff_0000_0000) >> 12)
}

/// 40 bits as eight lanes of five. Inverse of [`squeeze`].
fn spread(bits: u64) -> u64 {
    let twenties = (bits & 0xf_ffff) | ((bits & 0xff_fff0_0000) << 12);
    let tens = (twenties & 0x0000_03ff_0000_03ff) | ((twenties & 0x000f_fc00_000f_fc00) << 6);
    (tens & 0x001f_001f_001f_001f) | ((tens & 0x03e0_03e0_03e0_03e0) << 3)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slow_pack(alphabet: &str, text: [u8; 8]) -> Option<u64> {
        text.iter().try_fold(0, |bits, byte| {
            Some(bits << 5 | alphabet.bytes().position(|c| c == *byte)? as u64)
        })
    }

    #[test]
    fn every_byte_in_every_lane_agrees_with_the_alphabet_spelled_out() {
        let spelled = [
            (PLAIN, "abcdefghijklmnopqrstuvwxyz234567", *b"k2wz7aab"),
            (SORTABLE, "234567abcdefghijklmnopqrstuvwxyz", *b"3jui7kd5"),
        ];
        for (alphabet, letters, base) in spelled {
            for lane in 0..8 {
                for byte in 0..=255 {
                    let mut text = base;
                    text[lane] = byte;
                    let packed = alphabet.pack(text);
                    assert_eq!(packed, slow_pack(letters, text), "{byte} in lane {lane}");
                    if let Some(bits) = packed {
                        assert_eq!(alphabet.unpack(bits), text);
                    }
                }
            }
        }
    }
}
