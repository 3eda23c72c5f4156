//! What one transaction carries: plain rows, in the words of the schema.
//!
//! Accounts appear here by two numbers. `account` is the number in the `account` table (the
//! circle's), `ledger id` is the number the ledger gave (a function of the journal).

mod images;
mod journal;
mod requests;

use kith_reputation::AccountId;

pub use images::{
    ActivityRow, ClosedRow, FlowRow, HistoryRows, ImageRow, KeptRow, KeptSlice, OriginIndex,
    RankRow, StoredRows, TotalsRow,
};
pub use journal::{JournalRow, Parameters, RecordIdentity, RecordKind};
pub(crate) use journal::{RulesRecord, outcome_code, verdict_of};
pub use requests::{Answer, AnswerRow, Request, RequestKind, RequestRow};

/// Unix microseconds.
pub type Micros = i64;

/// Where the single writer stands after a batch: the one row of table `state`.
#[derive(Debug, Clone, Default, Eq, PartialEq)]
pub struct State {
    /// Batches committed so far; a batch is written only on top of the one before it.
    pub batch: u64,
    /// The last journal position.
    pub position: u64,
    /// Ticks so far.
    pub ticks: u32,
    /// The seed of rule `systematic`; never shown.
    pub seed: u64,
    /// The epoch clock.
    pub clock: Clock,
    /// The flows include the journal up to this position.
    pub flow_position: u64,
    /// Depth of the circle.
    pub depth: u8,
    /// Every image older than this is true here, too; 0: not known.
    pub checkpoint_position: u64,
    /// The journal up to here was dropped, but for its rules and pins.
    pub dropped_position: u64,
    /// Table `history` is whole from this epoch on; None: from the beginning.
    pub history_epoch: Option<i64>,
    /// Whose batch it is: a number that each writer draws for itself.
    pub writer: i64,
}

/// The epoch clock as it is kept: epochs are counted in event time.
#[derive(Debug, Clone, Copy, Default, Eq, PartialEq)]
pub struct Clock {
    /// Length of an epoch in microseconds, above zero.
    pub epoch_micros: Micros,
    /// None until the first event.
    pub started: Option<ClockStart>,
}

/// The part of the clock that the first event sets.
#[derive(Debug, Clone, Copy, Eq, PartialEq)]
pub struct ClockStart {
    /// The epoch that began at `base_micros`.
    pub base_epoch: i64,
    /// When it began.
    pub base_micros: Micros,
    /// The current epoch.
    pub epoch: i64,
    /// The greatest event time so far.
    pub now_micros: Micros,
}

/// One account, the whole row.
#[derive(Debug, Clone, Eq, PartialEq)]
pub struct AccountRow {
    /// The circle's number.
    pub id: u32,
    /// The lasting id.
    pub did: String,
    /// Display label; None until known.
    pub handle: Option<String>,
    /// None: not a member.
    pub hop: Option<u8>,
    /// Event time of entering the circle.
    pub since_micros: Option<Micros>,
    /// active, deactivated, suspended, takendown, deleted, inactive.
    pub status: String,
    /// Number in the ledger, as it was read; it is written by a [`NumberRow`].
    pub ledger_id: Option<AccountId>,
    /// Its follows were read only up to the bound.
    pub capped: bool,
}

/// The number that an account gets in the ledger, once.
#[derive(Debug, Clone, Copy, Eq, PartialEq)]
pub struct NumberRow {
    /// Whose.
    pub account: u32,
    /// Its number in the ledger.
    pub ledger_id: AccountId,
}

/// Rows of one table, by whether their keys are in it: databases add what is new at less cost.
#[derive(Debug, Clone, Eq, PartialEq)]
pub struct Rows<R> {
    /// Of keys that are surely not there.
    pub new: Vec<R>,
    /// The others.
    pub known: Vec<R>,
}

impl<R> Default for Rows<R> {
    fn default() -> Self {
        Rows {
            new: Vec::new(),
            known: Vec::new(),
        }
    }
}

impl<R> Rows<R> {
    /// Parts rows, which keep their order.
    pub fn of(rows: impl IntoIterator<Item = R>, is_new: impl FnMut(&R) -> bool) -> Rows<R> {
        let (new, known) = rows.into_iter().partition(is_new);
        Rows { new, known }
    }

