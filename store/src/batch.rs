//! What one transaction carries: plain rows, in the words of the schema.
//!
//! Accounts appear here by two numbers. `account` is the number in the `account` table (the
//! circle's), `ledger id` is the number the ledger gave (a function of the journal).

use kith_reputation::{AccountId, AccountImage, Operation, Rejection, Row, Rules, Verdict};
use serde::{Deserialize, Serialize};

use crate::pieces::Pieces;

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

/// One row of the journal: an operation, what became of it, and where it came from.
#[derive(Debug, Clone, PartialEq)]
pub struct JournalRow {
    /// 1, 2, 3, … without holes.
    pub position: u64,
    /// Epoch in which it was given to the ledger.
    pub epoch: i64,
    /// The operation.
    pub operation: Operation,
    /// What the ledger said.
    pub verdict: Verdict,
    /// Of a claim: who had sent the entry.
    pub claimed_from: Option<AccountId>,
    /// What reached the receiver's side, by origin.
    pub pieces: Pieces,
    /// What reached the sink.
    pub sink_points: u64,
    /// The same by origin, under rule `reference`.
    pub sink_pieces: Pieces,
    /// For `Operation::Rules`: the parameters that are not the ledger's own.
    pub parameters: Option<Parameters>,
    /// For likes and reposts: the record.
    pub record: Option<RecordIdentity>,
    /// Event time.
    pub micros: Micros,
}

/// The rejections by their code in column `outcome`, less one (0 is accepted). Stored, so never
/// reordered.
const REJECTIONS: [Rejection; 10] = [
    Rejection::UnknownAccount,
    Rejection::TooManyAccounts,
    Rejection::SinkIsParty,
    Rejection::SelfTransfer,
    Rejection::ZeroPoints,
    Rejection::AboveLimit,
    Rejection::NotEnoughPoints,
    Rejection::NoSuchEntry,
    Rejection::InvalidRules,
    Rejection::TooManyTicks,
];

/// The code of a verdict in column `outcome`.
pub(crate) fn outcome_code(verdict: Verdict) -> i64 {
    match verdict {
        Verdict::Accepted => 0,
        Verdict::Rejected(rejection) => REJECTIONS
            .iter()
            .zip(1..)
            .find_map(|(known, code)| (*known == rejection).then_some(code))
            .unwrap_or(i64::MAX),
    }
}

/// The verdict of a code.
pub(crate) fn verdict_of(code: i64) -> Option<Verdict> {
    match usize::try_from(code).ok()? {
        0 => Some(Verdict::Accepted),
        code => REJECTIONS.get(code - 1).copied().map(Verdict::Rejected),
    }
}

/// Parameters of the service that decide what becomes an operation; journaled with the rules.
#[derive(Debug, Clone, Copy, Eq, PartialEq, Serialize, Deserialize)]
pub struct Parameters {
    /// Points of a like.
    pub like: u32,
    /// Points of a repost; 0 = off.
    pub repost: u32,
    /// Whether a post counts once per liker and epoch.
    pub repeat_once: bool,
    /// Length of an epoch in microseconds.
    pub epoch_micros: Micros,
}

/// The record behind a transfer.
#[derive(Debug, Clone, Eq, PartialEq)]
pub struct RecordIdentity {
    /// What kind of record.
    pub kind: RecordKind,
    /// Its key in the repo of the sender.
    pub rkey: String,
    /// The commit it came with.
    pub rev: String,
    /// The key of the post in the repo of the receiver.
    pub subject_rkey: String,
}

/// Kinds of records that become transfers.
#[derive(Debug, Clone, Copy, Eq, PartialEq, Hash)]
pub enum RecordKind {
    /// `app.bsky.feed.like`
    Like,
    /// `app.bsky.feed.repost`
    Repost,
}

