//! Writing DAG-CBOR: the one way in which a value may be written.

use crate::wire::Cid;
use crate::wire::scan::{TAG_CID, major};

const NULL: u8 = 0xf6;

/// Values written one behind the other.
pub(super) struct Writer<'a>(pub(super) &'a mut Vec<u8>);

impl Writer<'_> {
    pub(super) fn map(&mut self, entries: usize) {
        self.head(major::MAP, entries as u64);
    }

    pub(super) fn array(&mut self, values: usize) {
        self.head(major::ARRAY, values as u64);
    }

    pub(super) fn unsigned(&mut self, value: u64) {
        self.head(major::UNSIGNED, value);
    }

    pub(super) fn text(&mut self, text: &[u8]) {
        self.head(major::TEXT, text.len() as u64);
        self.0.extend_from_slice(text);
    }

    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        self.head(major::BYTES, bytes.len() as u64);
        self.0.extend_from_slice(bytes);
    }

    pub(super) fn link(&mut self, cid: Option<&Cid>) {
        let Some(cid) = cid else {
            self.0.push(NULL);
            return;
        };
        self.head(major::TAG, TAG_CID);
        self.head(major::BYTES, cid.as_bytes().len() as u64 + 1);
        self.0.push(0);
        self.0.extend_from_slice(cid.as_bytes());
    }

    /// The major type and a number, in as few bytes as it fits in.
    fn head(&mut self, major: u8, argument: u64) {
        let major = major << 5;
        let bytes = argument.to_be_bytes();
        match argument {
            0..=23 => self.0.push(major | bytes[7]),
            24..=0xff => self.0.extend_from_slice(&[major | 0x18, bytes[7]]),
            0x100..=0xffff => {
                self.0.push(major | 0x19);
                self.0.extend_from_slice(&bytes[6..]);
            }
            0x1_0000..=0xffff_ffff => {
                self.0.push(major | 0x1a);
                self.0.extend_from_slice(&bytes[4..]);
            }
            _ => {
                self.0.push(major | 0x1b);
                self.0.extend_from_slice(&bytes);
            }
        }
    }
}
