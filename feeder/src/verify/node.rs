//! Nodes of a repo's tree, a Merkle search tree: how they are read and written.
//!
//! Source: <https://atproto.com/specs/repository>, "MST structure".

use super::VerifyError;
use super::cbor::Writer;
use crate::wire::scan::{Reader, major};
use crate::wire::{Cid, FrameErrorKind};
use sha2::{Digest as _, Sha256};

/// A node as it stands in its block.
#[derive(Default)]
pub(super) struct Node<'a> {
    /// The subtree before the first entry.
    pub(super) left: Option<Cid>,
    pub(super) entries: Vec<Entry<'a>>,
}

/// A leaf, and what follows it.
pub(super) struct Entry<'a> {
    /// How many bytes the key shares with the one before it in the same node.
    pub(super) prefix: usize,
    /// The other bytes of the key.
    pub(super) suffix: &'a [u8],
    /// The record.
    pub(super) value: Cid,
    /// The subtree between this key and the next.
    pub(super) right: Option<Cid>,
}

impl<'a> Node<'a> {
    /// Reads a block that is written as DAG-CBOR writes it. Whether the prefixes are as long as
    /// they can be is for the reader of the keys to see.
    pub(super) fn parse(block: &'a [u8], scratch: &mut Vec<u8>) -> Result<Self, VerifyError> {
        let node = Self::fields(block).ok().flatten();
        let node = node.ok_or(VerifyError::BadTree)?;
        node.write(scratch);
        if scratch == block {
            Ok(node)
        } else {
            Err(VerifyError::BadTree)
        }
    }

    fn fields(block: &'a [u8]) -> Result<Option<Self>, FrameErrorKind> {
        let mut reader = Reader::new(block);
        if reader.expect(major::MAP)? != 2 || reader.key()? != b"e" {
            return Ok(None);
        }
        let mut entries = Vec::new();
        for _ in 0..reader.expect(major::ARRAY)? {
            let Some(entry) = entry(&mut reader)? else {
                return Ok(None);
            };
            entries.push(entry);
        }
        if reader.key()? != b"l" {
            return Ok(None);
        }
        let left = reader.link_or_null()?;
        Ok(Some(Self { left, entries }))
    }

    /// Writes the node into an emptied buffer.
    pub(super) fn write(&self, bytes: &mut Vec<u8>) {
        bytes.clear();
        let mut writer = Writer(bytes);
        writer.map(2);
        writer.text(b"e");
        writer.array(self.entries.len());
        for entry in &self.entries {
            writer.map(4);
            writer.text(b"k");
            writer.bytes(entry.suffix);
            writer.text(b"p");
            writer.unsigned(entry.prefix as u64);
            writer.text(b"t");
            writer.link(entry.right.as_ref());
            writer.text(b"v");
            writer.link(Some(&entry.value));
        }
        writer.text(b"l");
        writer.link(self.left.as_ref());
    }
}

fn entry<'a>(reader: &mut Reader<'a>) -> Result<Option<Entry<'a>>, FrameErrorKind> {
    if reader.expect(major::MAP)? != 4 || reader.key()? != b"k" {
        return Ok(None);
    }
    let suffix = reader.bytes()?;
    if reader.key()? != b"p" {
        return Ok(None);
    }
    let prefix = usize::try_from(reader.expect(major::UNSIGNED)?).unwrap_or(usize::MAX);
    if reader.key()? != b"t" {
        return Ok(None);
    }
    let right = reader.link_or_null()?;
    if reader.key()? != b"v" {
        return Ok(None);
    }
    let value = reader.link()?;
    Ok(Some(Entry {
        prefix,
        suffix,
        value,
        right,
    }))
}

/// The layer of the tree on which a key lives: the leading zeros of its SHA-256, counted in
/// pairs; 0..=128, and rarely above 10.
pub(super) fn level(key: &[u8]) -> u8 {
    let mut level = 0;
    for byte in Sha256::digest(key) {
        if byte != 0 {
            // Below 4: a byte that is not zero has seven leading zeros at most.
            return level + u8::try_from(byte.leading_zeros() / 2).unwrap_or(0);
        }
        level += 4;
    }
    level
}

/// How many bytes two keys share at their beginning.
pub(super) fn common_prefix(left: &[u8], right: &[u8]) -> usize {
    left.iter()
        .zip(right)
        .take_while(|(left, right)| left == right)
        .count()
}
