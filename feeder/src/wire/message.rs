//! What a frame says, in the service's words.

use super::cid::Cid;
use super::record::{BadRecord, Record};
use compact_str::CompactString;
use smallstr::SmallString;
use smallvec::SmallVec;

/// A DID as text. One of the PLC directory, 32 characters, needs no allocation.
pub type DidText = SmallString<[u8; 32]>;

/// An AT-URI as text. That of a post needs no allocation.
pub type UriText = SmallString<[u8; 72]>;

/// What a commit does to records. One op, as nearly all have, needs no allocation.
pub type Ops = SmallVec<[Op; 1]>;

/// Microseconds since the Unix epoch.
pub type Micros = i64;

/// The outcome of decoding one frame.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::large_enum_variant,
    reason = "nearly all that is read in full are commits: an allocation each costs more than their room"
)]
pub enum Decoded {
    /// A message, read in full.
    Message(Message),
    /// A commit that nobody wanted: well-formed, its blocks not looked at. It still moves the
    /// clock and the cursor.
    Passed {
        /// The frame's position in its stream.
        seq: u64,
        /// When it happened, by the stream; `None` if the text is no datetime.
        time: Option<Micros>,
        /// How many likes it creates.
        likes: u32,
        /// How many reposts it creates.
        reposts: u32,
    },
}

/// One message of `com.atproto.sync.subscribeRepos`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::large_enum_variant,
    reason = "nearly all that is read in full are commits: an allocation each costs more than their room"
)]
pub enum Message {
    /// A repo changed.
    Commit(Commit),
    /// A repo's state was reset: what was known of it must be read again.
    Sync {
        /// Position in the stream.
        seq: u64,
        /// The account.
        did: DidText,
        /// The revision, a TID; after a move between hosts newer than the commit block's own.
        rev: String,
        /// Root of the repo's tree, from the commit block; `None` if that could not be read.
        data: Option<Cid>,
        /// The commit block's own revision, which is signed as `rev` is not; `None` likewise.
        commit_rev: Option<String>,
        /// When it happened.
        time: Micros,
    },
    /// The DID document or the handle may have changed.
    Identity {
        /// Position in the stream.
        seq: u64,
        /// The account.
        did: DidText,
        /// The handle, unverified; `None` if absent or not a handle.
        handle: Option<String>,
        /// When it happened.
        time: Micros,
    },
    /// The account's status at its host.
    Account {
        /// Position in the stream.
        seq: u64,
        /// The account.
        did: DidText,
        /// Whether it is active; decides, whatever `status` says.
        active: bool,
        /// `takendown`, `suspended`, `deleted`, `deactivated`, `desynchronized`, `throttled` or
        /// a word of the future; at most 64 printable ASCII characters, else `None`.
        status: Option<String>,
        /// When it happened.
        time: Micros,
    },
    /// A note of the server about the stream, such as `OutdatedCursor`.
    Info {
        /// The note's name.
        name: String,
        /// More, for people; shortened.
        message: Option<String>,
    },
    /// The server ends the stream, such as `FutureCursor` or `ConsumerTooSlow`.
    Error {
        /// The error's name.
        error: String,
        /// More, for people; shortened.
        message: Option<String>,
    },
    /// A kind of message that this version does not know: to be counted and passed over.
    Unknown {
        /// The header's `t`, or `op N` for an unknown operation; shortened.
        kind: String,
        /// Position in the stream, if there is one.
        seq: Option<u64>,
        /// When it happened, if that is said.
        time: Option<Micros>,
    },
}