impl RecordKind {
    /// The code in columns `record`. Stored, so never renumbered.
    pub fn code(self) -> u8 {
        match self {
            RecordKind::Like => 1,
            RecordKind::Repost => 2,
        }
    }
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
    /// Last commit seen.
    pub rev: Option<String>,
    /// SHA-256 in the CID of the tree root after that commit.
    pub data: Option<[u8; 32]>,
    /// Number in the ledger.
    pub ledger_id: Option<AccountId>,
    /// Its follows were read only up to the bound.
    pub capped: bool,
}

/// The last commit seen of an account that is known to the store.
#[derive(Debug, Clone, Eq, PartialEq)]
pub struct CommitRow {
    /// Whose.
    pub account: u32,
    /// Its rev.
    pub rev: String,
    /// SHA-256 in the CID of the tree root after it.
    pub data: Option<[u8; 32]>,
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
    /// the configuration; left the interior.
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
    /// How late that frame was when it was applied.
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

/// An account's image in the ledger, true at `position`.
#[derive(Debug, Clone, Eq, PartialEq)]
pub struct ImageRow {
    /// Whose.
    pub id: AccountId,
    /// The journal position at which it is true.
    pub position: u64,
    /// The account.
    pub image: AccountImage,
    /// Origins, ascending, beyond whose rows the store's rows of the account are those of the
    /// image; None: nothing is known of them.
    pub changed: Option<Vec<AccountId>>,
}

impl ImageRow {
    /// The rows to be written: all, or those that changed.
    pub(crate) fn written(&self) -> impl Iterator<Item = &Row> {
        let is_whole = self.changed.is_none();
        let all = is_whole.then_some(&self.image.rows).into_iter().flatten();
        let some = self.changed.iter().flatten();
        all.chain(some.filter_map(|origin| self.row(*origin)))
    }

    /// Origins whose rows are gone, of those that changed.
    pub(crate) fn gone(&self) -> impl Iterator<Item = AccountId> {
        let changed = self.changed.iter().flatten().copied();
        changed.filter(|origin| self.row(*origin).is_none())
    }

