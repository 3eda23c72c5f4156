//! The ops of a commit, read strictly, whatever their collection.

use super::VerifyError;
use crate::wire::scan::{Reader, major};
use crate::wire::{Action, Cid};

/// One record created, updated or deleted.
#[derive(Clone, Copy)]
pub(super) struct Op<'a> {
    pub(super) action: Action,
    /// `collection/rkey`, the record's key in the tree.
    pub(super) path: &'a [u8],
    /// The record; `None` exactly for deletions.
    pub(super) cid: Option<Cid>,
    /// The record before; `None` for creations, and where the host does not say.
    pub(super) prev: Option<Cid>,
}

/// Reads the ops, ordered by path; each path is there once.
pub(super) fn parse(mut reader: Reader<'_>) -> Result<Vec<Op<'_>>, VerifyError> {
    // The scan has walked over the array already, and its count is within bounds.
    let count = reader.expect(major::ARRAY)?;
    let mut ops = (0..count)
        .map(|_| op(&mut reader))
        .collect::<Result<Vec<_>, _>>()?;
    ops.sort_unstable_by_key(|op| op.path);
    if ops.windows(2).any(|pair| pair[0].path == pair[1].path) {
        return Err(VerifyError::DuplicateOp);
    }
    Ok(ops)
}

fn op<'a>(reader: &mut Reader<'a>) -> Result<Op<'a>, VerifyError> {
    let (mut action, mut path, mut cid, mut prev) = (None, None, None, None);
    for _ in 0..reader.expect(major::MAP)? {
        let doubled = match reader.key()? {
            b"action" => action.replace(reader.key()?).is_some(),
            b"path" => path.replace(reader.key()?).is_some(),
            b"cid" => cid.replace(reader.link_or_null()?).is_some(),
            b"prev" => prev.replace(reader.link_or_null()?).is_some(),
            _ => {
                reader.skip()?;
                false
            }
        };
        if doubled {
            return Err(VerifyError::BadOp);
        }
    }
    let (Some(action), Some(path), Some(cid)) = (action, path, cid) else {
        return Err(VerifyError::BadOp);
    };
    let (action, as_it_should) = match action {
        b"create" => (Action::Create, cid.is_some() && prev.flatten().is_none()),
        b"update" => (Action::Update, cid.is_some()),
        b"delete" => (Action::Delete, cid.is_none()),
        _ => return Err(VerifyError::BadOp),
    };
    if !as_it_should {
        return Err(VerifyError::BadOp);
    }
    Ok(Op {
        action,
        path,
        cid,
        prev: prev.flatten(),
    })
}
