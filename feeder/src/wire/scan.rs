//! The scanner: a bounds-checked walk over definite-length DAG-CBOR that allocates nothing.
//!
//! It borrows what it is asked for and steps over the rest. It is stricter than CBOR (no
//! indefinite lengths) and more lenient than DAG-CBOR (it does not insist on shortest lengths,
//! on the order of keys, or on UTF-8 in text that nobody reads).

use super::FRAME_BYTES_MAX;
use super::cid::{CID_BYTES, Cid};
use super::error::FrameErrorKind as Kind;
use super::jetstream;
use super::message::Micros;
use crate::syntax::parse_datetime_bytes;

/// Deepest nesting that is stepped over. Frames need four levels; the rest is room for the future.
const DEPTH_MAX: u32 = 32;
/// Largest seq: JavaScript's safe integers, by the specification.
const SEQ_MAX: u64 = 1 << 53;

/// The major types of CBOR.
pub(crate) mod major {
    pub(crate) const UNSIGNED: u8 = 0;
    pub(crate) const NEGATIVE: u8 = 1;
    pub(crate) const BYTES: u8 = 2;
    pub(crate) const TEXT: u8 = 3;
    pub(crate) const ARRAY: u8 = 4;
    pub(crate) const MAP: u8 = 5;
    pub(crate) const TAG: u8 = 6;
    pub(crate) const SIMPLE: u8 = 7;
}
const FALSE: u64 = 20;
const TRUE: u64 = 21;
pub(super) const NULL: u8 = 0xf6;
/// The tag of a link.
pub(crate) const TAG_CID: u64 = 42;
/// How every link begins, up to the CID: tag 42, a byte string of 37 bytes, a zero.
pub(super) const LINK_PREFIX: &[u8] = &[0xd8, 42, 0x58, 37, 0];
/// Length of a whole link, in bytes.
pub(super) const LINK_BYTES: usize = LINK_PREFIX.len() + CID_BYTES;

/// A position in bytes, moving forward value by value.
#[derive(Clone, Copy)]
pub(crate) struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

