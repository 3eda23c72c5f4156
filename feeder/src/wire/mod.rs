//! One firehose frame in, one [`Message`] out. Pure: no clock, no I/O, nothing kept between calls.
//!
//! A frame of `com.atproto.sync.subscribeRepos` is two DAG-CBOR values, a header and a payload.
//! [`decode`] reads it in two steps:
//!
//! 1. The *scan* (`scan`, `commit`) walks the bytes once without allocating, checks that they are
//!    well-formed, and asks [`Interest`] whether anybody wants this commit. It steps over `blocks`
//!    by its length, so the frames of strangers (all but a few) cost a tenth of a microsecond.
//! 2. What is wanted is read in full: the CAR of `blocks` (`car`), the commit block, and the
//!    records of likes, reposts, follows and blocks, each checked against its CID. Blocks and the
//!    rarer messages are decoded by ciborium, leniently: only the fields that Kith uses must be
//!    there, and in the right type. Likes as nearly everybody writes them are read by the scanner
//!    (`plain`).
//!
//! The JSON of a Jetstream comes out as the same messages: see `jetstream`.
//!
//! Not checked here: signatures, the tree of the repo, and whether the commit block says the same
//! repo and rev as the frame, see [`crate::verify`]; nor whether a rev lies in the future.

mod car;
pub(crate) mod cid;
pub(crate) mod commit;
mod error;
pub(crate) mod jetstream;
mod message;
mod other;
mod plain;
mod record;
pub(crate) mod scan;
mod usual;

pub use car::{Blocks, CarError};
pub use cid::{BadCid, Cid, Codec};
pub use commit::decode;
pub use error::{FrameError, FrameErrorKind};
pub use message::{
    Action, Collection, Commit, Decoded, DidText, Interest, Message, Micros, Op, Ops, Touches,
    UriText,
};
pub use record::{BadRecord, Record, decode_record};
pub use scan::{Peek, peek};

/// Longest frame that is read, in bytes. Source: the event stream specification.
pub const FRAME_BYTES_MAX: usize = 5_000_000;
