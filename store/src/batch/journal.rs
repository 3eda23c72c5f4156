//! A row of the journal, and its words as the schema has them.

use compact_str::CompactString;
use kith_reputation::{AccountId, Operation, Rejection, Rules, Verdict};
use serde::{Deserialize, Serialize};

use super::Micros;
use crate::pieces::Pieces;

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
    pub rkey: CompactString,
    /// The commit it came with.
    pub rev: CompactString,
    /// The key of the post in the repo of the receiver.
    pub subject_rkey: CompactString,
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
