//! `#commit`: the scan that decides, and the reading of what is wanted.

use super::FRAME_BYTES_MAX;
use super::car::Blocks;
use super::cid::Cid;
use super::error::{FrameError, FrameErrorKind as Kind};
use super::jetstream;
use super::message::{
    Action, Collection, Commit, Decoded, Interest, Message, Micros, Op, Ops, Touches,
};
use super::other;
use super::record::{BadRecord, Records, data_of_commit};
use super::scan::{Reader, header, major};
use super::usual;
use crate::syntax::{is_did, is_record_key, is_tid, parse_datetime_bytes};

/// Most ops that a commit may have: ten times what the specification allows.
pub(super) const OPS_MAX: u64 = 2_000;

/// Decodes one frame, of the firehose or of a Jetstream; asks `interest` about commits, and reads the blocks of those it wants.
///
/// Bytes behind the payload are an error, as in the reference implementation.
///
/// # Errors
/// Anything that makes the frame unusable as a whole, with what could still be read of it. A
/// record that is unusable is an error of its op only. No error means that reading should stop.
pub fn decode<I: Interest + ?Sized>(frame: &[u8], interest: &I) -> Result<Decoded, FrameError> {
    if frame.len() > FRAME_BYTES_MAX {
        return Err(Kind::TooLong.into());
    }
    if jetstream::is_jetstream(frame) {
        return jetstream::decode(frame, interest);
    }
    let mut reader = Reader::new(frame);
    let header = header(&mut reader)?;
    if header.op != 1 || header.t != Some("#commit") {
        return other::decode(&header, reader.rest()).map(Decoded::Message);
    }
    let commit = scan(&mut reader)?;
    if interest.wants(commit.repo, commit.touches) {
        return read(&commit).map(|commit| Decoded::Message(Message::Commit(commit)));
    }
    Ok(Decoded::Passed {
        seq: commit.seq,
        time: commit.time,
        likes: commit.likes,
        reposts: commit.reposts,
    })
}

/// A commit's payload as the scan sees it, borrowed from the frame.
pub(crate) struct Scanned<'a> {
    pub(super) seq: u64,
    /// Text, not yet known to be a DID.
    pub(crate) repo: &'a str,
    pub(super) time: Option<Micros>,
    pub(super) touches: Touches,
    pub(super) likes: u32,
    pub(super) reposts: u32,
    /// Stands at the array of ops, which is well-formed.
    pub(crate) ops: Reader<'a>,
    /// Not yet known to be UTF-8.
    pub(crate) rev: Option<&'a [u8]>,
    pub(super) since: Option<&'a [u8]>,
    /// One value of any type.
    pub(crate) commit: Option<&'a [u8]>,
    /// One value of any type.
    pub(crate) prev_data: Option<&'a [u8]>,
    /// The CAR.
    pub(crate) blocks: Option<&'a [u8]>,
    /// The host left the blocks out.
    pub(crate) too_big: bool,
}

#[cfg(test)]
impl Scanned<'_> {
    /// Everything, to be compared.
    pub(super) fn as_told(&self) -> String {
        format!(
            "{:?} {:?}",
            (self.seq, self.repo, self.time, self.touches, self.likes),
            (
                self.reposts,
                self.ops.rest(),
                self.rev,
                self.since,
                self.commit,
                self.prev_data,
                self.blocks,
                self.too_big,
            )
        )
    }
}

/// Walks a whole frame; `None` if it is no commit's.
pub(crate) fn scan_frame(frame: &[u8]) -> Result<Option<Scanned<'_>>, Kind> {
    if frame.len() > FRAME_BYTES_MAX {
        return Err(Kind::TooLong);
    }
    let mut reader = Reader::new(frame);
    let header = header(&mut reader)?;
    if header.op != 1 || header.t != Some("#commit") {
        return Ok(None);
    }
    scan(&mut reader).map(Some)
}

/// Walks the payload, to its end.
fn scan<'a>(reader: &mut Reader<'a>) -> Result<Scanned<'a>, Kind> {
    match usual::scan(reader.rest()) {
        Some(scanned) => Ok(scanned),
        None => scan_in_any_order(reader),
    }
}

