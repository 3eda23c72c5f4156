//! Which accounts of the ledger are to be imaged, and in what slices.
//!
//! An account whose image lies behind a tick is always marked here: a tick marks everybody. The
//! images from a tick until everybody was imaged are its sweep. What a tick did to an account's rows
//! is found by comparing them when the account is settled.

use std::collections::VecDeque;

use hashbrown::{HashMap, HashSet};
use kith_reputation::{
    AccountId, AccountImage, Ledger, Operation, Outcome, Row, RuleKind, Transfer,
};
use kith_store::batch::{ImageRow, OriginIndex, StoredRows};

/// Accounts that changed since their image.
#[derive(Debug, Default)]
pub(super) struct Images {
    marked: Vec<bool>,
    /// Accounts that were not imaged since the last tick.
    due: Vec<bool>,
    /// To which tick an account was settled when `touched` last told all the difference between its
    /// rows and those in the store; [`UNKNOWN`] if it never did.
    known: Vec<u32>,
    /// Rows that changed since the last image.
    touched: HashMap<AccountId, Touched>,
    /// Of `known` accounts with unclaimed entries in the store, how many these are: the first so many that the
    /// ledger has, unless some have expired since.
    entries: HashMap<AccountId, Option<usize>>,
    /// Accounts that have an image in the store, or had one; of others it has no rows.
    imaged: HashSet<AccountId>,
    /// Marked since the checkpoint began.
    later: Vec<AccountId>,
    /// The rest of the checkpoint that is being written.
    now: VecDeque<AccountId>,
    /// Where that checkpoint began.
    began: Option<u64>,
    /// What is to be done to the index of assignments by origin: to drop it at the next slice, or to
    /// make it at the last.
    origin_index: OriginIndex,
    /// Accounts to be imaged until everybody was since the last tick.
    sweep: usize,
}

/// A slice of the checkpoint.
#[derive(Debug, Default)]
pub(super) struct Slice {
    /// Each true at the position that was asked for.
    pub(super) images: Vec<ImageRow>,
    /// So many of them, from the first, belong to the sweep.
    pub(super) swept: usize,
    /// What it does to the index of assignments by origin.
    pub(super) origin_index: OriginIndex,
    /// The checkpoint is whole with this slice: where it began. Every image that is older is true
    /// there, too.
    pub(super) whole_at: Option<u64>,
}

/// Origins whose rows of one account changed.
#[derive(Debug, Default)]
struct Touched {
    origins: Vec<AccountId>,
    /// So many, from the first, are in order and without repetition.
    sorted: usize,
}

impl Touched {
    fn extend(&mut self, origins: impl Iterator<Item = AccountId>) {
        self.origins.extend(origins);
        if self.origins.len() > 2 * self.sorted + TOUCHED_UNSORTED {
            self.sort();
        }
    }

    fn sort(&mut self) {
        self.origins.sort_unstable();
        self.origins.dedup();
        self.sorted = self.origins.len();
    }
}

/// Nothing is known of an account's rows in the store.
const UNKNOWN: u32 = u32::MAX;

/// Origins that are gathered before they are put in order the first time.
const TOUCHED_UNSORTED: usize = 64;

impl Images {
    /// An operation's parties changed.
    pub(super) fn mark_outcome(
        &mut self,
        operation: &Operation,
        rule: RuleKind,
        outcome: &Outcome<'_>,
    ) {
        match (operation, rule) {
            (Operation::Transfer(transfer), RuleKind::Systematic) => {
                self.mark_transfer(transfer, outcome);
            }
            (Operation::Transfer(transfer), RuleKind::Reference) => {
                // Every row of the sender, and the sink has rows.
                for id in [transfer.sender, transfer.receiver, AccountId::SINK] {
                    self.mark(id);
                }
            }
            (Operation::Pin { account }, _) => self.mark(*account),
            _ => {
                let parties = [outcome.sender, outcome.receiver];
                parties.into_iter().flatten().for_each(|id| self.mark(id));
            }
        }
    }

    /// A transfer, rejected or not, makes its accounts; that it settles them was seen to before
    /// ([`Images::settle_parties`]).
    fn mark_transfer(&mut self, transfer: &Transfer, outcome: &Outcome<'_>) {
        let Transfer {
            sender, receiver, ..
        } = *transfer;
        let moved = || outcome.pieces.iter().map(|piece| piece.origin);
        let drawn = moved().chain(outcome.sunk.iter().copied());
        self.mark_rows(sender, drawn.filter(|origin| *origin != sender));
        let credited = moved().filter(|origin| *origin != receiver && !outcome.held);
        self.mark_rows(receiver, credited);
        self.mark_rows(AccountId::SINK, std::iter::empty());
    }

    /// The account changed, in ways that nobody wrote down.
    pub(super) fn mark(&mut self, id: AccountId) {
        self.mark_rows(id, std::iter::empty());
        self.known[id.0 as usize] = UNKNOWN;
        self.touched.remove(&id);
    }

