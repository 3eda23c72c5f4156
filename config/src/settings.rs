//! What the service is told: checked values, each with its unit, range and default.

use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::id::Identifier;
use crate::link::mask_passwords;

/// Most points in an account's own hands, and most in one like: 2^28.
pub const POINTS_MAX: u32 = 1 << 28;

/// A checked configuration.
///
/// Two accounts of [`Circle::tracked`] are never written alike, and none is in [`Circle::skip`];
/// one named by handle may still turn out to be one named by DID.
#[derive(Clone, PartialEq, Eq)]
pub struct Config {
    /// URL of the database, `sqlite:PATH` or `postgres://…`; a relative path starts at the
    /// current directory. May hold a password: [`Config::database_masked`] is what to print.
    /// Default `sqlite:kith.db`.
    pub database: String,
    /// Who is followed.
    pub circle: Circle,
    /// Where events come from, in the order of the file. Empty only in [`crate::Mode::Offline`].
    pub sources: Vec<Source>,
    /// What is read of the time before the first start.
    pub bootstrap: Bootstrap,
    /// How points move.
    pub ledger: Ledger,
    /// How often is written.
    pub store: Store,
    /// How the network is treated.
    pub network: Network,
    /// Where reports, events and the page are served.
    pub http: Http,
}

/// Who belongs to the circle: `[circle]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Circle {
    /// Steps that the circle reaches from the tracked accounts, 1 to 3. Default 2.
    pub depth: u8,
    /// Who of a like must belong to the circle for it to count. Default both.
    pub match_: Match,
    /// Where the follows that precede the stream come from. Default [`Backfill::Pds`].
    pub backfill: Backfill,
    /// The accounts at hop 0, in the order of the file; never empty.
    pub tracked: Vec<Tracked>,
    /// Accounts that never become members.
    pub skip: Vec<Identifier>,
    /// Accounts that want no points: likes to them are held.
    pub opt_out: Vec<Identifier>,
    /// Most follow records read of one account, oldest first; at least 1. Default 10,000.
    pub max_follows: u32,
}

/// An account at hop 0: one `[[circle.tracked]]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tracked {
    /// Its DID or handle.
    pub id: Identifier,
    /// What the user calls it; for display only.
    pub label: Option<String>,
}

/// Who of a like must belong to the circle for it to count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Match {
    /// Liker and author.
    Both,
    /// The liker.
    Liker,
    /// The author.
    Author,
    /// At least one of the two.
    Either,
}

/// Where the follows that precede the stream come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backfill {
    /// From each account's own host.
    Pds,
    /// From the stream itself, complete only if that starts at the beginning; no requests are made.
    Stream,
    /// They are left out.
    None,
}

/// Where events come from: one `[[source]]`.
///
/// URLs are a scheme, a host and perhaps a port, without a slash at the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A relay: the stream of every account. `ws://` or `wss://`.
    Relay {
        /// Its base URL.
        url: String,
        /// Where to begin when no cursor is saved.
        start: Start,
    },
    /// A Jetstream: the same in JSON. `ws://` or `wss://`.
    Jetstream {
        /// Its base URL.
        url: String,
        /// Where to begin when no cursor is saved.
        start: Start,
    },
    /// A personal data server: the stream of the accounts on it. `ws://` or `wss://`, also when
    /// the file says `http://` or `https://`.
    Pds {
        /// Its base URL.
        url: String,
        /// Where to begin when no cursor is saved.
        start: Start,
    },
    /// A file of recorded frames.
    File {
        /// Its path; a relative one starts at the current directory.
        path: PathBuf,
    },
}

/// Where a source begins when no cursor of it is saved. Default live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// With what happens next.
    Live,
    /// With the oldest event that the source still has.
    Oldest,
    /// At this position, as that source counts; at most 2^53.
    Cursor(u64),
}

/// What is read of the time before the first start: `[bootstrap]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bootstrap {
    /// At the very first start the circle's likes of so many days are read from the repos and taken
    /// before any live event, 0 to 3,650; 0: none. Only where [`Backfill::Pds`] makes requests.
    /// Default 0.
    pub days: u32,
    /// Most likes read of one account, the newest, 1 to 1,000,000. Default 10,000.
    pub max_likes: u32,
}

