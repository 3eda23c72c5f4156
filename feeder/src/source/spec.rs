//! What a source is, and where it begins.

use super::channel::{Sender, SourceId};
use super::file;
use super::group::{GroupOptions, run_group};
use super::meters::Meters;
use crate::wire::Micros;
use std::path::PathBuf;
use std::sync::Arc;
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
    /// Where it counts; keep a clone to read it.
    pub meters: Arc<Meters>,
}

impl SourceSpec {
    /// A source with counters of its own.
    pub fn new(id: SourceId, kind: SourceKind, options: StreamOptions) -> Self {
        Self {
            id,
            kind,
            options,
            meters: Arc::default(),
        }
    }
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
    /// A Jetstream, v1 or v2: if the address has a path (`/subscribe` or `/xrpc/…`), it says
    /// which; otherwise v2 is tried first.
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
    /// byte offset saved with its last frame. For a Jetstream its cursor; v1 is rewound by some
    /// seconds, and then nothing is dropped.
    After(u64),
    /// As [`Position::After`]; and because the time of the last event is known too, a server
    /// that begins much later is found out.
    AfterEvent {
        /// The seq, cursor or offset.
        seq: u64,
        /// When that event happened.
        time: Micros,
    },
}

/// Times and limits of streams. The defaults suit the live network.
#[derive(Clone, Debug)]
pub struct StreamOptions {
    /// Whether plain `ws://` and addresses that are not public may be talked to: only for tests
    /// and home labs.
    pub allow_private_addresses: bool,
    /// Certificates (DER) that are trusted beside the Mozilla roots: for home labs and tests.
    pub extra_roots: Vec<Vec<u8>>,
    /// The zstd dictionary of a Jetstream; with it, messages are asked for compressed. It is told
    /// by its id whether it is v1's; a server that does not know it is read uncompressed.
    pub zstd_dictionary: Option<PathBuf>,
    /// So long after its last op a commit of a Jetstream is taken to be whole; ops that come later
    /// are a gap. Default 50 ms.
    pub commit_quiet: Duration,
    /// So many seqs a firehose is rewound at every reconnect and start: an event that its server
    /// sent late, behind one with a higher seq, is met again, and what comes twice is dropped, or
    /// told by (repo, rev). Default 200.
    pub overlap: u64,
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
    /// After so long without a frame the connection is given up although pings are answered.
    /// `None` (the default): learned, see `idle_learned_min`.
    pub idle_max: Option<Duration>,
    /// Once the pace of a stream is known (the mean time between events), silence of a thousand
    /// times that, but not less than this, is taken for a dead stream although pings are
    /// answered; twice that when it was in vain, and so on. `None`: never. Default 30 s.
    pub idle_learned_min: Option<Duration>,
    /// While the queue is full, the server's own buffer fills (a relay's holds about 33 s). When
    /// so much is left unread there, or three quarters of its events at the known pace, the
    /// connection is given up before the server does, and resumed when the queue has room.
    /// Default 20 s.
    pub unread_max: Duration,
    /// The first event after a reconnect may be later than the last before it by a thousand times
    /// the mean time between events, and by this; if it is later still, that is said as a gap. By
    /// four times this if the pace is not known. Default 30 s.
    pub jump_max: Duration,
}

impl Default for StreamOptions {
    fn default() -> Self {
        Self {
            allow_private_addresses: false,
            extra_roots: Vec::new(),
            zstd_dictionary: None,
            commit_quiet: Duration::from_millis(50),
            overlap: 200,
            connect_timeout: Duration::from_secs(30),
            backoff_first: Duration::from_millis(500),
            backoff_max: Duration::from_mins(1),
            ping_after: Duration::from_secs(20),
            silence_max: Duration::from_mins(1),
            idle_max: None,
            idle_learned_min: Some(Duration::from_secs(30)),
            unread_max: Duration::from_secs(20),
            jump_max: Duration::from_secs(30),
        }
    }
}

/// Runs one source until it ends ([`super::What::Finished`], [`super::What::Failed`]), the reader is gone, or
/// `shutdown` is cancelled. Streams never end by themselves: they reconnect for ever.
///
/// `heard` is up to when a stream was read before: one that is joined live has missed what came since.
///
/// To be spawned as a task; must run within a tokio runtime with time and I/O enabled.
pub async fn run(
    spec: SourceSpec,
    start: Position,
    heard: Option<Micros>,
    out: Sender,
    shutdown: CancellationToken,
) {
    let options = GroupOptions {
        heard,
        ..GroupOptions::default()
    };
    match spec.kind {
        SourceKind::File { path } => {
            let out = out.metered(spec.meters);
            file::run(spec.id, path, start, out, shutdown).await;
        }
        _ => run_group(vec![(spec, start)], options, out, shutdown).await,
    }
}
