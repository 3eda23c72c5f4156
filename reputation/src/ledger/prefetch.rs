//! Having in the cache what the next operations need.

use super::Ledger;
use crate::draw::Draw;
use crate::{Operation, RuleKind, Transfer};

/// Operations between one step of fetching and the next, and from the last to the operation:
/// enough that what a step needs has arrived, few enough that it is still there.
const AHEAD: usize = 12;

impl Ledger {
    /// Fetches a part of what operations to come will read, and changes nothing. `upcoming(0)` is
    /// the operation that is applied next; call it before each.
    ///
    /// In a large ledger an operation mostly waits for memory, one fetch after the other: the
    /// account, where its rows are, the rows. Here each fetch is made a dozen operations after the
    /// one that tells where to, and nothing waits for it. Operations that turn out to be others
    /// cost time, nothing else.
    pub fn prefetch<'a>(&self, upcoming: impl Fn(usize) -> Option<&'a Operation>) {
        let transfer = |ahead: usize| match upcoming(ahead)? {
            Operation::Transfer(transfer) => Some(transfer),
            _ => None,
        };
        if let Some(transfer) = transfer(3 * AHEAD) {
            self.accounts.prefetch(transfer.sender);
            self.accounts.prefetch(transfer.receiver);
        }
        if let Some(transfer) = transfer(2 * AHEAD) {
            if let Some(sender) = self.accounts.get(transfer.sender) {
                self.store.prefetch(&sender.rows);
            }
            if let Some(receiver) = self.accounts.get(transfer.receiver) {
                self.store.prefetch_chunks(&receiver.rows);
            }
        }
        if let Some(transfer) = transfer(AHEAD) {
            self.prefetch_draw(transfer);
            if let Some(receiver) = self.accounts.get(transfer.receiver) {
                self.store.prefetch_credit(&receiver.rows, transfer.sender);
            }
        }
    }

    /// Fetches what operations that are about to be applied will read: all that [`Ledger::prefetch`]
    /// does, in a row.
    pub fn prefetch_all(&self, upcoming: &[Operation]) {
        for next in 0..upcoming.len() + 3 * AHEAD {
            self.prefetch(|ahead| upcoming.get((next + ahead).checked_sub(3 * AHEAD)?));
        }
    }

    /// Fetches the rows that the draw would hit if it were made now.
    fn prefetch_draw(&self, transfer: &Transfer) {
        let Some(sender) = self.accounts.get(transfer.sender) else {
            return;
        };
        let worth = sender.worth();
        if self.rules.rule == RuleKind::Systematic
            && sender.ordinal == self.ticks
            && transfer.points <= worth
        {
            let front = u64::from(sender.own()) + sender.others;
            let draw = || Draw::new(self.seed, transfer.nonce, 0, worth, transfer.points);
            self.store.prefetch_draw(&sender.rows, front, draw);
        }
    }
}
