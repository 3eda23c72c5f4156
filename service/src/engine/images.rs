//! Which accounts of the ledger are to be imaged, and in what slices.
//!
//! An account whose image lies behind a tick is always marked here: a tick marks everybody.

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

    /// The store has an image of the account.
    pub(super) fn note_image(&mut self, id: AccountId) {
        self.imaged.insert(id);
    }

    /// How many accounts have an image.
    pub(super) fn count(&self) -> u64 {
        self.imaged.len() as u64
    }

    /// Begins a checkpoint of everything marked so far.
    pub(super) fn begin(&mut self) {
        self.now.extend(self.later.drain(..));
    }

    /// Whether a checkpoint is being written.
    pub(super) fn is_writing(&self) -> bool {
        !self.now.is_empty()
    }

    /// The next slice of the checkpoint, each image true at `position`.
    pub(super) fn slice(&mut self, ledger: &mut Ledger, position: u64) -> Vec<ImageRow> {
        let mut images = Vec::new();
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
                images.push(ImageRow {
                    id,
                    position,
                    image,
                });
            }
        }
        images
    }
}
