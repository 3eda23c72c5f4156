//! What was noted, as the next batch for the store.

use hashbrown::HashSet;
use kith_graph::AccountId;
use kith_store::{
    Batch,
    batch::{AccountRow, CommitRow, FlowRow, HistoryRows, NumberRow, Rows, TotalsRow},
};

use super::{Engine, Note, statuses, tid};

/// The counter of accounts that have an image, so that lost ones are noticed.
pub(crate) const IMAGES: &str = "checkpoint.images";

/// Rows of images with a batch of live events: a fraction of a second of the database's time.
const SLICE_SHORT: usize = 20_000;
/// The same, while they go without their index by origin.
const SLICE_BARE: usize = 40_000;
/// Rows of images with a long batch, or with none: the more at once, the fewer pages are written
/// again and again.
const SLICE_LONG: usize = 200_000;

/// Flows kept in memory before they are written without a checkpoint.
const FLOWS_MAX: usize = 100_000;

impl Engine {
    /// Whether the next batch is long enough to be taken.
    pub(crate) fn is_full(&self, operations_max: usize) -> bool {
        // Whom an operation settles beyond many epochs has a row of history for each.
        self.pending.operations() >= operations_max
            || self.pending.frames >= 32 * operations_max
            || self.ledger.closed_count() >= 4 * operations_max
    }

    /// Whether there is anything for a batch.
    pub(crate) fn has_pending(&self) -> bool {
        self.pending.frames > 0
            || self.pending.operations() > 0
            || !self.pending.accounts.is_empty()
            || !self.pending.numbers.is_empty()
            || !self.pending.commits.is_empty()
            || !self.pending.backfill.is_empty()
            || !self.pending.gaps.is_empty()
            || self.pending.tracked
            || self.pending.skipped
            || self.pending.named
            || !self.pending.handle_lookups.is_empty()
            || !self.pending.status_events.is_empty()
            || !self.pending.answers.is_empty()
            || self.pending.bootstrap.is_some()
            || self.sources.iter().any(|source| source.changed)
            || self.has_slices()
    }

    /// Whether long work waits for batches that carry it, slice by slice.
    pub(crate) fn has_slices(&self) -> bool {
        self.images.is_writing()
            || self.history.has_ranks()
            || self.retention.has_pending()
            || self.next_drop().is_some()
    }

    /// The journal that the next batch is to drop.
    fn next_drop(&self) -> Option<(u64, u64)> {
        let state = &self.state;
        let needed = state.flow_position.min(state.checkpoint_position);
        self.retention
            .drop(state.dropped_position, self.clock.epoch()?, needed)
    }

    /// Begins a checkpoint: the following batches carry its slices.
    pub(crate) fn begin_checkpoint(&mut self) {
        let state = &self.state;
        self.images.begin(state.position, state.checkpoint_position);
    }

    /// Operations that a start would have to go through again.
    pub(crate) fn tail(&self) -> u64 {
        self.state.position - self.state.checkpoint_position
    }

    /// Rows of images that the next batch carries. One without operations comes at the end, or
    /// when there is little else to do.
    fn slice_rows(&self) -> usize {
        match self.pending.operations() {
            1..SLICE_SHORT if self.images.is_bare() => SLICE_BARE,
            1..SLICE_SHORT => SLICE_SHORT,
            _ => SLICE_LONG,
        }
    }

