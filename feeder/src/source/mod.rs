//! Where frames come from: relays, PDSes, Jetstreams and frame files behind one interface.
//!
//! [`run`] is one source, run as one task; [`run_group`] is several streams of the same events, of
//! which the first that works is read. They send [`Delivery`]s into a [`channel()`] whose budget
//! is counted in bytes, so a reader that stalls stops its sources before memory grows. Every
//! delivery holds its share of the budget until it is dropped.
//!
//! A source never ends the service: what goes wrong is a [`What::Bad`], [`What::Disconnected`] or
//! [`What::Failed`], and the streams reconnect for ever. Where something may have been missed, a
//! [`What::Gap`] says so. Frames are delivered undecoded; see [`crate::wire::decode`]. Streams
//! drop what they have delivered before, as far as they remember; files do not look, since a file
//! may hold several streams. [`Meters`] count it all.
//!
//! A stream's frames need not come in the order of their seqs: servers reorder across repos, and a
//! Jetstream v1 is rewound by some seconds at every reconnect. (repo, rev) tells what was seen.
//!
//! No real Jetstream has been connected to in tests: they use a scripted server, the events that
//! production served, and both dictionaries.

mod channel;
mod file;
mod group;
mod meters;
mod record;
mod spec;
mod stream;

pub use channel::{
    Closed, Delivery, Frame, Frames, Gap, Receiver, Sender, SourceId, What, channel,
};
pub use group::{GroupOptions, run_group};
pub use meters::{DISCONNECT_REASONS, Meters, Reading};
pub use record::{RecordError, RecordLimits, Recorded, record};
pub use spec::{Position, SourceKind, SourceSpec, StreamOptions, run};

/// Default budget of queued frames, in bytes: 64 MiB.
pub const QUEUE_BYTES_MAX: usize = 64 << 20;