/// How points move: `[ledger]`. The rules are those of `docs/LEDGER.md`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ledger {
    /// The arithmetic. Default [`Rule::Systematic`].
    pub rule: Rule,
    /// Length of an epoch, whole seconds, 1 second to 3,650 days. Default 7 days.
    pub epoch: Duration,
    /// Points that each account may give out in an epoch, 1 to [`POINTS_MAX`]. Default 100,000.
    pub own_points: u32,
    /// Points of a like, 1 to [`POINTS_MAX`]. Default 100.
    pub like: u32,
    /// Points of a repost, 0 to [`POINTS_MAX`]; 0 means that reposts do not count. Default 0.
    pub repost: u32,
    /// Whether a like that is taken back and made again counts again. Default [`Repeat::Once`].
    pub repeat: Repeat,
    /// Origins that an account keeps apart at each tick, 0 to 1,000,000. Default 1,000.
    pub keep_top: u32,
    /// Part of the assigned points that is lost at each tick, percent, 0 to 100. Default 10.
    pub decay_percent: u8,
    /// Part of every transfer that goes to the sink, percent, 0 to 100. Default 1.
    pub sink_percent: u8,
    /// Seed of the ledger's draws; if absent, drawn at first start and kept in the database.
    pub seed: Option<u64>,
    /// Whether tracked accounts' points are always kept apart; rule systematic only. Default true.
    pub pin_tracked: bool,
    /// Most likes of one account that are journaled per epoch, at least 1. Default 10,000.
    pub max_likes_per_epoch: u32,
}

/// The arithmetic of the ledger (`docs/LEDGER.md`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// Exact shares by systematic sampling.
    Systematic,
    /// Morat's rounding, for comparison.
    Reference,
}

/// Whether a like that is taken back and made again counts again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeat {
    /// Once per liker, post and epoch.
    Once,
    /// Every time.
    Count,
}

/// How often is written: `[store]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Store {
    /// Time between checkpoints, 100 ms to 1 day. Default 10 s.
    pub checkpoint: Duration,
    /// Operations that close a batch, 1 to 100,000; up to eight times as many while the one before is being
    /// committed. Default 20,000.
    pub batch_operations: u32,
    /// Time that closes a batch, milliseconds, 1 to 60,000. Default 1,000.
    pub batch_milliseconds: u32,
    /// Checkpoints that are kept, one an epoch, 0 to 1,000. Default 1.
    pub keep_checkpoints: u32,
    /// Epochs before the current one whose journal is kept, 1 to 1,000,000; older journal is
    /// dropped once a kept checkpoint covers it. Default none: all is kept.
    pub retain: Option<u32>,
}

/// How the network is treated: `[network]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Network {
    /// Base URL of the PLC directory, `https://` or `http://`, without a slash at the end. Default
    /// `https://plc.directory`.
    pub plc: String,
    /// Base URL of a host that is asked for handles (`com.atproto.identity.resolveHandle`) after
    /// DNS and `/.well-known` have failed; form as `plc`. Default none.
    pub handle_resolver: Option<String>,
    /// Whether private addresses and unencrypted connections are allowed. Default false.
    pub allow_private_addresses: bool,
    /// Longest wait for a connection, 100 ms to 10 min. Default 10 s.
    pub connect_timeout: Duration,
    /// Longest wait for a whole answer, 100 ms to 1 h. Default 30 s.
    pub request_timeout: Duration,
    /// A connection that brings nothing for so long, not even answers to pings, is given up and made
    /// anew; 1 s to 1 day. Default 60 s.
    pub silence_timeout: Duration,
    /// Longest pause between two attempts to connect, 100 ms to 1 h. Default 60 s.
    pub reconnect_pause: Duration,
    /// Requests to one host in five minutes, 1 to 1,000,000. Default 3,000.
    pub host_requests_per_five_minutes: u32,
    /// Requests to the PLC directory in a second, 1 to 10,000. Default 20.
    pub plc_requests_per_second: u32,
    /// Accounts read from their hosts at the same time, at most 8 of them at one host, 1 to 1,000.
    /// Default 128.
    pub backfill_accounts: u32,
    /// Members whose handles are looked up in a minute, 0 to 100,000; 0 means that none are.
    /// Default 120.
    pub handles_per_minute: u32,
    /// Frames that wait for the writer, mebibytes, 1 to 65,536. Default 64.
    pub buffer_mebibytes: u32,
    /// What of commits is verified. Default [`Verify::Full`].
    pub verify: Verify,
    /// Whether the commits of the last degree are verified too, not only the interior's. Default
    /// false.
    pub verify_all: bool,
    /// The zstd dictionary of Jetstreams. Default none: they are read uncompressed.
    pub jetstream_dictionary: Option<PathBuf>,
    /// Where metrics are served, `GET /metrics`. Default none: nowhere.
    pub metrics: Option<SocketAddr>,
}

