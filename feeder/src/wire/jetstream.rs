//! Jetstream's JSON, read into the same [`Message`]s as the firehose's frames.
//!
//! Jetstream serves every op of a commit as an event of its own, with the same DID and rev. The
//! source joins those of one commit by newlines: *a frame of Jetstream is one or more lines of
//! JSON, and if there are several they are the ops of one commit*. Its first byte is `{`, with
//! which no frame of the firehose begins, so both can lie in one file.
//!
//! Two shapes of line are read (source: `bluesky-social/jetstream`, its README and the lexicon
//! `network.bsky.jetstream.subscribeEvents`):
//!
//! - v1: `{did, time_us, kind, commit | identity | account}`; the cursor is `time_us`.
//! - v2: `{"$type": "message", "payload": {"$type": "…#commit", seq, did, time, …}}`; the cursor
//!   is `seq`. Errors are `{"$type": "error", error, message}`.
//!
//! What Jetstream does not pass on cannot be checked: there is no commit block, no signature, no
//! tree, and records come without the bytes that their CIDs are made of. Such a commit is not
//! [`Commit::chained`].
//!
//! Records are kept as raw text until [`Interest`] wants them. Nesting costs no stack: what is
//! not read is stepped over without recursion, and what is read is flat.

mod line;

use super::FRAME_BYTES_MAX;
use super::cid::Cid;
use super::commit::OPS_MAX;
use super::error::{FrameError, FrameErrorKind as Kind};
use super::message::{Action, Collection, Commit, Decoded, Interest, Message, Op, Touches};
use super::other::{MESSAGE_CHARS_MAX, NAME_CHARS_MAX, root_commit};
use super::record::{BadRecord, decode_json_record};
use super::scan::Peek;
use crate::syntax::{is_did, is_handle, is_record_key, is_tid};
use crate::text::{is_status, shorten};
use line::{Detail, Event, Note, RawOp, What, event};
use std::borrow::Cow;

/// Whether these are Jetstream's bytes: the first is `{`. In CBOR that is the head of a text,
/// and every frame of the firehose begins with a map.
pub(crate) fn is_jetstream(frame: &[u8]) -> bool {
    frame.first() == Some(&b'{')
}

/// Decodes a frame of one or more lines.
pub(super) fn decode<I: Interest + ?Sized>(
    frame: &[u8],
    interest: &I,
) -> Result<Decoded, FrameError> {
    let events = events(frame)?;
    let Some((first, others)) = events.split_first() else {
        return Err(Kind::NotJson.into());
    };
    if let What::Op(op) = &first.what {
        return commit(first, op, &events, interest);
    }
    if !others.is_empty() {
        return Err(first.error(Kind::NotOneCommit));
    }
    message(first).map(Decoded::Message)
}

/// Reads the cursor and the time of a frame: of several lines the highest.
pub(super) fn peek(frame: &[u8]) -> Result<Peek, Kind> {
    let events = events(frame).map_err(|error| error.kind)?;
    Ok(Peek {
        is_error: matches!(events.first(), Some(event) if matches!(event.what, What::Error(_))),
        seq: events.iter().filter_map(|event| event.cursor).max(),
        time: events.iter().filter_map(|event| event.time).max(),
    })
}

/// What one line is about.
pub(crate) struct Subject<'a> {
    /// The account, not known to be a DID; empty where there is none.
    pub(crate) did: Cow<'a, str>,
    /// The rev of the commit if the line is an op.
    pub(crate) rev: Option<Cow<'a, str>>,
    /// The line's cursor.
    pub(crate) cursor: Option<u64>,
}

/// Reads what one line is about.
pub(crate) fn subject(line: &str) -> Result<Subject<'_>, Kind> {
    let event = event(line).map_err(|error| error.kind)?;
    let rev = match event.what {
        What::Op(op) => Some(op.rev),
        _ => None,
    };
    Ok(Subject {
        did: event.did,
        rev,
        cursor: event.cursor,
    })
}

/// The lines of a frame, read as far as their records.
fn events(frame: &[u8]) -> Result<Vec<Event<'_>>, FrameError> {
    if frame.len() > FRAME_BYTES_MAX {
        return Err(Kind::TooLong.into());
    }
    let text = std::str::from_utf8(frame).map_err(|_| Kind::BadText)?;
    let mut events = Vec::with_capacity(1);
    for line in text.split('\n') {
        if events.len() as u64 >= OPS_MAX {
            return Err(Kind::TooManyOps.into());
        }
        events.push(event(line)?);
    }
    Ok(events)
}