    fn row(&self, origin: AccountId) -> Option<&Row> {
        let rows = &self.image.rows;
        let at = rows.binary_search_by_key(&origin, |row| row.origin).ok()?;
        rows.get(at)
    }
}

/// Totals of one epoch, by reason.
#[derive(Debug, Clone, Copy, Eq, PartialEq)]
pub struct TotalsRow {
    /// Tick ordinal.
    pub ordinal: u32,
    /// The epoch it began.
    pub epoch: i64,
    /// The ledger's totals.
    pub totals: kith_reputation::Totals,
}

/// Points of one tracked origin that went from sender to receiver in an epoch, since the
/// last batch that carried flows.
#[derive(Debug, Clone, Copy, Eq, PartialEq)]
pub struct FlowRow {
    /// Whose points.
    pub origin: AccountId,
    /// Who passed them on.
    pub sender: AccountId,
    /// To whom.
    pub receiver: AccountId,
    /// When.
    pub epoch: i64,
    /// How many; above zero.
    pub points: u64,
}

/// What an account gave and received in an epoch, since the last batch that carried flows.
#[derive(Debug, Clone, Copy, Eq, PartialEq)]
pub struct ActivityRow {
    /// Whose.
    pub holder: AccountId,
    /// When.
    pub epoch: i64,
    /// Points credited.
    pub received: u64,
    /// Points paid.
    pub given: u64,
}

/// How an account stood when an epoch ended.
#[derive(Debug, Clone, Copy, Eq, PartialEq)]
pub struct ClosedRow {
    /// Whose.
    pub holder: AccountId,
    /// Which epoch.
    pub epoch: i64,
    /// In the circle at its end; None: not a member.
    pub hop: Option<u8>,
    /// Own points left.
    pub own: u32,
    /// Points received and still held.
    pub tally: u64,
    /// Of them, those of pinned origins; all where nothing is pinned.
    pub tracked: u64,
}

/// A member's rank by `tracked` when an epoch ended.
#[derive(Debug, Clone, Copy, Eq, PartialEq)]
pub struct RankRow {
    /// Whose.
    pub holder: AccountId,
    /// Which epoch.
    pub epoch: i64,
    /// From 1; equals share a rank.
    pub rank: u64,
}

/// What a batch adds to table `history`; no account twice in an epoch.
#[derive(Debug, Clone, Default)]
pub struct HistoryRows {
    /// Added to what is there.
    pub activity: Vec<ActivityRow>,
    /// Accounts settled beyond the end of an epoch.
    pub closed: Vec<ClosedRow>,
    /// Ranks of epochs that everybody was settled beyond.
    pub ranks: Vec<RankRow>,
}

/// A checkpoint that is kept.
#[derive(Debug, Clone, Copy, Eq, PartialEq)]
pub struct KeptRow {
    /// The tick it was taken after.
    pub ordinal: u32,
    /// The epoch which that tick began.
    pub epoch: i64,
    /// That tick's position in the journal.
    pub position: u64,
    /// Accounts of the ledger at that moment.
    pub accounts: u32,
    /// All their images are there.
    pub complete: bool,
}

/// What a batch does to kept checkpoints.
#[derive(Debug, Clone, Default)]
pub struct KeptSlice {
    /// The checkpoint that is being taken.
    pub checkpoint: Option<KeptRow>,
    /// So many of the batch's images, from the first, belong to it.
    pub images: usize,
    /// Images to be removed: of which ordinal, from which holder, before which.
    pub discarded: Option<(u32, u32, u32)>,
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
    /// Accounts of which nothing changed but their last commit.
    pub commits: Vec<CommitRow>,
    /// The tracked accounts, all of them, if they changed.
    pub tracked: Option<Vec<TrackedRow>>,
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
    /// Backfills that changed state.
    pub backfill: Vec<BackfillRow>,
    /// Gaps opened, repaired or closed.
    pub gaps: Vec<GapRow>,
    /// Documents fetched since the last batch.
    pub identities: Vec<IdentityRow>,
    /// Handles looked up since the last batch, or to be looked up.
    pub handle_lookups: Vec<HandleLookupRow>,
    /// How far day one is, if that changed.
    pub bootstrap: Option<BootstrapRow>,
    /// Accounts that day one has read.
    pub bootstrap_accounts: Vec<BootstrapAccountRow>,
    /// Likes that wait; those that wait already stay.
    pub staged: Vec<StagedLike>,
    /// A slice of the checkpoint.
    pub images: Vec<ImageRow>,
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
}

/// The rules and parameters of a `rules` row as they stand in the journal, in JSON.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct RulesRecord {
    rule: RuleName,
    own_points: u32,
    keep_top: u32,
    decay_percent: u8,
    sink_percent: u8,
    unclaimed_ticks: u32,
    #[serde(flatten)]
    pub(crate) parameters: Parameters,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum RuleName {
    Systematic,
    Reference,
}

impl RulesRecord {
    pub(crate) fn new(rules: &Rules, parameters: Parameters) -> RulesRecord {
        RulesRecord {
            rule: match rules.rule {
                kith_reputation::RuleKind::Systematic => RuleName::Systematic,
                kith_reputation::RuleKind::Reference => RuleName::Reference,
            },
            own_points: rules.own_points,
            keep_top: rules.keep_top,
            decay_percent: rules.decay_percent,
            sink_percent: rules.sink_percent,
            unclaimed_ticks: rules.unclaimed_ticks,
            parameters,
        }
    }

    pub(crate) fn rules(&self) -> Rules {
        Rules {
            rule: match self.rule {
                RuleName::Systematic => kith_reputation::RuleKind::Systematic,
                RuleName::Reference => kith_reputation::RuleKind::Reference,
            },
            own_points: self.own_points,
            keep_top: self.keep_top,
            decay_percent: self.decay_percent,
            sink_percent: self.sink_percent,
            unclaimed_ticks: self.unclaimed_ticks,
        }
    }
}