/// Where reports, events and the page are served: `[http]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Http {
    /// The address; loopback unless others shall read. Default none: nowhere.
    pub listen: Option<SocketAddr>,
    /// A file that holds a token, which allows edits and shows what is reserved. Default none:
    /// everything is read only.
    pub token_file: Option<PathBuf>,
}

/// What is verified of the commits that relays and PDSes bring. Files are believed, and what a
/// Jetstream brings has nothing to verify.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verify {
    /// Nothing.
    None,
    /// The hashes of the blocks, and the account's signature.
    Signature,
    /// Also that the ops are all that changed.
    Full,
}

impl Config {
    /// The database URL with any password replaced by `***`: for logs and messages.
    pub fn database_masked(&self) -> String {
        mask_passwords(&self.database)
    }
}

impl fmt::Debug for Config {
    /// Shows everything but the database's password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("database", &self.database_masked())
            .field("circle", &self.circle)
            .field("sources", &self.sources)
            .field("bootstrap", &self.bootstrap)
            .field("ledger", &self.ledger)
            .field("store", &self.store)
            .field("network", &self.network)
            .field("http", &self.http)
            .finish()
    }
}

impl Source {
    /// The word in the file: `relay`, `jetstream`, `pds` or `file`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Relay { .. } => "relay",
            Self::Jetstream { .. } => "jetstream",
            Self::Pds { .. } => "pds",
            Self::File { .. } => "file",
        }
    }

    /// The base URL of a stream, `ws://` or `wss://`; none for a file.
    pub fn url(&self) -> Option<&str> {
        match self {
            Self::Relay { url, .. } | Self::Jetstream { url, .. } | Self::Pds { url, .. } => {
                Some(url)
            }
            Self::File { .. } => None,
        }
    }

    /// The same host's base URL for requests, `http://` or `https://`; none for a file.
    pub fn http_url(&self) -> Option<String> {
        let rest = self.url()?.strip_prefix("ws")?;
        Some(format!("http{rest}"))
    }

    /// The path of a file; none for a stream.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::File { path } => Some(path),
            _ => None,
        }
    }

    /// What to call the source: its URL, or its path.
    pub fn name(&self) -> String {
        match self {
            Self::File { path } => path.display().to_string(),
            stream => stream.url().unwrap_or_default().to_owned(),
        }
    }

    /// Where to begin when no cursor is saved; a file begins at its oldest frame.
    pub fn start(&self) -> Start {
        match self {
            Self::Relay { start, .. } | Self::Jetstream { start, .. } | Self::Pds { start, .. } => {
                *start
            }
            Self::File { .. } => Start::Oldest,
        }
    }
}

impl Ledger {
    /// Length of an epoch in microseconds, the unit of the epoch clock.
    pub fn epoch_microseconds(&self) -> u64 {
        u64::try_from(self.epoch.as_micros()).unwrap_or(u64::MAX)
    }
}

impl Default for Circle {
    fn default() -> Self {
        Self {
            depth: 2,
            match_: Match::Both,
            backfill: Backfill::Pds,
            tracked: Vec::new(),
            skip: Vec::new(),
            opt_out: Vec::new(),
            max_follows: 10_000,
        }
    }
}

impl Default for Bootstrap {
    fn default() -> Self {
        Self {
            days: 0,
            max_likes: 10_000,
        }
    }
}

impl Default for Ledger {
    fn default() -> Self {
        Self {
            rule: Rule::Systematic,
            epoch: Duration::from_hours(7 * 24),
            own_points: 100_000,
            like: 100,
            repost: 0,
            repeat: Repeat::Once,
            keep_top: 1_000,
            decay_percent: 10,
            sink_percent: 1,
            seed: None,
            pin_tracked: true,
            max_likes_per_epoch: 10_000,
        }
    }
}

impl Default for Store {
    fn default() -> Self {
        Self {
            checkpoint: Duration::from_secs(10),
            batch_operations: 20_000,
            batch_milliseconds: 1_000,
            keep_checkpoints: 1,
            retain: None,
        }
    }
}

impl Default for Network {
    fn default() -> Self {
        Self {
            plc: "https://plc.directory".to_owned(),
            handle_resolver: None,
            allow_private_addresses: false,
            connect_timeout: Duration::from_secs(10),
            request_timeout: Duration::from_secs(30),
            silence_timeout: Duration::from_mins(1),
            reconnect_pause: Duration::from_mins(1),
            host_requests_per_five_minutes: 3_000,
            plc_requests_per_second: 20,
            backfill_accounts: 128,
            handles_per_minute: 120,
            buffer_mebibytes: 64,
            verify: Verify::Full,
            verify_all: false,
            jetstream_dictionary: None,
            metrics: None,
        }
    }
}
