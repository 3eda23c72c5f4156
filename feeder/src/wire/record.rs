//! The records that count, and commit blocks: what is read of a repo's blocks.

use super::car::Blocks;
use super::cid::Cid;
use super::message::{Collection, DidText, UriText};
use super::plain;
use super::scan::cid_of_link;
use crate::syntax::{AT_URI_BYTES_MAX, DID_BYTES_MAX};
use ciborium_ll::{Decoder, Header};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::collections::HashMap;

/// A record, as far as Kith reads it. Subjects are text of strangers: not checked here, see
/// [`crate::syntax::parse_subject`] and [`crate::syntax::is_did`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Record {
    /// `app.bsky.feed.like`
    Like {
        /// The AT-URI of what is liked.
        subject: UriText,
    },
    /// `app.bsky.feed.repost`
    Repost {
        /// The AT-URI of what is reposted.
        subject: UriText,
    },
    /// `app.bsky.graph.follow`
    Follow {
        /// Who is followed; should be a DID.
        subject: DidText,
    },
    /// `app.bsky.graph.block`
    Block {
        /// Who is blocked; should be a DID.
        subject: DidText,
    },
}

/// Why a record's content cannot be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadRecord {
    /// The op's path has no record key in the syntax.
    #[error("the record key is not valid")]
    BadPath,
    /// The op has no CID that repos use.
    #[error("the op has no CID")]
    NoCid,
    /// The block is not in the frame.
    #[error("the record's block is missing")]
    MissingBlock,
    /// The block does not hash to its CID.
    #[error("the record's block does not match its CID")]
    CidMismatch,
    /// The block is not CBOR.
    #[error("the record is not CBOR")]
    NotCbor,
    /// The record is nested deeper than any record needs.
    #[error("the record is nested too deeply")]
    TooDeep,
    /// The subject is missing, of the wrong type, or longer than any.
    #[error("the record's subject is missing, of the wrong type, or too long")]
    BadShape,
}

impl BadRecord {
    /// A stable, short name for counters.
    pub fn reason(self) -> &'static str {
        match self {
            Self::BadPath => "bad_path",
            Self::NoCid => "no_cid",
            Self::MissingBlock => "missing_block",
            Self::CidMismatch => "record_cid_mismatch",
            Self::NotCbor => "record_not_cbor",
            Self::TooDeep => "record_too_deep",
            Self::BadShape => "bad_shape",
        }
    }
}

/// Longest key of a map that ciborium reads, in bytes; also the piece in which it reads text.
pub(super) const KEY_BYTES_MAX: usize = 1_024;

#[derive(Deserialize)]
pub(super) struct OfRecord {
    pub(super) subject: StrongRef,
}

#[derive(Deserialize)]
pub(super) struct StrongRef {
    pub(super) uri: String,
}

#[derive(Deserialize)]
struct OfAccount {
    subject: String,
}

/// The records of a commit's ops. Any number of ops may name the same block: it is checked and read
/// once, and texts that are no copies of what the frame has room for are not kept.
pub(super) struct Records<'a> {
    blocks: Option<&'a Blocks<'a>>,
    /// What was read, where there are several ops.
    read: HashMap<(Collection, Cid), Result<Record, BadRecord>>,
    has_several: bool,
    /// Bytes of long texts that may still be kept.
    room: usize,
}

impl<'a> Records<'a> {
    /// Those of so many ops; `room`: the frame's bytes for blocks.
    pub(super) fn new(blocks: Option<&'a Blocks<'a>>, room: usize, ops: u64) -> Records<'a> {
        Records {
            blocks,
            read: HashMap::new(),
            has_several: ops > 1,
            room,
        }
    }

    /// Finds, checks and reads the record of one op.
    pub(super) fn read(&mut self, collection: Collection, cid: Cid) -> Result<Record, BadRecord> {
        let blocks = self.blocks.ok_or(BadRecord::MissingBlock)?;
        if !self.has_several {
            return record_in(blocks, collection, &cid);
        }
        let read = self.read.entry((collection, cid));
        let record = read.or_insert_with(|| record_in(blocks, collection, &cid));
        let bytes = record.as_ref().map_or(0, Record::allocated);
        self.room = self.room.checked_sub(bytes).ok_or(BadRecord::BadShape)?;
        record.clone()
    }
}

impl Record {
    /// Bytes of its text, if that is too long to lie inline.
    fn allocated(&self) -> usize {
        match self {
            Self::Like { subject } | Self::Repost { subject } if subject.spilled() => subject.len(),
            Self::Follow { subject } | Self::Block { subject } if subject.spilled() => {
                subject.len()
            }
            _ => 0,
        }
    }
}

/// Finds, checks and reads the record of one op.
fn record_in(blocks: &Blocks<'_>, collection: Collection, cid: &Cid) -> Result<Record, BadRecord> {
    let block = blocks.find(cid).ok_or(BadRecord::MissingBlock)?;
    if !cid.matches(block) {
        return Err(BadRecord::CidMismatch);
    }
    decode_record(collection, block)
}

