//! Every message but `#commit`: rare, so decoded by ciborium into typed structs.

use super::car::Blocks;
use super::cid::Cid;
use super::error::{FrameError, FrameErrorKind as Kind};
use super::message::{Message, Micros};
use super::record::data_of_commit;
use super::scan::{Header, Reader, is_seq, seq_and_time};
use crate::syntax::{is_did, is_handle, is_tid, parse_datetime};
use crate::text::{is_status, shorten};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_bytes::ByteBuf;

/// Longest name of a kind, note or error that is kept, in characters.
pub(super) const NAME_CHARS_MAX: usize = 64;
/// Longest message for people that is kept, in characters.
pub(super) const MESSAGE_CHARS_MAX: usize = 256;
/// Deepest nesting that ciborium follows; what is known is flat.
const DEPTH_MAX: usize = 32;

/// Decodes a payload that is not a commit's.
pub(super) fn decode(header: &Header<'_>, payload: &[u8]) -> Result<Message, FrameError> {
    match (header.op, header.t) {
        (-1, _) => {
            let body: ErrorBody = typed(payload)?;
            let message = body.message.map(|text| shorten(&text, MESSAGE_CHARS_MAX));
            Ok(Message::Error {
                error: shorten(&body.error, NAME_CHARS_MAX),
                message,
            })
        }
        (1, None) => Err(Kind::BadHeader.into()),
        (1, Some("#info")) => {
            let body: InfoBody = typed(payload)?;
            let message = body.message.map(|text| shorten(&text, MESSAGE_CHARS_MAX));
            Ok(Message::Info {
                name: shorten(&body.name, NAME_CHARS_MAX),
                message,
            })
        }
        (1, Some("#sync")) => sync(payload),
        (1, Some("#identity")) => identity(payload),
        (1, Some("#account")) => account(payload),
        (1, Some(t)) => unknown(shorten(t, NAME_CHARS_MAX), payload),
        (op, _) => unknown(format!("op {op}"), payload),
    }
}

#[derive(Deserialize)]
struct ErrorBody {
    error: String,
    message: Option<String>,
}

#[derive(Deserialize)]
struct InfoBody {
    name: String,
    message: Option<String>,
}

#[derive(Deserialize)]
struct SyncBody {
    seq: u64,
    did: String,
    time: String,
    rev: String,
    blocks: ByteBuf,
}

fn sync(payload: &[u8]) -> Result<Message, FrameError> {
    let body: SyncBody = typed(payload)?;
    let about = About::new(body.seq, body.did, &body.time)?;
    if !is_tid(&body.rev) {
        return Err(about.into_error(Kind::BadRev));
    }
    let (data, commit_rev) = root_commit(&body.blocks);
    Ok(Message::Sync {
        seq: about.seq,
        did: about.did.into(),
        rev: body.rev,
        data,
        commit_rev,
        time: about.time,
    })
}

/// The root of the tree and the rev, if the CAR's root is a commit block that matches its CID.
/// Otherwise the repo must be read again anyway, and nothing is lost.
pub(super) fn root_commit(car: &[u8]) -> (Option<Cid>, Option<String>) {
    let read = || {
        let blocks = Blocks::parse(car).ok()?;
        let root = blocks.root()?;
        let block = blocks.find(&root).filter(|block| root.matches(block))?;
        let rev = typed(block).ok().map(|CommitBody { rev }| rev);
        Some((data_of_commit(block), rev.filter(|rev| is_tid(rev))))
    };
    read().unwrap_or_default()
}

#[derive(Deserialize)]
struct CommitBody {
    rev: String,
}

#[derive(Deserialize)]
struct IdentityBody {
    seq: u64,
    did: String,
    time: String,
    handle: Option<String>,
}

fn identity(payload: &[u8]) -> Result<Message, FrameError> {
    let body: IdentityBody = typed(payload)?;
    let about = About::new(body.seq, body.did, &body.time)?;
    let handle = body.handle.filter(|handle| is_handle(handle));
    Ok(Message::Identity {
        seq: about.seq,
        did: about.did.into(),
        handle,
        time: about.time,
    })
}

#[derive(Deserialize)]
struct AccountBody {
    seq: u64,
    did: String,
    time: String,
    active: bool,
    status: Option<String>,
}

fn account(payload: &[u8]) -> Result<Message, FrameError> {
    let body: AccountBody = typed(payload)?;
    let About { seq, did, time } = About::new(body.seq, body.did, &body.time)?;
    let status = body.status.filter(|status| is_status(status));
    Ok(Message::Account {
        seq,
        did: did.into(),
        active: body.active,
        status,
        time,
    })
}

/// A message of the future: its seq and time are read if they are where they always were.
fn unknown(kind: String, payload: &[u8]) -> Result<Message, FrameError> {
    let mut whole = Reader::new(payload);
    whole.skip()?;
    if !whole.rest().is_empty() {
        return Err(Kind::TrailingBytes.into());
    }
    let (seq, time) = seq_and_time(&mut Reader::new(payload)).unwrap_or_default();
    Ok(Message::Unknown { kind, seq, time })
}

/// What every message about an account has, checked.
struct About {
    seq: u64,
    did: String,
    time: Micros,
}

impl About {
    fn new(seq: u64, did: String, time: &str) -> Result<Self, FrameError> {
        if !is_seq(seq) {
            return Err(Kind::BadSeq.into());
        }
        let time = parse_datetime(time);
        let error = |kind| FrameError {
            kind,
            seq: Some(seq),
            time,
            did: None,
        };
        if !is_did(&did) {
            return Err(error(Kind::BadDid));
        }
        match time {
            Some(time) => Ok(Self { seq, did, time }),
            None => Err(FrameError {
                did: Some(did),
                ..error(Kind::BadTime)
            }),
        }
    }

    fn into_error(self, kind: Kind) -> FrameError {
        FrameError {
            kind,
            seq: Some(self.seq),
            time: Some(self.time),
            did: Some(self.did),
        }
    }
}

/// Reads a whole payload into a typed struct.
fn typed<T: DeserializeOwned>(payload: &[u8]) -> Result<T, FrameError> {
    use ciborium::de::Error;
    let mut rest = payload;
    let value = ciborium::de::from_reader_with_recursion_limit(&mut rest, DEPTH_MAX);
    let kind = match value {
        Ok(value) if rest.is_empty() => return Ok(value),
        Ok(_) => Kind::TrailingBytes,
        Err(Error::Io(_)) => Kind::Truncated,
        Err(Error::Syntax(_)) => Kind::NotCbor,
        Err(Error::Semantic(..)) => Kind::BadField,
        Err(Error::RecursionLimitExceeded) => Kind::TooDeep,
    };
    // The cursor can still move past the frame if the scan finds its seq.
    let (seq, time) = seq_and_time(&mut Reader::new(payload)).unwrap_or_default();
    Err(FrameError {
        kind,
        seq,
        time,
        did: None,
    })
}
