//! Commit blocks, and the bytes that were signed.

use super::VerifyError;
use super::cbor::Writer;
use crate::wire::scan::{Reader, major};
use crate::wire::{Cid, FrameErrorKind};

/// The version of repos since 2023, and the only one that relays pass on.
const VERSION: u64 = 3;

/// The commit before: of old repos only, null in others.
struct Prev(Option<Cid>);

/// A commit block: what is signed, and the signature.
pub(super) struct CommitBlock<'a> {
    pub(super) did: &'a [u8],
    pub(super) rev: &'a [u8],
    pub(super) sig: &'a [u8],
    /// Root of the repo's tree.
    pub(super) data: Cid,
    /// Now and then not there.
    prev: Option<Prev>,
}

impl<'a> CommitBlock<'a> {
    /// Reads a block that is written as DAG-CBOR writes it, with the fields of a commit and no
    /// others: only then is it known which bytes were signed.
    pub(super) fn parse(block: &'a [u8]) -> Result<Self, VerifyError> {
        let commit = Self::fields(block)
            .ok()
            .flatten()
            .ok_or(VerifyError::BadCommitBlock)?;
        if commit.write(Some(commit.sig)) == block {
            Ok(commit)
        } else {
            Err(VerifyError::BadCommitBlock)
        }
    }

    /// The bytes that were signed.
    pub(super) fn unsigned(&self) -> Vec<u8> {
        self.write(None)
    }

    fn fields(block: &'a [u8]) -> Result<Option<Self>, FrameErrorKind> {
        let mut reader = Reader::new(block);
        let (mut did, mut rev, mut sig) = (None, None, None);
        let (mut data, mut prev, mut version) = (None, None, None);
        for _ in 0..reader.expect(major::MAP)? {
            match reader.key()? {
                b"did" => did = Some(reader.key()?),
                b"rev" => rev = Some(reader.key()?),
                b"sig" => sig = Some(reader.bytes()?),
                b"data" => data = Some(reader.link()?),
                b"prev" => prev = Some(Prev(reader.link_or_null()?)),
                b"version" => version = Some(reader.expect(major::UNSIGNED)?),
                _ => return Ok(None),
            }
        }
        let (Some(did), Some(rev), Some(sig), Some(data), Some(VERSION)) =
            (did, rev, sig, data, version)
        else {
            return Ok(None);
        };
        Ok(Some(Self {
            did,
            rev,
            sig,
            data,
            prev,
        }))
    }

    /// Shorter keys come first, then those that are less.
    fn write(&self, sig: Option<&[u8]>) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(320);
        let mut writer = Writer(&mut bytes);
        writer.map(4 + usize::from(sig.is_some()) + usize::from(self.prev.is_some()));
        writer.text(b"did");
        writer.text(self.did);
        writer.text(b"rev");
        writer.text(self.rev);
        if let Some(sig) = sig {
            writer.text(b"sig");
            writer.bytes(sig);
        }
        writer.text(b"data");
        writer.link(Some(&self.data));
        if let Some(Prev(prev)) = &self.prev {
            writer.text(b"prev");
            writer.link(prev.as_ref());
        }
        writer.text(b"version");
        writer.unsigned(VERSION);
        bytes
    }
}