/// Puts the ops of one commit together, and asks whether they are wanted before reading them.
fn commit<I: Interest + ?Sized>(
    first: &Event<'_>,
    head: &RawOp<'_>,
    events: &[Event<'_>],
    interest: &I,
) -> Result<Decoded, FrameError> {
    let mut touches = Touches::default();
    let (mut likes, mut reposts) = (0, 0);
    let mut ops = Vec::with_capacity(events.len());
    for event in events {
        let What::Op(op) = &event.what else {
            return Err(first.error(Kind::NotOneCommit));
        };
        if event.did != first.did || op.rev != head.rev {
            return Err(first.error(Kind::NotOneCommit));
        }
        let one = op
            .action
            .map_or(Touches::OTHER, |action| Touches::of(op.collection, action));
        likes += u32::from(one == Touches::LIKE_CREATED);
        reposts += u32::from(one == Touches::REPOST_CREATED);
        touches = touches.union(one);
        ops.push(op);
    }
    let seq = events.iter().filter_map(|event| event.cursor).max();
    let seq = seq.ok_or_else(|| first.error(Kind::MissingField))?;
    let time = events.iter().filter_map(|event| event.time).max();
    if !interest.wants(&first.did, touches) {
        return Ok(Decoded::Passed {
            seq,
            time,
            likes,
            reposts,
        });
    }
    let whole = Event {
        cursor: Some(seq),
        time,
        did: first.did.clone(),
        what: What::Unknown(Cow::Borrowed("")),
    };
    if !is_did(&first.did) {
        return Err(whole.error(Kind::BadDid));
    }
    if !is_tid(&head.rev) {
        return Err(whole.error(Kind::BadRev));
    }
    Ok(Decoded::Message(Message::Commit(Commit {
        seq,
        repo: first.did.as_ref().into(),
        rev: head.rev.as_ref().into(),
        since: None,
        time: time.ok_or_else(|| whole.error(Kind::BadTime))?,
        commit: None,
        data: None,
        prev_data: None,
        chained: false,
        too_big: false,
        ops: (0..)
            .zip(ops)
            .filter_map(|(i, op)| read_op(i, op))
            .collect(),
    })))
}

/// Reads one op, by the same rules as the ops of a firehose frame.
fn read_op(index: u32, op: &RawOp<'_>) -> Option<Op> {
    let collection = op.collection;
    let action = op.action.filter(|_| collection != Collection::Other)?;
    let rkey = Some(&*op.rkey).filter(|rkey| is_record_key(rkey));
    if action == Action::Delete {
        return Some(Op {
            index,
            action,
            collection,
            rkey: rkey?.into(),
            cid: None,
            record: None,
        });
    }
    let cid = op.cid.as_deref().and_then(|cid| Cid::parse(cid).ok());
    let record = match (rkey, cid, op.record) {
        (None, ..) => Err(BadRecord::BadPath),
        (_, None, _) => Err(BadRecord::NoCid),
        (_, _, None) => Err(BadRecord::MissingBlock),
        (_, _, Some(record)) => decode_json_record(collection, record.get()),
    };
    Some(Op {
        index,
        action,
        collection,
        rkey: rkey.unwrap_or_default().into(),
        cid,
        record: Some(record),
    })
}

/// Everything that is not an op.
fn message(event: &Event<'_>) -> Result<Message, FrameError> {
    let shortened = |note: &Note<'_>| {
        let text = note.message.as_deref();
        let text = text.map(|text| shorten(text, MESSAGE_CHARS_MAX));
        (shorten(&note.name, NAME_CHARS_MAX), text)
    };
    match &event.what {
        What::Info(note) => {
            let (name, message) = shortened(note);
            Ok(Message::Info { name, message })
        }
        What::Error(note) => {
            let (error, message) = shortened(note);
            Ok(Message::Error { error, message })
        }
        What::Unknown(kind) => Ok(Message::Unknown {
            kind: shorten(kind, NAME_CHARS_MAX),
            seq: event.cursor,
            time: event.time,
        }),
        What::Op(_) => Err(event.error(Kind::NotOneCommit)),
        What::Identity(detail) | What::Account(detail) | What::Sync(detail) => about(event, detail),
    }
}

/// A message about an account.
fn about(event: &Event<'_>, detail: &Detail<'_>) -> Result<Message, FrameError> {
    let seq = event
        .cursor
        .ok_or_else(|| event.error(Kind::MissingField))?;
    if !is_did(&event.did) {
        return Err(event.error(Kind::BadDid));
    }
    let time = event.time.ok_or_else(|| event.error(Kind::BadTime))?;
    let did = event.did.as_ref().into();
    let text =
        |text: &Option<line::Text<'_>>| text.as_ref().map(|text| text.0.clone().into_owned());
    Ok(match &event.what {
        What::Account(_) => Message::Account {
            seq,
            did,
            active: detail
                .active
                .ok_or_else(|| event.error(Kind::MissingField))?,
            status: text(&detail.status).filter(|status| is_status(status)),
            time,
        },
        What::Sync(_) => {
            let rev = text(&detail.rev).ok_or_else(|| event.error(Kind::MissingField))?;
            if !is_tid(&rev) {
                return Err(event.error(Kind::BadRev));
            }
            let car = detail.blocks.as_ref().and_then(line::Blob::bytes);
            let (data, commit_rev) = car.map(|car| root_commit(&car)).unwrap_or_default();
            Message::Sync {
                seq,
                did,
                rev,
                data,
                commit_rev,
                time,
            }
        }
        _ => Message::Identity {
            seq,
            did,
            handle: text(&detail.handle).filter(|handle| is_handle(handle)),
            time,
        },
    })
}