/// Walks the payload once, in whatever order its fields come.
pub(super) fn scan_in_any_order<'a>(reader: &mut Reader<'a>) -> Result<Scanned<'a>, Kind> {
    let (mut seq, mut repo, mut time, mut rev, mut since) = (None, None, None, None, None);
    let (mut commit, mut prev_data, mut blocks, mut ops) = (None, None, None, None);
    let mut too_big = None;
    for _ in 0..reader.expect(major::MAP)? {
        let doubled = match reader.key()? {
            b"ops" => ops.replace(scan_ops(reader)?).is_some(),
            b"rev" => rev.replace(reader.key()?).is_some(),
            b"seq" => seq.replace(reader.seq()?).is_some(),
            b"repo" => repo.replace(reader.text()?).is_some(),
            b"time" => time.replace(reader.key()?).is_some(),
            b"since" => since.replace(reader.text_or_null()?).is_some(),
            b"blocks" => blocks.replace(reader.bytes()?).is_some(),
            b"commit" => commit.replace(reader.skip()?).is_some(),
            b"tooBig" => too_big.replace(reader.boolean()?).is_some(),
            b"prevData" => prev_data.replace(reader.skip()?).is_some(),
            _ => {
                reader.skip()?;
                false
            }
        };
        if doubled {
            return Err(Kind::DuplicateField);
        }
    }
    if !reader.rest().is_empty() {
        return Err(Kind::TrailingBytes);
    }
    let ops = ops.ok_or(Kind::MissingField)?;
    Ok(Scanned {
        seq: seq.ok_or(Kind::MissingField)?,
        repo: repo.ok_or(Kind::MissingField)?,
        time: time.and_then(parse_datetime_bytes),
        touches: ops.touches,
        likes: ops.likes,
        reposts: ops.reposts,
        ops: ops.reader,
        rev,
        since: since.flatten(),
        commit,
        prev_data,
        blocks,
        too_big: too_big.unwrap_or(false),
    })
}

/// The ops as the scan sees them, and where they begin.
pub(super) struct ScannedOps<'a> {
    pub(super) reader: Reader<'a>,
    pub(super) touches: Touches,
    pub(super) likes: u32,
    pub(super) reposts: u32,
}

impl<'a> ScannedOps<'a> {
    pub(super) fn starting(reader: Reader<'a>) -> Self {
        Self {
            reader,
            touches: Touches::default(),
            likes: 0,
            reposts: 0,
        }
    }

    /// One more op.
    #[inline]
    pub(super) fn note(&mut self, action: Option<Action>, collection: Collection) {
        let touches = match action {
            Some(action) => Touches::of(collection, action),
            None => Touches::OTHER,
        };
        self.likes += u32::from(touches == Touches::LIKE_CREATED);
        self.reposts += u32::from(touches == Touches::REPOST_CREATED);
        self.touches = self.touches.union(touches);
    }
}

fn scan_ops<'a>(reader: &mut Reader<'a>) -> Result<ScannedOps<'a>, Kind> {
    let mut ops = ScannedOps::starting(*reader);
    for _ in 0..count_ops(reader)? {
        let op = scan_op(reader)?;
        ops.note(op.action, op.collection);
    }
    Ok(ops)
}

fn count_ops(reader: &mut Reader<'_>) -> Result<u64, Kind> {
    let count = reader.expect(major::ARRAY)?;
    if count > OPS_MAX {
        Err(Kind::TooManyOps)
    } else {
        Ok(count)
    }
}

/// One op, borrowed from the frame.
struct ScannedOp<'a> {
    /// `None` for an action of the future.
    action: Option<Action>,
    collection: Collection,
    /// Not known to be a record key, or even text.
    rkey: &'a [u8],
    cid: Option<&'a [u8]>,
}

#[inline]
fn scan_op<'a>(reader: &mut Reader<'a>) -> Result<ScannedOp<'a>, Kind> {
    let (mut action, mut path, mut cid) = (None, None, None);
    for _ in 0..reader.expect(major::MAP)? {
        let doubled = match reader.key()? {
            b"cid" => cid.replace(reader.skip()?).is_some(),
            b"path" => path.replace(reader.key()?).is_some(),
            b"action" => action.replace(reader.key()?).is_some(),
            _ => {
                reader.skip()?;
                false
            }
        };
        if doubled {
            return Err(Kind::DuplicateField);
        }
    }
    let (collection, rkey) = split_path(path.ok_or(Kind::MissingField)?);
    let action = match action.ok_or(Kind::MissingField)? {
        b"create" => Some(Action::Create),
        b"update" => Some(Action::Update),
        b"delete" => Some(Action::Delete),
        _ => None,
    };
    Ok(ScannedOp {
        action,
        collection,
        rkey,
        cid,
    })
}

