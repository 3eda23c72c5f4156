//! The grammars of the AT Protocol's identifiers: pure checks over text, without allocation.
//!
//! Every function answers whether a whole string is in the syntax; none of them resolves,
//! normalises or trims anything. Source: the AT Protocol specifications of DID, handle, NSID,
//! record key, TID, AT-URI and the data model; the tests run the community's vectors.

mod at_uri;
mod datetime;
mod identifiers;

pub(crate) use at_uri::AT_URI_BYTES_MAX;
pub use at_uri::{BadSubject, PostRef, is_at_uri, parse_subject};
pub use datetime::parse_datetime;
pub(crate) use datetime::parse_datetime_bytes;
pub(crate) use identifiers::DID_BYTES_MAX;
pub use identifiers::{
    is_at_identifier, is_cid, is_did, is_handle, is_nsid, is_record_key, is_tid,
};

#[cfg(test)]
mod vectors;