    /// Takes everything noted since the last batch.
    pub(crate) fn batch(&mut self) -> Batch {
        let slice_rows = self.slice_rows();
        let pending = std::mem::take(&mut self.pending);
        let mut state = self.state.clone();
        let expected_position = state.position - pending.journal.len() as u64;
        let expected = (state.batch, expected_position);
        state.batch += 1;
        state.ticks = self.ledger.ticks();
        state.clock = self.clock.kept();
        let writing = self.images.is_writing();
        let slice = self
            .images
            .slice(&mut self.ledger, state.position, slice_rows);
        if !slice.images.is_empty() {
            self.counters.set(IMAGES, self.images.count());
        }
        if let Some(position) = slice.whole_at {
            state.checkpoint_position = position;
        }
        let kept = self.retention.slice(slice.swept, self.images.is_swept());
        let with_flows = writing || self.flows.len() > FLOWS_MAX;
        let flows = match with_flows {
            true => self.take_flows(),
            false => Vec::new(),
        };
        if with_flows {
            state.flow_position = state.position;
        }
        let dropped = self.next_drop();
        if let Some((_, upto)) = dropped {
            state.dropped_position = upto;
        }
        let likes_forgotten = self.retention.forget(self.ledger.accounts());
        let likes_forgotten =
            likes_forgotten.map(|(from, to)| (from, to, tid::unpack(self.first_missable())));
        let history = self.take_history(with_flows);
        let (mut follows, mut blocks) = (pending.follows, pending.blocks);
        let (follows_dropped, follows) = follows.take();
        let (blocks_dropped, blocks) = blocks.take();
        let accounts = rows_of(&pending.accounts, |id| self.account_row(id));
        let numbers = pending.numbers.iter();
        let numbers = numbers.filter_map(|id| self.number_row(*id)).collect();
        let commits = rows_of(&pending.commits, |id| self.commit_row(id));
        let commits = Rows::of(commits, |row| {
            let note = &mut self.notes[row.account as usize];
            !std::mem::replace(&mut note.has_repo, true)
        });
        let status_events = rows_of(&pending.status_events, |id| self.status_event_row(id));
        let mut backfill: Vec<_> = pending.backfill.into_values().collect();
        backfill.sort_unstable_by_key(|row| row.account);
        let totals = self.take_totals();
        self.state = state.clone();
        Batch {
            expected,
            state,
            journal: pending.journal,
            accounts,
            numbers,
            commits,
            tracked: pending.tracked.then(|| self.tracked.clone()),
            skipped: pending.skipped.then(|| self.skipped()),
            named: self.settings.named.clone().filter(|_| pending.named),
            follows_dropped,
            follows,
            blocks_dropped,
            blocks,
            changes: pending.changes,
            sources: self
                .sources
                .iter_mut()
                .filter_map(|source| {
                    std::mem::take(&mut source.changed).then(|| source.row.clone())
                })
                .collect(),
            counters: self.counters.take_changed(),
            unread: pending.unread.into_iter().collect(),
            backfill,
            gaps: pending.gaps.into_values().collect(),
            identities: pending.identities.into_values().collect(),
            handle_lookups: pending.handle_lookups.into_values().collect(),
            status_events,
            answers: pending.answers,
            forgotten: (pending.forgotten.into_iter())
                .map(|(id, since)| (id.0, since))
                .collect(),
            bootstrap: pending.bootstrap,
            bootstrap_accounts: pending.bootstrap_accounts,
            staged: pending.staged,
            images: slice.images,
            origin_index: slice.origin_index,
            totals,
            flows,
            history,
            kept,
            dropped,
            likes_forgotten,
        }
    }

    fn take_history(&mut self, with_activity: bool) -> HistoryRows {
        let (ticks, epoch) = (self.ledger.ticks(), self.clock.epoch().unwrap_or_default());
        let closed = self.ledger.take_closed();
        let epoch_of = |ordinal| epoch - i64::from(ticks.saturating_sub(ordinal));
        self.history.close(closed, epoch_of);
        if self.images.is_swept() {
            self.history.rank(epoch);
        }
        self.history.take(with_activity)
    }

    fn take_flows(&mut self) -> Vec<FlowRow> {
        let id = kith_reputation::AccountId;
        let mut flows: Vec<FlowRow> = self
            .flows
            .drain()
            .map(|((origin, receiver, sender, epoch), points)| FlowRow {
                origin: id(origin),
                sender: id(sender),
                receiver: id(receiver),
                epoch,
                points,
            })
            .collect();
        flows.sort_unstable_by_key(|f| (f.origin, f.receiver, f.sender, f.epoch));
        flows
    }

    fn take_totals(&mut self) -> Vec<TotalsRow> {
        let (ticks, epoch) = (self.ledger.ticks(), self.clock.epoch().unwrap_or_default());
        self.ledger
            .totals_changed()
            .into_iter()
            .map(|ordinal| TotalsRow {
                ordinal,
                epoch: epoch - i64::from(ticks.saturating_sub(ordinal)),
                totals: self.ledger.totals(ordinal),
            })
            .collect()
    }

    fn account_row(&self, id: AccountId) -> AccountRow {
        let note = &self.notes[id.index()];
        AccountRow {
            id: id.0,
            did: self.circle.did(id).as_str().to_owned(),
            handle: self.handles.get(&id).map(|handle| (**handle).to_owned()),
            hop: self.circle.hop(id),
            since_micros: note.since,
            status: statuses::status_word(self.circle.status(id)).to_owned(),
            ledger_id: note.ledger_id,
            capped: note.capped,
        }
    }

    fn number_row(&self, id: AccountId) -> Option<NumberRow> {
        Some(NumberRow {
            account: id.0,
            ledger_id: self.notes[id.index()].ledger_id?,
        })
    }

    fn commit_row(&self, id: AccountId) -> CommitRow {
        let Note {
            rev, likes_upto, ..
        } = self.notes[id.index()];
        CommitRow {
            account: id.0,
            rev: tid::unpack(rev),
            data: self.data.get(&id).copied(),
            likes_upto: (likes_upto > 0).then(|| tid::unpack(likes_upto)),
        }
    }
}

/// A row of each account, ascending.
fn rows_of<R>(accounts: &HashSet<AccountId>, row: impl Fn(AccountId) -> R) -> Vec<R> {
    let mut accounts: Vec<AccountId> = accounts.iter().copied().collect();
    accounts.sort_unstable();
    accounts.into_iter().map(row).collect()
}
