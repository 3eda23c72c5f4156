//! Why a frame could not be verified.

use crate::wire::{CarError, FrameErrorKind};

/// What was found wrong with a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// The frame itself cannot be read.
    #[error("the frame: {0}")]
    Frame(#[from] FrameErrorKind),
    /// The frame is another kind of message.
    #[error("the frame is another kind of message")]
    OtherMessage,
    /// The host left the blocks out: the repo must be fetched.
    #[error("the blocks are left out")]
    TooBig,
    /// `blocks` is not a CAR.
    #[error("blocks: {0}")]
    BadCar(#[from] CarError),
    /// A block's CID is not of the shape that repos use.
    #[error("a block's CID is not one that repos use")]
    BadBlockCid,
    /// A block does not hash to its CID.
    #[error("a block does not match its CID")]
    BlockMismatch,
    /// The CAR's root is not the commit that the frame names.
    #[error("the root of the blocks is not the commit")]
    WrongRoot,
    /// The commit's own block is not there.
    #[error("the commit block is missing")]
    MissingCommitBlock,
    /// The commit's own block is not a commit of version 3, written as DAG-CBOR writes it.
    #[error("the commit block is not a commit")]
    BadCommitBlock,
    /// The commit block is another account's.
    #[error("the commit block is another account's")]
    WrongDid,
    /// The commit block's rev is not the frame's.
    #[error("the commit block has another rev")]
    WrongRev,
    /// The signature is not the key's, not 64 bytes long, or not in its low-S form. All else is
    /// right: the key may be an old one.
    #[error("the signature is not the account's")]
    BadSignature,
    /// A node of the tree breaks the rules of trees: order, depth, or how it is written.
    #[error("the tree breaks the rules of trees")]
    BadTree,
    /// The blocks hold too little of the tree to say what the ops did.
    #[error("the blocks hold too little of the tree")]
    IncompleteTree,
    /// The blocks hold more of the tree than a commit needs.
    #[error("the blocks hold more of the tree than a commit needs")]
    TreeTooLarge,
    /// An op is not one: its action, path, `cid` or `prev` is missing, odd, or out of place.
    #[error("an op is not well-formed")]
    BadOp,
    /// Two ops are about the same record.
    #[error("two ops are about the same record")]
    DuplicateOp,
    /// An update or deletion does not say what was there before.
    #[error("an op does not say what was there before")]
    MissingPrev,
    /// The tree does not have what an op says it put there, or still has what it took away.
    #[error("an op says something else than the tree")]
    OpMismatch,
    /// The block of a created or updated record is not there.
    #[error("a record's block is missing")]
    MissingRecord,
    /// The tree before is not the one that the ops lead back to.
    #[error("the ops do not lead back to prevData")]
    PrevDataMismatch,
}

impl VerifyError {
    /// A stable, short name for counters and status.
    pub fn reason(self) -> &'static str {
        match self {
            Self::Frame(kind) => kind.reason(),
            Self::OtherMessage => "other_message",
            Self::TooBig => "too_big",
            Self::BadCar(_) => "bad_car",
            Self::BadBlockCid => "bad_block_cid",
            Self::BlockMismatch => "block_mismatch",
            Self::WrongRoot => "wrong_root",
            Self::MissingCommitBlock => "missing_commit_block",
            Self::BadCommitBlock => "bad_commit_block",
            Self::WrongDid => "wrong_did",
            Self::WrongRev => "wrong_rev",
            Self::BadSignature => "bad_signature",
            Self::BadTree => "bad_tree",
            Self::IncompleteTree => "incomplete_tree",
            Self::TreeTooLarge => "tree_too_large",
            Self::BadOp => "bad_op",
            Self::DuplicateOp => "duplicate_op",
            Self::MissingPrev => "missing_prev",
            Self::OpMismatch => "op_mismatch",
            Self::MissingRecord => "missing_record",
            Self::PrevDataMismatch => "prev_data_mismatch",
        }
    }
}