/// The first byte of a value and the number behind it: its value, length, count or tag.
#[derive(Clone, Copy)]
pub(super) struct Head {
    pub(super) major: u8,
    pub(super) argument: u64,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// What has not been read yet.
    pub(crate) fn rest(&self) -> &'a [u8] {
        &self.bytes[self.at..]
    }

    /// Reads the beginning of the next value.
    #[inline]
    pub(super) fn head(&mut self) -> Result<Head, Kind> {
        let first = *self.bytes.get(self.at).ok_or(Kind::Truncated)?;
        self.at += 1;
        let argument = match first & 0x1f {
            small @ 0..=23 => u64::from(small),
            24 => u64::from(self.array::<1>()?[0]),
            25 => u64::from(u16::from_be_bytes(self.array()?)),
            26 => u64::from(u32::from_be_bytes(self.array()?)),
            27 => u64::from_be_bytes(self.array()?),
            _ => return Err(Kind::NotCbor),
        };
        Ok(Head {
            major: first >> 5,
            argument,
        })
    }

    #[inline]
    fn array<const N: usize>(&mut self) -> Result<[u8; N], Kind> {
        let array = self.rest().first_chunk().ok_or(Kind::Truncated)?;
        self.at += N;
        Ok(*array)
    }

    #[inline]
    fn take(&mut self, length: u64) -> Result<&'a [u8], Kind> {
        let rest = self.rest();
        let length = usize::try_from(length).map_err(|_| Kind::Truncated)?;
        let taken = rest.get(..length).ok_or(Kind::Truncated)?;
        self.at += length;
        Ok(taken)
    }

    /// Reads a head that must be of the given major type, and gives its argument.
    #[inline]
    pub(crate) fn expect(&mut self, major: u8) -> Result<u64, Kind> {
        let head = self.head()?;
        if head.major == major {
            Ok(head.argument)
        } else {
            Err(Kind::BadField)
        }
    }

    /// Reads text as it is: the key of a map's entry, or text that is only compared.
    #[inline]
    pub(crate) fn key(&mut self) -> Result<&'a [u8], Kind> {
        let length = self.expect(major::TEXT)?;
        self.take(length)
    }

    /// Reads text that is used.
    #[inline]
    pub(crate) fn text(&mut self) -> Result<&'a str, Kind> {
        std::str::from_utf8(self.key()?).map_err(|_| Kind::BadText)
    }

    /// Reads text as it is, or `None` for null.
    pub(super) fn text_or_null(&mut self) -> Result<Option<&'a [u8]>, Kind> {
        if self.null() {
            Ok(None)
        } else {
            self.key().map(Some)
        }
    }

    /// Reads a byte string.
    #[inline]
    pub(crate) fn bytes(&mut self) -> Result<&'a [u8], Kind> {
        let length = self.expect(major::BYTES)?;
        self.take(length)
    }

    /// Reads true or false.
    pub(super) fn boolean(&mut self) -> Result<bool, Kind> {
        match self.expect(major::SIMPLE)? {
            FALSE => Ok(false),
            TRUE => Ok(true),
            _ => Err(Kind::BadField),
        }
    }

    /// Reads a seq.
    #[inline]
    pub(super) fn seq(&mut self) -> Result<u64, Kind> {
        let seq = self.expect(major::UNSIGNED)?;
        if is_seq(seq) {
            Ok(seq)
        } else {
            Err(Kind::BadSeq)
        }
    }

    /// Reads a link: tag 42 over a byte string of 0 and the CID.
    pub(crate) fn link(&mut self) -> Result<Cid, Kind> {
        if self.expect(major::TAG)? != TAG_CID {
            return Err(Kind::BadCid);
        }
        cid_of_link(self.bytes()?).ok_or(Kind::BadCid)
    }

    /// Reads a link, or `None` for null.
    pub(crate) fn link_or_null(&mut self) -> Result<Option<Cid>, Kind> {
        if self.null() {
            Ok(None)
        } else {
            self.link().map(Some)
        }
    }

    /// Reads null if it is next.
    #[inline]
    pub(super) fn null(&mut self) -> bool {
        let null = self.bytes.get(self.at) == Some(&NULL);
        self.at += usize::from(null);
        null
    }

    /// Steps over the next value, whatever it is, and gives its bytes.
    #[inline]
    pub(crate) fn skip(&mut self) -> Result<&'a [u8], Kind> {
        let start = self.at;
        let rest = self.rest();
        if rest.len() >= LINK_BYTES && rest.starts_with(LINK_PREFIX) {
            self.at += LINK_BYTES;
        } else {
            self.skip_within(DEPTH_MAX)?;
        }
        Ok(&self.bytes[start..self.at])
    }

    fn skip_within(&mut self, depth: u32) -> Result<(), Kind> {
        let head = self.head()?;
        // Every value takes a byte at least, so a claimed count cannot outrun the input.
        let values = match head.major {
            major::BYTES | major::TEXT => {
                self.take(head.argument)?;
                return Ok(());
            }
            major::ARRAY => head.argument,
            major::MAP => head.argument.saturating_mul(2),
            major::TAG => 1,
            _ => return Ok(()),
        };
        let depth = depth.checked_sub(1).ok_or(Kind::TooDeep)?;
        for _ in 0..values {
            self.skip_within(depth)?;
        }
        Ok(())
    }
}

/// Says whether a number may be a seq.
pub(super) fn is_seq(seq: u64) -> bool {
    (1..=SEQ_MAX).contains(&seq)
}

/// The CID in the byte string of a link.
pub(super) fn cid_of_link(bytes: &[u8]) -> Option<Cid> {
    let (0, cid) = bytes
        .split_first()
        .filter(|_| bytes.len() == CID_BYTES + 1)?
    else {
        return None;
    };
    Cid::from_bytes(cid).ok()
}