/// Splits `collection/rkey`; of other collections there is no need to know the key.
#[inline]
pub(super) fn split_path(path: &[u8]) -> (Collection, &[u8]) {
    let known = |prefix: &[u8], collection| Some((collection, path.strip_prefix(prefix)?));
    known(b"app.bsky.feed.like/", Collection::Like)
        .or_else(|| known(b"app.bsky.feed.repost/", Collection::Repost))
        .or_else(|| known(b"app.bsky.graph.follow/", Collection::Follow))
        .or_else(|| known(b"app.bsky.graph.block/", Collection::Block))
        .unwrap_or((Collection::Other, b""))
}

/// Reads a commit in full; an error says whose it was.
fn read(scanned: &Scanned<'_>) -> Result<Commit, FrameError> {
    read_fields(scanned).map_err(|kind| FrameError {
        kind,
        seq: Some(scanned.seq),
        time: scanned.time,
        did: is_did(scanned.repo).then(|| scanned.repo.to_owned()),
    })
}

fn read_fields(scanned: &Scanned<'_>) -> Result<Commit, Kind> {
    if !is_did(scanned.repo) {
        return Err(Kind::BadDid);
    }
    let rev = text(scanned.rev.ok_or(Kind::MissingField)?)?;
    if !is_tid(rev) {
        return Err(Kind::BadRev);
    }
    let commit = Reader::new(scanned.commit.ok_or(Kind::MissingField)?).link()?;
    let prev_data = match scanned.prev_data {
        Some(link) => Reader::new(link).link_or_null()?,
        None => None,
    };
    let car = scanned
        .blocks
        .filter(|car| !(scanned.too_big && car.is_empty()));
    let blocks = car.map(Blocks::parse).transpose()?;
    Ok(Commit {
        seq: scanned.seq,
        repo: scanned.repo.into(),
        rev: rev.into(),
        since: scanned.since.map(text).transpose()?.map(Into::into),
        time: scanned.time.ok_or(Kind::BadTime)?,
        commit: Some(commit),
        data: read_data(blocks.as_ref(), &commit, scanned.too_big)?,
        prev_data,
        chained: true,
        too_big: scanned.too_big,
        ops: read_ops(scanned.ops, blocks.as_ref(), car.map_or(0, <[u8]>::len))?,
    })
}

fn text(bytes: &[u8]) -> Result<&str, Kind> {
    std::str::from_utf8(bytes).map_err(|_| Kind::BadText)
}

/// Reads the root of the tree; only a commit that says `tooBig` may lack it.
fn read_data(
    blocks: Option<&Blocks<'_>>,
    commit: &Cid,
    too_big: bool,
) -> Result<Option<Cid>, Kind> {
    match blocks.and_then(|blocks| blocks.find(commit)) {
        Some(block) if !commit.matches(block) => Err(Kind::CidMismatch),
        Some(block) => data_of_commit(block).map(Some).ok_or(Kind::BadCommitBlock),
        None if too_big => Ok(None),
        None => Err(Kind::MissingCommitBlock),
    }
}

/// `room`: bytes of the CAR.
fn read_ops(mut reader: Reader<'_>, blocks: Option<&Blocks<'_>>, room: usize) -> Result<Ops, Kind> {
    let count = count_ops(&mut reader)?;
    let (mut ops, mut records) = (Ops::new(), Records::new(blocks, room, count));
    for index in 0..u32::try_from(count).map_err(|_| Kind::TooManyOps)? {
        let op = scan_op(&mut reader)?;
        if let Some(op) = read_op(index, &op, &mut records) {
            ops.push(op);
        }
    }
    Ok(ops)
}

/// Reads one op; `None` if it is not about a collection that Kith knows, does something that
/// Kith does not know, or deletes under a key that no record can have.
fn read_op(index: u32, op: &ScannedOp<'_>, records: &mut Records<'_>) -> Option<Op> {
    let collection = op.collection;
    let action = op.action.filter(|_| collection != Collection::Other)?;
    let rkey = std::str::from_utf8(op.rkey)
        .ok()
        .filter(|rkey| is_record_key(rkey));
    if action == Action::Delete {
        let rkey = rkey?.into();
        return Some(Op {
            index,
            action,
            collection,
            rkey,
            cid: None,
            record: None,
        });
    }
    let cid = op.cid.and_then(|link| Reader::new(link).link().ok());
    let record = match (rkey, cid) {
        (None, _) => Err(BadRecord::BadPath),
        (_, None) => Err(BadRecord::NoCid),
        (_, Some(cid)) => records.read(collection, cid),
    };
    let rkey = rkey.unwrap_or_default().into();
    Some(Op {
        index,
        action,
        collection,
        rkey,
        cid,
        record: Some(record),
    })
}
