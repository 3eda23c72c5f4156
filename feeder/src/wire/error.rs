//! What can be wrong with a frame.

use super::car::CarError;
use super::message::Micros;

/// A frame that could not be decoded, with what could still be read of it.
///
/// The reader counts it by [`FrameError::reason`] and moves on; `seq` lets it move its cursor
/// past the frame, `did` whom to repair.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("frame{}: {kind}", .seq.map(|seq| format!(" with seq {seq}")).unwrap_or_default())]
pub struct FrameError {
    /// What is wrong.
    pub kind: FrameErrorKind,
    /// The frame's seq, if the scan got that far.
    pub seq: Option<u64>,
    /// The frame's time, if the scan got that far.
    pub time: Option<Micros>,
    /// The account it is about, if the scan got that far and the DID is valid.
    pub did: Option<String>,
}

/// The ways in which a frame can be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameErrorKind {
    /// Longer than [`super::FRAME_BYTES_MAX`].
    #[error("longer than 5,000,000 bytes")]
    TooLong,
    /// The bytes end within a value.
    #[error("the bytes end within a value")]
    Truncated,
    /// A byte that begins no DAG-CBOR value, or an item of indefinite length.
    #[error("not DAG-CBOR")]
    NotCbor,
    /// Not JSON, although it begins like a Jetstream's line.
    #[error("not JSON")]
    NotJson,
    /// Lines of a Jetstream that are not the ops of one commit.
    #[error("the lines are not the ops of one commit")]
    NotOneCommit,
    /// Nested deeper than any frame needs.
    #[error("nested too deeply")]
    TooDeep,
    /// Text that is used and is not UTF-8.
    #[error("text is not UTF-8")]
    BadText,
    /// Bytes follow the payload. The reference implementation refuses such frames too.
    #[error("bytes follow the payload")]
    TrailingBytes,
    /// The header has no `op`, or no `t` where one is needed.
    #[error("the header is not a frame header")]
    BadHeader,
    /// The payload is not a map with text keys, or one of its fields has the wrong type.
    #[error("a field of the payload has the wrong type")]
    BadField,
    /// A field is there twice, so that two readers may see different frames.
    #[error("a field is there twice")]
    DuplicateField,
    /// A field that is needed is not there.
    #[error("a field that is needed is not there")]
    MissingField,
    /// `seq` is not in 1..=2^53.
    #[error("seq is not in 1..=2^53")]
    BadSeq,
    /// `time` is not a datetime.
    #[error("time is not a datetime")]
    BadTime,
    /// `repo` or `did` is not a DID.
    #[error("the account is not a DID")]
    BadDid,
    /// `rev` is not a TID.
    #[error("rev is not a TID")]
    BadRev,
    /// A link is not a CID of the shape that repos use.
    #[error("a link is not a CID that repos use")]
    BadCid,
    /// More ops than a commit may have.
    #[error("more ops than a commit may have")]
    TooManyOps,
    /// `blocks` is not a CAR.
    #[error("blocks: {0}")]
    BadCar(#[from] CarError),
    /// The commit's own block is not in `blocks`.
    #[error("the commit block is missing")]
    MissingCommitBlock,
    /// The commit's own block does not hash to its CID.
    #[error("the commit block does not match its CID")]
    CidMismatch,
    /// The commit's own block is not a commit.
    #[error("the commit block is not a commit")]
    BadCommitBlock,
}

impl FrameErrorKind {
    /// A stable, short name for counters and status.
    pub fn reason(self) -> &'static str {
        match self {
            Self::TooLong => "too_long",
            Self::Truncated => "truncated",
            Self::NotCbor => "not_cbor",
            Self::NotJson => "not_json",
            Self::NotOneCommit => "not_one_commit",
            Self::TooDeep => "too_deep",
            Self::BadText => "bad_text",
            Self::TrailingBytes => "trailing_bytes",
            Self::BadHeader => "bad_header",
            Self::BadField => "bad_field",
            Self::DuplicateField => "duplicate_field",
            Self::MissingField => "missing_field",
            Self::BadSeq => "bad_seq",
            Self::BadTime => "bad_time",
            Self::BadDid => "bad_did",
            Self::BadRev => "bad_rev",
            Self::BadCid => "bad_cid",
            Self::TooManyOps => "too_many_ops",
            Self::BadCar(_) => "bad_car",
            Self::MissingCommitBlock => "missing_commit_block",
            Self::CidMismatch => "cid_mismatch",
            Self::BadCommitBlock => "bad_commit_block",
        }
    }
}

impl FrameError {
    /// The stable, short name of [`FrameErrorKind::reason`].
    pub fn reason(&self) -> &'static str {
        self.kind.reason()
    }
}

impl From<FrameErrorKind> for FrameError {
    fn from(kind: FrameErrorKind) -> Self {
        Self {
            kind,
            seq: None,
            time: None,
            did: None,
        }
    }
}