    /// All of them, the new ones first.
    pub fn iter(&self) -> impl Iterator<Item = &R> {
        self.new.iter().chain(&self.known)
    }
}

/// The last commit seen of an account's repo.
#[derive(Debug, Clone, Eq, PartialEq)]
pub struct CommitRow {
    /// Whose.
    pub account: u32,
    /// Its rev.
    pub rev: String,
    /// SHA-256 in the CID of the tree root after it.
    pub data: Option<[u8; 32]>,
    /// Likes with keys up to this one were read from the repo.
    pub likes_upto: Option<String>,
}

/// A follow or block record as it stands; `subject` None: it is gone.
#[derive(Debug, Clone, Eq, PartialEq)]
pub struct RecordRow {
    /// Whose record.
    pub author: u32,
    /// Its key.
    pub rkey: String,
    /// Whom it names.
    pub subject: Option<u32>,
}

/// A tracked account.
#[derive(Debug, Clone, Eq, PartialEq)]
pub struct TrackedRow {
    /// The circle's number.
    pub account: u32,
    /// The config's label.
    pub label: Option<String>,
}

/// Somebody entered, left, or changed hop.
#[derive(Debug, Clone, Eq, PartialEq)]
pub struct CircleChangeRow {
    /// 1, 2, 3, …
    pub id: u64,
    /// Event time.
    pub micros: Micros,
    /// Who.
    pub account: u32,
    /// Hop before; None: was not a member.
    pub from_hop: Option<u8>,
    /// Hop after; None: is not a member.
    pub to_hop: Option<u8>,
    /// follow, unfollow, backfill or deleted, by records; track, untrack, skip, unskip or config, by
    /// the configuration (skip and unskip also by the account's wish); left the interior.
    pub cause: &'static str,
    /// The account whose record caused it, or whose tracking; None: the account itself.
    pub by: Option<u32>,
    /// That record's key.
    pub rkey: Option<String>,
}

/// A source and how far it was read.
#[derive(Debug, Clone, Eq, PartialEq)]
pub struct SourceRow {
    /// relay, jetstream, pds, file.
    pub kind: String,
    /// Its url, or the path of a file.
    pub url: String,
    /// All below it is done: a seq, or a byte offset in a file.
    pub cursor: Option<u64>,
    /// Event time of the last frame.
    pub event_micros: Option<Micros>,
    /// How late the last new frame was when it was applied; None before the first since it was connected.
    pub lag_micros: Option<Micros>,
    /// Whether the source was connected.
    pub connected: bool,
}

impl SourceRow {
    /// The key of the row: kind and url.
    pub fn name(&self) -> String {
        format!("{} {}", self.kind, self.url)
    }
}

/// An account whose follows and blocks are to be read from its host.
#[derive(Debug, Clone, Eq, PartialEq)]
pub struct BackfillRow {
    /// Whose.
    pub account: u32,
    /// queued, running, done, failed.
    pub state: BackfillState,
    /// entered, sync, gap, active.
    pub reason: String,
    /// How often it was tried.
    pub attempts: u32,
    /// Not before this time.
    pub not_before_micros: Micros,
    /// Why it failed last.
    pub error: Option<String>,
    /// Spans of TIDs whose likes are wanted too, as the engine writes them: `after-upto,…`.
    pub likes: Option<String>,
    /// The stream's gap that it is part of.
    pub gap: Option<u64>,
}

/// What an account's DID document said when it was last fetched.
#[derive(Debug, Clone, Eq, PartialEq)]
pub struct IdentityRow {
    /// Whose.
    pub account: u32,
    /// Base URL of its PDS.
    pub pds: Option<String>,
    /// The handle it claims, unverified.
    pub handle: Option<String>,
    /// The key that signs its commits, as multikey text.
    pub signing_key: Option<String>,
    /// Local time.
    pub fetched_micros: Micros,
}

/// A member whose handle was looked up, or is to be.
#[derive(Debug, Clone, Copy, Eq, PartialEq)]
pub struct HandleLookupRow {
    /// Whose.
    pub account: u32,
    /// Failures in a row.
    pub attempts: u32,
    /// Not before this local time; None: not before the account's next `#identity`.
    pub not_before_micros: Option<Micros>,
}