/// A frame's header.
pub(crate) struct Header<'a> {
    pub(crate) op: i64,
    pub(crate) t: Option<&'a str>,
}

/// The header that almost every frame has: `{t: "#commit", op: 1}`.
const COMMIT_HEADER: &[u8] = b"\xa2\x61t\x67#commit\x62op\x01";

/// Reads the header; the reader then stands at the payload.
#[inline]
pub(crate) fn header<'a>(reader: &mut Reader<'a>) -> Result<Header<'a>, Kind> {
    if reader.rest().starts_with(COMMIT_HEADER) {
        reader.at += COMMIT_HEADER.len();
        return Ok(Header {
            op: 1,
            t: Some("#commit"),
        });
    }
    any_header(reader)
}

fn any_header<'a>(reader: &mut Reader<'a>) -> Result<Header<'a>, Kind> {
    let head = reader.head()?;
    if head.major != major::MAP {
        return Err(Kind::BadHeader);
    }
    let (mut op, mut t) = (None, None);
    for _ in 0..head.argument {
        match reader.key().map_err(as_header_error)? {
            b"op" if op.is_some() => return Err(Kind::DuplicateField),
            b"t" if t.is_some() => return Err(Kind::DuplicateField),
            b"op" => op = Some(integer(reader)?),
            b"t" => t = Some(reader.text().map_err(as_header_error)?),
            _ => {
                reader.skip()?;
            }
        }
    }
    Ok(Header {
        op: op.ok_or(Kind::BadHeader)?,
        t,
    })
}

fn integer(reader: &mut Reader<'_>) -> Result<i64, Kind> {
    let head = reader.head()?;
    let value = i64::try_from(head.argument).map_err(|_| Kind::BadHeader)?;
    match head.major {
        major::UNSIGNED => Ok(value),
        major::NEGATIVE => Ok(-1 - value),
        _ => Err(Kind::BadHeader),
    }
}

fn as_header_error(kind: Kind) -> Kind {
    if kind == Kind::BadField {
        Kind::BadHeader
    } else {
        kind
    }
}

/// What a stream needs to know of a frame that it passes on: see [`peek`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peek {
    /// The frame ends the stream with an error.
    pub is_error: bool,
    /// Position in the stream; `None` for notes and errors.
    pub seq: Option<u64>,
    /// When it happened.
    pub time: Option<Micros>,
}

/// Reads a frame's header, seq and time, and nothing that follows them. Of a Jetstream's frame
/// the seq is its cursor: `time_us` (v1) or `seq` (v2).
///
/// Does not check that the rest is well-formed; [`super::decode`] does.
pub fn peek(frame: &[u8]) -> Result<Peek, Kind> {
    if frame.len() > FRAME_BYTES_MAX {
        return Err(Kind::TooLong);
    }
    if jetstream::is_jetstream(frame) {
        return jetstream::peek(frame);
    }
    let mut reader = Reader::new(frame);
    let header = header(&mut reader)?;
    let (seq, time) = seq_and_time(&mut reader)?;
    Ok(Peek {
        is_error: header.op == -1,
        seq,
        time,
    })
}

/// Looks for `seq` and `time` in a payload; stops when it has both.
pub(super) fn seq_and_time(reader: &mut Reader<'_>) -> Result<(Option<u64>, Option<Micros>), Kind> {
    let (mut seq, mut time) = (None, None);
    for _ in 0..reader.expect(major::MAP)? {
        match reader.key()? {
            b"seq" => seq = Some(reader.seq()?),
            b"time" => time = parse_datetime_bytes(reader.key()?),
            _ => {
                reader.skip()?;
            }
        }
        if seq.is_some() && time.is_some() {
            break;
        }
    }
    Ok((seq, time))
}
