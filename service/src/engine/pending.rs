//! What has changed since the last batch, gathered for the next one.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
};

use hashbrown::{HashMap, HashSet};
use kith_graph::AccountId;
use kith_store::batch::{
    AnswerRow, BackfillRow, BootstrapAccountRow, BootstrapRow, CircleChangeRow, GapRow,
    HandleLookupRow, IdentityRow, JournalRow, Micros, RecordRow, StagedLike,
};

/// Changes of the circle and the journal, not yet handed to the store.
#[derive(Debug, Default)]
pub(super) struct Pending {
    pub(super) journal: Vec<JournalRow>,
    pub(super) accounts: HashSet<AccountId>,
    /// Accounts that take part in the ledger now.
    pub(super) numbers: Vec<AccountId>,
    /// Accounts with a new commit.
    pub(super) commits: HashSet<AccountId>,
    pub(super) tracked: bool,
    pub(super) skipped: bool,
    pub(super) named: bool,
    pub(super) follows: Records,
    pub(super) blocks: Records,
    pub(super) changes: Vec<CircleChangeRow>,
    pub(super) backfill: HashMap<AccountId, BackfillRow>,
    /// Of whom there is to be no row: what it said is no longer so.
    pub(super) unread: BTreeSet<u32>,
    pub(super) gaps: BTreeMap<u64, GapRow>,
    pub(super) identities: BTreeMap<AccountId, IdentityRow>,
    pub(super) handle_lookups: BTreeMap<AccountId, HandleLookupRow>,
    /// Accounts of whose status something was heard.
    pub(super) status_events: HashSet<AccountId>,
    pub(super) answers: Vec<AnswerRow>,
    pub(super) forgotten: BTreeMap<AccountId, Option<Micros>>,
    pub(super) bootstrap: Option<BootstrapRow>,
    pub(super) bootstrap_accounts: Vec<BootstrapAccountRow>,
    pub(super) staged: Vec<StagedLike>,
    /// Frames taken since the last batch: they moved cursors, if nothing else.
    pub(super) frames: usize,
}

impl Pending {
    /// Rows that the next batch will carry, more or less.
    pub(super) fn operations(&self) -> usize {
        self.journal.len()
            + self.follows.set.len()
            + self.blocks.set.len()
            + self.changes.len()
            + self.bootstrap_accounts.len()
            + self.staged.len()
    }
}

/// Changes of follow or block records: the last word on each key.
#[derive(Debug, Default)]
pub(super) struct Records {
    dropped: HashSet<AccountId>,
    set: HashMap<(AccountId, Box<str>), Option<AccountId>>,
}

impl Records {
    /// The record now names this subject; None: it is gone.
    pub(super) fn set(&mut self, author: AccountId, rkey: &str, subject: Option<AccountId>) {
        self.set.insert((author, rkey.into()), subject);
    }

    /// All records of the author are gone.
    pub(super) fn drop_all(&mut self, author: AccountId) {
        self.set.retain(|(other, _), _| *other != author);
        self.dropped.insert(author);
    }

    /// As rows, ascending: first the authors to drop, then the records to set.
    pub(super) fn take(&mut self) -> (Vec<u32>, Vec<RecordRow>) {
        let mut dropped: Vec<u32> = self.dropped.drain().map(|id| id.0).collect();
        dropped.sort_unstable();
        let mut rows: Vec<RecordRow> = self
            .set
            .drain()
            .map(|((author, rkey), subject)| RecordRow {
                author: author.0,
                rkey: rkey.into(),
                subject: subject.map(|id| id.0),
            })
            .collect();
        rows.sort_unstable_by(|a, b| (a.author, &a.rkey).cmp(&(b.author, &b.rkey)));
        (dropped, rows)
    }
}

/// Counts by name, since the database was made.
#[derive(Debug, Default)]
pub(super) struct Counters {
    values: BTreeMap<Cow<'static, str>, (u64, bool)>,
}

impl Counters {
    /// Adds to a count.
    pub(super) fn add(&mut self, name: impl Into<Cow<'static, str>>, n: u64) {
        if n > 0 {
            let (value, changed) = self.values.entry(name.into()).or_default();
            *value += n;
            *changed = true;
        }
    }

    /// Sets a count.
    pub(super) fn set(&mut self, name: &'static str, value: u64) {
        self.values.insert(name.into(), (value, true));
    }

    /// Sets a count as it was kept.
    pub(super) fn restore(&mut self, name: String, value: u64) {
        self.values.insert(name.into(), (value, false));
    }

    /// All counts.
    pub(super) fn all(&self) -> impl Iterator<Item = (&str, u64)> {
        let values = self.values.iter();
        values.map(|(name, (value, _))| (name.as_ref(), *value))
    }

    /// The counts that changed since they were last taken.
    pub(super) fn take_changed(&mut self) -> Vec<(String, u64)> {
        self.values
            .iter_mut()
            .filter(|(_, (_, changed))| *changed)
            .map(|(name, (value, changed))| {
                *changed = false;
                (name.to_string(), *value)
            })
            .collect()
    }
}
