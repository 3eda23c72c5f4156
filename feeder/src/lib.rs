//! The feeder of Kith: it brings in what happens on the AT Protocol network.
//!
//! - [`syntax`]: the identifier grammars (DID, handle, AT-URI …) and datetimes; pure.
//! - [`wire`]: one firehose frame in, one [`wire::Message`] out; pure, so it can be fuzzed.
//! - [`verify`]: whether a commit is what its account signed, and its ops all that changed; pure.
//! - [`source`]: relays, PDSes and frame files behind one interface, with a byte budget.
//! - [`xrpc`]: the HTTP client, its limits, and the addresses it may talk to.
//! - [`identity`]: DID documents and handles.
//! - [`backfill`]: follows and blocks read from the accounts' own PDSes.
//!
//! A new kind of source is a module under [`source`] that sends frames into the same channel;
//! a new kind of event is a variant of [`wire::Message`].

pub mod backfill;
pub mod identity;
pub mod source;
pub mod syntax;
pub mod text;
pub mod verify;
pub mod wire;
pub mod xrpc;