/// The last `#account` event that was heard of an account.
#[derive(Debug, Clone, Eq, PartialEq)]
pub struct StatusEventRow {
    /// Whose.
    pub account: u32,
    /// Its event time.
    pub micros: Micros,
    /// Who told it: [`SourceRow::name`].
    pub source: String,
}

/// State of a backfill.
#[derive(Debug, Clone, Copy, Eq, PartialEq)]
pub enum BackfillState {
    /// Waits for its turn, also after a failure that may pass.
    Queued,
    /// Is being read.
    Running,
    /// Read.
    Done,
    /// Given up.
    Failed,
}

impl BackfillState {
    /// The word in the table.
    pub fn name(self) -> &'static str {
        match self {
            BackfillState::Queued => "queued",
            BackfillState::Running => "running",
            BackfillState::Done => "done",
            BackfillState::Failed => "failed",
        }
    }

    pub(crate) fn parse(name: &str) -> Option<BackfillState> {
        [Self::Queued, Self::Running, Self::Done, Self::Failed]
            .into_iter()
            .find(|state| state.name() == name)
    }
}

/// Something was missed.
#[derive(Debug, Clone, Eq, PartialEq, Default)]
pub struct GapRow {
    /// 1, 2, 3, …
    pub id: u64,
    /// Of an account `chain`, `sync`, `too_big`, `unreadable` or `verification`; of a stream
    /// `outdated_cursor`, `future_cursor` or another reason of its source.
    pub kind: String,
    /// Whose repo, if one.
    pub account: Option<u32>,
    /// Which source, if it is a stream's.
    pub source: Option<String>,
    /// Of an account: the last commit seen before.
    pub from_rev: Option<String>,
    /// Of an account: the commit where it ends.
    pub to_rev: Option<String>,
    /// Of a stream: the last event seen before.
    pub from_micros: Option<Micros>,
    /// Of a stream: the first event after it.
    pub to_micros: Option<Micros>,
    /// Accounts whose repos are to be read again.
    pub accounts: u64,
    /// Of them, those that have not been read.
    pub accounts_left: u64,
    /// When it was noticed (event time).
    pub opened_micros: Micros,
    /// When it was repaired (event time).
    pub closed_micros: Option<Micros>,
    /// Missed likes that reading found.
    pub likes_found: u64,
    /// Follow records found, or found gone.
    pub follows_changed: u64,
    /// Block records found, or found gone.
    pub blocks_changed: u64,
}

/// How far day one is: the one row of table `bootstrap`.
#[derive(Debug, Clone, Eq, PartialEq)]
pub struct BootstrapRow {
    /// What is being done.
    pub state: BootstrapState,
    /// Likes up to this time are too old.
    pub after_micros: Micros,
    /// Event time from which the sources tell everything.
    pub first_micros: Micros,
    /// Likes after this time come by the sources alone.
    pub upto_micros: Micros,
    /// Local time of the first start.
    pub begun_micros: Micros,
    /// Local time when the last like was taken.
    pub ended_micros: Option<Micros>,
    /// Likes that may count, waiting or taken.
    pub likes_read: u64,
    /// Of them, those given to the ledger.
    pub likes_taken: u64,
    /// The last of these.
    pub taken: StagedKey,
}

/// What day one is at.
#[derive(Debug, Clone, Copy, Eq, PartialEq)]
pub enum BootstrapState {
    /// Likes are being read from the repos.
    Reading,
    /// They are being given to the ledger, in order.
    Taking,
    /// All are.
    Done,
}

impl BootstrapState {
    /// The word in the table.
    pub fn name(self) -> &'static str {
        match self {
            BootstrapState::Reading => "reading",
            BootstrapState::Taking => "taking",
            BootstrapState::Done => "done",
        }
    }

    pub(crate) fn parse(name: &str) -> Option<BootstrapState> {
        [Self::Reading, Self::Taking, Self::Done]
            .into_iter()
            .find(|state| state.name() == name)
    }
}

/// An account whose likes of before the first start were read, or cannot be.
#[derive(Debug, Clone, Eq, PartialEq)]
pub struct BootstrapAccountRow {
    /// Whose.
    pub account: u32,
    /// Local time before it was read.
    pub read_micros: Micros,
    /// Likes and reposts that were read now.
    pub likes: u64,
    /// There are older ones, beyond the bound.
    pub capped: bool,
    /// Why it was given up.
    pub error: Option<String>,
}

