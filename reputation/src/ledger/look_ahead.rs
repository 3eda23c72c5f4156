//! Having in the cache what the next operations need.

use core::hint::black_box;

use super::{Account, Ledger};
use crate::{AccountId, Operation, Transfer};

/// Operations looked at together: enough to keep the memory busy, few enough that what was
/// fetched is still there when it is used.
const TOGETHER: usize = 16;

impl Ledger {
    /// Reads what these operations are about to read, and changes nothing.
    ///
    /// In a large ledger an operation mostly waits for memory, one fetch after the other. Of
    /// operations that are known beforehand (a batch) the fetches can be waited for together.
    /// Give it some ten to twenty operations and then apply them; more are looked at in groups,
    /// whose first may be gone from the cache when its turn comes.
    pub fn look_ahead(&self, operations: &[Operation]) {
        for operations in operations.chunks(TOGETHER) {
            let transfers = || operations.iter().filter_map(transfer);
            let mut seen = 0;
            // Each pass reads what the one before found the way to; within a pass no read waits
            // for another.
            for transfer in transfers() {
                let accounts = [self.glance(transfer.sender), self.glance(transfer.receiver)];
                seen ^= accounts
                    .iter()
                    .flatten()
                    .fold(0, |all, account| all ^ account.others);
            }
            let mut targets = [None; TOGETHER];
            for (target, transfer) in targets.iter_mut().zip(transfers()) {
                if let Some(sender) = self.glance(transfer.sender) {
                    seen ^= u64::from(self.store.glance(&sender.rows));
                }
                let receiver = self.glance(transfer.receiver);
                *target = receiver.map(|account| self.store.target(&account.rows, transfer.sender));
            }
            for target in targets.into_iter().flatten() {
                seen ^= u64::from(self.store.glance_at(target));
            }
            black_box(seen);
        }
    }

    fn glance(&self, id: AccountId) -> Option<&Account> {
        self.accounts.get(id.index())
    }
}

fn transfer(operation: &Operation) -> Option<&Transfer> {
    if let Operation::Transfer(transfer) = operation {
        Some(transfer)
    } else {
        None
    }
}