/// A change of one repo.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    /// Position in the stream, 1..=2^53; of a Jetstream its cursor, in microseconds or a seq.
    pub seq: u64,
    /// The account's DID.
    pub repo: DidText,
    /// The new revision, a TID: revs of a repo only grow.
    pub rev: CompactString,
    /// The revision before, as the host says it; not checked.
    pub since: Option<CompactString>,
    /// When it happened, by the stream.
    pub time: Micros,
    /// The commit block; `None` from a Jetstream, which does not say.
    pub commit: Option<Cid>,
    /// Root of the repo's tree after this commit, from the commit block; `None` if the host left
    /// the blocks out (`too_big`), and from a Jetstream.
    pub data: Option<Cid>,
    /// Root of the tree before, where the host says it (sync 1.1).
    pub prev_data: Option<Cid>,
    /// Whether the frame can say what it continues. A Jetstream's cannot: `since`, `data` and
    /// `prev_data` are not there, and that tells nothing of the repo.
    pub chained: bool,
    /// The host left the blocks out (deprecated): the repo must be fetched.
    pub too_big: bool,
    /// The ops on likes, reposts, follows and blocks, in order. Others are left out.
    pub ops: Ops,
}

/// One record created, updated or deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Op {
    /// Position among all ops of the commit, those left out included.
    pub index: u32,
    /// What was done.
    pub action: Action,
    /// In which collection.
    pub collection: Collection,
    /// The record's key; empty if it is not in the syntax, and then `record` is an error.
    pub rkey: CompactString,
    /// The record; `None` for deletions, or if it is no CID that repos use.
    pub cid: Option<Cid>,
    /// The record's content, or why it cannot be had; `None` for deletions.
    pub record: Option<Result<Record, BadRecord>>,
}

/// What an op does to its record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// A new record.
    Create,
    /// A record replaced.
    Update,
    /// A record removed.
    Delete,
}

/// The collections that Kith knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Collection {
    /// `app.bsky.feed.like`
    Like,
    /// `app.bsky.feed.repost`
    Repost,
    /// `app.bsky.graph.follow`
    Follow,
    /// `app.bsky.graph.block`
    Block,
    /// Any other.
    Other,
}

impl Collection {
    /// Reads an NSID.
    pub fn from_nsid(nsid: &str) -> Self {
        match nsid {
            "app.bsky.feed.like" => Self::Like,
            "app.bsky.feed.repost" => Self::Repost,
            "app.bsky.graph.follow" => Self::Follow,
            "app.bsky.graph.block" => Self::Block,
            _ => Self::Other,
        }
    }
}

/// Who is asked whether a commit is worth reading in full.
///
/// `did` is text as it stands in the frame: not yet known to be a DID.
pub trait Interest {
    /// Says whether the commit of `did`, whose ops touch `touches`, is wanted.
    fn wants(&self, did: &str, touches: Touches) -> bool;
}

impl<F: Fn(&str, Touches) -> bool> Interest for F {
    fn wants(&self, did: &str, touches: Touches) -> bool {
        self(did, touches)
    }
}

/// Which collections a commit's ops touch: a set of bits. Empty for a commit without ops.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Touches(u8);

impl Touches {
    /// A like is created.
    pub const LIKE_CREATED: Self = Self(1);
    /// A like is updated or deleted.
    pub const LIKE_CHANGED: Self = Self(1 << 1);
    /// A repost is created.
    pub const REPOST_CREATED: Self = Self(1 << 2);
    /// A repost is updated or deleted.
    pub const REPOST_CHANGED: Self = Self(1 << 3);
    /// A follow is created, updated or deleted.
    pub const FOLLOW: Self = Self(1 << 4);
    /// A block is created, updated or deleted.
    pub const BLOCK: Self = Self(1 << 5);
    /// A record of another collection is created, updated or deleted.
    pub const OTHER: Self = Self(1 << 6);

    /// What one op touches.
    pub const fn of(collection: Collection, action: Action) -> Self {
        match (collection, action) {
            (Collection::Like, Action::Create) => Self::LIKE_CREATED,
            (Collection::Like, _) => Self::LIKE_CHANGED,
            (Collection::Repost, Action::Create) => Self::REPOST_CREATED,
            (Collection::Repost, _) => Self::REPOST_CHANGED,
            (Collection::Follow, _) => Self::FOLLOW,
            (Collection::Block, _) => Self::BLOCK,
            (Collection::Other, _) => Self::OTHER,
        }
    }

    /// Both sets together.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Says whether the sets have anything in common.
    pub const fn intersects(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Says whether nothing is touched.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
}