/// Where a like stands among those that wait; ordered as they are taken.
#[derive(Debug, Clone, Copy, Default, Eq, PartialEq, Ord, PartialOrd, Hash)]
pub struct StagedKey {
    /// The record's key, a TID, as a number; below 2^63.
    pub tid: u64,
    /// Whose like.
    pub account: u32,
    /// 1 like, 2 repost: as in the journal.
    pub record: u8,
}

/// A like that waits until all of day one's are read.
#[derive(Debug, Clone, Eq, PartialEq)]
pub struct StagedLike {
    /// Its place.
    pub key: StagedKey,
    /// Whose post.
    pub author: u32,
    /// That post's key.
    pub post: String,
    /// 64 bits of the record's digest.
    pub nonce: u64,
}

/// One transaction: everything since the batch before it.
#[derive(Debug, Clone, Default)]
pub struct Batch {
    /// State the batch builds on: number of batches and journal position before it.
    pub expected: (u64, u64),
    /// State after it.
    pub state: State,
    /// Operations, in order.
    pub journal: Vec<JournalRow>,
    /// New and changed accounts.
    pub accounts: Vec<AccountRow>,
    /// Accounts of which nothing changed but that they take part in the ledger now.
    pub numbers: Vec<NumberRow>,
    /// Repos that have a new commit.
    pub commits: Rows<CommitRow>,
    /// The tracked accounts, all of them, if they changed.
    pub tracked: Option<Vec<TrackedRow>>,
    /// Accounts that are kept out of the circle, all of them, if they changed.
    pub skipped: Option<Vec<u32>>,
    /// Handles of the configuration and whose they are, all of them, if they changed.
    pub named: Option<Vec<(String, String)>>,
    /// Accounts all of whose follow records go (before `follows` is applied).
    pub follows_dropped: Vec<u32>,
    /// Follow records, one entry for each (author, rkey).
    pub follows: Vec<RecordRow>,
    /// Accounts all of whose block records go (before `blocks` is applied).
    pub blocks_dropped: Vec<u32>,
    /// Block records, one entry for each (author, rkey).
    pub blocks: Vec<RecordRow>,
    /// Changes of the circle, in order.
    pub changes: Vec<CircleChangeRow>,
    /// Sources that moved.
    pub sources: Vec<SourceRow>,
    /// Counters that changed, absolute.
    pub counters: Vec<(String, u64)>,
    /// Accounts of which there is to be no backfill, ascending.
    pub unread: Vec<u32>,
    /// Backfills that changed state.
    pub backfill: Vec<BackfillRow>,
    /// Gaps opened, repaired or closed.
    pub gaps: Vec<GapRow>,
    /// Documents fetched since the last batch.
    pub identities: Vec<IdentityRow>,
    /// Handles looked up since the last batch, or to be looked up.
    pub handle_lookups: Vec<HandleLookupRow>,
    /// Words about statuses that were heard.
    pub status_events: Vec<StatusEventRow>,
    /// Answers to requests.
    pub answers: Vec<AnswerRow>,
    /// Accounts that are forgotten from a local time on; None: not any more.
    pub forgotten: Vec<(u32, Option<Micros>)>,
    /// How far day one is, if that changed.
    pub bootstrap: Option<BootstrapRow>,
    /// Accounts that day one has read.
    pub bootstrap_accounts: Vec<BootstrapAccountRow>,
    /// Likes that wait; those that wait already stay.
    pub staged: Vec<StagedLike>,
    /// A slice of the checkpoint.
    pub images: Vec<ImageRow>,
    /// What that does to the index of assignments by origin.
    pub origin_index: OriginIndex,
    /// Totals that changed.
    pub totals: Vec<TotalsRow>,
    /// Flows since `flow_position`.
    pub flows: Vec<FlowRow>,
    /// How accounts fared in epochs.
    pub history: HistoryRows,
    /// The checkpoint that is kept.
    pub kept: KeptSlice,
    /// Journal to be dropped: after which position, up to which.
    pub dropped: Option<(u64, u64)>,
    /// Likes of that journal to be forgotten: of which ledger accounts (from one on, to before another), with
    /// keys before which.
    pub likes_forgotten: Option<(u32, u32, String)>,
}
