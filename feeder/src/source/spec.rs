//! What a source is, and where it begins.

use super::channel::{Sender, SourceId, What};
use super::{file, stream};
use std::path::PathBuf;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// One source of frames.
#[derive(Clone, Debug)]
pub struct SourceSpec {
    /// Its place in the configuration's list; every delivery carries it.
    pub id: SourceId,
    /// What and where it is.
    pub kind: SourceKind,
    /// Times and limits of streams; files have none.
    pub options: StreamOptions,
}

/// The kinds of sources.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SourceKind {
    /// A file of `[u32 big-endian length][frame]`, repeated; compressed with zstd if its name
    /// ends in `.zst`.
    File {
        /// The file.
        path: PathBuf,
    },
    /// A relay: `ws://` or `wss://` and host; the path is added.
    Relay {
        /// Its address.
        url: String,
    },
    /// A PDS, by the same protocol.
    Pds {
        /// Its address.
        url: String,
    },
    /// A Jetstream; not read by this version.
    Jetstream {
        /// Its address.
        url: String,
    },
}

/// Where a source begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Position {
    /// With what happens from now on; a file from its beginning.
    Live,
    /// With the oldest that there is.
    Oldest,
    /// With this cursor, as somebody wrote it into the configuration: it is given to the server
    /// as it is, and nothing is dropped. For a file a byte offset, in the uncompressed file.
    From(u64),
    /// Behind this seq, which was seen and saved: what comes up to it is dropped. For a file the
    /// byte offset saved with its last frame.
    After(u64),
}

/// Times and limits of streams. The defaults suit the live network.
#[derive(Clone, Debug)]
pub struct StreamOptions {
    /// Whether plain `ws://` and addresses that are not public may be talked to: only for tests
    /// and home labs.
    pub allow_private_addresses: bool,
    /// Longest time for resolving, connecting, TLS and upgrade together. Default 30 s.
    pub connect_timeout: Duration,
    /// Upper bound of the first wait before connecting again; doubled every time. Default 500 ms.
    pub backoff_first: Duration,
    /// Upper bound of every wait, except one that the server asks for. Default 60 s.
    pub backoff_max: Duration,
    /// After so long without any bytes a ping is sent. Default 20 s.
    pub ping_after: Duration,
    /// After so long without any bytes, answers to pings included, the connection is dead.
    /// Default 60 s.
    pub silence_max: Duration,
    /// After so long without a frame the connection is given up although pings are answered;
    /// `None` (the default) where a stream may be idle, such as a small PDS.
    pub idle_max: Option<Duration>,
}

impl Default for StreamOptions {
    fn default() -> Self {
        Self {
            allow_private_addresses: false,
            connect_timeout: Duration::from_secs(30),
            backoff_first: Duration::from_millis(500),
            backoff_max: Duration::from_mins(1),
            ping_after: Duration::from_secs(20),
            silence_max: Duration::from_mins(1),
            idle_max: None,
        }
    }
}

/// Runs one source until it ends ([`What::Finished`], [`What::Failed`]), the reader is gone, or
/// `shutdown` is cancelled. Streams never end by themselves: they reconnect for ever.
///
/// To be spawned as a task; must run within a tokio runtime with time and I/O enabled.
pub async fn run(spec: SourceSpec, start: Position, out: Sender, shutdown: CancellationToken) {
    let SourceSpec { id, kind, options } = spec;
    match kind {
        SourceKind::File { path } => file::run(id, path, start, out, shutdown).await,
        SourceKind::Relay { url } | SourceKind::Pds { url } => {
            stream::run(id, &url, options, start, out, shutdown).await;
        }
        SourceKind::Jetstream { url } => {
            let message = format!(
                "{url}: jetstream sources are not supported yet; use kind = \"relay\" instead"
            );
            // When the reader is gone nobody is left to be told.
            let _ = out.send(id, What::Failed { message }).await;
        }
    }
}
