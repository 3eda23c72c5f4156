//! Which accounts of the ledger are to be imaged, and in what slices.
//!
//! An account whose image lies behind a tick is always marked here: a tick marks everybody. The
//! images from a tick until everybody was imaged are its sweep.

use std::collections::VecDeque;

use hashbrown::HashSet;
use kith_reputation::{AccountId, Ledger};
use kith_store::batch::ImageRow;

/// Rows (of assignments, and one for each account) in a slice: a fraction of a second of the
/// database's time, so that live batches go on between slices.
const SLICE_ROWS: usize = 20_000;

/// Accounts that changed since their image.
#[derive(Debug, Default)]
pub(super) struct Images {
    marked: Vec<bool>,
    /// Accounts that have an image in the store.
    imaged: HashSet<AccountId>,
    /// Marked since the checkpoint began.
    later: Vec<AccountId>,
    /// The rest of the checkpoint that is being written.
    now: VecDeque<AccountId>,
    /// Where that checkpoint began.
    began: Option<u64>,
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
    /// The checkpoint is whole with this slice: where it began. Every image that is older is true
    /// there, too.
    pub(super) whole_at: Option<u64>,
}

impl Images {
    /// The account changed.
    pub(super) fn mark(&mut self, id: AccountId) {
        let index = id.0 as usize;
        if self.marked.len() <= index {
            self.marked.resize(index + 1, false);
        }
        if !self.marked[index] {
            self.marked[index] = true;
            self.later.push(id);
        }
    }

    /// Every account changed.
    pub(super) fn mark_all(&mut self, ledger: &Ledger) {
        for id in 0..ledger.accounts() {
            self.mark(AccountId(id));
        }
    }

    /// Everybody who is marked now is to be imaged.
    pub(super) fn begin_sweep(&mut self) {
        self.sweep = self.now.len() + self.later.len();
    }

    /// Whether everybody was imaged since the last tick.
    pub(super) fn is_swept(&self) -> bool {
        self.sweep == 0
    }

    /// The store has an image of the account.
    pub(super) fn note_image(&mut self, id: AccountId) {
        self.imaged.insert(id);
    }

    /// How many accounts have an image.
    pub(super) fn count(&self) -> u64 {
        self.imaged.len() as u64
    }

    /// Begins a checkpoint of everything marked so far, at this position.
    pub(super) fn begin(&mut self, position: u64) {
        self.now.extend(self.later.drain(..));
        if !self.now.is_empty() {
            self.began = Some(position);
        }
    }

    /// Whether a checkpoint is being written.
    pub(super) fn is_writing(&self) -> bool {
        !self.now.is_empty()
    }

    /// The next slice of the checkpoint, each image true at `position`.
    pub(super) fn slice(&mut self, ledger: &mut Ledger, position: u64) -> Slice {
        let mut slice = Slice::default();
        let mut rows = 0;
        while rows < SLICE_ROWS {
            let Some(id) = self.now.pop_front() else {
                break;
            };
            self.marked[id.0 as usize] = false;
            ledger.settle(id);
            if let Some(account) = ledger.account(id) {
                let image = account.image();
                rows += 1 + image.rows.len();
                self.imaged.insert(id);
                slice.images.push(ImageRow {
                    id,
                    position,
                    image,
                });
            }
            if self.sweep > 0 {
                self.sweep -= 1;
                slice.swept = slice.images.len();
            }
        }
        if self.now.is_empty() {
            slice.whole_at = self.began.take();
        }
        slice
    }
}
