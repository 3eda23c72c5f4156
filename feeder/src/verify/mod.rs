//! Whether a commit is what its account signed, and its ops all that changed. Pure: no clock, no
//! I/O, nothing kept between calls; the signing key comes from [`crate::identity`].
//!
//! [`commit`] looks at one raw `#commit` frame, in two levels:
//!
//! - [`Level::Signature`]: every block hashes to its CID; the CAR's root is the commit that the
//!   frame names; the commit block names the frame's repo and rev, and is signed.
//! - [`Level::Full`]: beside that, the ops are undone on the part of the repo's tree that the
//!   frame carries, and what comes out must be the tree before, `prevData`. So no change is left
//!   out, made up, or bent on the way (sync 1.1, "inductive firehose").
//!
//! The parts: `key` (keys and signatures), `block` (commit blocks), `ops`, `tree` (the partial
//! tree, its ops undone), `node` and `cbor` (the one way in which a node and a commit are written).
//!
//! Not checked here: whether `prevData` is the `data` last seen of the repo, whether the rev is
//! newer or lies in the future, whether the key is still the account's, and what records say.

mod block;
mod cbor;
mod error;
mod key;
mod node;
mod ops;
mod tree;
#[cfg(test)]
mod vectors;

pub use error::VerifyError;
pub use key::{BadKey, BadSignature, SigningKey};

use crate::wire::commit::{Scanned, scan_frame};
use crate::wire::scan::{Reader, header, major};
use crate::wire::{Blocks, Cid, FRAME_BYTES_MAX, FrameErrorKind};
use block::CommitBlock;
use tree::Tree;

/// How far [`commit`] goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Hashes, names and the signature.
    Signature,
    /// The tree and the ops too.
    Full,
}

/// What could be checked, and was found right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verified {
    /// The signature; false if there was no key to check it with.
    pub signature: bool,
    /// That the ops are all that changed since `prevData`; false below [`Level::Full`], and where
    /// the frame has no `prevData` (first commits, old hosts).
    pub inverted: bool,
}

/// Verifies a whole `#commit` frame. Without a key the signature is not checked, see
/// [`Verified::signature`].
///
/// # Errors
/// The first thing found wrong. The signature, which costs most, is checked last: a
/// [`VerifyError::BadSignature`] means that all else is right, and that the key may be old.
///
/// Source: <https://atproto.com/specs/sync>, <https://atproto.com/specs/repository>.
pub fn commit(
    frame: &[u8],
    key: Option<&SigningKey>,
    level: Level,
) -> Result<Verified, VerifyError> {
    let scanned = scan_frame(frame)?.ok_or(VerifyError::OtherMessage)?;
    let car = scanned.blocks.ok_or(FrameErrorKind::MissingField)?;
    if scanned.too_big && car.is_empty() {
        return Err(VerifyError::TooBig);
    }
    let blocks = checked_blocks(car)?;
    let named = scanned.commit.ok_or(FrameErrorKind::MissingField)?;
    if blocks.root() != Some(Reader::new(named).link()?) {
        return Err(VerifyError::WrongRoot);
    }
    let commit = root_commit(&blocks)?;
    if commit.did != scanned.repo.as_bytes() {
        return Err(VerifyError::WrongDid);
    }
    if Some(commit.rev) != scanned.rev {
        return Err(VerifyError::WrongRev);
    }
    let inverted = level == Level::Full && ops_are_all(&scanned, &blocks, &commit.data)?;
    Ok(Verified {
        signature: signed(&commit, key)?,
        inverted,
    })
}

/// Verifies a whole `#sync` frame: hashes, the account, and the signature. Without a key the
/// signature is not checked.
///
/// The frame's rev may be newer than the commit's own, as it is after a move between hosts, and
/// not older. There are no ops: [`Verified::inverted`] is false.
pub fn sync(frame: &[u8], key: Option<&SigningKey>) -> Result<Verified, VerifyError> {
    let scanned = scan_sync(frame)?;
    let blocks = checked_blocks(scanned.blocks)?;
    let commit = root_commit(&blocks)?;
    if commit.did != scanned.did {
        return Err(VerifyError::WrongDid);
    }
    // TIDs are ordered as text.
    if commit.rev > scanned.rev {
        return Err(VerifyError::WrongRev);
    }
    Ok(Verified {
        signature: signed(&commit, key)?,
        inverted: false,
    })
}