/// Reads a record as JSON, as a Jetstream has it, with the same leniency. Whether it hashes to
/// its CID cannot be known.
pub(super) fn decode_json_record(collection: Collection, json: &str) -> Result<Record, BadRecord> {
    fn typed<'a, T: Deserialize<'a>>(json: &'a str) -> Result<T, BadRecord> {
        serde_json::from_str(json).map_err(|_| BadRecord::BadShape)
    }
    Ok(match collection {
        Collection::Like => Record::Like {
            subject: uri(&typed::<OfRecord>(json)?.subject.uri)?,
        },
        Collection::Repost => Record::Repost {
            subject: uri(&typed::<OfRecord>(json)?.subject.uri)?,
        },
        Collection::Follow => Record::Follow {
            subject: did(&typed::<OfAccount>(json)?.subject)?,
        },
        Collection::Block => Record::Block {
            subject: did(&typed::<OfAccount>(json)?.subject)?,
        },
        Collection::Other => return Err(BadRecord::BadShape),
    })
}

/// Reads a record's block as DAG-CBOR, leniently: its subject must be there, other fields may
/// be missing, unknown, or wrong in any way that is still CBOR.
///
/// The block's hash is not checked. Records of [`Collection::Other`] are a [`BadRecord::BadShape`].
pub fn decode_record(collection: Collection, block: &[u8]) -> Result<Record, BadRecord> {
    Ok(match collection {
        Collection::Like => Record::Like {
            subject: subject_of_record(block)?,
        },
        Collection::Repost => Record::Repost {
            subject: subject_of_record(block)?,
        },
        Collection::Follow => Record::Follow {
            subject: did(&typed::<OfAccount>(block)?.subject)?,
        },
        Collection::Block => Record::Block {
            subject: did(&typed::<OfAccount>(block)?.subject)?,
        },
        Collection::Other => return Err(BadRecord::BadShape),
    })
}

/// The subject of a like or repost: nearly all records that are read. What [`plain`] does not
/// take is for ciborium to judge.
fn subject_of_record(block: &[u8]) -> Result<UriText, BadRecord> {
    match plain::subject_uri(block) {
        Some(text) => uri(text),
        None => uri(&typed::<OfRecord>(block)?.subject.uri),
    }
}

/// A subject that may be an AT-URI. What is longer is none, and is not kept: many ops may name one
/// record.
fn uri(text: &str) -> Result<UriText, BadRecord> {
    match text.len() <= AT_URI_BYTES_MAX {
        true => Ok(text.into()),
        false => Err(BadRecord::BadShape),
    }
}

/// A subject that may be a DID.
fn did(text: &str) -> Result<DidText, BadRecord> {
    match text.len() <= DID_BYTES_MAX {
        true => Ok(text.into()),
        false => Err(BadRecord::BadShape),
    }
}

pub(super) fn typed<T: DeserializeOwned>(mut block: &[u8]) -> Result<T, BadRecord> {
    use ciborium::de::Error;
    // Not `from_reader`, which clears four times the memory for every record. Both follow 256
    // levels of nesting and no more.
    let mut scratch = [0; KEY_BYTES_MAX];
    let value = ciborium::de::from_reader_with_buffer(&mut block, &mut scratch);
    let value = value.map_err(|error| match error {
        Error::Io(_) | Error::Syntax(_) => BadRecord::NotCbor,
        Error::Semantic(..) => BadRecord::BadShape,
        Error::RecursionLimitExceeded => BadRecord::TooDeep,
    })?;
    if block.is_empty() {
        Ok(value)
    } else {
        Err(BadRecord::NotCbor)
    }
}

/// Reads the root of the tree, `data`, out of a commit block. This runs for every commit of the
/// circle; what [`plain`] does not take is for ciborium to judge.
pub(super) fn data_of_commit(block: &[u8]) -> Option<Cid> {
    plain::data_of_commit(block).or_else(|| any_data_of_commit(block))
}

/// Item by item with `ciborium-ll`: a typed reading of the whole block costs several times as much.
pub(super) fn any_data_of_commit(block: &[u8]) -> Option<Cid> {
    let mut decoder = Decoder::from(block);
    let Header::Map(Some(entries)) = decoder.pull().ok()? else {
        return None;
    };
    for _ in 0..entries {
        let Header::Text(Some(length)) = decoder.pull().ok()? else {
            return None;
        };
        let mut key = [0; 8];
        let key = key.get_mut(..length)?;
        ciborium_io::Read::read_exact(&mut decoder, key).ok()?;
        if key == b"data" {
            let mut link = [0; 37];
            let (Header::Tag(42), Header::Bytes(Some(37))) =
                (decoder.pull().ok()?, decoder.pull().ok()?)
            else {
                return None;
            };
            ciborium_io::Read::read_exact(&mut decoder, &mut link).ok()?;
            return cid_of_link(&link);
        }
        skip_flat(&mut decoder)?;
    }
    None
}

/// Steps over one value of a commit block, which holds no arrays and no maps.
fn skip_flat(decoder: &mut Decoder<&[u8]>) -> Option<()> {
    let header = loop {
        // Any number of tags may stand before a value.
        match decoder.pull().ok()? {
            Header::Tag(_) => {}
            header => break header,
        }
    };
    match header {
        Header::Positive(_) | Header::Negative(_) | Header::Simple(_) | Header::Float(_) => {
            Some(())
        }
        Header::Bytes(Some(mut left)) | Header::Text(Some(mut left)) => {
            let mut scrap = [0; 64];
            while left > 0 {
                let step = left.min(scrap.len());
                ciborium_io::Read::read_exact(decoder, &mut scrap[..step]).ok()?;
                left -= step;
            }
            Some(())
        }
        _ => None,
    }
}
