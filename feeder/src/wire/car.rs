//! CAR files, version 1, as they stand in a frame's `blocks`.

use super::cid::{CID_BYTES, Cid};
use super::error::FrameErrorKind;
use super::scan::{Reader, major};

/// Up to so many blocks are searched one by one; more are sorted first, so that a hostile
/// commit of many ops over many blocks stays cheap.
const LINEAR_BLOCKS_MAX: usize = 32;
/// Longest header, in bytes: a root or two need less than a hundred.
const HEADER_BYTES_MAX: usize = 10_000;

/// The blocks of a CAR, borrowed from it. Their hashes are not checked here.
pub struct Blocks<'a> {
    root: Option<Cid>,
    blocks: Vec<(&'a [u8; CID_BYTES], &'a [u8])>,
}

/// What can be wrong with a CAR.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CarError {
    /// The header is not `{roots, version: 1}`.
    #[error("the header is not that of a version 1 CAR")]
    BadHeader,
    /// The bytes end within a block, or a length is out of range.
    #[error("the bytes end within a block")]
    Truncated,
    /// A block is too short to have a CID of 36 bytes before it.
    #[error("a block has no CID")]
    NoCid,
}

impl<'a> Blocks<'a> {
    /// Reads the header and cuts the blocks; looks into none of them.
    pub fn parse(car: &'a [u8]) -> Result<Self, CarError> {
        let (header, mut rest) = section(car)?;
        let root = parse_header(header).map_err(|_| CarError::BadHeader)?;
        let mut blocks = Vec::with_capacity(16);
        while !rest.is_empty() {
            let (block, after) = section(rest)?;
            blocks.push(block.split_first_chunk().ok_or(CarError::NoCid)?);
            rest = after;
        }
        if blocks.len() > LINEAR_BLOCKS_MAX {
            blocks.sort_unstable_by_key(|&(cid, _)| cid);
        }
        Ok(Self { root, blocks })
    }

    /// The first root that the header names.
    pub fn root(&self) -> Option<Cid> {
        self.root
    }

    /// Every block behind the CID that it claims to have, in no order.
    pub(crate) fn iter(&self) -> impl ExactSizeIterator<Item = (&'a [u8; CID_BYTES], &'a [u8])> {
        self.blocks.iter().copied()
    }

    /// The block that claims to be `cid`.
    pub fn find(&self, cid: &Cid) -> Option<&'a [u8]> {
        let wanted = cid.as_bytes();
        let found = if self.blocks.len() > LINEAR_BLOCKS_MAX {
            self.blocks
                .binary_search_by_key(&wanted, |&(cid, _)| cid)
                .ok()
        } else {
            self.blocks.iter().position(|&(cid, _)| cid == wanted)
        };
        found.map(|at| self.blocks[at].1)
    }
}

/// Cuts one length-prefixed section off.
fn section(bytes: &[u8]) -> Result<(&[u8], &[u8]), CarError> {
    // Most blocks are shorter than 128 bytes, or than 16 KiB.
    match *bytes {
        [one @ 0..=0x7f, ref rest @ ..] => return cut(rest, usize::from(one)),
        [low, high @ 0..=0x7f, ref rest @ ..] => {
            return cut(rest, usize::from(low & 0x7f) | usize::from(high) << 7);
        }
        _ => {}
    }
    let (mut length, mut shift) = (0usize, 0);
    for (at, byte) in bytes.iter().enumerate().take(4) {
        length |= usize::from(byte & 0x7f) << shift;
        shift += 7;
        if byte & 0x80 == 0 {
            return cut(&bytes[at + 1..], length);
        }
    }
    // Four bytes reach 256 MiB, far beyond any frame.
    Err(CarError::Truncated)
}

fn cut(bytes: &[u8], length: usize) -> Result<(&[u8], &[u8]), CarError> {
    bytes.split_at_checked(length).ok_or(CarError::Truncated)
}

/// Gives the first root, if there is one, of `{roots: [..], version: 1}`.
fn parse_header(header: &[u8]) -> Result<Option<Cid>, FrameErrorKind> {
    if header.len() > HEADER_BYTES_MAX {
        return Err(FrameErrorKind::TooLong);
    }
    let mut reader = Reader::new(header);
    let (mut root, mut version) = (None, None);
    for _ in 0..reader.expect(major::MAP)? {
        match reader.key()? {
            b"version" => version = Some(reader.expect(major::UNSIGNED)?),
            b"roots" => {
                for index in 0..reader.expect(major::ARRAY)? {
                    let link = reader.skip()?;
                    if index == 0 {
                        root = Reader::new(link).link().ok();
                    }
                }
            }
            _ => {
                reader.skip()?;
            }
        }
    }
    if version != Some(1) {
        return Err(FrameErrorKind::BadField);
    }
    if reader.rest().is_empty() {
        Ok(root)
    } else {
        Err(FrameErrorKind::TrailingBytes)
    }
}
