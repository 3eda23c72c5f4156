//! TIDs as numbers: 13 characters of base32-sortable are 64 bits, and sort alike.

const ALPHABET: &[u8; 32] = b"234567abcdefghijklmnopqrstuvwxyz";

/// What each byte stands for; [`NONE`]: nothing.
const DIGITS: [u8; 256] = {
    let mut digits = [NONE; 256];
    let mut digit = 0;
    while digit < 32 {
        digits[ALPHABET[digit as usize] as usize] = digit;
        digit += 1;
    }
    digits
};
const NONE: u8 = u8::MAX;

/// The number of a TID; None if the text is none.
///
/// Source: the AT Protocol specification, "TIDs". The first character carries 4 bits of the
/// number (the top bit of 65 is zero).
pub(super) fn pack(text: &str) -> Option<u64> {
    let bytes: &[u8; 13] = text.as_bytes().try_into().ok()?;
    let (mut value, mut all) = (0u64, 0u8);
    for byte in bytes {
        let digit = DIGITS[usize::from(*byte)];
        value = value << 5 | u64::from(digit & 31);
        all |= digit;
    }
    (all < 32 && DIGITS[usize::from(bytes[0])] < 16).then_some(value)
}

/// The text of a TID's number.
pub(super) fn unpack(mut value: u64) -> String {
    let mut bytes = [b'2'; 13];
    for byte in bytes.iter_mut().rev() {
        *byte = ALPHABET[(value & 31) as usize];
        value >>= 5;
    }
    // Always ASCII.
    String::from_utf8(bytes.to_vec()).unwrap_or_default()
}

/// The time of a TID in unix microseconds.
pub(super) fn micros(value: u64) -> i64 {
    (value >> 10).cast_signed()
}

/// The least TID of a time in unix microseconds.
pub(super) fn at(micros: i64) -> u64 {
    // 53 bits are left for the time; what lies before 1970 is 1970.
    (micros.max(0).cast_unsigned() & ((1 << 53) - 1)) << 10
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tids_come_back_and_sort() {
        let tids = [
            "2222222222222",
            "3jzfcijpj2z2a",
            "3n2rzvgv3dt2r",
            "jzzzzzzzzzzzz",
        ];
        let numbers: Vec<u64> = tids.iter().map(|tid| pack(tid).expect("a TID")).collect();
        assert!(numbers.is_sorted());
        for (tid, number) in tids.iter().zip(numbers) {
            assert_eq!(unpack(number), *tid);
        }
        assert_eq!(pack("jzzzzzzzzzzzz"), Some(u64::MAX));
    }

    #[test]
    fn others_are_none() {
        for text in [
            "",
            "self",
            "3jzfcijpj2z2A",
            "zzzzzzzzzzzzz",
            "3jzfcijpj2z2aa",
        ] {
            assert_eq!(pack(text), None, "{text}");
        }
    }
}
