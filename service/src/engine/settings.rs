//! The part of the configuration that the engine goes by, in its own words.

use hashbrown::HashSet;
use kith_config::{Backfill, Config, Match, Repeat, Rule, Verify};
use kith_feeder::wire::Touches;
use kith_graph::AccountId;
use kith_reputation::{RuleKind, Rules};
use kith_store::batch::Parameters;

/// Ticks that an unclaimed bundle lives (docs/LEDGER.md).
const UNCLAIMED_TICKS: u32 = 10;

/// A tracked account, its handle resolved.
#[derive(Debug, Clone, Eq, PartialEq)]
pub(crate) struct TrackedDid {
    /// The account.
    pub(crate) did: String,
    /// Its handle, if the config names it by handle and that was found out just now: what was found out
    /// earlier may be out of date by what was heard since.
    pub(crate) handle: Option<String>,
    /// The config's label.
    pub(crate) label: Option<String>,
}

/// What the engine goes by.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    /// Depth of the circle.
    pub(crate) depth: u8,
    /// Who of a like must belong to the circle.
    pub(crate) matching: Match,
    /// Where earlier follows come from.
    pub(crate) backfill: Backfill,
    /// The tracked accounts, in the order of the config.
    pub(crate) tracked: Vec<TrackedDid>,
    /// DIDs that are never members.
    pub(crate) skip: Vec<String>,
    /// DIDs that want no points.
    pub(crate) opt_out: Vec<String>,
    /// Handles of the config and whose they are, ascending; None: nobody was asked.
    pub(crate) named: Option<Vec<(String, String)>>,
    /// Follow records read of one account at most.
    pub(crate) max_follows: u32,
    /// Members whose handles are looked up in a minute.
    pub(crate) handles_per_minute: u32,
    /// The ledger's rules.
    pub(crate) rules: Rules,
    /// What decides about operations, journaled with the rules.
    pub(crate) parameters: Parameters,
    /// Whether tracked accounts are pinned.
    pub(crate) pin_tracked: bool,
    /// Likes of one account journaled per epoch.
    pub(crate) max_likes_per_epoch: u32,
    /// Checkpoints to keep.
    pub(crate) keep_checkpoints: u32,
    /// Epochs whose journal is kept; None: all.
    pub(crate) retain_epochs: Option<u32>,
    /// The seed, if the config sets it.
    pub(crate) seed: Option<u64>,
    /// What of commits is verified.
    pub(crate) verify: Verify,
    /// Whether also those of the last degree.
    pub(crate) verifies_all: bool,
}

impl Settings {
    /// Takes the engine's part of a config whose handles have been resolved.
    pub(crate) fn new(
        config: &Config,
        tracked: Vec<TrackedDid>,
        skip: Vec<String>,
        opt_out: Vec<String>,
    ) -> Settings {
        let ledger = &config.ledger;
        let rule = match ledger.rule {
            Rule::Systematic => RuleKind::Systematic,
            Rule::Reference => RuleKind::Reference,
        };
        Settings {
            depth: config.circle.depth,
            matching: config.circle.match_,
            backfill: config.circle.backfill,
            tracked,
            skip,
            opt_out,
            named: None,
            max_follows: config.circle.max_follows,
            handles_per_minute: config.network.handles_per_minute,
            rules: Rules {
                rule,
                own_points: ledger.own_points,
                keep_top: ledger.keep_top,
                decay_percent: ledger.decay_percent,
                sink_percent: ledger.sink_percent,
                unclaimed_ticks: UNCLAIMED_TICKS,
            },
            parameters: Parameters {
                like: ledger.like,
                repost: ledger.repost,
                repeat_once: ledger.repeat == Repeat::Once,
                epoch_micros: i64::try_from(ledger.epoch_microseconds()).unwrap_or(i64::MAX),
            },
            // Rule reference has no pins.
            pin_tracked: ledger.pin_tracked && rule == RuleKind::Systematic,
            max_likes_per_epoch: ledger.max_likes_per_epoch,
            keep_checkpoints: config.store.keep_checkpoints,
            retain_epochs: config.store.retain,
            seed: ledger.seed,
            verify: config.network.verify,
            verifies_all: config.network.verify_all,
        }
    }

    /// Whether a like of these two is in scope, if neither fails earlier.
    pub(crate) fn in_scope(&self, liker: bool, author: bool) -> bool {
        match self.matching {
            Match::Both => liker && author,
            Match::Liker => liker,
            Match::Author => author,
            Match::Either => liker || author,
        }
    }

    /// Whether a like of somebody outside the circle may still be in scope.
    pub(crate) fn strangers_may_like(&self) -> bool {
        matches!(self.matching, Match::Author | Match::Either)
    }

    /// Which commits matter, whoever's they are. Where all records are kept, so are all revs of those
    /// who like: a like outside the circle is counted once, too.
    pub(crate) fn wanted_of_strangers(&self) -> Touches {
        let mut wanted = Touches::default();
        if self.keeps_all_records() {
            wanted = wanted.union(Touches::FOLLOW).union(Touches::BLOCK);
        }
        if self.keeps_all_records() || self.strangers_may_like() {
            wanted = wanted.union(Touches::LIKE_CREATED);
            if self.parameters.repost > 0 {
                wanted = wanted.union(Touches::REPOST_CREATED);
            }
        }
        wanted
    }

    /// Whether follow and block records of everybody are kept.
    pub(crate) fn keeps_all_records(&self) -> bool {
        self.backfill == Backfill::Stream
    }
}

/// Accounts that opted out, by number.
pub(super) type OptedOut = HashSet<AccountId>;
