//! Where frames come from: relays, PDSes and frame files behind one interface.
//!
//! [`run`] is one source, run as one task. It sends [`Delivery`]s into a [`channel()`] whose budget
//! is counted in bytes, so a reader that stalls stops its sources before memory grows. Every
//! delivery holds its share of the budget until it is dropped.
//!
//! A source never ends the service: what goes wrong is a [`What::Bad`], [`What::Disconnected`] or
//! [`What::Failed`], and the streams reconnect for ever. Frames are delivered undecoded; see
//! [`crate::wire::decode`]. Streams drop seqs that were delivered before; files do not look at
//! them, since a file may hold several streams.

mod channel;
mod file;
mod record;
mod spec;
mod stream;

pub use channel::{Closed, Delivery, Frame, Frames, Receiver, Sender, SourceId, What, channel};
pub use record::{RecordError, RecordLimits, Recorded, record};
pub use spec::{Position, SourceKind, SourceSpec, StreamOptions, run};

/// Default budget of queued frames, in bytes: 64 MiB.
pub const QUEUE_BYTES_MAX: usize = 64 << 20;