    /// The account changed, and of its rows at most those of these origins.
    pub(super) fn mark_rows(&mut self, id: AccountId, origins: impl Iterator<Item = AccountId>) {
        let index = id.0 as usize;
        self.grow(id);
        if !self.marked[index] {
            self.marked[index] = true;
            self.later.push(id);
        }
        self.touch(id, origins);
    }

    /// Rows changed of an account that is marked, or about to be imaged.
    fn touch(&mut self, id: AccountId, origins: impl Iterator<Item = AccountId>) {
        let mut origins = origins.peekable();
        if self.known[id.0 as usize] != UNKNOWN && origins.peek().is_some() {
            self.touched.entry(id).or_default().extend(origins);
        }
    }

    fn grow(&mut self, id: AccountId) {
        let index = id.0 as usize;
        if self.marked.len() <= index {
            self.marked.resize(index + 1, false);
            self.due.resize(index + 1, false);
            self.known.resize(index + 1, UNKNOWN);
        }
    }

    /// Before the operation: its parties are settled, as it would do, and what changes is noted.
    /// Who was imaged since the last tick is settled already.
    pub(super) fn settle_parties(&mut self, ledger: &mut Ledger, operation: &Operation) {
        let Operation::Transfer(transfer) = operation else {
            return;
        };
        for id in [transfer.sender, transfer.receiver] {
            if self.due.get(id.0 as usize) == Some(&true) {
                self.settle(ledger, id);
            }
        }
    }

    fn settle(&mut self, ledger: &mut Ledger, id: AccountId) {
        let Some(account) = ledger.account(id) else {
            return;
        };
        if account.ordinal() == ledger.ticks() {
            return;
        }
        let index = id.0 as usize;
        let is_known = (self.known.get(index)).is_some_and(|known| *known == account.ordinal());
        let before: Vec<Row> = match is_known {
            true => account.rows().collect(),
            false => Vec::new(),
        };
        let entries = account.unclaimed().len();
        ledger.settle(id);
        if let (Some(account), true) = (ledger.account(id), is_known) {
            if account.unclaimed().len() < entries {
                self.entries.insert(id, None);
            }
            let after: Vec<Row> = account.rows().collect();
            self.touch(id, differing(&before, &after).into_iter());
            self.known[index] = account.ordinal();
        }
    }

    /// The rows that changed since the last image, if they are known; from now on they are, of an
    /// account that is settled to this tick.
    fn take_touched(&mut self, id: AccountId, ordinal: u32) -> Option<Vec<AccountId>> {
        let known = std::mem::replace(&mut self.known[id.0 as usize], ordinal);
        let mut touched = self.touched.remove(&id).unwrap_or_default();
        touched.sort();
        // Somebody else may have settled it.
        (known == ordinal).then_some(touched.origins)
    }

    /// How many entries the store has of an account that is known; from now on it has so many.
    fn take_entries(&mut self, id: AccountId, now: usize) -> Option<usize> {
        let before = match now {
            0 => self.entries.remove(&id),
            _ => self.entries.insert(id, Some(now)),
        };
        before.unwrap_or(Some(0))
    }

    /// Every account is behind.
    pub(super) fn mark_tick(&mut self, ledger: &Ledger) {
        for id in 0..ledger.accounts() {
            self.mark_rows(AccountId(id), std::iter::empty());
        }
    }

    /// Every account changed.
    pub(super) fn mark_all(&mut self, ledger: &Ledger) {
        for id in 0..ledger.accounts() {
            self.mark(AccountId(id));
        }
    }

    /// What the store has of anybody is not known: rows may be there without an image.
    pub(super) fn lose(&mut self, ledger: &Ledger) {
        self.mark_all(ledger);
        self.imaged.extend((0..ledger.accounts()).map(AccountId));
    }

    /// Everybody who is marked now is to be imaged.
    pub(super) fn begin_sweep(&mut self) {
        self.sweep = self.now.len() + self.later.len();
        for id in self.now.iter().chain(&self.later) {
            self.due[id.0 as usize] = true;
        }
    }

    /// Whether everybody was imaged since the last tick.
    pub(super) fn is_swept(&self) -> bool {
        self.sweep == 0
    }

    /// The store has an image of the account, as the ledger has it.
    pub(super) fn note_image(&mut self, id: AccountId, image: &AccountImage) {
        self.imaged.insert(id);
        self.grow(id);
        self.known[id.0 as usize] = image.ordinal;
        let _ = self.take_entries(id, image.unclaimed.len());
    }

    /// How many accounts have an image.
    pub(super) fn count(&self) -> u64 {
        self.imaged.len() as u64
    }

    /// Begins a checkpoint of everything marked so far, at this position: the sweep first, each
    /// part in the order in which the store keeps its rows. Operations since the `last` one may have
    /// changed nothing: then it has no images, and is whole at once.
    pub(super) fn begin(&mut self, position: u64, last: u64) {
        let due = |id: &AccountId| self.due[id.0 as usize];
        self.later.sort_unstable_by_key(|id| (!due(id), *id));
        self.now.extend(self.later.drain(..));
        if !self.now.is_empty() || position > last {
            self.began = Some(position);
        }
        if self.origin_index == OriginIndex::Keep && self.fills() {
            self.origin_index = OriginIndex::Drop;
        }
    }

