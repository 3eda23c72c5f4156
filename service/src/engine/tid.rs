//! TIDs as numbers: 13 characters of base32-sortable are 64 bits, and sort alike.

const ALPHABET: &[u8; 32] = b"234567abcdefghijklmnopqrstuvwxyz";

/// The number of a TID; None if the text is none.
///
/// Source: the AT Protocol specification, "TIDs". The first character carries 4 bits of the
/// number (the top bit of 65 is zero).
pub(super) fn pack(text: &str) -> Option<u64> {
    let bytes: &[u8; 13] = text.as_bytes().try_into().ok()?;
    let mut value = 0u64;
    for (i, byte) in bytes.iter().enumerate() {
        let digit = ALPHABET.iter().position(|c| c == byte)? as u64;
        if i == 0 && digit >= 16 {
            return None;
        }
        value = value << 5 | digit;
    }
    Some(value)
}

/// The text of a TID's number.
pub(super) fn unpack(mut value: u64) -> String {
    let mut bytes = [b'2'; 13];
    for byte in bytes.iter_mut().rev() {
        *byte = ALPHABET[(value & 31) as usize];
        value >>= 5;
    }
    bytes.iter().map(|byte| char::from(*byte)).collect()
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
