//! Content identifiers: the one shape that repos use.

use sha2::{Digest as _, Sha256};
use std::fmt;

/// Length of a binary CID of this shape: version, codec, hash function, hash length, SHA-256.
pub(crate) const CID_BYTES: usize = 36;
const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// A `CIDv1` of a DAG-CBOR or raw block, by SHA-256. `Display` gives its text, `bafyrei…`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cid([u8; CID_BYTES]);

/// What a CID says about its block's encoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Codec {
    /// DAG-CBOR: records, tree nodes, commits.
    DagCbor,
    /// Raw bytes: blobs.
    Raw,
}

/// The bytes or text are no CID of the shape that repos use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a version 1 CID of a DAG-CBOR or raw block by SHA-256")]
pub struct BadCid;

impl Cid {
    /// Computes the CID of a block.
    pub fn for_block(codec: Codec, block: &[u8]) -> Self {
        let mut bytes = [0; CID_BYTES];
        bytes[..4].copy_from_slice(&[1, codec.code(), 0x12, 32]);
        bytes[4..].copy_from_slice(&Sha256::digest(block));
        Self(bytes)
    }

    /// Reads a binary CID; exactly 36 bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, BadCid> {
        let bytes: [u8; CID_BYTES] = bytes.try_into().map_err(|_| BadCid)?;
        match bytes[..4] {
            [1, 0x55 | 0x71, 0x12, 32] => Ok(Self(bytes)),
            _ => Err(BadCid),
        }
    }

    /// Reads the text form, base32 in lower case behind a `b`.
    pub fn parse(text: &str) -> Result<Self, BadCid> {
        let digits = text.strip_prefix('b').ok_or(BadCid)?;
        // 36 bytes are 57.6 digits; the last one carries 3 bits, and 2 that must be zero.
        if digits.len() != 58 {
            return Err(BadCid);
        }
        let mut bytes = [0; CID_BYTES];
        let (mut held, mut bits, mut at) = (0u32, 0, 0);
        for digit in digits.bytes() {
            let value = match digit {
                b'a'..=b'z' => digit - b'a',
                b'2'..=b'7' => digit - b'2' + 26,
                _ => return Err(BadCid),
            };
            held = (held << 5) | u32::from(value);
            bits += 5;
            if bits >= 8 {
                bits -= 8;
                bytes[at] = (held >> bits).to_le_bytes()[0];
                at += 1;
                held &= (1 << bits) - 1;
            }
        }
        if held == 0 {
            Self::from_bytes(&bytes)
        } else {
            Err(BadCid)
        }
    }

    /// The binary form, 36 bytes.
    pub fn as_bytes(&self) -> &[u8; CID_BYTES] {
        &self.0
    }

    /// The SHA-256 of the block.
    pub fn digest(&self) -> &[u8; 32] {
        let [_, _, _, _, digest @ ..] = &self.0;
        digest
    }

    /// The block's encoding.
    pub fn codec(&self) -> Codec {
        if self.0[1] == Codec::Raw.code() {
            Codec::Raw
        } else {
            Codec::DagCbor
        }
    }

    /// Says whether `block` is what this CID names.
    pub fn matches(&self, block: &[u8]) -> bool {
        Sha256::digest(block)[..] == self.digest()[..]
    }
}

impl Codec {
    const fn code(self) -> u8 {
        match self {
            Self::DagCbor => 0x71,
            Self::Raw => 0x55,
        }
    }
}

impl fmt::Display for Cid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::with_capacity(59);
        text.push('b');
        let (mut held, mut bits) = (0u32, 0);
        for byte in self.0 {
            held = (held << 8) | u32::from(byte);
            bits += 8;
            while bits >= 5 {
                bits -= 5;
                text.push(char::from(ALPHABET[(held >> bits) as usize & 31]));
            }
        }
        text.push(char::from(ALPHABET[(held << (5 - bits)) as usize & 31]));
        f.write_str(&text)
    }
}

impl fmt::Debug for Cid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cid({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_bytes_agree() {
        let text = "bafyreiclp443lavogvhj3d2ob2cxbfuscni2k5jk7bebjzg7khl3esabwq";
        let cid = Cid::parse(text).expect("valid");
        assert_eq!(cid.to_string(), text);
        assert_eq!(cid.codec(), Codec::DagCbor);
        assert_eq!(Cid::from_bytes(cid.as_bytes()), Ok(cid));
        let raw = Cid::for_block(Codec::Raw, b"kith");
        assert_eq!(Cid::parse(&raw.to_string()), Ok(raw));
        assert_eq!(raw.codec(), Codec::Raw);
        assert!(raw.matches(b"kith") && !raw.matches(b"kin"));
    }

    #[test]
    fn other_shapes_are_refused() {
        for text in [
            "",
            "b",
            "bafyreiclp443lavogvhj3d2ob2cxbfuscni2k5jk7bebjzg7khl3esabw",
            "bafyreiclp443lavogvhj3d2ob2cxbfuscni2k5jk7bebjzg7khl3esabwr",
            "BAFYREICLP443LAVOGVHJ3D2OB2CXBFUSCNI2K5JK7BEBJZG7KHL3ESABWQ",
            "bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi",
            "QmbWqxBEKC3P8tqsKc98xmWNzrzDtRLMiMPL8wBuTGsMnR",
        ] {
            assert_eq!(Cid::parse(text), Err(BadCid), "{text}");
        }
        assert_eq!(Cid::from_bytes(&[1; 36]), Err(BadCid));
        assert_eq!(Cid::from_bytes(&[]), Err(BadCid));
    }
}