    /// Whether the rows are written without their index by origin.
    pub(super) fn is_bare(&self) -> bool {
        self.origin_index != OriginIndex::Keep
    }

    /// Whether the checkpoint fills the table of assignments for the most part.
    fn fills(&self) -> bool {
        let many = self.imaged.len().max(MANY);
        let new = self.now.iter().filter(|id| !self.imaged.contains(*id));
        self.now.len() > many && new.count() > many
    }

    /// Whether most accounts wait for the sweep.
    fn most_wait(&self) -> bool {
        self.sweep > MANY.max(self.imaged.len() / 2)
    }

    /// Whether a checkpoint is being written.
    pub(super) fn is_writing(&self) -> bool {
        self.began.is_some()
    }

    /// A checkpoint that fills the table, or changes most of it, goes without the index until its
    /// last slice.
    fn step_of_index(&mut self) -> OriginIndex {
        // The sweep may wait for the next checkpoint.
        let is_last = self.now.is_empty() && !self.most_wait();
        let (step, next) = match (self.origin_index, is_last) {
            (OriginIndex::Drop, true) => (OriginIndex::Keep, OriginIndex::Keep),
            (OriginIndex::Drop, false) => (OriginIndex::Drop, OriginIndex::Make),
            (OriginIndex::Make, true) => (OriginIndex::Make, OriginIndex::Keep),
            (next, _) => (OriginIndex::Keep, next),
        };
        self.origin_index = next;
        step
    }

    /// The next slice of the checkpoint, each image true at `position`: about so many rows (of
    /// assignments, one for each account, and one for each epoch that an account is settled beyond:
    /// after a long pause there may be many).
    pub(super) fn slice(&mut self, ledger: &mut Ledger, position: u64, rows_max: usize) -> Slice {
        let mut slice = Slice::default();
        let (mut rows, noted) = (0, ledger.closed_count());
        while rows + ledger.closed_count() - noted < rows_max {
            let Some(id) = self.now.pop_front() else {
                break;
            };
            self.marked[id.0 as usize] = false;
            self.settle(ledger, id);
            if let Some(account) = ledger.account(id) {
                let image = account.image();
                let touched = self.take_touched(id, image.ordinal);
                let is_new = self.imaged.insert(id);
                let entries = self.take_entries(id, image.unclaimed.len());
                let (stored, entries_stored) = match touched {
                    _ if is_new => (StoredRows::Absent, Some(0)),
                    Some(origins) => (StoredRows::Except(origins), entries),
                    None => (StoredRows::Unknown, None),
                };
                let image = ImageRow {
                    id,
                    position,
                    image,
                    stored,
                    entries_stored,
                };
                rows += 1 + changed(&image);
                slice.images.push(image);
            }
            if std::mem::take(&mut self.due[id.0 as usize]) {
                self.sweep -= 1;
                slice.swept = slice.images.len();
            }
        }
        slice.origin_index = self.step_of_index();
        if !self.is_bare() && self.most_wait() && changes_most(&slice.images[..slice.swept]) {
            self.origin_index = OriginIndex::Drop;
        }
        if self.now.is_empty() {
            slice.whole_at = self.began.take();
        }
        slice
    }
}

/// The rows of fewer accounts than that are written as they come, with their index.
const MANY: usize = 10_000;

/// Fewer rows do not tell how many change.
const SAMPLE: usize = 5_000;

/// Whether most of the rows of these images are to be written.
fn changes_most(images: &[ImageRow]) -> bool {
    let sum = |(all, some), row: &ImageRow| (all + row.image.rows.len(), some + changed(row));
    let (all, some) = images.iter().fold((0, 0), sum);
    all >= SAMPLE && 2 * some > all
}

/// Rows of an image that are to be written, or removed; entries too.
fn changed(row: &ImageRow) -> usize {
    let entries = row.image.unclaimed.len() - row.entries_stored.unwrap_or_default();
    let rows = match &row.stored {
        StoredRows::Except(origins) => origins.len(),
        StoredRows::Unknown | StoredRows::Absent => row.image.rows.len(),
    };
    rows + entries
}

/// Origins whose rows are not the same. Both lists ascend by origin.
fn differing(before: &[Row], after: &[Row]) -> Vec<AccountId> {
    let mut origins = Vec::new();
    let mut left = after.iter().peekable();
    for row in before {
        while let Some(new) = left.next_if(|new| new.origin < row.origin) {
            origins.push(new.origin);
        }
        match left.next_if(|new| new.origin == row.origin) {
            Some(same) if same == row => {}
            _ => origins.push(row.origin),
        }
    }
    origins.extend(left.map(|new| new.origin));
    origins
}

#[cfg(test)]
mod tests;