/// Cuts the CAR, and hashes every block of it, needed or not.
fn checked_blocks(car: &[u8]) -> Result<Blocks<'_>, VerifyError> {
    let blocks = Blocks::parse(car)?;
    for (cid, block) in blocks.iter() {
        let cid = Cid::from_bytes(cid).map_err(|_| VerifyError::BadBlockCid)?;
        if !cid.matches(block) {
            return Err(VerifyError::BlockMismatch);
        }
    }
    Ok(blocks)
}

fn root_commit<'a>(blocks: &Blocks<'a>) -> Result<CommitBlock<'a>, VerifyError> {
    let root = blocks.root().ok_or(VerifyError::WrongRoot)?;
    let block = blocks.find(&root);
    CommitBlock::parse(block.ok_or(VerifyError::MissingCommitBlock)?)
}

fn signed(commit: &CommitBlock<'_>, key: Option<&SigningKey>) -> Result<bool, VerifyError> {
    let Some(key) = key else { return Ok(false) };
    key.verify(&commit.unsigned(), commit.sig)
        .map_err(|BadSignature| VerifyError::BadSignature)?;
    Ok(true)
}

/// Checks the ops against the tree under `data`, and undoes them; says whether there was a
/// `prevData` to compare the outcome with.
fn ops_are_all(
    scanned: &Scanned<'_>,
    blocks: &Blocks<'_>,
    data: &Cid,
) -> Result<bool, VerifyError> {
    let prev_data = match scanned.prev_data {
        Some(link) => Reader::new(link).link_or_null()?,
        None => None,
    };
    let ops = ops::parse(scanned.ops)?;
    for cid in ops.iter().filter_map(|op| op.cid) {
        blocks.find(&cid).ok_or(VerifyError::MissingRecord)?;
    }
    let tree = Tree::read(blocks, data)?;
    let Some(prev_data) = prev_data else {
        tree.check(&ops)?;
        return Ok(false);
    };
    if tree.undo(&ops)?.root()? == prev_data {
        Ok(true)
    } else {
        Err(VerifyError::PrevDataMismatch)
    }
}

struct ScannedSync<'a> {
    did: &'a [u8],
    rev: &'a [u8],
    blocks: &'a [u8],
}

fn scan_sync(frame: &[u8]) -> Result<ScannedSync<'_>, VerifyError> {
    if frame.len() > FRAME_BYTES_MAX {
        return Err(FrameErrorKind::TooLong.into());
    }
    let mut reader = Reader::new(frame);
    let header = header(&mut reader)?;
    if header.op != 1 || header.t != Some("#sync") {
        return Err(VerifyError::OtherMessage);
    }
    let (mut did, mut rev, mut blocks) = (None, None, None);
    for _ in 0..reader.expect(major::MAP)? {
        let doubled = match reader.key()? {
            b"did" => did.replace(reader.key()?).is_some(),
            b"rev" => rev.replace(reader.key()?).is_some(),
            b"blocks" => blocks.replace(reader.bytes()?).is_some(),
            _ => {
                reader.skip()?;
                false
            }
        };
        if doubled {
            return Err(FrameErrorKind::DuplicateField.into());
        }
    }
    if !reader.rest().is_empty() {
        return Err(FrameErrorKind::TrailingBytes.into());
    }
    Ok(ScannedSync {
        did: did.ok_or(FrameErrorKind::MissingField)?,
        rev: rev.ok_or(FrameErrorKind::MissingField)?,
        blocks: blocks.ok_or(FrameErrorKind::MissingField)?,
    })
}
