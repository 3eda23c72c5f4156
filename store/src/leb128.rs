//! Numbers as LEB128: seven bits a byte, the least first, the top bit set on all but the last.

/// Writes a number.
pub(crate) fn push(bytes: &mut impl Extend<u8>, mut value: u64) {
    while value >= 0x80 {
        bytes.extend([(value & 0x7f) as u8 | 0x80]);
        value >>= 7;
    }
    bytes.extend([(value & 0x7f) as u8]);
}

/// Reads a number; None if there is none of 64 bits.
pub(crate) fn pull(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0u64;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f).checked_shl(shift)?;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

/// Reads a number of 32 bits.
pub(crate) fn pull32(bytes: &mut &[u8]) -> Option<u32> {
    u32::try_from(pull(bytes)?).ok()
}
